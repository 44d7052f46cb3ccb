/** Brings lines of different times onto one axis, with no more points than can be seen. */

import { placeAt, type Point, type Range } from "./points";

/** What is drawn of one line. */
export interface Track {
  readonly points: readonly Point[];
  /** A value holds until the next; else points are samples of a curve. */
  readonly step: boolean;
  /** Its lows and highs are drawn beside it. */
  readonly band: boolean;
}

/** `undefined` is no point of this line, `null` a gap. */
export type Column = (number | null | undefined)[];

export interface Aligned {
  readonly times: number[];
  /** Of each line its values and, where it has a band, its highs and lows. */
  readonly columns: readonly { readonly values: Column; readonly highs?: Column; readonly lows?: Column }[];
}

/** The lines within a range, at most two points a pixel: with more, the lowest and the highest of each pixel. */
export function align(tracks: readonly Track[], range: Range, pixels: number): Aligned {
  const shown = tracks.map((track) => within(track, range));
  const count = shown.reduce((sum, { points }) => sum + points.length, 0);
  // Lines of the same source share their times: only a union that is too long is thinned out.
  const times = count > 2 * pixels ? union(shown) : undefined;
  return times && times.length > 2 * pixels ? thinned(shown, range, Math.max(1, Math.floor(pixels))) : joined(shown, times ?? union(shown));
}

/** The points within a range; those just outside it too, so that a line leaves the picture rather than ends in it. */
function within(track: Track, { from, to }: Range): Track {
  const { points, step } = track;
  const first = placeAt(points, from);
  const last = placeAt(points, to);
  const inside = points.slice(Math.max(0, first), step ? last + 1 : last + 2);
  if (!step) return { ...track, points: inside };
  // What held before holds at the edge.
  const [head] = inside;
  if (head && head.time < from) inside[0] = { ...head, time: from };
  return { ...track, points: inside };
}

function union(tracks: readonly Track[]): number[] {
  const all = tracks.flatMap(({ points }) => points.map(({ time }) => time)).sort((a, b) => a - b);
  return all.filter((time, place) => time !== all[place - 1]);
}

function joined(tracks: readonly Track[], times: number[]): Aligned {
  const columns = tracks.map(({ points, step, band }) => {
    const values: Column = [];
    const highs: Column = [];
    const lows: Column = [];
    let place = 0;
    let held: Point | undefined;
    for (const time of times) {
      const own = points[place]?.time === time;
      if (own) held = points[place++];
      const point = own || step ? held : undefined;
      values.push(point?.value);
      highs.push(point && (point.high ?? point.value));
      lows.push(point && (point.low ?? point.value));
    }
    return band ? { values, highs, lows } : { values };
  });
  return { times, columns };
}

/** Two points of each pixel: its lowest and its highest value, in the order in which they came. */
function thinned(tracks: readonly Track[], { from, to }: Range, pixels: number): Aligned {
  const width = (to - from) / pixels;
  const times = Array.from({ length: 2 * pixels }, (_, place) => from + (place / 2 + 0.25) * width);
  const columns = tracks.map(({ points, step, band }) => {
    const values: Column = [];
    const highs: Column = [];
    const lows: Column = [];
    let place = 0;
    let held: Point | undefined;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const end = pixel === pixels - 1 ? Infinity : from + (pixel + 1) * width;
      // What holds from before is part of a pixel too, unless it ends where the pixel begins.
      const holds = step && (points[place]?.time ?? Infinity) > from + pixel * width;
      const bucket: Point[] = holds && held ? [held] : [];
      for (let point = points[place]; point && point.time < end; point = points[++place]) bucket.push((held = point));
      const [first, second] = ends(bucket);
      values.push(first?.value, second?.value);
      const high = most(bucket, ({ high, value }) => high ?? value, Math.max);
      const low = most(bucket, ({ low, value }) => low ?? value, Math.min);
      highs.push(high, high);
      lows.push(low, low);
    }
    return band ? { values, highs, lows } : { values };
  });
  return { times, columns };
}

/** The lowest and the highest in the order in which they came; a gap only where nothing else is. */
function ends(bucket: readonly Point[]): [Point | undefined, Point | undefined] {
  let low: Point | undefined;
  let high: Point | undefined;
  let lowFirst = true;
  for (const point of bucket) {
    if (point.value === null) continue;
    if (!low || point.value < (low.value ?? 0)) [low, lowFirst] = [point, false];
    if (!high || point.value > (high.value ?? 0)) [high, lowFirst] = [point, true];
  }
  if (!low || !high) return [bucket[0], bucket[0]];
  return lowFirst ? [low, high] : [high, low];
}

function most(
  bucket: readonly Point[],
  of: (point: Point) => number | null,
  choose: (a: number, b: number) => number,
): number | null | undefined {
  let found: number | null | undefined = bucket.length ? null : undefined;
  for (const point of bucket) {
    const value = of(point);
    if (value !== null) found = found === null || found === undefined ? value : choose(found, value);
  }
  return found;
}
