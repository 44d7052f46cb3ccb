/** What is learned of each cell: one row a measure. */

import type { CellHealth, HealthShown } from "../api";
import { fromZero, unguarded, type Measure } from "../cells/measure";
import { known, quantity } from "../numbers";

/** Standard deviations from the middle to either end of a band that holds the truth nineteen times of twenty. */
export const BAND = 1.96;

const learned = (of: (cell: CellHealth) => number | null) => ({ cells }: HealthShown): readonly (number | null)[] => cells.map(of);

const row = { place: "cells.cell", marks: unguarded, signed: false } as const;

export const MEASURES: readonly [Measure<HealthShown>, ...Measure<HealthShown>[]] = [
  {
    ...row,
    key: "capacity",
    name: "health.capacity",
    values: learned((cell) => cell.capacity),
    text: (hass, value) => quantity(hass, value, "Ah", 1),
    range: (info, values) => [0, Math.max(info.capacity, ...values) * 1.05],
    band: ({ cells }, index) => {
      const { capacity, capacity_deviation: deviation } = cells[index] ?? {};
      return known(capacity) && known(deviation) ? [capacity - BAND * deviation, capacity + BAND * deviation] : undefined;
    },
  },
  {
    ...row,
    key: "resistance",
    name: "health.resistance",
    values: learned((cell) => cell.resistance),
    text: (hass, value) => quantity(hass, value, "mΩ", 2),
    range: fromZero(0.1),
  },
  {
    ...row,
    key: "joint",
    name: "health.joint",
    values: learned((cell) => cell.joint),
    text: (hass, value) => quantity(hass, value, "mΩ", 3),
    range: fromZero(0.1),
  },
  {
    ...row,
    key: "surplus",
    name: "health.surplus",
    values: learned((cell) => cell.surplus),
    text: (hass, value) => quantity(hass, value, "Ah", 2),
    range: fromZero(0.1),
  },
  {
    ...row,
    key: "self_discharge",
    name: "health.self_discharge",
    values: learned((cell) => cell.self_discharge),
    text: (hass, value) => quantity(hass, value, "mA", 2),
    range: (_, values) => {
      const most = 1.1 * Math.max(1, ...values.map(Math.abs));
      return [-most, most];
    },
    signed: true,
  },
  {
    ...row,
    key: "balanced",
    name: "health.balanced",
    values: learned((cell) => cell.balanced),
    text: (hass, value) => quantity(hass, value, "Ah", 2),
    range: fromZero(0.1),
  },
];
