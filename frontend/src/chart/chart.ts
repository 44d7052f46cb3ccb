/** A chart of panes below each other on one time axis, with one cursor. */

import { css, html, LitElement, nothing, unsafeCSS, type PropertyValues, type TemplateResult } from "lit";
import uPlot from "uplot";
import uPlotStyle from "uplot/dist/uPlot.min.css?inline";

import type { HomeAssistant } from "../hass";
import { moment, quantity, UNKNOWN } from "../numbers";
import { shared } from "../style";
import { word } from "../words";
import { align } from "./align";
import { Fingers } from "./fingers";
import { shape } from "./marks";
import { AXIS, columns, EDGE, options, TIMES, type Paint } from "./paint";
import { extent, valueAt, type Range } from "./points";
import { relativeLabel } from "./scale";
import { SEVERITIES, type ChartSpec, type Line, type Pane } from "./spec";
import { KEYS, panned, zoomed } from "./zoom";

/** What a turn of the wheel zooms by. */
const WHEEL = 1.25;
/** Share of what is shown by which Shift and an arrow move the cursor. */
const STEP = 0.01;
/** What the picture is drawn anew for. */
const DRAWN = ["spec", "range", "width", "hass"];

/**
 * Shows `spec` between the times of `range`. It changes neither: it asks by the event `home-bms-range` for another range
 * (`null`: the first), and tells by `home-bms-mark` which mark was chosen.
 */
export class HomeBmsChart extends LitElement {
  static override properties = {
    hass: { attribute: false },
    spec: { attribute: false },
    range: { attribute: false },
    label: {},
    cursor: { state: true },
    width: { state: true },
  };

  declare hass: HomeAssistant;
  declare spec: ChartSpec | undefined;
  declare range: Range | undefined;
  /** What it is about, for those who do not see it. */
  declare label: string;
  /** Where it is read. */
  declare protected cursor: number | undefined;
  /** px of the whole. */
  declare protected width: number;

  #plots: uPlot[] = [];
  #built = "";
  #pointing = false;
  readonly #resized = new ResizeObserver(([entry]) => {
    if (entry) this.width = Math.floor(entry.contentRect.width);
  });
  readonly #fingers = new Fingers((range) => this.#ask(range));

  constructor() {
    super();
    this.label = "";
    this.width = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#destroy();
  }

  /** Home Assistant hands in a new `hass` with every change in the house; what is drawn depends on little of it. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    const before = changed.get("hass") as HomeAssistant | undefined;
    return changed.size > 1 || before?.locale !== this.hass.locale || before.themes !== this.hass.themes;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, spec, range } = this;
    if (!spec || !range) return nothing;
    const at = this.cursor === undefined || this.cursor < range.from || this.cursor > range.to ? undefined : this.cursor;
    return html`
      <div
        class="all"
        role="group"
        tabindex="0"
        aria-label=${this.label}
        aria-describedby="help"
        @keydown=${this.#onKey}
        @wheel=${this.#onWheel}
        @pointerdown=${this.#onFinger}
        @pointermove=${this.#onFinger}
        @pointerup=${this.#onFinger}
        @pointercancel=${this.#onFinger}
      >
        <p class="time quiet">${at === undefined ? word(hass, "chart.latest") : this.#moment(at)}</p>
        ${spec.marks.length ? this.#lane(range) : nothing}
        ${spec.panes.map(
          (pane) => html`
            <div class="head">
              <span class="name">${pane.name}</span>
              ${pane.lines.filter(({ unnamed }) => !unnamed).map((line) => this.#legend(pane, line, at))}
            </div>
            <div class="plot" data-pane=${pane.key} role="img" aria-label=${this.#summary(pane, range)}></div>
          `,
        )}
        <p id="help" class="hidden">${word(hass, "chart.help")}</p>
      </div>
      <span class="probe" aria-hidden="true"></span>
    `;
  }

  #legend(pane: Pane, line: Line, at: number | undefined): TemplateResult {
    const value = at === undefined ? line.points.at(-1)?.value : valueAt(line.points, at, line.step ?? false);
    return html`
      <span class="entry">
        <svg class="swatch" viewBox="0 0 22 8" aria-hidden="true">
          <line x1="0" x2="22" y1="4" y2="4" stroke="var(--bms-${line.colour})" stroke-width=${line.width ?? 2} stroke-dasharray=${line.dash?.join(" ") ?? "none"} />
        </svg>
        ${line.name} <b>${this.#text(pane, value)}</b>
      </span>
    `;
  }

  #text(pane: Pane, value: number | null | undefined): string {
    if (!pane.flags) return quantity(this.hass, value, pane.unit, pane.digits);
    return value === null || value === undefined ? UNKNOWN : pane.flags[value > 0 ? 1 : 0];
  }

  /** A pane in words. */
  #summary(pane: Pane, range: Range): string {
    const { hass } = this;
    const lines = pane.lines.map((line) => {
      const seen = extent(line.points, range, line.step ?? false);
      if (!seen) return word(hass, "chart.nothing", { name: line.name });
      const [low, high] = [seen.low, seen.high].map((value) => this.#text(pane, value)) as [string, string];
      const last = seen.last === null ? word(hass, "chart.unknown") : this.#text(pane, seen.last);
      return word(hass, "chart.summary", { name: line.name, low, high, last });
    });
    return `${pane.name}: ${[...lines, ...(pane.levels ?? []).map(({ name }) => name)].join("; ")}`;
  }

  /** The shapes of what happened, above the panes. They are for eyes and pointers: whoever shows a chart lists them too. */
  #lane(range: Range): TemplateResult {
    return html`
      <div class="lane" aria-hidden="true">
        ${(this.spec?.marks ?? [])
          .filter(({ time }) => time >= range.from && time <= range.to)
          .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
          .map(
            (mark) => html`
              <span
                style="--at: ${(mark.time - range.from) / (range.to - range.from)}"
                title=${mark.name}
                @click=${() => this.#tell("home-bms-mark", mark)}
              >
                ${shape(mark.severity)}
              </span>
            `,
          )}
      </div>
    `;
  }

  #moment(time: number): string {
    const { hass } = this;
    if (this.spec?.relative) return relativeLabel(hass, time, 1);
    return `${moment(hass, time, "date")}, ${moment(hass, time, "seconds")}`;
  }

  protected override updated(changed: PropertyValues): void {
    if (!this.#plots.length || DRAWN.some((name) => changed.has(name))) this.#draw();
    else if (changed.has("cursor")) this.#point();
  }

  #draw(): void {
    const { spec, range, width } = this;
    if (!spec || !range || width <= AXIS + EDGE) {
      this.#destroy();
      return;
    }
    const { locale, themes } = this.hass;
    const built = JSON.stringify([
      spec.relative,
      themes,
      locale,
      spec.panes.map(({ key, name, levels, between, lines }) => [
        key,
        name,
        levels,
        between,
        lines.map(({ key, colour, dash, width, step, band }) => [key, colour, dash, width, step, band]),
      ]),
    ]);
    if (built !== this.#built) {
      this.#destroy();
      this.#build(spec);
      this.#built = built;
    }
    const pixels = width - AXIS - EDGE;
    spec.panes.forEach((pane, place) => {
      const plot = this.#plots[place];
      if (!plot) return;
      const tracks = pane.lines.map(({ points, step = false, band = false }) => ({ points, step, band }));
      const height = this.#height(pane, place === spec.panes.length - 1);
      plot.batch(() => {
        if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
        plot.setData(columns(align(tracks, range, pixels)), false);
        plot.setScale("x", { min: range.from, max: range.to });
      });
    });
    this.#point();
  }

  #build(spec: ChartSpec): void {
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe");
    if (!probe) return;
    // A canvas knows neither variables nor themes.
    const known = new Map<string, string>();
    const paint: Paint = {
      hass: () => this.hass,
      marks: () => this.spec?.marks ?? [],
      relative: spec.relative ?? false,
      font: `12px ${getComputedStyle(this).fontFamily || "sans-serif"}`,
      colour: (name, share = 1) => {
        const wanted = share === 1 ? `var(--bms-${name})` : `color-mix(in srgb, var(--bms-${name}) ${share * 100}%, transparent)`;
        let found = known.get(wanted);
        if (found === undefined) {
          probe.style.color = wanted;
          known.set(wanted, (found = getComputedStyle(probe).color));
        }
        return found;
      },
      select: (range) => this.#ask(range),
      home: () => this.#ask(null),
      point: (from, left) => {
        if (this.#pointing) return;
        this.cursor = left === null ? undefined : from.posToVal(left, "x");
      },
    };
    this.#plots = spec.panes.map((pane, place) => {
      const last = place === spec.panes.length - 1;
      const target = this.renderRoot.querySelectorAll<HTMLElement>(".plot")[place];
      return new uPlot(options(pane, paint, { width: this.width, height: this.#height(pane, last) }, last), [[]], target);
    });
  }

  #height(pane: Pane, last: boolean): number {
    const own = pane.flags ? 36 : Math.min(240, Math.max(100, Math.round(this.width * 0.17)));
    return own + (last ? TIMES : 0);
  }

  /** Show the cursor at its time in every pane. */
  #point(): void {
    const { cursor } = this;
    this.#pointing = true;
    for (const plot of this.#plots) {
      const left = cursor === undefined ? -10 : plot.valToPos(cursor, "x");
      if (plot.cursor.left !== left) plot.setCursor({ left, top: cursor === undefined ? -10 : 0 }, false);
    }
    this.#pointing = false;
  }

  #destroy(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
    this.#built = "";
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { range } = this;
    if (!range || event.altKey || event.ctrlKey || event.metaKey) return;
    const does = KEYS[event.key];
    if (does === undefined) return;
    event.preventDefault();
    if (does === null) this.#ask(null);
    else if ("zoom" in does) this.#ask(zoomed(range, does.zoom));
    else if (event.shiftKey) {
      const from = this.cursor ?? (range.from + range.to) / 2;
      this.cursor = Math.min(range.to, Math.max(range.from, from + Math.sign(does.pan) * STEP * (range.to - range.from)));
    } else this.#ask(panned(range, does.pan));
  };

  /** Sideways pans. Up and down zooms with Ctrl, or while the chart has the focus; else the page scrolls, as it should. */
  readonly #onWheel = (event: WheelEvent): void => {
    const { range } = this;
    const pixels = this.width - AXIS - EDGE;
    if (!range || pixels <= 0) return;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.#ask(panned(range, event.deltaX / pixels));
      return;
    }
    if (!event.ctrlKey && !event.metaKey && this.shadowRoot?.activeElement !== event.currentTarget) return;
    event.preventDefault();
    const at = (event.clientX - this.getBoundingClientRect().left - AXIS) / pixels;
    this.#ask(zoomed(range, event.deltaY > 0 ? WHEEL : 1 / WHEEL, Math.min(1, Math.max(0, at))));
  };

  readonly #onFinger = (event: PointerEvent): void => {
    const { range } = this;
    if (range) this.#fingers.take(event, range, this.width - AXIS - EDGE, this.getBoundingClientRect().left + AXIS);
  };

  #ask(range: Range | null): void {
    this.#tell("home-bms-range", range);
  }

  #tell(name: string, detail: object | null): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  static override styles = [
    unsafeCSS(uPlotStyle),
    shared,
    css`
      .all {
        position: relative;
        border-radius: 8px;
      }
      .time {
        margin: 0;
        font-size: 0.875rem;
        min-height: 1.3em;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        gap: 0 14px;
        align-items: baseline;
        margin-top: 10px;
        font-size: 0.8125rem;
      }
      .name {
        font-size: 0.9375rem;
        font-weight: 500;
      }
      .entry {
        white-space: nowrap;
      }
      .entry b {
        font-weight: 500;
      }
      .swatch {
        width: 22px;
        height: 8px;
        vertical-align: middle;
      }
      .plot {
        touch-action: pan-y;
        min-height: 36px;
      }
      .uplot {
        font-family: inherit;
      }
      .u-select {
        background: color-mix(in srgb, var(--bms-charge) 20%, transparent);
      }
      .u-hz .u-cursor-x {
        border-right: 1px solid var(--bms-text);
      }
      .lane {
        position: relative;
        height: 20px;
        margin: 4px ${EDGE}px 0 ${AXIS}px;
      }
      .lane span {
        position: absolute;
        left: calc(var(--at) * 100%);
        translate: -50% 0;
        cursor: pointer;
        padding: 2px;
        line-height: 0;
      }
      .shape {
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
      .probe {
        display: none;
      }
    `,
  ];
}
