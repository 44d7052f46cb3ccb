"""Orion BMS 2 and Jr2 with the cell broadcast: what their frames mean to home_bms (`can/07_pack_side.md`).

The user programs what an Orion sends. This is what two of its presets make: cells one by one at 0x36, and the frames of
SMA's protocol. Other programmes need their DBC.
"""

from __future__ import annotations

from typing import Final

from ...core.model import PackReading
from ..asked_limits import heard_limits
from ..can_alarms import raised, told
from ..can_device import CanDevice, Heard, numbered
from ..driver import DeviceInfo
from .can_pylontech import ALARMS

CELLS: Final = 180


def info(heard: Heard) -> DeviceInfo:
    """Return what is known of the pack: how many cells were heard."""
    return DeviceInfo(
        manufacturer="Ewert Energy",
        model="Orion BMS",
        serial_number="",
        cells=max(numbered(heard, "cell", CELLS), default=0) or None,
        temperature_sensors=int(heard.known(["temperature"])),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    cells = [f"cell_{number}" for number in range(1, (info.cells or 0) + 1)]
    bleeding = [heard.get(f"cell_balancing_{number}") for number in range(1, (info.cells or 0) + 1)]
    exact = heard.get("soc_exact")
    return PackReading(
        time=0.0,
        cells=tuple(heard.last(name) for name in cells),
        cells_time=heard.since(cells),
        temperatures=(heard.last("temperature"),) if info.temperature_sensors else (),
        temperatures_time=heard.since(["temperature"]),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current", "voltage"]),
        soc=heard.get("soc") if exact is None else exact,
        soh=heard.get("soh"),
        balancing=None if not bleeding or None in bleeding else any(bleeding),
        alarms=frozenset(raised(heard, "alarm_", ALARMS) | raised(heard, "warning_", ALARMS, "_warning"))
        if told(heard, ["alarm_high_voltage"])
        else None,
        **heard_limits(heard),
    )


DEVICE: Final = CanDevice(
    key="can_orion",
    name="Orion BMS cell broadcast",
    manufacturer="Ewert Energy",
    frames="orion",
    bitrates=(500000, 250000, 125000, 1000000),
    cells=True,
    signs=(frozenset({0x36}), frozenset({0x36, 0x351, 0x355, 0x356})),
    needs=(frozenset({"cell_1"}),),
    info=info,
    reading=reading,
)
