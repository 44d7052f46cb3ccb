"""Turns the mapping of a user's DBC into forms and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import probatio as vol
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import CONF_INVERTED
from ..core.model import ConfigError
from ..hw.can_frame import spelled
from ..hw.user_dbc_guess import RANGES, UNITS
from ..hw.user_dbc_rows import CELLS_MOST, TEMPERATURES_MOST, Quantity, SignalRow, UserMapping, key_of
from .selectors import whole

if TYPE_CHECKING:
    from ..hw.can_layout import FrameMap, SignalLayout

ANYWHERE: Final = "*"
"""Stands for the message of a row that is spread over messages."""
CHOICES_MOST: Final = 500
"""Signals that one field offers; any other can be typed."""
SINGLE: Final[Mapping[Quantity, str]] = {
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.SOC: "%",
    Quantity.SOH: "%",
    Quantity.CAPACITY: "Ah",
    Quantity.SWITCH_TEMPERATURE: "degC",
    Quantity.CVL: "V",
    Quantity.CCL: "A",
    Quantity.DCL: "A",
    Quantity.CHARGE_SWITCH: "",
    Quantity.DISCHARGE_SWITCH: "",
    Quantity.BALANCING: "",
}
"""What the form asks for one by one, with its unit here; what else there is can be written as text."""
SERIES: Final[Mapping[Quantity, tuple[str, int]]] = {
    Quantity.CELL: ("V", CELLS_MOST),
    Quantity.TEMPERATURE: ("degC", TEMPERATURES_MOST),
}
"""Of which there are many: unit here, and how many."""


def mapping_schema(frames: FrameMap, heard: frozenset[int], mapping: UserMapping) -> vol.Schema:
    """Return the form of a mapping; where much is offered, only messages that were heard are."""
    layouts = [layout for layout in frames.messages.values() if layout.key in heard] or list(frames.messages.values())

    def field(unit: str, *, many: bool, row: SignalRow | None) -> SelectSelector:
        options = {} if row is None else {_ref(row): _ref(row)}
        for layout in layouts:
            place = spelled(layout.key)
            for signal in layout.signals.values():
                if unit and _unit(signal)[0] not in (unit, ""):
                    continue
                shown = f"{place} {layout.name}: {signal.name}" + f" [{signal.unit}]" * bool(signal.unit)
                options.setdefault(f"{place} {signal.name}", shown)
                if many and (template := re.sub(r"\d+", "{n}", signal.name, count=1)) != signal.name:
                    options.setdefault(f"{place} {template}", f"{place} {layout.name}: {template}")
        kept = list(options.items())[:CHOICES_MOST]
        config = SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in kept],
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
        return SelectSelector(config)

    fields: dict[vol.Marker, Any] = {}
    for quantity, (unit, most) in SERIES.items():
        row = _first(mapping, quantity)
        fields[vol.Optional(quantity.value)] = field(unit, many=True, row=row)
        fields[vol.Required(f"{quantity}_count", default=1)] = whole(1, most)
        fields[vol.Required(f"{quantity}_first", default=1)] = whole(0, most)
        fields[vol.Optional(f"{quantity}_number")] = field("", many=False, row=None)
    for quantity, unit in SINGLE.items():
        fields[vol.Optional(quantity.value)] = field(unit, many=False, row=_first(mapping, quantity))
    fields[vol.Required(CONF_INVERTED, default=False)] = BooleanSelector()
    return vol.Schema(fields)


def shown_mapping(mapping: UserMapping) -> dict[str, Any]:
    """Return a mapping as its form wants it."""
    form: dict[str, Any] = {}
    for quantity in (*SERIES, *SINGLE):
        if (row := _first(mapping, quantity)) is None:
            continue
        form[quantity.value] = _ref(row)
        if quantity in SERIES:
            form |= {f"{quantity}_count": row.count, f"{quantity}_first": row.first}
            if row.number_from and row.message is not None:
                form[f"{quantity}_number"] = f"{spelled(row.message)} {row.number_from}"
    return form


def told_mapping(form: Mapping[str, Any], frames: FrameMap, before: UserMapping) -> UserMapping:
    """Return the mapping that a form says; what it does not ask for stays as it was. Raises ConfigError."""
    rows: list[SignalRow] = []
    for quantity in (*SERIES, *SINGLE):
        known = [row for row in before.rows if row.quantity is quantity]
        if not (text := form.get(quantity.value, "").strip()):
            continue
        row = known[0] if known and _ref(known[0]) == text else _new(quantity, text, frames)
        if quantity in SERIES:
            number = form.get(f"{quantity}_number", "").strip()
            row = replace(
                row,
                count=form[f"{quantity}_count"],
                first=form[f"{quantity}_first"],
                number_from=number.rpartition(" ")[2],
            )
        rows.append(row)
        rows += known[1:] if known and _ref(known[0]) == text else []
    asked = {*SERIES, *SINGLE}
    rows += [row for row in before.rows if row.quantity not in asked]
    if not rows:
        raise ConfigError("dbc_nothing_mapped", "rows")
    return replace(before, rows=tuple(rows))


def _first(mapping: UserMapping, quantity: Quantity) -> SignalRow | None:
    return next((row for row in mapping.rows if row.quantity is quantity), None)


def _ref(row: SignalRow) -> str:
    """Return how the form names what a row reads."""
    return f"{ANYWHERE if row.message is None else spelled(row.message)} {row.signal}"


def _new(quantity: Quantity, text: str, frames: FrameMap) -> SignalRow:
    """Return a row for a signal that the user chose, with what the file tells of its unit. Raises ConfigError."""
    message, _, signal = text.partition(" ")
    key = None if message == ANYWHERE else key_of(message, quantity)
    if not signal or (key is not None and key not in frames.messages):
        raise ConfigError("dbc_unknown_signal", quantity, message=message, signal=signal)
    layouts = frames.messages.values() if key is None else [frames.messages[key]]
    wanted = re.compile(re.sub(r"\\{n(:0\d)?\\}", r"\\d+", re.escape(signal)))
    layout = next(
        (one for each in layouts for name, one in each.signals.items() if wanted.fullmatch(name)),
        None,
    )
    if layout is None:
        raise ConfigError("dbc_unknown_signal", quantity, message=message, signal=signal)
    _, factor, offset = _unit(layout)
    low, high = RANGES.get(quantity, (None, None))
    return SignalRow(
        message=key, signal=signal, quantity=quantity, factor=factor, offset=offset, minimum=low, maximum=high
    )


def _unit(signal: SignalLayout) -> tuple[str, float, float]:
    """Return the unit here, factor and offset to it; nothing of a unit that is not known."""
    return UNITS.get(signal.unit.strip().lower().replace(" ", ""), ("", 1.0, 0.0))
