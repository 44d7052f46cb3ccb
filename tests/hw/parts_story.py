"""A pack built from parts on real links, judged by core and switched by its driver, a poll at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from modbus_connection import ModbusSerialParams, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import ContactorState, Decision, PackReading, Snapshot
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.parts import PartsDriver
from custom_components.home_bms.hw.parts_config import Member, contactor_config, parts_from_data
from custom_components.home_bms.hw.raw_coil import able
from custom_components.home_bms.hw.roundabout import Roundabout
from custom_components.home_bms.hw.virtual.parts import MAIN, VirtualParts

PATIENCE = 0.15
"""s of real time that a silent board is waited for."""


class PartsStory:
    """Everything that plays in one story; its clock is turned by hand, its links are real."""

    def __init__(self, world: VirtualParts, driver: PartsDriver, turn: Callable[[float], float]) -> None:
        self.world = world
        self.driver = driver
        self._turn = turn
        config = configure(
            chemistry="lfp",
            cells=16,
            capacity=280.0,
            charge_current=100.0,
            discharge_current=150.0,
            temperature_sensors=4,
        )
        self.config = replace(config, contactors=contactor_config(driver.parts))
        self.state = bms.start(self.config)
        self.acting = True
        """Whether home_bms may control the pack."""
        self.snapshot: Snapshot | None = None
        self.last = PackReading(time=self.now)
        self.read_error: DriverError | None = None
        self.write_error: DriverError | None = None

    @property
    def now(self) -> float:
        return self._turn(0.0)

    @property
    def contactor(self) -> ContactorState:
        return self.state.contactors.charge.state

    @property
    def decision(self) -> Decision:
        assert self.snapshot is not None
        return self.snapshot.decision

    @property
    def alarms(self) -> set[str]:
        return {alarm.key for alarm in self.decision.alarms}

    @property
    def pack(self):
        return self.world.pack

    def wish(self, **changes: Any) -> None:
        self.state = bms.wish(self.config, self.state, replace(self.state.wishes, **changes))

    async def live(self, seconds: float = 1.0) -> ContactorState:
        """Poll once a second, as the supervisor does."""
        for _ in range(round(seconds)):
            self._turn(1.0)
            self.read_error = self.write_error = None
            try:
                self.last = await self.driver.async_read()
            except DriverError as err:
                self.read_error = err
            self.state, self.snapshot = bms.observe(self.config, self.state, replace(self.last, time=self.now))
            if self.acting:
                try:
                    await self.driver.async_apply(self.decision)
                except DriverError as err:
                    self.write_error = err
        return self.contactor

    async def until(self, holds: Callable[[], bool], within: float = 30) -> float:
        """Poll until something holds; return how long that took."""
        began = self.now
        while not holds():
            await self.live()
            assert self.now - began <= within, f"{self.contactor}, {self.read_error}, {self.write_error}"
        return self.now - began

    async def close(self) -> None:
        """Have a person close the contactor."""
        await self.live()
        self.wish(charge=True, discharge=True)
        await self.until(lambda: self.contactor is ContactorState.CLOSED)

    def die(self, seconds: float) -> None:
        """Let time pass in which nobody polls."""
        for _ in range(round(seconds * 10)):
            self._turn(0.1)
            self.world.world.catch_up()

    def commands(self, since: int = 0) -> list[str]:
        """What was written to the relay board, without unit id and checksum."""
        return [frame[1:-2].hex() for _, frame in list(self.world.lines["switch"].wire)[since:] if frame[1] > 4]


def _connection(link: Mapping[str, Any]) -> ModbusConnection:
    if link["type"] == "tcp":
        return ModbusConnection(ModbusTcpParams(host=link["host"], port=link["port"]))
    device = f"socket://{link['host']}:{link['port']}"
    return ModbusConnection(ModbusSerialParams(device=device, framer="rtu", baudrate=115200))


@asynccontextmanager
async def story(
    *, kind: str = "tcp", mains: tuple[int, ...] = (MAIN,), permit: Any = None, edit: Any = None, **changes: Any
) -> AsyncIterator[PartsStory]:
    """Serve the parts, connect to them, and end both; `changes` are fields of the relay board's row."""
    clock = [1000.0]

    def turn(seconds: float) -> float:
        clock[0] += seconds
        return clock[0]

    world = VirtualParts(house=False, clock=lambda: clock[0])
    await world.async_start(tcp=kind == "tcp")
    data = world.data(mains=mains, **changes)
    if edit is not None:
        edit(data)
    parts = parts_from_data(data)
    links = {name: _connection(link) for name, link in parts.links.items()}
    rounds = {name: Roundabout() for name in links}

    def connect(row: Member, unit: int) -> Lane:
        found = links[row.link].for_unit(unit)
        # Whoever is silent on loopback will not speak later.
        ask = found.require_timeout
        found.require_timeout = lambda _: ask(PATIENCE)
        return Lane(able(found), rounds[row.link], unit)

    how = {} if permit is None else {"permit": permit}
    try:
        driver = PartsDriver(parts, connect, clock=lambda: clock[0], spacing=0, **how)
        yield PartsStory(world, driver, turn)
    finally:
        for link in links.values():
            await link.close()
        await world.async_stop()
