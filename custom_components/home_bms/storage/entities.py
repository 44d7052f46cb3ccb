"""Shows how a battery system rests, and lets a user choose it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory

from ..core.model import ConfigError
from ..core.storage import BANDS, Phase, Purpose, Rest
from ..described_sensor import DescribedSensor, DescribedSensorDescription
from ..entity import HomeBmsEntityDescription, SystemEntity
from ..helpers import refused
from ..leases.words import shown_time
from ..system_coordinator import SystemCoordinator

NOT_RESTING: Final = "off"


def storage_facts(system: SystemCoordinator) -> dict[str, Any]:
    """Return between which charges a battery is kept, until when, and whether anybody is told."""
    state = system.storage.state
    if (rest := state.rest) is None:
        return {}
    return {
        "purpose": rest.purpose.value,
        "lowest": rest.lowest,
        "highest": rest.highest,
        "until": None if rest.until is None else shown_time(rest.until),
        "acting": system.storage.acting,
        "waiting_since": None if state.waiting_since is None else shown_time(state.waiting_since),
    }


STORAGE_PHASE: Final[DescribedSensorDescription[SystemCoordinator]] = DescribedSensorDescription(
    key="storage_phase",
    translation_key="storage_phase",
    device_class=SensorDeviceClass.ENUM,
    options=[phase.value for phase in Phase],
    value_fn=lambda system: system.storage.state.phase.value,
    remark_fn=storage_facts,
    details_fn=storage_facts,
)


class StorageSensor(DescribedSensor[SystemCoordinator]):
    """What is being done for a battery that rests."""

    _unrecorded_attributes = frozenset({"purpose", "lowest", "highest", "until", "acting", "waiting_since"})


@dataclass(frozen=True, kw_only=True)
class StorageSelectDescription(SelectEntityDescription, HomeBmsEntityDescription):
    """Describes the choice of how a system rests."""


STORAGE_MODE: Final = StorageSelectDescription(
    key="storage_mode",
    translation_key="storage_mode",
    options=[NOT_RESTING, *[purpose.value for purpose in Purpose]],
    entity_category=EntityCategory.CONFIG,
)


class StorageSelect(SystemEntity, SelectEntity):
    """Why the battery rests, with the charges that are proposed for it; the action takes others, and an end."""

    entity_description: StorageSelectDescription

    @property
    @override
    def shown(self) -> str:
        return self.current_option

    @property
    @override
    def current_option(self) -> str:
        """Return why it rests, if it does."""
        rest = self.coordinator.storage.state.rest
        return NOT_RESTING if rest is None else rest.purpose.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Begin or end it. Raises ServiceValidationError where there is no room for its lease."""
        try:
            await self.coordinator.async_rest(_proposed(option))
        except ConfigError as err:
            raise refused(err) from err


def _proposed(option: str) -> Rest | None:
    if option == NOT_RESTING:
        return None
    purpose = Purpose(option)
    return Rest(purpose=purpose, lowest=BANDS[purpose].lowest, highest=BANDS[purpose].highest)


def storage_details(system: SystemCoordinator) -> Mapping[str, Any]:
    """Return all of it for a bug report."""
    return {"phase": system.storage.state.phase.value, **storage_facts(system)}
