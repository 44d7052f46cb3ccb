"""Tells whether cells may be balanced now, and what forbids it."""

from __future__ import annotations

from typing import Final, NamedTuple

from .model import BalanceConfig, BalanceMode, BalanceState, Believed, PackConfig, PackReading, Wishes, whole
from .plausibility import everything_known
from .surplus import Verdict

# A above which the pack charges, and share of the capacity in A up to which it rests: an inverter's standby is rest
# (estimation.md, on foxBMS's 200 mA).
_CHARGING: Final = 0.5
_REST: Final = 0.01
# s for which the current must be so: a passing cloud must not wear a device's switch; half an hour of rest as in Libre
# Solar (thresholds.md 2.7).
_LASTING: Final = {BalanceMode.CHARGING: 60.0, BalanceMode.REST: 1800.0}
_NOT_SO: Final = {BalanceMode.CHARGING: "not_charging", BalanceMode.REST: "not_at_rest"}
# K below its threshold to which what was too hot must cool.
_COOLER: Final = 2.0


class Facts(NamedTuple):
    """What must be known to balance at all."""

    cells: tuple[float, ...]
    high: float
    low: float
    current: float


def facts(config: PackConfig, believed: Believed, reading: PackReading) -> Facts | None:
    """Return what balancing rests on; `None` if any of it is unknown, and so is what is bled just now."""
    cells, high, low, mask = believed.cells, believed.cell_max, believed.cell_min, reading.switches.bleed
    current = believed.current
    if config.balance.masked and (mask is None or len(mask) != config.cells):
        return None
    if believed.switch_temperature is None and reading.switch_temperature is not None:
        return None
    if high is None or low is None or current is None or not whole(cells) or not everything_known(config, believed):
        return None
    return Facts(cells, high, low, current)


def mode_of(setup: BalanceConfig, wishes: Wishes) -> BalanceMode:
    """Return when balancing may run now."""
    if wishes.balance_now:
        return BalanceMode.ALWAYS if wishes.balance_now_mode is None else wishes.balance_now_mode
    return standing(setup, wishes)


def standing(setup: BalanceConfig, wishes: Wishes) -> BalanceMode:
    """Return when balancing may run, on demand apart."""
    return setup.mode if wishes.balance_mode is None else wishes.balance_mode


def at_the_top(config: PackConfig, believed: Believed, *, active: bool) -> bool:
    """Whether a difference in voltage may be one in charge; the balancer's own drop does not end it."""
    high, low = believed.cell_max, believed.cell_min
    start = config.balance_start - (config.balance_on if active else 0.0)
    return high is not None and low is not None and high >= start and low > config.window_bottom


def flowing_since(config: PackConfig, state: BalanceState, believed: Believed, mode: BalanceMode) -> float | None:
    """Return since when the current is what the mode asks for; `None` where it is not, or the mode does not ask."""
    current = believed.current
    if mode not in _LASTING or current is None:
        return None
    if not (current > _CHARGING if mode is BalanceMode.CHARGING else abs(current) <= _REST * config.capacity):
        return None
    began = state.flow_since if mode is state.decision.mode else None
    return believed.time if began is None else began


def forbidden(
    config: PackConfig,
    before: str,
    known: Facts,
    believed: Believed,
    mode: BalanceMode,
    since: float | None,
    *,
    top: bool,
) -> Verdict | None:
    """Return what forbids to balance, whatever the cells say.

    `before` is the rule that ruled last, `since` when the current came to be what the mode asks for.
    """
    if (heat := _heat(config, before, believed)) is not None:
        return heat
    if known.low <= config.window_bottom:
        lowest = known.cells.index(known.low)
        return Verdict("cell_low", cell=lowest, value=known.low, threshold=config.window_bottom)
    if mode is BalanceMode.TOP and not top:
        return Verdict("not_at_top", threshold=config.balance_start)
    if mode in _LASTING and (since is None or believed.time - since < _LASTING[mode]):
        return Verdict(_NOT_SO[mode])
    return None


def _heat(config: PackConfig, before: str, believed: Believed) -> Verdict | None:
    """Return what is too hot or too cold; it has to leave its threshold clearly before balancing goes on."""
    setup = config.balance
    rows = (
        ("too_hot", believed.temperature_max, believed.temperature_max_index, setup.temperature_max, 1),
        ("too_cold", believed.temperature_min, believed.temperature_min_index, setup.temperature_min, -1),
        ("board_too_hot", believed.switch_temperature, None, setup.board_temperature, 1),
    )
    for rule, value, sensor, threshold, side in rows:
        margin = _COOLER if before == rule else 0.0
        if value is not None and side * (value - threshold) >= -margin:
            return Verdict(rule, sensor=sensor, value=value, threshold=threshold)
    return None
