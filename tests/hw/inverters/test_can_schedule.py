"""Frames leave on ticks that do not move, spaced, and answers between them."""

from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw.inverters.can_protocol import FrameRow, Options
from custom_components.home_bms.hw.inverters.can_schedule import Schedule


def row(key: int, period: float | None = 1.0, asked: str = "", phase: float = 0.0) -> FrameRow[Options]:
    return FrameRow(key=key, name="", encode=lambda _, __: b"", period=period, asked=asked, phase=phase)


def taken(schedule: Schedule[Options], now: float) -> list[int]:
    """Return the keys of all that is to be sent now."""
    keys: list[int] = []
    while (found := schedule.take(now)) is not None:
        keys.append(found.key)
        assert len(keys) < 100
    return keys


def test_frames_of_one_period_follow_each_other() -> None:
    schedule = Schedule([row(1), row(2), row(3, 2.0)], 0.01, 100.0)
    assert taken(schedule, 100.0) == [1]
    assert abs((schedule.wait(100.0) or 0) - 0.01) < 1e-9
    assert taken(schedule, 100.011) == [2]
    assert taken(schedule, 100.021) == [3]
    assert taken(schedule, 100.5) == []
    assert taken(schedule, 101.03) == [1, 2]
    assert taken(schedule, 102.03) == [1, 2, 3]


def test_a_late_loop_leaves_ticks_out_and_keeps_to_the_others() -> None:
    schedule = Schedule([row(1)], 0.01, 0.0)
    assert taken(schedule, 7.4) == [1]
    assert abs((schedule.wait(7.4) or 0) - 0.6) < 1e-9


@given(st.lists(st.floats(0.001, 5.0), min_size=1, max_size=60))
def test_no_tick_is_sent_twice_and_the_next_is_never_in_the_past(steps: list[float]) -> None:
    schedule, now, sent = Schedule([row(1)], 0.01, 0.0), 0.0, 0
    for step in steps:
        now += step
        count = len(taken(schedule, now))
        assert count <= 1
        sent += count
        assert 0 < (schedule.wait(now) or 0) <= 1.0
    assert sent <= now + 1


def test_answers_come_first_and_once() -> None:
    schedule = Schedule([row(1), row(2, None, "who"), row(3, None, "who")], 0.01, 0.0)
    schedule.ask("who")
    schedule.ask("who")
    schedule.ask("what")
    assert schedule.wait(0.0) == 0.0
    assert taken(schedule, 0.0) == [2, 3, 1]


def test_what_is_asked_for_is_sent_unasked_when_nobody_asks_any_more() -> None:
    schedule = Schedule([row(1, 1.0, "all")], 0.01, 0.0)
    assert taken(schedule, 0.0) == [1]
    schedule.ask("all")
    assert taken(schedule, 0.9) == [1]
    assert taken(schedule, 1.9) == []
    assert taken(schedule, 2.5) == [1]


def test_nothing_is_due_where_there_are_answers_alone() -> None:
    schedule = Schedule([row(1, None, "who")], 0.01, 0.0)
    assert schedule.wait(5.0) is None
    assert taken(schedule, 5.0) == []


def test_a_hurry_sends_all_at_once() -> None:
    schedule = Schedule([row(1), row(2, 10.0)], 0.01, 0.0)
    assert taken(schedule, 0.5) == [1, 2]
    schedule.hurry(0.6)
    assert sorted(taken(schedule, 0.6)) == [1, 2]
