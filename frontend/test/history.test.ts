/** Home Assistant's memory is asked as finely as suits, read as it is told, and kept without growing for ever. */

import { describe, expect, it } from "vitest";

import { converter, earliest, fromState, fromStatistics, statistics, stream } from "../src/timeline/history";
import { Memory } from "../src/timeline/memory";
import { resolutions } from "../src/timeline/resolution";
import { FakeHass } from "./fake";

const HOUR = 3600;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 12) / 1000;
const same = (value: number): number => value;

describe("the resolution", () => {
  it.each([
    [HOUR, 0, ["raw", "5minute", "hour", "day"]],
    [DAY, 0, ["raw", "5minute", "hour", "day"]],
    [7 * DAY, 0, ["5minute", "hour", "day"]],
    [10 * DAY, 0, ["5minute", "hour", "day"]],
    [30 * DAY, 0, ["hour", "day"]],
    [365 * DAY, 0, ["day"]],
    // What is longer ago is not kept as finely.
    [HOUR, 60 * DAY, ["hour", "day"]],
    [7 * DAY, 5 * DAY, ["hour", "day"]],
  ])("of %d s that ended %d s ago", (length, ago, expected) => {
    expect(resolutions({ from: NOW - ago - length, to: NOW - ago }, NOW)).toEqual(expected);
  });
});

describe("the questions", () => {
  it("ask for every change, small, and for attributes only where they are wanted", () => {
    expect(stream(["sensor.a"], { from: NOW, to: null })).toEqual({
      type: "history/stream",
      entity_ids: ["sensor.a"],
      start_time: "2026-11-26T12:00:00.000Z",
      significant_changes_only: false,
      minimal_response: true,
      no_attributes: true,
    });
    expect(stream(["event.a"], { from: NOW - HOUR, to: NOW }, true)).toMatchObject({
      end_time: "2026-11-26T12:00:00.000Z",
      minimal_response: false,
      no_attributes: false,
    });
  });

  it("ask for statistics in the units that are drawn", async () => {
    const home = new FakeHass();
    home.answers["recorder/statistics_during_period"] = {};
    await statistics(home.hass, ["sensor.a"], { from: NOW - HOUR, to: NOW }, "5minute");
    expect(home.calls[0]).toMatchObject({
      statistic_ids: ["sensor.a"],
      period: "5minute",
      types: ["mean", "min", "max"],
      units: { voltage: "V", electric_current: "A", temperature: "°C" },
    });
  });

  it("find out since when anything is known", async () => {
    const home = new FakeHass();
    const months = { a: [{ start: 5000, end: 6000 }], b: [{ start: 2000, end: 3000 }], c: [] };
    home.answers["recorder/statistics_during_period"] = ({ period }: { period: string }) => (period === "month" ? months : { b: [{ start: 2500, end: 3000 }] });
    expect(await earliest(home.hass, ["a", "b"])).toBe(2.5);
    expect(home.calls[1]).toMatchObject({ period: "day", start_time: "1970-01-01T00:00:02.000Z", end_time: "1970-02-01T00:00:02.000Z" });
    home.answers["recorder/statistics_during_period"] = ({ period }: { period: string }) => (period === "month" ? months : {});
    expect(await earliest(home.hass, ["a", "b"])).toBe(2);
    home.answers["recorder/statistics_during_period"] = {};
    expect(await earliest(home.hass, ["a"])).toBeUndefined();
  });
});

describe("the answers", () => {
  it.each([
    ["3.3", 3.3],
    ["-0", -0],
    ["on", 1],
    ["off", 0],
    ["unavailable", null],
    ["unknown", null],
    ["", null],
  ])("of the state %s are %s", (s, value) => {
    expect(fromState({ s, lu: 7 }, same)).toEqual({ time: 7, value });
  });

  it.each([
    ["mV", "°C", 5, 0.005],
    ["V", "°C", 5, 5],
    [undefined, "°C", 5, 5],
    ["°F", "°C", 212, 100],
    ["°C", "°F", 100, 212],
    ["°F", "°F", 50, 50],
  ])("in %s (temperatures in %s) are brought to one unit", (unit, degree, value, expected) => {
    expect(converter(unit, degree)(value)).toBeCloseTo(expected);
  });

  it("of statistics stand in the middle of their time, and a missing one is a gap", () => {
    const rows = [
      { start: 0, end: 300_000, mean: 5, min: 4, max: 6 },
      { start: 600_000, end: 900_000, mean: null },
    ];
    expect(fromStatistics(rows, 1000, same)).toEqual([
      { time: 150, value: 5, low: 4, high: 6 },
      { time: 300, value: null },
      { time: 750, value: null, low: null, high: null },
    ]);
  });

  it("of what is turned round have their lows below", () => {
    const [point] = fromStatistics([{ start: 0, end: 10_000, mean: 5, min: 4, max: 6 }], 1000, (value) => -value);
    expect(point).toEqual({ time: 5, value: -5, low: -6, high: -4 });
  });

  it("of a day that is not over end now", () => {
    const [point] = fromStatistics([{ start: 0, end: DAY * 1000, mean: 5 }], 1000, same);
    expect(point?.time).toBe(500);
  });
});

describe("memory", () => {
  it("puts what comes where it belongs, once", () => {
    const memory = new Memory();
    for (const [time, value] of [[1, 10], [5, 20], [3, 15], [5, 20], [7, 20]] as const) memory.add({ time, value });
    expect(memory.points).toEqual([
      { time: 1, value: 10 },
      { time: 3, value: 15 },
      { time: 5, value: 20 },
    ]);
  });

  it("is not changed by being told all again after a lost connection", () => {
    const memory = new Memory();
    const told = [[1, 10], [3, null], [5, 20]] as const;
    for (const [time, value] of [...told, ...told]) memory.add({ time, value });
    expect(memory.points.map(({ value }) => value)).toEqual([10, null, 20]);
  });

  it("forgets what has left the picture, but not what still holds at its edge", () => {
    const memory = new Memory([{ time: 1, value: 1 }, { time: 2, value: 2 }, { time: 9, value: 3 }]);
    memory.forget(5);
    expect(memory.points.map(({ time }) => time)).toEqual([2, 9]);
    memory.forget(50);
    expect(memory.points).toHaveLength(1);
    new Memory().forget(5);
  });

  it("gathers to statistics what comes after statistics, by how long each value held", () => {
    const memory = new Memory([{ time: 150, value: 5, low: 4, high: 6 }], 300, 300);
    memory.add({ time: 200, value: 99 });
    expect(memory.points).toHaveLength(1);
    for (const [time, value] of [[300, 0], [390, 100], [400, 100]] as const) memory.add({ time, value });
    // 0 held for 90 s of 100.
    expect(memory.points.slice(1)).toEqual([{ time: 350, value: 10, low: 0, high: 100 }]);
    memory.add({ time: 650, value: 2 });
    expect(memory.points.slice(2)).toEqual([{ time: 650, value: 2, low: 2, high: 2 }]);
  });

  it("has a gap where nothing was known while it gathered", () => {
    const memory = new Memory([], 300);
    for (const [time, value] of [[10, 1], [20, null], [30, null], [40, 3]] as const) memory.add({ time, value });
    expect(memory.points.map(({ time, value }) => [time, value])).toEqual([[15, 1], [20, null], [40, 3]]);
  });

  it("does not grow by every value over a day", () => {
    const memory = new Memory([], HOUR, 0);
    for (let time = 0; time < DAY; time += 10) memory.add({ time, value: Math.sin(time) });
    expect(memory.points.length).toBeLessThan(30);
  });
});
