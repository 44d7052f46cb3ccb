"""What took weeks to learn survives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import bms, cells, charge, learned, learning, resistance
from custom_components.home_bms.core.battery import Estimate, Kind
from custom_components.home_bms.core.learned import FORMAT, LearnedError
from custom_components.home_bms.core.model import ConfigError, PackConfig

from .cells_world import COUNT, RATED, Life, after_three_days, ailing
from .conftest import Story

NOW = 5.0
"""s of another process' monotonic clock."""


@cache
def written(make: Callable[[], Life] = after_three_days) -> str:
    """Return what is saved of a life, as it lies on the disk; JSON that any reader takes."""
    life = make()
    return json.dumps(learned.save(life.config, life.estimate), allow_nan=False)


def saved(make: Callable[[], Life] = after_three_days) -> dict[str, Any]:
    return dict(json.loads(written(make)))


def config_of(life: Life, **changes: Any) -> PackConfig:
    return replace(life.config, **changes)


def loaded(
    content: dict[str, Any], config: PackConfig, *, gap: float | None = 0.0, soc: float | None = None
) -> Estimate:
    return learned.load(config, Estimate(capacity=config.capacity, truth=soc, soc=soc), content, now=NOW, gap=gap)


def test_of_a_pack_that_was_never_seen_there_is_nothing_to_save() -> None:
    story = Story()
    assert bms.save_learned(story.config, story.state) is None
    story.tell(1)
    assert bms.save_learned(story.config, story.state) is not None


@pytest.mark.parametrize("make", [after_three_days, ailing])
def test_through_json_and_back_the_same_is_known(make: Callable[[], Life]) -> None:
    life = make()
    before = life.known
    estimate = loaded(saved(make), life.config)
    after = estimate.knowledge
    assert after is not None
    assert after.typical == before.typical
    assert after.cells == before.cells
    assert after.resistances == before.resistances
    assert after.findings == before.findings
    assert (after.surplus, after.surplus_doubt, after.now) == (before.surplus, before.surplus_doubt, before.now)
    assert learning.soc(after) == pytest.approx(learning.soc(before))
    assert learning.doubt(after) == pytest.approx(learning.doubt(before))
    assert estimate.life == life.estimate.life
    assert estimate.capacity == life.estimate.capacity


def test_it_goes_on_as_if_nothing_had_happened() -> None:
    """Twins live through the same evening; one was restarted."""
    life, twin = after_three_days(), after_three_days()
    content = json.loads(json.dumps(learned.save(twin.config, twin.estimate)))
    restored = replace(twin.estimate, knowledge=None, time=None, full_since=None, lived_at=None)
    twin.estimate = learned.load(twin.config, restored, content, now=twin.world.time, gap=0.0)
    for each in (life, twin):
        each.fill()
        each.drain(to=50)
    assert twin.estimate.soc == pytest.approx(life.estimate.soc, abs=0.3)
    assert twin.known.typical.capacity == pytest.approx(life.known.typical.capacity, rel=0.01)


def test_the_counters_charge_is_younger_than_what_was_learned() -> None:
    life = after_three_days()
    estimate = loaded(saved(), life.config, soc=62.0)
    assert estimate.knowledge is not None
    assert 100 * learning.soc(estimate.knowledge) == pytest.approx(62)


@pytest.mark.parametrize(("gap", "least", "most"), [(0.0, 0.0, 0.06), (3600.0, 0.14, 0.2), (None, 0.35, 0.5)])
def test_what_may_have_flowed_while_nobody_looked_is_in_doubt(gap: float | None, least: float, most: float) -> None:
    knowledge = loaded(saved(), after_three_days().config, gap=gap).knowledge
    assert knowledge is not None
    assert least <= learning.doubt(knowledge) < most


def test_taken_over_while_the_pack_is_watched_its_charge_is_no_surer_than_it_was() -> None:
    life = Life(soc=0.5, told=60.0)
    life.live(0.1)
    unsure = learning.doubt(life.known)
    life.estimate = learned.load(life.config, life.estimate, saved(), now=life.world.time, gap=0.0)
    assert learning.doubt(life.known) >= 0.99 * unsure
    assert learning.cell_capacity(life.known, 1)[1] == pytest.approx(91, abs=4)
    life.live(0.5, -10.0)
    assert life.estimate.soc_low is not None
    assert life.estimate.soc_low <= life.world.truth


def test_the_clock_of_another_process_makes_no_silence_and_no_flow() -> None:
    life = after_three_days()
    other = Life(told=50.0, soc=life.world.truth / 100)
    other.world.time = NOW
    other.estimate = loaded(saved(), other.config)
    before = learning.doubt(other.known)
    other.live(0.02, -10.0)
    assert learning.doubt(other.known) == pytest.approx(before, abs=0.01)
    assert other.known.tally.charge == pytest.approx(life.known.tally.charge - 0.2, abs=0.05)


# Another pack.


@pytest.mark.parametrize("count", [COUNT - 2, COUNT + 2])
def test_a_pack_with_another_count_of_cells_keeps_what_holds_and_goes_on(count: int) -> None:
    life = after_three_days()
    other = Life(told=50.0, count=count, soc=life.world.truth / 100)
    other.world.time = NOW
    other.estimate = loaded(saved(), other.config)
    known = other.known
    assert len(known.cells) == count
    assert known.typical.state[charge.OFFSET] == life.known.typical.state[charge.OFFSET]
    assert other.estimate.life.ageing.sizes == ()
    assert other.estimate.life.cycling == life.estimate.life.cycling
    other.days(1)
    assert other.error == pytest.approx(0, abs=4)
    assert len(other.known.surplus) == count


def test_a_pack_of_another_capacity_keeps_its_charge_as_a_share() -> None:
    life = after_three_days()
    estimate = loaded(saved(), config_of(life, capacity=2.8 * RATED))
    assert estimate.knowledge is not None
    assert learning.soc(estimate.knowledge) == pytest.approx(learning.soc(life.known), abs=0.08)
    assert estimate.capacity == pytest.approx(2.8 * 0.94 * RATED, rel=0.06)
    assert estimate.life.ageing.sizes == ()


@pytest.mark.parametrize("rated", [0.4 * RATED, 2.8 * RATED])
def test_what_may_have_flowed_is_a_share_of_the_pack_that_there_is(rated: float) -> None:
    estimate = loaded(saved(), config_of(after_three_days(), capacity=rated), gap=None)
    assert estimate.knowledge is not None
    assert learning.doubt(estimate.knowledge) == pytest.approx(0.43, abs=0.05)


def test_another_chemistry_is_refused() -> None:
    with pytest.raises(LearnedError, match=r"lfp.*nmc"):
        loaded(saved(), config_of(after_three_days(), chemistry="nmc"))


# A cell that was replaced.


def test_a_cell_that_was_replaced_is_forgotten_and_only_that() -> None:
    story = Story()
    story.tell(1)
    life = ailing()
    estimate = learned.replace_cell(life.config, life.estimate, 3)
    assert estimate.knowledge is not None
    assert estimate.knowledge.cells[3] == cells.begin(RATED)
    ageing, before = estimate.life.ageing, life.estimate.life.ageing
    assert (ageing.sizes[3], ageing.ohms[3], ageing.first[3]) == (None, None, None)
    for number in (0, 1, 2, 4, 5, 6, 7):
        assert estimate.knowledge.cells[number] is life.known.cells[number]
        assert ageing.sizes[number] is before.sizes[number]
    assert Kind.LEAKY_CELL not in {finding.kind for finding in estimate.knowledge.findings}
    assert estimate.life.cycling == life.estimate.life.cycling
    assert estimate.soc == life.estimate.soc


def test_the_new_cell_is_learned_like_any_other() -> None:
    life = ailing()
    life.away(1)
    life.world.each[1] = replace(life.world.each[0])
    life.estimate = learned.replace_cell(life.config, life.estimate, 1)
    life.days(1)
    known = life.known
    ratio = cells.capacity(known.cells[1], 1.0) / cells.capacity(known.cells[0], 1.0)
    assert ratio == pytest.approx(1, abs=0.015)


@pytest.mark.parametrize("cell", [0, COUNT - 1])
def test_what_is_known_of_a_pack_with_a_new_cell_can_be_saved(cell: int) -> None:
    life = after_three_days()
    estimate = learned.replace_cell(life.config, life.estimate, cell)
    content = json.loads(json.dumps(learned.save(life.config, estimate), allow_nan=False))
    assert loaded(content, life.config).life == estimate.life


def test_replacing_before_anything_is_known_changes_nothing() -> None:
    story = Story()
    assert bms.replace_cell(story.config, story.state, 3) == story.state


@pytest.mark.parametrize("cell", [-1, 16])
def test_a_cell_that_there_is_not_cannot_be_replaced(cell: int) -> None:
    story = Story()
    with pytest.raises(ConfigError) as refused:
        bms.replace_cell(story.config, story.state, cell)
    assert (refused.value.key, refused.value.placeholders["value"]) == ("out_of_range", str(cell + 1))


# What is no such file.


def spoilt(content: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Put a value into a place of what was saved."""
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return content


DAMAGED: tuple[tuple[tuple[str | int, ...], Any], ...] = (
    (("format",), FORMAT + 1),
    (("format",), None),
    (("chemistry",), 7),
    (("chemistry",), "lead"),
    (("rated",), 0.0),
    (("rated",), nan),
    (("rated",), 1e300),
    (("knowledge",), None),
    (("knowledge",), []),
    (("knowledge", "cells"), []),
    (("knowledge", "resistances"), []),
    (("knowledge", "typical", "state"), [1.0]),
    (("knowledge", "typical", "state", 0), nan),
    (("knowledge", "typical", "state", 0), None),
    (("knowledge", "typical", "state", 0), 1e6),
    (("knowledge", "typical", "covariance", 0, 0), -1.0),
    (("knowledge", "typical", "covariance", 0, 1), 1e3),
    (("knowledge", "typical", "covariance", 3), [0.0]),
    (("knowledge", "typical", "capacity"), 0.0),
    (("knowledge", "typical", "capacity"), nan),
    (("knowledge", "typical", "capacity_doubt"), -1.0),
    (("knowledge", "typical", "lean"), 5.0),
    (("knowledge", "typical", "hours"), -1.0),
    (("knowledge", "cells", 1, "state", cells.CAPACITY), 9.0),
    (("knowledge", "cells", 1, "state"), [0.0, 0.0, 0.0]),
    (("knowledge", "cells", 1, "strain"), inf),
    (("knowledge", "cells", 1, "leak_since"), "Monday"),
    (("knowledge", "cells", 1, "another"), 1.0),
    (("knowledge", "resistances", 2, "covariance"), [[1.0]]),
    (("knowledge", "resistances", 2, "steps"), -3),
    (("knowledge", "resistances", 2, "fast"), 1e6),
    (("knowledge", "resistances", 2, "scatter"), -0.5),
    (("knowledge", "tally", "bleed"), [0.0]),
    (("knowledge", "tally", "doubt"), -1.0),
    (("knowledge", "surplus"), [1.0]),
    (("knowledge", "surplus_doubt"), []),
    (("knowledge", "now", "each"), [None]),
    (("knowledge", "findings"), [{"kind": "weather", "cell": 1}]),
    (("life", "cycling", "counted"), []),
    (("life", "cycling", "depth"), nan),
    (("life", "heat", "scale"), 0.0),
    (("life", "heat", "covariance"), 1e6),
    (("life", "ageing", "sizes"), [None]),
    (("life", "ageing", "first"), [0.0] * COUNT),
    (("life", "ageing", "sizes", 0, "state"), [1.0]),
    (("life", "ageing", "sizes", 0, "covariance"), []),
)


@pytest.mark.parametrize(("path", "value"), DAMAGED, ids=lambda part: str(part))
def test_what_was_damaged_is_refused_and_changes_nothing(path: tuple[str | int, ...], value: Any) -> None:
    story = Story()
    story.config = after_three_days().config
    state = story.state
    with pytest.raises(LearnedError):
        bms.load_learned(story.config, state, spoilt(saved(), path, value), now=NOW, gap=0.0)
    assert story.state is state


@pytest.mark.parametrize("content", [{}, {"format": FORMAT}, {"format": "x" * 100}])
def test_what_is_no_such_file_is_refused_in_few_words(content: dict[str, Any]) -> None:
    with pytest.raises(LearnedError) as refused:
        loaded(content, after_three_days().config)
    assert len(str(refused.value)) < 100


def test_a_finding_of_a_cell_that_there_is_not_is_refused() -> None:
    content = saved(ailing)
    content["knowledge"]["findings"][0]["cell"] = 8
    with pytest.raises(LearnedError):
        loaded(content, ailing().config)


def test_a_new_pack_that_was_hardly_seen_is_taken_over() -> None:
    life = Life(told=50.0)
    life.live(0.01)
    content = json.loads(json.dumps(learned.save(life.config, life.estimate), allow_nan=False))
    content["life"].pop("heat")
    estimate = loaded(content, life.config)
    assert estimate.knowledge is not None
    assert estimate.knowledge.resistances == (resistance.begin(RATED),) * COUNT
    assert estimate.life.heat is None


def test_a_store_of_a_version_that_knew_no_bleeding_begins_to_count_it() -> None:
    content = spoilt(saved(), ("knowledge", "tally", "bleed"), [])
    estimate = loaded(content, after_three_days().config)
    assert estimate.knowledge is not None
    assert estimate.knowledge.tally.bleed == (0.0,) * COUNT


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path to every value; of long lists to a few."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, part in value.items():
            found += places(part, (*path, key))
    elif isinstance(value, list):
        for number in (*range(min(3, len(value))),):
            found += places(value[number], (*path, number))
    return found


@cache
def all_places() -> list[tuple[str | int, ...]]:
    return places(saved())


nonsense = st.one_of(
    st.sampled_from([None, True, "x", [], {}, [1.0], -1, 0, 1, -5.0, -0.5, 1e6, 1e300, -1e300, 10**400, nan, inf]),
    st.floats(-2, 2),
)


@settings(max_examples=60)
@given(st.data(), nonsense)
def test_whatever_is_in_it_it_is_refused_or_can_be_lived_with(data: st.DataObject, value: Any) -> None:
    life = after_three_days()
    content = spoilt(saved(), data.draw(st.sampled_from(all_places())), value)
    try:
        life.estimate = learned.load(life.config, life.estimate, content, now=life.world.time, gap=10.0)
    except LearnedError:
        return
    life.live(0.2, -20.0)
    life.live(0.1, 15.0)
    json.dumps(learned.save(life.config, life.estimate), allow_nan=False)
    assert life.estimate.capacity > 0
