/** The system card tells who limits whom, by how much and until when, and ends a lease only when asked twice. */

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { SystemShown } from "../src/api";
import type { HomeAssistant } from "../src/hass";
import { HomeBmsRelease } from "../src/system/release";
import { HomeBmsSystemCard } from "../src/system/system-card";
import { FakeHass, settled } from "./fake";
import { packInfo, systemInfo, why } from "./sample";
import { claim, direction, HOUR, inverterPart, kept, lease, limit, NOON, packPart, systemShown } from "./system-sample";

beforeAll(() => {
  customElements.define("home-bms-release", HomeBmsRelease);
  customElements.define("home-bms-system-card", HomeBmsSystemCard);
});

const LOCALE = { language: "en", number_format: "language", time_format: "24", time_zone: "server" } as const;

let home: FakeHass;
let card: HomeBmsSystemCard;

async function show(config: object = {}, change: Partial<HomeAssistant> = {}): Promise<void> {
  home = new FakeHass({ locale: LOCALE, ...change });
  home.answers["home_bms/systems"] = { systems: [systemInfo([packInfo(), packInfo({ device_id: "pack-2" })])] };
  card = new HomeBmsSystemCard();
  card.setConfig({ type: "custom:home-bms-system-card", ...config });
  card.hass = home.hass;
  document.body.replaceChildren(card);
  await settled(card);
}

async function tell(system: SystemShown | null): Promise<void> {
  home.tell("home_bms/system", system);
  await settled(card);
}

const plain = (element: Element | null | undefined): string =>
  (element?.textContent ?? "").replace(/[\u202f\u00a0]/g, " ").replace(/\s+/g, " ").trim();
const text = (selector = "ha-card"): string => plain(card.renderRoot.querySelector(selector));
const texts = (selector: string): string[] => [...card.renderRoot.querySelectorAll(selector)].map(plain);
const wire = (box: string): string => card.renderRoot.querySelector(`${box} .wire`)?.className ?? "";

/** The rows of an inverter's table, by their name. */
const rows = (): Record<string, string[]> =>
  Object.fromEntries([...card.renderRoot.querySelectorAll("tbody tr")].map((row) => [plain(row.querySelector("th")), [...row.querySelectorAll("td")].map(plain)]));

beforeEach(() => show());

describe("without values", () => {
  it.each([undefined, "system-1", "pack-2"])("asks for the system of the device %s", async (device_id) => {
    await show({ device_id });
    expect(home.subscriptions.map(({ message }) => message)).toEqual([{ type: "home_bms/system", entry_id: "entry-1" }]);
    expect(text()).toBe("Waiting for the first values");
  });

  it("says that it is gone, and ends what it asked when it leaves the page", async () => {
    await tell(null);
    expect(text()).toContain("not set up or not loaded");
    card.remove();
    expect(home.subscriptions.map(({ ended }) => ended)).toEqual([true]);
  });

  it("says that there is neither pack nor inverter, and no limits that nobody has", async () => {
    await tell(systemShown({ packs: [], inverters: [], weakest_charge: null, weakest_discharge: null }));
    expect(text(".packs")).toBe("No battery pack is set up yet.");
    expect(text(".inverters")).toContain("No inverter is set up");
    expect(card.renderRoot.querySelector(".who, .battery")).toBeNull();
  });
});

describe("who limits", () => {
  const CELL = why("cell_voltage", { cell: 3, value: 3.451, threshold: 3.4, unit: "V" });

  it("is the pack that says so, named with its cell, and marked in its box", async () => {
    const packs = [packPart(), packPart({ device_id: "pack-2", name: "Cellar", charge_limit: limit(49, 140, CELL) })];
    await tell(systemShown({ packs, charge_limit: limit(98, 280, CELL), weakest_charge: "pack-2" }));
    expect(texts(".who li")).toEqual([
      "Cellar limits charging to 98 A: Cell voltage (cell 3: 3.451 V, from 3.400 V on)",
      "Nothing limits discharging: 200 A are all that the packs are rated for",
    ]);
    expect(texts(".limiting h3")).toEqual(["Cellar›"]);
    expect(texts(".mark")).toEqual(["Limits charging"]);
    expect(text(".battery .charge-side")).toBe("Charge limit 98 A of 280 · Cell voltage");
  });

  it("only would limit while control is not allowed", async () => {
    await tell(systemShown({ acting: false, charge_limit: limit(98, 140, CELL), inverters: [inverterPart({ acting: false })] }));
    expect(text(".would")).toContain("Control is not allowed");
    expect(texts(".who li")[0]).toBe("Garage would limit charging to 98 A: Cell voltage (cell 3: 3.451 V, from 3.400 V on)");
    expect(texts(".mark")).toEqual(["Would limit charging"]);
    expect(text(".inverter .state")).toBe("watched only");
    expect(rows()["Would be told"]).toEqual(["98 A", "200 A"]);
  });

  it.each([
    ["charge_current", 40, 40],
    ["charge_power", 2124, 40],
  ])("is the lease whose %s it comes from, until it ends", async (part, value, amperes) => {
    await tell(
      systemShown({
        charge_limit: limit(amperes, 140, why("leased", { threshold: 40, unit: "A" })),
        leases: [lease("Grid operator", { [part]: value }), lease("Storm", { reserve: 50 })],
        claims: [claim(part, value, "Grid operator"), claim("reserve", 50, "Storm"), claim("charge_current", 90, "Late", { overridden_by: "Grid operator" })],
      }),
    );
    expect(texts(".who li")[0]).toMatch(/^Grid operator limits charging to 40 A: Charge with at most .+, until 18:00$/);
    expect(texts(".lease.limiting strong")).toEqual(["Grid operator"]);
  });

  it("is the stricter of two limits of leases", async () => {
    await tell(
      systemShown({
        charge_limit: limit(40, 140, why("leased", { threshold: 40, unit: "A" })),
        claims: [claim("charge_current", 90, "Slow"), claim("charge_power", 2124, "Strict")],
      }),
    );
    expect(texts(".who li")[0]).toContain("Strict limits charging");
  });

  it("is the reserve, the user's own too", async () => {
    const reached = limit(0, 200, why("soc_window", { value: 19.8, threshold: 20, unit: "%" }));
    await tell(systemShown({ discharge_limit: reached, reserve: 20, claims: [kept(20)] }));
    expect(texts(".who li")[1]).toBe("Your reserve limits discharging to 0 A: State of charge window (19.8 %, from 20.0 % on)");
    expect(text(".lease.limiting")).toBe("Your reserve 20 % without an end Limits discharging");
    await tell(systemShown({ discharge_limit: reached, claims: [kept(10)] }));
    expect(texts(".who li")[1]).toContain("Garage limits discharging");
    await tell(systemShown({ discharge_limit: reached, claims: [claim("reserve", 20, "user")] }));
    expect(texts(".who li")[1]).toBe("user limits discharging to 0 A: Reserve 20 %, until 18:00");
  });

  it("of charging is never a reserve, whatever the pack's own window is", async () => {
    const full = limit(0, 140, why("soc_window", { value: 90.2, threshold: 90, unit: "%" }));
    await tell(systemShown({ charge_limit: full, reserve: 90, claims: [kept(90)] }));
    expect(texts(".who li")[0]).toContain("Garage limits charging");
  });

  it("is a pack that nobody hears, without numbers that are no threshold", async () => {
    const unseen = why("pack_unseen", { value: 100, threshold: 400, unit: "A" });
    await tell(systemShown({ charge_limit: limit(100, 140, unseen), charge_voltage: limit(54, 56.8, why("float", { value: 54, threshold: 53.6, unit: "V" })) }));
    expect(texts(".who li")[0]).toBe("Garage limits charging to 100 A: A pack is not heard");
    expect(texts(".battery .small")).toContain("Charge voltage 54.00 V · Float");
  });

  it("is the battery itself where no pack holds it down", async () => {
    await tell(systemShown({ charge_limit: limit(7.25, 140, why("recovering", { threshold: 140, unit: "A" })), weakest_discharge: null, discharge_limit: limit(0, 200, why("packs_open")) }));
    expect(texts(".who li")).toEqual(["The battery limits charging to 7.3 A: Recovering", "The battery limits discharging to 0 A: No pack is on the bus"]);
    expect(card.renderRoot.querySelector(".limiting")).toBeNull();
  });
});

describe("a pack", () => {
  it("tells what flows by words, number and arrow", async () => {
    await tell(systemShown());
    expect(text(".pack .flowing")).toBe("Charging · 31.2 A · 1.66 kW");
    expect(wire(".packs")).toBe("wire charging");
    await tell(systemShown({ packs: [packPart({ current: -80, power: -4200 })] }));
    expect(text(".pack .flowing")).toBe("Discharging · 80.0 A · 4.20 kW");
    expect(card.renderRoot.querySelector(".packs .arrow")).not.toBeNull();
    await tell(systemShown({ packs: [packPart({ current: 0.1, power: 5 })] }));
    expect(text(".pack .flowing")).toBe("Resting · 0.1 A · 5 W");
    expect(card.renderRoot.querySelector(".packs .arrow")).toBeNull();
  });

  it("has a line as wide as its part of what is permitted at most", async () => {
    const width = (): number => parseFloat(card.renderRoot.querySelector<HTMLElement>(".packs .wire")?.style.getPropertyValue("--width") ?? "");
    await tell(systemShown({ packs: [packPart({ current: 20 })] }));
    const narrow = width();
    await tell(systemShown({ packs: [packPart({ current: -150 })] }));
    expect(width()).toBeGreaterThan(narrow);
    await tell(systemShown({ packs: [packPart({ current: 900 })] }));
    expect(width()).toBe(14);
  });

  it("that is lost shows nothing known, takes no part, and says why", async () => {
    const gone = packPart({
      mode: "lost",
      link: "lost",
      charges: false,
      discharges: false,
      why: why("unseen", { value: 14.2, threshold: 10, unit: "s" }),
      share: null,
      current: null,
      power: null,
      soc: null,
      charge_limit: limit(0, 140, why("communication_lost")),
      worst: "protect",
    });
    await tell(systemShown({ packs: [gone] }));
    expect(text(".pack .soc")).toBe("– %");
    expect(text(".pack .state")).toBe("Lost");
    expect(text(".pack .flowing")).toBe("– A · – W");
    expect(texts(".pack .small")).toEqual([
      "Charge limit 0 A of 140 · Communication lost",
      "Discharge limit 200 A of 200",
      "Not heard, and perhaps still on the bus (14.2 s, from 10.0 s on)",
    ]);
    expect(text(".pack .level")).toBe("Alarm: Stopped");
    expect(wire(".packs")).toBe("wire unknown");
  });

  it.each([
    ["in", "Takes part"],
    ["charge_open", "Only discharges"],
    ["discharge_open", "Only charges"],
    ["open", "Takes no part"],
    ["joining", "Joining"],
    ["unseen", "Not heard"],
    ["coming_back", "Heard again"],
    ["never_thought_of", "never thought of"],
  ])("has words for taking part as %s", async (rule, words) => {
    await tell(systemShown({ packs: [packPart({ why: why(rule), mode: "full", link: "late" })] }));
    expect(text(".pack")).toContain(words);
    expect(text(".pack .state")).toBe("Full · Link: Late");
  });

  it("leads to its device without loading the page anew, and not whom it would turn away", async () => {
    await tell(systemShown());
    const moved: unknown[] = [];
    window.addEventListener("location-changed", (event) => moved.push((event as CustomEvent).detail), { once: true });
    const link = card.renderRoot.querySelector<HTMLAnchorElement>(".pack a");
    const click = new MouseEvent("click", { bubbles: true, cancelable: true });
    link?.dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    expect(moved).toEqual([{ replace: false }]);
    expect(link?.getAttribute("href")).toBe("/config/devices/device/pack-1");
    const tab = new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: true });
    link?.addEventListener("click", () => expect(tab.defaultPrevented).toBe(false), { once: true });
    link?.dispatchEvent(tab);
    expect(moved).toHaveLength(1);
    await show({}, { user: { is_admin: false } });
    await tell(systemShown({ leases: [lease("Tariff", { power: 1000 })] }));
    expect(card.renderRoot.querySelector("a, button")).toBeNull();
    expect(text(".pack h3")).toBe("Garage");
  });
});

describe("an inverter", () => {
  it("tells what it is told, holds and makes of it, and how long that takes", async () => {
    await tell(systemShown({ inverters: [inverterPart({ share: 0.4, setpoint: -500, discharge: direction({ limit: 200, accepted: 80, response: "late", dead_time: null, settling: null }) })] }));
    expect(rows()).toEqual({
      "Is told": ["98 A", "200 A"],
      Holds: ["98 A", "80 A limits discharging itself"],
      Response: ["Obeys", "Late"],
      "Dead time": ["1.2 s", "– s"],
      "Obeys after": ["3.1 s", "– s"],
    });
    expect(text(".inverter")).toContain("gets 40 % of the battery's limits");
    expect(text(".inverter")).toContain("Charge voltage 55.20 V · Set-point: Discharge with 500 W");
  });

  it("that disobeys is told of in words, with the means and their reason", async () => {
    const ignored = direction({ response: "ignored", step: "cvl", why: why("current_limit_ignored", { value: 71.2, threshold: 15.1, unit: "A" }) });
    await tell(systemShown({ inverters: [inverterPart({ charge: ignored })] }));
    expect(rows().Response).toEqual(["Ignores its limits", "Obeys"]);
    expect(rows().Means).toEqual(["Charge voltage Current limit ignored (71.2 A, permitted were at most 15.1 A)", "Current limits"]);
  });

  it("that is silent shows nothing known", async () => {
    const nothing = direction({ limit: null, accepted: null, response: "unknown", dead_time: null, settling: null });
    await tell(systemShown({ inverters: [inverterPart({ link: "silent", charge_voltage: null, voltage: null, current: null, power: null, charge: nothing, discharge: nothing })] }));
    expect(text(".inverter .state")).toBe("Link: Silent");
    expect(text(".inverter .flowing")).toBe("– A · – W");
    expect(Object.values(rows()).flat()).toEqual(["– A", "– A", "– A", "– A", "Unknown", "Unknown", "– s", "– s", "– s", "– s"]);
  });
});

describe("what is asked", () => {
  it("is nothing", async () => {
    await tell(systemShown());
    expect(text(".grid")).toBe("What is asked of the battery No set-point · No reserve Nobody asks anything of it now.");
    expect(card.renderRoot.querySelector(".funnel")).toBeNull();
  });

  it("tells what counts, what does not and because of whom", async () => {
    await tell(
      systemShown({
        setpoint: 1400,
        reserve: 20,
        leases: [
          lease("Tariff", { charge_to: 80, power: 3000 }, { name: "cheap hours", reason: "Below 12 ct", repeats: true }),
          lease("Grid", { power: -500, discharge_current: 30 }, { end: NOON + 40 * HOUR }),
        ],
        claims: [
          claim("power", 2000, "Tariff", { name: "cheap hours" }),
          claim("discharge_current", 30, "Grid"),
          claim("power", -500, "Grid", { overridden_by: "Tariff" }),
          claim("reserve", 50, "Storm"),
          kept(20, { overridden_by: "Storm" }),
        ],
      }),
    );
    expect(text(".grid > .head")).toBe("What is asked of the battery Set-point: Charge with 1.40 kW (asked: Charge with 2.00 kW) · Reserve 50 %");
    expect(texts(".lease strong")).toEqual(["Tariff · cheap hours", "Grid", "Your reserve"]);
    expect(texts(".asks li")).toEqual([
      "Charge to 80 % (now 2.00 kW)",
      "Charge with at most 3.00 kW",
      "Discharge with 500 W (does not count: Tariff goes before)",
      "Discharge with at most 30.0 A",
    ]);
    expect(texts(".lease .small")).toEqual(["until 18:00 · comes round", "Below 12 ct", "until Nov 28, 2025, 04:00", "without an end"]);
    expect(texts(".lease")[2]).toContain("20 % (does not count: Storm goes before)");
  });

  it("tells a lease that the user's own reserve goes before", async () => {
    await tell(systemShown({ leases: [lease("Storm", { reserve: 10 })], claims: [kept(20), claim("reserve", 10, "Storm", { overridden_by: "user" })] }));
    expect(texts(".lease")[0]).toContain("(does not count: your reserve goes before)");
  });

  it("tells the set-point as it is where no limit narrows it, and standing still", async () => {
    await tell(systemShown({ setpoint: 0, claims: [claim("power", 0, "Grid")] }));
    expect(text(".grid > .head")).toContain("Set-point: Neither charge nor discharge · No reserve");
  });

  it("lists what is to come, the next at first sight", async () => {
    const later = (hour: number): Parameters<typeof lease>[2] => ({ in_force: false, start: NOON + hour * HOUR, end: NOON + (hour + 2) * HOUR });
    await tell(systemShown({ leases: [lease("A", { charge_power: 800 }, later(2)), lease("B", { unheard_of: 3 }, later(20)), lease("C", { reserve: 30 }, later(30))] }));
    expect(texts(".grid > ul > .lease")).toEqual(["A Release Charge with at most 800 W 14:00 to 16:00", "B Release unheard of 3 Nov 27, 2025, 08:00 to 10:00"]);
    expect(text("details")).toContain("1 more C");
  });
});

describe("releasing", () => {
  const dialog = (): HomeBmsRelease | null => card.renderRoot.querySelector("home-bms-release");
  const press = async (name: string): Promise<void> => {
    dialog()?.renderRoot.querySelector<HTMLElement>(name)?.click();
    await settled(dialog() ?? card);
    await settled(card);
  };
  const begin = async (change: Parameters<typeof lease>[2] = {}): Promise<void> => {
    await tell(systemShown({ leases: [lease("Tariff", { power: 3000 }, { name: "cheap hours", ...change })] }));
    const button = card.renderRoot.querySelector<HTMLElement>(".lease button");
    expect(button?.getAttribute("aria-label")).toBe("Release: Tariff · cheap hours");
    button?.click();
    await settled(card);
  };

  it("asks first, and does nothing where it is not confirmed", async () => {
    await begin({ repeats: true });
    expect(dialog()?.renderRoot.querySelector("dialog")?.open).toBe(true);
    expect(plain(dialog()?.renderRoot.querySelector("dialog"))).toBe(
      "Release what Tariff · cheap hours asks? Charge with 3.00 kW · until 18:00 It ends at once and does not come round again. Who asked it may ask again. Keep Release",
    );
    await press(".keep");
    expect(dialog()).toBeNull();
    expect(home.services).toEqual([]);
  });

  it("ends that one lease of that owner", async () => {
    await begin();
    await press(".end");
    expect(home.services).toEqual([
      { domain: "home_bms", service: "release", data: { device_id: "system-1", owner: "Tariff", name: "cheap hours" }, target: undefined },
    ]);
    expect(dialog()).toBeNull();
  });

  it("tells why it was refused, and can be tried again", async () => {
    // Home Assistant rejects with plain objects.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await show({}, { callService: () => Promise.reject({ code: "unauthorized", message: "you may not" }) });
    await begin();
    await press(".end");
    expect(plain(dialog()?.renderRoot.querySelector("[role=alert]"))).toBe("Home Assistant refuses: you may not");
    expect(dialog()?.renderRoot.querySelector<HTMLButtonElement>(".end")?.disabled).toBe(false);
  });
});
