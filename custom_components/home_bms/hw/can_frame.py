"""One classical CAN frame, and how candump writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

EXTENDED: Final = 1 << 31
"""Marks an identifier of 29 bits in a key, as DBC files do."""
STANDARD_MOST: Final = 0x7FF
EXTENDED_MOST: Final = 0x1FFFFFFF
LONGEST: Final = 8
ERROR_FLAG: Final = 1 << 29
"""Marks an error frame in candump's text, as the kernel does."""

LOG: Final = re.compile(
    r"\(\s*(?P<time>\d+(?:\.\d+)?)\)\s+(?P<bus>\S+)\s+(?P<id>[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#"
    r"(?:(?P<remote>R)(?P<count>[0-8]?)|(?P<data>(?:[0-9A-Fa-f]{2}\.?){0,8}))(?:\s+[RT])?\s*$"
)
"""`(1700000000.123456) can0 351#3802E803`, what `candump -L` writes."""
SCREEN: Final = re.compile(
    r"(?:\(\s*(?P<time>\d+(?:\.\d+)?)\)\s+)?(?P<bus>\S+)\s+(?:[RT]X(?:\s+[-BE])*\s+)?"
    r"(?P<id>[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})\s+\[(?P<count>\d{1,2})\]"
    r"(?:\s+(?P<remote>remote request)|(?P<data>(?:\s+[0-9A-Fa-f]{2}){0,8}))(?:\s+'.*')?(?:\s+ERRORFRAME)?\s*$"
)
"""`can0  351   [8]  38 02 E8 03 E8 03 C7 01`, what `candump` shows."""


class CandumpError(ValueError):
    """A line that is no frame of candump's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanFrame:
    """One frame as it was heard or is to be sent."""

    id: int
    data: bytes = b""
    extended: bool = False
    """Whether the identifier has 29 bits."""
    remote: bool = False
    error: bool = False
    """Told by the controller and not by a node; `id` holds the kernel's error class."""
    time: float = 0.0
    """When it was heard, on the monotonic clock of the link; in a file, when it was recorded."""

    @property
    def key(self) -> int:
        """The identifier with bit 31 set where it has 29 bits."""
        return self.id | EXTENDED if self.extended else self.id


def frame_of(key: int, data: bytes = b"", *, time: float = 0.0) -> CanFrame:
    """Return a frame by its key."""
    return CanFrame(id=key & EXTENDED_MOST, extended=bool(key & EXTENDED), data=data, time=time)


def spelled(key: int) -> str:
    """Return an identifier as people write it: three hexadecimal digits, or eight."""
    return f"{key & EXTENDED_MOST:08X}" if key & EXTENDED else f"{key:03X}"


def candump_line(frame: CanFrame, bus: str, wall: float) -> str:
    """Return a frame as a line of `candump -L`; `wall` is its time in s since 1970."""
    key = frame.id | ERROR_FLAG if frame.error else frame.key
    name = f"{key & (EXTENDED_MOST | ERROR_FLAG):08X}" if frame.extended or frame.error else spelled(key)
    return f"({wall:.6f}) {bus} {name}#{'R' if frame.remote else frame.data.hex().upper()}"


def parse_candump(line: str) -> CanFrame:
    """Return the frame of a line, in either of candump's forms. Raises CandumpError."""
    match = LOG.match(line.strip()) or SCREEN.match(line.strip())
    if match is None:
        raise CandumpError(f"{line.strip()!r:.60} is no line of candump")
    name, remote = match["id"], match["remote"] is not None
    value = int(name, 16)
    error = len(name) == 8 and bool(value & ERROR_FLAG)
    data = bytes.fromhex((match["data"] or "").replace(".", ""))
    if not remote and match.re is SCREEN and int(match["count"]) != len(data):
        raise CandumpError(f"{line.strip()!r:.60} announces {match['count']} bytes and has {len(data)}")
    if not error and value > (EXTENDED_MOST if len(name) == 8 else STANDARD_MOST):
        raise CandumpError(f"{name} is no identifier")
    return CanFrame(
        id=value & EXTENDED_MOST,
        data=data,
        extended=len(name) == 8 and not error,
        remote=remote,
        error=error,
        time=float(match["time"] or 0.0),
    )
