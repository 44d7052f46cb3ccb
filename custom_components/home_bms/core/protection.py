"""One table of everything that is watched, and how far each row has gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite
from statistics import median
from typing import Any, Final

from .battery import Estimate
from .causes import explain
from .model import (
    NO_TRACKS,
    Alarm,
    Believed,
    ContactorsState,
    Flow,
    Level,
    LimitsState,
    PackConfig,
    PackReading,
    Reason,
    Stage,
    Track,
)
from .plausibility import LINK_FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the protections look at: this sample, and where the stages after them stood in the last."""

    config: PackConfig
    believed: Believed
    reading: PackReading
    estimate: Estimate
    contactors: ContactorsState
    limits: LimitsState


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One row: what is watched, which direction it stops, whose value is the evidence.

    Its levels, delays, hysteresis and counts are the pack's, by key (`PackConfig.stages`).
    """

    key: str
    flow: Flow
    watch: Callable[[Sight], float | None]
    """The watched value, `None` while it is unknown."""
    whole: Callable[[Believed], bool] = lambda _: True
    """Whether every value behind `watch` is known: only then may a level let go."""
    cell: Callable[[Believed], int | None] = lambda _: None
    sensor: Callable[[Believed], int | None] = lambda _: None
    share: float = 1.0
    """Of the rated current that remains at level derate."""
    timeless: bool = False
    """It watches no measurement, so it may let go while measurements are old."""
    heard: bool = False
    """It watches how home_bms hears the pack, which a restart begins anew."""


def _cells_whole(believed: Believed) -> bool:
    return None not in believed.cells


def _temperatures_whole(believed: Believed) -> bool:
    return bool(believed.temperatures) and None not in believed.temperatures


def _difference(sight: Sight) -> float | None:
    """Return the cell difference where it says something.

    On the plateau the same 30 mV mean a hundredth or a third of the charge (thresholds.md 2.5), so there it counts as
    nothing.
    """
    config, high, low = sight.config, sight.believed.cell_max, sight.believed.cell_min
    if high is None or low is None:
        return None
    return high - low if high >= config.window_top or low <= config.window_bottom else 0.0


def _oddest(believed: Believed) -> int | None:
    """Return the cell that lies farthest from the middle one: at the bottom that is the lowest as a rule.

    Raises StatisticsError where no cell is known, but then there is no difference either.
    """
    known = [cell for cell in believed.cells if cell is not None]
    middle = median(known)
    return believed.cell_max_index if max(known) - middle >= middle - min(known) else believed.cell_min_index


def _spread(sight: Sight) -> float | None:
    high, low = sight.believed.temperature_max, sight.believed.temperature_min
    return None if high is None or low is None else high - low


def _discharging(sight: Sight) -> float | None:
    return None if sight.believed.current is None else -sight.believed.current


def _alarm(*keys: str) -> Callable[[Sight], float | None]:
    """Return whether the device itself tells one of these alarms; a device that tells none now denies none."""

    def watch(sight: Sight) -> float | None:
        alarms = sight.reading.alarms
        if alarms is None:
            return None
        return 0.0 if alarms.isdisjoint(keys) else 1.0

    return watch


def _device_alarms(sight: Sight) -> float:
    """Return how many alarms the device tells that are about the battery."""
    alarms = sight.reading.alarms
    return float(len(alarms - INFORMATION)) if alarms else 0.0


def _insulation(sight: Sight) -> float | None:
    """Return the Ω to earth; nothing compares with what is no number, so that it must not be let through."""
    told = sight.reading.insulation
    return told if told is not None and isfinite(told) else None


def _failure(key: str) -> Callable[[Sight], float]:
    """Return whether one of the switches has failed in this way."""

    def watch(sight: Sight) -> float:
        contactors = sight.contactors
        return 1.0 if key in (contactors.charge.failure, contactors.discharge.failure) else 0.0

    return watch


def _ignored(sight: Sight) -> float:
    """Return the seconds for which current has exceeded the limits that were delivered."""
    since = sight.limits.exceeded_since
    return 0.0 if since is None else sight.believed.time - since


def _out_of_order(sight: Sight) -> float | None:
    """Return the V by which home_bms's own trips reach beyond where the device cuts off."""
    ring, stages = sight.reading.hardware, sight.config.stages
    if ring is None:
        return None
    over, under = ring.cell_overvoltage, ring.cell_undervoltage
    return max(
        0.0 if over is None else stages["cell_overvoltage"][-1].at - over,
        0.0 if under is None else under - stages["cell_undervoltage"][-1].at,
    )


INFORMATION: Final = frozenset(
    {
        "change_password",
        "gps_lost",
        "upgrading",
        # Of others beside the battery.
        "parallel",
        "parallel_communication_lost",
        "smart_charger_present",
        "smart_discharger_present",
        "vehicle_communication_lost",
        "charging_cabinet_lost",
        # What the device was told, perhaps by home_bms, or does by itself.
        "switches_off_remotely",
        "charge_off_by_bus",
        "discharge_off_by_bus",
        "charge_off_by_switch",
        "discharge_off_by_switch",
        "fan_on",
        "heater_on",
    }
)
"""Alarms of devices that are not about the battery."""

_CELL_HIGH: Final[dict[str, Any]] = {"whole": _cells_whole, "cell": lambda b: b.cell_max_index}
_CELL_LOW: Final[dict[str, Any]] = {"whole": _cells_whole, "cell": lambda b: b.cell_min_index}
_HOTTEST: Final[dict[str, Any]] = {"whole": _temperatures_whole, "sensor": lambda b: b.temperature_max_index}
_COLDEST: Final[dict[str, Any]] = {"whole": _temperatures_whole, "sensor": lambda b: b.temperature_min_index}

# fmt: off
PROTECTIONS: Final = (
    Protection(key="cell_overvoltage", flow=Flow.CHARGE, watch=lambda s: s.believed.cell_max, **_CELL_HIGH),
    Protection(key="cell_undervoltage", flow=Flow.DISCHARGE, watch=lambda s: s.believed.cell_min, **_CELL_LOW),
    # Copper has dissolved in a cell that was this low: charging it by itself is what must not happen (thresholds.md
    # 2.12).
    Protection(key="deep_discharge", flow=Flow.CHARGE, watch=lambda s: s.believed.cell_min, **_CELL_LOW),
    Protection(key="pack_overvoltage", flow=Flow.CHARGE, watch=lambda s: s.believed.voltage),
    Protection(key="pack_undervoltage", flow=Flow.DISCHARGE, watch=lambda s: s.believed.voltage),
    Protection(key="cell_difference", flow=Flow.BOTH, watch=_difference, share=0.5, whole=_cells_whole, cell=_oddest),
    Protection(key="soc_reserve", flow=Flow.DISCHARGE, watch=lambda s: s.estimate.soc),
    Protection(key="charge_overcurrent", flow=Flow.CHARGE, watch=lambda s: s.believed.current),
    Protection(key="discharge_overcurrent", flow=Flow.DISCHARGE, watch=_discharging),
    Protection(key="short_circuit", flow=Flow.BOTH,
               watch=_alarm("short_circuit", "charge_short_circuit", "discharge_short_circuit")),
    Protection(key="charge_overtemperature", flow=Flow.CHARGE, watch=lambda s: s.believed.temperature_max, **_HOTTEST),
    Protection(key="charge_undertemperature", flow=Flow.CHARGE, watch=lambda s: s.believed.temperature_min, **_COLDEST),
    Protection(key="discharge_overtemperature", flow=Flow.DISCHARGE, watch=lambda s: s.believed.temperature_max,
               **_HOTTEST),
    Protection(key="discharge_undertemperature", flow=Flow.DISCHARGE, watch=lambda s: s.believed.temperature_min,
               **_COLDEST),
    # MOSFETs lose a quarter of their current at 80 °C in dbus-serialbattery; half from 75 °C on is near it (2.4).
    Protection(key="switch_overtemperature", flow=Flow.BOTH, watch=lambda s: s.believed.switch_temperature, share=0.5),
    Protection(key="temperature_spread", flow=Flow.BOTH, watch=_spread, share=0.5, **_HOTTEST),
    # One part that warms alone: a loose lug, a cell that shorts inside (faults.md 36).
    Protection(key="temperature_rise", flow=Flow.BOTH, watch=lambda s: s.believed.temperature_rise,
               whole=_temperatures_whole, sensor=lambda b: b.temperature_rise_index),
    Protection(key="insulation_low", flow=Flow.BOTH, watch=_insulation),
    # A quarter of the current after 5 s, none after 10 s (2.12).
    Protection(key="communication_lost", flow=Flow.BOTH, watch=lambda s: s.believed.link_age, share=0.25, heard=True),
    Protection(key="data_missing", flow=Flow.BOTH, share=0.25, heard=True,
               watch=lambda s: s.believed.age if s.believed.link_age <= LINK_FRESH else None),
    # A sensor that tells what cannot be is no late one: three polls, then nothing flows (faults.md 17, 18, 21).
    Protection(key="sensor_failed", flow=Flow.BOTH, watch=lambda s: s.believed.broken_for),
    Protection(key="contactor_not_opening", flow=Flow.BOTH, watch=_failure("contactor_not_opening"), timeless=True),
    Protection(key="contactor_not_closing", flow=Flow.BOTH, watch=_failure("contactor_not_closing"), timeless=True),
    Protection(key="contactor_welded", flow=Flow.BOTH, watch=_failure("contactor_welded"), timeless=True),
    Protection(key="precharge_failed", flow=Flow.BOTH, watch=_failure("precharge_failed"), timeless=True),
    Protection(key="command_ignored", flow=Flow.BOTH, watch=_ignored),
    Protection(key="device_alarm", flow=Flow.BOTH, watch=_device_alarms),
    Protection(key="settings_out_of_order", flow=Flow.BOTH, watch=_out_of_order, timeless=True),
    Protection(key="loop_late", flow=Flow.BOTH, watch=lambda s: s.reading.tick_late, timeless=True),
)
# fmt: on

PROTECTION_KEYS: Final = tuple(row.key for row in PROTECTIONS)
LASTING: Final = frozenset(row.key for row in PROTECTIONS if not row.heard)
"""Those whose cause is in the pack, and does not end with a restart."""
_BY_KEY: Final = {row.key: row for row in PROTECTIONS}


def protect(tracks: Mapping[str, Track], sight: Sight, started: float) -> Mapping[str, Track]:
    """Return how far each protection is now; the same mapping if nothing moved.

    `started` is the time of the first step: before the first data have had time to arrive, their absence is no alarm.
    """
    moved: dict[str, Track | None] = {}
    stages_of = sight.config.stages
    for row in PROTECTIONS:
        value, key = row.watch(sight), row.key
        track = tracks.get(key) if tracks else None
        if value is None:
            if track is not None and track.safe_since is not None:
                # Of the time in which nothing is known nobody knows that it is safe.
                moved[key] = replace(track, safe_since=None)
            continue
        stages = stages_of[key]
        if track is None:
            first = stages[0]
            if value < first.at if first.at > first.release else value > first.at:
                continue
            track = _UNTOUCHED
            if value == inf:
                value = sight.believed.time - started
        new = _advance(row, stages, track, value, sight)
        if new is not track:
            moved[key] = new
    if not moved:
        return tracks
    merged = {key: moved.get(key, tracks.get(key)) for key in {**tracks, **moved}}
    return {key: track for key, track in merged.items() if track is not None} or NO_TRACKS


_UNTOUCHED: Final = Track()


def _advance(row: Protection, stages: tuple[Stage, ...], track: Track, value: float, sight: Sight) -> Track | None:
    """Return one protection's new track, `None` when there is nothing left to remember."""
    now = sight.believed.time
    pending: list[tuple[float, int] | None] = []
    level = track.level
    reached: Stage | None = None
    for index, stage in enumerate(stages):
        before = track.pending[index] if track.pending else None
        if not _beyond(stage, value, stage.at):
            pending.append(None)
            continue
        since, samples = (now, 1) if before is None else before
        # More than it takes need not be counted: what stands is left as it is.
        if before is not None and samples < stage.samples:
            samples += 1
        pending.append((since, samples))
        if stage.level > level and now - since >= stage.delay and samples >= stage.samples:
            level, reached = stage.level, stage
    waiting = tuple(pending) if any(pending) else ()
    if reached is not None:
        return Track(level=level, since=now, pending=waiting, reason=_reason(row, reached.at, value, sight.believed))
    if waiting != track.pending:
        track = replace(track, pending=waiting)
    if level is Level.OK:
        return track if waiting else None
    return _release(row, stages, track, value, sight)


def _beyond(stage: Stage, value: float, edge: float) -> bool:
    """Tell whether `value` lies at or past `edge` on the stage's dangerous side."""
    return value >= edge if stage.at > stage.release else value <= edge


def _release(row: Protection, stages: tuple[Stage, ...], track: Track, value: float, sight: Sight) -> Track | None:
    """Let a level go when every value behind it is known and safe for long enough; a trip never goes by itself."""
    if track.level is Level.TRIP:
        return track
    stage = next(stage for stage in stages if stage.level is track.level)
    if not _certain(row, sight) or _beyond(stage, value, stage.release):
        return track if track.safe_since is None else replace(track, safe_since=None)
    now, since = sight.believed.time, track.safe_since
    # Where longer went by than a value counts as now, nobody knows what was in between: the hold begins anew.
    if since is None or now - sight.limits.charge.rose > sight.config.age_derate:
        since = now
    if now - since < stage.hold:
        return track if since == track.safe_since else replace(track, safe_since=since)
    left = [lower for lower in stages if lower.level < stage.level and _beyond(lower, value, lower.release)]
    if not left:
        return None
    lower = max(left, key=lambda each: each.level)
    return Track(
        level=lower.level, since=now, pending=track.pending, reason=_reason(row, lower.at, value, sight.believed)
    )


def _certain(row: Protection, sight: Sight) -> bool:
    """Tell whether the value stands for all cells or sensors, and for now."""
    return row.timeless or (sight.believed.age < sight.config.age_derate and row.whole(sight.believed))


def _reason(row: Protection, threshold: float, value: float, believed: Believed) -> Reason:
    return Reason(
        rule=row.key,
        cell=row.cell(believed),
        sensor=row.sensor(believed),
        value=value,
        threshold=threshold,
        since=believed.time,
    )


def alarms(tracks: Mapping[str, Track]) -> tuple[Alarm, ...]:
    """Return every protection above ok with its evidence, the worst and oldest first."""
    standing = [
        Alarm(key=key, level=track.level, flow=_BY_KEY[key].flow, reason=track.reason)
        for key, track in tracks.items()
        if track.level and track.reason is not None
    ]
    standing.sort(key=lambda alarm: (-alarm.level, alarm.reason.since or 0.0))
    return explain(tuple(standing))


def share(alarm: Alarm) -> float:
    """Return the share of the rated current that an alarm leaves to the directions it stops."""
    if alarm.level >= Level.PROTECT:
        return 0.0
    return _BY_KEY[alarm.key].share if alarm.level is Level.DERATE else 1.0


def reset(tracks: Mapping[str, Track], sight: Sight) -> tuple[Mapping[str, Track], tuple[str, ...]]:
    """Take back the trips whose cause is gone; return the keys of those that stand.

    A cause is gone when every value behind it is known, of now and back inside the trip's release.
    """
    kept: dict[str, Track] = {}
    standing: list[str] = []
    for key, track in tracks.items():
        row = _BY_KEY[key]
        value = row.watch(sight)
        stage = sight.config.stages[key][-1]
        gone = value is not None and _certain(row, sight) and not _beyond(stage, value, stage.release)
        if track.level is not Level.TRIP:
            kept[key] = track
        elif not gone:
            kept[key] = track
            standing.append(key)
    return kept or NO_TRACKS, tuple(standing)
