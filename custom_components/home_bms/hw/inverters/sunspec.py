"""Tells an inverter that speaks SunSpec the battery's limits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, override

from modbus_connection import ModbusUnit
from modbus_connection.model.sunspec import SunSpecModel

from ...core.bank import Bank
from ...core.model import Flow
from ..driver import DriverError
from ..leases import Lease, leases_data, leases_of
from ..sunspec.controls import CONTROLS
from ..sunspec.driver import CHARGING, DISCHARGING
from ..sunspec.memory import BASES, Points
from ..sunspec.models import COMMON, DC_MEASUREMENT, STORAGE, STORAGE_CAPACITY
from ..sunspec.walk import walk
from .inverter import (
    NO_MEMORY,
    Ability,
    InverterInfo,
    InverterReading,
    Keep,
    Limits,
    Memory,
    SetpointError,
    bounded,
    charge_power,
    discharge_power,
)
from .recalling import RecallingInverter
from .sunspec_model import LeasedModel
from .sunspec_setpoint import GROUP, SetpointControl
from .sunspec_storage import LEASE, NO_DISCHARGE_MAX, StorageControl

TIMEOUT: Final = 2.0
"""s within which an inverter answers."""
ESS: Final = 1
"""The type of a DC port with a battery (714.PrtTyp)."""
SIGNS: Final = MappingProxyType({CHARGING: 1, DISCHARGING: -1})
"""Which way current flows, by the charge state (124.ChaSt)."""
STATUS_ALARMS: Final = MappingProxyType({1: "storage_warning", 2: "storage_fault"})
"""By 713.Sta."""
PORT_ALARMS: Final = MappingProxyType(
    {
        0: "ground_fault",
        1: "input_overvoltage",
        3: "dc_disconnected",
        5: "door_open",
        6: "manual_shutdown",
        7: "inverter_overtemperature",
        12: "fuse_blown",
        13: "inverter_undertemperature",
        14: "memory_lost",
        15: "arc_detected",
        20: "test_failed",
        21: "input_undervoltage",
        22: "input_overcurrent",
    }
)
"""By the bit of 714.DCAlrm."""
_NOTHING: Final[Points] = MappingProxyType({})


class SunSpecInverter(RecallingInverter):
    """One inverter whose registers are found by walking its chain of models.

    Its storage (124) takes limits of power in percent, its controls (704) a power; it takes no charge voltage. What it
    has not, or cannot give as a lease, is not used: `problems` tells why.
    """

    abilities = Ability.NONE
    lease = float(LEASE)

    def __init__(
        self,
        unit: ModbusUnit,
        *,
        memory: Memory = NO_MEMORY,
        keep: Keep | None = None,
        clock: Callable[[], float] = time.monotonic,
        discharge_max: float | None = None,
        setpoint_sign: Literal[1, -1] | None = None,
    ) -> None:
        """Tell the inverter behind `unit`.

        `discharge_max` in W is the inverter's, which no model tells; without it nothing may be discharged.
        `setpoint_sign` is -1 where a negative set-point charges, 1 where a positive does; SunSpec leaves it open, so
        without it none is told.
        """
        super().__init__(keep)
        unit.require_timeout(TIMEOUT)
        self._unit = unit
        self._clock = clock
        self._discharge_max = discharge_max
        self._setpoint_sign = setpoint_sign
        self._leases: dict[str, Lease] = leases_of(memory.get("leases"))
        self._bases: Sequence[int] = BASES
        self._sure = False
        """Whether it is known to be the same inverter since something last went wrong."""
        self._storage: StorageControl | None = None
        self._controls: SetpointControl | None = None
        self._capacity: LeasedModel | None = None
        self._ports: LeasedModel | None = None

    @property
    @override
    def memory(self) -> Memory:
        return {"leases": leases_data(self._leases)} if self._leases else NO_MEMORY

    @override
    async def async_identify(self) -> InverterInfo:
        self._info = await self._walk()
        return self._info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        await self._surely(lambda: self._tell(bank, setpoint))

    @override
    async def async_read(self) -> InverterReading:
        return await self._surely(self._read)

    @override
    async def async_release(self, held: Flow = Flow.NONE) -> None:
        await self._surely(lambda: self._release(held))

    async def _surely[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with the same inverter as before; whatever goes wrong may have made it another one."""
        try:
            await self._same()
            return await work()
        except DriverError as err:
            self._sure = self._sure and err.key == "not_effective"
            raise

    async def _tell(self, bank: Bank, setpoint: float | None) -> None:
        trouble: DriverError | None = None
        try:
            if self._storage is not None and Ability.CCL in self.abilities:
                await self._storage.limit(charge_power(bank), discharge_power(bank))
        except DriverError as err:
            trouble = err
        if self._controls is not None and Ability.SETPOINT in self.abilities:
            try:
                await self._ask(self._controls, bank, setpoint)
            except DriverError as err:
                raise trouble or SetpointError.of(err) from err
        if trouble:
            raise trouble

    async def _read(self) -> InverterReading:
        storage = _NOTHING if self._storage is None else await self._storage.look()
        controls = _NOTHING if self._controls is None else await self._controls.look()
        capacity = _NOTHING if self._capacity is None else await self._capacity.look()
        ports = _NOTHING if self._ports is None else await self._ports.look()
        batteries = [port for port in ports.get(DC_MEASUREMENT.part, ()) if port["PrtTyp"] == ESS]
        voltage = next((port["DCV"] for port in batteries if port["DCV"]), None) or storage.get("InBatV") or None
        sign = SIGNS.get(storage.get("ChaSt") or 0)
        none = (None, None)
        own = none if self._storage is None else self._storage.own(storage)
        accepted = none if self._storage is None else self._storage.power(storage)
        return InverterReading(
            time=self._clock(),
            voltage=voltage,
            current=_signed(_sum(batteries, "DCA"), sign),
            power=_signed(_sum(batteries, "DCW"), sign),
            soc=_first(capacity.get("SoC"), storage.get("ChaState")),
            own=_limits(own, voltage),
            accepted=_limits(accepted, voltage, None if self._controls is None else self._controls.power(controls)),
            alarms=_alarms(capacity.get("Sta"), batteries),
        )

    async def _release(self, held: Flow) -> None:
        trouble: DriverError | None = None
        try:
            if self._controls is not None:
                await self._controls.release()
        except DriverError as err:
            trouble = err
        try:
            if self._storage is not None:
                await self._storage.release(held)
        except DriverError as err:
            trouble = trouble or err
        if trouble:
            raise trouble

    async def _ask(self, controls: SetpointControl, bank: Bank, setpoint: float | None) -> None:
        if setpoint is None:
            await controls.release()
        else:
            await controls.ask(bounded(bank, setpoint))

    async def _same(self) -> None:
        """See to it that the same inverter answers as before. Raises DriverError."""
        if self._info is None:
            await self.async_identify()
        elif not self._sure:
            told = await self._walk()
            if told.fingerprint != self._info.fingerprint:
                raise DriverError("identity_changed", f"inverter {self._info.fingerprint} now is {told.fingerprint}")
        self._sure = True

    async def _walk(self) -> InverterInfo:
        """Walk the chain and see what of it can be used. Raises DriverError."""
        base, chain = await walk(self._unit, self._bases)
        self._bases = (base, *(other for other in BASES if other != base))
        first = {model.model_id: model for model in reversed(chain)}
        if COMMON.number not in first:
            raise DriverError("nonsense", "the device has no common model")
        common = await self._leased(COMMON, first[COMMON.number]).look()
        self._capacity = self._plain(STORAGE_CAPACITY, first)
        self._ports = self._plain(DC_MEASUREMENT, first)
        self._storage = self._controls = None
        abilities, problems = Ability.NONE, set()
        if (model := first.get(STORAGE.number)) is not None and STORAGE.fits(model):
            self._storage = StorageControl(
                self._leased(STORAGE, model), discharge_max=self._discharge_max, clock=self._clock
            )
            points = await self._storage.look()
            problem = self._storage.problem(points)
            abilities |= Ability.NONE if problem else Ability.CCL | Ability.DCL
            if self._ports is not None and points["ChaSt"] is not None:
                abilities |= Ability.MEASURES
            if problem is None and self._discharge_max is None:
                problem = NO_DISCHARGE_MAX
            problems |= {problem} if problem else set()
        else:
            problems.add("no_storage_model")
        if (model := first.get(CONTROLS.number)) is not None and CONTROLS.fits(model):
            if self._setpoint_sign is None:
                problems.add("setpoint_sign_unknown")
            else:
                leased = self._leased(CONTROLS, model, group=GROUP)
                self._controls = SetpointControl(leased, sign=self._setpoint_sign, clock=self._clock)
                problem = self._controls.problem(await self._controls.look())
                abilities |= Ability.NONE if problem else Ability.SETPOINT
                problems |= {problem} if problem else set()
        self.abilities, self.problems = abilities, frozenset(problems)
        return InverterInfo(
            manufacturer=common["Mn"] or "",
            model=common["Md"] or "",
            serial_number=common["SN"] or "",
            firmware=common["Vr"] or "",
        )

    def _plain(self, kind: Any, first: dict[int, SunSpecModel]) -> LeasedModel | None:  # noqa: ANN401 - made at run time
        """Return a model that is only read, if the device has it."""
        model = first.get(kind.number)
        return None if model is None or not kind.fits(model) else self._leased(kind, model)

    def _leased(self, kind: Any, model: SunSpecModel, **how: Any) -> LeasedModel:  # noqa: ANN401 - as above
        return LeasedModel(self._unit, kind, model, self._leases, self._remember, **how)


def _signed(value: float | None, sign: int | None) -> float | None:
    """Return a current or power with its sign; without a direction only 0 is known."""
    if value is None or (sign is None and value):
        return None
    return abs(value) * sign if sign else 0.0


def _sum(ports: Sequence[Points], name: str) -> float | None:
    """Return the sum over all batteries, unknown while any is."""
    values = [port[name] for port in ports]
    return sum(values) if values and None not in values else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _limits(powers: tuple[float | None, float | None], voltage: float | None, setpoint: float | None = None) -> Limits:
    """Return limits of power as such of current."""
    charge, discharge = (None if power is None or not voltage else power / voltage for power in powers)
    return Limits(ccl=charge, dcl=discharge, setpoint=setpoint)


def _alarms(status: int | None, ports: Sequence[Points]) -> frozenset[str] | None:
    """Return the alarms of the storage and its ports; `None` where none are told."""
    words = [port["DCAlrm"] for port in ports if port["DCAlrm"] is not None]
    if status is None and not words:
        return None
    bits = {bit for word in words for bit in range(word.bit_length()) if word >> bit & 1}
    found = {PORT_ALARMS.get(bit, f"alarm_{bit}") for bit in bits}
    state = None if status is None else STATUS_ALARMS.get(status)
    return frozenset(found if state is None else found | {state})
