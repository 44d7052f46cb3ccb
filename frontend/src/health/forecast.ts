/** Draws when each cell will probably be worn out, the soonest first. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import type { HealthShown } from "../api";
import type { HomeAssistant } from "../hass";
import { known, number } from "../numbers";
import { word } from "../words";

/** Cells that are shown: who comes later is of no concern yet. */
const SHOWN = 5;
/** Years from which on a forecast only says "long". */
const LONG = 30;

export const forecastStyle = css`
  .forecast {
    display: grid;
    align-content: start;
    gap: 6px;
  }
  .forecast ol {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .forecast li {
    display: grid;
    grid-template-columns: 5em minmax(60px, 1fr) minmax(9em, auto);
    gap: 8px;
    align-items: center;
    font-size: 0.875rem;
  }
  .forecast svg {
    width: 100%;
    height: 14px;
    display: block;
  }
  .forecast .ground {
    fill: var(--bms-line);
  }
  .forecast .probable {
    fill: var(--bms-warn);
    opacity: 0.55;
  }
  .forecast .middle {
    stroke: var(--bms-text);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .forecast .until {
    text-align: end;
  }
`;

interface Wear {
  readonly cell: number;
  readonly years: number;
  readonly soonest: number;
  readonly latest: number;
}

/** Cells that wear, with the band in which they will be worn out; words where none is known to. */
export function forecast(hass: HomeAssistant, { cells }: HealthShown): TemplateResult {
  const wearing = cells
    .flatMap(({ worn_in: years, worn_soonest: soonest, worn_latest: latest }, index): Wear[] =>
      known(years) ? [{ cell: index + 1, years, soonest: soonest ?? years, latest: latest ?? Infinity }] : [],
    )
    .sort((one, other) => one.years - other.years)
    .slice(0, SHOWN);
  const most = Math.min(LONG, Math.max(10, ...wearing.map(({ years }) => 1.2 * years)));
  return html`
    <section class="forecast" role="group" aria-labelledby="forecast">
      <h3 id="forecast">${word(hass, "health.forecast")}</h3>
      ${wearing.length
        ? html`<ol>${wearing.map((wear) => line(hass, wear, most))}</ol>`
        : html`<p class="quiet">${word(hass, "health.no_wear")}</p>`}
    </section>
  `;
}

function line(hass: HomeAssistant, { cell, years, soonest, latest }: Wear, most: number): TemplateResult {
  const at = (year: number): number => Math.min(100, (100 * year) / most);
  return html`
    <li>
      <span>${word(hass, "cells.cell", { number: cell })}</span>
      <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" y="5" width="100" height="4" />
        <rect class="probable" y="2" x=${at(soonest)} width=${at(latest) - at(soonest)} height="10" />
        ${years < most ? svg`<line class="middle" x1=${at(years)} x2=${at(years)} y1="0" y2="14" />` : nothing}
      </svg>
      <span class="until">
        ${years < LONG
          ? word(hass, Number.isFinite(latest) ? "health.worn" : "health.worn_from", {
              years: number(hass, years, 1),
              low: number(hass, soonest, 1),
              high: number(hass, latest, 1),
            })
          : word(hass, "health.worn_late", { years: LONG })}
      </span>
    </li>
  `;
}
