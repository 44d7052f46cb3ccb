/** Draws what happened as a shape for each severity. */

import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

import type { Severity } from "./spec";

const SHAPES: Readonly<Record<Severity, SVGTemplateResult>> = {
  info: svg`<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="2" />`,
  warning: svg`<path d="M8 1.5 15 14H1z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />`,
  serious: svg`<path d="M8 .5 15.5 8 8 15.5.5 8z" />`,
  critical: svg`<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" /><path d="M5 5l6 6M11 5l-6 6" stroke="var(--card-background-color, #fff)" stroke-width="2" />`,
};

/** A shape of 16 px: a ring, a triangle, a full diamond, an octagon with a cross. */
export function shape(severity: Severity): TemplateResult {
  return html`<svg class="shape ${severity}" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[severity]}</svg>`;
}
