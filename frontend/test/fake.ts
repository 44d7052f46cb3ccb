/** A Home Assistant for tests: real words, and a websocket that a test speaks for. */

import english from "../../custom_components/home_bms/translations/en.json" with { type: "json" };
import type { HomeAssistant, HassEntity, Message } from "../src/hass";

interface Asked {
  readonly message: Message;
  readonly resubscribe: boolean | undefined;
  readonly tell: (event: unknown) => void;
  ended: boolean;
}

export class FakeHass {
  readonly subscriptions: Asked[] = [];
  readonly calls: Message[] = [];
  readonly services: { domain: string; service: string; data: unknown; target: unknown }[] = [];
  /** Answers to `callWS`, by type; a function is given the message. */
  readonly answers: Record<string, unknown> = {};
  /** The subscriptions that are refused, by type. */
  readonly refused: Record<string, string> = {};
  states: Record<string, HassEntity | undefined> = {};
  readonly #ready = new Set<() => void>();
  hass: HomeAssistant;

  constructor(change: Partial<HomeAssistant> = {}) {
    this.hass = {
      states: this.states,
      connection: {
        addEventListener: (_, callback) => void this.#ready.add(callback),
        removeEventListener: (_, callback) => void this.#ready.delete(callback),
        subscribeMessage: (callback, message, options) => {
          const words = this.refused[message.type];
          // Home Assistant rejects with plain objects.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          if (words !== undefined) return Promise.reject({ code: "not_found", message: words });
          const asked: Asked = { message, resubscribe: options?.resubscribe, tell: callback as (event: unknown) => void, ended: false };
          this.subscriptions.push(asked);
          return Promise.resolve(() => {
            asked.ended = true;
            return Promise.resolve();
          });
        },
      },
      locale: { language: "en", number_format: "language", time_format: "language", time_zone: "local" },
      config: { time_zone: "UTC", unit_system: { temperature: "°C" }, version: "2026.10.4" },
      user: { is_admin: true },
      themes: { darkMode: false },
      localize: (key, values = {}) =>
        find(english, key.replace("component.home_bms.", "").split(".")).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name])),
      loadBackendTranslation: () => Promise.resolve(this.hass.localize),
      callWS: <T>(message: Message) => {
        this.calls.push(message);
        const answer = this.answers[message.type];
        if (answer === undefined) return Promise.reject(new Error(`no answer to ${message.type}`));
        return Promise.resolve((typeof answer === "function" ? (answer as (m: Message) => unknown)(message) : answer) as T);
      },
      callService: (domain, service, data, target) => {
        this.services.push({ domain, service, data, target });
        return Promise.resolve(undefined);
      },
      ...change,
    };
  }

  /** Be there again after the connection was lost; nobody is subscribed any more but who asks anew. */
  reconnect(): void {
    for (const callback of [...this.#ready]) callback();
  }

  /** How many listen for the connection to be there again. */
  get listening(): number {
    return this.#ready.size;
  }

  /** Tell all open subscriptions of a type. */
  tell(type: string, event: unknown): void {
    for (const asked of this.subscriptions) if (asked.message.type === type && !asked.ended) asked.tell(event);
  }
}

function find(tree: unknown, path: string[]): string {
  let here = tree;
  for (const name of path) here = typeof here === "object" && here !== null ? (here as Record<string, unknown>)[name] : undefined;
  return typeof here === "string" ? here : "";
}

/** Wait until what has been asked for is on the page. */
export async function settled(element: { updateComplete: Promise<unknown> }): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await Promise.resolve();
    await element.updateComplete;
  }
}
