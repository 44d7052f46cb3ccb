/** Tells of all packs as one battery: what it holds, what flows, what is permitted. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import type { SystemShown } from "../api";
import { SIDES, type Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { energy, known, number, quantity } from "../numbers";
import { reason } from "../why";
import { told, word } from "../words";
import { amperes } from "./limiter";
import { flowing, wire } from "./wire";

/** A that all lines of the picture are drawn to the scale of. */
export function most({ charge_limit, discharge_limit }: SystemShown): number {
  return Math.max(charge_limit.most, discharge_limit.most);
}

export function battery(hass: HomeAssistant, system: SystemShown): TemplateResult {
  const { charge_voltage: voltage } = system;
  return html`
    <div class="row">
      ${wire(hass, system, most(system))}
      <div class="box">
        <div class="head">
          <h3>${word(hass, "system.battery")}</h3>
          <span class="soc">${quantity(hass, system.soc, "%")}</span>
        </div>
        ${flowing(hass, system)}
        <div class="small">
          ${quantity(hass, system.voltage, "V", 1)} · ${energy(hass, system.stored_energy)} · ${quantity(hass, system.capacity, "Ah")} ·
          ${word(hass, "system.health", { value: quantity(hass, system.soh, "%") })}
        </div>
        ${SIDES.map((side) => limit(hass, system, side))}
        <div class="small">
          <span class="what">${word(hass, "system.charge_voltage")}</span> ${quantity(hass, voltage.value, "V", 2)}
          <span class="quiet">· ${reason(hass, "limit", voltage.why)}</span>
        </div>
        <div class="small">
          <span class="what">${word(hass, "system.stage")}</span> ${told(hass, "stage", system.stage)}
          <span class="quiet">· ${reason(hass, "stage_why", system.stage_why)}</span>
        </div>
      </div>
    </div>
  `;
}

function limit(hass: HomeAssistant, system: SystemShown, side: Side): TemplateResult {
  const { value, most: full, why } = system[`${side}_limit`];
  const flows = known(system.current) ? Math.max(0, side === "charge" ? system.current : -system.current) : null;
  const at = (current: number): number => (full > 0 ? Math.min(100, (100 * current) / full) : 0);
  return html`
    <div class="${side}-side">
      <div class="small">
        <span class="what">${word(hass, `pack.${side}_limit`)}</span>
        ${word(hass, "pack.of_most", { value: amperes(hass, value), most: number(hass, full) })}
        <span class="quiet">· ${told(hass, "limit", why.rule)}</span>
      </div>
      <svg class="gauge" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" y="4" width="100" height="4" />
        <rect class="permitted" y="2" width=${at(value)} height="8" />
        ${known(flows) ? svg`<line class="needle" x1=${at(flows)} x2=${at(flows)} y1="0" y2="12" />` : nothing}
      </svg>
    </div>
  `;
}

export const batteryStyle = css`
  .gauge {
    display: block;
    width: 100%;
    height: 12px;
    margin-top: 2px;
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
`;
