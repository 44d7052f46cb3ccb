/** Finds words: the dashboard's own in two languages, and the integration's where Home Assistant has them already. */

import type { HomeAssistant } from "./hass";
import de from "./translations/de.json";
import en from "./translations/en.json";

export type Word = keyof typeof en;

const LANGUAGES: Readonly<Record<string, Readonly<Record<Word, string>>>> = { en, de };

/** One of the dashboard's own words, its `{blanks}` filled in. */
export function word(hass: HomeAssistant, key: Word, values: Readonly<Record<string, string | number>> = {}): string {
  return wordIn(hass.locale.language, key, values);
}

/** The language of the page, where there is no `hass` to ask. */
export function pageLanguage(): string {
  return document.documentElement.lang || "en";
}

/** The same in a language that is named. */
export function wordIn(language: string, key: Word, values: Readonly<Record<string, string | number>> = {}): string {
  const words = LANGUAGES[language.split("-")[0] ?? "en"] ?? en;
  return words[key].replace(/\{(\w+)\}/g, (blank, name: string) => String(values[name] ?? blank));
}

/** Where the integration's translations hold the words for what the websocket names by a key, `*`. */
const PLACES = {
  limit: "entity.sensor.limiting_reason.state.*",
  protection: "entity.event.protection.state_attributes.protection.state.*",
  level: "entity.binary_sensor.tripped.state_attributes.level.state.*",
  became: "entity.event.protection.state_attributes.level.state.*",
  flow: "entity.event.protection.state_attributes.flow.state.*",
  mode: "entity.sensor.mode.state.*",
  link: "entity.sensor.link.state.*",
  quality: "entity.sensor.data_quality.state.*",
  doubt: "entity.sensor.cell.state_attributes.doubt.state.*",
  balance: "entity.sensor.balance_reason.state.*",
  stage: "entity.sensor.charge_stage.state.*",
  stage_why: "entity.sensor.charge_stage_reason.state.*",
  contactor: "entity.sensor.contactor.state.*",
  finding: "issues.finding_*.title",
  inspection: "selector.inspection.options.*",
  inverter_link: "entity.sensor.inverter_link.state.*",
  response: "entity.sensor.obedience.state.*",
  step: "entity.sensor.escalation.state.*",
  step_why: "entity.sensor.escalation.state_attributes.reason.state.*",
} as const;

export type Place = keyof typeof PLACES;

/** The integration's word for a key; the key itself, made readable, where there is none. */
export function told(hass: HomeAssistant, place: Place, key: string, values?: Record<string, string | number>): string {
  return hass.localize(`component.home_bms.${PLACES[place].replace("*", key)}`, values) || key.replaceAll("_", " ");
}

/** Has Home Assistant load the integration's words; a card is drawn anew when they are there. */
export async function loadWords(hass: HomeAssistant): Promise<void> {
  await Promise.all(["entity", "issues", "selector"].map((category) => hass.loadBackendTranslation(category, "home_bms")));
}
