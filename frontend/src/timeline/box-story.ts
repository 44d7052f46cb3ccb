/** Tells in words and numbers what a black box holds. */

import type { BoxFile, BoxShown, DeedShown, TriggerShown, Why } from "../api";
import type { Point } from "../chart/points";
import { relativeLabel } from "../chart/scale";
import type { ChartSpec, Level, Line, Mark, Pane } from "../chart/spec";
import type { HomeAssistant } from "../hass";
import { degrees, known, moment, quantity } from "../numbers";
import { evidence, measured } from "../why";
import { told, word } from "../words";

/** s before and after its first trigger that a box may hold. */
const BEFORE = 60;
const AFTER = 660;
/** Rows of the table of measured values; the whole is in the file. */
const ROWS = 40;

/** The box nearest in time, and whether it can hold that time; the newest where no time is given. */
export function nearest(files: readonly BoxFile[], time: number | null): { readonly file: BoxFile; readonly near: boolean } | undefined {
  const [first] = files;
  if (!first) return undefined;
  const far = (file: BoxFile): number => (time === null ? -file.time : Math.abs(file.time - time));
  const file = files.reduce((best, each) => (far(each) < far(best) ? each : best), first);
  return { file, near: time === null || (time >= file.time - BEFORE && time <= file.time + AFTER) };
}

/** "10:31:02.4 (+0.4 s)". */
export function when(hass: HomeAssistant, box: BoxShown, time: number): string {
  return word(hass, "box.when", { time: moment(hass, time, "tenths"), relative: relativeLabel(hass, time - box.time, 1) });
}

/** "Cell over-voltage · Tripped (cell 3: 3.652 V, from 3.650 V on)". */
export function triggerWords(hass: HomeAssistant, { key, level, why }: TriggerShown): string {
  const rests = evidence(hass, why);
  const what = `${told(hass, "protection", key)} · ${level === "ok" ? word(hass, "box.over") : told(hass, "became", level)}`;
  return rests ? `${what} (${rests})` : what;
}

type Tell = (hass: HomeAssistant, value: string) => string;
const amperes: Tell = (hass, value) => quantity(hass, Number(value), "A", 1);
const position: Tell = (hass, value) => told(hass, "contactor", value);
const level: Tell = (hass, value) => (value === "ok" ? word(hass, "box.over") : told(hass, "became", value));

/** What changed, and how its values are told. */
const DEEDS: Readonly<Record<string, readonly [name: (hass: HomeAssistant, deed: DeedShown) => string, tell: Tell]>> = {
  charge_limit: [(hass) => word(hass, "pack.charge_limit"), amperes],
  discharge_limit: [(hass) => word(hass, "pack.discharge_limit"), amperes],
  charge_switch: [(hass) => word(hass, "pack.charge_switch"), position],
  discharge_switch: [(hass) => word(hass, "pack.discharge_switch"), position],
  mode: [(hass) => word(hass, "box.mode"), (hass, value) => told(hass, "mode", value)],
  alarm: [(hass, { key }) => told(hass, "protection", key ?? ""), level],
};

/** "Charge switch: Closed → Open". */
export function deedWords(hass: HomeAssistant, deed: DeedShown): string {
  const [name, tell] = DEEDS[deed.what] ?? [() => deed.what.replaceAll("_", " "), (_: HomeAssistant, value: string) => value];
  return `${name(hass, deed)}: ${tell(hass, deed.before)} → ${tell(hass, deed.after)}`;
}

/** The cell or the sensor that the gravest of what happened is about, counted from 1. */
function culprit(box: BoxShown): Why | undefined {
  return (box.triggers.find(({ level }) => level === "trip") ?? box.triggers[0])?.why;
}

/** What was measured around the trip, at times relative to it. */
export function boxPicture(hass: HomeAssistant, box: BoxShown): ChartSpec {
  const why = culprit(box);
  const points = (values: readonly (number | null)[], factor = 1): Point[] =>
    box.times.map((time, place) => {
      const value = values[place] ?? null;
      return { time: time - box.time, value: value === null ? null : value * factor };
    });
  const many = (lists: readonly (readonly (number | null)[])[], place: "cells.cell" | "cells.sensor", bold: number | null | undefined, convert = (value: number) => value): Line[] => {
    const lines = lists.map((values, index): Line => {
      const it = index + 1 === bold;
      return {
        key: `${place}_${index + 1}`,
        name: word(hass, place, { number: index + 1 }),
        points: points(values.map((value) => (value === null ? null : convert(value)))),
        colour: it ? "bad" : "quiet",
        width: it ? 3 : 1,
        unnamed: !it,
      };
    });
    // The one that matters is drawn last, above the others.
    return lines.sort((a, b) => Number(b.unnamed ?? false) - Number(a.unnamed ?? false));
  };
  const levels = (unit: string, about: "cell" | "sensor"): Level[] => {
    if (why?.[about] === null || !known(why?.threshold) || why.unit !== unit) return [];
    const name = word(hass, "box.threshold", { value: measured(hass, why.threshold, unit) });
    return [{ value: unit === "°C" ? degrees(hass, why.threshold) : why.threshold, name }];
  };
  const panes: Pane[] = [
    {
      key: "voltage",
      name: word(hass, "box.cells"),
      unit: "V",
      digits: 3,
      least: 0.02,
      lines: many(box.voltages, "cells.cell", why?.cell),
      levels: levels("V", "cell"),
    },
    {
      key: "current",
      name: word(hass, "timeline.current"),
      unit: "A",
      digits: 1,
      least: 5,
      between: ["charge_limit", "discharge_limit"],
      lines: [
        { key: "current", name: word(hass, "timeline.flowing"), points: points(box.current), colour: "charge", width: 2 },
        { key: "charge_limit", name: word(hass, "timeline.charge_limit"), points: points(box.charge_limit), colour: "good", dash: [8, 4], step: true },
        { key: "discharge_limit", name: word(hass, "timeline.discharge_limit"), points: points(box.discharge_limit, -1), colour: "discharge", dash: [3, 3], step: true },
      ],
    },
    {
      key: "temperature",
      name: word(hass, "timeline.temperature"),
      unit: hass.config.unit_system.temperature,
      digits: 1,
      least: 4,
      lines: many(box.temperatures, "cells.sensor", why?.sensor, (celsius) => degrees(hass, celsius)),
      levels: levels("°C", "sensor"),
    },
  ];
  const marks = box.triggers.map(
    (trigger, place): Mark => ({
      key: String(place),
      time: trigger.time - box.time,
      severity: trigger.level === "trip" ? "critical" : trigger.level === "protect" ? "serious" : "warning",
      name: triggerWords(hass, trigger),
    }),
  );
  return { relative: true, marks, panes: panes.filter(({ lines }) => lines.length) };
}

/** The measured values as text: the moment, lowest and highest cell, current, its limits, and the hottest. */
export function boxTable(hass: HomeAssistant, box: BoxShown): readonly (readonly string[])[] {
  const every = Math.max(1, Math.ceil(box.times.length / ROWS));
  // When something happened there is a row, however few there are.
  const wanted = new Set([...box.triggers, ...box.deeds].map(({ time }) => box.times.findIndex((shown) => shown >= time)));
  const at = (lists: readonly (readonly (number | null)[])[], place: number, choose: (...values: number[]) => number): number | null => {
    const values = lists.map((list) => list[place]).filter(known);
    return values.length ? choose(...values) : null;
  };
  return box.times.flatMap((time, place) => {
    if (place % every && !wanted.has(place)) return [];
    return [
      [
        when(hass, box, time),
        quantity(hass, at(box.voltages, place, Math.min), "V", 3),
        quantity(hass, at(box.voltages, place, Math.max), "V", 3),
        quantity(hass, box.current[place], "A", 1),
        quantity(hass, box.charge_limit[place], "A", 1),
        quantity(hass, box.discharge_limit[place], "A", 1),
        measured(hass, at(box.temperatures, place, Math.max) ?? NaN, "°C"),
      ],
    ];
  });
}
