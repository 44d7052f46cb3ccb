"""Lets a user do something with a battery or a pack at a touch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .commissioning.self_test import async_press
from .coordinator import PackCoordinator
from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription, SystemEntity
from .reports.request import async_report_of_last_month
from .runtime import HomeBmsConfigEntry

# A press is heeded at once; two at the same time mean one.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PackButtonDescription(ButtonEntityDescription, PackEntityDescription):
    """Describes a button of a pack."""

    press_fn: Callable[[PackCoordinator], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class SystemButtonDescription(ButtonEntityDescription, HomeBmsEntityDescription):
    """Describes a button of a system."""


MAKE_REPORT: Final = SystemButtonDescription(
    key="make_report", translation_key="make_report", entity_category=EntityCategory.DIAGNOSTIC
)
RESET_TRIPS: Final = PackButtonDescription(
    key="reset_trips", translation_key="reset_trips", press_fn=PackCoordinator.async_reset_trips
)
SELF_TEST: Final = PackButtonDescription(
    key="self_test", translation_key="self_test", entity_category=EntityCategory.DIAGNOSTIC, press_fn=async_press
)
PACK_BUTTONS: Final = (RESET_TRIPS, SELF_TEST)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of the system and of each pack."""
    async_add_entities([MakeReportButton(entry.runtime_data.system, MAKE_REPORT)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [PackButton(pack, description) for description in PACK_BUTTONS], config_subentry_id=subentry_id
        )


class PackButton(PackEntity, ButtonEntity):
    """A button of one pack."""

    entity_description: PackButtonDescription

    @property
    @override
    def shown(self) -> object:
        return None

    @override
    async def async_press(self) -> None:
        """Do it, or say why it cannot be done."""
        await self.entity_description.press_fn(self.coordinator)


class MakeReportButton(SystemEntity, ButtonEntity):
    """Makes a report of the last month that is over, and tells where it is."""

    entity_description: SystemButtonDescription

    @property
    @override
    def shown(self) -> object:
        return None

    @override
    async def async_press(self) -> None:
        """Make it, or say why that cannot be."""
        await async_report_of_last_month(self.hass, self.coordinator.config_entry)
