/** Lists what protections say, each consequence below its root. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { AlarmShown, PackShown } from "../api";
import type { HomeAssistant } from "../hass";
import { moment } from "../numbers";
import { evidence } from "../why";
import { told, word } from "../words";

export const alarmsStyle = css`
  .alarms {
    display: grid;
    gap: 8px;
  }
  .alarms ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .alarms ul ul {
    padding-inline-start: 28px;
    margin-top: 4px;
  }
  .alarm {
    display: flex;
    gap: 8px;
    align-items: flex-start;
  }
  .alarm ha-icon {
    flex: none;
    --mdc-icon-size: 20px;
  }
  .alarm.trip ha-icon,
  .alarm.protect ha-icon {
    color: var(--bms-bad);
  }
  .alarm.warn ha-icon,
  .alarm.derate ha-icon {
    color: var(--bms-warn);
  }
  .alarm .facts {
    font-size: 0.875rem;
  }
  .actions {
    display: flex;
    gap: 8px;
    flex-wrap: wrap;
  }
`;

/** A shape for each level of an alarm. */
export const LEVEL_ICONS: Readonly<Record<string, string>> = {
  warn: "mdi:alert-outline",
  derate: "mdi:arrow-down-bold-circle-outline",
  protect: "mdi:hand-back-right",
  trip: "mdi:alert-octagon",
};

/** The alarms that stand, and what a person can do about them; nothing while there are none. */
export function alarms(
  hass: HomeAssistant,
  pack: PackShown,
  act: { readonly reset: (() => void) | undefined; readonly evidence: () => void },
): TemplateResult | typeof nothing {
  if (!pack.alarms.length) return nothing;
  const keys = new Set(pack.alarms.map((alarm) => alarm.key));
  const roots = pack.alarms.filter(({ cause }) => cause === null || !keys.has(cause));
  return html`
    <section class="alarms" role="alert" aria-label=${word(hass, "pack.alarms")}>
      <ul>
        ${roots.map((alarm) => branch(hass, alarm, pack.alarms, new Set()))}
      </ul>
      <div class="actions">
        <button type="button" @click=${act.evidence}>${word(hass, "pack.evidence")}</button>
        ${pack.tripped && act.reset ? html`<button type="button" @click=${act.reset}>${word(hass, "pack.reset")}</button>` : nothing}
      </div>
    </section>
  `;
}

function branch(hass: HomeAssistant, alarm: AlarmShown, all: readonly AlarmShown[], seen: ReadonlySet<string>): TemplateResult {
  const below = new Set([...seen, alarm.key]);
  const followers = all.filter(({ cause, key }) => cause === alarm.key && !below.has(key));
  const facts = evidence(hass, alarm.why);
  return html`
    <li>
      <div class="alarm ${alarm.level}">
        <ha-icon icon=${LEVEL_ICONS[alarm.level] ?? "mdi:alert-outline"} aria-hidden="true"></ha-icon>
        <div>
          <div>${told(hass, "protection", alarm.key)} · ${told(hass, "level", alarm.level)}</div>
          <div class="facts quiet">
            ${facts}${facts && alarm.why.since !== null ? " · " : ""}${alarm.why.since === null
              ? nothing
              : word(hass, "pack.since", { time: moment(hass, alarm.why.since, "seconds") })}
          </div>
        </div>
      </div>
      ${followers.length ? html`<ul>${followers.map((follower) => branch(hass, follower, all, below))}</ul>` : nothing}
    </li>
  `;
}
