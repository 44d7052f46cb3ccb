/** What of Home Assistant's frontend the cards use: the part of its `hass` object that has been stable for years. */

export interface HassEntity {
  readonly entity_id: string;
  readonly state: string;
  readonly last_changed: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Connection {
  /**
   * Calls back for each event until the returned function is called.
   *
   * It asks anew by itself after a lost connection, unless `resubscribe` is false; what is refused then stays silent for ever.
   */
  // As Home Assistant's own library types it: who asks knows what is told.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  subscribeMessage<T>(callback: (event: T) => void, message: Message, options?: { readonly resubscribe: boolean }): Promise<() => Promise<void>>;
  /** `ready` is when it is there again after it was lost. */
  addEventListener(event: "ready", callback: () => void): void;
  removeEventListener(event: "ready", callback: () => void): void;
}

export interface Message {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Locale {
  readonly language: string;
  readonly number_format: "language" | "system" | "comma_decimal" | "decimal_comma" | "quote_decimal" | "space_comma" | "none";
  readonly time_format: "language" | "system" | "12" | "24";
  readonly time_zone: "local" | "server";
}

export type Localize = (key: string, values?: Record<string, string | number>) => string;

export interface HomeAssistant {
  readonly states: Readonly<Record<string, HassEntity | undefined>>;
  /** Missing in Home Assistants before 2023. */
  readonly entities?: Readonly<Record<string, { readonly platform: string; readonly device_id?: string } | undefined>>;
  readonly connection: Connection;
  readonly locale: Locale;
  readonly config: {
    readonly time_zone: string;
    readonly unit_system: { readonly temperature: string };
    readonly version: string;
  };
  readonly user?: { readonly is_admin: boolean };
  readonly themes: { readonly darkMode: boolean };
  readonly localize: Localize;
  loadBackendTranslation(category: string, integration: string): Promise<Localize>;
  callWS<T>(message: Message): Promise<T>;
  callService(domain: string, service: string, data?: object, target?: object): Promise<unknown>;
}

/** What a dashboard's YAML says of one card. */
export interface CardConfig {
  readonly type: string;
  readonly device_id?: string | undefined;
  readonly title?: string | undefined;
}
