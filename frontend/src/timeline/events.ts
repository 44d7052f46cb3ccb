/** Tells in words what a pack's protections did. */

import { SEVERITIES, type Mark, type Severity } from "../chart/spec";
import type { HomeAssistant } from "../hass";
import { moment } from "../numbers";
import { evidence } from "../why";
import { told, word } from "../words";
import type { Told } from "./history";

/** The unit of what a protection measures, by how its key is spelled; the others count seconds. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/voltage$|^deep_discharge$|^cell_difference$/, "V"],
  [/current$/, "A"],
  [/temperature$/, "°C"],
  [/^temperature_/, "K"],
  [/^soc_/, "%"],
  [/^insulation_/, "Ω"],
];

/** The events within a range as marks with all their words, the newest first. */
export function marks(hass: HomeAssistant, events: ReadonlyMap<string, Told>, from: number, to: number): readonly Mark[] {
  return [...events]
    .map(([key, { s, a = {} }]) => ({ key, facts: a, time: Date.parse(s) / 1000 }))
    .filter(({ time }) => time >= from && time <= to)
    .reverse()
    .sort((a, b) => b.time - a.time)
    .map(({ key, facts, time }) => ({ key, time, severity: severity(facts.severity), name: sentence(hass, facts, time) }));
}

function sentence(hass: HomeAssistant, facts: Readonly<Record<string, unknown>>, time: number): string {
  const key = text(facts.protection) ?? text(facts.event_type) ?? "";
  const level = text(facts.level);
  const cause = text(facts.cause);
  const unit = UNITS.find(([keys]) => keys.test(key))?.[1] ?? "s";
  const rests = evidence(hass, {
    rule: key,
    cell: figure(facts.cell),
    sensor: figure(facts.sensor),
    value: figure(facts.value),
    threshold: figure(facts.threshold),
    unit,
    since: null,
  });
  return [
    `${moment(hass, time, "date")}, ${moment(hass, time, "seconds")}`,
    told(hass, "protection", key),
    level === undefined ? "" : told(hass, "became", level),
    rests,
    cause === undefined || cause === key ? "" : word(hass, "timeline.because", { cause: told(hass, "protection", cause) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const figure = (value: unknown): number | null => (typeof value === "number" ? value : null);
const severity = (value: unknown): Severity => SEVERITIES.find((known) => known === value) ?? "info";
