"""Puts what the members of a pack told together, as one reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..core.model import HardwareRing, PackReading, Switches
from .asked_limits import together
from .channels import Current
from .devices import DEVICES
from .driver import DeviceInfo, Driver, DriverError
from .modbus import ModbusDriver
from .parts_config import Contact, CurrentRole, Member, Parts, Tap
from .relays import FRESH, RelayDriver

DIFFERS: Final = (2.0, 0.05)
"""A, and share of the current, by which two meters may differ."""
DIFFERS_FOR: Final = 5
"""Looks in a row in which they differ before that counts, so that a load step between them does not."""


@dataclass(slots=True, kw_only=True)
class Seat:
    """One unit of a member, and what it last told."""

    row: Member
    driver: Driver
    reading: PackReading | None = None
    trouble: DriverError | None = None
    """Why it does not answer now."""
    known: str | None = None
    """Whose fingerprint it must have: that of the row, else the first that answered."""
    asking: asyncio.Task[PackReading | DeviceInfo] | None = None
    """What it was asked and has not answered yet."""


class Measured(NamedTuple):
    """A value and when it was measured."""

    value: float | None
    time: float | None


NOTHING: Final = Measured(None, None)


class Assembly:
    """Knows which channel of which member is what.

    What was measured more than `FRESH` seconds ago is unknown. A group's time is that of its oldest value that is
    fresh; where none is, the time at which any of them was last heard, so that the group grows old as a whole.
    """

    def __init__(self, parts: Parts, seats: Sequence[Seat], clock: Callable[[], float]) -> None:
        self._parts = parts
        self._seats = seats
        self._clock = clock
        self._differed = 0

    def reading(self, *, commanded: bool | None, alarms: frozenset[str], ring: HardwareRing) -> PackReading:
        """Return the pack's reading.

        `commanded` is what the contactor was told, `alarms` are those of the set as a whole, `ring` is what the members
        guard themselves.
        """
        parts = self._parts
        cells = [NOTHING] * parts.cells
        for row in parts.members:
            for channel, cell in enumerate(row.cells):
                if cell is not None:
                    cells[cell] = self._channel(row, channel, "cells")
        sensors = [self._channel(row, channel, "temperatures") for row in parts.members for channel in row.temperatures]
        current, voltage, link = self._current(parts.current), self._tap("pack_voltage"), self._tap("link_voltage")
        # The member that measures the current counts the charge, so it is asked first.
        told = sorted(self._seats, key=lambda seat: seat.row is not parts.current)
        readings = [seat.reading for seat in told if seat.reading is not None]
        position = self.position("main")
        return PackReading(
            time=self._clock(),
            cells=tuple(self._fresh(cell) for cell in cells),
            cells_time=self._oldest(cells),
            temperatures=tuple(self._fresh(sensor) for sensor in sensors),
            temperatures_time=self._oldest(sensors),
            current=self._fresh(current),
            voltage=self._fresh(voltage),
            current_time=self._oldest([current, voltage, link]),
            switch_temperature=self._fresh(self._on_switch()),
            soc=first(reading.soc for reading in readings),
            soh=first(reading.soh for reading in readings),
            capacity=first(reading.capacity for reading in readings),
            cycles=first(reading.cycles for reading in readings),
            switches=Switches(charge=position, discharge=position),
            commanded=Switches(
                charge=commanded,
                discharge=commanded,
                balance=first(reading.commanded.balance for reading in readings),
            ),
            balancing=first(reading.balancing for reading in readings),
            balance_current=first(reading.balance_current for reading in readings),
            alarms=self._alarms(readings, current, alarms),
            hardware=ring,
            sleep_in=min((reading.sleep_in for reading in readings if reading.sleep_in is not None), default=None),
            link_voltage=self._fresh(link),
            insulation=first(reading.insulation for reading in readings),
            **together(readings, parts.cells),
        )

    def position(self, name: str) -> bool | None:
        """Return where a contactor's contacts are, as its auxiliary contact shows; `None` without one."""
        for seat in self._seats:
            contact: Contact | None = seat.row.contacts.get(name)
            if contact is not None and isinstance(seat.driver, RelayDriver):
                shown = seat.driver.contact(contact.channel)
                return None if shown is None else shown is contact.normally_open
        return None

    def _seats_of(self, row: Member) -> list[Seat]:
        return [seat for seat in self._seats if seat.row is row]

    def _channel(self, row: Member, channel: int, group: str) -> Measured:
        """Return what a channel of a member measures; those of an array run on from unit to unit."""
        seats = self._seats_of(row)
        unit, index = divmod(channel, getattr(row.channels, group) // len(seats))
        if (reading := seats[unit].reading) is None:
            return NOTHING
        told: tuple[float | None, ...] = getattr(reading, group)
        return Measured(told[index] if index < len(told) else None, getattr(reading, f"{group}_time"))

    def _on_switch(self) -> Measured:
        """Return the temperature of the contactor."""
        row = self._parts.sitting_on_switch()
        if row is None or row.switch_temperature is None:
            return NOTHING
        return self._channel(row, row.switch_temperature, "temperatures")

    def _current(self, row: Member | None) -> Measured:
        """Return a member's current, positive when charging, if it tells which way it flows."""
        if row is None or (reading := self._seats_of(row)[0].reading) is None:
            return NOTHING
        value = reading.current
        if value is not None and row.channels.current is Current.MAGNITUDE:
            value = None
        elif value is not None and row.current is CurrentRole.REVERSED:
            value = -value
        return Measured(value, reading.current_time)

    def _tap(self, field: str) -> Measured:
        """Return a voltage input."""
        row = self._parts.having(field)
        if row is None or (reading := (seat := self._seats_of(row)[0]).reading) is None:
            return NOTHING
        tap: Tap = getattr(row, field)
        several = DEVICES[row.device].voltages
        if several is None or not isinstance(seat.driver, ModbusDriver):
            value, at = reading.voltage, reading.current_time
        else:
            value, at = several(seat.driver.values)[tap.channel], seat.driver.times.get("voltages_time")
        return Measured(None if value is None else value * tap.factor, at)

    def _fresh(self, measured: Measured) -> float | None:
        at = measured.time
        return measured.value if at is not None and self._clock() - at <= FRESH else None

    def _oldest(self, group: Iterable[Measured]) -> float | None:
        times = [measured.time for measured in group if measured.time is not None]
        fresh = [at for at in times if self._clock() - at <= FRESH]
        return min(fresh) if fresh else max(times, default=None)

    def _alarms(self, readings: list[PackReading], current: Measured, own: frozenset[str]) -> frozenset[str] | None:
        """Return every member's alarms and those of the whole; `None` where nobody tells any."""
        told = [reading.alarms for reading in readings if reading.alarms is not None]
        if self._meters_differ(current):
            own |= {"current_sensors_differ"}
        return own.union(*told) if told or own else None

    def _meters_differ(self, current: Measured) -> bool:
        """Tell whether the second opinion on the current has contradicted the first for some looks."""
        row = next((row for row in self._parts.members if row.current is CurrentRole.CHECK), None)
        reading = None if row is None else self._seats_of(row)[0].reading
        if row is None or reading is None:
            return False
        one, other = self._fresh(current), self._fresh(Measured(reading.current, reading.current_time))
        if one is None or other is None:
            return False
        if row.channels.current is Current.MAGNITUDE:
            one, other = abs(one), abs(other)
        apart = abs(one - other) > max(DIFFERS[0], DIFFERS[1] * abs(one))
        self._differed = self._differed + 1 if apart else 0
        return self._differed >= DIFFERS_FOR


def first[T](values: Iterable[T | None]) -> T | None:
    """Return the first that is known."""
    return next((value for value in values if value is not None), None)
