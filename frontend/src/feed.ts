/** Keeps a card told by the integration for as long as it is on the page. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { HomeAssistant, Message } from "./hass";

/** Why there is nothing to show, in the server's own words. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/**
 * One subscription that follows what its card asks for.
 *
 * `ask` tells the message, or null for none; asking for something else ends what was asked before. Nothing polls.
 */
export class Feed<T> implements ReactiveController {
  /** The newest event; `undefined` before the first, `null` if what was asked for is not there now. */
  value: T | null | undefined;
  refusal: Refusal | undefined;

  #asked: string | undefined;
  #stop: (() => void) | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly hass: () => HomeAssistant | undefined,
    private readonly ask: () => Message | null,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#follow();
  }

  hostUpdated(): void {
    this.#follow();
  }

  hostDisconnected(): void {
    this.#end();
  }

  #follow(): void {
    const hass = this.hass();
    const message = hass ? this.ask() : null;
    const asked = message ? JSON.stringify(message) : undefined;
    if (asked === this.#asked) return;
    this.#end();
    if (!hass || !message) return;
    this.#asked = asked;
    let ended = false;
    let unsubscribe: (() => Promise<void>) | undefined;
    this.#stop = () => {
      ended = true;
      // A connection that is gone has ended the subscription by itself.
      void unsubscribe?.().catch(() => undefined);
    };
    hass.connection
      .subscribeMessage<T | null>((event) => {
        if (ended) return;
        this.value = event;
        this.host.requestUpdate();
      }, message)
      .then(
        (stop) => {
          unsubscribe = stop;
          if (ended) void stop().catch(() => undefined);
        },
        (error: unknown) => {
          if (ended) return;
          this.refusal = refusal(error);
          this.host.requestUpdate();
        },
      );
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#asked = undefined;
    this.value = undefined;
    this.refusal = undefined;
  }
}

/** What Home Assistant's websocket rejects with, whatever it is. */
export function refusal(error: unknown): Refusal {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as Partial<Refusal>;
  return { code: code ?? "unknown", message: message ?? String(error) };
}
