"""The devices on CAN that home_bms knows: one module and one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from .can_device import CanDevice
from .can_ear import Ear
from .can_frame import CanFrame
from .can_maps import frame_map
from .devices import (
    can_batrium,
    can_daly,
    can_ivt,
    can_jk,
    can_nmea2000,
    can_orion,
    can_pylontech,
    can_pylontech_hv,
    can_tinybms,
)

_ALL: Final[tuple[CanDevice, ...]] = (
    can_pylontech.DEVICE,
    can_pylontech_hv.DEVICE,
    can_jk.DEVICE,
    can_daly.DEVICE,
    can_orion.DEVICE,
    can_tinybms.DEVICE,
    can_batrium.DEVICE,
    can_nmea2000.DEVICE,
    can_ivt.DEVICE,
    can_ivt.DEVICE_LITTLE,
)
CAN_DEVICES: Final[Mapping[str, CanDevice]] = MappingProxyType({device.key: device for device in _ALL})


def recognised(keys: Collection[int]) -> list[CanDevice]:
    """Return the devices that the keys heard on a bus fit, those with the most of them first."""
    found: list[tuple[int, CanDevice]] = []
    for device in CAN_DEVICES.values():
        fitting = [len(sign) for sign in device.signs if all(_heard(device, key, keys) for key in sign)]
        if fitting:
            found.append((max(fitting), device))
    return [device for _, device in sorted(found, key=lambda one: -one[0])]


def _heard(device: CanDevice, sign: int, keys: Collection[int]) -> bool:
    """Whether a message was heard from a node that such a device can be."""
    mask, part = device.mask, 8 if device.part is not None else 0
    return any(key & mask == sign & mask and device.node(key, sign) << part in device.nodes for key in keys)


def guess(frames: Iterable[CanFrame]) -> list[CanDevice]:
    """Return the devices that frames fit by their keys and by what they say, the likeliest first; blocks."""
    kept = list(frames)
    return [device for device in recognised({frame.key for frame in kept}) if believable(device, kept)]


def believable(device: CanDevice, frames: Iterable[CanFrame]) -> bool:
    """Whether frames say what such a device can say; blocks."""
    ear = Ear(device, frame_map(device.frames))
    for frame in frames:
        ear.take(frame)
    try:
        for heard in ear.nodes.values():
            device.info(heard)
    except ValueError:
        return False
    return bool(ear.nodes)
