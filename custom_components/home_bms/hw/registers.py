"""What a pack device's registers mean, as tables that are read both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, override

from modbus_connection.model import Component, NumberField, PackedBitsField, RegisterField, StringField

from ..core.model import PackReading, Switches
from .driver import Capability, DeviceInfo

if TYPE_CHECKING:
    from .frames import Request

type Values = Mapping[str, Any]
"""Decoded registers by field name; names are unique in a device. A name that is missing was not read."""
type Memory = Mapping[int, int]
"""16-bit words by wire address: the address that stands in the Modbus request."""

SWITCHES: Final = {
    "charge": Capability.CHARGE_SWITCH,
    "discharge": Capability.DISCHARGE_SWITCH,
    "balance": Capability.BALANCE_SWITCH,
}


NO_EXTRAS: Final[Mapping[type[Component], tuple[str, ...]]] = MappingProxyType({})


class Series(RegisterField[tuple[float, ...]]):
    """A row of equal 16-bit values in thousandths, such as the cells' voltages in mV."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float, ...]:
        return tuple([word / 1000 for word in words])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        words = [round(min(max((item or 0) * 1000, 0), 0xFFFF)) for item in value or ()][: self.count]
        return words + [0] * (self.count - len(words))


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

    Field addresses count ordinary registers: register n stands at wire address `address_step` x n.
    """

    key: str
    name: str
    manufacturer: str
    unit_ids: range
    """Those that such a device can have."""
    address_step: int = 1
    identity: tuple[type[Component], ...]
    """Read once, when the pack is found."""
    passport: tuple[type[Component], ...]
    """What proves that it still is the same pack; part of `identity`."""
    settings: tuple[type[Component], ...]
    """Read seldom."""
    extras: Mapping[type[Component], tuple[str, ...]] = NO_EXTRAS
    """Read with the settings, with the times that each one sets; a device that refuses one is read without it."""
    live: Mapping[type[Component], tuple[str, ...]]
    """Read every time, with the times of the reading that each one sets."""
    pages: Mapping[str, tuple[type[Component], ...]]
    """What people see beside a reading, by heading.

    Some of it the driver never reads; it is known so that recorded frames can be explained and a virtual pack is whole.
    """
    commands: type[Component]
    """The writable switches, as fields called `charge`, `discharge`, `balance`."""
    positions: tuple[str, ...]
    """The fields that tell where the switches really are."""
    areas: tuple[range, ...]
    """Wire addresses that the device answers for."""
    info: Callable[[Values], DeviceInfo]
    """Raises ValueError where the values cannot be such a device's."""
    reading: Callable[[Values, Values], PackReading]
    """Takes the values of now and those of when the pack was found; leaves the times to the driver."""
    values: Callable[[PackReading, DeviceInfo], Values]
    """The two above, backwards."""
    frame: Callable[[bytes, Request | None], Memory] | None = None
    """Unwraps the maker's own frame, empty if it is none. Raises FrameError if it is broken or another's."""

    @property
    def components(self) -> tuple[type[Component], ...]:
        """Every part of the map, once."""
        return tuple(
            dict.fromkeys((*self.live, self.commands, *(kind for page in self.pages.values() for kind in page)))
        )

    @property
    def switches(self) -> tuple[str, ...]:
        """The names of the switches that can be written."""
        return tuple(name for name in SWITCHES if name in self.commands.declared_fields)

    @property
    def capabilities(self) -> Capability:
        """What home_bms can act on."""
        found = Capability.NONE
        for name in self.switches:
            found |= SWITCHES[name]
        return found

    def encode(self, reading: PackReading, info: DeviceInfo) -> dict[int, int]:
        """Return the whole register memory of a pack that reads so, as words by wire address."""
        values = self.values(reading, info)
        memory = {address: 0 for area in self.areas for address in area[:: self.address_step]}
        for kind in self.components:
            for name, field in register_fields(kind):
                start = field.address * self.address_step
                if isinstance(field, PackedBitsField):
                    memory[start] = field.merge(memory[start], _fitting(field, values.get(name)))
                    continue
                for offset, word in enumerate(field.encode(_fitting(field, values.get(name)))):
                    memory[start + offset * self.address_step] = word
        return memory

    def decode(self, memory: Memory) -> dict[str, Any]:
        """Return the values of all fields that lie in `memory`; of a series as many as do."""
        found: dict[str, Any] = {}
        for kind in self.components:
            for name, field in register_fields(kind):
                words = [memory[address] for address in takewhile(memory.__contains__, self.addresses(field))]
                if len(words) == field.count or (words and isinstance(field, Series)):
                    found[name] = field.decode(words)
        return found

    def addresses(self, field: RegisterField[Any]) -> range:
        """Return the wire addresses of a field's words."""
        start = field.address * self.address_step
        return range(start, start + field.count * self.address_step, self.address_step)

    def written(self, address: int, words: list[int]) -> Switches:
        """Return the switches that a write of `words` at a wire address moves.

        Raises ValueError where the device would refuse: half a switch, or a position that there is not.
        """
        step = self.address_step
        memory = {address + step * index: word for index, word in enumerate(words)}
        moved: dict[str, Any] = {}
        for name in self.switches:
            field: Any = self.commands.declared_fields[name]
            hit = [memory[at] for at in self.addresses(field) if at in memory]
            if not hit:
                continue
            if len(hit) != field.count or (position := field.decode(hit)) is None:
                raise ValueError(f"{hit} is no position of the {name} switch")
            moved[name] = position
        return Switches(**moved)


def register_fields(kind: type[Component]) -> list[tuple[str, RegisterField[Any]]]:
    """Return the register fields of a component."""
    return [(name, field) for name, field in kind.declared_fields.items() if isinstance(field, RegisterField)]


def _fitting(field: RegisterField[Any], value: Any) -> Any:  # noqa: ANN401 - a field holds what it holds
    """Return a value that the field can hold: the nearest for a number, 0 for none."""
    if isinstance(field, PackedBitsField):
        return round(min(max(value or 0, 0), field.mask >> field.start))
    if not isinstance(field, NumberField):
        return value
    size = 1 << (16 * field.count)
    low, high = (-size // 2, size // 2 - 1) if field.signed else (0, size - 1)
    raw = round(min(max((value or 0) / field.scale, low), high))
    return raw if field.scale == 1 else raw * field.scale
