"""Keeps what a device has told of itself, and what of it has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .model import HardwareRing

MOST: Final = 200
"""Changes that are kept of one pack; years of a device that is left alone."""


class Kind(StrEnum):
    """What may change."""

    FIRMWARE = "firmware"
    HARDWARE = "hardware"
    CELL_COUNT = "cell_count"
    SERIAL_NUMBER = "serial_number"
    SETTING = "setting"
    """One of the settings of its own protection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed, from one value to another."""

    at: float
    """s since 1970 at which it was seen."""
    kind: Kind
    setting: str = ""
    """Which, as in `HardwareRing`."""
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLog:
    """What is known of a device, and its changes, the oldest first."""

    facts: Mapping[str, object] = MappingProxyType({})
    """By kind."""
    settings: Mapping[str, float] = MappingProxyType({})
    changes: tuple[Change, ...] = ()


NOTHING: Final = DeviceLog()


def note(
    log: DeviceLog, facts: Mapping[Kind, object], ring: HardwareRing, time: float
) -> tuple[DeviceLog, tuple[Change, ...]]:
    """Return the log after the device has told of itself, and what is new in it.

    What it does not tell (`None`, or no word) stays as it was known; what it tells for the first time is no change.
    """
    told = {kind.value: value for kind, value in facts.items() if value not in (None, "")}
    settings: dict[str, float] = {name: value for name, value in asdict(ring).items() if value is not None}
    changes = (
        *[
            Change(at=time, kind=Kind(name), before=log.facts[name], after=value)
            for name, value in told.items()
            if log.facts.get(name, value) != value
        ],
        *[
            Change(at=time, kind=Kind.SETTING, setting=name, before=log.settings[name], after=value)
            for name, value in settings.items()
            if log.settings.get(name, value) != value
        ],
    )
    known = DeviceLog(
        facts=MappingProxyType({**log.facts, **told}),
        settings=MappingProxyType({**log.settings, **settings}),
        changes=(*log.changes, *changes)[-MOST:],
    )
    return (log, ()) if known == log else (known, changes)
