"""Tells what a protection did: as facts for machines, and in a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from .core.model import Alarm, Flow, Level, Reason
from .core.protection import INFORMATION
from .texts import protection_name, protection_names, word

RELEASED: Final = "released"
RESET: Final = "reset"
DEVICE_ALARM: Final = "device_alarm"
NO_ALARMS: Final[frozenset[str]] = frozenset()

FLOW_NAMES: Final[Mapping[Flow, str]] = {
    Flow.NONE: "none",
    Flow.CHARGE: "charge",
    Flow.DISCHARGE: "discharge",
    Flow.BOTH: "both",
}


class Severity(StrEnum):
    """How loudly a person is to be told."""

    INFO = "info"
    WARNING = "warning"
    SERIOUS = "serious"
    """A direction of current is stopped; it recovers by itself."""
    CRITICAL = "critical"
    """Only a person can help."""


# A trip is for a person; what happened once and cannot be undone by waiting is so at every level.
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "warn": Severity.WARNING,
    "derate": Severity.WARNING,
    "protect": Severity.SERIOUS,
    "trip": Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How the value of a protection is told: what it is the value of, in which unit, and which way is worse."""

    place: str
    unit: str
    digits: int = 0
    factor: float = 1.0
    falls: bool = False
    """Danger lies below the threshold."""


# What has no row is told without numbers: it is so or it is not.
QUANTITIES: Final[Mapping[str, Quantity]] = {
    "cell_overvoltage": Quantity(place="cell", unit="V", digits=2),
    "cell_undervoltage": Quantity(place="cell", unit="V", digits=2, falls=True),
    "deep_discharge": Quantity(place="cell", unit="V", digits=2, falls=True),
    "pack_overvoltage": Quantity(place="voltage", unit="V", digits=1),
    "pack_undervoltage": Quantity(place="voltage", unit="V", digits=1, falls=True),
    "cell_difference": Quantity(place="difference", unit="mV", factor=1000.0),
    "soc_reserve": Quantity(place="soc", unit="%", falls=True),
    "charge_overcurrent": Quantity(place="charge_current", unit="A"),
    "discharge_overcurrent": Quantity(place="discharge_current", unit="A"),
    "charge_overtemperature": Quantity(place="sensor", unit="°C"),
    "charge_undertemperature": Quantity(place="sensor", unit="°C", falls=True),
    "discharge_overtemperature": Quantity(place="sensor", unit="°C"),
    "discharge_undertemperature": Quantity(place="sensor", unit="°C", falls=True),
    "switch_overtemperature": Quantity(place="switch", unit="°C"),
    "temperature_spread": Quantity(place="spread", unit="K"),
    "temperature_rise": Quantity(place="rise", unit="K", digits=1),
    "insulation_low": Quantity(place="insulation", unit="kΩ", digits=1, factor=0.001, falls=True),
    "communication_lost": Quantity(place="silence", unit="s"),
    "data_missing": Quantity(place="age", unit="s"),
    "sensor_failed": Quantity(place="broken", unit="s"),
    "command_ignored": Quantity(place="ignored", unit="s"),
    "loop_late": Quantity(place="delay", unit="s"),
}


def evidence(reason: Reason) -> dict[str, Any]:
    """Return what a reason rests on, for people, who count cells and sensors from 1; `ahead` in s if it is foreseen."""
    ahead = {} if reason.ahead is None else {"ahead": round(reason.ahead)}
    return ahead | {
        "cell": None if reason.cell is None else reason.cell + 1,
        "sensor": None if reason.sensor is None else reason.sensor + 1,
        "value": None if reason.value is None else round(reason.value, 3),
        "threshold": None if reason.threshold is None else round(reason.threshold, 3),
    }


def facts(
    alarm: Alarm, became: str, root: Alarm, *, acting: bool, device_alarms: frozenset[str] | None = None
) -> dict[str, Any]:
    """Return what became of a protection, for automations; cells and sensors count from 1.

    `became` is the name of the level that it rose to, or `released` or `reset`; `root` is the alarm that began it.
    `acting` tells whether home_bms may do something about it. `device_alarms` are the pack's own that stand; they are
    told where they are what it is about.
    """
    own = sorted((device_alarms or NO_ALARMS) - INFORMATION) if alarm.key == DEVICE_ALARM else []
    return {
        "protection": alarm.key,
        "level": became,
        "severity": _SEVERITIES.get(became, Severity.INFO).value,
        "flow": FLOW_NAMES[alarm.flow],
        **evidence(alarm.reason),
        "cause": root.key,
        "acting": acting,
        **({"device_alarms": own} if own else {}),
    }


@callback
def tell(hass: HomeAssistant, told: Mapping[str, Any]) -> str:
    """Return a sentence about `facts`, without a full stop."""
    key, level = str(told["protection"]), str(told["level"])
    name = protection_name(hass, key)
    if (drill := told.get("drill")) is not None:
        story = tell(hass, {key: value for key, value in told.items() if key != "drill"})
        return word(hass, "story", "drill", story=story, drill=word(hass, "commission_drill", drill))
    if level in (RELEASED, RESET):
        return word(hass, "story", level, protection=name)
    story = _measured(hass, key, level, told) or name
    if own := told.get("device_alarms"):
        # Devices have alarms that no protection of home_bms is called after.
        story = f"{story}: {protection_names(hass, own).replace('_', ' ')}"
    effect = f"{level}_{told['flow']}"
    if level != Level.WARN.name.lower() and told["flow"] != FLOW_NAMES[Flow.NONE]:
        story = word(hass, "story", "then", story=story, effect=word(hass, "effect", effect))
        if not told["acting"]:
            story = word(hass, "story", "watching", story=story)
    if told["cause"] != key:
        story = word(hass, "story", "because", story=story, cause=protection_name(hass, str(told["cause"])))
    return story


@callback
def tell_correction(hass: HomeAssistant, told: Mapping[str, Any]) -> str:
    """Return a sentence about a state of charge that was set right, without a full stop; `change` and `soc` in %."""
    return word(hass, "story", "corrected", change=f"{told['change']:+.1f}", soc=f"{told['soc']:.1f}")


def tell_change(hass: HomeAssistant, told: Mapping[str, Any]) -> str:
    """Return a sentence about what changed in a device, without a full stop."""
    return word(hass, "story", "device_changed", what=told["what"], before=told["before"], after=told["after"])


def _measured(hass: HomeAssistant, key: str, level: str, told: Mapping[str, Any]) -> str | None:
    """Return what was measured against which threshold, where the protection has numbers."""
    quantity, value, threshold = QUANTITIES.get(key), told["value"], told["threshold"]
    if quantity is None or value is None or threshold is None:
        return None
    value, threshold, digits = value * quantity.factor, threshold * quantity.factor, quantity.digits
    # 3.604 V against 3.60 V must not read as equal.
    digits += round(value, digits) == round(threshold, digits)
    return word(
        hass,
        "story",
        "fell" if quantity.falls else "rose",
        place=word(hass, "place", quantity.place, cell=told["cell"], sensor=told["sensor"]),
        value=f"{value:.{digits}f} {quantity.unit}",
        level=word(hass, "level", level),
        threshold=f"{threshold:.{digits}f} {quantity.unit}",
    )
