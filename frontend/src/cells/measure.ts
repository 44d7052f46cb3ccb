/** What can be seen of each cell, or of each temperature sensor. */

import type { PackInfo } from "../api";
import type { HomeAssistant } from "../hass";
import type { Word } from "../words";

/** One way to look at the cells of what is `T`. */
export interface Measure<T> {
  readonly key: string;
  readonly name: Word;
  /** What one place is called. */
  readonly place: "cells.cell" | "cells.sensor";
  readonly values: (shown: T) => readonly (number | null)[];
  readonly text: (hass: HomeAssistant, value: number | null) => string;
  /** Between which values it is drawn. */
  readonly range: (info: PackInfo, values: readonly number[]) => readonly [number, number];
  /** Where a protection begins to act. */
  readonly marks: (info: PackInfo) => readonly number[];
  /** It is drawn from a zero in the middle. */
  readonly signed: boolean;
  /** Why the value of a place is not believed, if it is not. */
  readonly doubt?: (shown: T, index: number) => string | undefined;
  /** Whether a cell is being bled. */
  readonly bled?: (shown: T, index: number) => boolean;
  /** Between which values it probably is. */
  readonly band?: (shown: T, index: number) => readonly [number, number] | undefined;
}

/** No protection guards it. */
export const unguarded = (): readonly number[] => [];

/** From zero to a little above the highest, and to `least` at the least. */
export const fromZero =
  (least: number): Measure<unknown>["range"] =>
  (_, values) => [0, 1.1 * Math.max(least, ...values)];
