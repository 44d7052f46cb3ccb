/** What a look at a pack tells of each cell: one row a measure. */

import type { PackShown } from "../api";
import { fromZero, unguarded, type Measure } from "../cells/measure";
import { known, quantity, temperature } from "../numbers";

const cell = {
  place: "cells.cell",
  bled: ({ bleeding }: PackShown, index: number) => bleeding?.[index] ?? false,
} as const;

const doubted =
  (what: string) =>
  ({ doubts }: PackShown, index: number): string | undefined =>
    doubts[`${what}_${index + 1}`];

/** V that the picture of differences spans at least: less is noise of the measurement. */
const LEAST_SPAN = 0.01;

export const MEASURES: readonly [Measure<PackShown>, ...Measure<PackShown>[]] = [
  {
    key: "voltage",
    name: "cells.voltage",
    ...cell,
    doubt: doubted("cell"),
    values: (pack) => pack.voltages,
    text: (hass, value) => quantity(hass, value, "V", 3),
    range: ({ cell_voltage }) => [cell_voltage.low, cell_voltage.high],
    marks: ({ cell_voltage: { low_protect, high_protect } }) => [low_protect, high_protect].filter(known),
    signed: false,
  },
  {
    key: "difference",
    name: "cells.difference",
    ...cell,
    doubt: doubted("cell"),
    values: ({ voltages }) => {
      const there = voltages.filter(known);
      const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
      return voltages.map((value) => (value === null ? null : value - mean));
    },
    text: (hass, value) => quantity(hass, value === null ? null : value * 1000, "mV", 1),
    range: (_, values) => {
      const most = Math.max(LEAST_SPAN, ...values.map(Math.abs));
      return [-most, most];
    },
    marks: unguarded,
    signed: true,
  },
  {
    key: "temperature",
    name: "cells.temperature",
    place: "cells.sensor",
    doubt: doubted("temperature"),
    values: (pack) => pack.temperatures,
    text: (hass, value) => temperature(hass, value, 1),
    range: ({ temperature: scale }) => [scale.low, scale.high],
    marks: ({ temperature: { low_protect, high_protect } }) => [low_protect, high_protect].filter(known),
    signed: false,
  },
  {
    key: "resistance",
    name: "cells.resistance",
    ...cell,
    values: (pack) => pack.resistances,
    text: (hass, value) => quantity(hass, value, "mΩ", 2),
    range: fromZero(0.1),
    marks: unguarded,
    signed: false,
  },
  {
    key: "surplus",
    name: "cells.surplus",
    ...cell,
    values: (pack) => pack.surpluses,
    text: (hass, value) => quantity(hass, value, "Ah", 2),
    range: fromZero(0.1),
    marks: unguarded,
    signed: false,
  },
];
