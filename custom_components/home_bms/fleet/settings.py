"""Reads what a user lets a remote operator see and do over MQTT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..core.leases import LETTERS, Range
from ..core.model import ConfigError

CONF_FLEET: Final = "fleet"
CONF_ENABLED: Final = "enabled"
CONF_BASE: Final = "base"
CONF_HARDWARE: Final = "hardware"
CONF_COMMANDS: Final = "commands"
CONF_OPERATOR: Final = "operator"
CONF_LONGEST: Final = "longest"

BASE_LETTERS: Final = Range(1, 64)
OWNER_PREFIX: Final = "fleet:"
OPERATOR_LETTERS: Final = Range(1, LETTERS["owner"].most - len(OWNER_PREFIX))
# An operator who is still there asks again; a day is what a person would notice.
LONGEST: Final = Range(1.0, 1440.0)
"""Minutes that a command of an operator may last."""

# No wildcards, no empty levels, and nothing that a broker keeps for itself.
_BASE: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")
# Home Assistant reads what it finds there as descriptions of devices.
_DISCOVERY: Final = "homeassistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """What an operator sees and may do; off is no settings at all."""

    base: str = "home_bms"
    """The topic below which everything is."""
    hardware: bool = False
    """Serial numbers are told."""
    commands: bool = False
    """Commands are followed, while control is allowed."""
    operator: str = "operator"
    longest: float = 60.0
    """Minutes that a command may last."""

    @property
    def owner(self) -> str:
        """Who owns the leases of this operator; no command can choose another."""
        return OWNER_PREFIX + self.operator


def fleet_settings(options: Mapping[str, Any]) -> FleetSettings | None:
    """Return the settings that an entry's options hold; `None` where nothing is to be told."""
    kept = options.get(CONF_FLEET, {})
    if not kept.get(CONF_ENABLED):
        return None
    return FleetSettings(**{key: value for key, value in kept.items() if key != CONF_ENABLED})


def fleet_data(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form as the options keep it.

    Raises ConfigError with the field: `base_topic` (value, minimum, maximum) or `letters` (minimum, maximum).
    """
    base, operator = form[CONF_BASE].strip(), form[CONF_OPERATOR].strip()
    known = _BASE.fullmatch(base) and base.partition("/")[0].lower() != _DISCOVERY
    if not known or not _within(BASE_LETTERS, len(base)):
        raise ConfigError("base_topic", CONF_BASE, value=base, maximum=int(BASE_LETTERS.most))
    if not _within(OPERATOR_LETTERS, len(operator)):
        raise ConfigError(
            "letters", CONF_OPERATOR, minimum=int(OPERATOR_LETTERS.least), maximum=int(OPERATOR_LETTERS.most)
        )
    return {
        CONF_ENABLED: bool(form[CONF_ENABLED]),
        CONF_BASE: base,
        CONF_HARDWARE: bool(form[CONF_HARDWARE]),
        CONF_COMMANDS: bool(form[CONF_COMMANDS]),
        CONF_OPERATOR: operator,
        CONF_LONGEST: float(form[CONF_LONGEST]),
    }


def _within(permitted: Range, value: float) -> bool:
    return permitted.least <= value <= permitted.most
