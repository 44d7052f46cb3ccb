/** A battery as the websocket tells it; a test changes what it is about. */

import type { ClaimShown, DirectionShown, InverterPart, LeaseShown, LimitShown, PackPart, SystemShown, Why } from "../src/api";
import { why } from "./sample";

/** 2025-11-26 12:00 UTC. */
export const NOON = 1_764_158_400;
export const HOUR = 3600;

export const limit = (value: number, most: number, because: Why = why("rated")): LimitShown => ({ value, most, why: because });

export const packPart = (change: Partial<PackPart> = {}): PackPart => ({
  device_id: "pack-1",
  name: "Garage",
  mode: "charging",
  link: "connected",
  charges: true,
  discharges: true,
  why: why("in"),
  share: 0.5,
  current: 31.2,
  power: 1655,
  soc: 63.4,
  charge_limit: limit(140, 140),
  discharge_limit: limit(200, 200),
  worst: "ok",
  ...change,
});

export const direction = (change: Partial<DirectionShown> = {}): DirectionShown => ({
  limit: 98,
  accepted: 98,
  response: "obeyed",
  step: "ccl_dcl",
  why: null,
  dead_time: 1.2,
  settling: 3.1,
  ...change,
});

export const inverterPart = (change: Partial<InverterPart> = {}): InverterPart => ({
  device_id: "inverter-1",
  name: "Multi",
  link: "answering",
  acting: true,
  share: 1,
  charge_voltage: 55.2,
  setpoint: null,
  voltage: 53.1,
  current: 31,
  power: 1646,
  charge: direction(),
  discharge: direction({ limit: 200, accepted: 200 }),
  ...change,
});

export const lease = (owner: string, asks: Record<string, number>, change: Partial<LeaseShown> = {}): LeaseShown => ({
  owner,
  name: "power",
  reason: "",
  priority: 50,
  start: NOON - HOUR,
  end: NOON + 6 * HOUR,
  in_force: true,
  repeats: false,
  asks,
  ...change,
});

export const claim = (part: string, value: number, owner: string, change: Partial<ClaimShown> = {}): ClaimShown => ({
  part,
  value,
  owner,
  name: "power",
  reason: "",
  until: NOON + 6 * HOUR,
  overridden_by: null,
  ...change,
});

/** The reserve that a user keeps without an end. */
export const kept = (value: number, change: Partial<ClaimShown> = {}): ClaimShown =>
  claim("reserve", value, "user", { name: "", until: null, ...change });

export const systemShown = (change: Partial<SystemShown> = {}): SystemShown => ({
  time: NOON,
  acting: true,
  voltage: 53.1,
  current: 31.2,
  power: 1655,
  soc: 63.4,
  soh: 97.8,
  stored_energy: 9100,
  capacity: 280,
  energy_in: 1_000_000,
  energy_out: 900_000,
  charge_voltage: limit(55.2, 56.8, why("cell_voltage", { cell: 3, value: 3.451, threshold: 3.4, unit: "V" })),
  charge_limit: limit(140, 140),
  discharge_limit: limit(200, 200),
  weakest_charge: "pack-1",
  weakest_discharge: "pack-1",
  stage: "bulk",
  stage_why: why("soc_fell"),
  setpoint: null,
  reserve: 0,
  packs: [packPart()],
  inverters: [inverterPart()],
  claims: [],
  leases: [],
  ...change,
});
