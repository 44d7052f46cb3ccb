/** Makes the cards known to Home Assistant. */

import { HomeBmsCells } from "./cells/cells";
import { HomeBmsChart } from "./chart/chart";
import { HomeBmsHealthCard } from "./health/health-card";
import { CARDS, DASHBOARD, type CardOffer, type StrategyOffer } from "./offers";
import { HomeBmsPackCard } from "./pack/pack-card";
import { HomeBmsStrategy } from "./strategy";
import { HomeBmsRelease } from "./system/release";
import { HomeBmsSystemCard } from "./system/system-card";
import { HomeBmsBlackBox } from "./timeline/black-box";
import { HomeBmsTimelineCard } from "./timeline/timeline-card";

declare global {
  interface Window {
    customCards?: CardOffer[];
    customStrategies?: StrategyOffer[];
  }
}

/** The elements by their names; one row a card. */
const ELEMENTS: Readonly<Record<string, CustomElementConstructor>> = {
  "home-bms-black-box": HomeBmsBlackBox,
  "home-bms-cells": HomeBmsCells,
  "home-bms-chart": HomeBmsChart,
  "home-bms-health-card": HomeBmsHealthCard,
  "home-bms-pack-card": HomeBmsPackCard,
  "home-bms-release": HomeBmsRelease,
  "home-bms-system-card": HomeBmsSystemCard,
  "home-bms-timeline-card": HomeBmsTimelineCard,
  "ll-strategy-dashboard-home-bms": HomeBmsStrategy,
};

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
  (window.customCards ??= []).push(...CARDS);
  (window.customStrategies ??= []).push(DASHBOARD);
}
