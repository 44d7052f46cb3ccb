"""Turns the alarm signals of a CAN device into home_bms's keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from .can_device import Heard

NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


def raised(heard: Heard, prefix: str, names: Mapping[str, str] = NO_NAMES, suffix: str = "") -> set[str]:
    """Return the alarms whose signal, called `prefix` and its name, is 1 now.

    `names` has the key where that is not the name itself; `suffix` marks warnings.
    """
    found = set()
    for signal in heard.names():
        if signal.startswith(prefix) and heard.get(signal) == 1:
            name = signal.removeprefix(prefix)
            found.add(names.get(name, name) + suffix)
    return found


def told(heard: Heard, signals: Iterable[str]) -> bool:
    """Whether one of these was heard lately, so that silence of the others means that all is well."""
    return any(heard.get(signal) is not None for signal in signals)
