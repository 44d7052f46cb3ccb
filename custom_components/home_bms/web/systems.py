"""Tells the browser which battery systems there are, and what does not change of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.const import CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_loaded_integration

from ..const import DOMAIN
from ..coordinator import PackCoordinator
from ..core.model import Level, PackConfig, Stage
from ..helpers import device_name, device_of
from ..inverters.coordinator import InverterCoordinator
from ..runtime import HomeBmsConfigEntry
from .places import loaded
from .schema import InverterInfo, PackInfo, Scale, SystemInfo, Systems

type _Entities = Mapping[str, dict[str, str]]
"""Entity ids by the identity that their unique ids begin with, then by key."""

_CELL_FIGURE: Final = re.compile(r"cell_(\d+)_(\w+)")
# Share of what lies between the outermost stages by which a picture goes beyond them.
_MARGIN: Final = 0.05
# A difference is drawn to so many times that from which a limit falls: what it trips at is far beyond.
_DIFFERENCES: Final = 2.0


@callback
def systems(hass: HomeAssistant) -> Systems:
    """Return all that are set up."""
    return Systems(systems=[_system(hass, entry) for entry in loaded(hass)])


def _system(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> SystemInfo:
    runtime, found = entry.runtime_data, _entities(hass, entry)
    device_id, name, _ = _device(hass, entry, entry.entry_id, entry.title)
    return SystemInfo(
        entry_id=entry.entry_id,
        device_id=device_id,
        name=name,
        version=str(async_get_loaded_integration(hass, DOMAIN).version),
        packs=[_pack(hass, entry, pack, found[key]) for key, pack in runtime.packs.items()],
        inverters=[_inverter(hass, entry, inverter, found[key]) for key, inverter in runtime.inverters.items()],
        entities=found[entry.entry_id],
    )


def _pack(hass: HomeAssistant, entry: HomeBmsConfigEntry, pack: PackCoordinator, entities: dict[str, str]) -> PackInfo:
    config = pack.config
    device_id, name, model = _device(hass, entry, pack.identity, pack.name)
    return PackInfo(
        device_id=device_id,
        name=name,
        model=model,
        chemistry=config.chemistry,
        cells=config.cells,
        sensors=config.temperature_sensors,
        capacity=config.capacity,
        charge_current=config.charge_current,
        discharge_current=config.discharge_current,
        cell_voltage=_scale(config, ("cell_undervoltage",), ("cell_overvoltage",)),
        temperature=_scale(
            config,
            ("charge_undertemperature", "discharge_undertemperature"),
            ("charge_overtemperature", "discharge_overtemperature"),
        ),
        difference=_difference(config),
        virtual=pack.subentry.data[CONF_TYPE] == "virtual",
        entities=entities,
    )


def _inverter(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, inverter: InverterCoordinator, entities: dict[str, str]
) -> InverterInfo:
    device_id, name, model = _device(hass, entry, inverter.identity, inverter.name)
    return InverterInfo(device_id=device_id, name=name, model=model, entities=entities)


def _device(hass: HomeAssistant, entry: HomeBmsConfigEntry, key: str, name: str) -> tuple[str, str, str]:
    """Return a device's id, name and model, as far as a user has not removed it."""
    device = device_of(hass, entry.entry_id, key)
    if device is None:
        return "", name, ""
    return device.id, device_name(device, name), device.model or ""


def _entities(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> _Entities:
    """Return the entities of a system that are not disabled; of one key the sensor comes first."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    for each in sorted(registered, key=lambda each: (each.domain != "sensor", each.domain)):
        identity, _, key = each.unique_id.partition("_")
        if each.disabled_by is None:
            key = _CELL_FIGURE.sub(r"cell_\2_\1", key)
            found[identity][f"{each.domain}.{key}" if key in found[identity] else key] = each.entity_id
    return found


def _scale(config: PackConfig, low: Iterable[str], high: Iterable[str]) -> Scale:
    """Return between what a value is drawn: of several protections the first that is met warns and limits."""
    below = [stage for key in low for stage in config.stages.get(key, ())]
    above = [stage for key in high for stage in config.stages.get(key, ())]
    least = min([stage.at for stage in below], default=0.0)
    most = max([stage.at for stage in above], default=least)
    margin = _MARGIN * (most - least)
    return Scale(
        low=least - margin,
        low_protect=max(_limiting(below), default=None),
        low_warn=max(_warning(below), default=None),
        high_warn=min(_warning(above), default=None),
        high_protect=min(_limiting(above), default=None),
        high=most + margin,
    )


def _difference(config: PackConfig) -> Scale:
    stages = config.stages.get("cell_difference", ())
    warn, limiting = min(_warning(stages), default=None), min(_limiting(stages), default=None)
    return Scale(
        low=0.0,
        low_protect=None,
        low_warn=None,
        high_warn=warn,
        high_protect=limiting,
        high=_DIFFERENCES * (limiting or warn or config.balance_on),
    )


def _warning(stages: Iterable[Stage]) -> list[float]:
    return [stage.at for stage in stages if stage.level is Level.WARN]


def _limiting(stages: Iterable[Stage]) -> list[float]:
    return [stage.at for stage in stages if stage.level > Level.WARN]
