"""A clock for tests that read no real one."""

from __future__ import annotations


class Clock:
    """Time in s that passes when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
