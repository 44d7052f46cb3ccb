"""Waveshare's Modbus RTU Analog Input 8CH: what its registers mean to home_bms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, integer

from ...core.model import PackReading
from ..channels import Channels
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import SPACES, Kind, Values

MANUFACTURER: Final = "Waveshare"
CHANNELS: Final = 8
INPUTS: Final = tuple(f"input_{number}" for number in range(1, CHANNELS + 1))
RANGES: Final = tuple(f"range_{number}" for number in range(1, CHANNELS + 1))
FROM_ZERO, FROM_A_FIFTH = 0, 1
"""The two settings of a channel that measure a voltage; 2 and 3 measure a current, 4 tells raw counts."""
RAW: Final = 4


def word(register: int) -> NumberField[int]:
    """Return a field of one unsigned word."""
    return integer(register, signed=False)


class Live(Component):
    """What each channel sees, in mV, µA or counts as its range says; function 4."""

    register_space = "input"
    register_ranges = ((0, 7),)

    input_1 = word(0)
    input_2 = word(1)
    input_3 = word(2)
    input_4 = word(3)
    input_5 = word(4)
    input_6 = word(5)
    input_7 = word(6)
    input_8 = word(7)


class Ranges(Component):
    """What each channel is set to; function 3."""

    register_ranges = ((0x1000, 0x1007),)

    range_1 = word(0x1000)
    range_2 = word(0x1001)
    range_3 = word(0x1002)
    range_4 = word(0x1003)
    range_5 = word(0x1004)
    range_6 = word(0x1005)
    range_7 = word(0x1006)
    range_8 = word(0x1007)


def voltages(full: float, values: Values) -> tuple[float | None, ...]:
    """Return the channels in V; `None` for one that measures no voltage, has reached its end, or has lost its wire.

    `full` is the end of the range in V. A channel from a fifth of it upwards tells by that a broken wire from 0 V.
    """
    found: list[float | None] = []
    for name, kind in zip(INPUTS, RANGES, strict=True):
        told, setting = values.get(name), values.get(kind)
        lowest = {FROM_ZERO: 0.0, FROM_A_FIFTH: full / 5}.get(-1 if setting is None else setting)
        if told is None or lowest is None or not lowest <= told / 1000 < full:
            found.append(None)
        else:
            found.append(told / 1000)
    return tuple(found)


def info(values: Values) -> DeviceInfo:
    """Return who the board is. Raises ValueError where a range is none that it has."""
    if unknown := [kind for name in RANGES if (kind := values.get(name)) is None or kind > RAW]:
        raise ValueError(f"a channel's range is 0 to {RAW}, not {unknown[0]}")
    return DeviceInfo(manufacturer=MANUFACTURER, model="Modbus RTU Analog Input 8CH", serial_number="")


def reading(_values: Values, _found: Values) -> PackReading:
    """Return a reading without values: what the inputs are wired to, only the user knows."""
    return PackReading(time=0.0)


def values(reading: PackReading, _info: DeviceInfo) -> Values:
    """Return the registers' values of a board whose first input has the voltage behind the contactor on it, in mV."""
    return {INPUTS[0]: 1000 * (reading.link_voltage or 0.0)}


DEVICE: Final = Device(
    key="waveshare_analog_in",
    name="Waveshare Analog Input 8CH (0-5 V)",
    manufacturer=MANUFACTURER,
    kind=Kind.INPUTS,
    channels=Channels(cells=CHANNELS, voltages=CHANNELS, isolated=False),
    baudrate=9600,
    unit_ids=range(256),
    spacing=0.02,
    timeout=0.5,
    identity=(Ranges,),
    passport=(),
    settings=(Ranges,),
    live=MappingProxyType({Live: ("voltages_time",)}),
    pages=MappingProxyType({"inputs": (Live,), "settings": (Ranges,)}),
    areas=(range(SPACES["input"], SPACES["input"] + CHANNELS), range(0x1000, 0x1000 + CHANNELS)),
    info=info,
    reading=reading,
    values=values,
    voltages=partial(voltages, 5.0),
)
DEVICE_B: Final = replace(
    DEVICE,
    key="waveshare_analog_in_b",
    name="Waveshare Analog Input 8CH (B) (0-10 V)",
    voltages=partial(voltages, 10.0),
)
