/** Chooses how finely a time is looked at. */

import type { Range } from "../chart/points";

/** What Home Assistant keeps: every change, or statistics of so long. */
export type Resolution = "raw" | "5minute" | "hour" | "day";

const HOUR = 3600;
const DAY = 24 * HOUR;

interface Row {
  readonly resolution: Resolution;
  /** s that may be looked at so finely: more would be more points than a screen has columns. */
  readonly most: number;
  /** s for which Home Assistant keeps it, unless its owner has set another time. */
  readonly kept: number;
}

/** A little longer than the buttons for a day and a week and a half, so that panning changes nothing. */
const ROWS: readonly Row[] = [
  { resolution: "raw", most: 26 * HOUR, kept: 10 * DAY },
  { resolution: "5minute", most: 10 * DAY + HOUR, kept: 10 * DAY },
  { resolution: "hour", most: 100 * DAY, kept: Infinity },
  { resolution: "day", most: Infinity, kept: Infinity },
];

/** s of one point of statistics. */
export const WIDTHS: Readonly<Record<Exclude<Resolution, "raw">, number>> = { "5minute": 300, hour: HOUR, day: DAY };

/** The resolutions for a range, the finest that suits first; those after it are for when nothing is kept so finely. */
export function resolutions({ from, to }: Range, now: number): readonly [Resolution, ...Resolution[]] {
  // At the edge of what is kept it is being taken away.
  const found = ROWS.filter(({ most, kept }) => to - from <= most && from >= now - kept - HOUR).map(({ resolution }) => resolution);
  const [first, ...rest] = found;
  return first === undefined ? ["day"] : [first, ...rest];
}
