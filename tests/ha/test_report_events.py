"""Rises, releases and black boxes become one story, each event told once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.home_bms.reports import events as report_events
from custom_components.home_bms.reports.data import Told
from custom_components.home_bms.reports.events import episodes, read_boxes, shown
from custom_components.home_bms.reports.period import Period, Span

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 1, tzinfo=ZONE)


def told(minute: float, protection: str, level: str, box: str | None = None) -> Told:
    facts: dict[str, Any] = {"protection": protection, "level": level}
    return Told(time=START + timedelta(minutes=minute), facts=facts, box=box)


def brief(*events: Told, boxed: tuple[Told, ...] = ()) -> list[tuple[float, str, str, float | None, str | None]]:
    """Return the episodes as minute of their rise, protection, level, minute of their end, and black box."""

    def minute(time: datetime) -> float:
        return (time - START) / timedelta(minutes=1)

    return [
        (minute(each.start), each.protection, each.level, each.end and minute(each.end), each.box)
        for each in episodes(events, boxed)
    ]


OVER, COLD = "cell_overvoltage", "charge_undertemperature"


def test_a_protection_that_rises_step_by_step_is_one_event_of_its_gravest_level() -> None:
    assert brief(told(0, OVER, "warn"), told(1, OVER, "protect"), told(2, OVER, "trip"), told(60, OVER, "reset")) == [
        (0, OVER, "trip", 60, None)
    ]


def test_two_protections_do_not_disturb_each_other() -> None:
    assert brief(
        told(0, OVER, "warn"), told(1, COLD, "derate"), told(2, OVER, "released"), told(3, COLD, "released")
    ) == [(0, OVER, "warn", 2, None), (1, COLD, "derate", 3, None)]


def test_what_rises_again_without_an_end_was_over_while_nobody_watched() -> None:
    assert brief(told(0, OVER, "protect"), told(500, OVER, "warn"), told(501, OVER, "released")) == [
        (0, OVER, "protect", None, None),
        (500, OVER, "warn", 501, None),
    ]


def test_an_end_without_a_beginning_is_nothing() -> None:
    assert brief(told(0, OVER, "released"), told(1, COLD, "reset")) == []


def test_what_stands_yet_has_no_end() -> None:
    assert brief(told(0, OVER, "trip")) == [(0, OVER, "trip", None, None)]


def test_a_black_box_belongs_to_its_event_and_tells_of_what_else_was_forgotten() -> None:
    assert brief(
        told(10, OVER, "trip"),
        told(20, OVER, "reset"),
        boxed=(told(10.1, OVER, "trip", "a"), told(5, COLD, "protect", "b"), told(30, OVER, "trip", "c")),
    ) == [
        (5, COLD, "protect", None, "b"),
        (10, OVER, "trip", 20, "a"),
        (30, OVER, "trip", None, "c"),
    ]


def test_where_there_is_no_room_the_gravest_and_newest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_events, "MOST_EPISODES", 3)
    found = episodes(
        [
            told(0, "a", "warn"),
            told(1, "b", "trip"),
            told(2, "c", "warn"),
            told(3, "d", "protect"),
            told(4, "e", "warn"),
        ],
        (),
    )
    assert [episode.protection for episode in shown(found)] == ["b", "d", "e"]


def test_a_box_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"no box")
    period = Period(span=Span.MONTH, start=START, end=START + timedelta(days=31), over=True)
    assert read_boxes(tmp_path, ["broken", "gone"], period) == ()
