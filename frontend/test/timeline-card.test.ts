/** The timeline card shows what a pack did, tells in words what is not there, and opens the evidence. */

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { BoxShown, PackInfo } from "../src/api";
import type { Range } from "../src/chart/points";
import type { ChartSpec } from "../src/chart/spec";
import { HomeBmsBlackBox } from "../src/timeline/black-box";
import { HomeBmsTimelineCard } from "../src/timeline/timeline-card";
import { FakeHass, settled } from "./fake";
import { packInfo, systemInfo, why } from "./sample";

const NOW = Date.UTC(2026, 10, 26, 12) / 1000;
const HOUR = 3600;
const DAY = 24 * HOUR;

const KEYS = ["cell_max", "cell_min", "cell_difference", "current", "ccl", "dcl", "temperature_max", "temperature_min", "soc", "balancing"];
const whole = (): PackInfo =>
  packInfo({ entities: { ...Object.fromEntries(KEYS.map((key) => [key, `sensor.${key}`])), protection: "event.protection" } });

/** In place of the chart: it is told what to draw. */
class Chart extends HTMLElement {
  declare spec: ChartSpec;
  declare range: Range;
}

beforeAll(() => {
  customElements.define("home-bms-chart", Chart);
  customElements.define("home-bms-black-box", HomeBmsBlackBox);
  customElements.define("home-bms-timeline-card", HomeBmsTimelineCard);
});

let home: FakeHass;
let card: HomeBmsTimelineCard;

const event = (ago: number, facts: object): { s: string; lu: number; a: object } => ({ s: new Date((NOW - ago) * 1000).toISOString(), lu: NOW - ago, a: facts });
const TRIP = event(600, { event_type: "cell_overvoltage", protection: "cell_overvoltage", level: "trip", severity: "critical", cause: "cell_overvoltage", cell: 3, sensor: null, value: 3.652, threshold: 3.65 });
const SPREAD = event(590, { protection: "temperature_spread", level: "warn", severity: "warning", cause: "cell_overvoltage", value: 16, threshold: 15 });
const RESET = event(60, { event_type: "reset", protection: "cell_overvoltage", level: "reset", severity: "info", cause: "cell_overvoltage" });

let history: Record<string, readonly { s: string; lu: number; a?: object }[]>;

async function show(config: object = {}, info: PackInfo = whole()): Promise<void> {
  home.answers["home_bms/systems"] = { systems: [systemInfo([info])] };
  card = new HomeBmsTimelineCard();
  card.setConfig({ type: "custom:home-bms-timeline-card", ...config });
  card.hass = home.hass;
  document.body.replaceChildren(card);
  await tell();
}

/** Answer whatever has been asked. */
async function tell(states = history): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await settled(card);
    for (const asked of home.subscriptions.filter(({ ended }) => !ended)) {
      const wanted = asked.message.entity_ids as string[];
      asked.tell({ states: Object.fromEntries(Object.entries(states).filter(([entity]) => wanted.includes(entity))) });
    }
  }
  await settled(card);
}

const plain = (text: string | null | undefined): string => (text ?? "").replace(/[\u202f\u00a0]/g, " ").replace(/\s+/g, " ").trim();
const text = (selector = "ha-card"): string => plain(card.renderRoot.querySelector(selector)?.textContent);
const chart = (): Chart => card.renderRoot.querySelector<Chart>("home-bms-chart") ?? new Chart();
const panes = (): string[] => chart().spec.panes.map(({ key }) => key);
const press = async (name: string): Promise<void> => {
  const button = [...card.renderRoot.querySelectorAll<HTMLElement>(".buttons button")].find(
    (each) => (each.getAttribute("aria-label") ?? plain(each.textContent)) === name,
  );
  expect(button, name).toBeDefined();
  button?.click();
  await tell();
};
const box = (): HomeBmsBlackBox => card.renderRoot.querySelector<HomeBmsBlackBox>("home-bms-black-box") ?? new HomeBmsBlackBox();
const boxText = (selector = "dialog"): string => plain(box().renderRoot.querySelector(selector)?.textContent);
const opened = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await settled(box());
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] });
  home = new FakeHass();
  history = {
    "sensor.cell_max": [{ s: "3.31", lu: NOW - DAY }, { s: "3.32", lu: NOW - 100 }],
    "sensor.dcl": [{ s: "200", lu: NOW - DAY }],
    "sensor.balancing": [{ s: "off", lu: NOW - DAY }],
    "event.protection": [TRIP, SPREAD, RESET],
  };
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the picture", () => {
  it("has a pane for each thing, on the time that the settings say", async () => {
    await show({ hours: 6 });
    expect(panes()).toEqual(["voltage", "difference", "current", "temperature", "charge", "balancing"]);
    expect(chart().range).toEqual({ from: NOW - 6 * HOUR, to: NOW });
    expect(text(".small")).toMatch(/every change$/);
  });

  it("shows the discharge limit below zero, and shades what is permitted", async () => {
    await show();
    const current = chart().spec.panes.find(({ key }) => key === "current");
    expect(current?.between).toEqual(["ccl", "dcl"]);
    expect(current?.lines.find(({ key }) => key === "dcl")?.points[0]?.value).toBe(-200);
  });

  it("holds what was told last until now", async () => {
    await show();
    const [highest] = chart().spec.panes[0]?.lines ?? [];
    expect(highest?.points.at(-1)).toEqual({ time: NOW, value: 3.32 });
  });

  it("leaves out what the settings hide, and asks for none of it", async () => {
    await show({ hide: ["voltage", "difference", "temperature", "charge", "balancing", "events"] });
    await tell({ "sensor.current": [{ s: "5", lu: NOW - 5 }] });
    expect(panes()).toEqual(["current"]);
    expect(home.subscriptions.map(({ message }) => message.entity_ids)).toEqual([["sensor.current", "sensor.ccl", "sensor.dcl"]]);
    expect(card.renderRoot.querySelector(".events")).toBeNull();
  });

  it("says which line has no entity", async () => {
    const info = whole();
    const { cell_max, soc, protection } = info.entities;
    await show({}, packInfo({ entities: { cell_max, soc, protection } as Record<string, string> }));
    expect(panes()).toEqual(["voltage", "charge"]);
    expect(text()).toContain("Not drawn, as the entity is missing or disabled: Cell voltage, lowest; Cell difference, highest less lowest; Current, flowing;");
    home = new FakeHass();
    await show({}, packInfo({ entities: { cell_max } as Record<string, string> }));
    expect(text()).toContain("Events.");
  });

  it("is in the user's unit of temperature", async () => {
    home = new FakeHass({ config: { time_zone: "UTC", unit_system: { temperature: "°F" }, version: "2026.10.4" } });
    home.states["sensor.temperature_max"] = { entity_id: "", state: "", last_changed: "", attributes: { unit_of_measurement: "°C" } };
    history["sensor.temperature_max"] = [{ s: "20", lu: NOW - 10 }];
    await show();
    const pane = chart().spec.panes.find(({ key }) => key === "temperature");
    expect(pane?.unit).toBe("°F");
    expect(pane?.lines[0]?.points[0]?.value).toBe(68);
  });

  it("has bands beside the means of statistics", async () => {
    home.answers["recorder/statistics_during_period"] = { "sensor.cell_difference": [{ start: (NOW - 2 * HOUR) * 1000, end: (NOW - HOUR) * 1000, mean: 0.012, min: 0.01, max: 0.02 }] };
    await show({ hours: 168 });
    const line = chart().spec.panes[1]?.lines[0];
    expect(line).toMatchObject({ band: true, step: false });
    expect(line?.points).toEqual([{ time: NOW - 1.5 * HOUR, value: 12, low: 10, high: 20 }]);
    expect(text(".small")).toContain("statistics of 5 minutes");
  });
});

describe("without anything to draw", () => {
  it("waits in words, then says that nothing was kept", async () => {
    home.answers["home_bms/systems"] = { systems: [systemInfo([whole()])] };
    home.answers["recorder/statistics_during_period"] = {};
    history = {};
    card = new HomeBmsTimelineCard();
    card.setConfig({ type: "custom:home-bms-timeline-card" });
    card.hass = home.hass;
    document.body.replaceChildren(card);
    await settled(card);
    expect(text(".note")).toBe("Asking Home Assistant's memory");
    await tell();
    expect(text(".note")).toBe("Home Assistant has kept nothing of this time.");
    expect(text(".events")).toContain("Nothing happened in this time.");
  });

  it("says why it is told nothing, and asks again when asked to", async () => {
    home.refused["history/stream"] = "history is not loaded";
    await show();
    expect(text("[role=alert]")).toContain("history is not loaded");
    delete home.refused["history/stream"];
    card.renderRoot.querySelector<HTMLElement>("[role=alert] button")?.click();
    await tell();
    expect(panes()).toContain("voltage");
  });

  it("says that no pack is set up", async () => {
    home.answers["home_bms/systems"] = { systems: [] };
    card = new HomeBmsTimelineCard();
    card.setConfig({ type: "custom:home-bms-timeline-card" });
    card.hass = home.hass;
    document.body.replaceChildren(card);
    await settled(card);
    expect(text()).toBe("No battery pack is set up yet.");
  });
});

describe("time", () => {
  it("is chosen by buttons, and the chosen one is marked", async () => {
    await show();
    await press("1 h");
    expect(chart().range).toEqual({ from: NOW - HOUR, to: NOW });
    expect(plain(card.renderRoot.querySelector("[aria-pressed=true]")?.textContent)).toBe("1 h");
    await press("Earlier");
    expect(chart().range).toEqual({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
    expect(card.renderRoot.querySelector("[aria-pressed=true]")).toBeNull();
    await press("Later");
    await press("Later");
    expect(chart().range.to).toBe(NOW);
    await press("Zoom in");
    expect(chart().range).toEqual({ from: NOW - HOUR / 2, to: NOW });
    await press("Zoom out");
    expect(chart().range).toEqual({ from: NOW - HOUR, to: NOW });
  });

  it("reaches back to the first that is known", async () => {
    const rows = { "sensor.soc": [{ start: (NOW - 200 * DAY) * 1000, end: (NOW - 199 * DAY) * 1000, mean: 50 }] };
    home.answers["recorder/statistics_during_period"] = rows;
    await show();
    await press("All");
    expect(chart().range.from).toBe(NOW - 200 * DAY);
    expect(text(".events")).toContain("ten days");
    home.answers["recorder/statistics_during_period"] = ({ period }: { period: string }) => (period === "month" ? {} : rows);
    await press("All");
    expect(chart().range.from).toBe(NOW - 365 * DAY);
  });

  it("follows the chart, never ends after now, and goes back to the beginning", async () => {
    await show();
    const ask = async (detail: Range | null): Promise<void> => {
      chart().dispatchEvent(new CustomEvent("home-bms-range", { detail }));
      await tell();
    };
    await ask({ from: NOW - 2 * HOUR, to: NOW - HOUR });
    expect(chart().range).toEqual({ from: NOW - 2 * HOUR, to: NOW - HOUR });
    await ask({ from: NOW - HOUR, to: NOW + HOUR });
    expect(chart().range.to).toBe(NOW);
    await ask(null);
    expect(chart().range).toEqual({ from: NOW - DAY, to: NOW });
  });

  it("goes on while the end is now, without asking again", async () => {
    await show({ hours: 1 });
    const asked = home.subscriptions.length;
    vi.setSystemTime((NOW + 30) * 1000);
    home.tell("history/stream", { states: { "sensor.cell_max": [{ s: "3.4", lu: NOW + 30 }] } });
    await settled(card);
    expect(chart().range.to).toBe(NOW + 30);
    expect(chart().spec.panes[0]?.lines[0]?.points.at(-1)?.value).toBe(3.4);
    // A moment later nothing could be seen of it.
    const { spec } = chart();
    home.tell("history/stream", { states: { "sensor.cell_max": [{ s: "3.5", lu: NOW + 30.5 }] } });
    await settled(card);
    expect(chart().spec).toBe(spec);
    expect(home.subscriptions).toHaveLength(asked);
  });

  it("stands while it is looked back", async () => {
    await show({ hours: 1 });
    await press("Earlier");
    const { range } = chart();
    vi.setSystemTime((NOW + 600) * 1000);
    home.tell("history/stream", { states: { "sensor.cell_max": [{ s: "3.4", lu: NOW + 600 }] } });
    await settled(card);
    expect(chart().range).toEqual(range);
  });

  it("is not drawn anew for what else happens in the house", async () => {
    await show();
    const { spec } = chart();
    card.hass = { ...home.hass, states: {} };
    await settled(card);
    expect(chart().spec).toBe(spec);
    card.hass = { ...home.hass, themes: { darkMode: true } };
    await settled(card);
    expect(chart().spec).not.toBe(spec);
  });
});

describe("events", () => {
  const listed = (): string[] => [...card.renderRoot.querySelectorAll(".events button")].map((button) => plain(button.textContent));

  it("are told in words, the newest first, each with its shape in the chart", async () => {
    await show();
    expect(listed()).toEqual([
      expect.stringMatching(/Cell over-voltage · Reset$/),
      expect.stringMatching(/Temperatures too far apart · Warning · 16\.0 K, from 15\.0 K on · because of: Cell over-voltage$/),
      expect.stringMatching(/Cell over-voltage · Tripped · cell 3: 3\.652 V, from 3\.650 V on$/),
    ]);
    expect(chart().spec.marks.map(({ severity }) => severity)).toEqual(["info", "warning", "critical"]);
    expect([...card.renderRoot.querySelectorAll(".events .shape")].map(({ classList }) => [...classList].join())).toEqual(["shape,info", "shape,warning", "shape,critical"]);
  });

  it("are listed as far as a person reads", async () => {
    history["event.protection"] = Array.from({ length: 45 }, (_, place) => event(100 + place, { protection: "loop_late", level: "warn", severity: "unheard of", value: 3, threshold: 2 }));
    await show();
    expect(listed()).toHaveLength(30);
    expect(text(".events")).toContain("and 15 earlier ones");
    expect(listed()[0]).toContain("3.0 s, from 2.0 s on");
  });
});

describe("the black box", () => {
  const shown = (change: Partial<BoxShown> = {}): BoxShown => ({
    name: "a",
    time: NOW - 600,
    acting: true,
    triggers: [{ time: NOW - 600, key: "cell_overvoltage", level: "trip", flow: "both", why: why("cell_overvoltage", { cell: 2, value: 3.652, threshold: 3.65, unit: "V" }) }],
    deeds: [
      { time: NOW - 599.6, what: "charge_switch", key: null, before: "closed", after: "open" },
      { time: NOW - 600, what: "charge_limit", key: null, before: "60.0", after: "0.0" },
      { time: NOW - 600, what: "alarm", key: "cell_overvoltage", before: "ok", after: "trip" },
      { time: NOW - 600, what: "mode", key: null, before: "charging", after: "tripped" },
      { time: NOW - 600, what: "new_deed", key: null, before: "a", after: "b" },
    ],
    times: [NOW - 601, NOW - 600, NOW - 599.5],
    voltages: [
      [3.4, 3.41, 3.4],
      [3.6, 3.652, null],
    ],
    temperatures: [[20, 21, 22]],
    current: [60, 60, 0],
    charge_limit: [60, 0, 0],
    discharge_limit: [200, 0, 0],
    ...change,
  });
  const file = (name: string, ago: number): object => ({ name, time: NOW - ago, cause: "cell_overvoltage", level: "trip", size: 9, url: `/api/${name}` });

  beforeEach(() => {
    home.answers["home_bms/black_boxes"] = { files: [file("newest", 10), file("a", 600), file("old", 5 * DAY)] };
    home.answers["home_bms/black_box"] = shown();
    home.answers["auth/sign_path"] = ({ path }: { path: string }) => ({ path: `${path}?signed` });
  });

  const open = async (place: number): Promise<void> => {
    card.renderRoot.querySelectorAll<HTMLElement>(".events button")[place]?.click();
    await opened();
  };
  const asked = (type: string): unknown[] => home.calls.filter((call) => call.type === type);

  it("nearest to an event is opened from its words, or from its mark", async () => {
    await show();
    await open(2);
    expect(box().renderRoot.querySelector("dialog")?.open).toBe(true);
    expect(asked("home_bms/black_box")).toEqual([{ type: "home_bms/black_box", device_id: "pack-1", name: "a" }]);
    chart().dispatchEvent(new CustomEvent("home-bms-mark", { detail: { time: NOW - 20 } }));
    await opened();
    expect(asked("home_bms/black_box").at(-1)).toMatchObject({ name: "newest" });
  });

  it("tells why, and what was done when, each with its time to the trip", async () => {
    await show();
    await open(2);
    const told = [...box().renderRoot.querySelectorAll(".told li")].map((each) => plain(each.textContent));
    expect(told).toEqual([
      expect.stringMatching(/11:50:00\.0 AM \(0\.0 s\) Cell over-voltage · Tripped \(cell 2: 3\.652 V, from 3\.650 V on\)$/),
      expect.stringMatching(/11:50:00\.4 AM \(\+0\.4 s\) Charge switch: Closed → Open$/),
      expect.stringMatching(/Charge limit: 60\.0 A → 0\.0 A$/),
      expect.stringMatching(/Cell over-voltage: None → Tripped$/),
      expect.stringMatching(/Mode: Charging → Tripped$/),
      expect.stringMatching(/new deed: a → b$/),
    ]);
  });

  it("draws the culprit above the others, its threshold, and the limits", async () => {
    await show();
    await open(2);
    const drawn = box().renderRoot.querySelector<Chart>("home-bms-chart");
    const [voltage, current, temperature] = drawn?.spec.panes ?? [];
    expect(voltage?.lines.at(-1)).toMatchObject({ name: "Cell 2", width: 3, unnamed: false });
    expect(voltage?.lines.at(-1)?.points.map(({ time, value }) => [time, value])).toEqual([[-1, 3.6], [0, 3.652], [0.5, null]]);
    expect(voltage?.levels?.map(({ value }) => value)).toEqual([3.65]);
    expect(current?.lines.map(({ points }) => points[0]?.value)).toEqual([60, 60, -200]);
    expect(temperature?.levels).toEqual([]);
    expect(drawn?.spec.relative).toBe(true);
    expect(drawn?.spec.marks.map(({ severity }) => severity)).toEqual(["critical"]);
  });

  it("is zoomed within itself", async () => {
    await show();
    await open(2);
    const drawn = (): Chart | null => box().renderRoot.querySelector<Chart>("home-bms-chart");
    for (const [detail, range] of [
      [{ from: -1, to: -0.9 }, { from: -1, to: 0.5 }],
      [{ from: -100, to: 100 }, { from: -1, to: 0.5 }],
      [null, { from: -1, to: 0.5 }],
    ] as const) {
      drawn()?.dispatchEvent(new CustomEvent("home-bms-range", { detail }));
      await settled(box());
      expect(drawn()?.range).toEqual(range);
    }
  });

  it("is a table too, once somebody wants it", async () => {
    await show();
    await open(2);
    expect(box().renderRoot.querySelector("table")).toBeNull();
    const details = box().renderRoot.querySelector("details");
    if (details) details.open = true;
    details?.dispatchEvent(new Event("toggle"));
    await settled(box());
    expect([...box().renderRoot.querySelectorAll("tbody tr")].map((row) => [...row.children].map((each) => plain(each.textContent)))).toEqual([
      ["11:49:59.0 AM (−1.0 s)", "3.400 V", "3.600 V", "60.0 A", "60.0 A", "200.0 A", "20.0 °C"],
      ["11:50:00.0 AM (0.0 s)", "3.410 V", "3.652 V", "60.0 A", "0.0 A", "0.0 A", "21.0 °C"],
      ["11:50:00.5 AM (+0.5 s)", "3.400 V", "3.400 V", "0.0 A", "0.0 A", "0.0 A", "22.0 °C"],
    ]);
  });

  it("can be fetched as a file by a signed address", async () => {
    await show();
    await open(2);
    const link = box().renderRoot.querySelector("a");
    expect(link?.getAttribute("href")).toBe("/api/a?signed");
    expect(link?.hasAttribute("download")).toBe(true);
    home.answers["auth/sign_path"] = undefined;
    await open(2);
    expect(box().renderRoot.querySelector("a")).toBeNull();
    expect(boxText()).toContain("Charge switch");
  });

  it("can be another", async () => {
    await show();
    await open(2);
    const select = box().renderRoot.querySelector("select");
    expect(select?.querySelectorAll("option")).toHaveLength(3);
    if (select) select.value = "old";
    select?.dispatchEvent(new Event("change"));
    await opened();
    expect(asked("home_bms/black_box").at(-1)).toMatchObject({ name: "old" });
  });

  it("says where control was not allowed, and what it does not know", async () => {
    home.answers["home_bms/black_box"] = shown({ acting: false, deeds: [], triggers: [], temperatures: [] });
    await show();
    await open(2);
    expect(boxText()).toContain("what Home BMS would have done");
    expect(boxText()).toContain("Nothing was changed.");
    expect(box().renderRoot.querySelector<Chart>("home-bms-chart")?.spec.panes.map(({ key }) => key)).toEqual(["voltage", "current"]);
  });

  it("in °F has a threshold in °F", async () => {
    home = new FakeHass({ config: { time_zone: "UTC", unit_system: { temperature: "°F" }, version: "2026.10.4" } });
    home.answers["home_bms/black_boxes"] = { files: [file("a", 600)] };
    home.answers["home_bms/black_box"] = shown({
      triggers: [{ time: NOW - 600, key: "charge_overtemperature", level: "protect", flow: "charge", why: why("charge_overtemperature", { sensor: 1, value: 56, threshold: 55, unit: "°C" }) }],
    });
    await show();
    await open(2);
    const pane = box().renderRoot.querySelector<Chart>("home-bms-chart")?.spec.panes[2];
    expect(pane?.levels?.[0]?.value).toBe(131);
    expect(pane?.lines[0]?.points[0]?.value).toBe(68);
  });

  it("of another time is not passed off as this event's", async () => {
    home.answers["home_bms/black_boxes"] = { files: [file("old", 5 * DAY)] };
    await show();
    await open(2);
    expect(boxText(".said")).toContain("No black box was kept of this event");
    expect(boxText()).toContain("Charge switch");
  });

  it("that is not there is said so, and why one is refused too", async () => {
    home.answers["home_bms/black_boxes"] = { files: [] };
    await show();
    await open(2);
    expect(boxText()).toContain("No black box was kept yet");
    home.answers["home_bms/black_boxes"] = undefined;
    await open(2);
    expect(boxText(".said")).toContain("no answer to home_bms/black_boxes");
    home.answers["home_bms/black_boxes"] = { files: [file("a", 600)] };
    home.answers["home_bms/black_box"] = undefined;
    await open(2);
    expect(boxText(".said")).toContain("no answer to home_bms/black_box");
  });

  it("is for administrators, and others are told so without asking", async () => {
    home = new FakeHass({ user: { is_admin: false } });
    await show();
    await open(2);
    expect(boxText()).toContain("administrators only");
    expect(asked("home_bms/black_boxes")).toEqual([]);
  });

  it("closes, and leaves nothing drawn", async () => {
    await show();
    await open(2);
    box().renderRoot.querySelector<HTMLElement>(".top button")?.click();
    box().renderRoot.querySelector("dialog")?.dispatchEvent(new Event("close"));
    await settled(box());
    expect(box().renderRoot.querySelector("dialog")?.open).toBe(false);
    expect(box().renderRoot.querySelector("home-bms-chart")).toBeNull();
  });
});

describe("when it goes", () => {
  it("ends every subscription, and begins anew when it comes back", async () => {
    await show();
    expect(home.subscriptions.filter(({ ended }) => !ended)).toHaveLength(3);
    card.remove();
    await settled(card);
    expect(home.subscriptions.filter(({ ended }) => !ended)).toEqual([]);
    document.body.append(card);
    await tell();
    expect(home.subscriptions.filter(({ ended }) => !ended)).toHaveLength(3);
    expect(panes()).toContain("voltage");
  });
});
