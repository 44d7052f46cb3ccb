/** Every word is there in every language, and Home Assistant's own words are found where they lie. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { told, word, type Word } from "../src/words";
import { FakeHass } from "./fake";

const SOURCE = join(import.meta.dirname, "../src");
const FOLDER = join(SOURCE, "translations");
const LANGUAGES = Object.fromEntries(
  readdirSync(FOLDER).map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Record<string, string>]),
);
const ENGLISH = LANGUAGES["en.json"] ?? {};

const blanks = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe("the dashboard's own words", () => {
  for (const [name, words] of Object.entries(LANGUAGES)) {
    it(`are all in ${name}, with the same blanks`, () => {
      expect(Object.keys(words).sort()).toEqual(Object.keys(ENGLISH).sort());
      for (const [key, text] of Object.entries(words)) {
        expect(text.trim(), key).not.toBe("");
        expect(blanks(text), key).toEqual(blanks(ENGLISH[key] ?? ""));
      }
    });
  }

  it("are all used", () => {
    const source = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(SOURCE, name), "utf8"))
      .join();
    // A key is written out, or begins with what a template string begins with.
    const stems = [...source.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map((match) => match[1] ?? "");
    for (const key of Object.keys(ENGLISH)) {
      expect(source.includes(`"${key}"`) || stems.some((stem) => key.startsWith(stem)), key).toBe(true);
    }
  });

  it("fill their blanks in", () => {
    const { hass } = new FakeHass();
    expect(word(hass, "card.refused", { message: "no" })).toBe("Home Assistant does not tell: no");
  });

  it("are German where Home Assistant is, and English where there is no translation", () => {
    const key: Word = "card.none";
    const locale = new FakeHass().hass.locale;
    const at = (language: string): string => word(new FakeHass({ locale: { ...locale, language } }).hass, key);
    expect(at("de")).toContain("Batteriepack");
    expect(at("de-AT")).toContain("Batteriepack");
    expect(at("fi")).toBe(at("en"));
  });
});

describe("the integration's words", () => {
  const { hass } = new FakeHass();

  it.each([
    ["limit", "cell_voltage"],
    ["protection", "cell_overvoltage"],
    ["level", "trip"],
    ["became", "released"],
    ["flow", "charge"],
    ["mode", "charging"],
    ["link", "connected"],
    ["quality", "good"],
    ["doubt", "jump"],
    ["balance", "balanced"],
    ["stage", "bulk"],
    ["stage_why", "soc_fell"],
    ["contactor", "closed"],
    ["finding", "weak_cell"],
    ["inspection", "torque"],
    ["inverter_link", "answering"],
    ["response", "obeyed"],
    ["step", "ccl_dcl"],
    ["step_why", "current_limit_ignored"],
  ] as const)("are found for %s", (place, key) => {
    expect(told(hass, place, key)).not.toBe(key.replaceAll("_", " "));
  });

  it("are the key itself where there is none", () => {
    expect(told(hass, "limit", "no_such_rule")).toBe("no such rule");
  });
});
