"""Home Assistant's recorder on PostgreSQL keeps what the entities showed, and goes on with it after a restart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import States, StatesMeta
from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
    validate_statistics,
)
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_test_home_assistant
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components import home_bms
from custom_components.home_bms import publish, supervisor
from custom_components.home_bms.helpers import pack_config

from ..ha.conftest import VIRTUAL, make_entry, pack_subentry, set_up, until

ENOUGH = 30
"""Changes of states that are a while, after all that the entities show at first."""
PERIOD = timedelta(minutes=5)


class Row(NamedTuple):
    """One row of the table of states."""

    state: str | None
    time: float


type Rows = dict[str, list[Row]]
type Statistics = dict[str, dict[str, Any]]
type RunRecorder = Callable[[HomeAssistant], AbstractAsyncContextManager[Recorder]]


@pytest.fixture
def auto_enable_custom_integrations() -> None:
    """Nothing: these tests start Home Assistant themselves, after the database."""


@pytest.fixture
def recorder_db_url(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> str:
    """Return where the recorder keeps everything."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'home.db'}"
    return request.getfixturevalue("postgres").new_database()


def counted(shown: Rows) -> list[float]:
    """Return the last kWh in and out that were shown; 0 is none yet."""
    return [
        (_number(rows[-1].state) if rows else None) or 0.0
        for rows in (shown.get(f"sensor.home_battery_energy_{way}") for way in ("charged", "discharged"))
    ]


class Life:
    """Home Assistant from one start to its end, and what its entities showed meanwhile."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.shown: Rows = defaultdict(list)
        self.began = dt_util.utcnow()
        hass.bus.async_listen("state_changed", self._listen)

    @callback
    def _listen(self, event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            self.shown[state.entity_id].append(Row(state.state, state.last_updated_timestamp))

    @property
    def changes(self) -> int:
        """How often anything has changed after it was first shown."""
        return sum(len(rows) - 1 for rows in self.shown.values())

    @property
    def counters(self) -> list[float]:
        """What the counters of energy stand at; whether they move in so short a life is the simulated sun's matter."""
        return counted(self.shown)

    async def recorded(self, since: datetime | None = None) -> Rows:
        """Return what stands in the database of this life, or of more."""
        await async_wait_recording_done(self.hass)
        return await self.ask(_recorded, self.hass, (since or self.began).timestamp())

    async def statistics(self, time: datetime) -> Statistics:
        """Return the statistics of the five minutes in which a time lies."""
        await async_wait_recording_done(self.hass)
        begin, values = _begin(time), {"mean", "min", "max", "state", "sum"}
        found = await self.ask(
            statistics_during_period, self.hass, begin, begin + PERIOD, None, "5minute", None, values
        )
        return {entity: rows[0] for entity, rows in found.items()}

    async def issues(self) -> dict[str, Any]:
        """Return what Home Assistant finds wrong with the statistics of what is measured."""
        found = await self.ask(validate_statistics, self.hass)
        return {entity: issues for entity, issues in found.items() if entity in self.measured}

    async def ask(self, question: Callable[..., Any], *values: Any) -> Any:
        """Ask the database, beside the event loop."""
        return await get_instance(self.hass).async_add_executor_job(question, *values)

    @property
    def measured(self) -> dict[str, State]:
        """Return the entities of which there are statistics, if they show a number."""
        states = [state for state in self.hass.states.async_all("sensor") if state.attributes.get("state_class")]
        return {state.entity_id: state for state in states if _number(state.state) is not None}


def _recorded(hass: HomeAssistant, since: float) -> Rows:
    rows: Rows = defaultdict(list)
    with session_scope(hass=hass, read_only=True) as session:
        found = (
            session.query(StatesMeta.entity_id, States.state, States.last_updated_ts)
            .join(StatesMeta, States.metadata_id == StatesMeta.metadata_id)
            .where(States.last_updated_ts >= since)
            .order_by(States.last_updated_ts)
        )
        for entity_id, state, time in found:
            rows[entity_id].append(Row(state, time))
    return rows


@asynccontextmanager
async def life(run: RunRecorder) -> AsyncGenerator[Life]:
    """Start Home Assistant with a virtual pack, and let it live for a while."""
    async with async_test_home_assistant() as hass, run(hass):
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        lived = Life(hass)
        entry = make_entry(hass, pack_subentry(**{**VIRTUAL, "speed": 60.0}))
        try:
            await set_up(hass, entry)
            await until(lambda: lived.changes >= ENOUGH, 60)
            # From now on nothing changes any more, so that all that was shown can be compared with all that is kept.
            await entry.runtime_data.async_stop()
            await hass.async_block_till_done()
            yield lived
        finally:
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
            await hass.async_stop(force=True)


@pytest.fixture
def as_if_hours_went_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let limits rise at once, look often, and tell at each look what is told every ten seconds at most."""
    monkeypatch.setattr(home_bms, "pack_config", lambda data: replace(pack_config(data), ramp_hold=0.0, ramp_rate=0.1))
    monkeypatch.setattr(supervisor, "POLL_PERIOD", 0.25)
    monkeypatch.setattr(publish, "due", lambda told, now: True)
    # The harness has every question to the database told in the log.
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


async def kept(lived: Life) -> tuple[Rows, Statistics]:
    """Return what is kept of a life, which is what was shown in it."""
    rows = await lived.recorded()
    # Each change is one row, neither more nor less, whatever the engine: so are the rows of an hour.
    assert rows == lived.shown
    assert sum(map(len, rows.values())) >= ENOUGH + len(rows)
    assert rows.keys() >= {"sensor.pack_1_voltage", "sensor.pack_1_state_of_charge", "sensor.home_battery_power"}
    do_adhoc_statistics(lived.hass, start=_begin(lived.began))
    statistics = await lived.statistics(lived.began)
    await hold_against(lived, statistics)
    return rows, statistics


@pytest.mark.usefixtures("as_if_hours_went_by")
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_sqlite_keeps_what_was_shown(async_test_recorder: RunRecorder) -> None:
    async with life(async_test_recorder) as lived:
        await kept(lived)


@pytest.mark.usefixtures("as_if_hours_went_by")
@pytest.mark.parametrize("engine", ["postgresql"])
async def test_postgresql_keeps_what_was_shown_and_goes_on_after_a_restart(async_test_recorder: RunRecorder) -> None:
    async with life(async_test_recorder) as first:
        rows, statistics = await kept(first)

    async with life(async_test_recorder) as second:
        now = await second.recorded(first.began)
        assert {entity: found[: len(rows[entity])] for entity, found in now.items() if entity in rows} == rows
        assert {
            entity: row for entity, row in (await second.statistics(first.began)).items() if entity in statistics
        } == statistics
        # The counters go on, and the statistics take them for the same.
        assert all(after >= before for before, after in zip(counted(rows), second.counters, strict=True))
        assert not await second.issues()


async def hold_against(lived: Life, statistics: Statistics) -> None:
    """Hold statistics against what the entities showed, and what they are said to be."""
    about = await lived.ask(lambda: get_metadata(lived.hass))
    measured = lived.measured
    assert len(measured) > 30
    assert set(measured) <= set(about)
    for entity, state in measured.items():
        _, metadata = about[entity]
        assert metadata["unit_of_measurement"] == state.attributes.get("unit_of_measurement"), entity
        assert metadata["has_sum"] == (state.attributes["state_class"] in ("total", "total_increasing")), entity
    assert not await lived.issues()

    end = (_begin(lived.began) + PERIOD).timestamp()
    for entity in measured.keys() & statistics.keys():
        shown = [value for row in lived.shown[entity] if row.time < end and (value := _number(row.state)) is not None]
        row = statistics[entity]
        if not shown:
            continue
        if (least := row.get("min")) is not None:
            assert (least, row["max"]) == pytest.approx((min(shown), max(shown))), entity
            assert min(shown) - 1e-6 <= row["mean"] <= max(shown) + 1e-6, entity
        elif row.get("state") is not None:
            assert row["state"] == pytest.approx(shown[-1]), entity


def _begin(time: datetime) -> datetime:
    """Return when the five minutes began in which a time lies."""
    return time.replace(minute=time.minute - time.minute % 5, second=0, microsecond=0)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
