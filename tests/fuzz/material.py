"""Makes what is thrown: bytes, words and JSON, from nothing or by spoiling what is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import inf, nan
from typing import Any, Final

from hypothesis import strategies as st

from custom_components.home_bms.hw.registers import Memory

type Bytes = st.SearchStrategy[bytes]
type Json = st.SearchStrategy[Any]

EDGES: Final = (0x00, 0x01, 0x7E, 0x7F, 0x80, 0xAA, 0xA5, 0xFE, 0xFF)
WORDS: Final = (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF)
NUMBERS: Final = (
    *(0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, -(10**400)),
    *(0.0, -0.0, 0.5, 1e-320, 1e16, 1e308, -1e308, inf, -inf, nan),
)
TEXTS: Final = (
    *("", " ", "\0", "\ud800", "é", "٣", "²", "💥" * 20, "a" * 5000, "1" * 5000, "0x10", "1e999", "nan", "-inf"),
    *("null", "..", "../../etc", "PT1H", "P9999Y", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "2026-11-26"),
)
FAR: Final = 12
"""Levels down to which a value is spoilt."""
DEEP: Final = 1200
"""Levels: more than Python calls within each other, and nothing for who parses it."""


def deep(levels: int = DEEP) -> list[Any]:
    """Return a list in a list in a list."""
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


numbers: Json = st.one_of(st.sampled_from(NUMBERS), st.integers(), st.floats(), st.integers(-300, 300))
texts: Json = st.one_of(st.sampled_from(TEXTS), st.text(max_size=12))
plain: Json = st.one_of(st.none(), st.booleans(), numbers, texts)
json_values: Json = st.recursive(
    plain | st.builds(deep),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def spoilt_bytes(draw: st.DrawFn, sound: Bytes, most: int = 4) -> bytes:
    """Return sound bytes with some flipped, set, cut, doubled, swapped, put in or left out."""
    data = bytearray(draw(sound))
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 8)))
        match draw(st.sampled_from(("flip", "set", "cut", "double", "swap", "put", "drop"))):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if at < len(data):
                data[at] = draw(st.sampled_from(EDGES) | st.integers(0, 255))
            case "cut":
                del data[at:]
            case "double":
                data[at:at] = data[at:to]
            case "swap":
                data[at:to] = data[at:to][::-1]
            case "put":
                data[at:at] = draw(st.binary(max_size=8))
            case "drop":
                del data[at:to]
    return bytes(data)


def any_bytes(*sound: bytes, most: int = 400) -> Bytes:
    """Return bytes of any kind, mostly those that once were sound."""
    kept = st.sampled_from(sound) if sound else st.binary(max_size=most)
    return st.one_of(spoilt_bytes(kept), spoilt_bytes(kept), st.binary(max_size=most))


@st.composite
def spoilt_memory(draw: st.DrawFn, sound: Memory, most: int = 6) -> dict[int, int]:
    """Return registers of which some hold what they never should, or are not there."""
    memory = dict(sound)
    places = sorted(memory)
    word = st.sampled_from(WORDS) | st.integers(0, 0xFFFF)
    if draw(st.integers(0, 4)) == 0:
        fill = draw(word)
        memory = dict.fromkeys(memory, fill)
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.sampled_from(places))
        match draw(st.sampled_from(("set", "set", "run", "swap", "drop"))):
            case "set":
                memory[at] = draw(word)
            case "run":
                value = draw(word)
                memory.update(dict.fromkeys(range(at, at + draw(st.integers(1, 40))), value))
            case "swap":
                other = draw(st.sampled_from(places))
                memory[at], memory[other] = memory.get(other, 0), memory.get(at, 0)
            case "drop":
                memory.pop(at, None)
    return memory


@st.composite
def spoilt_json(draw: st.DrawFn, sound: Any, most: int = 3) -> Any:
    """Return a JSON value of which some parts are something else, gone, doubled, or not alone."""
    value = draw(sound) if isinstance(sound, st.SearchStrategy) else sound
    for _ in range(draw(st.integers(0, most))):
        value = _spoilt(draw, value)
    return value


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of a value, itself first."""
    yield place
    if len(place) > FAR:
        return
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _places(part, (*place, name))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _places(part, (*place, number))


def _spoilt(draw: st.DrawFn, value: Any) -> Any:
    """Change one part of a value."""
    places = list(islice(_places(value), 2000))
    place = draw(st.sampled_from(places[1:] or places))
    return _changed(draw, value, place, draw(st.sampled_from(("other", "other", "other", "drop", "double", "all"))))


def _changed(draw: st.DrawFn, value: Any, place: tuple[Any, ...], how: str) -> Any:
    """Return a value of which the part at a place is another, gone or there twice."""
    if not place or (how == "all" and draw(st.integers(0, 3)) == 0):
        return draw(json_values)
    (name, *rest) = place
    inner = dict(value) if isinstance(value, Mapping) else list(value)
    if rest or how in ("other", "all"):
        inner[name] = _changed(draw, inner[name], tuple(rest), how)
    elif how == "drop":
        del inner[name]
    elif isinstance(inner, list):
        inner.insert(name, inner[name])
    else:
        inner[draw(texts)] = inner[name]
    return inner


@st.composite
def spoilt_text(draw: st.DrawFn, sound: Sequence[str], most: int = 4) -> str:
    """Return text of which parts are cut, doubled, swapped, or another."""
    text = draw(st.sampled_from(sound))
    number = st.sampled_from(("0", "-1", "64", "255", "999999", "4294967295", "1e400", "nan", "1" * 30))
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 30)))
        match draw(st.sampled_from(("cut", "double", "drop", "put", "number", "swap"))):
            case "cut":
                text = text[:at]
            case "double":
                text = text[:at] + text[at:to] + text[at:]
            case "drop":
                text = text[:at] + text[to:]
            case "put":
                text = text[:at] + draw(texts) + text[at:]
            case "number":
                text = _renumbered(text, at, draw(number))
            case "swap":
                text = text[:at] + text[at:to][::-1] + text[to:]
    return text


def _renumbered(text: str, at: int, number: str) -> str:
    """Put another number in the place of the next one."""
    begin = next((place for place in range(at, len(text)) if text[place].isdecimal()), None)
    if begin is None:
        return text
    end = next((place for place in range(begin, len(text)) if not text[place].isdecimal()), len(text))
    return text[:begin] + number + text[end:]
