"""Each injectable fault does what its row says, and ends when it is told to."""

import sys
from dataclasses import replace

import pytest

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw.virtual import FAULTS, House, Place, VirtualPack, VirtualWorld, WriteRefusedError

THIS = sys.modules[__name__]
ON_THE_LINK = {"cable_pulled", "no_answer", "slow_answer"}
"""Tested with a real server in test_virtual_server.py."""


def run(pack: VirtualPack, current: float, seconds: float, dt: float = 1.0) -> None:
    pack.demand = current
    for _ in range(round(seconds / dt)):
        pack.step(dt)


def broken(name: str, **how) -> tuple[VirtualPack, VirtualPack]:
    """Return a pack with the fault and its sound twin, both under way."""
    pair = VirtualPack(), VirtualPack()
    for pack in pair:
        run(pack, -30, 5)
    pair[0].inject(name, **how)
    return pair


def alike(pack: VirtualPack, twin: VirtualPack) -> bool:
    """Compare all that both tell; a cell that was heated may be a breath away from its twin."""
    told, sound = pack.reading(0), twin.reading(0)
    assert told.temperatures == pytest.approx(sound.temperatures, abs=0.01)
    return replace(told, temperatures=()) == replace(sound, temperatures=())


def test_every_row_has_its_test() -> None:
    missing = [name for name in FAULTS if name not in ON_THE_LINK and not hasattr(THIS, f"test_{name}")]

    assert not missing


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_begins_with_its_default_and_can_be_cleared(name: str) -> None:
    pack = VirtualPack()
    version = pack.version
    pack.inject(name)
    assert name in pack.faults
    assert pack.faults.value(name) == FAULTS[name].default
    assert pack.version > version, "who shows the pack must look again"
    run(pack, 10, 3)

    pack.clear(name)
    assert name not in pack.faults


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"soc_jump"}))
def test_a_cleared_fault_leaves_no_trace_in_the_sensors(name: str) -> None:
    """Only a counter that jumped stays where it is."""
    pack, twin = broken(name)
    pack.reading(0)
    pack.clear(name)

    assert alike(pack, twin)
    assert pack.info == twin.info


def test_all_faults_can_stand_together_and_be_cleared_at_once() -> None:
    pack, twin = broken("cell_lost")
    for name, fault in FAULTS.items():
        pack.inject(name, None if fault.place is Place.PACK else 0)
    pack.inject("dead_cell_sense", 15)
    pack.reading(0)
    pack.clear()
    pack.counter = twin.counter

    assert alike(pack, twin)


def test_a_fault_ends_by_itself_after_its_duration() -> None:
    pack = VirtualPack()
    pack.inject("dead_cell_sense", cell=2, duration=10)
    run(pack, 0, 9)
    assert pack.reading(0).cells[2] == 0
    run(pack, 0, 2)
    assert pack.reading(0).cells[2] > 3


def test_a_second_injection_in_the_same_place_replaces_the_first() -> None:
    pack = VirtualPack()
    capacity = pack.cells[1].capacity
    pack.inject("weak_cell", cell=1, value=80)
    pack.inject("weak_cell", cell=1, value=50)
    assert pack.cells[1].capacity == pytest.approx(capacity / 2)

    pack.clear("weak_cell")
    assert pack.cells[1].capacity == capacity


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"name": "gremlin"}, r"no fault 'gremlin'; there are: hot_cell, .*inverter_disobeys"),
        ({"name": "hot_cell", "cell": 16}, r"hot_cell: cell must be 0 to 15"),
        ({"name": "hot_cell", "cell": -1}, r"hot_cell: cell must be 0 to 15"),
        ({"name": "dead_temperature_sensor", "cell": 4}, r"sensor must be 0 to 3"),
        ({"name": "frozen", "cell": 1}, r"frozen concerns the whole pack"),
        ({"name": "hot_cell", "value": 1000}, r"hot_cell: value must be -40 to 150 °C"),
        ({"name": "balancer_stuck", "value": 2}, r"value must be 0 to 1$"),
        ({"name": "hot_cell", "value": float("nan")}, r"value must be"),
        ({"name": "hot_cell", "duration": 0}, r"duration must be more than 0 s"),
    ],
)
def test_a_wrong_injection_names_what_is_permitted(how: dict[str, object], message: str) -> None:
    pack = VirtualPack()
    with pytest.raises(ValueError, match=message):
        pack.inject(**how)

    assert not [name for name in FAULTS if name in pack.faults]


def test_clearing_an_unknown_fault_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no fault 'gremlin'"):
        VirtualPack().clear("gremlin")


# The rows, one by one


def test_hot_cell() -> None:
    pack = VirtualPack()
    pack.inject("hot_cell", cell=5, value=45)
    run(pack, 0, 60)
    one_minute = max(pack.reading(0).temperatures)
    assert 3 < one_minute - 23.5 < 7, "as fast as a strong heater, not at once"

    run(pack, 0, 3600)
    assert pack.cells[5].temperature == pytest.approx(45, abs=0.1)
    assert pack.reading(0).temperatures[1] == pytest.approx(45, abs=0.1), "the sensor across cells 4 to 7 sees it"
    assert max(pack.reading(0).temperatures[2:]) < 25

    pack.clear("hot_cell")
    run(pack, 0, 24 * 3600, dt=10)
    assert max(pack.reading(0).temperatures) < 24


def test_hot_cell_now() -> None:
    pack, twin = broken("hot_cell_now", cell=15, value=65)
    assert pack.reading(0).temperatures[3] == 65
    run(pack, 50, 3)
    assert pack.reading(0).temperatures[3] == pytest.approx(65, abs=0.1)
    assert "charge_overtemperature" in pack.alarms

    pack.clear()
    run(pack, 50, 3)
    assert pack.reading(0).temperatures[3] == pytest.approx(twin.reading(0).temperatures[3], abs=0.1)
    assert not pack.alarms


def test_a_hot_cell_is_home_bms_s_to_judge_not_the_ring_s() -> None:
    pack, _ = broken("hot_cell_now")
    run(pack, 50, 60)

    assert max(pack.reading(0).temperatures) > 55
    assert not pack.alarms


def test_cold_pack() -> None:
    pack, twin = broken("cold_pack", value=-10)
    run(pack, 0, 600)
    assert max(pack.reading(0).temperatures) < -8
    assert pack.reading(0).switch_temperature < 0

    pack.clear()
    assert pack.reading(0).temperatures == pytest.approx(twin.reading(0).temperatures, abs=0.1)


def test_weak_cell() -> None:
    pack, twin = broken("weak_cell", cell=3, value=80)
    for each in (pack, twin):
        run(each, -100, 3600, dt=10)

    assert pack.cells[3].soc < twin.cells[3].soc - 8
    assert pack.soc < twin.soc


def test_leaky_cell() -> None:
    pack, twin = broken("leaky_cell", cell=3, value=2)
    for each in (pack, twin):
        run(each, 0, 24 * 3600, dt=10)
    lost = twin.cells[3].soc - pack.cells[3].soc

    assert lost * pack.cells[3].capacity / 100 == pytest.approx(48, rel=0.01)
    assert pack.cells[4].soc == twin.cells[4].soc


def test_resistive_cell() -> None:
    """A cell sags on where a joint does not."""
    pack, twin = broken("resistive_cell", cell=3, value=50)
    assert pack.cells[3].resistance == pytest.approx(1.5 * twin.cells[3].resistance)
    sagged = []
    for seconds in (1, 300):
        for each in (pack, twin):
            run(each, -100, seconds)
        sagged.append(twin.cells[3].voltage - pack.cells[3].voltage)

    assert sagged[0] == pytest.approx(0.0145, abs=0.002)
    assert sagged[1] > 1.6 * sagged[0]


def test_loose_joint() -> None:
    pack, twin = broken("loose_joint", cell=3, value=1)
    for each in (pack, twin):
        run(each, -100, 600)

    assert twin.cells[3].voltage - pack.cells[3].voltage == pytest.approx(0.1, abs=0.005)
    assert pack.cells[3].temperature > twin.cells[3].temperature + 0.8


def test_dead_cell_sense() -> None:
    pack, twin = broken("dead_cell_sense", cell=7)
    told = pack.reading(0)

    assert told.cells[7] == 0
    assert told.cells[:7] == twin.reading(0).cells[:7]
    run(pack, -30, 5)
    assert pack.current == -30, "the ring sees the cell itself"


def test_open_sense_wire() -> None:
    pack, twin = broken("open_sense_wire", cell=4, value=2)
    told, sound = pack.reading(0), twin.reading(0)

    assert told.cells[4] == pytest.approx(sound.cells[4] - 0.060, abs=0.001)
    assert told.cells[5] == pytest.approx(sound.cells[5] + 0.060, abs=0.001)
    assert told.voltage == sound.voltage
    pack.inject("open_sense_wire", cell=15, value=2)
    assert pack.reading(0).cells[15] == pytest.approx(sound.cells[15] - 0.060, abs=0.001)


def test_cell_sentinel() -> None:
    pack, _ = broken("cell_sentinel", cell=7)

    assert pack.reading(0).cells[7] == 65.535


def test_spike() -> None:
    pack, twin = broken("spike", cell=2, value=-0.3)
    sound = twin.reading(0).cells[2]

    assert pack.reading(0).cells[2] == pytest.approx(sound - 0.3)
    assert pack.reading(0).cells[2] == sound
    assert "spike" not in pack.faults


def test_cell_offset() -> None:
    pack, twin = broken("cell_offset", cell=2, value=-0.02)
    for _ in range(2):
        assert pack.reading(0).cells[2] == pytest.approx(twin.reading(0).cells[2] - 0.02)
    assert pack.cells[2].voltage == twin.cells[2].voltage, "it is only measured so"
    pack.inject("balancer_stuck")
    run(pack, 0, 1)
    assert pack.balancing is not None
    assert pack.balancing[1] == 2, "and its own balancer goes by it"


def test_frozen_cell() -> None:
    pack, _ = broken("frozen_cell", cell=0)
    before = pack.reading(0)
    run(pack, 100, 30)
    after = pack.reading(0)

    assert after.cells[0] == before.cells[0]
    assert all(now != then for now, then in zip(after.cells[1:], before.cells[1:], strict=True))


def test_frozen() -> None:
    pack, _ = broken("frozen")
    before = pack.reading(0)
    run(pack, 100, 600)
    after = pack.reading(0)

    assert after == before
    assert pack.current == 100


def test_cell_lost() -> None:
    pack, _ = broken("cell_lost")

    assert len(pack.reading(0).cells) == 15
    assert pack.info.cells == 16


def test_dead_temperature_sensor() -> None:
    pack, twin = broken("dead_temperature_sensor", cell=1)
    told, sound = pack.reading(0).temperatures, twin.reading(0).temperatures

    assert told == (sound[0], None, *sound[2:])


def test_temperature_sentinel() -> None:
    pack, _ = broken("temperature_sentinel", cell=1)

    assert pack.reading(0).temperatures[1] == -40


def test_current_offset() -> None:
    pack, twin = broken("current_offset", value=-5)
    assert pack.reading(0).current == pytest.approx(twin.reading(0).current - 5)
    for each in (pack, twin):
        run(each, 0, 3600)

    assert pack.counter == pytest.approx(twin.counter - 100 * 5 / 280, abs=0.01), "the device counts what it measures"


def test_current_stuck() -> None:
    pack, _ = broken("current_stuck", value=0)
    run(pack, 90, 10)

    assert pack.current == 90
    assert pack.reading(0).current == 0


def test_current_sign() -> None:
    pack, _ = broken("current_sign")
    run(pack, 90, 10)

    assert pack.reading(0).current == pytest.approx(-90, abs=1.5)


def test_voltage_offset() -> None:
    pack, twin = broken("voltage_offset", value=2)

    assert pack.reading(0).voltage == pytest.approx(twin.reading(0).voltage + 2)
    assert pack.reading(0).cells == twin.reading(0).cells


def test_soc_jump() -> None:
    pack, twin = broken("soc_jump", value=90)

    assert pack.reading(0).soc == 90
    assert pack.soc == twin.soc


@pytest.mark.parametrize(("closed", "current"), [(True, 40), (False, 0)])
def test_charge_switch_stuck(closed: bool, current: float) -> None:
    pack = VirtualPack()
    pack.apply(Switches(charge=closed))
    pack.inject("charge_switch_stuck")
    pack.apply(Switches(charge=not closed))
    run(pack, 40, 2)
    told = pack.reading(0)

    assert told.commanded.charge is not closed
    assert told.switches.charge is closed
    assert pack.current == current
    pack.clear()
    run(pack, 40, 2)
    assert pack.reading(0).switches.charge is not closed


def test_a_stuck_charge_switch_defeats_the_ring_too() -> None:
    pack = VirtualPack(soc=100)
    pack.inject("charge_switch_stuck")
    run(pack, 100, 300)

    assert "cell_overvoltage" in pack.alarms
    assert max(cell.voltage for cell in pack.cells) > 3.8


def test_discharge_switch_stuck() -> None:
    pack, _ = broken("discharge_switch_stuck")
    pack.apply(Switches(charge=False, discharge=False))
    run(pack, -40, 2)

    assert pack.reading(0).switches == Switches(charge=False, discharge=True, balance=True)
    assert pack.current == -40


@pytest.mark.parametrize("runs", [False, True])
def test_balancer_stuck(runs: bool) -> None:
    pack = VirtualPack(soc=40 if runs else 100.5)
    pack.cells[0].soc += 1
    pack.inject("balancer_stuck", value=float(runs))
    pack.apply(Switches(balance=not runs))
    run(pack, 1, 3)

    assert pack.reading(0).balancing is runs


def test_write_ignored() -> None:
    pack, _ = broken("write_ignored")
    pack.apply(Switches(charge=False))

    assert pack.reading(0).commanded.charge is True
    assert pack.reading(0).switches.charge is True


def test_write_refused() -> None:
    pack, _ = broken("write_refused")
    with pytest.raises(WriteRefusedError):
        pack.apply(Switches(charge=False))

    assert pack.reading(0).commanded.charge is True


def test_wrong_serial() -> None:
    pack, twin = broken("wrong_serial", value=42)
    assert pack.info.serial_number == "SWAPPED-0042"

    pack.clear("wrong_serial")
    assert pack.info == twin.info


def test_inverter_disobeys() -> None:
    pack = VirtualPack()
    house = House(pack)
    house.sun = lambda time: 4000.0
    house.obey(None, 0.0, 0.0)
    world = VirtualWorld(pack, house, speed=0)
    world.advance(2)
    assert pack.current == 0

    pack.inject("inverter_disobeys")
    world.advance(2)
    assert pack.current > 30
