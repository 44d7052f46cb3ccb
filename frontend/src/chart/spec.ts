/** Describes what a chart shows. */

import type { Point } from "./points";

/** A colour of the cards' palette, in style.ts. */
export type Colour = "charge" | "discharge" | "good" | "warn" | "bad" | "text" | "quiet";

export interface Line {
  readonly key: string;
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: Colour;
  /** px of line and gap: tells lines apart without their colour. */
  readonly dash?: readonly number[];
  /** px; 1.5 where none is said. */
  readonly width?: number;
  /** A value holds until the next; else points are samples of a curve. */
  readonly step?: boolean;
  /** Lows and highs are drawn beside the value. */
  readonly band?: boolean;
  /** It is not in the legend: one of many that are alike. */
  readonly unnamed?: boolean;
}

/** A value worth a line of its own, as a threshold. */
export interface Level {
  readonly value: number;
  readonly name: string;
}

export interface Pane {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  readonly lines: readonly Line[];
  /** What is drawn spans at least so much. */
  readonly least: number;
  /** Keys of two lines between which it is shaded, the upper first. */
  readonly between?: readonly [string, string];
  readonly levels?: readonly Level[];
  /** The words for 0 and 1 of something that is so or not; it is drawn low, without an axis. */
  readonly flags?: readonly [string, string];
}

/** How grave something is, the gravest last. */
export const SEVERITIES = ["info", "warning", "serious", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that happened at a moment. */
export interface Mark {
  readonly key: string;
  readonly time: number;
  readonly severity: Severity;
  readonly name: string;
}

export interface ChartSpec {
  readonly panes: readonly Pane[];
  readonly marks: readonly Mark[];
  /** Times are s before and after something rather than s since 1970. */
  readonly relative?: boolean;
}
