/** Makes a whole dashboard of whatever packs and inverters there are: one line in its settings. */

import type { PackInfo, SystemInfo } from "./api";
import type { HomeAssistant } from "./hass";
import { findSystem, forgetSystems, systems } from "./systems";
import { word, type Word } from "./words";

interface StrategyConfig {
  readonly type: string;
  /** Of a battery system, or of a part of it, to show no other. */
  readonly device_id?: string;
}

interface Card {
  readonly type: string;
  readonly [setting: string]: unknown;
}

interface View {
  readonly key: "now" | "cells" | "history" | "health" | "system" | "maintenance";
  readonly icon: string;
  /** The cards of one battery system, each with how many columns of a wide screen it takes. */
  readonly cards: (system: SystemInfo) => readonly (readonly [Card, number])[];
}

const card = (kind: string, about: { readonly device_id: string }, more: object = {}): Card => ({
  type: `custom:home-bms-${kind}-card`,
  device_id: about.device_id,
  ...more,
});

const eachPack =
  (kind: string, columns: number, more: object = {}) =>
  ({ packs }: SystemInfo): readonly (readonly [Card, number])[] =>
    packs.map((pack) => [card(kind, pack, more), columns] as const);

/** What a person looks after: what was found, what is due, and what control is allowed. */
const MAINTAINED = ["finding", "tripped", "since_full", "data_quality", "link_quality", "full_cycles", "worn_out", "reset_trips"];

function maintained(about: SystemInfo | PackInfo, keys: readonly string[]): Card {
  const entities = keys.map((key) => about.entities[key]).filter((id) => id !== undefined);
  return { type: "entities", title: about.name, entities };
}

const VIEWS: readonly View[] = [
  {
    key: "now",
    icon: "mdi:battery-charging",
    cards: (system) => [[card("system", system), 1], ...eachPack("pack", 1, { cells: false })(system)],
  },
  { key: "cells", icon: "mdi:view-grid", cards: eachPack("pack", 1) },
  { key: "history", icon: "mdi:chart-line", cards: eachPack("timeline", 4) },
  { key: "health", icon: "mdi:heart-pulse", cards: eachPack("health", 2) },
  { key: "system", icon: "mdi:sitemap", cards: (system) => [[card("system", system), 4]] },
  {
    key: "maintenance",
    icon: "mdi:wrench",
    cards: (system) => [
      [maintained(system, ["allow_control", "lease", "lease_until", "reserve"]), 1],
      ...system.packs.map((pack) => [maintained(pack, MAINTAINED), 1] as const),
    ],
  },
];

export class HomeBmsStrategy extends HTMLElement {
  /** The dashboard of the moment; Home Assistant asks anew when it is opened. */
  static async generate(config: StrategyConfig, hass: HomeAssistant): Promise<object> {
    forgetSystems(hass);
    const all = await systems(hass);
    const found = config.device_id === undefined ? all : [findSystem(all, config.device_id)].filter((system) => system !== undefined);
    if (!found.some(({ packs }) => packs.length)) {
      return { views: [{ title: word(hass, "view.now"), cards: [{ type: "custom:home-bms-pack-card" }] }] };
    }
    return { title: found.map(({ name }) => name).join(", "), views: VIEWS.map((view) => drawn(hass, view, found)) };
  }
}

function drawn(hass: HomeAssistant, view: View, found: readonly SystemInfo[]): object {
  const title = word(hass, `view.${view.key}` satisfies Word);
  return {
    title,
    path: view.key,
    icon: view.icon,
    type: "sections",
    max_columns: 4,
    sections: found.flatMap(view.cards).map(([shown, columns]) => ({
      type: "grid",
      column_span: columns,
      cards: [{ ...shown, grid_options: { columns: "full" } }],
    })),
  };
}
