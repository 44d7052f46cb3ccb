/** Zooming keeps what one looks at in its place, and never leads where nothing can be. */

import { describe, expect, it } from "vitest";

import { Fingers } from "../src/chart/fingers";
import type { Range } from "../src/chart/points";
import { relativeLabel, momentLabel, spread, valueLabel } from "../src/chart/scale";
import { bounded, panned, zoomed } from "../src/chart/zoom";
import { FakeHass } from "./fake";

describe("zooming", () => {
  it.each([
    [0.5, 0.5, { from: 25, to: 75 }],
    [2, 0.5, { from: -50, to: 150 }],
    [0.5, 0, { from: 0, to: 50 }],
    [0.5, 1, { from: 50, to: 100 }],
  ])("by %d around %d", (factor, at, range) => {
    expect(zoomed({ from: 0, to: 100 }, factor, at)).toEqual(range);
  });

  it("and panning by a share of what is shown", () => {
    expect(panned({ from: 100, to: 200 }, -0.25)).toEqual({ from: 75, to: 175 });
  });

  it("stays within what can be shown", () => {
    const limits = { least: 10, most: 100, end: 1000 };
    expect(bounded({ from: 500, to: 501 }, limits)).toEqual({ from: 495.5, to: 505.5 });
    expect(bounded({ from: 0, to: 900 }, limits)).toEqual({ from: 400, to: 500 });
    expect(bounded({ from: 990, to: 1040 }, limits)).toEqual({ from: 950, to: 1000 });
  });
});

describe("fingers", () => {
  const asked: Range[] = [];
  const fingers = new Fingers((range) => asked.push(range));
  const touch = (type: string, pointerId: number, clientX: number, pointerType = "touch"): void => {
    fingers.take({ type, pointerId, clientX, pointerType } as PointerEvent, { from: 0, to: 100 }, 100, 0);
  };

  it("pan when there is one, zoom when there are two, and a mouse is no finger", () => {
    touch("pointerdown", 1, 50);
    touch("pointermove", 1, 40);
    expect(asked.pop()).toEqual({ from: 10, to: 110 });
    touch("pointerdown", 2, 0);
    touch("pointermove", 1, 80);
    expect(asked.pop()).toEqual({ from: 0, to: 50 });
    touch("pointermove", 1, 80);
    touch("pointerup", 1, 80);
    touch("pointerup", 2, 0);
    touch("pointermove", 1, 10);
    touch("pointerdown", 3, 50, "mouse");
    touch("pointermove", 3, 40, "mouse");
    expect(asked).toEqual([]);
  });
});

describe("axes", () => {
  const { hass } = new FakeHass({ locale: { language: "en", number_format: "language", time_format: "24", time_zone: "server" } });
  const noon = Date.UTC(2026, 10, 26, 12) / 1000;

  it("do not blow noise up, and leave a margin", () => {
    expect(spread(3.3, 3.3, 0.02)).toEqual([expect.closeTo(3.2884, 4), expect.closeTo(3.3116, 4)]);
    expect(spread(0, 100, 5)).toEqual([expect.closeTo(-8), 108]);
    expect(spread(null, null, 5)).toEqual([0, 5]);
    expect(spread(Infinity, -Infinity, 5)).toEqual([0, 5]);
  });

  it.each([
    [0.0005, "3.3000"],
    [0.025, "3.300"],
    [0.005, "3.300"],
    [2.5, "3.3"],
    [0.1, "3.3"],
    [1, "3"],
    [50, "3"],
  ])("have the digits that steps of %d need", (step, text) => {
    expect(valueLabel(hass, 3.3, step)).toBe(text);
  });

  it.each([
    [10, false, "12:00:00"],
    [3600, false, "12:00"],
    [3600, true, "Nov 26"],
    [86_400, false, "Nov 26"],
    [30 * 86_400, false, "Nov 2026"],
  ])("tell moments %d s apart", (step, midnight, text) => {
    expect(momentLabel(hass, noon, step, midnight)).toBe(text);
  });

  it.each([
    [0, 0, "0 s"],
    [2.46, 1, "+2.5 s"],
    [-30, 0, "−30 s"],
    [180, 0, "+3 min"],
    [-150, 0, "−2.5 min"],
  ])("tell %d s before and after", (seconds, digits, text) => {
    expect(relativeLabel(hass, seconds, digits).replace("\u202f", " ")).toBe(text);
  });
});
