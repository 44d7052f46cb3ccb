"""A pack built from parts, end to end: core decides, real Modbus carries it, virtual boards and a contactor obey."""

import pytest

from custom_components.home_bms.core.model import ContactorState, Level
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.outputs import PULSE
from custom_components.home_bms.hw.virtual.parts import MAIN, VirtualParts

from .boards import KINDS
from .parts_story import story

pytestmark = pytest.mark.usefixtures("socket_enabled")

OPEN, CLOSED = ContactorState.OPEN, ContactorState.CLOSED
ON, PRECHARGE_ON, OFF, PRECHARGE_OFF = "0502000032", "0502010032", "0500000000", "0500010000"
STRING = {"name": "string_2", "kind": "string", "relays": [4], "auxiliary": {"channel": 1}}


# The contactor


@pytest.mark.parametrize("kind", KINDS)
async def test_it_closes_through_the_precharge_with_pulses_and_never_with_a_plain_on(kind: str) -> None:
    async with story(kind=kind) as tale:
        await tale.close()
        await tale.live(10)
        assert tale.contactor is CLOSED
        commands = tale.commands()

    assert commands[:2] == [PRECHARGE_ON, PRECHARGE_ON]
    assert set(commands) == {ON, PRECHARGE_ON, PRECHARGE_OFF}
    assert commands.index(ON) > commands.index(PRECHARGE_ON)
    assert commands[-8:] == [ON] * 8, "renewed at each poll"


async def test_it_opens_by_itself_when_the_host_dies() -> None:
    async with story() as tale:
        await tale.close()
        await tale.live(3)
        before = len(tale.world.lines["switch"].wire)
        tale.die(PULSE - 0.5)
        assert tale.pack.closed
        tale.die(1.0)
        assert not tale.pack.closed
        assert tale.commands(before) == []


async def test_it_is_opened_at_once_when_a_person_asks() -> None:
    async with story() as tale:
        await tale.close()
        tale.wish(charge=False)
        await tale.live()
        assert not tale.world.relays.relay(MAIN)
        assert tale.commands()[-1] == OFF


async def test_a_trip_waits_for_the_current_but_renews_nothing() -> None:
    async with story() as tale:
        await tale.close()
        tale.pack.demand = 60.0
        await tale.live(2)
        before = len(tale.world.lines["switch"].wire)
        tale.world.inject("dead_cell_sense", cell=3, value=3.8)
        await tale.until(lambda: tale.decision.worst is Level.TRIP, within=6)
        await tale.until(lambda: not tale.pack.closed, within=6)
        renewed = tale.commands(before)
        assert renewed[-1] == OFF


async def test_release_renews_nothing_and_lets_it_open_within_the_pulse() -> None:
    async with story() as tale:
        await tale.close()
        before = len(tale.world.lines["switch"].wire)
        await tale.driver.async_release()
        assert tale.commands(before) == []
        assert tale.pack.closed
        tale.acting = False
        await tale.live(PULSE + 1)
        assert not tale.pack.closed
        assert tale.commands(before) == []


async def test_release_in_the_middle_of_a_precharge_ends_it_at_once() -> None:
    async with story() as tale:
        await tale.live()
        tale.wish(charge=True)
        await tale.live()
        assert tale.contactor is ContactorState.PRECHARGE
        await tale.driver.async_release()
        assert not tale.world.relays.relay(1)


async def test_a_relay_board_that_is_unplugged_opens_the_contactor_and_core_says_why() -> None:
    async with story() as tale:
        await tale.close()
        tale.world.inject("board_silent", board="relays")
        await tale.live(4)
        assert tale.contactor is ContactorState.UNKNOWN
        assert tale.last.switches.charge is tale.last.commanded.charge is None
        assert tale.write_error is not None
        await tale.live(2)
        assert not tale.pack.closed, "nobody reached its timer"

        tale.world.clear()
        await tale.until(lambda: tale.last.switches.charge is False, within=40)
        await tale.live(12)
        assert not tale.pack.closed, "what fell is closed again by a person alone"
        tale.wish(charge=True)
        await tale.until(lambda: tale.contactor is CLOSED, within=40)


async def test_a_board_that_lost_its_power_for_a_moment_is_not_closed_again_at_once() -> None:
    async with story() as tale:
        await tale.close()
        await tale.live(8)
        before = len(tale.world.lines["switch"].wire)
        tale.world.relays.power_cycle()
        await tale.live()
        assert tale.contactor is OPEN
        tale.wish(charge=True)
        await tale.live(8)
        assert not tale.pack.closed, "it rests"
        assert ON not in tale.commands(before)
        await tale.until(lambda: tale.contactor is CLOSED, within=20)
        commands = tale.commands(before)
        assert commands.index(PRECHARGE_ON) < commands.index(ON)


async def test_a_welded_contactor_is_found_and_not_closed_again() -> None:
    async with story() as tale:
        await tale.close()
        tale.pack.demand = 20.0
        tale.world.inject("contactor_welded")
        tale.wish(charge=False)
        await tale.until(lambda: "contactor_welded" in tale.alarms or "contactor_not_opening" in tale.alarms)
        assert not tale.world.relays.relay(MAIN)
        assert tale.contactor is ContactorState.FAILED
        assert tale.decision.ccl.value == 0
        before = len(tale.world.lines["switch"].wire)
        tale.wish(charge=True)
        await tale.live(15)
        assert ON not in tale.commands(before)


async def test_a_contactor_that_stays_open_is_given_up() -> None:
    async with story() as tale:
        tale.world.inject("contactor_stuck_open")
        await tale.live()
        tale.wish(charge=True)
        await tale.until(lambda: "contactor_not_closing" in tale.alarms, within=60)
        assert not tale.world.relays.relay(MAIN)


async def test_an_auxiliary_contact_that_shows_closed_gives_no_power_to_a_coil_that_has_none() -> None:
    async with story() as tale:
        tale.world.inject("auxiliary_stuck_closed")
        await tale.live(2)
        tale.wish(charge=True)
        await tale.live(10)
        assert ON not in tale.commands()
        assert {"contactor_not_opening", "contactor_welded"} & tale.alarms


async def test_a_coil_without_power_gets_some_only_after_a_precharge_whatever_is_asked() -> None:
    async with story() as tale:
        await tale.close()
        held = tale.decision
        tale.world.inject("auxiliary_stuck_closed")
        tale.world.relays.power_cycle()
        tale._turn(1.0)
        await tale.driver.async_read()
        with pytest.raises(DriverError) as error:
            await tale.driver.async_apply(held)
        assert error.value.key == "relay_fell"
        assert not tale.world.relays.relay(MAIN)


async def test_an_auxiliary_contact_that_is_closed_while_open_is_understood() -> None:
    async with story(auxiliary={"channel": 0, "normally_open": False}) as tale:
        tale.world.relays.contacts[0] = lambda: not tale.pack.closed
        await tale.close()
        assert tale.last.switches.charge is True


async def test_a_link_that_does_not_fill_ends_the_try() -> None:
    async with story() as tale:
        tale.world.inject("link_shorted")
        await tale.live()
        tale.wish(charge=True)
        await tale.until(lambda: "precharge_failed" in tale.alarms, within=60)
        assert ON not in tale.commands()
        assert not tale.world.relays.relay(1)


# The virtual parts


def test_faults_of_parts_and_pack_have_names() -> None:
    world = VirtualParts()
    world.inject("spike", cell=1)
    world.inject("contactor_welded")
    world.clear("contactor_welded")
    assert not world.pack.welded
    world.obey(56.0, 10.0, 10.0)
    VirtualParts(house=False).obey(None, None, None)
    with pytest.raises(ValueError, match="no fault 'gremlins'; there are: contactor_welded"):
        world.clear("gremlins")
    with pytest.raises(ValueError, match="no fault"):
        world.inject("gremlins")


def test_a_house_uses_the_pack_only_through_the_contactor() -> None:
    now = [0.0]
    world = VirtualParts(clock=lambda: now[0])
    world.house.sun = lambda time: 4000.0
    world.house.load = lambda time: 500.0
    now[0] = 30.0
    world.world.catch_up()
    assert abs(world.pack.current) < 0.1
    world.inject("contactor_welded")
    now[0] = 60.0
    world.world.catch_up()
    assert world.pack.current > 20
