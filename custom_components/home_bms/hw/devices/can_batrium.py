"""Batrium's WatchMon on CAN, in its own format: what its frames mean to home_bms (`can/07_pack_side.md`).

It sums up: the single cells are told over the network, not here.
"""

from __future__ import annotations

from typing import Final

from ...core.model import PackReading
from ..asked_limits import Flag, heard_limits
from ..can_device import CanDevice, Heard
from ..driver import DeviceInfo

BASE: Final = 0x500
EXTREMES: Final = ("temperature_min", "temperature_max")
REQUESTS: Final = (Flag("charge_allowed", "charging_allowed", 0), Flag("discharge_allowed", "discharging_allowed", 0))


def info(heard: Heard) -> DeviceInfo:
    """Return who the WatchMon says it is."""
    serial_number, hardware, firmware = (heard.last(name) for name in ("serial_number", "hardware", "firmware"))
    return DeviceInfo(
        manufacturer="Batrium",
        model="WatchMon",
        serial_number=str(serial_number or ""),
        hardware=None if hardware is None else str(hardware),
        firmware=None if firmware is None else str(firmware),
        capacity=heard.last("capacity") or None,
        temperature_sensors=len(EXTREMES) if heard.known(EXTREMES) else 0,
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    bypass, critical = heard.get("bypass_count"), heard.get("critical")
    return PackReading(
        time=0.0,
        temperatures=tuple(heard.last(name) for name in EXTREMES)[: info.temperature_sensors],
        temperatures_time=heard.since(EXTREMES),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current"]),
        soc=heard.get("soc"),
        soh=heard.get("soh"),
        capacity=info.capacity,
        balancing=None if bypass is None else bypass > 0,
        alarms=None if critical is None else frozenset({"device_fault"} if critical else ()),
        **heard_limits(heard, *REQUESTS),
    )


DEVICE: Final = CanDevice(
    key="can_batrium",
    name="Batrium WatchMon CAN",
    manufacturer="Batrium",
    frames="batrium",
    bitrates=(500000, 250000),
    signs=(frozenset({0x501, 0x504, 0x505}),),
    needs=(frozenset({"voltage", "current", "soc"}),),
    node_mask=0x7F0,
    first_node=BASE,
    nodes=range(BASE, BASE + 1),
    reversible=True,
    info=info,
    reading=reading,
)
