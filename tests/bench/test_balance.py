"""Balancing is compared on the same pack, and what is known of its charge is what it says."""

from __future__ import annotations

import pytest

from custom_components.home_bms.hw.virtual import VirtualPack

from . import balance

NOT_AT_ALL, BY_VOLTAGE, BY_CHARGE = balance.STRATEGIES


def test_the_cell_that_will_be_full_last_is_ahead_of_none() -> None:
    pack = VirtualPack(cells=4, capacity=100.0, soc=50.0)
    pack.cells[2].soc += 3.0
    ahead = balance.surplus(pack)
    assert min(ahead) == 0.0
    assert ahead[2] == pytest.approx(3.0, abs=0.2)


def test_by_charge_a_pack_is_even_before_the_top_has_shown_it_twice() -> None:
    days = 1.5
    none, voltage, charge = (balance.run(strategy, days) for strategy in balance.STRATEGIES)
    assert charge.even_after is not None
    assert charge.apart <= balance.EVEN < voltage.apart < none.apart
    assert voltage.even_after is none.even_after is None
    assert none.bled == 0.0
    assert voltage.bled < charge.bled < 1.5 * charge.ahead
    assert max(none.highest, voltage.highest, charge.highest) < balance.HIGHEST


def test_every_strategy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "_STEP", 300.0)
    results = list(balance.measure(days=0.1))
    assert len(results) == 4 * len(balance.STRATEGIES) + 1
    assert results[0].name.startswith("not at all")
    assert "not reached" in results[0].name
