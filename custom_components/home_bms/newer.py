"""Finds in the settings of a battery system what only a newer version can have written, and says so."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import (
    CONF_BAUDRATE,
    CONF_CAN,
    CONF_DISCHARGE_POWER,
    CONF_HARDWARE_RING,
    CONF_INVERTED,
    CONF_LEAST_RISE,
    CONF_MODEL,
    CONF_OPTIONS,
    CONF_PARITY,
    CONF_POWER_SIGN,
    CONF_RISE_AFTER,
    CONF_ROLES,
    CONF_SERIAL_NUMBER,
    CONF_SERVER,
    CONF_SETPOINT_SIGN,
    CONF_SHARE,
    CONF_STOPBITS,
    CONF_UNIT_ID,
    CONF_WORKS,
    DOMAIN,
    LOGGER,
    SUBENTRY_INVERTER,
    SUBENTRY_PACK,
    SUBENTRY_PROGRAMME,
    TYPE_CAN,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from .core.model import HardwareRing
from .hw.devices import DEVICES
from .hw.inverters.modbus import MODBUS_INVERTERS
from .hw.inverters.presets import CAN_INVERTERS
from .inverters.sources import OPENERS
from .packs.sources import SOURCES
from .packs.transfer import KNOWN
from .programmes.settings import (
    CONF_MAY,
    CONF_OUTAGE_RESERVE,
    CONF_POLL_PERIOD,
    CONF_PRIORITY,
    CONF_PROGRAMME,
    CONF_PROGRAMME_NAME,
    PRIVATE,
    May,
)
from .repair_issues import async_raise

VERSION: Final = (1, 1)
"""Of an entry, major and minor, that this version writes."""
ISSUE: Final = "entry_too_new"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What this version knows of one kind of subentry."""

    keys: Container[str]
    values: Mapping[str, Container[object]]
    """What a setting may be, where it is one of a list."""
    models: Mapping[str, Container[object]]
    """The same of the model, by type."""


_MODBUS: Final = (TYPE_TCP, TYPE_RTU_OVER_TCP, TYPE_SERIAL)
_RING: Final = frozenset(field.name for field in fields(HardwareRing))
_INVERTER: Final = frozenset(
    {
        CONF_BAUDRATE,
        CONF_CAN,
        CONF_DEVICE,
        CONF_DISCHARGE_POWER,
        CONF_HOST,
        CONF_INVERTED,
        CONF_LEAST_RISE,
        CONF_MODEL,
        CONF_OPTIONS,
        CONF_PARITY,
        CONF_PORT,
        CONF_POWER_SIGN,
        CONF_RISE_AFTER,
        CONF_ROLES,
        CONF_SERIAL_NUMBER,
        CONF_SERVER,
        CONF_SETPOINT_SIGN,
        CONF_SHARE,
        CONF_STOPBITS,
        CONF_TYPE,
        CONF_UNIT_ID,
        CONF_WORKS,
    }
)
_PROGRAMME: Final = PRIVATE | {
    CONF_MAY,
    CONF_NAME,
    CONF_OUTAGE_RESERVE,
    CONF_POLL_PERIOD,
    CONF_PRIORITY,
    CONF_PROGRAMME,
    CONF_PROGRAMME_NAME,
}
_KINDS: Final[Mapping[str, _Known]] = {
    SUBENTRY_PACK: _Known(
        keys=KNOWN,
        values={CONF_TYPE: SOURCES},
        models=dict.fromkeys((*_MODBUS, TYPE_VIRTUAL), DEVICES),
    ),
    SUBENTRY_INVERTER: _Known(
        keys=_INVERTER,
        values={CONF_TYPE: OPENERS},
        models=dict.fromkeys(_MODBUS, MODBUS_INVERTERS) | {TYPE_CAN: CAN_INVERTERS},
    ),
    SUBENTRY_PROGRAMME: _Known(keys=_PROGRAMME, values={CONF_MAY: frozenset(May)}, models={}),
}


def unknown_setting(entry: ConfigEntry) -> str | None:
    """Return the first setting of an entry that this version does not know, for people; `None` where there is none.

    A limit that is not understood is a limit that is not kept, so that the whole battery system is refused.
    """
    for subentry in entry.subentries.values():
        if (place := _unknown(subentry)) is not None:
            return f"{subentry.title}: {place}"
    return None


def _unknown(subentry: ConfigSubentry) -> str | None:
    data = subentry.data
    if (known := _KINDS.get(subentry.subentry_type)) is None:
        return subentry.subentry_type
    permitted = {**known.values, CONF_MODEL: known.models.get(data.get(CONF_TYPE, ""), data.values())}
    for name, value in data.items():
        if name not in known.keys:
            return name
        if name in permitted and value not in permitted[name]:
            return f"{name} {value}"
    new = [name for name in data.get(CONF_HARDWARE_RING, {}) if name not in _RING]
    return f"{CONF_HARDWARE_RING} {new[0]}" if new else None


@callback
def async_tell_newer(hass: HomeAssistant) -> None:
    """Say of each entry of a newer version why it is not set up; Home Assistant itself only calls it a failure."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if (entry.version, entry.minor_version) <= VERSION:
            continue
        found = f"{entry.version}.{entry.minor_version}"
        LOGGER.error("The settings of %s were written by a newer version of home_bms (%s)", entry.title, found)
        async_raise(
            hass,
            f"{ISSUE}_{entry.entry_id}",
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE,
            shown={"name": entry.title, "place": f"version {found}"},
            data={"entry_id": entry.entry_id},
        )
