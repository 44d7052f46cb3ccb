"""diyBMS's current monitor: what its registers mean to home_bms."""

from __future__ import annotations

from enum import IntFlag
from math import isfinite
from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, FloatField, flags, float32, gauge, integer, uint32

from ...core.model import PackReading
from ..channels import Channels, Current
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Kind, Values

MANUFACTURER: Final = "diyBMS"
CHIP: Final = 0x0228
"""What the INA228 tells as its number."""
DIGITS: Final = 3
"""A float has more digits than the chip measures."""


class Status(IntFlag):
    """The bits of register 9."""

    FACTORY_RESET = 1 << 0
    RELAY_ON = 1 << 1
    RELAY_ON_POWER = 1 << 2
    RELAY_ON_LOW_VOLTAGE = 1 << 3
    RELAY_ON_HIGH_VOLTAGE = 1 << 4
    RELAY_ON_LOW_CURRENT = 1 << 5
    RELAY_ON_HIGH_CURRENT = 1 << 6
    RELAY_ON_TEMPERATURE = 1 << 7
    NARROW_RANGE = 1 << 8
    TEMPERATURE_COMPENSATION = 1 << 9
    POWER_HIGH = 1 << 10
    VOLTAGE_LOW = 1 << 11
    VOLTAGE_HIGH = 1 << 12
    CURRENT_LOW = 1 << 13
    CURRENT_HIGH = 1 << 14
    TEMPERATURE_HIGH = 1 << 15


# The board's currents are those of its shunt, whose direction is known at commissioning and not here: what is high or
# low to it is charge or discharge to nobody.
ALARMS: Final = MappingProxyType(
    {
        Status.TEMPERATURE_HIGH: "shunt_overtemperature",
        Status.CURRENT_HIGH: "shunt_current_high",
        Status.CURRENT_LOW: "shunt_current_low",
        Status.VOLTAGE_HIGH: "pack_overvoltage",
        Status.VOLTAGE_LOW: "pack_undervoltage",
        Status.POWER_HIGH: "shunt_power_high",
        Status.RELAY_ON: "shunt_relay_on",
    }
)
"""What stands, by bit; the relay that opened the contactor's coil circuit is told too."""


def real(register: int, unit: str) -> FloatField:
    """Return a field of a float whose low word comes first."""
    return float32(register, word_order="little", unit=unit)


class Live(Component):
    """What is measured and counted; one request, for only then two words of a number belong together."""

    register_ranges = ((0, 26),)

    voltage = real(0, "V")
    current = real(2, "A")
    charge_out = uint32(4, scale=0.001, unit="Ah")
    charge_in = uint32(6, scale=0.001, unit="Ah")
    temperature = integer(8, unit="°C")
    status = flags(9, Status)
    power = real(10, "W")
    charge_out_today = uint32(12, scale=0.001, unit="Ah")
    charge_in_today = uint32(14, scale=0.001, unit="Ah")
    shunt_resistance = real(16, "Ω")
    shunt_current = integer(18, signed=False, unit="A")
    shunt_voltage = gauge(19, 0.001, signed=False, unit="V")
    capacity = integer(20, signed=False, unit="Ah")
    full_voltage = real(21, "V")
    tail_current = real(23, "A")
    charge_efficiency = gauge(25, 0.01, signed=False, unit="%")
    soc = gauge(26, 0.01, signed=False, unit="%")


class Settings(Component):
    """The thresholds at which the board's own relay opens, and what it is."""

    register_ranges = ((27, 45),)

    calibration = integer(27, signed=False)
    temperature_limit = integer(28, unit="°C")
    voltage_high_limit = real(29, "V")
    voltage_low_limit = real(31, "V")
    current_high_limit = real(33, "A")
    current_low_limit = real(35, "A")
    power_limit = real(37, "W")
    temperature_coefficient = integer(39, signed=False)
    chip = integer(40, signed=False)
    firmware_version = uint32(41)
    compiled = uint32(43)
    watchdog_resets = integer(45, signed=False)


def info(values: Values) -> DeviceInfo:
    """Return who the board is. Raises ValueError unless its chip says so."""
    if (chip := values.get("chip")) != CHIP:
        raise ValueError(f"a diyBMS shunt's chip is 0x{CHIP:04X}, not {chip}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="Current Shunt",
        serial_number="",
        hardware="INA228",
        firmware=f"{values.get('firmware_version') or 0:08x}",
        capacity=values.get("capacity") or None,
    )


def reading(values: Values, _found: Values) -> PackReading:
    """Return what the board tells, with its own sign of the current: see `parts_config.CurrentRole`."""
    status = values.get("status")
    return PackReading(
        time=0.0,
        voltage=_finite(values.get("voltage")),
        current=_finite(values.get("current")),
        temperatures=() if (warmth := values.get("temperature")) is None else (float(warmth),),
        soc=values.get("soc"),
        capacity=values.get("capacity") or None,
        alarms=None if status is None else frozenset(key for bit, key in ALARMS.items() if bit in status),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a board that sees this pack."""
    voltage, current = reading.voltage or 0.0, reading.current or 0.0
    raised = (bit for bit, key in ALARMS.items() if key in (reading.alarms or ()))
    return {
        "voltage": voltage,
        "current": current,
        "power": voltage * current,
        "temperature": next(iter(reading.temperatures), None),
        "status": sum(raised, Status.NARROW_RANGE),
        "shunt_resistance": 0.00025,
        "shunt_current": 200,
        "shunt_voltage": 0.05,
        "capacity": info.capacity or reading.capacity,
        "full_voltage": 55.2,
        "tail_current": 10.0,
        "charge_efficiency": 99.5,
        "soc": reading.soc,
        "temperature_limit": 80,
        "voltage_high_limit": 58.4,
        "voltage_low_limit": 40.0,
        "current_high_limit": 200.0,
        "current_low_limit": -200.0,
        "power_limit": 12000.0,
        "chip": CHIP,
        "firmware_version": _version(info.firmware),
    }


def _version(firmware: str | None) -> int:
    """Return the register of a firmware, which the board writes in hexadecimal."""
    try:
        return int(firmware or "", 16) & 0xFFFFFFFF
    except ValueError:
        return 0


def _finite(value: float | None) -> float | None:
    """Return a number; a float register can hold what is none."""
    return None if value is None or not isfinite(value) else round(value, DIGITS)


DEVICE: Final = Device(
    key="diybms_shunt",
    name="diyBMS Current Shunt",
    manufacturer=MANUFACTURER,
    kind=Kind.METER,
    channels=Channels(voltages=1, temperatures=1, current=Current.SIGNED, trips=True),
    baudrate=19200,
    unit_ids=range(90, 99, 8),
    spacing=0.02,
    timeout=0.5,
    identity=(Settings,),
    passport=(Settings,),
    settings=(),
    live=MappingProxyType({Live: ("current_time", "temperatures_time")}),
    pages=MappingProxyType({"settings": (Settings,), "details": (Live,)}),
    areas=(range(46),),
    info=info,
    reading=reading,
    values=values,
)
