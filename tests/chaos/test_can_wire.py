"""The CAN bus of the chaos carries frames, spoils them as it is told, and its adapter can be pulled out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest

from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_frame import CanFrame, frame_of

from ..matrix.timewarp import warped
from .can_wire import CanWire, has_multicast
from .faults_can import corrupt, duplicate, silence

FRAME = frame_of(0x351, bytes(range(8)))
NO_GROUP = pytest.mark.skipif(not has_multicast(), reason="this machine has no multicast")
MEDIA = [pytest.param(False, id="in the process"), pytest.param(True, id="in a group", marks=NO_GROUP)]
SOON = 10.0
"""s of warped time; a bus that is lost is tried again every five."""


@asynccontextmanager
async def wired(*, grouped: bool) -> AsyncGenerator[tuple[CanWire, CanLink, list[CanFrame]]]:
    """Return a bus, home_bms on it, and what it hears."""
    with warped(asyncio.get_running_loop()) as warp:
        wire = CanWire("a test", warp, Random(1), grouped=grouped)
        wire.start()
        link = CanLink(wire.params, clock=warp.now, bus=wire.make)
        heard: list[CanFrame] = []
        link.subscribe(heard.append)
        await link.open()
        try:
            yield wire, link, heard
        finally:
            await link.close()
            wire.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("grouped", MEDIA)
async def test_frames_pass_both_ways(*, grouped: bool) -> None:
    async with wired(grouped=grouped) as (wire, link, heard):
        told: list[CanFrame] = []
        wire.subscribe(told.append)
        wire.say(FRAME)
        await until(lambda: heard)
        assert replace(heard[0], time=0.0) == FRAME
        claim = await link.claim({0x305}, 0.0)
        claim.send(frame_of(0x305, bytes(8)))
        await until(lambda: told)
        assert told[0].id == 0x305
        await asyncio.sleep(1.0)
        assert len(told) == len(heard) == 1, "an echo was taken for another's frame"


@pytest.mark.parametrize("grouped", MEDIA)
async def test_it_spoils_what_it_carries(*, grouped: bool) -> None:
    async with wired(grouped=grouped) as (wire, _, heard):
        wire.spoil = silence(Random(1))
        wire.say(FRAME)
        await asyncio.sleep(1.0)
        assert not heard
        wire.spoil = duplicate(Random(1))
        wire.say(FRAME)
        await until(lambda: len(heard) > 1)
        wire.spoil = corrupt(Random(1))
        for _ in range(40):
            wire.say(FRAME)
        await until(lambda: any(frame.data != FRAME.data for frame in heard))


@pytest.mark.parametrize("grouped", MEDIA)
async def test_its_adapter_is_pulled_out_and_comes_back(*, grouped: bool) -> None:
    async with wired(grouped=grouped) as (wire, link, heard):
        wire.pull_out()
        await until(lambda: link.state is CanState.LOST)
        wire.say(FRAME)
        await asyncio.sleep(5.0)
        assert not heard
        wire.gone = False
        await until(lambda: link.state is CanState.ACTIVE)
        wire.say(FRAME)
        await until(lambda: heard)
