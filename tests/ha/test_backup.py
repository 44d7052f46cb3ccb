"""A backup of Home Assistant holds what home_bms knows at that moment: its stores, learned data and records."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.backup import DATA_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.backup import async_post_backup, async_pre_backup
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, set_up
from .lessons import live, teach

STORE = f"{DOMAIN}.{ENTRY_ID}"
# The fixtures of Home Assistant keep stores in memory; this one is to reach the disk.
REAL_WRITE = Store._async_write_data


async def test_what_is_written_later_is_on_the_disk_before_a_backup_begins(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    live(pack, energy_in=12345.0)
    teach(pack)
    assert hass_storage[STORE]["data"]["packs"][PACK_ID]["estimate"]["energy_in"] != pytest.approx(12345, abs=1)
    await async_pre_backup(hass)
    assert hass_storage[STORE]["data"]["packs"][PACK_ID]["estimate"]["energy_in"] == pytest.approx(12345, abs=1)
    assert hass_storage[f"{STORE}.learned"]["data"]["packs"][PACK_ID] is not None
    await async_post_backup(hass)


async def test_a_backup_made_by_home_assistant_holds_state_learned_data_and_records(
    hass: HomeAssistant, tmp_path: Path, driver: ScriptedDriver, scripted: None
) -> None:
    hass.config.config_dir = str(tmp_path)
    entry = make_entry(hass)
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    record = tmp_path / DOMAIN / "black_box" / "record.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{}")
    live(pack, energy_in=12345.0)
    teach(pack)

    with patch.object(Store, "_async_write_data", REAL_WRITE):
        await hass.data[DATA_MANAGER].async_create_backup(
            agent_ids=["backup.local"],
            include_addons=None,
            include_all_addons=False,
            include_database=False,
            include_folders=None,
            include_homeassistant=True,
            name="Test",
            password=None,
        )
    (file,) = (tmp_path / "backups").glob("*.tar")
    held = held_by(file)
    state = json.loads(held[f"data/.storage/{STORE}"])
    assert state["data"]["packs"][PACK_ID]["estimate"]["energy_in"] == pytest.approx(12345, abs=1)
    learned = json.loads(held[f"data/.storage/{STORE}.learned"])
    assert learned["data"]["packs"][PACK_ID] is not None
    assert f"data/{DOMAIN}/black_box/record.json" in held


def held_by(file: Path) -> dict[str, bytes]:
    """Return the files of Home Assistant's configuration in a backup."""
    with tarfile.open(file) as backup:
        inner = backup.extractfile(next(name for name in backup.getnames() if "homeassistant" in name))
        with tarfile.open(fileobj=inner, mode="r:gz") as config:
            return {
                member.name.removeprefix("./"): found.read()
                for member in config.getmembers()
                if (found := config.extractfile(member)) is not None
            }
