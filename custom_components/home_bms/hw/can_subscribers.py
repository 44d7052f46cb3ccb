"""Who wants which frames of a CAN bus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from .can_frame import CanFrame

KNOWN_MOST: Final = 4096
"""Keys whose takers are remembered."""

type Callback = Callable[[CanFrame], object]


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    callback: Callback
    keys: frozenset[int] | None
    mask: int

    def wants(self, key: int) -> bool:
        return self.keys is None or key & self.mask in self.keys


class Subscribers:
    """Passes frames on to those who want them."""

    def __init__(self) -> None:
        self._all: list[_Subscriber] = []
        self._takers: dict[int, tuple[Callback, ...]] = {}

    def add(self, callback: Callback, keys: Iterable[int] | None, mask: int) -> Callable[[], None]:
        """Add one who wants the frames whose key, as far as `mask` goes, is among `keys`; returns what ends that."""
        wanted = None if keys is None else frozenset(key & mask for key in keys)
        subscriber = _Subscriber(callback, wanted, mask)
        self._all.append(subscriber)
        self._takers.clear()

        def remove() -> None:
            if subscriber in self._all:
                self._all.remove(subscriber)
                self._takers.clear()

        return remove

    def pass_on(self, frame: CanFrame) -> None:
        """Give a frame to all who want it."""
        takers = self._takers.get(frame.key)
        if takers is None:
            takers = tuple(one.callback for one in self._all if one.wants(frame.key))
            if len(self._takers) < KNOWN_MOST:
                self._takers[frame.key] = takers
        for callback in takers:
            callback(frame)
