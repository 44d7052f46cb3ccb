"""The schedule of a life is its seed's alone, and all that can go wrong has its turn."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from .house import Scene
from .schedule import FAULTS, fitting, has_recorder, is_grouped, scene_of, schedule

HOUR = 3600.0


def told(seed: int) -> list[tuple[float, float, str, float]]:
    return [(each.at, each.until, each.fault.key, each.seed) for each in schedule(seed, HOUR)]


def test_the_same_seed_is_the_same_life_and_another_is_another() -> None:
    assert told(3) == told(3)
    assert told(3) != told(7)


@pytest.mark.parametrize("seed", range(12))
def test_two_of_one_slot_never_stand_at_once(seed: int) -> None:
    by_slot: dict[str, list[tuple[float, float]]] = {}
    for each in schedule(seed, HOUR):
        by_slot.setdefault(each.fault.slot, []).append((each.at, each.until))
    for spans in by_slot.values():
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_nothing_happens_after_the_end() -> None:
    assert all(each.until <= HOUR for seed in range(8) for each in schedule(seed, HOUR))


def test_some_hours_in_each_scene_have_all_faults() -> None:
    met: dict[Scene, set[str]] = {scene: set() for scene in Scene}
    for seed in range(16):
        met[scene_of(seed)] |= {each.fault.key for each in schedule(seed, HOUR) if not each.fault.danger}
    for scene, keys in met.items():
        assert keys == {fault.key for fault in fitting(scene, recorder=True)}


def test_each_scene_is_lived_with_and_without_a_recorder_on_either_can() -> None:
    ways = {(scene_of(seed), has_recorder(seed), is_grouped(seed)) for seed in range(16)}
    assert ways == set(product(Scene, (False, True), (False, True)))
    assert {(scene_of(seed), is_grouped(seed)) for seed in range(8)} == set(product(Scene, (False, True)))


def test_no_two_faults_have_one_name() -> None:
    keys = [fault.key for fault in FAULTS]
    assert len(keys) == len(set(keys))
