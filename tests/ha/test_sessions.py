"""Sessions and extremes reach sensors, an event, an action and the disk, and all that trends has statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.home_bms import sensor
from custom_components.home_bms.can import sensors as can_sensors
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.history import bin_of
from custom_components.home_bms.core.past import BINS, Extremes, History, Mark, Session, Sessions, Way
from custom_components.home_bms.history.sensors import HISTORY_SENSORS
from custom_components.home_bms.inverters import sensors as inverter_sensors
from custom_components.home_bms.leases import sensors as lease_sensors
from custom_components.home_bms.programmes import sensors as programme_sensors

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until

CLOCK = 1_790_000_000.0
EVENT = "event.pack_1_session"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.EVENT]


def session(way: Way, *, efficiency: float | None = None) -> Session:
    start = Mark(
        clock=CLOCK, soc=20.0, stored=2000.0, charge_in=100.0, charge_out=90.0, energy_in=5300.0, energy_out=4600.0
    )
    end = replace(
        start, clock=CLOCK + 7200, soc=80.0, charge_in=260.0, charge_out=92.0, energy_in=14000.0, energy_out=4700.0
    )
    peaks = (3.4567, 3.2, 28.0, 21.5, 95.04, 12.0, 0.0214)
    return Session(
        way=way,
        start=start,
        end=end,
        seconds=7200.0,
        peaks=peaks,
        limits=(("temperature", 600.0),),
        efficiency=efficiency,
    )


def lived(*done: Session) -> History:
    exposure = [0.0] * BINS
    exposure[bin_of(55, 25)] = 7200.0
    exposure[bin_of(95, 55)] = 1800.0
    return History(
        today=Extremes(
            values=(3.4, None, None, None, None, None, None), at=(CLOCK,) + (None,) * 6, places=(0,) + (None,) * 6
        ),
        ever=Extremes(
            values=(3.61, 2.87, 51.0, -4.0, 120.0, 130.0, 0.31),
            at=(CLOCK,) * 7,
            places=(6, 2, 1, 0, None, None, 6),
        ),
        sessions=Sessions(done=done, ended=len(done), open=None),
        exposure=tuple(exposure),
    )


async def live(hass: HomeAssistant, pack: PackCoordinator, history: History) -> None:
    """Put a past into a pack; what is measured from now on adds to it."""
    pack.supervisor.state = replace(pack.supervisor.state, history=history)
    await ticks(pack)
    pack.async_set_updated_data(pack.latest)
    await hass.async_block_till_done()


def state(hass: HomeAssistant, name: str) -> Any:
    found = hass.states.get(f"sensor.pack_1_{name}")
    assert found is not None
    return found


async def test_the_sensors_tell_the_last_sessions_and_the_extremes_of_a_life(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    assert state(hass, "energy_of_the_last_charge").state == "unknown"
    await live(hass, pack, lived(session(Way.CHARGE), session(Way.DISCHARGE, efficiency=94.26), session(Way.CHARGE)))
    charge = state(hass, "energy_of_the_last_charge")
    assert (charge.state, charge.attributes["unit_of_measurement"]) == ("8.7", "kWh")
    assert charge.attributes["limited_minutes"] == {"temperature": 10.0}
    assert charge.attributes["minutes"] == 120
    assert charge.attributes["start"].startswith("2026-09")
    assert state(hass, "energy_of_the_last_discharge").state == "0.1"
    assert state(hass, "efficiency_of_the_last_cycle").state == "94.3"
    high = state(hass, "highest_cell_voltage_ever")
    assert (high.state, high.attributes["cell"]) == ("3.61", 7)
    assert high.attributes["at"] == charge.attributes["start"]
    assert state(hass, "highest_temperature_ever").attributes["sensor"] == 2
    assert hass.states.get("sensor.pack_1_highest_cell_voltage_today") is None


async def test_the_end_of_a_session_is_an_event_once(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    events = async_capture_events(hass, "state_changed")
    history = lived(session(Way.CHARGE))
    await live(hass, pack, replace(history, sessions=replace(history.sessions, ended=1)))
    await until(lambda: hass.states.get(EVENT).attributes.get("event_type") == "charge")  # type: ignore[union-attr]
    await ticks(pack)
    told = [event.data["new_state"] for event in events if event.data["entity_id"] == EVENT]
    assert len(told) == 1
    assert told[0].attributes["energy_charged"] == 8.7
    assert told[0].attributes["charge_current"] == 95.0


async def test_what_is_taken_over_is_no_event(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await ticks(pack)
    device = {"device_id": _device(hass)}
    answer = await hass.services.async_call(DOMAIN, "export_learned", device, blocking=True, return_response=True)
    assert answer is not None
    learned: Any = answer["learned"]
    assert learned["history"]["exposure"]
    learned["history"]["sessions"]["ended"] = 7
    learned["history"]["ever"]["values"][0] = 3.6
    events = async_capture_events(hass, "state_changed")
    await hass.services.async_call(DOMAIN, "import_learned", device | {"learned": learned}, blocking=True)
    await ticks(pack)
    assert pack.latest.history.sessions.ended == 7
    assert pack.latest.history.ever.values[0] == 3.6
    assert not [event for event in events if event.data["entity_id"] == EVENT]


def _device(hass: HomeAssistant) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    return device.id


async def test_the_action_answers_with_all_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    running = session(Way.DISCHARGE)
    history = lived(session(Way.CHARGE), session(Way.DISCHARGE, efficiency=93.0))
    await live(hass, pack, replace(history, sessions=replace(history.sessions, open=running)))
    answer: Any = await hass.services.async_call(
        DOMAIN, "get_sessions", {"device_id": _device(hass)}, blocking=True, return_response=True
    )
    assert [each["way"] for each in answer["sessions"]] == ["discharge", "charge"]
    assert answer["sessions"][0]["efficiency"] == 93.0
    assert answer["sessions_ever"] == 2
    assert answer["session_now"]["way"] == "discharge"
    assert answer["ever"]["cell_low"]["value"] == 2.87
    assert answer["ever"]["cell_low"]["cell"] == 3
    assert answer["ever"]["spread"]["value"] == 0.31
    assert answer["today"]["cell_high"]["cell"] >= 1
    assert {"soc_from": 50.0, "soc_to": 60.0, "temperature_from": 20.0, "temperature_to": 30.0, "hours": 2.0} in answer[
        "exposure"
    ]
    assert answer["exposure"][-1] == {
        "soc_from": 90.0, "soc_to": 100.0, "temperature_from": 50.0, "temperature_to": None, "hours": 0.5,
    }  # fmt: skip


async def test_it_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    await live(hass, pack, lived(session(Way.CHARGE)))
    before = pack.latest.history
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    after = entry.runtime_data.packs[PACK_ID].latest.history
    assert after.sessions.done == before.sessions.done
    assert after.ever == before.ever
    assert sum(after.exposure) >= sum(before.exposure) > 0
    assert after.day == before.day


# --- statistics -----------------------------------------------------------------------------------------------------

# Numbers with a unit and without statistics, and why.
NO_TREND = {
    "data_age": "it is an alarm's evidence, and starts again with each reading",
    "reserve": "it is what somebody asks for, and stands until somebody else does",
    "since_full": "it grows by itself",
}
# Totals of which a drop is a correction and no new beginning, and why.
MAY_FALL = {"cycles": "who learns that a pack holds more knows that it went through fewer"}


def described() -> Iterator[SensorEntityDescription]:
    """Yield every sensor's description that home_bms has, of all kinds of devices."""
    for module in (sensor, can_sensors, inverter_sensors, lease_sensors, programme_sensors):
        for value in vars(module).values():
            if isinstance(value, SensorEntityDescription):
                yield value
            elif isinstance(value, tuple):
                yield from (part for part in value if isinstance(part, SensorEntityDescription))
    yield from HISTORY_SENSORS


@pytest.mark.parametrize("description", {each.key: each for each in described()}.values(), ids=lambda each: each.key)
def test_every_number_has_what_statistics_need(description: SensorEntityDescription) -> None:
    """Home Assistant compiles none where class, unit and state class do not fit."""
    kind, unit, trend = description.device_class, description.native_unit_of_measurement, description.state_class
    if kind in (SensorDeviceClass.ENUM, SensorDeviceClass.TIMESTAMP, SensorDeviceClass.DATE):
        assert trend is None
        return
    if unit is not None:
        assert trend is not None or description.key in NO_TREND
    if trend is not None and kind is not None:
        assert trend in DEVICE_CLASS_STATE_CLASSES[kind]
    if kind is not None:
        assert unit in DEVICE_CLASS_UNITS[kind]
    if trend is SensorStateClass.TOTAL:
        assert description.key in MAY_FALL, "what can only grow says so, and a drop of it then is a new beginning"


def test_what_has_no_trend_is_a_sensor_that_exists() -> None:
    assert set(NO_TREND) <= {each.key for each in described() if each.state_class is None}
    assert set(MAY_FALL) <= {each.key for each in described() if each.state_class is SensorStateClass.TOTAL}
