/** The system card: packs, battery and inverters as a flow, with who limits whom, by how much and until when. */

import { css, html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { COMMANDS, type LeaseShown, type SystemInfo, type SystemShown } from "../api";
import { HomeBmsCard } from "../card";
import { SIDES } from "../flow";
import type { HomeAssistant, Message } from "../hass";
import { findSystem } from "../systems";
import { word } from "../words";
import { battery, batteryStyle, most } from "./battery";
import { boxStyle } from "./box";
import { grid, gridStyle } from "./grid";
import { inverter, inverterStyle } from "./inverters";
import { sentence } from "./limiter";
import { pack } from "./packs";
import { wireStyle } from "./wire";

export class HomeBmsSystemCard extends HomeBmsCard<SystemInfo, SystemShown> {
  static override properties = { ...HomeBmsCard.properties, releasing: { state: true } };

  /** The lease that the user is asked about. */
  declare protected releasing: LeaseShown | undefined;

  protected override find(found: readonly SystemInfo[]): SystemInfo | undefined {
    return findSystem(found, this.config?.device_id);
  }

  protected override ask(info: SystemInfo): Message {
    return { type: COMMANDS.system, entry_id: info.entry_id };
  }

  protected override draw(hass: HomeAssistant, info: SystemInfo, system: SystemShown): TemplateResult {
    const release = hass.user?.is_admin ? (lease: LeaseShown): void => void (this.releasing = lease) : undefined;
    const scale = most(system);
    return html`
      <div class="body">
        <h2>${this.config?.title ?? info.name}</h2>
        ${system.acting ? nothing : html`<div class="would">${word(hass, "system.would")}</div>`}
        ${system.packs.length ? html`<ul class="who">${SIDES.map((side) => html`<li>${sentence(hass, system, side)}</li>`)}</ul>` : nothing}
        <div class="flow">
          <ul class="packs" aria-label=${word(hass, "system.packs")}>
            ${system.packs.length
              ? repeat(
                  system.packs,
                  ({ device_id }) => device_id,
                  (part) => pack(hass, system, part, scale),
                )
              : html`<li class="box quiet">${word(hass, "card.none")}</li>`}
          </ul>
          <div class="asked">${grid(hass, system, release)} ${system.claims.length ? funnel() : nothing}</div>
          ${system.packs.length ? html`<div class="battery">${battery(hass, system)}</div>` : nothing}
          <ul class="inverters" aria-label=${word(hass, "system.inverters")}>
            ${system.inverters.length
              ? repeat(
                  system.inverters,
                  ({ device_id }) => device_id,
                  (part) => inverter(hass, part, scale),
                )
              : html`<li class="box quiet">${word(hass, "system.no_inverter")}</li>`}
          </ul>
        </div>
      </div>
      ${this.releasing
        ? html`<home-bms-release
            .hass=${hass}
            .deviceId=${info.device_id}
            .system=${system}
            .lease=${this.releasing}
            ?dark=${hass.themes.darkMode}
            @done=${() => (this.releasing = undefined)}
          ></home-bms-release>`
        : nothing}
    `;
  }

  override getCardSize(): number {
    return 12;
  }

  static override styles = [
    ...HomeBmsCard.styles,
    boxStyle,
    wireStyle,
    batteryStyle,
    inverterStyle,
    gridStyle,
    css`
      .body {
        width: 100%;
        max-width: 112rem;
        margin-inline: auto;
        box-sizing: border-box;
      }
      .would {
        border-inline-start: 4px double var(--bms-warn);
        padding: 2px 10px;
      }
      .who {
        display: grid;
        gap: 4px;
        overflow-wrap: anywhere;
      }
      .flow,
      .packs,
      .inverters {
        display: grid;
        gap: 12px;
        align-content: center;
      }
      .funnel {
        display: block;
        width: 32px;
        height: 28px;
        margin: 4px auto -8px;
        fill: none;
        stroke: var(--bms-quiet);
        stroke-width: 2;
      }
      @container (min-width: 860px) {
        .flow {
          grid-template: "asked asked asked" auto "packs battery inverters" auto / minmax(0, 1fr) clamp(220px, 28%, 26rem) minmax(0, 1fr);
          column-gap: 0;
        }
        .asked {
          grid-area: asked;
        }
        .battery {
          grid-area: battery;
        }
        .battery,
        .battery .row {
          display: grid;
          grid-template-columns: minmax(0, 1fr);
        }
        .battery .wire {
          display: none;
        }
        .packs {
          grid-area: packs;
        }
        .inverters {
          grid-area: inverters;
        }
        .packs .row {
          grid-template-columns: minmax(0, 26rem) minmax(64px, 1fr);
        }
        .packs .wire {
          order: 1;
        }
        .inverters .row {
          grid-template-columns: minmax(64px, 1fr) minmax(0, 26rem);
        }
        .row {
          gap: 0;
        }
        .packs > .box {
          margin-inline-end: 24px;
        }
        .inverters > .box {
          margin-inline-start: 24px;
        }
      }
    `,
  ];
}

/** Shows that what stands above narrows what stands below; the sentences tell by how much. */
function funnel(): TemplateResult {
  return html`<svg class="funnel" viewBox="0 0 32 28" aria-hidden="true"><path d="M2 2 13 14V26 M30 2 19 14V26" /></svg>`;
}
