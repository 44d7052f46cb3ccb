/** Keeps a card told by the integration for as long as it is on the page. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { Connection, HomeAssistant, Message } from "./hass";

/** Why there is nothing to show, in the server's own words. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What was asked for. */
interface Asked {
  readonly text: string;
  /** Of Home Assistant when it was asked. */
  readonly config: unknown;
  ended: boolean;
  unsubscribe?: () => Promise<void>;
}

/**
 * One subscription that follows what its card asks for.
 *
 * `ask` tells the message, or null for none; asking for something else ends what was asked before. Nothing polls: what was
 * lost with the connection is asked for when that is there again, and what was refused whenever more of Home Assistant has
 * come up, for after a restart its websocket is there before home_bms is.
 */
export class Feed<T> implements ReactiveController {
  /** The newest event; `undefined` before the first, `null` if what was asked for is not there now. */
  value: T | null | undefined;
  refusal: Refusal | undefined;

  #asked: Asked | undefined;
  /** That which is listened to; `undefined` while the card is not on the page. */
  #connection: Connection | undefined;
  #present = false;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly hass: () => HomeAssistant | undefined,
    private readonly ask: () => Message | null,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#present = true;
    this.#follow();
  }

  hostUpdated(): void {
    this.#follow();
  }

  hostDisconnected(): void {
    this.#present = false;
    this.#listen(undefined);
    this.#end();
  }

  #listen(connection: Connection | undefined): void {
    if (connection === this.#connection) return;
    this.#connection?.removeEventListener("ready", this.#renew);
    connection?.addEventListener("ready", this.#renew);
    this.#connection = connection;
  }

  /** Ask anew. What was subscribed has ended by itself, and is not to be ended: its number is soon another's. */
  readonly #renew = (): void => {
    if (this.#asked) this.#asked.ended = true;
    this.#asked = undefined;
    this.#follow();
  };

  #follow(): void {
    // A card may be drawn once more after it was taken off the page.
    if (!this.#present) return;
    const hass = this.hass();
    this.#listen(hass?.connection);
    const message = hass ? this.ask() : null;
    const text = message ? JSON.stringify(message) : undefined;
    const again = this.refusal !== undefined && hass?.config !== this.#asked?.config;
    if (text === this.#asked?.text && !again) return;
    this.#end();
    if (hass && message) this.#subscribe(hass, message);
  }

  #subscribe({ connection, config }: HomeAssistant, message: Message): void {
    const asked: Asked = { text: JSON.stringify(message), config, ended: false };
    this.#asked = asked;
    connection
      .subscribeMessage<T | null>(
        (event) => {
          if (asked.ended) return;
          this.value = event;
          this.host.requestUpdate();
        },
        message,
        { resubscribe: false },
      )
      .then(
        (stop) => {
          // A connection that is gone has ended the subscription by itself.
          if (asked.ended) void stop().catch(() => undefined);
          else asked.unsubscribe = stop;
        },
        (error: unknown) => {
          if (asked.ended) return;
          this.refusal = refusal(error);
          this.host.requestUpdate();
        },
      );
  }

  #end(): void {
    if (this.#asked) {
      this.#asked.ended = true;
      void this.#asked.unsubscribe?.().catch(() => undefined);
    }
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
