/** The health card tells what is learned of a pack, and how sure that is. */

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { HealthShown } from "../src/api";
import { HomeBmsCells } from "../src/cells/cells";
import { HomeBmsHealthCard } from "../src/health/health-card";
import { FakeHass, settled } from "./fake";
import { cellHealth, healthShown, systemInfo } from "./sample";

beforeAll(() => {
  customElements.define("home-bms-cells", HomeBmsCells);
  customElements.define("home-bms-health-card", HomeBmsHealthCard);
});

let home: FakeHass;
let card: HomeBmsHealthCard;

async function tell(health: HealthShown): Promise<void> {
  home.tell("home_bms/health", health);
  await settled(card);
}

const texts = (selector: string): string[] =>
  [...card.renderRoot.querySelectorAll(selector)].map((found) => found.textContent.replace(/[\u202f\u00a0\s]+/g, " ").trim());

beforeEach(async () => {
  home = new FakeHass();
  home.answers["home_bms/systems"] = { systems: [systemInfo()] };
  card = new HomeBmsHealthCard();
  card.setConfig({ type: "custom:home-bms-health-card" });
  card.hass = home.hass;
  document.body.replaceChildren(card);
  await settled(card);
});

describe("the health card", () => {
  it("tells the figures of the whole pack with their bands", async () => {
    await tell(healthShown());
    const figures = Object.fromEntries(texts("dt").map((name, index) => [name, texts("dd")[index]]));
    expect(figures).toEqual({
      "State of health": "95.9 %",
      Capacity: "268.4 ± 3.9 of 280 Ah",
      "Full cycles": "412.5",
      "Energy in": "6.20 MWh",
      "Energy out": "5.90 MWh",
      Efficiency: "95.2 %",
      "Charged too fast when cold": "0.0 Ah",
      "Last full": "2 days",
    });
    expect(texts("[role=status]")).toEqual(["Nothing is found to be wrong."]);
  });

  it("shows what is not learned yet as unknown", async () => {
    const nothing = cellHealth({ capacity: null, capacity_deviation: null, resistance: null, joint: null });
    await tell(healthShown({ soh: null, capacity: null, capacity_deviation: null, efficiency: null, since_full: null, cells: [nothing, nothing] }));
    expect(texts("dd").slice(0, 2)).toEqual(["– %", "– of 280 Ah"]);
    expect(texts(".forecast p")).toEqual(["No cell is known to wear yet; that takes weeks of use."]);
    expect(texts("[role=status]")).toEqual(["Too little is learned yet to find anything."]);
  });

  it("draws the band of each cell's capacity where there is one", async () => {
    await tell(healthShown({ cells: [cellHealth(), cellHealth({ capacity_deviation: null })] }));
    const cells = card.renderRoot.querySelector<HomeBmsCells>("home-bms-cells");
    expect(cells?.renderRoot.querySelectorAll(".band")).toHaveLength(1);
  });

  it("names what was found, with how sure that is", async () => {
    await tell(
      healthShown({
        findings: [
          { kind: "loose_joint", cell: 2, since: 1_764_000_000, confidence: 0.93 },
          { kind: "current_drift", cell: null, since: null, confidence: 0.8 },
        ],
      }),
    );
    expect(texts(".findings li")).toEqual([
      expect.stringMatching(/^A joint at cell 2 of Garage is loose 93 % sure · since Nov \d+, 2025$/),
      "The current of Garage is measured wrongly 80 % sure",
    ]);
  });

  it("orders the cells by when they are worn out, and says long where that is long", async () => {
    await tell(
      healthShown({
        cells: [
          cellHealth({ worn_in: 55, worn_soonest: 40, worn_latest: null }),
          cellHealth({ worn_in: 4.2, worn_soonest: 3.1, worn_latest: 6 }),
          cellHealth({ worn_in: 9, worn_soonest: 7, worn_latest: null }),
        ],
      }),
    );
    expect(texts(".forecast li")).toEqual([
      "Cell 2 4.2 years (3.1 to 6.0)",
      "Cell 3 9.0 years (not before 7.0)",
      "Cell 1 more than 30 years",
    ]);
  });

  it("tells the depths of the cycles in words too", async () => {
    await tell(healthShown());
    expect(texts(".depths .hidden")[0]).toBe("0 to 10 %: 120.0 cycles");
  });

  it("lists which inspections wait, with their date, cells and standing", async () => {
    await tell(
      healthShown({
        inspections: [
          { item: "torque", standing: "overdue", due: 1_763_596_800, cells: [3, 4], whole_system: false },
          { item: "smoke_detector", standing: "coming", due: 1_764_806_400, cells: [], whole_system: true },
        ],
      }),
    );
    expect(texts(".inspections li")).toEqual([
      expect.stringMatching(/^Torque of the joints overdue since Nov \d+, 2025 · Cell 3 · Cell 4$/),
      expect.stringMatching(/^Smoke detector due on Dec \d+, 2025 · of the whole system$/),
    ]);
    await tell(healthShown());
    expect(texts(".inspections p")).toEqual(["Nothing is due within a month."]);
  });
});
