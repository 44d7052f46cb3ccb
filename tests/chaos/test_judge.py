"""The judge sees what must not be; a life that passes says something only because of that."""

from __future__ import annotations

import logging
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.home_bms.core.model import Flow, Level
from custom_components.home_bms.hw.virtual import VirtualPack

from .faults_ha import ROWS as HA
from .faults_modbus import ROWS as MODBUS
from .house import Mains
from .judge import Judge, LogWatch
from .schedule import Happening

FAULTS = {fault.key: fault for fault in (*MODBUS, *HA)}


class Stub:
    """As much of a house as a judge looks at; home_bms permits 50 A both ways until a test says otherwise."""

    def __init__(self) -> None:
        self.now = self.heard = 1000.0
        self.stalled = 0.0
        self.loaded = True
        self.pack = VirtualPack(seed=1)
        self.pack_wire = None
        self.mains = Mains(self.pack, Random(1))
        self.entry = SimpleNamespace(state="loaded")
        self.shown = SimpleNamespace(_told_at=None)
        self.deaf = False
        self.decision: Any = SimpleNamespace(
            ccl=SimpleNamespace(value=50.0, reason=SimpleNamespace(rule="rated")),
            dcl=SimpleNamespace(value=50.0, reason=SimpleNamespace(rule="rated")),
            alarms=(),
        )
        self.counted: Any = SimpleNamespace(charge_in=10.0, charge_out=10.0)
        believed = SimpleNamespace(doubts={}, age=0.0, cell_min=3.3, cell_max=3.3)
        self.coordinator: Any = SimpleNamespace(
            latest=SimpleNamespace(decision=self.decision, estimate=self.counted, believed=believed),
            statistics=SimpleNamespace(link=None),
        )
        self.killed: Any = None

    @property
    def last_heard(self) -> float:
        return self.heard if self.deaf else self.now

    def look(self) -> None:
        """The world stands still."""


@pytest.fixture
def house() -> Stub:
    return Stub()


@pytest.fixture
def judge(house: Stub, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Return a judge that has seen nothing but peace; of the inverter it knows only what it is told here."""
    view = SimpleNamespace(data=SimpleNamespace(link=None), complaint=None)
    monkeypatch.setattr("tests.chaos.judge.inverter_of", lambda entry: view)
    stub: Any = house
    judge = Judge(stub)
    wait(judge, 20.0)
    assert not judge.violations
    return judge


def wait(judge: Judge, seconds: float) -> None:
    """Let the judge look twice a second."""
    house: Any = judge.house
    for _ in range(round(2 * seconds)):
        house.now += 0.5
        judge.look()


def stand(judge: Judge, key: str) -> Any:
    return judge.begin(Happening(at=0.0, until=60.0, fault=FAULTS[key], seed=0.0))


def trip(house: Stub, *keys: str) -> None:
    house.decision.alarms = tuple(SimpleNamespace(key=key, level=Level.TRIP, flow=Flow.BOTH) for key in keys)


def test_charging_permitted_with_a_cell_over_its_limit(judge: Judge, house: Stub) -> None:
    house.pack.cells[3].voltage = 3.56
    wait(judge, 4.0)
    assert not judge.violations
    wait(judge, 1.0)
    assert "charging permitted with a cell over 3.555 V" in judge.violations[0]


def test_a_fault_gives_it_more_time_and_not_for_ever(judge: Judge, house: Stub) -> None:
    stand(judge, "black_hole")
    house.pack.cells[3].voltage = 2.8
    wait(judge, 12.0)
    assert not judge.violations
    wait(judge, 2.0)
    assert "discharging permitted with a cell under 2.895 V" in judge.violations[0]
    assert "black_hole" in judge.violations[0]


def test_current_permitted_with_nothing_heard(judge: Judge, house: Stub) -> None:
    house.deaf, house.heard = True, house.now
    wait(judge, 12.0)
    assert not judge.violations
    wait(judge, 2.0)
    assert len(judge.violations) == 2


def test_what_the_inverter_goes_by_counts_as_well(judge: Judge, house: Stub) -> None:
    house.decision.ccl.value = 0.0
    house.mains.inverter.tell(ccl=20.0)
    house.pack.cells[0].temperature = 52.0
    wait(judge, 8.5)
    assert not judge.violations
    wait(judge, 1.5)
    assert "by the inverter" in judge.violations[0]


def test_a_trip_that_goes_by_itself(judge: Judge, house: Stub) -> None:
    trip(house, "cell_overvoltage")
    wait(judge, 1.0)
    trip(house)
    wait(judge, 1.0)
    assert "a trip was lost: cell_overvoltage" in judge.violations[0]


def test_a_trip_that_a_person_resets_is_not_lost(judge: Judge, house: Stub) -> None:
    trip(house, "cell_overvoltage")
    wait(judge, 1.0)
    judge.press()
    wait(judge, 1.0)
    trip(house)
    wait(judge, 10.0)
    assert not judge.violations


def test_a_counter_that_falls(judge: Judge, house: Stub) -> None:
    house.counted.charge_in = 9.9
    wait(judge, 0.5)
    assert "0.100 Ah of the counters were lost" in judge.violations[0]


def test_a_kill_may_cost_what_flowed_in_the_last_minute_and_no_more(judge: Judge, house: Stub) -> None:
    for _ in range(120):
        house.mains.charged += 0.01
        wait(judge, 0.5)
    judge.killed()
    house.counted.charge_in -= 1.0
    wait(judge, 0.5)
    assert not judge.violations
    house.counted.charge_in -= 0.5
    wait(judge, 0.5)
    house.counted.charge_in -= 1.5
    wait(judge, 0.5)
    assert "Ah of the counters were lost" in judge.violations[0]


def test_more_counted_than_flowed(judge: Judge, house: Stub) -> None:
    house.counted.charge_out += 1.0
    wait(judge, 0.5)
    judge.finish()
    assert "1.00 Ah were counted out, 0.00 Ah flowed" in judge.violations[0]


def test_the_packs_own_protection_that_has_to_act(judge: Judge, house: Stub) -> None:
    house.pack._ring.alarms = frozenset({"cell_overvoltage"})
    wait(judge, 0.5)
    assert "the pack's own protection had to act: cell_overvoltage" in judge.violations[0]


def test_one_that_does_not_come_back(judge: Judge, house: Stub) -> None:
    judge.end(stand(judge, "black_hole"))
    wait(judge, 179.0)
    assert not judge.violations
    wait(judge, 2.0)
    assert "not back 180 s after ['black_hole']" in judge.violations[0]


def test_an_error_in_the_log_that_no_fault_accounts_for(judge: Judge) -> None:
    watch = LogWatch(judge)
    stood = stand(judge, "disk")
    watch.emit(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "Error writing config for home_bms"}))
    assert not judge.violations
    watch.emit(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "Something else"}))
    assert "Something else" in judge.violations[0]
    judge.end(stood)
    assert stood.broken
