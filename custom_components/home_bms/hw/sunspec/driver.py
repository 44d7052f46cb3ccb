"""Reads a battery whose registers are found by walking a SunSpec chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, override

from modbus_connection import ModbusError, ModbusUnit
from modbus_connection.model import Component
from modbus_connection.model.sunspec import SunSpecMapShiftError, SunSpecModel

from ...core.model import PackReading
from ..byte_addressed import ByteAddressedUnit
from ..driver import DeviceInfo, DriverError
from ..modbus import NEVER, ModbusDriver, driver_error
from .block import Block
from .memory import BASES, Points, told
from .models import BANK, BATTERY, COMMON, MODELS, MODULE, STRING
from .walk import walk

if TYPE_CHECKING:
    from ..modbus import Device

HEARTBEAT_WITHIN: Final = 10.0
"""s in which a heartbeat that was ever seen to beat must beat again; SunSpec asks for one each second (802.Hb)."""
SILENT_HEART: Final = "heartbeat_lost"
"""The alarm of one that does not."""
CHARGING: Final = 4
DISCHARGING: Final = 3
"""The charge states that tell which way the current flows (802.ChaSt)."""


def direction(battery: Points) -> bool | None:
    """Return whether the charge state agrees that a positive current charges; `None` where it does not tell."""
    current, state = battery.get("A"), battery.get("ChaSt")
    if not current or state not in (CHARGING, DISCHARGING):
        return None
    return bool((current > 0) == (state == CHARGING))


class SunSpecDriver(ModbusDriver):
    """One battery in a chain. Its models are read each for itself and never from where another stands.

    Every read brings the header of each model. If that is not what it was, the chain is walked anew before anything
    else is believed, as it is after a lost link; once a minute it is walked to see whether it grew.
    """

    def __init__(self, device: Device, unit: ModbusUnit, *, clock: Callable[[], float], spacing: float) -> None:
        super().__init__(device, unit, clock=clock, spacing=spacing)
        self._whole = ByteAddressedUnit(self._unit, 1)
        self._bases: Sequence[int] = BASES
        self._models: Sequence[SunSpecModel] = ()
        self._blocks: dict[type[Component], list[Block]] = {}
        """What is read together, by its first kind."""
        self._agrees: bool | None = None
        """What the charge state last said: whether a positive current charges."""
        self._beat: float | None = None
        self._beat_at: float | None = None
        """When the heartbeat was first seen to have moved, and last."""

    @override
    async def async_identify(self) -> DeviceInfo:
        self._lane.begin()
        await self._walk()
        return await super().async_identify()

    @override
    async def async_read(self) -> PackReading:
        reading = await super().async_read()
        seen, moved = reading.current_time, self._beat_at
        if seen is None or moved is None or seen - moved < HEARTBEAT_WITHIN:
            return reading
        # The link is up and nobody fills the registers any more: what they hold is as old as the last beat.
        return replace(
            reading,
            alarms=(reading.alarms or frozenset()) | {SILENT_HEART},
            cells_time=_older(reading.cells_time, moved),
            temperatures_time=_older(reading.temperatures_time, moved),
            current_time=moved,
            asked_time=_older(reading.asked_time, moved),
        )

    @override
    async def _look_again(self, *, with_settings: bool) -> None:
        if with_settings or not self._sure:
            try:
                await self._walk()
            except DriverError:
                if not self._sure:
                    raise
        if not self._sure:
            for kind in self._device.live:
                await self._update(kind)
        await super()._look_again(with_settings=with_settings)

    @override
    async def _update(self, kind: type[Component]) -> None:
        blocks = self._blocks[kind]
        try:
            for block in blocks:
                await self._ask(block)
        except ModbusError as err:
            trouble = driver_error(err)
            if trouble.key == "refused":
                # Where a model was there may be nothing any more.
                self._settings_due = NEVER
            raise trouble from err
        except SunSpecMapShiftError as err:
            self._sure = False
            self._settings_due = NEVER
            raise DriverError("nonsense", f"the chain of models has changed: {err}") from err
        self._values.update(told(blocks))
        for battery in self._values.get(BATTERY.title, ()) if kind is BATTERY else ():
            self._watch(battery)

    def _watch(self, battery: Points) -> None:
        """Note whether the battery's heart beats, and what its charge state says of the current's sign."""
        beat = battery["Hb"]
        if beat is not None:
            if self._beat not in (None, beat):
                self._beat_at = self._clock()
            self._beat = beat
        agrees = direction(battery)
        self._agrees = self._agrees if agrees is None else agrees
        self._values["agrees"] = self._agrees

    async def _walk(self) -> None:
        """Walk the chain; if it is not what it was, forget what was read and see what makes the battery now.

        Raises DriverError.
        """
        models = await self._chain()
        if self._sure and models == self._models:
            return
        self._sure = False
        self._models = models
        chosen = battery_in(models)
        self._blocks = {kind: [MODELS[model.model_id](self._whole, model) for model in chosen[kind]] for kind in chosen}
        self._values.clear()
        self._times.clear()
        live: dict[type[Component], tuple[str, ...]] = {BATTERY: ("current_time", "temperatures_time", "asked_time")}
        if MODULE in chosen:
            live = {BATTERY: ("current_time", "asked_time"), MODULE: ("cells_time", "temperatures_time")}
        self._device = replace(
            self._device,
            identity=(COMMON,),
            passport=(COMMON,),
            settings=(BANK,) if BANK in chosen else (),
            live=MappingProxyType(live),
        )

    async def _chain(self) -> Sequence[SunSpecModel]:
        """Return the models of the chain, wherever it begins. Raises DriverError."""
        base, chain = await walk(self._whole, self._bases, give_up=lambda: self._lane.silent > 1)
        self._bases = (base, *(other for other in BASES if other != base))
        return chain


def battery_in(chain: Sequence[SunSpecModel]) -> dict[type[Block], list[SunSpecModel]]:
    """Return the models of a chain that make its battery, by the first kind of those that are read together.

    Raises DriverError where there is no battery, more than one, or one that is not as SunSpec's are.
    """
    by_number = {number: [model for model in chain if model.model_id == number] for number in MODELS}
    batteries, banks, strings, modules = (by_number[kind.number] for kind in (BATTERY, BANK, STRING, MODULE))
    there = ", ".join(str(model.model_id) for model in chain)
    first = next(iter((*batteries, *strings)), None)
    if first is None or len(batteries) > 1:
        raise DriverError("nonsense", f"one battery (model 802, or 804) is looked for; the device has {there}")
    # A device repeats its common model for each of its parts: what belongs to the battery is the last in front of it.
    commons = [model for model in by_number[COMMON.number] if model.address < first.address][-1:]
    chosen = {
        COMMON: commons,
        BATTERY: [*batteries, *(strings or banks)],
        BANK: banks if strings else [],
        MODULE: modules,
    }
    for model in (model for models in chosen.values() for model in models):
        if not MODELS[model.model_id].fits(model):
            raise DriverError("nonsense", f"model {model.model_id} at {model.address} cannot be {model.length} long")
    if not commons:
        raise DriverError("nonsense", f"no common model stands in front of the battery; the device has {there}")
    return {kind: models for kind, models in chosen.items() if models}


def _older(time: float | None, other: float) -> float | None:
    """Return the earlier of two times; of a group that was never read there is none."""
    return None if time is None else min(time, other)
