"""A conversation in which an inverter is added or changed."""

from __future__ import annotations

from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import SUBENTRY_INVERTER
from custom_components.home_bms.flow.can_forms import BUS_SCHEMAS
from custom_components.home_bms.flow.inverter import WAYS

from .conftest import ENTRY_ID


async def begin(hass: HomeAssistant, step: str) -> Any:
    """Begin to add an inverter, and pick a way."""
    result = await hass.config_entries.subentries.async_init((ENTRY_ID, SUBENTRY_INVERTER), context={"source": "user"})
    assert result["type"] is FlowResultType.MENU
    assert set(result["menu_options"]) == set(WAYS)
    return await answer(hass, result, next_step_id=step)


async def answer(hass: HomeAssistant, result: Any, **form: Any) -> Any:
    """Send a form."""
    return await hass.config_entries.subentries.async_configure(result["flow_id"], form)


async def change(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Begin to change the one inverter."""
    return await hass.config_entries.subentries.async_init(
        (ENTRY_ID, SUBENTRY_INVERTER),
        context={"source": "reconfigure", "subentry_id": added(entry).subentry_id},
    )


def added(entry: MockConfigEntry) -> ConfigSubentry:
    """Return the one inverter of a system."""
    (inverter,) = entry.get_subentries_of_type(SUBENTRY_INVERTER)
    return inverter


async def pick_bus(hass: HomeAssistant, bus: dict[str, Any]) -> Any:
    """Go as far as the make of an inverter on a multicast bus."""
    result = await begin(hass, "can")
    assert set(result["menu_options"]) == set(BUS_SCHEMAS)
    result = await answer(hass, result, next_step_id="can_multicast")
    return await answer(hass, result, **bus)


def shown(result: Any, section: str | None = None) -> dict[str, Any]:
    """Return what a form proposes, or one of its sections."""
    schema = result["data_schema"].schema
    fields = schema if section is None else schema[section].schema.schema
    return {str(key): (key.description or {}).get("suggested_value") for key in fields}
