"""Battery monitors on NMEA 2000 and VE.Can: what their messages mean to home_bms (`can/08_sensors_contactors.md`)."""

from __future__ import annotations

from typing import Final

from ...core.model import PackReading
from ..can_device import CanDevice, Heard
from ..can_frame import EXTENDED
from ..driver import DeviceInfo
from ..registers import Kind

STATUS: Final = EXTENDED | 0x19F21400
"""PGN 127508, battery status."""
DETAILS: Final = EXTENDED | 0x19F21200
"""PGN 127506, DC detailed status."""
BATTERY: Final = 0
"""Of the kinds of DC source."""


def info(heard: Heard) -> DeviceInfo:
    """Return what is known of the monitor. Raises ValueError where it monitors no battery."""
    if heard.last("dc_type") not in (None, BATTERY):
        raise ValueError(f"this is a DC source of kind {heard.last('dc_type')}, and no battery")
    return DeviceInfo(
        manufacturer="unknown",
        model=f"NMEA 2000 battery {heard.last('instance') or 0}",
        serial_number="",
        temperature_sensors=int(heard.known(["temperature"])),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    return PackReading(
        time=0.0,
        temperatures=(heard.last("temperature"),)[: info.temperature_sensors],
        temperatures_time=heard.since(["temperature"]) if info.temperature_sensors else None,
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current"]),
        soc=heard.get("soc"),
        soh=heard.get("soh"),
    )


DEVICE: Final = CanDevice(
    key="can_nmea2000",
    name="NMEA 2000 battery monitor",
    manufacturer="various",
    frames="nmea2000",
    bitrates=(250000,),
    kind=Kind.METER,
    signs=(frozenset({STATUS}),),
    needs=(frozenset({"voltage"}),),
    # The sender's address is a node, its instance a part; the priority tells nothing.
    node_mask=0xFF,
    ignored=0x1C000000,
    nodes=range(256 << 8),
    part="instance",
    period=1.5,
    listen=4.0,
    long=frozenset({DETAILS}),
    reversible=True,
    info=info,
    reading=reading,
)
