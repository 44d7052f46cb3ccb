"""A house with a pack that is built from parts, on real links behind a real Home Assistant."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import ContactorState
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.virtual.parts import VirtualParts

from .conftest import PACK_ID, make_entry, pack_subentry, set_up, until
from .entities import everything_is_news

PERIOD = 0.1
STRING = {"name": "second string", "kind": "string", "relays": [3]}
BLEEDER = {"name": "bleeder", "kind": "bypass", "relays": [4], "auxiliary": {"channel": 4}}
SWITCHES = {"switches": [STRING, BLEEDER]}


def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the supervisor tick ten times a second, without the silence that a bus would need, and tell all at once."""
    everything_is_news(monkeypatch)
    monkeypatch.setattr("custom_components.home_bms.supervisor.POLL_PERIOD", PERIOD)
    monkeypatch.setattr(Lane, "set_message_spacing", lambda *_: None)


@asynccontextmanager
async def served() -> AsyncGenerator[VirtualParts]:
    """Serve the boards and what they are wired to; a precharge takes a tenth of its time."""
    parts = VirtualParts(seed=3, house=False, speed=10.0)
    await parts.async_start()
    try:
        yield parts
    finally:
        await parts.async_stop()


def subentry(world: VirtualParts, data: dict[str, Any] | None = None, **changes: Any) -> ConfigSubentryDataWithId:
    """Return the pack's subentry; `changes` are of its relay board's row."""
    kept = {"type": "parts", "model": "parts", "unique_id": "0123", "serial_number": None}
    return pack_subentry(**kept, parts=data or world.data(**changes))


class House:
    """A loaded system with one pack of parts."""

    def __init__(self, hass: HomeAssistant, world: VirtualParts, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.world = world
        self.entry = entry

    @property
    def pack(self) -> PackCoordinator:
        found: PackCoordinator = self.entry.runtime_data.packs[PACK_ID]
        return found

    @property
    def contactor(self) -> ContactorState:
        return self.pack.latest.contactors.charge.state

    @property
    def alarms(self) -> set[str]:
        return {alarm.key for alarm in self.pack.latest.decision.alarms}

    def id(self, platform: str, key: str) -> str:
        found = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{PACK_ID}_{key}")
        assert found is not None, key
        return found

    def state(self, platform: str, key: str) -> str:
        found = self.hass.states.get(self.id(platform, key))
        assert found is not None
        return found.state

    def attributes(self, platform: str, key: str) -> dict[str, Any]:
        found = self.hass.states.get(self.id(platform, key))
        assert found is not None
        return dict(found.attributes)

    async def turn(self, key: str, *, on: bool) -> None:
        service = "turn_on" if on else "turn_off"
        await self.hass.services.async_call("switch", service, {"entity_id": self.id("switch", key)}, blocking=True)

    async def control(self) -> None:
        """Allow control, once everything is known."""
        await until(lambda: self.pack.latest.decision.charge_permitted, within=30)
        await self.entry.runtime_data.async_allow_control(True)

    async def close(self) -> None:
        """Have a person close the contactor."""
        await self.control()
        await self.turn("contactor", on=True)
        await until(lambda: self.contactor is ContactorState.CLOSED, within=15)


@asynccontextmanager
async def running(
    hass: HomeAssistant, world: VirtualParts, pack: ConfigSubentryDataWithId | None = None
) -> AsyncGenerator[House]:
    """Load a system with the pack, and end it before its links."""
    entry = make_entry(hass, pack or subentry(world, **SWITCHES))
    await set_up(hass, entry)
    try:
        yield House(hass, world, entry)
    finally:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


def commands(world: VirtualParts) -> list[str]:
    """Return what was asked of the relay board, without unit id and checksum."""
    return [frame[1:-2].hex() for _, frame in world.lines["switch"].wire]
