"""A pack made of physics, with the electronics of a common hardware BMS on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, exp
from random import Random
from typing import Final

from ...core.model import PackReading, Switches
from ...core.presets import CHEMISTRIES
from ..driver import DeviceInfo
from .cell import COOLING_TIME, ELECTRICS, POLARISATION_TIME, Cell, OpenCircuit
from .faults import Faults
from .ring import Ring, Sensed, guards, settings

LONGEST_STEP: Final = 10.0
"""s; a longer step is taken in pieces."""
# The switches of a 200 A board run some 25 K above their surroundings at 140 A, within minutes.
_SWITCH_WARMTH: Final = 25.0 / 140.0**2
_SWITCH_TIME: Final = 300.0
# Ω through which a cell is both bled and measured: those of the JK in tests/hw/frames have 55 to 63 mΩ.
_SENSE_WIRE: Final = 0.060


class WriteRefusedError(ValueError):
    """The device does not take what was written."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What the device's sensors tell, before it is frozen into a reading; faults of the sensors change it."""

    cells: list[float | None]
    temperatures: list[float | None]
    current: float | None
    voltage: float | None
    switch_temperature: float | None
    soc: float | None


class VirtualPack:
    """Cells in series, switches, balancer, protection and the device that reports them.

    Set `demand` to the current that the outside wants to flow (A, positive charging), then `step`. The truth is in
    `cells`, `current`, `soc`; what the device says, right or wrong, is `reading`.
    """

    def __init__(
        self,
        *,
        chemistry: str = "lfp",
        cells: int = 16,
        capacity: float = 280.0,
        seed: int = 0,
        soc: float = 50.0,
        temperature: float = 22.0,
        temperature_sensors: int = 4,
        serial_number: str = "VIRTUAL-0001",
        balance_current: float = 1.0,
        passive: bool = False,
    ) -> None:
        """Build a pack that was once balanced at the top and whose cells differ as those of one batch do.

        The same seed gives the same pack. `capacity` in Ah, `soc` in percent, `temperature` of the surroundings in °C,
        `balance_current` in A. A `passive` balancer has a resistor for each cell and bleeds those that it is told to.
        Raises ValueError.
        """
        curve = OpenCircuit(chemistry)
        for name, value, low, high in (
            ("cells", cells, 1, 400),
            ("capacity", capacity, 1.0, 10_000.0),
            ("temperature_sensors", temperature_sensors, 0, cells),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {value}")
        random = Random(seed)  # noqa: S311 - the spread of a batch, no secret
        electrics, preset = ELECTRICS[chemistry], CHEMISTRIES[chemistry]
        self.chemistry = chemistry
        self.capacity = capacity
        self.ambient = temperature
        self.cells = [
            Cell(
                curve=curve,
                capacity=capacity * random.gauss(0.985, 0.006),
                resistance=electrics.resistance / capacity * random.gauss(1.0, 0.04),
                polarisation_resistance=electrics.resistance / capacity * random.gauss(1.0, 0.04),
                hysteresis=electrics.hysteresis,
                leakage=capacity * 3e-5 * random.uniform(0.5, 1.5),
                # The middle of the row is warmer than its ends.
                place=1.5 - 3.0 * abs((index + 0.5) / cells - 0.5) + random.gauss(0.0, 0.15),
                soc=soc,
                temperature=temperature,
            )
            for index in range(cells)
        ]
        missing = (100.0 - soc) * sum(cell.capacity for cell in self.cells) / cells
        for cell in self.cells:
            cell.temperature += cell.place
            cell.soc = 100.0 - missing / cell.capacity + random.gauss(0.0, 0.04)
            cell.voltage = curve.at(cell.soc)[0]
        self.info = DeviceInfo(
            manufacturer="Jikong",
            model="JK_PB2A16S20P",
            serial_number=serial_number,
            hardware="15A",
            firmware="15.41",
            cells=cells,
            capacity=capacity,
            temperature_sensors=temperature_sensors,
            hardware_ring=settings(chemistry, capacity),
            chemistry=chemistry,
        )
        self.time = 0.0
        """s since the pack was made."""
        self.version = 0
        """Counts every change that a reading could show."""
        self.demand = 0.0
        self.current = 0.0
        self.balance_start = preset.balance_start
        self.balance_difference = 0.010
        """V at which the balancer starts; JK's default (thresholds.md 2.7)."""
        self.balance_current = balance_current
        self.balancing: tuple[int, int] | None = None
        """The cells that the balancer takes from and gives to."""
        nothing = (False,) * cells if passive else None
        self.commanded = Switches(charge=True, discharge=True, balance=True, bleed=nothing)
        self.switches = self.commanded
        self.switch_temperature = temperature
        self.counter = soc
        """The device's own SoC: it counts what its current sensor tells and snaps at both ends."""
        self.charge_out = 0.0
        """Ah discharged, ever."""
        self.faults = Faults(self)
        self._ring = Ring(guards(chemistry, self.info.hardware_ring))
        self._full_voltage = preset.full
        self._empty_voltage = preset.undervoltage_protect
        self._cell_errors = [random.gauss(0.0, 0.0007) for _ in range(cells)]
        self._current_gain = random.gauss(1.0, 0.003)
        self._current_offset = random.gauss(0.0, 0.05)
        self._decays: tuple[float, float, float, float] = (0.0, 1.0, 1.0, 1.0)
        self._bled: tuple[bool, ...] = ()

    @property
    def voltage(self) -> float:
        """The true pack voltage in V."""
        return sum([cell.voltage for cell in self.cells])

    @property
    def soc(self) -> float:
        """The true usable SoC: what can be drawn until the first cell is empty, of that and what still fits in."""
        drawable = min(cell.soc * cell.capacity for cell in self.cells)
        room = min((100.0 - cell.soc) * cell.capacity for cell in self.cells)
        return 100.0 * drawable / (drawable + room)

    @property
    def alarms(self) -> frozenset[str]:
        """The keys of the device's own alarms."""
        return self._ring.alarms

    def step(self, dt: float) -> None:
        """Let `dt` seconds pass."""
        pieces = max(1, ceil(dt / LONGEST_STEP))
        for _ in range(pieces):
            self._step(dt / pieces)

    def current_at(self, voltage: float, dt: float) -> float:
        """Return the current in A that would bring the pack to `voltage` within `dt` seconds."""
        fade = self._after(dt)[1]
        rest = resistance = 0.0
        for cell in self.cells:
            open_voltage, slope = cell.ahead(dt, fade)
            rest += open_voltage
            resistance += slope
        return (voltage - rest) / resistance

    def apply(self, wish: Switches) -> None:
        """Take what was written to the switches; `None` leaves one as it is. Raises WriteRefusedError, ValueError."""
        if "write_refused" in self.faults:
            raise WriteRefusedError("the device refuses the write")
        if "write_ignored" in self.faults:
            return
        if wish.bleed is not None and (self.commanded.bleed is None or len(wish.bleed) != len(self.cells)):
            raise ValueError("the balancer takes a mask of all cells, and only a passive one does")
        changed = {
            name: asked
            for name in ("charge", "discharge", "balance", "bleed")
            if (asked := getattr(wish, name)) is not None
        }
        self.commanded = replace(self.commanded, **changed)
        self._move_switches()
        self.changed()

    def bleed(self, mask: Sequence[bool]) -> None:
        """Say which cells a passive balancer bleeds from now on. Raises WriteRefusedError, ValueError."""
        self.apply(Switches(bleed=tuple(mask)))

    def inject(
        self, name: str, cell: int | None = None, value: float | None = None, duration: float | None = None
    ) -> None:
        """Let a fault begin (`faults.FAULTS`), for `duration` seconds or until cleared. Raises ValueError."""
        self.faults.inject(name, cell, value, duration)

    def clear(self, name: str | None = None) -> None:
        """End one kind of fault, or all. Raises ValueError."""
        self.faults.clear(name)

    def changed(self) -> None:
        """Note that a reading may look different now."""
        self.version += 1

    def report(self) -> Report:
        """Return what sound sensors would tell, with the errors that every sensor has."""
        drop = self.balance_current * _SENSE_WIRE
        bled = self._bled or (False,) * len(self.cells)
        cells: list[float | None] = [
            cell.voltage + error - (drop if taken else 0.0)
            for cell, error, taken in zip(self.cells, self._cell_errors, bled, strict=True)
        ]
        return Report(
            cells=cells,
            temperatures=[max(self.cells[index].temperature for index in group) for group in self.sensor_groups()],
            current=self._measured_current(),
            voltage=self.voltage,
            switch_temperature=self.switch_temperature,
            soc=self.counter,
        )

    def reading(self, time: float) -> PackReading:
        """Return what the device tells at `time`, whatever its sensors suffer from."""
        told = self.report()
        self.faults.distort(told)
        return PackReading(
            time=time,
            cells=tuple(told.cells),
            cells_time=time,
            temperatures=tuple(told.temperatures),
            temperatures_time=time,
            current=told.current,
            voltage=told.voltage,
            current_time=time,
            switch_temperature=told.switch_temperature,
            soc=told.soc,
            soh=100.0,
            capacity=self.capacity,
            cycles=float(int(self.charge_out / self.capacity)),
            switches=self.switches,
            commanded=self.commanded,
            balancing=self.balancing is not None or any(self._bled),
            balance_current=self.balance_current if self.balancing or any(self._bled) else 0.0,
            alarms=self.alarms,
            hardware=self.info.hardware_ring,
        )

    def sensor_groups(self) -> list[range]:
        """Return the cells that each temperature sensor is strapped across; it shows the hottest of them."""
        count, sensors = len(self.cells), self.info.temperature_sensors
        return [range(number * count // sensors, (number + 1) * count // sensors) for number in range(sensors)]

    def _step(self, dt: float) -> None:
        self.time += dt
        self.faults.step(dt)
        _, fade, cool, settle = self._after(dt)
        allowed = self.switches.charge if self.demand > 0 else self.switches.discharge
        current = self.current = self.demand if allowed else 0.0
        self._choose_cells()
        giver, taker = self.balancing or (-1, -1)
        bled = self._bled
        ambient = self.ambient
        for index, cell in enumerate(self.cells):
            through = current
            if index == giver or (bled and bled[index]):
                through -= self.balance_current
            elif index == taker:
                through += self.balance_current
            cell.step(through, dt, ambient, fade, cool)
        self.switch_temperature = _approach(
            self.switch_temperature, ambient + 2.0 + _SWITCH_WARMTH * current * current, settle
        )
        voltages = [cell.voltage for cell in self.cells]
        temperatures = [cell.temperature for cell in self.cells]
        highest, lowest = max(voltages), min(voltages)
        self._count(dt, highest, lowest)
        self._ring.step(
            Sensed(
                cell_max=highest,
                cell_min=lowest,
                current=current,
                temperature_max=max(temperatures),
                temperature_min=min(temperatures),
                switch_temperature=self.switch_temperature,
            ),
            dt,
        )
        self._move_switches()
        self.changed()

    def _after(self, dt: float) -> tuple[float, float, float, float]:
        """Return `dt` and what is left after it of polarisation, cell warmth and switch warmth."""
        if self._decays[0] != dt:
            self._decays = (dt, exp(-dt / POLARISATION_TIME), exp(-dt / COOLING_TIME), exp(-dt / _SWITCH_TIME))
        return self._decays

    def _measured_current(self) -> float:
        return self.faults.current(self.current * self._current_gain + self._current_offset)

    def _count(self, dt: float, highest: float, lowest: float) -> None:
        """Count charge as the device does, from its own current sensor."""
        self.charge_out += max(0.0, -self.current) * dt / 3600.0
        counted = self.counter + self._measured_current() * dt / (36.0 * self.capacity)
        if highest >= self._full_voltage and self.current > 0:
            counted = 100.0
        elif lowest <= self._empty_voltage and self.current < 0:
            counted = 0.0
        self.counter = min(100.0, max(0.0, counted))

    def _choose_cells(self) -> None:
        """Let the balancer work as it was told, or from the highest to the lowest cell, as an active one does."""
        forced = self.faults.value("balancer_stuck")
        wanted = self.switches.balance if forced is None else bool(forced)
        mask = self.switches.bleed
        self.balancing = None
        self._bled = mask if mask is not None and wanted else ()
        if not wanted or mask is not None or len(self.cells) < 2:
            return
        voltages = self.faults.measured([cell.voltage for cell in self.cells])
        highest, lowest = max(voltages), min(voltages)
        if forced or (highest >= self.balance_start and highest - lowest >= self.balance_difference):
            self.balancing = (voltages.index(highest), voltages.index(lowest))

    def _move_switches(self) -> None:
        """Bring each switch where its command and the pack's own protection want it, unless it sticks."""
        self.switches = self.faults.stick(self.switches, self._ring.permitted(self.commanded))


def _approach(value: float, end: float, kept: float) -> float:
    return end + (value - end) * kept
