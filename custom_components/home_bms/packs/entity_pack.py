"""Reads and moves a pack that Home Assistant has already, through the entities of another integration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.const import CONF_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..const import CONF_CHANGES_ONLY, CONF_INVERTED, CONF_ROLES, LOGGER
from ..core.model import Decision, PackReading, Switches
from ..helpers import device_name
from ..hw.asked_limits import asked
from ..hw.driver import Capability, DeviceInfo, Driver, DriverError
from ..inverters.entity_orders import Actuator, LimitActuator, Position, SwitchActuator, recall, where_found
from ..loose import spawn
from .entity_states import PackEntities, Told
from .roles import STATE_OF, Role

if TYPE_CHECKING:
    from ..store import HomeBmsStore

SILENT_AFTER: Final = 60.0
"""s after which a value that has no time of its own in a reading counts as missing."""
CALL_WITHIN: Final = 0.5
"""s that one look waits for the actions that it has called."""
RELEASE_WITHIN: Final = 1.5
"""s that handing back waits until it shows; less than the supervisor grants."""
_LOOK_EVERY: Final = 0.05

# A switch, the field of `Switches` and what it lets home_bms act on.
_SWITCHES: Final = {
    Role.CHARGE_SWITCH: ("charge", Capability.CHARGE_SWITCH),
    Role.DISCHARGE_SWITCH: ("discharge", Capability.DISCHARGE_SWITCH),
    Role.BALANCE_SWITCH: ("balance", Capability.BALANCE_SWITCH),
}
_LIMITS: Final[Mapping[Role, Callable[[Decision], float]]] = {
    Role.CHARGE_LIMIT: lambda decision: decision.ccl.value,
    Role.DISCHARGE_LIMIT: lambda decision: decision.dcl.value,
}
# What the pack asks for, and the field of `AskedLimits`.
_ASKED: Final = {Role.ASKED_VOLTAGE: "cvl", Role.ASKED_CHARGE: "ccl", Role.ASKED_DISCHARGE: "dcl"}
# What tells that the pack behind the entities is heard.
_LIVE: Final = (
    Role.CELLS,
    Role.TEMPERATURES,
    Role.CURRENT,
    Role.VOLTAGE,
    Role.SWITCH_TEMPERATURE,
    Role.SOC,
)


class EntityDriver(Driver):
    """One pack behind entities; keeps no opinion, but knows that an entity is only as good as its last report.

    `identity` is what the pack was set up as: a device of Home Assistant's has no serial number that can be relied on.
    """

    def __init__(self, hass: HomeAssistant, settings: Mapping[str, Any], *, identity: str) -> None:
        self._hass = hass
        self._device_id: str = settings[CONF_DEVICE_ID]
        self._identity = identity
        self._inverted: bool = settings[CONF_INVERTED]
        self._changes_only: bool = settings[CONF_CHANGES_ONLY]
        self._device: dr.AnyDeviceEntry | None = None
        self._info: DeviceInfo | None = None
        self._kept: dict[str, Position] = {}
        self._save: Callable[[], Coroutine[Any, Any, bool]] | None = None
        self._gone: tuple[str, ...] = ()
        """What was removed, so that it is told once."""
        self._entities = entities = PackEntities(hass=hass, roles=settings[CONF_ROLES])
        self._switches = {
            # Whoever opened a charge or discharge switch had a reason: it is not closed on the way out.
            role: SwitchActuator(hass, entities, role, restored=role is Role.BALANCE_SWITCH)
            for role in _SWITCHES
            if entities.has(role)
        }
        self._limits = {role: LimitActuator(hass, entities, role) for role in _LIMITS if entities.has(role)}
        self.capabilities = Capability.NONE
        for role in self._switches:
            self.capabilities |= _SWITCHES[role][1]
        self._actuators: tuple[Actuator, ...] = (*self._switches.values(), *self._limits.values())

    @callback
    def async_remember(self, store: HomeBmsStore, pack_id: str) -> None:
        """Take over where an earlier run has found the limits, and have that kept before any is moved.

        Without it a run after a power cut would take for the pack's own what home_bms had left there.
        """
        part = f"limits_{pack_id}"
        recall(self._limits.values(), store.saved_system(part))
        self._kept, self._save = self._found(), store.async_save
        store.async_add_system_source(part, self._found)

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "the pack has not been identified yet")
        return self._info

    @override
    async def async_identify(self) -> DeviceInfo:
        return self._identify(self._hear())

    @override
    async def async_read(self) -> PackReading:
        heard = self._hear()
        if self._info is None or self._device_entry() is not self._device:
            self._identify(heard)
        now = self._hass.loop.time()
        current = heard[Role.CURRENT].value
        return PackReading(
            time=now,
            cells=heard[Role.CELLS].values,
            cells_time=self._told_at(heard, Role.CELLS),
            temperatures=heard[Role.TEMPERATURES].values,
            temperatures_time=self._told_at(heard, Role.TEMPERATURES),
            current=None if current is None else 0.0 - current if self._inverted else current,
            voltage=heard[Role.VOLTAGE].value,
            current_time=self._told_at(heard, Role.CURRENT, Role.VOLTAGE),
            switch_temperature=self._lately(heard, Role.SWITCH_TEMPERATURE, now),
            soc=self._lately(heard, Role.SOC, now),
            soh=self._entities.told(Role.SOH).value,
            capacity=self._entities.told(Role.CAPACITY).value,
            cycles=self._entities.told(Role.CYCLES).value,
            switches=Switches(
                charge=self._position(Role.CHARGE_SWITCH),
                discharge=self._position(Role.DISCHARGE_SWITCH),
                balance=self._position(Role.BALANCE_SWITCH),
            ),
            commanded=Switches(
                charge=self._entities.position(Role.CHARGE_SWITCH),
                discharge=self._entities.position(Role.DISCHARGE_SWITCH),
                balance=self._entities.position(Role.BALANCE_SWITCH),
            ),
            balancing=self._entities.position(Role.BALANCE_STATE),
            **self._asked(heard),
        )

    @override
    async def async_apply(self, decision: Decision) -> None:
        trouble: list[DriverError] = []
        wishes = {role: getattr(decision.switches, _SWITCHES[role][0]) for role in self._switches}
        # What opens goes first.
        for role in sorted(wishes, key=lambda role: wishes[role] is True):
            with _noting(trouble):
                self._switches[role].ask(wishes[role])
        await self._note()
        for role, limit in self._limits.items():
            with _noting(trouble):
                limit.ask(_LIMITS[role](decision))
        if busy := [actuator.busy for actuator in self._actuators if actuator.busy is not None]:
            await asyncio.wait(busy, timeout=CALL_WITHIN)
        for actuator in self._actuators:
            with _noting(trouble):
                actuator.complain()
        if trouble:
            raise trouble[0]

    @override
    async def async_release(self) -> None:
        trouble: list[DriverError] = []
        for actuator in self._actuators:
            with _noting(trouble):
                actuator.restore()
        if trouble:
            raise trouble[0]
        until = self._hass.loop.time() + RELEASE_WITHIN
        while left := [actuator.name for actuator in self._actuators if not actuator.back]:
            if self._hass.loop.time() >= until:
                raise DriverError("not_effective", f"{', '.join(left)} did not go back to where it was found")
            await asyncio.sleep(_LOOK_EVERY)
        for actuator in self._actuators:
            actuator.forget()
        # What is found the next time is kept again before anything is moved.
        self._kept = self._found()

    def _found(self) -> dict[str, Position]:
        """Return where the limits were found, of those that are to be put back."""
        return where_found(self._limits.values())

    async def _note(self) -> None:
        """Note where every limit was found, and have it kept before any is moved; a disk that hangs stops nothing."""
        for limit in self._limits.values():
            if limit.found is None:
                limit.found = limit.shown
        if self._save is not None and (places := self._found()) != self._kept:
            self._kept = places
            await asyncio.wait({spawn(self._hass, self._save(), "keep what was found")}, timeout=CALL_WITHIN)

    def _told_at(self, heard: Mapping[Role, Told], *roles: Role) -> float | None:
        """Return when a group was told: its oldest value, or, where silence means no change, the last of any value."""
        times = [oldest for role in roles if (oldest := heard[role].oldest) is not None]
        if not times:
            return None
        if not self._changes_only:
            return min(times)
        return max(youngest for told in heard.values() if (youngest := told.youngest) is not None)

    def _asked(self, heard: Mapping[Role, Told]) -> dict[str, Any]:
        """Return the fields of a reading for what the pack asks for; a limit that is silent now is none."""
        told = {role: self._entities.told(role) for role in _ASKED}
        values = {_ASKED[role]: one.value for role, one in told.items()}
        if values["dcl"] is not None:
            values["dcl"] = abs(values["dcl"])
        limits = asked(**values)
        return {"asked": limits, "asked_time": None if limits is None else self._told_at({**heard, **told}, *told)}

    def _position(self, role: Role) -> bool | None:
        """Return where a switch is; a pack whose switch cannot be moved may still tell."""
        if (switch := self._switches.get(role)) is not None:
            return switch.position
        return self._entities.position(STATE_OF[role]) if role in STATE_OF else None

    def _lately(self, heard: Mapping[Role, Told], role: Role, now: float) -> float | None:
        """Return a value that has no time of its own in a reading, while it is not too old."""
        at = self._told_at(heard, role)
        return None if at is None or now - at > SILENT_AFTER else heard[role].value

    def _hear(self) -> dict[Role, Told]:
        """Return what every live role tells. Raises DriverError if the device is gone or no value is known."""
        if self._device_entry() is None:
            raise DriverError(
                "no_answer", "its device is no longer in Home Assistant: change the pack and choose another device"
            )
        gone = self._entities.gone()
        if gone and gone != self._gone:
            LOGGER.warning(
                "Entities of the pack %s were removed: %s. Change the pack to choose others",
                self._device_id,
                ", ".join(gone),
            )
        self._gone = gone
        heard = {role: self._entities.told(role) for role in _LIVE}
        if all(told.oldest is None for told in heard.values()):
            raise DriverError("no_answer", "none of its entities tells a value")
        return heard

    def _device_entry(self) -> dr.AnyDeviceEntry | None:
        return dr.async_get(self._hass).async_get(self._device_id)

    def _identify(self, heard: Mapping[Role, Told]) -> DeviceInfo:
        """Return who the device registry says it is. Its own protection settings are not among what entities tell."""
        self._device = device = self._device_entry()
        main = device if isinstance(device, dr.DeviceEntry) else None
        if isinstance(device, dr.ChildDeviceEntry):
            main = dr.async_get(self._hass).async_get(device.parent_device_id, include_child_devices=False)
        self._info = DeviceInfo(
            manufacturer=(main and main.manufacturer) or "Home Assistant",
            model=(main and main.model) or device_name(device, ""),
            serial_number=self._identity,
            hardware=None if main is None else main.hw_version,
            firmware=None if main is None else main.sw_version,
            cells=len(heard[Role.CELLS].values) or None,
            capacity=self._entities.told(Role.CAPACITY).value,
            temperature_sensors=len(heard[Role.TEMPERATURES].values),
        )
        return self._info


@contextmanager
def _noting(trouble: list[DriverError]) -> Generator[None]:
    """Go on after an error: what is wrong with one switch must not keep another from opening."""
    try:
        yield
    except DriverError as err:
        trouble.append(err)
