/** Finds who limits the battery in one direction, and tells it in words. */

import type { ClaimShown, SystemShown } from "../api";
import type { Side } from "../flow";
import type { HomeAssistant } from "../hass";
import { quantity } from "../numbers";
import { reason } from "../why";
import { word } from "../words";
import { asked, isUsers, until, whose } from "./asks";

/** Who makes a limit what it is: a pack, a lease, the battery as one, or nobody. */
export type Limiter =
  | { readonly by: "pack"; readonly deviceId: string; readonly name: string }
  | { readonly by: "lease"; readonly claim: ClaimShown }
  | { readonly by: "battery" }
  | { readonly by: "nobody" };

/** Rules by which a limit still rises: whoever held it down is named only if its own limit does so too. */
const RISING: readonly string[] = ["recovering", "starting"];

export function limiter(system: SystemShown, side: Side): Limiter {
  const { value, most, why } = system[`${side}_limit`];
  const claim = leased(system, side);
  if (claim) return { by: "lease", claim };
  if (value >= most) return { by: "nobody" };
  const pack = system.packs.find(({ device_id }) => device_id === system[`weakest_${side}`]);
  const alone = pack === undefined || (RISING.includes(why.rule) && pack[`${side}_limit`].why.rule !== why.rule);
  return alone ? { by: "battery" } : { by: "pack", deviceId: pack.device_id, name: pack.name };
}

/** What somebody asks that the limit comes from. */
function leased({ claims, ...system }: SystemShown, side: Side): ClaimShown | undefined {
  const { rule, threshold } = system[`${side}_limit`].why;
  const counts = (part: string): ClaimShown | undefined => claims.find((claim) => claim.part === part && claim.overridden_by === null);
  if (rule === "leased") {
    const current = counts(`${side}_current`);
    return current?.value === threshold ? current : (counts(`${side}_power`) ?? current);
  }
  const reserve = counts("reserve");
  return side === "discharge" && rule === "soc_window" && reserve?.value === threshold ? reserve : undefined;
}

/** "Garage limits charging to 98 A: Temperature (sensor 1: 8.4 °C, from 10.0 °C on)". */
export function sentence(hass: HomeAssistant, system: SystemShown, side: Side): string {
  const limit = system[`${side}_limit`];
  const found = limiter(system, side);
  const value = amperes(hass, limit.value);
  if (found.by === "nobody") return word(hass, `unlimited.${side}`, { value });
  const blanks = {
    value,
    who: who(hass, found),
    why: found.by === "lease" && !isUsers(found.claim) ? wish(hass, system, found.claim) : reason(hass, "limit", limit.why),
  };
  return word(hass, system.acting ? `limits.${side}` : `would_limit.${side}`, blanks);
}

function who(hass: HomeAssistant, found: Exclude<Limiter, { by: "nobody" }>): string {
  if (found.by === "pack") return found.name;
  return found.by === "lease" ? whose(hass, found.claim) : word(hass, "system.the_battery");
}

function wish(hass: HomeAssistant, system: SystemShown, claim: ClaimShown): string {
  return [asked(hass, claim.part, claim.value), until(hass, system.time, claim.until)].join(", ");
}

/** A limit, exact where it is small. */
export function amperes(hass: HomeAssistant, value: number | null): string {
  return quantity(hass, value, "A", value !== null && value > 0 && value < 10 ? 1 : 0);
}
