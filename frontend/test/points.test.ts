/** What is known of a time is found, and what is not known is not made up. */

import { describe, expect, it } from "vitest";

import { extent, placeAt, valueAt, type Point } from "../src/chart/points";

const points: readonly Point[] = [
  { time: 10, value: 1 },
  { time: 20, value: 5 },
  { time: 30, value: null },
  { time: 40, value: 3, low: 2, high: 9 },
];

describe("points", () => {
  it.each([
    [9, -1],
    [10, 0],
    [19.9, 0],
    [40, 3],
    [99, 3],
  ])("at %d the last is number %d", (time, place) => {
    expect(placeAt(points, time)).toBe(place);
  });

  it.each([
    [5, true, null],
    [15, true, 1],
    [20, true, 5],
    [35, true, null],
    [99, true, 3],
    [5, false, null],
    [14, false, 1],
    [16, false, 5],
    [20, false, 5],
    [26, false, null],
    [99, false, null],
  ] as const)("at %d (held: %s) read %s", (time, step, value) => {
    expect(valueAt(points, time, step)).toBe(value);
  });

  it("reach from the lowest to the highest of a range, with what holds at its start", () => {
    expect(extent(points, { from: 15, to: 29 }, true)).toEqual({ low: 1, high: 5, last: 5 });
    expect(extent(points, { from: 15, to: 29 }, false)).toEqual({ low: 5, high: 5, last: 5 });
    expect(extent(points, { from: 25, to: 50 }, false)).toEqual({ low: 2, high: 9, last: 3 });
    expect(extent(points, { from: 15, to: 35 }, true)).toEqual({ low: 1, high: 5, last: null });
    expect(extent(points, { from: 31, to: 39 }, true)).toBeUndefined();
    expect(extent([], { from: 0, to: 9 }, true)).toBeUndefined();
  });
});
