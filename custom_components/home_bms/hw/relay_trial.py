"""Closes a relay for a moment and tells what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from .driver import DriverError
from .relays import RelayDriver

PULSE: Final = 1.0
"""s."""
LOOK_AFTER: Final = 0.4
"""s into the pulse: a contactor has moved by then, and its auxiliary contact has ceased to bounce."""
OVER_AFTER: Final = 0.4
"""s after the pulse, whose time a board may count roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a relay did, as its board tells."""

    closed: bool
    """Whether it was closed while its pulse ran."""
    opened: bool
    """Whether it was open again afterwards, by itself."""
    moved: tuple[int, ...]
    """The digital inputs that changed meanwhile, from 0: an auxiliary contact, if one is wired."""


async def async_try(
    board: RelayDriver, relay: int, *, contacts: int, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Trial:
    """Close a relay for a second; `contacts` is how many digital inputs the board may have.

    Raises DriverError: `relay_in_use` if it is closed already, `relay_linked` if an input moves it too.
    """

    def inputs() -> list[bool | None]:
        return [board.contact(channel) for channel in range(contacts)]

    await board.async_identify()
    await board.async_read()
    if board.linked(relay):
        raise DriverError("relay_linked", "an input of the board moves the relay: set its mode to 0 (normal)")
    if board.relay(relay) is not False:
        raise DriverError("relay_in_use", f"relay {relay + 1} is closed already, or does not tell")
    before = inputs()
    try:
        await board.async_pulse(relay, PULSE)
        await sleep(LOOK_AFTER)
        await board.async_read()
        closed, during = board.relay(relay) is True, inputs()
        await sleep(PULSE - LOOK_AFTER + OVER_AFTER)
        await board.async_look()
    except DriverError:
        with suppress(DriverError):
            await board.async_open(relay)
        raise
    if not (opened := board.relay(relay) is False):
        await board.async_open(relay)
    moved = [at for at, told in enumerate(before) if None not in (told, during[at]) and told is not during[at]]
    return Trial(closed=closed, opened=opened, moved=tuple(moved))
