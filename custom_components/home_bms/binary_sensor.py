"""Shows what is either so or not: flow, permission, contact, and each protection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import publish
from .coordinator import PackCoordinator
from .core.model import Alarm, Level
from .core.protection import PROTECTION_KEYS
from .entity import (
    EVIDENCE,
    HomeBmsEntityDescription,
    PackEntity,
    PackEntityDescription,
    SystemEntity,
    current_heard,
    pack_heard,
    protection_evidence,
)
from .packs.member_watch import MemberWatch
from .programmes.connected import CONNECTED, ProgrammeConnected
from .runtime import HomeBmsConfigEntry
from .watching import Link

# Nothing is fetched: the supervisors push.
PARALLEL_UPDATES = 0

# A in either direction below which a pack is at rest, as the mode sensor has it.
IDLE_CURRENT: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class PackBinarySensorDescription(BinarySensorEntityDescription, PackEntityDescription):
    """Describes a binary sensor of a pack."""

    is_on_fn: Callable[[PackCoordinator], bool | None]
    alarm_fn: Callable[[PackCoordinator], Alarm | None] | None = None
    """What the attributes explain ..."""
    details_fn: Callable[[PackCoordinator], dict[str, Any]] | None = None
    """... or name."""


@dataclass(frozen=True, kw_only=True)
class SystemBinarySensorDescription(BinarySensorEntityDescription, HomeBmsEntityDescription):
    """Describes a binary sensor of all packs together."""


def _charging(pack: PackCoordinator) -> bool | None:
    current = pack.data.believed.current
    return None if current is None else current > IDLE_CURRENT


def _alarm(key: str, pack: PackCoordinator) -> Alarm | None:
    return next((alarm for alarm in pack.data.decision.alarms if alarm.key == key), None)


def _stands(key: str, pack: PackCoordinator) -> bool:
    return _alarm(key, pack) is not None


def _trip(pack: PackCoordinator) -> Alarm | None:
    return next((alarm for alarm in pack.data.decision.alarms if alarm.level is Level.TRIP), None)


def _findings(pack: PackCoordinator) -> dict[str, Any]:
    """Return what is wrong with which cells, which count from 1."""
    findings = publish.findings(pack.data)
    return {
        "kinds": sorted({finding.kind.value for finding in findings}),
        "cells": sorted({finding.cell + 1 for finding in findings if finding.cell is not None}),
    }


PACK_BINARY_SENSORS: Final = (
    PackBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        heard=current_heard,
        is_on_fn=_charging,
    ),
    PackBinarySensorDescription(
        key="balancing",
        translation_key="balancing",
        device_class=BinarySensorDeviceClass.RUNNING,
        heard=pack_heard,
        is_on_fn=lambda pack: pack.data.reading.balancing,
    ),
    PackBinarySensorDescription(
        key="hold_top",
        translation_key="hold_top",
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda pack: pack.data.decision.balance.hold_top,
    ),
    PackBinarySensorDescription(
        key="charge_permitted",
        translation_key="charge_permitted",
        is_on_fn=lambda pack: pack.data.decision.charge_permitted,
    ),
    PackBinarySensorDescription(
        key="discharge_permitted",
        translation_key="discharge_permitted",
        is_on_fn=lambda pack: pack.data.decision.discharge_permitted,
    ),
    PackBinarySensorDescription(
        key="tripped",
        translation_key="tripped",
        device_class=BinarySensorDeviceClass.SAFETY,
        is_on_fn=lambda pack: _trip(pack) is not None,
        alarm_fn=_trip,
    ),
    PackBinarySensorDescription(
        key="communication",
        translation_key="communication",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda pack: pack.supervisor.statistics.link is Link.ANSWERING,
    ),
    PackBinarySensorDescription(
        key="finding",
        translation_key="finding",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda pack: bool(publish.findings(pack.data)),
        details_fn=_findings,
    ),
    # On from the first level upward: a warning is what a person can still act on. How far it has gone is an attribute.
    *(
        PackBinarySensorDescription(
            key=key,
            translation_key=key,
            device_class=BinarySensorDeviceClass.PROBLEM,
            entity_category=EntityCategory.DIAGNOSTIC,
            is_on_fn=partial(_stands, key),
            alarm_fn=partial(_alarm, key),
        )
        for key in PROTECTION_KEYS
    ),
)


def _answers(name: str, members: MemberWatch, _: PackCoordinator) -> bool:
    return name not in members.silent


def _member_details(name: str, members: MemberWatch, _: PackCoordinator) -> dict[str, Any]:
    """Return who a member says it is, and why it does not answer."""
    info, trouble = members.parts.members[name], members.silent.get(name)
    return {
        "model": None if info is None else f"{info.manufacturer} {info.model}",
        "firmware": None if info is None else info.firmware,
        "trouble": None if trouble is None else trouble.key,
    }


def member_sensors(pack: PackCoordinator) -> list[PackBinarySensorDescription]:
    """Return what tells whether each member of a pack that is built from parts answers."""
    if (members := pack.members) is None:
        return []
    return [
        PackBinarySensorDescription(
            key=f"member_{name}",
            translation_key="member",
            placeholders={"member": name},
            device_class=BinarySensorDeviceClass.CONNECTIVITY,
            entity_category=EntityCategory.DIAGNOSTIC,
            is_on_fn=partial(_answers, name, members),
            details_fn=partial(_member_details, name, members),
        )
        for name in members.parts.members
    ]


PROBLEM: Final = SystemBinarySensorDescription(key="problem", device_class=BinarySensorDeviceClass.PROBLEM)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of the system, of each pack and of each programme."""
    async_add_entities([SystemProblem(entry.runtime_data.system, PROBLEM)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [PackBinarySensor(pack, description) for description in (*PACK_BINARY_SENSORS, *member_sensors(pack))],
            config_subentry_id=subentry_id,
        )
    for subentry_id, programme in entry.runtime_data.programmes.items():
        async_add_entities([ProgrammeConnected(programme, CONNECTED)], config_subentry_id=subentry_id)


class PackBinarySensor(PackEntity, BinarySensorEntity):
    """A binary sensor of one pack."""

    entity_description: PackBinarySensorDescription
    # The level is recorded: it is what a person looks for afterwards.
    _unrecorded_attributes = (EVIDENCE - {"level"}) | {"kinds", "cells", "model", "firmware"}

    @property
    def _alarm(self) -> Alarm | None:
        alarm_fn = self.entity_description.alarm_fn
        return None if alarm_fn is None else alarm_fn(self.coordinator)

    @property
    def _details(self) -> dict[str, Any] | None:
        details_fn = self.entity_description.details_fn
        return None if details_fn is None else details_fn(self.coordinator)

    @property
    @override
    def shown(self) -> object:
        alarm = self._alarm
        return self.is_on, None if alarm is None else alarm.level, self._details

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is so."""
        return self.entity_description.is_on_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return how far a protection has gone and what it rests on, or what was found."""
        alarm = self._alarm
        if alarm is None:
            return self._details
        drill = self.snapshot.drill
        return protection_evidence(alarm) | ({} if drill is None else {"drill": drill})


class SystemProblem(SystemEntity, BinarySensorEntity):
    """Whether any protection of any pack is above ok."""

    entity_description: SystemBinarySensorDescription
    _unrecorded_attributes = (EVIDENCE - {"level"}) | {"pack"}

    @property
    def _worst(self) -> tuple[str, Alarm] | None:
        """The name of the pack with the gravest alarm, and the alarm; a pack's own come gravest first."""
        first = [
            (pack.name, alarm) for pack in self.coordinator.packs.values() for alarm in pack.latest.decision.alarms[:1]
        ]
        return max(first, key=lambda found: found[1].level, default=None)

    @property
    @override
    def shown(self) -> object:
        worst = self._worst
        return None if worst is None else (worst[0], worst[1].key, worst[1].level)

    @property
    @override
    def is_on(self) -> bool:
        """Return whether there is one."""
        return self._worst is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return which it is, and what it rests on."""
        worst = self._worst
        return (
            None if worst is None else {"pack": worst[0], "protection": worst[1].key, **protection_evidence(worst[1])}
        )
