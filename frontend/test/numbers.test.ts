/** Numbers read as the user's Home Assistant writes them, and what is not known is never a zero. */

import { describe, expect, it } from "vitest";

import type { HomeAssistant, Locale } from "../src/hass";
import { duration, energy, moment, number, power, quantity, temperature, UNKNOWN } from "../src/numbers";
import { FakeHass } from "./fake";

function at(locale: Partial<Locale> = {}, degree = "°C"): HomeAssistant {
  const { hass } = new FakeHass();
  return {
    ...hass,
    locale: { ...hass.locale, ...locale },
    config: { ...hass.config, unit_system: { temperature: degree } },
  };
}

/** With plain spaces, which are easier to write. */
const plain = (text: string): string => text.replace(/[\u202f\u00a0]/g, " ").replace("'", "’");

describe("numbers", () => {
  it.each([
    ["language", "1,234.50"],
    ["comma_decimal", "1,234.50"],
    ["decimal_comma", "1.234,50"],
    ["quote_decimal", "1’234.50"],
    ["space_comma", "1 234,50"],
    ["none", "1234.50"],
  ] as const)("are written as %s says", (number_format, text) => {
    expect(plain(number(at({ number_format }), 1234.5, 2))).toBe(text);
  });

  it.each([null, undefined, Number.NaN, Infinity])("of %s are a dash", (value) => {
    expect(number(at(), value)).toBe(UNKNOWN);
    expect(plain(power(at(), value))).toBe(`${UNKNOWN} W`);
    expect(plain(temperature(at({}, "°F"), value))).toBe(`${UNKNOWN} °F`);
    expect(duration(at(), value)).toBe(UNKNOWN);
  });

  it("have no minus before a zero", () => {
    expect(number(at(), -0.004, 2)).toBe("0.00");
  });

  it("have their unit, larger where they are large", () => {
    expect(plain(quantity(at(), 3.312, "V", 3))).toBe("3.312 V");
    expect(plain(power(at(), -940))).toBe("-940 W");
    expect(plain(power(at(), -2940))).toBe("-2.94 kW");
    expect(plain(energy(at(), 12_340))).toBe("12.3 kWh");
    expect(plain(energy(at(), 6_234_000))).toBe("6.23 MWh");
  });

  it("of temperatures are in the user's unit", () => {
    expect(plain(temperature(at(), 25))).toBe("25 °C");
    expect(plain(temperature(at({}, "°F"), 25))).toBe("77 °F");
  });
});

describe("times", () => {
  const noon = Date.UTC(2026, 10, 26, 13, 5, 9) / 1000;

  it.each([
    ["12", "1:05 PM"],
    ["24", "13:05"],
  ] as const)("have %s hours where the user wants them", (time_format, text) => {
    expect(plain(moment(at({ time_format, time_zone: "server" }), noon, "time"))).toBe(text);
  });

  it("have seconds, or a date, or both", () => {
    const hass = at({ time_zone: "server" });
    expect(plain(moment(hass, noon, "seconds"))).toBe("1:05:09 PM");
    expect(moment(hass, noon, "date")).toBe("Nov 26, 2026");
    expect(plain(moment(hass, noon, "both"))).toBe("Nov 26, 2026, 1:05 PM");
  });

  it.each([
    [42, "42 seconds"],
    [600, "10 minutes"],
    [7200, "2 hours"],
    [864_000, "10 days"],
    [31_556_952, "12 months"],
    [315_569_520, "10 years"],
  ])("of %d s have the largest unit that fits", (seconds, text) => {
    expect(duration(at(), seconds)).toBe(text);
  });
});
