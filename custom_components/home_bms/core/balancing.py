"""Decides when the pack's balancer should run."""

from __future__ import annotations

from .model import BalanceState, Believed, PackConfig, Wishes
from .plausibility import everything_known


def balance(config: PackConfig, state: BalanceState, wishes: Wishes, believed: Believed) -> BalanceState:
    """Return whether to balance: at the top only, where a difference in voltage is one in charge, or on demand.

    It starts at `balance_on` and stops at `balance_off` of cell difference. Unknown cells or temperatures, heat and
    the user's switch stop it. On demand it runs at any voltage until the difference is small.
    """
    run = wishes.balance and _wanted(config, state, wishes, believed)
    if run == state.active:
        return state
    return BalanceState(active=run, since=believed.time)


def _wanted(config: PackConfig, state: BalanceState, wishes: Wishes, believed: Believed) -> bool:
    high, low, hottest = believed.cell_max, believed.cell_min, believed.temperature_max
    if high is None or low is None or hottest is None or not everything_known(config, believed):
        return False
    at_top = high >= config.balance_start and low > config.window_bottom
    threshold = config.balance_off if state.active else config.balance_on
    return (at_top or wishes.balance_now) and high - low > threshold and hottest < config.balance_temperature
