"""What leases make of the limits that a battery has."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.lease_effect import Effect, EffectState, Plant, narrow, plant
from custom_components.home_bms.core.lease_force import Charge, Claim, InForce
from custom_components.home_bms.core.leases import Key, Part
from custom_components.home_bms.core.model import Bound, ChargeStage, Charging, PackShare, Reason, SystemDecision
from custom_components.home_bms.core.system import combine

from .conftest import CLOSED
from .test_system import OPEN, pack, packs_of

BATTERY = Plant(
    time=1000.0,
    charge_current=100.0,
    discharge_current=150.0,
    voltage=57.6,
    ramp_rate=0.02,
    age=5.0,
    soc=50.0,
)
RATED = Reason(rule="rated")


def decision(ccl: float = 100.0, dcl: float = 150.0, voltage: float | None = 50.0, **changes: Any) -> SystemDecision:
    facts: dict[str, Any] = {
        "cvl": Bound(value=55.2, reason=RATED),
        "ccl": Bound(value=ccl, reason=RATED),
        "dcl": Bound(value=dcl, reason=RATED),
        "charging": Charging(stage=ChargeStage.BULK, reason=RATED),
        "packs": {"first": PackShare(charges=True, discharges=True, reason=RATED, share=1.0)},
        "voltage": voltage,
        "current": 0.0,
        "power": 0.0,
        "soc": 50.0,
        "soh": 100.0,
        "capacity": 280.0,
        "stored_energy": 7000.0,
        "energy_in": 0.0,
        "energy_out": 0.0,
        "weakest_charge": "first",
        "weakest_discharge": "first",
    }
    return SystemDecision(**(facts | changes))


def force(**values: float) -> InForce:
    claims = {Part(name): Claim(Part(name), value, Key("tariff", "")) for name, value in values.items()}
    return InForce(claims=claims)


def effect(told: SystemDecision | None = None, battery: Plant = BATTERY, /, **values: float) -> Effect:
    return narrow(EffectState(), told or decision(), force(**values), battery)[1]


def limits(found: Effect) -> tuple[float, float]:
    return found.decision.ccl.value, found.decision.dcl.value


def test_without_a_lease_nothing_is_changed() -> None:
    told = decision()
    assert effect(told) == Effect(decision=told, setpoint=None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"charge_current": 20.0}, (20, 150)),
        ({"discharge_current": 20.0}, (100, 20)),
        ({"charge_power": 500.0}, (10, 150)),
        ({"discharge_power": 0.0}, (100, 0)),
        ({"charge_power": 500.0, "charge_current": 20.0}, (10, 150)),
        ({"charge_power": 1500.0, "charge_current": 20.0}, (20, 150)),
        ({"charge_power": 1e6, "discharge_power": 1e6}, (100, 150)),
    ],
)
def test_a_limit_narrows_its_direction_and_no_other(values: dict[str, float], expected: tuple[float, float]) -> None:
    assert limits(effect(**values)) == expected


def test_the_reason_is_the_lease_only_where_the_lease_is_what_limits() -> None:
    found = effect(charge_power=500.0).decision
    assert (found.ccl.reason.rule, found.ccl.reason.threshold) == ("leased", 10.0)
    assert found.dcl.reason == RATED
    cold = decision(ccl=5.0)
    assert effect(cold, charge_power=500.0).decision is cold


def test_a_power_becomes_a_current_at_the_highest_voltage_while_that_is_not_known() -> None:
    assert limits(effect(decision(voltage=None), charge_power=576.0))[0] == pytest.approx(10)
    # What cannot be is no reason to divide by nothing.
    assert limits(effect(decision(voltage=0.0), charge_power=500.0))[0] == 100


@pytest.mark.parametrize(
    ("soc", "dcl"),
    [(50.0, 150), (31.0, 150), (30.5, 75), (30.0, 0), (29.0, 0), (None, 0)],
)
def test_discharging_fades_out_at_the_reserve_and_charging_is_not_touched(soc: float | None, dcl: float) -> None:
    found = effect(decision(), BATTERY._replace(soc=soc), reserve=30.0)
    assert limits(found) == (100, pytest.approx(dcl))
    reason = found.decision.dcl.reason
    if soc is None:
        assert reason.rule == "value_missing"
    elif dcl < 150:
        assert (reason.rule, reason.value, reason.threshold) == ("soc_window", soc, 30.0)


@pytest.mark.parametrize(
    ("wanted", "values", "told"),
    [
        (3000.0, {}, 3000),
        (-3000.0, {}, -3000),
        (9000.0, {}, 5000),
        (-9000.0, {}, -7500),
        (3000.0, {"charge_power": 1000.0}, 1000),
        (-3000.0, {"discharge_current": 10.0}, -500),
        (-3000.0, {"reserve": 60.0}, 0),
    ],
)
def test_a_set_point_stays_within_all_limits(wanted: float, values: dict[str, float], told: float) -> None:
    found = effect(power=wanted, **values)
    assert found.setpoint == told
    assert str(found.setpoint) != "-0.0"


def test_a_set_point_without_a_known_voltage_is_none_at_all() -> None:
    assert effect(decision(voltage=None), power=3000.0).setpoint == 0


def test_a_limit_falls_at_once_and_rises_slowly_when_the_lease_is_over() -> None:
    state, found = narrow(EffectState(), decision(), force(), BATTERY)
    assert limits(found) == (100, 150)
    state, found = narrow(state, decision(), force(charge_current=0.0), BATTERY._replace(time=1001.0))
    assert limits(found)[0] == 0
    risen = []
    for second in range(1, 60):
        state, found = narrow(state, decision(), force(), BATTERY._replace(time=1001.0 + second))
        risen.append(limits(found)[0])
    assert risen[:2] == [pytest.approx(2), pytest.approx(4)]
    assert risen[-1] == 100
    assert found.decision.ccl.reason == RATED


def test_a_charge_that_leads_somewhere_is_planned_with_what_is_known() -> None:
    assert BATTERY.charge(decision()) == Charge(50.0, 140.0, 5760.0)
    assert BATTERY.charge(decision(voltage=None)).energy is None


def test_the_battery_is_made_of_its_packs() -> None:
    packs = packs_of(first=pack(), second=pack(cell=3.32))
    found = plant(packs, combine(packs))
    assert (found.charge_current, found.discharge_current) == (200, 200)
    assert found.voltage == pytest.approx(16 * 3.45)
    assert found.soc == pytest.approx(50)
    assert found.time == max(snapshot.decision.time for _, snapshot in packs.values())


def with_estimate(story: Any, **changes: Any) -> Any:
    story.snapshot = replace(story.snapshot, estimate=replace(story.snapshot.estimate, **changes))
    return story


@pytest.mark.parametrize(
    ("first", "second", "soc"),
    [
        pytest.param({"soc": 50.0, "truth": 40.0}, {"soc": 50.0, "truth": 60.0}, 45.0, id="only what is less counts"),
        pytest.param({"soc": 50.0, "truth": None}, {"soc": 30.0, "truth": None}, 40.0, id="nothing better is known"),
        pytest.param({"soc": None, "truth": None}, {"soc": 30.0, "truth": 30.0}, None, id="not known"),
    ],
)
def test_the_charge_that_permits_less_counts(first: Any, second: Any, soc: float | None) -> None:
    packs = packs_of(first=with_estimate(pack(), **first), second=with_estimate(pack(), **second))
    assert plant(packs, combine(packs)).soc == (None if soc is None else pytest.approx(soc))


def test_a_pack_that_is_not_on_the_bus_holds_nobody_up() -> None:
    away = with_estimate(pack(switches=OPEN), soc=90.0, truth=10.0)
    packs = packs_of(first=with_estimate(pack(), soc=50.0, truth=50.0), second=away)
    assert plant(packs, combine(packs)).soc == pytest.approx(50)
    alone = packs_of(second=away)
    assert plant(alone, combine(alone)).soc == pytest.approx(90)


PARTS = st.fixed_dictionaries(
    {},
    optional={
        "charge_power": st.floats(0, 1e6, allow_subnormal=False),
        "discharge_power": st.floats(0, 1e6, allow_subnormal=False),
        "charge_current": st.floats(0, 1e4),
        "discharge_current": st.floats(0, 1e4),
        "reserve": st.floats(0, 100),
        "power": st.floats(-1e6, 1e6),
    },
)
LOOKS = st.lists(
    st.tuples(
        PARTS,
        st.floats(0, 200),
        st.floats(0, 200),
        st.none() | st.floats(0, 60),
        st.none() | st.floats(0, 100),
        st.floats(0, 20),
    ),
    min_size=1,
    max_size=8,
)


@given(looks=LOOKS)
def test_whatever_is_leased_no_limit_is_raised_and_the_set_point_is_within_them(looks: list[Any]) -> None:
    state, time = EffectState(), 1000.0
    for values, ccl, dcl, voltage, soc, later in looks:
        time += later
        told = decision(ccl, dcl, voltage)
        state, found = narrow(state, told, force(**values), BATTERY._replace(time=time, soc=soc))
        after = found.decision
        assert 0 <= after.ccl.value <= ccl
        assert 0 <= after.dcl.value <= dcl
        assert replace(after, ccl=told.ccl, dcl=told.dcl) == told
        assert after.ccl.value <= values.get("charge_current", 1e9)
        assert after.dcl.value <= values.get("discharge_current", 1e9)
        if "charge_power" in values and voltage is not None and voltage >= 1:
            assert after.ccl.value * voltage <= values["charge_power"] * (1 + 1e-9)
        if "reserve" in values and (soc is None or soc <= values["reserve"]):
            assert after.dcl.value == 0
        if (found.setpoint is None) != ("power" not in values):
            pytest.fail("a set-point is there if one is asked for")
        if found.setpoint is not None:
            volts = voltage or 0.0
            assert -after.dcl.value * volts <= found.setpoint <= after.ccl.value * volts


@given(values=PARTS, voltage=st.floats(40, 57), soc=st.floats(0, 100))
def test_taking_knowledge_away_permits_no_more(values: dict[str, float], voltage: float, soc: float) -> None:
    known = limits(effect(decision(voltage=voltage), BATTERY._replace(soc=soc), **values))
    for told, battery in (
        (decision(voltage=None), BATTERY._replace(soc=soc)),
        (decision(voltage=voltage), BATTERY._replace(soc=None)),
    ):
        less = limits(effect(told, battery, **values))
        assert less[0] <= known[0]
        assert less[1] <= known[1]


def test_a_pack_that_is_closed_takes_part() -> None:
    packs = packs_of(first=pack(switches=CLOSED))
    assert combine(packs).packs["first"].share is not None
