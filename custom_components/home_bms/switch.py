"""Lets a user allow control, move a pack's switches and stop balancing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import PackCoordinator
from .core.model import Flow, Level
from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription, SystemEntity, pack_heard
from .hw.driver import Capability, DriverError
from .hw.parts import ExtraSwitch
from .packs.member_watch import MemberWatch
from .packs.parts_permit import refusal
from .runtime import HomeBmsConfigEntry
from .texts import protection_names, word

# A wish is heeded at the next tick; two at once would only race for the same tick.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class RelayDescription(SwitchEntityDescription, PackEntityDescription):
    """Describes an additional relay of a pack."""


@dataclass(frozen=True, kw_only=True)
class PackSwitchDescription(SwitchEntityDescription, PackEntityDescription):
    """Describes a switch of a pack."""

    wishes: tuple[str, ...]
    """The fields in `Wishes` and in `Switches` that it moves; the first shows where it is."""
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
        wishes=("charge",),
        heard=pack_heard,
        flow=Flow.CHARGE,
        capability=Capability.CHARGE_SWITCH,
    ),
    PackSwitchDescription(
        key="discharge",
        translation_key="discharge",
        wishes=("discharge",),
        heard=pack_heard,
        flow=Flow.DISCHARGE,
        capability=Capability.DISCHARGE_SWITCH,
    ),
    # One contactor serves both directions.
    PackSwitchDescription(
        key="contactor",
        translation_key="contactor",
        wishes=("charge", "discharge"),
        heard=pack_heard,
        flow=Flow.BOTH,
        capability=Capability.RELAYS,
    ),
    PackSwitchDescription(
        key="balance",
        translation_key="balance",
        wishes=("balance",),
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
        if (members := pack.members) is not None:
            async_add_entities(
                [ExtraRelay(pack, members, name) for name in members.parts.extra_switches],
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
        position: bool | None = getattr(self.snapshot.reading.switches, self.entity_description.wishes[0])
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
        await self.coordinator.async_wish(**dict.fromkeys(description.wishes, True))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Wish it open, which is always safe."""
        self.coordinator.require_control()
        await self.coordinator.async_wish(**dict.fromkeys(self.entity_description.wishes, False))


class ExtraRelay(PackEntity, SwitchEntity):
    """An additional relay of a pack that is built from parts; it opens by itself when home_bms does not hold it."""

    entity_description: RelayDescription

    def __init__(self, coordinator: PackCoordinator, members: MemberWatch, name: str) -> None:
        """Take the relay of this name."""
        description = RelayDescription(
            key=f"switch_{name}", translation_key="extra", placeholders={"switch": name}, heard=pack_heard
        )
        super().__init__(coordinator, description)
        self._members = members
        self._parts = members.parts
        self._name = name
        self._member = next(row.name for row in self._parts.parts.members if name in row.outputs)

    @property
    def _relay(self) -> ExtraSwitch:
        return self._parts.extra_switches[self._name]

    @property
    @override
    def available(self) -> bool:
        """Whether its board answers."""
        return super().available and self._member not in self._members.silent

    @property
    @override
    def shown(self) -> bool | None:
        return self.is_on

    @property
    @override
    def is_on(self) -> bool | None:
        """Return where its contacts are; where nothing shows that, what it was told."""
        relay = self._relay
        return relay.commanded if relay.position is None else relay.position

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Close it, if that is safe now."""
        self.coordinator.require_control()
        if (reason := refusal(self.coordinator, self._relay.row)) is not None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="relay_refused",
                translation_placeholders={"switch": self._name, "reason": word(self.hass, "relay_refusal", reason)},
            )
        await self._async_move(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Open it, which is always safe."""
        await self._async_move(False)

    async def _async_move(self, on: bool) -> None:
        try:
            await self._parts.async_switch(self._name, on)
        except DriverError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="relay_failed",
                translation_placeholders={"switch": self._name, "error": str(err)},
            ) from err
        self.async_write_ha_state()
