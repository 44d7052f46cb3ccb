/** Tells of one inverter what it is told and what it makes of that. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { DirectionShown, InverterPart } from "../api";
import { SIDES, type Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { known, quantity } from "../numbers";
import { reason } from "../why";
import { told, word } from "../words";
import { asked } from "./asks";
import { deviceName } from "./device";
import { amperes } from "./limiter";
import { flowing, wire } from "./wire";

/** A shape for each thing that an inverter may make of its limits. */
const RESPONSES: Readonly<Record<string, string>> = {
  obeyed: "mdi:check-circle-outline",
  following: "mdi:progress-clock",
  late: "mdi:clock-alert-outline",
  ignored: "mdi:alert-octagon",
  unknown: "mdi:help-circle-outline",
};

/** A by which it holds less than it was told before that is its own will: less is rounding on the wire. */
const ROUNDING = 1;

type Row = readonly [string, (direction: DirectionShown, side: Side) => TemplateResult | string];

export function inverter(hass: HomeAssistant, part: InverterPart, most: number): TemplateResult {
  return html`
    <li class="row">
      ${wire(hass, part, most)}
      <div class="box inverter">
        <div class="head">
          ${deviceName(hass, part.name, part.device_id)}
          ${part.acting ? nothing : html`<span class="state">${word(hass, "pack.watching")}</span>`}
        </div>
        ${part.link === "answering"
          ? nothing
          : html`<div class="state">
              <ha-icon icon="mdi:lan-disconnect" aria-hidden="true"></ha-icon>
              ${word(hass, "system.link", { link: told(hass, "inverter_link", part.link) })}
            </div>`}
        ${flowing(hass, part)}
        <div class="small">
          ${quantity(hass, part.voltage, "V", 1)}${part.share < 1
            ? ` · ${word(hass, "inverter.share", { value: quantity(hass, 100 * part.share, "%") })}`
            : nothing}
        </div>
        <div class="small">
          <span class="what">${word(hass, "system.charge_voltage")}</span> ${quantity(hass, part.charge_voltage, "V", 2)}
          ${known(part.setpoint) ? ` · ${word(hass, "lease.setpoint", { what: asked(hass, "power", part.setpoint) })}` : nothing}
        </div>
        ${table(hass, part)}
      </div>
    </li>
  `;
}

/** Both directions beside each other, one row a fact. */
function table(hass: HomeAssistant, part: InverterPart): TemplateResult {
  const rows: readonly Row[] = [
    [word(hass, part.acting ? "inverter.told" : "inverter.would_be_told"), ({ limit }) => amperes(hass, limit)],
    [word(hass, "inverter.accepted"), (direction, side) => accepted(hass, direction, side)],
    [word(hass, "inverter.response"), ({ response }) => obedience(hass, response)],
    [word(hass, "inverter.dead_time"), ({ dead_time }) => quantity(hass, dead_time, "s", 1)],
    [word(hass, "inverter.settling"), ({ settling }) => quantity(hass, settling, "s", 1)],
    ...(SIDES.some((side) => part[side].why !== null) ? [[word(hass, "inverter.step"), (direction) => step(hass, direction)] satisfies Row] : []),
  ];
  return html`
    <table>
      <thead>
        <tr>
          <td></td>
          ${SIDES.map((side) => html`<th scope="col">${word(hass, `inverter.${side}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, cell]) => html`<tr>
            <th scope="row">${name}</th>
            ${SIDES.map((side) => html`<td>${cell(part[side], side)}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}

function accepted(hass: HomeAssistant, { limit, accepted: held }: DirectionShown, side: Side): TemplateResult | string {
  const less = known(limit) && known(held) && held < limit - ROUNDING;
  return less ? html`${amperes(hass, held)} <strong>${word(hass, `inverter_limits.${side}`)}</strong>` : amperes(hass, held);
}

function obedience(hass: HomeAssistant, response: string): TemplateResult {
  return html`<span class="response ${response}"
    ><ha-icon icon=${RESPONSES[response] ?? "mdi:help-circle-outline"} aria-hidden="true"></ha-icon> ${told(hass, "response", response)}</span
  >`;
}

function step(hass: HomeAssistant, { step: means, why }: DirectionShown): TemplateResult | string {
  const name = told(hass, "step", means);
  return why === null ? name : html`<strong>${name}</strong> ${reason(hass, "step_why", why)}`;
}

export const inverterStyle = css`
  table {
    border-collapse: collapse;
    width: 100%;
    table-layout: fixed;
    font-size: 0.875rem;
    margin-top: 4px;
  }
  th,
  td {
    text-align: start;
    vertical-align: top;
    padding: 3px 4px 3px 0;
    font-weight: 400;
    border-top: 1px solid var(--bms-line);
    overflow-wrap: anywhere;
    hyphens: auto;
  }
  thead th,
  thead td {
    border-top: 0;
  }
  thead td {
    width: 33%;
  }
  th {
    color: var(--bms-quiet);
  }
  table ha-icon {
    --mdc-icon-size: 16px;
    vertical-align: -2px;
  }
  strong {
    font-weight: 500;
  }
  .ignored {
    color: var(--bms-bad);
  }
  .late {
    color: var(--bms-warn);
  }
  .obeyed ha-icon {
    color: var(--bms-good);
  }
`;
