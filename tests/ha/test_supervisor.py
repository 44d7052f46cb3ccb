"""The loop of a pack: it never ends, never waits for ever, never writes uninvited, and counts what goes wrong."""

from __future__ import annotations

import asyncio
import logging
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import supervisor
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Alarm, Level
from custom_components.home_bms.hw.driver import DriverError, IdentityChangedError
from custom_components.home_bms.watching import Link

from .conftest import ENTRY_ID, PACK_ID, PERIOD, SERIAL, ScriptedDriver, lost, make_entry, set_up, ticks, until


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    """Return the repair issue of the pack."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{PACK_ID}")


async def trip(pack: PackCoordinator, driver: ScriptedDriver) -> None:
    """Heat a cell until its over-temperature trips."""
    driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)


async def test_it_ticks_though_nobody_listens_and_polling_is_switched_off(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pref_disable_polling=True)
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    reads = driver.reads
    await ticks(pack, 5)
    assert driver.reads >= reads + 4
    assert not pack._listeners


async def test_ticks_stay_on_the_grid_and_a_late_one_is_counted_not_made_up_for(pack: PackCoordinator) -> None:
    await ticks(pack, 2)
    loop = asyncio.get_running_loop()
    before, began = pack.statistics, loop.time()
    while loop.time() < began + 5.5 * PERIOD:
        pass  # A neighbour that hogs the event loop.
    await ticks(pack, 2)
    after, passed = pack.statistics, loop.time() - began
    missed = after.late_ticks - before.late_ticks
    assert missed >= 4
    # Every place on the grid was either ticked or missed, and none twice.
    assert after.polls - before.polls + missed <= passed / PERIOD + 2


async def test_a_lost_pack_is_logged_once_and_so_is_its_return(
    pack: PackCoordinator, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    driver.error = lost()
    await until(lambda: pack.statistics.failed_reads >= 4)
    assert caplog.text.count("Pack 1 does not answer") == 1
    assert pack.statistics.link is Link.SILENT
    assert pack.statistics.last_error == "no_answer"
    assert pack.latest.reading.cells_time is not None
    assert pack.latest.reading.time > pack.latest.reading.cells_time

    driver.error = None
    identified = driver.identified
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    await ticks(pack, 3)
    assert caplog.text.count("Pack 1 answers again") == 1
    assert driver.identified == identified, "the driver itself looks who answers after a loss"


async def test_a_pack_that_has_changed_must_introduce_itself(pack: PackCoordinator, driver: ScriptedDriver) -> None:
    identified = driver.identified
    driver.error = DriverError("identity_changed", "another serial number")
    await until(lambda: driver.identified > identified)
    driver.error = None
    await until(lambda: pack.statistics.link is Link.ANSWERING)


async def test_a_slow_read_is_not_cancelled_and_the_last_reading_is_judged_aged(
    pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await ticks(pack)
    driver.answers.clear()
    reads = driver.reads
    await ticks(pack, 5)
    assert driver.reads <= reads + 1
    assert pack.statistics.slow_reads >= 4
    assert pack.latest.believed.age >= 2 * PERIOD

    driver.answers.set()
    await until(lambda: pack.latest.believed.age < PERIOD)
    assert pack.statistics.failed_reads == 0


async def test_without_permission_nothing_is_ever_written_though_all_is_decided(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await trip(pack, driver)
    await ticks(pack)
    assert pack.latest.decision.switches.charge is False
    assert pack.latest.decision.ccl.value == 0
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert driver.log == []
    assert driver.switches.charge is True


async def test_with_permission_every_decision_is_carried_out_before_it_is_published(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    seen: list[int] = []
    pack.async_add_listener(lambda: seen.append(len(driver.applied)))
    await trip(pack, driver)
    assert driver.applied[-1].switches.charge is False
    assert driver.switches.charge is False
    assert seen[-1] == len(driver.applied)


async def test_failing_writes_are_retried_each_tick_and_told_after_three(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    events: list[tuple[str, str]] = []

    def listen(key: str, became: str, _alarm: Alarm, _root: Alarm) -> None:
        events.append((key, became))

    pack.news.add_event_listener(listen)
    await entry.runtime_data.async_allow_control(True)
    driver.apply_error = lost()
    await until(lambda: pack.statistics.failed_writes == 2)
    assert issue(hass, "write_failed") is None
    await until(lambda: pack.statistics.failed_writes >= 5)
    assert issue(hass, "write_failed") is not None
    assert events == [("write_failed", "protect")]
    assert caplog.text.count("does not take commands") == 1

    driver.apply_error = None
    await until(lambda: issue(hass, "write_failed") is None)
    assert events == [("write_failed", "protect"), ("write_failed", "released")]


async def test_a_write_that_hangs_does_not_stop_the_judging_nor_pile_up(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    hang = asyncio.Event()
    begun = 0

    async def apply(_decision: object) -> None:
        nonlocal begun
        begun += 1
        await hang.wait()

    with patch.object(driver, "async_apply", apply):
        await entry.runtime_data.async_allow_control(True)
        await ticks(pack, 5)
        assert begun == 1
        hang.set()
        await until(lambda: begun >= 3)


async def test_an_error_of_our_own_permits_nothing_is_reported_once_and_the_loop_goes_on(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    driver.error = None
    with patch.object(supervisor.bms, "observe", side_effect=ZeroDivisionError("bug")):
        await until(lambda: pack.statistics.faults >= 3)
        decision = pack.latest.decision
        assert (decision.ccl.value, decision.dcl.value) == (0.0, 0.0)
        assert not decision.charge_permitted
        assert not decision.discharge_permitted
        assert decision.ccl.reason.rule == "internal_error"
        assert [alarm.key for alarm in decision.alarms] == ["internal_error"]
        assert decision.switches.charge is None
        assert decision.switches.balance is False
        assert issue(hass, "internal_error") is not None
        assert pack.data.decision.ccl.value == 0.0
    assert caplog.text.count("A tick of Pack 1 broke") == 1
    await until(lambda: issue(hass, "internal_error") is None)
    assert not pack.latest.decision.alarms
    caplog.clear()


async def test_an_error_of_our_own_that_lasts_opens_the_switches(pack: PackCoordinator) -> None:
    object.__setattr__(pack.config, "open_after", 5 * PERIOD)
    with patch.object(supervisor.bms, "observe", side_effect=ZeroDivisionError("bug")):
        await until(lambda: pack.latest.decision.switches.charge is False)
    assert pack.latest.decision.switches.discharge is False


async def test_an_unforeseen_error_of_a_driver_counts_as_no_answer_and_is_reported(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.error = RuntimeError("bug in the driver")
    await until(lambda: pack.statistics.failed_reads >= 2)
    assert pack.statistics.last_error == "internal_error"
    assert issue(hass, "internal_error") is not None
    driver.error = None
    await until(lambda: issue(hass, "internal_error") is None)


async def test_a_read_that_somebody_cancels_counts_as_no_answer(pack: PackCoordinator, driver: ScriptedDriver) -> None:
    driver.answers.clear()
    await ticks(pack)
    assert pack.supervisor._looking is not None
    pack.supervisor._looking.cancel()
    await until(lambda: pack.statistics.failed_reads == 1)
    assert pack.statistics.last_error == "cancelled"
    driver.answers.set()
    await until(lambda: pack.statistics.link is Link.ANSWERING)


async def test_a_write_that_somebody_cancels_is_tried_again(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    hang = asyncio.Event()

    async def apply(_decision: object) -> None:
        await hang.wait()
        driver.log.append("apply")

    with patch.object(driver, "async_apply", apply):
        await entry.runtime_data.async_allow_control(True)
        await until(lambda: pack.supervisor._acting)
        assert pack.supervisor._acting is not None
        pack.supervisor._acting.cancel()
        hang.set()
        await until(lambda: driver.log)
    assert pack.statistics.failed_writes == 0


async def test_a_write_that_breaks_is_reported_as_our_own_error(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.apply_error = RuntimeError("bug in the driver")
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: issue(hass, "internal_error") is not None)
    assert pack.statistics.failed_writes >= 1
    driver.apply_error = None
    await until(lambda: issue(hass, "internal_error") is None)


async def test_an_entity_that_breaks_does_not_end_the_loop(pack: PackCoordinator, driver: ScriptedDriver) -> None:
    told: list[str] = []

    def broken(*_: object) -> None:
        raise RuntimeError("bug in an entity")

    def sound(key: str, became: str, _alarm: Alarm, _root: Alarm) -> None:
        told.append(became)

    pack.news.add_event_listener(broken)
    stop = pack.news.add_event_listener(sound)
    await trip(pack, driver)
    assert told[-1] == "trip"
    stop()
    await ticks(pack)


async def test_another_pack_in_the_place_of_ours_is_not_believed_and_never_written_to(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    ours, driver.identity = driver.identity, ScriptedDriver("JK-9999").identity
    await until(lambda: pack.statistics.link is Link.FOREIGN)
    applied = len(driver.applied)
    await ticks(pack, 4)
    assert len(driver.applied) == applied
    assert (pack.latest.decision.ccl.value, pack.latest.decision.dcl.value) == (0.0, 0.0)
    assert pack.latest.believed.cell_max is None
    raised = issue(hass, "identity_changed")
    assert raised is not None
    assert raised.translation_placeholders is not None
    assert raised.translation_placeholders["error"] == "JK-9999"
    released = driver.released
    await entry.runtime_data.async_allow_control(False)
    assert driver.released == released

    driver.identity = ours
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    assert issue(hass, "identity_changed") is None


async def test_two_packs_in_turn_share_an_address_and_a_person_is_told_which(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "ADDRESS_SHARED_FOR", 0.5)
    ours = driver.identity
    for turn in range(2):
        assert issue(hass, "address_shared") is None, turn
        driver.error = IdentityChangedError(SERIAL, "JK-9999")
        await until(lambda: pack.statistics.link is Link.FOREIGN)
        driver.error, driver.identity = None, ours
        await until(lambda: pack.statistics.link is Link.ANSWERING)
    raised = issue(hass, "address_shared")
    assert raised is not None
    assert raised.translation_placeholders == {"name": "Pack 1", "error": "JK-9999", "address": "1 (127.0.0.1:502)"}
    await until(lambda: issue(hass, "address_shared") is None)


async def test_the_time_between_two_readings_is_told(pack: PackCoordinator, driver: ScriptedDriver) -> None:
    await until(lambda: pack.statistics.between_readings is not None)
    driver.error = lost()
    await until(lambda: (pack.statistics.between_readings or 0.0) > 10 * PERIOD)


async def test_a_pack_without_a_known_serial_number_is_taken_as_it_is(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass)
    subentry = entry.subentries[PACK_ID]
    data = {key: value for key, value in subentry.data.items() if key != "serial_number"}
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
    await set_up(hass, entry)
    assert entry.runtime_data.packs[PACK_ID].statistics.link is Link.ANSWERING


async def test_handing_back_waits_for_a_write_under_way_and_not_for_ever(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor, "RELEASE_TIMEOUT", 5 * PERIOD)
    hang = asyncio.Event()

    async def apply(_decision: object) -> None:
        await hang.wait()
        driver.log.append("apply")

    with patch.object(driver, "async_apply", apply):
        await entry.runtime_data.async_allow_control(True)
        await ticks(pack)
        await pack.supervisor.async_stop()
        assert driver.log == []
        assert "could not be handed back: no answer in time" in caplog.text
        hang.set()
        await until(lambda: driver.released)
        assert driver.log == ["apply", "release"]
        await pack.supervisor.async_stop()
        assert driver.released == 1


async def test_a_hand_back_that_fails_is_logged(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    with patch.object(driver, "async_release", side_effect=lost()):
        await entry.runtime_data.async_allow_control(False)
    assert "could not be handed back: no answer" in caplog.text


async def test_events_are_told_at_their_tick_with_the_alarm_that_began_it(
    pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    events: list[tuple[str, str, int | None, str]] = []

    def listen(key: str, became: str, alarm: Alarm, root: Alarm) -> None:
        events.append((key, became, alarm.reason.sensor, root.key))

    pack.news.add_event_listener(listen)
    await trip(pack, driver)
    await ticks(pack)
    hot = [event for event in events if event[0] == "charge_overtemperature"]
    assert hot
    assert hot[-1][1] == "trip"
    assert hot[-1][2] == 2
    assert {event[3] for event in events if event[1] == "trip"} <= {event[0] for event in events}

    driver.temperatures[2] = 25.0
    events.clear()
    await ticks(pack)
    assert not [event for event in events if event[0] == "charge_overtemperature"]


async def test_what_the_driver_says_of_itself_is_shown_on_the_device(
    hass: HomeAssistant, pack: PackCoordinator
) -> None:
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    assert (device.manufacturer, device.model, device.serial_number) == ("Jikong", "JK PB", SERIAL)
    assert (device.hw_version, device.sw_version) == ("15A", "15.30")
    system = registry.async_get_device_by_identifier((DOMAIN, ENTRY_ID), ENTRY_ID)
    assert system is not None
    assert device.via_device_id == system.id
