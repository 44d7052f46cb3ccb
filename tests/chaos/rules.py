"""What must hold at every instant, whatever goes wrong, told by the physics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from custom_components.home_bms.core.model import Flow

HEARD_LATE = 13.0
"""s: nothing from 10 s without data on, a look every second, a leap that must be seen twice, a second until told."""
HEARD_SOON = 4.5
"""s where all is sound: a look every second, a leap that must be seen twice, and a second until that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is so, in V, °C, A and s."""

    highest: float
    lowest: float
    hottest: float
    coldest: float
    current: float
    unheard: float
    """s since home_bms was brought something true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Against a danger nothing may be permitted for longer than this."""

    key: str
    text: str
    flow: Flow
    danger: Callable[[Truth], bool]
    soon: float = HEARD_SOON
    late: float = HEARD_LATE


# The levels are those of docs/protections.md; the margins are the sensors' steps: 5 mV, and the whole degrees of CAN.
RULES: tuple[Rule, ...] = (
    Rule(key="overvoltage", text="charging permitted with a cell over 3.555 V", flow=Flow.CHARGE,
         danger=lambda t: t.highest > 3.555),
    Rule(key="undervoltage", text="discharging permitted with a cell under 2.895 V", flow=Flow.DISCHARGE,
         danger=lambda t: t.lowest < 2.895),
    Rule(key="hot_charge", text="charging permitted with a cell over 51 °C", flow=Flow.CHARGE,
         danger=lambda t: t.hottest > 51.0),
    Rule(key="hot_discharge", text="discharging permitted with a cell over 59 °C", flow=Flow.DISCHARGE,
         danger=lambda t: t.hottest > 59.0),
    Rule(key="cold_charge", text="charging permitted with a sensor under -1 °C", flow=Flow.CHARGE,
         danger=lambda t: t.coldest < -1.0),
    Rule(key="charge_overcurrent", text="charging permitted 10 s after more than 172 A flowed in", flow=Flow.CHARGE,
         danger=lambda t: t.current > 172.0, soon=10.0 + HEARD_SOON, late=10.0 + HEARD_LATE),
    Rule(key="discharge_overcurrent", text="discharging permitted 10 s after more than 172 A flowed out",
         flow=Flow.DISCHARGE, danger=lambda t: t.current < -172.0, soon=10.0 + HEARD_SOON, late=10.0 + HEARD_LATE),
    *(
        Rule(key=f"blind_{name}", text=f"{name} permitted with nothing heard for 10 s", flow=flow,
             danger=lambda t: t.unheard > 10.0, soon=2.5, late=2.5)
        for name, flow in (("charge", Flow.CHARGE), ("discharge", Flow.DISCHARGE))
    ),
)  # fmt: skip

RING = frozenset({"cell_overvoltage", "cell_undervoltage", "charge_overtemperature", "discharge_overtemperature"})
"""Alarms of the pack's own protection, which home_bms must act before."""
