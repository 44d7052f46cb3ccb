"""Watches a pack for a while, look by look, for whoever waits for something to happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN, SIGNAL_TICK
from ..coordinator import PackCoordinator
from ..core.model import Snapshot

SILENT: Final = 5.0
"""s without a look after which nobody looks any more; a pack that does not answer is still looked at each second."""

type Progress = Callable[[float], None]
"""Told how far somebody who watches is, 0-1."""


class PackGoneError(HomeAssistantError):
    """The pack was unloaded while somebody watched it."""


async def looks(pack: PackCoordinator, seconds: float) -> AsyncGenerator[Snapshot]:
    """Yield each look at a pack from now on, for at most `seconds` s. Raises PackGoneError."""
    came = asyncio.Event()

    @callback
    def tell() -> None:
        came.set()

    stop = async_dispatcher_connect(pack.hass, SIGNAL_TICK.format(pack.identity), tell)
    until = pack.hass.loop.time() + seconds
    try:
        while (left := until - pack.hass.loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, SILENT)):
                    await came.wait()
            except TimeoutError:
                if left < SILENT and not pack.supervisor.stopped:
                    return
                raise _gone(pack) from None
            came.clear()
            if pack.supervisor.stopped:
                # What ticks is the pack that was loaded in its place, under the same name.
                raise _gone(pack)
            yield pack.latest
    finally:
        stop()


def _gone(pack: PackCoordinator) -> PackGoneError:
    return PackGoneError(
        translation_domain=DOMAIN, translation_key="pack_gone", translation_placeholders={"name": pack.name}
    )


async def fresh(pack: PackCoordinator, count: int, seconds: float) -> tuple[Snapshot, ...]:
    """Return the next `count` looks in which every group of values was told anew, or as many as came in time."""
    found: list[Snapshot] = []
    before = pack.latest.reading.cells_time
    async for look in looks(pack, seconds):
        reading = look.reading
        times = (reading.cells_time, reading.temperatures_time, reading.current_time)
        if None not in times and reading.cells_time != before:
            before = reading.cells_time
            found.append(look)
        if len(found) == count:
            break
    return tuple(found)
