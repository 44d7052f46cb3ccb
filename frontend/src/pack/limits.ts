/** Draws how much current is permitted in each direction, how much flows, and says why not more. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import type { LimitShown, PackShown } from "../api";
import { SIDES, type Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { known, number, quantity } from "../numbers";
import { reason } from "../why";
import { told, word } from "../words";

export const limitsStyle = css`
  .limits {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr));
    gap: 12px 24px;
  }
  .limit {
    display: grid;
    gap: 4px;
    align-content: start;
  }
  .limit .line {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: 0 8px;
    flex-wrap: wrap;
  }
  .limit svg {
    width: 100%;
    height: 14px;
    display: block;
    overflow: visible;
  }
  .gauge .ground {
    fill: var(--bms-line);
  }
  .charge-side .permitted {
    fill: var(--bms-charge);
  }
  .discharge-side .permitted {
    fill: var(--bms-discharge);
  }
  .gauge .needle {
    stroke: var(--bms-text);
    stroke-width: 3;
    vector-effect: non-scaling-stroke;
  }
  .limit .why,
  .limit .switch {
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  .limit .switch {
    display: flex;
    gap: 6px;
    align-items: center;
  }
  .limit .switch ha-icon {
    flex: none;
    --mdc-icon-size: 18px;
  }
`;

/** A shape for each state of a switch. */
const ICONS: Readonly<Record<string, string>> = {
  open: "mdi:electric-switch",
  opening: "mdi:electric-switch",
  closed: "mdi:electric-switch-closed",
  closing: "mdi:electric-switch-closed",
  precharge: "mdi:resistor",
  failed: "mdi:alert-octagon",
  unknown: "mdi:help-circle-outline",
};

/** A switch that home_bms may not move is at rest as it is found. */
const AT_REST: ReadonlySet<string> = new Set(["open", "closed", "unknown"]);

/** Both directions: limit, present current, reason, and where its switch is. */
export function limits(hass: HomeAssistant, pack: PackShown): TemplateResult {
  return html`<section class="limits" role="group" aria-label=${word(hass, "pack.limits")}>
    ${SIDES.map((side) => limit(hass, pack, side))}
  </section>`;
}

function limit(hass: HomeAssistant, pack: PackShown, side: Side): TemplateResult {
  const shown = pack[`${side}_limit`];
  const state = pack[`${side}_switch`];
  const flowing = known(pack.current) ? Math.max(0, side === "charge" ? pack.current : -pack.current) : null;
  const value = quantity(hass, shown.value, "A", shown.value > 0 && shown.value < 10 ? 1 : 0);
  // And has not failed where it does not follow.
  const would = !pack.acting && !AT_REST.has(state);
  const what = pack.one_contactor ? word(hass, "pack.contactor") : word(hass, `pack.${side}_switch`);
  return html`
    <div class="limit ${side}-side">
      <div class="line">
        <h3>${word(hass, `pack.${side}_limit`)}</h3>
        <span>${word(hass, "pack.of_most", { value, most: number(hass, shown.most) })}</span>
      </div>
      ${gauge(hass, shown, flowing, side)}
      <div class="why quiet">${reason(hass, "limit", shown.why)}</div>
      <div class="switch">
        <ha-icon icon=${(would ? undefined : ICONS[state]) ?? "mdi:help-circle-outline"} aria-hidden="true"></ha-icon>
        <span>
          ${what}: ${would ? word(hass, "pack.would_move") : told(hass, "contactor", state)}${pack.acting ? nothing : html` <span class="quiet">(${word(hass, "pack.watching")})</span>`}
        </span>
      </div>
    </div>
  `;
}

function gauge(hass: HomeAssistant, { value, most }: LimitShown, flowing: number | null, side: Side): TemplateResult {
  const at = (amperes: number): number => (most > 0 ? Math.min(100, (100 * amperes) / most) : 0);
  const label = word(hass, "pack.gauge", {
    side: word(hass, `pack.${side}_limit`),
    value: number(hass, value),
    most: number(hass, most),
    flowing: number(hass, flowing, 1),
  });
  return html`
    <svg class="gauge" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=${label}>
      <rect class="ground" y="4" width="100" height="6" />
      <rect class="permitted" y="2" width=${at(value)} height="10" />
      ${known(flowing) ? svg`<line class="needle" x1=${at(flowing)} x2=${at(flowing)} y1="0" y2="14" />` : nothing}
    </svg>
  `;
}
