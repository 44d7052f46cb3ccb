"""What current does to the temperature."""

import json
from dataclasses import replace
from math import inf, nan, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.heat import Heat, learn, predict, sustainable

CAPACITY = 280.0
HALF_HOUR = 1800.0
KNOWN = Heat(scale=CAPACITY, rise=80.0, ambient=20.0, rise_variance=25.0, ambient_variance=4.0)


class Garage:
    """A pack that warms by 0.11 K a minute at half its capacity (`safety.md` C2), in a garage with days and nights."""

    def __init__(self, *, degrees: int = 0, cooling: float = 3 * 3600.0) -> None:
        self.degrees = degrees
        self.cooling = cooling
        self.heating = 4 * 0.11 / 60
        self.time = 0.0
        self.temperature = 18.0
        self.heat = Heat(scale=CAPACITY)

    @property
    def shown(self) -> float:
        return round(self.temperature, self.degrees)

    def run(self, hours: float, current: float, *, every: float = 10.0, watched: bool = True) -> Garage:
        for _ in range(round(hours * 3600 / every)):
            self.time += every
            around = 18.0 + 3.0 * sin(self.time / 86400 * 2 * pi)
            lost = (self.temperature - around) / self.cooling
            self.temperature += every * (self.heating * (current / CAPACITY) ** 2 - lost)
            if watched:
                self.heat = learn(self.heat, current=current, temperature=self.shown, elapsed=every)
        return self

    def days(self, count: int, charging: float = 120.0, discharging: float = -60.0) -> Garage:
        for _ in range(count):
            self.run(10, -2.0).run(5, charging).run(4, -2.0).run(5, discharging)
        return self


@pytest.fixture(scope="module")
def used() -> Garage:
    """A pack of which a week of days was seen, through a sensor of whole degrees."""
    return Garage().days(7)


def test_after_some_days_half_an_hour_ahead_is_known_to_a_degree(used: Garage) -> None:
    for current in (0.0, -140.0, 200.0):
        ahead = Garage()
        ahead.time, ahead.temperature = used.time, used.temperature
        told = predict(used.heat, temperature=used.shown, current=current, horizon=HALF_HOUR)
        ahead.run(0.5, current, watched=False)
        assert told == pytest.approx(ahead.temperature, abs=1.2)


@pytest.mark.parametrize("cooling", [1.5 * 3600, 6 * 3600])
def test_a_pack_that_cools_twice_as_fast_or_as_slowly_is_foretold_as_well(cooling: float) -> None:
    garage = Garage(cooling=cooling).days(7)
    told = predict(garage.heat, temperature=garage.shown, current=140.0, horizon=HALF_HOUR)
    garage.run(0.5, 140.0, watched=False)
    assert told == pytest.approx(garage.temperature, abs=1.5)


def test_a_hard_used_pack_is_known_within_two_days_and_a_gently_used_one_is_never_guessed_at() -> None:
    assert predict(Garage().days(2, charging=140.0).heat, temperature=20.0, current=0.0, horizon=60.0) is not None
    assert predict(Garage().days(4, 20.0, -10.0).heat, temperature=20.0, current=0.0, horizon=60.0) is None


def test_a_constant_current_teaches_nothing_for_it_could_be_the_room() -> None:
    assert sustainable(Garage().run(48, 60.0).heat, temperature=25.0, limit=50.0, horizon=60.0) is None


def test_a_month_without_current_does_not_forget_what_current_does(used: Garage) -> None:
    rested = Garage()
    rested.heat, rested.time = used.heat, used.time
    rested.run(30 * 24, 0.0, every=60.0)
    assert rested.heat.rise == pytest.approx(used.heat.rise, rel=0.1)
    assert predict(rested.heat, temperature=20.0, current=100.0, horizon=HALF_HOUR) is not None


@pytest.mark.parametrize(
    "heat",
    [
        None,
        Heat(scale=CAPACITY),
        replace(KNOWN, rise=0.0),
        replace(KNOWN, rise_variance=500.0),
        replace(KNOWN, ambient_variance=30.0),
    ],
    ids=["none", "new", "no_warming", "doubtful_warming", "doubtful_room"],
)
def test_what_is_not_learned_is_not_told(heat: Heat | None) -> None:
    assert predict(heat, temperature=20.0, current=100.0, horizon=60.0) is None
    assert sustainable(heat, temperature=20.0, limit=50.0, horizon=60.0) is None


def test_without_a_temperature_nothing_is_told() -> None:
    assert predict(KNOWN, temperature=None, current=100.0, horizon=60.0) is None
    assert sustainable(KNOWN, temperature=None, limit=50.0, horizon=60.0) is None


def test_a_pack_that_is_too_warm_or_lies_in_a_hot_room_sustains_nothing() -> None:
    assert sustainable(KNOWN, temperature=50.0, limit=50.0, horizon=60.0) == 0
    oven = replace(KNOWN, ambient=90.0)
    assert sustainable(oven, temperature=49.9, limit=50.0, horizon=HALF_HOUR) == 0


@given(st.floats(-20, 49.9), st.floats(10, 3600))
def test_what_is_sustained_leads_to_the_limit_and_not_beyond(temperature: float, horizon: float) -> None:
    current = sustainable(KNOWN, temperature=temperature, limit=50.0, horizon=horizon)
    assert current is not None
    for way in (current, -current):
        end = predict(KNOWN, temperature=temperature, current=way, horizon=horizon)
        assert end == pytest.approx(50.0, abs=1e-6)


@given(st.floats(-20, 60), st.floats(-20, 60), st.floats(10, 3600), st.floats(10, 3600))
def test_warmer_or_longer_never_sustains_more(one: float, other: float, short: float, long: float) -> None:
    (cool, warm), (short, long) = sorted((one, other)), sorted((short, long))

    def amps(temperature: float, horizon: float) -> float:
        current = sustainable(KNOWN, temperature=temperature, limit=50.0, horizon=horizon)
        assert current is not None
        return current

    assert amps(warm, short) <= amps(cool, short) + 1e-9
    assert amps(cool, long) <= amps(cool, short) + 1e-9


def step(heat: Heat, *temperatures: float | None, current: float | None = 100.0, every: float = 10.0) -> Heat:
    for temperature in temperatures:
        heat = learn(heat, current=current, temperature=temperature, elapsed=every)
    return heat


def test_a_few_lost_samples_do_not_stop_it_from_learning() -> None:
    whole = step(KNOWN, *(20.0,) * 61)
    holed = step(KNOWN, *(20.0,) * 30, None, *(20.0,) * 30)
    assert whole.ambient != KNOWN.ambient
    assert holed.ambient == pytest.approx(whole.ambient)
    assert step(step(KNOWN, 20.0), 20.0, current=None).step == (20.0, 0.0, 0.0, 0.0, 10.0)


def test_what_happened_in_a_long_silence_is_not_made_up() -> None:
    begun = step(KNOWN, 20.0, 20.0)
    assert begun.step is not None
    assert step(begun, *(None,) * 13).step is None
    assert step(begun, 20.0, every=121.0).step is None
    assert step(KNOWN, None) is KNOWN


@pytest.mark.parametrize("elapsed", [0.0, -3.0, nan])
def test_a_sample_without_time_teaches_nothing(elapsed: float) -> None:
    begun = step(KNOWN, 20.0, 20.0)
    assert step(begun, 25.0, every=elapsed) is begun


def test_the_sun_on_a_sensor_pulls_no_further_than_three_deviations() -> None:
    shocks = [step(KNOWN, 20.0, *(20.0 + leap,) * 60) for leap in (20.0, 60.0, 95.0)]
    assert shocks[0].ambient == pytest.approx(shocks[2].ambient)
    assert abs(shocks[2].ambient - KNOWN.ambient) < 5


readings = st.tuples(
    st.none() | st.floats(-400, 400), st.none() | st.floats(-40, 120), st.sampled_from([1.0, 60.0, 110.0, 600.0, -1.0])
)


@given(st.lists(readings, max_size=60))
def test_whatever_it_sees_it_stays_sane(seen: list[tuple[float | None, float | None, float]]) -> None:
    heat = Heat(scale=CAPACITY)
    for current, temperature, elapsed in seen:
        heat = learn(heat, current=current, temperature=temperature, elapsed=elapsed)
    assert heat.rise >= 0
    assert heat.rise_variance > 0
    assert heat.ambient_variance > 0
    assert heat.covariance**2 <= heat.rise_variance * heat.ambient_variance * (1 + 1e-9)
    assert -inf < heat.ambient < inf
    ways = codec(Heat)
    assert ways.decode(json.loads(json.dumps(ways.encode(heat)))) == heat
