"""A healthy 16-cell LFP pack, and short ways to tell stories about it."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import bms, chemistry
from custom_components.home_bms.core.model import Decision, PackConfig, PackReading, PackState, Snapshot, Switches

CLOSED = Switches(charge=True, discharge=True, balance=False)


def make_config(**changes: Any) -> PackConfig:
    facts: dict[str, Any] = {
        "chemistry": "lfp",
        "cells": 16,
        "capacity": 280.0,
        "charge_current": 100.0,
        "discharge_current": 150.0,
        "temperature_sensors": 2,
    }
    return chemistry.configure(**(facts | changes))


def make_reading(time: float = 0.0, **changes: Any) -> PackReading:
    """All groups measured now, unless told otherwise; `cell` sets all cells, `cells` each."""
    cell = changes.pop("cell", 3.30)
    cells = changes.pop("cells", (cell,) * 16)
    known = [value for value in cells if value is not None]
    facts: dict[str, Any] = {
        "cells": cells,
        "cells_time": time,
        "temperatures": (22.0, 23.0),
        "temperatures_time": time,
        "current": 0.0,
        "voltage": sum(known) if len(known) == len(cells) else 16 * 3.30,
        "current_time": time,
        "switch_temperature": 30.0,
        "soc": 50.0,
        "switches": CLOSED,
        "commanded": CLOSED,
    }
    return PackReading(time=time, **(facts | changes))


def with_cell(index: int, value: float | None, others: float = 3.30) -> tuple[float | None, ...]:
    cells: list[float | None] = [others] * 16
    cells[index] = value
    return tuple(cells)


class Story:
    """A pack living through readings a second apart."""

    def __init__(self, config: PackConfig | None = None) -> None:
        self.config = config or make_config()
        self.state: PackState = bms.start(self.config)
        self.time = 1000.0
        self.snapshot: Snapshot | None = None

    @property
    def decision(self) -> Decision:
        assert self.snapshot is not None
        return self.snapshot.decision

    def tell(self, seconds: float = 1.0, *, every: float = 1.0, **changes: Any) -> Decision:
        """Let the same reading arrive for so many seconds; return the last decision."""
        for _ in range(max(1, round(seconds / every))):
            self.time += every
            # A live device never says the same twice.
            breath = {"switch_temperature": 30.0 + self.time % 2 / 10}
            self.show(make_reading(self.time, **(breath | changes)))
        return self.decision

    def show(self, reading: PackReading) -> Decision:
        self.state, self.snapshot = bms.observe(self.config, self.state, reading)
        return self.decision

    def silence(self, seconds: float, **changes: Any) -> Decision:
        """Nothing new arrives: the last reading only grows old."""
        assert self.snapshot is not None
        for _ in range(round(seconds)):
            self.time += 1
            self.show(replace(self.snapshot.reading, time=self.time, **changes))
        return self.decision

    def level(self, key: str) -> str:
        return next((alarm.level.name for alarm in self.decision.alarms if alarm.key == key), "OK")


@pytest.fixture
def story() -> Story:
    """A pack that has run long enough for its limits to have risen to the rated ones."""
    story = Story()
    story.tell(100)
    assert story.decision.ccl.value == 100
    return story
