"""How long it takes from a register that crosses its trip level to the write that opens the switch."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from statistics import median, quantiles
from time import monotonic
from typing import Any, Final, cast, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms import supervisor
from custom_components.home_bms.core import bms
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import Level
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.supervisor import Supervisor
from custom_components.home_bms.watching import Watcher

from .result import Result

PERIOD: Final = 0.1
"""s between polls here; 1 s in life."""
PACKS: Final = (1, 4, 16)
"""Watched side by side on one loop."""
CROWD: Final = 4
"""Packs from which on the period is longer in proportion: in life sixteen polls take a second, too."""
# °C: the trip for charging is at 55.
WARM: Final = 54.5
HOT: Final = 55.5
# The issue: 1.1 periods + 50 ms at the 95th percentile.
PERIODS: Final = 1.1
FIXED: Final = 0.050
WHY: Final = "periods a tenth as long as in life, beside their own servers in the same process, on a shared machine"


class Loop:
    """What a supervisor needs of Home Assistant: its event loop and tasks in the background."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def async_create_background_task[T](self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start `work`."""
        return self.loop.create_task(work, name=name)


class Entry:
    """What a supervisor needs of a config entry."""

    def async_create_background_task(
        self, hass: Loop, work: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Start `work`."""
        return hass.async_create_background_task(work, name)


class Permitting(Watcher):
    """A watcher that allows control and keeps nothing."""

    @property
    @override
    def control_allowed(self) -> bool:
        return True


async def measure(runs: int, packs: Sequence[int] = PACKS) -> Iterator[Result]:
    """Return the distribution over `runs` for each number of packs, in poll periods."""
    return iter([result for count in packs for result in await _side_by_side(runs, count)])


async def _side_by_side(runs: int, packs: int) -> list[Result]:
    period = PERIOD * max(1.0, packs / CROWD)
    with patch.object(supervisor, "POLL_PERIOD", period):
        shares = [runs // packs + (number < runs % packs) for number in range(packs)]
        taken = await asyncio.gather(*(_pack(number, share) for number, share in enumerate(shares)))
    times = sorted(time for part in taken for time in part)
    cuts = quantiles(times, n=100, method="inclusive")
    bound = PERIODS + FIXED / period
    name = f"{packs} pack{'s' * (packs > 1)}: median of {len(times)} trips"
    return [
        Result(name=name, value=median(times) / period, unit="periods"),
        Result(name="  95th percentile", value=cuts[94] / period, unit="periods", most=bound, why=WHY),
        Result(name="  99th percentile", value=cuts[98] / period, unit="periods"),
        Result(name="  slowest", value=times[-1] / period, unit="periods"),
        Result(name="  95th percentile beyond one period", value=1000 * (cuts[94] - period), unit="ms"),
    ]


async def _pack(number: int, runs: int) -> list[float]:
    """Trip one pack again and again; return the s that each took."""
    pack = VirtualPack(seed=number)
    server = VirtualServer(pack, DEVICES["jk_pb"])
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=await server.start_tcp()))
    await connection.connect()
    config = configure(
        chemistry="lfp",
        cells=16,
        capacity=280,
        charge_current=140,
        discharge_current=140,
        temperature_sensors=pack.info.temperature_sensors,
    )
    # A switch that may close again at once: only its opening is measured.
    config = replace(config, contactors=replace(config.contactors, open_least=0.0))
    loop = Loop()
    watched = Supervisor(
        cast("HomeAssistant", loop),
        cast("ConfigEntry", Entry()),
        name=f"pack {number}",
        # No bus is behind this link that would need silence between two requests.
        driver=DEVICES["jk_pb"].driver(connection.for_unit(1), spacing=0.0),
        fingerprint=pack.info.fingerprint,
        config=config,
        state=bms.start(config),
        watcher=Permitting(),
    )
    try:
        await watched.async_start()
        chance = random.Random(number)
        taken = [await _trip(watched, pack, server, chance) for _ in range(runs)]
        # A bench with trouble measures nothing.
        if watched.statistics.faults or watched.statistics.failed_writes:
            raise RuntimeError(f"the supervisor was in trouble: {watched.statistics}")
        return taken
    finally:
        await watched.async_stop()
        await connection.close()
        await server.stop()


async def _trip(watched: Supervisor, pack: VirtualPack, server: VirtualServer, chance: random.Random) -> float:
    """Let a sensor cross the trip level at a random moment of the poll; return the s until the write."""
    pack.inject("temperature_sentinel", cell=1, value=WARM)
    await _until(lambda: watched.snapshot.decision.worst is Level.PROTECT)
    await asyncio.sleep(PERIOD * (2 + chance.random()))
    server.writes.clear()
    began = monotonic()
    pack.inject("temperature_sentinel", cell=1, value=HOT)
    await _until(lambda: any(write.switches.charge is False for write in server.writes))
    taken = next(write.time for write in server.writes if write.switches.charge is False) - began
    pack.clear()
    await _until(lambda: _reset(watched))
    # Closed, seen to be closed, and no longer held: as before the first trip.
    await _until(lambda: pack.commanded.charge is True and not watched.state.contactors.charge.ours)
    return taken


def _reset(watched: Supervisor) -> bool:
    """Reset the trips; return whether none stands."""
    watched.state, standing = bms.reset_trips(watched._config, watched.state, watched.reading())
    return not standing and watched.snapshot.decision.worst is Level.OK


async def _until(holds: Any) -> None:
    """Look every few ms, for a minute at most."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is looked at sits behind a socket
            await asyncio.sleep(0.003)
