/** Asks Home Assistant's recorder, and reads its answers. */

import type { Point, Range } from "../chart/points";
import type { HomeAssistant, Message } from "../hass";
import type { Resolution } from "./resolution";

/** A state as `history/stream` tells it. */
export interface Told {
  readonly s: string;
  /** s since 1970 at which it was written ... */
  readonly lu: number;
  readonly a?: Readonly<Record<string, unknown>>;
}

/** An event of `history/stream`: first what was, then what comes. */
export interface Tidings {
  readonly states: Readonly<Record<string, readonly Told[] | undefined>>;
}

/** A row of `recorder/statistics_during_period`; times are ms. */
export interface Statistic {
  readonly start: number;
  readonly end: number;
  readonly mean?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
}

/** s, the longest. */
const MONTH = 31 * 86_400;

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** The subscription to all changes from a time on; until `to`, or for as long as somebody listens. */
export function stream(entities: readonly string[], { from, to }: { readonly from: number; readonly to: number | null }, attributes = false): Message {
  return {
    type: "history/stream",
    entity_ids: entities,
    start_time: iso(from),
    ...(to === null ? {} : { end_time: iso(to) }),
    significant_changes_only: false,
    minimal_response: !attributes,
    no_attributes: !attributes,
  };
}

/** Statistics of entities, in V, A and the user's unit of temperature. */
export function statistics(
  hass: HomeAssistant,
  entities: readonly string[],
  { from, to }: Range,
  resolution: Exclude<Resolution, "raw">,
): Promise<Readonly<Record<string, readonly Statistic[]>>> {
  return hass.callWS({
    type: "recorder/statistics_during_period",
    statistic_ids: entities,
    start_time: iso(from),
    end_time: iso(to),
    period: resolution,
    types: ["mean", "min", "max"],
    units: { voltage: "V", electric_current: "A", temperature: hass.config.unit_system.temperature },
  });
}

/** Since when there are statistics of any of these entities, to the day, in s since 1970. */
export async function earliest(hass: HomeAssistant, entities: readonly string[]): Promise<number | undefined> {
  const first = async (period: "month" | "day", from: number): Promise<number | undefined> => {
    const found = await hass.callWS<Readonly<Record<string, readonly Statistic[]>>>({
      type: "recorder/statistics_during_period",
      statistic_ids: entities,
      start_time: iso(from),
      // All months are few; of the days those of the first month are enough.
      ...(period === "day" ? { end_time: iso(from + MONTH) } : {}),
      period,
      types: ["mean"],
    });
    const starts = Object.values(found).flatMap(([row]) => (row ? [row.start / 1000] : []));
    return starts.length ? Math.min(...starts) : undefined;
  };
  const month = await first("month", 0);
  return month === undefined ? undefined : ((await first("day", month)) ?? month);
}

/** Statistics as points in the middle of their time, which ends now at the latest; a time of which there are none is a gap. */
export function fromStatistics(rows: readonly Statistic[], now: number, convert: (value: number) => number): Point[] {
  const points: Point[] = [];
  const each = (value: number | null | undefined): number | null => (value === null || value === undefined ? null : convert(value));
  let end: number | undefined;
  for (const row of rows) {
    if (end !== undefined && row.start > end) points.push({ time: end / 1000, value: null });
    const [value, low, high] = [each(row.mean), each(row.min), each(row.max)];
    // What is turned round has its lows above.
    const turned = low !== null && high !== null && low > high;
    points.push({ time: (row.start / 1000 + ended(row, now)) / 2, value, low: turned ? high : low, high: turned ? low : high });
    end = row.end;
  }
  return points;
}

/** When a statistic ends, in s; that of a day is told before the day is over. */
export function ended({ end }: Statistic, now: number): number {
  return Math.min(end / 1000, now);
}

/** A state as a point; what is unavailable, unknown or no number begins a gap. */
export function fromState({ s, lu }: Told, convert: (value: number) => number): Point {
  const value = s === "on" ? 1 : s === "off" ? 0 : s.trim() === "" ? NaN : Number(s);
  return { time: lu, value: Number.isFinite(value) ? convert(value) : null };
}

const PLAIN: Readonly<Record<string, number>> = { mV: 1e-3, µV: 1e-6, kV: 1e3, mA: 1e-3, kA: 1e3 };

/** What brings a state in this unit to V, A, or the user's unit of temperature. */
export function converter(unit: unknown, degree: string): (value: number) => number {
  if (unit === "°F" && degree === "°C") return (value) => (value - 32) / 1.8;
  if (unit === "°C" && degree === "°F") return (value) => value * 1.8 + 32;
  const factor = typeof unit === "string" ? (PLAIN[unit] ?? 1) : 1;
  return (value) => value * factor;
}
