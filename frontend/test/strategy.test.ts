/** One line of settings makes a dashboard of whatever is there. */

import { beforeEach, describe, expect, it } from "vitest";

import { HomeBmsStrategy } from "../src/strategy";
import { FakeHass } from "./fake";
import { packInfo, systemInfo } from "./sample";

interface Made {
  readonly title?: string;
  readonly views: readonly {
    readonly path?: string;
    readonly title: string;
    readonly sections?: readonly { readonly column_span: number; readonly cards: readonly Record<string, unknown>[] }[];
    readonly cards?: readonly Record<string, unknown>[];
  }[];
}

const house = systemInfo([packInfo(), packInfo({ device_id: "pack-2", name: "Cellar" })]);
const shed = { ...systemInfo([packInfo({ device_id: "pack-3", name: "Shed" })]), device_id: "system-2", name: "Shed" };

let home: FakeHass;

async function make(config: object = {}): Promise<Made> {
  return (await HomeBmsStrategy.generate({ type: "custom:home-bms", ...config }, home.hass)) as Made;
}

/** The cards of a view, as "kind device". */
function shown(made: Made, path: string): string[] {
  const view = made.views.find((each) => each.path === path);
  return (view?.sections ?? []).flatMap(({ cards }) => cards.map(({ type, device_id }) => `${String(type)} ${String(device_id)}`));
}

beforeEach(() => {
  home = new FakeHass();
  home.answers["home_bms/systems"] = { systems: [house, shed] };
});

describe("the dashboard", () => {
  it("has six views of all systems", async () => {
    const made = await make();
    expect(made.title).toBe("Battery, Shed");
    expect(made.views.map(({ path }) => path)).toEqual(["now", "cells", "history", "health", "system", "maintenance"]);
    expect(shown(made, "now")).toEqual([
      "custom:home-bms-system-card system-1",
      "custom:home-bms-pack-card pack-1",
      "custom:home-bms-pack-card pack-2",
      "custom:home-bms-system-card system-2",
      "custom:home-bms-pack-card pack-3",
    ]);
    expect(shown(made, "history")).toEqual([1, 2, 3].map((number) => `custom:home-bms-timeline-card pack-${number}`));
    expect(shown(made, "health")).toEqual([1, 2, 3].map((number) => `custom:home-bms-health-card pack-${number}`));
  });

  it("can be about one system, named by any of its devices", async () => {
    for (const device_id of ["system-2", "pack-3"]) {
      expect(shown(await make({ device_id }), "cells")).toEqual(["custom:home-bms-pack-card pack-3"]);
    }
  });

  it("gives cells two columns while there are that many", async () => {
    const spans = async (packs: number): Promise<number[]> => {
      home.answers["home_bms/systems"] = { systems: [systemInfo(Array.from({ length: packs }, () => packInfo()))] };
      return ((await make()).views[1]?.sections ?? []).map(({ column_span }) => column_span);
    };
    expect(await spans(2)).toEqual([2, 2]);
    expect(await spans(4)).toEqual([1, 1, 1, 1]);
  });

  it("lists what a person looks after, without what an entity list does not have", async () => {
    const made = await make({ device_id: "pack-3" });
    const lists = (made.views[5]?.sections ?? []).flatMap(({ cards }) => cards);
    expect(lists.map(({ title, entities }) => [title, entities])).toEqual([
      ["Shed", []],
      ["Shed", [{ entity: "button.garage_reset", name: { type: "entity" } }]],
    ]);
  });

  it.each([{}, { device_id: "gone" }])("says so where there is no pack (%o)", async (config) => {
    home.answers["home_bms/systems"] = { systems: "device_id" in config ? [house] : [systemInfo([])] };
    expect((await make(config)).views[0]?.cards).toEqual([{ type: "custom:home-bms-pack-card", ...config }]);
  });

  it("is of the moment: what was set up meanwhile is there", async () => {
    await make();
    home.answers["home_bms/systems"] = { systems: [shed] };
    expect(shown(await make(), "cells")).toEqual(["custom:home-bms-pack-card pack-3"]);
  });
});
