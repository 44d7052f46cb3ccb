"""One measured value beside what it has to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A value, and its floor where it has one: at most `most`, or at least `least`.

    `peer` is what somebody else's program took for the same in the same run, `why` the cause of a floor that is missed.
    """

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None
    peer: float | None = None
    peer_name: str = ""
    why: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the floor is met; `None` where there is none."""
        if self.most is not None:
            return self.value <= self.most
        return None if self.least is None else self.value >= self.least

    @property
    def ratio(self) -> float | None:
        """The value in units of the peer's."""
        return self.value / self.peer if self.peer else None

    @property
    def floor(self) -> str:
        """The floor in signs."""
        if self.most is not None:
            return f"<= {self.most:g}"
        return "" if self.least is None else f">= {self.least:g}"

    def __str__(self) -> str:
        """Return a line for people."""
        verdict = {None: "", True: "ok", False: "NOT MET"}[self.ok]
        told = f"  {self.name:<64}{self.value:>10.2f} {self.unit:<12}{self.floor:>10}  {verdict:<8}".rstrip()
        return told if self.ratio is None else f"{told}  {self.ratio:.2f} times {self.peer_name}: {self.peer:.2f}"
