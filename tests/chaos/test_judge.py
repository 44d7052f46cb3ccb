"""The judge sees what must not be; a life that passes says something only because of that."""

from __future__ import annotations

import logging
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.home_bms.core.battery import Estimate
from custom_components.home_bms.core.cycles import Cycles
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
        estimate = Estimate(
            time=self.now, soc=50.0, capacity=280.0, charge_in=10.0, charge_out=10.0, energy_in=520.0, energy_out=520.0
        )
        believed = SimpleNamespace(doubts={}, age=0.0, cell_min=3.3, cell_max=3.3)
        self.coordinator: Any = SimpleNamespace(
            latest=SimpleNamespace(decision=self.decision, estimate=estimate, believed=believed),
            statistics=SimpleNamespace(link=None),
        )
        self.killed: Any = None

    @property
    def last_heard(self) -> float:
        return self.heard if self.deaf else self.now

    def look(self) -> None:
        """Let the pack be heard as it is: nothing flows unless a test says so."""
        self.count()

    def count(self, **more: float) -> None:
        """Let home_bms count so much more, now."""
        latest = self.coordinator.latest
        sums = {name: getattr(latest.estimate, name) + value for name, value in more.items()}
        latest.estimate = replace(latest.estimate, time=self.now, **sums)

    def flow(self, charge: float) -> None:
        """Let so many Ah flow in."""
        self.mains.charged += charge
        self.mains.energy_charged += charge * 52.0

    def start(self) -> None:
        """Let home_bms go on with what it knows, as another object."""
        self.coordinator = SimpleNamespace(**vars(self.coordinator))


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


def test_a_reset_shows_only_once_it_is_loaded_again(judge: Judge, house: Stub) -> None:
    trip(house, "cell_overvoltage")
    wait(judge, 1.0)
    judge.press()
    house.loaded = False
    wait(judge, 10.0)
    trip(house)
    house.loaded = True
    wait(judge, 1.0)
    assert not judge.violations


def test_a_counter_that_falls(judge: Judge, house: Stub) -> None:
    house.count(charge_in=-0.1)
    wait(judge, 0.5)
    assert "0.100 Ah in of the counters were lost" in judge.violations[0]


@pytest.mark.parametrize("name", ["charge_in", "charge_out", "energy_in", "energy_out"])
def test_a_reload_costs_nothing(judge: Judge, house: Stub, name: str) -> None:
    house.start()
    wait(judge, 20.0)
    assert not judge.violations
    house.start()
    house.count(**{name: -5.0})
    wait(judge, 0.5)
    assert "of the counters were lost, 0.000 may be" in judge.violations[0]


def test_a_kill_may_cost_what_flowed_in_the_last_minute_and_no_more(judge: Judge, house: Stub) -> None:
    for lost, allowed in ((1.0, True), (1.5, False)):
        for _ in range(240):
            house.flow(0.01)
            house.count(charge_in=0.01, energy_in=0.52)
            wait(judge, 0.5)
        judge.killed()
        house.start()
        house.count(charge_in=-lost, energy_in=-52.0 * lost)
        wait(judge, 0.5)
        assert (not judge.violations) == allowed
    assert "1.500 Ah in of the counters were lost, 1.30" in judge.violations[0]
    assert judge.counters.lost == pytest.approx(74.0, abs=1.0)
    assert (judge.counters.starts, judge.counters.kills) == (2, 2)


def test_what_one_kill_may_cost_is_not_forgiven_to_another_start(judge: Judge, house: Stub) -> None:
    for _ in range(120):
        house.flow(0.01)
        house.count(charge_in=0.01, energy_in=0.52)
        wait(judge, 0.5)
    judge.killed()
    house.start()
    wait(judge, 0.5)
    house.start()
    house.count(charge_in=-1.0)
    wait(judge, 0.5)
    assert "of the counters were lost, 0.000 may be" in judge.violations[0]


def test_a_full_disk_makes_a_kill_cost_as_long_as_it_was_full(judge: Judge, house: Stub) -> None:
    stood = stand(judge, "disk")
    for _ in range(240):
        house.flow(0.01)
        house.count(charge_in=0.01, energy_in=0.52)
        wait(judge, 0.5)
    judge.end(stood)
    judge.killed()
    house.start()
    house.count(charge_in=-2.3, energy_in=-52.0 * 2.3)
    wait(judge, 0.5)
    assert not judge.violations


def test_a_loop_that_stands_still_before_a_kill_keeps_from_the_disk_what_was_counted_before(
    judge: Judge, house: Stub
) -> None:
    for stalled, allowed in ((True, True), (False, False)):
        for _ in range(60):
            house.flow(0.01)
            house.count(charge_in=0.01, energy_in=0.52)
            wait(judge, 0.5)
        for _ in range(90):
            house.now += 1.0
            house.stalled += stalled
            judge.look()
        judge.killed()
        house.start()
        house.count(charge_in=-0.5, energy_in=-26.0)
        wait(judge, 0.5)
        assert (not judge.violations) == allowed


def test_more_counted_than_flowed(judge: Judge, house: Stub) -> None:
    house.count(charge_out=1.0)
    wait(judge, 0.5)
    judge.finish()
    assert "1.000 Ah out were counted, 0.000 flowed" in judge.violations[0]


def test_energy_that_nobody_counted(judge: Judge, house: Stub) -> None:
    """Each stretch from start to start is looked at for itself."""
    house.flow(5.0)
    house.count(charge_in=5.0)
    wait(judge, 10.0)
    assert not judge.violations
    house.start()
    wait(judge, 0.5)
    assert "0.000 kWh in were counted, 0.260 flowed" in judge.violations[0]


def test_a_start_that_makes_something_up(judge: Judge, house: Stub) -> None:
    house.start()
    house.count(charge_in=1.0)
    wait(judge, 0.5)
    assert "1.000 Ah in more after a start, 0.000 flowed" in judge.violations[0]


@pytest.mark.parametrize("soc", [47.0, 53.0, None])
def test_a_charge_that_leaps_at_a_start(judge: Judge, house: Stub, soc: float | None) -> None:
    house.start()
    wait(judge, 2.0)
    assert not judge.violations
    latest = house.coordinator.latest
    latest.estimate = replace(latest.estimate, soc=soc)
    wait(judge, 0.5)
    assert "the charge was 50.00 % before a start" in judge.violations[0]


def test_cycles_that_fall_because_the_capacity_is_forgotten(judge: Judge, house: Stub) -> None:
    latest = house.coordinator.latest
    house.start()
    latest.estimate = replace(latest.estimate, capacity=300.0)
    judge.look()
    assert "0.0024 cycles were lost" in judge.violations[0]


def test_full_cycles_that_were_written_long_ago_are_not_lost(judge: Judge, house: Stub) -> None:
    latest = house.coordinator.latest
    life = replace(latest.estimate.life, cycling=Cycles(depth=300.0))
    latest.estimate = replace(latest.estimate, life=life)
    wait(judge, 500.0)
    before = latest.estimate
    judge.killed()
    house.start()
    latest.estimate = replace(before, life=replace(life, cycling=Cycles(depth=200.0)))
    wait(judge, 0.5)
    assert not judge.violations
    latest.estimate = before
    wait(judge, 600.0)
    judge.killed()
    house.start()
    latest.estimate = replace(before, life=replace(life, cycling=Cycles(depth=200.0)))
    wait(judge, 0.5)
    assert "2.0000 full cycles are left, 3.0000 must be" in judge.violations[0]


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
