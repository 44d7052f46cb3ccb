"""The pack devices that home_bms knows: one module and one line each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..modbus import Device
from . import jk_pb

__all__ = ["DEVICES", "Device"]

DEVICES: Final[Mapping[str, Device]] = MappingProxyType({device.key: device for device in (jk_pb.DEVICE,)})
