"""When which frame of a protocol is to be sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import floor
from typing import Final

from .can_protocol import FrameRow, Options

PATIENCE: Final = 1.5
"""Periods after which a frame that was asked for and sent is sent unasked, because nobody asks any more."""


class Schedule[O: Options]:
    """The frames of one protocol: each on its own period, from a tick that does not move, and between them answers.

    The frames of one period follow each other by `spacing` s, so that none comes in a burst. The time comes in.
    """

    def __init__(self, rows: Sequence[FrameRow[O]], spacing: float, start: float) -> None:
        self._rows = rows
        self._next = {
            index: start + row.phase + index * spacing for index, row in enumerate(rows) if row.period is not None
        }
        self._answers: deque[int] = deque()

    def ask(self, question: str) -> None:
        """Note the frames that answer a question; one that waits already is not sent twice."""
        self._answers.extend(
            index for index, row in enumerate(self._rows) if row.asked == question and index not in self._answers
        )

    def hurry(self, now: float) -> None:
        """Have every frame sent at once; their ticks begin anew."""
        for index in self._next:
            self._next[index] = min(self._next[index], now)

    def take(self, now: float) -> FrameRow[O] | None:
        """Return the frame that is to be sent now, `None` if there is none; ticks that were missed are left out."""
        if self._answers:
            index = self._answers.popleft()
            row = self._rows[index]
            if row.period is not None:
                self._next[index] = now + PATIENCE * row.period
            return row
        if not self._next:
            return None
        index, due = min(self._next.items(), key=lambda item: item[1])
        if due > now:
            return None
        row = self._rows[index]
        period = row.period or 0.0
        self._next[index] = due + period * (1 + floor((now - due) / period))
        return row

    def wait(self, now: float) -> float | None:
        """Return the s until the next frame is due, `None` while none ever is unless asked for."""
        if self._answers:
            return 0.0
        return max(0.0, min(self._next.values()) - now) if self._next else None
