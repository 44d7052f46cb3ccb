"""What passes on a CAN bus, counted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import floor
from typing import Any, Final

from .can_frame import CanFrame, spelled

WINDOW: Final = 10
"""Whole seconds over which load and rate are told: with a part of one they would go up and down by themselves."""
IDS_MOST: Final = 2048
"""Identifiers that are counted one by one: a bus of noise must not fill the memory."""
LEARNING: Final = 0.2
"""Weight of the last period in the learned one."""


def bits(frame: CanFrame) -> float:
    """Return how many bits a frame takes on the wire, with the pause behind it.

    Halfway between no stuff bit and the most that there can be (`can/09_dbc_busload_python_haos.md` 9.2).
    """
    size = 0 if frame.remote else len(frame.data)
    head, stuffed = (67, 54) if frame.extended else (47, 34)
    return head + 8 * size + (stuffed + 8 * size - 1) // 4 / 2


@dataclass(slots=True)
class IdCount:
    """One identifier."""

    count: int
    last: float
    """When it was last heard, on the link's clock."""
    period: float | None = None
    """s from one to the next, learned."""


@dataclass(slots=True)
class _Second:
    """What passed within one second."""

    start: int
    frames: int = 0
    bits: float = 0.0


class CanStatistics:
    """Counts frames and their bits; the time comes in with them."""

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0
        self.error_frames = 0
        self.remote_frames = 0
        self.last_heard: float | None = None
        """When a node was last heard; error frames come from the controller."""
        self.ids: dict[int, IdCount] = {}
        self._seconds: deque[_Second] = deque()

    def heard(self, frame: CanFrame) -> None:
        """Count a frame of another node."""
        if frame.error:
            self.error_frames += 1
            return
        self.received += 1
        self.remote_frames += frame.remote
        self.last_heard = frame.time
        self._took(frame)
        known = self.ids.get(frame.key)
        if known is None:
            if len(self.ids) < IDS_MOST:
                self.ids[frame.key] = IdCount(1, frame.time)
            return
        step = frame.time - known.last
        known.period = step if known.period is None else known.period + LEARNING * (step - known.period)
        known.count += 1
        known.last = frame.time

    def told(self, frame: CanFrame) -> None:
        """Count a frame that was sent from here."""
        self.sent += 1
        self._took(frame)

    def load(self, bitrate: int, now: float) -> float:
        """Return how much of the bus's time was taken lately, in percent."""
        return min(100.0, 100.0 * sum(second.bits for second in self._lately(now)) / (bitrate * WINDOW))

    def rate(self, now: float) -> float:
        """Return how many frames a second passed lately."""
        return sum(second.frames for second in self._lately(now)) / WINDOW

    def shown(self, bitrate: int, now: float) -> dict[str, Any]:
        """Return the counts as plain JSON values; ages and periods in s."""
        return {
            "received": self.received,
            "sent": self.sent,
            "error_frames": self.error_frames,
            "remote_frames": self.remote_frames,
            "load": round(self.load(bitrate, now), 2),
            "frames_per_second": round(self.rate(now), 1),
            "silent_for": None if self.last_heard is None else round(now - self.last_heard, 1),
            "ids": {
                spelled(key): {
                    "count": one.count,
                    "age": round(now - one.last, 1),
                    "period": None if one.period is None else round(one.period, 3),
                }
                for key, one in sorted(self.ids.items())
            },
        }

    def _took(self, frame: CanFrame) -> None:
        start = floor(frame.time)
        if not self._seconds or self._seconds[-1].start != start:
            self._seconds.append(_Second(start))
            while self._seconds[0].start < start - WINDOW:
                self._seconds.popleft()
        self._seconds[-1].frames += 1
        self._seconds[-1].bits += bits(frame)

    def _lately(self, now: float) -> list[_Second]:
        """Return the seconds that count."""
        end = floor(now)
        return [second for second in self._seconds if end - WINDOW <= second.start < end]
