/** Keeps what is known of one entity, and lets it grow. */

import { placeAt, type Point } from "../chart/points";

/** Statistics that are being gathered: s at which they began, and the sum of values times the s for which they held. */
interface Bin {
  readonly from: number;
  readonly low: number;
  readonly high: number;
  readonly sum: number;
}

/**
 * The points of one entity from the recorder, then from what it tells.
 *
 * With `gathers` they are statistics that ended at `end`, and what comes after is gathered to such of so many s: a card that
 * hangs on a wall for a year must not grow by every value.
 */
export class Memory {
  readonly points: Point[];
  #end: number;
  #bin: Bin | undefined;
  #held: number | undefined;

  constructor(
    points: readonly Point[] = [],
    private readonly gathers: number | null = null,
    end = -Infinity,
  ) {
    this.points = [...points];
    this.#end = end;
  }

  /** Take what has come; after a lost connection what is known already is told again. */
  add(point: Point): void {
    if (this.gathers === null) this.#insert(point);
    else if (point.time >= this.#end) this.#gather(point, this.gathers);
  }

  /** Forget what lies before a time, except what still holds then. */
  forget(before: number): void {
    let gone = 0;
    while ((this.points[gone + 1]?.time ?? Infinity) <= before) gone++;
    if (gone) this.points.splice(0, gone);
  }

  #insert(point: Point): void {
    const { points } = this;
    const place = placeAt(points, point.time) + 1;
    const before = points[place - 1];
    if (before?.time === point.time) points[place - 1] = point;
    // A value that was only written again says nothing new.
    else if (before?.value !== point.value) points.splice(place, 0, point);
  }

  #gather({ time, value }: Point, width: number): void {
    if (this.#bin && this.#held !== undefined) {
      const { from, low, high, sum } = this.#bin;
      this.#bin = { from, low, high, sum: sum + this.#held * (time - this.#end) };
      this.points[this.points.length - 1] = mean(this.#bin, time, this.#held);
    }
    this.#end = time;
    this.#held = value ?? undefined;
    if (value === null) {
      this.#bin = undefined;
      if (this.points.at(-1)?.value !== null) this.points.push({ time, value });
      return;
    }
    if (this.#bin && time < this.#bin.from + width) {
      const { low, high } = this.#bin;
      this.#bin = { ...this.#bin, low: Math.min(low, value), high: Math.max(high, value) };
      this.points[this.points.length - 1] = mean(this.#bin, time, value);
    } else {
      this.#bin = { from: time, low: value, high: value, sum: 0 };
      this.points.push(mean(this.#bin, time, value));
    }
  }
}

/** What was gathered until a time, as a point in the middle of it; `value` is what it is where no time has passed. */
function mean({ from, low, high, sum }: Bin, until: number, value: number): Point {
  return { time: (from + until) / 2, value: until > from ? sum / (until - from) : value, low, high };
}
