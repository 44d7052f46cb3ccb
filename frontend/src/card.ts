/** What every card does alike: its settings, what there is to show, and words for when there is nothing. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";

import type { SystemInfo } from "./api";
import { Feed, refusal, type Refusal } from "./feed";
import { COMMON, form, type Setting } from "./form";
import type { CardConfig, HomeAssistant, Message } from "./hass";
import { shared } from "./style";
import { systems } from "./systems";
import { loadWords, word, type Word } from "./words";

/** What of Home Assistant a card looks different for. */
const SEEN = ["connection", "config", "locale", "localize", "themes", "user"] as const;

/** States of entities change many times a second; those that a card shows are drawn with the next event. */
function looksDifferent(now: HomeAssistant | undefined, before: HomeAssistant | undefined): boolean {
  return SEEN.some((part) => now?.[part] !== before?.[part]);
}

/**
 * A card about one thing `I` (a pack, a system) of which events `E` are told.
 *
 * A card that names no device shows the first there is, so that one line of YAML is a working card.
 */
export abstract class HomeBmsCard<I, E, C extends CardConfig = CardConfig> extends LitElement {
  static override properties = { hass: { attribute: false, hasChanged: looksDifferent }, config: { state: true }, found: { state: true } };
  static override styles = [shared];

  declare hass: HomeAssistant | undefined;
  declare protected config: C | undefined;
  declare protected found: readonly SystemInfo[] | undefined;

  readonly #feed = new Feed<E>(
    this,
    () => this.hass,
    () => {
      const info = this.info;
      return info === undefined ? null : this.ask(info);
    },
  );
  #refusal: Refusal | undefined;

  /** What the card is about; `undefined` if it is not there. */
  protected abstract find(found: readonly SystemInfo[]): I | undefined;
  /** The subscription that tells of it; `null` if the card looks for itself, and is drawn with `undefined`. */
  protected abstract ask(info: I): Message | null;
  /** The card's inside. */
  protected abstract draw(hass: HomeAssistant, info: I, event: E): TemplateResult;

  /** What its visual editor asks for. */
  static get settings(): readonly Setting[] {
    return COMMON;
  }

  static getConfigForm(): object {
    return form(this.settings);
  }

  static getStubConfig(): object {
    return {};
  }

  setConfig(config: C): void {
    this.config = config;
  }

  getCardSize(): number {
    return 6;
  }

  protected get info(): I | undefined {
    return this.found && this.find(this.found);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("hass") || !this.hass) return;
    this.toggleAttribute("dark", this.hass.themes.darkMode);
    const before = changed.get("hass") as HomeAssistant | undefined;
    // While Home Assistant starts there is nothing yet; its `config` is another with each part that has come up.
    const late = !this.found?.length && before?.config !== this.hass.config;
    if (before?.connection !== this.hass.connection || late) void this.#learn(this.hass);
  }

  async #learn(hass: HomeAssistant): Promise<void> {
    try {
      [this.found] = await Promise.all([systems(hass), loadWords(hass)]);
      this.#refusal = undefined;
    } catch (error) {
      this.#refusal = refusal(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass } = this;
    if (!hass) return nothing;
    return html`<ha-card>${this.#inside(hass)}</ha-card>`;
  }

  #inside(hass: HomeAssistant): TemplateResult {
    const trouble = this.#refusal ?? this.#feed.refusal;
    if (trouble) return note(hass, "card.refused", { message: trouble.message });
    if (!this.found) return note(hass, "card.waiting");
    const { info } = this;
    if (info === undefined) return note(hass, this.config?.device_id ? "card.gone" : "card.none");
    if (this.ask(info) === null) return this.draw(hass, info, undefined as E);
    const event = this.#feed.value;
    if (event === undefined) return note(hass, "card.waiting");
    return event === null ? note(hass, "card.gone") : this.draw(hass, info, event);
  }
}

/** Words in place of a picture. */
export function note(hass: HomeAssistant, key: Word, values?: Record<string, string>): TemplateResult {
  return html`<div class="note" role="status">${word(hass, key, values)}</div>`;
}
