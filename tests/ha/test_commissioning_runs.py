"""Drills with a real inverter link, switches that are opened and closed, the self-test, and what a person is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.commissioning import drill_run, looks, self_test, switch_run
from custom_components.home_bms.commissioning import report as commission_report
from custom_components.home_bms.commissioning.drill_run import async_drill
from custom_components.home_bms.commissioning.keeper import COMMISSIONING_CHANGED, basis_of
from custom_components.home_bms.commissioning.looks import PackGoneError
from custom_components.home_bms.commissioning.report import async_write_report
from custom_components.home_bms.commissioning.switch_run import async_check_switches, refusal
from custom_components.home_bms.commissioning.words import finding_text
from custom_components.home_bms.const import DOMAIN, SUBENTRY_COMMISSIONING
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import drill
from custom_components.home_bms.core.commissioning import Aspect, Finding, Outcome, State
from custom_components.home_bms.core.drill import Pretence
from custom_components.home_bms.core.model import ContactorState, HardwareRing
from custom_components.home_bms.flow.commission_steps import CommissionSteps
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.repairs import async_create_fix_flow

from .commission_house import Person
from .commission_house import hurried as hurried  # noqa: PLC0414 - a fixture
from .conftest import PACK_ID, PERIOD, ScriptedDriver, lost, make_entry, pack_subentry, set_up, ticks, until
from .inverter_house import House, gx, house, inverter_of, quick_inverters
from .parts_house import running, served, soon

SECOND_ID = "01PACK0000000000000000000B"
CHARGE = 2705


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.BUTTON, Platform.BINARY_SENSOR]


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hurried: None, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> AsyncIterator[MockConfigEntry]:  # fmt: skip
    """Return a loaded system with one scripted pack whose limits have risen."""
    monkeypatch.setattr("custom_components.home_bms.supervisor.POLL_PERIOD", PERIOD)
    for module, name, seconds in (
        (drill, "LONGEST", 1.0),
        (drill_run, "LONGEST", 1.0),
        (drill_run, "CURRENT_WITHIN", 0.3),
        (switch_run, "STILL_FOR", 0.2),
        (switch_run, "OPEN_WITHIN", 1.0),
        (switch_run, "CLOSED_WITHIN", 1.0),
        (self_test, "WITHIN", 1.0),
    ):
        monkeypatch.setattr(module, name, seconds)
    hass.config.config_dir = str(tmp_path)
    entry = make_entry(hass)
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.decision.ccl.value > 100)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def device(hass: HomeAssistant) -> str:
    found = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, PACK_ID), hass.config_entries.async_entries(DOMAIN)[0].entry_id
    )
    assert found is not None
    return found.id


def nothing(_: float) -> None:
    """Take no interest in progress."""


# Drills.


async def run(entry: MockConfigEntry, pretence: Pretence = Pretence.CELL_OVERVOLTAGE) -> Finding:
    return await async_drill(entry.runtime_data, entry.runtime_data.packs[PACK_ID], pretence, nothing)


async def test_without_an_inverter_only_the_limits_are_proven(entry: MockConfigEntry) -> None:
    found = await run(entry)
    assert (found.outcome, found.reason) == (Outcome.PARTLY, "no_inverter")
    assert set(found.numbers) == {"limit_before", "limit_zero"}


async def test_a_limit_that_is_zero_already_shows_nothing(entry: MockConfigEntry, driver: ScriptedDriver) -> None:
    driver.cells = [3.62] * 16
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.decision.ccl.value == 0)
    found = await run(entry)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "limit_was_zero")


async def test_a_drill_waits_until_the_one_before_has_left_nothing(
    entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await run(entry)
    assert pack.supervisor.drill is not None
    assert (await run(entry)).reason == "no_inverter"
    # One that does not end is not waited for for ever.
    monkeypatch.setattr(drill_run, "RECOVERY", -0.8)
    stuck = replace(drill.begin(pack.config, pack.supervisor.state, pack.supervisor.reading(), Pretence.LINK_LOST))
    pack.supervisor.drill = replace(stuck, until=stuck.until + 60)
    found = await run(entry)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "drill_running")


async def test_of_two_drills_at_once_one_is_refused(entry: MockConfigEntry) -> None:
    both = await asyncio.gather(run(entry), run(entry))
    assert {found.reason for found in both} == {"no_inverter", "drill_running"}


async def test_a_drill_is_refused_where_nobody_looks(entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill_run, "CURRENT_WITHIN", 0.0)
    assert (await run(entry)).reason == "not_heard"


@pytest.fixture
async def home(socket_enabled: None) -> AsyncGenerator[House]:
    """Return a charger on a real link, which lets its own time pass."""
    async with house(gx(), 100, model="victron_gx") as home:

        async def live() -> None:
            while True:
                home.inverter.advance(0.05)
                await asyncio.sleep(0.05)

        life = asyncio.get_running_loop().create_task(live())
        yield home
        life.cancel()


@pytest.fixture
async def driven(
    hass: HomeAssistant, home: House, driver: ScriptedDriver, scripted: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MockConfigEntry]:
    """Return a system whose pack sees the current of that charger."""
    quick_inverters(monkeypatch)
    entry = await home.set_up(hass)

    async def feel() -> None:
        while True:
            driver.current = home.inverter.pack.current
            await asyncio.sleep(PERIOD / 2)

    feeling = asyncio.get_running_loop().create_task(feel())
    await entry.runtime_data.async_allow_control(True)
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.believed.current and pack.latest.believed.current > 50)
    yield entry
    feeling.cancel()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_real_inverter_is_told_and_stops(driven: MockConfigEntry, home: House) -> None:
    found = await run(driven)
    assert (found.outcome, found.reason) == (Outcome.PASSED, None), found
    numbers: dict[str, Any] = dict(found.numbers)
    # The inverter may have stopped before it is known that it took the last word.
    assert numbers["limit_zero"] <= min(numbers["told_zero"], numbers["current_zero"])
    assert home.front.settings[CHARGE] == 0
    pack = driven.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.drill is None and pack.latest.decision.ccl.value > 50)


async def test_an_inverter_that_cannot_be_told_fails(
    driven: MockConfigEntry, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill_run, "LONGEST", 1.0)
    inverter = inverter_of(driven)
    monkeypatch.setattr(type(inverter), "told", None)
    found = await run(driven)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "not_told")


async def test_an_inverter_that_goes_on_fails(
    driven: MockConfigEntry, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill_run, "LONGEST", 3.0)
    home.inverter.manner = Manner.IGNORES_CURRENT_LIMITS
    found = await run(driven)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "current_flows")
    assert float(found.numbers["current_after"]) > 50


# Switches.


@pytest.fixture
async def allowed(entry: MockConfigEntry) -> PackCoordinator:
    """Return a pack that may be controlled and whose switches are known to be closed."""
    await entry.runtime_data.async_allow_control(True)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.contactors.charge.state is ContactorState.CLOSED)
    return pack


async def test_switches_open_and_close_again(allowed: PackCoordinator, driver: ScriptedDriver) -> None:
    found = await async_check_switches(allowed, nothing)
    assert (found.outcome, found.reason) == (Outcome.PASSED, None), found
    assert found.numbers["current_open"] == 0
    assert driver.switches.charge
    assert driver.switches.discharge
    assert any(decision.switches.charge is False for decision in driver.applied)


async def test_switches_that_do_not_open_are_told(allowed: PackCoordinator, driver: ScriptedDriver) -> None:
    driver.obeys = False
    assert (await async_check_switches(allowed, nothing)).reason == "not_opened"


async def test_current_through_open_switches_is_told(allowed: PackCoordinator, driver: ScriptedDriver) -> None:
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: driver.switches.charge is False)
    driver.current = 5.0
    found = await checking
    assert (found.reason, found.numbers["current_open"]) == ("current_while_open", 5.0)


async def test_a_current_that_is_not_known_is_not_taken_for_none(
    allowed: PackCoordinator, driver: ScriptedDriver
) -> None:
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: driver.switches.charge is False)
    driver.current = None
    found = await checking
    assert (found.outcome, found.reason) == (Outcome.FAILED, "current_unknown")
    assert driver.switches.charge is False


async def test_nothing_is_closed_once_control_is_withdrawn(allowed: PackCoordinator, driver: ScriptedDriver) -> None:
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: driver.switches.charge is False)
    await allowed.config_entry.runtime_data.async_allow_control(False)
    found = await checking
    assert (found.outcome, found.reason) == (Outcome.FAILED, "control_off")
    assert allowed.supervisor.state.wishes.charge is False


async def test_a_pack_that_is_unloaded_while_it_is_open_stays_open(
    hass: HomeAssistant, allowed: PackCoordinator, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_run, "STILL_FOR", 3.0)
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: allowed.latest.contactors.charge.state is ContactorState.OPEN)
    assert await hass.config_entries.async_unload(allowed.config_entry.entry_id)
    with pytest.raises(PackGoneError):
        await checking
    assert allowed.supervisor.state.wishes.charge is False


async def test_switches_that_do_not_close_again_are_told_and_stay_open(
    allowed: PackCoordinator, driver: ScriptedDriver
) -> None:
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: driver.switches.charge is False)
    driver.temperatures = [-25.0] * 4
    assert (await checking).reason == "not_closed_again"
    assert allowed.supervisor.state.wishes.charge is False


async def test_who_leaves_while_it_closes_leaves_it_open(allowed: PackCoordinator, driver: ScriptedDriver) -> None:
    checking = asyncio.get_running_loop().create_task(async_check_switches(allowed, nothing))
    await until(lambda: driver.switches.charge is False)
    driver.obeys = False
    await until(lambda: allowed.supervisor.state.wishes.charge is True)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    driver.obeys = True
    await ticks(allowed, 10)
    assert driver.switches.charge is False


async def test_nothing_is_opened_where_it_would_do_harm(entry: MockConfigEntry, driver: ScriptedDriver) -> None:
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert refusal(pack) == "control_off"
    await entry.runtime_data.async_allow_control(True)
    driver.current = 20.0
    await until(lambda: pack.latest.believed.current == 20.0)
    assert refusal(pack) == "current_too_high"
    driver.current = None
    await until(lambda: pack.latest.believed.current is None)
    assert refusal(pack) == "current_unknown"
    driver.current = 0.0
    driver.switches = replace(driver.switches, charge=False)
    await until(lambda: pack.latest.believed.current == 0 and not pack.latest.reading.switches.charge)
    await ticks(pack)
    found = await async_check_switches(pack, nothing)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "not_closed")
    assert not any(decision.switches.charge is False for decision in driver.applied)


async def test_a_contactor_goes_through_its_precharge(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon(monkeypatch)
    monkeypatch.setattr(switch_run, "STILL_FOR", 1.0)
    async with served() as world, running(hass, world) as parts:
        await parts.close()
        found = await async_check_switches(parts.pack, nothing)
        assert (found.outcome, found.reason) == (Outcome.PASSED, None), found
        assert float(found.numbers["precharged_for"]) > 0
        assert "voltage_behind" in found.numbers


# The self-test.


async def test_the_self_test_answers_an_automation(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    told = await hass.services.async_call(
        DOMAIN, "self_test", {"device_id": device(hass)}, blocking=True, return_response=True
    )
    assert told is not None
    assert told["passed"] is True
    checks: Any = told["checks"]
    assert set(checks) == {"cell_count", "polarity", "sum_of_cells", "sensors", "sign", "settings"}
    assert checks["cell_count"]["numbers"] == {"expected": 16, "read": "16", "told": 16}
    await hass.async_block_till_done()
    shown = hass.states.get("sensor.pack_1_commissioning")
    assert shown is not None
    assert shown.attributes["self_test"]["polarity"] == "passed"


async def test_a_press_says_what_the_self_test_found(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    press = {"entity_id": "button.pack_1_self_test"}
    await hass.services.async_call("button", "press", press, blocking=True)
    driver.cells[4] = -3.3
    await ticks(entry.runtime_data.packs[PACK_ID], 5)
    with pytest.raises(ServiceValidationError, match=r"Polarity of the cells: Failed.*cells 5"):
        await hass.services.async_call("button", "press", press, blocking=True)


async def test_a_pack_that_does_not_answer_fails_its_self_test(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    driver.error = lost()
    await ticks(entry.runtime_data.packs[PACK_ID], 3)
    with pytest.raises(ServiceValidationError, match="did not answer often enough"):
        await hass.services.async_call("button", "press", {"entity_id": "button.pack_1_self_test"}, blocking=True)


async def test_a_pack_that_was_unloaded_is_not_waited_for(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SILENT", 0.2)
    monkeypatch.setattr(self_test, "WITHIN", 5.0)
    pack = entry.runtime_data.packs[PACK_ID]
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(PackGoneError, match="was unloaded"):
        await self_test.async_self_test(pack)


async def test_a_pack_that_was_loaded_anew_is_not_taken_for_the_one_that_was_watched(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    watching = looks.looks(entry.runtime_data.packs[PACK_ID], 5.0)
    await anext(watching)
    assert await hass.config_entries.async_reload(entry.entry_id)
    with pytest.raises(PackGoneError, match="was unloaded"):
        await anext(watching)


async def test_settings_and_doubts_are_told_in_words(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    odd = Finding(
        outcome=Outcome.PARTLY, reason="settings_odd", numbers={"settings": "capacity, cell_overvoltage_trip"}
    )
    assert "capacity" in finding_text(hass, odd).lower()
    assert "cell_overvoltage_trip" not in finding_text(hass, odd)
    doubted = Finding(outcome=Outcome.FAILED, reason="current_doubted", numbers={"doubt": "out_of_range"})
    assert finding_text(hass, doubted).startswith("Failed. The current is not believed. ")
    assert "out_of_range" not in finding_text(hass, doubted)
    left_out = Finding(outcome=Outcome.SKIPPED, reason="not_taken")
    assert finding_text(hass, left_out) == "Skipped. Not taken"


# The flow, beyond its steps.


async def test_somebody_without_a_name_is_asked_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER}
    )
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"by": "  "})
    assert result["errors"] == {"by": "by_missing"}


async def test_one_of_several_packs_is_picked(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    entry = make_entry(hass, pack_subentry(), pack_subentry(SECOND_ID, "Pack 2", serial_number="JK-0002"))
    await set_up(hass, entry)
    manager = hass.config_entries.subentries
    result = await manager.async_init((entry.entry_id, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER})
    result = await manager.async_configure(result["flow_id"], {"pack": SECOND_ID, "by": "Ada"})
    assert result["description_placeholders"]["name"] == "Pack 2"
    assert entry.runtime_data.packs[SECOND_ID].commissioning.record.by == "Ada"


async def test_a_system_that_does_not_run_cannot_be_commissioned(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    person = Person(hass, entry)
    await person.begin()
    await hass.config_entries.async_unload(entry.entry_id)
    await person.choose("go_on")
    assert person.result["type"] is FlowResultType.ABORT
    assert person.result["reason"] == "not_loaded"
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER}
    )
    assert result["reason"] == "not_loaded"
    await hass.config_entries.async_setup(entry.entry_id)


async def test_a_pack_that_was_taken_away_ends_the_flow(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    person = Person(hass, entry)
    await person.begin()
    kept = entry.runtime_data.packs.pop(PACK_ID)
    await person.choose("go_on")
    assert person.result["reason"] == "no_packs"
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER}
    )
    assert result["reason"] == "no_packs"
    entry.runtime_data.packs[PACK_ID] = kept


async def test_what_is_not_right_fails_and_can_be_taken_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    person = Person(hass, entry)
    await person.begin()
    await person.choose("go_on")
    await person.wait()
    await person.go_to("cell_order")
    await person.say(right="wrong")
    assert person.outcome("cell_order") == ("failed", "not_confirmed")
    await person.choose("again")
    await person.say(right="right")
    assert person.outcome("cell_order") == ("passed", None)
    await person.go_to("charge_sign")
    assert person.shown["least"] == "3"
    await person.choose("overview")
    await person.choose("afresh")
    await person.wait()
    assert "cell_order" not in person.pack.commissioning.record.results


async def test_control_is_not_allowed_by_a_commissioning_where_the_state_was_lost(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    person = Person(hass, entry)
    await person.begin()
    await person.choose("go_on")
    await person.wait()
    await person.go_to("control")
    entry.runtime_data.store.async_declare_lost()
    await person.choose("allow")
    assert person.outcome("control") == ("failed", "store_lost")
    assert not entry.runtime_data.control_allowed
    await person.choose("overview")
    await person.go_to("contactor")
    await person.choose("contactor_sure")
    await person.say(sure=True)
    assert person.result["errors"] == {"base": "control_off"}


async def test_a_pack_that_does_not_answer_has_no_sign(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.home_bms.flow.commission_steps.HEARD_WITHIN", 0.3)
    person = Person(hass, entry)
    await person.begin()
    await person.choose("go_on")
    await person.wait()
    driver.error = lost()
    await ticks(person.pack)
    await person.go_to("discharge_sign")
    await person.take("flowing")
    assert person.outcome("discharge_sign") == ("failed", "not_heard")


async def test_an_error_of_home_bms_is_not_taken_for_a_result(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: CommissionSteps) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(CommissionSteps, "_check", broken)
    person = Person(hass, entry)
    await person.begin()
    with pytest.raises(RuntimeError, match="broken"):
        await person.choose("go_on")
    assert person.pack.commissioning.record.results == {}


# What is kept, and what is told.


async def signed(entry: MockConfigEntry) -> PackCoordinator:
    """Return a pack whose steps have all been left out."""
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await pack.commissioning.async_begin("Ada")
    await pack.commissioning.async_skip_rest()
    assert await async_write_report(pack.hass, pack, entry.runtime_data) is not None
    assert pack.commissioning.state is State.PASSED_WITH_SKIPS
    return pack


def block(folder: Path) -> None:
    """Put a file in the place of a folder."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("in the way")


async def test_a_report_that_cannot_be_written_loses_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    pack = await signed(entry)
    await pack.commissioning.async_skip_rest()
    block(Path(hass.config.path(DOMAIN, "reports")))
    person = Person(hass, entry)
    await person.begin()
    await person.choose("finish")
    await person.say()
    assert person.result["reason"] == "commissioned_unwritten"
    assert pack.commissioning.record.report is None
    assert pack.commissioning.commissioned_on is not None


async def test_nothing_is_signed_off_before_its_report_is_written(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def write(_: Path, __: str, text: str) -> None:
        seen.append(pack.commissioning.record.finished)
        assert "Passed with gaps" in text
        raise OSError("full")

    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    monkeypatch.setattr(commission_report, "write", write)
    await pack.commissioning.async_begin("Ada")
    await pack.commissioning.async_skip_rest()
    assert await async_write_report(hass, pack, entry.runtime_data) is None
    assert seen == [None]
    assert (pack.commissioning.state, pack.commissioning.record.report) == (State.PASSED_WITH_SKIPS, None)


# The yearly test.


async def passed(pack: PackCoordinator, outcome: Outcome = Outcome.PASSED) -> None:
    """Have all steps passed, but the last one as told."""
    keys = [step.key for step in pack.commissioning.steps]
    found = dict.fromkeys(keys, Finding(outcome=Outcome.PASSED)) | {keys[-1]: Finding(outcome=outcome)}
    await pack.commissioning.async_take(found)
    await pack.commissioning.async_sign(dt_util.now(), None)


@pytest.mark.parametrize(("outcome", "by"), [(Outcome.PASSED, "Ada"), (Outcome.PARTLY, None), (Outcome.FAILED, None)])
async def test_a_commissioning_that_passed_is_the_yearly_test(
    hass: HomeAssistant, entry: MockConfigEntry, outcome: Outcome, by: str | None
) -> None:
    await passed(entry.runtime_data.packs[PACK_ID], outcome)
    person = Person(hass, entry)
    await person.begin("Ada")
    await person.choose("finish")
    await person.say()
    assert person.result["reason"] == "commissioned"
    last = entry.runtime_data.inspections.find("commissioning_test").last
    assert (None if last is None else last.by) == by


async def test_the_yearly_test_is_as_old_as_that_of_the_pack_that_was_tested_first(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    entry = make_entry(hass, pack_subentry(), pack_subentry(SECOND_ID, "Pack 2", serial_number="JK-0002"))
    await set_up(hass, entry)
    keeper = entry.runtime_data.inspections
    first, second = entry.runtime_data.packs.values()

    async def taken(days: int) -> list[int]:
        ago = dt_util.now() - timedelta(days=days)
        await first.commissioning.async_sign(ago, None)
        await keeper.async_commissioned("Ada")
        return [record.day for record in keeper.book["commissioning_test"].records]

    await passed(first)
    assert await taken(10) == [], "the other pack was not tested"
    await passed(second)
    assert await taken(4000) == [], "longer ago than anything may be told"
    day = dt_util.now().date().toordinal()
    assert await taken(10) == [day - 10]
    assert await taken(10) == [day - 10], "nothing new"
    assert await taken(0) == [day - 10, day]
    # A clock that was ahead when it was signed off.
    assert await taken(-3) == [day - 10, day]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_other_firmware_asks_again_and_the_repair_leads_to_the_steps(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    pack = await signed(entry)
    driver.identity = replace(driver.identity, firmware="16.00")
    await until(lambda: pack.commissioning.state is State.OUT_OF_DATE)
    issue_id = f"{COMMISSIONING_CHANGED}_{PACK_ID}"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["changed"] == "firmware"

    flow: Any = await async_create_fix_flow(hass, issue_id, dict(issue.data or {}))
    flow.hass, flow.handler = hass, DOMAIN
    flow.issue_id = issue_id
    result: Any = await flow.async_step_init()
    assert result["description_placeholders"]["changed"] == "firmware"
    result = await flow.async_step_confirm({})
    kind, flow_id = result["next_flow"]
    assert kind == "config_subentries_flow"
    assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == "user"
    person = Person(hass, entry)
    person.result = hass.config_entries.subentries.async_get(flow_id)
    await person.say(by="Ada")
    assert "something has changed" in person.shown["steps"]
    await person.choose("go_on")
    assert person.at == "charge_sign"

    driver.identity = replace(driver.identity, firmware="15.30")
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None)


def test_what_a_pack_does_not_tell_is_no_part_of_what_results_rest_on(pack: PackCoordinator) -> None:
    assert pack.info is not None
    silent = replace(pack.info, firmware=None)
    assert set(basis_of(pack.config, silent, None)) == {
        Aspect.SERIAL_NUMBER, Aspect.CELLS, Aspect.TEMPERATURE_SENSORS, Aspect.BATTERY
    }  # fmt: skip
    told = basis_of(pack.config, pack.info, HardwareRing(cell_overvoltage=3.65, cell_undervoltage=2.5))
    assert told[Aspect.HARDWARE_RING] == "cell_overvoltage 3.65, cell_undervoltage 2.5"


@pytest.mark.parametrize(
    "kept", [{"version": 9, "record": {}}, {"version": 1, "record": {"by": 5}}, [], {"version": 1}]
)
async def test_what_cannot_be_read_back_is_begun_anew(
    hass: HomeAssistant, hass_storage: dict[str, Any], driver: ScriptedDriver, scripted: None, kept: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    entry = make_entry(hass)
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["system"][f"commissioning_{PACK_ID}"] = kept
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data.packs[PACK_ID].commissioning.state is State.NEVER
    assert "commissioning of Pack 1 cannot be used" in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_reading_that_comes_once_is_counted_once(entry: MockConfigEntry, driver: ScriptedDriver) -> None:
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    driver.answers.clear()
    await ticks(pack, 2)
    assert len(await looks.fresh(pack, 3, 0.3)) <= 1
    driver.answers.set()


def test_home_assistants_own_errors_are_what_is_raised() -> None:
    assert issubclass(PackGoneError, HomeAssistantError)
