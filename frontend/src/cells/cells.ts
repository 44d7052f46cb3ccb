/** Draws one measure of all cells as bars or as a heat map, and tells all that is known of the chosen one. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { classMap } from "lit/directives/class-map.js";
import { styleMap } from "lit/directives/style-map.js";

import type { PackInfo } from "../api";
import type { HomeAssistant } from "../hass";
import { known } from "../numbers";
import { shared } from "../style";
import { told, word } from "../words";
import type { Measure } from "./measure";

/** Cells from which on bars are too thin to be read at first sight. */
const MANY = 32;

/** Of a shape's height: finer than can be seen, so that noise moves nothing. */
const STEPS = 500;

const KEYS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** What `shown` tells of each cell, one of `measures` at a time. */
export class HomeBmsCells<T = unknown> extends LitElement {
  static override properties = {
    hass: { attribute: false },
    info: { attribute: false },
    measures: { attribute: false },
    shown: { attribute: false },
    key: { state: true },
    chosen: { state: true },
    heat: { state: true },
  };

  declare hass: HomeAssistant;
  declare info: PackInfo;
  declare measures: readonly [Measure<T>, ...Measure<T>[]];
  declare shown: T;
  declare protected key: string | undefined;
  declare protected chosen: number;
  declare protected heat: boolean | undefined;

  constructor() {
    super();
    this.chosen = 0;
  }

  get #measure(): Measure<T> {
    return this.measures.find(({ key }) => key === this.key) ?? this.measures[0];
  }

  protected override render(): TemplateResult {
    const { hass, measures } = this;
    const measure = this.#measure;
    const values = measure.values(this.shown);
    const heat = this.heat ?? values.length > MANY;
    return html`
      <div class="choice">
        <div role="tablist" aria-label=${word(hass, "cells.measures")} @keydown=${this.#onTabKey}>
          ${measures.map(
            (each) => html`
              <button
                type="button"
                role="tab"
                id="tab-${each.key}"
                aria-controls="cells"
                aria-selected=${each === measure}
                tabindex=${each === measure ? 0 : -1}
                @click=${() => this.#show(each)}
              >
                ${word(hass, each.name)}
              </button>
            `,
          )}
        </div>
        <button
          type="button"
          class="view"
          aria-pressed=${heat}
          aria-label=${word(hass, "cells.heat")}
          title=${word(hass, "cells.heat")}
          @click=${() => (this.heat = !heat)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 3h8v8H3z M13 3h8v8h-8z M3 13h8v8H3z M13 13h8v8h-8z" /></svg>
        </button>
      </div>
      <div id="cells" role="tabpanel" aria-labelledby="tab-${measure.key}">
        ${values.length ? this.#cells(values, heat) : html`<p class="quiet">${word(hass, "cells.unknown")}</p>`}
        ${values.length ? html`<p class="chosen">${this.#all(values)}</p>` : nothing}
      </div>
    `;
  }

  #show({ key }: Measure<T>): void {
    this.key = key;
    this.chosen = 0;
  }

  #cells(values: readonly (number | null)[], heat: boolean): TemplateResult {
    const { hass, info } = this;
    const measure = this.#measure;
    const [low, high] = measure.range(info, values.filter(known));
    const at = (value: number): number => Math.min(1, Math.max(0, (value - low) / (high - low)));
    const there = values.filter(known);
    const most = values.indexOf(Math.max(...there));
    const least = values.indexOf(Math.min(...there));
    const spread = there.length > 1 && values[most] !== values[least];
    return html`
      <ol
        class=${heat ? "heat" : "bars"}
        role="listbox"
        aria-label=${word(hass, measure.name)}
        @keydown=${this.#onCellKey}
        style=${styleMap({ "--count": String(values.length) })}
      >
        ${heat
          ? nothing
          : measure.marks(info).map((mark) => html`<span class="mark" style=${styleMap({ "--at": String(at(mark)) })}></span>`)}
        ${values.map((value, index) => {
          const extreme = !spread ? "" : index === most ? "highest" : index === least ? "lowest" : "";
          return this.#cell(measure, value, index, at, extreme, heat);
        })}
      </ol>
    `;
  }

  #cell(measure: Measure<T>, value: number | null, index: number, scaled: (value: number) => number, extreme: string, heat: boolean): TemplateResult {
    const { hass, shown } = this;
    const doubt = measure.doubt?.(shown, index);
    const bled = measure.bled?.(shown, index) ?? false;
    const band = measure.band?.(shown, index);
    const at = value === null ? 0 : Math.round(STEPS * scaled(value)) / STEPS;
    const label = [
      `${word(hass, measure.place, { number: index + 1 })}: ${measure.text(hass, value)}`,
      extreme && word(hass, `cells.${extreme as "highest" | "lowest"}`),
      bled && word(hass, "cells.balancing"),
      doubt && word(hass, "cells.doubted", { why: told(hass, "doubt", doubt) }),
    ];
    const classes = { doubted: Boolean(doubt), missing: value === null, bled, signed: measure.signed, [extreme]: Boolean(extreme) };
    return html`
      <li
        role="option"
        class=${classMap(classes)}
        aria-label=${label.filter(Boolean).join(", ")}
        aria-selected=${index === this.chosen}
        tabindex=${index === this.chosen ? 0 : -1}
        style=${styleMap({ "--at": String(at), "--ink": at > 0.55 ? "var(--on-strong)" : "var(--bms-text)" })}
        @click=${() => (this.chosen = index)}
        @focus=${() => (this.chosen = index)}
      >
        <span class="shape" aria-hidden="true">
          ${value === null ? nothing : html`<span class="fill"></span>`}
          ${band ? html`<span class="band" style=${styleMap({ "--low": String(scaled(band[0])), "--high": String(scaled(band[1])) })}></span>` : nothing}
        </span>
        <span class="sign" aria-hidden="true">${extreme === "highest" ? "▲" : extreme === "lowest" ? "▼" : ""}${bled ? "●" : ""}</span>
        <span class="number" aria-hidden="true">${index + 1}</span>
        ${heat ? html`<span class="value" aria-hidden="true">${measure.text(hass, value)}</span>` : nothing}
      </li>
    `;
  }

  /** All that is known of the chosen cell or sensor. */
  #all(values: readonly unknown[]): TemplateResult {
    const { hass, shown } = this;
    const measure = this.#measure;
    const chosen = Math.min(this.chosen, values.length - 1);
    const texts = this.measures
      .filter(({ place }) => place === measure.place)
      .map((each) => ({ each, value: each.values(shown)[chosen] ?? null }))
      .filter(({ each, value }) => each === measure || value !== null)
      .map(({ each, value }) => `${word(hass, each.name)} ${each.text(hass, value)}`);
    const doubt = measure.doubt?.(shown, chosen);
    if (doubt) texts.push(word(hass, "cells.doubted", { why: told(hass, "doubt", doubt) }));
    return html`<strong>${word(hass, measure.place, { number: chosen + 1 })}</strong> ${texts.join(" · ")}`;
  }

  readonly #onTabKey = (event: KeyboardEvent): void => {
    const next = step(event, this.measures.indexOf(this.#measure), this.measures.length);
    if (next === undefined) return;
    this.#show(this.measures[next] ?? this.measures[0]);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("[role=tab][tabindex='0']")?.focus());
  };

  readonly #onCellKey = (event: KeyboardEvent): void => {
    const next = step(event, this.chosen, this.#measure.values(this.shown).length);
    if (next === undefined) return;
    this.chosen = next;
    void this.updateComplete.then(() => this.renderRoot.querySelectorAll<HTMLElement>("[role=option]")[next]?.focus());
  };

  static override styles = [
    shared,
    css`
      :host {
        --on-strong: light-dark(#fff, #10222e);
        display: grid;
        gap: 12px;
      }
      .choice {
        display: flex;
        gap: 8px;
        justify-content: space-between;
        align-items: start;
      }
      .view svg {
        display: block;
        width: 18px;
        fill: currentColor;
      }
      [role="tablist"] {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .choice button {
        padding: 4px 8px;
        font-size: 0.8125rem;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 0;
        position: relative;
      }
      li {
        cursor: pointer;
        position: relative;
        border-radius: 6px;
      }
      .bars {
        display: grid;
        grid-template-columns: repeat(var(--count), minmax(0, 1fr));
        gap: clamp(1px, 0.6cqi, 8px);
        height: clamp(190px, 22cqi, 260px);
        /* As large as leaves the numbers apart. */
        --size: clamp(0.55rem, 55cqi / var(--count), 0.875rem);
      }
      .bars li {
        display: grid;
        grid-template-rows: minmax(0, 1fr) 1.1em 1.3em;
        justify-items: center;
        font-size: var(--size);
      }
      .bars .shape {
        width: min(100%, max(56px, 9cqi));
        position: relative;
        background: color-mix(in srgb, var(--bms-line) 55%, transparent);
        border-radius: 4px;
        overflow: hidden;
      }
      .bars .fill {
        position: absolute;
        inset-inline: 0;
        bottom: 0;
        height: calc(var(--at) * 100%);
        background: var(--bms-charge);
      }
      .bars .signed .fill {
        bottom: calc(min(0.5, var(--at)) * 100%);
        height: calc(max(var(--at) - 0.5, 0.5 - var(--at)) * 100%);
      }
      .band {
        position: absolute;
        inset-inline: 35%;
        bottom: calc(var(--low) * 100%);
        height: calc((var(--high) - var(--low)) * 100%);
        border: 1px solid var(--bms-text);
        background: color-mix(in srgb, var(--bms-text) 30%, transparent);
        box-sizing: border-box;
      }
      .mark {
        position: absolute;
        inset-inline: 0;
        bottom: calc(2.4em + var(--at) * (100% - 2.4em));
        font-size: var(--size);
        height: 2px;
        /* Seen on the bars as well as between them. */
        background: repeating-linear-gradient(90deg, var(--bms-bad) 0 6px, var(--card-background-color, #fff) 6px 10px);
        z-index: 1;
        pointer-events: none;
      }
      .sign {
        line-height: 1.1;
      }
      .bled .sign {
        color: var(--bms-good);
        animation: pulse 2s ease-in-out infinite;
      }
      @keyframes pulse {
        50% {
          opacity: 0.35;
        }
      }
      .highest .fill {
        background: var(--bms-discharge);
      }
      .lowest .fill {
        background: var(--bms-good);
      }
      .number {
        color: var(--bms-quiet);
      }
      [aria-selected="true"] .number {
        color: var(--bms-text);
        font-weight: 700;
        text-decoration: underline;
      }
      .heat {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(72px, 1fr));
        gap: 4px;
      }
      .heat li {
        display: grid;
        grid-template: "number sign" auto "value value" auto / 1fr auto;
        padding: 4px 8px 6px;
        min-height: 44px;
        box-sizing: border-box;
        color: var(--ink);
        border: 2px solid transparent;
        background: color-mix(in oklab, var(--bms-charge) calc(var(--at) * 90% + 8%), var(--card-background-color, #fff));
      }
      .heat li[aria-selected="true"] {
        border-color: var(--bms-text);
      }
      .heat .shape {
        display: none;
      }
      .heat .number {
        grid-area: number;
        color: inherit;
        font-size: 0.75rem;
      }
      .heat .sign {
        grid-area: sign;
        color: inherit;
        font-size: 0.75rem;
      }
      .heat .value {
        grid-area: value;
        white-space: nowrap;
      }
      .missing .shape,
      .heat .missing {
        background: none;
        border: 1px dashed var(--bms-quiet);
        box-sizing: border-box;
      }
      .bars .doubted .shape::after,
      .heat .doubted::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: inherit;
        background: repeating-linear-gradient(45deg, transparent 0 4px, color-mix(in srgb, var(--bms-text) 45%, transparent) 4px 6px);
        pointer-events: none;
      }
      .chosen {
        margin: 8px 0 0;
        font-size: 0.875rem;
        min-height: 2.6em;
      }
      p {
        margin: 0;
      }
    `,
  ];
}

/** Where an arrow, Home or End leads; `undefined` for any other key. */
function step(event: KeyboardEvent, from: number, count: number): number | undefined {
  const by = KEYS[event.key];
  const to = by !== undefined ? (from + by + count) % count : event.key === "Home" ? 0 : event.key === "End" ? count - 1 : undefined;
  if (to !== undefined) event.preventDefault();
  return to;
}
