"""Shows what the energy dashboard would get of a battery system, and adds it beside all that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..energy_offer import async_energy, battery_of, preferences_of, present, shown_batteries
from ..runtime import HomeBmsConfigEntry
from .harmless import HarmlessRepairsFlow

if TYPE_CHECKING:
    from homeassistant.components.energy.data import BatterySourceType, EnergyManager

_NOT_THERE: Final = "–"


class EnergyOfferRepairFlow(HarmlessRepairsFlow):
    """One click adds the battery; where there is another one, the user is asked whether it is the same."""

    def __init__(self, entry: HomeBmsConfigEntry) -> None:
        self._entry = entry

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Look whether there is a battery already."""
        manager, _ = await self._async_found()
        return await (self.async_step_beside() if shown_batteries(manager) else self.async_step_confirm())

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show what is added, and add it."""
        if user_input is not None:
            return await self.async_step_add()
        return self.async_show_form(step_id="confirm", description_placeholders=await self._async_shown())

    async def async_step_beside(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Show what is added, and beside which other batteries."""
        shown = await self._async_shown()
        return self.async_show_menu(step_id="beside", menu_options=["add", "leave"], description_placeholders=shown)

    async def async_step_add(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Add the battery, unless somebody has meanwhile; all else in the dashboard stays as it is."""
        manager, battery = await self._async_found()
        if not present(self.hass, self._entry, shown_batteries(manager)):
            preferences = preferences_of(manager)
            sources = [*preferences["energy_sources"], battery]
            await manager.async_update({**preferences, "energy_sources": sources})
        return self.async_create_entry(data={})

    async def async_step_leave(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Leave the dashboard as it is, and do not ask again."""
        ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, ignore=True)
        return self.async_abort(reason="left")

    async def _async_found(self) -> tuple[EnergyManager, BatterySourceType]:
        """Return the dashboard and what it would get. Raises AbortFlow where either is not there now."""
        manager = await async_energy(self.hass)
        loaded = self._entry.state is ConfigEntryState.LOADED
        battery = battery_of(self.hass, self._entry) if loaded else None
        if manager is None or battery is None:
            raise AbortFlow("not_now", {"name": self._entry.title})
        return manager, battery

    async def _async_shown(self) -> dict[str, str]:
        """Return what a person reads of it: names, not entity ids."""
        manager, battery = await self._async_found()
        power, soc = battery.get("power_config", {}).get("stat_rate_inverted"), battery.get("stat_soc")
        return {
            "name": self._entry.title,
            "energy_in": self._called(battery["stat_energy_to"]),
            "energy_out": self._called(battery["stat_energy_from"]),
            "power": _NOT_THERE if power is None else self._called(power),
            "soc": _NOT_THERE if soc is None else self._called(soc),
            "capacity": f"{battery['capacity']:.1f} kWh",
            "others": ", ".join(self._name_of(other) for other in shown_batteries(manager)),
        }

    def _name_of(self, battery: BatterySourceType) -> str:
        return battery.get("name") or self._called(battery["stat_energy_to"])

    def _called(self, statistic_id: str) -> str:
        """Return what an entity is called; a statistic without one has only its id."""
        state = self.hass.states.get(statistic_id)
        return statistic_id if state is None else state.name
