"""A device that a user describes with a DBC and a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ..core.model import ConfigError, PackReading, Switches
from .asked_limits import heard_limits
from .can_alarms import raised
from .can_device import CanDevice, Heard, Poll
from .can_frame import EXTENDED_MOST, spelled
from .can_quirks import BrokenFrameError, Told, Values
from .driver import DeviceInfo
from .registers import Kind
from .user_dbc_rows import NUMBER, CheckKind, CheckRow, Quantity, SignalRow, UserMapping

if TYPE_CHECKING:
    from .can_layout import FrameMap, Layout

SWITCHES: Final = frozenset({Quantity.CHARGE_SWITCH, Quantity.DISCHARGE_SWITCH, Quantity.BALANCING, Quantity.ALARM})
"""What is yes or no."""
MEASURED: Final = (Quantity.VOLTAGE, Quantity.CURRENT)


class UserMap:
    """The messages of a user's DBC that the mapping names, told in home_bms's words: `cell_1`, `temperature_1`, `soc`.

    It is what a `FrameMap` is to other devices.
    """

    def __init__(self, frames: FrameMap, mapping: UserMapping) -> None:
        """Raise ConfigError where the mapping names what the file does not have, or one thing twice."""
        self.name = frames.name
        self._plan: dict[int, dict[str, list[tuple[SignalRow, int]]]] = {}
        self._checks = {check.message: check for check in mapping.checks}
        taken: set[str] = set()
        for number, row in enumerate(mapping.rows):
            for key, signal, index in _places(row, frames, f"rows.{number}"):
                self._plan.setdefault(key, {}).setdefault(signal, []).append((row, index))
                many = range(row.index, row.index + row.count) if row.number_from else (index,)
                for name in (_name(row, one) for one in many):
                    if name in taken:
                        raise ConfigError("dbc_quantity_twice", f"rows.{number}.quantity", quantity=name)
                    taken.add(name)
        self.cells = _count(taken, "cell")
        self.temperatures = _count(taken, "temperature")
        self.names = frozenset(taken)
        self.messages: Mapping[int, Layout] = MappingProxyType({key: frames.messages[key] for key in self._plan})

    def decode_as(self, key: int, data: bytes) -> Values | None:
        """Return what data say as the message `key`; `None` if nothing of it is mapped. Raises BrokenFrameError."""
        plan = self._plan.get(key)
        if plan is None:
            return None
        if (check := self._checks.get(key)) is not None:
            verify(check, data)
        told = self.messages[key].decode(data)
        values: Values = {}
        for signal, meanings in plan.items():
            if signal not in told:
                continue
            for row, index in meanings:
                place: int | None = index
                if row.number_from:
                    place = _numbered(row, told.get(row.number_from))
                if place is not None:
                    values[_name(row, place)] = _meant(row, told[signal])
        return values


def user_device(key: str, name: str, frames: UserMap, mapping: UserMapping) -> CanDevice:
    """Return the device that a mapping describes; polls are sent only where the driver is told to."""
    needed = frozenset(name for name in (*MEASURED, "cell_1") if name in frames.names) or frames.names

    def info(heard: Heard) -> DeviceInfo:
        return DeviceInfo(
            manufacturer="DBC",
            model=name,
            serial_number="",
            cells=frames.cells or None,
            capacity=heard.last("capacity"),
            temperature_sensors=frames.temperatures,
        )

    def reading(heard: Heard, info: DeviceInfo) -> PackReading:
        return _reading(heard, info, frames)

    return CanDevice(
        key=key,
        name=name,
        manufacturer="DBC",
        frames="",
        bitrates=(),
        kind=Kind.PACK if frames.cells else Kind.METER,
        cells=frames.cells > 0,
        signs=(frozenset(frames.messages),),
        needs=(needed,),
        polls=tuple(Poll(key=poll.message, shift=None, data=poll.data, every=poll.every) for poll in mapping.polls),
        info=info,
        reading=reading,
    )


def verify(check: CheckRow, data: bytes) -> None:
    """Raise BrokenFrameError if a frame's checksum is wrong or missing."""
    if len(data) <= check.byte:
        raise BrokenFrameError(f"{data.hex()} is too short for its checksum")
    body = data[: check.byte]
    if check.kind is CheckKind.SUM:
        header = (check.message & EXTENDED_MOST) + len(data) if check.with_header else 0
        expected = (header + sum(body)) & 0xFF
    else:
        expected = crc8(body, check.polynomial, check.start) ^ check.last
    if data[check.byte] != expected:
        raise BrokenFrameError(f"the checksum of {data.hex()} is wrong")


def crc8(data: bytes, polynomial: int, start: int) -> int:
    """Return the CRC of data, highest bit first."""
    crc = start
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & 0x80 else 0)) & 0xFF
    return crc


def _places(row: SignalRow, frames: FrameMap, field: str) -> Iterator[tuple[int, str, int]]:
    """Yield the key, the signal and the index of each signal that a row names. Raises ConfigError."""
    for step in range(1 if row.number_from else row.count):
        number = row.first + step
        signal = NUMBER.sub(lambda match, number=number: f"{number:0{match['width'] or 1}}", row.signal)  # type: ignore[misc]
        keys = list(frames.messages) if row.message is None else [row.message]
        found = [key for key in keys if key in frames.messages and signal in frames.messages[key].signals]
        if not found or (row.number_from and row.number_from not in frames.messages[found[0]].signals):
            where = "" if row.message is None else spelled(row.message)
            raise ConfigError("dbc_unknown_signal", f"{field}.signal", message=where, signal=row.number_from or signal)
        yield found[0], signal, row.index + step


def _name(row: SignalRow, index: int) -> str:
    """Return what a value is called among those that were heard."""
    if row.quantity in (Quantity.CELL, Quantity.TEMPERATURE):
        return f"{row.quantity}_{index + 1}"
    return f"alarm_{row.alarm}" if row.quantity is Quantity.ALARM else str(row.quantity)


def _numbered(row: SignalRow, number: Told) -> int | None:
    """Return the index that a frame tells of itself; `None` if the row has none such."""
    if not isinstance(number, int | float) or not 0 <= (step := int(number) - row.first) < row.count:
        return None
    return row.index + step


def _meant(row: SignalRow, value: Told) -> Told:
    """Return what a signal's value means."""
    if not isinstance(value, int | float) or value in row.invalid:
        return None
    if row.quantity in SWITCHES:
        return int(value == row.on)
    meant = value * row.factor + row.offset
    low = row.minimum is not None and meant < row.minimum
    high = row.maximum is not None and meant > row.maximum
    return None if low or high else round(meant, 9)


def _count(names: set[str], kind: str) -> int:
    """Return how many of a kind there are. Raises ConfigError where one is missing."""
    numbers = {int(name.removeprefix(f"{kind}_")) for name in names if name.startswith(f"{kind}_")}
    if numbers and numbers != set(range(1, len(numbers) + 1)):
        missing = min(set(range(1, max(numbers) + 1)) - numbers)
        raise ConfigError("dbc_gap", "rows", quantity=kind, number=missing)
    return len(numbers)


def _reading(heard: Heard, info: DeviceInfo, frames: UserMap) -> PackReading:
    """Return the live values in home_bms's words."""
    cells = [f"cell_{number}" for number in range(1, (info.cells or 0) + 1)]
    sensors = [f"temperature_{number}" for number in range(1, info.temperature_sensors + 1)]
    alarmed = any(name.startswith("alarm_") for name in frames.names)
    single: dict[str, Any] = {
        name: heard.get(name) for name in ("switch_temperature", "soc", "soh", "cycles", "link_voltage", "insulation")
    }
    return PackReading(
        time=0.0,
        cells=tuple(heard.last(name) for name in cells),
        cells_time=heard.since(cells),
        temperatures=tuple(heard.last(name) for name in sensors),
        temperatures_time=heard.since(sensors),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(name for name in MEASURED if name in frames.names),
        capacity=heard.last("capacity"),
        switches=Switches(charge=_yes(heard, "charge_switch"), discharge=_yes(heard, "discharge_switch")),
        balancing=_yes(heard, "balancing"),
        alarms=frozenset(raised(heard, "alarm_")) if alarmed and _all_heard(heard, frames) else None,
        **single,
        **heard_limits(heard),
    )


def _yes(heard: Heard, name: str) -> bool | None:
    value = heard.get(name)
    return None if value is None else bool(value)


def _all_heard(heard: Heard, frames: UserMap) -> bool:
    """Whether each alarm was told lately, so that none that is silent could stand."""
    return all(heard.get(name) is not None for name in frames.names if name.startswith("alarm_"))
