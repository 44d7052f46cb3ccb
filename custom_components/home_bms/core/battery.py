"""What is known of a pack's charge, capacity, resistance and age, as one look hands it to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .cycles import Cycles
from .heat import Heat
from .kalman import Matrix, Vector


class Kind(StrEnum):
    """What may be wrong with a cell or a sensor, found by estimation."""

    WEAK_CELL = "weak_cell"
    LEAKY_CELL = "leaky_cell"
    MICRO_SHORT = "micro_short"
    LOOSE_JOINT = "loose_joint"
    SENSOR_DRIFT = "sensor_drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person should look at, with its evidence."""

    kind: Kind
    cell: int | None
    """`None` is the current sensor."""
    since: float
    """Seconds since the estimate began, counted over the time that was watched."""
    confidence: float
    """0-1."""
    value: float
    """Ah, A, Ω or V, after the kind ..."""
    threshold: float
    """... beyond which it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Cells in V, all or none of them, and current in A at a moment."""

    time: float
    current: float
    cells: Vector
    doubted: bool = False
    """The current leapt and no cell followed, so the one before is kept, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Sums over the samples since a window began; their means make a look."""

    began: float
    samples: int = 0
    volts: Vector = ()
    """Of each cell."""
    current: float = 0.0
    squares: float = 0.0
    """Of the current."""
    warmth: float = 0.0
    """°C."""
    opened: bool = True
    """All switches were open all along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What has flowed since the last look, by the current sensor."""

    charge: float = 0.0
    """Ah, charging less discharging."""
    charged: float = 0.0
    """Ah of charging alone."""
    hours: float = 0.0
    doubt: float = 0.0
    """Variance in Ah² of what flowed while nobody looked."""
    bleed: Vector = ()
    """Ah that each cell lost to its balancer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """The pack's middle cell: unknowns and covariance as `charge` orders them."""

    state: Vector
    covariance: Matrix
    capacity: float
    """Ah."""
    capacity_doubt: float
    """Ah, one standard deviation."""
    lean: float = 0.0
    """Where the hysteresis stands: -1 after discharging, 1 after charging."""
    current: float | None = None
    """A, mean of the last window; `None` before the first look."""
    hours: float = 0.0
    """Of watching so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCharge:
    """How one cell differs from the middle one: unknowns and covariance as `cells` orders them."""

    state: Vector
    covariance: Matrix
    leak_since: float | None = None
    """Hours of watching at which its self-discharge leapt."""
    strain: float = 0.0
    """Deviations by which the last looks surprised, the older the less they count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A difference to the middle cell that may wander, in Ω."""

    ohms: float = 0.0
    doubt: float = 1e-7
    """Variance in Ω²: 0.3 mΩ at first."""
    hours: float = 0.0
    """Of watching when it was last seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResistance:
    """One cell's resistance: unknowns and covariance as `resistance` orders them, and how it was of late."""

    state: Vector
    covariance: Matrix
    measured: float | None = None
    """Ω, mean over the load steps as warm or cold as they were."""
    weight: float = 0.0
    """A² that `measured` rests on."""
    steps: int = 0
    scatter: float = 0.0
    """Ω² by which single steps lie off the late mean."""
    fast: float | None = None
    """Ω by which it lies beside the middle cell's, over the last dozens of load steps ..."""
    slow: float | None = None
    """... and over the last hundreds."""
    loose_since: float | None = None
    """Hours of watching at which the two parted; `slow` then stands still."""
    at_once: Beside = Beside()
    """Ω by which it lies beside the middle cell's as steps show it ..."""
    in_minutes: Beside = Beside()
    """... and as the means of whole windows do, in which a cell goes on to sag and metal does not."""
    apart: float | None = None
    """V by which its last window lay beside the middle cell's."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is learned of one cell, as it is now."""

    slope: float
    """V by which its open-circuit voltage rises with each Ah."""
    resistance: float
    """Ω one second after a step of the current, at the present temperature, joints included."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What is learned of all cells; `None` is a cell of which too little is."""

    each: tuple[Cell | None, ...]
    worst: Cell
    """The highest of every number: where that would do, each cell does, and none need be looked at."""


NO_CELLS = Cells((), Cell(0.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All that is learned, and what was gathered since the last look."""

    typical: Typical
    cells: tuple[CellCharge, ...]
    resistances: tuple[CellResistance, ...]
    window: Window
    tally: Tally
    last: Sample
    left: float = 0.0
    """Ah until the first cell is empty, were the middle cell full ..."""
    room: float = 0.0
    """... and Ah that the first cell to be full is below the middle one."""
    findings: tuple[Finding, ...] = ()
    now: Cells = NO_CELLS
    """As of the last look."""
    surplus: Vector = ()
    """Ah that each cell holds above the one that will be full last, as of the last look ..."""
    surplus_doubt: Vector = ()
    """... and one standard deviation of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plating:
    """What a pack was exposed to in its life; it never becomes less."""

    ah: float = 0.0
    """Ah that went in above the permitted rate: only the excess."""
    seconds: float = 0.0
    """s for which the rate was exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A value that changes over months: unknowns and covariance as `ageing` orders them."""

    state: Vector
    covariance: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """How capacity and resistance have gone day by day; a cell without a trend has not been measured."""

    hours: float = 0.0
    """Of watching at the last entry."""
    sizes: tuple[Trend | None, ...] = ()
    """Of each cell's capacity, as a share of the rated one."""
    ohms: tuple[Trend | None, ...] = ()
    """Of each cell's resistance at 25 °C, as a multiple of the first."""
    first: tuple[float | None, ...] = ()
    """Ω of each cell when it was first known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the pack has lived through, gone on with every few seconds."""

    stored_energy: float | None = None
    """Wh."""
    stored_first: float | None = None
    """Wh that were stored when the counters began."""
    soh: float | None = None
    """Percent; the device's own until home_bms has learned better."""
    cycling: Cycles = Cycles()
    plating: Plating = Plating()
    heat: Heat | None = None
    ageing: Ageing = Ageing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is known of the pack's charge, energy and age."""

    time: float | None = None
    soc: float | None = None
    """Percent, as shown: it follows a new truth slowly; `None` while next to nothing is known."""
    soc_low: float | None = None
    """The band that holds the truth nineteen times of twenty."""
    soc_high: float | None = None
    truth: float | None = None
    """Percent, as estimated: beyond 0 and 100 too."""
    debt: float = 0.0
    """Percent by which what is shown still lies above that."""
    jump: float = 0.0
    """Percent by which the last look that changed the estimate by more than a point did so."""
    jumps: int = 0
    """How often that happened."""
    capacity: float = 0.0
    """Ah that can be taken between full and empty; what is probable of the label until they are learned."""
    charge_in: float = 0.0
    """Ah charged, ever."""
    charge_out: float = 0.0
    energy_in: float = 0.0
    """Wh charged, ever."""
    energy_out: float = 0.0
    full_since: float | None = None
    """Since when the signs of a full pack stand."""
    empty_since: float | None = None
    full_at: float | None = None
    """Percent shown when the pack was found full; `None` once it has left."""
    empty_at: float | None = None
    since_full: float | None = None
    """Seconds since the pack was last full; `None` if never seen."""
    load: float = 0.0
    """A, mean of about the last quarter of an hour."""
    knowledge: Knowledge | None = None
    """What is learned; `None` before the first sample with all cells."""
    lived_at: float | None = None
    """When `life` was last gone on with, ..."""
    flowed: float = 0.0
    """... and Ah that went in since then."""
    life: Life = Life()

    @property
    def full(self) -> bool:
        """Whether the pack was found full and has not been used since."""
        return self.full_at is not None

    @property
    def empty(self) -> bool:
        """Whether the pack was found empty and has not been charged since."""
        return self.empty_at is not None

    @property
    def efficiency(self) -> float | None:
        """Percent of the energy charged that came back or is still there; `None` until much more has gone through."""
        stored, first = self.life.stored_energy, self.life.stored_first
        if stored is None or first is None or self.energy_in <= 0 or self.energy_in < 5 * stored:
            return None
        return min(100.0, 100 * (self.energy_out + stored - first) / self.energy_in)

    @property
    def cycles(self) -> float | None:
        """Equivalent full cycles: half the charge moved, in capacities."""
        if self.capacity <= 0:
            return None
        return (self.charge_in + self.charge_out) / (2 * self.capacity)
