/** What of a pack is seen over time: one row a pane. */

import type { PackInfo } from "../api";
import type { Point } from "../chart/points";
import type { ChartSpec, Colour, Mark, Pane } from "../chart/spec";
import type { HomeAssistant } from "../hass";
import { word, type Word } from "../words";
import type { Recalled, Wish } from "./recall";

interface LineRow {
  /** The key of its entity. */
  readonly key: string;
  readonly name: Word;
  readonly colour: Colour;
  readonly dash?: readonly number[];
  /** What its values are multiplied by, from V, A, °C or %. */
  readonly factor?: number;
}

interface PaneRow {
  readonly key: string;
  readonly name: Word;
  /** Of temperature the user's own. */
  readonly unit: string;
  readonly digits: number;
  readonly least: number;
  readonly lines: readonly LineRow[];
  readonly between?: readonly [string, string];
  readonly flags?: readonly [Word, Word];
}

const LONG = [8, 4];
const SHORT = [3, 3];

export const PANES: readonly PaneRow[] = [
  {
    key: "voltage",
    name: "timeline.voltage",
    unit: "V",
    digits: 3,
    least: 0.02,
    between: ["cell_max", "cell_min"],
    lines: [
      { key: "cell_max", name: "timeline.highest", colour: "discharge" },
      { key: "cell_min", name: "timeline.lowest", colour: "good", dash: LONG },
    ],
  },
  {
    key: "difference",
    name: "timeline.spread",
    unit: "mV",
    digits: 0,
    least: 10,
    lines: [{ key: "cell_difference", name: "timeline.difference", colour: "charge", factor: 1000 }],
  },
  {
    key: "current",
    name: "timeline.current",
    unit: "A",
    digits: 1,
    least: 5,
    between: ["ccl", "dcl"],
    lines: [
      { key: "current", name: "timeline.flowing", colour: "charge" },
      { key: "ccl", name: "timeline.charge_limit", colour: "good", dash: LONG },
      { key: "dcl", name: "timeline.discharge_limit", colour: "discharge", dash: SHORT, factor: -1 },
    ],
  },
  {
    key: "temperature",
    name: "timeline.temperature",
    unit: "°C",
    digits: 1,
    least: 4,
    between: ["temperature_max", "temperature_min"],
    lines: [
      { key: "temperature_max", name: "timeline.hottest", colour: "discharge" },
      { key: "temperature_min", name: "timeline.coldest", colour: "charge", dash: LONG },
    ],
  },
  {
    key: "charge",
    name: "timeline.charge",
    unit: "%",
    digits: 1,
    least: 5,
    lines: [{ key: "soc", name: "timeline.soc", colour: "good" }],
  },
  {
    key: "balancing",
    name: "timeline.balancing",
    unit: "",
    digits: 0,
    least: 1,
    flags: ["timeline.off", "timeline.on"],
    lines: [{ key: "balancing", name: "timeline.cells", colour: "charge" }],
  },
];

/** The event entity, which has a place among what can be hidden, though it is no pane. */
export const EVENTS = "events";

/** What a card with these parts hidden must know. */
export function wanted(info: PackInfo, hidden: readonly string[]): Pick<Wish, "measured" | "switched" | "events"> {
  const measured = new Map<string, number>();
  const switched: string[] = [];
  for (const { key, lines, flags } of PANES) {
    if (hidden.includes(key)) continue;
    for (const { key: line, factor = 1 } of lines) {
      const entity = info.entities[line];
      if (entity === undefined) continue;
      if (flags) switched.push(entity);
      else measured.set(entity, factor);
    }
  }
  return { measured, switched, events: hidden.includes(EVENTS) ? undefined : info.entities.protection };
}

/** The lines of which there is no entity. */
export function missing(hass: HomeAssistant, info: PackInfo, hidden: readonly string[]): readonly string[] {
  const lines = PANES.filter(({ key }) => !hidden.includes(key)).flatMap((pane) =>
    pane.lines
      .filter(({ key }) => info.entities[key] === undefined)
      .map(({ name }) => word(hass, "timeline.line", { pane: word(hass, pane.name), line: word(hass, name) })),
  );
  if (!hidden.includes(EVENTS) && info.entities.protection === undefined) lines.push(word(hass, "timeline.events"));
  return lines;
}

/** What is drawn of what is known; until `until` holds what was told last. */
export function picture(
  hass: HomeAssistant,
  info: PackInfo,
  hidden: readonly string[],
  recalled: Recalled,
  marks: readonly Mark[],
  until: number,
): ChartSpec {
  const raw = recalled.resolution === "raw";
  const panes = PANES.filter(({ key }) => !hidden.includes(key)).map((row): Pane => {
    const { key, name, unit, digits, least, between, flags } = row;
    const lines = row.lines.flatMap(({ key, name, colour, dash }) => {
      const points = recalled.tracks.get(info.entities[key] ?? "")?.points;
      const step = raw || flags !== undefined;
      const common = { key, name: word(hass, name), colour, step, band: !step };
      return points ? [{ ...common, points: step ? held(points, until) : points, ...(dash ? { dash } : {}) }] : [];
    });
    return {
      key,
      name: word(hass, name),
      unit: key === "temperature" ? hass.config.unit_system.temperature : unit,
      digits,
      least,
      lines,
      ...(between ? { between } : {}),
      ...(flags ? { flags: [word(hass, flags[0]), word(hass, flags[1])] as const } : {}),
    };
  });
  return { panes: panes.filter(({ lines }) => lines.length), marks };
}

/** With what was told last at `until` too. */
function held(points: readonly Point[], until: number): readonly Point[] {
  const last = points.at(-1);
  return last && last.time < until ? [...points, { ...last, time: until }] : points;
}
