/** What is known of a quantity over time. */

/** A value at a moment; `null` begins a gap. `low` and `high` are what it was between, where that is known. */
export interface Point {
  /** s, on the chart's own axis. */
  readonly time: number;
  readonly value: number | null;
  readonly low?: number | null;
  readonly high?: number | null;
}

/** A length of the axis. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The place of the last point at or before a time; -1 if there is none. Points are in order of their times. */
export function placeAt(points: readonly Point[], time: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.time ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * What is read at a time: what held then, or of samples of a curve (`step` false) the nearest.
 *
 * Nothing before the first point, nor beyond the last sample of a curve.
 */
export function valueAt(points: readonly Point[], time: number, step: boolean): number | null {
  const place = placeAt(points, time);
  const before = points[place];
  if (step) return before?.value ?? null;
  const after = points[place + 1];
  if (before?.time === time) return before.value;
  if (!before || !after) return null;
  return (time - before.time <= after.time - time ? before : after).value;
}

/** The lowest, highest and last value within a range, the last `null` where a gap ends it; `undefined` if nothing is known of it. */
export function extent(
  points: readonly Point[],
  { from, to }: Range,
  step: boolean,
): { readonly low: number; readonly high: number; readonly last: number | null } | undefined {
  let low = Infinity;
  let high = -Infinity;
  let last: number | null = null;
  const held = Math.max(0, placeAt(points, from));
  for (let place = held; place < points.length; place++) {
    const point = points[place];
    if (!point || point.time > to) break;
    if (point.time < from && !step) continue;
    last = point.value;
    if (point.value === null) continue;
    low = Math.min(low, point.low ?? point.value);
    high = Math.max(high, point.high ?? point.value);
  }
  return low === Infinity ? undefined : { low, high, last };
}
