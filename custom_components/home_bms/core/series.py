"""Makes readings of values that somebody has recorded one by one, each only when it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .model import HardwareRing, PackConfig, PackReading, Switches

EVERY: Final = 4.0
"""s between two readings: after 5 s data would count as old."""
SILENT_AFTER: Final = 3600.0
"""s without any new value after which nobody was there: a pack at rest has one before that, and of one that does not
answer it is recorded that nothing is known."""
# s that it waits for every value to have been told once: what did not change was recorded before the beginning.
_PATIENCE: Final = 3600.0
# Of switches whose temperature is not known, in °C.
_MILD: Final = 25.0
_MANY: Final = frozenset({"cell", "temperature"})
_PACK: Final = frozenset({"current", "voltage", "soc", "switch_temperature"})

type Value = tuple[float, str, float | None]
"""Seconds, what is told as `cell_1`, `temperature_1`, `current`, `voltage` or `soc`, and its value."""


def wanted(key: str) -> bool:
    """Tell whether a value is part of a reading."""
    return key in _PACK or _numbered(key) is not None


def _numbered(key: str) -> tuple[str, int] | None:
    """Return what a value is one of, and its place, which people count from 1."""
    kind, _, number = key.rpartition("_")
    return (kind, int(number) - 1) if kind in _MANY and number.isdecimal() and int(number) > 0 else None


class Series:
    """Goes along with values in the order of their times, and tells what they come to every few seconds."""

    def __init__(self, config: PackConfig, hardware: HardwareRing | None = None) -> None:
        self._hardware = hardware
        self._cells: list[float | None] = [None] * config.cells
        self._temperatures: list[float | None] = [None] * config.temperature_sensors
        self._pack: dict[str, float | None] = {}
        self._time: float | None = None
        self._first: float | None = None
        self._told = float("-inf")

    def readings(self, values: Iterable[Value], until: float) -> Iterator[PackReading]:
        """Yield a reading every EVERY s up to a moment; the next values may go on from there.

        Nothing comes before every value was told, or an hour has passed, and while nobody was there.
        """
        for time, key, value in values:
            yield from self._up_to(time)
            self._take(key, value)
            self._told = time
            self._first = time if self._first is None else self._first
            if self._time is None and (self._whole or time - self._first >= _PATIENCE):
                self._time = time
        yield from self._up_to(until)

    def _up_to(self, until: float) -> Iterator[PackReading]:
        while self._time is not None and self._time < until:
            if self._time - self._told > SILENT_AFTER:
                self._time = until
                return
            yield self._reading(self._time)
            self._time += EVERY

    @property
    def _whole(self) -> bool:
        return None not in (*self._cells, *self._temperatures, self._pack.get("current"))

    def _take(self, key: str, value: float | None) -> None:
        if key in _PACK:
            self._pack[key] = value
        elif (told := _numbered(key)) is not None:
            kind, place = told
            places = self._cells if kind == "cell" else self._temperatures
            if place < len(places):
                places[place] = value

    def _reading(self, time: float) -> PackReading:
        volts = [cell for cell in self._cells if cell is not None]
        summed = sum(volts) if len(volts) == len(self._cells) else None
        return PackReading(
            time=time,
            cells=tuple(self._cells),
            cells_time=time,
            temperatures=tuple(self._temperatures),
            temperatures_time=time,
            current=self._pack.get("current"),
            voltage=summed if self._pack.get("voltage") is None else self._pack["voltage"],
            current_time=time,
            # What is recorded only when it changed is not a device that hangs, so each reading differs a little.
            switch_temperature=(self._pack.get("switch_temperature") or _MILD) + time % (2 * EVERY) / 1000,
            soc=self._pack.get("soc"),
            hardware=self._hardware,
            # As they were is not told, and what flowed says that they let it.
            switches=Switches(charge=True, discharge=True),
            commanded=Switches(charge=True, discharge=True),
        )
