"""From bulk through absorption to float and back, and why."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from custom_components.home_bms.core.charging import CHARGE_RULES, Bus, ChargeState, advance
from custom_components.home_bms.core.model import BalanceDecision, ChargeStage, PackConfig, Reason, Snapshot

from .conftest import Story, make_config
from .parallel import Battery, unit

FULL = 16 * 3.45
FLOAT = 16 * 3.35


def pack(**changes: Any) -> Snapshot:
    """A pack at the top; `balancing` and `hold` are what its balancer decides."""
    balance = BalanceDecision(active=changes.pop("balancing", False), hold_top=changes.pop("hold", False))
    works = changes.pop("works", None)
    story = Story()
    story.tell(2, **({"cell": 3.45} | changes), balancing=works)
    assert story.snapshot is not None
    return replace(story.snapshot, decision=replace(story.snapshot.decision, balance=balance))


def bus(time: float, *snapshots: Snapshot, config: PackConfig | None = None, **changes: Any) -> Bus:
    facts: dict[str, Any] = {"limit": FULL, "charges": True, "voltage": FULL, "current": 5.0, "soc": 100.0}
    packs = tuple((config or make_config(), snapshot) for snapshot in snapshots or (pack(),))
    return Bus(time=time, packs=packs, **(facts | changes))


class Charge:
    """A charge that lives through the same look second by second."""

    def __init__(self, stage: ChargeStage = ChargeStage.BULK, rule: str = "starting", **changes: Any) -> None:
        self.state = ChargeState(stage=stage, reason=Reason(rule=rule, since=0.0), time=0.0, **changes)

    def tell(self, seconds: float, *snapshots: Snapshot, **changes: Any) -> tuple[str, str]:
        look = bus(0.0, *snapshots, **changes)
        for _ in range(round(seconds)):
            assert self.state.time is not None
            self.state = advance(self.state, look._replace(time=self.state.time + 1.0))
            assert self.state.reason.rule in CHARGE_RULES
        return self.state.stage.value, self.state.reason.rule


def test_absorption_begins_once_the_limit_is_held_for_a_minute() -> None:
    charge = Charge()
    assert charge.tell(59) == ("bulk", "starting")
    assert charge.tell(1, voltage=54.0) == ("bulk", "starting")
    assert charge.tell(59) == ("bulk", "starting")
    assert charge.tell(1) == ("absorption", "limit_reached")
    assert (charge.state.reason.value, charge.state.reason.threshold) == (FULL, FULL)


@pytest.mark.parametrize("changes", [{"voltage": 54.8}, {"voltage": None}, {"charges": False}])
def test_what_is_not_known_to_be_at_the_limit_stays_in_bulk(changes: dict[str, Any]) -> None:
    assert Charge().tell(300, **changes) == ("bulk", "starting")


@pytest.mark.parametrize(
    ("snapshot", "changes", "rule"),
    [
        ({}, {}, "settling"),
        ({"hold": True}, {}, "balancing_asked"),
        ({}, {"current": 30.0}, "limit_reached"),
        ({}, {"current": None}, "limit_reached"),
        ({"cells": (3.47, *(3.44,) * 15), "balancing": True}, {}, "evening_out"),
        ({"cells": (3.47, *(3.44,) * 15), "balancing": True, "works": True}, {}, "evening_out"),
        ({"cells": (3.47, *(3.44,) * 15), "balancing": True, "works": False}, {}, "settling"),
        ({"cells": (3.47, *(3.44,) * 15)}, {}, "settling"),
    ],
)
def test_absorption_tells_what_it_waits_for(snapshot: dict[str, Any], changes: dict[str, Any], rule: str) -> None:
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert charge.tell(90, pack(**snapshot), **changes) == ("absorption", rule)
    assert charge.state.reason.since is not None
    assert charge.state.reason.since <= 61


def test_a_mask_counts_as_balancing_in_its_pauses_too() -> None:
    config = make_config()
    masked = replace(config, balance=replace(config.balance, masked=True))
    snapshot = pack(cells=(3.47, *(3.44,) * 15), balancing=True, works=False)
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert charge.tell(90, snapshot, config=masked) == ("absorption", "evening_out")
    assert (charge.state.reason.cell, charge.state.reason.threshold) == (0, 0.010)
    assert charge.state.reason.value == pytest.approx(0.03)


@pytest.mark.parametrize(("cells", "rule"), [((3.45,) * 16, "cells_level"), ((3.48, *(3.44,) * 15), "current_tailed")])
def test_it_floats_once_all_has_held_for_a_quarter_of_an_hour(cells: tuple[float, ...], rule: str) -> None:
    charge, snapshot = Charge(ChargeStage.ABSORPTION, "limit_reached"), pack(cells=cells)
    assert charge.tell(950, snapshot) == ("absorption", "settling")
    assert charge.tell(30, snapshot) == ("float", rule)
    assert charge.state.asked == pytest.approx(FULL, abs=0.02)


def test_a_cloud_only_pauses_what_has_been_seen() -> None:
    charge, level = Charge(ChargeStage.ABSORPTION, "limit_reached"), pack()
    charge.tell(600, level)
    count = charge.state.count
    assert charge.tell(200, level, voltage=54.0) == ("absorption", "settling")
    assert charge.state.count == count
    assert charge.tell(400, level)[0] == "float"


def test_every_pack_must_be_level_and_none_may_ask_to_be_held() -> None:
    level, uneven = pack(), pack(cells=(3.48, *(3.44,) * 15), balancing=True)
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert charge.tell(1200, level, uneven) == ("absorption", "evening_out")
    assert charge.tell(1200, level, pack(hold=True)) == ("absorption", "balancing_asked")
    assert charge.tell(1200, level, level)[0] == "float"


def test_absorption_ends_after_its_longest_time_unless_it_is_asked_for() -> None:
    config = make_config(overrides={"absorption_longest": 0.5})
    uneven = {"cells": (3.48, *(3.44,) * 15), "balancing": True}
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert charge.tell(1799, pack(**uneven), config=config) == ("absorption", "evening_out")
    asked = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert asked.tell(4000, pack(**uneven, hold=True), config=config) == ("absorption", "balancing_asked")
    assert charge.tell(1, pack(**uneven), config=config) == ("float", "absorption_over")


@pytest.mark.parametrize("unknown", [{"cells": (None, *(3.45,) * 15)}, {"cells": ()}])
def test_what_is_not_known_ends_no_absorption(unknown: dict[str, Any]) -> None:
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached")
    assert charge.tell(2000, pack(**unknown, voltage=FULL)) == ("absorption", "limit_reached")
    assert charge.tell(2000, voltage=None) == ("absorption", "limit_reached")


def test_time_that_nobody_saw_does_not_count() -> None:
    charge, level = Charge(ChargeStage.ABSORPTION, "limit_reached"), pack()
    for look in range(1, 40):
        charge.state = advance(charge.state, bus(100.0 * look, level))
    assert charge.state.stage is ChargeStage.ABSORPTION
    assert charge.state.absorbed == 0
    fresh = advance(ChargeState(), bus(5.0, level))
    assert fresh.count == 0


def test_an_absorption_that_the_evening_ended_begins_anew_in_the_morning() -> None:
    charge = Charge(ChargeStage.ABSORPTION, "limit_reached", count=500.0)
    assert charge.tell(299, voltage=52.0) == ("absorption", "limit_reached")
    assert charge.tell(1, voltage=54.0)[0] == "absorption"
    assert charge.tell(299, voltage=52.0)[0] == "absorption"
    assert charge.tell(1, voltage=52.0) == ("bulk", "voltage_fell")
    assert charge.state.count == 0


def test_float_sinks_slowly_to_its_voltage() -> None:
    charge, level = Charge(ChargeStage.FLOAT, "cells_level", asked=FULL), pack()
    charge.tell(180, level)
    assert charge.state.asked == pytest.approx(FULL - 0.1)
    assert charge.tell(3000, level) == ("float", "cells_level")
    assert charge.state.asked is None


@pytest.mark.parametrize(
    ("rule", "snapshot", "changes", "seconds", "after"),
    [
        ("cells_level", {}, {"soc": 95.1}, 1000, None),
        ("cells_level", {}, {"soc": 95.0}, 1, "soc_fell"),
        ("cells_level", {}, {"soc": None}, 1000, None),
        ("cells_level", {"hold": True}, {}, 1, "balancing_asked"),
        ("cells_level", {}, {"voltage": 52.7}, 299, None),
        ("cells_level", {}, {"voltage": 52.7}, 300, "voltage_fell"),
        ("cells_level", {}, {"voltage": None}, 1000, None),
        ("cells_level", {"cells": (3.44, *(3.35,) * 15)}, {}, 299, None),
        ("cells_level", {"cells": (3.44, *(3.35,) * 15)}, {}, 300, "cells_apart"),
        ("cells_level", {"cells": (None, *(3.35,) * 15), "voltage": FLOAT}, {}, 1000, None),
        ("cells_level", {"cells": (3.42, *(3.35,) * 15)}, {}, 1000, None),
        ("absorption_over", {"cells": (3.44, *(3.35,) * 15)}, {}, 1000, None),
    ],
)
def test_a_full_battery_is_charged_again_for_a_reason(
    rule: str, snapshot: dict[str, Any], changes: dict[str, Any], seconds: int, after: str | None
) -> None:
    charge = Charge(ChargeStage.FLOAT, rule, soc=100.0)
    expected = ("float", rule) if after is None else ("bulk", after)
    assert charge.tell(seconds, pack(**snapshot), **changes) == expected
    if after is not None:
        assert charge.state.reason.since == seconds


def test_the_charge_that_is_missing_counts_from_the_highest_since_float_began() -> None:
    charge, level = Charge(ChargeStage.FLOAT, "cells_level"), pack()
    charge.tell(10, level, soc=97.0)
    charge.tell(10, level, soc=99.0)
    charge.tell(10, level, soc=None)
    assert charge.tell(10, level, soc=94.5)[0] == "float"
    assert charge.tell(1, level, soc=94.0) == ("bulk", "soc_fell")


def test_a_pack_alone_goes_through_a_day() -> None:
    """Charged, evened out, held, floated, used and charged again, with a real balancer's flicker."""
    battery = Battery(units={"only": unit(seed=5, soc=93.0, shared=False)})
    battery.demand = 100.0
    seen = [(decision.charging.stage.value, decision.cvl.value) for decision in battery.live(6500)]
    stages = [stage for (stage, _), (after, _) in pairwise([*seen, ("", 0.0)]) if stage != after]
    assert stages == ["bulk", "absorption", "float"]
    voltages = [voltage for stage, voltage in seen if stage == "float"]
    assert all(0 <= before - after < 0.01 for before, after in pairwise(voltages))
    assert voltages[-1] < voltages[0] - 1.0
    battery.demand = -140.0
    used = battery.run(700)
    assert (used.charging.stage.value, used.charging.reason.rule) == ("bulk", "soc_fell")
    assert used.cvl.value == pytest.approx(FULL)
