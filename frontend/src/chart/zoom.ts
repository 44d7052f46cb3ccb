/** Reckons where zooming and panning lead. */

import type { Range } from "./points";

/** What a key does: zoom by a factor, or pan by a share of what is shown; `null` goes back to the beginning. */
export const KEYS: Readonly<Record<string, { readonly zoom: number } | { readonly pan: number } | null>> = {
  "+": { zoom: 0.5 },
  "=": { zoom: 0.5 },
  "-": { zoom: 2 },
  "−": { zoom: 2 },
  ArrowLeft: { pan: -0.25 },
  ArrowRight: { pan: 0.25 },
  Home: null,
};

/** A range `factor` times as long that keeps `at` (0 left to 1 right) where it is. */
export function zoomed({ from, to }: Range, factor: number, at = 0.5): Range {
  const fixed = from + at * (to - from);
  return { from: fixed - (fixed - from) * factor, to: fixed + (to - fixed) * factor };
}

/** The same length, a share of it later or earlier. */
export function panned({ from, to }: Range, share: number): Range {
  const by = share * (to - from);
  return { from: from + by, to: to + by };
}

/** A range of at least `least` and at most `most` s that does not end after `end`. */
export function bounded(range: Range, { least, most, end }: { readonly least: number; readonly most: number; readonly end: number }): Range {
  const length = Math.min(most, Math.max(least, range.to - range.from));
  const to = Math.min(end, (range.from + range.to + length) / 2);
  return { from: to - length, to };
}
