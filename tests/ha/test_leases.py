"""What automations lease of a battery counts, is seen, survives a restart, and ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.lease_times import Now
from custom_components.home_bms.leases import keeper as lease_keeper
from custom_components.home_bms.system_coordinator import SystemCoordinator

from .conftest import (
    ENTRY_ID,
    PACK_ID,
    VIRTUAL,
    ScriptedDriver,
    lost,
    make_entry,
    nimble,
    pack_subentry,
    set_up,
    ticks,
    until,
)
from .test_services import answer, call

LEASE = "sensor.home_battery_lease_in_force"
UNTIL = "sensor.home_battery_lease_until"
SETPOINT = "sensor.home_battery_set_point"
RESERVE = "sensor.home_battery_reserve_in_force"
NUMBER = "number.home_battery_reserve"
EVENT = "event.home_battery_lease"
STORE = f"{DOMAIN}.{ENTRY_ID}"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT, Platform.NUMBER, Platform.SENSOR]


@pytest.fixture
async def entry(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> MockConfigEntry:
    entry = make_entry(hass)
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
    return entry


@pytest.fixture
async def system(entry: MockConfigEntry, pack: PackCoordinator) -> SystemCoordinator:
    """Return a battery that permits all of its 140 A in both directions."""
    system: SystemCoordinator = entry.runtime_data.system
    await until(lambda: limits(system) == (140, 140))
    return system


@pytest.fixture
def happened(hass: HomeAssistant) -> list[tuple[str, str]]:
    """Return what the event entity tells, as it does."""
    told: list[tuple[str, str]] = []
    known: set[tuple[Any, ...]] = set()

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] != EVENT or state is None or "owner" not in state.attributes:
            return
        row = (state.state, *[state.attributes.get(name) for name in ("event_type", "owner", "part")])
        if row not in known:
            # A restart brings the last one back, with its time.
            known.add(row)
            told.append((state.attributes["event_type"], state.attributes["owner"]))

    hass.bus.async_listen("state_changed", hear)
    return told


def limits(system: SystemCoordinator) -> tuple[float, float]:
    decision = system.async_combine()
    return decision.ccl.value, decision.dcl.value


def shown(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return dict(state.attributes)


def later(**by: float) -> Any:
    """Put the clock on the wall forward for the leases."""
    now = lease_keeper.wall_clock()
    return patch.object(
        lease_keeper, "wall_clock", return_value=Now(now.time + timedelta(**by).total_seconds(), now.offset)
    )


async def test_a_set_point_with_limits_and_a_reserve_counts_at_once_and_is_seen(
    hass: HomeAssistant, system: SystemCoordinator, happened: list[tuple[str, str]]
) -> None:
    assert (shown(hass, LEASE), shown(hass, SETPOINT), shown(hass, RESERVE)) == ("none", "unknown", "0.0")
    await call(
        hass,
        "request_power",
        ENTRY_ID,
        owner="Night tariff",
        reason="Cheap",
        power=-2000,
        charge_current=20,
        discharge_current=10,
        reserve=30,
        duration="01:00:00",
    )
    await hass.async_block_till_done()
    assert limits(system) == (20, 10)
    assert system.async_combine().ccl.reason.rule == "leased"
    # 10 A at 52.8 V are less than what was asked.
    assert system.setpoint == pytest.approx(-528)
    assert (shown(hass, LEASE), float(shown(hass, SETPOINT))) == ("Night tariff", -528)
    assert float(shown(hass, RESERVE)) == 30
    end = dt_util.parse_datetime(shown(hass, UNTIL))
    assert end is not None
    assert abs(end - dt_util.utcnow() - timedelta(hours=1)) < timedelta(minutes=1)
    details = attributes(hass, LEASE)
    assert {ask["part"]: ask["value"] for ask in details["asks"]} == {
        "power": -2000,
        "charge_current": 20,
        "discharge_current": 10,
        "reserve": 30,
    }
    assert {(ask["owner"], ask["name"], ask["reason"]) for ask in details["asks"]} == {
        ("Night tariff", "power", "Cheap")
    }
    assert attributes(hass, SETPOINT)["owner"] == "Night tariff"
    await until(lambda: happened == [("begun", "Night tariff")])


async def test_a_lease_while_control_is_not_allowed_is_shown_as_what_would_be(
    hass: HomeAssistant, entry: MockConfigEntry, system: SystemCoordinator
) -> None:
    await call(hass, "hold_reserve", ENTRY_ID, owner="Storm", reserve=80, duration="01:00:00")
    await hass.async_block_till_done()
    assert attributes(hass, LEASE)["acting"] is False
    await entry.runtime_data.async_allow_control(True)
    await hass.async_block_till_done()
    assert attributes(hass, LEASE)["acting"] is True


async def test_a_reserve_ends_discharging_and_leaves_charging_alone(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    # The scripted pack holds 60 %.
    await call(hass, "hold_reserve", PACK_ID, owner="Storm", reserve=80, charge_to=90, duration={"days": 3})
    assert limits(system) == (140, 0)
    reason = system.async_combine().dcl.reason
    assert (reason.rule, reason.threshold) == ("soc_window", 80)
    assert system.setpoint == pytest.approx(140 * 52.8)
    await call(hass, "release", ENTRY_ID, owner="Storm")
    await until(lambda: limits(system) == (140, 140))
    assert system.setpoint is None


async def test_charging_to_a_time_is_spread_until_then(hass: HomeAssistant, system: SystemCoordinator) -> None:
    ready = dt_util.now() + timedelta(hours=10)
    await call(
        hass,
        "hold_reserve",
        ENTRY_ID,
        owner="Storm",
        reserve=10,
        charge_to=80,
        ready_by=str(ready),
        duration="12:00:00",
    )
    assert system.setpoint == pytest.approx(20 * 2.8 * 52.8 / 9, rel=0.05)


async def test_the_strictest_counts_and_who_is_overridden_is_told(
    hass: HomeAssistant, system: SystemCoordinator, happened: list[tuple[str, str]]
) -> None:
    await call(hass, "request_power", owner="Tariff", power=1000, charge_power=2000, duration="01:00:00")
    await call(hass, "request_power", owner="Grid", power=-500, charge_power=0, priority=90, duration="00:30:00")
    await hass.async_block_till_done()
    assert limits(system)[0] == 0
    assert system.setpoint == -500
    details = attributes(hass, LEASE)
    assert {(lost["part"], lost["owner"], lost["by"]) for lost in details["overridden"]} == {
        ("charge_power", "Tariff", "Grid"),
        ("power", "Tariff", "Grid"),
    }
    assert shown(hass, LEASE) == "Grid"
    await until(lambda: happened[-2:] == [("overridden", "Tariff")] * 2)
    assert attributes(hass, EVENT)["by"] == "Grid"
    told = await answer(hass, "get_leases", ENTRY_ID)
    assert [lease["owner"] for lease in told["leases"]] == ["Grid", "Tariff"]
    assert (told["setpoint"], told["reserve"], told["acting"]) == (-500, 0, False)
    assert told["leases"][1]["charge_power"] == 2000
    assert told["leases"][1]["in_force"] is True


async def test_what_is_released_and_what_ends_is_told_apart(
    hass: HomeAssistant, pack: PackCoordinator, system: SystemCoordinator, happened: list[tuple[str, str]]
) -> None:
    await call(hass, "request_power", owner="Short", discharge_power=0, duration="00:01:00")
    await call(hass, "request_power", owner="Long", discharge_power=100, duration="01:00:00")
    await call(hass, "request_power", owner="Long", name="other", charge_power=100, duration="01:00:00")
    told = await answer(hass, "release", ENTRY_ID, owner="Long", name="other")
    assert told == {"released": 1}
    await until(lambda: ("released", "Long") in happened)
    with later(minutes=2):
        await until(lambda: ("ended", "Short") in happened)
        await until(lambda: shown(hass, LEASE) == "Long")
        assert [lease.owner for lease in system.leases.book.leases] == ["Long"]
    await call(hass, "release", ENTRY_ID)
    assert system.leases.book.leases == ()


async def test_a_schedule_comes_round_at_its_hour_of_the_clock_on_the_wall(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    start = dt_util.now() + timedelta(hours=2)
    last = (start + timedelta(days=30)).date()
    await call(
        hass,
        "request_power",
        ENTRY_ID,
        owner="Night tariff",
        power=500,
        start=start.replace(tzinfo=None).isoformat(),
        duration="03:00:00",
        days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        last_day=last.isoformat(),
    )
    assert system.setpoint is None
    for hours, wanted in ((2.5, 500), (5.5, None), (24 * 3 + 2.5, 500), (24 * 3 + 5.5, None), (24 * 40 + 2.5, None)):
        with later(hours=hours):
            system.async_combine()
            assert system.setpoint == wanted, hours
    told = await answer(hass, "get_leases", ENTRY_ID)
    assert told["leases"] == []


async def test_a_plan_for_later_is_told_and_does_nothing_yet(hass: HomeAssistant, system: SystemCoordinator) -> None:
    start = dt_util.now() + timedelta(hours=2)
    end = start + timedelta(hours=1)
    await call(
        hass,
        "request_power",
        ENTRY_ID,
        owner="Tariff",
        charge_to=90,
        ready_by=str(end),
        start=str(start),
        end=str(end),
        days=["mon", "sun"],
    )
    (plan,) = (await answer(hass, "get_leases", ENTRY_ID))["leases"]
    assert (plan["in_force"], plan["days"], plan["charge_to"]) == (False, ["mon", "sun"], 90)
    assert plan["ready_by"] == plan["end"]
    assert plan["last_day"] > plan["start"]
    assert shown(hass, LEASE) == "none"


async def test_leases_and_the_reserve_survive_a_restart_and_are_no_news_afterwards(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    system: SystemCoordinator,
    happened: list[tuple[str, str]],
    hass_storage: dict[str, Any],
) -> None:
    await call(hass, "hold_reserve", ENTRY_ID, owner="Storm", reserve=80, duration={"days": 2})
    await call(hass, "request_power", ENTRY_ID, owner="Short", power=100, duration="00:01:00")
    await hass.services.async_call("number", "set_value", {"entity_id": NUMBER, "value": 15}, blocking=True)
    await until(lambda: len(happened) == 2)
    kept = hass_storage[STORE]["data"]["system"]["leases"]
    assert {lease["owner"] for lease in kept["leases"]} == {"Storm", "Short"}

    assert await hass.config_entries.async_unload(entry.entry_id)
    happened.clear()
    with later(minutes=5), patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
        again: SystemCoordinator = entry.runtime_data.system
        assert again is not system
        await ticks(entry.runtime_data.packs[PACK_ID])
        assert [lease.owner for lease in again.leases.book.leases] == ["Storm"]
        assert limits(again)[1] == 0
        assert (shown(hass, LEASE), float(shown(hass, NUMBER)), float(shown(hass, RESERVE))) == ("Storm", 15, 80)
        assert happened == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda kept: kept["leases"][0].update(reserve="much"), id="no number"),
        pytest.param(lambda kept: kept["leases"][0].update(reserve=300), id="out of range"),
        pytest.param(lambda kept: kept.update(leases={}), id="no list"),
    ],
)
async def test_a_reserve_that_cannot_be_read_back_is_declared_lost_and_not_taken_for_none(
    hass: HomeAssistant, entry: MockConfigEntry, system: SystemCoordinator, hass_storage: dict[str, Any], spoil: Any
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await call(hass, "hold_reserve", ENTRY_ID, owner="Storm", reserve=80, duration={"days": 2})
    assert await hass.config_entries.async_unload(entry.entry_id)
    spoil(hass_storage[STORE]["data"]["system"]["leases"])
    await set_up(hass, entry)
    assert entry.runtime_data.system.leases.book.leases == ()
    assert not entry.runtime_data.control_allowed
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"store_lost_{ENTRY_ID}") is not None


async def test_the_users_reserve_stands_until_it_is_moved(hass: HomeAssistant, system: SystemCoordinator) -> None:
    await hass.services.async_call("number", "set_value", {"entity_id": NUMBER, "value": 70}, blocking=True)
    assert limits(system) == (140, 0)
    assert attributes(hass, RESERVE)["owner"] == "user"
    assert shown(hass, LEASE) == "none"
    await call(hass, "release", ENTRY_ID)
    assert limits(system) == (140, 0)
    await hass.services.async_call("number", "set_value", {"entity_id": NUMBER, "value": 0}, blocking=True)
    await until(lambda: limits(system) == (140, 140))


async def test_a_lease_never_raises_what_the_protections_lower(
    hass: HomeAssistant, driver: ScriptedDriver, pack: PackCoordinator, system: SystemCoordinator
) -> None:
    await call(
        hass, "request_power", ENTRY_ID, owner="Grid", power=9000, charge_power=9000, priority=100, duration="01:00:00"
    )
    driver.temperatures[2] = 51.0
    await until(lambda: pack.latest.decision.ccl.value == 0)
    await ticks(pack)
    assert limits(system)[0] == 0
    assert system.setpoint == 0


async def test_a_lease_reaches_the_inverter_of_a_virtual_pack_once_control_is_allowed(
    hass: HomeAssistant, socket_enabled: None, quick: None
) -> None:
    entry = make_entry(hass, {**pack_subentry(), "data": dict(VIRTUAL), "unique_id": "VIRTUAL-0001"})
    with (
        patch("custom_components.home_bms.PLATFORMS", []),
        patch("custom_components.home_bms.pack_config", nimble),
    ):
        await set_up(hass, entry)
        pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
        told: list[float | None] = []
        assert pack.host is not None
        obey = pack.host.obey

        def hear(cvl: float | None, ccl: float | None, dcl: float | None) -> None:
            told.append(dcl)
            obey(cvl, ccl, dcl)

        with patch.object(pack.host, "obey", hear):
            await call(hass, "request_power", ENTRY_ID, owner="Grid", discharge_power=0, duration="01:00:00")
            await ticks(pack)
            assert told == []
            await call(hass, "release", ENTRY_ID)
            await entry.runtime_data.async_allow_control(True)
            await until(lambda: told and (told[-1] or 0.0) > 0)
            await call(hass, "request_power", ENTRY_ID, owner="Grid", discharge_power=0, duration="01:00:00")
            await until(lambda: told[-1] == 0)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_battery_that_is_not_heard_is_asked_for_nothing(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.error = lost()
    entry = make_entry(hass)
    await set_up(hass, entry)
    await call(hass, "request_power", ENTRY_ID, owner="Grid", power=1000, duration="01:00:00")
    assert entry.runtime_data.system.setpoint == 0
    await call(
        hass, "hold_reserve", ENTRY_ID, owner="Storm", reserve=10, charge_to=90, priority=90, duration="01:00:00"
    )
    assert entry.runtime_data.system.setpoint == 0


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("request_power", {"power": 2e6, "duration": "01:00:00"}, "out_of_range", "power"),
    ("request_power", {"charge_power": -1, "duration": "01:00:00"}, "out_of_range", "charge_power"),
    ("request_power", {"discharge_current": 1e5, "duration": "01:00:00"}, "out_of_range", "discharge_current"),
    ("request_power", {"power": 1, "priority": 101, "duration": "01:00:00"}, "out_of_range", "priority"),
    ("request_power", {"power": 1, "duration": {"days": 15}}, "out_of_range", "end"),
    ("request_power", {"power": 1, "duration": {"hours": 25}, "days": "mon"}, "out_of_range", "end"),
    ("request_power", {"power": 1, "duration": "00:00:00"}, "out_of_range", "end"),
    ("request_power", {"power": 1, "start": "2000-01-01 00:00:00", "duration": "01:00:00"}, "out_of_range", "end"),
    ("request_power", {"power": 1, "start": "2100-01-01 00:00:00", "duration": "01:00:00"}, "out_of_range", "start"),
    (
        "request_power",
        {"power": 1, "duration": "01:00:00", "days": "mon", "last_day": "2000-01-01"},
        "out_of_range",
        "last_day",
    ),
    (
        "hold_reserve",
        {"reserve": 1, "charge_to": 50, "duration": "01:00:00", "ready_by": "2100-01-01 00:00:00"},
        "out_of_range",
        "ready_by",
    ),
    ("hold_reserve", {"reserve": 101, "duration": "01:00:00"}, "out_of_range", "reserve"),
    ("hold_reserve", {"reserve": 10, "charge_to": 101, "duration": "01:00:00"}, "out_of_range", "charge_to"),
    ("request_power", {"duration": "01:00:00"}, "nothing_asked", "power"),
    ("request_power", {"power": -5, "charge_to": 50, "duration": "01:00:00"}, "wrong_direction", "power"),
]


@pytest.mark.parametrize(("action", "data", "key", "field"), REFUSED)
async def test_what_cannot_be_is_refused_with_the_field_and_its_range(
    hass: HomeAssistant, system: SystemCoordinator, action: str, data: dict[str, Any], key: str, field: str
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, ENTRY_ID, owner="Somebody", **data)
    assert refused.value.translation_key == key
    placeholders = refused.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["field"] == field
    if key == "out_of_range":
        assert {"value", "minimum", "maximum"} <= set(placeholders)
        # Times are told as times.
        assert all(float(value) < 2e6 for value in placeholders.values() if value.lstrip("-").isdigit())
    assert field in str(refused.value)
    assert system.leases.book.leases == ()


@pytest.mark.parametrize("data", [{}, {"duration": "01:00:00", "end": "2100-01-01 00:00:00"}])
async def test_a_lease_has_exactly_one_end(
    hass: HomeAssistant, system: SystemCoordinator, data: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "request_power", ENTRY_ID, owner="Somebody", power=1, **data)
    assert refused.value.translation_key == "one_end"


async def test_there_are_not_more_leases_than_can_be_overlooked(hass: HomeAssistant, system: SystemCoordinator) -> None:
    for number in range(32):
        await call(hass, "request_power", ENTRY_ID, owner=f"Owner {number}", power=1, duration="01:00:00")
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "request_power", ENTRY_ID, owner="One more", power=1, duration="01:00:00")
    assert refused.value.translation_key == "too_many_leases"


async def test_a_listener_that_breaks_keeps_nothing_from_the_others(
    hass: HomeAssistant, system: SystemCoordinator, happened: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(change: object) -> None:
        raise RuntimeError("broken")

    system.leases._listeners.insert(0, broken)
    await call(hass, "request_power", ENTRY_ID, owner="Tariff", power=1, duration="01:00:00")
    await until(lambda: happened == [("begun", "Tariff")])
    assert "A listener to the leases broke" in caplog.text


async def test_a_lease_that_begins_by_itself_is_shown_at_once(
    hass: HomeAssistant, pack: PackCoordinator, system: SystemCoordinator
) -> None:
    start = dt_util.now() + timedelta(hours=1)
    await call(hass, "request_power", ENTRY_ID, owner="Tariff", power=700, start=str(start), duration="01:00:00")
    assert shown(hass, LEASE) == "none"
    with later(minutes=61):
        await until(lambda: shown(hass, LEASE) == "Tariff", within=5)
        assert float(shown(hass, SETPOINT)) == 700


async def test_a_system_without_packs_has_no_leases_to_judge(hass: HomeAssistant, system: SystemCoordinator) -> None:
    decision = system.async_combine()
    assert system.leases.async_judge({}, decision) is decision


async def test_a_spoilt_list_of_programmes_keeps_no_system_from_starting(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hass_storage: dict[str, Any]
) -> None:
    entry = make_entry(hass)
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["system"]["programmes"] = {"a": ["openadr:A"], "b": None, "c": "Grid"}
    await set_up(hass, entry)
    assert not entry.runtime_data.store.lost
