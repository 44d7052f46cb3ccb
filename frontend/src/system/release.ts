/** Asks before it ends what somebody asked of the battery. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";

import type { LeaseShown, SystemShown } from "../api";
import { refusal } from "../feed";
import type { HomeAssistant } from "../hass";
import { shared } from "../style";
import { word } from "../words";
import { until, whose } from "./asks";
import { wishes } from "./grid";

/** Tells its parent `done` when it is closed, whether the lease was ended or not. */
export class HomeBmsRelease extends LitElement {
  static override properties = {
    hass: { attribute: false },
    deviceId: { attribute: false },
    system: { attribute: false },
    lease: { attribute: false },
    busy: { state: true },
    trouble: { state: true },
  };

  declare hass: HomeAssistant;
  declare deviceId: string;
  declare system: SystemShown;
  declare lease: LeaseShown;
  declare protected busy: boolean | undefined;
  declare protected trouble: string | undefined;

  protected override firstUpdated(): void {
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  protected override render(): TemplateResult {
    const { hass, lease, system } = this;
    return html`
      <dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new Event("done"))}>
        <h2 id="title">${word(hass, "release.title", { who: whose(hass, { ...lease, until: lease.end }) })}</h2>
        <p>${[...wishes(hass, lease).map(([, text]) => text), until(hass, system.time, lease.end)].join(" · ")}</p>
        <p class="quiet">${word(hass, lease.repeats ? "release.repeats" : "release.once")}</p>
        ${this.trouble === undefined ? nothing : html`<p role="alert">${word(hass, "release.refused", { message: this.trouble })}</p>`}
        <div class="actions">
          <button type="button" class="keep" @click=${() => this.#dialog?.close()}>${word(hass, "release.keep")}</button>
          <button type="button" class="end" ?disabled=${this.busy ?? false} @click=${this.#onRelease}>${word(hass, "release.button")}</button>
        </div>
      </dialog>
    `;
  }

  readonly #onRelease = async (): Promise<void> => {
    const { owner, name } = this.lease;
    this.busy = true;
    try {
      await this.hass.callService("home_bms", "release", { device_id: this.deviceId, owner, name });
      this.#dialog?.close();
    } catch (error) {
      this.trouble = refusal(error).message;
    }
    this.busy = false;
  };

  static override styles = [
    shared,
    css`
      dialog {
        max-width: min(420px, calc(100vw - 32px));
        box-sizing: border-box;
        padding: 20px;
        border: 1px solid var(--bms-line);
        border-radius: 12px;
        color: var(--bms-text);
        background: var(--card-background-color, light-dark(#fff, #1c1c1c));
      }
      dialog::backdrop {
        background: #0008;
      }
      p {
        margin: 12px 0 0;
        overflow-wrap: anywhere;
      }
      [role="alert"] {
        color: var(--bms-bad);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px;
        margin-top: 20px;
      }
      .end {
        border-color: var(--bms-bad);
        color: var(--bms-bad);
      }
    `,
  ];
}
