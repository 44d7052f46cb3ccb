/** Chooses between which values a pane is drawn, and how its axes are written. */

import type { HomeAssistant } from "../hass";
import { moment, number } from "../numbers";

/** Share of what is seen that is left free above and below. */
const MARGIN = 0.08;

/** From a little below the lowest to a little above the highest, `least` at the least: less would be noise made large. */
export function spread(low: number | null, high: number | null, least: number): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, least];
  const middle = (low + high) / 2;
  const half = Math.max(high - low, least) * (0.5 + MARGIN);
  return [middle - half, middle + half];
}

/** A value on an axis whose marks are so far apart. */
export function valueLabel(hass: HomeAssistant, value: number, step: number): string {
  // So many that marks 2.5 apart are not told as 3 and 5.
  const digits = [0, 1, 2, 3].find((count) => Math.abs(step * 10 ** count - Math.round(step * 10 ** count)) < 1e-6);
  return number(hass, value, digits ?? 4);
}

/** A moment on an axis whose marks are so far apart, all in s; `midnight` begins a day there. */
export function momentLabel(hass: HomeAssistant, seconds: number, step: number, midnight: boolean): string {
  if (step >= 28 * 86_400) return moment(hass, seconds, "month");
  if (step >= 86_400 || midnight) return moment(hass, seconds, "day");
  return moment(hass, seconds, step < 60 ? "seconds" : "time");
}

/** A time before or after something, in s: "+2.5 s", "−3 min". */
export function relativeLabel(hass: HomeAssistant, seconds: number, digits = 0): string {
  const long = Math.abs(seconds) >= 120;
  const size = number(hass, Math.abs(long ? seconds / 60 : seconds), long && seconds % 60 ? Math.max(1, digits) : long ? 0 : digits);
  const sign = seconds > 0 ? "+" : seconds < 0 ? "−" : "";
  return `${sign}${size}\u202f${long ? "min" : "s"}`;
}

/** s between marks of times that are told relatively. */
export const RELATIVE_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
