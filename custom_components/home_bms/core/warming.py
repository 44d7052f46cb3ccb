"""Notices one sensor that warms faster than the others."""

from __future__ import annotations

from typing import Final

from .model import Trust, Warmth, whole

# s between two looks at the temperatures.
_EVERY: Final = 60.0


def remember(trust: Trust, temperatures: tuple[float | None, ...], now: float) -> tuple[Warmth, ...]:
    """Keep the temperatures of about one and two minutes ago; a leap is a sensor put elsewhere and begins anew."""
    past, last = trust.warmth, trust.temperatures
    if not whole(temperatures):
        return past
    if temperatures == last and past and now - past[-1].time < _EVERY:
        return past
    # What is believed at once has not leapt; a leap was a suspicion first.
    leapt = len(last) != len(temperatures) or any(name.startswith("temperature") for name in trust.suspects)
    if leapt or not past or now < past[-1].time:
        return (Warmth(time=now, temperatures=temperatures),)
    if now - past[-1].time < _EVERY:
        return past
    return (past[-1], Warmth(time=now, temperatures=temperatures))


def rise(past: tuple[Warmth, ...], temperatures: tuple[float | None, ...]) -> tuple[float | None, int | None]:
    """Return by how much the sensor that warmed most did so more than the one that warmed least."""
    if not past or not temperatures or not whole(temperatures) or len(past[0].temperatures) != len(temperatures):
        return None, None
    if temperatures == past[0].temperatures:
        return 0.0, None
    rises = [now - then for now, then in zip(temperatures, past[0].temperatures, strict=True)]
    highest = max(rises)
    # A single sensor has no neighbour to be compared with.
    lowest = min(rises) if len(rises) > 1 else 0.0
    return highest - lowest if highest > 0 else 0.0, rises.index(highest)
