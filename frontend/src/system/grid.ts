/** Lists who asks what of the battery, until when, and what of it counts. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { ClaimShown, LeaseShown, SystemShown } from "../api";
import { SIDES, type Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { known, power, quantity } from "../numbers";
import { word } from "../words";
import { asked, before, isUsers, until, when, whose } from "./asks";
import { limiter } from "./limiter";
import { mark } from "./mark";

/** Leases to come that are shown at first sight. */
const FEW = 2;

type Release = ((lease: LeaseShown) => void) | undefined;

/** What is in force, then what is to come; `release` ends a lease, for who may. */
export function grid(hass: HomeAssistant, system: SystemShown, release: Release): TemplateResult {
  const users = system.claims.find(isUsers);
  const now = system.leases.filter((lease) => lease.in_force);
  const later = system.leases.filter((lease) => !lease.in_force);
  const to_come = later.map((lease) => item(hass, system, lease, release));
  return html`
    <section class="grid" role="group" aria-label=${word(hass, "system.leases")}>
      <div class="head">
        <h3>${word(hass, "system.leases")}</h3>
        <span class="small">${inForce(hass, system)}</span>
      </div>
      ${now.length || users
        ? html`<ul>
            ${now.map((lease) => item(hass, system, lease, release))} ${users ? kept(hass, system, users) : nothing}
          </ul>`
        : html`<div class="small quiet">${word(hass, "lease.none")}</div>`}
      ${later.length ? html`<h4>${word(hass, "lease.to_come")}</h4><ul>${to_come.slice(0, FEW)}</ul>` : nothing}
      ${later.length > FEW
        ? html`<details>
            <summary>${word(hass, "lease.more", { number: later.length - FEW })}</summary>
            <ul>${to_come.slice(FEW)}</ul>
          </details>`
        : nothing}
    </section>
  `;
}

/** The set-point and the reserve that hold, whoever asks for them. */
function inForce(hass: HomeAssistant, system: SystemShown): string {
  const counts = (part: string): ClaimShown | undefined => system.claims.find((claim) => claim.part === part && claim.overridden_by === null);
  const wanted = counts("power");
  const reserve = counts("reserve")?.value ?? system.reserve;
  const what = known(system.setpoint) ? asked(hass, "power", system.setpoint) : "";
  const narrowed = wanted !== undefined && known(system.setpoint) && Math.abs(wanted.value - system.setpoint) >= 1;
  return [
    !what
      ? word(hass, "lease.no_setpoint")
      : narrowed
        ? word(hass, "lease.narrowed", { what, asked: asked(hass, "power", wanted.value) })
        : word(hass, "lease.setpoint", { what }),
    reserve ? word(hass, "ask.reserve", { value: quantity(hass, reserve, "%") }) : word(hass, "lease.no_reserve"),
  ].join(" · ");
}

function item(hass: HomeAssistant, system: SystemShown, lease: LeaseShown, release: Release): TemplateResult {
  const who = whose(hass, { ...lease, until: lease.end });
  const claims = system.claims.filter(({ owner, name }) => owner === lease.owner && name === lease.name);
  const limits = limiting(system, (claim) => claims.includes(claim));
  const span = lease.in_force
    ? until(hass, system.time, lease.end)
    : word(hass, "lease.span", { start: when(hass, system.time, lease.start), end: when(hass, lease.start, lease.end) });
  return html`
    <li class="box lease ${limits.length ? "limiting" : ""}">
      <div class="head">
        <strong>${who}</strong>
        ${release
          ? html`<button type="button" aria-label=${word(hass, "release.of", { who })} @click=${() => release(lease)}>${word(hass, "release.button")}</button>`
          : nothing}
      </div>
      <ul class="asks">
        ${wishes(hass, lease).map(([part, text]) => html`<li>${text}${note(hass, claims.find((claim) => claim.part === part), lease)}</li>`)}
      </ul>
      <div class="small">${[span, lease.repeats ? word(hass, "lease.repeats") : ""].filter(Boolean).join(" · ")}</div>
      ${lease.reason ? html`<div class="small quiet">${lease.reason}</div>` : nothing} ${mark(hass, system, limits)}
    </li>
  `;
}

/** What a lease asks, each by the part by which it counts; a charge to reach turns its power into the most. */
export function wishes(hass: HomeAssistant, { asks }: LeaseShown): readonly (readonly [string, string])[] {
  return Object.entries(asks).map(([part, value]) => {
    if (part === "charge_to") return ["power", asked(hass, part, value)];
    if (part === "power" && asks.charge_to !== undefined) return ["", asked(hass, "charge_power", value)];
    return [part, asked(hass, part, value)];
  });
}

/** What has become of a wish: another goes before it, or how fast it is charged now to reach a charge. */
function note(hass: HomeAssistant, claim: ClaimShown | undefined, lease?: LeaseShown): TemplateResult | typeof nothing {
  if (!claim) return nothing;
  if (claim.overridden_by !== null) {
    return html` <span class="lost">(${word(hass, "lease.overridden", { who: before(hass, claim.overridden_by) })})</span>`;
  }
  const leads = claim.part === "power" && lease?.asks.charge_to !== undefined;
  return leads ? html` <span class="quiet">(${word(hass, "lease.now", { value: power(hass, claim.value) })})</span>` : nothing;
}

function kept(hass: HomeAssistant, system: SystemShown, claim: ClaimShown): TemplateResult {
  const limits = limiting(system, (each) => each === claim);
  return html`
    <li class="box lease ${limits.length ? "limiting" : ""}">
      <strong>${whose(hass, claim)}</strong>
      <div>${quantity(hass, claim.value, "%")}${note(hass, claim)}</div>
      <div class="small">${until(hass, system.time, claim.until)}</div>
      ${mark(hass, system, limits)}
    </li>
  `;
}

function limiting(system: SystemShown, isMeant: (claim: ClaimShown) => boolean): readonly Side[] {
  return SIDES.filter((side) => {
    const found = limiter(system, side);
    return found.by === "lease" && isMeant(found.claim);
  });
}

export const gridStyle = css`
  .grid {
    display: grid;
    gap: 8px;
  }
  h4 {
    margin: 4px 0 0;
    font-weight: 500;
    font-size: 0.875rem;
  }
  .grid > ul,
  details > ul {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr));
    gap: 8px;
  }
  details > ul {
    margin-top: 8px;
  }
  summary {
    cursor: pointer;
    min-height: 24px;
  }
  .lease {
    align-content: start;
  }
  .lease .head {
    align-items: start;
    flex-wrap: nowrap;
  }
  .lease button {
    flex: none;
    min-height: 32px;
    padding: 2px 10px;
    font-size: 0.875rem;
  }
  .lost {
    font-style: italic;
  }
`;
