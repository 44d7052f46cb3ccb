"""JK's own CAN broadcast, in its first and second version: what its frames mean to home_bms.

Only the second one (29 bits) tells the cells (`can/07_pack_side.md`). The maker's text has discharging positive,
another project takes the same number the other way round, and no capture settles it: the user must say.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import PackReading, Switches
from ..can_device import CanDevice, Heard, numbered
from ..can_frame import EXTENDED
from ..driver import DeviceInfo

CELLS: Final = 28
PROBES: Final = (1, 2, 4, 5)
"""The cells' sensors; the third is the MOSFETs'."""
EXTREMES: Final = ("temperature_min", "temperature_max")
ON_OFF: Final = MappingProxyType({0: False, 1: True})
SERIOUS: Final = 1
"""Of the levels, which fall from 1 to 3; 0 is none."""


def info(heard: Heard) -> DeviceInfo:
    """Return what is known of the pack; it tells neither name nor serial number."""
    cells = max(numbered(heard, "cell", CELLS), default=0)
    return DeviceInfo(
        manufacturer="Jikong",
        model="JK CAN 2" if heard.known(["sensor_mask"]) or cells else "JK CAN 1",
        serial_number="",
        cells=cells or None,
        capacity=heard.last("full_capacity") or None,
        temperature_sensors=len(_sensors(heard)),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    sensors = _sensors(heard)
    cells = [f"cell_{number}" for number in range(1, (info.cells or 0) + 1)]
    flow = heard.last("discharge_current")
    return PackReading(
        time=0.0,
        cells=tuple(heard.last(name) for name in cells),
        cells_time=heard.since(cells),
        temperatures=tuple(heard.last(name) for name in sensors),
        temperatures_time=heard.since(sensors),
        current=None if flow is None else -flow,
        voltage=heard.last("voltage"),
        current_time=heard.since(["discharge_current"]),
        switch_temperature=heard.get("probe_3"),
        soc=heard.get("soc"),
        capacity=heard.get("full_capacity"),
        cycles=heard.get("cycles"),
        switches=Switches(charge=_switch(heard, "charge_on"), discharge=_switch(heard, "discharge_on")),
        balancing=_switch(heard, "balancing"),
        alarms=_alarms(heard),
    )


def _sensors(heard: Heard) -> tuple[str, ...]:
    """Return the signals of the cells' sensors; the first version tells the coldest and the hottest alone."""
    probes = tuple(f"probe_{number}" for number in PROBES if heard.known([f"probe_{number}"]))
    return probes or (EXTREMES if heard.known(EXTREMES) else ())


def _switch(heard: Heard, name: str) -> bool | None:
    value = heard.get(name)
    return None if value is None else ON_OFF.get(value)


def _alarms(heard: Heard) -> frozenset[str]:
    """Return what stands; the frame comes only while something does, so its silence is good news."""
    standing = set()
    for signal in heard.names():
        level = heard.get(signal) if signal.startswith("level_") else None
        if level:
            standing.add(signal.removeprefix("level_") + ("" if level == SERIOUS else "_warning"))
    return frozenset(standing)


DEVICE: Final = CanDevice(
    key="can_jk",
    name="JK CAN",
    manufacturer="Jikong",
    frames="jk",
    bitrates=(250000, 500000),
    cells=True,
    signs=(frozenset({0x2F4}), frozenset({EXTENDED | 0x18E028F4})),
    needs=(frozenset({"voltage", "discharge_current"}),),
    node_mask=0xFF,
    nodes=range(12),
    reversible=True,
    info=info,
    reading=reading,
)
