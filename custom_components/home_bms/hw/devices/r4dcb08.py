"""The R4DCB08 board with eight DS18B20 sensors: what its registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, gauge, integer

from ...core.model import PackReading
from ..channels import Channels
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Kind, Values

MANUFACTURER: Final = "eletechsup"
SENSORS: Final = 8
MISSING: Final = 0x8000
POWER_UP: Final = 85.0
"""°C that a DS18B20 tells before it has measured."""
LOWEST, HIGHEST = -55.0, 125.0
"""°C that a DS18B20 can measure."""
BAUDRATES: Final = (1200, 2400, 4800, 9600, 19200)
NAMES: Final = tuple(f"temperature_{number}" for number in range(1, SENSORS + 1))


def probe(register: int) -> NumberField[float]:
    """Return a field of tenths of a degree; 0x8000 is a sensor that is not there."""
    return gauge(register, 0.1, nan=MISSING, unit="°C")


class Live(Component):
    """What the sensors tell."""

    register_ranges = ((0, 7),)

    temperature_1 = probe(0)
    temperature_2 = probe(1)
    temperature_3 = probe(2)
    temperature_4 = probe(3)
    temperature_5 = probe(4)
    temperature_6 = probe(5)
    temperature_7 = probe(6)
    temperature_8 = probe(7)


class Corrections(Component):
    """What the board adds to each sensor."""

    register_ranges = ((8, 15),)

    correction_1 = gauge(8, 0.1, unit="K")
    correction_2 = gauge(9, 0.1, unit="K")
    correction_3 = gauge(10, 0.1, unit="K")
    correction_4 = gauge(11, 0.1, unit="K")
    correction_5 = gauge(12, 0.1, unit="K")
    correction_6 = gauge(13, 0.1, unit="K")
    correction_7 = gauge(14, 0.1, unit="K")
    correction_8 = gauge(15, 0.1, unit="K")


class Talk(Component):
    """How often it talks by itself, which must be never."""

    register_ranges = ((0xFD, 0xFD),)

    report_period = integer(0xFD, signed=False, unit="s")


class Line(Component):
    """Where it is on the bus; told only where the board is alone there."""

    register_ranges = ((0xFE, 0xFF),)

    device_address = integer(0xFE, signed=False)
    baudrate = integer(0xFF, signed=False)


def info(values: Values) -> DeviceInfo:
    """Return who the board is. Raises ValueError where no sensor of it can read so."""
    told = [value for name in NAMES if (value := values.get(name)) is not None]
    if told and not any(LOWEST <= value <= HIGHEST for value in told):
        raise ValueError(f"a DS18B20 measures {LOWEST:g} to {HIGHEST:g} °C, not {told[0]}")
    return DeviceInfo(manufacturer=MANUFACTURER, model="R4DCB08", serial_number="", temperature_sensors=SENSORS)


def reading(values: Values, found: Values) -> PackReading:
    """Return the temperatures by channel, as far as the last that was read."""
    last = max((index for index, name in enumerate(NAMES) if name in values), default=-1)
    period = values.get("report_period")
    return PackReading(
        time=0.0,
        temperatures=tuple(_sound(values.get(name), found.get(name)) for name in NAMES[: last + 1]),
        # A board that talks by itself disturbs everybody on the bus.
        alarms=None if period is None else frozenset({"reports_by_itself"} if period else ()),
    )


def values(reading: PackReading, _info: DeviceInfo) -> Values:
    """Return the registers' values of a board whose sensors read so."""
    talks = "reports_by_itself" in (reading.alarms or ())
    return {
        **dict(zip(NAMES, reading.temperatures, strict=False)),
        "report_period": int(talks),
        "device_address": 1,
        "baudrate": BAUDRATES.index(9600),
    }


def _sound(told: float | None, before: float | None) -> float | None:
    """Return a temperature, unless no sensor measured it.

    A sensor that tells exactly 85 °C has not measured, unless it told something else when the board was found.
    """
    if told is None or not LOWEST <= told <= HIGHEST:
        return None
    return None if told == POWER_UP and before in (None, POWER_UP) else told


DEVICE: Final = Device(
    key="r4dcb08",
    name="R4DCB08",
    manufacturer=MANUFACTURER,
    kind=Kind.TEMPERATURES,
    channels=Channels(temperatures=SENSORS),
    baudrate=9600,
    unit_ids=range(1, 256),
    spacing=0.02,
    timeout=0.5,
    identity=(),
    passport=(),
    settings=(),
    extras=MappingProxyType({Talk: ()}),
    live=MappingProxyType({Live: ("temperatures_time",)}),
    pages=MappingProxyType({"settings": (Corrections, Talk, Line)}),
    areas=(range(16), range(0xFD, 0x100)),
    info=info,
    reading=reading,
    values=values,
)
