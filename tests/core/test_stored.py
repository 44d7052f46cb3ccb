"""What only a newer version can have written is found, what is spoilt is left to others, and old files are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.stored import from_version_1, unknown, unknown_learned

from .conftest import Story

SPOILT = [None, 7, "spoilt", [], {}]


def file(story: Story, **system: Any) -> dict[str, Any]:
    """Return the file of a system with one pack, through JSON as stores do."""
    packs = {"pack": bms.save(story.state)}
    content = {"saved_at": 1.0, "control_allowed": True, "lost": False, "packs": packs, "system": system}
    found: dict[str, Any] = json.loads(json.dumps(content))
    return found


def learned(story: Story) -> dict[str, Any]:
    """Return the file of what was learned of a pack, through JSON too."""
    story.tell(600, current=50.0, cell=3.31)
    found: dict[str, Any] = json.loads(
        json.dumps({"saved_at": 1.0, "packs": {"pack": bms.save_learned(story.config, story.state)}})
    )
    return found


def test_what_this_version_writes_it_knows(story: Story) -> None:
    story.tell(1, temperatures=(35.0, 36.0))
    story.tell(1, temperatures=(49.0, 50.0))
    story.tell(1, temperatures=(55.0, 56.0))
    story.tell(3, temperatures=(55.0, 56.0), cell=2.89)
    content = file(
        story, programmes={"any": "thing"}, sharing={"charging": {"stage": "bulk"}, "shares": {"pack": {"skew": 1.0}}}
    )
    assert content["packs"]["pack"]["trips"]
    assert "cell_undervoltage" in content["packs"]["pack"]["stops"]
    assert unknown(content) is None
    assert unknown_learned(learned(story)) is None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("aura",), "aura"),
        (("packs", "pack", "aura"), "packs.pack.aura"),
        (("packs", "pack", "estimate", "aura"), "packs.pack.estimate.aura"),
        (("packs", "pack", "trips", "aura"), "packs.pack.trips.aura"),
        (("packs", "pack", "stops", "aura"), "packs.pack.stops.aura"),
        (("packs", "pack", "stops", "data_missing"), "packs.pack.stops.data_missing"),
        (("packs", "pack", "balance", "aura"), "packs.pack.balance.aura"),
        (("packs", "pack", "wishes", "aura"), "packs.pack.wishes.aura: is no field of Wishes that this version knows"),
        (("system", "aura"), "system.aura"),
        (("system", "aura_of_a_pack"), "system.aura_of_a_pack"),
        (("system", "sharing", "shares", "pack", "aura"), "system.sharing.shares.pack.aura"),
        (("system", "leases", "aura"), "system.leases.aura: is no field of LeaseBook that this version knows"),
    ],
)
def test_a_name_that_is_not_known_is_found_where_it_is(story: Story, path: tuple[str, ...], place: str) -> None:
    content = file(story, leases={}, sharing={"shares": {"pack": {}}})
    at = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = 1
    assert unknown(content) == place


@pytest.mark.parametrize("part", ["packs", "system"])
@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_spoilt_is_not_newer(story: Story, part: str, spoilt: Any) -> None:
    assert unknown(spoilt) is None
    assert unknown_learned(spoilt) is None
    assert unknown(file(story) | {part: spoilt}) is None
    assert unknown_learned({"packs": spoilt}) is None
    assert unknown_learned({"packs": {"pack": spoilt}}) is None
    assert unknown(file(story, storage={"phase": 7})) is None
    assert unknown({"a": "file of somebody else's"}) is None


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("format",), 2, "packs.pack.format: 2"),
        (("aura",), 1, "packs.pack.aura: is no field of Learned that this version knows"),
        (("history", "aura"), 1, "packs.pack.history.aura: is no field of History that this version knows"),
    ],
)
def test_learning_of_a_newer_version_is_found(story: Story, path: tuple[str, ...], value: object, place: str) -> None:
    content = learned(story)
    at = content["packs"]["pack"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert unknown_learned(content) == place


def test_a_file_of_version_1_loses_only_what_is_told_otherwise_by_now(story: Story) -> None:
    content = file(story)
    old = json.loads(json.dumps(content))
    old["packs"]["pack"]["estimate"] |= {"full": True, "empty": False}
    assert unknown(old) == "packs.pack.estimate.full"
    assert from_version_1(old) == content


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_spoilt_in_a_file_of_version_1_stays_so(spoilt: Any) -> None:
    for content in ({"packs": spoilt}, {"packs": {"pack": spoilt}}, {"packs": {"pack": {"estimate": spoilt}}}):
        assert from_version_1(content) == content
