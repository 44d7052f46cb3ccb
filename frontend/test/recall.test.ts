/** A card has what it shows at hand: asked for once, growing by itself, and given up when it goes. */

import { beforeEach, describe, expect, it } from "vitest";

import { Recall, type Wish } from "../src/timeline/recall";
import { FakeHass } from "./fake";

const NOW = 1_764_158_400;
const HOUR = 3600;
const DAY = 24 * HOUR;

let home: FakeHass;
let recall: Recall;
let told: boolean[];
let now: number;

const wish = (length: number, change: Partial<Wish> = {}): Wish => ({
  measured: new Map([["sensor.current", 1], ["sensor.dcl", -1]]),
  switched: ["binary_sensor.balancing"],
  events: "event.protection",
  from: NOW - length,
  to: null,
  ...change,
});

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Answer every subscription that waits with these states. */
async function answer(states: Record<string, readonly { s: string; lu: number; a?: object }[]> = {}): Promise<void> {
  await turns();
  for (const asked of home.subscriptions.filter(({ ended }) => !ended)) {
    const wanted = asked.message.entity_ids as string[];
    asked.tell({ states: Object.fromEntries(Object.entries(states).filter(([entity]) => wanted.includes(entity))) });
  }
  await turns();
}

const open = (): string[] => home.subscriptions.filter(({ ended }) => !ended).map(({ message }) => (message.entity_ids as string[]).join());
const values = (entity: string): (number | null)[] | undefined => recall.recalled?.tracks.get(entity)?.points.map(({ value }) => value);

beforeEach(() => {
  home = new FakeHass();
  told = [];
  now = NOW;
  recall = new Recall(
    () => home.hass,
    (event) => told.push(event),
    () => now,
  );
});

describe("what happened lately", () => {
  it("is told as it was, then as it comes", async () => {
    home.states["sensor.current"] = { entity_id: "sensor.current", state: "1", last_changed: "", attributes: { unit_of_measurement: "mA" } };
    recall.want(wish(HOUR));
    expect(recall.busy).toBe(true);
    await answer({ "sensor.current": [{ s: "1500", lu: NOW - HOUR }], "sensor.dcl": [{ s: "200", lu: NOW - 10 }], "binary_sensor.balancing": [{ s: "on", lu: NOW - 9 }] });
    expect(recall.busy).toBe(false);
    expect(recall.recalled?.resolution).toBe("raw");
    expect(values("sensor.current")).toEqual([1.5]);
    expect(values("sensor.dcl")).toEqual([-200]);
    expect(values("binary_sensor.balancing")).toEqual([1]);
    home.tell("history/stream", { states: { "sensor.current": [{ s: "unavailable", lu: NOW + 1 }] } });
    expect(values("sensor.current")).toEqual([1.5, null]);
    expect(told.at(-1)).toBe(false);
    expect(home.calls).toEqual([]);
  });

  it("has each event once, however often it is told, and two of one moment as two", async () => {
    const s = new Date((NOW - 60) * 1000).toISOString();
    const trip = { s, lu: NOW - 60, a: { protection: "cell_overvoltage", level: "trip" } };
    recall.want(wish(HOUR));
    await answer({ "sensor.current": [{ s: "1", lu: NOW }], "event.protection": [trip, { s: "unavailable", lu: NOW - 50 }, { ...trip, lu: NOW - 40 }] });
    expect(recall.recalled?.events.size).toBe(1);
    told.length = 0;
    home.tell("history/stream", { states: { "event.protection": [{ ...trip, a: { protection: "temperature_spread", level: "warn" } }] } });
    expect(recall.recalled?.events.size).toBe(2);
    expect(told).toContain(true);
  });

  it("is not asked for again while it is at hand", async () => {
    recall.want(wish(DAY));
    await answer({ "sensor.current": [{ s: "1", lu: NOW - 10 }] });
    const { length } = home.subscriptions;
    recall.want(wish(HOUR));
    recall.want(wish(6 * HOUR, { to: NOW - HOUR }));
    await turns();
    expect(home.subscriptions).toHaveLength(length);
    recall.want(wish(25 * HOUR));
    await turns();
    expect(home.subscriptions.length).toBeGreaterThan(length);
  });

  it("goes at one end as it grows at the other, and is asked for again by who looks back so far", async () => {
    recall.want(wish(DAY));
    const s = new Date((NOW - 20 * HOUR) * 1000).toISOString();
    await answer({
      "sensor.current": [{ s: "1", lu: NOW - DAY }, { s: "2", lu: NOW - 20 * HOUR }, { s: "3", lu: NOW }],
      "event.protection": [{ s, lu: NOW - 20 * HOUR, a: {} }],
    });
    const grow = (later: number): void => {
      now = NOW + later;
      home.tell("history/stream", { states: { "sensor.current": [{ s: "4", lu: NOW + later }] } });
    };
    grow(5 * HOUR);
    expect(values("sensor.current")).toEqual([1, 2, 3, 4]);
    grow(7 * HOUR);
    expect(values("sensor.current")).toEqual([2, 3, 4]);
    expect(recall.recalled?.events.size).toBe(0);
    const { length } = home.subscriptions;
    recall.want(wish(DAY - 7 * HOUR));
    await turns();
    expect(home.subscriptions).toHaveLength(length);
    recall.want(wish(DAY, { to: NOW }));
    await turns();
    expect(home.subscriptions.length).toBeGreaterThan(length);
  });
});

describe("what is longer ago", () => {
  const rows = {
    "sensor.current": [
      { start: (NOW - 7 * DAY) * 1000, end: (NOW - 7 * DAY + 300) * 1000, mean: 3 },
      { start: (NOW - 900) * 1000, end: (NOW - 600) * 1000, mean: 4, min: 1, max: 9 },
    ],
  };

  it("is statistics, and what they do not hold yet comes after them", async () => {
    home.answers["recorder/statistics_during_period"] = rows;
    recall.want(wish(7 * DAY));
    await answer({ "sensor.current": [{ s: "70", lu: NOW - 700 }, { s: "8", lu: NOW - 500 }] });
    expect(recall.recalled?.resolution).toBe("5minute");
    expect(recall.recalled?.tracks.get("sensor.current")?.points.slice(-2)).toEqual([
      { time: NOW - 750, value: 4, low: 1, high: 9 },
      { time: NOW - 500, value: 8, low: 8, high: 8 },
    ]);
    expect(home.subscriptions[0]?.message.start_time).toBe(new Date((NOW - 2 * HOUR) * 1000).toISOString());
    // Of what is on or off there are no statistics.
    expect(home.subscriptions[1]?.message.start_time).toBe(new Date((NOW - 7 * DAY) * 1000).toISOString());
  });

  it("has nothing to come where it has an end", async () => {
    home.answers["recorder/statistics_during_period"] = rows;
    recall.want(wish(7 * DAY, { to: NOW - DAY }));
    await answer();
    expect(open()).toEqual(["binary_sensor.balancing", "event.protection"]);
  });

  it("is looked for more coarsely where nothing is kept so finely", async () => {
    home.answers["recorder/statistics_during_period"] = ({ period }: { period: string }) => (period === "hour" ? rows : {});
    recall.want(wish(HOUR));
    for (let look = 0; look < 4; look++) await answer();
    expect(recall.recalled?.resolution).toBe("hour");
    expect(home.calls.map(({ period }) => period)).toEqual(["5minute", "hour"]);
    expect(open()).toHaveLength(3);
    // It is known by then: it is not looked for again.
    recall.want(wish(HOUR));
    await turns();
    expect(home.calls).toHaveLength(2);
  });

  it("is looked for more coarsely where that reaches back much further, and only there", async () => {
    const since = (ago: number): object => ({ "sensor.current": [{ start: (NOW - ago) * 1000, end: (NOW - ago + 300) * 1000, mean: 4 }] });
    home.answers["recorder/statistics_during_period"] = ({ period }: { period: string }) => since(period === "5minute" ? DAY : 6 * DAY);
    recall.want(wish(7 * DAY));
    for (let look = 0; look < 4; look++) await answer();
    expect(recall.recalled?.resolution).toBe("hour");
    expect(home.calls.map(({ period }) => period)).toEqual(["5minute", "hour"]);
    home.answers["recorder/statistics_during_period"] = since(DAY);
    recall.want(wish(8 * DAY));
    for (let look = 0; look < 4; look++) await answer();
    expect(recall.recalled?.resolution).toBe("5minute");
    expect(open()).toHaveLength(3);
  });

  it("is what there is finely where it cannot be told more coarsely", async () => {
    recall.want(wish(DAY));
    for (let look = 0; look < 3; look++) await answer({ "sensor.current": [{ s: "1", lu: NOW - 60 }] });
    expect(home.calls).toHaveLength(1);
    expect(recall.recalled?.resolution).toBe("raw");
    recall.want(wish(25 * HOUR));
    for (let look = 0; look < 3; look++) await answer();
    expect(recall.refusal?.message).toContain("no answer to recorder/statistics_during_period");
  });
});

describe("in haste", () => {
  it("only the newest of several wishes is fulfilled after the one under way", async () => {
    recall.want(wish(HOUR));
    recall.want(wish(2 * HOUR));
    recall.want(wish(3 * HOUR));
    await answer({ "sensor.current": [{ s: "1", lu: NOW }] });
    expect(recall.recalled?.wish.from).toBe(NOW - HOUR);
    expect(recall.busy).toBe(true);
    await answer({ "sensor.current": [{ s: "1", lu: NOW }] });
    expect(recall.recalled?.wish.from).toBe(NOW - 3 * HOUR);
    expect(home.subscriptions).toHaveLength(6);
    expect(open()).toHaveLength(3);
  });

  it("nothing stays subscribed when it ends, not even what was under way", async () => {
    recall.want(wish(HOUR));
    await answer({ "sensor.current": [{ s: "1", lu: NOW }] });
    recall.want(wish(2 * HOUR));
    await turns();
    recall.end();
    expect(recall.recalled).toBeUndefined();
    await answer();
    expect(open()).toEqual([]);
    expect(recall.recalled).toBeUndefined();
  });
});

describe("without an answer", () => {
  it("the reason is told, and asked again only when it is wished again", async () => {
    home.refused["history/stream"] = "history is not loaded";
    recall.want(wish(HOUR));
    await turns();
    expect(recall.refusal?.message).toBe("history is not loaded");
    expect(recall.busy).toBe(false);
    delete home.refused["history/stream"];
    recall.want(wish(HOUR));
    await answer({ "sensor.current": [{ s: "1", lu: NOW }] });
    expect(recall.refusal).toBeUndefined();
    expect(values("sensor.current")).toEqual([1]);
  });

  it("a refusal that comes after the end is nobody's", async () => {
    home.refused["history/stream"] = "no";
    recall.want(wish(HOUR));
    recall.end();
    await turns();
    expect(recall.refusal).toBeUndefined();
  });
});
