"""Finds out who is on a CAN bus before anything is set up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from .can import CanLink
from .can_device import CanDevice
from .can_devices import guess
from .can_error import CanLinkError
from .can_frame import CanFrame
from .can_params import SETS_BITRATE, CanParams

LISTEN_FOR: Final = 3.0
"""s at each bit rate; nearly all packs send each second (`can/*.md`)."""
FRAMES_MOST: Final = 5000
"""Frames that are looked at."""
BELIEVED: Final = 3
"""Frames of a node that show the bit rate to be right; a wrong one brings errors or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was heard on a bus."""

    params: CanParams
    """With the bit rate that was right, or the first that was tried if none was."""
    devices: tuple[CanDevice, ...]
    """Those that fit, the likeliest first."""
    keys: frozenset[int]
    """Of all that was heard."""
    error_frames: int
    """Errors at that bit rate."""


async def async_probe(
    params: CanParams,
    bitrates: Iterable[int] = (),
    seconds: float = LISTEN_FOR,
    *,
    link: Callable[[CanParams], CanLink] = CanLink,
) -> Found:
    """Listen at each bit rate in turn, without a word or an acknowledgement, until somebody is heard.

    Where the bit rate is set elsewhere there is only one turn. Raises CanLinkError if the bus cannot be opened; of
    several bit rates those that the interface does not take are passed over.
    """
    turns = [params.bitrate, *(rate for rate in bitrates if rate != params.bitrate)]
    if params.interface not in SETS_BITRATE:
        turns = turns[:1]
    first: Found | None = None
    trouble: CanLinkError | None = None
    for bitrate in turns:
        try:
            found = await _listened(replace(params, bitrate=bitrate, listen_only=True), seconds, link)
        except CanLinkError as err:
            trouble = trouble or err
            continue
        found = replace(found, params=replace(params, bitrate=bitrate))
        if found.keys:
            return found
        first = first or found
    if first is None:
        raise trouble or CanLinkError("cannot_connect", "no bit rate was tried")
    return first


async def _listened(params: CanParams, seconds: float, make: Callable[[CanParams], CanLink]) -> Found:
    """Return what is heard at one bit rate. Raises CanLinkError."""
    frames: list[CanFrame] = []
    link = make(params)

    def hear(frame: CanFrame) -> None:
        if len(frames) < FRAMES_MOST:
            frames.append(frame)

    link.subscribe(hear)
    try:
        await link.open()
        await asyncio.sleep(seconds)
        errors = link.statistics.error_frames
    finally:
        await link.close()
    believed = len(frames) >= BELIEVED or (frames and not errors)
    heard = frames if believed else []
    devices = await asyncio.get_running_loop().run_in_executor(None, guess, heard)
    return Found(
        params=params,
        devices=tuple(devices),
        keys=frozenset(frame.key for frame in heard),
        error_frames=errors,
    )
