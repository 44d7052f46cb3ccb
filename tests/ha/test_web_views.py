"""What is learned, leased and obeyed reaches the browser whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.balancing import BALANCE_REASONS
from custom_components.home_bms.core.battery import Finding, Kind
from custom_components.home_bms.core.charging import CHARGE_RULES
from custom_components.home_bms.core.escalation import ESCALATION_RULES, Escalation, Step
from custom_components.home_bms.core.limits import RULES
from custom_components.home_bms.core.model import Bound, Reason
from custom_components.home_bms.core.obedience import Response, Side
from custom_components.home_bms.core.roster import PACK_RULES
from custom_components.home_bms.core.system import SYSTEM_RULES
from custom_components.home_bms.web.encode import told
from custom_components.home_bms.web.health import health_shown
from custom_components.home_bms.web.pack import pack_shown
from custom_components.home_bms.web.schema import HealthShown, InverterPart, PackShown, SystemInfo, Systems, SystemShown
from custom_components.home_bms.web.system import system_shown
from custom_components.home_bms.web.systems import systems
from custom_components.home_bms.web.why import Clock, current_limit, voltage_limit, why

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until
from .inverter_house import INVERTER_ID, House, gx, house, inverter_of, looks, quick_inverters
from .lessons import AHEAD, LEAKY, LOOSE, WEAK, aged, bleed, live, teach
from .test_services import call
from .test_websocket import faults


@pytest.fixture
def clock(hass: HomeAssistant) -> Clock:
    return Clock(hass)


# --- time ------------------------------------------------------------------------------------------------------------


async def test_a_moment_keeps_its_time_until_the_clock_is_set(
    hass: HomeAssistant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    then, now = hass.loop.time() - 100.0, dt_util.utcnow().timestamp()
    first = clock.at(then)
    assert abs(now - 100.0 - first) < 60.0
    monkeypatch.setattr(clock, "now", lambda: first + 100.1 + hass.loop.time() - then - 100.0)
    assert clock.at(then) == first
    monkeypatch.setattr(clock, "now", lambda: first + 3700.0 + hass.loop.time() - then - 100.0)
    assert clock.at(then) == pytest.approx(first + 3600.0)


# Rules that rest on no number, on one of a limit, or on one whose unit the rule does not tell.
WITHOUT_UNIT = {
    *("starting", "rated", "switched_off", "refused_by_pack", "value_missing", "charging_stopped", "packs_open"),
    *("user_cap", "leased", "asked_by_pack", "recovering", "balancing_asked", "limit_reached"),
    *("balanced", "uncertain", "not_charging", "not_at_rest", "pausing", "mode_off"),
    *("in", "charge_open", "discharge_open", "open", "joining"),
    *("short_circuit", "contactor_not_opening", "contactor_not_closing", "contactor_welded", "precharge_failed"),
    *("device_alarm", "settings_out_of_order"),
}


def test_the_numbers_of_every_rule_have_their_unit_or_none() -> None:
    rules = {*RULES, *SYSTEM_RULES, *CHARGE_RULES, *BALANCE_REASONS, *ESCALATION_RULES, *PACK_RULES}
    told_without = {rule for rule in rules if why(lambda then: then, Reason(rule=rule)).unit is None}
    assert told_without == WITHOUT_UNIT


def test_a_number_of_a_limit_has_the_unit_of_the_limit(clock: Clock) -> None:
    bound = Bound(value=50.0, reason=Reason(rule="user_cap", threshold=50.0))
    assert (current_limit(clock, bound, 60.0).why.unit, voltage_limit(clock, bound, 60.0).why.unit) == ("A", "V")
    apart = why(clock.at, Reason(rule="cell_difference", value=0.034, threshold=0.03))
    assert (apart.value, apart.unit) == (0.034, "V")


# --- what is learned -------------------------------------------------------------------------------------------------


async def test_what_a_pack_has_learned_is_told_of_each_cell(
    driver: ScriptedDriver, pack: PackCoordinator, clock: Clock
) -> None:
    await ticks(pack)
    teach(
        pack,
        findings=(
            Finding(kind=Kind.WEAK_CELL, cell=WEAK, since=1_440_000.0, confidence=0.97, value=9.0, threshold=8.0),
            Finding(kind=Kind.SENSOR_DRIFT, cell=None, since=0.0, confidence=0.8, value=0.5, threshold=0.3),
        ),
    )
    bleed(pack, tuple(0.5 * cell for cell in range(16)))
    await ticks(pack)
    shown = health_shown(clock, pack)
    assert faults(HealthShown, told(shown)) == []
    weak, leaky, loose, ahead = (shown.cells[place] for place in (WEAK, LEAKY, LOOSE, AHEAD))
    assert weak.capacity == pytest.approx(270.0 * 0.951, rel=0.01)
    assert weak.capacity_deviation == pytest.approx(3.0, rel=0.2)
    assert leaky.self_discharge is not None
    assert leaky.self_discharge > 5.0
    assert (loose.resistance, loose.joint) == (pytest.approx(0.3), pytest.approx(0.5))
    assert (ahead.surplus, ahead.balanced) == (pytest.approx(1.25), 4.0)
    weak_found, drift = shown.findings
    assert (weak_found.kind, weak_found.cell) == ("weak_cell", WEAK + 1)
    # Of 500 h that were watched it stands for the last 100.
    assert weak_found.since is not None
    assert shown.time - weak_found.since == pytest.approx(360_000.0, rel=0.01)
    assert (drift.kind, drift.cell, drift.confidence) == ("current_drift", None, 0.8)
    due = [(one.item, one.standing, one.cells, one.whole_system) for one in shown.inspections]
    assert due == [("cells", "due", [WEAK + 1], False), ("sensors", "due", [], False)]

    picture = pack_shown(clock, pack)
    assert faults(PackShown, told(picture)) == []
    assert picture.surpluses[AHEAD] == pytest.approx(1.25)
    assert picture.resistances[LOOSE] == pytest.approx(0.3)


async def test_the_cell_that_will_be_worn_first_is_named(pack: PackCoordinator, clock: Clock) -> None:
    await ticks(pack)
    teach(pack)
    estimate = pack.supervisor.state.estimate
    live(pack, life=aged(estimate))
    await ticks(pack)
    shown = health_shown(clock, pack)
    assert shown.weakest is not None
    worn = shown.cells[shown.weakest - 1]
    assert worn.worn_soonest is not None
    assert worn.worn_in is not None
    assert worn.worn_latest is not None
    assert worn.worn_soonest <= worn.worn_in <= worn.worn_latest
    assert shown.weakest == WEAK + 1
    assert (shown.depths[0], shown.depths[9], shown.plating) == (1.0, 2.0, 4.5)


async def test_a_countdown_is_told_in_minutes(pack: PackCoordinator, clock: Clock) -> None:
    await ticks(pack)
    decision = pack.latest.decision
    pack.latest = replace(pack.latest, decision=replace(decision, balance=replace(decision.balance, remaining=1234.0)))
    assert pack_shown(clock, pack).balance_remaining == 1260.0


# --- the battery -----------------------------------------------------------------------------------------------------


async def test_who_asks_what_until_when_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, clock: Clock
) -> None:
    await ticks(pack)
    await call(hass, "request_power", ENTRY_ID, owner="tariff", reason="cheap", power=1500, duration={"hours": 2})
    await call(hass, "request_power", ENTRY_ID, owner="grid", charge_power=900, priority=90, duration={"hours": 1})
    await call(hass, "request_power", ENTRY_ID, owner="owner", charge_power=2000, duration={"hours": 1})
    later = dt_util.now() + timedelta(hours=5)
    await call(hass, "request_power", ENTRY_ID, owner="night", discharge_power=0, start=later, duration={"hours": 1})
    await ticks(pack)
    system = entry.runtime_data.system
    shown = system_shown(hass, clock, system)
    assert faults(SystemShown, told(shown)) == []
    counts = {claim.part: claim for claim in shown.claims if claim.overridden_by is None}
    assert (counts["charge_power"].owner, counts["charge_power"].value) == ("grid", 900.0)
    assert (counts["power"].owner, counts["power"].reason) == ("tariff", "cheap")
    (lost,) = [claim for claim in shown.claims if claim.overridden_by is not None]
    assert (lost.owner, lost.overridden_by) == ("owner", "grid")
    leases = {lease.owner: lease for lease in shown.leases}
    assert [lease.start for lease in shown.leases] == sorted(lease.start for lease in shown.leases)
    assert (leases["tariff"].asks, leases["tariff"].in_force) == ({"power": 1500.0}, True)
    assert (leases["night"].asks, leases["night"].in_force) == ({"discharge_power": 0.0}, False)
    assert leases["grid"].end - leases["grid"].start == pytest.approx(3600.0)
    assert leases["grid"].repeats is False


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[House]:
    async with house(gx(), 100, model="victron_gx") as home:
        yield home


async def test_an_inverter_is_told_with_what_it_makes_of_its_limits(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    scripted: None,
    home: House,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick_inverters(monkeypatch)
    entry = await home.set_up(hass)
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.reading is not None)
    await looks(inverter)
    shown = system_shown(hass, clock, entry.runtime_data.system)
    assert faults(SystemShown, told(shown)) == []
    (part,) = shown.inverters
    assert (part.name, part.link, part.acting, part.share) == ("Inverter", "answering", False, 1.0)
    assert part.charge.limit == pytest.approx(140.0)
    assert (part.charge.step, part.charge.why, part.charge.settling) == ("ccl_dcl", None, None)
    assert part.voltage is not None

    reason = Reason(rule="current_limit_ignored", value=80.0, threshold=10.0, since=hass.loop.time())
    side = Side(
        response=Response.IGNORED,
        escalation=Escalation(step=Step.CVL, reason=reason),
        dead_times=(2.0,),
        settlings=(4.0, 5.0, 6.0),
    )
    inverter.data = replace(inverter.data, obedience=replace(inverter.data.obedience, charge=side))
    (part,) = system_shown(hass, clock, entry.runtime_data.system).inverters
    assert faults(InverterPart, told(part)) == []
    assert (part.charge.response, part.charge.step, part.charge.dead_time) == ("ignored", "cvl", 2.0)
    assert part.charge.settling == 5.0
    assert part.charge.why is not None
    assert (part.charge.why.rule, part.charge.why.value) == ("current_limit_ignored", 80.0)

    there = systems(hass)
    assert faults(Systems, told(there)) == []
    (info,) = there.systems
    assert isinstance(info, SystemInfo)
    (described,) = info.inverters
    assert described.name == "Inverter"
    assert described.device_id == part.device_id != ""
    assert described.model


async def test_an_inverter_that_was_never_read_is_told_whole(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House, clock: Clock
) -> None:
    entry = await home.set_up(hass)
    inverter = entry.runtime_data.inverters[INVERTER_ID]
    inverter.data = replace(inverter.data, reading=None, order=None)
    shown = system_shown(hass, clock, entry.runtime_data.system)
    assert faults(SystemShown, told(shown)) == []
    assert (shown.inverters[0].charge.limit, shown.inverters[0].voltage) == (None, None)
    assert shown.packs[0].device_id
    assert PACK_ID in entry.runtime_data.packs
