"""What is left at zero when home_bms stops: what a protection holds, and all of a battery that nobody looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.home_bms.core.bank import STALLED
from custom_components.home_bms.core.model import Bound, Flow, Reason
from custom_components.home_bms.inverters.handback import held_at_zero
from custom_components.home_bms.inverters.view import Order

from ..core.test_bank import bank, pack

ZERO = Bound(value=0.0, reason=Reason(rule="wish"))


@pytest.mark.parametrize(
    ("late", "changes", "held"),
    [
        (0.0, {}, {}),
        (0.0, {"ccl": ZERO}, {}),
        (10.0, {}, {Flow.CHARGE: (STALLED,), Flow.DISCHARGE: (STALLED,)}),
    ],
)
def test_a_zero_is_held_where_nobody_looks_and_handed_back_where_somebody_wished_it(
    late: float, changes: dict[str, Any], held: Mapping[Flow, tuple[str, ...]]
) -> None:
    packs = {"one": pack()}
    order = Order(bank=bank(packs, late, **changes), setpoint=None)
    assert held_at_zero(order, [snapshot for _, snapshot in packs.values()]) == held


def test_without_any_pack_nothing_is_held() -> None:
    assert held_at_zero(None, []) == {}
