"""Listens to a CAN bus that home_bms holds already."""

from __future__ import annotations

import asyncio

from ..hw.can import CanLink
from ..hw.can_devices import guess
from ..hw.can_frame import CanFrame
from ..hw.can_probe import FRAMES_MOST, Found


async def async_heard_on(link: CanLink, seconds: float) -> Found:
    """Return who is heard in so many seconds. Raises CanLinkError if the bus is lost."""
    frames: list[CanFrame] = []

    def hear(frame: CanFrame) -> None:
        if len(frames) < FRAMES_MOST:
            frames.append(frame)

    await link.open()
    errors = link.statistics.error_frames
    unsubscribe = link.subscribe(hear)
    try:
        await asyncio.sleep(seconds)
    finally:
        unsubscribe()
    devices = await asyncio.get_running_loop().run_in_executor(None, guess, frames)
    return Found(
        params=link.params,
        devices=tuple(devices),
        keys=frozenset(frame.key for frame in frames),
        error_frames=link.statistics.error_frames - errors,
    )
