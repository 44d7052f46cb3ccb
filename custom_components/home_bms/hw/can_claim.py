"""The right to send certain identifiers, which nobody else on the bus may be sending."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from .can_error import CanLinkError
from .can_frame import CanFrame, spelled

if TYPE_CHECKING:
    from .can_sender import CanSender

ECHO_WITHIN: Final = 1.0
"""s in which an interface that hears itself does so."""
DRAIN_WITHIN: Final = 1.0
"""s."""
REFUSED_FOR: Final = 30.0
"""s for which it is remembered that another node was heard with an identifier that was to be sent."""


class CanClaim:
    """What one part of home_bms may send; made by `CanLink.claim` after it had listened.

    Should another node be heard with one of its identifiers, nothing is sent any more: `contested` names them, and only
    a new claim, with new listening, ends that.
    """

    def __init__(
        self, keys: Iterable[int], sender: CanSender, end: Callable[[CanClaim], None], *, yields: bool = False
    ) -> None:
        self.keys = frozenset(keys)
        self.yields = yields
        """Whether it is all right if another node sends them."""
        self.contested: frozenset[int] = frozenset()
        """Keys of these that another node was heard with since."""
        self._sender = sender
        self._end = end
        self._released = False

    def send(self, frame: CanFrame) -> None:
        """Have a frame sent soon; one that waits with the same identifier is replaced by it.

        It may never leave: the bus may be silent or gone, and a frame that waited too long is dropped. Raises
        CanLinkError, `can_ids_in_use` where the claim is contested.
        """
        if self._released or frame.key not in self.keys:
            raise CanLinkError("can_not_claimed", f"{spelled(frame.key)} was not claimed", ids=spelled(frame.key))
        if self.contested:
            raise in_use(self.contested)
        self._sender.put(frame)

    async def drained(self, within: float = DRAIN_WITHIN) -> bool:
        """Wait until all that was handed over has left or was dropped; tell whether that was so `within` s."""
        return await self._sender.drained(self.keys, within)

    def contest(self, key: int) -> None:
        """Note that another node sends one of its identifiers."""
        self.contested |= {key}

    def release(self) -> None:
        """Give the right back; what still waits is not sent."""
        if not self._released:
            self._released = True
            self._sender.withdraw(self.keys)
            self._end(self)


class Claims:
    """All claims of one link; no two have an identifier in common."""

    def __init__(self, sender: CanSender) -> None:
        self._sender = sender
        self._claims: list[CanClaim] = []
        self._refused: dict[int, float] = {}

    def make(self, keys: Iterable[int], now: float, *, yields: bool) -> CanClaim:
        """Return a new claim, on which nothing is to be sent yet. Raises CanLinkError, `can_ids_in_use`."""
        claim = CanClaim(keys, self._sender, self._claims.remove, yields=yields)
        if taken := [key for other in self._claims for key in other.keys & claim.keys]:
            raise self.refusal(claim, taken, now)
        self._claims.append(claim)
        return claim

    def refusal(self, claim: CanClaim, keys: Iterable[int], now: float) -> CanLinkError:
        """Return why a claim is refused, and remember that if it is a trouble to somebody."""
        if not claim.yields:
            self._refused |= dict.fromkeys(keys, now)
        return in_use(keys)

    def refused(self, now: float) -> frozenset[int]:
        """Return the keys that somebody is in trouble about."""
        return frozenset(key for key, heard in self._refused.items() if now - heard <= REFUSED_FOR)

    def heard(self, frame: CanFrame) -> None:
        """End the claim to what another node sends."""
        for claim in self._claims:
            if frame.key in claim.keys:
                claim.contest(frame.key)
                self._sender.withdraw(claim.keys)
                if not claim.yields:
                    self._refused[frame.key] = frame.time


class Echoes:
    """Tells our own frames from those of others, on an interface that brings back what it sends."""

    def __init__(self) -> None:
        self._awaited: deque[tuple[float, int, bytes]] = deque()

    def sent(self, frame: CanFrame, now: float) -> None:
        """Note a frame that is being sent."""
        self._forget(now)
        self._awaited.append((now, frame.key, frame.data))

    def ours(self, frame: CanFrame) -> bool:
        """Whether a frame that was heard is the echo of one that was sent; each has one."""
        self._forget(frame.time)
        for place, (_, key, data) in enumerate(self._awaited):
            if (key, data) == (frame.key, frame.data):
                # Gone at once: forgotten later, it would take the echo of a frame of the same kind with it.
                del self._awaited[place]
                return True
        return False

    def _forget(self, now: float) -> None:
        while self._awaited and self._awaited[0][0] < now - ECHO_WITHIN:
            self._awaited.popleft()


def in_use(keys: Iterable[int]) -> CanLinkError:
    """Return the error that says which identifiers another node sends."""
    names = ", ".join(spelled(key) for key in sorted(keys))
    return CanLinkError("can_ids_in_use", f"another node on the bus sends {names}", ids=names)
