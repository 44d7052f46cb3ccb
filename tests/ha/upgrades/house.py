"""A Home Assistant as an earlier version has left it behind, from the files in `tests/fixtures/upgrades`."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import HardwareRing

from ..blueprint_house import Wall
from ..conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks
from ..inverter_house import INVERTER_ID, gx, house

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "upgrades"
FORMATS: Final = ("first", "protections", "learned", "several", "rooms")
"""Each adds something to the one before; the folder's own page says what, and how it was written."""
OTHER_ID: Final = "01PACK0000000000000000000B"
KEY: Final = f"{DOMAIN}.{ENTRY_ID}"
LEARNED: Final = f"{KEY}.learned"
# s between the last write of the earlier version and the start of this one.
GAP: Final = 60.0


@dataclass
class Past:
    """A Home Assistant as an earlier version has left it behind."""

    entry: MockConfigEntry
    storage: dict[str, Any]
    entities: dict[str, dict[str, str]]

    @property
    def data(self) -> dict[str, Any]:
        """What it has kept of the system."""
        found: dict[str, Any] = self.storage["data"]
        return found

    def kept(self, pack_id: str) -> dict[str, Any]:
        """What it has kept of a pack."""
        found: dict[str, Any] = self.data["packs"][pack_id]
        return found

    def pack(self, pack_id: str = PACK_ID) -> PackCoordinator:
        """The pack as it is now."""
        found: PackCoordinator = self.entry.runtime_data.packs[pack_id]
        return found


def read(name: str, file: str) -> Any:
    """Return a file of a format."""
    path = FOLDER / name / file
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_text())


def issues(hass: HomeAssistant) -> set[str | None]:
    """Return what people are asked to look at."""
    return {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}


def two_packs() -> list[ScriptedDriver]:
    """Return the two packs that all formats were written with."""
    first, second = ScriptedDriver(), ScriptedDriver("JK-0002")
    ring = HardwareRing(cell_overvoltage=3.7, cell_undervoltage=2.45)
    first.identity = replace(first.identity, cells=4, temperature_sensors=3, hardware_ring=ring)
    first.cells, first.temperatures = [3.3] * 4, [25.0] * 3
    second.identity = replace(second.identity, cells=10, temperature_sensors=2)
    second.cells, second.temperatures = [3.3] * 10, [25.0] * 2
    return [first, second]


@asynccontextmanager
async def left_behind(
    hass: HomeAssistant, name: str, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Past]:
    """Put back what the version of this format has left behind, a minute later."""
    made = read(name, "entry.json")
    async with house(gx(), 100) as home:
        for subentry in made["subentries"]:
            if subentry["subentry_id"] == INVERTER_ID:
                subentry["data"]["port"] = home.port
        entry = MockConfigEntry(domain=DOMAIN, entry_id=ENTRY_ID, subentries_data=made.pop("subentries"), **made)
        entry.add_to_hass(hass)
        storage, entities = read(name, "storage.json"), read(name, "entities.json")
        hass_storage[KEY] = deepcopy(storage)
        if (FOLDER / name / "learned.json.gz").exists():
            hass_storage[LEARNED] = read(name, "learned.json.gz")
        registry = er.async_get(hass)
        for platform, known in entities.items():
            for unique_id, entity_id in known.items():
                subentry_id = next((key for key in entry.subentries if unique_id.startswith(key)), None)
                registry.async_get_or_create(
                    platform,
                    DOMAIN,
                    unique_id,
                    config_entry=entry,
                    config_subentry_id=subentry_id,
                    object_id_base=entity_id,
                )
        Wall(hass, monkeypatch).move_to(datetime.fromtimestamp(storage["data"]["saved_at"] + GAP, UTC))
        yield Past(entry, storage, entities)
        if entry.state is ConfigEntryState.LOADED:
            assert await hass.config_entries.async_unload(ENTRY_ID)


async def start(hass: HomeAssistant, past: Past) -> None:
    """Start this version, which must succeed, and let it look at both packs."""
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert past.entry.state is ConfigEntryState.LOADED
    for pack_id in (PACK_ID, OTHER_ID):
        await ticks(past.pack(pack_id))
