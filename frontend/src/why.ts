/** Tells in words why something is as it is, with what was measured. */

import type { Why } from "./api";
import type { HomeAssistant } from "./hass";
import { known, quantity, temperature } from "./numbers";
import { told, word, type Place, type Word } from "./words";

/** How value and threshold belong together where the one has not passed the other; `null` if they tell nobody anything. */
const TOGETHER: Readonly<Record<string, Word | null>> = {
  // How the limit was reckoned.
  float: null,
  pack_unseen: null,
  // Of its beginning V, then A.
  limit_reached: null,
  // It is not too old any more.
  coming_back: null,
  settling: "why.of",
  absorption_over: "why.of",
  current_limit_ignored: "why.most",
  charge_voltage_ignored: "why.most",
  setpoint_ignored: "why.most",
  switch_ignored: "why.most",
};

/** "Cell voltage (cell 3: 3.451 V, from 3.400 V)". */
export function reason(hass: HomeAssistant, place: Place, why: Why): string {
  const facts = evidence(hass, why);
  return facts ? `${told(hass, place, why.rule)} (${facts})` : told(hass, place, why.rule);
}

/** What a reason rests on; empty where it rests on nothing that can be measured. */
export function evidence(hass: HomeAssistant, why: Why): string {
  const where =
    why.cell !== null
      ? word(hass, "why.cell", { number: why.cell })
      : why.sensor !== null
        ? word(hass, "why.sensor", { number: why.sensor })
        : "";
  const together = TOGETHER[why.rule];
  if (!known(why.value) || together === null) return where;
  const value = measured(hass, why.value, why.unit);
  const what = where ? word(hass, "why.at", { where, value }) : value;
  if (!known(why.threshold)) return what;
  return word(hass, together ?? "why.from", { what, threshold: measured(hass, why.threshold, why.unit) });
}

/** A value in the unit that the websocket names. */
export function measured(hass: HomeAssistant, value: number, unit: string | null): string {
  if (unit === "°C") return temperature(hass, value, 1);
  if (unit === null) return quantity(hass, value, "", 1).trim();
  const digits = unit === "V" ? (Math.abs(value) < 10 ? 3 : 1) : Math.abs(value) < 100 ? 1 : 0;
  return quantity(hass, value, unit, digits);
}
