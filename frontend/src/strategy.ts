/** Makes a whole dashboard of whatever packs and inverters there are: one line in its settings. */

import type { PackInfo, SystemInfo } from "./api";
import type { HomeAssistant } from "./hass";
import { findSystem, forgetSystems, systems } from "./systems";
import { loadWords, word, type Word } from "./words";

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
  const ids = keys.map((key) => about.entities[key]).filter((id) => id !== undefined);
  // The title says whose they are.
  return { type: "entities", title: about.name, entities: ids.map((entity) => ({ entity, name: { type: "entity" } })) };
}

/** The inspections as a list that can be ticked off, unless its entity is disabled. */
function plan({ entities, name }: SystemInfo): readonly (readonly [Card, number])[] {
  return entities.inspections === undefined ? [] : [[{ type: "todo-list", entity: entities.inspections, title: name }, 1]];
}

const VIEWS: readonly View[] = [
  {
    key: "now",
    icon: "mdi:battery-charging",
    cards: (system) => [[card("system", system), 1], ...eachPack("pack", 1, { cells: false })(system)],
  },
  // Two columns for each, while there are that many.
  { key: "cells", icon: "mdi:view-grid", cards: (system) => eachPack("pack", system.packs.length > 2 ? 1 : 2)(system) },
  { key: "history", icon: "mdi:chart-line", cards: eachPack("timeline", 4) },
  { key: "health", icon: "mdi:heart-pulse", cards: eachPack("health", 2) },
  { key: "system", icon: "mdi:sitemap", cards: (system) => [[card("system", system), 4]] },
  {
    key: "maintenance",
    icon: "mdi:wrench",
    cards: (system) => [
      ...plan(system),
      [maintained(system, ["allow_control", "lease", "lease_until", "reserve"]), 1],
      ...system.packs.map((pack) => [maintained(pack, MAINTAINED), 1] as const),
    ],
  },
];

export class HomeBmsStrategy extends HTMLElement {
  /** The dashboard of the moment; Home Assistant asks anew when it is opened. */
  static async generate({ device_id }: StrategyConfig, hass: HomeAssistant): Promise<object> {
    forgetSystems(hass);
    // Needed by the first card, while Home Assistant builds the view; a card tells if they cannot be had.
    loadWords(hass).catch(() => undefined);
    const all = await systems(hass);
    const found = device_id === undefined ? all : [findSystem(all, device_id)].filter((system) => system !== undefined);
    if (!found.some(({ packs }) => packs.length)) {
      // The card says what is missing.
      const only = { type: "custom:home-bms-pack-card", ...(device_id !== undefined && { device_id }) };
      return { views: [{ title: word(hass, "view.now"), cards: [only] }] };
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
    // As many as a 4K screen has room for.
    max_columns: 6,
    sections: found.flatMap(view.cards).map(([shown, columns]) => ({
      type: "grid",
      column_span: columns,
      cards: [{ ...shown, grid_options: { columns: "full" } }],
    })),
  };
}
