"""Whatever comes in by any entrance ends in a result or a typed error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import event, example, given, settings

from .entrance import Entrance
from .entrances import ENTRANCES


def thrown(entrance: Entrance, met: Callable[[str], Any]) -> Callable[[], None]:
    """Return the test that throws everything at one entrance; `met` is told how each input ended."""

    @given(entrance.made)
    def throw(given_to_it: Any) -> None:
        met(entrance.meet(given_to_it))

    for kept in entrance.found:
        throw = example(kept)(throw)
    usual = settings().max_examples
    return settings(max_examples=max(10, round(usual * entrance.share)))(throw)


@pytest.mark.parametrize("entrance", ENTRANCES.values(), ids=ENTRANCES)
def test_what_comes_in_ends_in_a_result_or_a_typed_error(entrance: Entrance) -> None:
    ends: Counter[str] = Counter()

    def met(end: str) -> None:
        event(end)
        ends[end] += 1

    thrown(entrance, met)()
    assert ends["result"], f"nothing that was thrown at it was sound: {ends}"
