"""Gathers all that a report tells, while Home Assistant waits for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util

from ..const import CONF_HARDWARE_RING, DOMAIN
from ..coordinator import PackCoordinator
from ..core.model import HardwareRing, PackConfig, Snapshot
from ..helpers import device_name, device_of
from ..inverters.coordinator import InverterCoordinator
from ..runtime import HomeBmsConfigEntry
from ..story import tell
from .data import Recorded, async_recordings
from .events import Episode, episodes, read_boxes, shown
from .period import Period, Span, period
from .words import UNKNOWN, Wording, async_wording

IDENTITY: Final = ("manufacturer", "model", "sw_version", "hw_version")
SERIAL: Final = "serial_number"
# Sentences that are made in one go.
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An episode with its sentence."""

    episode: Episode
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackAccount:
    """All that is told of one pack."""

    name: str
    identity: Mapping[str, str]
    """What the device says of itself, by field of the device registry."""
    config: PackConfig
    ring: HardwareRing
    """The pack's own protection settings."""
    snapshot: Snapshot
    recorded: Recorded
    counts: tuple[int, int, int]
    """Trips, stops and lesser events."""
    stories: tuple[Story, ...]
    """Of those for which there is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that a person should do, in the words of its repair."""

    title: str
    text: str
    severity: ir.IssueSeverity


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that is told in one report."""

    title: str
    """Of the battery, or of the pack that it is about."""
    system: str
    period: Period
    made: datetime
    recorder: bool
    events_from: datetime | None
    """Since when events are kept."""
    control_allowed: bool
    packs: tuple[PackAccount, ...]
    inverters: tuple[tuple[str, Mapping[str, str]], ...]
    found: tuple[Found, ...]
    home_bms: str
    home_assistant: str


async def async_account(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
    packs: list[PackCoordinator],
    span: Span,
    day: date | None,
    *,
    serials: bool,
    title: str,
) -> tuple[Account, Wording]:
    """Return what is told of some packs of a system, and in which words. Raises NotThenError."""
    runtime = entry.runtime_data
    wording = await async_wording(hass)
    recordings = await async_recordings(hass)
    now = dt_util.now()
    firsts = [await recordings.async_first(pack) for pack in packs]
    known = [first for first in firsts if first is not None]
    about = period(span, day, first=min(known, default=dt_util.as_local(entry.created_at)), now=now)
    accounts = [
        await _pack_account(hass, pack, await recordings.async_read(pack, about, first), about, serials)
        for pack, first in zip(packs, firsts, strict=True)
    ]
    inverters = [(inverter.subentry.title, _identity(inverter, serials)) for inverter in runtime.inverters.values()]
    return Account(
        title=title,
        system=entry.title,
        period=about,
        made=now,
        recorder=recordings.there,
        events_from=recordings.kept_from,
        control_allowed=runtime.control_allowed,
        packs=tuple(accounts),
        inverters=tuple(inverters),
        found=_found(hass, entry, packs, wording, serials=serials),
        home_bms=str(async_get_loaded_integration(hass, DOMAIN).version),
        home_assistant=__version__,
    ), wording


async def _pack_account(
    hass: HomeAssistant, pack: PackCoordinator, recorded: Recorded, about: Period, serials: bool
) -> PackAccount:
    names = [file.name for file in await pack.black_boxes.async_list()]
    boxed = await hass.async_add_executor_job(read_boxes, pack.black_boxes.folder, names, about)
    found = episodes(recorded.events, boxed)
    stories = []
    for number, episode in enumerate(shown(found), 1):
        told = {**_NOTHING, "cause": episode.protection, **episode.facts, "level": episode.level}
        stories.append(Story(episode=episode, text=tell(hass, told)))
        if not number % _AT_ONCE:
            await asyncio.sleep(0)
    trips, stops = (sum(episode.level == level for episode in found) for level in ("trip", "protect"))
    return PackAccount(
        name=device_name(device_of(pack.hass, pack.config_entry.entry_id, pack.identity), pack.subentry.title),
        identity=_identity(pack, serials),
        config=pack.config,
        ring=HardwareRing(**pack.settings.get(CONF_HARDWARE_RING, {})),
        snapshot=pack.latest,
        recorded=recorded,
        counts=(trips, stops, len(found) - trips - stops),
        stories=tuple(stories),
    )


# What an older version may not have told of an event.
_NOTHING: Final = {"value": None, "threshold": None, "cell": None, "sensor": None, "flow": "none", "acting": True}


def _identity(of: PackCoordinator | InverterCoordinator, serials: bool) -> dict[str, str]:
    """Return what a device says of itself; its serial number only where it is asked for."""
    fields = (*IDENTITY, SERIAL) if serials else IDENTITY
    info = dict(of.device_info)
    return {field: str(info.get(field) or UNKNOWN) for field in fields}


# An offer is nothing that was found.
_NOT_FOUND: Final = frozenset({"energy_dashboard"})
# Repairs that name serial numbers and addresses, and where.
_SECRET: Final[Mapping[str, tuple[str, ...]]] = {"identity_changed": ("error",), "address_shared": ("error", "address")}
_GRAVE: Final = (ir.IssueSeverity.CRITICAL, ir.IssueSeverity.ERROR, ir.IssueSeverity.WARNING)


@callback
def _found(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, packs: list[PackCoordinator], wording: Wording, *, serials: bool
) -> tuple[Found, ...]:
    """Return the repairs of the system and of these packs that stand now, the gravest first."""
    runtime = entry.runtime_data
    others = set(runtime.packs) - {pack.identity for pack in packs}
    links = [pack.can.link for pack in packs if pack.can is not None]
    links += [inverter.opened.can for inverter in runtime.inverters.values() if inverter.opened.can is not None]
    # A bus may be shared by several systems, and belongs to none.
    buses = {link.params.key for link in links}
    found = []
    for issue in ir.async_get(hass).issues.values():
        data, key = issue.data or {}, issue.translation_key or ""
        if issue.domain != DOMAIN or not issue.active:
            continue
        if data.get("entry_id") != entry.entry_id and data.get("bus") not in buses:
            continue
        if data.get("subentry_id") in others or key in _NOT_FOUND:
            continue
        shown = dict(issue.translation_placeholders or {})
        if not serials:
            shown |= dict.fromkeys(_SECRET.get(key, ()), UNKNOWN)
        title, text = wording.issue(key, shown)
        found.append(Found(title=title, text=text, severity=issue.severity or ir.IssueSeverity.WARNING))
    return tuple(sorted(found, key=lambda each: (_GRAVE.index(each.severity), each.title)))
