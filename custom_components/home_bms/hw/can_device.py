"""What a device on a CAN bus is to home_bms, as a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..core.model import PackReading
from .can_frame import EXTENDED_MOST
from .can_quirks import Told
from .driver import DeviceInfo
from .registers import Kind

STALE_PERIODS: Final = 3
STALE_LEAST: Final = 5.0
"""s; a message that was not heard for longer than this and `STALE_PERIODS` periods says nothing about now."""

SURE: Final = 1.0
"""A from which on a current that flows against what the device says of itself is not believed."""
LEARNING: Final = 0.2
"""Weight of the last period in the learned one."""
PERIOD_MOST: Final = 60.0
"""s; a longer silence is a silence and no period (`can/06_other_hv.md`: the slowest frames come once a minute)."""


class Heard:
    """The newest value of each signal of one device, with the time when its frame came."""

    def __init__(self, period: float = 1.0) -> None:
        """`period` in s is the shortest that is learned of messages whose map does not tell theirs."""
        self._values: dict[str, tuple[Told, float, float]] = {}
        """Value, time, and until when it counts."""
        self._told: set[str] = set()
        """Signals that ever told something."""
        self._learned: dict[str, float] = {}
        self._period = period
        self.last_time = float("-inf")
        """When the last frame came."""
        self.now = float("-inf")
        """The moment of judgement."""

    def put(self, values: Mapping[str, Told], time: float, period: float | None) -> None:
        """Take what a frame said, one of which comes each `period` s; `None`: as often as each value was seen to."""
        self.last_time = self.now = time
        for name, value in values.items():
            usual = self._seen(name, time) if period is None else period
            self._values[name] = value, time, time + max(STALE_PERIODS * usual, STALE_LEAST)
            if value is not None:
                self._told.add(name)

    def _seen(self, name: str, time: float) -> float:
        """Return how often a value seems to come, in s: of a multiplexed message each has its own turn."""
        period = self._learned.get(name, self._period)
        if (known := self._values.get(name)) is not None:
            period += LEARNING * (min(time - known[1], PERIOD_MOST) - period)
        self._learned[name] = period
        return max(period, self._period)

    def get(self, name: str) -> Any:  # noqa: ANN401 - a signal may be a number or text
        """Return a value; `None` where it was not heard lately or the device has none."""
        value, _, until = self._values.get(name, (None, 0.0, float("-inf")))
        return value if self.now <= until else None

    def last(self, name: str) -> Any:  # noqa: ANN401
        """Return a value however old it is, for groups of a reading that have their own time, and for names."""
        return self._values.get(name, (None, 0.0, 0.0))[0]

    def since(self, names: Iterable[str]) -> float | None:
        """Return the time of the oldest of these; `None` if none was ever heard."""
        times = [known[1] for name in names if (known := self._values.get(name)) is not None]
        return min(times, default=None)

    def known(self, names: Iterable[str]) -> bool:
        """Whether all of these have told something, if only once: a sensor that falls out is still one."""
        return self._told.issuperset(names)

    def names(self) -> list[str]:
        """Return the signals that were heard."""
        return list(self._values)

    def shown(self) -> dict[str, Told]:
        """Return what counts now, for people."""
        return {name: value for name in self._values if (value := self.get(name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A request that makes a device tell something; it is sent only where the user has allowed that."""

    key: int
    """For node 0."""
    shift: int | None = 0
    """Where the node stands in the key; `None` of a request to all."""
    data: bytes = bytes(8)
    every: float = 1.0
    """s."""

    def key_for(self, node: int) -> int:
        """Return the key of the request to a node."""
        return self.key if self.shift is None else self.key | node << self.shift


@dataclass(frozen=True, slots=True, kw_only=True)
class CanDevice:
    """A device that is heard on CAN; nothing is ever written to it."""

    key: str
    name: str
    manufacturer: str
    frames: str
    """The name of its frame map."""
    bitrates: tuple[int, ...]
    """bit/s, the likeliest first."""
    kind: Kind = Kind.PACK
    cells: bool = False
    """Whether it tells its cells; without them it is only watched."""
    signs: tuple[frozenset[int], ...]
    """Keys by which it is recognised: all of one of these sets."""
    needs: tuple[frozenset[str], ...]
    """Signals that must have been heard: all of one of these sets."""
    node_mask: int = 0
    """The bits of an identifier that tell one of several alike from the other ..."""
    ignored: int = 0
    """... and those that tell nothing."""
    first_node: int = 0
    """The number of the node whose identifiers are those of the map."""
    nodes: range = range(1)
    """The numbers that are looked for where the user has named none."""
    part: str | None = None
    """The signal that tells one part of a node from the other (NMEA 2000): the node's number is 256 times as large,
    plus the part's."""
    period: float = 1.0
    """s of messages whose map does not tell theirs."""
    listen: float = 3.0
    """s in which it has told all that it tells of itself."""
    polls: tuple[Poll, ...] = ()
    long: frozenset[int] = frozenset()
    """Keys of messages that come in several frames (NMEA 2000)."""
    reversible: bool = False
    """Whether its sheet leaves open which way the current is positive, so that the user must say."""
    direction: Callable[[Heard], int | None] | None = None
    """What the device says of itself: 1 charging, -1 discharging, else `None`."""
    info: Callable[[Heard], DeviceInfo]
    """Raises ValueError where what was heard cannot be such a device's."""
    reading: Callable[[Heard, DeviceInfo], PackReading]
    """The live values with the time of each group; the moment of judgement is put in afterwards."""

    @property
    def mask(self) -> int:
        """The bits of a key that tell one message from the other."""
        return ~((self.node_mask | self.ignored) & EXTENDED_MOST)

    def read(self, heard: Heard, info: DeviceInfo, *, inverted: bool = False) -> PackReading:
        """Return the live values, with the current the other way round where `inverted`.

        A current that flows against what the device says of itself is not known.
        """
        reading = self.reading(heard, info)
        current = -reading.current if inverted and reading.current is not None else reading.current
        direction = None if self.direction is None else self.direction(heard)
        if current is not None and direction is not None and current * direction < -SURE:
            current = None
        return replace(reading, time=heard.now, current=current)

    def node(self, key: int, nominal: int) -> int:
        """Return the number of the node that sent a message, by its key and that in the map."""
        return (key & self.node_mask) - (nominal & self.node_mask) + self.first_node


def numbered(heard: Heard, name: str, most: int) -> list[int]:
    """Return the numbers of a row of signals, `cell_1`, `cell_2` ..., that have told something, if only once."""
    return [number for number in range(1, most + 1) if heard.known([f"{name}_{number}"])]


def text(heard: Heard, *names: str) -> str:
    """Return a text that is told in parts, empty until all of them were heard."""
    parts = [heard.last(name) for name in names]
    return "" if None in parts[:1] else "".join(part or "" for part in parts).strip()
