"""Tells the browser why something is as it is, and since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..core.model import Alarm, Bound, Reason
from ..story import FLOW_NAMES, QUANTITIES, evidence
from .schema import AlarmShown, LimitShown, Why

# s by which the clock on the wall must have been moved to count: less is the noise of asking two clocks in turn, and
# must not look like news.
_MOVED: Final = 0.5

# Protections are told to people in a unit of a size that suits; here all values are in the unit without a prefix.
_PLAIN: Final[Mapping[str, str]] = {"mV": "V", "kΩ": "Ω"}
_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "V": (
        "cell_voltage",
        "voltage_ahead",
        "inverter_reaction",
        "float",
        "voltage_fell",
        "cells_apart",
        "evening_out",
        "by_voltage",
        "cell_low",
        "not_at_top",
    ),
    "A": (
        "pack_unseen",
        "current_limit_ignored",
        "charge_voltage_ignored",
        "setpoint_ignored",
        "switch_ignored",
    ),
    "°C": ("temperature", "temperature_ahead", "too_hot", "too_cold", "board_too_hot"),
    "%": ("soc_window", "soc_fell"),
    "Ah": ("by_charge", "wrong_cell"),
    "s": ("settling", "cells_level", "current_tailed", "absorption_over", "unseen", "coming_back"),
}
_UNITS: Final[Mapping[str, str]] = {
    key: _PLAIN.get(quantity.unit, quantity.unit) for key, quantity in QUANTITIES.items()
} | {rule: unit for unit, rules in _RULES.items() for rule in rules}
# Their numbers are those of the limit that they are about.
_OF_LIMITS: Final = frozenset({"user_cap", "leased", "asked_by_pack", "recovering", "starting"})


class Clock:
    """Tells the time on the wall of what happened at a monotonic time."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._ahead = float("-inf")

    @callback
    def now(self) -> float:
        """Return s since 1970, UTC."""
        return dt_util.utcnow().timestamp()

    @callback
    def at(self, then: float) -> float:
        """Return s since 1970, UTC, of a monotonic time; the same for the same until the clock is set."""
        ahead = self.now() - self._hass.loop.time()
        if abs(ahead - self._ahead) > _MOVED:
            self._ahead = ahead
        return self._ahead + then


def why(at: Callable[[float], float], reason: Reason, *, limits: str | None = None) -> Why:
    """Return a reason; `at` tells the time on the wall of a monotonic one, `limits` the unit of what it limits."""
    found = evidence(reason)
    return Why(
        rule=reason.rule,
        cell=found["cell"],
        sensor=found["sensor"],
        value=found["value"],
        threshold=found["threshold"],
        unit=limits if reason.rule in _OF_LIMITS else _UNITS.get(reason.rule),
        since=None if reason.since is None else at(reason.since),
    )


def current_limit(clock: Clock, bound: Bound, most: float) -> LimitShown:
    """Return a limit in A that could be `most`."""
    return LimitShown(value=bound.value, most=most, why=why(clock.at, bound.reason, limits="A"))


def voltage_limit(clock: Clock, bound: Bound, most: float) -> LimitShown:
    """Return a limit in V that could be `most`."""
    return LimitShown(value=bound.value, most=most, why=why(clock.at, bound.reason, limits="V"))


def alarm_shown(clock: Clock, alarm: Alarm) -> AlarmShown:
    """Return a protection above ok."""
    return AlarmShown(
        key=alarm.key,
        level=alarm.level.name.lower(),
        flow=FLOW_NAMES[alarm.flow],
        why=why(clock.at, alarm.reason),
        cause=alarm.cause,
    )
