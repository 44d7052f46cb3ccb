"""Relay boards with eight inputs of the kind N4D8B08: what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField

from ...core.model import PackReading
from ..channels import Channels, Pulse
from ..driver import DeviceInfo
from ..registers import Kind, Values
from ..relays import RelayBoard

MANUFACTURER: Final = "eletechsup"
CHANNELS: Final = 8
CLOSE: Final = 0x0200
"""What the maker calls "close": the relay without power."""
DELAY: Final = 0x0600
"""Power now, and none after as many seconds as the low byte says."""


def state(register: int) -> NumberField[bool]:
    """Return a field of 1 or 0; anything else is not known."""
    return NumberField(register, signed=False, convert={0: False, 1: True})


class Relays(Component):
    """Whether each relay has power; function 3."""

    register_ranges = ((1, 8),)

    relay_1 = state(1)
    relay_2 = state(2)
    relay_3 = state(3)
    relay_4 = state(4)
    relay_5 = state(5)
    relay_6 = state(6)
    relay_7 = state(7)
    relay_8 = state(8)


class Contacts(Component):
    """The digital inputs, of the boards that have them; function 3."""

    register_ranges = ((0x81, 0x88),)

    contact_1 = state(0x81)
    contact_2 = state(0x82)
    contact_3 = state(0x83)
    contact_4 = state(0x84)
    contact_5 = state(0x85)
    contact_6 = state(0x86)
    contact_7 = state(0x87)
    contact_8 = state(0x88)


def info(values: Values) -> DeviceInfo:
    """Return who the board is. Raises ValueError where the relays' registers hold what is no state."""
    if any(name in values and values[name] is None for name in DEVICE.relay_names):
        raise ValueError("a relay is on or off, and this register says neither")
    return DeviceInfo(manufacturer=MANUFACTURER, model="N4D relay board", serial_number="")


def reading(_values: Values, _found: Values) -> PackReading:
    """Return a reading without values: what relays and inputs are wired to, only the user knows."""
    return PackReading(time=0.0)


def values(_reading: PackReading, _info: DeviceInfo) -> Values:
    """Return the registers' values of a board at rest; `virtual.relays` moves them."""
    return {}


DEVICE: Final = RelayBoard(
    key="n4d_relay",
    name="N4D relay board",
    manufacturer=MANUFACTURER,
    kind=Kind.RELAYS,
    channels=Channels(
        relays=CHANNELS,
        contacts=CHANNELS,
        # A relative of these boards takes no notice of "close" while a delay runs, and ends it with a delay of 0
        # (packerlschupfer/ESP32-RYN4, tried on hardware).
        pulse=Pulse(function=6, address=1, word=DELAY, unit=1.0, most=0xFF, off_address=1, off=(CLOSE, DELAY, CLOSE)),
    ),
    baudrate=9600,
    unit_ids=range(1, 248),
    spacing=0.02,
    timeout=0.5,
    identity=(),
    passport=(),
    settings=(),
    extras=MappingProxyType({Contacts: ()}),
    live=MappingProxyType({Relays: ("relays_time",), Contacts: ("contacts_time",)}),
    pages=MappingProxyType({"relays": (Relays,), "contacts": (Contacts,)}),
    areas=(range(1, 9), range(0x81, 0x89)),
    info=info,
    reading=reading,
    values=values,
    relay_names=tuple(f"relay_{number}" for number in range(1, CHANNELS + 1)),
    contact_names=tuple(f"contact_{number}" for number in range(1, CHANNELS + 1)),
    coils=Relays,
)
