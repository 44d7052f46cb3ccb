"""What the forms of the config flow ask for, and how their answers turn into a pack's settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_BAUDRATE,
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHARGE_CURRENT,
    CONF_CHEMISTRY,
    CONF_CONFIRMED,
    CONF_DISCHARGE_CURRENT,
    CONF_HARDWARE_RING,
    CONF_MODEL,
    CONF_PARTS,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_TEMPERATURE_SENSORS,
    CONF_THRESHOLDS,
    CONF_UNIT_ID,
    DOMAIN,
    TYPE_RTU_OVER_TCP,
    TYPE_TCP,
)
from ..core.chemistry import SETTINGS, defaults
from ..core.model import ConfigError
from ..core.presets import CHEMISTRIES
from ..helpers import hardware_ring, ring_data
from ..hw.devices import DEVICES
from ..hw.driver import DeviceInfo
from .selectors import choice as _choice
from .selectors import number as _number
from .selectors import whole as _whole

CONF_UNITS: Final = "units"
"""Where to look, as `detect.unit_ids` reads it."""

# A charger within nine tenths of what the pack's own protection permits never meets it (thresholds.md 2.8, YamBMS).
OWN_CURRENT_SHARE: Final = 0.9


def _device_models() -> SelectSelector:
    options = [SelectOptionDict(value=key, label=device.name) for key, device in DEVICES.items()]
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))


def _link_schema(ours: Mapping[vol.Marker, Any]) -> vol.Schema:
    """Return a link's form: what tells it from other links, then what every pack on a bus needs."""
    return vol.Schema(
        {
            **ours,
            vol.Required(CONF_UNIT_ID, default=1): _whole(0, 247),
            vol.Required(CONF_MODEL, default=next(iter(DEVICES))): _device_models(),
        }
    )


NETWORK_FIELDS: Final[Mapping[vol.Marker, Any]] = MappingProxyType(
    {
        vol.Required(CONF_TYPE, default=TYPE_TCP): _choice([TYPE_TCP, TYPE_RTU_OVER_TCP], "framing"),
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=502): _whole(1, 65535),
    }
)
"""What leads to a device behind a network address."""


def serial_fields(baudrate: int) -> dict[vol.Marker, Any]:
    """Return what leads to a device on a serial port, at the baud rate that most have."""
    return {
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        vol.Required(CONF_BAUDRATE, default=baudrate): _whole(1200, 1_000_000),
    }


NETWORK_SCHEMA: Final = _link_schema(NETWORK_FIELDS)
SERIAL_SCHEMA: Final = _link_schema(serial_fields(115200))
DETECT_NETWORK_SCHEMA: Final = vol.Schema(
    {
        **NETWORK_FIELDS,
        vol.Optional(CONF_UNITS): TextSelector(),
    }
)
DETECT_SERIAL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        vol.Optional(CONF_BAUDRATE): _whole(1200, 1_000_000),
        vol.Optional(CONF_UNITS): TextSelector(),
    }
)
VIRTUAL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_CHEMISTRY, default="lfp"): _choice(list(CHEMISTRIES), CONF_CHEMISTRY),
        vol.Required(CONF_CELLS, default=16): _whole(4, 32),
        vol.Required(CONF_SEED, default=1): _whole(0, 999_999),
        vol.Required(CONF_SPEED, default=1): _whole(1, 600),
    }
)
BATTERY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_CHEMISTRY): _choice(list(CHEMISTRIES), CONF_CHEMISTRY),
        vol.Required(CONF_CELLS): _whole(1, 400),
        vol.Required(CONF_CAPACITY): _number(1, 10_000, 0.1, "Ah"),
        vol.Required(CONF_CHARGE_CURRENT): _number(1, 2000, 0.1, "A"),
        vol.Required(CONF_DISCHARGE_CURRENT): _number(1, 2000, 0.1, "A"),
        vol.Required(CONF_TEMPERATURE_SENSORS): _whole(0, 64),
    }
)


def battery_schema(data: Mapping[str, Any]) -> vol.Schema:
    """Return the form of what a pack is made of, without what its parts tell already."""
    known = (CONF_CELLS, CONF_TEMPERATURE_SENSORS) if CONF_PARTS in data else ()
    return vol.Schema({key: value for key, value in BATTERY_SCHEMA.schema.items() if key not in known})


GROUP_OF: Final = {setting.key: setting.group for setting in SETTINGS}


def thresholds_schema(opened: str | None = None) -> vol.Schema:
    """Return the form of every threshold, a section for each group; only `opened` is not collapsed."""
    groups: dict[str, dict[vol.Marker, Any]] = {}
    for setting in SETTINGS:
        selector = _number(setting.minimum, setting.maximum, setting.step, setting.unit)
        groups.setdefault(setting.group, {})[vol.Required(setting.key)] = selector
    return vol.Schema(
        {
            vol.Required(group): section(vol.Schema(fields), {"collapsed": group != opened})
            for group, fields in groups.items()
        }
    )


def datasheet_schema(opened: str | None = None) -> vol.Schema:
    """Return the form of every threshold with the question whether the datasheet agrees."""
    return thresholds_schema(opened).extend({vol.Required(CONF_CONFIRMED, default=False): BooleanSelector()})


# What a user told, which outlives another look at the pack.
USER_FACTS: Final = frozenset({*BATTERY_SCHEMA.schema, CONF_THRESHOLDS, CONF_CONFIRMED})


def _standard(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the thresholds that a pack's chemistry and its own protection propose."""
    proposed = defaults(
        data[CONF_CHEMISTRY],
        charge_current=data[CONF_CHARGE_CURRENT],
        discharge_current=data[CONF_DISCHARGE_CURRENT],
        hardware=hardware_ring(data),
    )
    return {key: round(value, 3) for key, value in proposed.items()}


def shown_thresholds(data: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return a pack's thresholds by group, as the form wants them."""
    values = _standard(data) | data.get(CONF_THRESHOLDS, {})
    groups: dict[str, dict[str, float]] = {}
    for setting in SETTINGS:
        groups.setdefault(setting.group, {})[setting.key] = values[setting.key]
    return groups


def moved_thresholds(data: Mapping[str, Any], user_input: Mapping[str, Any]) -> dict[str, float]:
    """Return the thresholds that differ from the proposed ones; the others follow when a proposal gets better."""
    standard = _standard(data)
    told = {setting.key: float(user_input[setting.group][setting.key]) for setting in SETTINGS}
    return {key: value for key, value in told.items() if round(value, 3) != standard[key]}


def proposal(info: DeviceInfo) -> dict[str, Any]:
    """Return the battery that a pack's own words suggest."""
    capacity = info.capacity or 100.0
    ring = info.hardware_ring
    return {
        CONF_CHEMISTRY: info.chemistry or next(iter(CHEMISTRIES)),
        CONF_CELLS: info.cells or 16,
        CONF_CAPACITY: capacity,
        CONF_CHARGE_CURRENT: _proposed_current(ring.charge_current, capacity),
        CONF_DISCHARGE_CURRENT: _proposed_current(ring.discharge_current, capacity),
        CONF_TEMPERATURE_SENSORS: info.temperature_sensors,
    }


def _proposed_current(own_limit: float | None, capacity: float) -> float:
    """Return A: inside the pack's own limit, or half its capacity an hour where it tells none."""
    return round(OWN_CURRENT_SHARE * own_limit if own_limit else capacity / 2, 1)


def identity(info: DeviceInfo) -> dict[str, Any]:
    """Return what the pack told and nobody can correct."""
    return {CONF_SERIAL_NUMBER: info.fingerprint, CONF_HARDWARE_RING: ring_data(info.hardware_ring)}


async def async_refusal(hass: HomeAssistant, err: ConfigError) -> tuple[dict[str, str], dict[str, str]]:
    """Return the form's error and its placeholders, with settings called what the user knows them by.

    A setting inside a section cannot be pointed at, so its error stands above the form and names it.
    """
    labels = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})

    def name(key: str) -> str:
        return labels.get(f"component.{DOMAIN}.selector.setting.options.{key}", key)

    named = {key: name(value) if key in ("lower", "upper") else value for key, value in err.placeholders.items()}
    place = err.field if err.field in BATTERY_SCHEMA.schema or err.field == CONF_CONFIRMED else "base"
    return {place: err.key}, {**named, "field": name(err.field)}
