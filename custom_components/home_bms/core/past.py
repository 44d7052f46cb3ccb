"""What a pack has lived through, as one look hands it to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PEAKS: Final = (
    ("cell_high", True),
    ("cell_low", False),
    ("temperature_high", True),
    ("temperature_low", False),
    ("charge_current", True),
    ("discharge_current", True),
    ("spread", True),
)
"""What extremes are kept of, in V, °C, A and V, and whether the highest is the extreme; currents in either direction
are positive, and the spread is that of the cells."""

SOC_EDGES: Final = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
"""Percent at which the next bin of charge begins ..."""
TEMPERATURE_EDGES: Final = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
"""... and °C at which the next one of temperature does; the outermost bins are open."""
BINS: Final = (len(SOC_EDGES) + 1) * (len(TEMPERATURE_EDGES) + 1)

type Values = tuple[float | None, ...]
"""One for each row of PEAKS; `None` is not known yet."""
NOTHING: Final[Values] = (None,) * len(PEAKS)


class Way(StrEnum):
    """Which way a session goes."""

    CHARGE = "charge"
    DISCHARGE = "discharge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """The extremes of a stretch of time, each where and when it was reached first."""

    values: Values = NOTHING
    at: Values = NOTHING
    """Unix time in s; `None` where that was not known."""
    places: tuple[int | None, ...] = NOTHING  # type: ignore[assignment] # all of it is None
    """The cell or the sensor; `None` for what belongs to the whole pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where the counters stood at a moment."""

    clock: float | None = None
    """Unix time in s; `None` where that was not known."""
    soc: float | None = None
    stored: float | None = None
    """Wh."""
    charge_in: float = 0.0
    charge_out: float = 0.0
    energy_in: float = 0.0
    energy_out: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A stretch of charging or discharging, short breaks included."""

    way: Way
    start: Mark
    end: Mark
    """When it was last on its way."""
    seconds: float
    peaks: Values
    limits: tuple[tuple[str, float], ...] = ()
    """The rules that held the current down, and for how many s each."""
    efficiency: float | None = None
    """Percent of the energy charged that came back, of a discharge down to where a session of charging began."""

    @property
    def charge_in(self) -> float:
        """Ah."""
        return self.end.charge_in - self.start.charge_in

    @property
    def charge_out(self) -> float:
        """Ah."""
        return self.end.charge_out - self.start.charge_out

    @property
    def energy_in(self) -> float:
        """Wh."""
        return self.end.energy_in - self.start.energy_in

    @property
    def energy_out(self) -> float:
        """Wh."""
        return self.end.energy_out - self.start.energy_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The last sessions, and the one that is on its way."""

    done: tuple[Session, ...] = ()
    """The oldest first."""
    ended: int = 0
    """How many ever did."""
    open: Session | None = None
    quiet: float = 0.0
    """s since the open one was last on its way ..."""
    tail: Values = NOTHING
    """... and the extremes since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of it."""

    time: float | None = None
    """Monotonic time of the last look; `None` before the first since a start."""
    mark: Mark | None = None
    """The counters at that look."""
    day: int | None = None
    """The local day that `today` is of, counted from the year 1."""
    today: Extremes = Extremes()
    yesterday: Extremes = Extremes()
    """Of the last day before that on which somebody watched."""
    ever: Extremes = Extremes()
    sessions: Sessions = Sessions()
    exposure: tuple[float, ...] = (0.0,) * BINS
    """s watched in each bin of charge and temperature, all temperatures of the lowest charge first."""


NO_HISTORY: Final = History()
