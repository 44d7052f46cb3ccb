"""What the forms for an inverter ask for, and what their answers are as its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    TextSelector,
)

from .const import (
    CONF_DISCHARGE_POWER,
    CONF_INVERTED,
    CONF_LEAST_RISE,
    CONF_MODEL,
    CONF_RISE_AFTER,
    CONF_SETPOINT_SIGN,
    CONF_SHARE,
    CONF_UNIT_ID,
    TYPE_RTU_OVER_TCP,
    TYPE_TCP,
)
from .entity_inverter import LEAST_RISE, RISE_AFTER
from .hw.inverters.presets import PRESETS
from .hw.sunspec.memory import BASES
from .inverter_coordinator import SHARE_WHOLE
from .inverter_roles import INVERTER_SLOTS
from .selectors import choice, number, pick, whole

CONF_BASE: Final = "base"
SIGNS: Final[Mapping[str, int | None]] = MappingProxyType(
    {"unknown": None, "negative_charges": -1, "positive_charges": 1}
)
"""Which way a SunSpec set-point goes; without knowing, none is told."""


def _modbus(unit_id: int, **more: Any) -> vol.Schema:  # noqa: ANN401 - selectors
    return vol.Schema(
        {
            vol.Required(CONF_TYPE, default=TYPE_TCP): choice([TYPE_TCP, TYPE_RTU_OVER_TCP], "framing"),
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=502): whole(1, 65535),
            vol.Required(CONF_UNIT_ID, default=unit_id): whole(0, 247),
            **{vol.Optional(name): selector for name, selector in more.items()},
        }
    )


MODBUS_SCHEMAS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        "victron_gx": _modbus(100),
        "sunspec": _modbus(
            1,
            **{
                CONF_DISCHARGE_POWER: number(100, 1_000_000, 1, "W"),
                CONF_SETPOINT_SIGN: choice(list(SIGNS), CONF_SETPOINT_SIGN),
            },
        ),
    }
)
"""By the step, which is the model too."""
SERVER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HOST, default="0.0.0.0"): TextSelector(),  # noqa: S104 - who adds a server wants it read
        vol.Required(CONF_PORT, default=1502): whole(1, 65535),
        vol.Required(CONF_UNIT_ID, default=1): whole(1, 247),
        vol.Required(CONF_BASE, default=str(BASES[0])): pick(
            [SelectOptionDict(value=str(base), label=str(base)) for base in BASES]
        ),
    }
)
MODEL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_MODEL): pick(
            [SelectOptionDict(value=preset.key, label=preset.name) for preset in PRESETS.values()]
        )
    }
)
"""Which make of inverter is on a CAN bus."""
ENTITIES_SCHEMA: Final = vol.Schema(
    {
        **{
            vol.Optional(slot.role.value): EntitySelector(EntitySelectorConfig(domain=slot.platform))
            for slot in INVERTER_SLOTS.values()
        },
        vol.Required(CONF_INVERTED, default=False): BooleanSelector(),
        vol.Required(CONF_RISE_AFTER, default=RISE_AFTER): number(5, 3600, 1, "s"),
        vol.Required(CONF_LEAST_RISE, default=LEAST_RISE): number(0, 50, 1, "%"),
    }
)
_NAMED: Final = vol.Schema({vol.Required(CONF_NAME): TextSelector()})
_SHARED: Final = _NAMED.extend(
    {vol.Required(CONF_SHARE, default=SHARE_WHOLE): number(1, SHARE_WHOLE, 1, "%")},
)


def settings_schema(*, shares: bool) -> vol.Schema:
    """Return the last form; who moves no current has no share of it."""
    return _SHARED if shares else _NAMED


def modbus_data(model: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form as the settings keep it."""
    data = {**form, CONF_MODEL: model, CONF_HOST: form[CONF_HOST].strip().lower()}
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
    options = {name: data[name] for name in (CONF_INVERTED, CONF_RISE_AFTER, CONF_LEAST_RISE) if name in data}
    return {**options, **{role: entities[0] for role, entities in roles.items() if entities}}
