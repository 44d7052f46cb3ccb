"""Sets a battery system up and takes it down."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_TYPE, Platform
from homeassistant.core import HassJob, HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import CONF_STORED, DOMAIN, SUBENTRY_INVERTER, SUBENTRY_PACK
from .coordinator import PackCoordinator
from .core.model import ConfigError
from .energy_offer import async_offer, async_watch_energy
from .fleet.fleet import async_forget_fleet, async_start_fleet
from .helpers import pack_config
from .hw.inverters.inverter import Memory
from .inspections.keeper import InspectionKeeper
from .inverters.coordinator import InverterCoordinator
from .inverters.sources import Opening, async_open
from .inverters.view import stored_memory
from .issues import async_forget_issues
from .learned_store import LearnedStore
from .leases.keeper import LeaseKeeper
from .newer import VERSION, async_tell_newer, unknown_setting
from .packs.sources import SOURCES
from .programmes.follow import async_create_programmes
from .runtime import HomeBmsConfigEntry, HomeBmsRuntimeData
from .services import async_setup_services
from .storage.keeper import StorageKeeper
from .store import HomeBmsStore, TooNewError
from .system_coordinator import SystemCoordinator
from .texts import refusal_words
from .web.dashboard import async_register_dashboard
from .web.files import async_register_file_views
from .web.websocket import async_register_commands

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TODO,
]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001
    """Register actions, views, commands and the dashboard, which exist with or without an entry."""
    async_setup_services(hass)
    async_register_file_views(hass)
    async_register_commands(hass)
    await async_register_dashboard(hass)
    async_watch_energy(hass)
    async_tell_newer(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> bool:
    """Set up a battery system.

    A pack that does not answer keeps nobody waiting: its limits are zero and it is watched for, which is what a BMS is
    for, so even a system none of whose packs answers is set up rather than tried again later. Raises ConfigEntryError
    only for what waiting cannot mend: settings that cannot be, a link in use with other settings, settings or a state
    of a newer version.
    """
    store, learned = await _async_load(hass, entry)
    leases = LeaseKeeper(hass, store)
    system = SystemCoordinator(hass, entry, leases, StorageKeeper(hass, entry, store, leases))
    system_device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **system.device_info)

    # What was begun is undone in turn if anything fails half-way. Home Assistant's own on_unload callbacks run all at
    # once and would close the link under the hand-back (home-assistant.md 4.6).
    async with AsyncExitStack() as undo:
        for subentry in entry.get_subentries_of_type(SUBENTRY_PACK):
            pack = await _async_create_pack(hass, entry, subentry, undo, system, system_device.id, store, learned)
            system.packs[subentry.subentry_id] = pack
            pack.async_register_device()
        for subentry in entry.get_subentries_of_type(SUBENTRY_INVERTER):
            inverter = await _async_create_inverter(hass, entry, subentry, undo, system, system_device.id, store)
            inverter.async_register_device()

        programmes = async_create_programmes(hass, entry, system, system_device.id, store)

        runtime = entry.runtime_data = HomeBmsRuntimeData(
            packs=system.packs,
            inverters=system.inverters,
            programmes=programmes,
            system=system,
            store=store,
            learned=learned,
            inspections=InspectionKeeper(hass, entry, system, store),
        )
        undo.push_async_callback(runtime.async_stop)
        entry.async_on_unload(hass.async_add_shutdown_job(HassJob(runtime.async_stop, "home_bms hand-back")))
        entry.async_on_unload(runtime.async_stop)

        system.async_remember(store)
        system.data = system.async_combine()
        packs = list(system.packs.values())
        await asyncio.gather(*(pack.supervisor.async_start(place / len(packs)) for place, pack in enumerate(packs)))
        for inverter in system.inverters.values():
            inverter.async_start()
        for programme in programmes.values():
            programme.async_start()
        if await store.async_save() and not entry.data.get(CONF_STORED):
            hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_STORED: True})

        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        runtime.inspections.async_start()
        # Last, so that the mark above reloads nothing.
        entry.async_on_unload(entry.add_update_listener(_async_settings_changed))
        if any(pack.settings is not pack.subentry.data for pack in system.packs.values()):
            # A pack has already told other settings of its own.
            hass.config_entries.async_schedule_reload(entry.entry_id)
        async_forget_issues(hass, entry.entry_id, {None, *entry.subentries})
        undo.pop_all()
    await async_offer(hass, entry)
    await async_start_fleet(hass, entry)
    return True


async def _async_load(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> tuple[HomeBmsStore, LearnedStore]:
    """Return what was kept. Raises ConfigEntryError where a newer version has written it, or the settings."""
    if (place := unknown_setting(entry)) is not None:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="entry_too_new", translation_placeholders={"place": place}
        )
    store = HomeBmsStore(hass, entry)
    try:
        await store.async_load()
    except TooNewError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="store_too_new", translation_placeholders={"place": str(err)}
        ) from err
    learned = LearnedStore(hass, entry)
    await learned.async_load()
    return store, learned


async def _async_create_pack(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
    subentry: ConfigSubentry,
    undo: AsyncExitStack,
    system: SystemCoordinator,
    system_device_id: str,
    store: HomeBmsStore,
    learned: LearnedStore,
) -> PackCoordinator:
    """Return a pack that is ready to be watched."""
    try:
        config = pack_config(subentry.data)
    except ConfigError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="invalid_pack",
            translation_placeholders={"name": subentry.title, "error": refusal_words(hass, err)},
        ) from err

    source = await SOURCES[subentry.data[CONF_TYPE]](hass, entry, subentry, undo)
    if source.remember is not None:
        source.remember(store)
    return PackCoordinator(
        hass,
        entry,
        subentry,
        config=config,
        driver=source.driver,
        meter=source.meter,
        host=source.host,
        system_coordinator=system,
        system_device_id=system_device_id,
        store=store,
        learned=learned,
    )


async def _async_create_inverter(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
    subentry: ConfigSubentry,
    undo: AsyncExitStack,
    system: SystemCoordinator,
    system_device_id: str,
    store: HomeBmsStore,
) -> InverterCoordinator:
    """Return an inverter that is ready to be told, in its place in the system."""
    key = subentry.subentry_id

    async def keep(memory: Memory) -> None:
        await system.inverters[key].async_keep(memory)

    opening = Opening(
        hass=hass,
        entry=entry,
        subentry=subentry,
        system=system,
        undo=undo,
        memory=stored_memory(store, key),
        keep=keep,
    )
    inverter = system.inverters[key] = InverterCoordinator(
        hass,
        entry,
        subentry,
        opened=await async_open(opening),
        system=system,
        system_device_id=system_device_id,
        store=store,
    )
    return inverter


async def _async_settings_changed(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Start anew with changed settings, or with a pack more or fewer."""
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> bool:
    """Take a battery system down; control is handed back while the link is still open."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Forget a battery system that was removed."""
    await async_forget_fleet(hass, entry)
    await HomeBmsStore(hass, entry).async_remove()
    await LearnedStore(hass, entry).async_remove()
    async_forget_issues(hass, entry.entry_id, ())


async def async_remove_config_entry_device(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    device: dr.AnyDeviceEntry,
) -> bool:
    """Let a user remove the devices of packs that are no longer there."""
    present = (entry.entry_id, *entry.subentries)
    return not any(domain == DOMAIN and key.startswith(present) for domain, key in device.identifiers)


async def async_migrate_entry(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> bool:  # noqa: ARG001
    """Refuse settings of a newer version: a limit that is not understood is a limit that is not kept."""
    return (entry.version, entry.minor_version) <= VERSION
