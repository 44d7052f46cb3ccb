"""Turns values into documents of JSON: those of the model, and those that somebody hands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum, Flag, IntEnum
from math import isfinite
from typing import Any, Final

from .core.leases import writable
from .core.model import ConfigError

DEEPEST: Final = 24
"""Parts within parts of a document; what is exported has half as many."""


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Return a value of the model as JSON can carry it; what is not finite becomes `None`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {writable(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(part) for part in value)
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Flag | IntEnum):
        return (value.name or "").lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not isfinite(value):
        return None
    return writable(value) if isinstance(value, str) else value


def document(field: str, value: Any, *, most: int) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Return what somebody handed in as JSON would carry it; templates make tuples of lists.

    Values and the letters of texts count. Raises ConfigError `document_too_large` or `document_too_deep`.
    """
    size, waiting = 0, [(value, 0)]
    while waiting:
        whole, depth = waiting.pop()
        for part in _parts(whole):
            size += 1 + (len(part) if isinstance(part, str) else 0)
            # Before it is looked into: what refers to itself again and again would never end.
            if size > most:
                raise ConfigError("document_too_large", field, maximum=most)
            if depth >= DEEPEST:
                raise ConfigError("document_too_deep", field, maximum=DEEPEST)
            waiting.append((part, depth + 1))
    return plain(value)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, tuple | list | set | frozenset):
        yield from value
