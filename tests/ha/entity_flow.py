"""A conversation with a user who makes a pack of a device that Home Assistant has already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.flow.entities import OPTIONS
from custom_components.home_bms.packs.roles import SLOTS, Group, Role

type Result = Mapping[str, Any]

BATTERY = {
    "name": "Cellar",
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 100.0,
    "discharge_current": 120.0,
    "temperature_sensors": 4,
}


class Flow:
    """One conversation with the user, for the first pack, a further one or a changed one."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry | None = None, change: str | None = None) -> None:
        self._hass = hass
        self._entry = entry
        self._change = change
        self.result: Result = {}

    async def begin(self, device_id: str) -> Result:
        """Choose the way and the device."""
        if self._change is None:
            await self._start({"source": SOURCE_USER})
            assert self.result["type"] is FlowResultType.MENU
            await self.go({"next_step_id": "entities"})
        else:
            await self._start({"source": SOURCE_RECONFIGURE, "subentry_id": self._change})
        assert self.result["step_id"] == "entities"
        return await self.go({"device_id": device_id})

    async def _start(self, context: dict[str, Any]) -> None:
        flows = self._hass.config_entries
        self.result = (
            await flows.flow.async_init(DOMAIN, context=context)
            if self._entry is None
            else await flows.subentries.async_init((self._entry.entry_id, SUBENTRY_PACK), context=context)
        )

    async def go(self, user_input: dict[str, Any]) -> Result:
        flows = self._hass.config_entries
        configure = flows.flow.async_configure if self._entry is None else flows.subentries.async_configure
        self.result = await configure(self.result["flow_id"], user_input)
        return self.result

    async def choose(self, **changes: Any) -> Result:
        """Submit the form of roles as it stands, with some of them changed; `None` takes one out."""
        assert self.result["step_id"] == "roles", self.result
        form = self.form()
        for key, value in changes.items():
            group = form if key in OPTIONS or SLOTS[Role(key)].group is Group.MEASURED else form[SLOTS[Role(key)].group]
            group[key] = value
            if value is None:
                del group[key]
        return await self.go(form)

    def form(self) -> dict[str, Any]:
        """Return what the form suggests."""
        found: dict[str, Any] = {}
        for key, field in self.result["data_schema"].schema.items():
            inner = getattr(field, "schema", None)
            if hasattr(inner, "schema"):
                told = {str(part): (part.description or {}).get("suggested_value") for part in inner.schema}
                found[str(key)] = {part: value for part, value in told.items() if value is not None}
            elif (value := (key.description or {}).get("suggested_value")) is not None:
                found[str(key)] = value
        return found

    @property
    def told(self) -> Mapping[str, str]:
        """What the texts of the present step are filled with."""
        return self.result["description_placeholders"]

    async def take(self, **battery: Any) -> ConfigSubentry:
        """Take what is reviewed, and return the pack."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        await self.go({"next_step_id": "take"})
        assert self.result["step_id"] == "battery", self.result
        # Its id in the registry says nothing to a person.
        assert len(self.told["device"]) < 50
        suggested = self.form()
        await self.go({**suggested, "name": "Cellar", **battery})
        if self._entry is None:
            assert self.result["type"] is FlowResultType.CREATE_ENTRY, self.result
            return next(iter(self.result["result"].subentries.values()))
        return (
            list(self._entry.subentries.values())[-1] if self._change is None else self._entry.subentries[self._change]
        )
