"""Peacefair's PZEM-003 and PZEM-017 direct-current meters: what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, gauge, integer, uint32

from ...core.model import PackReading
from ..channels import Channels, Current
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import SPACES, Kind, Values

MANUFACTURER: Final = "Peacefair"
RAISED: Final = 0xFFFF
"""What an alarm register holds while its alarm stands."""
SHUNTS: Final = MappingProxyType({0: 100, 1: 50, 2: 200, 3: 300})
"""A of the 75 mV shunt, by the setting of a PZEM-017."""
THRESHOLDS: Final = range(1, 351)
"""V that an alarm threshold can be."""
ALARMS: Final = MappingProxyType({"high_voltage_alarm": "pack_overvoltage", "low_voltage_alarm": "pack_undervoltage"})


class Live(Component):
    """What is measured; function 4, exactly these eight registers: nine are refused."""

    register_space = "input"
    register_ranges = ((0, 7),)

    voltage = gauge(0, 0.01, signed=False, unit="V")
    current = gauge(1, 0.01, signed=False, unit="A")
    """How much flows; which way is not told."""
    power = uint32(2, scale=0.1, word_order="little", unit="W")
    energy = uint32(4, word_order="little", unit="Wh")
    high_voltage_alarm = integer(6, signed=False)
    low_voltage_alarm = integer(7, signed=False)


class Settings(Component):
    """The thresholds of its two alarms, its unit id, and which shunt it was told of; function 3."""

    register_ranges = ((0, 3),)

    high_voltage_threshold = gauge(0, 0.01, signed=False, unit="V")
    low_voltage_threshold = gauge(1, 0.01, signed=False, unit="V")
    device_address = integer(2, signed=False)
    shunt = integer(3, signed=False)


def info(values: Values) -> DeviceInfo:
    """Return who the meter is. Raises ValueError where the settings are none of a PZEM."""
    if (shunt := values.get("shunt")) not in SHUNTS:
        raise ValueError(f"a PZEM knows the shunts 0 to {max(SHUNTS)}, not {shunt}")
    for name in ("high_voltage_threshold", "low_voltage_threshold"):
        if not THRESHOLDS[0] <= (values.get(name) or 0) <= THRESHOLDS[-1]:
            raise ValueError(f"a PZEM's thresholds are {THRESHOLDS[0]} to {THRESHOLDS[-1]} V, not {values.get(name)}")
    return DeviceInfo(manufacturer=MANUFACTURER, model="PZEM-003/017", serial_number="")


def reading(values: Values, _found: Values) -> PackReading:
    """Return voltage and the current's magnitude, which is no direction; nothing where power contradicts them."""
    voltage, current, power = (values.get(name) for name in ("voltage", "current", "power"))
    if voltage is not None and current is not None and power is not None:
        product = voltage * current
        # The meter's own accuracy (modbus/09_meters.md 1).
        if abs(power - product) > 1.0 + 0.01 * product:
            voltage = current = None
    known = [name for name in ALARMS if name in values]
    return PackReading(
        time=0.0,
        voltage=voltage,
        current=current,
        alarms=frozenset(ALARMS[name] for name in known if values[name]) if known else None,
    )


def values(reading: PackReading, _info: DeviceInfo) -> Values:
    """Return the registers' values of a meter that sees this pack."""
    voltage, current = round(reading.voltage or 0.0, 2), round(abs(reading.current or 0.0), 2)
    raised = {name: RAISED if key in (reading.alarms or ()) else 0 for name, key in ALARMS.items()}
    return {
        "voltage": voltage,
        "current": current,
        "power": voltage * current,
        "energy": 0,
        **raised,
        "high_voltage_threshold": 300.0,
        "low_voltage_threshold": 7.0,
        "device_address": 1,
        "shunt": 0,
    }


DEVICE: Final = Device(
    key="pzem017",
    name="PZEM-003/017",
    manufacturer=MANUFACTURER,
    kind=Kind.METER,
    channels=Channels(voltages=1, current=Current.MAGNITUDE),
    baudrate=9600,
    stopbits=2,
    unit_ids=range(1, 248),
    spacing=0.05,
    timeout=0.5,
    identity=(Settings,),
    passport=(Settings,),
    settings=(),
    live=MappingProxyType({Live: ("current_time",)}),
    pages=MappingProxyType({"settings": (Settings,), "details": (Live,)}),
    areas=(range(SPACES["input"], SPACES["input"] + 8), range(4)),
    info=info,
    reading=reading,
    values=values,
)
