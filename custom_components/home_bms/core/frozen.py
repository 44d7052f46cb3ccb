"""Notices what does not move although it should: a whole device that repeats itself, and a single cell."""

from __future__ import annotations

from typing import Final

from .model import Frame, PackConfig, PackReading, Still

# No value changes for a minute while current flows: the controller behind the link hangs (faults.md 26).
_FRAME_AFTER: Final = 60.0
_FLOWING: Final = 1.0
# A cell that stays the same to the millivolt while others move by more than noise, looked at once a minute under a
# tenth of the capacity per hour: told after 10 minutes, not used after 30 (faults.md 25).
_STILL_EVERY: Final = 60.0
_STILL_LOAD: Final = 0.1
_STILL_MOVE: Final = 0.002
_STILL_TOLD: Final = 10
_STILL_OUT: Final = 30


def frame_frozen(frame: Frame | None, reading: PackReading) -> tuple[Frame | None, bool]:
    """Return the last sample in which anything changed, and whether the device has repeated itself for too long."""
    said = (
        reading.cells,
        reading.current,
        reading.voltage,
        reading.temperatures,
        reading.switch_temperature,
        reading.soc,
        reading.switches,
    )
    heard = reading.cells_time
    if heard is None:
        return frame, False
    if frame is None or said != frame.said:
        return Frame(time=heard, said=said), False
    flowing = reading.current is not None and abs(reading.current) > _FLOWING
    return frame, flowing and heard - frame.time >= _FRAME_AFTER


def still_cells(
    config: PackConfig,
    still: Still | None,
    cells: tuple[float | None, ...],
    current: float | None,
    now: float,
    doubts: dict[str, str],
) -> tuple[Still | None, tuple[float | None, ...]]:
    """Return the minutes that each cell has not moved under load, and the cells without those that are out."""
    if still is None or len(still.cells) != len(cells):
        return Still(time=now, cells=cells, minutes=(0,) * len(cells)), cells
    if now - still.time >= _STILL_EVERY:
        loaded = current is not None and abs(current) >= _STILL_LOAD * config.capacity
        moved = [
            None if one is None or other is None else abs(one - other)
            for one, other in zip(cells, still.cells, strict=True)
        ]
        others_move = sum(move is not None and move >= _STILL_MOVE for move in moved) > len(cells) / 2
        idle = 1 if loaded and others_move else 0
        # One that moves is alive, loaded or not: with the limits at zero there may be no load to show it.
        minutes = tuple(count + idle if move == 0 else 0 for count, move in zip(still.minutes, moved, strict=True))
        still = Still(time=now, cells=cells, minutes=minutes)
    if max(still.minutes, default=0) < _STILL_TOLD:
        return still, cells
    for index, count in enumerate(still.minutes):
        if count >= _STILL_TOLD:
            doubts.setdefault(f"cell_{index + 1}", "frozen")
    return still, tuple(
        None if count >= _STILL_OUT else value for value, count in zip(cells, still.minutes, strict=True)
    )
