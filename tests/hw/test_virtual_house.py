"""The house drives the virtual pack as a home does, the same day every time."""

import pytest

from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualWorld
from custom_components.home_bms.hw.virtual.world import LONGEST_GAP, TICK

from .clock import Clock

DAY = 86400.0


def home(seed: int = 0, soc: float = 50.0, **house) -> VirtualWorld:
    pack = VirtualPack(seed=seed, soc=soc)
    return VirtualWorld(pack, House(pack, seed=seed, **house), speed=0)


def sunny(**house) -> VirtualWorld:
    """Return a home where the sun always gives more than the house uses."""
    world = home(**house)
    world.house.sun = lambda time: 4000.0
    world.house.load = lambda time: 500.0
    return world


def dark(**house) -> VirtualWorld:
    world = home(**house)
    world.house.sun = lambda time: 0.0
    world.house.load = lambda time: 3000.0
    return world


def test_the_same_seed_gives_the_same_day_bit_for_bit() -> None:
    first, second, other = home(5), home(5), home(6)
    for world in (first, second, other):
        for _ in range(24):
            world.advance(3600)

    assert first.pack.reading(0) == second.pack.reading(0)
    assert [cell.soc for cell in first.pack.cells] == [cell.soc for cell in second.pack.cells]
    assert first.pack.reading(0) != other.pack.reading(0)


def test_a_day_at_once_equals_a_day_in_small_steps() -> None:
    at_once, stepped = home(1), home(1)
    at_once.advance(DAY)
    for _ in range(int(DAY / 4)):
        stepped.advance(4)

    assert at_once.pack.time == pytest.approx(stepped.pack.time)
    assert at_once.pack.soc == pytest.approx(stepped.pack.soc, abs=0.3)
    assert at_once.pack.voltage == pytest.approx(stepped.pack.voltage, abs=0.1)
    assert at_once.pack.charge_out == pytest.approx(stepped.pack.charge_out, rel=0.01)


def test_the_sun_shines_by_day_and_the_house_always_needs_something() -> None:
    house = home().house
    hours = [hour * 3600.0 for hour in range(24 * 5)]
    night = [time for time in hours if not 6 < (time / 3600 + 10) % 24 < 20]

    assert all(house.sun(time) == 0 for time in night)
    assert 2500 < max(house.sun(time) for time in hours) <= house.power
    assert all(house.load(time) > 250 for time in hours)
    assert max(house.load(time) for time in hours) > 1500
    assert house.power == pytest.approx(5100, rel=0.05)


def test_a_demo_day_is_lively() -> None:
    world = home()
    socs, currents = [], []
    for _ in range(96):
        world.advance(900)
        socs.append(world.pack.soc)
        currents.append(world.pack.current)

    assert max(socs) - min(socs) > 30
    assert min(currents) < -5
    assert max(currents) > 20
    assert not world.pack.alarms, "the inverter's own settings keep a healthy pack inside its ring"


@pytest.mark.parametrize("seed", range(4))
def test_no_day_of_a_week_needs_the_hardware_ring(seed: int) -> None:
    world = home(seed)
    for _ in range(7 * 24):
        world.advance(3600)
        assert not world.pack.alarms


@pytest.mark.parametrize("step", [1.0, 10.0])
def test_the_inverter_holds_the_charge_voltage_without_swinging(step: float) -> None:
    world = sunny(soc=97.0)
    world.house.obey(54.8, None, None)
    for _ in range(int(3600 / step)):
        world.advance(step)
    seen = []
    for _ in range(60):
        world.advance(step)
        seen.append(world.pack.voltage)

    assert max(seen) == pytest.approx(54.8, abs=0.02)
    assert min(seen) == pytest.approx(54.8, abs=0.02)


def test_an_inverter_that_obeys_keeps_to_the_currents() -> None:
    world = sunny()
    world.house.obey(None, 12.5, 7.5)
    world.advance(5)
    assert world.pack.current == 12.5
    world.house.obey(None, 0.0, 7.5)
    world.advance(5)
    assert world.pack.current == 0

    world = dark()
    world.house.obey(None, 0.0, 7.5)
    world.advance(5)
    assert world.pack.current == -7.5


@pytest.mark.parametrize("how", ["built so", "injected"])
def test_an_inverter_that_does_not_obey_charges_on(how: str) -> None:
    world = sunny(obeys=how == "injected")
    if how == "injected":
        world.pack.inject("inverter_disobeys")
    world.house.obey(50.0, 0.0, 0.0)
    world.advance(5)

    assert world.pack.current > 50


def test_without_any_limit_the_hardware_ring_is_the_last_line() -> None:
    world = sunny(soc=98.0, own_limits=False)
    for _ in range(3600):
        world.advance(1)
        if world.pack.alarms:
            break

    assert world.pack.alarms == {"cell_overvoltage"}
    world.advance(1)
    assert world.pack.current == 0


def test_without_own_limits_the_night_ends_at_the_undervoltage_ring() -> None:
    world = dark(soc=5.0, own_limits=False)
    for _ in range(3600):
        world.advance(1)
        if world.pack.alarms:
            break

    assert world.pack.alarms == {"cell_undervoltage"}


def test_limits_act_after_the_dead_time() -> None:
    world = sunny(dead_time=20.0)
    world.advance(1)
    world.house.obey(None, 0.0, 0.0)
    world.advance(20)
    assert world.pack.current > 50
    world.advance(1)
    assert world.pack.current == 0


def test_limits_lapse_unless_they_are_renewed() -> None:
    world = sunny(lease=15.0)
    for _ in range(3):
        world.house.obey(None, 0.0, 0.0)
        world.advance(10)
        assert world.pack.current == 0
    world.advance(6)
    world.advance(1)

    assert world.pack.current > 50


def test_the_world_follows_its_clock_at_its_speed() -> None:
    clock = Clock(100.0)
    world = VirtualWorld(VirtualPack(), speed=60.0, clock=clock)
    clock.now += 2.0
    reading = world.reading()
    assert world.pack.time == pytest.approx(120.0)
    assert reading.time == 102.0

    clock.now += TICK / 2
    world.reading()
    assert world.pack.time == pytest.approx(120.0), "the requests of one poll see one moment"
    clock.now += TICK
    world.reading()
    assert world.pack.time == pytest.approx(120.0 + 60 * 1.5 * TICK)


def test_a_world_that_nobody_saw_for_long_does_not_make_up_for_all_of_it() -> None:
    clock = Clock(100.0)
    world = VirtualWorld(VirtualPack(), speed=1.0, clock=clock)
    clock.now += 10 * LONGEST_GAP
    world.catch_up()

    assert world.pack.time == pytest.approx(LONGEST_GAP)


def test_a_stepped_world_stands_still_by_itself() -> None:
    clock = Clock(100.0)
    world = VirtualWorld(VirtualPack(), speed=0, clock=clock)
    clock.now += 50
    world.reading()
    assert world.pack.time == 0

    world.advance(50)
    assert world.pack.time == pytest.approx(50)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="speed"):
        VirtualWorld(VirtualPack(), speed=-1)
