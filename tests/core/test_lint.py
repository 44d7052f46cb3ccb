"""A pack's own settings are the last line: what is wrong with them is found, named once, and nothing else is."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.lint import CHECKS, ORDERS, RINGS, RULES, Finding, lint
from custom_components.home_bms.core.model import ConfigError, HardwareRing, PackConfig
from custom_components.home_bms.core.presets import CHEMISTRIES
from custom_components.home_bms.core.ring import FACTS, REGISTERS, meant
from custom_components.home_bms.hw.virtual.ring import settings as virtual_ring

from .conftest import make_config

# As JK ships its LFP preset (thresholds.md 2.1, 2.4), for cables and fuse of 140 A.
FACTORY = HardwareRing(
    cell_overvoltage=3.60,
    cell_overvoltage_release=3.40,
    cell_undervoltage=2.60,
    cell_undervoltage_release=3.00,
    power_off_voltage=2.50,
    charge_voltage=3.45,
    float_voltage=3.35,
    charge_current=150.0,
    charge_overcurrent_delay=30,
    discharge_current=150.0,
    discharge_overcurrent_delay=30,
    charge_overtemperature=60.0,
    charge_overtemperature_release=55.0,
    charge_undertemperature=-20.0,
    charge_undertemperature_release=-10.0,
    discharge_overtemperature=60.0,
    discharge_overtemperature_release=55.0,
    switch_overtemperature=75.0,
    switch_overtemperature_release=70.0,
    balance_start_voltage=3.40,
    balance_difference=0.010,
)
GOOD = replace(FACTORY, charge_undertemperature=0.0, charge_undertemperature_release=5.0)


def configured(ring: HardwareRing = GOOD, **changes: object) -> PackConfig:
    facts = {"charge_current": 140.0, "discharge_current": 140.0, "confirmed": True, "hardware": ring}
    return make_config(**(facts | changes))


def judged(ring: HardwareRing, config: PackConfig | None = None, **told: object) -> dict[str, Finding]:
    """Return the findings by register."""
    findings = lint(config or configured(GOOD), ring, **told)
    by_register = {finding.register: finding for finding in findings}
    assert len(by_register) == len(findings), "one register, one finding"
    return by_register


def test_the_cold_that_jk_allows_from_the_factory_is_the_one_thing_wrong_with_it() -> None:
    (finding,) = lint(configured(FACTORY), FACTORY, cells=16, capacity=280.0, chemistry="lfp")
    assert (finding.key, finding.register) == ("charges_in_the_cold", "charge_undertemperature")
    assert (finding.value, finding.recommended) == (-20.0, 0.0)
    assert finding.grave


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_a_virtual_pack_of_every_chemistry_is_set_as_it_should_be(chemistry: str) -> None:
    ring = virtual_ring(chemistry, 280.0)
    config = configured(ring, chemistry=chemistry, charge_current=126.0, discharge_current=126.0)
    assert lint(config, ring, cells=16, capacity=280.0) == ()


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_what_is_recommended_is_itself_without_fault(chemistry: str) -> None:
    config = configured(HardwareRing(), chemistry=chemistry)
    advice = {name: register.advice(config, CHEMISTRIES[chemistry]) for name, register in REGISTERS.items()}
    assert lint(config, HardwareRing(**advice)) == ()


@pytest.mark.parametrize(
    ("register", "value", "key", "recommended"),
    [
        ("charge_undertemperature", -20.0, "charges_in_the_cold", 0.0),
        ("cell_overvoltage", 3.80, "beyond_the_cells", 3.65),
        ("cell_undervoltage", 2.30, "beyond_the_cells", 2.50),
        ("charge_overtemperature", 70.0, "beyond_the_cells", 60.0),
        ("discharge_overtemperature", 70.0, "beyond_the_cells", 65.0),
        ("switch_overtemperature", 105.0, "beyond_the_switches", 90.0),
        ("cell_overvoltage", 3.55, "too_tight", 3.65),
        ("cell_undervoltage", 2.95, "too_tight", 2.50),
        ("charge_current", 40.0, "less_than_stated", 154.0),
        ("discharge_current", 100.0, "less_than_stated", 154.0),
        ("charge_current", 200.0, "more_than_stated", 154.0),
        ("discharge_current", 200.0, "more_than_stated", 154.0),
        ("discharge_overcurrent_delay", 300, "too_slow", 10.0),
        ("charge_overcurrent_delay", 120, "too_slow", 10.0),
        ("balance_start_voltage", 3.0, "balances_too_low", 3.40),
        # Units.
        ("cell_overvoltage", 3650.0, "odd_unit", 3.65),
        ("cell_undervoltage", 25.0, "odd_unit", 2.5),
        ("cell_undervoltage", 0.0025, "odd_unit", 2.5),
        ("charge_overtemperature", 131.0, "odd_unit", 55.0),
        ("charge_undertemperature", 32.0, "odd_unit", 0.0),
        ("charge_overtemperature", 600.0, "odd_unit", 60.0),
        ("charge_current", 140_000.0, "odd_unit", 140.0),
        ("cell_overvoltage", 0.0, "switched_off", 3.65),
        ("charge_overtemperature", 0.0, "switched_off", 60.0),
        ("charge_undertemperature", -273.0, "nonsense", 0.0),
        ("cell_overvoltage", -3.65, "nonsense", 3.65),
        ("discharge_overtemperature", 429_496_700.0, "nonsense", 65.0),
        # Levels against each other.
        ("cell_overvoltage_release", 3.60, "out_of_order", 3.45),
        ("cell_undervoltage_release", 2.60, "out_of_order", 3.10),
        ("power_off_voltage", 2.70, "out_of_order", 2.40),
        ("charge_voltage", 3.62, "out_of_order", 3.45),
        ("float_voltage", 3.50, "out_of_order", 3.35),
        ("charge_overtemperature_release", 60.0, "out_of_order", 55.0),
        ("charge_undertemperature_release", -5.0, "out_of_order", 5.0),
        ("discharge_overtemperature_release", 65.0, "out_of_order", 60.0),
        ("switch_overtemperature_release", 75.0, "out_of_order", 80.0),
        ("balance_start_voltage", 3.62, "out_of_order", 3.40),
    ],
)
def test_one_wrong_register_is_found_with_what_it_should_be(
    register: str, value: float, key: str, recommended: float
) -> None:
    found = judged(replace(GOOD, **{register: value}))
    # The neighbours that are compared with it are not blamed too.
    assert list(found) == [register]
    assert (found[register].key, found[register].value, found[register].recommended) == (key, value, recommended)


def test_levels_out_of_order_name_both() -> None:
    finding = judged(replace(GOOD, cell_overvoltage_release=3.7))["cell_overvoltage_release"]
    assert (finding.other, finding.bound) == ("cell_overvoltage", 3.60)


def test_a_ring_inside_the_trip_is_to_be_moved_out_where_the_cells_stand_it() -> None:
    # Set up with 3.65 V, and lowered in the maker's app since.
    config = configured(replace(GOOD, cell_overvoltage=3.65))
    finding = judged(replace(GOOD, cell_overvoltage=3.62), config)["cell_overvoltage"]
    assert (finding.key, finding.recommended) == ("acts_before_home_bms", 3.65)
    assert (finding.other, finding.bound) == ("cell_overvoltage_trip", 3.60)


@pytest.mark.parametrize(
    ("moved", "register", "trip", "ring", "recommended"),
    [
        ({"cell_overvoltage_trip": 3.63}, "cell_overvoltage", 3.63, 3.65, 3.60),
        (
            {"cell_undervoltage_trip": 2.52, "cell_undervoltage_protect": 2.8},
            "cell_undervoltage",
            2.52,
            2.50,
            2.55,
        ),
        ({"charge_overtemperature_trip": 59.0}, "charge_overtemperature", 59.0, 60.0, 58.0),
        ({"discharge_overtemperature_trip": 64.0}, "discharge_overtemperature", 64.0, 65.0, 63.0),
    ],
)
def test_where_the_ring_is_right_the_trip_is_what_to_move(
    moved: dict[str, float], register: str, trip: float, ring: float, recommended: float
) -> None:
    right = replace(GOOD, cell_overvoltage=3.65, cell_undervoltage=2.5, discharge_overtemperature=65.0)
    config = configured(right, overrides=moved)
    finding = judged(right, config)[f"{register}_trip"]
    assert (finding.key, finding.value, finding.recommended) == ("acts_before_home_bms", trip, recommended)
    assert (finding.other, finding.bound) == (register, ring)


def test_no_advice_drives_the_pack_beyond_its_cells() -> None:
    # A user who trips at 3.64 V is not told to set the pack to 3.69 V.
    config = configured(replace(GOOD, cell_overvoltage=3.65), overrides={"cell_overvoltage_trip": 3.64})
    found = judged(replace(GOOD, cell_overvoltage=3.62), config)
    assert list(found) == ["cell_overvoltage_trip"]
    assert found["cell_overvoltage_trip"].recommended == 3.57


@pytest.mark.parametrize(
    ("told", "register", "key", "value", "recommended"),
    [
        ({"cells": 15}, "cells", "cell_count", 15, 16),
        ({"capacity": 28.0}, "capacity", "capacity", 28.0, 280.0),
        ({"capacity": 400.0}, "capacity", "capacity", 400.0, 280.0),
    ],
)
def test_what_the_device_says_of_itself_is_compared_with_what_the_user_said(
    told: dict[str, float], register: str, key: str, value: float, recommended: float
) -> None:
    found = judged(GOOD, **told)
    assert list(found) == [register]
    assert (found[register].key, found[register].value, found[register].recommended) == (key, value, recommended)


@pytest.mark.parametrize("capacity", [None, 0.0, 230.0, 280.0, 350.0])
def test_an_aged_or_untold_capacity_is_no_finding(capacity: float | None) -> None:
    assert judged(GOOD, capacity=capacity) == {}


def test_a_board_set_for_other_cells_is_one_mistake_and_not_seven() -> None:
    ternary = replace(
        GOOD,
        cell_overvoltage=4.20,
        cell_overvoltage_release=4.10,
        cell_undervoltage=2.90,
        cell_undervoltage_release=3.20,
        power_off_voltage=2.80,
        charge_voltage=4.10,
        balance_start_voltage=3.90,
    )
    (finding,) = lint(configured(GOOD), ternary, chemistry="nmc")
    assert (finding.key, finding.value, finding.recommended) == ("chemistry", "nmc", "lfp")
    assert finding.grave


def test_a_chemistry_that_the_device_can_only_guess_is_believed_where_its_voltage_fits() -> None:
    ring = virtual_ring("na_ion", 280.0)
    config = configured(ring, chemistry="na_ion", charge_current=126.0, discharge_current=126.0)
    # 4.00 V reads as NMC to a board that knows no sodium.
    assert lint(config, ring, chemistry="nmc") == ()


def test_the_gravest_comes_first() -> None:
    ring = replace(GOOD, balance_start_voltage=3.0, charge_undertemperature=-20.0, discharge_overcurrent_delay=300)
    assert [finding.grave for finding in lint(configured(GOOD), ring, cells=15)] == [True, True, False, False]


def test_a_pack_that_tells_nothing_is_not_judged() -> None:
    assert lint(configured(HardwareRing()), HardwareRing()) == ()


def test_every_rule_has_a_name_and_every_register_a_row() -> None:
    assert {field.name for field in fields(HardwareRing)} == set(REGISTERS)
    assert {check.register for check in CHECKS} | set(RINGS) <= set(REGISTERS)
    assert {name for order in ORDERS for name in (order.lower, order.upper, order.blamed)} <= set(REGISTERS)
    assert {check.key for check in CHECKS} < set(RULES)
    assert len(RULES) == len(set(RULES))
    assert set(FACTS) == {"cells", "capacity", "chemistry"}


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.floats(-50, 200)


@settings(max_examples=300, deadline=None)
@given(
    ring=st.fixed_dictionaries(dict.fromkeys(REGISTERS, NUMBERS)),
    told=st.fixed_dictionaries({}, optional={"cells": st.integers(0, 500), "capacity": st.floats(0, 1e6)}),
    chemistry=st.sampled_from(list(CHEMISTRIES)),
    said=st.none() | st.sampled_from(list(CHEMISTRIES)),
)
def test_whatever_a_device_tells_can_be_judged(
    ring: dict[str, float | None], told: dict[str, float], chemistry: str, said: str | None
) -> None:
    config = configured(HardwareRing(), chemistry=chemistry)
    findings = lint(config, HardwareRing(**ring), chemistry=said, **told)
    assert all(finding.key in RULES for finding in findings)
    assert len({finding.register for finding in findings}) == len(findings)


@settings(max_examples=200, deadline=None)
@given(over=st.floats(3.2, 4.4), under=st.floats(1.5, 3.2), chemistry=st.sampled_from(list(CHEMISTRIES)))
def test_a_trip_drawn_inside_the_ring_never_lets_the_ring_act_first(over: float, under: float, chemistry: str) -> None:
    ring = HardwareRing(cell_overvoltage=round(over, 3), cell_undervoltage=round(under, 3))
    try:
        config = configured(ring, chemistry=chemistry)
    except ConfigError:
        return
    assert "acts_before_home_bms" not in {finding.key for finding in lint(config, ring)}


def test_what_cannot_be_meant_draws_no_level_of_home_bms() -> None:
    ring = replace(GOOD, cell_undervoltage=2500.0, charge_overtemperature=131.0, cell_overvoltage=0.0)
    kept = meant(ring)
    assert (kept.cell_undervoltage, kept.charge_overtemperature, kept.cell_overvoltage) == (None, None, None)
    assert kept.discharge_overtemperature == 60.0
    assert configured(kept).stages["cell_undervoltage"][-1].at == 2.7
    assert meant(GOOD) is GOOD
