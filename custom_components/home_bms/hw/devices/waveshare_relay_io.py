"""Waveshare's Modbus RTU Relay and IO boards with eight channels: what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, coil, discrete_input, gauge, integer

from ...core.model import PackReading
from ..channels import Channels, Pulse
from ..driver import DeviceInfo
from ..registers import SPACES, Kind, Values
from ..relays import RelayBoard

MANUFACTURER: Final = "Waveshare"
CHANNELS: Final = 8
LINKED: Final = 0x1000
"""What a relay does by itself: 0 nothing, 1 follows its input, 2 and 3 toggle with it."""


class Coils(Component):
    """What the relays were told; function 1, always all eight, for older boards answer nothing else."""

    coil_ranges = ((0, 7),)

    relay_1 = coil(0)
    relay_2 = coil(1)
    relay_3 = coil(2)
    relay_4 = coil(3)
    relay_5 = coil(4)
    relay_6 = coil(5)
    relay_7 = coil(6)
    relay_8 = coil(7)


class Contacts(Component):
    """The digital inputs, of the boards that have them; function 2."""

    discrete_ranges = ((0, 7),)

    contact_1 = discrete_input(0)
    contact_2 = discrete_input(1)
    contact_3 = discrete_input(2)
    contact_4 = discrete_input(3)
    contact_5 = discrete_input(4)
    contact_6 = discrete_input(5)
    contact_7 = discrete_input(6)
    contact_8 = discrete_input(7)


def mode(channel: int) -> NumberField[int]:
    """Return the field of what a relay does by itself."""
    return integer(LINKED + channel, signed=False)


class Modes(Component):
    """What the relays do by themselves, of the boards with inputs; function 3."""

    register_ranges = ((LINKED, LINKED + 7),)

    mode_1 = mode(0)
    mode_2 = mode(1)
    mode_3 = mode(2)
    mode_4 = mode(3)
    mode_5 = mode(4)
    mode_6 = mode(5)
    mode_7 = mode(6)
    mode_8 = mode(7)


class About(Component):
    """The firmware; function 3."""

    register_ranges = ((0x8000, 0x8000),)

    firmware_version = gauge(0x8000, 0.01, signed=False)


class Line(Component):
    """Where it is on the bus; told to the unit id 0."""

    register_ranges = ((0x4000, 0x4000),)

    device_address = integer(0x4000, signed=False)


def info(values: Values) -> DeviceInfo:
    """Return who the board is."""
    version = values.get("firmware_version")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="Modbus RTU Relay 8CH",
        serial_number="",
        firmware=None if version is None else f"{version:.2f}",
    )


def reading(_values: Values, _found: Values) -> PackReading:
    """Return a reading without values: what relays and inputs are wired to, only the user knows."""
    return PackReading(time=0.0)


def values(_reading: PackReading, _info: DeviceInfo) -> Values:
    """Return the registers' values of a board at rest; `virtual.relays` moves them."""
    return {"firmware_version": 2.0}


DEVICE: Final = RelayBoard(
    key="waveshare_relay_io",
    name="Waveshare Relay / IO 8CH",
    manufacturer=MANUFACTURER,
    kind=Kind.RELAYS,
    channels=Channels(
        relays=CHANNELS,
        contacts=CHANNELS,
        pulse=Pulse(function=5, address=0x0200, unit=0.1, most=0x7FFF, off_address=0, off=(0x0000,)),
    ),
    baudrate=9600,
    unit_ids=range(256),
    spacing=0.02,
    timeout=0.5,
    identity=(),
    passport=(),
    settings=(),
    extras=MappingProxyType({Contacts: (), Modes: (), About: ()}),
    live=MappingProxyType({Coils: ("relays_time",), Contacts: ("contacts_time",)}),
    pages=MappingProxyType(
        {"relays": (Coils,), "contacts": (Contacts,), "settings": (Modes,), "identity": (About, Line)}
    ),
    areas=(
        range(SPACES["coil"], SPACES["coil"] + CHANNELS),
        range(SPACES["discrete"], SPACES["discrete"] + CHANNELS),
        range(LINKED, LINKED + CHANNELS),
        range(0x4000, 0x4001),
        range(0x8000, 0x8001),
    ),
    info=info,
    reading=reading,
    values=values,
    relay_names=tuple(f"relay_{number}" for number in range(1, CHANNELS + 1)),
    contact_names=tuple(f"contact_{number}" for number in range(1, CHANNELS + 1)),
    mode_names=tuple(f"mode_{number}" for number in range(1, CHANNELS + 1)),
    coils=Coils,
    modes=Modes,
)
