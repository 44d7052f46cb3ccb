"""The virtual pack behaves as cells, switches, balancer and protection of a real one do."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import HardwareRing, Switches
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.cell import ELECTRICS, Cell, OpenCircuit
from custom_components.home_bms.hw.virtual.ring import Ring, Sensed, guards


def run(pack: VirtualPack, current: float, seconds: float, dt: float = 1.0) -> None:
    pack.demand = current
    for _ in range(round(seconds / dt)):
        pack.step(dt)


def run_until(pack: VirtualPack, current: float, done, dt: float = 1.0, at_most: float = 40_000.0) -> float:
    """Step until `done()`; return the seconds it took."""
    pack.demand = current
    began = pack.time
    while not done():
        pack.step(dt)
        assert pack.time - began < at_most, "never happened"
    return pack.time - began


def highest(pack: VirtualPack) -> float:
    return max(cell.voltage for cell in pack.cells)


def lowest(pack: VirtualPack) -> float:
    return min(cell.voltage for cell in pack.cells)


def lone_cell(**changes) -> Cell:
    facts = {
        "curve": OpenCircuit("lfp"),
        "capacity": 280.0,
        "resistance": 0.00025,
        "polarisation_resistance": 0.00025,
        "hysteresis": 0.012,
        "leakage": 0.0,
        "place": 0.0,
        "soc": 50.0,
        "temperature": 25.0,
    }
    return Cell(**(facts | changes))


def carry(cell: Cell, current: float, seconds: float, ambient: float = 25.0) -> None:
    for _ in range(round(seconds)):
        cell.step(current, 1.0, ambient, math.exp(-1 / 60), math.exp(-1 / 10800))


# Cells


def test_the_lfp_plateau_is_flat_and_its_ends_are_steep() -> None:
    at = OpenCircuit("lfp").at

    assert at(65)[0] - at(40)[0] < 0.015
    assert at(100)[0] - at(95)[0] > 0.05
    assert at(5)[0] - at(0)[0] > 0.2


@pytest.mark.parametrize("chemistry", ELECTRICS)
def test_the_open_circuit_voltage_never_falls_while_charge_rises(chemistry: str) -> None:
    curve = OpenCircuit(chemistry)
    socs = [step / 4 for step in range(-400, 801)]
    voltages = [curve.at(soc)[0] for soc in socs]

    assert all(below <= above for below, above in pairwise(voltages))
    assert voltages[0] == 0.0
    assert voltages[-1] == ELECTRICS[chemistry].ceiling


@pytest.mark.parametrize("chemistry", ELECTRICS)
@given(soc=st.floats(-3.0, 103.0).filter(lambda soc: abs(soc / 5 - round(soc / 5)) > 0.01))
def test_the_slope_belongs_to_the_curve(chemistry: str, soc: float) -> None:
    curve = OpenCircuit(chemistry)
    voltage, slope = curve.at(soc)

    assert curve.at(soc + 1e-6)[0] - voltage == pytest.approx(slope * 1e-6, rel=0.01, abs=1e-12)


def test_an_unknown_chemistry_is_refused_by_naming_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'lead'.*lfp, nmc, lto, na_ion"):
        VirtualPack(chemistry="lead")


@pytest.mark.parametrize("wrong", [{"cells": 0}, {"capacity": 0.5}, {"temperature_sensors": 17}])
def test_an_impossible_pack_is_refused_by_naming_the_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be \d"):
        VirtualPack(**wrong)


def test_charging_and_discharging_run_on_different_branches() -> None:
    cell = lone_cell()
    carry(cell, 28, 3600)
    carry(cell, 0, 600)
    after_charge, soc = cell.voltage, cell.soc
    carry(cell, 28, 600)
    carry(cell, -28, 600)
    carry(cell, -28, 3600)
    carry(cell, 28, 3600)
    assert cell.soc == pytest.approx(soc)
    carry(cell, 28, 3600)
    carry(cell, -28, 3600)
    carry(cell, 0, 600)

    assert cell.soc == pytest.approx(soc)
    assert 0.015 < after_charge - cell.voltage < 0.026


def test_a_load_step_drops_at_once_and_then_sags() -> None:
    cell = lone_cell()
    rest = cell.voltage
    carry(cell, -140, 1)
    at_once = rest - cell.voltage
    carry(cell, -140, 300)

    assert at_once == pytest.approx(140 * 0.00025, abs=0.003)
    assert rest - cell.voltage > 1.8 * at_once


def test_resistance_grows_in_the_cold() -> None:
    warm, cold = lone_cell(), lone_cell(temperature=-10.0)
    carry(warm, -100, 1)
    carry(cold, -100, 1, ambient=-10.0)

    assert cold.voltage < warm.voltage - 0.1


def test_heating_stays_within_the_budget_of_the_facts() -> None:
    """0.11 K a minute at 140 A in a 280 Ah cell (safety.md C2)."""
    cell = lone_cell()
    carry(cell, 140, 300)
    before = cell.temperature
    carry(cell, 140, 600)

    assert (cell.temperature - before) / 10 == pytest.approx(0.11, abs=0.02)


def test_a_cell_cools_to_its_place_in_the_pack() -> None:
    cell = lone_cell(temperature=50.0, place=1.5)
    cell.step(0.0, 1e6, 20.0, 0.0, math.exp(-1e6 / 10800))

    assert cell.temperature == pytest.approx(21.5)


@pytest.mark.parametrize(("low", "high", "seconds"), [(3.55, 3.65, 34), (3.65, 3.75, 23)])
def test_overcharge_rises_as_fast_as_the_facts_say(low: float, high: float, seconds: float) -> None:
    """At 140 A, from safety.md C2."""
    cell = lone_cell(soc=97.0)
    while cell.voltage < low:
        carry(cell, 140, 1)
    took = 0
    while cell.voltage < high:
        carry(cell, 140, 1)
        took += 1

    assert took == pytest.approx(seconds, rel=0.2)


def test_deep_discharge_falls_as_fast_as_the_facts_say() -> None:
    """60 to 100 s from 2.8 to 2.5 V at 140 A, from safety.md C2."""
    cell = lone_cell(soc=3.0)
    while cell.voltage > 2.8:
        carry(cell, -140, 1)
    took = 0
    while cell.voltage > 2.5:
        carry(cell, -140, 1)
        took += 1

    assert 60 <= took <= 100


# The pack


@settings(max_examples=40, deadline=None)
@given(
    currents=st.lists(st.floats(-140, 140), min_size=1, max_size=12),
    dt=st.floats(0.1, 300.0),
    seed=st.integers(0, 1000),
)
def test_charge_is_conserved_whatever_balancer_and_protection_do(currents: list[float], dt: float, seed: int) -> None:
    pack = VirtualPack(seed=seed, cells=4, soc=97.0, capacity=100.0)
    held = sum(cell.soc * cell.capacity / 100 for cell in pack.cells)
    leaked = sum(cell.leakage for cell in pack.cells) * dt * len(currents) / 3600
    carried = 0.0
    for current in currents:
        pack.demand = current
        # In the pieces that the pack itself would take, because protection may act in any of them.
        pieces = max(1, math.ceil(dt / 10))
        for _ in range(pieces):
            pack.step(dt / pieces)
            carried += 4 * pack.current * dt / pieces / 3600

    now = sum(cell.soc * cell.capacity / 100 for cell in pack.cells)
    assert now - held == pytest.approx(carried - leaked, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(currents=st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_no_cycle_gives_back_more_energy_than_was_put_in(currents: list[float]) -> None:
    cell = lone_cell()
    put_in = 0.0
    for current in [*currents, -sum(currents)]:
        for _ in range(30):
            carry(cell, current, 1)
            put_in += cell.voltage * current / 3600

    assert cell.soc == pytest.approx(50.0)
    assert put_in >= -1e-6


def test_the_same_seed_makes_the_same_pack_and_another_seed_another() -> None:
    first, second, other = (VirtualPack(seed=seed) for seed in (3, 3, 4))
    for pack in (first, second, other):
        run(pack, -50, 600)

    assert first.reading(0) == second.reading(0)
    assert first.reading(0) != other.reading(0)


def test_one_long_step_equals_many_short_ones() -> None:
    long, short = VirtualPack(), VirtualPack()
    long.demand = 60
    long.step(3600)
    run(short, 60, 3600)

    assert long.voltage == pytest.approx(short.voltage, abs=0.02)
    assert long.soc == pytest.approx(short.soc, abs=0.01)
    assert long.cells[0].temperature == pytest.approx(short.cells[0].temperature, abs=0.02)


def test_it_tells_what_it_is() -> None:
    pack = VirtualPack(cells=8, capacity=100.0, serial_number="ABC", temperature_sensors=2)

    assert (pack.info.cells, pack.info.capacity, pack.info.serial_number) == (8, 100.0, "ABC")
    assert pack.info.hardware_ring.cell_overvoltage == 3.65
    reading = pack.reading(7.0)
    assert (len(reading.cells), len(reading.temperatures)) == (8, 2)
    assert reading.time == reading.cells_time == reading.current_time == reading.temperatures_time == 7.0


def test_a_healthy_pack_is_a_few_millivolts_apart_at_the_top() -> None:
    pack = VirtualPack()
    run_until(pack, 20, lambda: pack.voltage >= 55.2, dt=5)

    assert 0.003 < highest(pack) - lowest(pack) < 0.030


def test_the_middle_of_the_pack_is_warmer_than_its_ends() -> None:
    temperatures = VirtualPack().reading(0).temperatures

    assert max(temperatures[1:3]) > max(temperatures[0], temperatures[3])


def test_switches_warm_under_load() -> None:
    pack = VirtualPack()
    run(pack, -140, 900, dt=5)

    assert pack.reading(0).switch_temperature > 22 + 20


# Switches


def test_an_open_charge_switch_stops_charging_and_lets_discharge() -> None:
    pack = VirtualPack()
    pack.apply(Switches(charge=False))
    run(pack, 50, 5)
    assert pack.current == 0
    assert pack.reading(0).switches.charge is False

    run(pack, -50, 5)
    assert pack.current == -50


def test_an_open_discharge_switch_stops_discharging_and_lets_charge() -> None:
    pack = VirtualPack()
    pack.apply(Switches(discharge=False))
    run(pack, -50, 5)
    assert pack.current == 0

    run(pack, 50, 5)
    assert pack.current == 50


def test_a_switch_that_is_not_named_stays() -> None:
    pack = VirtualPack()
    pack.apply(Switches(charge=False))
    pack.apply(Switches(discharge=False))
    pack.apply(Switches(charge=True))

    assert pack.reading(0).commanded == Switches(charge=True, discharge=False, balance=True)


# The hardware ring


def test_charged_to_the_end_the_ring_opens_at_its_overvoltage_and_lets_go_far_below() -> None:
    pack = VirtualPack(soc=95.0)
    run_until(pack, 100, lambda: "cell_overvoltage" in pack.alarms)
    assert 3.65 < highest(pack) < 3.67

    run(pack, 100, 2)
    reading = pack.reading(0)
    assert pack.current == 0
    assert (reading.switches.charge, reading.switches.discharge) == (False, True)
    assert reading.commanded.charge is True
    assert reading.soc == 100

    run_until(pack, -100, lambda: not pack.alarms)
    assert highest(pack) <= 3.40
    assert pack.reading(0).switches.charge is True


def test_discharged_to_the_end_the_ring_opens_at_its_undervoltage() -> None:
    pack = VirtualPack(soc=5.0)
    run_until(pack, -100, lambda: "cell_undervoltage" in pack.alarms)

    assert 2.45 < lowest(pack) < 2.50
    run(pack, -100, 1)
    assert pack.current == 0
    assert pack.reading(0).switches.discharge is False
    assert pack.reading(0).soc == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("sign", "key"), [(1, "charge_overcurrent"), (-1, "discharge_overcurrent")])
def test_overcurrent_opens_after_ten_seconds_and_closes_after_a_minute(sign: int, key: str) -> None:
    pack = VirtualPack()
    assert run_until(pack, sign * 150, lambda: key in pack.alarms) == pytest.approx(10)
    assert run_until(pack, sign * 100, lambda: not pack.alarms) == pytest.approx(60, abs=1)


def test_a_short_peak_of_current_is_no_overcurrent() -> None:
    pack = VirtualPack()
    for _ in range(5):
        run(pack, 150, 9)
        run(pack, 100, 1)

    assert not pack.alarms


@pytest.mark.parametrize(
    ("chemistry", "temperature", "alarms"),
    [
        ("lfp", -5.0, {"charge_undertemperature"}),
        ("lfp", 62.0, {"charge_overtemperature"}),
        ("lfp", 70.0, {"charge_overtemperature", "discharge_overtemperature"}),
        ("lto", -5.0, set()),
    ],
)
def test_temperature_opens_what_it_endangers(chemistry: str, temperature: float, alarms: set[str]) -> None:
    pack = VirtualPack(chemistry=chemistry, temperature=temperature)
    run(pack, 0, 3)

    assert pack.alarms == alarms


def test_hot_switches_open_both_ways() -> None:
    ring = Ring(guards("lfp", HardwareRing()))
    sensed = Sensed(
        cell_max=9, cell_min=0, current=999, temperature_max=99, temperature_min=-99, switch_temperature=101
    )
    ring.step(sensed, 2)

    assert ring.alarms == {"switch_overtemperature"}, "what is not set guards nothing"
    assert ring.permitted(Switches(charge=True, discharge=True)) == Switches(charge=False, discharge=False)


# The balancer


def test_the_balancer_levels_the_cells_by_moving_charge() -> None:
    pack = VirtualPack(soc=100.0, cells=4, capacity=50.0)
    pack.cells[2].soc += 0.8
    held = sum(cell.soc * cell.capacity for cell in pack.cells)
    run(pack, 0.2, 2)
    before = highest(pack) - lowest(pack)
    seen = pack.reading(0)
    assert seen.balancing
    assert seen.balance_current == 1.0
    assert pack.balancing is not None
    assert pack.balancing[0] == 2

    run_until(pack, 0.2, lambda: pack.balancing is None)

    assert before > 0.03
    assert highest(pack) - lowest(pack) < 0.013, "10 mV, and what its own current had hidden"
    leaked = sum(cell.leakage for cell in pack.cells) * pack.time / 36
    assert sum(cell.soc * cell.capacity for cell in pack.cells) == pytest.approx(
        held + 4 * 0.2 * pack.time / 36 - leaked
    )


def test_the_balancer_rests_below_its_start_voltage() -> None:
    pack = VirtualPack()
    pack.cells[0].soc = 10.0
    run(pack, 20, 10)

    assert highest(pack) - lowest(pack) > 0.05
    assert pack.reading(0).balancing is False
    assert pack.reading(0).balance_current == 0


def test_the_balance_switch_stops_the_balancer() -> None:
    pack = VirtualPack(soc=100.5)
    pack.cells[0].soc += 0.5
    run(pack, 1, 2)
    assert pack.balancing

    pack.apply(Switches(balance=False))
    run(pack, 1, 2)
    assert not pack.balancing


def test_a_single_cell_has_nothing_to_balance() -> None:
    pack = VirtualPack(cells=1, temperature_sensors=1, soc=101)
    run(pack, 1, 2)

    assert pack.balancing is None


def test_a_passive_balancer_bleeds_the_cells_that_it_is_told_to() -> None:
    pack = VirtualPack(cells=4, capacity=50.0, passive=True, balance_current=0.2)
    mask = (False, True, False, True)
    assert pack.reading(0).switches.bleed == (False,) * 4
    held = [cell.soc for cell in pack.cells]
    pack.bleed(mask)
    run(pack, 0, 3600, dt=10)
    seen = pack.reading(0)

    assert seen.switches.bleed == seen.commanded.bleed == mask
    assert (seen.balancing, seen.balance_current) == (True, 0.2)
    for cell, before, taken in zip(pack.cells, held, mask, strict=True):
        lost = (before - cell.soc) * cell.capacity / 100 - cell.leakage
        assert lost == pytest.approx(0.2 if taken else 0.0)


def test_a_cell_is_measured_through_the_wires_that_bleed_it() -> None:
    pack = VirtualPack(cells=4, passive=True, balance_current=0.2)
    pack.bleed((True, False, False, False))
    run(pack, 0, 2)
    bled = pack.reading(0).cells
    pack.bleed((False,) * 4)
    run(pack, 0, 2)
    free = pack.reading(0).cells

    assert free[0] - bled[0] == pytest.approx(0.012, abs=0.001)
    assert free[1] - bled[1] == pytest.approx(0.0, abs=0.001)


def test_the_balance_switch_goes_before_the_mask() -> None:
    pack = VirtualPack(cells=2, temperature_sensors=1, passive=True)
    pack.bleed((True, True))
    pack.apply(Switches(balance=False))
    run(pack, 0, 2)

    assert pack.reading(0).balancing is False


@pytest.mark.parametrize(("passive", "mask"), [(False, (True, False)), (False, ()), (True, (True,))])
def test_a_mask_that_fits_no_balancer_is_refused(passive: bool, mask: tuple[bool, ...]) -> None:
    with pytest.raises(ValueError, match="mask"):
        VirtualPack(cells=2, temperature_sensors=1, passive=passive).bleed(mask)


# The device's own counting


def test_the_device_counter_drifts_and_snaps_at_the_top() -> None:
    pack = VirtualPack(seed=1)
    for _ in range(40):
        run(pack, 50, 1800, dt=10)
        run(pack, -50, 1800, dt=10)
    assert abs(pack.counter - pack.soc) > 0.3

    run_until(pack, 40, lambda: highest(pack) > 3.46, dt=5)
    assert pack.counter == 100
    assert pack.reading(0).cycles == 3


def test_a_pack_that_is_empty_has_no_soc_left() -> None:
    pack = VirtualPack(soc=50.0)
    assert pack.soc == pytest.approx(50.0, abs=1.0)
    run_until(pack, -100, lambda: lowest(pack) < 2.8, dt=5)

    assert pack.soc == pytest.approx(0.0, abs=1.0)
    assert pack.counter == 0


def test_the_current_for_a_voltage_really_brings_it_there() -> None:
    pack = VirtualPack(soc=100.0)
    for dt in (1.0, 10.0):
        for _ in range(60):
            pack.demand = pack.current_at(55.0, dt)
            pack.step(dt)
        assert pack.voltage == pytest.approx(55.0, abs=0.01)
