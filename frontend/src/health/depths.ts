/** Draws how deep the cycles were that a pack has been through. */

import { css, html, type TemplateResult } from "lit";

import type { HealthShown } from "../api";
import type { HomeAssistant } from "../hass";
import { number } from "../numbers";
import { word } from "../words";

export const depthsStyle = css`
  .depths ol {
    list-style: none;
    margin: 6px 0 0;
    padding: 0;
    display: grid;
    grid-auto-flow: column;
    grid-auto-columns: minmax(0, 1fr);
    gap: 3px;
    height: 96px;
  }
  .depths li {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    align-items: end;
    text-align: center;
    font-size: clamp(0.55rem, 2.2cqi, 0.75rem);
    color: var(--bms-quiet);
  }
  .depths .bar {
    height: calc(var(--share) * 100%);
    min-height: 1px;
    background: var(--bms-charge);
    border-radius: 3px 3px 0 0;
  }
`;

/** Cycles by their depth. */
export function depths(hass: HomeAssistant, { depths: cycles }: HealthShown): TemplateResult {
  const most = Math.max(1, ...cycles);
  const part = 100 / Math.max(1, cycles.length);
  return html`
    <section class="depths" role="group" aria-labelledby="depths">
      <h3 id="depths">${word(hass, "health.depths")}</h3>
      <ol>
        ${cycles.map((count, index) => {
          const to = Math.round((index + 1) * part);
          const label = word(hass, "health.depth", { from: Math.round(index * part), to, count: number(hass, count, 1) });
          return html`
            <li title=${label}>
              <div class="bar" style="--share: ${count / most}" aria-hidden="true"></div>
              <span aria-hidden="true">${to}</span><span class="hidden">${label}</span>
            </li>
          `;
        })}
      </ol>
    </section>
  `;
}
