"""What is learned, foretold and balanced is shown once it is known, in units for people, and seldom."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import charge, kalman, outlook
from custom_components.home_bms.core.balancing import BALANCE_REASONS
from custom_components.home_bms.core.battery import Ageing, Cell
from custom_components.home_bms.core.model import BalanceDecision, BalanceMode, Bound, Reason
from custom_components.home_bms.core.power import Power, available, gather
from custom_components.home_bms.sensor import CELL_FIGURES, DETAILS

from .conftest import ticks
from .entities import everything_is_news, show, state_of
from .lessons import AHEAD, LEAKY, LOOSE, WEAK, aged, bleed, live, teach

CELL_NAMES = {
    "soc": "state_of_charge",
    "capacity": "capacity",
    "resistance": "resistance",
    "joint": "joint_resistance",
    "self_discharge": "self_discharge",
    "surplus": "surplus_charge",
    "balanced": "balanced_charge",
}


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.fixture(autouse=True)
def everything_enabled() -> Generator[None]:
    """Show what a user would have to enable first, too."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", return_value=True):
        yield


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_news(monkeypatch)


def sensor(hass: HomeAssistant, name: str) -> State:
    """Return a sensor of the pack."""
    state = hass.states.get(f"sensor.pack_1_{name}")
    assert state is not None, name
    return state


def number(hass: HomeAssistant, name: str) -> float:
    return float(sensor(hass, name).state)


def cell(hass: HomeAssistant, index: int, figure: str) -> str:
    """Return what a sensor of a cell shows; the cell counts from 0."""
    return sensor(hass, f"cell_{index + 1}_{CELL_NAMES[figure]}").state


async def test_a_new_pack_pretends_to_know_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await show(hass, pack)
    for name in ("efficiency", "current_sensor_offset", "first_cell_worn", "balancing_time_left"):
        assert sensor(hass, name).state == "unknown", name
    for figure in ("capacity", "resistance", "joint", "self_discharge", "surplus"):
        assert cell(hass, 0, figure) == "unknown", figure
    for way in ("charge", "discharge"):
        power = sensor(hass, f"{way}_power_for_10_min")
        assert (power.state, power.attributes["rule"]) == ("unknown", "value_missing")
    assert number(hass, "plating_exposure") == 0
    assert number(hass, "full_cycles") == 0
    assert cell(hass, 0, "balanced") == "0.0"


async def test_a_pack_that_was_never_heard_shows_none_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    nothing = replace(pack.latest.estimate, knowledge=None, soc=None, soc_low=None, soc_high=None)
    pack.async_set_updated_data(replace(pack.latest, estimate=nothing))
    for figure in ("soc", "capacity", "resistance", "joint", "self_discharge", "surplus"):
        assert cell(hass, 0, figure) == "unknown", figure
    for name in ("state_of_charge_lower_end", "state_of_charge_upper_end", "current_sensor_offset", "time_to_empty"):
        assert sensor(hass, name).state == "unknown", name
    assert sensor(hass, "cell_1_capacity").attributes.keys().isdisjoint({"low", "high"})


async def test_what_was_learned_of_each_cell_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    teach(pack)
    await show(hass, pack)
    assert [cell(hass, index, "capacity") for index in (0, WEAK)] == ["270.0", "256.8"]
    weak = sensor(hass, f"cell_{WEAK + 1}_capacity").attributes
    assert weak["low"] < 256.8 < weak["high"]
    assert cell(hass, 0, "resistance") == cell(hass, LOOSE, "resistance") == "0.3"
    assert [cell(hass, index, "joint") for index in (0, LOOSE)] == ["0.1", "0.5"]
    # 1.5 % a month of 270 Ah, and the leaky one 10 mA more.
    assert [cell(hass, index, "self_discharge") for index in (0, LEAKY)] == ["5.4", "15.4"]
    assert [cell(hass, index, "surplus") for index in (0, AHEAD)] == ["0.0", "1.25"]
    # The same charge fills less of a larger cell; all were taught to be equally far below full.
    assert float(cell(hass, WEAK, "soc")) < float(cell(hass, 0, "soc"))
    assert number(hass, "current_sensor_offset") == 0.123


@pytest.mark.parametrize("figure", [row.key for row in CELL_FIGURES if row.key not in ("soc", "balanced")])
async def test_what_is_not_known_well_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, figure: str
) -> None:
    known = teach(pack)
    vague = kalman.diagonal((10.0, 0.02, 0.2, 0.003))
    live(
        pack,
        knowledge=replace(
            known,
            cells=tuple(replace(each, covariance=vague) for each in known.cells),
            resistances=tuple(replace(each, steps=59) for each in known.resistances),
            surplus_doubt=(5.0,) * 16,
        ),
    )
    await show(hass, pack)
    assert cell(hass, 3, figure) == "unknown"


async def test_a_surplus_that_is_bled_shrinks_before_the_next_look(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    known = teach(pack)
    bled = tuple(0.25 if index == AHEAD else 0.0 for index in range(16))
    live(pack, knowledge=replace(known, tally=replace(known.tally, bleed=bled)))
    bleed(pack, bled)
    await show(hass, pack)
    assert float(cell(hass, AHEAD, "surplus")) == pytest.approx(1.0, abs=0.01)
    assert float(cell(hass, AHEAD, "balanced")) == pytest.approx(0.25, abs=0.01)
    assert cell(hass, 0, "balanced") == "0.0"


async def test_the_band_holds_the_charge(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> None:
    await show(hass, pack)
    low, soc, high = (
        number(hass, name) for name in ("state_of_charge_lower_end", "state_of_charge", "state_of_charge_upper_end")
    )
    assert 0 <= low < soc < high <= 100


@pytest.mark.parametrize(
    ("soc", "load", "full", "empty"),
    [(60.0, 50.0, 2.2, None), (60.0, -50.0, None, 3.2), (60.0, 0.2, None, None), (0.0, -50.0, None, 0.0)],
)
async def test_the_time_to_full_and_to_empty_follows_the_load_of_late(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    soc: float,
    load: float,
    full: float | None,
    empty: float | None,
) -> None:
    estimate = replace(pack.latest.estimate, soc=soc, load=load, capacity=270.0)
    pack.async_set_updated_data(replace(pack.latest, estimate=estimate))
    for name, hours in (("time_to_full", full), ("time_to_empty", empty)):
        assert sensor(hass, name).state == ("unknown" if hours is None else str(hours))


async def test_the_power_that_is_there_names_what_sets_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    teach(pack, now=gather((Cell(0.0001, 0.0004),) * 16))
    await ticks(pack)
    ten = Bound(value=10.0, reason=Reason(rule="user_cap"))
    decision = replace(pack.latest.decision, ccl=ten, dcl=ten, charge_permitted=True, discharge_permitted=False)
    pack.async_set_updated_data(replace(pack.latest, decision=decision))
    charging, discharging = (sensor(hass, f"{way}_power_for_10_min") for way in ("charge", "discharge"))
    assert (charging.attributes["rule"], discharging.attributes["rule"]) == ("limit", "limit")
    # 10 A at 52.8 V and what the resistance adds, to 10 W: the rest is noise.
    assert charging.state == "530.0"
    assert float(discharging.state) == 0


@pytest.mark.parametrize(
    ("rule", "place", "told"),
    [
        ("cell_voltage", 3, {"rule": "cell_voltage", "cell": 4}),
        ("temperature", 1, {"rule": "temperature", "sensor": 2}),
        ("soc_window", None, {"rule": "soc_window"}),
    ],
)
async def test_the_cell_or_sensor_behind_a_power_is_named(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    rule: str,
    place: int | None,
    told: dict[str, object],
) -> None:
    ends = outlook.power(pack.config, pack.latest)
    powers = tuple(
        Power(flow=end.flow, seconds=end.seconds, current=index + 1.0, power=1234.0 + index, rule=rule, place=place)
        for index, end in enumerate(ends)
    )
    snapshot = replace(pack.latest)
    with patch.object(pack.view, "power", return_value=powers):
        pack.async_set_updated_data(snapshot)
        state = sensor(hass, "discharge_power_for_1_min")
        assert state.state == "1240.0"
        assert {name: state.attributes.get(name) for name in told} == told
        assert sensor(hass, "charge_power_for_10_s").state == "1230.0"


async def test_the_power_is_reckoned_once_for_all_who_show_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    with patch.object(outlook, "available", wraps=available) as reckoned:
        for _ in range(3):
            pack.async_set_updated_data(replace(pack.latest))
        assert reckoned.call_count == 3


async def test_who_learns_that_a_pack_holds_more_has_seen_fewer_cycles_which_no_recorder_complains_about(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    shown = []
    for capacity in (250.0, 280.0):
        estimate = replace(pack.latest.estimate, capacity=capacity, charge_in=1400.0, charge_out=1400.0)
        pack.async_set_updated_data(replace(pack.latest, estimate=estimate))
        shown.append(number(hass, "cycles"))
    assert shown == [5.6, 5.0]
    # The recorder warns of an increasing total that falls, and takes a large fall for a new beginning.
    assert sensor(hass, "cycles").attributes["state_class"] == "total"


async def test_the_life_of_a_pack_is_shown(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> None:
    estimate = pack.latest.estimate
    estimate = replace(estimate, life=aged(estimate), energy_in=100_000.0, energy_out=94_000.0)
    pack.async_set_updated_data(replace(pack.latest, estimate=estimate))
    assert number(hass, "efficiency") == 94.0
    assert number(hass, "plating_exposure") == 4.5
    cycles = sensor(hass, "full_cycles")
    assert float(cycles.state) == 2.35
    assert cycles.attributes["cycles_by_depth"] == [1, 0, 0, 0, 0, 0, 0.5, 0, 0, 2]
    worn = sensor(hass, "first_cell_worn")
    day = dt_util.parse_datetime(worn.state)
    assert day is not None
    assert abs(day - dt_util.utcnow() - timedelta(days=3652)) < timedelta(days=2)
    assert (worn.attributes["cell"], worn.attributes["by"]) == (WEAK + 1, "capacity")
    assert worn.attributes["soonest"] < day.date().isoformat() < worn.attributes["latest"]
    # It says the same all day.
    pack.async_set_updated_data(replace(pack.latest, estimate=replace(estimate, load=1.0)))
    assert sensor(hass, "first_cell_worn").state == worn.state


async def test_a_forecast_that_is_not_there_has_no_ends(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    life = replace(pack.latest.estimate.life, ageing=Ageing(hours=30.0))
    pack.async_set_updated_data(replace(pack.latest, estimate=replace(pack.latest.estimate, life=life)))
    worn = sensor(hass, "first_cell_worn")
    assert worn.state == "unknown"
    assert "by" not in worn.attributes


async def test_balancing_says_why_and_for_how_long(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    balance = BalanceDecision(
        mode=BalanceMode.ALWAYS,
        active=True,
        reason=Reason(rule="by_charge", cell=AHEAD, value=1.25, threshold=0.56),
        remaining=5400.0,
    )
    pack.async_set_updated_data(replace(pack.latest, decision=replace(pack.latest.decision, balance=balance)))
    reason = sensor(hass, "balancing_reason")
    assert reason.state == "by_charge"
    assert reason.attributes["options"] == list(BALANCE_REASONS)
    assert (reason.attributes["cell"], reason.attributes["value"]) == (AHEAD + 1, 1.25)
    assert number(hass, "balancing_time_left") == 1.5


async def test_an_offset_in_doubt_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    known = teach(pack)
    lines = [list(line) for line in known.typical.covariance]
    lines[charge.OFFSET][charge.OFFSET] = 1.0
    vague = replace(known.typical, covariance=tuple(tuple(line) for line in lines))
    live(pack, knowledge=replace(known, typical=vague))
    await show(hass, pack)
    assert sensor(hass, "current_sensor_offset").state == "unknown"


async def test_what_stands_beside_a_value_is_kept_from_the_recorder(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    teach(pack)
    estimate = pack.supervisor.state.estimate
    live(pack, life=aged(estimate))
    await show(hass, pack)
    for name in ("first_cell_worn", "full_cycles", "charge_power_for_10_s", "cell_1_capacity"):
        state = sensor(hass, name)
        beside = state.attributes.keys() & DETAILS
        assert beside, name
        assert beside <= state.state_info["unrecorded_attributes"], name
    assert state_of(hass, "sensor.pack_1_state_of_charge")


async def test_the_energy_is_told_as_a_share_of_what_the_full_pack_holds(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await show(hass, pack)
    energy, charge_ = number(hass, "state_of_energy"), number(hass, "state_of_charge")
    # The voltage falls on the way down, so the lower half of the charge holds less than half of the energy.
    assert charge_ - 3 < energy < charge_
