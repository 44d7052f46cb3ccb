"""home_bms in Home Assistant, its inverter in another process: a real pack link and real CAN frames between them.

Whatever the inverter makes of its limits, the pack's own protection never has to act.
"""

from __future__ import annotations

import asyncio
import json
import select
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms import entity
from custom_components.home_bms.can import lines as can_lines
from custom_components.home_bms.core.escalation import Escalation, Step
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.core.presets import CHEMISTRIES
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter
from custom_components.home_bms.packs import sources

from ..hw.can.buses import free_port
from ..matrix.bench import ClockedDevice
from ..night import NIGHTLY
from .conftest import make_entry, pack_subentry, set_up
from .inverter_house import inverter_of, inverter_subentry
from .two_clocks import SharedClock, lived_by, new_clock
from .virtual_inverter_process import NO_BUS, Settings, Truth

GROUP = "239.74.163.91"
SPEED = 20.0
"""s of the common time for each real one, at most."""
ROOT = Path(__file__).parents[2]
LFP = CHEMISTRIES["lfp"]
WATTS = 6000.0
"""W that the house wants all the time: 0.4 C, within what the pack's own protection lets flow."""
SECONDS = 2400.0 if NIGHTLY else 180.0
"""s of one life; by night the house turns from charging to discharging and back meanwhile."""
SWING = 1200.0
CALM = 6.0
"""s in which home_bms only listens, as long as it must before it may tell anything."""
MOVED = 50.0
"""A that show that the house had its way for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What an inverter does, and how far home_bms has to go with it."""

    how: Mapping[str, Any]
    charge: Step = Step.CCL_DCL
    discharge: Step = Step.CCL_DCL
    falls_silent: bool = False


BEHAVIOURS: Mapping[str, Behaviour] = {
    "obeys": Behaviour(how={}),
    # There is no voltage to lower against discharging, and it obeys before the switch is due.
    "obeys late": Behaviour(how={"dead_time": 7.0}, charge=Step.CVL),
    "ignores current limits": Behaviour(
        how={"manner": Manner.IGNORES_CURRENT_LIMITS}, charge=Step.CVL, discharge=Step.SWITCH
    ),
    "ignores all": Behaviour(how={"manner": Manner.IGNORES_ALL}, charge=Step.SWITCH, discharge=Step.SWITCH),
    # It obeys what it is told; that it says nothing is no reason to tell it less.
    "goes silent": Behaviour(how={}, falls_silent=True),
}
ENDS: Mapping[str, Mapping[str, float]] = {
    "top": {"soc": 99.5, "watts": WATTS},
    "bottom": {"soc": 3.0, "watts": -WATTS},
}
QUICK = [("ignores all", "top")]
CASES = [(name, end) for name in BEHAVIOURS for end in ENDS] if NIGHTLY else QUICK
"""A life takes a quarter of a minute; all of them are lived by night."""


class OtherSide:
    """The process of the pack and its inverter."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self, within: float) -> str:
        """Return the next line, waiting for so many real s at most."""
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], within)[0], "the other side says nothing"
        return self._process.stdout.readline()

    def tell(self, command: str) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def truth(self) -> Truth:
        """Return what has truly happened by now; meanwhile time stands here."""
        self.tell("tell")
        return Truth(**json.loads(self.read(20.0)))

    def end(self) -> None:
        """End it, in good order if it is willing to."""
        try:
            self._process.communicate(timeout=20.0)
        finally:
            self._process.kill()
            self._process.wait(timeout=20.0)


@contextmanager
def other_side(settings: Settings) -> Generator[tuple[OtherSide, int]]:
    """Start the pack and its inverter; return them and the port of the pack."""
    command = [sys.executable, "-m", "tests.ha.virtual_inverter_process", json.dumps(asdict(settings))]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other = OtherSide(process)
    try:
        line = other.read(60.0).strip()
        if line == NO_BUS:
            pytest.skip("this machine has no multicast")
        yield other, int(line)
    finally:
        other.end()


async def lived(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, folder: Path, behaviour: Behaviour, end: Mapping[str, float]
) -> tuple[Truth, Truth, dict[Flow, Step]]:
    """Let both sides live; return what happened until half of it, until its end, and how far the escalation went."""
    path, loop = folder / "clock", asyncio.get_running_loop()
    new_clock(path)
    can = {"interface": "udp_multicast", "channel": GROUP, "port": free_port()}
    settings = Settings(
        clock=str(path), speed=SPEED, can=can, protocol="victron_can", swing=SWING * NIGHTLY, **end, **behaviour.how
    )
    steps = {Flow.CHARGE: Step.CCL_DCL, Flow.DISCHARGE: Step.CCL_DCL}

    def climbed(flow: Flow, now: Escalation, before: Step) -> None:
        steps[flow] = max(steps[flow], before, now.step)

    with other_side(settings) as (other, port):
        clock = SharedClock(path, 0, SPEED)
        loop.set_debug(False)
        hass.config.config_dir = str(folder)
        monkeypatch.setattr(can_lines, "CanLink", partial(CanLink, clock=clock.now))
        monkeypatch.setattr(sources, "DEVICES", {"jk_pb": ClockedDevice()})
        monkeypatch.setattr(entity, "monotonic", clock.now)
        with lived_by(loop, clock):
            entry = make_entry(
                hass,
                pack_subentry(serial_number="VIRTUAL-0001", port=port),
                inverter_subentry({"type": "can", "model": "victron", "can": can, "options": {}}),
            )
            await set_up(hass, entry)
            inverter_of(entry).add_step_listener(climbed)
            await asyncio.sleep(CALM)
            await entry.runtime_data.async_allow_control(True)
            await asyncio.sleep(SECONDS / 2)
            half = other.truth()
            if behaviour.falls_silent:
                other.tell("silent")
            await asyncio.sleep(SECONDS / 2)
            whole = other.truth()
            assert await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
    return half, whole, steps


@pytest.mark.parametrize("end", ENDS)
def test_left_alone_the_pack_would_be_overrun(end: str) -> None:
    pack = VirtualPack(soc=ENDS[end]["soc"], seed=1)
    inverter = VirtualInverter(pack, wants=lambda _: ENDS[end]["watts"], power_max=WATTS)
    inverter.advance(240.0)
    assert pack.alarms == {"cell_overvoltage" if end == "top" else "cell_undervoltage"}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("name", "end"), CASES)
async def test_the_pack_stays_safe_whatever_the_inverter_does(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, end: str
) -> None:
    behaviour = BEHAVIOURS[name]
    half, whole, steps = await lived(hass, monkeypatch, tmp_path, behaviour, ENDS[end])
    assert whole.ring == []
    assert LFP.hardware_undervoltage < whole.lowest
    assert whole.highest < LFP.hardware_overvoltage

    charged = end == "top"
    assert (whole.charge_most if charged else whole.discharge_most) > MOVED
    assert whole.highest > LFP.overvoltage_derate if charged else whole.lowest < LFP.undervoltage_derate

    flow, expected = (Flow.CHARGE, behaviour.charge) if charged else (Flow.DISCHARGE, behaviour.discharge)
    assert steps[flow] is expected
    opened = whole.charge_opened if charged else whole.discharge_opened
    assert bool(opened) is (expected is Step.SWITCH)

    assert whole.limits - half.limits > SECONDS / 4, "limits must go on being told"
    assert (whole.said - half.said < SECONDS / 4) is behaviour.falls_silent
