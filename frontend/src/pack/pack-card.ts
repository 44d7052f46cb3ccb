/** The pack card: charge, alarms, limits with their reasons, and every cell. */

import { css, html, nothing, type TemplateResult } from "lit";

import { COMMANDS, type PackInfo, type PackShown, type SystemInfo } from "../api";
import { HomeBmsCard } from "../card";
import { COMMON, type Setting } from "../form";
import type { CardConfig, HomeAssistant, Message } from "../hass";
import { duration } from "../numbers";
import { findPack } from "../systems";
import type { HomeBmsBlackBox } from "../timeline/black-box";
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
    const reset = button === undefined ? undefined : () => press(hass, button);
    return html`
      <div class="body">
        <div class="head">
          <h2>${this.config?.title ?? info.name}</h2>
          <span class="mode">
            <ha-icon icon=${MODE_ICONS[pack.mode] ?? "mdi:battery"} aria-hidden="true"></ha-icon>
            ${told(hass, "mode", pack.mode)}
          </span>
        </div>
        ${state(hass, pack)} ${charge(hass, info, pack)}
        ${alarms(hass, pack, { reset, evidence: () => this.#showEvidence() })} ${limits(hass, pack)}
        ${this.config?.cells === false
          ? nothing
          : html`<home-bms-cells .hass=${hass} .info=${info} .measures=${MEASURES} .shown=${pack} ?dark=${hass.themes.darkMode}></home-bms-cells>`}
        <div class="quiet small">${balancing(hass, pack)}</div>
        <home-bms-black-box .hass=${hass} .info=${info} ?dark=${hass.themes.darkMode}></home-bms-black-box>
      </div>
    `;
  }

  /** Show the newest black box. */
  #showEvidence(): void {
    void this.renderRoot.querySelector<HomeBmsBlackBox>("home-bms-black-box")?.show(null);
  }

  static override get settings(): readonly Setting[] {
    return [...COMMON, { name: "cells", label: "form.cells", selector: { boolean: {} } }];
  }

  override getCardSize(): number {
    return this.config?.cells === false ? 6 : 10;
  }

  static override styles = [
    ...HomeBmsCard.styles,
    chargeStyle,
    alarmsStyle,
    limitsStyle,
    css`
      .head {
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
      .state::first-letter {
        text-transform: uppercase;
      }
    `,
  ];
}

function press(hass: HomeAssistant, button: string): void {
  // Home Assistant tells by itself why it refuses.
  void hass.callService("button", "press", {}, { entity_id: button }).catch(() => undefined);
}

/** What is wrong with the link or the readings; nothing while all is well. */
function state(hass: HomeAssistant, pack: PackShown): TemplateResult | typeof nothing {
  const parts = [
    pack.link === "connected" ? "" : told(hass, "link", pack.link),
    pack.link === "connected" || pack.age === null ? "" : word(hass, "pack.silent", { time: duration(hass, pack.age) }),
    pack.quality === "good" ? "" : word(hass, "pack.quality", { quality: told(hass, "quality", pack.quality) }),
  ].filter(Boolean);
  return parts.length ? html`<div class="small state" role="status">${parts.join(" · ")}</div>` : nothing;
}

function balancing(hass: HomeAssistant, pack: PackShown): string {
  const what = word(hass, pack.balancing === null ? "pack.balancing_unknown" : pack.balancing ? "pack.balancing" : "pack.not_balancing");
  const left = pack.balance_remaining === null ? "" : ` · ${word(hass, "pack.left", { time: duration(hass, pack.balance_remaining) })}`;
  return `${what}: ${reason(hass, "balance", pack.balance)}${left}`;
}
