/** What a pack, an inverter, an operator or a grid programme calls itself is shown as text by every card, and is nothing else. */

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { HomeBmsCells } from "../src/cells/cells";
import { HomeBmsHealthCard } from "../src/health/health-card";
import { HomeBmsPackCard } from "../src/pack/pack-card";
import { HomeBmsStrategy } from "../src/strategy";
import { HomeBmsRelease } from "../src/system/release";
import { HomeBmsSystemCard } from "../src/system/system-card";
import { FakeHass, settled } from "./fake";
import { healthShown, packInfo, packShown, systemInfo, why } from "./sample";
import { claim, inverterPart, lease, packPart, systemShown } from "./system-sample";

const NASTY = [
  '<img src=x onerror="document.title=1">',
  "<script>document.title = 2</script>",
  "[a](javascript:alert(1))",
  '"><a href="javascript:alert(2)" onclick="alert(3)">b</a>',
  "${alert(4)} {{ states }} </style>",
  "\u202egnp.exe\u202c",
];

beforeAll(() => {
  customElements.define("home-bms-cells", HomeBmsCells);
  customElements.define("home-bms-release", HomeBmsRelease);
  customElements.define("home-bms-health-card", HomeBmsHealthCard);
  customElements.define("home-bms-pack-card", HomeBmsPackCard);
  customElements.define("home-bms-system-card", HomeBmsSystemCard);
});

let home: FakeHass;

beforeEach(() => {
  home = new FakeHass();
});

/** Everything on the page, inside elements of our own too. */
function all(root: ParentNode): Element[] {
  return [...root.querySelectorAll("*")].flatMap((found) => [found, ...(found.shadowRoot ? all(found.shadowRoot) : [])]);
}

async function show(card: HomeBmsHealthCard | HomeBmsPackCard | HomeBmsSystemCard): Promise<void> {
  card.setConfig({ type: "custom:card" });
  card.hass = home.hass;
  document.body.replaceChildren(card);
  await settled(card);
}

/** No element came of a text, no attribute runs anything, and no link leads elsewhere. */
function harmless(elements: readonly Element[]): void {
  expect(elements.map(({ localName }) => localName).filter((name) => ["img", "script", "iframe", "object", "embed", "form"].includes(name))).toEqual([]);
  for (const element of elements) {
    for (const { name, value } of element.attributes) {
      expect(name.startsWith("on"), `${element.localName} ${name}`).toBe(false);
      if (["href", "src", "action"].includes(name)) expect(value).toMatch(/^\/(?!\/)/);
    }
  }
}

const texts = (elements: readonly Element[]): string => elements.map((element) => [...element.childNodes].map((node) => (node.nodeType === Node.TEXT_NODE ? node.nodeValue : "")).join("")).join("\n");

describe.each(NASTY)("a thing called %s", (name) => {
  const info = (): ReturnType<typeof systemInfo> => ({ ...systemInfo([packInfo({ name, model: name })]), name });

  it("is text in the pack card", async () => {
    home.answers["home_bms/systems"] = { systems: [info()] };
    const card = new HomeBmsPackCard();
    await show(card);
    home.tell("home_bms/pack", packShown({ mode: name, charge_limit: { value: 1, most: 2, why: why(name) }, doubts: { [name]: [name] } as never }));
    await settled(card);
    const found = all(document);
    expect(texts(found)).toContain(name);
    harmless(found);
  });

  it("is text in the system card, with what others ask and why", async () => {
    home.answers["home_bms/systems"] = { systems: [info()] };
    const card = new HomeBmsSystemCard();
    await show(card);
    home.tell(
      "home_bms/system",
      systemShown({
        packs: [packPart({ name, device_id: name })],
        inverters: [inverterPart({ name, device_id: name })],
        claims: [claim("power", 1000, name, { name, reason: name, overridden_by: name })],
        leases: [lease(name, { power: 1000 }, { name, reason: name })],
      }),
    );
    await settled(card);
    const found = all(document);
    expect(texts(found).split(name).length).toBeGreaterThan(3);
    harmless(found);
  });

  it("is text in the health card", async () => {
    home.answers["home_bms/systems"] = { systems: [info()] };
    const card = new HomeBmsHealthCard();
    await show(card);
    home.tell("home_bms/health", healthShown());
    await settled(card);
    const found = all(document);
    expect(texts(found)).toContain(name);
    harmless(found);
  });

  it("is a title and no card of its own in a dashboard", async () => {
    home.answers["home_bms/systems"] = { systems: [info()] };
    const made = JSON.stringify(await HomeBmsStrategy.generate({ type: "custom:home-bms" }, home.hass));
    expect(made).not.toContain('"markdown"');
    expect(made).toContain(JSON.stringify(name));
  });
});
