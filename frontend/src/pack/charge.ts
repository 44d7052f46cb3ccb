/** Draws how full a pack is, how sure that is, and what flows. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import type { PackInfo, PackShown } from "../api";
import { way, type Way } from "../flow";
import type { HomeAssistant } from "../hass";
import { duration, energy, known, number, power, quantity } from "../numbers";
import { word } from "../words";

export const chargeStyle = css`
  .charge {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    gap: 4px 16px;
    align-items: end;
  }
  .soc {
    font-size: 2.25rem;
    line-height: 1.1;
    font-weight: 500;
    white-space: nowrap;
  }
  .soc small {
    font-size: 0.875rem;
    font-weight: 400;
    margin-inline-start: 6px;
  }
  .flow {
    text-align: end;
  }
  .flow .watts {
    font-size: 1.5rem;
    white-space: nowrap;
  }
  .flow svg {
    width: 1.1em;
    height: 1.1em;
    vertical-align: -0.15em;
    fill: currentColor;
  }
  .charging .watts {
    color: var(--bms-charge);
  }
  .discharging .watts {
    color: var(--bms-discharge);
  }
  .charge .bar {
    grid-column: 1 / -1;
    height: 20px;
    width: 100%;
    display: block;
  }
  .bar .ground {
    fill: var(--bms-line);
  }
  .bar .full {
    fill: var(--bms-good);
  }
  .bar .doubt {
    fill: var(--bms-text);
    opacity: 0.28;
  }
  .bar .now {
    stroke: var(--bms-text);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .charge .quiet {
    font-size: 0.875rem;
  }
`;

/** How full it is with its band, the power with its direction, and how long that will take. */
export function charge(hass: HomeAssistant, info: PackInfo, pack: PackShown): TemplateResult {
  const { soc, soc_low: low, soc_high: high, current } = pack;
  const flows = way(current);
  const band = known(low) && known(high) ? word(hass, "pack.band", { low: number(hass, low), high: number(hass, high) }) : "";
  return html`
    <section class="charge" role="group" aria-label=${word(hass, "pack.charge")}>
      <div class="soc">
        ${quantity(hass, soc, "%")}${band ? html`<small class="quiet" title=${word(hass, "pack.band_why")}>${band}</small>` : nothing}
      </div>
      <div class="flow ${flows}">
        <div class="watts">${flows === "unknown" ? nothing : arrow(flows)} ${power(hass, known(pack.power) ? Math.abs(pack.power) : pack.power)}</div>
      </div>
      ${bar(hass, pack)}
      <div class="quiet">${stored(hass, info, pack)}</div>
      <div class="flow quiet">
        ${flows === "unknown" ? nothing : `${word(hass, `pack.${flows}`)} · `}${quantity(hass, pack.voltage, "V", 1)} · ${quantity(hass, current, "A", 1)}
      </div>
    </section>
  `;
}

function bar(hass: HomeAssistant, { soc, soc_low: low, soc_high: high }: PackShown): TemplateResult {
  const label = known(soc)
    ? word(hass, "pack.bar", { soc: number(hass, soc), low: number(hass, low), high: number(hass, high) })
    : word(hass, "pack.bar_unknown");
  return html`
    <svg class="bar" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label=${label}>
      <rect class="ground" width="100" height="20" rx="1" />
      ${known(soc) ? svg`<rect class="full" width=${clamp(soc)} height="20" rx="1" />` : nothing}
      ${known(low) && known(high) ? svg`<rect class="doubt" x=${clamp(low)} width=${clamp(high) - clamp(low)} height="20" />` : nothing}
      ${known(soc) ? svg`<line class="now" x1=${clamp(soc)} x2=${clamp(soc)} y1="0" y2="20" />` : nothing}
    </svg>
  `;
}

function stored(hass: HomeAssistant, info: PackInfo, pack: PackShown): string {
  const parts = [energy(hass, pack.stored_energy)];
  const [key, words] =
    way(pack.current) === "charging"
      ? (["time_to_full", "pack.until_full"] as const)
      : (["time_to_empty", "pack.until_empty"] as const);
  // The entity has it in its own unit, which the user may have chosen.
  const state = hass.states[info.entities[key] ?? ""];
  const seconds = Number(state?.state) * (UNITS[String(state?.attributes.unit_of_measurement)] ?? NaN);
  if (seconds > 0) parts.push(word(hass, words, { time: duration(hass, seconds) }));
  return parts.join(" · ");
}

const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

const clamp = (percent: number): number => Math.min(100, Math.max(0, percent));

/** Which way it flows, told by shape: into the pack, out of it, or not at all. */
function arrow(flows: Exclude<Way, "unknown">): TemplateResult {
  const path = {
    charging: "M11 3h2v9h4l-5 6-5-6h4z M4 20h16v2H4z",
    discharging: "M12 2l5 6h-4v9h-2V8H7z M4 20h16v2H4z",
    resting: "M5 8h14v2H5z M5 14h14v2H5z",
  }[flows];
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
}
