"""Pylontech's high-voltage packs and those that speak like them: what their frames mean to home_bms.

They answer only when asked (`can/05_pylontech_hv.md`): an inverter does that, or home_bms where the user allows it.
"""

from __future__ import annotations

from typing import Final

from ...core.model import PackReading
from ..asked_limits import Flag, heard_limits
from ..can_alarms import raised, told
from ..can_device import CanDevice, Heard, Poll, text
from ..can_frame import EXTENDED
from ..driver import DeviceInfo

EXTREMES: Final = ("temperature_min", "temperature_max")
FORBIDDEN: Final = 0xAA
REQUESTS: Final = (
    Flag("charge_allowed", "charge_forbidden", FORBIDDEN),
    Flag("discharge_allowed", "discharge_forbidden", FORBIDDEN),
)
CELLS_MOST: Final = 600
"""Cells in series of the largest stack that the register can plausibly name."""


def info(heard: Heard) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no such pack speaks like that."""
    cells = heard.last("cell_count")
    if cells is not None and not 1 <= cells <= CELLS_MOST:
        raise ValueError(f"a high-voltage pack has 1 to {CELLS_MOST} cells, not {cells}")
    name = text(heard, "name_1", "name_2") or text(heard, "long_name_1", "long_name_2")
    version = [heard.last(part) for part in ("firmware_major", "firmware_minor")]
    return DeviceInfo(
        manufacturer="Pylontech" if name.startswith("PYLON") else name or "unknown",
        model=name or "high-voltage pack",
        serial_number="",
        firmware=None if None in version else f"{version[0]}.{version[1]}",
        cells=cells,
        capacity=heard.last("capacity") or None,
        temperature_sensors=len(EXTREMES) if heard.known(EXTREMES) else 1 if heard.known(["temperature"]) else 0,
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words; of the cells only the highest and lowest are told."""
    sensors = EXTREMES if info.temperature_sensors == len(EXTREMES) else ("temperature",)
    return PackReading(
        time=0.0,
        temperatures=tuple(heard.last(name) for name in sensors)[: info.temperature_sensors],
        temperatures_time=heard.since(sensors),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current", "voltage"]),
        soc=heard.get("soc"),
        soh=heard.get("soh"),
        capacity=info.capacity,
        cycles=heard.get("cycles"),
        alarms=_alarms(heard),
        **heard_limits(heard, *REQUESTS),
    )


def _alarms(heard: Heard) -> frozenset[str] | None:
    if not told(heard, ["protect_cell_overvoltage"]):
        return None
    warnings, faults = raised(heard, "alarm_", suffix="_warning"), raised(heard, "error_", suffix="_fault")
    return frozenset(raised(heard, "protect_") | warnings | faults)


DEVICE: Final = CanDevice(
    key="can_pylontech_hv",
    name="Pylontech high-voltage protocol",
    manufacturer="Pylontech",
    frames="pylontech_hv",
    bitrates=(500000, 250000),
    signs=(frozenset({EXTENDED | 0x4210, EXTENDED | 0x4220}),),
    needs=(frozenset({"voltage", "current", "soc"}),),
    node_mask=0xF,
    nodes=range(16),
    polls=(
        Poll(key=EXTENDED | 0x4200, shift=None),
        Poll(key=EXTENDED | 0x4200, shift=None, data=b"\x02" + bytes(7), every=10.0),
    ),
    info=info,
    reading=reading,
)
