"""What the pack can carry, and what is seen coming."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.battery import Cell, Cells
from custom_components.home_bms.core.heat import Heat
from custom_components.home_bms.core.limits import Candidate
from custom_components.home_bms.core.model import Believed, Flow, PackConfig, Reaction, Trust
from custom_components.home_bms.core.plausibility import believe
from custom_components.home_bms.core.power import HORIZONS, Power, available, foresee, gather

from .conftest import make_config, make_reading, with_cell

CONFIG = make_config()
GOOD = Cell(slope=0.0005, resistance=0.00025)
COLD = Heat(scale=280.0, rise=80.0, ambient=20.0, rise_variance=25.0, ambient_variance=4.0)
# Warms by 4 K a minute at one capacity an hour: a bad joint under the sensor.
HOT = replace(COLD, rise=720.0)


def look(config: PackConfig = CONFIG, **changes: Any) -> Believed:
    return believe(config, Trust(), make_reading(100.0, **changes))[1]


def cells(*, bad: int | None = None, **changes: float) -> Cells:
    return gather(tuple(replace(GOOD, **changes) if bad in (None, index) else GOOD for index in range(16)))


def ahead(
    believed: Believed, known: Cells, heat: Heat | None = None
) -> tuple[dict[str, Candidate], dict[str, Candidate]]:
    charge, discharge = foresee(CONFIG, believed, known, heat)
    return {row.rule: row for row in charge}, {row.rule: row for row in discharge}


def envelope(believed: Believed, known: Cells, heat: Heat | None = None, **changes: Any) -> dict[Flow, list[Power]]:
    facts: dict[str, Any] = {"soc": 50.0, "charge": 100.0, "discharge": 150.0}
    rows = available(CONFIG, believed, known, heat, **(facts | changes))
    assert [(row.flow, row.seconds) for row in rows] == [
        (flow, horizon.seconds) for flow in (Flow.CHARGE, Flow.DISCHARGE) for horizon in HORIZONS
    ]
    return {flow: [row for row in rows if row.flow is flow] for flow in (Flow.CHARGE, Flow.DISCHARGE)}


# --- what is seen coming ---------------------------------------------------------------------------------------------


def test_on_the_plateau_a_healthy_pack_is_held_back_by_nothing() -> None:
    assert foresee(CONFIG, look(current=100.0), cells(), COLD) == ((), ())


def test_a_cell_with_a_bad_joint_slows_the_charge_before_it_is_at_its_edge() -> None:
    charge, discharge = ahead(look(cell=3.30, current=0.0), cells(bad=6, resistance=0.002))
    row = charge["voltage_ahead"]
    assert row.place == 6
    assert row.threshold == pytest.approx(3.40)
    # Where 100 A would take it in ten seconds, which the curve would not let through.
    assert row.measured == pytest.approx(3.30 + 100 * (0.002 * 1.3 + 0.0005 * 10 / 3600))
    assert 40 < row.value < 60
    assert discharge["voltage_ahead"].place == 6
    assert discharge["voltage_ahead"].threshold == pytest.approx(3.10)
    assert discharge["voltage_ahead"].measured == pytest.approx(3.30 - 150 * (0.002 * 1.3 + 0.0005 * 10 / 3600))


@pytest.mark.parametrize(
    ("reaction", "seconds", "growth"),
    [(0.0, 10.0, 1.3), (2.0, 10.0, 1.3), (10.0, 10.0, 1.3), (35.0, 35.0, 1.5), (60.0, 60.0, 1.7), (600.0, 60.0, 1.7)],
)
def test_a_limit_looks_as_far_as_the_inverter_needs_and_ten_seconds_at_least(
    reaction: float, seconds: float, growth: float
) -> None:
    heard = Reaction(charge=reaction, discharge=reaction)
    charge, discharge = foresee(CONFIG, look(cell=3.30, current=0.0), cells(resistance=0.002), None, heard)
    (row,) = charge
    assert row.ahead == pytest.approx(seconds)
    assert row.measured == pytest.approx(3.30 + 100 * (0.002 * growth + 0.0005 * seconds / 3600))
    (row,) = discharge
    assert row.ahead == pytest.approx(seconds)
    assert row.measured == pytest.approx(3.30 - 150 * (0.002 * growth + 0.0005 * seconds / 3600))


@pytest.mark.parametrize(
    ("cell", "flow", "value"),
    [(3.60, 0, 0.0), (3.55, 0, 0.0), (2.85, 1, 0.0), (2.90, 1, 0.0)],
)
def test_beyond_the_end_of_the_curve_nothing_is_carried(cell: float, flow: int, value: float) -> None:
    (row,) = foresee(CONFIG, look(cell=cell), cells(), None)[flow]
    assert (row.rule, row.value) == ("voltage_ahead", pytest.approx(value, abs=1e-9))


def test_the_current_is_the_one_that_the_curve_permits_where_it_leads() -> None:
    for voltage in (3.36, 3.39, 3.41, 3.45, 3.48, 3.52):
        row = ahead(look(cell=voltage), cells(resistance=0.0006))[0]["voltage_ahead"]
        leads_to = voltage + row.value * (0.0006 * 1.3 + 0.0005 * 10 / 3600)
        assert row.value == pytest.approx(100 * CONFIG.charge_by_cell_voltage.at(leads_to))
    for voltage in (3.20, 3.11, 3.06, 3.01, 2.95):
        row = ahead(look(cell=voltage), cells(resistance=0.0006))[1]["voltage_ahead"]
        leads_to = voltage - row.value * (0.0006 * 1.3 + 0.0005 * 10 / 3600)
        assert row.value == pytest.approx(150 * CONFIG.discharge_by_cell_voltage.at(leads_to))


def test_a_cell_under_charge_is_judged_by_its_voltage_without_it() -> None:
    known = cells(resistance=0.0005)
    at_rest = ahead(look(cell=3.40, current=0.0), known)[0]["voltage_ahead"]
    under_charge = ahead(look(cell=3.40 + 100 * 0.0005, current=100.0), known)[0]["voltage_ahead"]
    assert under_charge.value == pytest.approx(at_rest.value)


def test_help_from_a_current_the_other_way_is_not_counted_on() -> None:
    known = cells(resistance=0.0005)
    at_rest = ahead(look(cell=3.40, current=0.0), known)[0]["voltage_ahead"]
    discharging = ahead(look(cell=3.40 - 100 * 0.0005, current=-100.0), known)[0]["voltage_ahead"]
    assert discharging.value < at_rest.value


def test_heat_that_would_end_the_current_in_half_an_hour_slows_it_now() -> None:
    charge, discharge = ahead(look(temperatures=(35.0, 45.0), cell=3.3), cells(), HOT)
    row = charge["temperature_ahead"]
    assert (row.place, row.threshold) == (1, 50.0)
    assert 0 < row.value < 100
    assert row.measured is not None
    assert row.measured > 50
    assert discharge["temperature_ahead"].threshold == 58.0
    assert discharge["temperature_ahead"].value > row.value
    assert ahead(look(temperatures=(35.0, 50.0), cell=3.3), cells(), HOT)[0]["temperature_ahead"].value == 0


def test_what_is_not_learned_lowers_nothing() -> None:
    believed = look(cell=3.39, temperatures=(49.0, 49.0))
    assert foresee(CONFIG, believed, gather((None,) * 16), Heat(scale=280.0)) == ((), ())
    assert foresee(CONFIG, believed, gather(()), None) == ((), ())


@pytest.mark.parametrize(
    "lost", [{"current": None}, {"cells": (None,) * 16}, {"cells_time": None}, {"temperatures": (None, None)}]
)
def test_what_is_missing_is_left_to_the_limits_and_breaks_nothing(lost: dict[str, Any]) -> None:
    known = foresee(CONFIG, look(cell=3.39, temperatures=(49.0, 49.0)), cells(), HOT)
    less = foresee(CONFIG, look(**({"cell": 3.39, "temperatures": (49.0, 49.0)} | lost)), cells(), HOT)
    for rows, fewer in zip(known, less, strict=True):
        assert set(fewer) <= set(rows)


def test_a_resistance_below_zero_is_none() -> None:
    assert gather((Cell(-1.0, -1.0), None)) == Cells((Cell(0.0, 0.0), None), Cell(0.0, 0.0))


# --- what the pack can do --------------------------------------------------------------------------------------------


def test_a_healthy_pack_in_the_middle_gives_what_its_limits_say() -> None:
    rows = envelope(look(cell=3.30, current=0.0), cells(), COLD)
    assert {(row.current, row.rule) for row in rows[Flow.CHARGE]} == {(100.0, "limit")}
    assert {(row.current, row.rule) for row in rows[Flow.DISCHARGE]} == {(150.0, "limit")}
    # Charging is promised at the voltage of now, discharging at that of the end: it is the lowest.
    assert rows[Flow.CHARGE][2].power == pytest.approx(100 * 16 * (3.30 + 100 * 0.00025))
    sag = 150 * (0.00025 * 2.2 + 0.0005 * 600 / 3600)
    assert rows[Flow.DISCHARGE][2].power == pytest.approx(150 * 16 * (3.30 - sag))


def test_the_weak_cell_sets_what_the_pack_can_do_and_is_named() -> None:
    rows = envelope(look(cell=3.25, current=-20.0), cells(bad=3, resistance=0.0015), COLD)
    assert [(row.rule, row.place) for row in rows[Flow.DISCHARGE]] == [("cell_voltage", 3)] * 3


def test_a_warm_pack_with_a_bad_joint_can_do_much_for_seconds_and_little_for_minutes() -> None:
    rows = envelope(look(temperatures=(25.0, 44.0), cell=3.30), cells(), replace(HOT, rise=4000.0))
    ten_seconds, minute, ten_minutes = rows[Flow.CHARGE]
    assert (ten_seconds.rule, minute.rule) == ("limit", "limit")
    assert (ten_minutes.rule, ten_minutes.place) == ("temperature", 1)


def test_nearly_full_is_soon_full() -> None:
    rows = envelope(look(cell=3.30), cells(), COLD, soc=99.0)
    # 2.8 Ah in ten minutes.
    assert [row.rule for row in rows[Flow.CHARGE]] == ["limit", "limit", "soc_window"]
    assert rows[Flow.CHARGE][2].current == pytest.approx(16.8)
    assert [row.current for row in envelope(look(cell=3.30), cells(), COLD, soc=0.0)[Flow.DISCHARGE]] == [0.0] * 3


def test_a_limit_of_zero_is_no_power() -> None:
    rows = envelope(look(cell=3.30), cells(), COLD, charge=0.0, discharge=0.0)
    assert all((row.current, row.power, row.rule) == (0.0, 0.0, "limit") for flow in rows.values() for row in flow)


@pytest.mark.parametrize(
    ("reading", "known", "soc"),
    [
        ({"current": None}, cells(), 50.0),
        ({"voltage": None}, cells(), 50.0),
        ({"cells": with_cell(4, None)}, cells(), 50.0),
        ({"temperatures": (20.0, None)}, cells(), 50.0),
        ({"cells_time": 50.0}, cells(), 50.0),
        ({}, cells(), None),
        ({}, gather((GOOD,) * 15 + (None,)), 50.0),
        ({}, gather((GOOD,) * 15), 50.0),
        ({}, gather(()), 50.0),
    ],
    ids=["current", "voltage", "cell", "temperature", "old", "charge", "unlearned_cell", "cell_too_few", "unlearned"],
)
def test_what_is_not_known_promises_nothing(reading: dict[str, Any], known: Cells, soc: float | None) -> None:
    for rows in envelope(look(**reading), known, COLD, soc=soc).values():
        assert all((row.current, row.power, row.rule) == (None, None, "value_missing") for row in rows)


def test_a_heat_that_is_not_learned_is_left_out() -> None:
    believed = look(temperatures=(25.0, 44.0), cell=3.30)
    assert envelope(believed, cells(), None) == envelope(believed, cells(), Heat(scale=280.0))
    assert envelope(believed, cells(), None)[Flow.CHARGE][2].current == 100


# --- laws ------------------------------------------------------------------------------------------------------------

rests = st.lists(st.floats(2.8, 3.7), min_size=16, max_size=16)
learned = st.lists(
    st.builds(Cell, slope=st.floats(0, 0.02), resistance=st.floats(0, 0.005)), min_size=16, max_size=16
).map(tuple)
currents = st.floats(-150, 100)
heats = st.builds(
    lambda rise, ambient: replace(COLD, rise=rise, ambient=ambient), st.floats(20, 3000), st.floats(-20, 60)
)
warmths = st.tuples(st.floats(-15, 60), st.floats(-15, 60))


def loaded(rest: list[float], known: tuple[Cell, ...], current: float, warm: tuple[float, float]) -> Believed:
    """A pack whose cells would rest at `rest`, while `current` flows."""
    shown = tuple(voltage + current * cell.resistance for voltage, cell in zip(rest, known, strict=True))
    return look(cells=shown, voltage=sum(shown), current=current, temperatures=warm)


def lowest(rows: tuple[Candidate, ...], rated: float) -> float:
    return min([rated, *(row.value for row in rows)])


@given(rests, learned, currents, warmths, st.none() | heats)
def test_nothing_foreseen_raises_a_limit_or_turns_it_around(
    rest: list[float], known: tuple[Cell, ...], current: float, warm: tuple[float, float], heat: Heat | None
) -> None:
    charge, discharge = foresee(CONFIG, loaded(rest, known, current, warm), gather(known), heat)
    assert all(0 <= row.value < CONFIG.charge_current for row in charge)
    assert all(0 <= row.value < CONFIG.discharge_current for row in discharge)


@given(rests, learned, currents, st.integers(0, 15), st.floats(0, 0.01), st.floats(0, 0.02))
def test_more_resistance_or_a_steeper_curve_never_permits_more(
    rest: list[float], known: tuple[Cell, ...], current: float, index: int, ohms: float, steeper: float
) -> None:
    worse = list(known)
    worse[index] = Cell(known[index].slope + steeper, known[index].resistance + ohms)
    before = foresee(CONFIG, loaded(rest, known, current, (20.0, 20.0)), gather(known), None)
    after = foresee(CONFIG, loaded(rest, tuple(worse), current, (20.0, 20.0)), gather(tuple(worse)), None)
    for rows, fewer, rated in zip(before, after, (100.0, 150.0), strict=True):
        assert lowest(fewer, rated) <= lowest(rows, rated) + 1e-6


@given(rests, learned, currents, st.floats(1, 60), st.floats(0, 60))
def test_a_slower_inverter_is_never_given_more(
    rest: list[float], known: tuple[Cell, ...], current: float, reaction: float, more: float
) -> None:
    believed = loaded(rest, known, current, (20.0, 20.0))
    quick, slow = (
        Reaction(charge=reaction, discharge=reaction),
        Reaction(charge=reaction + more, discharge=reaction + more),
    )
    before = foresee(CONFIG, believed, gather(known), None, quick)
    after = foresee(CONFIG, believed, gather(known), None, slow)
    for rows, fewer, rated in zip(before, after, (100.0, 150.0), strict=True):
        assert lowest(fewer, rated) <= lowest(rows, rated) + 1e-9


@given(rests, learned, currents, warmths, heats, st.integers(0, 15))
def test_a_cell_that_is_not_learned_changes_nothing_for_the_others(
    rest: list[float], known: tuple[Cell, ...], current: float, warm: tuple[float, float], heat: Heat, index: int
) -> None:
    believed = loaded(rest, known, current, warm)
    less = tuple(None if number == index else cell for number, cell in enumerate(known))
    for rows, fewer, rated in zip(
        foresee(CONFIG, believed, gather(known), heat),
        foresee(CONFIG, believed, gather(less), heat),
        (100.0, 150.0),
        strict=True,
    ):
        assert lowest(fewer, rated) >= lowest(rows, rated)
        if all(row.place != index for row in rows):
            assert fewer == rows


@given(rests, learned, currents, warmths, heats)
def test_looking_at_the_worst_first_misses_no_cell(
    rest: list[float], known: tuple[Cell, ...], current: float, warm: tuple[float, float], heat: Heat
) -> None:
    believed = loaded(rest, known, current, warm)
    thorough = replace(gather(known), worst=Cell(1e3, 1e3))
    assert foresee(CONFIG, believed, gather(known), heat) == foresee(CONFIG, believed, thorough, heat)


@given(rests, learned, currents, warmths, st.none() | heats, st.floats(0, 100))
def test_longer_is_never_more_and_never_above_the_limits(
    rest: list[float],
    known: tuple[Cell, ...],
    current: float,
    warm: tuple[float, float],
    heat: Heat | None,
    soc: float,
) -> None:
    believed = loaded(rest, known, current, warm)
    for flow, rows in envelope(believed, gather(known), heat, soc=soc).items():
        amps = [row.current for row in rows]
        if None in amps:
            continue
        assert 0 <= amps[2] <= amps[1] + 1e-6 <= amps[0] + 2e-6
        assert amps[0] <= (100.0 if flow is Flow.CHARGE else 150.0)


@given(rests, learned, currents, warmths, heats, st.sampled_from(["cell", "temperature", "current", "learned", "soc"]))
def test_taking_information_away_never_promises_more(
    rest: list[float], known: tuple[Cell, ...], current: float, warm: tuple[float, float], heat: Heat, lost: str
) -> None:
    believed = loaded(rest, known, current, warm)
    poorer = {
        "cell": replace(believed, cells=(None, *believed.cells[1:])),
        "temperature": replace(believed, temperatures=(None, believed.temperatures[1])),
        "current": replace(believed, current=None),
    }.get(lost, believed)
    fewer = gather((None, *known[1:])) if lost == "learned" else gather(known)
    rows = available(CONFIG, poorer, fewer, heat, soc=None if lost == "soc" else 50.0, charge=100.0, discharge=150.0)
    assert all(row.current is None and row.power is None for row in rows)
