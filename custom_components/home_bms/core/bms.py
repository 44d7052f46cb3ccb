"""Takes a pack from one reading to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import Decision, PackConfig, PackReading, PackState, Snapshot, Wishes


def start(config: PackConfig) -> PackState:
    """Return the state of a pack of which nothing is known yet."""
    raise NotImplementedError


def step(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, Decision]:
    """Take the pack from one reading to the next; total and deterministic."""
    raise NotImplementedError


def observe(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, Snapshot]:
    """As `step`, with all that a user may want to see."""
    raise NotImplementedError


def wish(config: PackConfig, state: PackState, wishes: Wishes) -> PackState:
    """Take over what the user asks for. Raises ConfigError naming the field and the permitted range."""
    raise NotImplementedError


def reset_trips(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, tuple[str, ...]]:
    """Release the latched trips whose cause is gone; return the keys of those that stand."""
    raise NotImplementedError


def save(state: PackState) -> dict[str, Any]:
    """Return what must survive a restart, as plain JSON values without monotonic times."""
    raise NotImplementedError


def restore(config: PackConfig, saved: Mapping[str, Any], gap: float | None) -> PackState:
    """Return a starting state with what was saved; `gap` is the wall-clock seconds since, `None` if not believable."""
    raise NotImplementedError
