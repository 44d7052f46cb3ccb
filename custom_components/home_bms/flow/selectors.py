"""Makes the selectors that several forms use."""

from __future__ import annotations

from typing import Any

import probatio as vol
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)


def number(minimum: float, maximum: float, step: float = 1, unit: str | None = None) -> NumberSelector:
    """Return a box for a number."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def whole(minimum: int, maximum: int) -> vol.All[Any]:
    """Return a box for a whole number, which Home Assistant's own makes a float."""
    return vol.All(number(minimum, maximum), vol.Coerce(int))


def choice(options: list[str], translation_key: str) -> SelectSelector:
    """Return a choice among options that the translations name."""
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )


def pick(options: list[SelectOptionDict]) -> SelectSelector:
    """Return a choice among options with labels of their own."""
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
