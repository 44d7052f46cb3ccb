"""A house in which everything goes wrong: Home Assistant, a pack, and an inverter that obeys, with lines between them.

The pack is on Modbus or on CAN, the inverter is told on a CAN bus of its own. All of it lives in warped time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.can import lines as can_lines
from custom_components.home_bms.can import pack as can_pack
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_driver import CanDriver
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualWorld
from custom_components.home_bms.hw.virtual.can_inverter import VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.store import _FAILED

from ..ha.conftest import PACK_ID, make_entry, pack_subentry, set_up
from ..ha.inverter_house import inverter_subentry
from ..matrix.bench import SENSORS, SERIAL, Line, by_the_clock, line_to
from ..matrix.timewarp import GRACE, GRACE_TERMINAL, Warp, warped
from .can_jk import speak
from .can_wire import CanWire

PROTOCOL, MODEL = "victron_can", "victron"
"""It stops by itself after 3 s without limits."""
POWER = 7000.0
"""W at most that the inverter moves: 0.47 C."""
WISH_FOR = (60.0, 600.0)
"""s for which the house wants the same."""


class Scene(StrEnum):
    """How the pack is reached."""

    TCP = "tcp"
    RTU = "rtu_over_tcp"
    SERIAL = "serial"
    CAN = "can"


class Mains:
    """The house at the pack, through its inverter; counts what truly flowed."""

    def __init__(self, pack: VirtualPack, random: Random) -> None:
        self.pack = pack
        self.inverter = VirtualInverter(pack, wants=lambda _: self.wish, power_max=POWER)
        # An inverter that was told nothing yet does nothing.
        self.inverter.tell(ccl=0.0, dcl=0.0)
        self.wish = 0.0
        """W into the pack."""
        self.heed: Callable[[], None] = lambda: None
        """Let the inverter see how old its limits are."""
        self.charged = self.discharged = 0.0
        """Ah, ever."""
        self.energy_charged = self.energy_discharged = 0.0
        """Wh, ever."""
        self._random = random
        self._until = 0.0
        self._last = 0.0

    def step(self, dt: float) -> None:
        """Set what flows in the next `dt` s."""
        moved = self.pack.current * self._last / 3600
        self.charged += max(0.0, moved)
        self.discharged -= min(0.0, moved)
        self.energy_charged += max(0.0, moved) * self.pack.voltage
        self.energy_discharged -= min(0.0, moved) * self.pack.voltage
        self._last = dt
        if self.pack.time >= self._until:
            self._until = self.pack.time + self._random.uniform(*WISH_FOR)
            self.wish = self._random.choice((-1.0, -0.4, 0.0, 0.4, 1.0)) * POWER
        self.heed()
        self.inverter.step(dt)


@dataclass(slots=True, kw_only=True)
class House:
    """What a fault, a person and a judge work with."""

    hass: HomeAssistant
    scene: Scene
    recorder: bool
    random: Random
    warp: Warp
    world: VirtualWorld
    mains: Mains
    shown: VirtualCanInverter
    inverter_wire: CanWire
    pack_wire: CanWire | None
    line: Line | None
    entry: MockConfigEntry
    folder: Path
    stalled: float = 0.0
    """s for which Home Assistant's loop has stood still."""
    heard_at: float = 0.0
    """When the pack's line last brought an answer as the device had given it."""
    killed: Callable[[], None] = lambda: None
    """Told when Home Assistant is as after a hard kill."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What a fault remembers from its begin to its end."""

    @property
    def pack(self) -> VirtualPack:
        return self.world.pack

    @property
    def now(self) -> float:
        return self.warp.now()

    @property
    def loaded(self) -> bool:
        """Whether home_bms watches the pack."""
        return self.entry.state is ConfigEntryState.LOADED

    @property
    def coordinator(self) -> PackCoordinator:
        coordinator: PackCoordinator = self.entry.runtime_data.packs[PACK_ID]
        return coordinator

    @property
    def last_heard(self) -> float:
        """When home_bms was last brought something true of its pack."""
        return self.heard_at if self.pack_wire is None else self.pack_wire.heard_at

    def look(self) -> None:
        """Bring the world to this moment."""
        self.world.catch_up()

    def stall(self, seconds: float, look: Callable[[], None]) -> None:
        """Let the event loop stand still while all others live on."""
        for _ in range(round(seconds)):
            self.warp.jump(1.0)
            self.stalled += 1.0
            look()

    async def set_up(self) -> None:
        """Set the system up, with control allowed."""
        await set_up(self.hass, self.entry)
        await self.entry.runtime_data.async_allow_control(True)

    async def reload(self) -> None:
        """Set the system up anew, as after changed options."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def kill(self) -> None:
        """Start anew with what was on the disk a moment ago, and without any word to the pack or the inverter."""
        files = self.folder / ".storage"
        kept = {path: path.read_bytes() for path in files.glob(f"{DOMAIN}.*")}
        before = self.inverter_wire.spoil
        self.inverter_wire.spoil = lambda wire, frame, pass_on: None
        self.killed()
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        for path in files.glob(f"{DOMAIN}.*"):
            if path not in kept:
                path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)
        # What a failing disk did not take was in the memory only.
        self.hass.data.pop(_FAILED, None)
        self.inverter_wire.spoil = before
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def change(self, **thresholds: float) -> None:
        """Change the user's thresholds of the pack."""
        (subentry,) = (each for each in self.entry.subentries.values() if each.subentry_id == PACK_ID)
        data = {**subentry.data, "thresholds": thresholds}
        self.hass.config_entries.async_update_subentry(self.entry, subentry, data=data)
        await self.hass.async_block_till_done()

    async def reset(self) -> bool:
        """Press the button that releases trips; return whether that was accepted."""
        button = er.async_get(self.hass).async_get_entity_id("button", DOMAIN, f"{PACK_ID}_reset_trips")
        if button is None or not self.loaded:
            return False
        try:
            await self.hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
        except ServiceValidationError:
            return False
        return True

    def issues(self) -> list[str]:
        """Return home_bms's repair issues."""
        return sorted(name for domain, name in ir.async_get(self.hass).issues if domain == DOMAIN)


@asynccontextmanager
async def house(
    hass: HomeAssistant, folder: Path, scene: Scene, random: Random, *, recorder: bool, grouped: bool = False
) -> AsyncGenerator[House]:
    """Build the house and set it up once; the folder is Home Assistant's, CAN a UDP multicast group if `grouped`."""
    loop = asyncio.get_running_loop()
    loop.set_debug(False)
    async with AsyncExitStack() as stack:
        warp = stack.enter_context(warped(loop, GRACE_TERMINAL if scene is Scene.SERIAL else GRACE))
        stack.enter_context(by_the_clock(warp))
        hass.config.config_dir = str(folder)
        pack = VirtualPack(
            seed=random.randrange(1000),
            soc=random.uniform(15.0, 90.0),
            serial_number=SERIAL,
            temperature_sensors=SENSORS,
        )
        mains = Mains(pack, Random(random.random()))
        world: Any = VirtualWorld(pack, mains, speed=1.0, clock=warp.now)  # type: ignore[arg-type]
        wires = {
            name: CanWire(f"{name} of {id(pack)}", warp, Random(random.random()), grouped=grouped)
            for name in ("inverter", "pack")
        }
        by_key = {wire.params.key: wire for wire in wires.values()}

        def can_link(params: Any) -> CanLink:
            return CanLink(params, clock=warp.now, bus=by_key[params.key].make)

        stack.enter_context(patch.object(can_lines, "CanLink", can_link))
        stack.enter_context(patch.object(can_pack, "CanDriver", partial(CanDriver, clock=warp.now)))
        for wire in wires.values():
            wire.start()
            stack.callback(wire.stop)
        line: Line | None = None
        if scene is Scene.CAN:
            settings = {"type": "can", "model": "can_jk", "can": wires["pack"].params.data, "serial_number": None}
            speaking = asyncio.create_task(speak(world, wires["pack"]))
            stack.push_async_callback(_end, speaking)
        else:
            line = await stack.enter_async_context(line_to(world, scene, folder))
            settings = {"serial_number": SERIAL, **line.settings}
        far: Any = wires["inverter"]
        shown = VirtualCanInverter(mains.inverter, far, PROTOCOL, clock=warp.now)
        mains.heed = shown._heed
        await shown.start()
        stack.push_async_callback(shown.stop)
        inverter = {"type": "can", "model": MODEL, "can": wires["inverter"].params.data, "options": {}}
        entry = make_entry(hass, pack_subentry(**settings), inverter_subentry(inverter))
        await set_up(hass, entry)
        made = House(
            hass=hass,
            scene=scene,
            recorder=recorder,
            random=random,
            warp=warp,
            world=world,
            mains=mains,
            shown=shown,
            inverter_wire=wires["inverter"],
            pack_wire=wires["pack"] if scene is Scene.CAN else None,
            line=line,
            entry=entry,
            folder=folder,
            heard_at=warp.now(),
        )
        yield made


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
