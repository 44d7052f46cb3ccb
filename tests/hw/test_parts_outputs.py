"""The outputs of a pack built from parts: what a second pulse does, what forbids switching, additional relays."""

from types import SimpleNamespace

import pytest

from custom_components.home_bms.core.model import ContactorState, Level
from custom_components.home_bms.hw.driver import Capability, DriverError
from custom_components.home_bms.hw.outputs import PULSE, Output
from custom_components.home_bms.hw.virtual.parts import MAIN, SECOND_MAIN

from .parts_story import story

pytestmark = pytest.mark.usefixtures("socket_enabled")

OPEN, CLOSED = ContactorState.OPEN, ContactorState.CLOSED
ON, PRECHARGE_ON, OFF, PRECHARGE_OFF = "0502000032", "0502010032", "0500000000", "0500010000"
STRING = {"name": "string_2", "kind": "string", "relays": [4], "auxiliary": {"channel": 1}}


# What a board does with a second pulse


async def test_a_board_that_does_not_restart_a_pulse_is_found_out_and_refused() -> None:
    async with story() as tale:
        tale.world.inject("pulse_ignored")
        await tale.close()
        await tale.until(lambda: not tale.pack.closed, within=8)
        assert tale.last.alarms == {"pulse_not_restarted"}
        before = len(tale.world.lines["switch"].wire)
        tale.wish(charge=True)
        await tale.until(lambda: tale.write_error is not None, within=20)
        assert tale.write_error.key == "pulse_not_restarted"
        await tale.live(20)
        assert not {ON, PRECHARGE_ON} & set(tale.commands(before)), "not even the precharge"


@pytest.mark.parametrize("fault", [None, "pulse_ignored", "pulse_adds"])
async def test_two_relays_in_parallel_hold_it_whatever_a_second_pulse_does(fault: str | None) -> None:
    def two(data) -> None:
        data["members"][-1] |= {"pulse_restarts": None, "precharge": [1, 3]}

    async with story(mains=(MAIN, SECOND_MAIN), edit=two) as tale:
        if fault:
            tale.world.inject(fault)
        await tale.close()
        for _ in range(30):
            await tale.live()
            assert tale.pack.closed
        assert tale.write_error is None
        tale.die(PULSE + 0.5)
        assert not tale.pack.closed, "no pulse was added to another"


async def test_the_trial_finds_out_what_a_second_pulse_does() -> None:
    async with story() as tale:
        await tale.live()

        async def sleep(seconds: float) -> None:
            tale.die(seconds)

        assert await tale.driver.async_test_pulse("relays", 7, sleep=sleep) is True
        tale.world.inject("pulse_ignored")
        assert await tale.driver.async_test_pulse("relays", 7, sleep=sleep) is False
        tale.world.inject("pulse_adds")
        with pytest.raises(DriverError) as error:
            await tale.driver.async_test_pulse("relays", 7, sleep=sleep)
        assert error.value.key == "pulse_adds_up"
        assert not tale.world.relays.relay(7)
        for member, relay in (("relays", MAIN), ("shunt", 0), ("nobody", 0)):
            with pytest.raises(DriverError) as error:
                await tale.driver.async_test_pulse(member, relay, sleep=sleep)
            assert error.value.key == "relay_in_use"


# What keeps home_bms from switching


async def test_a_relay_that_an_input_moves_is_not_switched() -> None:
    async with story() as tale:
        tale.world.inject("relay_linked")
        await tale.live()
        assert tale.last.alarms == {"relay_linked"}
        tale.wish(charge=True)
        await tale.until(lambda: tale.write_error is not None)
        assert tale.write_error.key == "relay_linked"
        await tale.live(5)
        assert not {ON, PRECHARGE_ON} & set(tale.commands())
        assert not [command for command in tale.commands() if command.startswith(("06", "10"))], "no mode is written"


async def test_parts_that_may_only_be_watched_are_never_switched() -> None:
    async with story(pulse_restarts=None) as tale:
        assert Capability.RELAYS not in tale.driver.capabilities
        await tale.live()
        tale.wish(charge=True)
        await tale.until(lambda: tale.write_error is not None)
        assert tale.write_error.key == "parts_pulse_untested"
        await tale.live(5)
        assert tale.commands() == []


async def test_a_pack_without_an_auxiliary_contact_is_never_closed() -> None:
    def blind(data) -> None:
        del data["members"][-1]["auxiliary"]

    async with story(edit=blind) as tale:
        await tale.live()
        tale.wish(charge=True)
        await tale.live(5)
        assert tale.last.switches.charge is None
        assert tale.commands() == []


# Additional switches


async def test_a_string_closes_with_permission_alone_and_opens_always() -> None:
    asked = []

    def permit(row) -> str | None:
        asked.append(row.name)
        return refusal

    async with story(switches=[STRING], permit=permit) as tale:
        tale.world.relays.contacts[1] = lambda: tale.world.relays.relay(4)
        await tale.close()
        refusal = "voltage_difference"
        with pytest.raises(DriverError) as error:
            await tale.driver.async_switch("string_2", True)
        assert error.value.key == "voltage_difference"
        assert not tale.world.relays.relay(4)

        refusal = None
        await tale.driver.async_switch("string_2", True)
        await tale.live(12)
        extra = tale.driver.extra_switches["string_2"]
        assert (extra.wanted, extra.commanded, extra.position) == (True, True, True)
        assert tale.commands().count("0502040032") >= 12, "held by pulses"

        refusal = "voltage_difference"
        await tale.live(3)
        assert tale.world.relays.relay(4), "a permission is to close, not to stay"
        await tale.driver.async_switch("string_2", False)
        assert not tale.world.relays.relay(4)
        await tale.live()
        assert tale.driver.extra_switches["string_2"].wanted is False
        assert asked == ["string_2", "string_2"]


async def test_nobody_gives_permission_unless_told() -> None:
    async with story(switches=[STRING]) as tale:
        await tale.live()
        with pytest.raises(DriverError) as error:
            await tale.driver.async_switch("string_2", True)
        assert error.value.key == "not_permitted"


@pytest.mark.parametrize("end", ["trip", "release", "withdrawal"])
async def test_a_string_falls_open_when_nobody_may_hold_it_and_stays_open(end: str) -> None:
    async with story(switches=[STRING], permit=lambda _: None) as tale:
        await tale.close()
        await tale.driver.async_switch("string_2", True)
        await tale.live(2)
        if end == "trip":
            tale.world.inject("dead_cell_sense", cell=3, value=3.8)
            await tale.until(lambda: tale.decision.worst is Level.TRIP, within=6)
        elif end == "release":
            await tale.driver.async_release()
        else:
            tale.acting = False
        await tale.live(8)
        tale.acting = True
        tale.world.clear()
        await tale.live(6)
        assert not tale.world.relays.relay(4)
        assert tale.driver.extra_switches["string_2"].wanted is False


async def test_a_string_of_parts_that_may_only_be_watched_stays_open() -> None:
    async with story(switches=[STRING], permit=lambda _: None, pulse_restarts=False) as tale:
        await tale.live()
        with pytest.raises(DriverError) as error:
            await tale.driver.async_switch("string_2", True)
        assert error.value.key == "parts_pulse_ends"


async def test_a_relay_that_takes_no_notice_of_its_pulse_is_told() -> None:
    async with story() as tale:
        tale.world.relays.hold = lambda channel, seconds: None
        await tale.live()
        tale.wish(charge=True)
        await tale.until(lambda: tale.write_error is not None)
        assert tale.write_error.key == "not_effective"


def test_while_a_board_has_not_said_whether_an_input_moves_a_relay_it_is_not_held() -> None:
    output = Output(SimpleNamespace(linked=lambda relay: None), (0,), lambda: 0.0)
    with pytest.raises(DriverError) as error:
        output.check()
    assert error.value.key == "relay_mode_unknown"


async def test_a_contactor_without_a_precharge_is_held_like_any_other() -> None:
    async with story(precharge=[]) as tale:
        await tale.close()
        await tale.live(3)
        assert set(tale.commands()) == {ON}


async def test_a_release_that_does_not_reach_the_precharge_is_told() -> None:
    async with story() as tale:
        await tale.live()
        tale.wish(charge=True)
        await tale.live()
        tale.world.inject("board_silent", board="relays")
        with pytest.raises(DriverError):
            await tale.driver.async_release()
