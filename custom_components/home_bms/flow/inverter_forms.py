"""What the forms for an inverter ask for, and what their answers are as its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    TextSelector,
)

from ..const import (
    CONF_DISCHARGE_POWER,
    CONF_INVERTED,
    CONF_LEAST_RISE,
    CONF_MODEL,
    CONF_PARITY,
    CONF_PEERS,
    CONF_POWER_SIGN,
    CONF_RISE_AFTER,
    CONF_SETPOINT_SIGN,
    CONF_SHARE,
    CONF_STOPBITS,
    CONF_UNIT_ID,
    TYPE_SERIAL,
)
from ..helpers import PARITIES
from ..hw.inverters.can_protocol import CanProtocol, choices, data_of, kind_of, options_from_data
from ..hw.inverters.presets import PRESETS
from ..hw.sunspec.memory import BASES
from ..inverters.coordinator import SHARE_WHOLE
from ..inverters.entity_inverter import LEAST_RISE, RISE_AFTER
from ..inverters.roles import INVERTER_SLOTS, PowerSign, Work
from .forms import NETWORK_FIELDS, serial_fields
from .selectors import choice, number, pick, whole

CONF_BASE: Final = "base"
"""The first register of what is served, as the settings keep it ..."""
CONF_FIRST_REGISTER: Final = "first_register"
"""... and in the form, where `base` is the place of errors that belong to no field."""
SIGNS: Final[Mapping[str, int | None]] = MappingProxyType(
    {"unknown": None, "negative_charges": -1, "positive_charges": 1}
)
"""Which way a SunSpec set-point goes; without knowing, none is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusForm:
    """One way to a kind of inverter on Modbus."""

    model: str
    schema: vol.Schema


def _modbus(link: Mapping[vol.Marker, Any], unit_id: int, more: Mapping[vol.Marker, Any]) -> vol.Schema:
    return vol.Schema({**link, vol.Required(CONF_UNIT_ID, default=unit_id): whole(0, 247), **more})


_SERIAL: Final[Mapping[vol.Marker, Any]] = MappingProxyType(
    {
        # What most inverters are delivered with.
        **serial_fields(9600),
        vol.Required(CONF_PARITY, default="none"): choice(list(PARITIES), CONF_PARITY),
        vol.Required(CONF_STOPBITS, default=1): whole(1, 2),
    }
)
_SUNSPEC: Final[Mapping[vol.Marker, Any]] = MappingProxyType(
    {
        vol.Optional(CONF_DISCHARGE_POWER): number(100, 1_000_000, 1, "W"),
        vol.Optional(CONF_SETPOINT_SIGN): choice(list(SIGNS), CONF_SETPOINT_SIGN),
    }
)
MODBUS_FORMS: Final[Mapping[str, ModbusForm]] = MappingProxyType(
    {
        # A GX serves Modbus on its network alone (`modbus/07_victron_gx.md`).
        "victron_gx": ModbusForm(model="victron_gx", schema=_modbus(NETWORK_FIELDS, 100, {})),
        "sunspec": ModbusForm(model="sunspec", schema=_modbus(NETWORK_FIELDS, 1, _SUNSPEC)),
        "sunspec_serial": ModbusForm(model="sunspec", schema=_modbus(_SERIAL, 1, _SUNSPEC)),
    }
)
"""By the step of the flow."""
SERVER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HOST, default="0.0.0.0"): TextSelector(),  # noqa: S104 - who adds a server wants it read
        vol.Required(CONF_PORT, default=1502): whole(1, 65535),
        vol.Required(CONF_UNIT_ID, default=1): whole(1, 247),
        vol.Required(CONF_FIRST_REGISTER, default=str(BASES[0])): pick(
            [SelectOptionDict(value=str(base), label=str(base)) for base in BASES]
        ),
        vol.Optional(CONF_PEERS): TextSelector(),
    }
)
MODEL_SCHEMA: Final = vol.Schema({vol.Required(CONF_MODEL): choice(list(PRESETS), "can_make")})
"""Which make of inverter is on a CAN bus."""
ENTITIES_SCHEMA: Final = vol.Schema(
    {
        **{
            vol.Optional(slot.role.value): EntitySelector(EntitySelectorConfig(domain=slot.platform))
            for slot in INVERTER_SLOTS.values()
        },
        vol.Optional(CONF_POWER_SIGN): choice([sign.value for sign in PowerSign], CONF_POWER_SIGN),
        vol.Required(CONF_INVERTED, default=False): BooleanSelector(),
        vol.Required(CONF_RISE_AFTER, default=RISE_AFTER): number(5, 3600, 1, "s"),
        vol.Required(CONF_LEAST_RISE, default=LEAST_RISE): number(0, 50, 1, "%"),
    }
)
_ENTITY_OPTIONS: Final = (CONF_POWER_SIGN, CONF_INVERTED, CONF_RISE_AFTER, CONF_LEAST_RISE)


def works_schema(offered: Sequence[str]) -> vol.Schema:
    """Return the form that asks what the options of a work mode do; without standby none can be asked to stop."""
    options = pick([SelectOptionDict(value=option, label=option) for option in offered])
    needed = {Work.STANDBY: vol.Required}
    return vol.Schema({needed.get(work, vol.Optional)(work.value): options for work in Work})


_NAMED: Final = vol.Schema({vol.Required(CONF_NAME): TextSelector()})
_SHARED: Final = _NAMED.extend(
    {vol.Required(CONF_SHARE, default=SHARE_WHOLE): number(1, SHARE_WHOLE, 1, "%")},
)


def settings_schema(*, shares: bool) -> vol.Schema:
    """Return the last form; who moves no current has no share of it."""
    return _SHARED if shares else _NAMED


def _option(part: Field[Any]) -> tuple[vol.Marker, Any]:
    """Return the field of an option. Its bounds are kept by `options_from_data`, whose errors name them."""
    kind = kind_of(part)
    if kind is bool:
        return vol.Required(part.name), BooleanSelector()
    if kind is StrEnum:
        return vol.Required(part.name), choice([each.value for each in choices(part)], f"can_{part.name}")
    if kind is str:
        # Who empties it leaves it out.
        return vol.Optional(part.name), TextSelector()
    box = NumberSelectorConfig(mode=NumberSelectorMode.BOX, step=1 if kind is int else "any")
    return vol.Required(part.name), NumberSelector(box)


def options_schema(protocol: CanProtocol[Any], *, opened: bool) -> vol.Schema:
    """Return the form of a protocol's options, in a section that bears its name: each protocol has words of its own."""
    options = dict(map(_option, fields(protocol.options)))
    return vol.Schema({vol.Required(protocol.key): section(vol.Schema(options), {"collapsed": not opened})})


def told_options(protocol: CanProtocol[Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a form tells; a text that was emptied is empty."""
    emptied = {part.name: "" for part in fields(protocol.options) if kind_of(part) is str}
    return {**emptied, **form[protocol.key]}


def shown_options(protocol: CanProtocol[Any], preset: Mapping[str, Any], moved: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the form wants them: those of the preset, but as far as the user has moved them."""
    usual = data_of(options_from_data(protocol.options, preset))
    return {protocol.key: usual | {name: value for name, value in moved.items() if name in usual}}


def modbus_data(step_id: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form as the settings keep it."""
    data = {CONF_TYPE: TYPE_SERIAL, **form, CONF_MODEL: MODBUS_FORMS[step_id].model}
    if CONF_HOST in data:
        # One connection is shared per host and port, so spelling matters.
        data[CONF_HOST] = data[CONF_HOST].strip().lower()
    if (sign := SIGNS[data.pop(CONF_SETPOINT_SIGN, "unknown")]) is not None:
        data[CONF_SETPOINT_SIGN] = sign
    return data


def shown_modbus(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the form wants them."""
    names = {sign: name for name, sign in SIGNS.items()}
    return {**data, CONF_SETPOINT_SIGN: names[data.get(CONF_SETPOINT_SIGN)]}


def chosen_roles(form: Mapping[str, Any]) -> dict[str, str]:
    """Return the entity of each role that a form fills."""
    return {role.value: form[role.value] for role in INVERTER_SLOTS if form.get(role.value)}


def shown_roles(data: Mapping[str, Any], roles: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return settings as the form of the entities wants them; `roles` are entity ids."""
    options = {name: data[name] for name in _ENTITY_OPTIONS if name in data}
    return {**options, **{role: entities[0] for role, entities in roles.items() if entities}}
