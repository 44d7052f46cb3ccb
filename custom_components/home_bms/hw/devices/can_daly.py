"""Daly's boards on CAN, which answer when asked: what their frames mean to home_bms (`can/07_pack_side.md`)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import PackReading, Switches
from ..can_alarms import raised, told
from ..can_device import CanDevice, Heard, Poll, numbered
from ..can_frame import EXTENDED
from ..driver import DeviceInfo

CELLS: Final = 48
SENSORS: Final = 21
EXTREMES: Final = ("temperature_min", "temperature_max")
ON_OFF: Final = MappingProxyType({0: False, 1: True})
DIRECTIONS: Final = MappingProxyType({1: 1, 2: -1})
"""By the state that the board tells of itself: charging, discharging."""
LIVE: Final = (0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98)
SELDOM: Final = (0x50,)


def info(heard: Heard) -> DeviceInfo:
    """Return what the board is set up for. Raises ValueError where no Daly speaks like that."""
    cells, sensors = heard.last("cell_count"), heard.last("sensor_count") or 0
    if cells is not None and not 1 <= cells <= CELLS:
        raise ValueError(f"a Daly has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer="Daly",
        model="Daly CAN",
        serial_number="",
        cells=cells or None,
        capacity=heard.last("rated_capacity") or None,
        temperature_sensors=min(sensors, SENSORS) or (len(EXTREMES) if heard.known(EXTREMES) else 0),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words; cells beyond the board's number are left from an earlier frame."""
    cells = [f"cell_{number}" for number in range(1, (info.cells or 0) + 1)]
    sensors = tuple(f"probe_{number}" for number in range(1, info.temperature_sensors + 1))
    if not numbered(heard, "probe", SENSORS) and heard.known(EXTREMES):
        sensors = EXTREMES
    balanced = [heard.get(name) for name in ("balanced_low", "balanced_high")]
    return PackReading(
        time=0.0,
        cells=tuple(heard.last(name) for name in cells),
        cells_time=heard.since(cells),
        temperatures=tuple(heard.last(name) for name in sensors),
        temperatures_time=heard.since(sensors),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current"]),
        soc=heard.get("soc"),
        capacity=info.capacity,
        cycles=heard.get("cycles"),
        switches=Switches(charge=_switch(heard, "charge_on"), discharge=_switch(heard, "discharge_on")),
        balancing=None if None in balanced else any(balanced),
        alarms=frozenset(raised(heard, "alarm_")) if told(heard, ["alarm_cell_overvoltage"]) else None,
    )


def _direction(heard: Heard) -> int | None:
    """Return which way the board says that its current flows."""
    return DIRECTIONS.get(heard.get("state"))


def _switch(heard: Heard, name: str) -> bool | None:
    value = heard.get(name)
    return None if value is None else ON_OFF.get(value)


def _poll(what: int, every: float) -> Poll:
    """Return the request for a data id: receiver and sender change places in the answer."""
    return Poll(key=EXTENDED | 0x18000040 | what << 16, shift=8, every=every)


DEVICE: Final = CanDevice(
    key="can_daly",
    name="Daly CAN",
    manufacturer="Daly",
    frames="daly",
    bitrates=(250000, 500000),
    cells=True,
    signs=(frozenset({EXTENDED | 0x18904001}), frozenset({EXTENDED | 0x18954001})),
    needs=(frozenset({"voltage", "current", "cell_count", "cell_1"}),),
    node_mask=0xFF,
    first_node=1,
    nodes=range(1, 17),
    polls=(*(_poll(what, 1.0) for what in LIVE), *(_poll(what, 60.0) for what in SELDOM)),
    reversible=True,
    direction=_direction,
    info=info,
    reading=reading,
)
