/**
 * Made by `python -m scripts.web_types` from `web/schema.py`; do not edit it.
 *
 * What the browser is told over the websocket; `frontend/src/api.ts` is made of these types.
 *
 * Units as everywhere: V, A, W, °C, Ah, Wh; percent for charge and health; resistances in mΩ. Current and power are
 * positive when charging. Times are seconds since 1970, UTC. Cells and sensors count from 1 where one is named, and a list
 * holds them in order. `None` is not known.
 */

/** s since 1970, UTC. */
export type Time = number;

/** s. */
export type Seconds = number;

/** Years. */
export type Years = number;

/** V. */
export type Volts = number;

/** A, positive when charging. */
export type Amperes = number;

/** mA. */
export type Milliamperes = number;

/** W, positive when charging. */
export type Watts = number;

/** °C. */
export type Degrees = number;

/** 0-100. */
export type Percent = number;

/** 0-1. */
export type Share = number;

/** Ah. */
export type AmpereHours = number;

/** Wh. */
export type WattHours = number;

/** mΩ. */
export type Milliohms = number;

/** Of charging and discharging. */
export type Cycles = number;

/** In the unit of what it is about. */
export type Figure = number;

/** Why something is as it is; its words are the integration's own translations of `rule`. */
export interface Why {
  readonly rule: string;
  readonly cell: number | null;
  readonly sensor: number | null;
  readonly value: Figure | null;
  readonly threshold: Figure | null;
  /** Of value and threshold: `V`, `A`, `°C`, `K`, `%`, `Ah`, `Ω` or `s`; `None` where the rule tells none. */
  readonly unit: string | null;
  readonly since: Time | null;
}

/** A limit, the most that it could be, and why it is what it is. */
export interface LimitShown {
  readonly value: Figure;
  readonly most: Figure;
  readonly why: Why;
}

/** A protection above ok; `cause` is the key of the alarm it follows from. */
export interface AlarmShown {
  readonly key: string;
  readonly level: string;
  readonly flow: string;
  readonly why: Why;
  readonly cause: string | null;
}

/**
 * Between which values a picture is drawn, and where its colours change; `None` where no protection guards it.
 *
 * `..._warn` is where a person is warned, `..._protect` where a limit begins to fall.
 */
export interface Scale {
  readonly low: Figure;
  readonly low_protect: Figure | null;
  readonly low_warn: Figure | null;
  readonly high_warn: Figure | null;
  readonly high_protect: Figure | null;
  readonly high: Figure;
}

/** What does not change while a pack is set up. */
export interface PackInfo {
  readonly device_id: string;
  readonly name: string;
  readonly model: string;
  readonly chemistry: string;
  readonly cells: number;
  readonly sensors: number;
  /** Ah, rated. */
  readonly capacity: AmpereHours;
  readonly charge_current: Amperes;
  readonly discharge_current: Amperes;
  readonly cell_voltage: Scale;
  readonly temperature: Scale;
  /** V between highest and lowest cell. */
  readonly difference: Scale;
  readonly virtual: boolean;
  /**
   * Entity ids by key; those of cells and sensors as `cell_3`, `temperature_2`, `cell_resistance_3`.
   *
   *     Where a sensor has a key that others have too, theirs stand as `binary_sensor.cell_difference`.
   */
  readonly entities: Readonly<Record<string, string>>;
}

/** What does not change while an inverter is set up. */
export interface InverterInfo {
  readonly device_id: string;
  readonly name: string;
  readonly model: string;
  readonly entities: Readonly<Record<string, string>>;
}

/** One battery system with all that belongs to it. */
export interface SystemInfo {
  readonly entry_id: string;
  readonly device_id: string;
  readonly name: string;
  /** Of home_bms. */
  readonly version: string;
  readonly packs: readonly PackInfo[];
  readonly inverters: readonly InverterInfo[];
  readonly entities: Readonly<Record<string, string>>;
}

/** The answer to `home_bms/systems`. */
export interface Systems {
  readonly systems: readonly SystemInfo[];
}

/** One look at a pack: an event of `home_bms/pack`. */
export interface PackShown {
  readonly time: Time;
  readonly mode: string;
  readonly link: string;
  readonly quality: string;
  /** s since the pack was last heard; `None` if never. */
  readonly age: Seconds | null;
  /** Whether the user allows control; else all limits and switches are what home_bms would do. */
  readonly acting: boolean;
  readonly voltage: Volts | null;
  readonly current: Amperes | null;
  readonly power: Watts | null;
  readonly soc: Percent | null;
  readonly soc_low: Percent | null;
  readonly soc_high: Percent | null;
  readonly stored_energy: WattHours | null;
  readonly voltages: readonly (Volts | null)[];
  readonly temperatures: readonly (Degrees | null)[];
  readonly switch_temperature: Degrees | null;
  /** What is not believed, as `cell_7`, `temperature_1`, `current`, `voltage`, with the reason's key. */
  readonly doubts: Readonly<Record<string, string>>;
  /** Cell. */
  readonly highest: number | null;
  readonly lowest: number | null;
  readonly difference: Volts | null;
  /** Of each cell, brought to 25 °C. */
  readonly resistances: readonly (Milliohms | null)[];
  /** Ah by which each cell is ahead of the one that will be full last (ΔQ). */
  readonly surpluses: readonly (AmpereHours | null)[];
  readonly balancing: boolean | null;
  /** Which cells are bled now; `None` where the device chooses by itself and does not tell. */
  readonly bleeding: readonly boolean[] | null;
  readonly balance: Why;
  /** s. */
  readonly balance_remaining: Seconds | null;
  readonly charge_voltage: LimitShown;
  readonly charge_limit: LimitShown;
  readonly discharge_limit: LimitShown;
  readonly charge_permitted: boolean;
  readonly discharge_permitted: boolean;
  /** A state of `ContactorState`. */
  readonly charge_switch: string;
  readonly discharge_switch: string;
  /** Both directions have one contactor. */
  readonly one_contactor: boolean;
  /** The gravest first. */
  readonly alarms: readonly AlarmShown[];
  /** Something latches until a person resets it. */
  readonly tripped: boolean;
}

/** What is learned of one cell; each deviation is one standard deviation. */
export interface CellHealth {
  readonly capacity: AmpereHours | null;
  readonly capacity_deviation: AmpereHours | null;
  /** mΩ, brought to 25 °C. */
  readonly resistance: Milliohms | null;
  /** mΩ of its busbar, lugs and sense wire above what the other joints have. */
  readonly joint: Milliohms | null;
  readonly surplus: AmpereHours | null;
  /** mA. */
  readonly self_discharge: Milliamperes | null;
  /** Ah taken by balancing, ever. */
  readonly balanced: AmpereHours;
  /** Years until it is worn out ... */
  readonly worn_in: Years | null;
  /** ... and between which years that is probable. */
  readonly worn_soonest: Years | null;
  readonly worn_latest: Years | null;
}

/** Something that a person should look at; its words are those of the repair `finding_<kind>`. */
export interface FindingShown {
  readonly kind: string;
  readonly cell: number | null;
  readonly since: Time | null;
  /** 0-1. */
  readonly confidence: Share;
}

/** An inspection that is due or coming; its words are those of the selectors `inspection` and `inspection_how`. */
export interface InspectionShown {
  readonly item: string;
  /** `coming`, `due` or `overdue`. */
  readonly standing: string;
  /** When the day begins on which it is due. */
  readonly due: Time;
  /** Those that call for it. */
  readonly cells: readonly number[];
  /** It is about the whole system, and not about this pack. */
  readonly whole_system: boolean;
}

/** What is learned of a pack: an event of `home_bms/health`, anew at most every minute. */
export interface HealthShown {
  readonly time: Time;
  /** Ah. */
  readonly rated: AmpereHours;
  readonly capacity: AmpereHours | null;
  readonly capacity_deviation: AmpereHours | null;
  readonly soh: Percent | null;
  /** Equivalent full cycles. */
  readonly cycles: Cycles | null;
  /** Cycles by their depth, in tenths of the capacity. */
  readonly depths: readonly Cycles[];
  readonly charge_in: AmpereHours;
  readonly charge_out: AmpereHours;
  readonly energy_in: WattHours;
  readonly energy_out: WattHours;
  readonly efficiency: Percent | null;
  /** Ah that went in faster than the cold cells could take. */
  readonly plating: AmpereHours | null;
  /** s. */
  readonly since_full: Seconds | null;
  readonly cells: readonly CellHealth[];
  readonly findings: readonly FindingShown[];
  readonly inspections: readonly InspectionShown[];
  /** The cell that will be worn out first, if any is known to wear. */
  readonly weakest: number | null;
}

/** How one pack takes part in the battery. */
export interface PackPart {
  readonly device_id: string;
  readonly name: string;
  readonly mode: string;
  readonly link: string;
  readonly charges: boolean;
  readonly discharges: boolean;
  readonly why: Why;
  /** 0-1 of each further ampere. */
  readonly share: Share | null;
  readonly current: Amperes | null;
  readonly power: Watts | null;
  readonly soc: Percent | null;
  readonly charge_limit: LimitShown;
  readonly discharge_limit: LimitShown;
  /** The level of its gravest alarm. */
  readonly worst: string;
}

/** What an inverter makes of its limit in one direction. */
export interface DirectionShown {
  /** A that it is told, or would be. */
  readonly limit: Amperes | null;
  /** A that it says it holds. */
  readonly accepted: Amperes | null;
  readonly response: string;
  /** How far home_bms has gone to be obeyed. */
  readonly step: string;
  /** Of a step beyond the current limits. */
  readonly why: Why | null;
  /** s between a new limit and the first that is seen of it. */
  readonly dead_time: Seconds | null;
  /** s until it obeys. */
  readonly settling: Seconds | null;
}

/** One inverter: what it is told and what it does. */
export interface InverterPart {
  readonly device_id: string;
  readonly name: string;
  readonly link: string;
  readonly acting: boolean;
  /** 0-1 of the battery's current. */
  readonly share: Share;
  readonly charge_voltage: Volts | null;
  readonly setpoint: Watts | null;
  readonly voltage: Volts | null;
  readonly current: Amperes | null;
  readonly power: Watts | null;
  readonly charge: DirectionShown;
  readonly discharge: DirectionShown;
}

/** What somebody asks of the battery; what is `None` is not asked. */
export interface LeaseShown {
  readonly owner: string;
  readonly name: string;
  readonly reason: string;
  readonly priority: number;
  readonly start: Time;
  readonly end: Time;
  readonly in_force: boolean;
  readonly repeats: boolean;
  /** By the names that `request_power` takes. */
  readonly asks: Readonly<Record<string, Figure>>;
}

/** One thing that is asked, and whether it counts. */
export interface ClaimShown {
  readonly part: string;
  readonly value: Figure;
  readonly owner: string;
  readonly name: string;
  readonly reason: string;
  readonly until: Time | null;
  /** The owner who asks more strictly; `None` of what counts. */
  readonly overridden_by: string | null;
}

/** One look at the battery of all packs: an event of `home_bms/system`. */
export interface SystemShown {
  readonly time: Time;
  readonly acting: boolean;
  readonly voltage: Volts | null;
  readonly current: Amperes | null;
  readonly power: Watts | null;
  readonly soc: Percent | null;
  readonly soh: Percent | null;
  readonly stored_energy: WattHours | null;
  readonly capacity: AmpereHours;
  readonly energy_in: WattHours;
  readonly energy_out: WattHours;
  readonly charge_voltage: LimitShown;
  readonly charge_limit: LimitShown;
  readonly discharge_limit: LimitShown;
  /** The device id of the pack that sets the charge limit ... */
  readonly weakest_charge: string | null;
  readonly weakest_discharge: string | null;
  readonly stage: string;
  readonly stage_why: Why;
  readonly setpoint: Watts | null;
  /** Percent, that the user keeps. */
  readonly reserve: Percent | null;
  readonly packs: readonly PackPart[];
  readonly inverters: readonly InverterPart[];
  readonly claims: readonly ClaimShown[];
  readonly leases: readonly LeaseShown[];
}

/** A black box on the disk. */
export interface BoxFile {
  readonly name: string;
  /** Of the first trigger. */
  readonly time: Time;
  readonly cause: string;
  readonly level: string;
  /** Bytes. */
  readonly size: number;
  readonly url: string;
}

/** The answer to `home_bms/black_boxes`, the newest first. */
export interface Boxes {
  readonly files: readonly BoxFile[];
}

/** When a protection rose, and what for. */
export interface TriggerShown {
  readonly time: Time;
  readonly key: string;
  readonly level: string;
  readonly flow: string;
  readonly why: Why;
}

/** Something that was done, or changed, at a moment. */
export interface DeedShown {
  readonly time: Time;
  /** `charge_limit`, `discharge_limit`, `charge_switch`, `discharge_switch`, `mode` or `alarm`. */
  readonly what: string;
  /** Of an alarm, its protection. */
  readonly key: string | null;
  /** A of a limit, `open`, `closed` or `unknown` of a switch, a mode, or the level of an alarm. */
  readonly before: string;
  readonly after: string;
}

/**
 * The answer to `home_bms/black_box`: what happened around a trip, at most 600 moments of it.
 *
 * All lists are as long as `times`; `voltages` and `temperatures` hold one list for each cell and sensor.
 */
export interface BoxShown {
  readonly name: string;
  readonly time: Time;
  /** `None`: the recording does not say. */
  readonly acting: boolean | null;
  readonly triggers: readonly TriggerShown[];
  readonly deeds: readonly DeedShown[];
  readonly times: readonly Time[];
  readonly voltages: readonly (readonly (Volts | null)[])[];
  readonly temperatures: readonly (readonly (Degrees | null)[])[];
  readonly current: readonly (Amperes | null)[];
  readonly charge_limit: readonly (Amperes | null)[];
  readonly discharge_limit: readonly (Amperes | null)[];
}

/** The commands by name. */
export const COMMANDS = {
  systems: "home_bms/systems",
  pack: "home_bms/pack",
  health: "home_bms/health",
  system: "home_bms/system",
  black_boxes: "home_bms/black_boxes",
  black_box: "home_bms/black_box",
} as const;

/** What each command asks, beside its type. */
export interface Asks {
  readonly "home_bms/systems": Readonly<Record<string, never>>;
  readonly "home_bms/pack": { readonly device_id: string; };
  readonly "home_bms/health": { readonly device_id: string; };
  readonly "home_bms/system": { readonly entry_id: string; };
  readonly "home_bms/black_boxes": { readonly device_id: string; };
  readonly "home_bms/black_box": { readonly device_id: string; readonly name: string; };
}

/** What each command tells: those that are subscribed by events, with `null` while it is not set up. */
export interface Tells {
  readonly "home_bms/systems": Systems;
  readonly "home_bms/pack": PackShown | null;
  readonly "home_bms/health": HealthShown | null;
  readonly "home_bms/system": SystemShown | null;
  /** For administrators only. */
  readonly "home_bms/black_boxes": Boxes;
  /** For administrators only. */
  readonly "home_bms/black_box": BoxShown;
}
