/** A reason says of its numbers only what is true of them. */

import { expect, it } from "vitest";

import { reason } from "../src/why";
import type { Place } from "../src/words";
import { FakeHass } from "./fake";
import { why } from "./sample";

const { hass } = new FakeHass();

it.each<[string, Place, ReturnType<typeof why>, string]>([
  ["a threshold that is passed", "limit", why("temperature", { sensor: 1, value: 8.4, threshold: 10, unit: "°C" }), "(sensor 1: 8.4 °C, from 10.0 °C on)"],
  ["a value by itself", "limit", why("temperature", { sensor: 1, value: 8.4, unit: "°C" }), "(sensor 1: 8.4 °C)"],
  ["a time that is waited for", "stage_why", why("settling", { value: 30, threshold: 600, unit: "s" }), "(30.0 s of 600 s)"],
  ["a time that is over", "stage_why", why("absorption_over", { value: 3600, threshold: 3600, unit: "s" }), "(3600 s of 3600 s)"],
  ["a limit that is not obeyed", "step_why", why("current_limit_ignored", { value: 80, threshold: 10, unit: "A" }), "(80.0 A, permitted were at most 10.0 A)"],
])("tells %s", (_, place, given, facts) => {
  expect(reason(hass, place, given).replace(/[\u202f\u00a0]/g, " ").replace(/(\d),(\d{3})/g, "$1$2")).toContain(facts);
});

it.each<[Place, string]>([
  ["limit", "float"],
  ["limit", "pack_unseen"],
  ["stage_why", "limit_reached"],
])("tells no numbers of %s %s, which are no value and its threshold", (place, rule) => {
  expect(reason(hass, place, why(rule, { value: 1, threshold: 2 }))).not.toMatch(/\d/);
});
