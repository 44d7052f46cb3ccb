"""A year of the virtual pack in its house: every few days are lived as one day, at which its faults have grown by all.

The physics are those of `hw/virtual`, the decisions those of `bms.observe`, and the inverter obeys them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from math import cos, pi
from random import Random
from typing import Final, NamedTuple

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.inspection import applying, plan
from custom_components.home_bms.core.inspection_book import Book, Item, Subject
from custom_components.home_bms.core.inspection_signs import Seen
from custom_components.home_bms.core.inspection_table import About
from custom_components.home_bms.core.model import Level, PackReading, Snapshot
from custom_components.home_bms.core.upkeep import Upkeep, count, note_settings
from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualWorld

from .conftest import make_config

DAY: Final = 86400.0
YEAR: Final = 365
BEGAN: Final = date(2027, 1, 1).toordinal()
CELLS: Final = 16
SENSORS: Final = 4
WORN: Final = 1
"""The cell that ages: it loses 12 % of its capacity in the year, and gains 40 % of its resistance."""
DRIFTING: Final = 5
"""The cell whose sensor comes to read 20 mV low, from April on: its cell is charged higher than anybody is told."""
LOOSE: Final = 10
"""The cell whose joint gains 0.5 mΩ, from May on."""
_HOUR: Final = 3600.0
# s of each hour at which the house may change its load; the board is looked at just before and just after.
_EDGES: Final = (300.0, 900.0, 1800.0, 2700.0, 3600.0)
_EDGE: Final = 1.0
# s between two looks: at first, and while no limit moves.
_BEGINNING: Final = 600.0
_CLOSELY: Final = 2.0
_SELDOM: Final = 100.0
# V of a cell beyond which, and share of a limit at which it may.
_HIGH: Final = 3.42
_LOW: Final = 3.12
_NEAR: Final = 0.8
# What a limit that is on its way up says.
_RISING: Final = {"recovering", "starting", "cell_voltage"}
# Percent of charge at which the inverter stops discharging.
_RESERVE: Final = 15.0
# W of what is switched on each hour of the day for some minutes.
_KETTLE: Final = 2000.0
# What a board adds: V of noise before it rounds to millivolts, A before it rounds to tenths.
_VOLTS: Final = 0.0005
_AMPERES: Final = 0.05


class Home(House):
    """A house with seasons: half the sun in winter, when it needs more."""

    day: int = 0
    """Of the year."""

    @property
    def season(self) -> float:
        """-1 at the darkest day, 1 at the brightest."""
        return -cos(2 * pi * (self.day + 10) / YEAR)

    @property
    def weather(self) -> float:
        """K by which this day is warmer than its season."""
        return 3.0 * (2.0 * self._chance(9, self.day) - 1.0)

    def sun(self, time: float) -> float:
        return super().sun(time) * (1.35 + 0.45 * self.season)

    def load(self, time: float) -> float:
        kettle = _KETTLE if 6.0 < self._hour(time) < 23.0 and time % _HOUR < _EDGES[0] else 0.0
        return super().load(time) * (1.0 - 0.15 * self.season) + kettle


def ail(pack: VirtualPack, day: int) -> None:
    """Make the faults as large as they are on a day of the year."""
    worn = pack.cells[WORN]
    missing = (100.0 - worn.soc) * worn.capacity
    pack.inject("weak_cell", WORN, 100.0 - 12.0 * day / YEAR)
    # A balancer keeps a cell that ages level at the top, day by day.
    worn.soc = 100.0 - missing / worn.capacity
    pack.inject("resistive_cell", WORN, 40.0 * day / YEAR)
    pack.inject("cell_offset", DRIFTING, -0.020 * max(0, day - 90) / (YEAR - 90))
    pack.inject("loose_joint", LOOSE, 0.5 * max(0, day - 120) / (YEAR - 120))


class Margins(NamedTuple):
    """How far the pack was from harm on one day, in truth."""

    day: int
    soc: tuple[float, float]
    """Percent, the least and the most."""
    highest: tuple[float, ...]
    """V of each cell at its most, ..."""
    lowest: tuple[float, ...]
    """... at its least, ..."""
    warmest: tuple[float, ...]
    """... and °C."""
    heat: tuple[float, ...]
    """W in each joint at its most."""


@dataclass
class VirtualYear:
    """A pack that lives one day of every few, and what its inspections and protections said of it, day by day."""

    grow: Callable[[VirtualPack, int], None] = lambda pack, day: None
    """Makes the pack's faults as large as they are on a day."""
    every: int = 14
    seed: int = 0
    pack: VirtualPack = field(init=False)
    book: Book = field(default_factory=dict)
    due: dict[tuple[str, str], int] = field(default_factory=dict)
    """The first day by inspection and place; the place is empty where the calendar alone called."""
    alarms: dict[tuple[str, Level, int | None], int] = field(default_factory=dict)
    """The first day of each protection, its level and its cell."""
    margins: list[Margins] = field(default_factory=list)
    upkeep: Upkeep = field(default_factory=Upkeep)

    def __post_init__(self) -> None:
        self.pack = VirtualPack(cells=CELLS, temperature_sensors=SENSORS, temperature=10.0, seed=self.seed)
        self.house = Home(self.pack, seed=self.seed, start_hour=0.0)
        self._world = VirtualWorld(self.pack, self.house, speed=0)
        self.config = make_config(cells=CELLS, temperature_sensors=SENSORS, confirmed=True)
        self.state = bms.deliver(bms.start(self.config), delivered=True)
        self._random = Random(self.seed)
        self.snapshot: Snapshot | None = None
        self._reserving = False

    def live(self, until: int = YEAR) -> None:
        """Live on until a day."""
        for day in range(self.house.day + self.every, until + 1, self.every):
            self._live(day)
            self._inspect(day)

    def _live(self, day: int) -> None:
        pack, house, today = self.pack, self.house, BEGAN + day
        house.day = day
        pack.ambient = 17.0 + 7.0 * house.season + house.weather
        self.grow(pack, day)
        end = (pack.time // DAY + 1) * DAY
        looks: list[tuple[float, float, list[float], list[float]]] = []
        while pack.time < end - _EDGE / 2:
            snapshot = self._look(today)
            each = [cell.voltage for cell in pack.cells], [cell.temperature for cell in pack.cells]
            looks.append((pack.soc, pack.current, *each))
            for alarm in snapshot.decision.alarms:
                self.alarms.setdefault((alarm.key, alarm.level, alarm.reason.cell), day)
        charges, currents, volts, warmths = zip(*looks, strict=True)
        most = max(current * current for current in currents)
        self.margins.append(
            Margins(
                day=day,
                soc=(min(charges), max(charges)),
                highest=tuple(map(max, zip(*volts, strict=True))),
                lowest=tuple(map(min, zip(*volts, strict=True))),
                warmest=tuple(map(max, zip(*warmths, strict=True))),
                heat=tuple(cell.joint * most for cell in pack.cells),
            )
        )

    def _look(self, today: int) -> Snapshot:
        """Let some seconds pass, and home_bms decide."""
        left = next(edge - self.pack.time % _HOUR for edge in _EDGES if edge > self.pack.time % _HOUR)
        if left > 1.5 * _EDGE:
            self._world.advance(min(self._pace(), left - _EDGE))
        else:
            # Two steps, for the house wants in each what it wanted at its beginning.
            self._world.advance(left)
            self._world.advance(_EDGE)
        self.state, snapshot = bms.observe(self.config, self.state, self._reading())
        decision = snapshot.decision
        self.house.obey(
            decision.cvl.value, decision.ccl.value, 0.0 if self._at_reserve(snapshot) else decision.dcl.value
        )
        self.pack.apply(decision.switches)
        self.upkeep = count(self.upkeep, snapshot, today=today)
        self.snapshot = snapshot
        return snapshot

    def _at_reserve(self, snapshot: Snapshot) -> bool:
        """Tell whether the inverter keeps what is left for a power cut, as its owner wants it."""
        charge = snapshot.estimate.soc
        if charge is not None:
            self._reserving = charge <= _RESERVE + (2.0 if self._reserving else 0.0)
        return self._reserving

    def _pace(self) -> float:
        """Return s until the next look: a limit rises only where none is further from the last than data may be old."""
        if self.snapshot is None or self.pack.time < _BEGINNING:
            return _CLOSELY
        believed, decision = self.snapshot.believed, self.snapshot.decision
        current, high, low = believed.current or 0.0, believed.cell_max or _HIGH, believed.cell_min or _LOW
        limit = (decision.ccl if current > 0 else decision.dcl).value or 0.0
        rising = not _RISING.isdisjoint(bound.reason.rule for bound in (decision.cvl, decision.ccl, decision.dcl))
        closely = rising or abs(current) > _NEAR * limit or high >= _HIGH or low <= _LOW
        return self.config.age_derate if closely else _SELDOM

    def _reading(self) -> PackReading:
        """Return what a board would tell, which is no truth."""
        reading = self.pack.reading(self.pack.time)
        chance = self._random.gauss
        return replace(
            reading,
            cells=tuple([None if volt is None else round(volt + chance(0, _VOLTS), 3) for volt in reading.cells]),
            current=None if reading.current is None else round(reading.current + chance(0, _AMPERES), 1),
            temperatures=tuple([None if warm is None else round(warm, 1) for warm in reading.temperatures]),
        )

    @property
    def seen(self) -> Seen:
        """The pack as inspections see it."""
        assert self.snapshot is not None
        budget = self.snapshot.balance.budget
        return Seen(config=self.config, estimate=self.state.estimate, budget=budget, upkeep=self.upkeep)

    def _inspect(self, day: int) -> None:
        """Do what Home Assistant does once a day."""
        info = self.pack.info
        self.upkeep = note_settings(self.upkeep, info.firmware, {})
        subject = Subject(key="pack", seen=self.seen, intervals=applying(About.PACK, frozenset(), {}))
        self.book, items = plan(self.book, (subject,), BEGAN + day)
        for item in items:
            if item.is_due:
                self._note(item, day)

    def _note(self, item: Item, day: int) -> None:
        for evidence in item.evidence:
            sign = evidence.sign
            spot = sign.sensor or ("" if sign.cell is None else f"cell_{sign.cell + 1}")
            self.due.setdefault((item.row.key, spot), day)
        if not item.evidence:
            self.due.setdefault((item.row.key, ""), day)

    def first(self, level: Level) -> tuple[int, str] | None:
        """Return the first day on which any protection was at a level or beyond, and its key."""
        return min(((day, key) for (key, reached, _), day in self.alarms.items() if reached >= level), default=None)
