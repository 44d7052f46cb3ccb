/** Marks in words what limits the battery. */

import { html, nothing, type TemplateResult } from "lit";

import type { SystemShown } from "../api";
import type { Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { word } from "../words";

/** "Limits charging", for each direction that a box limits. */
export function mark(hass: HomeAssistant, { acting }: SystemShown, sides: readonly Side[]): TemplateResult | typeof nothing {
  if (!sides.length) return nothing;
  return html`<div class="mark">
    ${sides.map(
      (side) => html`<div>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M1 3 10 10.500V13.500L1 21Z M23 3 14 10.500V13.500L23 21Z M8 11H16V13H8Z" /></svg>
        ${word(hass, acting ? `limiting.${side}` : `would_be_limiting.${side}`)}
      </div>`,
    )}
  </div>`;
}
