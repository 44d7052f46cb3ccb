"""A device with a SunSpec battery that is nothing but register memory."""

from dataclasses import replace

from custom_components.home_bms.core.model import PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.sunspec_shown import CHAIN
from custom_components.home_bms.hw.driver import DeviceInfo
from custom_components.home_bms.hw.sunspec.memory import BASES, MARKER, memory_with

from .recorded import MemoryUnit

SUNSPEC, POSITIVE = DEVICES["sunspec"], DEVICES["sunspec_charging_positive"]
INFO = DeviceInfo(
    manufacturer="Voltline",
    model="Bank 10",
    serial_number="VL-77",
    firmware="1.2",
    cells=16,
    capacity=280.0,
    temperature_sensors=2,
)
READING = PackReading(
    time=5.0,
    cells=tuple((3300 + index) / 1000 for index in range(16)),
    temperatures=(21.5, -4.2),
    current=-12.3,
    voltage=52.92,
    soc=63.21,
    soh=98.4,
    capacity=280.0,
    cycles=41,
    switches=Switches(charge=True, discharge=True),
    balancing=False,
    alarms=frozenset(),
)


class Inverter(MemoryUnit):
    """A device with a SunSpec battery; what it shows changes at the teller's will."""

    def __init__(self, device=POSITIVE):
        super().__init__(device, {})
        self.device = device
        self.base = BASES[0]
        self.reading, self.info = READING, INFO
        self.between = ()
        """Models between the common one and the battery."""
        self.behind = ()
        self.trouble = {}
        """The error that answers a read at an address, or at any (None)."""
        self.show()

    def show(self, **changes):
        self.reading = replace(self.reading, **changes)
        self.show_chain(self.chain())

    def show_chain(self, chain):
        self.memory = memory_with(chain, self.base)

    def chain(self):
        """Return the models that it has."""
        values = self.device.values(self.reading, self.info)
        common, *rest = [(kind, points) for kind in CHAIN for points in values[kind.title]]
        return [common, *self.between, *rest, *self.behind]

    async def read_holding_registers(self, address, count):
        if error := self.trouble.get(address) or self.trouble.get(None):
            raise error
        return await super().read_holding_registers(address, count)


def places(chain, base=BASES[0]):
    """Return where each model of a chain begins, by its class."""
    found, at = {}, base + len(MARKER)
    for kind, points in chain:
        found.setdefault(kind, at)
        at += kind.size + kind.stride * len(points.get(kind.part, ()))
    return found


def asked(unit):
    """Return where was read since the last look, and how much."""
    found = [(address, count) for function, address, count in unit.wire if function == 3]
    assert len(found) == len(unit.wire)
    unit.wire.clear()
    return found


async def poll(driver, clock, seconds=1.0):
    """Return the reading of some seconds later."""
    clock.now += seconds
    return await driver.async_read()
