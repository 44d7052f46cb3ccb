"""What a CAN controller tells of itself, in error frames and through the kernel."""

from __future__ import annotations

from typing import Final

from .can_frame import CanFrame
from .can_netlink import LinkDetails

BUS_OFF: Final = 0x40
"""Classes of error frames (linux/can/error.h): the controller has left the bus ..."""
RESTARTED: Final = 0x100
"""... or is back on it ..."""
CONTROLLER: Final = 0x04
"""... or tells of itself, in byte 1 ..."""
PASSIVE: Final = 0x30
"""... that it has seen too many errors (receiving, sending) ..."""
RECOVERED: Final = 0x4C
"""... or fewer again (warning when receiving or sending, or none) ..."""
COUNTED: Final = 0x200
"""... or it adds its error counters, sending in byte 6, receiving in byte 7."""
NOT_PASSIVE: Final = frozenset({"active", "warning"})
"""States of the kernel's in which it takes part without reserve."""


class CanController:
    """How the controller of one open bus is; times are those of its frames."""

    def __init__(self) -> None:
        self.bus_offs = 0
        """How often it left the bus."""
        self.bus_off_since: float | None = None
        self.passive = False
        self.transmit_errors: int | None = None
        """Its counters: from 128 on it is passive, and beyond 255 of these it leaves the bus. `None`: not told."""
        self.receive_errors: int | None = None

    def opened(self) -> None:
        """Forget what was of the bus before it was opened anew, but how often it was left."""
        self.bus_off_since, self.passive = None, False
        self.transmit_errors = self.receive_errors = None

    def heard(self) -> None:
        """Note that a node was heard, which no controller off the bus can."""
        self.bus_off_since = None

    def told(self, frame: CanFrame) -> bool:
        """Take an error frame; tell whether it says that the bus was left."""
        left = bool(frame.id & BUS_OFF)
        if left:
            self.bus_offs += 1
            self.bus_off_since = frame.time
        elif frame.id & RESTARTED:
            self.bus_off_since = None
        if frame.id & CONTROLLER and len(frame.data) > 1:
            if frame.data[1] & PASSIVE:
                self.passive = True
            elif frame.data[1] & RECOVERED:
                self.passive = False
        if frame.id & COUNTED and len(frame.data) > 7:
            self.transmit_errors, self.receive_errors = frame.data[6], frame.data[7]
        return left

    def looked_at(self, details: LinkDetails) -> None:
        """Take what the kernel tells: a controller that was passive before it was opened sends no word of that."""
        if details.state == "passive":
            self.passive = True
        elif details.state in NOT_PASSIVE:
            self.passive = False
        if details.errors is not None:
            self.transmit_errors, self.receive_errors = details.errors
