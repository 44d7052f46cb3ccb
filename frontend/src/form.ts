/** The visual editor of each card: Home Assistant draws it from a list of settings. */

import { pageLanguage, wordIn, type Word } from "./words";

/** One setting, as Home Assistant's own forms describe it. */
export interface Setting {
  readonly name: string;
  readonly label: Word;
  readonly help?: Word;
  readonly selector: object;
}

/** What every card has. */
export const COMMON: readonly Setting[] = [
  {
    name: "device_id",
    label: "form.device",
    help: "form.device_help",
    selector: { device: { filter: [{ integration: "home_bms" }] } },
  },
  { name: "title", label: "form.title", selector: { text: {} } },
];

/** What Home Assistant asks a card for when its settings are opened. */
export function form(settings: readonly Setting[]): object {
  const find = (name: string): Setting | undefined => settings.find((setting) => setting.name === name);
  const say = (key: Word | undefined): string | undefined => key && wordIn(pageLanguage(), key);
  return {
    schema: settings.map(({ name, selector }) => ({ name, selector })),
    computeLabel: ({ name }: { readonly name: string }) => say(find(name)?.label) ?? name,
    computeHelper: ({ name }: { readonly name: string }) => say(find(name)?.help),
  };
}
