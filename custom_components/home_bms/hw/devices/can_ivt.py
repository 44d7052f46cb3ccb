"""Isabellenhuette's IVT-S and IVT-MOD current sensors: what their frames mean (`can/08_sensors_contactors.md`).

Which byte comes first is a setting of the sensor, so there are two rows; the wrong one tells voltages that cannot be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ...core.model import PackReading
from ..can_device import CanDevice, Heard
from ..driver import DeviceInfo
from ..registers import Kind

VOLTS_MOST: Final = 1500.0
AMPERES_MOST: Final = 10000.0


def info(heard: Heard) -> DeviceInfo:
    """Return what is known of the sensor. Raises ValueError where its bytes stand the other way round."""
    for name, most in (("voltage_1", VOLTS_MOST), ("current", AMPERES_MOST)):
        value = heard.last(name)
        if value is not None and abs(value) > most:
            raise ValueError(f"{name} would be {value}: the sensor's bytes stand the other way round")
    return DeviceInfo(manufacturer="Isabellenhütte", model="IVT", serial_number="")


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the current, and the first voltage as that of the pack."""
    del info
    return PackReading(
        time=0.0,
        current=heard.last("current"),
        voltage=heard.last("voltage_1"),
        current_time=heard.since(["current", "voltage_1"]),
    )


DEVICE: Final = CanDevice(
    key="can_ivt",
    name="IVT-S current sensor",
    manufacturer="Isabellenhütte",
    frames="ivt_s",
    bitrates=(500000, 250000, 1000000),
    kind=Kind.METER,
    signs=(frozenset({0x521}),),
    needs=(frozenset({"current"}),),
    period=0.1,
    listen=1.0,
    # The arrow on the sensor may point either way.
    reversible=True,
    info=info,
    reading=reading,
)
DEVICE_LITTLE: Final = replace(
    DEVICE, key="can_ivt_little", name="IVT-S current sensor, low byte first", frames="ivt_s_little"
)
