"""What a pack device's registers mean, as tables that are read both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, override

from modbus_connection import ModbusUnit
from modbus_connection.model import (
    CoilField,
    Component,
    DiscreteInputField,
    FloatField,
    NumberField,
    PackedBitsField,
    RegisterField,
    StringField,
)

from ..core.model import PackReading, Switches
from .channels import NO_CHANNELS, Channels
from .driver import Capability, DeviceInfo

if TYPE_CHECKING:
    from .dialect import Broadcast, Dialect
    from .frames import Request

type Values = Mapping[str, Any]
"""Decoded registers by field name; names are unique in a device. A name that is missing was not read."""
type Memory = Mapping[int, int]
"""16-bit words, of coils and inputs 0 or 1, by the address that stands in the request plus that of its `SPACES`."""
type Field = RegisterField[Any] | CoilField | DiscreteInputField

SPACES: Final = MappingProxyType({"holding": 0, "input": 0x10000, "coil": 0x20000, "discrete": 0x30000})
"""What tells the address spaces of Modbus apart in a `Memory`."""
READS: Final = MappingProxyType({1: "coil", 2: "discrete", 3: "holding", 4: "input"})
"""The space that a reading function looks at."""
WRITES: Final = MappingProxyType({5: "coil", 6: "holding", 15: "coil", 16: "holding"})
"""The space that a writing function changes."""

SWITCHES: Final = {
    "charge": Capability.CHARGE_SWITCH,
    "discharge": Capability.DISCHARGE_SWITCH,
    "balance": Capability.BALANCE_SWITCH,
}


class Kind(StrEnum):
    """What a device is to home_bms."""

    PACK = "pack"
    """A whole pack with a BMS of its own."""
    CELLS = "cells"
    """Measures cells and nothing that protects them."""
    TEMPERATURES = "temperatures"
    METER = "meter"
    """Measures current and pack voltage."""
    RELAYS = "relays"
    INPUTS = "inputs"
    """Measures voltages that the user assigns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The write that moves a switch, as its sheet proves it."""

    address: int
    """On the wire."""
    on: tuple[int, ...]
    off: tuple[int, ...]
    function: int = 16
    """5 for a coil, 6 for one register, 16 for one or more."""

    async def send(self, unit: ModbusUnit, position: bool) -> None:
        """Write a position. Raises ModbusError."""
        words = list(self.on if position else self.off)
        if self.function == 16:
            await unit.write_registers(self.address, words)
        elif self.function == 6:
            await unit.write_register(self.address, words[0])
        else:
            await unit.write_coil(self.address, bool(words[0]))


NO_EXTRAS: Final[Mapping[type[Component], tuple[str, ...]]] = MappingProxyType({})
NO_ORDERS: Final[Mapping[str, Order]] = MappingProxyType({})
_LARGEST: Final = 3.4e38
"""What a float of two words can hold."""
NO_RANGES: Final[Mapping[range, str]] = MappingProxyType({})


class Series(RegisterField[tuple[float, ...]]):
    """A row of equal 16-bit values, such as the cells' voltages in mV; `per` is how many make one `unit`."""

    def __init__(
        self, address: int, *, count: int, unit: str | None = None, per: int = 1000, signed: bool = False
    ) -> None:
        super().__init__(address, count=count, unit=unit)
        self.per = per
        self.signed = signed

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float, ...]:
        if self.signed:
            words = [word - 0x10000 if word & 0x8000 else word for word in words]
        return tuple([word / self.per for word in words])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        low, high = (-0x8000, 0x7FFF) if self.signed else (0, 0xFFFF)
        words = [round(min(max((item or 0) * self.per, low), high)) & 0xFFFF for item in value or ()][: self.count]
        return words + [0] * (self.count - len(words))


class SparseSeries(Series):
    """A series in which 0xFFFF stands for what was not measured."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> Any:
        row = super().decode(words)
        return tuple([None if word == 0xFFFF else item for word, item in zip(words, row, strict=True)])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        row = tuple(value or ())[: self.count]
        absent = {index for index, item in enumerate(row) if item is None}
        return [0xFFFF if index in absent else word for index, word in enumerate(super().encode(row))]


class Text(StringField):
    """Text up to its first zero; behind that the memory holds anything. Unprintable text is no text."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        text = super().decode(words).partition("\0")[0].strip()
        return text if text.isprintable() else ""

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return super().encode(value or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """One device's registers and what they mean in home_bms's words.

    Field addresses count ordinary registers: register n stands at wire address `address_step` x n. Coils and discrete
    inputs stand at their own address.
    """

    key: str
    name: str
    manufacturer: str
    unit_ids: range
    """Those that such a device can have."""
    kind: Kind = Kind.PACK
    channels: Channels = NO_CHANNELS
    """What it offers to a pack that is built from parts."""
    voltages: Callable[[Values], tuple[float | None, ...]] | None = None
    """V of its voltage inputs, where they are not the pack's voltage alone."""
    answers_from: int = 0
    """What the unit id in an answer differs by from the one that was asked."""
    cell_resolution: float = 0.001
    """V in which it tells a cell."""
    address_step: int = 1
    identity: tuple[type[Component], ...]
    """Read once, when the pack is found."""
    passport: tuple[type[Component], ...]
    """What proves that it still is the same pack; part of `identity`."""
    settings: tuple[type[Component], ...]
    """Read seldom."""
    extras: Mapping[type[Component], tuple[str, ...]] = NO_EXTRAS
    """Read with the settings, with the times that each one sets; a device that refuses one is read without it.

    Those that are among `live` too are read every time once the device has answered for them.
    """
    mute: frozenset[type[Component]] = frozenset()
    """Extras for which some devices give no answer at all; the second time in vain counts as a refusal."""
    live: Mapping[type[Component], tuple[str, ...]]
    """Read every time, with the times of the reading that each one sets."""
    pages: Mapping[str, tuple[type[Component], ...]]
    """What people see beside a reading, by heading.

    Some of it the driver never reads; it is known so that recorded frames can be explained and a virtual pack is whole.
    """
    commands: type[Component] | None = None
    """What tells where the switches were commanded to, as fields called `charge`, `discharge`, `balance`."""
    orders: Mapping[str, Order] = NO_ORDERS
    """The switches that can be written, by the name of their field; none of a device that is only read."""
    positions: tuple[str, ...] = ()
    """The fields that tell where the switches really are."""
    areas: tuple[range, ...]
    """What the device answers for, as addresses of a `Memory`."""
    unread: Mapping[range, str] = NO_RANGES
    """What it has besides and home_bms never reads, with the reason."""
    info: Callable[[Values], DeviceInfo]
    """Raises ValueError where the values cannot be such a device's."""
    reading: Callable[[Values, Values], PackReading]
    """Takes the values of now and those of when the pack was found; leaves the times to the driver."""
    values: Callable[[PackReading, DeviceInfo], Values]
    """The two above, backwards."""
    frame: Callable[[bytes, Request | None], Memory] | None = None
    """Unwraps the maker's own frame, empty if it is none. Raises FrameError if it is broken or another's."""
    relative: Callable[[Memory], RegisterMap | None] | None = None
    """Which other map a recorded memory is laid out by, where packs of one make differ; `None` is this one."""
    dialect: Dialect | None = None
    """How it is asked and how it answers, where no Modbus link can do that."""
    broadcast: Broadcast | None = None
    """How it is heard, where nobody may ask it."""

    @property
    def own_line(self) -> bool:
        """Whether it needs a line of home_bms's own (`wire.Wire`) instead of a Modbus link."""
        return self.dialect is not None or self.broadcast is not None

    def unit(self, number: int) -> int:
        """Return the unit id on the wire for what a person gives: the id itself, or the board's number from 1."""
        if number not in self.unit_ids and 1 <= number <= len(self.unit_ids):
            return self.unit_ids[number - 1]
        return number

    @property
    def components(self) -> tuple[type[Component], ...]:
        """Every part of the map, once."""
        commands = () if self.commands is None else (self.commands,)
        return tuple(dict.fromkeys((*self.live, *commands, *(kind for page in self.pages.values() for kind in page))))

    @property
    def capabilities(self) -> Capability:
        """What home_bms can act on."""
        found = Capability.NONE
        for name in self.orders:
            found |= SWITCHES[name]
        return found

    @property
    def functions(self) -> frozenset[int]:
        """The Modbus functions that it serves."""
        reads = {
            code for code, space in READS.items() if any(area.start & ~0xFFFF == SPACES[space] for area in self.areas)
        }
        return frozenset(reads | {order.function for order in self.orders.values()})

    def encode(self, reading: PackReading, info: DeviceInfo) -> dict[int, int]:
        """Return the whole memory of a pack that reads so."""
        values = self.values(reading, info)
        memory = {address: 0 for area in self.areas for address in area[:: self.address_step]}
        for kind in self.components:
            for name, field in fields(kind):
                addresses, value = self.addresses(kind, field), values.get(name)
                if isinstance(field, CoilField | DiscreteInputField):
                    memory[addresses[0]] = int(bool(value))
                elif isinstance(field, PackedBitsField):
                    memory[addresses[0]] = field.merge(memory[addresses[0]], _fitting(field, value))
                else:
                    memory.update(zip(addresses, field.encode(_fitting(field, value)), strict=True))
        return memory

    def layout(self, memory: Memory) -> RegisterMap:
        """Return the map that a recorded memory is laid out by: this one, or that of a relative."""
        other = None if self.relative is None else self.relative(memory)
        return self if other is None else other

    def decode(self, memory: Memory) -> dict[str, Any]:
        """Return the values of all fields that lie in `memory`, of a series as many as do; by its own layout."""
        if (layout := self.layout(memory)) is not self:
            return layout.decode(memory)
        found: dict[str, Any] = {}
        for kind in self.components:
            for name, field in fields(kind):
                addresses = self.addresses(kind, field)
                words = [memory[address] for address in takewhile(memory.__contains__, addresses)]
                if len(words) == field.count:
                    found[name] = field.decode(words)
                elif isinstance(field, Series) and (row := _part(field, addresses, memory)):
                    found[name] = row
        return found

    def shown(self, values: Values) -> dict[str, Any]:
        """Return what people see beside a reading of `values`, by heading."""
        found: dict[str, Any] = {}
        for heading, kinds in self.pages.items():
            names = [name for kind in kinds for name in kind.declared_fields if name not in self.orders]
            if page := {name: values[name] for name in names if name in values}:
                found[heading] = page
        return found

    def addresses(self, kind: type[Component], field: Field) -> range:
        """Return where the words of a component's field lie in a `Memory`."""
        if isinstance(field, CoilField | DiscreteInputField):
            start = SPACES[field.space] + field.address
            return range(start, start + 1)
        start = SPACES[kind.register_space] + field.address * self.address_step
        return range(start, start + field.count * self.address_step, self.address_step)

    def written(self, address: int, words: Sequence[int], function: int = 16) -> Switches:
        """Return the switches that a write of `words` at a wire address moves.

        Raises ValueError where the device would refuse: half a switch, or a position that there is not.
        """
        step = self.address_step if WRITES[function] == "holding" else 1
        memory = {address + step * index: word for index, word in enumerate(words)}
        moved: dict[str, Any] = {}
        for name, order in self.orders.items():
            if WRITES[order.function] != WRITES[function]:
                continue
            places = range(order.address, order.address + step * len(order.on), step)
            if not (hit := tuple(memory[at] for at in places if at in memory)):
                continue
            if hit not in (order.on, order.off):
                raise ValueError(f"{list(hit)} is no position of the {name} switch")
            moved[name] = hit == order.on
        return Switches(**moved)


def fields(kind: type[Component]) -> list[tuple[str, Field]]:
    """Return the fields of a component with their names."""
    return list(kind.declared_fields.items())


def register_fields(kind: type[Component]) -> list[tuple[str, RegisterField[Any]]]:
    """Return the register fields of a component with their names."""
    return [(name, field) for name, field in fields(kind) if isinstance(field, RegisterField)]


def _part(field: Series, addresses: range, memory: Memory) -> tuple[float | None, ...]:
    """Return a series as far as the last of it that was read; what was not read before that is not known."""
    known = [index for index, address in enumerate(addresses) if address in memory]
    told = dict(zip(known, field.decode([memory[addresses[index]] for index in known]), strict=True))
    return tuple(told.get(index) for index in range(max(known, default=-1) + 1))


def _fitting(field: RegisterField[Any], value: Any) -> Any:  # noqa: ANN401 - a field holds what it holds
    """Return a value that the field can hold: the nearest for a number, 0 for none."""
    if isinstance(field, FloatField):
        return nan if value is None else min(max(value, -_LARGEST), _LARGEST)
    if isinstance(field, PackedBitsField):
        return round(min(max(value or 0, 0), field.mask >> field.start))
    if not isinstance(field, NumberField):
        return value
    size = 1 << (16 * field.count)
    low, high = (-size // 2, size // 2 - 1) if field.signed else (0, size - 1)
    raw = round(min(max(((value or 0) - field.offset) / field.scale, low), high))
    if value is None and field.nan:
        raw = max(field.nan)
    return raw if (field.scale, field.offset) == (1, 0) else raw * field.scale + field.offset
