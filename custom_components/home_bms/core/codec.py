"""Turns values of the model into plain JSON values and back, bit for bit, guided by their declared types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, Flag, IntEnum
from functools import cache, partial, reduce
from math import isfinite
from operator import or_
from types import MappingProxyType, NoneType
from typing import Any, Final, NamedTuple, TypeAliasType, Union, get_args, get_origin, get_type_hints

from . import model


class CodecError(ValueError):
    """A value that its declared type does not permit; `where` is the path to it."""

    def __init__(self, problem: str, where: str = "") -> None:
        self.problem = problem
        self.where = where
        super().__init__(f"{where}: {problem}" if where else problem)

    def within(self, place: str) -> CodecError:
        """Return the same error, seen from one level further out."""
        joint = "." if self.where and not self.where.startswith("[") else ""
        return type(self)(self.problem, f"{place}{joint}{self.where}")


class UnknownError(CodecError):
    """A name that this version does not know: a newer one may have written it."""


class Codec(NamedTuple):
    """Both ways of one type; either raises CodecError."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def codec(kind: Any) -> Codec:  # noqa: ANN401 - any type there is
    """Return both ways of a type. Raises TypeError for one that is not of the model's make.

    A dataclass becomes an object without the fields that are `None` as they are by default; an enum its value, a flag
    or a number's name its name in small letters; a mapping by words an object, any other a list of pairs. What JSON has
    no number for is "inf", "-inf" or "nan".
    """
    return _codec(kind)


@cache
def _codec(kind: Any) -> Codec:  # noqa: ANN401
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is object:
        return Codec(_encode_any, _decode_any)
    if isinstance(kind, TypeAliasType):
        return codec(kind.__value__)
    if is_dataclass(kind):
        return _dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _named(kind) if issubclass(kind, Flag | IntEnum) else _valued(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Union:
        return _union(args)
    if origin is tuple and args[1:] == (...,):
        return _sequence(args[0], tuple)
    if origin is tuple:
        return _pair(args)
    if origin is frozenset:
        return _sequence(args[0], frozenset, order=sorted)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*args) if args[0] is str else _pairs(*args)
    raise TypeError(f"{kind} cannot be recorded")


# What stands in the place of a class where nothing is declared and JSON has no number.
_FLOAT: Final = "float"
_NO_NUMBERS: Final = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}


def _of(kinds: type | tuple[type, ...], name: str, value: Any) -> Any:  # noqa: ANN401
    """Return a value of one of these types; a truth is no number."""
    if isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)):
        return value
    raise CodecError(f"{_shown(value)} is no {name}")


def _encode_number(value: Any) -> Any:  # noqa: ANN401
    number = _of((int, float), "number", value)
    return number if isinstance(number, int) or isfinite(number) else str(number)


def _decode_number(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str) and value in _NO_NUMBERS:
        return _NO_NUMBERS[value]
    return _of((int, float), "number", value)


def _encode_any(value: Any) -> Any:  # noqa: ANN401
    """Return a value of which nothing is declared: a list stands for a tuple, an object names its class."""
    if isinstance(value, tuple):
        return [_encode_any(part) for part in value]
    if is_dataclass(value):
        return {type(value).__name__: codec(type(value)).encode(value)}
    if value is None or isinstance(value, bool | str):
        return value
    number = _encode_number(value)
    return {_FLOAT: number} if isinstance(number, str) else number


def _decode_any(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(_decode_any(part) for part in value)
    if isinstance(value, dict):
        ((name, part),) = value.items() if len(value) == 1 else (("", None),)
        if name == _FLOAT:
            return _decode_number(part)
        kind = getattr(model, name, None)
        if not (isinstance(kind, type) and is_dataclass(kind)):
            raise UnknownError(f"{_shown(name)} is no class of the model")
        return codec(kind).decode(part)
    return value if value is None or isinstance(value, bool | str) else _of((int, float), "number", value)


def _shown(value: object) -> str:
    return f"{value!r:.40}"


def _plain(kind: type, name: str) -> Codec:
    """Return the ways of a type that JSON has itself."""
    check = partial(_of, kind, name)
    return Codec(check, check)


_PLAIN: Final[Mapping[Any, Codec]] = {
    str: _plain(str, "text"),
    bool: _plain(bool, "truth value"),
    int: _plain(int, "whole number"),
    NoneType: _plain(NoneType, "nothing"),
    float: Codec(_encode_number, _decode_number),
}


def _valued(kind: type[Enum]) -> Codec:
    def decode(value: Any) -> Enum:  # noqa: ANN401
        try:
            return kind(value)
        except ValueError:
            error = UnknownError if isinstance(value, str) else CodecError
            raise error(f"{_shown(value)} is no {kind.__name__}") from None

    return Codec(lambda value: decode(value).value, decode)


def _named(kind: Any) -> Codec:  # noqa: ANN401
    """Return the ways of an enum by its names in small letters; what a flag joins is joined by bars."""

    def encode(value: Any) -> str:  # noqa: ANN401
        if not isinstance(value, kind):
            raise CodecError(f"{_shown(value)} is no {kind.__name__}")
        return str(value.name or "").lower()

    def decode(value: Any) -> Any:  # noqa: ANN401
        names = _of(str, "text", value).upper().split("|") if value else []
        try:
            return reduce(or_, (kind[name] for name in names)) if names else kind(0)
        except KeyError:
            raise UnknownError(f"{_shown(value)} is no {kind.__name__}") from None

    return Codec(encode, decode)


def _union(kinds: tuple[Any, ...]) -> Codec:
    """Return the ways of the first type that takes the value; nothing is tried first, for it is the most frequent."""
    members = [codec(kind) for kind in kinds if kind is not NoneType]
    optional = NoneType in kinds

    def first(ways: list[Callable[[Any], Any]], value: Any) -> Any:  # noqa: ANN401
        if optional and value is None:
            return None
        for way in ways[:-1]:
            try:
                return way(value)
            except CodecError:
                continue
        return ways[-1](value)

    return Codec(
        partial(first, [member.encode for member in members]), partial(first, [member.decode for member in members])
    )


def _sequence(kind: Any, make: type, order: Callable[[Any], Any] = list) -> Codec:  # noqa: ANN401
    member = codec(kind)

    def each(way: Callable[[Any], Any], values: Any) -> list[Any]:  # noqa: ANN401
        done: list[Any] = []
        try:
            for value in values:
                done.append(way(value))  # noqa: PERF401 - how many were done tells which failed
        except CodecError as err:
            raise err.within(f"[{len(done)}]") from None
        return done

    return Codec(
        lambda values: each(member.encode, order(_of(make, make.__name__, values))),
        lambda values: make(each(member.decode, _of(list, "list", values))),
    )


def _pair(kinds: tuple[Any, ...]) -> Codec:
    """Return the ways of a tuple of fixed length."""
    members = [codec(kind) for kind in kinds]

    def each(ways: list[Callable[[Any], Any]], kind: type, values: Any) -> list[Any]:  # noqa: ANN401
        if len(_of(kind, kind.__name__, values)) != len(ways):
            raise CodecError(f"{len(values)} values in place of {len(ways)}")
        return [way(value) for way, value in zip(ways, values, strict=True)]

    encode, decode = [member.encode for member in members], [member.decode for member in members]
    return Codec(partial(each, encode, tuple), lambda values: tuple(each(decode, list, values)))


def _mapping(_: Any, kind: Any) -> Codec:  # noqa: ANN401
    member = codec(kind)

    def each(way: Callable[[Any], Any], values: Any) -> dict[str, Any]:  # noqa: ANN401
        done = {}
        for key, value in values.items():
            try:
                done[_of(str, "text", key)] = way(value)
            except CodecError as err:
                raise err.within(str(key)) from None
        return done

    return Codec(
        lambda values: each(member.encode, _of(Mapping, "mapping", values)),
        lambda values: MappingProxyType(each(member.decode, _of(dict, "object", values))),
    )


def _pairs(key: Any, kind: Any) -> Codec:  # noqa: ANN401
    """Return the ways of a mapping by anything but words."""
    items = codec(tuple[tuple[key, kind], ...])
    return Codec(
        lambda values: items.encode(tuple(_of(Mapping, "mapping", values).items())),
        lambda values: MappingProxyType(dict(items.decode(values))),
    )


def _dataclass(kind: Any) -> Codec:  # noqa: ANN401
    hints = get_type_hints(kind)
    members = {field.name: codec(hints[field.name]) for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}
    silent = {field.name for field in fields(kind) if field.default is None}

    def encode(value: Any) -> dict[str, Any]:  # noqa: ANN401
        if type(value) is not kind:
            raise CodecError(f"{_shown(value)} is no {kind.__name__}")
        done = {}
        for name, member in members.items():
            part = getattr(value, name)
            if part is None and name in silent:
                continue
            try:
                done[name] = member.encode(part)
            except CodecError as err:
                raise err.within(name) from None
        return done

    def decode(value: Any) -> Any:  # noqa: ANN401
        known = {}
        for name, part in _of(dict, "object", value).items():
            if name not in members:
                raise UnknownError(f"is no field of {kind.__name__} that this version knows", name)
            try:
                known[name] = members[name].decode(part)
            except CodecError as err:
                raise err.within(name) from None
        if missing := sorted(needed - known.keys()):
            raise CodecError("is missing", missing[0])
        return kind(**known)

    return Codec(encode, decode)
