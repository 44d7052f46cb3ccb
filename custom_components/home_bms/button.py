"""Lets a user release latched trips once their cause is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import HomeBmsConfigEntry
from .entity import PackEntity, PackEntityDescription

# A reset is heeded at once; two at the same time mean one.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PackButtonDescription(ButtonEntityDescription, PackEntityDescription):
    """Describes a button of a pack."""


RESET_TRIPS: Final = PackButtonDescription(key="reset_trips", translation_key="reset_trips")


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the button of each pack."""
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities([ResetTripsButton(pack, RESET_TRIPS)], config_subentry_id=subentry_id)


class ResetTripsButton(PackEntity, ButtonEntity):
    """Releases the latched trips of one pack."""

    entity_description: PackButtonDescription

    @property
    @override
    def shown(self) -> object:
        return None

    @override
    async def async_press(self) -> None:
        """Release the trips, or say which causes still stand."""
        await self.coordinator.async_reset_trips()
