"""What a cell of a larger pack costs beside one of a smaller pack."""

from __future__ import annotations

from collections.abc import Mapping

from .result import Result


def growth(what: str, times: Mapping[int, float], larger: int, smaller: int) -> Result:
    """Return how much more a cell costs in the larger pack; growing linearly that is at most 1, on any machine."""
    name = f"{what}, {larger} cells beside {smaller}, each cell"
    return Result(name=name, value=times[larger] / times[smaller] * smaller / larger, most=1.0)
