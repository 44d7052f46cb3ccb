"""Puts the long messages of NMEA 2000 together again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from .can_frame import LONGEST, CanFrame

FIRST: Final = 6
"""Bytes of the message in the first frame ..."""
NEXT: Final = 7
"""... and in each further one."""
WITHIN: Final = 1.0
"""s between two frames of one message (`can/08_sensors_contactors.md`)."""


@dataclass(slots=True)
class _Part:
    """A message that is not whole yet."""

    sequence: int
    total: int
    data: bytearray = field(default_factory=bytearray)
    next: int = 0
    time: float = 0.0


class FastPackets:
    """Keeps one message of each sender; what does not follow on begins anew."""

    def __init__(self) -> None:
        self._parts: dict[int, _Part] = {}

    def take(self, frame: CanFrame) -> CanFrame | None:
        """Return the whole message as a frame with long data, once its last frame is here."""
        if len(frame.data) != LONGEST:
            # They are filled up; in a shorter one something is missing, and what follows would move up.
            self._parts.pop(frame.key, None)
            return None
        sequence, number = frame.data[0] >> 5, frame.data[0] & 0x1F
        if number == 0:
            part = _Part(sequence, frame.data[1], bytearray(frame.data[2:]), 1, frame.time)
            self._parts[frame.key] = part
        else:
            known = self._parts.get(frame.key)
            late = known is None or frame.time - known.time > WITHIN
            if known is None or late or known.sequence != sequence or known.next != number:
                self._parts.pop(frame.key, None)
                return None
            part = known
            part.data += frame.data[1:]
            part.next += 1
            part.time = frame.time
        if len(part.data) < part.total:
            return None
        del self._parts[frame.key]
        return replace(frame, data=bytes(part.data[: part.total]))
