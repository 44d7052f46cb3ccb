/** What Home Assistant's pickers are told of the cards and the dashboard, in the language of the page. */

import type { HomeAssistant } from "./hass";
import { pageLanguage, wordIn, type Word } from "./words";

interface Suggestion {
  readonly config: object;
  readonly label?: string;
}

/** A card in Home Assistant's card picker. */
export interface CardOffer {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly preview: boolean;
  getEntitySuggestion(hass: HomeAssistant, entityId: string): Suggestion | null;
}

/** A dashboard in Home Assistant's dialog for new ones. */
export interface StrategyOffer {
  readonly type: string;
  readonly strategyType: "dashboard";
  readonly name: string;
  readonly description: string;
}

const KINDS = ["pack", "timeline", "health", "system"] as const;
type Kind = (typeof KINDS)[number];

const say = (key: Word): string => wordIn(pageLanguage(), key);

function card(kind: Kind): CardOffer {
  const type = `home-bms-${kind}-card`;
  return {
    type,
    // The page tells its language only after this module was loaded.
    get name() {
      return say(`offer.${kind}`);
    },
    get description() {
      return say(`offer.${kind}_help`);
    },
    preview: true,
    getEntitySuggestion(hass, entityId) {
      const entity = hass.entities?.[entityId];
      if (entity?.platform !== "home_bms" || entity.device_id === undefined) return null;
      return { config: { type: `custom:${type}`, device_id: entity.device_id }, label: say(`offer.${kind}`) };
    },
  };
}

export const CARDS: readonly CardOffer[] = KINDS.map(card);

export const DASHBOARD: StrategyOffer = {
  type: "home-bms",
  strategyType: "dashboard",
  get name() {
    return say("offer.dashboard");
  },
  get description() {
    return say("offer.dashboard_help");
  },
};
