/** The cards and the dashboard are found and set up by clicking, in the user's language. */

import { afterEach, describe, expect, it } from "vitest";

import { HomeBmsHealthCard } from "../src/health/health-card";
import type { HomeAssistant } from "../src/hass";
import { CARDS, DASHBOARD } from "../src/offers";
import { HomeBmsPackCard } from "../src/pack/pack-card";
import { HomeBmsSystemCard } from "../src/system/system-card";
import { findPack, findSystem } from "../src/systems";
import { HomeBmsTimelineCard } from "../src/timeline/timeline-card";
import { FakeHass } from "./fake";
import { packInfo, systemInfo } from "./sample";

interface Form {
  readonly schema: readonly { readonly name: string; readonly selector: object }[];
  computeLabel(setting: { readonly name: string }): string;
  computeHelper(setting: { readonly name: string }): string | undefined;
}

afterEach(() => {
  document.documentElement.lang = "";
});

describe("the card picker", () => {
  it("is told a name and a description of each, in the page's language", () => {
    const texts = [...CARDS, DASHBOARD].flatMap(({ name, description }) => [name, description]);
    document.documentElement.lang = "de";
    const german = [...CARDS, DASHBOARD].flatMap(({ name, description }) => [name, description]);
    expect(new Set(texts).size).toBe(texts.length);
    expect(german.filter((text, index) => text !== texts[index]).length).toBeGreaterThan(CARDS.length);
  });

  it("suggests the cards for an entity of home_bms, about its device", () => {
    const hass: HomeAssistant = {
      ...new FakeHass().hass,
      entities: {
        "sensor.garage_soc": { platform: "home_bms", device_id: "pack-1" },
        "sensor.sun": { platform: "sun", device_id: "sun" },
        "sensor.lonely": { platform: "home_bms" },
      },
    };
    for (const offer of CARDS) {
      expect(offer.getEntitySuggestion(hass, "sensor.garage_soc")?.config).toEqual({ type: `custom:${offer.type}`, device_id: "pack-1" });
      expect(offer.getEntitySuggestion(hass, "sensor.sun")).toBeNull();
      expect(offer.getEntitySuggestion(hass, "sensor.lonely")).toBeNull();
      expect(offer.getEntitySuggestion(hass, "sensor.unknown")).toBeNull();
      expect(offer.getEntitySuggestion(new FakeHass().hass, "sensor.garage_soc")).toBeNull();
    }
  });
});

describe("the visual editor", () => {
  it.each([
    ["pack", HomeBmsPackCard, ["device_id", "title", "cells"]],
    ["health", HomeBmsHealthCard, ["device_id", "title"]],
    ["system", HomeBmsSystemCard, ["device_id", "title"]],
    ["timeline", HomeBmsTimelineCard, ["device_id", "title", "hours", "hide"]],
  ] as const)("of the %s card asks for all that it understands, each with a label", (_, card, names) => {
    const form = card.getConfigForm() as Form;
    expect(form.schema.map(({ name }) => name)).toEqual(names);
    for (const setting of form.schema) expect(form.computeLabel(setting)).not.toBe(setting.name);
    expect(form.computeHelper({ name: "device_id" })).toContain("first");
    expect(form.computeHelper({ name: "title" })).toBeUndefined();
    expect(card.getStubConfig()).toEqual({});
  });
});

describe("a card that names", () => {
  const found = [systemInfo([packInfo()]), { ...systemInfo([packInfo({ device_id: "pack-2" })]), device_id: "system-2" }];

  it.each([
    [undefined, "pack-1", "system-1"],
    ["pack-2", "pack-2", "system-2"],
    ["system-2", "pack-2", "system-2"],
    ["removed", undefined, undefined],
  ])("%s is about the pack %s, and the system %s", (device, pack, system) => {
    expect(findPack(found, device)?.device_id).toBe(pack);
    expect(findSystem(found, device)?.device_id).toBe(system);
  });
});
