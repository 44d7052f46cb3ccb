/** A card is told for as long as it is on the page, and of nothing it no longer asks for. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { beforeEach, describe, expect, it } from "vitest";

import { Feed } from "../src/feed";
import type { Message } from "../src/hass";
import { FakeHass } from "./fake";

class Host implements ReactiveControllerHost {
  updates = 0;
  controllers: ReactiveController[] = [];
  updateComplete = Promise.resolve(true);
  addController(controller: ReactiveController): void {
    this.controllers.push(controller);
  }
  removeController(): void {
    this.controllers = [];
  }
  requestUpdate(): void {
    this.updates++;
  }
}

const soon = (): Promise<void> => new Promise((done) => setTimeout(done));

describe("a feed", () => {
  let home: FakeHass;
  let host: Host;
  let message: Message | null;
  let feed: Feed<number>;

  beforeEach(() => {
    home = new FakeHass();
    host = new Host();
    message = { type: "home_bms/pack", device_id: "a" };
    feed = new Feed<number>(
      host,
      () => home.hass,
      () => message,
    );
  });

  it("asks once and shows each event", async () => {
    feed.hostConnected();
    feed.hostUpdated();
    await soon();
    expect(home.subscriptions.map((asked) => asked.message)).toEqual([message]);
    expect(feed.value).toBeUndefined();
    home.tell("home_bms/pack", 7);
    expect(feed.value).toBe(7);
    expect(host.updates).toBe(1);
  });

  it("ends what was asked before when something else is asked", async () => {
    feed.hostConnected();
    await soon();
    home.tell("home_bms/pack", 7);
    message = { type: "home_bms/pack", device_id: "b" };
    feed.hostUpdated();
    await soon();
    expect(feed.value).toBeUndefined();
    expect(home.subscriptions.map((asked) => asked.ended)).toEqual([true, false]);
  });

  it("ends with its card, also where the answer was still on its way", async () => {
    feed.hostConnected();
    feed.hostDisconnected();
    await soon();
    expect(home.subscriptions.map((asked) => asked.ended)).toEqual([true]);
    home.subscriptions[0]?.tell(7);
    expect(feed.value).toBeUndefined();
  });

  it("asks nothing while there is nothing to ask", async () => {
    message = null;
    feed.hostConnected();
    await soon();
    expect(home.subscriptions).toEqual([]);
  });

  it("tells why it is refused", async () => {
    home.refused["home_bms/pack"] = "there is no such pack";
    feed.hostConnected();
    await soon();
    expect(feed.refusal).toEqual({ code: "not_found", message: "there is no such pack" });
    expect(host.updates).toBe(1);
  });
});
