"""Lets a user narrow what a battery is charged and discharged with; no number widens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfElectricCurrent, UnitOfElectricPotential, UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PackCoordinator
from .core.leases import keep
from .core.model import PackConfig
from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription, SystemEntity
from .runtime import HomeBmsConfigEntry

# A wish is heeded at the next tick; two at once would only race for the same tick.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PackNumberDescription(NumberEntityDescription, PackEntityDescription):
    """Describes a cap; its key is the field's name in `Wishes`, and its highest value means no cap."""

    lowest: Callable[[PackConfig], float] = lambda _: 0.0
    highest: Callable[[PackConfig], float]


PACK_NUMBERS: Final = (
    PackNumberDescription(
        key="charge_current_cap",
        translation_key="charge_current_cap",
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        native_step=0.1,
        entity_category=EntityCategory.CONFIG,
        highest=lambda config: config.charge_current,
    ),
    PackNumberDescription(
        key="discharge_current_cap",
        translation_key="discharge_current_cap",
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        native_step=0.1,
        entity_category=EntityCategory.CONFIG,
        highest=lambda config: config.discharge_current,
    ),
    PackNumberDescription(
        key="charge_voltage_cap",
        translation_key="charge_voltage_cap",
        device_class=NumberDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        native_step=0.01,
        entity_category=EntityCategory.CONFIG,
        lowest=lambda config: ceil(100 * config.cells * config.cell_voltage_empty) / 100,
        highest=lambda config: floor(100 * config.cells * config.cell_voltage_full + 1e-6) / 100,
    ),
)


@dataclass(frozen=True, kw_only=True)
class SystemNumberDescription(NumberEntityDescription, HomeBmsEntityDescription):
    """Describes a number of all packs together."""


RESERVE: Final = SystemNumberDescription(
    key="reserve",
    translation_key="reserve",
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    native_min_value=0.0,
    native_max_value=100.0,
    native_step=1.0,
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the reserve of the system and the caps of each pack."""
    async_add_entities([ReserveNumber(entry.runtime_data.system, RESERVE)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [PackNumber(pack, description) for description in PACK_NUMBERS], config_subentry_id=subentry_id
        )


class ReserveNumber(SystemEntity, NumberEntity):
    """The charge that the user keeps without an end; leases may ask for more."""

    entity_description: SystemNumberDescription

    @property
    @override
    def shown(self) -> float:
        return self.native_value

    @property
    @override
    def native_value(self) -> float:
        """Return the reserve in percent; 0 is none."""
        return self.coordinator.leases.book.reserve

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Keep another reserve."""
        await self.coordinator.async_change_leases(lambda book, _: keep(book, value))


class PackNumber(PackEntity, NumberEntity):
    """A cap of one pack."""

    entity_description: PackNumberDescription
    _attr_mode = NumberMode.BOX

    def __init__(self, coordinator: PackCoordinator, description: PackNumberDescription) -> None:
        """Take the ends from what the pack is made of."""
        super().__init__(coordinator, description)
        self._attr_native_min_value = description.lowest(coordinator.config)
        self._attr_native_max_value = description.highest(coordinator.config)

    @property
    @override
    def shown(self) -> float:
        return self.native_value

    @property
    @override
    def native_value(self) -> float:
        """Return the cap, or the highest value where there is none."""
        cap: float | None = getattr(self.snapshot.wishes, self.entity_description.key)
        return self.native_max_value if cap is None else cap

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the cap, or lift it."""
        cap = value if value < self.native_max_value else None
        await self.coordinator.async_wish(**{self.entity_description.key: cap})
