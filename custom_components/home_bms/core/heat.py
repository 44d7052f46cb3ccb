"""Learns how a pack's hottest sensor warms under current, to tell where a current would take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, sqrt
from typing import Final

# Of a closed pack towards its surroundings in s, as in hw/virtual/cell.py. Half or twice of it matters little half an
# hour ahead: what is learned is how fast the pack warms, whatever this says.
_COOLING_TIME: Final = 3 * 3600.0
# s of current and temperature that make one equation: long enough for a degree to show.
_STEP: Final = 600.0
# Longer than this between two samples and what heated in between is not known.
_GAP: Final = 120.0
# K by which the change between two looks at a whole-degree sensor is off.
_SENSOR: Final = 0.5
# K by which the surroundings drift in an hour (so 5 K in a day, a garage), and what a rate of 1 warms by in a day.
# Both grow with the square root of time.
_AMBIENT_DRIFT: Final = 1.0
_RISE_DRIFT: Final = 2.0
# A step that surprises by more deviations than these pulls no further: the sun, a heater, another sensor.
_SURPRISE: Final = 3.0
# Learned is the warming to a quarter and the surroundings to 5 K, which is less than a kelvin half an hour ahead.
_RISE_KNOWN: Final = 0.25
_AMBIENT_KNOWN: Final = 5.0


Step = tuple[float, float, float, float, float]
"""A step on its way: °C at its beginning, s, rate² times s, °C times s, s since anything was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """The line that is learned, `end = ambient + rise * rate²`: where the temperature ends under a current.

    The variances say how well it is known.
    """

    scale: float
    """A that are a rate of 1: the capacity when it began, and that may change since."""
    rise: float = 0.0
    """K above its surroundings at which the sensor ends under a rate of 1."""
    ambient: float = 20.0
    """°C at which it ends without current: the surroundings and what else heats the pack."""
    rise_variance: float = 200.0**2
    ambient_variance: float = 20.0**2
    covariance: float = 0.0
    step: Step | None = None


def learn(before: Heat, *, current: float | None, temperature: float | None, elapsed: float) -> Heat:
    """Take along `elapsed` seconds of `current` in A and the hottest sensor's temperature at their end.

    What is unknown for a short while is taken to have been as at its end; for longer, the step on its way is given up.
    """
    if not elapsed > 0.0:
        return before
    if before.step is None:
        return before if temperature is None else _with(before, (temperature, 0.0, 0.0, 0.0, 0.0))
    first, seconds, squares, warmth, silent = before.step
    silent += elapsed
    if silent > _GAP:
        return _with(before, None)
    if current is None or temperature is None:
        return _with(before, (first, seconds, squares, warmth, silent))
    seconds += silent
    squares += (current / before.scale) ** 2 * silent
    warmth += temperature * silent
    if seconds < _STEP:
        return _with(before, (first, seconds, squares, warmth, 0.0))
    stretch = _COOLING_TIME / seconds
    heading = warmth / seconds + stretch * (temperature - first)
    fitted = _fitted(before, squares / seconds, heading, seconds, (stretch * _SENSOR) ** 2)
    return _with(fitted, (temperature, 0.0, 0.0, 0.0, 0.0))


def predict(heat: Heat | None, *, temperature: float | None, current: float, horizon: float) -> float | None:
    """Return the °C of the hottest sensor after `horizon` seconds of `current`; `None` until that is learned."""
    if heat is None or temperature is None or not is_learned(heat):
        return None
    end = heat.ambient + heat.rise * (current / heat.scale) ** 2
    return end + (temperature - end) * exp(-horizon / _COOLING_TIME)


def sustainable(heat: Heat | None, *, temperature: float | None, limit: float, horizon: float) -> float | None:
    """Return the A, in either direction, that keep the hottest sensor below `limit` in °C for `horizon` seconds.

    `None` until that is learned.
    """
    if heat is None or temperature is None or not is_learned(heat):
        return None
    if temperature >= limit:
        return 0.0
    kept = exp(-horizon / _COOLING_TIME)
    room = (limit - temperature * kept) / (1.0 - kept) - heat.ambient
    return heat.scale * sqrt(max(0.0, room) / heat.rise)


def _with(heat: Heat, step: Step | None) -> Heat:
    """Return the same with another step; at each sample, so without the search for fields of `replace`."""
    return Heat(
        scale=heat.scale,
        rise=heat.rise,
        ambient=heat.ambient,
        rise_variance=heat.rise_variance,
        ambient_variance=heat.ambient_variance,
        covariance=heat.covariance,
        step=step,
    )


def _fitted(heat: Heat, load: float, heading: float, seconds: float, noise: float) -> Heat:
    """Draw the line towards `heading`, the °C at which the temperature would have ended under `load`, the mean rate².

    Recursive least squares whose forgetting is a drift: a month without current does not forget what current does.
    """
    rise_variance = heat.rise_variance + _RISE_DRIFT**2 * seconds / 86400.0
    ambient_variance = heat.ambient_variance + _AMBIENT_DRIFT**2 * seconds / 3600.0
    of_rise = load * rise_variance + heat.covariance
    of_ambient = load * heat.covariance + ambient_variance
    variance = load * of_rise + of_ambient + noise
    most = _SURPRISE * sqrt(variance)
    surprise = min(most, max(-most, heading - heat.ambient - load * heat.rise)) / variance
    return replace(
        heat,
        rise=max(0.0, heat.rise + of_rise * surprise),
        ambient=heat.ambient + of_ambient * surprise,
        rise_variance=rise_variance - of_rise * of_rise / variance,
        ambient_variance=ambient_variance - of_ambient * of_ambient / variance,
        covariance=heat.covariance - of_rise * of_ambient / variance,
    )


def is_learned(heat: Heat) -> bool:
    """Tell whether there was enough current, and enough change in it, to know what current does."""
    return (
        heat.rise > 0.0
        and heat.rise_variance <= (_RISE_KNOWN * heat.rise) ** 2
        and heat.ambient_variance <= _AMBIENT_KNOWN**2
    )
