/** Tells in words what somebody asks of the battery, who that is, and until when. */

import type { ClaimShown } from "../api";
import type { HomeAssistant } from "../hass";
import { moment, power, quantity } from "../numbers";
import { word } from "../words";

/** What each part of a lease asks. */
const PARTS: Readonly<Record<string, (hass: HomeAssistant, value: number) => string>> = {
  charge_power: (hass, value) => word(hass, "ask.charge_limit", { value: power(hass, value) }),
  discharge_power: (hass, value) => word(hass, "ask.discharge_limit", { value: power(hass, value) }),
  charge_current: (hass, value) => word(hass, "ask.charge_limit", { value: quantity(hass, value, "A", 1) }),
  discharge_current: (hass, value) => word(hass, "ask.discharge_limit", { value: quantity(hass, value, "A", 1) }),
  reserve: (hass, value) => word(hass, "ask.reserve", { value: quantity(hass, value, "%") }),
  charge_to: (hass, value) => word(hass, "ask.charge_to", { value: quantity(hass, value, "%") }),
  power: (hass, value) => {
    if (value === 0) return word(hass, "ask.rest");
    return word(hass, value > 0 ? "ask.charge" : "ask.discharge", { value: power(hass, Math.abs(value)) });
  },
};

/** "Charge with at most 2.00 kW". */
export function asked(hass: HomeAssistant, part: string, value: number): string {
  return PARTS[part]?.(hass, value) ?? `${part.replaceAll("_", " ")} ${value}`;
}

/** The reserve that the user keeps without an end is no lease. */
export function isUsers({ owner, until: end }: Pick<ClaimShown, "owner" | "until">): boolean {
  return owner === USER && end === null;
}

/** Who stands behind the reserve without an end. */
const USER = "user";

/** What a lease is called where its action was given no name. */
const NAMELESS: readonly string[] = ["", "power", "reserve"];

/** Who asks, with the name of the lease where it has one. */
export function whose(hass: HomeAssistant, claim: Pick<ClaimShown, "owner" | "name" | "until">): string {
  if (isUsers(claim)) return word(hass, "system.your_reserve");
  return NAMELESS.includes(claim.name) ? claim.owner : `${claim.owner} · ${claim.name}`;
}

/** Who goes before a claim: known by the owner alone. */
export function before(hass: HomeAssistant, owner: string): string {
  return owner === USER ? word(hass, "system.you") : owner;
}

/** "until 18:00". */
export function until(hass: HomeAssistant, now: number, end: number | null): string {
  return end === null ? word(hass, "lease.endless") : word(hass, "lease.until", { time: when(hass, now, end) });
}

/** A moment, with its day where that is another than that of `then`. */
export function when(hass: HomeAssistant, then: number, time: number): string {
  return moment(hass, time, moment(hass, then, "date") === moment(hass, time, "date") ? "time" : "both");
}
