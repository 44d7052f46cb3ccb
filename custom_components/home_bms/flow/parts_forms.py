"""What the forms about a pack's parts ask for, and how their answers turn into a member's row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SerialPortSelector,
    TextSelector,
)

from ..const import CONF_BAUDRATE, CONF_STOPBITS, TYPE_RTU_OVER_TCP, TYPE_TCP
from ..core.model import ConfigError
from ..hw.channels import Channels, Current
from ..hw.devices import DEVICES, Device
from ..hw.parts_config import CurrentRole, SwitchKind
from ..packs.parts_words import kind_name
from .channel_lists import from_one, from_zero, read_list, read_numbers, write_list
from .selectors import choice, number, pick, whole

CONF_LINK: Final = "link"
CONF_UNITS: Final = "unit_ids"
CONF_RELAY: Final = "relay"
CONF_SURE: Final = "sure"
CONF_MEMBER: Final = "member"
CONF_SWITCH: Final = "switch"
CONF_SHARED: Final = "shared_bus"
CONF_WITHIN: Final = "precharge_within"
NONE: Final = "none"

NETWORK_LINK_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_TYPE, default=TYPE_RTU_OVER_TCP): choice([TYPE_TCP, TYPE_RTU_OVER_TCP], "framing"),
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=502): whole(1, 65535),
    }
)
SERIAL_LINK_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        vol.Required(CONF_BAUDRATE, default=9600): whole(1200, 1_000_000),
        vol.Required(CONF_STOPBITS, default=1): whole(1, 2),
    }
)
BUS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_SHARED, default=False): BooleanSelector(),
        vol.Required(CONF_WITHIN, default=2.0): number(0.1, 60, 0.1, "s"),
    }
)


def devices() -> list[Device]:
    """Return what may be a member: whatever answers when it is asked."""
    return [device for device in DEVICES.values() if device.broadcast is None]


@callback
def member_schema(hass: HomeAssistant, links: Iterable[str]) -> vol.Schema:
    """Return the form of a member: which device it is, and where."""
    known = [
        SelectOptionDict(value=device.key, label=f"{device.name} ({kind_name(hass, device.kind)})")
        for device in sorted(devices(), key=lambda device: (device.kind, device.name))
    ]
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_DEVICE): pick(known),
            vol.Required(CONF_LINK, default=next(iter(links))): pick(plain(links)),
            vol.Required(CONF_UNITS, default="1"): TextSelector(),
        }
    )


def channels_schema(has: Channels) -> vol.Schema:
    """Return the form that maps what a device has."""
    fields: dict[vol.Marker, Any] = {}
    if has.cells:
        fields[vol.Optional("cells")] = TextSelector()
    if has.temperatures:
        fields[vol.Optional("temperatures")] = TextSelector()
        fields[vol.Optional("switch_temperature")] = whole(1, has.temperatures)
    if has.current is not Current.NONE:
        options = [NONE, *(role.value for role in CurrentRole)]
        fields[vol.Required("current", default=NONE)] = choice(options, "parts_current")
    if has.voltages:
        for tap in ("pack_voltage", "link_voltage"):
            fields[vol.Optional(tap)] = whole(1, has.voltages)
            fields[vol.Required(f"{tap}_factor", default=1.0)] = number(0.001, 100_000, 0.001)
    if has.relays:
        fields[vol.Optional("main")] = TextSelector()
        fields[vol.Optional("precharge")] = TextSelector()
    if has.contacts:
        fields[vol.Optional("auxiliary")] = whole(1, has.contacts)
        fields[vol.Required("normally_open", default=True)] = BooleanSelector()
    return vol.Schema(fields)


def switch_schema(has: Channels) -> vol.Schema:
    """Return the form of an additional relay that people switch."""
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required("kind"): choice([kind.value for kind in SwitchKind], "parts_switch_kind"),
        vol.Required("relays"): TextSelector(),
    }
    if has.contacts:
        fields[vol.Optional("auxiliary")] = whole(1, has.contacts)
        fields[vol.Required("normally_open", default=True)] = BooleanSelector()
    return vol.Schema(fields)


def relay_schema(relays: Sequence[int]) -> vol.Schema:
    """Return the form that asks which relay, from 0, is moved, and whether the user is sure."""
    return vol.Schema(
        {
            vol.Required(CONF_RELAY): pick(plain(str(relay + 1) for relay in relays)),
            vol.Required(CONF_SURE, default=False): BooleanSelector(),
        }
    )


def pick_schema(key: str, names: Iterable[str]) -> vol.Schema:
    """Return the form that asks for one of several names."""
    return vol.Schema({vol.Required(key): pick(plain(names))})


def plain(names: Iterable[str]) -> list[SelectOptionDict]:
    """Return names as options that are called so."""
    return [SelectOptionDict(value=name, label=name) for name in names]


def member_row(told: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member's row with who and where it is; its channels stay as long as it is the same kind of device.

    What was tried on the bench was tried with the board that was there. Raises ConfigError.
    """
    kept = dict(before) if before.get(CONF_DEVICE) == told[CONF_DEVICE] else {}
    kept.pop("fingerprint", None)
    where = {
        CONF_NAME: told[CONF_NAME].strip(),
        CONF_DEVICE: told[CONF_DEVICE],
        CONF_LINK: told[CONF_LINK],
        CONF_UNITS: _read(told, CONF_UNITS, read_numbers),
    }
    if any(kept.get(key) != where[key] for key in (CONF_LINK, CONF_UNITS)):
        kept.pop("pulse_restarts", None)
    return kept | where


def shown_member(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member's row as its form wants it."""
    return {**row, CONF_UNITS: write_list(row[CONF_UNITS])} if row else {}


def channels_row(told: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member's row with its channels as the form maps them. Raises ConfigError."""
    kept = {key: value for key, value in before.items() if key not in _CHANNELS}
    found: dict[str, Any] = {
        "cells": _read(told, "cells", lambda text: from_zero(read_list(text))),
        "temperatures": _read(told, "temperatures", _channels),
        "switch_temperature": _channel(told, "switch_temperature"),
        "current": None if told.get("current", NONE) == NONE else told["current"],
        "main": _read(told, "main", _channels),
        "precharge": _read(told, "precharge", _channels),
        "auxiliary": _contact(told),
    }
    for tap in ("pack_voltage", "link_voltage"):
        if (channel := _channel(told, tap)) is not None:
            found[tap] = {"channel": channel, "factor": told[f"{tap}_factor"]}
    return kept | {key: value for key, value in found.items() if value not in (None, [])}


_CHANNELS: Final = frozenset(
    ("cells", "temperatures", "switch_temperature", "current", "pack_voltage", "link_voltage")
) | {"main", "precharge", "auxiliary"}


def shown_channels(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the channels of a member's row as their form wants them."""
    found: dict[str, Any] = {"current": row.get("current", NONE)}
    for key in ("cells", "temperatures", "main", "precharge"):
        if key in row:
            found[key] = write_list(from_one(row[key]))
    if "switch_temperature" in row:
        found["switch_temperature"] = row["switch_temperature"] + 1
    for tap in ("pack_voltage", "link_voltage"):
        if tap in row:
            found |= {tap: row[tap].get("channel", 0) + 1, f"{tap}_factor": row[tap].get("factor", 1.0)}
    if "auxiliary" in row:
        contact = row["auxiliary"]
        found |= {"auxiliary": contact["channel"] + 1, "normally_open": contact.get("normally_open", True)}
    return found


def switch_row(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of an additional relay. Raises ConfigError."""
    found = {CONF_NAME: told[CONF_NAME].strip(), "kind": told["kind"], "relays": _read(told, "relays", _channels)}
    contact = _contact(told)
    return found if contact is None else found | {"auxiliary": contact}


def _channel(told: Mapping[str, Any], key: str) -> int | None:
    found = told.get(key)
    return None if found is None else int(found) - 1


def _contact(told: Mapping[str, Any]) -> dict[str, Any] | None:
    channel = _channel(told, "auxiliary")
    return None if channel is None else {"channel": channel, "normally_open": told["normally_open"]}


def _channels(text: str) -> list[int]:
    """Return channels from 0. Raises ValueError."""
    return [channel for channel in from_zero(read_numbers(text)) if channel is not None]


def _read[T](told: Mapping[str, Any], key: str, kind: Callable[[str], list[T]]) -> list[T]:
    """Return a list that people wrote. Raises ConfigError."""
    text = told.get(key, "")
    try:
        return kind(text)
    except ValueError as err:
        raise ConfigError("parts_not_readable", key, value=text) from err
