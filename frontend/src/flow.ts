/** Tells which ways a current can flow, and which it does. */

import { known } from "./numbers";

/** A up to which nothing is said to flow: the idle draw of a battery management system, and the noise of its shunt. */
const RESTING = 0.5;

export const SIDES = ["charge", "discharge"] as const;
export type Side = (typeof SIDES)[number];

export type Way = "charging" | "discharging" | "resting" | "unknown";

/** Which way a current in A flows, positive when charging. */
export function way(current: number | null): Way {
  if (!known(current)) return "unknown";
  return Math.abs(current) <= RESTING ? "resting" : current > 0 ? "charging" : "discharging";
}
