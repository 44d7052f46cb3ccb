"""A CAN bus inside this process, with ears that write down what passes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.inverters.can_inverter import CanInverter
from custom_components.home_bms.hw.inverters.can_protocol import options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS
from custom_components.home_bms.hw.virtual.can_inverter import VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.hw.virtual.pack import VirtualPack

_numbers = count()


async def until(what: Callable[[], object], within: float = 8.0) -> None:
    """Wait for something that must come; a machine that is slow has time."""
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)


def currents(data: bytes) -> tuple[float, float]:
    """Return the charge and discharge current limits of a 0x351."""
    return tuple(int.from_bytes(data[at : at + 2], "little") / 10 for at in (2, 4))


@dataclass
class Bench:
    """One bus with home_bms at one end and an ear, or an inverter, at the other."""

    link: CanLink
    other: CanLink
    frames: list[CanFrame] = field(default_factory=list)
    """All that home_bms has sent."""
    shift: float = 0.0
    """s by which its clock is ahead."""

    def clock(self) -> float:
        return time.monotonic() + self.shift

    def quick(self, **kwargs: Any) -> CanInverter[Any]:
        """Return home_bms's link by the protocol whose frames come ten times a second."""
        return self.told_to("sma", period=0.1, **kwargs)

    def told_to(
        self, protocol: str, *, listen_for: float = 0.05, release_for: float = 0.3, **options: object
    ) -> CanInverter[Any]:
        """Return home_bms's link, which listens for a moment only."""
        chosen = CAN_PROTOCOLS[protocol]
        return CanInverter(
            self.link,
            chosen,
            options_from_data(chosen.options, options),
            clock=self.clock,
            listen_for=listen_for,
            release_for=release_for,
        )

    def inverter(self, protocol: str, virtual: VirtualInverter | None = None) -> VirtualCanInverter:
        """Return an inverter that speaks twenty times a second."""
        shown = virtual or VirtualInverter(VirtualPack(seed=1), wants=lambda _: 0.0)
        return VirtualCanInverter(shown, self.other, protocol, period=0.05, clock=self.clock)

    def of(self, number: int) -> list[bytes]:
        """Return the data of all frames with one identifier."""
        return [frame.data for frame in self.frames if frame.id == number]

    async def say(self, *frames: CanFrame) -> None:
        """Send frames as the inverter, in this order."""
        claim = await self.other.claim({frame.key for frame in frames}, 0.0)
        for frame in frames:
            claim.send(frame)
            await claim.drained()
        claim.release()


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Open a bus of its own; both ends are closed again."""
    params = CanParams(interface=Interface.VIRTUAL, channel=f"inverters-{next(_numbers)}")
    found = Bench(link=CanLink(params), other=CanLink(params))
    try:
        await found.link.open()
        await found.other.open()
        found.other.subscribe(found.frames.append)
        yield found
    finally:
        await found.link.close()
        await found.other.close()
