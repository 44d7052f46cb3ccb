/** Tells of one pack how it takes part in the battery. */

import { html, nothing, type TemplateResult } from "lit";

import type { PackPart, SystemShown } from "../api";
import { SIDES, type Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { known, number, quantity } from "../numbers";
import { LEVEL_ICONS } from "../pack/alarms";
import { evidence, reason } from "../why";
import { told, word, type Word } from "../words";
import { deviceName } from "./device";
import { amperes, limiter } from "./limiter";
import { mark } from "./mark";
import { flowing, wire } from "./wire";

/** Words for the rules by which a pack takes part or does not; the integration has none. */
const PARTS: Readonly<Record<string, Word>> = {
  in: "part.in",
  charge_open: "part.charge_open",
  discharge_open: "part.discharge_open",
  open: "part.open",
  joining: "part.joining",
  unseen: "part.unseen",
  coming_back: "part.coming_back",
};

/** Modes that what flows already tells. */
const PLAIN: readonly string[] = ["charging", "discharging", "idle"];

export function pack(hass: HomeAssistant, system: SystemShown, part: PackPart, most: number): TemplateResult {
  const limits = SIDES.filter((side) => {
    const found = limiter(system, side);
    return found.by === "pack" && found.deviceId === part.device_id;
  });
  const there = part.charges || part.discharges;
  return html`
    <li class="row">
      ${wire(hass, part, most)}
      <div class="box pack ${there ? "" : "away"} ${limits.length ? "limiting" : ""}">
        <div class="head">
          ${deviceName(hass, part.name, part.device_id)}
          <span class="soc">${quantity(hass, part.soc, "%")}</span>
        </div>
        ${state(hass, part)} ${flowing(hass, part)} ${SIDES.map((side) => limit(hass, part, side))}
        <div class="small">${takesPart(hass, part)}</div>
        ${part.worst === "ok"
          ? nothing
          : html`<div class="level ${part.worst}">
              <ha-icon icon=${LEVEL_ICONS[part.worst] ?? "mdi:alert-outline"} aria-hidden="true"></ha-icon>
              ${word(hass, "system.alarm", { level: told(hass, "level", part.worst) })}
            </div>`}
        ${mark(hass, system, limits)}
      </div>
    </li>
  `;
}

function state(hass: HomeAssistant, { mode, link }: PackPart): TemplateResult | typeof nothing {
  const parts = [
    PLAIN.includes(mode) ? "" : told(hass, "mode", mode),
    link === "connected" || link === mode ? "" : word(hass, "system.link", { link: told(hass, "link", link) }),
  ].filter(Boolean);
  return parts.length ? html`<div class="state">${parts.join(" · ")}</div>` : nothing;
}

function limit(hass: HomeAssistant, part: PackPart, side: Side): TemplateResult {
  const { value, most, why } = part[`${side}_limit`];
  const amount = word(hass, "pack.of_most", { value: amperes(hass, value), most: number(hass, most) });
  const because = why.rule === "rated" ? "" : ` · ${reason(hass, "limit", why)}`;
  return html`<div class="small"><span class="what">${word(hass, `pack.${side}_limit`)}</span> ${amount}<span class="quiet">${because}</span></div>`;
}

function takesPart(hass: HomeAssistant, { why, share }: PackPart): string {
  const words = PARTS[why.rule];
  const facts = evidence(hass, why);
  const parts = [
    `${words === undefined ? why.rule.replaceAll("_", " ") : word(hass, words)}${facts ? ` (${facts})` : ""}`,
    known(share) ? word(hass, "system.share", { value: quantity(hass, 100 * share, "%") }) : "",
  ];
  return parts.filter(Boolean).join(" · ");
}
