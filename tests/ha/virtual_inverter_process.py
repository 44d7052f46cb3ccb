"""A pack with an inverter at its side, as a process of its own: the pack on Modbus TCP, the inverter on a CAN bus.

Started with its `Settings` as JSON, it prints the port of the pack. Told `silent` it speaks no more, told `tell` it
prints what has truly happened (`Truth`) as one line of JSON. It ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.can_inverter import READERS, VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter

from .two_clocks import SharedClock, lived_by

NO_BUS = "no bus"
"""Printed in place of the port where there is none; then it ends."""
STEP = 0.2
"""s of one step of the physics."""
OBEYED, ALLOWANCE = 1.1, 2.0
"""A current up to this part of its limit, and so many A more, obeys it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What pack and inverter are like."""

    clock: str
    """The file of the common clock."""
    speed: float
    can: dict[str, Any]
    protocol: str
    manner: str = Manner.OBEYS
    dead_time: float = 0.0
    """s."""
    soc: float = 50.0
    """Percent, at the beginning."""
    watts: float = 0.0
    """W that the house wants to bring into the pack, or to take out of it."""
    swing: float = 0.0
    """s after which the house wants the opposite; 0: never."""
    seed: int = 1

    def wants(self, time: float) -> float:
        """Return the W that the house wants at a time."""
        turned = self.swing > 0 and int(time // self.swing) % 2
        return -self.watts if turned else self.watts


@dataclass(slots=True, kw_only=True)
class Truth:
    """What has happened, in V, A and s."""

    time: float = 0.0
    highest: float = 0.0
    """V of any cell, ever."""
    lowest: float = 9.0
    charge_most: float = 0.0
    """A."""
    discharge_most: float = 0.0
    charge_beyond: float = 0.0
    """s for which more was charged, at a stretch, than it had been told it may."""
    discharge_beyond: float = 0.0
    ring: list[str] = field(default_factory=list)
    """Every protection of the pack's own hardware that has acted."""
    charge_opened: int = 0
    """How often the pack's charge switch was opened."""
    discharge_opened: int = 0
    limits: int = 0
    """How often it was told limits."""
    unheard: float = 0.0
    """s at most between two times that it was told limits, or since."""
    told: tuple[float, float, float] | None = None
    """CVL, CCL and DCL, last."""
    said: int = 0
    """How often it spoke."""
    soc_highest: float = 0.0
    """Percent, truly."""
    soc_lowest: float = 100.0
    amps: float = 0.0
    """At the end."""


class Witness:
    """Sees all that happens."""

    def __init__(self, inverter: VirtualInverter, shown: VirtualCanInverter, clock: SharedClock) -> None:
        self.truth = Truth()
        self._inverter = inverter
        self._shown = shown
        self._clock = clock
        self._beyond = [0.0, 0.0]
        self._closed = [True, True]
        self._heard_at: float | None = None

    def hear(self, frame: CanFrame) -> None:
        """Note that limits were told."""
        del frame
        self._note_silence()
        self._heard_at = self._clock.now()
        self.truth.limits += 1

    def see(self, seconds: float) -> None:
        """Note what has become of the pack within so many s."""
        truth, pack = self.truth, self._inverter.pack
        cells = [cell.voltage for cell in pack.cells]
        truth.time += seconds
        truth.highest, truth.lowest = max(truth.highest, *cells), min(truth.lowest, *cells)
        truth.soc_highest, truth.soc_lowest = max(truth.soc_highest, pack.soc), min(truth.soc_lowest, pack.soc)
        truth.ring = sorted({*truth.ring, *pack.alarms})
        truth.amps, truth.told, truth.said = pack.current, self._shown.limits, self._shown.said
        truth.charge_most = max(truth.charge_most, pack.current)
        truth.discharge_most = max(truth.discharge_most, -pack.current)
        told = self._inverter.told
        for place, (limit, current) in enumerate(((told.ccl, pack.current), (told.dcl, -pack.current))):
            beyond = limit is not None and current > OBEYED * limit + ALLOWANCE
            self._beyond[place] = self._beyond[place] + seconds if beyond else 0.0
        truth.charge_beyond = max(truth.charge_beyond, self._beyond[0])
        truth.discharge_beyond = max(truth.discharge_beyond, self._beyond[1])
        charge, discharge = bool(pack.switches.charge), bool(pack.switches.discharge)
        truth.charge_opened += self._closed[0] and not charge
        truth.discharge_opened += self._closed[1] and not discharge
        self._closed = [charge, discharge]
        self._note_silence()

    def _note_silence(self) -> None:
        if self._heard_at is not None:
            self.truth.unheard = max(self.truth.unheard, self._clock.now() - self._heard_at)


async def run(settings: Settings) -> None:
    """Live until the input ends."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    clock = SharedClock(Path(settings.clock), 1, settings.speed)
    pack = VirtualPack(soc=settings.soc, seed=settings.seed)
    inverter = VirtualInverter(
        pack,
        wants=settings.wants,
        power_max=abs(settings.watts),
        manner=Manner(settings.manner),
        dead_time=settings.dead_time,
    )

    def do(command: str) -> None:
        if command == "silent":
            inverter.manner = Manner.SILENT
        else:
            _print(json.dumps(asdict(witness.truth)))

    def end() -> None:
        clock.alone = True
        ended.set()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(do, line.strip())
        loop.call_soon_threadsafe(end)

    with lived_by(loop, clock):
        link = CanLink(params_from_data(settings.can), clock=clock.now)
        shown = VirtualCanInverter(inverter, link, settings.protocol, clock=clock.now)
        server, witness = VirtualServer(pack, DEVICES["jk_pb"]), Witness(inverter, shown, clock)
        port = await server.start_tcp()
        try:
            await shown.start()
        except CanLinkError:
            await server.stop()
            _print(NO_BUS)
            return
        link.subscribe(witness.hear, {READERS[settings.protocol].limits_key})
        threading.Thread(target=listen, daemon=True).start()
        _print(str(port))
        seen = clock.now()
        try:
            while not ended.is_set():
                await asyncio.sleep(STEP)
                now = clock.now()
                while now - seen >= STEP:
                    inverter.advance(STEP)
                    witness.see(STEP)
                    seen += STEP
        finally:
            await shown.stop()
            await link.close()
            await server.stop()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(Settings(**json.loads(sys.argv[1]))))
