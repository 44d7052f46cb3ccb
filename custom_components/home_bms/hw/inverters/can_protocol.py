"""What a protocol is in which home_bms tells an inverter the battery over CAN, as tables of frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from ...core.bank import Bank
from ...core.model import ConfigError
from ..can_frame import CanFrame
from .inverter import Ability

LIMITS: Final = Ability.CVL | Ability.CCL | Ability.DCL
TRUTHS: Final = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
)


def option(default: Any, *, least: float | None = None, most: float) -> Any:  # noqa: ANN401
    """Return a field of `Options` with its bounds: those of a number, or the most letters of a text."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What inverters that speak one protocol differ in; each has what most of them want as its default.

    What an option does is said in the translations, by protocol.
    """

    keepalive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRow[O: Options]:
    """One frame that is told: when, and what is in it."""

    key: int
    """Its identifier, with bit 31 set where it has 29 bits."""
    name: str
    encode: Callable[[Bank, O], bytes | None]
    """Return its bytes; `None` leaves it out, because the protocol has no word for what is not known."""
    period: float | None = None
    """s from one to the next; `None`: it is only an answer."""
    phase: float = 0.0
    """s after the others."""
    asked: str = ""
    """The question that it answers, as `hear` names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of the inverter by its frames; `None` is not told. Current is positive when charging."""

    time: float | None = None
    """When it was heard last, on the link's clock."""
    told: float | None = None
    """When it told its values last."""
    manufacturer: str = ""
    model: str = ""
    voltage: float | None = None
    """V of the battery at the inverter."""
    current: float | None = None
    """A into the battery."""
    cvl: float | None = None
    """V that it charges to now."""
    alarms: frozenset[str] | None = None
    requests: frozenset[str] = frozenset()
    """What it asks the battery to do, as `close_contactor`; told to the user, and never done because it asks."""


class Answer(NamedTuple):
    """What a frame of the inverter brings."""

    heard: Heard
    asked: tuple[str, ...] = ()
    """The questions in it, in the order in which they are to be answered."""


def as_it_is(bank: Bank, heard: Heard) -> Bank:
    """Return the battery unchanged."""
    del heard
    return bank


@dataclass(frozen=True, slots=True, kw_only=True)
class CanProtocol[O: Options]:
    """One protocol."""

    key: str
    name: str
    options: type[O]
    rows: Callable[[O], tuple[FrameRow[O], ...]]
    """Return the frames in the order in which they are sent."""
    listens: frozenset[int]
    """Keys of the frames that the inverter sends."""
    hear: Callable[[CanFrame, Heard, O], Answer]
    abilities: Ability = LIMITS
    lease: float | None = None
    """s without frames after which the inverter stops charging and discharging; `None`: none is known to."""
    spacing: float = 0.01
    """s between two frames."""
    waits: bool = False
    """Whether nothing is sent before the inverter was heard."""
    seen: Callable[[Bank, Heard], Bank] = as_it_is
    """Return the battery as the inverter may see it at this point of their talk."""


def alive(frame: CanFrame, heard: Heard, options: Options) -> Answer:
    """Take a frame that says no more than that the inverter is there."""
    del options
    return Answer(replace(heard, time=frame.time))


def options_from_data[O: Options](kind: type[O], data: Mapping[str, object]) -> O:
    """Return the options of a protocol from JSON values, or from their texts. Raises ConfigError.

    `can_option_unknown` names those there are, the others what the option may be.
    """
    known = {part.name: part for part in fields(kind)}
    for name in data:
        if name not in known:
            raise ConfigError("can_option_unknown", name, known=", ".join(sorted(known)))
    values: dict[str, Any] = {name: _value(known[name], found) for name, found in data.items()}
    return kind(**values)


def data_of(options: Options) -> dict[str, Any]:
    """Return options as JSON values."""
    values = {part.name: getattr(options, part.name) for part in fields(options)}
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in values.items()}


def moved_options(kind: type[Options], preset: Mapping[str, object], told: Mapping[str, object]) -> dict[str, Any]:
    """Return the options that differ from those of a preset; the others follow when it gets better.

    Raises ConfigError.
    """
    usual = data_of(options_from_data(kind, preset))
    chosen = data_of(options_from_data(kind, {**preset, **told}))
    return {name: value for name, value in chosen.items() if value != usual[name]}


def kind_of(part: Field[Any]) -> type:
    """Return what an option is: a truth, a choice, a text, a whole number or a number."""
    return next(kind for kind in _READERS if isinstance(part.default, kind))


def choices(part: Field[Any]) -> type[StrEnum]:
    """Return what there is to choose from."""
    return cast("type[StrEnum]", type(part.default))


def _value(part: Field[Any], found: object) -> object:
    """Return the value of an option. Raises ConfigError."""
    try:
        value = _READERS[kind_of(part)](part, found)
    except (KeyError, OverflowError, TypeError, ValueError) as err:
        raise _refusal(part, found) from err
    return value


def _refusal(part: Field[Any], found: object) -> ConfigError:
    """Return what says which values would do."""
    kind, name = kind_of(part), part.name
    if kind is bool:
        return ConfigError("can_option_value", name, value=found, takes="true, false")
    if kind is StrEnum:
        return ConfigError("can_option_value", name, value=found, takes=", ".join(choices(part)))
    most = f"{part.metadata['most']:g}"
    if kind is str:
        return ConfigError("can_option_text", name, value=found, most=most)
    least = f"{part.metadata['least']:g}"
    if kind is int:
        return ConfigError("can_option_whole", name, value=found, least=least, most=most)
    return ConfigError("can_option_number", name, value=found, least=least, most=most)


def _truth(part: Field[Any], found: object) -> bool:
    del part
    return found if isinstance(found, bool) else TRUTHS[str(found).lower()]


def _choice(part: Field[Any], found: object) -> StrEnum:
    return choices(part)(str(found))


def _text(part: Field[Any], found: object) -> str:
    text = str(found)
    if not text.isascii() or not text.isprintable() or len(text) > part.metadata["most"]:
        raise ValueError(text)
    return text


def _count(part: Field[Any], found: object) -> int:
    told = _number(part, found)
    if told != int(told):
        raise ValueError(found)
    return int(told)


def _number(part: Field[Any], found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise TypeError
    told = float(found)
    if not isfinite(told) or not part.metadata["least"] <= told <= part.metadata["most"]:
        raise ValueError(found)
    return told


_READERS: Final[Mapping[type, Callable[[Field[Any], object], object]]] = MappingProxyType(
    # In this order: a truth is a whole number to Python, a choice a text.
    {bool: _truth, StrEnum: _choice, str: _text, int: _count, float: _number}
)
