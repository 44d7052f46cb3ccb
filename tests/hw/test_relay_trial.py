"""A relay is tried for a second on a real link, and never left closed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from modbus_connection import ModbusSerialParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.raw_coil import able
from custom_components.home_bms.hw.relay_trial import PULSE, Trial, async_try
from custom_components.home_bms.hw.relays import RelayBoard, RelayDriver
from custom_components.home_bms.hw.virtual.line import Line
from custom_components.home_bms.hw.virtual.relays import VirtualRelays


class Bench(NamedTuple):
    board: VirtualRelays
    driver: RelayDriver
    waited: list[float]

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def try_out(self, relay: int) -> Trial:
        return await async_try(self.driver, relay, contacts=8, sleep=self.sleep)


@pytest.fixture(params=["waveshare_relay_io", "n4d_relay"])
async def bench(request: pytest.FixtureRequest, socket_enabled: None) -> AsyncIterator[Bench]:
    device = DEVICES[request.param]
    assert isinstance(device, RelayBoard)
    waited: list[float] = []
    board = VirtualRelays(device, clock=lambda: time.monotonic() + sum(waited))
    line = Line(board)
    port = await line.start_rtu_over_tcp()
    link = ModbusConnection(ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115200))
    yield Bench(board, device.driver(able(link.for_unit(1)), spacing=0.0), waited)
    await link.close()
    await line.stop()


async def test_a_relay_closes_opens_by_itself_and_shows_what_follows_it(bench: Bench) -> None:
    bench.board.contacts[5] = lambda: bench.board.relay(2)
    bench.board.contacts[6] = lambda: not bench.board.relay(2)
    assert await bench.try_out(2) == Trial(closed=True, opened=True, moved=(5, 6))
    assert sum(bench.waited) > PULSE


async def test_a_relay_that_is_closed_already_is_left_alone(bench: Bench) -> None:
    bench.board.hold(2, 100.0)
    with pytest.raises(DriverError, match="closed already") as refusal:
        await bench.try_out(2)
    assert refusal.value.key == "relay_in_use"
    assert bench.board.relay(2)


async def test_a_board_that_falls_silent_meanwhile_is_told_and_opens_by_itself(bench: Bench) -> None:
    async def sleep(seconds: float) -> None:
        bench.waited.append(seconds)
        bench.board.silent = True

    with pytest.raises(DriverError) as silence:
        await async_try(bench.driver, 2, contacts=8, sleep=sleep)
    assert silence.value.key == "no_answer"
    bench.waited.append(PULSE)
    assert not bench.board.relay(2)


async def test_a_relay_that_stays_closed_is_opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.board, "hold", lambda channel, _: bench.board.set(channel, True))
    assert await bench.try_out(2) == Trial(closed=True, opened=False, moved=())
    assert not bench.board.relay(2)
