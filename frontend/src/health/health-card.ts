/** The health card: what a pack still holds, what it has been through, and which cell will end it. */

import { css, html, nothing, type TemplateResult } from "lit";

import { COMMANDS, type HealthShown, type PackInfo, type SystemInfo } from "../api";
import { HomeBmsCard } from "../card";
import type { HomeAssistant, Message } from "../hass";
import { duration, energy, known, moment, number, quantity } from "../numbers";
import { findPack } from "../systems";
import { told, word, type Word } from "../words";
import { depths, depthsStyle } from "./depths";
import { forecast, forecastStyle } from "./forecast";
import { inspections, inspectionsStyle } from "./inspections";
import { BAND, MEASURES } from "./measures";

/** A figure of the whole pack. */
interface Figure {
  readonly name: Word;
  readonly text: (hass: HomeAssistant, health: HealthShown) => string;
}

const FIGURES: readonly Figure[] = [
  { name: "health.soh", text: (hass, { soh }) => quantity(hass, soh, "%", 1) },
  {
    name: "health.capacity",
    text: (hass, { capacity, capacity_deviation: deviation, rated }) =>
      word(hass, known(deviation) ? "health.of_rated" : "health.of_rated_alone", {
        capacity: number(hass, capacity, 1),
        deviation: number(hass, deviation === null ? null : BAND * deviation, 1),
        rated: quantity(hass, rated, "Ah"),
      }),
  },
  { name: "health.cycles", text: (hass, { cycles }) => number(hass, cycles, 1) },
  { name: "health.energy_in", text: (hass, { energy_in }) => energy(hass, energy_in) },
  { name: "health.energy_out", text: (hass, { energy_out }) => energy(hass, energy_out) },
  { name: "health.efficiency", text: (hass, { efficiency }) => quantity(hass, efficiency, "%", 1) },
  { name: "health.plating", text: (hass, { plating }) => quantity(hass, plating, "Ah", 1) },
  { name: "health.since_full", text: (hass, { since_full: seconds }) => (seconds === 0 ? word(hass, "health.full_now") : duration(hass, seconds)) },
];

export class HomeBmsHealthCard extends HomeBmsCard<PackInfo, HealthShown> {
  protected override find(found: readonly SystemInfo[]): PackInfo | undefined {
    return findPack(found, this.config?.device_id);
  }

  protected override ask(info: PackInfo): Message {
    return { type: COMMANDS.health, device_id: info.device_id };
  }

  protected override draw(hass: HomeAssistant, info: PackInfo, health: HealthShown): TemplateResult {
    return html`
      <div class="body">
        <h2>${this.config?.title ?? word(hass, "health.title", { name: info.name })}</h2>
        ${findings(hass, info, health)}
        <dl>
          ${FIGURES.map(({ name, text }) => html`<div><dt class="quiet">${word(hass, name)}</dt><dd>${text(hass, health)}</dd></div>`)}
        </dl>
        <home-bms-cells .hass=${hass} .info=${info} .measures=${MEASURES} .shown=${health} ?dark=${hass.themes.darkMode}></home-bms-cells>
        <div class="pair">${forecast(hass, health)} ${depths(hass, health)} ${inspections(hass, health)}</div>
      </div>
    `;
  }

  override getCardSize(): number {
    return 9;
  }

  static override styles = [
    ...HomeBmsCard.styles,
    forecastStyle,
    depthsStyle,
    inspectionsStyle,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(130px, 1fr));
        gap: 12px;
        margin: 0;
      }
      dt {
        font-size: 0.875rem;
      }
      dd {
        margin: 0;
        font-size: 1.125rem;
      }
      p {
        margin: 0;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 16px 32px;
      }
      .findings {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 8px;
      }
      .findings li {
        display: flex;
        gap: 8px;
        align-items: flex-start;
      }
      .findings ha-icon {
        flex: none;
        color: var(--bms-warn);
        --mdc-icon-size: 20px;
      }
      .small {
        font-size: 0.875rem;
      }
    `,
  ];
}

/** What a person should look at; good words where there is nothing, once enough is learned to find anything. */
function findings(hass: HomeAssistant, info: PackInfo, { findings: found, capacity_deviation: learned }: HealthShown): TemplateResult {
  if (!found.length) return html`<div class="quiet" role="status">${word(hass, known(learned) ? "health.nothing_found" : "health.nothing_learned")}</div>`;
  return html`
    <ul class="findings" aria-label=${word(hass, "health.findings")}>
      ${found.map(
        ({ kind, cell, since, confidence }) => html`
          <li>
            <ha-icon icon="mdi:stethoscope" aria-hidden="true"></ha-icon>
            <div>
              <div>${told(hass, "finding", kind, { name: info.name, ...(cell === null ? {} : { cell }) })}</div>
              <div class="quiet small">
                ${word(hass, "health.sure", { percent: number(hass, 100 * confidence) })}${since === null
                  ? nothing
                  : ` · ${word(hass, "pack.since", { time: moment(hass, since, "date") })}`}
              </div>
            </div>
          </li>
        `,
      )}
    </ul>
    <a class="small" href="/config/repairs">${word(hass, "health.what_to_do")}</a>
  `;
}
