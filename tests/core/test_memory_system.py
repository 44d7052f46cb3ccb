"""What survives a restart of several packs together."""

import json
from typing import Any

import pytest

from custom_components.home_bms.core.memory import restore_system, save_system
from custom_components.home_bms.core.model import ChargeStage
from custom_components.home_bms.core.sharing import Share, Side
from custom_components.home_bms.core.system import SystemState, step

from .conftest import make_config
from .parallel import Battery, unit

CONFIGS = {"first": make_config(charge_current=100.0, discharge_current=120.0)}
SHARE: dict[str, Any] = {
    "skew": 1.5,
    "seen": 0.5,
    "offset": -2.0,
    "charge": {"last": 80.0, "unseen": False},
    "discharge": {"last": 500.0, "unseen": True},
}


def test_stage_and_shares_go_on_where_they_were() -> None:
    battery = Battery(units={"new": unit(seed=1, soc=97.0), "old": unit(seed=2, soc=97.0, age=2.0)})
    battery.demand = 200.0
    for _ in range(3):
        battery.demand = -battery.demand
        battery.run(60)
    battery.demand = 60.0
    battery.run(1100)
    before = battery.state
    assert before.charging.stage is ChargeStage.ABSORPTION
    configs = {key: one.config for key, one in battery.units.items()}
    after = restore_system(configs, json.loads(json.dumps(save_system(before))))
    assert (after.charging.stage, after.charging.absorbed) == (before.charging.stage, before.charging.absorbed)
    for key, share in before.shares.items():
        assert (after.shares[key].skew, after.shares[key].seen) == (share.skew, share.seen)
        assert (after.shares[key].charge, after.shares[key].discharge) == (share.charge, share.discharge)
    state, decision = step(after, battery.packs())
    assert decision.ccl.value == 0, "limits begin at zero again"
    assert state.charging.stage is ChargeStage.ABSORPTION


def test_a_pack_that_was_lost_before_a_restart_holds_the_others_down_after_it() -> None:
    battery = Battery(units={"new": unit(seed=1), "gone": unit(seed=2)})
    battery.run(120)
    battery.units["gone"].silent = True
    battery.run(60)
    configs = {key: one.config for key, one in battery.units.items()}
    last = battery.state.shares["gone"].charge
    assert last.unseen
    assert last.last == 140
    battery.state = restore_system(configs, json.loads(json.dumps(save_system(battery.state))))
    decision = battery.run(90)
    assert (decision.ccl.reason.rule, decision.weakest_charge) == ("pack_unseen", "gone")
    assert 0 < decision.ccl.value < 80


def test_what_was_saved_is_bounded_by_what_the_pack_is_rated_for() -> None:
    saved = {"charging": {}, "shares": {"first": SHARE, "stranger": SHARE}}
    assert restore_system(CONFIGS, saved).shares == {
        "first": Share(
            skew=1.5, seen=0.5, offset=-2.0, charge=Side(last=80.0, unseen=False), discharge=Side(last=120.0)
        )
    }


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        "nothing",
        {},
        {"charging": [], "shares": []},
        {"charging": {"stage": "float", "rule": "nonsense"}, "shares": {"first": 5}},
        {"charging": {"stage": "nonsense", "rule": "soc_fell"}, "shares": {"first": SHARE | {"skew": None}}},
        {"charging": {"stage": ["float"], "rule": ["soc_fell"]}, "shares": {"first": SHARE | {"seen": -1.0}}},
        {"charging": {"stage": "float"}, "shares": {"first": SHARE | {"offset": float("nan")}}},
    ],
)
def test_what_is_spoilt_is_forgotten(saved: object) -> None:
    state = restore_system(CONFIGS, saved)
    assert state.charging == SystemState().charging
    assert list(state.shares.values()) in ([], [Share()])


def test_times_below_zero_and_words_in_their_place_count_as_none() -> None:
    charging = {"stage": "absorption", "rule": "settling", "count": -5.0, "absorbed": "long", "soc": 98.0}
    sides = SHARE | {"charge": 7, "discharge": {"last": -3.0, "unseen": "perhaps"}}
    state = restore_system(CONFIGS, {"charging": charging, "shares": {"first": sides}})
    assert (state.charging.count, state.charging.absorbed, state.charging.soc) == (0, 0, 98)
    assert state.charging.reason.rule == "settling"
    assert (state.shares["first"].charge, state.shares["first"].discharge) == (Side(), Side())
