/** Learns once which battery systems, packs and inverters there are. */

import type { PackInfo, SystemInfo, Systems } from "./api";
import type { Connection, HomeAssistant } from "./hass";

const asked = new WeakMap<Connection, Promise<readonly SystemInfo[]>>();

/** All systems; asked once for all cards of a page, and anew by the next card where there was none or no answer. */
export function systems(hass: HomeAssistant): Promise<readonly SystemInfo[]> {
  let answer = asked.get(hass.connection);
  if (!answer) {
    answer = hass.callWS<Systems>({ type: "home_bms/systems" }).then((found) => found.systems);
    asked.set(hass.connection, answer);
    answer.then(
      (found) => found.length || asked.delete(hass.connection),
      () => asked.delete(hass.connection),
    );
  }
  return answer;
}

/** Ask again at the next occasion: something was set up or taken away. */
export function forgetSystems(hass: HomeAssistant): void {
  asked.delete(hass.connection);
}

/** The pack with this device, the first of the system that it belongs to, or of all where a card names none. */
export function findPack(found: readonly SystemInfo[], deviceId: string | undefined): PackInfo | undefined {
  const packs = found.flatMap((system) => system.packs);
  if (deviceId === undefined) return packs[0];
  return packs.find((pack) => pack.device_id === deviceId) ?? findSystem(found, deviceId)?.packs[0];
}

/** The system with this device, or that has a pack or an inverter with it, or the first of all. */
export function findSystem(found: readonly SystemInfo[], deviceId: string | undefined): SystemInfo | undefined {
  if (deviceId === undefined) return found[0];
  return found.find(
    (system) =>
      system.device_id === deviceId || [...system.packs, ...system.inverters].some((part) => part.device_id === deviceId),
  );
}
