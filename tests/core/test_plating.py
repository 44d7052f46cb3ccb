"""Charging in the cold."""

import json
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.battery import Plating
from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.plating import expose, permitted_rate
from custom_components.home_bms.core.presets import CHEMISTRIES

CAPACITY = 100.0
NEW = Plating()


def exposed(
    before: Plating = NEW,
    *,
    chemistry: str = "lfp",
    current: float = 50.0,
    temperature: float | None = 5.0,
    soc: float | None = 50.0,
    elapsed: float = 10.0,
) -> Plating:
    return expose(
        before,
        chemistry=chemistry,
        current=current,
        temperature=temperature,
        soc=soc,
        capacity=CAPACITY,
        elapsed=elapsed,
    )


@pytest.mark.parametrize(
    ("chemistry", "temperature", "soc", "rate"),
    [
        ("lfp", -20.0, 50.0, 0.0),
        ("lfp", -0.1, 50.0, 0.0),
        ("lfp", 0.0, 50.0, 0.05),
        ("lfp", 2.5, 50.0, 0.085),
        ("lfp", 5.0, 80.0, 0.12),
        ("lfp", 15.0, 50.0, 0.40),
        ("lfp", 25.0, 50.0, 0.75),
        ("lfp", 45.0, 50.0, 0.75),
        ("lfp", 25.0, 90.0, 0.75 * 0.75),
        ("lfp", 25.0, 100.0, 0.75 * 0.5),
        ("lfp", 25.0, None, 0.75 * 0.5),
        ("nmc", 10.0, 50.0, 0.30),
        ("lto", -30.0, 100.0, inf),
        ("na_ion", -5.0, 50.0, 0.0),
        ("na_ion", 0.0, 50.0, 0.10),
        ("na_ion", 20.0, 50.0, 0.50),
    ],
)
def test_the_rate_that_plates_nothing(chemistry: str, temperature: float, soc: float | None, rate: float) -> None:
    assert permitted_rate(chemistry, temperature, soc) == pytest.approx(rate)


def test_every_chemistry_has_a_rate() -> None:
    assert all(permitted_rate(chemistry, 25.0, 50.0) >= 0.5 for chemistry in CHEMISTRIES)


def test_only_the_excess_counts_and_the_time_of_it() -> None:
    hour = NEW
    for _ in range(360):
        hour = exposed(hour, current=50.0, temperature=5.0)
    # At 5 °C 12 A are permitted.
    assert hour.ah == pytest.approx(38.0)
    assert hour.seconds == pytest.approx(3600)


@pytest.mark.parametrize(
    "changes",
    [
        {"current": 12.0},
        {"current": 0.0},
        {"current": -80.0, "temperature": -15.0},
        {"current": nan},
        {"temperature": 25.0},
        {"chemistry": "lto", "temperature": -30.0, "current": 300.0},
        {"elapsed": 0.0},
        {"elapsed": -5.0},
        {"elapsed": 121.0},
    ],
    ids=str,
)
def test_what_is_permitted_or_no_charging_or_a_gap_counts_nothing(changes: dict[str, float]) -> None:
    before = Plating(ah=3.0, seconds=60.0)
    assert exposed(before, **changes) is before


def test_without_a_temperature_nothing_is_counted_and_nothing_is_forgiven() -> None:
    before = Plating(ah=3.0, seconds=60.0)
    assert exposed(before, temperature=None, current=500.0) is before


def test_below_freezing_every_ampere_hour_counts() -> None:
    assert exposed(temperature=-5.0, current=36.0, elapsed=10.0).ah == pytest.approx(0.1)


chemistries = st.sampled_from(list(CHEMISTRIES))
currents = st.floats(-300, 300)
temperatures = st.floats(-40, 70)
socs = st.floats(0, 100)
pairs = st.tuples(st.floats(0, 40), st.floats(0, 40)).map(sorted)


@given(chemistries, currents, st.none() | temperatures, st.none() | socs, st.floats(-10, 200))
def test_an_exposure_never_becomes_less(
    chemistry: str, current: float, temperature: float | None, soc: float | None, elapsed: float
) -> None:
    before = Plating(ah=1.0, seconds=10.0)
    after = exposed(before, chemistry=chemistry, current=current, temperature=temperature, soc=soc, elapsed=elapsed)
    assert after.ah >= before.ah
    assert before.seconds <= after.seconds <= before.seconds + 120


@given(chemistries, currents, temperatures, socs, pairs)
def test_colder_fuller_or_faster_never_exposes_less(
    chemistry: str, current: float, temperature: float, soc: float, more: list[float]
) -> None:
    little, much = more

    def ah(colder: float = 0, fuller: float = 0, faster: float = 0) -> float:
        return exposed(
            chemistry=chemistry, current=current + faster, temperature=temperature - colder, soc=soc + fuller
        ).ah

    assert ah(colder=much) >= ah(colder=little) - 1e-12
    assert ah(fuller=much) >= ah(fuller=little) - 1e-12
    assert ah(faster=much) >= ah(faster=little) - 1e-12


@given(chemistries, currents, temperatures, socs)
def test_not_knowing_the_charge_never_exposes_less(
    chemistry: str, current: float, temperature: float, soc: float
) -> None:
    known = exposed(chemistry=chemistry, current=current, temperature=temperature, soc=soc)
    unknown = exposed(chemistry=chemistry, current=current, temperature=temperature, soc=None)
    assert unknown.ah >= known.ah


def test_it_is_remembered_as_it_was() -> None:
    state, ways = exposed(), codec(Plating)
    assert ways.decode(json.loads(json.dumps(ways.encode(state)))) == state
