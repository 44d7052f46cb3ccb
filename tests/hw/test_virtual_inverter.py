"""The virtual inverter does what its manner says, whatever it is shown as."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from modbus_connection import ModbusError, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw.can_frame import frame_of
from custom_components.home_bms.hw.virtual.can_inverter import VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualGx, VirtualSunSpec
from custom_components.home_bms.hw.virtual.register_server import RegisterServer

from .inverter_story import inverter


@pytest.mark.parametrize(
    ("manner", "limit", "follows"),
    [
        (Manner.OBEYS, {"ccl": 5.0}, True),
        (Manner.OBEYS, {"charge_power": 250.0}, True),
        (Manner.OBEYS, {"cvl": 50.0}, True),
        (Manner.OBEYS, {"setpoint": 100.0}, True),
        (Manner.IGNORES_CURRENT_LIMITS, {"ccl": 5.0}, False),
        (Manner.IGNORES_CURRENT_LIMITS, {"charge_power": 250.0}, False),
        (Manner.IGNORES_CURRENT_LIMITS, {"cvl": 50.0}, True),
        (Manner.IGNORES_CURRENT_LIMITS, {"setpoint": 100.0}, True),
        (Manner.IGNORES_ALL, {"ccl": 5.0, "cvl": 50.0, "setpoint": 100.0}, False),
        (Manner.SILENT, {"ccl": 5.0}, True),
    ],
)
def test_each_manner_follows_what_it_follows(manner, limit, follows):
    one = inverter(4500.0, manner=manner)
    one.advance(2)
    assert one.pack.current > 80
    one.tell(**limit)
    one.advance(2)
    assert (one.pack.current < 6) is follows
    assert one.answers is (manner is not Manner.SILENT)


def test_it_discharges_within_its_limits_and_its_own_power():
    one = inverter(-9000.0, power_max=4000.0)
    one.advance(2)
    assert one.power == pytest.approx(-4000, abs=30)
    one.tell(dcl=10.0, discharge_power=300.0)
    one.advance(2)
    assert one.power == pytest.approx(-300, abs=5)


def test_what_it_is_told_acts_after_its_dead_time():
    one = inverter(4500.0, dead_time=5.0)
    one.advance(2)
    one.tell(ccl=0.0)
    one.advance(4)
    assert one.pack.current > 80
    one.tell(ccl=10.0)
    one.advance(2)
    assert one.pack.current == 0
    one.advance(5)
    assert one.pack.current == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize(("wants", "state"), [(3000.0, 1), (-3000.0, 2), (0.0, 0)])
def test_a_gx_tells_which_way_it_flows(wants, state):
    front = VirtualGx(inverter(wants), rest=-200.0)
    front.inverter.advance(1)
    memory = front.memory()
    assert memory[844] == state
    assert memory[820] == (round(wants) - 200 + round(front.inverter.power) - round(wants)) % 65536


@pytest.mark.parametrize("front", [VirtualGx, VirtualSunSpec])
async def test_what_a_device_does_not_have_is_refused(socket_enabled, front):
    server = RegisterServer({100: front(inverter())})
    port = await server.async_start()
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        unit = connection.for_unit(100)
        unit.require_timeout(0.3)
        for ask in (
            unit.write_register(9, 1),
            unit.read_holding_registers(9, 1),
            unit.read_coils(0, 1),
            unit.write_coil(0, True),
        ):
            with pytest.raises(ModbusError):
                await ask
        assert server.writes == [(100, 9, (1,))]
    finally:
        await connection.close()
        await server.async_stop()
        await server.async_stop()


def test_limits_on_can_that_are_cut_short_say_nothing() -> None:
    heard: list[Any] = []
    link: Any = SimpleNamespace(subscribe=heard.append, claim=AsyncMock(return_value=Mock()))
    shown = VirtualCanInverter(inverter(4500.0), link, "victron_can")
    asyncio.run(_joined(shown))
    (hear,) = heard
    hear(frame_of(0x351, bytes.fromhex("3002F401F401A401")))
    assert shown.limits == (56.0, 50.0, 50.0)
    hear(frame_of(0x351, bytes.fromhex("3002D0")))
    assert shown.limits == (56.0, 50.0, 50.0)


async def _joined(shown: VirtualCanInverter) -> None:
    await shown.start()
    await shown.stop()
