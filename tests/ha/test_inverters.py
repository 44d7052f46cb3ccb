"""An inverter is told what the packs permit, at once where it is less, and never without permission."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.escalation import Escalation, Step
from custom_components.home_bms.core.model import Flow, Level, Reaction
from custom_components.home_bms.core.obedience import Obedience, Side
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters import victron_gx
from custom_components.home_bms.hw.inverters.inverter import InverterInfo, InverterReading
from custom_components.home_bms.hw.inverters.victron_gx import VictronInverter
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.inverters import coordinator as inverter_coordinator
from custom_components.home_bms.inverters.coordinator import InverterCoordinator
from custom_components.home_bms.inverters.issues import InverterIssues
from custom_components.home_bms.inverters.view import known_obedience, stored_part
from custom_components.home_bms.watching import Link

from .conftest import PACK_ID, ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .inverter_house import INVERTER_ID, House, gx, house, inverter_of, inverter_subentry, looks, quick_inverters

NO_LIMIT = 0xFFFF
HUB4_MODE = 2902
"""In mode 3 a GX follows no set-point."""
CHARGE, VOLTAGE, DISCHARGE = 2705, 2710, 2721


@pytest.fixture
def platforms() -> list[Platform]:
    return []


@pytest.fixture(autouse=True)
def quick_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[House]:
    async with house(gx(), 100, model="victron_gx") as home:
        yield home


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House
) -> AsyncIterator[MockConfigEntry]:
    entry = await home.set_up(hass)
    await until(lambda: entry.runtime_data.system.newest.ccl.value == 140)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def inverter(entry: MockConfigEntry) -> InverterCoordinator:
    return inverter_of(entry)


async def allow(entry: MockConfigEntry) -> None:
    """Allow control."""
    await entry.runtime_data.async_allow_control(True)


async def told(entry: MockConfigEntry, home: House) -> None:
    """Allow control, and wait until everything was told."""
    await allow(entry)
    await until(lambda: home.front.settings[CHARGE] == 140 and inverter_of(entry).statistics.told)


async def test_without_permission_it_is_read_and_what_would_be_told_is_shown(
    inverter: InverterCoordinator, home: House
) -> None:
    await until(lambda: inverter.data.link is Link.ANSWERING)
    await looks(inverter)
    assert home.server.writes == []
    assert inverter.data.order is not None
    assert inverter.data.order.bank.ccl == 140.0
    assert not inverter.data.acting
    assert inverter.data.reading is not None
    assert inverter.data.reading.voltage == pytest.approx(home.inverter.pack.voltage, abs=0.1)
    assert not inverter.delivers


async def test_with_permission_the_limits_arrive_and_a_pack_that_protects_takes_them_to_zero(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House, driver: ScriptedDriver
) -> None:
    await told(entry, home)
    assert home.front.settings[VOLTAGE] > 500
    assert home.front.settings[DISCHARGE] > 5000

    driver.cells = [3.70] * 16
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.decision.ccl.value == 0)
    ticks = inverter.statistics.told
    await until(lambda: home.front.settings[CHARGE] == 0)
    # The one that was under way, and the next.
    assert inverter.statistics.told - ticks <= 3
    assert home.front.settings[VOLTAGE] > 0


async def test_packs_count_on_an_inverter_only_once_it_has_had_the_time_to_obey(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    pack = entry.runtime_data.packs[PACK_ID]
    assert not inverter.delivers
    assert not pack.supervisor.state.delivered
    swift = Side(settlings=(1.0, 1.0, 1.0))
    inverter.data = replace(inverter.data, obedience=Obedience(charge=swift, discharge=swift))
    await until(lambda: pack.supervisor.state.delivered)
    await entry.runtime_data.async_allow_control(False)
    await until(lambda: not pack.supervisor.state.delivered)


async def test_packs_count_on_limits_although_a_set_point_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    home.front.settings[HUB4_MODE] = 3
    system = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert system is not None
    request = {"device_id": system.id, "owner": "Tariff", "power": 500, "duration": "01:00:00"}
    await hass.services.async_call(DOMAIN, "request_power", request, blocking=True)
    await until(lambda: inverter.complaint is not None)
    swift = Side(settlings=(1.0, 1.0, 1.0))
    inverter.data = replace(inverter.data, obedience=Obedience(charge=swift, discharge=swift))
    # Longer than what it was told before the set-point was wanted would count.
    since = inverter.statistics.told
    await until(lambda: inverter.statistics.told > since + 2)
    assert inverter.complaint is not None
    await until(lambda: inverter.delivers)


async def test_packs_look_as_far_ahead_as_the_slowest_inverter_needs(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    pack = entry.runtime_data.packs[PACK_ID]
    assert pack.supervisor.state.reaction == Reaction(), "nobody has seen how soon it obeys"
    slow, swift = Side(settlings=(20.2, 20.3, 20.4)), Side(settlings=(2.0, 2.0, 2.0))
    inverter.data = replace(inverter.data, obedience=Obedience(charge=slow, discharge=swift))
    await until(lambda: pack.supervisor.state.reaction == Reaction(charge=21.0, discharge=2.0))
    entry.runtime_data.system.inverters = {}
    await until(lambda: pack.supervisor.state.reaction == Reaction(charge=21.0, discharge=10.0))


async def test_when_control_ends_everything_is_put_back_and_nothing_is_written_any_more(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    await entry.runtime_data.async_allow_control(False)
    await until(lambda: home.front.settings[CHARGE] == NO_LIMIT)
    assert (home.front.settings[VOLTAGE], home.front.settings[DISCHARGE]) == (0, 0xFFFF)
    await looks(inverter, 2)
    written = len(home.server.writes)
    await looks(inverter, 4)
    assert len(home.server.writes) == written
    assert not inverter.delivers
    assert inverter.link.memory == {}


async def test_unloading_puts_back_while_the_link_is_open(
    hass: HomeAssistant, entry: MockConfigEntry, home: House
) -> None:
    await told(entry, home)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (home.front.settings[CHARGE], home.front.settings[VOLTAGE]) == (NO_LIMIT, 0)


async def tripped(entry: MockConfigEntry, driver: ScriptedDriver) -> None:
    """Let a cell rise until charging trips."""
    driver.cells = [3.70] * 16
    pack = entry.runtime_data.packs[PACK_ID]
    await until(
        lambda: ("cell_overvoltage", Level.TRIP) in {(row.key, row.level) for row in pack.latest.decision.alarms},
        within=20,
    )


def held_issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"inverter_held_{INVERTER_ID}")


async def test_unloading_while_charging_has_tripped_leaves_it_at_zero_and_says_why(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    home: House,
    driver: ScriptedDriver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(victron_gx, "RISE_AFTER", 0.5)
    await told(entry, home)
    await tripped(entry, driver)
    await until(lambda: home.front.settings[CHARGE] == 0)
    assert await hass.config_entries.async_unload(entry.entry_id)
    # Only the other direction is handed back: a GX would charge on at once.
    assert home.front.settings[CHARGE] == 0
    assert home.front.settings[DISCHARGE] == NO_LIMIT
    assert "Inverter is left at zero (Charge), for a protection stands: Cell over-voltage" in caplog.text
    issue = held_issue(hass)
    assert issue is not None
    assert issue.is_persistent
    shown = issue.translation_placeholders or {}
    assert (shown["name"], shown["ways"]) == ("Inverter", "Charge")
    assert shown["why"].startswith("Cell over-voltage")

    # The trip is latched, so that it is still at zero in the next run, which tells by itself why.
    driver.cells = [3.30] * 16
    with patch("custom_components.home_bms.pack_config", nimble):
        assert await hass.config_entries.async_setup(entry.entry_id)
    assert held_issue(hass) is None
    await looks(inverter_of(entry), 4)
    assert home.front.settings[CHARGE] == 0
    # A person releases it and closes the switch, and it may charge again.
    pack = entry.runtime_data.packs[PACK_ID]
    await pack.async_reset_trips()
    await pack.async_wish(charge=True, discharge=True)
    await until(lambda: home.front.settings[CHARGE] > 0, within=20)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert home.front.settings[CHARGE] == NO_LIMIT
    assert held_issue(hass) is None


async def test_what_was_left_at_zero_is_handed_back_by_the_next_run_if_control_is_off(
    hass: HomeAssistant, entry: MockConfigEntry, home: House, driver: ScriptedDriver
) -> None:
    await told(entry, home)
    await tripped(entry, driver)
    await until(lambda: home.front.settings[CHARGE] == 0)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert home.front.settings[CHARGE] == 0
    await entry.runtime_data.async_allow_control(False)
    await until(lambda: home.front.settings[CHARGE] == NO_LIMIT)
    assert inverter_of(entry).link.memory == {}


async def test_what_it_was_told_before_the_trip_is_not_what_it_is_left_with(
    hass: HomeAssistant, entry: MockConfigEntry, inverter: InverterCoordinator, home: House, driver: ScriptedDriver
) -> None:
    await told(entry, home)
    assert inverter._loop is not None
    inverter._loop.cancel()
    await tripped(entry, driver)
    assert home.front.settings[CHARGE] == 140
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert home.front.settings[CHARGE] == 0


async def test_what_cannot_be_told_a_last_time_is_still_not_handed_back(
    hass: HomeAssistant, entry: MockConfigEntry, home: House, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    await told(entry, home)
    await tripped(entry, driver)
    await until(lambda: home.front.settings[CHARGE] == 0)
    with patch.object(VictronInverter, "async_tell", side_effect=DriverError("no_answer", "not now")):
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert home.front.settings[CHARGE] == 0
    assert "could not be told its last limits: not now" in caplog.text


async def test_a_zero_that_no_protection_asks_for_ends_with_home_bms(
    hass: HomeAssistant, entry: MockConfigEntry, home: House
) -> None:
    await told(entry, home)
    pack = entry.runtime_data.packs[PACK_ID]
    await pack.async_wish(charge_current_cap=0.0)
    await until(lambda: home.front.settings[CHARGE] == 0)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert home.front.settings[CHARGE] == NO_LIMIT
    assert held_issue(hass) is None


async def test_what_was_found_is_on_the_disk_before_it_is_changed(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, home: House
) -> None:
    await told(entry, home)
    part = hass_storage[f"home_bms.{entry.entry_id}"]["data"]["system"][stored_part(inverter_of(entry).identity)]
    assert part["memory"]["leases"]["charge_current_max"]["found"] == [NO_LIMIT]
    # As after a crash: nobody handed back, and yet the next run knows what is to be put back.
    with patch.object(VictronInverter, "async_release", side_effect=DriverError("no_answer", "not now")):
        assert await hass.config_entries.async_reload(entry.entry_id)
    assert home.front.settings[CHARGE] == 140
    await entry.runtime_data.async_allow_control(False)
    await until(lambda: home.front.settings[CHARGE] == NO_LIMIT)


async def test_what_could_not_be_handed_back_is_after_a_restart_although_control_is_off_by_then(
    hass: HomeAssistant, entry: MockConfigEntry, home: House
) -> None:
    """A GX keeps its limits for ever: without that the house would live with them until control is allowed again."""
    await told(entry, home)
    with patch.object(VictronInverter, "async_release", side_effect=DriverError("no_answer", "not now")):
        await entry.runtime_data.async_allow_control(False)
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert home.front.settings[CHARGE] == 140
    inverter = inverter_of(entry)
    await until(lambda: inverter.link.memory == {})
    found = [home.front.settings[register] for register in (CHARGE, VOLTAGE, DISCHARGE)]
    assert found == [NO_LIMIT, 0, 0xFFFF]
    written = len(home.server.writes)
    await looks(inverter, 4)
    assert len(home.server.writes) == written


async def test_another_inverter_is_not_given_what_was_found_of_the_one_before(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House, hass_storage: dict[str, Any]
) -> None:
    entry = await home.set_up(hass)
    await told(entry, home)
    with patch.object(VictronInverter, "async_release", side_effect=DriverError("no_answer", "not now")):
        await entry.runtime_data.async_allow_control(False)
        assert await hass.config_entries.async_unload(entry.entry_id)
    written = len(home.server.writes)
    another = InverterInfo(manufacturer="Victron Energy", model="GX", serial_number="another")
    subentry = entry.subentries[INVERTER_ID]
    known = {**subentry.data, "serial_number": "ours"}
    hass.config_entries.async_update_subentry(entry, subentry, data=known)
    with patch.object(VictronInverter, "async_identify", return_value=another):
        assert await hass.config_entries.async_setup(entry.entry_id)
        inverter = inverter_of(entry)
        await until(lambda: inverter.data.link is Link.FOREIGN)
        await looks(inverter, 4)
        assert len(home.server.writes) == written
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_inverter_that_falls_silent_disturbs_no_pack_and_is_told_again(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House, caplog: pytest.LogCaptureFixture
) -> None:
    await told(entry, home)
    home.inverter.manner = Manner.SILENT
    pack = entry.runtime_data.packs[PACK_ID]
    polls = pack.statistics.polls
    await until(lambda: inverter.data.link is Link.SILENT, within=20.0)
    assert pack.statistics.polls > polls + 10
    home.inverter.manner = Manner.OBEYS
    await until(lambda: inverter.data.link is Link.ANSWERING, within=20.0)
    assert caplog.text.count("Inverter: ") == 1
    assert "Inverter can be told and read again" in caplog.text


async def test_one_that_is_not_heard_for_a_minute_is_a_repair_until_it_is_heard(
    hass: HomeAssistant, entry: MockConfigEntry, inverter: InverterCoordinator
) -> None:
    issues = InverterIssues(hass, entry_id=entry.entry_id, subentry_id=inverter.identity, name="Inverter")
    found = f"inverter_silent_{inverter.identity}"
    lost, late = DriverError("no_answer", "nobody"), InverterReading(time=0.0, alarms=frozenset({"inverter_silent"}))

    def raised() -> bool:
        return ir.async_get(hass).async_get_issue(DOMAIN, found) is not None

    issues.async_judge(0.0, lost, None)
    issues.async_judge(59.0, lost, None)
    assert not raised()
    issues.async_judge(60.0, lost, None)
    assert raised()
    issues.async_judge(61.0, None, InverterReading(time=61.0))
    assert not raised()
    issues.async_judge(62.0, None, late)
    assert raised()


async def test_when_home_bms_breaks_nothing_may_flow_and_the_charge_voltage_stays(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    voltage = home.front.settings[VOLTAGE]
    with patch.object(entry.runtime_data.system, "bank", side_effect=RuntimeError("broken")):
        await until(lambda: home.front.settings[CHARGE] == 0)
        assert home.front.settings[DISCHARGE] == 0
        assert home.front.settings[VOLTAGE] == voltage
    assert inverter.statistics.faults > 0


async def test_a_decision_that_nobody_renews_ends(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House
) -> None:
    await told(entry, home)
    system = entry.runtime_data.system
    with patch.object(type(system), "async_combine", side_effect=RuntimeError("broken")):
        system.decided -= 10.0
        await until(lambda: home.front.settings[CHARGE] == 0)


async def test_a_link_that_breaks_in_an_unknown_way_ends_nothing(
    entry: MockConfigEntry, inverter: InverterCoordinator
) -> None:
    with patch.object(VictronInverter, "async_read", side_effect=RuntimeError("broken")):
        await until(lambda: inverter.statistics.faults > 1)
    await until(lambda: inverter.data.link is Link.ANSWERING)
    inverter._working = asyncio.get_running_loop().create_task(asyncio.sleep(10))  # type: ignore[arg-type]
    inverter._working.cancel()
    await looks(inverter, 2)


async def test_two_inverters_share_what_one_would_get(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House
) -> None:
    async with house(gx(), 100, model="victron_gx", share=50) as second:
        entry = make_entry(
            hass,
            pack_subentry(),
            inverter_subentry(home.data),
            inverter_subentry(second.data, "01INVERTER00000000000000BB", "Second"),
        )
        await set_up(hass, entry)
        first, other = entry.runtime_data.inverters.values()
        assert (first.share, other.share) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
        # The battery's current is no inverter's own.
        await until(lambda: first.data.order is not None)
        order = first.data.order
        first.data = replace(first.data, reading=None)
        assert first._current(replace(order, bank=replace(order.bank, current=7.0))) is None
        await hass.config_entries.async_unload(entry.entry_id)


async def test_another_inverter_in_its_place_is_not_told(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House
) -> None:
    entry = await home.set_up(hass, serial_number="another")
    await allow(entry)
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.FOREIGN)
    await looks(inverter)
    assert home.server.writes == []
    await hass.config_entries.async_unload(entry.entry_id)
    assert home.server.writes == []


async def test_handing_back_is_tried_again_where_it_fails(
    entry: MockConfigEntry, inverter: InverterCoordinator, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverter_coordinator, "RELEASE_EVERY", 0.05)
    await told(entry, home)
    release, failures = inverter.link.async_release, [DriverError("no_answer", "not now")]

    async def unwilling(held: Flow) -> None:
        if failures:
            raise failures.pop()
        await release(held)

    with patch.object(inverter.link, "async_release", unwilling):
        await entry.runtime_data.async_allow_control(False)
        await until(lambda: home.front.settings[CHARGE] == NO_LIMIT)


async def test_what_was_resorted_to_is_told_and_used(
    entry: MockConfigEntry, inverter: InverterCoordinator, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[tuple[Flow, Step, Step]] = []
    end = inverter.add_step_listener(lambda flow, now, before: steps.append((flow, now.step, before)))

    def breaks(flow: Flow, now: Escalation, before: Step) -> None:
        raise RuntimeError("broken")

    inverter.add_step_listener(breaks)
    await allow(entry)
    await until(lambda: inverter.statistics.told)
    stubborn = Obedience(charge=Side(escalation=Escalation(step=Step.SETPOINT, ceiling=50.0)))
    with patch.object(inverter_coordinator, "observe", lambda state, seen: stubborn):
        await until(lambda: steps)
        await looks(inverter, 2)
        assert inverter.data.order is not None
        assert inverter.data.order.bank.cvl == 50.0
        assert inverter.data.order.setpoint == 0.0
    assert steps == [(Flow.CHARGE, Step.SETPOINT, Step.CCL_DCL)]
    assert "in the direction of charge, home_bms now relies on setpoint" in caplog.text
    end()


async def test_what_was_measured_of_an_inverter_outlives_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, inverter: InverterCoordinator
) -> None:
    known = Obedience(charge=Side(dead_times=(3.0,), settlings=(4.0,)))
    inverter.data = replace(inverter.data, obedience=known)
    assert await hass.config_entries.async_reload(entry.entry_id)
    again = inverter_of(entry)
    assert again.data.obedience.charge.dead_time == 3.0
    store = entry.runtime_data.store
    store._system[stored_part(again.identity)] = {"obedience": {"charge": 7}}
    assert known_obedience(store, again.identity, "Inverter") == Obedience()
