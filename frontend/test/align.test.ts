/** Lines come onto one axis: gaps stay gaps, what holds holds, and no peak is lost by thinning out. */

import { describe, expect, it } from "vitest";

import { align, type Track } from "../src/chart/align";
import type { Point } from "../src/chart/points";

const line = (points: readonly (readonly [number, number | null])[], change: Partial<Track> = {}): Track => ({
  points: points.map(([time, value]) => ({ time, value })),
  step: true,
  band: false,
  ...change,
});

describe("few points", () => {
  it("are all drawn, and what holds is drawn at the times of the others too", () => {
    const found = align([line([[1, 10], [5, 20]]), line([[3, 7]])], { from: 0, to: 9 }, 100);
    expect(found.times).toEqual([1, 3, 5]);
    expect(found.columns.map(({ values }) => values)).toEqual([
      [10, 10, 20],
      [undefined, 7, 7],
    ]);
  });

  it("of a curve are drawn at their own times only", () => {
    const curve = { step: false };
    const found = align([line([[1, 10], [5, 20]], curve), line([[3, 7]], curve)], { from: 0, to: 9 }, 100);
    expect(found.columns.map(({ values }) => values)).toEqual([
      [10, undefined, 20],
      [undefined, 7, undefined],
    ]);
  });

  it("begin at the edge with what held before, and leave out what comes after", () => {
    const found = align([line([[1, 10], [2, 11], [8, 12], [20, 13]])], { from: 5, to: 9 }, 100);
    expect(found.times).toEqual([5, 8]);
    expect(found.columns[0]?.values).toEqual([11, 12]);
  });

  it("of a curve lead out of the picture on both sides", () => {
    const found = align([line([[1, 10], [2, 11], [8, 12], [20, 13], [30, 14]], { step: false })], { from: 5, to: 9 }, 100);
    expect(found.times).toEqual([2, 8, 20]);
  });

  it("keep a gap as a gap", () => {
    const found = align([line([[1, 10], [4, null], [6, 12]])], { from: 0, to: 9 }, 100);
    expect(found.columns[0]?.values).toEqual([10, null, 12]);
  });

  it("have their lows and highs beside them where there are any", () => {
    const points: readonly Point[] = [{ time: 1, value: 5, low: 4, high: 7 }, { time: 2, value: null }, { time: 3, value: 6 }];
    const [column] = align([{ points, step: false, band: true }], { from: 0, to: 9 }, 100).columns;
    expect(column).toEqual({ values: [5, null, 6], highs: [7, null, 6], lows: [4, null, 6] });
  });

  it("may be none", () => {
    expect(align([line([])], { from: 0, to: 9 }, 100)).toEqual({ times: [], columns: [{ values: [] }] });
  });
});

describe("more points than can be seen", () => {
  const many = (value: (place: number) => number | null, count = 10_000): Track =>
    line(Array.from({ length: count }, (_, place) => [place, value(place)] as const));
  const range = { from: 0, to: 10_000 };

  it("are at most two a pixel, and none of the extremes is lost", () => {
    const peaks = many((place) => (place === 3333 ? 99 : place === 7777 ? -99 : Math.sin(place)));
    const { times, columns } = align([peaks, many(Math.cos)], range, 300);
    expect(times).toHaveLength(600);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    const values = (columns[0]?.values ?? []) as number[];
    expect(Math.max(...values)).toBe(99);
    expect(Math.min(...values)).toBe(-99);
    const at = times[values.indexOf(99)] ?? 0;
    expect(Math.abs(at - 3333)).toBeLessThan(10_000 / 300);
  });

  it("keep the order of low and high within a pixel", () => {
    const { columns } = align([many((place) => place % 1000)], range, 10);
    expect(columns[0]?.values.slice(2, 4)).toEqual([0, 999]);
    const falling = align([many((place) => 1000 - (place % 1000))], range, 10);
    expect(falling.columns[0]?.values.slice(4, 6)).toEqual([1000, 1]);
  });

  it("hold what was last through times in which nothing was told, not what was highest", () => {
    const busy = many((place) => (place === 4998 ? 100 : 1), 5000);
    const other = many(() => 0);
    const values = align([busy, other], range, 100).columns[0]?.values ?? [];
    expect(values.slice(102)).toEqual(Array.from({ length: 98 }, () => 1));
  });

  it("leave a gap where nothing was known for a pixel or more", () => {
    const { columns } = align([many((place) => (place >= 4000 && place < 6000 ? null : 1))], range, 100);
    const values = columns[0]?.values ?? [];
    expect(values.slice(82, 118).every((value) => value === null)).toBe(true);
    expect(values[78]).toBe(1);
    expect(values[122]).toBe(1);
  });

  it("keep the lowest low and the highest high of each pixel", () => {
    const points = Array.from({ length: 1000 }, (_, time) => ({ time, value: 5, low: time === 505 ? 1 : 4, high: time === 507 ? 9 : 6 }));
    const [column] = align([{ points, step: false, band: true }], { from: 0, to: 1000 }, 10).columns;
    expect(column?.lows?.slice(10, 12)).toEqual([1, 1]);
    expect(column?.highs?.slice(10, 12)).toEqual([9, 9]);
    expect(column?.lows?.slice(0, 2)).toEqual([4, 4]);
  });

  it("of a curve are no points where there are none", () => {
    const points = many((place) => place, 1000).points;
    const [column] = align([{ points, step: false, band: true }], { from: 0, to: 2000 }, 20).columns;
    expect(column?.values.slice(22)).toEqual(Array.from({ length: 18 }, () => undefined));
    expect(column?.highs?.at(-1)).toBeUndefined();
  });
});
