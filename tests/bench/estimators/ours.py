"""Puts home_bms's own estimator into the bench's clothes."""

from __future__ import annotations

from typing import Any

from custom_components.home_bms.core.model import PackReading, Switches
from scripts.estimate import Estimator, summary

from .rivals import Judgement

NOTHING: Judgement = (50.0, 0.0, 100.0)
"""What is said before anything is known."""


class Ours:
    """The core's plausibility and estimation; cells count from 0, unknown values are `None`."""

    def __init__(self, chemistry: str, cells: int, capacity: float, balance_current: float) -> None:
        self._estimator = Estimator(chemistry=chemistry, cells=cells, capacity=capacity, temperature_sensors=1)
        self._balance_current = balance_current

    def sample(
        self,
        time: float,
        current: float | None,
        cells: tuple[float | None, ...],
        temperatures: tuple[float | None, ...],
        balancing: tuple[bool, ...] = (),
    ) -> Judgement:
        """Judge one sample: SoC of the pack in percent, low, high."""
        whole = [volt for volt in cells if volt is not None]
        estimate = self._estimator.take(
            PackReading(
                time=time,
                cells=cells,
                cells_time=time,
                temperatures=temperatures,
                temperatures_time=time,
                current=current,
                voltage=sum(whole) if len(whole) == len(cells) else None,
                current_time=time,
                switches=Switches(bleed=balancing or None),
                balance_current=self._balance_current,
            )
        )
        if estimate.soc is None or estimate.soc_low is None or estimate.soc_high is None:
            return NOTHING
        return estimate.soc, estimate.soc_low, estimate.soc_high

    def cells(self) -> list[dict[str, Any]]:
        """Return what is known of each cell, as the workbench prints it; but cells count from 0."""
        return [each | {"cell": each["cell"] - 1} for each in self._told("cells")]

    def findings(self) -> list[dict[str, Any]]:
        """Return what stands; cells count from 0."""
        return [each | {"cell": None if each["cell"] is None else each["cell"] - 1} for each in self._told("findings")]

    def _told(self, what: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = (
            [] if self._estimator.estimate.knowledge is None else summary(self._estimator.estimate)[what]
        )
        return told
