/** The timeline card: what a pack did, from minutes to years, on one time axis. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";

import type { PackInfo, SystemInfo } from "../api";
import { HomeBmsCard } from "../card";
import { shape } from "../chart/marks";
import type { Range } from "../chart/points";
import type { Mark } from "../chart/spec";
import { bounded, panned, zoomed } from "../chart/zoom";
import { COMMON, type Setting } from "../form";
import type { CardConfig, HomeAssistant } from "../hass";
import { moment } from "../numbers";
import { findPack } from "../systems";
import { pageLanguage, word, wordIn, type Word } from "../words";
import type { HomeBmsBlackBox } from "./black-box";
import { marks } from "./events";
import { earliest } from "./history";
import { EVENTS, missing, PANES, picture, wanted } from "./panes";
import { Recall, type Recalled } from "./recall";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The buttons and their s; the last is as long as anything is known. */
const RANGES: readonly (readonly [Word, number | null])[] = [
  ["timeline.hour", HOUR],
  ["timeline.hours_6", 6 * HOUR],
  ["timeline.hours_24", DAY],
  ["timeline.days_7", 7 * DAY],
  ["timeline.days_30", 30 * DAY],
  ["timeline.year", 365 * DAY],
  ["timeline.all", null],
];

/** s that can be shown at the least and at the most. */
const LEAST = 30;
const MOST = 40 * 365 * DAY;
/** s after which a picture that grows is drawn anew, at the latest; sooner where that is a pixel of many. */
const PATIENCE = 10;
const PIXELS = 600;
/** Share of what is shown within which its end is now. */
const SNAP = 0.005;
/** Events that are listed. */
const LISTED = 30;
/** s for which Home Assistant keeps events, unless its owner has set another time. */
const KEPT = 10 * DAY;

export interface TimelineCardConfig extends CardConfig {
  /** What is shown at first. */
  readonly hours?: number;
  /** Keys of panes, or `events`, that are not shown. */
  readonly hide?: string | readonly string[];
}

/** What is shown: so many s, which end at a time, or now. */
interface View {
  readonly length: number;
  readonly end: number | null;
}

export class HomeBmsTimelineCard extends HomeBmsCard<PackInfo, undefined, TimelineCardConfig> {
  static override properties = { ...HomeBmsCard.properties, view: { state: true }, now: { state: true } };

  declare protected view: View | undefined;
  /** s since 1970 of the last picture. */
  declare protected now: number;

  readonly #recall = new Recall(
    () => this.hass,
    (event) => this.#grow(event),
    () => Date.now() / 1000,
  );

  constructor() {
    super();
    this.now = Date.now() / 1000;
  }

  protected override find(found: readonly SystemInfo[]): PackInfo | undefined {
    return findPack(found, this.config?.device_id);
  }

  protected override ask(): null {
    return null;
  }

  static override get settings(): readonly Setting[] {
    const parts = [...PANES, { key: EVENTS, name: "timeline.events" as const }];
    const options = parts.map(({ key, name }) => ({ value: key, label: wordIn(pageLanguage(), name) }));
    return [
      ...COMMON,
      { name: "hours", label: "form.hours", selector: { number: { min: LEAST / HOUR, max: MOST / HOUR, step: "any", mode: "box" } } },
      { name: "hide", label: "form.hide", selector: { select: { multiple: true, options } } },
    ];
  }

  override getCardSize(): number {
    return 14;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.now = Date.now() / 1000;
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#recall.end();
  }

  override setConfig(config: TimelineCardConfig): void {
    super.setConfig(config);
    this.view = undefined;
  }

  /** Home Assistant hands in a new `hass` with every change in the house; the history is told by itself. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    const [before, now] = [changed.get("hass") as HomeAssistant | undefined, this.hass];
    if (changed.size !== 1 || !before || !now) return true;
    return (["locale", "themes", "config", "localize", "connection"] as const).some((part) => before[part] !== now[part]);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { info } = this;
    if (!this.hass || !info || !this.isConnected) return;
    const { from } = this.#range;
    this.#recall.want({ ...wanted(info, this.#hidden), from, to: this.#view.end });
  }

  get #hidden(): readonly string[] {
    // In YAML one name may stand without a list.
    return [this.config?.hide ?? []].flat();
  }

  get #view(): View {
    const hours = Number(this.config?.hours);
    return this.view ?? { length: hours > 0 ? hours * HOUR : DAY, end: null };
  }

  get #range(): Range {
    const { length, end } = this.#view;
    const to = end ?? this.now;
    return { from: to - length, to };
  }

  #grow(event: boolean): void {
    const now = Date.now() / 1000;
    const { length, end } = this.#view;
    if (event) this.requestUpdate();
    if (end === null && (event || now - this.now >= Math.min(PATIENCE, length / PIXELS))) this.now = now;
  }

  #show(range: Range | null): void {
    this.now = Date.now() / 1000;
    if (!range) {
      this.view = undefined;
      return;
    }
    const { from, to } = bounded(range, { least: LEAST, most: MOST, end: this.now });
    this.view = { length: to - from, end: to > this.now - SNAP * (to - from) ? null : to };
  }

  async #showAll(hass: HomeAssistant, info: PackInfo): Promise<void> {
    // Where it cannot be told, a year is shown.
    const since = await earliest(hass, [...wanted(info, []).measured.keys()]).catch(() => undefined);
    this.#show({ from: since ?? Date.now() / 1000 - 365 * DAY, to: Date.now() / 1000 });
  }

  protected override draw(hass: HomeAssistant, info: PackInfo): TemplateResult {
    const { recalled, refusal } = this.#recall;
    return html`
      <div class="body" aria-busy=${this.#recall.busy}>
        <div class="top">
          <h2>${this.config?.title ?? info.name}</h2>
          ${this.#buttons(hass, info)}
        </div>
        ${refusal
          ? html`<div class="note" role="alert">
              <p>${word(hass, "timeline.refused", { message: refusal.message })}</p>
              <button type="button" @click=${() => this.requestUpdate()}>${word(hass, "timeline.again")}</button>
            </div>`
          : recalled
            ? this.#known(hass, info, recalled)
            : html`<div class="note" role="status">${word(hass, "timeline.waiting")}</div>`}
      </div>
      <home-bms-black-box .hass=${hass} .info=${info} ?dark=${hass.themes.darkMode}></home-bms-black-box>
    `;
  }

  #buttons(hass: HomeAssistant, info: PackInfo): TemplateResult {
    const { length, end } = this.#view;
    const moves: readonly (readonly [string, Word, (range: Range) => Range])[] = [
      ["←", "timeline.earlier", (range) => panned(range, -0.5)],
      ["→", "timeline.later", (range) => panned(range, 0.5)],
      ["+", "timeline.zoom_in", (range) => zoomed(range, 0.5, end === null ? 1 : 0.5)],
      ["−", "timeline.zoom_out", (range) => zoomed(range, 2, end === null ? 1 : 0.5)],
    ];
    return html`
      <div class="buttons" role="group" aria-label=${word(hass, "timeline.ranges")}>
        ${RANGES.map(
          ([name, seconds]) => html`
            <button
              type="button"
              aria-pressed=${seconds !== null && end === null && Math.abs(length - seconds) < 1}
              @click=${() => (seconds === null ? void this.#showAll(hass, info) : this.#show({ from: Date.now() / 1000 - seconds, to: Date.now() / 1000 }))}
            >
              ${word(hass, name)}
            </button>
          `,
        )}
        ${moves.map(
          ([sign, name, move]) =>
            html`<button type="button" class="move" aria-label=${word(hass, name)} title=${word(hass, name)} @click=${() => this.#show(move(this.#range))}>
              ${sign}
            </button>`,
        )}
      </div>
    `;
  }

  #known(hass: HomeAssistant, info: PackInfo, recalled: Recalled): TemplateResult {
    const range = this.#range;
    const hidden = this.#hidden;
    const events = marks(hass, recalled.events, range.from, range.to);
    const spec = picture(hass, info, hidden, recalled, events, Math.min(range.to, this.now));
    const empty = !spec.panes.some(({ lines }) => lines.some(({ points }) => points.some(({ value }) => value !== null)));
    const lost = missing(hass, info, hidden);
    const shown = word(hass, "timeline.shown", { from: moment(hass, range.from, "both"), to: moment(hass, range.to, "both") });
    return html`
      <p class="quiet small" role="status">
        ${this.#recall.busy ? word(hass, "timeline.waiting") : empty ? shown : `${shown} · ${word(hass, `resolution.${recalled.resolution}`)}`}
      </p>
      ${empty
        ? html`<div class="note" role="status">${word(hass, "timeline.empty")}</div>`
        : html`<home-bms-chart
            .hass=${hass}
            .spec=${spec}
            .range=${range}
            .label=${word(hass, "timeline.chart")}
            ?dark=${hass.themes.darkMode}
            @home-bms-range=${this.#onRange}
            @home-bms-mark=${this.#onMark}
          ></home-bms-chart>`}
      ${lost.length ? html`<p class="quiet small">${word(hass, "timeline.missing", { names: lost.join("; ") })}</p>` : nothing}
      ${hidden.includes(EVENTS) || info.entities.protection === undefined ? nothing : this.#events(hass, events, range)}
    `;
  }

  #events(hass: HomeAssistant, events: readonly Mark[], range: Range): TemplateResult {
    return html`
      <section class="events" role="group" aria-label=${word(hass, "timeline.events")}>
        <h3>${word(hass, "timeline.events")}</h3>
        ${events.length
          ? html`<p class="quiet small">${word(hass, "timeline.open")}</p>
              <ol>
                ${events.slice(0, LISTED).map(
                  ({ name, severity, time }) => html`
                    <li>
                      <button type="button" @click=${() => this.#open(time)}>${shape(severity)} <span>${name}</span></button>
                    </li>
                  `,
                )}
              </ol>`
          : html`<p class="quiet small">${word(hass, "timeline.no_events")}</p>`}
        ${events.length > LISTED ? html`<p class="quiet small">${word(hass, "timeline.more", { count: events.length - LISTED })}</p>` : nothing}
        ${range.from < this.now - KEPT ? html`<p class="quiet small">${word(hass, "timeline.kept")}</p>` : nothing}
      </section>
    `;
  }

  #open(time: number | null): void {
    void this.renderRoot.querySelector<HomeBmsBlackBox>("home-bms-black-box")?.show(time);
  }

  readonly #onRange = (event: CustomEvent<Range | null>): void => {
    event.stopPropagation();
    this.#show(event.detail);
  };

  readonly #onMark = (event: CustomEvent<Mark>): void => {
    event.stopPropagation();
    this.#open(event.detail.time);
  };

  static override styles = [
    ...HomeBmsCard.styles,
    css`
      .top {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 8px 16px;
        flex-wrap: wrap;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .buttons button {
        padding: 4px 10px;
      }
      .buttons .move {
        min-width: 36px;
      }
      p {
        margin: 0;
      }
      .small {
        font-size: 0.875rem;
      }
      .events {
        display: grid;
        gap: 6px;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 2px;
        display: grid;
        gap: 4px;
        max-height: 320px;
        overflow: auto;
      }
      li button {
        display: flex;
        gap: 8px;
        align-items: center;
        width: 100%;
        text-align: start;
        font-size: 0.875rem;
      }
      .shape {
        flex: none;
        width: 16px;
        height: 16px;
        fill: currentColor;
        color: var(--bms-bad);
      }
      .shape.info {
        color: var(--bms-quiet);
      }
      .shape.warning {
        color: var(--bms-warn);
      }
    `,
  ];
}
