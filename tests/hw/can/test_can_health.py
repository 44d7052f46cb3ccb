"""A person is called for a bus that stays bad, not for one that stumbles, and is told when it is good again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_health import PATIENCE, STATES, CanHealth, Trouble, troubles

from .buses import PARAMS, Nothing

LOOK = 1.0

type Story = Iterator[tuple[float, Trouble | None]]


def told(health: CanHealth, start: float, seconds: float, seen: Callable[[float], Iterable[Trouble]]) -> Story:
    """Look each second for so long, and yield when what is told."""
    time = start
    while time < start + seconds:
        yield time - start, health.look(time, tuple(seen(time - start)))
        time += LOOK


def first(story: Story, wanted: Trouble | None) -> float | None:
    """Return the s after which something was told."""
    return next((time for time, found in story if found is wanted), None)


@pytest.mark.parametrize("trouble", Trouble)
def test_what_stands_is_told_after_its_patience_and_taken_back_after_its_calm(trouble: Trouble) -> None:
    health, patience = CanHealth(), PATIENCE[trouble]
    assert first(told(health, 0.0, 200, lambda _: [trouble]), trouble) == patience.after
    assert health.troubled
    over = first(told(health, patience.after + LOOK, 200, lambda _: []), None)
    assert over is not None
    assert patience.calm <= over + LOOK <= patience.calm + 2 * LOOK
    assert not health.troubled


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.UNANSWERED, Trouble.TAKEN])
def test_one_that_comes_back_each_time_calls_nobody(trouble: Trouble) -> None:
    """A stick that is plugged again and again is lost for seconds only."""
    story = told(CanHealth(), 0.0, 600, lambda time: [trouble] if time % 30 < 20 else [])
    assert first(story, trouble) is None


def test_a_controller_that_leaves_the_bus_again_and_again_is_told_although_it_works_between() -> None:
    """It is restarted each time, so that none of these states lasts."""
    health = CanHealth()

    def flapping(time: float) -> Iterable[Trouble]:
        return [[Trouble.ERRORS], [Trouble.LOST], []][int(time) % 3]

    assert first(told(health, 0.0, 100, flapping), Trouble.ERRORS) == PATIENCE[Trouble.ERRORS].after
    # It is not lost: it is opened anew by home_bms itself.
    assert first(told(health, 100.0, 600, flapping), Trouble.LOST) is None


def test_two_errors_far_apart_are_two_errors() -> None:
    story = told(CanHealth(), 0.0, 600, lambda time: [Trouble.ERRORS] if time % 40 == 0 else [])
    assert first(story, Trouble.ERRORS) is None


def test_the_cause_is_told_and_not_what_follows_from_it() -> None:
    health = CanHealth()
    everything = list(told(health, 0.0, 100, lambda _: list(Trouble)[::-1]))
    assert everything[-1][1] is Trouble.LOST
    rest = list(told(health, 100.0, 100, lambda _: [Trouble.UNANSWERED]))
    assert rest[-1][1] is Trouble.UNANSWERED


def test_every_state_but_the_good_ones_is_a_trouble() -> None:
    assert set(CanState) - set(STATES) == {CanState.ACTIVE, CanState.CLOSED}
    assert set(STATES.values()) | {Trouble.TAKEN} == set(Trouble) == set(PATIENCE)


async def test_a_bus_is_seen_as_it_is() -> None:
    bus = Nothing()
    link = CanLink(PARAMS, bus=bus)
    assert troubles(link) == frozenset()
    await link.open()
    assert troubles(link) == frozenset()
    link.controller.passive = True
    link.statistics.ids.clear()
    await link.claim({0x351}, seconds=0)
    with pytest.raises(Exception, match="351"):
        await link.claim({0x351}, seconds=0)
    assert troubles(link) == {Trouble.ERRORS, Trouble.TAKEN}
    await link.close()
