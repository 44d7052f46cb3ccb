/** The pack card tells what is, what is not known, and why. */

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { PackShown, SystemInfo } from "../src/api";
import { HomeBmsCells } from "../src/cells/cells";
import { HomeBmsPackCard } from "../src/pack/pack-card";
import { HomeBmsBlackBox } from "../src/timeline/black-box";
import { FakeHass, settled } from "./fake";
import { packInfo, packShown, systemInfo, why } from "./sample";

beforeAll(() => {
  customElements.define("home-bms-black-box", HomeBmsBlackBox);
  customElements.define("home-bms-cells", HomeBmsCells);
  customElements.define("home-bms-pack-card", HomeBmsPackCard);
});

let home: FakeHass;
let card: HomeBmsPackCard;

async function show(config: object = {}, found: readonly SystemInfo[] = [systemInfo()]): Promise<void> {
  home.answers["home_bms/systems"] = { systems: found };
  card = new HomeBmsPackCard();
  card.setConfig({ type: "custom:home-bms-pack-card", ...config });
  card.hass = home.hass;
  document.body.replaceChildren(card);
  await settled(card);
}

async function tell(pack: PackShown | null): Promise<void> {
  home.tell("home_bms/pack", pack);
  await settled(card);
}

const text = (selector = "ha-card"): string =>
  (card.renderRoot.querySelector(selector)?.textContent ?? "").replace(/[\u202f\u00a0]/g, " ").replace(/\s+/g, " ").trim();

const cells = (): HomeBmsCells => {
  const found = card.renderRoot.querySelector<HomeBmsCells>("home-bms-cells");
  if (!found) throw new Error("the card shows no cells");
  return found;
};
const options = (): HTMLElement[] => [...cells().renderRoot.querySelectorAll<HTMLElement>("[role=option]")];
const labels = (): string[] => options().map((option) => (option.getAttribute("aria-label") ?? "").replaceAll("\u202f", " "));

beforeEach(() => {
  home = new FakeHass();
});

describe("without values", () => {
  it("asks for the pack that its settings name, or for the first", async () => {
    const found = [systemInfo([packInfo(), packInfo({ device_id: "pack-2", name: "Cellar" })])];
    await show({ device_id: "pack-2" }, found);
    expect(home.subscriptions.map(({ message }) => message.device_id)).toEqual(["pack-2"]);
    home = new FakeHass();
    await show({}, found);
    expect(home.subscriptions.map(({ message }) => message.device_id)).toEqual(["pack-1"]);
    expect(text()).toBe("Waiting for the first values");
  });

  it("says that no pack is set up, that it is gone, or why it is told nothing", async () => {
    await show({}, [systemInfo([])]);
    expect(text()).toBe("No battery pack is set up yet.");
    home = new FakeHass();
    await show({ device_id: "removed" });
    expect(text()).toContain("not set up or not loaded");
    home = new FakeHass();
    await show();
    await tell(null);
    expect(text()).toContain("not set up or not loaded");
    home = new FakeHass();
    home.refused["home_bms/pack"] = "it is asleep";
    await show();
    expect(text()).toBe("Home Assistant does not tell: it is asleep");
  });

  it("looks again for packs as Home Assistant comes up", async () => {
    home.answers["home_bms/systems"] = { systems: [] };
    await show({}, []);
    expect(text()).toBe("No battery pack is set up yet.");
    home.answers["home_bms/systems"] = { systems: [systemInfo()] };
    card.hass = { ...home.hass, config: { ...home.hass.config } };
    await settled(card);
    await tell(packShown());
    expect(text("h2")).toBe("Garage");
  });
});

describe("with values", () => {
  beforeEach(() => show());

  it("tells charge with its band, power with its direction, and limits with their reason", async () => {
    await tell(packShown());
    expect(text("h2")).toBe("Garage");
    expect(text(".soc")).toBe("63 %60 to 66 %");
    expect(text(".flow.charging .watts")).toBe("530 W");
    expect(text(".charge-side")).toContain("98 A of 140");
    expect(text(".charge-side .why")).toBe("Temperature (sensor 1: 8.4 °C, from 10.0 °C on)");
    expect(text(".charge-side .switch")).toBe("Charge switch: Closed");
  });

  it("says discharging where current flows out, and neither where next to none flows", async () => {
    await tell(packShown({ current: -12, power: -160 }));
    expect(text(".flow.discharging .watts")).toBe("160 W");
    await tell(packShown({ current: 0.2, power: 3 }));
    expect(card.renderRoot.querySelector(".flow.resting")).not.toBeNull();
  });

  it("never shows a value that is not known as a zero", async () => {
    await tell(
      packShown({ link: "lost", age: 240, quality: "none", balancing: null, soc: null, soc_low: null, soc_high: null, voltage: null, current: null, power: null, voltages: [null, null, null, null] }),
    );
    expect(text(".soc")).toBe("– %");
    expect(text(".watts")).toBe("– W");
    expect(text("[role=status]")).toBe("Lost · silent for 4 minutes · readings: None");
    expect(text(".flow")).toBe("– W");
    expect(card.renderRoot.querySelector(".resting")).toBeNull();
    expect(labels()[0]).toBe("Cell 1: – V");
    expect(card.renderRoot.querySelector(".needle")).toBeNull();
    expect(text()).toContain("Whether it balances is not known: ");
    const tabs = [...cells().renderRoot.querySelectorAll<HTMLElement>("[role=tab]")];
    for (const tab of tabs.slice(0, 2)) {
      tab.click();
      await settled(cells());
      expect(cells().renderRoot.querySelector(".fill"), tab.textContent.trim()).toBeNull();
    }
  });

  it("tells a current that is zero from one that is not known, and a charge without a band from a sure one", async () => {
    await tell(packShown({ current: 0, power: 0, soc_low: null, soc_high: null }));
    expect(card.renderRoot.querySelectorAll(".needle")).toHaveLength(2);
    expect(card.renderRoot.querySelector(".bar")?.getAttribute("aria-label")).toBe("State of charge 63 %, probably between – and – %");
  });

  it("says that nothing is done where control is not allowed", async () => {
    await tell(packShown({ acting: false }));
    expect(text(".charge-side .switch")).toContain("(watched only)");
    await tell(packShown({ acting: false, charge_switch: "failed", discharge_switch: "opening" }));
    expect(text(".charge-side .switch")).toBe("Charge switch: Would be moved (watched only)");
    expect(text(".discharge-side .switch")).toBe("Discharge switch: Would be moved (watched only)");
    await tell(packShown({ charge_switch: "failed" }));
    expect(text(".charge-side .switch")).toBe("Charge switch: Failed");
  });

  it("lists each alarm below its root, and lets a trip be reset", async () => {
    await tell(
      packShown({
        tripped: true,
        alarms: [
          { key: "charge_overtemperature", level: "trip", flow: "charge", cause: null, why: why("charge_overtemperature", { sensor: 2, value: 57.2, threshold: 55, unit: "°C" }) },
          { key: "temperature_spread", level: "warn", flow: "none", cause: "charge_overtemperature", why: why("temperature_spread", { value: 34, threshold: 15, unit: "K" }) },
        ],
      }),
    );
    expect(text("[role=alert] > ul > li > .alarm")).toContain("Too hot to charge · Trip");
    expect(text("[role=alert] ul ul")).toContain("34.0 K, from 15.0 K on");
    const [evidence, reset] = card.renderRoot.querySelectorAll<HTMLElement>("[role=alert] button");
    reset?.click();
    expect(home.services).toEqual([{ domain: "button", service: "press", data: {}, target: { entity_id: "button.garage_reset" } }]);
    home.answers["home_bms/black_boxes"] = { files: [] };
    evidence?.click();
    const box = card.renderRoot.querySelector<HomeBmsBlackBox>("home-bms-black-box");
    if (box) await settled(box);
    expect(home.calls.at(-1)).toEqual({ type: "home_bms/black_boxes", device_id: "pack-1" });
    expect(box?.renderRoot.querySelector("dialog")?.open).toBe(true);
  });

  it("leaves it to Home Assistant to tell that a reset is refused", async () => {
    home.hass = { ...home.hass, callService: () => Promise.reject(new Error("The cause still stands")) };
    await show();
    await tell(packShown({ tripped: true, alarms: [{ key: "charge_overtemperature", level: "trip", flow: "charge", cause: null, why: why("charge_overtemperature") }] }));
    card.renderRoot.querySelectorAll<HTMLElement>("[role=alert] button")[1]?.click();
    await settled(card);
    expect(text("[role=alert]")).toContain("Too hot to charge");
  });

  it("is drawn when it is told, not whenever any state of the house changes", async () => {
    let drawn = 0;
    await tell(packShown());
    const count = (): void => {
      drawn++;
    };
    card.addController({ hostUpdated: count });
    card.hass = { ...home.hass, states: {} };
    await settled(card);
    expect(drawn).toBe(0);
    card.hass = { ...home.hass, themes: { darkMode: true } };
    await settled(card);
    expect(drawn).toBe(1);
    expect(card.hasAttribute("dark")).toBe(true);
    await tell(packShown({ soc: 12 }));
    expect(drawn).toBe(2);
    expect(text(".soc")).toContain("12");
  });

  it("offers no reset where nothing latches", async () => {
    await tell(packShown({ alarms: [{ key: "cell_difference", level: "warn", flow: "none", cause: null, why: why("cell_difference") }] }));
    expect(card.renderRoot.querySelectorAll("[role=alert] button")).toHaveLength(1);
  });
});

describe("the cells", () => {
  beforeEach(() => show());

  it("are told one by one, with what is the matter with each", async () => {
    await tell(packShown({ voltages: [3.312, 3.318, 3.305, null], doubts: { cell_1: "jump", cell_4: "missing" } }));
    expect(labels()).toEqual([
      expect.stringMatching(/^Cell 1: 3\.312 V, doubted: /),
      "Cell 2: 3.318 V, highest, balancing",
      "Cell 3: 3.305 V, lowest",
      expect.stringMatching(/^Cell 4: – V, doubted: /),
    ]);
    expect(options()[0]?.classList.contains("doubted")).toBe(true);
    expect(options()[3]?.classList.contains("missing")).toBe(true);
  });

  it("have no highest and lowest while all are alike", async () => {
    await tell(packShown({ voltages: [3.3, 3.3, 3.3, 3.3], bleeding: null }));
    expect(labels()[0]).toBe("Cell 1: 3.300 V");
  });

  it("can be walked by keys, and the chosen one is told whole", async () => {
    await tell(packShown());
    options()[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    await settled(cells());
    expect(options().map((option) => option.tabIndex)).toEqual([-1, 0, -1, -1]);
    expect(cells().renderRoot.querySelector(".chosen")?.textContent).toContain("Resistance 0.64");
    options()[1]?.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
    await settled(cells());
    expect(options()[3]?.tabIndex).toBe(0);
  });

  it.each([
    ["Difference", "Cell 2: 6.5 mV, highest, balancing"],
    ["Resistance", "Cell 2: 0.64 mΩ, highest, balancing"],
    ["ΔQ", "Cell 2: 0.50 Ah, highest, balancing"],
    ["Temperature", "Sensor 2: 23.4 °C, highest"],
  ])("show %s when its tab is chosen", async (name, label) => {
    await tell(packShown());
    const tab = [...cells().renderRoot.querySelectorAll<HTMLElement>("[role=tab]")].find((each) => each.textContent.trim() === name);
    tab?.click();
    await settled(cells());
    expect(tab?.getAttribute("aria-selected")).toBe("true");
    expect(labels()[1]).toBe(label);
  });

  it("are a heat map where they are many, or where the user wants it", async () => {
    await tell(packShown());
    const list = (): string => cells().renderRoot.querySelector("[role=listbox]")?.className ?? "";
    expect(list()).toBe("bars");
    cells().renderRoot.querySelector<HTMLElement>(".view")?.click();
    await settled(cells());
    expect(list()).toBe("heat");
    await show();
    await tell(packShown({ voltages: Array.from({ length: 64 }, () => 3.3) }));
    expect(list()).toBe("heat");
  });
});
