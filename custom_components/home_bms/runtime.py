"""Holds all that runs for one battery system."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .coordinator import PackCoordinator
from .inspections.keeper import InspectionKeeper
from .inverters.coordinator import InverterCoordinator
from .learned_store import LearnedStore
from .programmes.coordinator import ProgrammeCoordinator
from .store import HomeBmsStore
from .system_coordinator import SystemCoordinator

type HomeBmsConfigEntry = ConfigEntry[HomeBmsRuntimeData]


@dataclass(kw_only=True)
class HomeBmsRuntimeData:
    """All that runs for one battery system."""

    packs: dict[str, PackCoordinator]
    """By subentry id."""
    inverters: dict[str, InverterCoordinator]
    programmes: dict[str, ProgrammeCoordinator]
    system: SystemCoordinator
    store: HomeBmsStore
    learned: LearnedStore
    inspections: InspectionKeeper
    stopped: bool = False

    @property
    def control_allowed(self) -> bool:
        """Whether anything may be written to any pack."""
        return self.store.control_allowed

    async def async_allow_control(self, allowed: bool) -> None:
        """Allow or end control; what ends is handed back at once.

        Raises HomeAssistantError while a lost store is not confirmed, for trips may be forgotten.
        """
        if allowed and self.store.lost:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_lost")
        was, self.store.control_allowed = self.store.control_allowed, allowed
        if was and not allowed:
            await asyncio.gather(
                *(pack.async_release() for pack in self.packs.values()),
                *(inverter.async_release() for inverter in self.inverters.values()),
            )
        await self.store.async_save()
        self.system.async_update_listeners()
        for pack in self.packs.values():
            pack.async_update_listeners()

    async def async_stop(self) -> None:
        """Stop watching, hand control back and save; more than one call does no harm."""
        if self.stopped:
            return
        self.stopped = True
        await asyncio.gather(
            *(pack.async_stop() for pack in self.packs.values()),
            *(inverter.async_stop() for inverter in self.inverters.values()),
            *(programme.async_stop() for programme in self.programmes.values()),
        )
        await self.store.async_save()
        await self.learned.async_save()
