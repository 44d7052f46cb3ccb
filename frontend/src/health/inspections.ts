/** Lists which inspections are due or coming, the most pressing first. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { HealthShown, InspectionShown } from "../api";
import type { HomeAssistant } from "../hass";
import { moment } from "../numbers";
import { told, word } from "../words";

export const inspectionsStyle = css`
  .inspections ul {
    list-style: none;
    margin: 6px 0 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .inspections li {
    display: flex;
    gap: 8px;
    align-items: flex-start;
  }
  .inspections ha-icon {
    flex: none;
    --mdc-icon-size: 20px;
  }
  .overdue ha-icon {
    color: var(--bms-bad);
  }
  .due ha-icon {
    color: var(--bms-warn);
  }
`;

/** A shape for each standing. */
const ICONS: Readonly<Record<string, string>> = {
  overdue: "mdi:alert-circle",
  due: "mdi:wrench-clock",
  coming: "mdi:calendar-clock",
};

/** What is to be looked at by a person, and when; words where nothing is. */
export function inspections(hass: HomeAssistant, { inspections: waiting }: HealthShown): TemplateResult {
  return html`
    <section class="inspections" role="group" aria-labelledby="inspections">
      <h3 id="inspections">${word(hass, "health.inspections")}</h3>
      ${waiting.length
        ? html`<ul>${waiting.map((each) => line(hass, each))}</ul>`
        : html`<p class="quiet">${word(hass, "health.no_inspections")}</p>`}
    </section>
  `;
}

function line(hass: HomeAssistant, { item, standing, due, cells, whole_system }: InspectionShown): TemplateResult {
  const facts = [
    word(hass, `health.${standing as "coming" | "due" | "overdue"}`, { date: moment(hass, due, "date") }),
    ...cells.map((number) => word(hass, "cells.cell", { number })),
    whole_system ? word(hass, "health.whole_system") : "",
  ].filter(Boolean);
  return html`
    <li class=${standing}>
      <ha-icon icon=${ICONS[standing] ?? nothing} aria-hidden="true"></ha-icon>
      <div>
        <div>${told(hass, "inspection", item)}</div>
        <div class="quiet small">${facts.join(" · ")}</div>
      </div>
    </li>
  `;
}
