"""Checks wiring, sensors and settings as far as it takes no hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType
from typing import Final

from .commissioning import Finding, Kind, Number, Outcome
from .lint import Finding as Setting
from .model import PackConfig, Snapshot, whole

ENOUGH: Final = 3
"""Looks that are needed: what is wrong once may be a spike."""
# What a lithium cell can show at all, as in plausibility.
_CELL: Final = (0.5, 5.0)
_SUM_SHARE: Final = 0.01
_SUM_TOLERANCE: Final = 0.5
# K between the sensors of one pack at rest (thresholds.md 2.4: 15 K is worth a warning).
_SPREAD: Final = 15.0
SIGN: Final = "sign"
"""The one check that is no step: whether current and voltage have contradicted each other so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a pack."""

    config: PackConfig
    looks: tuple[Snapshot, ...]
    """The last ones, in which the pack answered."""
    cells: int | None = None
    """As the device says."""
    settings: tuple[Setting, ...] = ()
    """What `lint` found."""


def selftest(seen: Seen) -> Mapping[str, Finding]:
    """Return what came of each check, by the key of its step, or SIGN."""
    if len(seen.looks) < ENOUGH:
        return dict.fromkeys(CHECKS, Finding(outcome=Outcome.FAILED, reason="not_heard"))
    return {key: check(seen) for key, check in CHECKS.items()}


def _judged(wrong: str | None, **numbers: Number) -> Finding:
    outcome = Outcome.PASSED if wrong is None else Outcome.FAILED
    return Finding(outcome=outcome, reason=wrong, numbers=MappingProxyType(numbers))


def _cell_count(seen: Seen) -> Finding:
    """Compare what is read with what the user and the device say."""
    read = {len(look.reading.cells) for look in seen.looks}
    expected = seen.config.cells
    wrong = read != {expected} or seen.cells not in (None, expected)
    numbers: dict[str, Number] = {"expected": expected, "read": " / ".join(str(count) for count in sorted(read))}
    if seen.cells is not None:
        numbers["told"] = seen.cells
    return _judged("other_count" if wrong else None, **numbers)


def _polarity(seen: Seen) -> Finding:
    """See that each cell shows what a cell can show: one that is wired the wrong way round does not."""
    cells = seen.looks[-1].reading.cells
    odd = [index + 1 for index, told in enumerate(cells) if told is None or not _CELL[0] < told < _CELL[1]]
    known = [told for told in cells if told is not None]
    numbers: dict[str, Number] = {}
    if known:
        numbers = {"lowest": round(min(known), 3), "highest": round(max(known), 3)}
    if odd or not cells:
        return _judged("odd_cells", cells=", ".join(str(number) for number in odd), **numbers)
    return _judged(None, **numbers)


def _sum_of_cells(seen: Seen) -> Finding:
    """Compare the cells' sum with the pack voltage, which is measured across all of them."""
    pairs = [
        (sum(look.reading.cells), look.reading.voltage)
        for look in seen.looks
        if look.reading.cells and whole(look.reading.cells) and look.reading.voltage is not None
    ]
    if not pairs:
        return Finding(outcome=Outcome.PARTLY, reason="no_pack_voltage")
    total, voltage = fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs)
    apart = abs(total - voltage)
    wrong = apart > max(_SUM_TOLERANCE, _SUM_SHARE * voltage)
    return _judged(
        "sum_differs" if wrong else None, sum=round(total, 2), voltage=round(voltage, 2), difference=round(apart, 2)
    )


def _sensors(seen: Seen) -> Finding:
    """See that every temperature sensor tells something, and none something that its neighbours deny."""
    last = seen.looks[-1]
    told = last.believed.temperatures
    expected = seen.config.temperature_sensors
    silent = [index + 1 for index, value in enumerate(told) if value is None]
    numbers: dict[str, Number] = {"expected": expected, "read": len(told) - len(silent)}
    if expected == 0:
        return _judged("no_sensors", **numbers)
    if silent or len(told) < expected:
        return _judged("silent_sensors", sensors=", ".join(str(number) for number in silent), **numbers)
    known = [value for value in told if value is not None]
    spread = max(known) - min(known)
    numbers |= {"coldest": round(min(known), 1), "hottest": round(max(known), 1)}
    return _judged("far_apart" if spread > _SPREAD else None, **numbers)


def _settings(seen: Seen) -> Finding:
    """Tell what the lint says of the pack's own settings; what puts cells at risk fails."""
    grave = [finding for finding in seen.settings if finding.grave]
    named = grave or seen.settings
    numbers: dict[str, Number] = {"grave": len(grave), "others": len(seen.settings) - len(grave)}
    if named:
        numbers["settings"] = ", ".join(finding.register for finding in named)
    if grave:
        return _judged("settings_grave", **numbers)
    return Finding(outcome=Outcome.PARTLY if named else Outcome.PASSED,
                   reason="settings_odd" if named else None, numbers=numbers)  # fmt: skip


def _sign(seen: Seen) -> Finding:
    """Tell whether the voltage has moved against the current; nothing is proven while nothing flows."""
    last = seen.looks[-1]
    doubt = last.believed.doubts.get("current")
    if doubt is not None:
        return _judged("current_doubted", doubt=doubt)
    if last.believed.current is None:
        return Finding(outcome=Outcome.PARTLY, reason="current_unknown")
    return _judged(None, current=round(last.believed.current, 1))


CHECKS: Final[Mapping[str, Callable[[Seen], Finding]]] = MappingProxyType(
    {
        Kind.CELL_COUNT.value: _cell_count,
        Kind.POLARITY.value: _polarity,
        Kind.SUM_OF_CELLS.value: _sum_of_cells,
        Kind.SENSORS.value: _sensors,
        SIGN: _sign,
        Kind.SETTINGS.value: _settings,
    }
)
"""Every check that takes no hands."""
