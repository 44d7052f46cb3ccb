/** Writes numbers, units and times as the user's Home Assistant does. */

import type { HomeAssistant, Locale } from "./hass";

/** Shown where a value is not known; never a zero. */
export const UNKNOWN = "–";

/** Between a number and its unit: they are not torn apart. */
const NARROW = "\u202f";

/** Whether a value is there to be shown. */
export function known(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

const LANGUAGES: Partial<Record<Locale["number_format"], string>> = {
  comma_decimal: "en-US",
  decimal_comma: "de",
  quote_decimal: "de-CH",
  space_comma: "fr",
};

function language(locale: Locale): string | undefined {
  return locale.number_format === "system" ? undefined : (LANGUAGES[locale.number_format] ?? locale.language);
}

const formats = new Map<string, Intl.NumberFormat>();

/** A number with so many digits after the point. */
export function number(hass: HomeAssistant, value: number | null | undefined, digits = 0): string {
  if (!known(value)) return UNKNOWN;
  const { locale } = hass;
  const key = `${locale.number_format} ${locale.language} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language(locale), {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: locale.number_format !== "none",
    });
    formats.set(key, format);
  }
  // No minus before a zero.
  return format.format(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value);
}

/** A number with its unit. */
export function quantity(hass: HomeAssistant, value: number | null | undefined, unit: string, digits = 0): string {
  return `${number(hass, value, digits)}${NARROW}${unit}`;
}

/** A number of °C as one of the user's degrees. */
export function degrees(hass: HomeAssistant, celsius: number): number {
  return hass.config.unit_system.temperature === "°F" ? celsius * 1.8 + 32 : celsius;
}

/** A temperature, given in °C, in the user's unit. */
export function temperature(hass: HomeAssistant, celsius: number | null | undefined, digits = 0): string {
  return quantity(hass, known(celsius) ? degrees(hass, celsius) : null, hass.config.unit_system.temperature, digits);
}

/** A power, given in W: in kW from 1000 W on. */
export function power(hass: HomeAssistant, watts: number | null | undefined): string {
  return thousands(hass, watts, "W", 2);
}

/** An energy, given in Wh: in kWh from 1000 Wh on, in MWh from 1000 kWh on. */
export function energy(hass: HomeAssistant, wattHours: number | null | undefined): string {
  if (known(wattHours) && Math.abs(wattHours) >= 1e6) return quantity(hass, wattHours / 1e6, "MWh", 2);
  return thousands(hass, wattHours, "Wh", 1);
}

function thousands(hass: HomeAssistant, value: number | null | undefined, unit: string, digits: number): string {
  if (!known(value) || Math.abs(value) < 1000) return quantity(hass, value, unit);
  return quantity(hass, value / 1000, `k${unit}`, digits);
}

/** A moment, given in seconds since 1970, with the date or without. */
export function moment(hass: HomeAssistant, seconds: number, style: "time" | "seconds" | "tenths" | "day" | "month" | "date" | "both"): string {
  const { locale, config } = hass;
  const hours = locale.time_format === "12" ? { hour12: true } : locale.time_format === "24" ? { hour12: false } : {};
  const clock: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit", ...hours };
  const day: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric" };
  const parts = {
    time: clock,
    seconds: { ...clock, second: "2-digit" as const },
    tenths: { ...clock, second: "2-digit" as const, fractionalSecondDigits: 1 as const },
    day: { month: "short" as const, day: "numeric" as const },
    month: { year: "numeric" as const, month: "short" as const },
    date: day,
    both: { ...day, ...clock },
  }[style];
  const zone = locale.time_zone === "server" ? { timeZone: config.time_zone } : {};
  const tongue = locale.time_format === "system" ? undefined : locale.language;
  return new Intl.DateTimeFormat(tongue, { ...parts, ...zone }).format(new Date(seconds * 1000));
}

const STEPS = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [172_800, 3600, "hour"],
  [5_184_000, 86_400, "day"],
  [63_072_000, 2_629_746, "month"],
  [Infinity, 31_556_952, "year"],
] as const;

/** A length of time in its largest fitting unit, as "3 hours". */
export function duration(hass: HomeAssistant, seconds: number | null | undefined): string {
  if (!known(seconds)) return UNKNOWN;
  const [, length, unit] = STEPS.find(([below]) => Math.abs(seconds) < below) ?? STEPS[0];
  return new Intl.NumberFormat(hass.locale.language, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 0,
  }).format(seconds / length);
}
