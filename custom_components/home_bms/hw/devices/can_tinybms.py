"""Enepaq's TinyBMS with its CAN module, which answers when asked: what its frames mean (`can/07_pack_side.md`)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import PackReading
from ..can_device import CanDevice, Heard, Poll, numbered
from ..driver import DeviceInfo

CELLS: Final = 16
PROBES: Final = ("probe_1", "probe_2")
"""Both are outside; the first of all, `probe_0`, is the board's own."""
FAULT: Final = 0x9B
DIRECTIONS: Final = MappingProxyType({0x91: 1, 0x93: -1})
"""By the state that the board tells: charging, discharging."""
QUESTIONS: Final = (0x14, 0x15, 0x18, 0x1A, 0x1B, 0x1C)


def info(heard: Heard) -> DeviceInfo:
    """Return what is known of the board: how many cells and sensors it tells."""
    return DeviceInfo(
        manufacturer="Enepaq",
        model="TinyBMS CAN",
        serial_number="",
        cells=max(numbered(heard, "cell", CELLS), default=0) or None,
        temperature_sensors=len(_sensors(heard)),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    cells = [f"cell_{number}" for number in range(1, (info.cells or 0) + 1)]
    sensors, state = _sensors(heard), heard.get("state")
    return PackReading(
        time=0.0,
        cells=tuple(heard.last(name) for name in cells),
        cells_time=heard.since(cells),
        temperatures=tuple(heard.last(name) for name in sensors),
        temperatures_time=heard.since(sensors),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current", "voltage"]),
        switch_temperature=heard.get("probe_0"),
        soc=heard.get("soc"),
        alarms=None if state is None else frozenset({"device_fault"} if state == FAULT else ()),
    )


def _sensors(heard: Heard) -> tuple[str, ...]:
    return tuple(name for name in PROBES if heard.known([name]))


def _direction(heard: Heard) -> int | None:
    """Return which way the board says that its current flows."""
    return DIRECTIONS.get(heard.get("state"))


DEVICE: Final = CanDevice(
    key="can_tinybms",
    name="TinyBMS CAN",
    manufacturer="Enepaq",
    frames="tinybms",
    bitrates=(500000,),
    cells=True,
    signs=(frozenset({0x241}),),
    needs=(frozenset({"voltage", "current", "cell_1"}),),
    node_mask=0x3F,
    first_node=1,
    nodes=range(1, 64),
    polls=tuple(Poll(key=0x200, data=bytes((question,)) + bytes(7)) for question in QUESTIONS),
    reversible=True,
    direction=_direction,
    info=info,
    reading=reading,
)
