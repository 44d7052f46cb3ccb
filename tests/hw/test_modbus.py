"""The driver against real servers on real links."""

from dataclasses import replace
from unittest.mock import AsyncMock, Mock

import pytest
from modbus_connection import ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection
from pymodbus.framer import FramerType

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw.byte_addressed import ByteAddressedUnit
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import Capability, DriverError
from custom_components.home_bms.hw.frames import crc16

from .clock import Clock
from .conftest import INFO, READING, port_of, serve_tcp
from .real_link import decide

JK = DEVICES["jk_pb"]
LINKS = ["tcp", "tcp by pymodbus", "rtu+tcp", "pty"]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(open_link, box, clock):
    """Open a link to the box and return a driver on it."""

    async def start_it(kind="tcp"):
        connection = await open_link(box, kind)
        return JK.driver(connection.for_unit(1), clock=clock, spacing=0)

    return start_it


def asked(box):
    """Return what was asked since the last look."""
    found = [(kind, hex(address), count) for kind, address, count in box.requests]
    box.requests.clear()
    return found


@pytest.mark.parametrize("kind", LINKS)
async def test_every_link_tells_the_same(start, kind, clock):
    driver = await start(kind)
    assert await driver.async_identify() == INFO
    reading = await driver.async_read()
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time", "asked_time"), clock.now)
    assert reading == replace(READING, **now, hardware=INFO.hardware_ring)
    assert driver.capabilities == Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH | Capability.BALANCE_SWITCH


async def test_a_poll_takes_two_reads_three_every_ten_seconds_and_six_once_a_minute(start, box, clock):
    driver = await start()
    await driver.async_identify()
    assert len(asked(box)) == 7
    passport, live = [("read", "0x1450", 8)], [("read", "0x1200", 37), ("read", "0x128a", 58)]
    for second in range(1, 60):
        clock.now += 1
        await driver.async_read()
        assert asked(box) == (passport if second % 10 == 0 else []) + live
    clock.now += 1
    await driver.async_read()
    assert asked(box) == [*passport, ("read", "0x1000", 64), ("read", "0x1080", 4), ("read", "0x1308", 2), *live]


async def test_no_request_ever_covers_the_pin_or_a_password(start, box, clock):
    driver = await start()
    await driver.async_identify()
    clock.now += 60
    await driver.async_read()
    secrets = {*range(0x1438, 0x1448), *range(0x1470, 0x1480)}
    for _, address, count in box.requests:
        assert secrets.isdisjoint(range(address, address + 2 * count))


@pytest.mark.parametrize("kind", ["rtu+tcp", "pty"])
async def test_a_switch_is_written_with_the_very_bytes_of_the_protocol(start, box, kind):
    driver = await start(kind)
    await driver.async_identify()
    box.wire.clear()
    await driver.async_apply(decide(charge=False, discharge=True))
    write = bytes.fromhex("01 10 10 70 00 02 04 00 00 00 00")
    read_back = bytes.fromhex("01 03 10 70 00 06")
    assert box.wire == [write + crc16(write), read_back + crc16(read_back)]
    reading = await driver.async_read()
    assert reading.commanded == Switches(charge=False, discharge=True, balance=True)
    assert reading.switches == Switches(charge=False, discharge=True)


async def test_openings_are_written_before_closings(start, box):
    box.show(commanded=Switches(charge=False, discharge=True, balance=True))
    driver = await start()
    await driver.async_identify()
    asked(box)
    await driver.async_apply(decide(charge=True, discharge=False, balance=False))
    assert [address for kind, address, _ in asked(box) if kind == "write"] == ["0x1074", "0x1078", "0x1070"]


async def test_a_wish_that_is_fulfilled_or_absent_writes_nothing(start, box):
    driver = await start()
    await driver.async_identify()
    asked(box)
    await driver.async_apply(decide())
    await driver.async_apply(decide(charge=True, discharge=True, balance=True))
    assert asked(box) == []


async def test_a_write_without_effect_is_told(start, box):
    driver = await start()
    box.stuck = True
    with pytest.raises(DriverError, match="charge and discharge switch") as told:
        await driver.async_apply(decide(charge=False, discharge=False))
    assert told.value.key == "not_effective"
    assert (await driver.async_read()).commanded.charge is True


async def test_a_refused_write_is_told_and_the_other_switch_still_moves(start, box):
    driver = await start()
    await driver.async_identify()
    box.refuse["write", 0x1070] = 2
    with pytest.raises(DriverError) as told:
        await driver.async_apply(decide(charge=False, discharge=False))
    assert told.value.key == "refused"
    assert box.memory[0x1076] == 0


async def test_a_write_whose_acknowledgement_is_lost_counts_by_its_effect(start, box):
    driver = await start("pty")
    await driver.async_identify()
    box.spoil = lambda answer: b"" if answer[1] == 0x10 else answer
    await driver.async_apply(decide(charge=False))
    assert (await driver.async_read()).commanded.charge is False


async def test_release_puts_the_balancer_back_and_leaves_opened_switches_open(start, box):
    driver = await start()
    await driver.async_identify()
    await driver.async_apply(decide(charge=False, discharge=False, balance=False))
    asked(box)
    await driver.async_release()
    assert [entry for entry in asked(box) if entry[0] == "write"] == [("write", "0x1078", 2)]
    assert [box.memory[address] for address in (0x1072, 0x1076, 0x107A)] == [0, 0, 1]
    await driver.async_release()
    assert asked(box) == []


async def test_release_without_control_writes_nothing(start, box):
    driver = await start()
    await driver.async_read()
    asked(box)
    await driver.async_release()
    assert asked(box) == []


async def test_a_switch_moved_with_the_makers_app_shows_at_the_next_poll(start, box):
    driver = await start()
    await driver.async_apply(decide(charge=False))
    await driver.async_read()
    await driver.async_read()
    box.write(0x1070, [0, 1])
    await driver.async_read()
    assert (await driver.async_read()).commanded.charge is True


async def test_one_block_that_fails_leaves_the_other_group_fresh(start, box, clock):
    driver = await start()
    await driver.async_read()
    before, clock.now = clock.now, clock.now + 5
    box.refuse[0x128A] = 2
    box.show(cells=(3.5,) * 16, current=77.0)
    reading = await driver.async_read()
    assert reading.cells == (3.5,) * 16
    assert reading.current == READING.current
    assert (reading.cells_time, reading.current_time, reading.temperatures_time) == (clock.now, before, before)
    box.refuse = {0x1200: 2}
    reading = await driver.async_read()
    assert reading.current == 77.0
    assert reading.current_time == clock.now


async def test_settings_that_fail_cost_no_reading_and_are_tried_again_soon(start, box, clock):
    driver = await start()
    await driver.async_read()
    box.refuse[0x1000] = 2
    clock.now += 60
    assert (await driver.async_read()).cells_time == clock.now
    box.refuse.clear()
    asked(box)
    clock.now += 9
    await driver.async_read()
    clock.now += 1
    await driver.async_read()
    assert [address for _, address, _ in asked(box)].count("0x1000") == 1


async def test_what_was_refused_for_a_moment_is_asked_for_again(start, box, clock):
    # A fault of the device. "Busy" is another, but the library itself asks again for a minute then.
    box.refuse = {0x1080: 4}
    driver = await start()
    assert (await driver.async_read()).hardware.balance_start_voltage is None
    box.refuse.clear()
    clock.now += 60
    assert (await driver.async_read()).hardware.balance_start_voltage == 3.4


async def test_what_not_every_board_has_is_read_without_and_not_asked_for_again(start, box, clock):
    box.refuse = {0x1080: 2, 0x1308: 2}
    driver = await start()
    reading = await driver.async_read()
    assert reading.sleep_in is None
    assert reading.hardware is not None
    assert reading.hardware.balance_start_voltage is None
    assert reading.hardware.cell_overvoltage == 3.65
    asked(box)
    clock.now += 60
    assert (await driver.async_read()).cells == READING.cells
    assert {"0x1080", "0x1308"}.isdisjoint(address for _, address, _ in asked(box))


async def test_a_board_that_is_busy_once_is_asked_again_for_what_it_did_not_tell(start, box, clock):
    driver = await start()
    await driver.async_read()
    box.refuse = {0x1308: 10}
    clock.now += 60
    # What it told a minute ago still runs down.
    assert (await driver.async_read()).sleep_in == READING.sleep_in - 60
    box.refuse.clear()
    clock.now += 60
    assert (await driver.async_read()).sleep_in == READING.sleep_in


async def test_the_time_to_sleep_runs_down_between_two_looks_at_it(start, box, clock):
    box.show(sleep_in=30)
    driver = await start()
    assert (await driver.async_read()).sleep_in == 30
    clock.now += 20
    assert (await driver.async_read()).sleep_in == 10
    clock.now += 20
    assert (await driver.async_read()).sleep_in == 0


async def test_a_ring_that_is_moved_reaches_the_reading_within_a_minute(start, box, clock):
    driver = await start()
    await driver.async_read()
    ring = replace(INFO.hardware_ring, cell_overvoltage=3.6, balance_start_voltage=3.3)
    box.show(replace(INFO, hardware_ring=ring))
    assert (await driver.async_read()).hardware == INFO.hardware_ring
    clock.now += 60
    assert (await driver.async_read()).hardware == ring


async def test_a_link_that_is_lost_comes_back_and_the_pack_is_recognised_first(socket_enabled, box, clock):
    server = await serve_tcp(box, FramerType.SOCKET)
    port = port_of(server)
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        driver = JK.driver(connection.for_unit(1), clock=clock, spacing=0)
        await driver.async_read()
        await server.shutdown()
        for _ in range(2):
            with pytest.raises(DriverError) as told:
                await driver.async_read()
        assert told.value.key == "cannot_connect"
        server = await serve_tcp(box, FramerType.SOCKET, port)
        asked(box)
        assert (await driver.async_read()).cells == READING.cells
        assert asked(box)[0] == ("read", "0x1450", 8)
    finally:
        await connection.close()
        await server.shutdown()


async def test_another_pack_in_its_place_gives_no_reading(start, box, clock):
    driver = await start()
    await driver.async_identify()
    box.show(replace(INFO, serial_number="other"))
    clock.now += 60
    for _ in range(2):
        with pytest.raises(DriverError) as told:
            await driver.async_read()
        assert told.value.key == "identity_changed"
    box.show()
    assert (await driver.async_read()).cells == READING.cells
    assert driver.info == INFO


async def test_after_a_loss_nothing_is_closed_of_whoever_answers_before_it_is_recognised(start, box, clock):
    """Opening cannot wait for that: a pack that runs blind may hear what it cannot answer."""
    driver = await start()
    await driver.async_apply(decide(charge=False, balance=False))
    box.refuse = {0x1200: 11, 0x128A: 10}
    with pytest.raises(DriverError):
        await driver.async_read()
    box.refuse = {}
    opened = Switches(charge=False, discharge=True, balance=False)
    box.show(replace(INFO, serial_number="other"), commanded=opened)
    asked(box)
    with pytest.raises(DriverError) as told:
        await driver.async_apply(decide(charge=True, discharge=False, balance=True))
    assert told.value.key == "identity_changed"
    with pytest.raises(DriverError):
        await driver.async_release()
    assert [entry for entry in asked(box) if entry[0] == "write"] == [("write", "0x1074", 2)]
    box.show(commanded=opened)
    await driver.async_apply(decide(charge=True, discharge=True, balance=True))
    assert [box.memory[address] for address in (0x1072, 0x1076, 0x107A)] == [1, 1, 1]


async def test_after_a_loss_a_pack_that_cannot_be_recognised_gives_no_reading(start, box, clock):
    driver = await start()
    await driver.async_read()
    box.refuse = {0x1200: 11, 0x128A: 10}
    with pytest.raises(DriverError) as told:
        await driver.async_read()
    assert told.value.key == "no_answer"
    box.refuse = {0x1450: 1}
    with pytest.raises(DriverError) as told:
        await driver.async_read()
    assert told.value.key == "refused"


async def test_silence_is_no_answer(start, box):
    driver = await start("pty")
    box.spoil = lambda answer: b""
    with pytest.raises(DriverError) as told:
        await driver.async_identify()
    assert told.value.key == "no_answer"


async def test_a_spoilt_answer_gives_no_reading_and_the_next_is_good(start, box):
    driver = await start("pty")
    await driver.async_identify()
    box.spoil = lambda answer: answer[:-1] + bytes((answer[-1] ^ 1,))
    with pytest.raises(DriverError) as told:
        await driver.async_read()
    assert told.value.key in ("nonsense", "no_answer")
    box.spoil = bytes
    assert (await driver.async_read()).cells == READING.cells


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (replace(INFO, serial_number=""), "no model and serial number"),
        (replace(INFO, model="\x07"), "no model and serial number"),
        (replace(INFO, cells=33), "1 to 32 cells"),
    ],
)
async def test_a_device_that_is_no_jk_is_not_identified(start, box, info, why):
    driver = await start()
    box.show(info)
    with pytest.raises(DriverError, match=why) as told:
        await driver.async_identify()
    assert told.value.key == "nonsense"
    with pytest.raises(DriverError):
        _ = driver.info


async def test_a_cell_or_sensor_that_was_there_and_is_gone_is_unknown_and_moves_no_other(start, box):
    driver = await start()
    await driver.async_identify()
    box.show(cells=(3.3, None, *READING.cells[2:]), temperatures=(20.0, None, 21.0, 22.0))
    reading = await driver.async_read()
    assert reading.cells == (3.3, None, *READING.cells[2:])
    assert reading.temperatures == (20.0, None, 21.0, 22.0)


async def test_identifying_again_forgets_no_sensor_of_the_same_pack(start, box):
    driver = await start()
    await driver.async_identify()
    box.show(temperatures=(20.0, None, 21.0, 22.0))
    await driver.async_identify()
    assert (await driver.async_read()).temperatures == (20.0, None, 21.0, 22.0)


async def test_what_one_pack_was_is_not_restored_in_another(start, box):
    driver = await start()
    await driver.async_apply(decide(balance=False))
    box.show(replace(INFO, serial_number="other"), commanded=Switches(charge=True, discharge=True, balance=False))
    await driver.async_identify()
    asked(box)
    await driver.async_release()
    assert asked(box) == []


def test_a_serial_bus_gets_its_silence_unless_told_otherwise():
    unit = Mock(spec=ModbusUnit)
    JK.driver(unit)
    unit.set_message_spacing.assert_called_once_with(0.075)
    unit.require_timeout.assert_called_once_with(1.0)


ADDRESSED = {
    "read_holding_registers": ((5, 1), (10, 1)),
    "read_input_registers": ((5, 1), (10, 1)),
    "write_register": ((5, 9), (10, 9)),
    "write_registers": ((5, [9]), (10, [9])),
    "mask_write_register": ((5, 1, 2), (10, 1, 2)),
    "read_write_registers": ((5, 1, 6, [9]), (10, 1, 12, [9])),
    "read_fifo_queue": ((5,), (10,)),
    "read_coils": ((5, 1), (5, 1)),
    "read_discrete_inputs": ((5, 1), (5, 1)),
    "write_coil": ((5, True), (5, True)),
    "write_coils": ((5, [True]), (5, [True])),
    "read_exception_status": ((), ()),
    "report_server_id": ((), ()),
    "read_device_identification": ((), ()),
    "read_file_record": ((1, 2, 3), (1, 2, 3)),
    "write_file_record": ((1, 2, [3]), (1, 2, [3])),
    "diagnostics": ((1, 2), (1, 2)),
    "get_comm_event_counter": ((), ()),
    "get_comm_event_log": ((), ()),
    "disconnect": ((), ()),
}


@pytest.mark.parametrize("method", ADDRESSED)
async def test_byte_addresses_are_the_only_thing_the_adapter_changes(method):
    unit = Mock(spec=ModbusUnit, **{method: AsyncMock(return_value=[7])})
    given, passed = ADDRESSED[method]
    answer = await getattr(ByteAddressedUnit(unit), method)(*given)
    getattr(unit, method).assert_awaited_once_with(*passed)
    assert answer == [7] or "write" in method or method == "disconnect"


def test_the_adapter_is_a_whole_unit():
    unit = Mock(spec=ModbusUnit, connected=True)
    adapter = ByteAddressedUnit(unit)
    assert adapter.connected
    for method, value in (
        ("set_message_spacing", 0.1),
        ("require_timeout", 2.0),
        ("require_connect_delay", None),
        ("on_connection_lost", print),
    ):
        getattr(adapter, method)(value)
        getattr(unit, method).assert_called_once_with(value)
    assert {name for name in vars(ModbusUnit) if not name.startswith("_")} <= set(dir(adapter))


@pytest.mark.parametrize("words", [[], [1], [1, 2, 3]])
async def test_an_answer_of_the_wrong_length_is_nonsense(words):
    unit = Mock(spec=ModbusUnit, read_holding_registers=AsyncMock(return_value=words))
    driver = JK.driver(unit)
    with pytest.raises(DriverError) as told:
        await driver.async_identify()
    assert told.value.key == "nonsense"


async def test_a_link_that_brings_nothing_sound_is_dropped_and_made_anew_ever_more_seldom(start, box, clock):
    """An answer cut short leaves a TCP link out of step for as long as it stays open."""
    driver = await start()
    await driver.async_identify()
    recycled = AsyncMock()
    driver._lane._unit.disconnect = recycled
    box.refuse = dict.fromkeys(range(0x1000, 0x1700), 4)
    counts = []
    for _ in range(40):
        clock.now += 1
        with pytest.raises(DriverError):
            await driver.async_read()
        counts.append(recycled.await_count)
    assert counts[0] == 0
    assert 2 <= counts[-1] <= 4
    box.refuse = {}
    await driver.async_read()
    assert driver._lane._line._deaf == 0
