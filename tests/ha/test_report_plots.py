"""Drawings show what is there, leave gaps where nothing is, and have scales that people can read."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.reports.plots import Look, Plot, Rule, Series, draw, ticks

NUMBER = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)
MAYBE = st.one_of(st.none(), st.floats(), NUMBER)


def plot(*series: Series, labels: tuple[str, ...] | None = None, **changes: object) -> ET.Element:
    """Return the SVG of a plot, read as XML."""
    count = len(series[0].values) if series else 0
    told: dict[str, object] = {
        "title": "A title",
        "unit": "kWh",
        "labels": labels or tuple(str(slot + 1) for slot in range(count)),
        "series": series,
        "nothing": "Nothing here",
        **changes,
    }
    return ET.fromstring(draw(Plot(**told)))  # type: ignore[arg-type]


def texts(drawn: ET.Element) -> list[str]:
    return [text.text or "" for text in drawn.iter("text")]


def paths(drawn: ET.Element) -> list[ET.Element]:
    """Return the lines that follow values."""
    return [path for path in drawn.iter("path") if path.get("stroke-width") == "1.8"]


def bands(drawn: ET.Element) -> list[ET.Element]:
    return [path for path in drawn.iter("path") if path.get("fill-opacity")]


def points(path: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", path.get("d", ""))]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, (0, 2, 4, 6, 8, 10)),
        (0, 300, (0, 100, 200, 300)),
        (3.28, 3.34, (3.28, 3.30, 3.32, 3.34)),
        (-20, 35, (-20, 0, 20, 40)),
        (5, 5, (2, 4, 6, 8)),
        (0, 0, (-0.5, 0, 0.5)),
        (0.4, 0.6, (0.4, 0.45, 0.5, 0.55, 0.6)),
    ],
)
def test_scales_are_round(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@given(low=NUMBER, span=st.floats(min_value=0, max_value=1e6))
def test_scales_hold_what_they_are_for_in_few_equal_steps(low: float, span: float) -> None:
    high = low + span
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    slack = 1e-6 * max(1.0, abs(low), span)
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    steps = [after - before for before, after in pairwise(found)]
    assert min(steps) == pytest.approx(max(steps), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("series", [(), (Series(name="a", values=(None, float("nan"), float("inf"))),)])
def test_without_a_value_it_says_so(series: tuple[Series, ...]) -> None:
    drawn = plot(*series)
    assert texts(drawn) == ["Nothing here"]
    assert drawn.get("aria-label") == "A title"


@pytest.mark.parametrize("look", list(Look))
def test_a_single_value_is_seen(look: Look) -> None:
    drawn = plot(Series(name="a", values=(7.0,), look=look))
    seen = (
        list(drawn.iter("circle")) if look is not Look.BARS else [rect for rect in drawn.iter("rect") if rect.get("y")]
    )
    assert seen
    assert "Nothing here" not in texts(drawn)


def test_a_line_is_broken_where_there_is_no_value_and_keeps_its_place_after_it() -> None:
    drawn = plot(Series(name="a", values=(1.0, 2.0, None, None, 3.0, 4.0)))
    first, second = paths(drawn)
    assert len(points(first)) == len(points(second)) == 2
    step = points(first)[1][0] - points(first)[0][0]
    assert points(second)[0][0] - points(first)[0][0] == pytest.approx(4 * step, abs=0.2)
    assert points(first)[0][1] > points(second)[1][1]


def test_a_band_lies_between_its_ends_and_is_broken_too() -> None:
    drawn = plot(Series(name="a", values=(2.0, 2.0, 2.0, 2.0), low=(1.0, 1.0, None, 1.0), high=(3.0, 3.0, 3.0, 3.0)))
    assert [len(points(band)) for band in bands(drawn)] == [4, 2]
    (line,) = paths(drawn)
    heights = [y for _, y in points(bands(drawn)[0])]
    assert min(heights) < points(line)[0][1] < max(heights)


def test_bars_stand_beside_each_other_on_zero() -> None:
    drawn = plot(
        Series(name="in", values=(4.0, None, 2.0), look=Look.BARS),
        Series(name="out", values=(2.0, 1.0, -1.0), look=Look.BARS),
        from_zero=True,
    )
    bars = [rect for rect in drawn.iter("rect") if float(rect.get("y", 0)) != 4]
    assert len(bars) == 5
    tops, heights = ([float(bar.get(name, 0)) for bar in bars] for name in ("y", "height"))
    assert heights[0] == pytest.approx(2 * heights[2], abs=0.2)
    bottoms = {round(top + height) for top, height in zip(tops[:4], heights[:4], strict=True)}
    assert len(bottoms) == 1
    assert tops[4] == pytest.approx(bottoms.pop(), abs=1)
    lefts = sorted((float(bar.get("x", 0)), float(bar.get("width", 0))) for bar in bars)
    assert all(x + width < after for (x, width), (after, _) in pairwise(lefts))


def test_whiskers_reach_over_the_band_of_each_value() -> None:
    drawn = plot(
        Series(name="", values=(5.0, 6.0, None), low=(4.0, None, None), high=(6.0, 7.0, None), look=Look.POINTS)
    )
    assert len(list(drawn.iter("circle"))) == 2
    assert sum("h8" in path.get("d", "") for path in drawn.iter("path")) == 1


def test_what_is_never_negative_has_no_scale_below_zero() -> None:
    drawn = plot(Series(name="a", values=(0.0, 0.3), low=(0.0, 0.0), high=(0.9, 0.9)))
    assert not [text for text in texts(drawn) if text.startswith("-")]


def test_a_level_is_drawn_and_named_even_beyond_all_values() -> None:
    drawn = plot(Series(name="a", values=(90.0, 91.0)), rules=(Rule(name="worn", at=80.0),))
    assert "worn" in texts(drawn)
    assert any(path.get("stroke-dasharray") for path in drawn.iter("path"))
    assert "80" in texts(drawn)


def test_labels_are_left_out_where_there_is_no_room() -> None:
    labels = tuple(f"label {slot}" for slot in range(60))
    drawn = plot(Series(name="a", values=(1.0,) * 60), labels=labels)
    shown = [text for text in texts(drawn) if text.startswith("label")]
    assert 3 <= len(shown) <= 12
    places = [float(text.get("x", 0)) for text in drawn.iter("text") if (text.text or "").startswith("label")]
    assert all(after - before > 50 for before, after in pairwise(places))


def test_slots_without_a_label_have_no_mark() -> None:
    drawn = plot(Series(name="a", values=(1.0, 2.0, 3.0)), labels=("one", "", ""))
    assert sum("v4" in path.get("d", "") for path in drawn.iter("path")) == 1


def test_decimals_are_those_of_the_language_and_texts_are_texts() -> None:
    nasty = '<script>"&'
    drawn = plot(
        Series(name=nasty, values=(0.1, 0.3)), labels=(nasty, nasty), unit=nasty, title=nasty, comma=",",
        rules=(Rule(name=nasty, at=0.2),),
    )  # fmt: skip
    assert "0,2" in " ".join(texts(drawn))
    assert texts(drawn).count(nasty) >= 4
    assert drawn.get("aria-label") == nasty
    assert {element.tag for element in drawn.iter()} <= {"svg", "path", "rect", "text", "circle"}


@given(
    rows=st.lists(st.tuples(MAYBE, MAYBE, MAYBE), max_size=40),
    look=st.sampled_from(Look),
    from_zero=st.booleans(),
)
def test_whatever_the_values_everything_lies_within_the_drawing(
    rows: list[tuple[float | None, float | None, float | None]], look: Look, from_zero: bool
) -> None:
    values, low, high = (tuple(row[place] for row in rows) for place in range(3))
    capped = [
        tuple(None if value is None or abs(value) > 1e9 else value for value in each) for each in (values, low, high)
    ]
    series = Series(name="a", values=capped[0], low=capped[1], high=capped[2], look=look)
    drawn = plot(series, from_zero=from_zero)
    for circle in drawn.iter("circle"):
        assert 0 <= float(circle.get("cx", -1)) <= 780
        assert 0 <= float(circle.get("cy", -1)) <= 220
    for path in [*paths(drawn), *bands(drawn)]:
        assert all(0 <= x <= 780 and 0 <= y <= 220 for x, y in points(path))
    for rect in drawn.iter("rect"):
        assert float(rect.get("height", -1)) >= 0
