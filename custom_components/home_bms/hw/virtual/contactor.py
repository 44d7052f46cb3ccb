"""A virtual pack behind a contactor: precharge resistor, link capacitor, load, and what can break of them."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any, Final, override

from .pack import VirtualPack

PIECE: Final = 0.05
"""s in which coils are looked at while time passes."""
CLOSED: Final = 100.0
"""S of a closed contactor with its leads."""


class ContactorPack(VirtualPack):
    """A pack whose current flows only through a contactor that others hold.

    `main` and `precharge` tell whether the two coils have power; faults are flags that anybody may set.
    """

    def __init__(self, **facts: Any) -> None:  # noqa: ANN401 - those of VirtualPack
        """Build an open contactor in front of a dead link; `facts` are those of the pack."""
        super().__init__(**facts)
        self.main: Callable[[], bool] = lambda: False
        self.precharge: Callable[[], bool] = lambda: False
        self.precharge_resistance = 50.0
        """Ω."""
        self.capacitance = 0.010
        """F."""
        self.load = 5000.0
        """Ω across the link."""
        self.welded = False
        self.stuck_open = False
        self.auxiliary_stuck: bool | None = None
        """What the auxiliary contact shows whatever the contactor does."""
        self.closed = False
        """Where the contacts are."""
        self.link = 0.0
        """V behind the contactor."""

    @property
    def auxiliary(self) -> bool:
        """What the auxiliary contact shows."""
        return self.closed if self.auxiliary_stuck is None else self.auxiliary_stuck

    @override
    def _step(self, dt: float) -> None:
        demand = self.demand
        left, charge = dt, 0.0
        while left > 0:
            piece = min(PIECE, left)
            left -= piece
            charge += piece * self._flow(piece, demand)
        # The pack sees the mean of what flowed; the house's demand is its own again afterwards.
        self.demand = charge / dt
        super()._step(dt)
        self.demand = demand

    def _flow(self, dt: float, demand: float) -> float:
        """Let the link follow for a moment; return the current into the pack."""
        self.closed = self.welded or (self.main() and not self.stuck_open)
        conductance = (CLOSED if self.closed else 0.0) + (1 / self.precharge_resistance if self.precharge() else 0.0)
        through = conductance + 1 / self.load
        rest = (conductance * self.voltage + (demand if self.closed else 0.0)) / through
        self.link = rest + (self.link - rest) * exp(-dt * through / self.capacitance)
        return (self.link - self.voltage) * conductance
