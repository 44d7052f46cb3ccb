"""Takes what one kind of device says on a CAN bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .can_device import CanDevice, Heard
from .can_fast_packet import FastPackets
from .can_frame import CanFrame
from .can_quirks import BrokenFrameError, Values

if TYPE_CHECKING:
    from .can_layout import FrameMap


class Ear:
    """Keeps the newest values of each node; `node` is the only one that is wanted, `None` all that are usual."""

    def __init__(self, device: CanDevice, frames: FrameMap, node: int | None = None) -> None:
        self.nodes: dict[int, Heard] = {}
        """What each node said, by its number."""
        self.broken = 0
        """Frames whose checksum was wrong."""
        self._device = device
        self._frames = frames
        self._wanted = node
        self._packets = FastPackets()
        # What an inverter says is no sign of life of the battery. A user's file may call its nodes anything.
        theirs = (key for key, layout in frames.messages.items() if not (device.frames and layout.asks))
        self._nominal = {key & device.mask: key for key in theirs}

    @property
    def keys(self) -> frozenset[int]:
        """The keys of its frames, as far as the device's mask goes."""
        return frozenset(self._nominal)

    def key_of(self, frame: CanFrame) -> int | None:
        """Return which message of the map a frame is, `None` if it is none of the device's."""
        key = self._nominal.get(frame.key & self._device.mask)
        if key is None or frame.error or frame.remote:
            return None
        # Which part of a node it is shows only in what it says.
        return key if self._device.part is not None or self._wants(self._device.node(frame.key, key)) else None

    def take(self, frame: CanFrame) -> Values | None:
        """Take a frame and return what it says, `None` if it is none of the device's.

        Nothing is said by a frame that is a part of a message, is broken, or has no meaning in the map.
        """
        device, key = self._device, self.key_of(frame)
        if key is None:
            return None
        if key in device.long:
            whole = self._packets.take(frame)
            if whole is None:
                return {}
            frame = whole
        try:
            values = self._frames.decode_as(key, frame.data) or {}
        except BrokenFrameError:
            self.broken += 1
            return {}
        node = device.node(frame.key, key)
        if device.part is not None:
            node = node << 8 | int(values.get(device.part) or 0)
            if not self._wants(node):
                return None
        if values:
            period = self._frames.messages[key].period
            self.nodes.setdefault(node, Heard(device.period)).put(values, frame.time, period)
        return values

    def _wants(self, node: int) -> bool:
        return node in self._device.nodes if self._wanted is None else node == self._wanted
