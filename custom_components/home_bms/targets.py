"""Finds what the device that an action names stands for, for whoever may have it."""

from __future__ import annotations

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_device_and_config_entry

from .const import DOMAIN
from .coordinator import PackCoordinator
from .runtime import HomeBmsConfigEntry
from .system_coordinator import SystemCoordinator


def place_of(hass: HomeAssistant, call: ServiceCall) -> tuple[HomeBmsConfigEntry, PackCoordinator | None]:
    """Return the system of a device, and its pack if it is one's. Raises ServiceValidationError for anything else."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    if device.config_subentry_id is None:
        return entry, None
    if (pack := entry.runtime_data.packs.get(device.config_subentry_id)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_pack")
    return entry, pack


def packs_of(hass: HomeAssistant, call: ServiceCall) -> list[PackCoordinator]:
    """Return the pack of a device, or all packs of a system's. Raises ServiceValidationError."""
    entry, pack = place_of(hass, call)
    return list(entry.runtime_data.packs.values()) if pack is None else [pack]


def pack_of(hass: HomeAssistant, call: ServiceCall) -> PackCoordinator:
    """Return the one pack that is meant. Raises ServiceValidationError for a system of several."""
    packs = packs_of(hass, call)
    if len(packs) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_pack_only")
    return packs[0]


def system_of(hass: HomeAssistant, call: ServiceCall) -> SystemCoordinator:
    """Return the system of a device, which may be that of one of its parts. Raises ServiceValidationError."""
    _, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    system: SystemCoordinator = entry.runtime_data.system
    return system


async def async_check_control(hass: HomeAssistant, call: ServiceCall) -> None:
    """See that whoever calls may control the entities of the device. Raises Unauthorized and UnknownUser."""
    if call.context.user_id is None:
        return
    if (user := await hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(context=call.context, permission=POLICY_CONTROL)
    if user.permissions.access_all_entities(POLICY_CONTROL):
        return
    rows = er.async_entries_for_device(er.async_get(hass), call.data[ATTR_DEVICE_ID], include_disabled_entities=True)
    if not rows or not all(user.permissions.check_entity(row.entity_id, POLICY_CONTROL) for row in rows):
        raise Unauthorized(context=call.context, permission=POLICY_CONTROL)
