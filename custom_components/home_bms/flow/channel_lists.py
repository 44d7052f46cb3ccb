"""Reads lists of cells, channels and unit ids as people write them: "1-16" or "1, 2, -, 4"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

MOST: Final = 256
"""The longest list that anything here has."""
NOTHING: Final = "-"
"""Stands for a channel that is not used."""
_ENTRY: Final = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?")


def read_list(text: str) -> list[int | None]:
    """Return the numbers as they are written, `None` for each `-`; a range may run backwards. Raises ValueError."""
    found: list[int | None] = []
    for part in re.split(r"[,;]", text) if text.strip() else ():
        if (entry := part.strip()) in (NOTHING, "–"):
            found.append(None)
            continue
        if (match := _ENTRY.fullmatch(entry)) is None:
            raise ValueError(text)
        begin, end = int(match[1]), int(match[2] or match[1])
        step = 1 if end >= begin else -1
        found.extend(range(begin, end + step, step))
    if len(found) > MOST:
        raise ValueError(text)
    return found


def read_numbers(text: str) -> list[int]:
    """Return the numbers of a list without gaps and without repetitions. Raises ValueError."""
    listed = read_list(text)
    found = [number for number in listed if number is not None]
    if len(set(found)) != len(listed):
        raise ValueError(text)
    return found


def from_one(numbers: Iterable[int | None]) -> list[int | None]:
    """Return places that count from 0 as people count them, from 1."""
    return [None if number is None else number + 1 for number in numbers]


def from_zero(numbers: Iterable[int | None]) -> list[int | None]:
    """Return places that people counted as they are kept, from 0. Raises ValueError for a 0 among them."""
    found = [None if number is None else number - 1 for number in numbers]
    if any(number is not None and number < 0 for number in found):
        raise ValueError(found)
    return found


def write_list(numbers: Sequence[int | None]) -> str:
    """Return a list as people write it; three in a row or more become a range."""
    return ", ".join(_runs(numbers))


def _runs(numbers: Sequence[int | None]) -> Iterator[str]:
    start = 0
    ends = [
        at + 1 for at, (one, other) in enumerate(pairwise(numbers)) if one is None or other is None or other != one + 1
    ]
    for end in (*ends, len(numbers)):
        run = numbers[start:end]
        if len(run) > 2:
            yield f"{run[0]}-{run[-1]}"
        else:
            yield from (NOTHING if number is None else str(number) for number in run)
        start = end
