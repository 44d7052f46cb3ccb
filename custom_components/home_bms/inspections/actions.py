"""Takes from people and automations what was done about inspections, and answers with the whole plan."""

from __future__ import annotations

from typing import Any, Final

import probatio as vol
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_DEVICE_ID, Platform
from homeassistant.core import Context, HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_device_and_config_entry

from ..const import DOMAIN
from ..core.inspection_book import Item, place
from ..core.inspection_table import INSPECTIONS, About
from ..core.model import ConfigError
from ..helpers import refused
from ..runtime import HomeBmsConfigEntry, HomeBmsRuntimeData
from .keeper import Told
from .words import day_text, history_facts, item_facts, title

ATTR_ITEM: Final = "item"
ATTR_NOTE: Final = "note"
ATTR_VALUE: Final = "value"
ATTR_UNIT: Final = "unit"
ATTR_WHEN: Final = "when"
ATTR_UNTIL: Final = "until"

_ITEM: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_ITEM): vol.In(list(INSPECTIONS))}
# Ranges are core's to judge, which names the permitted one.
INSPECTION_DONE: Final[dict[vol.Marker, Any]] = _ITEM | {
    vol.Optional(ATTR_NOTE): cv.string,
    vol.Optional(ATTR_VALUE): vol.Coerce(float),
    vol.Optional(ATTR_UNIT): cv.string,
    vol.Optional(ATTR_WHEN): cv.date,
}
POSTPONE_INSPECTION: Final[dict[vol.Marker, Any]] = _ITEM | {vol.Required(ATTR_UNTIL): cv.date}

# Fields that core counts in days.
_DAYS: Final = frozenset({ATTR_WHEN, ATTR_UNTIL})


async def async_inspection_done(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Take down that an inspection was done."""
    runtime, item = await _async_item(hass, call)
    told = Told(
        by=await async_user_name(hass, call.context),
        when=call.data.get(ATTR_WHEN),
        note=call.data.get(ATTR_NOTE, ""),
        value=call.data.get(ATTR_VALUE),
        unit=call.data.get(ATTR_UNIT),
    )
    try:
        await runtime.inspections.async_done(item, told)
    except ConfigError as err:
        raise refused_inspection(err) from err
    return None


async def async_postpone_inspection(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Put an inspection off."""
    runtime, item = await _async_item(hass, call)
    try:
        await runtime.inspections.async_postpone(item, call.data[ATTR_UNTIL])
    except ConfigError as err:
        raise refused_inspection(err) from err
    return None


async def async_get_inspections(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with how all inspections stand, and with all that was done; of a pack only its own."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    return inspection_facts(hass, entry.runtime_data, device.config_subentry_id)


def inspection_facts(hass: HomeAssistant, runtime: HomeBmsRuntimeData, subject: str | None = None) -> dict[str, Any]:
    """Return the plan and the history of a system, or of one pack."""
    keeper = runtime.inspections
    history = [history_facts(hass, where, course) for where, course in keeper.book.items()]
    return {
        "inspections": [
            item_facts(hass, item, keeper.name_of(item)) for item in keeper.items if subject in (None, item.subject)
        ],
        "history": [facts for facts in history if subject in (None, facts["pack"])],
    }


async def async_user_name(hass: HomeAssistant, context: Context | None) -> str | None:
    """Return the name of the user who asked; `None` for an automation."""
    if context is None or context.user_id is None:
        return None
    user = await hass.auth.async_get_user(context.user_id)
    return None if user is None else user.name


def refused_inspection(err: ConfigError) -> ServiceValidationError:
    """Return what a user reads: days as dates, and fields by the names of the action."""
    shown = dict(err.placeholders)
    if err.key == "out_of_range" and err.field in _DAYS:
        shown = {name: day_text(int(float(value))) for name, value in shown.items()}
    return refused(ConfigError(err.key, err.field, **shown))


async def _async_item(hass: HomeAssistant, call: ServiceCall) -> tuple[HomeBmsRuntimeData, Item]:
    """Return the inspection that is meant, of the pack or of the system of a device.

    Raises Unauthorized for a user who may not use the to-do list either, ServiceValidationError where it is not clear
    which pack is meant, or where the inspection does not apply.
    """
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    await _async_may(hass, call, entry)
    runtime: HomeBmsRuntimeData = entry.runtime_data
    row = INSPECTIONS[call.data[ATTR_ITEM]]
    subject = ""
    if row.about is About.PACK:
        keys = list(runtime.packs) if device.config_subentry_id is None else [device.config_subentry_id]
        if len(keys) != 1:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_pack_only")
        (subject,) = keys
    item = runtime.inspections.find(place(row.key, subject))
    if item is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="inspection_left_out",
            translation_placeholders={"inspection": title(hass, row.key)},
        )
    return runtime, item


async def _async_may(hass: HomeAssistant, call: ServiceCall, entry: HomeBmsConfigEntry) -> None:
    """See that whoever calls may control the to-do list; that is all it takes, for it moves nothing in the battery."""
    if call.context.user_id is None:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=POLICY_CONTROL)
    entity_id = er.async_get(hass).async_get_entity_id(Platform.TODO, DOMAIN, f"{entry.entry_id}_inspections")
    if entity_id is None or not user.permissions.check_entity(entity_id, POLICY_CONTROL):
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_CONTROL)
