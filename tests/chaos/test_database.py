"""The lock that the chaos puts on the recorder's database is a real one, and home_bms goes on beside it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from random import Random

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from .faults_ha import lock_database, unlock_database
from .house import Scene, house

LOCKED_FOR = 30.0
"""s of warped time: entities are told at the latest every 60 s, a pack that is worked with far more often."""


async def test_nothing_is_recorded_while_it_is_locked_and_all_of_it_afterwards(
    recorder_mock: Recorder, hass: HomeAssistant, tmp_path: Path
) -> None:
    async with house(hass, tmp_path, Scene.TCP, Random(1), recorder=True) as made:
        await async_wait_recording_done(hass)
        lock_database(made, Random(1))
        before, judged = rows(made.notes["database"]), made.coordinator.latest.decision.time
        await asyncio.sleep(LOCKED_FOR)
        assert made.coordinator.latest.decision.time > judged + LOCKED_FOR - 2
        assert made.coordinator.latest.believed.age < 2.5
        hass.states.async_set("input_number.told_while_locked", "1")
        assert rows(made.notes["database"]) == before
        unlock_database(made, Random(1))
        await async_wait_recording_done(hass)
        with sqlite3.connect(recorder_mock.db_url.removeprefix("sqlite:///").partition("?")[0]) as other:
            assert rows(other) > before
            told = "SELECT COUNT(*) FROM states_meta WHERE entity_id = 'input_number.told_while_locked'"
            assert other.execute(told).fetchone() == (1,)
        other.close()
        await hass.config_entries.async_unload(made.entry.entry_id)


def rows(database: sqlite3.Connection) -> int:
    """Return how many states are recorded."""
    (count,) = database.execute("SELECT COUNT(*) FROM states").fetchone()
    return int(count)
