"""The faults that can be injected into a virtual pack while it runs, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from ...core.model import Switches

if TYPE_CHECKING:
    from .pack import Report, VirtualPack


class Place(StrEnum):
    """What a fault's `cell` counts, from 0."""

    CELL = "cell"
    SENSOR = "sensor"
    PACK = "pack"


@dataclass(slots=True, kw_only=True)
class Active:
    """A fault that stands."""

    fault: Fault
    cell: int
    value: float
    until: float | None
    """Pack time at which it ends by itself."""
    memory: Any = None
    """What it found when it began."""


type _Act = Callable[[VirtualPack, Active], None]
type _Distort = Callable[[Active, Report], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault: where it sits, what its value means, and what it does.

    A row without actions is a flag that the part it concerns looks at (`name in faults`).
    """

    name: str
    text: str
    place: Place = Place.PACK
    unit: str = ""
    default: float = 0.0
    low: float = 0.0
    high: float = 0.0
    start: _Act | None = None
    step: Callable[[VirtualPack, Active, float], None] | None = None
    stop: _Act | None = None
    distort: _Distort | None = None
    once: bool = False
    """Over after one sample."""


# A cell under a heater of 500 W warms by 5.5 K a minute at 280 Ah: fast, and still a thing that can happen.
_HEATER_PER_AH: Final = 500.0 / 280.0


def _heat(pack: VirtualPack, active: Active, dt: float) -> None:
    cell = pack.cells[active.cell]
    missing = (active.value - cell.temperature) * cell.heat_capacity / dt
    strongest = _HEATER_PER_AH * cell.capacity
    cell.heater = min(strongest, max(-strongest, missing))


def _stop_heating(pack: VirtualPack, active: Active) -> None:
    pack.cells[active.cell].heater = 0.0


def _set_warmth(pack: VirtualPack, active: Active) -> None:
    pack.cells[active.cell].temperature = active.value


def _hold_warmth(pack: VirtualPack, active: Active, _dt: float) -> None:
    pack.cells[active.cell].temperature = active.value


def _cool_at_once(pack: VirtualPack, active: Active) -> None:
    cell = pack.cells[active.cell]
    cell.temperature = pack.ambient + cell.place


def _chill(pack: VirtualPack, active: Active) -> None:
    active.memory = pack.ambient
    _shift_ambient(pack, active.value)


def _warm_again(pack: VirtualPack, active: Active) -> None:
    _shift_ambient(pack, active.memory)


def _shift_ambient(pack: VirtualPack, ambient: float) -> None:
    """Let the whole pack have stood long at `ambient`."""
    change = ambient - pack.ambient
    pack.ambient = ambient
    pack.switch_temperature += change
    for cell in pack.cells:
        cell.temperature += change


def _weaken(pack: VirtualPack, active: Active) -> None:
    cell = pack.cells[active.cell]
    active.memory = cell.capacity
    cell.capacity *= active.value / 100.0


def _strengthen(pack: VirtualPack, active: Active) -> None:
    pack.cells[active.cell].capacity = active.memory


def _leak(sign: float) -> _Act:
    def act(pack: VirtualPack, active: Active) -> None:
        pack.cells[active.cell].leakage += sign * active.value

    return act


def _loosen(sign: float) -> _Act:
    def act(pack: VirtualPack, active: Active) -> None:
        pack.cells[active.cell].joint += sign * active.value / 1000.0

    return act


def _resist(sign: float) -> _Act:
    def act(pack: VirtualPack, active: Active) -> None:
        cell = pack.cells[active.cell]
        factor = (1.0 + active.value / 100.0) ** sign
        cell.resistance *= factor
        cell.polarisation_resistance *= factor

    return act


def _remember_report(pack: VirtualPack, active: Active) -> None:
    active.memory = deepcopy(pack.report())


def _freeze_cell(active: Active, told: Report) -> None:
    told.cells[active.cell] = active.memory.cells[active.cell]


def _freeze_all(active: Active, told: Report) -> None:
    for name in ("current", "voltage", "switch_temperature", "soc"):
        setattr(told, name, getattr(active.memory, name))
    told.cells[:] = active.memory.cells
    told.temperatures[:] = active.memory.temperatures


def _set_cell(active: Active, told: Report) -> None:
    told.cells[active.cell] = active.value


def _shift_cell(active: Active, told: Report) -> None:
    told.cells[active.cell] = (told.cells[active.cell] or 0.0) + active.value


def _part_neighbours(active: Active, told: Report) -> None:
    """Let the two cells beside a floating wire share their sum wrongly, the more so the more current flows."""
    shift = active.value / 1000.0 * (told.current or 0.0)
    for cell, sign in ((active.cell, 1.0), (active.cell + 1, -1.0)):
        if cell < len(told.cells):
            told.cells[cell] = (told.cells[cell] or 0.0) + sign * shift


def _set_temperature(active: Active, told: Report) -> None:
    told.temperatures[active.cell] = active.value


def _lose_temperature(active: Active, told: Report) -> None:
    told.temperatures[active.cell] = None


def _lose_cell(_active: Active, told: Report) -> None:
    told.cells.pop()


def _shift_voltage(active: Active, told: Report) -> None:
    told.voltage = (told.voltage or 0.0) + active.value


def _set_counter(pack: VirtualPack, active: Active) -> None:
    pack.counter = active.value


def _swap_serial(pack: VirtualPack, active: Active) -> None:
    active.memory = pack.info.serial_number
    pack.info = replace(pack.info, serial_number=f"SWAPPED-{active.value:04.0f}")


def _restore_serial(pack: VirtualPack, active: Active) -> None:
    pack.info = replace(pack.info, serial_number=active.memory)


CELL, SENSOR = Place.CELL, Place.SENSOR

# The hot cell's 58 °C lie beyond home_bms's trip for LFP and short of the pack's own ring: who acts is home_bms.
FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        Fault(name="hot_cell", text="A cell heats towards the value, as fast as a strong heater could.", place=CELL,
              unit="°C", default=58, low=-40, high=150, step=_heat, stop=_stop_heating),
        Fault(name="hot_cell_now", text="A cell is at the value at once, and cool again once cleared.", place=CELL,
              unit="°C", default=58, low=-40, high=150, start=_set_warmth, step=_hold_warmth, stop=_cool_at_once),
        Fault(name="cold_pack", text="The pack has stood long at the value.",
              unit="°C", default=-5, low=-40, high=80, start=_chill, stop=_warm_again),
        Fault(name="weak_cell", text="A cell has only this share of its capacity.", place=CELL,
              unit="%", default=80, low=1, high=100, start=_weaken, stop=_strengthen),
        Fault(name="leaky_cell", text="A cell discharges itself (a soft short).", place=CELL,
              unit="A", default=0.5, low=0, high=100, start=_leak(1), stop=_leak(-1)),
        Fault(name="resistive_cell", text="A cell itself has this much more resistance, joints aside.", place=CELL,
              unit="%", default=50, low=0, high=1000, start=_resist(1), stop=_resist(-1)),
        Fault(name="loose_joint", text="A cell's connection has this much more resistance.", place=CELL,
              unit="mΩ", default=1, low=0, high=100, start=_loosen(1), stop=_loosen(-1)),
        Fault(name="dead_cell_sense", text="A cell's sense wire is open: the device reports the value.", place=CELL,
              unit="V", default=0, low=0, high=65.535, distort=_set_cell),
        Fault(name="open_sense_wire", text="The wire to the next cell is open: both move apart.", place=CELL,
              unit="mΩ", default=1, low=-10, high=10, distort=_part_neighbours),
        Fault(name="cell_sentinel", text="A cell reports a number that means 'no value'.", place=CELL,
              unit="V", default=65.535, low=0, high=65.535, distort=_set_cell),
        Fault(name="spike", text="One sample of one cell is off by the value.", place=CELL,
              unit="V", default=0.3, low=-5, high=5, distort=_shift_cell, once=True),
        Fault(name="cell_offset", text="A cell's voltage is measured off by the value.", place=CELL,
              unit="V", default=0.02, low=-5, high=5, distort=_shift_cell),
        Fault(name="frozen_cell", text="A cell's voltage no longer changes.", place=CELL,
              start=_remember_report, distort=_freeze_cell),
        Fault(name="frozen", text="The device answers, and no measured value changes.",
              start=_remember_report, distort=_freeze_all),
        Fault(name="cell_lost", text="The device reports one cell less.", distort=_lose_cell),
        Fault(name="dead_temperature_sensor", text="A temperature sensor tells nothing.", place=SENSOR,
              distort=_lose_temperature),
        Fault(name="temperature_sentinel", text="A temperature sensor reports a number that means 'no value'.",
              place=SENSOR, unit="°C", default=-40, low=-273.1, high=3276.7, distort=_set_temperature),
        Fault(name="current_offset", text="The current sensor is off by the value.",
              unit="A", default=1, low=-1000, high=1000),
        Fault(name="current_stuck", text="The current sensor always tells the value.",
              unit="A", default=0, low=-1000, high=1000),
        Fault(name="current_sign", text="The current sensor is mounted the wrong way round."),
        Fault(name="voltage_offset", text="The pack voltage is off by the value.",
              unit="V", default=2, low=-100, high=100, distort=_shift_voltage),
        Fault(name="soc_jump", text="The device's own state of charge jumps to the value.",
              unit="%", default=100, low=0, high=100, start=_set_counter),
        Fault(name="charge_switch_stuck", text="The charge switch accepts commands and does not move."),
        Fault(name="discharge_switch_stuck", text="The discharge switch accepts commands and does not move."),
        Fault(name="balancer_stuck", text="The balancer always runs (1) or never (0), whatever it is told.",
              default=1, high=1),
        Fault(name="write_ignored", text="Writes are acknowledged and change nothing."),
        Fault(name="write_refused", text="Writes are answered with an exception."),
        Fault(name="wrong_serial", text="Another pack answers: its serial number ends in the value.",
              default=9999, high=9999, start=_swap_serial, stop=_restore_serial),
        Fault(name="cable_pulled", text="The link closes, and a new one closes at once."),
        Fault(name="no_answer", text="The link stays open, and nothing answers."),
        Fault(name="slow_answer", text="Every answer takes this much longer.", unit="s", default=0.5, high=60),
        Fault(name="inverter_disobeys", text="The inverter ignores the limits that it is given."),
    )
}  # fmt: skip


class Faults:
    """The faults that stand in one pack."""

    def __init__(self, pack: VirtualPack) -> None:
        """Start with none."""
        self._pack = pack
        self._active: dict[tuple[str, int], Active] = {}

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self._active)

    def value(self, name: str) -> float | None:
        """Return the value of a fault that stands, `None` if it does not."""
        return next((active.value for (known, _), active in self._active.items() if known == name), None)

    def inject(self, name: str, cell: int | None, value: float | None, duration: float | None) -> None:
        """Begin a fault; one of the same name in the same place ends first.

        Raises ValueError naming what is permitted.
        """
        fault = _named(name)
        number = self._place(fault, cell)
        chosen = fault.default if value is None else value
        if not fault.low <= chosen <= fault.high:
            raise ValueError(f"{name}: value must be {fault.low:g} to {fault.high:g} {fault.unit}".rstrip())
        if duration is not None and not duration > 0:
            raise ValueError(f"{name}: duration must be more than 0 s")
        self._end(name, number)
        until = None if duration is None else self._pack.time + duration
        active = Active(fault=fault, cell=number, value=chosen, until=until)
        if fault.start:
            fault.start(self._pack, active)
        self._active[name, number] = active
        self._pack.changed()

    def clear(self, name: str | None) -> None:
        """End a fault wherever it stands, or all of them. Raises ValueError for a name that there is not."""
        if name is not None:
            _named(name)
        for known, number in tuple(self._active):
            if name in (None, known):
                self._end(known, number)
        self._pack.changed()

    def step(self, dt: float) -> None:
        """Act on the pack before it moves on by `dt` seconds."""
        if not self._active:
            return
        for (name, number), active in tuple(self._active.items()):
            if active.until is not None and self._pack.time >= active.until:
                self._end(name, number)
            elif active.fault.step:
                active.fault.step(self._pack, active, dt)

    def distort(self, told: Report) -> None:
        """Spoil what the sensors tell."""
        if not self._active:
            return
        # In the table's order, so that it does not matter what was injected first.
        for name, fault in FAULTS.items():
            for known, number in tuple(self._active):
                if known == name and fault.distort:
                    fault.distort(self._active[known, number], told)
                    if fault.once:
                        self._end(name, number)

    def current(self, sound: float) -> float:
        """Return what the current sensor tells instead of `sound`; the device counts with it too."""
        if not self._active:
            return sound
        if (stuck := self.value("current_stuck")) is not None:
            return stuck
        return (-sound if "current_sign" in self else sound) + (self.value("current_offset") or 0.0)

    def measured(self, volts: list[float]) -> list[float]:
        """Return the cells' voltages as the board's own balancer sees them."""
        off = {number: active.value for (name, number), active in self._active.items() if name == "cell_offset"}
        return [volt + off.get(number, 0.0) for number, volt in enumerate(volts)] if off else volts

    def stick(self, now: Switches, wanted: Switches) -> Switches:
        """Return where the switches end up that are at `now` and should go to `wanted`."""
        if "charge_switch_stuck" in self:
            wanted = replace(wanted, charge=now.charge)
        if "discharge_switch_stuck" in self:
            wanted = replace(wanted, discharge=now.discharge)
        return wanted

    def _place(self, fault: Fault, cell: int | None) -> int:
        counts = {
            Place.CELL: len(self._pack.cells),
            Place.SENSOR: self._pack.info.temperature_sensors,
            Place.PACK: 0,
        }
        count = counts[fault.place]
        if fault.place is Place.PACK:
            if cell is not None:
                raise ValueError(f"{fault.name} concerns the whole pack, not one cell")
            return 0
        number = 0 if cell is None else cell
        if not 0 <= number < count:
            raise ValueError(f"{fault.name}: {fault.place} must be 0 to {count - 1}")
        return number

    def _end(self, name: str, number: int) -> None:
        active = self._active.pop((name, number), None)
        if active and active.fault.stop:
            active.fault.stop(self._pack, active)


def _named(name: str) -> Fault:
    if name not in FAULTS:
        raise ValueError(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    return FAULTS[name]
