"""Reads JSON objects field by field, and says where something stands that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from ..core.model import ConfigError


class Row:
    """One JSON object that is read field by field; `path` leads to it."""

    def __init__(self, data: Mapping[str, Any], path: str) -> None:
        self._data = data
        self._path = path

    def knows(self, names: Iterable[str]) -> None:
        """Raise ConfigError for a field that means nothing: it was meant to do something."""
        if unknown := sorted(set(self._data) - set(names)):
            raise self.error("parts_unknown_field", unknown[0])

    def take[T, D](self, field: str, kind: Callable[[Any], T], default: D) -> T | D:
        """Return a field through `kind`, or `default` where nothing stands. Raises ConfigError."""
        if (found := self._data.get(field)) is None:
            return default
        try:
            return kind(found)
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise self.error("parts_not_readable", field, value=found) from err

    def error(self, key: str, field: str, **placeholders: object) -> ConfigError:
        """Return an error that points at a field of this row."""
        return ConfigError(key, self._path + field, **placeholders)


# What stands in a field, as `Row.take` wants it: each raises TypeError or ValueError for anything else.


def mapping(found: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """Return an object."""
    if not isinstance(found, Mapping):
        raise TypeError
    return found


def sequence(found: Any) -> Sequence[Any]:  # noqa: ANN401 - JSON
    """Return a list."""
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        raise TypeError
    return found


def text(found: Any) -> str:  # noqa: ANN401 - JSON
    """Return a text."""
    if not isinstance(found, str):
        raise TypeError
    return found


def truth(found: Any) -> bool:  # noqa: ANN401 - JSON
    """Return true or false."""
    if not isinstance(found, bool):
        raise TypeError
    return found


def number(found: Any) -> float:  # noqa: ANN401 - JSON
    """Return a finite number."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        raise TypeError
    return float(found)


def count(found: Any) -> int:  # noqa: ANN401 - JSON
    """Return a whole number from 0; Home Assistant's forms make floats of them."""
    told = number(found)
    if told < 0 or told != int(told):
        raise ValueError
    return int(told)


def numbers(found: Any) -> tuple[int, ...]:  # noqa: ANN401 - JSON
    """Return whole numbers, none of them twice."""
    told = tuple(count(entry) for entry in sequence(found))
    if len(set(told)) != len(told):
        raise ValueError
    return told


def gapped(found: Any) -> tuple[int | None, ...]:  # noqa: ANN401 - JSON
    """Return whole numbers with gaps."""
    return tuple(None if entry is None else count(entry) for entry in sequence(found))
