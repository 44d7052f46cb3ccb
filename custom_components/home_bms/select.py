"""Lets a user choose when cells may be balanced, and how a battery rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.balance_rules import standing
from .core.model import BalanceMode
from .entity import PackEntity, PackEntityDescription
from .hw.driver import Capability
from .runtime import HomeBmsConfigEntry
from .storage.entities import STORAGE_MODE, StorageSelect

# A wish is heeded at the next tick; two at once would only race for the same tick.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PackSelectDescription(SelectEntityDescription, PackEntityDescription):
    """Describes a choice of a pack."""


BALANCE_MODE: Final = PackSelectDescription(
    key="balance_mode",
    translation_key="balance_mode",
    options=[mode.value for mode in BalanceMode],
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the choices of the system, and of each pack whose balancer can be switched."""
    async_add_entities([StorageSelect(entry.runtime_data.system, STORAGE_MODE)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        if Capability.BALANCE_SWITCH in pack.capabilities:
            async_add_entities([BalanceModeSelect(pack, BALANCE_MODE)], config_subentry_id=subentry_id)


class BalanceModeSelect(PackEntity, SelectEntity):
    """When cells may be balanced, on demand apart."""

    entity_description: PackSelectDescription

    @property
    @override
    def shown(self) -> str:
        return self.current_option

    @property
    @override
    def current_option(self) -> str:
        """Return the mode that the user chose, or the configured one."""
        return standing(self.coordinator.config.balance, self.snapshot.wishes).value

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose another mode."""
        self.coordinator.require_control()
        await self.coordinator.async_wish(balance_mode=BalanceMode(option))
