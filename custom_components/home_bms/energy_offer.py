"""Offers the battery system to the energy dashboard, and takes the offer back once it is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.importlib import async_import_module
from homeassistant.setup import async_when_setup

from .const import DOMAIN, LOGGER
from .repair_issues import async_raise, async_withdraw
from .runtime import HomeBmsConfigEntry

if TYPE_CHECKING:
    from homeassistant.components.energy.data import BatterySourceType, EnergyManager, EnergyPreferences

# Not one of the manifest's after_dependencies: with them a BMS would wait until the recorder has migrated its database.
ENERGY: Final = "energy"
OFFER: Final = "energy_dashboard"


@callback
def async_watch_energy(hass: HomeAssistant) -> None:
    """Judge every system's offer once energy is set up, and take each back as soon as its battery was added."""

    async def follow(hass: HomeAssistant, _: str) -> None:
        async def withdraw() -> None:
            for entry in hass.config_entries.async_loaded_entries(DOMAIN):
                if present(hass, entry, shown_batteries(manager)):
                    _withdraw(hass, entry)

        manager = await _manager(hass)
        manager.async_listen_updates(withdraw)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await async_offer(hass, entry)

    async_when_setup(hass, ENERGY, follow)


async def async_offer(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Offer a system that the energy dashboard does not show; whoever has ignored the offer hears no more of it."""
    try:
        await _judge(hass, entry)
    except Exception:  # noqa: BLE001 - a dashboard must not keep a battery from being watched
        LOGGER.exception("%s could not be offered to the energy dashboard", entry.title)


async def async_energy(hass: HomeAssistant) -> EnergyManager | None:
    """Return what keeps the preferences of the energy dashboard; `None` where there is no such dashboard."""
    return await _manager(hass) if ENERGY in hass.config.components else None


def preferences_of(manager: EnergyManager) -> EnergyPreferences:
    """Return what the energy dashboard shows; nothing where nobody has set it up yet."""
    return manager.data or manager.default_preferences()


def shown_batteries(manager: EnergyManager) -> list[BatterySourceType]:
    """Return the batteries that the energy dashboard shows."""
    return [source for source in preferences_of(manager)["energy_sources"] if source["type"] == "battery"]


@callback
def present(hass: HomeAssistant, entry: HomeBmsConfigEntry, batteries: Iterable[BatterySourceType]) -> bool:
    """Whether one of these batteries is counted by the system, or by one of its packs: it must not be counted twice."""
    ours = {row.entity_id for row in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    return any({battery["stat_energy_from"], battery["stat_energy_to"]} & ours for battery in batteries)


@callback
def battery_of(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> BatterySourceType | None:
    """Return all packs of a loaded system as one battery of the energy dashboard.

    `None` while it has no pack, or where a person has switched one of its energy counters off.
    """
    energy_in, energy_out = _sensor(hass, entry, "energy_in"), _sensor(hass, entry, "energy_out")
    capacity = _capacity(entry)
    if energy_in is None or energy_out is None or capacity <= 0:
        return None
    battery: BatterySourceType = {
        "type": "battery",
        "stat_energy_from": energy_out,
        "stat_energy_to": energy_in,
        "capacity": capacity,
        "name": entry.title,
    }
    if (power := _sensor(hass, entry, "power")) is not None:
        # Home Assistant counts discharging as positive, home_bms charging.
        battery["power_config"] = {"stat_rate_inverted": power}
    if (soc := _sensor(hass, entry, "soc")) is not None:
        battery["stat_soc"] = soc
    return battery


def _capacity(entry: HomeBmsConfigEntry) -> float:
    """Return what the packs hold when full, in kWh; as much of it as each has been found to have left."""
    packs = [(pack.config, pack.latest.estimate) for pack in entry.runtime_data.packs.values()]
    watt_hours = sum(config.energy[-1] * estimate.capacity / config.capacity for config, estimate in packs)
    return round(watt_hours / 1000, 1)


def _sensor(hass: HomeAssistant, entry: HomeBmsConfigEntry, key: str) -> str | None:
    """Return the entity id of one of the system's sensors; `None` where it is disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{entry.entry_id}_{key}")
    row = None if entity_id is None else registry.async_get(entity_id)
    return None if row is None or row.disabled else row.entity_id


async def _judge(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Raise the offer, or take it back."""
    if (manager := await async_energy(hass)) is None:
        return
    if battery_of(hass, entry) is None or present(hass, entry, shown_batteries(manager)):
        _withdraw(hass, entry)
        return
    async_raise(
        hass,
        f"{OFFER}_{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        translation_key=OFFER,
        shown={"name": entry.title},
    )


@callback
def _withdraw(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    async_withdraw(hass, f"{OFFER}_{entry.entry_id}")


async def _manager(hass: HomeAssistant) -> EnergyManager:
    module = await async_import_module(hass, f"homeassistant.components.{ENERGY}.data")
    manager: EnergyManager = await module.async_get_manager(hass)
    return manager
