"""An inverter of physics on a real link, home_bms's link to it, and time that passes when told to."""

from contextlib import asynccontextmanager
from dataclasses import replace

from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.core.obedience import Obedience, Seen, narrowed, observe, setpoint
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.hw.virtual.register_server import RegisterServer

BANK = Bank(
    time=0.0,
    cvl=57.6,
    dvl=46.4,
    ccl=90.0,
    dcl=90.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=53.0,
    packs=1,
)


def inverter(wants=4000.0, soc=60.0, **how):
    """Return an inverter at a pack of 280 Ah that wants to charge it with so many W."""
    return VirtualInverter(VirtualPack(soc=soc), wants=lambda time: wants, **how)


class Kept:
    """What outlives a restart."""

    def __init__(self):
        self.memory = {}
        self.times = 0

    async def __call__(self, memory):
        self.memory = memory
        self.times += 1


class Story:
    """One inverter, what home_bms tells it, and what it makes of that."""

    def __init__(self, link, front, server):
        self.link = link
        self.front = front
        self.server = server
        self.inverter = front.inverter
        self.pack = front.inverter.pack
        self.obedience = Obedience()
        self.levers = frozenset(Step)
        """What may be used beside the current limits."""

    @property
    def bank(self):
        return replace(BANK, voltage=self.pack.voltage)

    async def cycle(self, seconds=1, wanted=None, escalate=False, **limits):
        """Tell the limits once a second and let time pass; without `escalate` only see what comes of it."""
        for _ in range(seconds):
            bank = replace(self.bank, **limits)
            told = (narrowed(bank, self.obedience), setpoint(self.obedience, wanted)) if escalate else (bank, wanted)
            await self.link.async_tell(*told)
            seen = Seen(
                time=self.pack.time,
                ccl=bank.ccl,
                dcl=bank.dcl,
                current=self.pack.current,
                voltage=self.pack.voltage,
                levers=self.levers,
            )
            self.obedience = observe(self.obedience, seen)
            self.inverter.advance(1.0)


@asynccontextmanager
async def story(make, front, unit_id=1, **how):
    """Serve `front` and give the story with a link that `make` made."""
    server = RegisterServer({unit_id: front})
    port = await server.async_start()
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        unit = connection.for_unit(unit_id)
        link = make(unit, clock=lambda: front.inverter.pack.time, **how)
        unit.require_timeout(0.5)
        yield Story(link, front, server)
    finally:
        await connection.close()
        await server.async_stop()
