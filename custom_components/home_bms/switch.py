"""Lets a user allow control, move the pack's own switches and stop balancing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import HomeBmsConfigEntry
from .core.model import Flow, Level
from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription, SystemEntity, pack_heard
from .hw.driver import Capability
from .texts import protection_names

# A wish is heeded at the next tick; two at once would only race for the same tick.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PackSwitchDescription(SwitchEntityDescription, PackEntityDescription):
    """Describes a switch of a pack; its key is the field's name in `Wishes` and in `Switches`."""

    flow: Flow = Flow.NONE
    """The direction that it opens and closes; closing one is refused while it is tripped."""
    capability: Capability


@dataclass(frozen=True, kw_only=True)
class SystemSwitchDescription(SwitchEntityDescription, HomeBmsEntityDescription):
    """Describes a switch of the system."""


PACK_SWITCHES: Final = (
    PackSwitchDescription(
        key="charge",
        translation_key="charge",
        heard=pack_heard,
        flow=Flow.CHARGE,
        capability=Capability.CHARGE_SWITCH,
    ),
    PackSwitchDescription(
        key="discharge",
        translation_key="discharge",
        heard=pack_heard,
        flow=Flow.DISCHARGE,
        capability=Capability.DISCHARGE_SWITCH,
    ),
    PackSwitchDescription(
        key="balance",
        translation_key="balance",
        entity_category=EntityCategory.CONFIG,
        heard=pack_heard,
        capability=Capability.BALANCE_SWITCH,
    ),
)
ALLOW_CONTROL: Final = SystemSwitchDescription(
    key="allow_control", translation_key="allow_control", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switch that allows control, and those that a pack really has."""
    async_add_entities([AllowControlSwitch(entry.runtime_data.system, ALLOW_CONTROL)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [PackSwitch(pack, row) for row in PACK_SWITCHES if row.capability in pack.capabilities],
            config_subentry_id=subentry_id,
        )


class AllowControlSwitch(SystemEntity, SwitchEntity):
    """Whether home_bms may write to the packs at all; off until a person decides."""

    entity_description: SystemSwitchDescription

    @property
    @override
    def shown(self) -> bool:
        return self.is_on

    @property
    @override
    def is_on(self) -> bool:
        """Return whether control is allowed."""
        return self.coordinator.config_entry.runtime_data.control_allowed

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Allow control."""
        await self.coordinator.config_entry.runtime_data.async_allow_control(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """End control; what was taken is handed back."""
        await self.coordinator.config_entry.runtime_data.async_allow_control(False)


class PackSwitch(PackEntity, SwitchEntity):
    """One of a pack's own switches: shows where it is, takes where it should be."""

    entity_description: PackSwitchDescription

    @property
    @override
    def shown(self) -> bool | None:
        return self.is_on

    @property
    @override
    def is_on(self) -> bool | None:
        """Return where the switch is, which the pack's own protection may decide too."""
        position: bool | None = getattr(self.snapshot.reading.switches, self.entity_description.key)
        return position

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Wish it closed; it closes when that is safe."""
        self.coordinator.require_control()
        description = self.entity_description
        tripped = [
            alarm.key
            for alarm in self.coordinator.latest.decision.alarms
            if alarm.level is Level.TRIP and alarm.flow & description.flow
        ]
        if tripped:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="trip_latched",
                translation_placeholders={
                    "name": self.coordinator.name,
                    "protections": protection_names(self.hass, tripped),
                },
            )
        await self.coordinator.async_wish(**{description.key: True})

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Wish it open, which is always safe."""
        self.coordinator.require_control()
        await self.coordinator.async_wish(**{self.entity_description.key: False})
