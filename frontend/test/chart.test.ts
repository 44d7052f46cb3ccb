/** The chart hands its lines to uPlot, reads them out, and asks for other times by mouse, finger and key. */

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type uPlot from "uplot";

import { HomeBmsChart } from "../src/chart/chart";
import type { Point, Range } from "../src/chart/points";
import type { ChartSpec, Pane } from "../src/chart/spec";
import { FakeHass, settled } from "./fake";
import { FakePlot } from "./plot";

vi.mock("uplot", async () => ({ default: (await import("./plot")).FakePlot }));

let resized: ((width: number) => void) | undefined;
let observed: number;

beforeAll(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(callback: (entries: { contentRect: { width: number } }[]) => void) {
        resized = (width) => callback([{ contentRect: { width } }]);
      }
      observe(): void {
        observed++;
      }
      disconnect(): void {
        observed--;
      }
    },
  );
  customElements.define("home-bms-chart", HomeBmsChart);
});

const points: readonly Point[] = [
  { time: 0, value: 3.3 },
  { time: 50, value: 3.4 },
  { time: 80, value: null },
];

const pane = (change: Partial<Pane> = {}): Pane => ({
  key: "voltage",
  name: "Cell voltage",
  unit: "V",
  digits: 3,
  least: 0.02,
  lines: [{ key: "high", name: "highest", points, colour: "discharge", step: true }],
  ...change,
});

const flags = pane({
  key: "balancing",
  name: "Balancing",
  flags: ["off", "on"],
  lines: [{ key: "b", name: "cells", points: [{ time: 0, value: 0 }, { time: 40, value: 1 }], colour: "charge", step: true }],
});

let chart: HomeBmsChart;
let asked: (Range | null)[];
const home = new FakeHass();

async function show(spec: ChartSpec = { panes: [pane(), flags], marks: [] }, range: Range = { from: 0, to: 100 }): Promise<void> {
  chart = new HomeBmsChart();
  Object.assign(chart, { hass: home.hass, spec, range, label: "What was" });
  chart.addEventListener("home-bms-range", (event) => asked.push((event as CustomEvent<Range | null>).detail));
  document.body.replaceChildren(chart);
  resized?.(1066);
  await settled(chart);
}

const plots = (): FakePlot[] => FakePlot.all.filter(({ destroyed }) => !destroyed);
const plain = (text: string | null | undefined): string => (text ?? "").replace(/[\u202f\u00a0]/g, " ").replace(/\s+/g, " ").trim();
const all = (): HTMLElement => chart.renderRoot.querySelector<HTMLElement>(".all") ?? chart;
const heads = (): string[] => [...chart.renderRoot.querySelectorAll(".head")].map((head) => plain(head.textContent));
const press = async (key: string, change: KeyboardEventInit = {}): Promise<KeyboardEvent> => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...change });
  all().dispatchEvent(event);
  await settled(chart);
  return event;
};

beforeEach(() => {
  FakePlot.all = [];
  asked = [];
  observed = 0;
});

afterEach(() => {
  chart.remove();
});

describe("what is drawn", () => {
  it("is one plot a pane, all as wide and of the same time, the last with the time axis", async () => {
    await show();
    expect(plots().map(({ target }) => target.dataset.pane)).toEqual(["voltage", "balancing"]);
    expect(plots().map(({ scale }) => scale)).toEqual([{ min: 0, max: 100 }, { min: 0, max: 100 }]);
    expect(plots()[0]?.data).toEqual([[0, 50, 80], [3.3, 3.4, null]]);
    expect(plots().map(({ options }) => options.axes?.[0]?.size)).toEqual([0, 28]);
  });

  it("has a band beside what is statistics, and shades between two lines", async () => {
    const line = (key: string): Pane["lines"][number] => ({ key, name: key, points: [{ time: 1, value: 5, low: 4, high: 6 }], colour: "good", band: true });
    await show({ panes: [pane({ lines: [line("a"), line("b")], between: ["a", "b"] })], marks: [] });
    expect(plots()[0]?.data).toEqual([[1], [6], [4], [5], [6], [4], [5]]);
    expect(plots()[0]?.options.bands?.map(({ series }) => series)).toEqual([[1, 2], [4, 5], [3, 6]]);
  });

  it("is given new values without being built anew", async () => {
    await show();
    const before = plots();
    chart.spec = { panes: [pane({ lines: [{ key: "high", name: "highest", points: [...points, { time: 90, value: 3.2 }], colour: "discharge", step: true }] }), flags], marks: [] };
    chart.range = { from: 50, to: 150 };
    await settled(chart);
    expect(plots()).toEqual(before);
    expect(plots()[0]?.data[0]).toEqual([50, 80, 90]);
    expect(plots()[0]?.scale).toEqual({ min: 50, max: 150 });
  });

  it("is built anew for other lines, and for another theme", async () => {
    await show();
    chart.spec = { panes: [pane()], marks: [] };
    await settled(chart);
    expect(plots()).toHaveLength(1);
    const [plot] = plots();
    chart.hass = { ...home.hass, themes: { darkMode: true } };
    await settled(chart);
    expect(plot?.destroyed).toBe(true);
    expect(plots()).toHaveLength(1);
  });

  it("is not touched by what else changes in the house", async () => {
    await show();
    const [plot] = plots();
    if (plot) plot.data = [];
    chart.hass = { ...home.hass, states: {} };
    await settled(chart);
    expect(plot?.data).toEqual([]);
  });

  it("follows the width, and is nothing where there is no room", async () => {
    await show();
    resized?.(600);
    await settled(chart);
    expect(plots().map(({ width }) => width)).toEqual([600, 600]);
    resized?.(0);
    await settled(chart);
    expect(plots()).toEqual([]);
  });

  it("scales each pane to what is seen and to its thresholds", async () => {
    await show({ panes: [pane({ levels: [{ value: 3.65, name: "threshold" }] }), flags], marks: [] });
    const range = (place: number, low: number | null, high: number | null): unknown => {
      // Of nothing uPlot knows neither a lowest nor a highest.
      const scale = plots()[place]?.options.scales?.y?.range as ((self: unknown, low: number | null, high: number | null) => unknown) | undefined;
      return scale?.(undefined, low, high);
    };
    expect(range(0, 3.3, 3.4)).toEqual([expect.closeTo(3.272), expect.closeTo(3.678)]);
    expect(range(0, null, null)).toEqual([expect.closeTo(3.6384, 3), expect.closeTo(3.6616, 3)]);
    expect(range(1, 0, 0)).toEqual([0, 1.15]);
  });

  it("writes its axes as the user's Home Assistant does", async () => {
    await show();
    const labels = (plot: number, axis: number, splits: number[], step: number): unknown => {
      const values = plots()[plot]?.options.axes?.[axis]?.values as ((...given: unknown[]) => unknown) | undefined;
      return values?.(undefined, splits, axis, 0, step);
    };
    expect(labels(0, 1, [3.3, 3.35], 0.05)).toEqual(["3.30", "3.35"]);
    expect(labels(0, 0, [0], 3600)).toEqual([""]);
    expect(labels(1, 0, [3600], 3600)).toEqual([expect.stringContaining(":00")]);
    expect(labels(1, 1, [0, 1], 1)).toEqual(["", ""]);
    await show({ panes: [pane()], marks: [], relative: true });
    expect(labels(0, 0, [-30, 0.5], 0.5)).toEqual(["−30.0\u202fs", "+0.5\u202fs"]);
  });
});

describe("what is read", () => {
  it("is the last value, or what was under the cursor, in every pane", async () => {
    await show();
    expect(heads()).toEqual(["Cell voltage highest – V", "Balancing cells on"]);
    const [first, second] = plots();
    first?.setCursor({ left: 600 });
    await settled(chart);
    expect(heads()).toEqual(["Cell voltage highest 3.400 V", "Balancing cells on"]);
    expect(second?.cursor.left).toBe(600);
    second?.setCursor({ left: 100 });
    await settled(chart);
    expect(heads()).toEqual(["Cell voltage highest 3.300 V", "Balancing cells off"]);
    expect(plain(chart.renderRoot.querySelector(".time")?.textContent)).toMatch(/^Jan 1, 1970, /);
    second?.setCursor({ left: -10 });
    await settled(chart);
    expect(plain(chart.renderRoot.querySelector(".time")?.textContent)).toBe("Latest values");
  });

  it("is told in words to those who do not see it", async () => {
    await show({ panes: [pane({ levels: [{ value: 3.65, name: "threshold 3.65 V" }] }), flags, pane({ key: "none", lines: [{ key: "x", name: "x", points: [], colour: "text" }] })], marks: [] });
    const labels = [...chart.renderRoot.querySelectorAll("[role=img]")].map((each) => plain(each.getAttribute("aria-label")));
    expect(labels).toEqual([
      "Cell voltage: highest 3.300 V to 3.400 V, last not known; threshold 3.65 V",
      "Balancing: cells off to on, last on",
      "Cell voltage: x not known",
    ]);
    expect(all().getAttribute("aria-label")).toBe("What was");
  });

  it("can be read by keys", async () => {
    await show();
    await press("ArrowLeft", { shiftKey: true });
    expect(heads()[0]).toBe("Cell voltage highest 3.300 V");
    await press("ArrowRight", { shiftKey: true });
    expect(heads()[0]).toBe("Cell voltage highest 3.400 V");
    for (let step = 0; step < 60; step++) await press("ArrowRight", { shiftKey: true });
    expect(plots()[0]?.cursor.left).toBe(1000);
    expect(asked).toEqual([]);
  });

  it("of a line that is one of many is not in the legend", async () => {
    await show({ panes: [pane({ lines: [{ key: "c", name: "Cell 1", points, colour: "quiet", unnamed: true }] })], marks: [], relative: true });
    expect(heads()).toEqual(["Cell voltage"]);
    plots()[0]?.setCursor({ left: 500 });
    await settled(chart);
    expect(plain(chart.renderRoot.querySelector(".time")?.textContent)).toBe("+50.0 s");
  });
});

describe("another time", () => {
  it("is asked for by keys, and other keys are left alone", async () => {
    await show();
    expect((await press("+")).defaultPrevented).toBe(true);
    await press("-");
    await press("ArrowLeft");
    await press("ArrowRight");
    await press("Home");
    expect(asked).toEqual([{ from: 25, to: 75 }, { from: -50, to: 150 }, { from: -25, to: 75 }, { from: 25, to: 125 }, null]);
    expect((await press("a")).defaultPrevented).toBe(false);
    expect((await press("+", { ctrlKey: true })).defaultPrevented).toBe(false);
    expect(asked).toHaveLength(5);
  });

  it("is asked for by dragging, but not by a click, and given up by a double click", async () => {
    await show();
    const [plot] = plots();
    if (!plot) return;
    plot.select = { left: 200, width: 300 };
    plot.hook("setSelect");
    plot.select = { left: 200, width: 0 };
    plot.hook("setSelect");
    const click = plot.options.cursor?.bind?.dblclick?.(plot as unknown as uPlot, plot.target, () => null);
    click?.({} as MouseEvent);
    expect(asked).toEqual([{ from: 20, to: 50 }, null]);
  });

  it("is asked for by the wheel sideways, with Ctrl, or in a chart that has the focus; else the page scrolls", async () => {
    await show();
    const turn = (change: WheelEventInit): boolean => {
      const event = new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: 56, ...change });
      // The test's window does not take what the mouse events have.
      for (const [name, value] of Object.entries({ clientX: 56, ...change })) Object.defineProperty(event, name, { value });
      all().dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(turn({ deltaX: 0, deltaY: 10 })).toBe(false);
    expect(asked).toEqual([]);
    expect(turn({ deltaX: 100, deltaY: 10 })).toBe(true);
    expect(asked.pop()).toEqual({ from: 10, to: 110 });
    expect(turn({ deltaX: 0, deltaY: 10, ctrlKey: true })).toBe(true);
    expect(asked.pop()).toEqual({ from: 0, to: 125 });
    all().focus();
    turn({ deltaX: 0, deltaY: -10 });
    expect(asked.pop()).toEqual({ from: 0, to: 80 });
  });

  it("is asked for by fingers", async () => {
    await show();
    const touch = (type: string, clientX: number): void => {
      const event = new Event(type, { bubbles: true });
      for (const [name, value] of Object.entries({ pointerType: "touch", pointerId: 1, clientX })) Object.defineProperty(event, name, { value });
      all().dispatchEvent(event);
    };
    touch("pointerdown", 500);
    touch("pointermove", 400);
    expect(asked).toEqual([{ from: 10, to: 110 }]);
  });
});

describe("marks", () => {
  it("are shapes above the panes, the gravest on top, and tell that they were chosen", async () => {
    const marks = [
      { key: "a", time: 50, severity: "critical", name: "Tripped" },
      { key: "b", time: 50, severity: "info", name: "Reset" },
      { key: "c", time: 500, severity: "info", name: "elsewhere" },
    ] as const;
    await show({ panes: [pane()], marks });
    const shown = [...chart.renderRoot.querySelectorAll<HTMLElement>(".lane span")];
    expect(shown.map(({ title }) => title)).toEqual(["Reset", "Tripped"]);
    const chosen: unknown[] = [];
    chart.addEventListener("home-bms-mark", (event) => chosen.push((event as CustomEvent).detail));
    shown[1]?.click();
    expect(chosen).toEqual([marks[0]]);
  });

  it("and thresholds are struck through the pane", async () => {
    await show({ panes: [pane({ levels: [{ value: 3.35, name: "threshold" }] })], marks: [{ key: "a", time: 50, severity: "info", name: "" }] });
    const done: string[] = [];
    const ctx = new Proxy<Record<string, unknown>>({}, {
      get: (target, name: string) => target[name] ?? ((...given: unknown[]) => done.push([name, ...given].join(" "))),
    });
    const plot = { ctx, bbox: { left: 0, top: 0, width: 1000, height: 100 }, valToPos: (value: number) => value };
    plots()[0]?.options.hooks?.draw?.forEach((hook) => hook?.(plot as unknown as uPlot));
    expect(done).toContain("moveTo 50.5 0");
    expect(done).toContain("lineTo 1000 3.5");
    // There is no room above it.
    expect(done).toContain("fillText threshold 4 6.5");
  });
});

describe("when it goes", () => {
  it("gives up its plots and stops looking at its size, and draws again when it comes back", async () => {
    await show();
    chart.remove();
    expect(plots()).toEqual([]);
    expect(observed).toBe(0);
    document.body.append(chart);
    await settled(chart);
    expect(plots()).toHaveLength(2);
    expect(plots()[0]?.data[0]).toEqual([0, 50, 80]);
  });
});
