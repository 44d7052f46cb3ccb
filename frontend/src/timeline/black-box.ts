/** Shows what a pack's black box kept around a trip. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";

import { COMMANDS, type Boxes, type BoxFile, type BoxShown, type PackInfo } from "../api";
import { shape } from "../chart/marks";
import type { Range } from "../chart/points";
import type { ChartSpec } from "../chart/spec";
import { bounded } from "../chart/zoom";
import { refusal } from "../feed";
import type { HomeAssistant } from "../hass";
import { moment } from "../numbers";
import { shared } from "../style";
import { told, word, type Word } from "../words";
import { boxPicture, boxTable, deedWords, nearest, triggerWords, when } from "./box-story";

/** s for which the address of the file can be used. */
const SIGNED = 3600;

const COLUMNS: readonly Word[] = [
  "box.time",
  "box.lowest",
  "box.highest",
  "timeline.current",
  "pack.charge_limit",
  "pack.discharge_limit",
  "box.hottest",
];

/** A box that is shown. */
interface Open {
  readonly file: BoxFile;
  readonly box: BoxShown;
  readonly picture: ChartSpec;
  readonly whole: Range;
  readonly address: string | undefined;
}

export class HomeBmsBlackBox extends LitElement {
  static override properties = {
    hass: { attribute: false },
    info: { attribute: false },
    files: { state: true },
    open: { state: true },
    said: { state: true },
    range: { state: true },
    table: { state: true },
  };

  declare hass: HomeAssistant;
  declare info: PackInfo;
  declare protected files: readonly BoxFile[];
  declare protected open: Open | undefined;
  /** Words in place of the box, or above it. */
  declare protected said: string | undefined;
  declare protected range: Range | undefined;
  declare protected table: boolean;

  /** Counts what was asked for: only the answer to the last counts. */
  #asked = 0;

  constructor() {
    super();
    this.files = [];
    this.table = false;
  }

  /** Show the box that is nearest to a time, or the newest. */
  async show(time: number | null): Promise<void> {
    const { hass, info } = this;
    const asked = ++this.#asked;
    this.open = undefined;
    this.files = [];
    this.said = word(hass, hass.user?.is_admin ? "box.waiting" : "box.admin");
    const dialog = await this.#dialog();
    if (dialog && !dialog.open) dialog.showModal();
    if (!hass.user?.is_admin) return;
    try {
      const { files } = await hass.callWS<Boxes>({ type: COMMANDS.black_boxes, device_id: info.device_id });
      if (asked !== this.#asked) return;
      const found = nearest(files, time);
      this.files = files;
      if (!found) this.said = word(hass, "box.none");
      else await this.#read(found.file, found.near ? undefined : word(hass, "box.far"));
    } catch (error) {
      if (asked === this.#asked) this.said = word(hass, "card.refused", { message: refusal(error).message });
    }
  }

  async #read(file: BoxFile, said?: string): Promise<void> {
    const { hass, info } = this;
    const asked = ++this.#asked;
    try {
      const box = await hass.callWS<BoxShown>({ type: COMMANDS.black_box, device_id: info.device_id, name: file.name });
      // Whoever cannot fetch the file can still look at it.
      const address = await hass
        .callWS<{ readonly path: string }>({ type: "auth/sign_path", path: file.url, expires: SIGNED })
        .then(({ path }) => path, () => undefined);
      if (asked !== this.#asked) return;
      const whole = { from: (box.times[0] ?? box.time) - box.time, to: (box.times.at(-1) ?? box.time) - box.time };
      this.open = { file, box, picture: boxPicture(hass, box), whole, address };
      this.range = whole;
      this.said = said;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.open = undefined;
      this.said = word(hass, "card.refused", { message: refusal(error).message });
    }
  }

  async #dialog(): Promise<HTMLDialogElement | null> {
    await this.updateComplete;
    return this.renderRoot.querySelector("dialog");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#closed();
  }

  readonly #close = (): void => this.renderRoot.querySelector("dialog")?.close();

  readonly #closed = (): void => {
    this.#asked++;
    this.open = undefined;
    this.said = undefined;
  };

  protected override render(): TemplateResult | typeof nothing {
    const { hass, info, open } = this;
    const title = open ? told(hass, "protection", open.file.cause) : word(hass, "box.title");
    // Closed, it is empty: nothing is drawn that nobody sees.
    return html`
      <dialog aria-labelledby="title" @close=${this.#closed}>
        <div class="top">
          <h2 id="title">${title}</h2>
          <button type="button" autofocus @click=${this.#close}>${word(hass, "box.close")}</button>
        </div>
        ${this.said === undefined ? nothing : html`<p class="said" role="status">${this.said}</p>`}
        ${this.files.length > 1 ? this.#choice() : nothing}
        ${open ? this.#inside(open, info) : nothing}
      </dialog>
    `;
  }

  #name({ time, cause, level }: BoxFile): string {
    const { hass } = this;
    return `${moment(hass, time, "both")} · ${told(hass, "protection", cause)} · ${told(hass, "became", level)}`;
  }

  #choice(): TemplateResult {
    return html`
      <label>
        ${word(this.hass, "box.which")}
        <select @change=${this.#onChoose}>
          ${this.files.map((file) => html`<option value=${file.name} ?selected=${file.name === this.open?.file.name}>${this.#name(file)}</option>`)}
        </select>
      </label>
    `;
  }

  #inside({ file, box, picture, address }: Open, info: PackInfo): TemplateResult {
    const { hass } = this;
    return html`
      <p>
        ${info.name} · ${moment(hass, box.time, "date")}, ${moment(hass, box.time, "tenths")} · ${told(hass, "became", file.level)}
        ${box.acting === false ? html`<br />${word(hass, "box.watching")}` : nothing}
      </p>
      <h3>${word(hass, "box.why")}</h3>
      <ol class="told">
        ${box.triggers.map((trigger, place) => {
          const { severity } = picture.marks[place] ?? { severity: "info" as const };
          return html`<li>${shape(severity)} <span class="quiet">${when(hass, box, trigger.time)}</span> <span>${triggerWords(hass, trigger)}</span></li>`;
        })}
      </ol>
      <h3>${word(hass, "box.measured")}</h3>
      <home-bms-chart
        .hass=${hass}
        .spec=${picture}
        .range=${this.range}
        .label=${word(hass, "box.chart")}
        ?dark=${hass.themes.darkMode}
        @home-bms-range=${this.#onRange}
      ></home-bms-chart>
      <h3>${word(hass, "box.deeds")}</h3>
      ${box.deeds.length
        ? html`<ol class="told">
            ${box.deeds.map((deed) => html`<li><span class="quiet">${when(hass, box, deed.time)}</span> <span>${deedWords(hass, deed)}</span></li>`)}
          </ol>`
        : html`<p class="quiet">${word(hass, "box.no_deeds")}</p>`}
      <details @toggle=${this.#onToggle}>
        <summary>${word(hass, "box.table")}</summary>
        ${this.table ? this.#table(box) : nothing}
      </details>
      ${address === undefined ? nothing : html`<p><a href=${address} download=${file.name}>${word(hass, "box.download")}</a></p>`}
    `;
  }

  #table(box: BoxShown): TemplateResult {
    const { hass } = this;
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label=${word(hass, "box.table")}>
        <table>
          <thead>
            <tr>
              ${COLUMNS.map((name) => html`<th scope="col">${word(hass, name)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${boxTable(hass, box).map(
              ([time, ...values]) => html`<tr>
                <th scope="row">${time}</th>
                ${values.map((value) => html`<td>${value}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    `;
  }

  readonly #onChoose = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    const file = this.files.find(({ name }) => name === value);
    if (file) void this.#read(file);
  };

  readonly #onToggle = (event: Event): void => {
    this.table = (event.target as HTMLDetailsElement).open;
  };

  readonly #onRange = (event: CustomEvent<Range | null>): void => {
    event.stopPropagation();
    const whole = this.open?.whole;
    if (!whole) return;
    const most = whole.to - whole.from;
    const { from, to } = bounded(event.detail ?? whole, { least: Math.min(2, most), most, end: whole.to });
    this.range = from < whole.from ? { from: whole.from, to: to + whole.from - from } : { from, to };
  };

  static override styles = [
    shared,
    css`
      :host {
        container-type: normal;
      }
      dialog {
        box-sizing: border-box;
        width: min(960px, 100vw - 24px);
        max-width: none;
        max-height: calc(100dvh - 24px);
        padding: 16px 20px 20px;
        border: 1px solid var(--bms-line);
        border-radius: 12px;
        color: var(--bms-text);
        background: var(--card-background-color, #fff);
        overflow: auto;
        overscroll-behavior: contain;
      }
      dialog::backdrop {
        background: #0009;
      }
      .top {
        display: flex;
        justify-content: space-between;
        align-items: start;
        gap: 12px;
      }
      h3 {
        margin-top: 16px;
      }
      p {
        margin: 8px 0;
      }
      .told {
        list-style: none;
        margin: 6px 0 0;
        padding: 0;
        display: grid;
        gap: 4px;
        font-size: 0.9375rem;
      }
      .shape {
        width: 14px;
        height: 14px;
        vertical-align: -2px;
        fill: currentColor;
        color: var(--bms-bad);
      }
      .shape.warning {
        color: var(--bms-warn);
      }
      label {
        display: block;
        margin: 8px 0;
      }
      select {
        font: inherit;
        color: inherit;
        background: var(--card-background-color, #fff);
        border: 1px solid var(--bms-line);
        border-radius: 8px;
        padding: 6px;
        max-width: 100%;
        min-height: 36px;
      }
      summary {
        cursor: pointer;
        padding: 8px 0;
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font-size: 0.8125rem;
      }
      th,
      td {
        text-align: end;
        font-weight: 400;
        padding: 3px 10px 3px 0;
        white-space: nowrap;
        border-bottom: 1px solid var(--bms-line);
      }
      th:first-child {
        text-align: start;
      }
      thead th {
        font-weight: 500;
        white-space: normal;
        vertical-align: bottom;
      }
      a {
        color: var(--primary-color, inherit);
      }
    `,
  ];
}
