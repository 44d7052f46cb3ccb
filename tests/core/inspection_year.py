"""A year of a pack in a minute: each fortnight is lived as one day, at which its faults have grown by a fortnight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from math import pi, sin
from unittest.mock import patch

from custom_components.home_bms.core.inspection import applying, plan
from custom_components.home_bms.core.inspection_book import Book, Item, Subject
from custom_components.home_bms.core.inspection_signs import Seen
from custom_components.home_bms.core.inspection_table import About
from custom_components.home_bms.core.model import Budget
from custom_components.home_bms.core.upkeep import Upkeep

from . import cells_world
from .cells_world import Life, World

FORTNIGHT = 14
COUNT = 26
BEGAN = date(2027, 1, 1).toordinal()
EVERY = 300.0
"""s between two looks, so that it does not take the night."""


@dataclass
class Year:
    """A pack, and what its inspections were on each day that was lived."""

    life: Life
    grow: Callable[[World, int], None] = lambda world, number: None
    book: Book = field(default_factory=dict)
    told: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)
    """By inspection: the day since the beginning on which it was first due, and the evidence by place."""

    def pass_by(self) -> None:
        """Live the year."""
        with patch.object(cells_world, "EVERY", EVERY):
            for number in range(1, COUNT + 1):
                self.life.world.temperature = 18.0 - 8.0 * sin(2 * pi * (number + 7) / COUNT)
                self.grow(self.life.world, number)
                self.life.days(1)
                self._look(BEGAN + FORTNIGHT * number)

    def _look(self, today: int) -> None:
        seen = Seen(config=self.life.config, estimate=self.life.estimate, budget=Budget(), upkeep=Upkeep())
        intervals = applying(About.PACK, frozenset(), {})
        self.book, items = plan(self.book, (Subject(key="pack", seen=seen, intervals=intervals),), today)
        for item in items:
            if item.is_due:
                self._note(item, today)

    def _note(self, item: Item, today: int) -> None:
        places = frozenset(self.book[item.place].raised)
        self.told.setdefault(item.row.key, (today - BEGAN, places))
