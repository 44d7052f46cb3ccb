"""One measured value beside what it has to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A value, and its floor where it has one: at most `most`, or at least `least`."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the floor is met; `None` where there is none."""
        if self.most is not None:
            return self.value <= self.most
        return None if self.least is None else self.value >= self.least

    def __str__(self) -> str:
        """Return a line for people."""
        verdict = {None: "", True: "ok", False: "NOT MET"}[self.ok]
        bound = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}" if self.least is not None else ""
        return f"  {self.name:<64}{self.value:>10.2f} {self.unit:<12}{bound:>10}  {verdict}".rstrip()
