/** Draws what flows between two boxes: direction by an arrow, amount by width and number. */

import { css, html, nothing, type TemplateResult } from "lit";
import { styleMap } from "lit/directives/style-map.js";

import { way } from "../flow";
import type { HomeAssistant } from "../hass";
import { known, power, quantity } from "../numbers";
import { word } from "../words";

/** Pixels of a line that carries next to nothing, and of one that carries all that is permitted at most. */
const THIN = 2;
const THICK = 14;

/** What flows. */
export interface Flow {
  /** A, positive when charging. */
  readonly current: number | null;
  readonly power: number | null;
}

/** "Charging · 40.0 A · 2.10 kW". */
export function flowing(hass: HomeAssistant, flow: Flow): TemplateResult {
  const { current, power: watts } = flow;
  const direction = way(current);
  return html`<div class="flowing ${direction}">
    ${direction === "unknown" ? nothing : html`${word(hass, `pack.${direction}`)} · `}${amount(hass, current)} ·
    ${power(hass, known(watts) ? Math.abs(watts) : null)}
  </div>`;
}

function amount(hass: HomeAssistant, current: number | null): string {
  return quantity(hass, known(current) ? Math.abs(current) : null, "A", 1);
}

/** A line whose width is the share of `most` A; all that it tells is told in words by its box. */
export function wire(hass: HomeAssistant, { current }: Flow, most: number): TemplateResult {
  const direction = way(current);
  const share = known(current) && most > 0 ? Math.min(1, Math.abs(current) / most) : 0;
  return html`
    <div class="wire ${direction}" aria-hidden="true" style=${styleMap({ "--width": `${THIN + share * (THICK - THIN)}px` })}>
      <span class="amount">${amount(hass, current)}</span>
      <svg class="line" viewBox="0 0 100 100" preserveAspectRatio="none"><path class="across" d="M0 50H100" /><path class="along" d="M50 0V100" /></svg>
      ${direction === "charging" || direction === "discharging"
        ? html`<svg class="arrow" viewBox="0 0 24 24"><path d="M2 1 22 12 2 23Z" /></svg>`
        : nothing}
    </div>
  `;
}

export const wireStyle = css`
  .wire {
    position: relative;
    display: grid;
    place-items: center;
    min-height: 24px;
    --ink: var(--bms-quiet);
  }
  .wire.charging,
  .flowing.charging {
    --ink: var(--bms-charge);
  }
  .wire.discharging,
  .flowing.discharging {
    --ink: var(--bms-discharge);
  }
  .flowing {
    color: var(--ink, var(--bms-text));
    font-weight: 500;
  }
  .line {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    overflow: visible;
  }
  .line path {
    fill: none;
    stroke: var(--ink);
    stroke-width: var(--width);
    vector-effect: non-scaling-stroke;
    transition: stroke-width 0.3s;
  }
  .unknown .line path {
    stroke-dasharray: 2 6;
  }
  .across,
  .amount {
    display: none;
  }
  .arrow {
    position: relative;
    width: calc(14px + var(--width));
    height: calc(14px + var(--width));
    fill: var(--ink);
    stroke: var(--card-background-color, #fff);
    stroke-width: 2;
    rotate: 90deg;
  }
  .charging .arrow {
    rotate: -90deg;
  }
  @container (min-width: 860px) {
    .along {
      display: none;
    }
    .across {
      display: inline;
    }
    .amount {
      display: block;
      position: absolute;
      bottom: calc(50% + 16px);
      white-space: nowrap;
      font-size: 0.875rem;
    }
    .arrow {
      rotate: none;
    }
    .charging .arrow {
      rotate: 180deg;
    }
  }
`;
