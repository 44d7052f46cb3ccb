"""What every entity of a pack or of the whole system shares."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import PackCoordinator
from .core.model import Alarm, Level, Snapshot
from .inverters.coordinator import InverterCoordinator
from .programmes.coordinator import ProgrammeCoordinator
from .story import evidence
from .system_coordinator import SystemCoordinator

# From this age on both current limits are zero (thresholds.md 2.12); older values are not shown as if they were new.
STALE_AFTER: Final = 10.0

# Recorder thrift, performance.md B3: a row costs 110-150 us and 155 bytes, and a pack may cause two a second.
SOONEST: Final = 10.0
SOONEST_CELL: Final = 30.0
SOONEST_COUNTER: Final = 60.0
LATEST: Final = 60.0


def cells_heard(snapshot: Snapshot) -> bool:
    """Whether the cells were told lately; a dead sense wire hides its own cell and no other."""
    return _fresh(snapshot, snapshot.reading.cells_time)


def temperatures_heard(snapshot: Snapshot) -> bool:
    """Whether the temperatures were told lately."""
    return _fresh(snapshot, snapshot.reading.temperatures_time)


def current_heard(snapshot: Snapshot) -> bool:
    """Whether current and pack voltage were told lately."""
    return _fresh(snapshot, snapshot.reading.current_time)


def pack_heard(snapshot: Snapshot) -> bool:
    """Whether the pack told anything lately."""
    return snapshot.believed.link_age <= STALE_AFTER


def always(_: Snapshot) -> bool:
    """Tell that a value does not age: a counter, or what home_bms itself decides."""
    return True


def _fresh(snapshot: Snapshot, told: float | None) -> bool:
    return told is not None and snapshot.reading.time - told <= STALE_AFTER


@dataclass(frozen=True, kw_only=True)
class HomeBmsEntityDescription(EntityDescription):
    """Describes an entity and how often it may speak."""

    placeholders: Mapping[str, str] | None = None
    """For the name, as the number of a cell."""
    dead_band: float | None = None
    """The least change of a number that is news; without it every change is."""
    soonest: float = SOONEST
    """s between two states of a number with a dead band."""
    falls_at_once: bool = False
    """A limit that falls is news at once; only its rise can wait."""


@dataclass(frozen=True, kw_only=True)
class PackEntityDescription(HomeBmsEntityDescription):
    """Describes an entity of a pack."""

    heard: Callable[[Snapshot], bool] = always
    """Whether what it shows was told lately enough to be shown."""


class HomeBmsEntity[CoordinatorT: PackCoordinator | SystemCoordinator | InverterCoordinator | ProgrammeCoordinator](
    CoordinatorEntity[CoordinatorT]
):
    """An entity that a coordinator pushes to, and that writes its state only when there is news."""

    _attr_has_entity_name = True
    entity_description: HomeBmsEntityDescription

    _written: tuple[bool, object, object] | None = None
    _written_at: float = 0.0

    def __init__(self, coordinator: CoordinatorT, description: HomeBmsEntityDescription) -> None:
        """Take identity and device from the coordinator, the rest from the description."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.identity}_{description.key}"
        self._attr_device_info = coordinator.device_info
        self._attr_translation_placeholders = dict(description.placeholders or {})

    @property
    @abstractmethod
    def shown(self) -> object:
        """What the state is made of, before Home Assistant turns it into words."""

    @property
    def remark(self) -> object:
        """What stands beside the state and is news whenever it changes."""
        return None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if it is news, or if none was written for a while."""
        now = monotonic()
        silence = now - self._written_at
        told = (self.available, self.shown, self.remark)
        if silence >= LATEST or self._is_news(told, silence):
            self._written, self._written_at = told, now
            super()._handle_coordinator_update()

    def _is_news(self, told: tuple[bool, object, object], silence: float) -> bool:
        """Whether a state is worth a row in the recorder, `silence` s after the last one."""
        if told == self._written:
            return False
        dead_band = self.entity_description.dead_band
        if dead_band is None or self._written is None or told[::2] != self._written[::2]:
            return True
        new, old = told[1], self._written[1]
        if not isinstance(new, float | int) or not isinstance(old, float | int):
            return True
        is_limit = self.entity_description.falls_at_once
        if is_limit and (new == 0) != (old == 0):
            return True
        prompt = is_limit and new < old
        return abs(new - old) >= dead_band and (prompt or silence >= self.entity_description.soonest)


class PackEntity(HomeBmsEntity[PackCoordinator]):
    """An entity of one pack."""

    entity_description: PackEntityDescription

    _alarms: tuple[tuple[str, Level], ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """The pack as it was last told of."""
        return self.coordinator.data

    @property
    @override
    def available(self) -> bool:
        """Whether what this entity shows was heard lately."""
        return super().available and self.entity_description.heard(self.snapshot)

    @override
    def _is_news(self, told: tuple[bool, object, object], silence: float) -> bool:
        """Whether a state is worth a row: while a protection moves, every value that has changed is evidence."""
        alarms = tuple([(alarm.key, alarm.level) for alarm in self.snapshot.decision.alarms])
        moved, self._alarms = alarms != self._alarms, alarms
        return super()._is_news(told, silence) or (moved and told != self._written)


class SystemEntity(HomeBmsEntity[SystemCoordinator]):
    """An entity of all packs together."""


class InverterEntity(HomeBmsEntity[InverterCoordinator]):
    """An entity of one inverter."""


# What tells which cell or sensor a reason points at; of no use in the recorder, and costly there.
EVIDENCE: Final = frozenset({"level", "cell", "sensor", "value", "threshold", "ahead"})


def protection_evidence(alarm: Alarm) -> dict[str, Any]:
    """Return how far a protection has gone and what it rests on."""
    return {"level": alarm.level.name.lower(), **evidence(alarm.reason)}
