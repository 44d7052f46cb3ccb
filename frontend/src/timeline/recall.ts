/** Has Home Assistant's memory of a time at hand, and keeps it growing. */

import { refusal, type Refusal } from "../feed";
import type { HomeAssistant, Message } from "../hass";
import { converter, ended, fromState, fromStatistics, statistics, stream, type Tidings, type Told } from "./history";
import { Memory } from "./memory";
import { resolutions, WIDTHS, type Resolution } from "./resolution";

/** s before now from which on what statistics do not hold yet is asked for as it was told. */
const TAIL = 2 * 3600;
/** How often the length that was asked for is kept before what is older is forgotten. */
const SLACK = 1.25;

/** Share of a time that may be unknown at its beginning before it is looked for more coarsely ... */
const LATE = 0.25;
/** ... and by which that must reach back further. */
const EARLIER = 0.1;

/** What is to be known. */
export interface Wish {
  /** Entities with statistics, each with what its values are multiplied by. */
  readonly measured: ReadonlyMap<string, number>;
  /** Entities that are on or off; of these there are no statistics. */
  readonly switched: readonly string[];
  /** The entity of the events. */
  readonly events: string | undefined;
  readonly from: number;
  /** `null` is now, and whatever comes. */
  readonly to: number | null;
}

/** What is known of a wish. */
export interface Recalled {
  readonly wish: Wish;
  /** What suits the wish best ... */
  readonly best: Resolution;
  /** ... and what there was. */
  readonly resolution: Resolution;
  readonly tracks: ReadonlyMap<string, Memory>;
  /** The events by what tells them apart. */
  readonly events: Map<string, Told>;
}

interface Held extends Recalled {
  /** Since when it is known ... */
  from: number;
  /** ... and for how many s, counted from now where it grows. */
  readonly length: number;
  readonly stops: (() => void)[];
}

/**
 * Fulfils the last wish, one request at a time: while one is under way, only the newest of the others counts.
 *
 * What was known stays at hand until there is more.
 */
export class Recall {
  refusal: Refusal | undefined;

  #held: Held | undefined;
  #wish: Wish | undefined;
  #busy = false;
  /** Counts how often all was ended. */
  #ends = 0;

  /** `tell` is called when anything has come; `event` says whether an event has. */
  constructor(
    private readonly hass: () => HomeAssistant | undefined,
    private readonly tell: (event: boolean) => void,
    private readonly now: () => number,
  ) {}

  get recalled(): Recalled | undefined {
    return this.#held;
  }

  /** Whether more is asked for than is at hand. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Wish something; what is at hand is not asked for again. */
  want(wish: Wish): void {
    this.#wish = wish;
    if (!this.#busy) void this.#fulfil();
  }

  /** Forget everything. */
  end(): void {
    this.#ends++;
    this.#drop();
    this.#wish = undefined;
    this.#busy = false;
    this.refusal = undefined;
  }

  #drop(): void {
    for (const stop of this.#held?.stops ?? []) stop();
    this.#held = undefined;
  }

  async #fulfil(): Promise<void> {
    const ends = this.#ends;
    const hass = this.hass();
    let failed: Wish | undefined;
    while (hass && this.#wish && this.#wish !== failed && !this.#covers(this.#wish)) {
      if (!this.#busy) {
        this.#busy = true;
        this.tell(true);
      }
      const wish = this.#wish;
      try {
        const held = await this.#recall(hass, wish, ends);
        if (ends !== this.#ends) return;
        this.#drop();
        this.#held = held;
        this.refusal = undefined;
      } catch (error) {
        if (ends !== this.#ends) return;
        this.refusal = refusal(error);
        failed = wish;
      }
      this.#busy = this.#wish !== failed && !this.#covers(this.#wish);
      this.tell(true);
    }
  }

  /** Whether a wish is fulfilled by what is at hand. */
  #covers(wish: Wish): boolean {
    const held = this.#held;
    if (!held) return false;
    const { to, measured, switched, events } = held.wish;
    const same = [...wish.measured.keys(), ...wish.switched, wish.events].join() === [...measured.keys(), ...switched, events].join();
    const ends = to === null || (wish.to !== null && wish.to <= to);
    return same && held.from <= wish.from && ends && this.#best(wish)[0] === held.best;
  }

  #best({ from, to }: Wish): readonly [Resolution, ...Resolution[]] {
    const now = this.now();
    return resolutions({ from, to: to ?? now }, now);
  }

  /** The finest there is, unless what is kept more coarsely reaches back much further. */
  async #recall(hass: HomeAssistant, wish: Wish, ends: number): Promise<Held> {
    const [best, ...coarser] = this.#best(wish);
    let held = await this.#look(hass, wish, best, best, ends);
    for (const resolution of coarser) {
      const since = begins(held);
      if (ends !== this.#ends || since - wish.from <= LATE * held.length) break;
      const other = await this.#look(hass, wish, best, resolution, ends).catch((error: unknown) => {
        if (since === Infinity) throw error;
      });
      if (!other) break;
      const earlier = begins(other) < since - EARLIER * held.length;
      for (const stop of (earlier ? held : other).stops) stop();
      if (earlier) held = other;
    }
    // Nobody waits for it any more.
    if (ends !== this.#ends) for (const stop of held.stops) stop();
    return held;
  }

  async #look(hass: HomeAssistant, wish: Wish, best: Resolution, resolution: Resolution, ends: number): Promise<Held> {
    const { measured, switched, events, from, to } = wish;
    const tracks = new Map<string, Memory>(switched.map((entity) => [entity, new Memory()]));
    const held: Held = { wish, best, resolution, tracks, events: new Map(), from, length: (to ?? this.now()) - from, stops: [] };
    const entities = [...measured.keys()];
    let since = from;
    if (resolution === "raw") for (const entity of entities) tracks.set(entity, new Memory());
    else if (entities.length) {
      const now = this.now();
      const found = await statistics(hass, entities, { from, to: to ?? now }, resolution);
      since = Math.max(from, now - TAIL);
      for (const entity of entities) {
        const rows = found[entity] ?? [];
        const last = rows.at(-1);
        const factor = measured.get(entity) ?? 1;
        const points = fromStatistics(rows, now, (value) => value * factor);
        tracks.set(entity, new Memory(points, WIDTHS[resolution], last && ended(last, now)));
      }
    }
    const wanted: Message[] = [];
    if (entities.length && (to === null || to > since)) wanted.push(stream(entities, { from: since, to }));
    if (switched.length) wanted.push(stream(switched, { from, to }));
    if (events !== undefined) wanted.push(stream([events], { from, to }, true));
    if (ends !== this.#ends) return held;
    try {
      await Promise.all(wanted.map((message) => this.#listen(hass, message, held)));
    } catch (error) {
      for (const stop of held.stops) stop();
      throw error;
    }
    return held;
  }

  /** Subscribe until what is known is dropped; is over when the first has been told. */
  #listen(hass: HomeAssistant, message: Message, held: Held): Promise<void> {
    return new Promise((resolve, reject) => {
      let ended = false;
      let unsubscribe: (() => Promise<void>) | undefined;
      held.stops.push(() => {
        ended = true;
        // A connection that is gone has ended the subscription by itself.
        void unsubscribe?.().catch(() => undefined);
        resolve();
      });
      hass.connection
        .subscribeMessage<Tidings>((tidings) => {
          if (ended) return;
          this.#take(tidings, held);
          resolve();
        }, message)
        .then((stop) => {
          unsubscribe = stop;
          if (ended) void stop().catch(() => undefined);
        }, reject);
    });
  }

  #take({ states }: Tidings, held: Held): void {
    const hass = this.hass();
    const degree = hass?.config.unit_system.temperature ?? "°C";
    let event = false;
    for (const [entity, told] of Object.entries(states)) {
      const unit = hass?.states[entity]?.attributes.unit_of_measurement;
      const convert = converter(unit, degree);
      const factor = held.wish.measured.get(entity) ?? 1;
      const track = held.tracks.get(entity);
      for (const state of told ?? []) {
        if (track) track.add(fromState(state, (value) => convert(value) * factor));
        // Of an event entity the state is the time of its last event.
        else if (entity === held.wish.events && Number.isFinite(Date.parse(state.s))) {
          // Two may happen within the same ms; after a restart the last is told again.
          const key = [state.s, state.a?.protection, state.a?.level].join(" ");
          event ||= !held.events.has(key);
          held.events.set(key, state);
        }
      }
    }
    this.#forget(held);
    if (held === this.#held) this.tell(event);
  }

  /** What grows at one end goes at the other, now and then: whoever looks back shall not see it go. */
  #forget(held: Held): void {
    const now = this.now();
    if (held.wish.to !== null || held.from > now - SLACK * held.length) return;
    held.from = now - held.length;
    for (const track of held.tracks.values()) track.forget(held.from);
    for (const [key, { s }] of held.events) if (Date.parse(s) / 1000 < held.from) held.events.delete(key);
  }
}

/** Since when any value is known. */
function begins({ wish, tracks }: Held): number {
  const first = [...wish.measured.keys()].map((entity) => tracks.get(entity)?.points.find(({ value }) => value !== null)?.time ?? Infinity);
  return Math.min(Infinity, ...first);
}
