"""What a person must do about a pack is a repair: raised when it is found, worded, and withdrawn when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.battery import Finding, Kind
from custom_components.home_bms.core.model import Alarm, Flow, HardwareRing, Level, Reason
from custom_components.home_bms.hw.virtual.ring import settings
from custom_components.home_bms.issues import PackIssues, async_forget_issues

from .conftest import ENTRY_ID, PACK_ID, VIRTUAL, ScriptedDriver, make_entry, pack_subentry, set_up, ticks, until
from .lessons import finding, teach

# What the scripted pack of 140 A should be set to.
GOOD: Final = replace(settings("lfp", 280.0), charge_current=154.0, discharge_current=154.0)


def kept(ring: HardwareRing) -> dict[str, float]:
    """Return a ring as a pack's settings keep it."""
    return {name: value for name, value in asdict(ring).items() if value is not None}


def tell(driver: ScriptedDriver, **told: Any) -> None:
    """Let the pack say something else of itself; fields of the ring or of its identity."""
    ring = {name: told.pop(name) for name in list(told) if name in HardwareRing.__slots__}
    identity = driver.identity
    driver.identity = replace(identity, hardware_ring=replace(identity.hardware_ring, **ring), **told)


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return what stands in the repairs, without the pack's id."""
    found = ir.async_get(hass).issues
    return {key.removesuffix(f"_{PACK_ID}"): issue for (domain, key), issue in found.items() if domain == DOMAIN}


async def words(hass: HomeAssistant, issue: ir.IssueEntry) -> str:
    """Return an issue as a person reads it."""
    texts = await async_get_translations(hass, hass.config.language, "issues", {DOMAIN})
    prefix = f"component.{DOMAIN}.issues.{issue.translation_key}"
    placeholders: Mapping[str, str] = issue.translation_placeholders or {}
    return "\n".join(texts[f"{prefix}.{part}"].format(**placeholders) for part in ("title", "description"))


@pytest.fixture
def driver(drivers: list[ScriptedDriver]) -> ScriptedDriver:
    """Return the first pack's driver, whose settings are right."""
    drivers.append(ScriptedDriver())
    tell(drivers[0], **kept(GOOD))
    return drivers[0]


@pytest.fixture
async def entry(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> MockConfigEntry:
    """Return a loaded system whose pack was set up with the settings that it tells."""
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(GOOD)))
    await set_up(hass, entry)
    return entry


async def set_up_twice(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a system whose pack tells other settings than it was set up with, which begins anew at once."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_a_pack_that_is_set_as_it_should_be_needs_nobody(hass: HomeAssistant, pack: PackCoordinator) -> None:
    await ticks(pack)
    assert issues(hass) == {}


async def test_the_cold_that_the_factory_allows_is_a_repair_until_it_is_set_right(
    hass: HomeAssistant, driver: ScriptedDriver, entry: MockConfigEntry
) -> None:
    tell(driver, charge_undertemperature=-20.0, charge_undertemperature_release=-10.0)
    await until(lambda: "setting_charge_undertemperature" in issues(hass))
    await hass.async_block_till_done()
    issue = issues(hass)["setting_charge_undertemperature"]
    assert (issue.severity, issue.is_fixable) == (ir.IssueSeverity.ERROR, False)
    text = await words(hass, issue)
    assert "Pack 1 may be charged in the cold" in text
    assert "is set to -20 °C" in text
    assert "Below 0 °C lithium plates out" in text
    tell(driver, charge_undertemperature=0.0, charge_undertemperature_release=5.0)
    await until(lambda: "setting_charge_undertemperature" not in issues(hass))
    await hass.async_block_till_done()


async def test_each_wrong_setting_is_one_repair_in_the_users_language(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    hass.config.language = "de"
    tell(driver, cells=15, chemistry="nmc", cell_overvoltage=4.2, discharge_overcurrent_delay=300)
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(driver.identity.hardware_ring)))
    await set_up(hass, entry)
    found = issues(hass)
    assert set(found) == {"setting_cells", "setting_chemistry", "setting_discharge_overcurrent_delay"}
    text = await words(hass, found["setting_chemistry"])
    assert "NMC (Lithium-Nickel-Mangan-Kobalt)" in text
    assert "Home BMS ist auf LFP" in text
    text = await words(hass, found["setting_discharge_overcurrent_delay"])
    assert "Verzögerung bei Überstrom beim Entladen" in text
    assert "300 s" in text


async def test_a_trip_of_ours_that_lies_too_far_out_is_named_with_the_packs_own(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(GOOD), thresholds={"cell_overvoltage_trip": 3.63}))
    await set_up(hass, entry)
    text = await words(hass, issues(hass)["setting_cell_overvoltage_trip"])
    assert "Over-voltage: trip at is 3.63 V" in text
    assert "Cell over-voltage protection is 3.65 V" in text
    assert "to 3.6 V" in text


async def test_what_was_found_before_a_reload_is_withdrawn_after_it(
    hass: HomeAssistant, driver: ScriptedDriver, entry: MockConfigEntry
) -> None:
    tell(driver, cells=15)
    await until(lambda: "setting_cells" in issues(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)
    tell(driver, cells=16)
    await set_up(hass, entry)
    assert issues(hass) == {}


async def test_a_ring_that_is_moved_draws_our_levels_with_it_and_says_so(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    driver: ScriptedDriver,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    assert pack.config.stages["cell_overvoltage"][2].at == 3.60
    tell(driver, cell_overvoltage=3.60)
    await until(lambda: entry.runtime_data.packs[PACK_ID] is not pack)
    await hass.async_block_till_done()
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert again.config.stages["cell_overvoltage"][2].at == pytest.approx(3.55)
    assert entry.subentries[PACK_ID].data["hardware_ring"]["cell_overvoltage"] == 3.60
    issue = issues(hass)["hardware_ring_changed"]
    assert issue.is_fixable
    assert issue.is_persistent
    assert issue.translation_placeholders == {
        "name": "Pack 1",
        "changes": "Cell over-voltage protection: 3.65 V → 3.6 V",
    }
    # Once somebody has seen it, it is done.
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": f"hardware_ring_changed_{PACK_ID}"}
    )
    form = await answer.json()
    assert form["description_placeholders"]["changes"]
    await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    await hass.async_block_till_done()
    assert "hardware_ring_changed" not in issues(hass)
    await ticks(again)
    assert entry.runtime_data.packs[PACK_ID] is again


async def test_a_ring_that_was_moved_while_nobody_watched_is_followed_at_the_start(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(replace(GOOD, cell_overvoltage=3.60))))
    await set_up_twice(hass, entry)
    assert entry.runtime_data.packs[PACK_ID].config.stages["cell_overvoltage"][2].at == 3.60
    assert "hardware_ring_changed" in issues(hass)


async def test_what_a_newer_version_reads_for_the_first_time_was_moved_by_nobody(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring={"cell_overvoltage": 3.65}))
    await set_up_twice(hass, entry)
    assert entry.subentries[PACK_ID].data["hardware_ring"] == kept(GOOD)
    assert issues(hass) == {}


@pytest.mark.parametrize("capacity", [280.0, 100.0])
async def test_a_virtual_pack_on_a_real_link_needs_nobody_whatever_it_is_made_of(
    hass: HomeAssistant, socket_enabled: None, quick: None, capacity: float
) -> None:
    # The form asked a pack of 280 Ah, and the user made it smaller.
    facts = {**VIRTUAL, "capacity": capacity, "charge_current": 45.0, "discharge_current": 45.0}
    entry = make_entry(hass, pack_subentry(**facts, hardware_ring=kept(settings("lfp", 280.0))))
    await set_up_twice(hass, entry)
    ring = kept(settings("lfp", capacity))
    await until(lambda: entry.subentries[PACK_ID].data["hardware_ring"] == ring)
    await hass.async_block_till_done()
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.latest.reading.hardware is not None)
    # 140 A of its own is more than the 45 A that were stated.
    wrong = {"setting_charge_current", "setting_discharge_current"} if capacity == 280 else set()
    assert set(issues(hass)) == wrong
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_while_a_trip_is_latched_no_ring_is_followed(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    tight = replace(GOOD, cell_overvoltage=3.60)
    tell(driver, **kept(tight))
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(tight)))
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    tell(driver, cell_overvoltage=3.65)
    await ticks(pack, 5)
    assert entry.subentries[PACK_ID].data["hardware_ring"] == kept(tight)
    assert entry.runtime_data.packs[PACK_ID] is pack
    # Once it is reset, the next look follows.
    driver.temperatures[2] = 25.0
    await ticks(pack, 5)
    await pack.async_reset_trips()
    await until(lambda: pack.latest.decision.worst is Level.OK)
    tell(driver)
    await until(lambda: entry.subentries[PACK_ID].data["hardware_ring"] == kept(GOOD))
    await hass.async_block_till_done()


async def test_a_ring_that_leaves_no_room_is_told_and_not_followed(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring=kept(GOOD), thresholds={"cell_overvoltage_protect": 3.57}))
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    tell(driver, cell_overvoltage=3.60)
    await until(lambda: "hardware_ring_refused" in issues(hass))
    await hass.async_block_till_done()
    text = await words(hass, issues(hass)["hardware_ring_refused"])
    assert "“Over-voltage: stop charging at” must lie below “Over-voltage: trip at”" in text
    # Better the old levels than no protection at all.
    assert entry.runtime_data.packs[PACK_ID] is pack
    await ticks(pack)
    tell(driver, cell_overvoltage=3.65)
    await until(lambda: "hardware_ring_refused" not in issues(hass))


async def test_a_setting_that_cannot_be_meant_is_told_and_moves_no_level(
    hass: HomeAssistant, driver: ScriptedDriver, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    tell(driver, cell_undervoltage=2500.0)
    await until(lambda: entry.runtime_data.packs[PACK_ID] is not pack)
    await hass.async_block_till_done()
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert again.config.stages["cell_undervoltage"][-1].at == 2.7
    text = await words(hass, issues(hass)["setting_cell_undervoltage"])
    assert "reads 2500 V" in text
    assert "means 2.5 V" in text


async def test_a_trip_calls_a_person_with_what_to_do_until_it_is_reset(
    hass: HomeAssistant, driver: ScriptedDriver, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    driver.temperatures[2] = 57.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    await hass.async_block_till_done()
    # The heat is one trip; the others follow from it.
    (key,) = [key for key in issues(hass) if key.startswith("call_")]
    text = await words(hass, issues(hass)[key])
    assert "Pack 1 has tripped" in text
    assert "What to do: " in text
    assert "(only a wish: control is off)" in text
    # It is there again after a restart, as the trip is.
    assert await hass.config_entries.async_unload(entry.entry_id)
    ir.async_delete_issue(hass, DOMAIN, f"{key}_{PACK_ID}")
    await set_up(hass, entry)
    assert key in issues(hass)
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    driver.temperatures[2] = 25.0
    await ticks(again, 5)
    await again.async_reset_trips()
    await until(lambda: key not in issues(hass))


def alarm(key: str, level: Level, cause: str | None = None) -> Alarm:
    return Alarm(key=key, level=level, flow=Flow.BOTH, reason=Reason(rule=key), cause=cause)


@pytest.mark.parametrize(
    ("alarms", "called"),
    [
        pytest.param([alarm("cell_difference", Level.WARN)], {}, id="waiting mends it"),
        pytest.param([alarm("contactor_not_closing", Level.WARN)], {"contactor_not_closing": "error"}, id="care"),
        pytest.param([alarm("command_ignored", Level.WARN)], {}, id="not yet"),
        pytest.param([alarm("command_ignored", Level.PROTECT)], {"command_ignored": "error"}, id="ignored"),
        pytest.param([alarm("contactor_welded", Level.TRIP)], {"contactor_welded": "critical"}, id="welded"),
        pytest.param(
            [alarm("cell_overvoltage", Level.TRIP), alarm("pack_overvoltage", Level.TRIP, "cell_overvoltage")],
            {"cell_overvoltage": "error"},
            id="a consequence",
        ),
        pytest.param(
            [alarm("cell_difference", Level.WARN), alarm("cell_overvoltage", Level.TRIP, "cell_difference")],
            {"cell_overvoltage": "error"},
            id="a root that calls nobody",
        ),
        pytest.param(
            [
                alarm("contactor_welded", Level.TRIP),
                alarm("command_ignored", Level.WARN, "contactor_welded"),
                alarm("charge_overcurrent", Level.TRIP, "command_ignored"),
            ],
            {"contactor_welded": "critical"},
            id="a consequence of a consequence",
        ),
    ],
)
async def test_who_is_called_for_what(
    hass: HomeAssistant, entry: MockConfigEntry, alarms: list[Alarm], called: dict[str, str]
) -> None:
    own = PackIssues(hass, entry_id=ENTRY_ID, subentry_id="other", name="Pack 2")
    own.async_judge(tuple(alarms), acting=True)

    def standing() -> dict[str, str | None]:
        found = ir.async_get(hass).issues
        return {
            key.removeprefix("call_").removesuffix("_other"): issue.severity
            for (_, key), issue in found.items()
            if key.endswith("_other")
        }

    assert standing() == called
    own.async_judge((), acting=True)
    assert standing() == {}


async def test_an_alarm_of_the_pack_itself_is_named_and_followed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    own = PackIssues(hass, entry_id=ENTRY_ID, subentry_id="other", name="Pack 2")
    alarms = (alarm("device_alarm", Level.WARN),)

    def story() -> str:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, "call_device_alarm_other")
        assert issue is not None
        assert issue.translation_placeholders is not None
        return issue.translation_placeholders["story"]

    own.async_judge(alarms, acting=True, device_alarms=frozenset({"current_sensor_fault"}))
    assert story() == "Alarm of the pack itself: current sensor fault"
    own.async_judge(alarms, acting=True, device_alarms=frozenset({"balance_wire_resistance"}))
    assert story() == "Alarm of the pack itself: balance wire resistance"


async def test_issues_of_a_pack_that_was_removed_are_forgotten(
    hass: HomeAssistant, driver: ScriptedDriver, entry: MockConfigEntry
) -> None:
    tell(driver, cells=15)
    await until(lambda: "setting_cells" in issues(hass))
    entry.runtime_data.store.async_declare_lost()
    async_forget_issues(hass, ENTRY_ID, {None, PACK_ID})
    assert set(issues(hass)) == {"setting_cells", f"store_lost_{ENTRY_ID}"}
    async_forget_issues(hass, "another entry", ())
    assert len(issues(hass)) == 2
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


@pytest.mark.parametrize(
    ("found", "key", "severity", "told"),
    [
        (
            finding(Kind.WEAK_CELL, 2, 13.24, 9.45),
            "weak_cell_3",
            ir.IssueSeverity.WARNING,
            ("Cell 3 of Pack 1 is weak", "holds 13.2 Ah less", "told from 9.4 Ah"),
        ),
        (
            finding(Kind.LEAKY_CELL, 4, 0.0123, 0.0084),
            "leaky_cell_5",
            ir.IssueSeverity.WARNING,
            ("Cell 5 of Pack 1 loses charge", "loses 12 mA more", "told from 8 mA"),
        ),
        (
            finding(Kind.MICRO_SHORT, 15, 0.1012, 0.0336),
            "micro_short_16",
            ir.IssueSeverity.ERROR,
            ("Cell 16 of Pack 1", "began to lose 101 mA more", "told from 34 mA"),
        ),
        (
            finding(Kind.LOOSE_JOINT, 6, 0.00047, 0.00005),
            "loose_joint_7",
            ir.IssueSeverity.WARNING,
            ("A joint at cell 7 of Pack 1 is loose", "0.47 mΩ more", "told from 0.05 mΩ"),
        ),
        (
            finding(Kind.SENSOR_DRIFT, 0, 0.0151, 0.009),
            "sensor_drift_1",
            ir.IssueSeverity.WARNING,
            ("The voltage of cell 1 of Pack 1", "measured 15 mV off", "told from 9 mV"),
        ),
        (
            finding(Kind.SENSOR_DRIFT, None, 0.912, 0.7),
            "sensor_drift_0",
            ir.IssueSeverity.WARNING,
            ("The current of Pack 1", "is 0.91 A off", "told from 0.70 A"),
        ),
    ],
)
async def test_what_estimation_finds_is_a_repair_until_it_is_over(
    hass: HomeAssistant,
    pack: PackCoordinator,
    found: Finding,
    key: str,
    severity: ir.IssueSeverity,
    told: tuple[str, ...],
) -> None:
    teach(pack, findings=(found,))
    await until(lambda: f"finding_{key}" in issues(hass))
    issue = issues(hass)[f"finding_{key}"]
    assert (issue.severity, issue.is_fixable, issue.is_persistent) == (severity, False, False)
    text = await words(hass, issue)
    for part in told:
        assert part in text
    teach(pack, findings=())
    await until(lambda: f"finding_{key}" not in issues(hass))


async def test_a_finding_that_grows_is_told_anew_and_one_more_leaves_it_alone(
    hass: HomeAssistant, pack: PackCoordinator
) -> None:
    teach(pack, findings=(finding(Kind.WEAK_CELL, 2, 10.0, 9.4),))
    await until(lambda: "finding_weak_cell_3" in issues(hass))
    teach(pack, findings=(finding(Kind.WEAK_CELL, 2, 14.0, 9.4), finding(Kind.WEAK_CELL, 3, 11.0, 9.4)))
    await until(lambda: "finding_weak_cell_4" in issues(hass))
    assert "holds 14.0 Ah less" in await words(hass, issues(hass)["finding_weak_cell_3"])


async def test_findings_stand_again_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    teach(pack, findings=(finding(Kind.WEAK_CELL, 2, 10.0, 9.4),))
    await until(lambda: "finding_weak_cell_3" in issues(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)
    for domain, key in list(ir.async_get(hass).issues):
        ir.async_delete_issue(hass, domain, key)
    await set_up(hass, entry)
    assert "finding_weak_cell_3" in issues(hass)


@pytest.mark.parametrize(
    ("daily", "told"),
    [
        (4.0, "Day after day 4.00 Ah more is taken from cell 3"),
        (-4.0, "Day after day cell 3 gets 4.00 Ah more from the balancer"),
    ],
)
async def test_a_cell_that_needs_balancing_every_day_is_named(
    hass: HomeAssistant, pack: PackCoordinator, daily: float, told: str
) -> None:
    await until(lambda: pack.latest.balance is not None)
    state = pack.supervisor.state
    count = pack.config.cells
    apart = tuple(daily if cell == 2 else 0.0 for cell in range(count))
    days = tuple((1.0 if daily > 0 else -1.0) if cell == 2 else 0.0 for cell in range(count))
    budget = replace(state.balance.budget, daily=apart, days=days)
    pack.supervisor.state = replace(state, balance=replace(state.balance, budget=budget))
    await until(lambda: "need_3" in issues(hass))
    assert told in await words(hass, issues(hass)["need_3"])
    state = pack.supervisor.state
    even = replace(state.balance.budget, daily=(0.0,) * count, days=(0.0,) * count)
    pack.supervisor.state = replace(state, balance=replace(state.balance, budget=even))
    await until(lambda: "need_3" not in issues(hass))
