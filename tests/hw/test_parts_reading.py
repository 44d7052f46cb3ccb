"""A pack built from parts, read over real links: every group with its own age, strangers, second opinions."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.home_bms.core.model import ConfigError, ContactorState
from custom_components.home_bms.hw import parts
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import Capability, DriverError, IdentityChangedError
from custom_components.home_bms.hw.parts import PartsDriver
from custom_components.home_bms.hw.parts_config import parts_from_data
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.line import MapBoard, RefusalError
from custom_components.home_bms.hw.virtual.parts import VirtualParts

from .boards import KINDS
from .parts_story import story

pytestmark = pytest.mark.usefixtures("socket_enabled")

OPEN, CLOSED = ContactorState.OPEN, ContactorState.CLOSED
ON, PRECHARGE_ON, OFF, PRECHARGE_OFF = "0502000032", "0502010032", "0500000000", "0500010000"
STRING = {"name": "string_2", "kind": "string", "relays": [4], "auxiliary": {"channel": 1}}


# Reading


@pytest.mark.parametrize("kind", KINDS)
async def test_all_members_make_one_reading(kind: str) -> None:
    async with story(kind=kind) as tale:
        tale.pack.demand = 30.0
        info = await tale.driver.async_identify()
        await tale.live()
        told, seen = tale.last, tale.pack.reading(0)

    assert (info.cells, info.temperature_sensors, info.chemistry, info.serial_number) == (16, 4, "lfp", "")
    assert info.fingerprint.endswith(" 16S")
    assert info.hardware_ring.cell_overvoltage == 3.65
    assert told.cells == tuple(round(cell or 0, 3) for cell in seen.cells)
    assert told.temperatures == tuple(round(warmth or 0, 1) for warmth in seen.temperatures)
    assert told.current == pytest.approx(seen.current, abs=0.001)
    assert told.voltage == pytest.approx(seen.voltage, abs=0.001)
    assert (told.link_voltage, told.switch_temperature) == (0.0, 22.0)
    assert told.switches.charge is told.switches.discharge is told.commanded.charge is False
    assert told.cells_time == told.temperatures_time == told.current_time == told.time
    assert (told.soc, told.soh, told.capacity, told.alarms) == (50.0, 100, 280.0, frozenset())


async def test_identity_is_the_same_object_until_something_changes() -> None:
    async with story() as tale:
        info = await tale.driver.async_identify()
        await tale.live(2)
        assert tale.driver.info is info
        assert set(tale.driver.members) == {"monitor", "probes", "shunt", "inputs", "relays"}
        assert tale.driver.members["shunt"].manufacturer == "diyBMS"
        assert tale.driver.capabilities == Capability.RELAYS


async def test_a_silent_member_takes_its_own_values_with_it_and_no_others() -> None:
    async with story() as tale:
        await tale.live(2)
        tale.world.inject("board_silent", board="probes")
        await tale.live(3)
        assert None not in tale.last.temperatures, "a lost answer or two is no loss"
        await tale.live()
        assert tale.last.temperatures == (None,) * 4
        assert tale.last.temperatures_time == tale.now - 4, "they grow old as a group"
        assert None not in tale.last.cells
        assert (tale.last.cells_time, tale.last.current_time) == (tale.now, tale.now)
        assert tale.driver.troubles["probes"].key == "no_answer"
        assert "probes" in str(tale.driver.troubles["probes"])
        await tale.live(12)
        assert tale.decision.ccl.value == tale.decision.dcl.value == 0
        assert "data_missing" in tale.alarms

        tale.world.clear()
        # Polls of this clock are quick, and the request that got no answer ends by the real one.
        await tale.until(lambda: "data_missing" not in tale.alarms, within=2000)
        assert not tale.driver.troubles


async def test_half_of_the_cells_missing_is_seen_as_such_and_the_others_are_judged() -> None:
    def halves(data) -> None:
        data["members"][0]["cells"] = list(range(8))
        second = {"name": "upper", "device": "heltec", "link": "measure", "unit_ids": [7]}
        data["members"].append({**second, "cells": [None] * 8 + list(range(8, 16))})

    async with story(edit=halves) as tale:
        upper = tale.world.board("heltec", 7)
        tale.world.boards["upper"] = upper
        tale.world.lines["measure"].boards.append(upper)
        await tale.live(2)
        assert None not in tale.last.cells
        tale.world.inject("board_silent", board="upper")
        tale.world.inject("dead_cell_sense", cell=0, value=3.7)
        await tale.live(5)
        assert tale.last.cells[8:] == (None,) * 8
        assert tale.last.cells_time == tale.now
        assert "cell_overvoltage" in tale.alarms, "a danger is not hidden by a member that is silent"


async def test_the_whole_set_silent_is_a_lost_link() -> None:
    async with story() as tale:
        await tale.live(2)
        for board in tale.world.boards:
            tale.world.inject("board_silent", board=board)
        await tale.live()
        assert tale.read_error is not None
        assert tale.read_error.key == "no_answer"
        tale.world.clear("board_silent")
        await tale.live()
        assert tale.read_error is None


async def test_a_set_of_which_nothing_was_ever_heard_has_no_identity() -> None:
    async with story() as tale:
        for board in tale.world.boards.values():
            board.silent = True
        with pytest.raises(DriverError) as error:
            await tale.driver.async_identify()
        assert error.value.key == "no_answer"
        with pytest.raises(DriverError):
            tale.driver.info  # noqa: B018
        assert tale.driver.members["shunt"] is None


async def test_another_device_in_a_members_place_is_a_stranger() -> None:
    async with story() as tale:
        await tale.live(2)
        monitor = tale.world.boards["monitor"]
        monitor.info = replace(tale.world.info, serial_number="0001-0002-0003-0004")
        await tale.until(lambda: tale.read_error is not None, within=15)
        assert isinstance(tale.read_error, IdentityChangedError), "only so nothing is written to a stranger"
        assert tale.read_error.fingerprint == "monitor 0001-0002-0003-0004"
        assert "monitor" in str(tale.read_error)


async def test_a_device_that_was_not_there_when_it_was_set_up_is_a_stranger_from_the_start() -> None:
    def recorded(data) -> None:
        data["members"][0]["fingerprint"] = "1111-2222-3333-4444"

    async with story(edit=recorded) as tale:
        with pytest.raises(IdentityChangedError) as error:
            await tale.driver.async_identify()
        assert error.value.ours == "monitor 1111-2222-3333-4444"


async def test_a_shunt_the_other_way_round_is_read_with_the_other_sign() -> None:
    def reversed_shunt(data) -> None:
        data["members"][2]["current"] = "reversed"

    async with story(edit=reversed_shunt) as tale:
        tale.pack.welded = True
        tale.pack.demand = 30.0
        await tale.live(2)
        assert tale.last.current == pytest.approx(-(tale.pack.reading(0).current or 0), abs=0.001)


async def test_a_second_opinion_on_the_current_that_differs_is_an_alarm() -> None:
    def checked(data) -> None:
        data["members"][0]["current"] = "check"

    async with story(edit=checked) as tale:
        tale.pack.welded = True
        tale.pack.demand = 30.0
        await tale.live(7)
        assert tale.last.alarms == frozenset()
        monitor = tale.world.boards["monitor"]
        look = monitor.look

        def other():
            reading, info = look()
            return replace(reading, current=22.0), info

        monitor.look = other
        await tale.live(4)
        assert tale.last.alarms == frozenset(), "it may be a step of the load"
        await tale.live(2)
        assert tale.last.alarms == {"current_sensors_differ"}


async def test_a_meter_without_a_direction_is_a_second_opinion_and_never_a_current() -> None:
    def with_pzem(role):
        def edit(data) -> None:
            if role == "as_told":
                del data["members"][2]["current"]
            pzem = {"name": "pzem", "device": "pzem017", "link": "measure", "unit_ids": [33], "current": role}
            data["members"].append(pzem)

        return edit

    for role in ("check", "as_told"):
        async with story(edit=with_pzem(role)) as tale:
            tale.world.lines["measure"].boards.append(tale.world.board("pzem017", 33))
            tale.pack.welded = True
            tale.pack.demand = -30.0
            await tale.live(7)
            assert tale.last.alarms == frozenset()
            if role == "as_told":
                assert tale.last.current is None
                assert Capability.RELAYS not in tale.driver.capabilities
            else:
                assert tale.last.current == pytest.approx(-30, abs=0.5)


async def test_an_array_of_units_is_one_member() -> None:
    def array(data) -> None:
        data["members"][0] |= {"device": "huasu", "unit_ids": list(range(101, 117))}
        del data["members"][0]["pack_voltage"]
        data["members"][2]["pack_voltage"] = {"channel": 0}
        data["members"][1] |= {"temperatures": [0]}
        data["members"][0]["temperatures"] = [3, 9, 15]

    async with story(edit=array) as tale:

        def one(cell: int):
            def look():
                reading, info = tale.world.look()
                warmth = 20.0 + cell
                return replace(reading, cells=(reading.cells[cell],), temperatures=(warmth,)), info

            return look

        tale.world.lines["measure"].boards += [MapBoard(DEVICES["huasu"], 101 + cell, one(cell)) for cell in range(16)]
        await tale.live(2)
        assert tale.last.cells == tuple(round(cell or 0, 3) for cell in tale.pack.reading(0).cells)
        assert tale.last.temperatures[:3] == (23.0, 29.0, 35.0)


async def test_a_jk_is_a_monitor_whose_balancer_works_and_whose_switches_are_left_alone() -> None:
    def jk(data) -> None:
        data["members"][0] |= {"device": "jk_pb", "link": "jk", "unit_ids": [1]}
        data["links"]["jk"] = {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": server.port}

    pack = VirtualPack(seed=0)
    server = VirtualServer(pack, DEVICES["jk_pb"])
    await server.start_rtu_over_tcp()
    try:
        async with story(edit=jk) as tale:
            await tale.close()
            assert tale.driver.capabilities == Capability.RELAYS | Capability.BALANCE_SWITCH
            assert tale.last.commanded.balance is not None
            tale.wish(balance=False, charge=False)
            await tale.live(3)
            assert tale.contactor is OPEN
            assert pack.commanded.balance is False
            assert (pack.commanded.charge, pack.commanded.discharge) == (True, True)
            await tale.driver.async_release()
            assert pack.commanded.balance is True
    finally:
        await server.stop()


def test_a_set_that_is_no_pack_is_refused() -> None:
    data = VirtualParts().data()
    data["members"][0]["cells"] = [0, 0]
    with pytest.raises(ConfigError) as error:
        PartsDriver(parts_from_data(data), lambda row, unit: None)
    assert error.value.key == "parts_cell_twice"


async def test_a_member_that_takes_long_holds_up_no_others(monkeypatch) -> None:
    monkeypatch.setattr(parts, "PATIENCE", 0.05)
    async with story() as tale:
        await tale.until(lambda: None not in tale.last.temperatures and tale.last.cells_time is not None)
        tale.world.inject("board_silent", board="relays")
        await tale.live()
        assert tale.driver.troubles["relays"].key == "no_answer"
        assert tale.read_error is None
        owing = [seat for seat in tale.driver._seats if seat.asking is not None]
        assert [seat.row.name for seat in owing] == ["relays"]
        await tale.driver.async_close()
        assert all(seat.asking.done() for seat in owing)
        await tale.driver.async_close()


async def test_a_question_that_was_withdrawn_is_no_answer() -> None:
    async with story() as tale:
        await tale.live()
        (seat,) = (seat for seat in tale.driver._seats if seat.row.name == "probes")
        seat.asking = asyncio.create_task(asyncio.sleep(30))
        seat.asking.add_done_callback(parts._retrieve)
        seat.asking.cancel()
        await tale.live()
        assert tale.driver.troubles["probes"].key == "no_answer"
        await tale.live()
        assert not tale.driver.troubles


async def test_what_nobody_measures_is_unknown() -> None:
    def bare(data) -> None:
        del data["members"][1]["switch_temperature"]
        del data["members"][2]["current"]
        data["members"][0]["current"] = "check"

    async with story(edit=bare) as tale:
        await tale.live(7)
        assert (tale.last.switch_temperature, tale.last.current) == (None, None)
        assert tale.last.alarms == frozenset()


def test_a_board_that_only_shows_takes_no_writes() -> None:
    board = VirtualParts().boards["shunt"]
    with pytest.raises(RefusalError):
        board.write(None)


async def test_members_that_were_never_heard_are_unknown_and_come_in_when_they_speak() -> None:
    async with story() as tale:
        for board in ("probes", "shunt", "inputs"):
            tale.world.inject("board_silent", board=board)
        await tale.driver.async_identify()
        await tale.live(2)
        assert None not in tale.last.cells
        assert tale.last.temperatures == (None,) * 4
        assert (tale.last.temperatures_time, tale.last.current, tale.last.link_voltage) == (None, None, None)
        assert tale.last.voltage is not None
        tale.world.clear()
        # A unit that was silent is left alone for a while of real time, which the story's own time runs ahead of.
        async with asyncio.timeout(30):
            while None in (*tale.last.temperatures, tale.last.current, tale.last.link_voltage):
                await tale.live()
                await asyncio.sleep(0.1)
