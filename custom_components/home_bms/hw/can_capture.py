"""What passed on a CAN bus in a while, as `candump -L` writes it."""

from __future__ import annotations

import re
from typing import Final

from .can_frame import CanFrame, candump_line

CAPTURE_MOST: Final = 50000
"""Frames of a capture; the busiest bus of `can/09_dbc_busload_python_haos.md` brings 12600 in 60 s."""


class CanCapture:
    """The frames of one capture."""

    def __init__(self, channel: str, offset: float) -> None:
        """`offset` in s turns the link's clock into the time since 1970."""
        self._name = re.sub(r"\W+", "_", channel.rsplit("/", 1)[-1])
        self._offset = offset
        self._frames: list[CanFrame] = []

    @property
    def full(self) -> bool:
        """Whether no more frames are taken."""
        return len(self._frames) >= CAPTURE_MOST

    def take(self, frame: CanFrame) -> None:
        """Take a frame."""
        if not self.full:
            self._frames.append(frame)

    @property
    def text(self) -> str:
        """A line for each frame, in the order of their times."""
        # Ours are noted at once, those of others when the reader hands them over.
        ordered = sorted(self._frames, key=lambda frame: frame.time)
        return "".join(f"{candump_line(frame, self._name, frame.time + self._offset)}\n" for frame in ordered)
