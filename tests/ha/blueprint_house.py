"""A Home Assistant with automations made of blueprints, a virtual pack, and a clock on the wall that can be moved."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.core import HomeAssistant
from homeassistant.helpers import event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component import common

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

from ..test_blueprints import load
from .conftest import ENTRY_ID, PACK_ID, VIRTUAL, make_entry, pack_subentry, set_up, until
from .test_services import answer, device_id

FOLDER: Final = Path(__file__).parents[2] / "blueprints" / "automation" / "home_bms"


class Wall:
    """The clock on the wall: moved, while that of the event loop, by which packs are judged, goes on as ever."""

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        self._hass = hass
        self._ahead = timedelta()
        monkeypatch.setattr(dt_util, "utcnow", self.utcnow)
        monkeypatch.setattr(dt_util, "now", self._now)
        monkeypatch.setattr(event, "time_tracker_utcnow", self.utcnow)
        monkeypatch.setattr(event, "time_tracker_timestamp", lambda: self.utcnow().timestamp())
        monkeypatch.setattr(event, "time", SimpleNamespace(time=lambda: self.utcnow().timestamp()))

    def utcnow(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self._ahead

    def _now(self, time_zone: tzinfo | None = None) -> datetime:
        return self.utcnow().astimezone(time_zone or dt_util.get_default_time_zone())

    def move_to(self, time: datetime) -> None:
        """Show another time from now on."""
        self._ahead += time - self.utcnow()

    async def strikes(self, minutes: int) -> None:
        """Go on to the next full so many `minutes`, and let happen what happens then."""
        now = self.utcnow()
        await self.passes(timedelta(minutes=minutes - now.minute % minutes, seconds=1 - now.second))

    async def passes(self, time: timedelta) -> None:
        """Go on by so much, and let happen what happens then."""
        before = self.utcnow()
        self.move_to(before + time)
        # Which timers have run out by then is reckoned from the clock as it was.
        with patch.object(common, "time", SimpleNamespace(time=before.timestamp)):
            common.async_fire_time_changed(self._hass, self.utcnow())
        await self._hass.async_block_till_done()


async def use(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Let an automation of a blueprint run."""
    automation = {"use_blueprint": {"path": f"{name}.yaml", "input": inputs}}
    with patch.object(DomainBlueprints, "_load_blueprint", lambda self, path: load(FOLDER / path)):
        assert await async_setup_component(hass, "automation", {"automation": automation})
        await hass.async_block_till_done()
    (state,) = hass.states.async_all("automation")
    assert state.state == "on", "an automation that cannot be is unavailable"


async def end(hass: HomeAssistant) -> None:
    """Let no automation look at the clock any more."""
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


def gathers(hass: HomeAssistant) -> bool:
    """Whether the automation has begun, and waits."""
    (state,) = hass.states.async_all("automation")
    return bool(state.attributes["current"])


@asynccontextmanager
async def virtual_pack(hass: HomeAssistant) -> AsyncGenerator[PackCoordinator]:
    """Set up a virtual pack behind its real driver."""
    entry = make_entry(hass, {**pack_subentry(), "data": dict(VIRTUAL), "unique_id": "VIRTUAL-0001"})
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.believed.temperature_max is not None)
    yield pack
    assert await hass.config_entries.async_unload(entry.entry_id)


async def inject(hass: HomeAssistant, fault: str, value: float, **where: int) -> None:
    """Break something in the virtual pack, as a user does."""
    data = {"device_id": device_id(hass, PACK_ID), "fault": fault, "value": value, **where}
    await hass.services.async_call(DOMAIN, "inject_fault", data, blocking=True)


async def leases(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Return what is leased of the battery, by name."""
    return {lease["name"]: lease for lease in (await answer(hass, "get_leases", ENTRY_ID))["leases"]}
