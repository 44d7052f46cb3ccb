"""What a Victron GX is told, byte by byte on a real link, and how it is handed back."""

from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.victron import HANDLES, RENEW_WITHIN, VictronControl

from .clock import Clock

GX = DEVICES["victron_gx"]
SYSTEM = 100
CURRENT, COARSE, VOLTAGE, STORED, VOLATILE, FINE, MODE = 2705, 2704, 2710, 2700, 2716, 2720, 2902


class Cerbo:
    """A GX made of registers, each 16 bits, and what was written to it as it came over the wire."""

    def __init__(self):
        self.registers = {
            CURRENT: 0xFFFF,
            COARSE: 0,
            VOLTAGE: 0,
            STORED: 50,
            MODE: 1,
            **dict.fromkeys((VOLATILE, VOLATILE + 1), 0),
            **dict.fromkeys((FINE, FINE + 1), 0xFFFF),
        }
        self.missing = set()
        self.deaf = set()
        """Registers that acknowledge a write and keep their value."""
        self.refuse = set()
        """Registers that refuse a write."""
        self.swallow = set()
        """Registers whose writes take effect and are acknowledged as failed."""
        self.ceiling = {}
        self.written = []
        """Every write: unit, function and what follows."""

    def heard(self, sending, data):
        # Behind the seven bytes of the header stands the function.
        if not sending and data[7] in (5, 6, 15, 16):
            self.written.append(data[6:].hex(" "))
        return data

    async def answer(self, function, start, address, count, registers, values):
        wanted = range(address, address + count)
        if any(at in self.missing or at not in self.registers for at in wanted):
            return ExcCodes.ILLEGAL_ADDRESS
        if values is None:
            for at in wanted:
                registers[at - start] = self.registers[at]
            return None
        if address in self.refuse:
            return ExcCodes.ILLEGAL_VALUE
        if address not in self.deaf:
            for at, word in zip(wanted, values, strict=True):
                self.registers[at] = min(word, self.ceiling.get(at, word))
        return ExcCodes.DEVICE_FAILURE if address in self.swallow else None


@asynccontextmanager
async def gx(cerbo, *, leases=None, clock=None):
    """Serve a GX and give the control of it."""
    registers = SimData(0, count=3000, values=0, datatype=DataType.REGISTERS)
    device = SimDevice(SYSTEM, [registers], action=cerbo.answer)
    server = ModbusTcpServer(device, address=("127.0.0.1", 0), trace_packet=cerbo.heard)
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        yield VictronControl(
            connection.for_unit(SYSTEM),
            clock=clock or Clock(),
            **({} if leases is None else {"leases": leases}),
        )
    finally:
        await connection.close()
        await server.shutdown()


@pytest.fixture
def cerbo(socket_enabled):
    return Cerbo()


# What is written


@pytest.mark.parametrize(
    ("order", "wire"),
    [
        # The sheet: 2705 A, 2710 in 0.1 V, 2720 and 2716 W as int32.
        (lambda control: control.async_limit_charge_current(80.9), "64 06 0a 91 00 50"),
        (lambda control: control.async_limit_charge_current(0), "64 06 0a 91 00 00"),
        (lambda control: control.async_limit_charge_voltage(56.8), "64 06 0a 96 02 38"),
        (lambda control: control.async_limit_charge_voltage(56.79), "64 06 0a 96 02 37"),
        (lambda control: control.async_limit_discharge_power(70000), "64 10 0a a0 00 02 04 00 01 11 70"),
        (lambda control: control.async_set_grid_power(-2500), "64 10 0a 9c 00 02 04 ff ff f6 3c"),
        (lambda control: control.async_set_grid_power(40000.4), "64 10 0a 9c 00 02 04 00 00 9c 40"),
    ],
)
async def test_each_order_is_written_with_the_very_bytes_of_the_sheet(cerbo, order, wire):
    async with gx(cerbo) as control:
        await order(control)
    assert cerbo.written == [wire]


async def test_what_stands_already_is_not_written_to_flash_again(cerbo):
    async with gx(cerbo) as control:
        for _ in range(3):
            await control.async_limit_charge_current(80)
    assert cerbo.written == ["64 06 0a 91 00 50"]


async def test_a_volatile_set_point_is_a_lease_and_written_each_time(cerbo):
    clock = Clock()
    async with gx(cerbo, clock=clock) as control:
        assert control.renew_at is None
        await control.async_set_grid_power(300)
        assert control.renew_at == clock.now + RENEW_WITHIN
        clock.now += 20
        await control.async_set_grid_power(300)
        assert control.renew_at == clock.now + RENEW_WITHIN
        assert not control.leases
    assert len(cerbo.written) == 2


async def test_an_older_gx_is_limited_in_steps_of_ten_watts(cerbo):
    cerbo.missing = {FINE, FINE + 1}
    cerbo.registers[COARSE] = 500
    async with gx(cerbo) as control:
        await control.async_limit_discharge_power(3509)
        await control.async_limit_discharge_power(3000)
        await control.async_release()
    assert cerbo.written == ["64 06 0a 90 01 5e", "64 06 0a 90 01 2c", "64 06 0a 90 01 f4"]


async def test_a_limit_that_could_not_be_put_back_is_not_taken_over(cerbo):
    cerbo.missing = {FINE, FINE + 1}
    async with gx(cerbo) as control:
        with pytest.raises(DriverError, match="finely") as told:
            await control.async_limit_discharge_power(3000)
    assert told.value.key == "refused"
    assert cerbo.written == []


@pytest.mark.parametrize("name", HANDLES)
def test_no_value_leaves_the_bounds_of_its_register(name):
    handle = HANDLES[name]
    for value in (handle.low - 1, handle.high + 1, float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match=f"register {handle.address} takes"):
            handle.words(value)
    for value in (handle.low, handle.high):
        assert len(handle.words(value)) == handle.count


@given(value=st.floats(0.1, 6553.4))
def test_a_limit_is_never_rounded_up(value):
    (word,) = HANDLES["charge_voltage_max"].words(value)
    assert value - 0.1 <= word / 10 <= value + 1e-6


def test_the_command_explains_what_is_written():
    values = GX.decode({CURRENT: 80, VOLTAGE: 568, VOLATILE: 0xFFFF, VOLATILE + 1: 0xF63C, 806: 1, 280: 1})
    shown = GX.shown(values)
    assert shown["settings"] == {
        "charge_current_max": 80,
        "charge_voltage_max": 56.8,
        "volatile_grid_setpoint": -2500,
    }
    assert (shown["system"], shown["battery"]) == ({"relay_1": 1}, {"battery_relay": 1})


# Whose limit counts


async def test_a_limit_never_widens_the_one_that_the_user_has_set(cerbo):
    cerbo.registers |= {CURRENT: 60, VOLTAGE: 560, FINE: 0, FINE + 1: 4000}
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(100)
        await control.async_limit_charge_voltage(57.6)
        await control.async_limit_discharge_power(9000)
        assert cerbo.written == []
        await control.async_limit_charge_current(40)
        assert cerbo.registers[CURRENT] == 40
        await control.async_limit_charge_current(100)
        assert cerbo.registers[CURRENT] == 60


async def test_a_user_who_changes_a_limit_meanwhile_is_heeded(cerbo):
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(100)
        cerbo.registers[CURRENT] = 30
        await control.async_limit_charge_current(90)
        assert cerbo.registers[CURRENT] == 30
        await control.async_limit_charge_current(20)
        await control.async_release()
    assert cerbo.registers[CURRENT] == 30


# How it is handed back


async def test_release_puts_back_what_was_found(cerbo):
    before = dict(cerbo.registers)
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(80)
        await control.async_limit_charge_voltage(56)
        await control.async_limit_discharge_power(3000)
        await control.async_set_grid_power(-2500)
        assert len(control.leases) == 3
        cerbo.written.clear()
        await control.async_release()
        assert not control.leases
        assert control.renew_at is None
        await control.async_release()
    # What the GX does without the volatile set-point is the lasting one.
    assert cerbo.registers == {**before, VOLATILE + 1: 50}
    assert len(cerbo.written) == 4


async def test_the_set_point_that_is_left_behind_keeps_its_sign(cerbo):
    cerbo.registers[STORED] = 0xFFFF & -30
    async with gx(cerbo) as control:
        await control.async_set_grid_power(900)
        await control.async_release()
    assert cerbo.written[-1] == "64 10 0a 9c 00 02 04 ff ff ff e2"


async def test_release_leaves_what_somebody_else_has_changed_since(cerbo):
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(80)
        cerbo.registers[CURRENT] = 25
        await control.async_release()
        assert not control.leases
    assert cerbo.registers[CURRENT] == 25


async def test_a_restart_puts_back_what_the_run_before_could_not(cerbo):
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(80)
        kept = dict(control.leases)
    async with gx(cerbo, leases=kept) as control:
        await control.async_limit_charge_current(90)
        assert cerbo.registers[CURRENT] == 90
        await control.async_release()
    assert cerbo.registers[CURRENT] == 0xFFFF


async def test_release_tries_everything_and_again_what_failed(cerbo):
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(80)
        await control.async_limit_charge_voltage(56)
        await control.async_set_grid_power(300)
        cerbo.refuse = {CURRENT, VOLATILE}
        with pytest.raises(DriverError) as told:
            await control.async_release()
        assert told.value.key == "refused"
        assert cerbo.registers[VOLTAGE] == 0
        assert set(control.leases) == {"charge_current_max"}
        assert control.renew_at is not None
        cerbo.refuse = set()
        await control.async_release()
    assert cerbo.registers[CURRENT] == 0xFFFF


# What does not take effect


async def test_a_write_that_changes_nothing_is_told(cerbo):
    cerbo.deaf = {FINE}
    async with gx(cerbo) as control:
        with pytest.raises(DriverError, match="register 2720") as told:
            await control.async_limit_discharge_power(3000)
        await control.async_release()
    assert told.value.key == "not_effective"
    assert len(cerbo.written) == 1


async def test_a_value_that_the_gx_corrects_is_told_and_still_put_back(cerbo):
    cerbo.registers |= {FINE: 0, FINE + 1: 9000}
    cerbo.ceiling = {FINE + 1: 1000}
    async with gx(cerbo) as control:
        with pytest.raises(DriverError, match="took no notice"):
            await control.async_limit_discharge_power(3000)
        cerbo.ceiling = {}
        await control.async_release()
    assert cerbo.registers[FINE + 1] == 9000


async def test_a_refused_write_is_told(cerbo):
    cerbo.refuse = {VOLTAGE}
    async with gx(cerbo) as control:
        with pytest.raises(DriverError) as told:
            await control.async_limit_charge_voltage(56)
    assert told.value.key == "refused"


async def test_a_write_whose_acknowledgement_went_wrong_counts_if_it_took_effect(cerbo):
    cerbo.swallow = {CURRENT}
    async with gx(cerbo) as control:
        await control.async_limit_charge_current(80)
    assert cerbo.registers[CURRENT] == 80


@pytest.mark.parametrize("mode", [0, 3])
async def test_a_set_point_that_nobody_heeds_is_not_written(cerbo, mode):
    cerbo.registers[MODE] = mode
    async with gx(cerbo) as control:
        with pytest.raises(DriverError, match=f"mode {mode}") as told:
            await control.async_set_grid_power(500)
        assert told.value.key == "not_effective"
    assert cerbo.written == []


async def test_a_discharge_limit_that_is_refused_is_not_tried_in_another_register(cerbo):
    cerbo.refuse = {FINE}
    async with gx(cerbo) as control:
        with pytest.raises(DriverError):
            await control.async_limit_discharge_power(3000)
    assert len(cerbo.written) == 1
