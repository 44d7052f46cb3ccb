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

  it("asks anew when a lost connection is there again, and ends nothing that is another's by then", async () => {
    feed.hostConnected();
    await soon();
    home.tell("home_bms/pack", 7);
    home.reconnect();
    await soon();
    expect(home.subscriptions.map(({ message, resubscribe, ended }) => [message, resubscribe, ended])).toEqual([
      [message, false, false],
      [message, false, false],
    ]);
    home.subscriptions[0]?.tell(8);
    expect(feed.value).toBeUndefined();
    home.subscriptions[1]?.tell(9);
    expect(feed.value).toBe(9);
    feed.hostDisconnected();
    await soon();
    expect(home.subscriptions.map(({ ended }) => ended)).toEqual([false, true]);
    expect(home.listening).toBe(0);
  });

  it("shows nothing old where it is refused after a restart, and asks again as Home Assistant comes up", async () => {
    feed.hostConnected();
    await soon();
    home.tell("home_bms/pack", 7);
    home.refused["home_bms/pack"] = "Unknown command.";
    home.reconnect();
    feed.hostUpdated();
    await soon();
    expect(feed.refusal?.message).toBe("Unknown command.");
    delete home.refused["home_bms/pack"];
    feed.hostUpdated();
    await soon();
    expect(home.subscriptions).toHaveLength(1);
    home.hass = { ...home.hass, config: { ...home.hass.config } };
    feed.hostUpdated();
    await soon();
    expect(feed.refusal).toBeUndefined();
    home.subscriptions[1]?.tell(8);
    expect(feed.value).toBe(8);
  });

  it("asks nothing for a card that is drawn once more after it was taken away", async () => {
    feed.hostConnected();
    feed.hostDisconnected();
    feed.hostUpdated();
    await soon();
    expect(home.subscriptions).toHaveLength(1);
  });

  it("tells why it is refused", async () => {
    home.refused["home_bms/pack"] = "there is no such pack";
    feed.hostConnected();
    await soon();
    expect(feed.refusal).toEqual({ code: "not_found", message: "there is no such pack" });
    expect(host.updates).toBe(1);
  });
});
