"""Home Assistant itself in this process, with its recorder on a file and packs in it, and what the process takes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from homeassistant.bootstrap import async_setup_hass
from homeassistant.config_entries import ConfigEntry, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.runner import RuntimeConfig

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from scripts.hass import Hass, free_port

CELLS: Final = 16
SENSORS: Final = 4
PACK: Final[Mapping[str, Any]] = {
    "type": "tcp",
    "host": "127.0.0.1",
    "unit_id": 1,
    "model": "jk_pb",
    "chemistry": "lfp",
    "cells": CELLS,
    "capacity": 280.0,
    "charge_current": 140.0,
    "discharge_current": 140.0,
    "temperature_sensors": SENSORS,
}
KEPT: Final = 3
"""Days that the recorder keeps where days are lived through, so that it comes to purge early; ten by default."""
# As users have it: the demo commits each second, to be looked at.
CONFIGURATION: Final = """\
homeassistant:
  name: Bench
  latitude: 52.5
  longitude: 13.4
  elevation: 34
  unit_system: metric
  currency: EUR
  country: DE
  time_zone: Europe/Berlin
recorder:
history:
logbook:
logger:
  default: warning
"""


def serial_number(number: int) -> str:
    """Return what the pack with this number, from 0, says it is."""
    return f"BENCH-{number:04}"


def pack(number: int, **changes: Any) -> ConfigSubentryDataWithId:
    """Return the settings of a pack; `changes` say at least where it is."""
    data = {**PACK, "serial_number": serial_number(number), **changes}
    return ConfigSubentryDataWithId(
        data=data,
        subentry_id=f"01PACK{number:020}",
        subentry_type=SUBENTRY_PACK,
        title=f"Pack {number + 1}",
        unique_id=data["serial_number"],
    )


def system(packs: Iterable[ConfigSubentryDataWithId]) -> ConfigEntry:
    """Return a battery system that Home Assistant does not know yet."""
    return ConfigEntry(
        data={},
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        minor_version=1,
        options={},
        pref_disable_new_entities=None,
        pref_disable_polling=None,
        source="user",
        subentries_data=list(packs),
        title="Home battery",
        unique_id=None,
        version=1,
    )


@asynccontextmanager
async def home(folder: Path, configuration: str = CONFIGURATION) -> AsyncGenerator[HomeAssistant]:
    """Run Home Assistant with its files in `folder`; raises RuntimeError if it does not come up."""
    Hass(folder, port=free_port(), configuration=configuration)._seed()
    hass = await async_setup_hass(RuntimeConfig(config_dir=str(folder), skip_pip=True, log_no_color=True))
    if hass is None or hass.config.recovery_mode:
        raise RuntimeError(f"Home Assistant did not come up; see {folder / 'home-assistant.log'}")
    await hass.async_start()
    try:
        yield hass
    finally:
        await hass.async_stop()


def resident() -> float:
    """Return the MB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
