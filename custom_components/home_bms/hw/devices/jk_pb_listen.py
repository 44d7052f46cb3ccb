"""A JK PB on the bus of a master pack, which is listened to (`modbus/01_jk_pb.md`, RS485-2)."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from ...core.model import HardwareRing
from ..driver import DeviceInfo
from ..listener import ListenedDevice
from ..modbus import Device
from ..registers import NO_ORDERS, Values
from . import jk_pb
from .jk_bus import BROADCAST
from .jk_registers import CELLS

MODEL: Final = "PB, listened to"


def info(values: Values) -> DeviceInfo:
    """Return what the pack seems to be. Raises ValueError where no JK speaks like that.

    A polled pack may never tell its settings; then its wired cells are counted.
    """
    cells = values.get("cell_count") or values.get("cell_mask", 0).bit_length()
    if not cells or cells > CELLS:
        raise ValueError(f"a JK PB has 1 to {CELLS} cells, not {cells}")
    overvoltage = values.get("cell_overvoltage") or 0.0
    return DeviceInfo(
        manufacturer=jk_pb.MANUFACTURER,
        model=MODEL,
        serial_number="",
        hardware=values.get("hardware") or None,
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("design_capacity") or values.get("full_capacity") or None,
        temperature_sensors=len(jk_pb.probes(values, {})),
        hardware_ring=HardwareRing(**{name: values.get(name) for name in HardwareRing.__slots__}),
        chemistry=jk_pb.chemistry(overvoltage),
    )


_SAME: Final[dict[str, Any]] = {each.name: getattr(jk_pb.DEVICE, each.name) for each in fields(Device)}

DEVICE: Final = ListenedDevice(
    **_SAME
    | {
        "key": "jk_pb_listen",
        "name": "JK PB (listening on the bus of a master pack)",
        "extras": MappingProxyType({}),
        "commands": None,
        "orders": NO_ORDERS,
        "broadcast": BROADCAST,
        "info": info,
    }
)
