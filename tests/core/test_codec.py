"""What was written down means the same to the last bit when it is read, and what was never written is refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Flag, auto
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import model
from custom_components.home_bms.core.blackbox import Trigger
from custom_components.home_bms.core.codec import CodecError, codec
from custom_components.home_bms.core.model import (
    ContactorState,
    Decision,
    Flow,
    Level,
    PackConfig,
    PackReading,
    PackState,
    Stage,
    Switches,
    Track,
)
from custom_components.home_bms.core.record import Header

st.register_type_strategy(
    model.Frame,
    st.builds(
        model.Frame,
        said=st.lists(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.text(),
                st.builds(Switches),
                st.tuples(st.floats(), st.none()),
            )
        ).map(tuple),
    ),
)


def bits(value: Any) -> Any:
    """Return a value so that only the very same one is equal: a truth is no 1, 1 no 1.0, and 0.0 no -0.0."""
    if is_dataclass(value):
        return type(value), [bits(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return "mapping", [(bits(key), bits(part)) for key, part in value.items()]
    if isinstance(value, tuple):
        return "tuple", [bits(part) for part in value]
    if isinstance(value, frozenset):
        return "frozenset", sorted(value)
    if isinstance(value, float):
        return "nan" if value != value else struct.pack("d", value)
    return type(value), value


def through(kind: Any, value: Any) -> Any:
    """Return a value that went through a line of JSON."""
    both = codec(kind)
    return both.decode(json.loads(json.dumps(both.encode(value), allow_nan=False)))


@pytest.mark.parametrize("kind", [PackReading, PackState, Decision, PackConfig, Trigger, Header])
def test_every_value_of_the_model_comes_back_to_the_last_bit(kind: type) -> None:
    @settings(max_examples=50)
    @given(st.from_type(kind))
    def comes_back(value: Any) -> None:
        assert bits(through(kind, value)) == bits(value)

    comes_back()


@pytest.mark.parametrize(
    "kind", [part for part in vars(model).values() if isinstance(part, type) and is_dataclass(part)]
)
def test_no_part_of_the_model_is_of_a_make_that_cannot_be_recorded(kind: type) -> None:
    assert codec(kind)


@pytest.mark.parametrize("value", [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, inf, -inf, nan, 3, 2**70])
def test_a_number_is_the_same_number_of_the_same_kind(value: float) -> None:
    assert bits(through(float, value)) == bits(value)
    assert bits(through(object, value)) == bits(value)


def test_a_word_that_looks_like_a_number_stays_a_word() -> None:
    assert through(object, ("inf", inf, None, True, Switches(charge=True))) == (
        "inf",
        inf,
        None,
        True,
        Switches(charge=True),
    )


class _Doors(Flag):
    FRONT = auto()
    BACK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Zoo:
    """What the model does not have yet."""

    doors: _Doors = _Doors(0)
    pair: tuple[int, str] = (0, "")
    by_number: Mapping[int, float | None] | None = None
    either: int | str | None = None
    keys: frozenset[str] = frozenset()


def test_makes_that_the_model_may_come_to_use_are_recorded_too() -> None:
    zoo = _Zoo(
        doors=_Doors.FRONT | _Doors.BACK, pair=(7, "x"), by_number={3: 0.5, 4: None}, either="a", keys=frozenset("ba")
    )
    assert codec(_Zoo).encode(zoo) == {
        "doors": "front|back",
        "pair": [7, "x"],
        "by_number": [[3, 0.5], [4, None]],
        "either": "a",
        "keys": ["a", "b"],
    }
    assert through(_Zoo, zoo) == zoo
    assert through(_Zoo, _Zoo()) == _Zoo()


@pytest.mark.parametrize("kind", [bytes, list[int], set[int], type])
def test_a_type_of_another_make_is_named(kind: Any) -> None:
    with pytest.raises(TypeError, match="cannot be recorded"):
        codec(kind)


def test_what_is_not_told_takes_no_room() -> None:
    assert codec(Switches).encode(Switches(charge=False)) == {"charge": False}
    assert codec(Track).decode({}) == Track()


def test_words_are_those_of_the_model() -> None:
    assert codec(Level).encode(Level.PROTECT) == "protect"
    assert codec(Flow).encode(Flow.BOTH) == "both"
    assert codec(Flow).decode("charge|discharge") is Flow.BOTH
    assert codec(ContactorState).encode(ContactorState.OPEN) == "open"


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        (PackReading, {}, "time: is missing"),
        (PackReading, 7, "7 is no object"),
        (PackReading, {"time": True}, "time: True is no number"),
        (PackReading, {"time": 1, "cells": [3.3, "x"]}, "cells[1]: 'x' is no number"),
        (PackReading, {"time": 1, "cells": {}}, "cells: {} is no list"),
        (PackReading, {"time": 1, "cells": None}, "cells: None is no list"),
        (PackReading, {"time": 1, "switches": {"charge": 1}}, "switches.charge: 1 is no truth value"),
        (PackReading, {"time": 1, "aura": 1}, "aura: is no field of PackReading that this version knows"),
        (
            PackState,
            {"tracks": {"cell_overvoltage": {"level": "sad"}}},
            "tracks.cell_overvoltage.level: 'sad' is no Level",
        ),
        (PackState, {"tracks": []}, "tracks: [] is no object"),
        (Level, 3, "3 is no text"),
        (Flow, "up", "'up' is no Flow"),
        (ContactorState, "ajar", "'ajar' is no ContactorState"),
        (_Zoo, {"pair": [1]}, "pair: 1 values in place of 2"),
        (_Zoo, {"either": 1.5}, "either: 1.5 is no text"),
        (object, {"Sonnet": {}}, "'Sonnet' is no class of the model"),
        (object, {"a": 1, "b": 2}, "'' is no class of the model"),
        # A value of the model that is a dataclass, and no class.
        (object, {"NO_HISTORY": {}}, "'NO_HISTORY' is no class of the model"),
    ],
)
def test_what_is_no_such_value_is_refused_with_the_place(kind: Any, raw: Any, told: str) -> None:
    with pytest.raises(CodecError) as caught:
        codec(kind).decode(raw)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (Stage, Stage(level=3, at=1, release=0), "level: 3 is no Level"),  # type: ignore[arg-type]
        (PackReading, PackReading(time="now"), "time: 'now' is no number"),  # type: ignore[arg-type]
        (PackReading, PackReading(time=0, cells=[3.3]), "cells: [3.3] is no tuple"),  # type: ignore[arg-type]
        (PackReading, PackReading(time=0, switches=None), "switches: None is no Switches"),  # type: ignore[arg-type]
        (PackState, PackState(tracks=None), "tracks: None is no mapping"),  # type: ignore[arg-type]
        (PackState, PackState(tracks={"x": None}), "tracks.x: None is no Track"),  # type: ignore[dict-item]
        (PackState, PackState(tracks={1: Track()}), "tracks.1: 1 is no text"),  # type: ignore[dict-item]
        (ContactorState, "ajar", "'ajar' is no ContactorState"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(kind: Any, value: Any, told: str) -> None:
    with pytest.raises(CodecError) as caught:
        codec(kind).encode(value)
    assert str(caught.value) == told
