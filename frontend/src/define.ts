/** Makes the cards known to Home Assistant. */

import { HomeBmsCells } from "./cells/cells";
import { HomeBmsHealthCard } from "./health/health-card";
import { HomeBmsPackCard } from "./pack/pack-card";
import { HomeBmsStrategy } from "./strategy";

/** What Home Assistant's card picker is told of a card. */
export interface Offer {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly preview: boolean;
}

declare global {
  interface Window {
    customCards?: Offer[];
  }
}

/** The elements by their names; one row a card. */
const ELEMENTS: Readonly<Record<string, CustomElementConstructor>> = {
  "home-bms-cells": HomeBmsCells,
  "home-bms-health-card": HomeBmsHealthCard,
  "home-bms-pack-card": HomeBmsPackCard,
  "ll-strategy-dashboard-home-bms": HomeBmsStrategy,
};

const OFFERS: readonly Offer[] = [
  {
    type: "home-bms-pack-card",
    name: "Home BMS: pack",
    description: "Charge, alarms, limits with their reasons, and every cell of one battery pack",
    preview: true,
  },
  {
    type: "home-bms-health-card",
    name: "Home BMS: health",
    description: "Capacity, resistance of each cell and joint, cycles, energy, and which cell will be worn out first",
    preview: true,
  },
];

/**
 * Define all elements.
 *
 * Home Assistant's frontend puts a registry of its own in place of the browser's shortly after it has started; what was
 * defined before is lost. Its own root element comes after that.
 */
export function define(): void {
  void customElements.whenDefined("home-assistant").then(() => {
    for (const [name, element] of Object.entries(ELEMENTS)) {
      if (!customElements.get(name)) customElements.define(name, element);
    }
  });
  (window.customCards ??= []).push(...OFFERS);
}
