"""What leaves for the browser is JSON with as many digits as mean something, and never what JSON has no word for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.web.encode import _encoder, told
from custom_components.home_bms.web.schema import COMMANDS, Volts, Watts, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    text: str
    number: int
    volts: Volts | None
    watts: Watts
    rows: list[list[Volts | None]]
    names: dict[str, Volts]
    why: Why | None


WHY = Why(rule="limit", cell=3, sensor=None, value=1.23456, threshold=-inf, unit="V", since=nan)


def test_numbers_have_the_digits_of_their_unit() -> None:
    shown = Shown(text="a", number=3, volts=3.30049, watts=123.4, rows=[[1.00049, None], []], names={"b": 2.0}, why=WHY)
    assert told(shown) == {
        "text": "a",
        "number": 3,
        "volts": 3.3,
        "watts": 123,
        "rows": [[1.0, None], []],
        "names": {"b": 2.0},
        "why": {
            "rule": "limit",
            "cell": 3,
            "sensor": None,
            "value": 1.235,
            "threshold": None,
            "unit": "V",
            "since": None,
        },
    }


@given(
    st.floats(), st.one_of(st.none(), st.floats()), st.lists(st.lists(st.one_of(st.none(), st.floats())), max_size=3)
)
def test_what_is_not_finite_never_leaves(watts: float, volts: float | None, rows: list[list[float | None]]) -> None:
    shown = told(Shown(text="", number=0, volts=volts, watts=watts, rows=rows, names={"x": watts}, why=None))
    text = json.dumps(shown, allow_nan=False)
    assert json.loads(text) == shown
    if volts is not None and isfinite(volts):
        assert abs(shown["volts"] - volts) <= 0.0005 + abs(volts) * 1e-15


@pytest.mark.parametrize("kind", [float, set[str], tuple[int, int], object, int | str])
def test_a_number_without_a_unit_and_what_json_does_not_know_is_refused(kind: Any) -> None:
    shape = dataclass(type("Shape", (), {"__annotations__": {"value": kind}}))
    with pytest.raises(TypeError, match="no form in JSON"):
        told(shape(None))


def test_everything_that_the_browser_is_told_has_a_form() -> None:
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        _encoder(command.tells)
