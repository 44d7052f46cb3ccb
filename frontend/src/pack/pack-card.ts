/** The pack card: charge, alarms, limits with their reasons, and every cell. */

import { css, html, nothing, type TemplateResult } from "lit";

import { COMMANDS, type PackInfo, type PackShown, type SystemInfo } from "../api";
import { HomeBmsCard } from "../card";
import type { CardConfig, HomeAssistant, Message } from "../hass";
import { duration } from "../numbers";
import { findPack } from "../systems";
import { reason } from "../why";
import { told, word } from "../words";
import { alarms, alarmsStyle } from "./alarms";
import { charge, chargeStyle } from "./charge";
import { limits, limitsStyle } from "./limits";
import { MEASURES } from "./measures";

const MODE_ICONS: Readonly<Record<string, string>> = {
  starting: "mdi:timer-sand",
  lost: "mdi:lan-disconnect",
  tripped: "mdi:alert-octagon",
  protected: "mdi:shield-alert",
  full: "mdi:battery",
  empty: "mdi:battery-outline",
  charging: "mdi:battery-arrow-up",
  discharging: "mdi:battery-arrow-down",
  idle: "mdi:battery-medium",
};

export interface PackCardConfig extends CardConfig {
  /** Whether every cell is shown; `false` keeps the card small. */
  readonly cells?: boolean;
}

export class HomeBmsPackCard extends HomeBmsCard<PackInfo, PackShown, PackCardConfig> {
  protected override find(found: readonly SystemInfo[]): PackInfo | undefined {
    return findPack(found, this.config?.device_id);
  }

  protected override ask(info: PackInfo): Message {
    return { type: COMMANDS.pack, device_id: info.device_id };
  }

  protected override draw(hass: HomeAssistant, info: PackInfo, pack: PackShown): TemplateResult {
    const button = info.entities.reset_trips;
    const reset = button === undefined ? undefined : () => void hass.callService("button", "press", {}, { entity_id: button });
    return html`
      <div class="body">
        <header>
          <h2>${this.config?.title ?? info.name}</h2>
          <span class="mode">
            <ha-icon icon=${MODE_ICONS[pack.mode] ?? "mdi:battery"} aria-hidden="true"></ha-icon>
            ${told(hass, "mode", pack.mode)}
          </span>
        </header>
        ${state(hass, pack)} ${charge(hass, info, pack)}
        ${alarms(hass, pack, { reset, evidence: () => showEvidence(this, info.device_id) })} ${limits(hass, pack)}
        ${this.config?.cells === false
          ? nothing
          : html`<home-bms-cells .hass=${hass} .info=${info} .measures=${MEASURES} .shown=${pack} ?dark=${hass.themes.darkMode}></home-bms-cells>`}
        <div class="quiet small">${balancing(hass, pack)}</div>
      </div>
    `;
  }

  override getCardSize(): number {
    return this.config?.cells === false ? 6 : 10;
  }

  static getStubConfig(): object {
    return {};
  }

  static override styles = [
    ...HomeBmsCard.styles,
    chargeStyle,
    alarmsStyle,
    limitsStyle,
    css`
      header {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 8px;
        flex-wrap: wrap;
      }
      .mode {
        display: inline-flex;
        gap: 6px;
        align-items: center;
      }
      .small {
        font-size: 0.875rem;
      }
    `,
  ];
}

/** What is wrong with the link or the readings; nothing while all is well. */
function state(hass: HomeAssistant, pack: PackShown): TemplateResult | typeof nothing {
  const parts = [
    pack.link === "connected" ? "" : told(hass, "link", pack.link),
    pack.link === "connected" || pack.age === null ? "" : word(hass, "pack.silent", { time: duration(hass, pack.age) }),
    pack.quality === "good" ? "" : word(hass, "pack.quality", { quality: told(hass, "quality", pack.quality) }),
  ].filter(Boolean);
  return parts.length ? html`<div class="small" role="status">${parts.join(" · ")}</div>` : nothing;
}

function balancing(hass: HomeAssistant, pack: PackShown): string {
  const what = word(hass, pack.balancing ? "pack.balancing" : "pack.not_balancing");
  const left = pack.balance_remaining === null ? "" : ` · ${word(hass, "pack.left", { time: duration(hass, pack.balance_remaining) })}`;
  return `${what}: ${reason(hass, "balance", pack.balance)}${left}`;
}

/** Ask whoever shows black boxes, the timeline card of the same page, to show the newest of a pack. */
function showEvidence(from: HTMLElement, deviceId: string): void {
  from.dispatchEvent(new CustomEvent("home-bms-evidence", { detail: { deviceId }, bubbles: true, composed: true }));
}
