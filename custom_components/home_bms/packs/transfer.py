"""Gives a pack's configuration away as a document, and takes one over once everything in it is understood."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from sys import float_info
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    CONF_ADDRESS,
    CONF_DEVICE,
    CONF_DEVICE_ID,
    CONF_HOST,
    CONF_NAME,
    CONF_PORT,
    CONF_TYPE,
    CONF_UNIQUE_ID,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..can.lines import async_held_can
from ..can.pack import DBC_MOST, MODEL_DBC, can_device, can_params
from ..const import (
    CONF_BAUDRATE,
    CONF_CAN,
    CONF_CELLS,
    CONF_CHANGES_ONLY,
    CONF_CONFIRMED,
    CONF_DBC,
    CONF_DBC_NAME,
    CONF_HARDWARE_RING,
    CONF_INVERTED,
    CONF_MAPPING,
    CONF_MODEL,
    CONF_NODE,
    CONF_PARITY,
    CONF_PARTS,
    CONF_POLLING,
    CONF_ROLES,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_STOPBITS,
    CONF_TEMPERATURE_SENSORS,
    CONF_THRESHOLDS,
    CONF_UNIT_ID,
    SUBENTRY_PACK,
    TYPE_BLUETOOTH,
    TYPE_CAN,
    TYPE_PARTS,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from ..core.chemistry import SETTINGS
from ..core.model import ConfigError, HardwareRing
from ..documents import plain
from ..flow.forms import BATTERY_SCHEMA
from ..helpers import PARITIES, pack_config
from ..hw.devices import DEVICES
from ..links.lines import links_of
from ..links.users import async_clash, async_told
from ..runtime import HomeBmsConfigEntry
from ..store import UNUSABLE
from ..subentries import async_is_set_up

SCHEMA: Final = "home_bms.pack"
VERSION: Final = 1
_LETTERS: Final = 100

# Where a pack is and which one it is: given away only to whoever asks for it.
ADDRESSES: Final = frozenset(
    {
        CONF_ADDRESS,
        CONF_CAN,
        CONF_DEVICE,
        CONF_DEVICE_ID,
        CONF_HOST,
        CONF_PARTS,
        CONF_PORT,
        CONF_ROLES,
        CONF_SERIAL_NUMBER,
        CONF_UNIQUE_ID,
        CONF_UNIT_ID,
    }
)
_BATTERY: Final = {str(marker): selector for marker, selector in BATTERY_SCHEMA.schema.items() if marker != CONF_NAME}
# What a pack is made of and how it is to be guarded, which is all that is taken over for a pack that is set up: where
# it is and who it is it tells itself.
PORTABLE: Final = frozenset({*_BATTERY, CONF_THRESHOLDS, CONF_CONFIRMED})
# What leads to a pack, by the type of its settings. One of Home Assistant's own entities is not made from a document:
# what they are called elsewhere says nothing here.
_LINKS: Final[Mapping[str, Mapping[str, type]]] = {
    TYPE_TCP: {CONF_HOST: str, CONF_PORT: int, CONF_UNIT_ID: int},
    TYPE_RTU_OVER_TCP: {CONF_HOST: str, CONF_PORT: int, CONF_UNIT_ID: int},
    TYPE_SERIAL: {CONF_DEVICE: str, CONF_BAUDRATE: int, CONF_UNIT_ID: int},
    TYPE_VIRTUAL: {CONF_SEED: int, CONF_SPEED: float},
    TYPE_BLUETOOTH: {CONF_ADDRESS: str},
    TYPE_CAN: {CONF_CAN: dict},
    TYPE_PARTS: {CONF_PARTS: dict},
}
_MODBUS: Final = frozenset({TYPE_TCP, TYPE_RTU_OVER_TCP, TYPE_SERIAL, TYPE_VIRTUAL})
# As the forms that ask for them.
_RANGES: Final = {
    CONF_PORT: (1, 65535),
    CONF_UNIT_ID: (0, 247),
    CONF_BAUDRATE: (1200, 1_000_000),
    CONF_STOPBITS: (1, 2),
    CONF_SEED: (0, 999_999),
    CONF_SPEED: (1, 600),
}
# Letters of texts that may be longer than others: a path, a host's name, and the frames of a bus.
_TEXTS: Final = {CONF_DEVICE: 255, CONF_HOST: 255, CONF_DBC: DBC_MOST}
_OTHERS: Final[dict[str, type]] = {
    CONF_TYPE: str,
    CONF_MODEL: str,
    CONF_SERIAL_NUMBER: str,
    CONF_CONFIRMED: bool,
    CONF_THRESHOLDS: dict,
    CONF_HARDWARE_RING: dict,
    CONF_STOPBITS: int,
    CONF_PARITY: str,
    CONF_INVERTED: bool,
    CONF_CHANGES_ONLY: bool,
    CONF_UNIQUE_ID: str,
    CONF_DEVICE_ID: str,
    CONF_ROLES: dict,
    CONF_NODE: int,
    CONF_POLLING: bool,
    CONF_DBC: str,
    CONF_DBC_NAME: str,
    CONF_MAPPING: dict,
}
_KINDS: Final[Mapping[str, type]] = {name: kind for link in _LINKS.values() for name, kind in link.items()} | _OTHERS
KNOWN: Final = frozenset({*_BATTERY, *_KINDS})
"""Every setting of a pack, by its key."""
_SETTINGS: Final = {setting.key: setting for setting in SETTINGS}
_RING: Final = frozenset(field.name for field in fields(HardwareRing))


def export(subentry: ConfigSubentry, *, addresses: bool) -> dict[str, Any]:
    """Return a pack's configuration; without `addresses` nothing that tells where it is or which one it is."""
    data = plain(dict(subentry.data))
    document = {
        "schema": SCHEMA,
        "version": VERSION,
        "exported_at": dt_util.utcnow().isoformat(timespec="seconds"),
        "title": subentry.title,
        "addresses": addresses,
        "data": {key: value for key, value in data.items() if addresses or key not in ADDRESSES},
    }
    return document | ({"unique_id": subentry.unique_id} if addresses else {})


def checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a document once each of them is understood by itself. Raises ConfigError with the field.

    Keys: `import_schema`, `import_version`, `import_missing`, `import_unknown`, `import_kind`, `out_of_range`,
    `too_long`, and those of `pack_config`.
    """
    if document.get("schema") != SCHEMA:
        raise ConfigError("import_schema", "schema", value=f"{document.get('schema')!s:.80}")
    if document.get("version") != VERSION:
        raise ConfigError("import_version", "version", value=f"{document.get('version')!s:.80}")
    title = document.get("title")
    if not isinstance(title, str) or not 0 < len(title) <= _LETTERS:
        raise ConfigError("out_of_range", "title", value=f"{title!s:.80}", minimum=1, maximum=_LETTERS)
    data = document.get("data")
    if not isinstance(data, Mapping):
        raise _odd("data", data)
    return {name: _understood(name, value) for name, value in data.items()}


def _understood(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Return a setting as forms would. Raises ConfigError unless it is known and can be meant."""
    if (selector := _BATTERY.get(name)) is not None:
        try:
            return selector(value)
        except vol.Invalid:
            # A whole number is a number first.
            config = getattr(selector, "validators", (selector,))[0].config
            if not _is_number(value) or "min" not in config:
                raise _odd(name, value) from None
            raise ConfigError("out_of_range", name, value=value, minimum=config["min"], maximum=config["max"]) from None
    if (kind := _KINDS.get(name)) is None:
        raise ConfigError("import_unknown", name[:80])
    if name == CONF_SERIAL_NUMBER and value is None:
        # Of a pack that is built from parts nobody tells one.
        return None
    if not (_is_number(value) if kind in (int, float) else isinstance(value, kind)):
        raise _odd(name, value)
    if (kind is int and value != int(value)) or (name == CONF_PARITY and value not in PARITIES):
        raise _odd(name, value)
    if name in _RANGES:
        _in_range(name, value, *_RANGES[name])
    if isinstance(value, str) and len(value) > _TEXTS.get(name, _LETTERS):
        raise ConfigError("too_long", name, letters=len(value), maximum=_TEXTS.get(name, _LETTERS))
    if (check := _CHECKS.get(name)) is not None:
        for key, part in value.items():
            check(key, part)
    # JSON and YAML write a whole number as they like; a wire does not take them all.
    return int(value) if kind is int else value


def _check_threshold(key: str, value: object) -> None:
    if (setting := _SETTINGS.get(key)) is None:
        raise ConfigError("import_unknown", key[:80])
    _in_range(key, value, setting.minimum, setting.maximum)


def _check_register(key: str, value: object) -> None:
    if key not in _RING:
        raise ConfigError("import_unknown", key[:80])
    if not _is_number(value):
        raise _odd(key, value)


_CHECKS: Final[Mapping[str, Callable[[str, object], None]]] = {
    CONF_THRESHOLDS: _check_threshold,
    CONF_HARDWARE_RING: _check_register,
}
"""Of each setting that has settings of its own."""


def _odd(name: str, value: object) -> ConfigError:
    """Return what is wrong with a setting of another kind; as much of it is shown as tells which."""
    return ConfigError("import_kind", name, value=f"{value!s:.80}")


def _in_range(name: str, value: Any, minimum: float, maximum: float) -> None:  # noqa: ANN401
    if not _is_number(value):
        raise _odd(name, value)
    if not minimum <= value <= maximum:
        raise ConfigError("out_of_range", name, value=value, minimum=minimum, maximum=maximum)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max


def updated(subentry: ConfigSubentry, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pack's settings with what a document says it is made of. Raises ConfigError."""
    told = {name: value for name, value in checked(document).items() if name in PORTABLE}
    if CONF_PARTS in subentry.data:
        # Its parts tell that themselves.
        told = {name: value for name, value in told.items() if name not in (CONF_CELLS, CONF_TEMPERATURE_SENSORS)}
    kept = {name: value for name, value in subentry.data.items() if name not in (CONF_THRESHOLDS, CONF_CONFIRMED)}
    data = {**kept, **told}
    pack_config(data)
    return data


async def async_created(hass: HomeAssistant, document: Mapping[str, Any]) -> ConfigSubentry:
    """Return a new pack of what a document says. Raises ConfigError, also for one that is set up already."""
    data = checked(document)
    for name in (CONF_TYPE, CONF_MODEL):
        _required(data, name)
    if data[CONF_TYPE] != TYPE_PARTS and not data.get(CONF_SERIAL_NUMBER):
        raise ConfigError("import_missing", CONF_SERIAL_NUMBER)
    if (link := _LINKS.get(data[CONF_TYPE])) is None:
        raise _odd(CONF_TYPE, data[CONF_TYPE])
    by_parts = (CONF_CELLS, CONF_TEMPERATURE_SENSORS) if data[CONF_TYPE] == TYPE_PARTS else ()
    for name in (*link, *[name for name in _BATTERY if name not in by_parts]):
        _required(data, name)
    if data[CONF_TYPE] in _MODBUS and data[CONF_MODEL] not in DEVICES:
        raise _odd(CONF_MODEL, data[CONF_MODEL])
    if data[CONF_TYPE] == TYPE_CAN:
        await _async_check_can(hass, document["title"], data)
    with _meant(CONF_PARTS):
        pack_config(data)
    unique_id = document.get("unique_id") or data.get(CONF_SERIAL_NUMBER)
    if not isinstance(unique_id, str) or len(unique_id) > _LETTERS:
        raise _odd("unique_id", unique_id)
    await _async_check_link(hass, document["title"], data)
    if async_is_set_up(hass, unique_id):
        raise ConfigError("pack_known", "unique_id", found=unique_id)
    return ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_PACK, title=document["title"], unique_id=unique_id
    )


async def _async_check_link(hass: HomeAssistant, title: str, data: Mapping[str, Any]) -> None:
    """Raise ConfigError unless all on a link agree on its settings: at the next start they would stop every pack."""
    for link in links_of(data):
        with _meant(CONF_TYPE):
            clash = async_clash(hass, link)
        if DEVICES[link[CONF_MODEL]].own_line and link[CONF_TYPE] == TYPE_TCP:
            raise _odd(CONF_TYPE, link[CONF_TYPE])
        if clash is not None:
            told = await async_told(hass, clash)
            error = f"{told['name']}, {told['field']}: {told['theirs']} ≠ {told['ours']}"
            raise ConfigError("link_settings_in_use", clash.field, name=title, error=error)


async def _async_check_can(hass: HomeAssistant, title: str, data: Mapping[str, Any]) -> None:
    """Raise ConfigError unless a bus and what is on it can be meant: at the next start they would stop every pack."""
    with _meant(CONF_CAN):
        params = can_params(data)
    if (held := async_held_can(hass, params)) is not None and held.params != params:
        raise ConfigError("link_settings_in_use", CONF_CAN, name=title, error=params.key)
    if data[CONF_MODEL] == MODEL_DBC:
        for name in (CONF_DBC_NAME, CONF_DBC, CONF_MAPPING):
            _required(data, name)
    with _meant(CONF_MAPPING):
        await hass.async_add_executor_job(can_device, data)


def _required(data: Mapping[str, Any], name: str) -> None:
    if name not in data:
        raise ConfigError("import_missing", name)


@contextmanager
def _meant(name: str) -> Generator[None]:
    """Tell of a nested setting that nobody can read as a ConfigError of the whole of it."""
    try:
        yield
    except ConfigError as err:
        if name == CONF_PARTS:
            raise
        # The forms that ask for a bus have words of their own for each of these.
        raise _odd(err.field, err.placeholders.get("value", err.key)) from err
    except UNUSABLE as err:
        raise _odd(name, str(err)) from err


async def async_import(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, pack_id: str | None, document: Mapping[str, Any]
) -> tuple[str, bool]:
    """Update a pack, or without one create it; return its subentry and whether it is new. Raises ConfigError.

    Whoever takes settings over from elsewhere looks at them before they act: control is no longer allowed.
    """
    if pack_id is None:
        subentry = await async_created(hass, document)
        await entry.runtime_data.async_allow_control(False)
        hass.config_entries.async_add_subentry(entry, subentry)
        return subentry.subentry_id, True
    subentry = entry.subentries[pack_id]
    data = updated(subentry, document)
    await entry.runtime_data.async_allow_control(False)
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
    return pack_id, False
