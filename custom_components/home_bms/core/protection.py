"""One table of everything that is watched, and how far each row has gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .model import NO_TRACKS, Alarm, Believed, Flow, Level, PackConfig, Reason, Stage, Track
from .plausibility import FRESH

# Data younger than this counts as arriving: what is missing in it is a failed sensor rather than a lost link.
_LINK_FRESH: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One row: what is watched, which direction it stops, whose value is the evidence."""

    key: str
    flow: Flow
    watch: Callable[[PackConfig, Believed], float | None]
    """The watched value, `None` while it is unknown."""
    whole: Callable[[Believed], bool] = lambda _: True
    """Whether every value behind `watch` is known: only then may a level let go."""
    cell: Callable[[Believed], int | None] = lambda _: None
    sensor: Callable[[Believed], int | None] = lambda _: None
    share: float = 1.0
    """Of the rated current that remains at level derate."""


def _cells_whole(believed: Believed) -> bool:
    return None not in believed.cells


def _temperatures_whole(believed: Believed) -> bool:
    return bool(believed.temperatures) and None not in believed.temperatures


def _difference(config: PackConfig, believed: Believed) -> float | None:
    """Return the cell difference where it says something.

    On the plateau the same 30 mV mean a hundredth or a third of the charge (thresholds.md 2.5), so there it counts as
    nothing.
    """
    high, low = believed.cell_max, believed.cell_min
    if high is None or low is None:
        return None
    return high - low if high >= config.window_top or low <= config.window_bottom else 0.0


PROTECTIONS: Final = (
    Protection(
        key="cell_overvoltage",
        flow=Flow.CHARGE,
        watch=lambda _, b: b.cell_max,
        whole=_cells_whole,
        cell=lambda b: b.cell_max_index,
    ),
    Protection(
        key="cell_undervoltage",
        flow=Flow.DISCHARGE,
        watch=lambda _, b: b.cell_min,
        whole=_cells_whole,
        cell=lambda b: b.cell_min_index,
    ),
    Protection(key="pack_overvoltage", flow=Flow.CHARGE, watch=lambda _, b: b.voltage),
    Protection(key="pack_undervoltage", flow=Flow.DISCHARGE, watch=lambda _, b: b.voltage),
    Protection(key="charge_overcurrent", flow=Flow.CHARGE, watch=lambda _, b: b.current),
    Protection(
        key="discharge_overcurrent",
        flow=Flow.DISCHARGE,
        watch=lambda _, b: None if b.current is None else -b.current,
    ),
    Protection(
        key="charge_overtemperature",
        flow=Flow.CHARGE,
        watch=lambda _, b: b.temperature_max,
        whole=_temperatures_whole,
        sensor=lambda b: b.temperature_max_index,
    ),
    Protection(
        key="charge_undertemperature",
        flow=Flow.CHARGE,
        watch=lambda _, b: b.temperature_min,
        whole=_temperatures_whole,
        sensor=lambda b: b.temperature_min_index,
    ),
    Protection(
        key="discharge_overtemperature",
        flow=Flow.DISCHARGE,
        watch=lambda _, b: b.temperature_max,
        whole=_temperatures_whole,
        sensor=lambda b: b.temperature_max_index,
    ),
    Protection(
        key="discharge_undertemperature",
        flow=Flow.DISCHARGE,
        watch=lambda _, b: b.temperature_min,
        whole=_temperatures_whole,
        sensor=lambda b: b.temperature_min_index,
    ),
    # MOSFETs lose a quarter of their current at 80 °C in dbus-serialbattery; half from 75 °C on is near it
    # (thresholds.md 2.4).
    Protection(
        key="switch_overtemperature",
        flow=Flow.BOTH,
        watch=lambda _, b: b.switch_temperature,
        share=0.5,
    ),
    Protection(
        key="cell_difference",
        flow=Flow.BOTH,
        watch=_difference,
        whole=_cells_whole,
        cell=lambda b: b.cell_max_index,
        share=0.5,
    ),
    # A quarter of the current after 5 s, none after 10 s (thresholds.md 2.12).
    Protection(key="communication_lost", flow=Flow.BOTH, watch=lambda _, b: b.link_age, share=0.25),
    Protection(
        key="sensor_failed",
        flow=Flow.BOTH,
        watch=lambda _, b: b.age if b.link_age < _LINK_FRESH else None,
        share=0.25,
    ),
)

PROTECTION_KEYS: Final = tuple(row.key for row in PROTECTIONS)
_BY_KEY: Final = {row.key: row for row in PROTECTIONS}


def protect(config: PackConfig, tracks: Mapping[str, Track], believed: Believed, started: float) -> Mapping[str, Track]:
    """Return how far each protection is now; the same mapping if nothing moved.

    `started` is the time of the first step: before the first data have had time to arrive, their absence is no alarm.
    """
    moved: dict[str, Track | None] = {}
    stages_of = config.stages
    for row in PROTECTIONS:
        key = row.key
        value = row.watch(config, believed)
        track = tracks.get(key)
        if value is None:
            continue
        stages = stages_of[key]
        if track is None:
            first = stages[0]
            if value < first.at if first.at > first.release else value > first.at:
                continue
            if not value < float("inf"):
                value = believed.time - started
            track = _UNTOUCHED
        new = _advance(row, stages, track, value, believed)
        if new is not track:
            moved[key] = new
    if not moved:
        return tracks
    merged = {key: moved.get(key, tracks.get(key)) for key in {**tracks, **moved}}
    return {key: track for key, track in merged.items() if track is not None} or NO_TRACKS


_UNTOUCHED: Final = Track()


def _advance(
    row: Protection, stages: tuple[Stage, ...], track: Track, value: float, believed: Believed
) -> Track | None:
    """Return one protection's new track, `None` when there is nothing left to remember."""
    now = believed.time
    pending: list[float | None] = []
    level = track.level
    reached: Stage | None = None
    for index, stage in enumerate(stages):
        since = track.pending[index] if track.pending else None
        if not _beyond(stage, value, stage.at):
            pending.append(None)
            continue
        since = now if since is None else since
        pending.append(since)
        if stage.level > level and now - since >= stage.delay:
            level, reached = stage.level, stage
    waiting = tuple(pending) if any(since is not None for since in pending) else ()
    if reached is not None:
        return Track(level=level, since=now, pending=waiting, reason=_reason(row, reached.at, value, believed))
    if level is Level.OK:
        return replace(track, pending=waiting) if waiting else None
    return _release(
        row, stages, replace(track, pending=waiting) if waiting != track.pending else track, value, believed
    )


def _beyond(stage: Stage, value: float, edge: float) -> bool:
    """Tell whether `value` lies at or past `edge` on the stage's dangerous side."""
    return value >= edge if stage.at > stage.release else value <= edge


def _release(
    row: Protection, stages: tuple[Stage, ...], track: Track, value: float, believed: Believed
) -> Track | None:
    """Let a level go when every value behind it is known and safe for long enough; a trip never goes by itself."""
    if track.level is Level.TRIP:
        return track
    stage = next(stage for stage in stages if stage.level is track.level)
    if not _certain(row, believed) or _beyond(stage, value, stage.release):
        return track if track.safe_since is None else replace(track, safe_since=None)
    now = believed.time
    since = now if track.safe_since is None else track.safe_since
    if now - since < stage.hold:
        return track if track.safe_since is not None else replace(track, safe_since=now)
    left = [lower for lower in stages if lower.level < stage.level and _beyond(lower, value, lower.release)]
    if not left:
        return None
    lower = max(left, key=lambda each: each.level)
    return Track(level=lower.level, since=now, pending=track.pending, reason=_reason(row, lower.at, value, believed))


def _certain(row: Protection, believed: Believed) -> bool:
    """Tell whether the value stands for all cells or sensors, and for now."""
    return believed.age < FRESH and row.whole(believed)


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
    return tuple(standing)


def share(alarm: Alarm) -> float:
    """Return the share of the rated current that an alarm leaves to the directions it stops."""
    if alarm.level >= Level.PROTECT:
        return 0.0
    return _BY_KEY[alarm.key].share if alarm.level is Level.DERATE else 1.0


def reset(
    config: PackConfig, tracks: Mapping[str, Track], believed: Believed
) -> tuple[Mapping[str, Track], tuple[str, ...]]:
    """Take back the trips whose cause is gone; return the keys of those that stand.

    A cause is gone when every value behind it is known and back inside the trip's release.
    """
    kept: dict[str, Track] = {}
    standing: list[str] = []
    for key, track in tracks.items():
        row = _BY_KEY[key]
        value = row.watch(config, believed)
        stage = config.stages[key][-1]
        gone = value is not None and _certain(row, believed) and not _beyond(stage, value, stage.release)
        if track.level is not Level.TRIP:
            kept[key] = track
        elif not gone:
            kept[key] = track
            standing.append(key)
    return kept or NO_TRACKS, tuple(standing)
