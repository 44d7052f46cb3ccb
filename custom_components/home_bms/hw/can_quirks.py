"""What the frame maps cannot say in DBC: checksums, numbered cells, states that make a value void."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

type Told = float | int | str | None
"""A value of a signal; `None` where the sender says that it has none."""
type Values = dict[str, Told]
type Quirk = Callable[[bytes, Values], Values]
"""Gets a frame's data and what its layout made of them; returns what counts. Raises BrokenFrameError."""

SOC_APART: Final = 1.0
"""Percent by which an exact state of charge may differ from the whole one, which is rounded or cut."""


class BrokenFrameError(ValueError):
    """The frame is not what it should be, and says nothing."""


def orion_cell(data: bytes, values: Values) -> Values:
    """Return the one cell that a frame of Orion's broadcast tells (`can/07_pack_side.md`)."""
    if len(data) != 8 or (0x36 + 8 + sum(data[:7])) & 0xFF != data[7]:
        raise BrokenFrameError(f"the checksum of {data.hex()} is wrong")
    number = data[0] + 1
    return {
        f"cell_{number}": values["cell_voltage"] or None,
        f"cell_balancing_{number}": values["cell_balancing"],
        f"cell_resistance_{number}": values["cell_resistance"],
        f"open_voltage_{number}": values["open_voltage"],
    }


def exact_charge(data: bytes, values: Values) -> Values:
    """Drop an exact state of charge that is no such thing (`can/01_pylontech_lv.md`: 0, mAh, a cell's voltage)."""
    del data
    exact, whole = values.get("soc_exact"), values.get("soc")
    agree = isinstance(exact, float | int) and isinstance(whole, float | int) and abs(exact - whole) <= SOC_APART
    return values if agree else {name: value for name, value in values.items() if name != "soc_exact"}


def magnitudes(data: bytes, values: Values) -> Values:
    """Take the limits of both directions as positive; makers differ."""
    del data
    limits = {name: abs(value) for name in ("ccl", "dcl") if isinstance(value := values.get(name), float | int)}
    return values | limits


def present_probes(data: bytes, values: Values) -> Values:
    """Drop the sensors that a JK's mask says are not there (`can/07_pack_side.md`)."""
    del data
    mask = int(values.get("sensor_mask") or 0)
    absent = {f"probe_{number}": None for number in range(1, 6) if not mask >> (number - 1) & 1}
    return values | {name: None for name in absent if name in values}


def tiny_answer(data: bytes, values: Values) -> Values:
    """Drop a refusal, which has a reason where an answer has a value (`can/07_pack_side.md`)."""
    del data
    return values if values.get("status") == 1 else {}


def ivt_result(name: str, data: bytes, values: Values) -> Values:
    """Drop a result of which the sensor says that something is wrong (`can/08_sensors_contactors.md`)."""
    del data
    return values if values.get(f"{name}_state") == 0 else values | {name: None}


IVT_RESULTS: Final = MappingProxyType(
    {
        0x521: "current",
        0x522: "voltage_1",
        0x523: "voltage_2",
        0x524: "voltage_3",
        0x525: "temperature",
        0x526: "power",
        0x527: "charge",
        0x528: "energy",
    }
)

QUIRKS: Final[Mapping[tuple[str, int], Quirk]] = MappingProxyType(
    {
        ("jk", 0x98F228F4): present_probes,
        ("orion", 0x36): orion_cell,
        ("orion", 0x351): magnitudes,
        ("orion", 0x355): exact_charge,
        ("pylontech", 0x351): magnitudes,
        ("pylontech", 0x355): exact_charge,
        ("pylontech_hv", 0x80004220): magnitudes,
        ("tinybms", 0x241): tiny_answer,
        **{
            (file, key): partial(ivt_result, name)
            for file in ("ivt_s", "ivt_s_little")
            for key, name in IVT_RESULTS.items()
        },
    }
)
"""By the map's name and the message's key."""
