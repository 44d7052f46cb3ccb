"""Huasu's CELLCHECK TV-A24-33, one isolated sensor a cell: what its registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, gauge, integer

from ...core.model import PackReading
from ..channels import Channels
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Kind, Values

MANUFACTURER: Final = "Huasu"
JARS: Final = (2, 6, 12)
"""V of the jars that it can be set to."""


class Live(Component):
    """What it measures of its cell."""

    register_ranges = ((0, 2),)

    firmware_version = integer(0, signed=False)
    voltage = gauge(1, 0.001, signed=False, unit="V")
    temperature = gauge(2, 0.1, unit="°C")


class Address(Component):
    """Its unit id."""

    register_ranges = ((0x0E, 0x0E),)

    device_address = integer(0x0E, signed=False)


class Jar(Component):
    """What it is set to measure."""

    register_ranges = ((0x12, 0x12),)

    jar = integer(0x12, signed=False, unit="V")


class Line(Component):
    """The code of its baud rate."""

    register_ranges = ((0x15, 0x15),)

    baudrate = integer(0x15, signed=False)


def info(values: Values) -> DeviceInfo:
    """Return who the sensor is. Raises ValueError where it is set to a jar that there is not."""
    if (jar := values.get("jar")) not in JARS:
        raise ValueError(f"a TV-A24-33 is set to 2, 6 or 12 V, not to {jar}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="TV-A24-33",
        serial_number="",
        firmware=None if (version := values.get("firmware_version")) is None else str(version),
        cells=1,
        temperature_sensors=1,
    )


def reading(values: Values, _found: Values) -> PackReading:
    """Return the one cell's voltage and temperature."""
    known = "voltage" in values
    return PackReading(
        time=0.0,
        cells=(values["voltage"],) if known else (),
        temperatures=(values["temperature"],) if "temperature" in values else (),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of the sensor on the first cell of a reading."""
    return {
        "firmware_version": int(firmware) if (firmware := info.firmware or "").isdecimal() else 1,
        "voltage": next(iter(reading.cells), None),
        "temperature": next(iter(reading.temperatures), None),
        "device_address": 1,
        "jar": JARS[0],
    }


DEVICE: Final = Device(
    key="huasu",
    name="Huasu TV-A24-33",
    manufacturer=MANUFACTURER,
    kind=Kind.CELLS,
    channels=Channels(cells=1, temperatures=1, array=True),
    baudrate=9600,
    unit_ids=range(1, 248),
    spacing=0.01,
    timeout=0.3,
    identity=(Jar,),
    passport=(),
    settings=(Jar,),
    live=MappingProxyType({Live: ("cells_time", "temperatures_time")}),
    pages=MappingProxyType({"details": (Live,), "settings": (Address, Jar, Line)}),
    areas=(range(3), range(0x0E, 0x0F), range(0x12, 0x13), range(0x15, 0x16)),
    info=info,
    reading=reading,
    values=values,
)
