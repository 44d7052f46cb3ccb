"""What passes on a CAN bus, counted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from .can_frame import CanFrame, spelled

WINDOW: Final = 10.0
"""s over which the load is told."""
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
        self._bits: deque[tuple[float, float]] = deque()

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
        self._forget(now)
        return min(100.0, 100.0 * sum(count for _, count in self._bits) / (bitrate * WINDOW))

    def shown(self, bitrate: int, now: float) -> dict[str, Any]:
        """Return the counts as plain JSON values; ages and periods in s."""
        return {
            "received": self.received,
            "sent": self.sent,
            "error_frames": self.error_frames,
            "remote_frames": self.remote_frames,
            "load": round(self.load(bitrate, now), 2),
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
        second = float(int(frame.time))
        if self._bits and self._bits[-1][0] == second:
            self._bits[-1] = (second, self._bits[-1][1] + bits(frame))
        else:
            self._bits.append((second, bits(frame)))
            self._forget(frame.time)

    def _forget(self, now: float) -> None:
        while self._bits and self._bits[0][0] < now - WINDOW:
            self._bits.popleft()
