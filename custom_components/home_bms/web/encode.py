"""Turns what the browser is told into JSON, by its types alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache, partial
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

type _Encode = Callable[[Any], Any]


def told(value: object) -> dict[str, Any]:
    """Return a dataclass of `web_types` as JSON can carry it: each number with as many digits as its unit has.

    What is not finite is not known, and becomes `None`.
    """
    kind: Any = type(value)
    encoded: dict[str, Any] = _encoder(kind)(value)
    return encoded


@cache
def _encoder(kind: Any) -> _Encode:  # noqa: ANN401 - a type, or what Python makes of several
    """Return what turns a value of a type into JSON. Raises TypeError for a type that has no form there."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return partial(_object, tuple((part.name, _encoder(hints[part.name])) for part in fields(kind)))
    if kind in (str, int, bool):
        return _same
    match get_origin(kind), get_args(kind):
        case origin, (first, second) if origin in (Union, UnionType) and NoneType in (first, second):
            return partial(_optional, _encoder(first if second is NoneType else second))
        case origin, (_, digits) if origin is Annotated:
            return partial(_number, digits or None)
        case origin, (each,) if origin is list:
            return partial(_list, _encoder(each))
        case origin, (_, each) if origin is dict:
            return partial(_mapping, _encoder(each))
    raise TypeError(f"{kind} has no form in JSON")


def _same(value: Any) -> Any:  # noqa: ANN401 - str, int or bool
    return value


def _number(digits: int | None, value: float) -> float | None:
    return round(value, digits) if isfinite(value) else None


def _optional(encode: _Encode, value: Any) -> Any:  # noqa: ANN401
    return None if value is None else encode(value)


def _list(encode: _Encode, values: list[Any]) -> list[Any]:
    return [encode(value) for value in values]


def _mapping(encode: _Encode, values: dict[str, Any]) -> dict[str, Any]:
    return {key: encode(value) for key, value in values.items()}


def _object(parts: tuple[tuple[str, _Encode], ...], value: object) -> dict[str, Any]:
    return {name: encode(getattr(value, name)) for name, encode in parts}
