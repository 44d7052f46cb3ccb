"""Other limits are tried over what the recorder and the black boxes have, and nothing is changed by that."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy.exc import SQLAlchemyError

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason
from custom_components.home_bms.core.replay import Event
from custom_components.home_bms.history import what_if
from custom_components.home_bms.history.what_if_table import event_facts

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until

LOWER = {"charge_current": 40}


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.fixture(autouse=True)
def apart(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path)


async def ask(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    answer: Any = await hass.services.async_call(
        DOMAIN, "what_if", {"device_id": device.id, "limits": LOWER, **data}, blocking=True, return_response=True
    )
    return {line["what"]: (line["present"], line["proposed"]) for line in answer["table"]} | {
        "events": answer["events"]
    }


async def recorded(hass: HomeAssistant, pack: PackCoordinator) -> dict[str, datetime]:
    """Let an hour and a half of the past be recorded, in the last of which 60 A were charged; return its ends."""
    await ticks(pack)
    end = dt_util.utcnow() - timedelta(minutes=20)
    begin = end - timedelta(minutes=90)
    for minute in range(90):
        at = (begin + timedelta(minutes=minute)).timestamp()
        for number in range(1, 17):
            volts = 3.30 + minute / 1000 + number % 3 / 1000
            hass.states.async_set(f"sensor.pack_1_cell_{number}", f"{volts:.3f}", timestamp=at)
        for number in range(1, 5):
            hass.states.async_set(f"sensor.pack_1_temperature_{number}", f"{20 + minute % 7 / 10}", timestamp=at)
        hass.states.async_set("sensor.pack_1_current", f"{60 + minute % 3 / 10 if minute >= 30 else 0}", timestamp=at)
    await async_wait_recording_done(hass)
    return {"from": begin, "to": end}


async def test_a_lower_limit_is_put_beside_the_present_one(
    recorder_mock: object, hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    span = await recorded(hass, pack)
    config = pack.config
    answer = await ask(hass, **span)
    assert answer["watched"][0] == answer["watched"][1] == pytest.approx(1.47, abs=0.03)
    assert answer["charge_lost"][0] == 0
    assert answer["charge_lost"][1] == pytest.approx(20.1 * 16 * 3.36 / 1000, rel=0.03)
    assert answer["charge_held"][1] == pytest.approx(1.0, abs=0.02)
    assert answer["trips"] == (0, 0)
    # What stood before the beginning is known from the beginning on.
    later = await ask(hass, **{**span, "from": span["from"] + timedelta(minutes=30, seconds=20)})
    assert later["watched"][0] == pytest.approx(0.96, abs=0.03)
    assert pack.config is config

    tight = await ask(hass, **span, limits={"cell_overvoltage_trip": 3.38, "cell_overvoltage_protect": 3.36,
                                            "cell_overvoltage_derate": 3.32, "cell_overvoltage_release": 3.33,
                                            "cell_voltage_full": 3.32})  # fmt: skip
    assert tight["trips"][1] >= 1
    (trip, *_) = [event for event in tight["events"]["proposed"] if event["level"] == "trip"]
    assert trip["protection"] == "cell_overvoltage"
    assert span["from"] < datetime.fromisoformat(trip["time"]) < span["to"]

    with pytest.raises(ServiceValidationError, match="cell_overvoltage_trip"):
        await ask(hass, **span, limits={"cell_overvoltage_trip": 9.0})
    with pytest.raises(ServiceValidationError, match="nonsense"):
        await ask(hass, **span, limits={"nonsense": 9.0})
    with pytest.raises(ServiceValidationError, match="from cannot be"):
        await ask(hass, **{"from": span["to"] - timedelta(days=100), "to": span["to"]})
    with pytest.raises(HomeAssistantError, match="Nothing of this pack"):
        await ask(hass, **{"from": span["from"] - timedelta(days=3), "to": span["from"] - timedelta(days=2)})


async def test_a_database_that_breaks_and_a_second_call_are_told(
    recorder_mock: object,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def broken(*_: Any) -> list[Any]:
        asked.set()
        await go_on.wait()
        raise SQLAlchemyError("the disk is gone")

    monkeypatch.setattr(what_if, "async_read_rows", broken)
    span = {"from": dt_util.utcnow() - timedelta(hours=1)}
    first = hass.async_create_task(ask(hass, **span))
    await asked.wait()
    with pytest.raises(HomeAssistantError, match="still running"):
        await ask(hass, **span)
    go_on.set()
    with pytest.raises(HomeAssistantError, match="the disk is gone"):
        await first


async def test_a_black_box_is_gone_through_again(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.cells = [3.40] * 15 + [3.70]
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    await ticks(pack, 5)
    await pack.async_stop()
    name = (await pack.black_boxes.async_list())[0].name
    answer = await ask(hass, black_box=name, limits={"charge_current": 100})
    assert answer["trips"] == (1, 1)
    assert answer["events"]["present"][0]["cell"] == 16
    assert datetime.fromisoformat(answer["events"]["present"][0]["time"]).year >= 2026
    with pytest.raises(ServiceValidationError, match="no black box"):
        await ask(hass, black_box="../secret")
    (pack.black_boxes.folder / name).write_bytes(b"torn")
    with pytest.raises(HomeAssistantError, match="cannot be read"):
        await ask(hass, black_box=name)


@pytest.mark.parametrize(
    ("state", "value"),
    [("3.301", 3.301), ("unavailable", None), (None, None), ("nan", None), ("-inf", None), ("1e400", None)],
)
def test_what_is_no_number_is_not_known(state: str | None, value: float | None) -> None:
    time = dt_util.utcnow()
    row = (time, "sensor.pack_1_cell_1", "Pack 1", "cell_1", "V", state)
    assert what_if.told(row) == (time.timestamp(), "cell_1", value)


def test_what_was_never_heard_is_told_without_its_infinite_age() -> None:
    reason = Reason(rule="data_missing", value=inf, threshold=10.0)
    alarm = Alarm(key="data_missing", level=Level.PROTECT, flow=Flow.BOTH, reason=reason)
    event = Event(time=1.0, was=Level.OK, level=Level.PROTECT, recorded=None, alarm=alarm)
    facts = event_facts(event, 1.0)
    assert (facts["value"], facts["threshold"]) == (None, 10.0)


async def test_it_must_be_said_what_to_go_through(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with pytest.raises(ServiceValidationError, match="black box"):
        await ask(hass)
