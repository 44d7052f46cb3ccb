"""The entrances by which other things than a pack's wire tell something: Bluetooth, entities, inverters, people."""

from __future__ import annotations

from math import isfinite
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from homeassistant.core import State
from hypothesis import strategies as st
from modbus_connection import IllegalDataAddressError
from modbus_connection.mock import MockModbusConnection

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.bluetooth_sample import one_pack, reading
from custom_components.home_bms.hw.detect import unit_ids
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import InverterReading
from custom_components.home_bms.hw.inverters.modbus import MODBUS_INVERTERS
from custom_components.home_bms.hw.registers import Memory
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualGx, VirtualSunSpec
from custom_components.home_bms.packs.roles import SLOTS, measured, series
from tests.hw.inverter_story import BANK, inverter

from .entrance import Entrance
from .judged import numbers_in, sound
from .loops import run
from .material import json_values, numbers, spoilt_json, spoilt_memory, spoilt_text, texts

SAMPLE: Final = {
    "cell_voltages": [3.3] * 16,
    "cell_count": 16,
    "temp_values": [21.5, 22.0],
    "current": -12.3,
    "voltage": 52.8,
    "battery_level": 63,
    "battery_health": 98,
    "design_capacity": 280,
    "cycles": 41,
    "balance_current": 0.1,
    "problem_code": 5,
}
CELLS: Final = 16
SENSORS: Final = 2


class Front(NamedTuple):
    """An inverter's registers: when it is found, and later."""

    found: Memory
    later: Memory


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    """Return a sample of which each part has the kind that aiobmsble says, and any value."""
    sample = dict(SAMPLE)
    for name in draw(st.lists(st.sampled_from(sorted(SAMPLE)), max_size=4)):
        match sample[name]:
            case list():
                sample[name] = draw(st.lists(st.just(SAMPLE[name][0]) | numbers, max_size=CELLS + 2))
            case int():
                sample[name] = draw(st.integers(0, 2**64))
            case _:
                sample[name] = draw(numbers)
    for name in draw(st.lists(st.sampled_from(sorted(SAMPLE)), max_size=3)):
        sample.pop(name, None)
    return sample


def sampled(sample: dict[str, Any]) -> PackReading:
    """Take a sample of a pack that was seen with all its cells and sensors."""
    kind = SimpleNamespace(name="CELL")
    sensors = [SimpleNamespace(value=value, type=kind) for value in sample.get("temp_values", [])]
    return reading(
        one_pack({**sample, "temp_values": sensors}),  # type: ignore[arg-type]
        cells=CELLS,
        sensors=SENSORS,
        measured=1000.0,
    )


def told(pair: tuple[str, Any]) -> list[float | None]:
    """Take an entity for everything that it can be to a pack."""
    text, attribute = pair
    found: list[float | None] = []
    for slot in SLOTS.values():
        unit = None if slot.quantity is None else slot.quantity.unit
        state = State("sensor.fuzz", text, {"unit_of_measurement": unit, "cells": attribute})
        found += [measured(slot, state), *(series(state, "cells") or ())]
    return found


def numbers_or_none(_: Any, found: list[float | None]) -> None:
    assert all(value is None or isfinite(value) for value in found)


class Registers:
    """A unit made of an inverter's memory."""

    def __init__(self, memory: Memory) -> None:
        self.memory = dict(memory)
        self._mock = MockModbusConnection().for_unit(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mock, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        if not all(at in self.memory for at in range(address, address + count)):
            raise IllegalDataAddressError
        return [self.memory[at] for at in range(address, address + count)]

    async def write_registers(self, address: int, values: list[int]) -> None:
        self.memory.update(enumerate(values, address))

    async def write_register(self, address: int, value: int) -> None:
        self.memory[address] = value


def read(key: str, front: Front) -> list[InverterReading]:
    """Find an inverter, tell it the battery, and read it. Raises DriverError."""

    async def work() -> list[InverterReading]:
        unit, now = Registers(front.found), [1000.0]
        how = {"setpoint_sign": 1} if key == "sunspec" else {}
        link = MODBUS_INVERTERS[key].create(unit, clock=lambda: now[0], **how)
        await link.async_identify()
        found = [await link.async_read()]
        unit.memory = dict(front.later)
        for _ in range(2):
            now[0] += 20.0
            try:
                await link.async_tell(BANK, 500.0)
                found.append(await link.async_read())
            except DriverError:
                continue
        return found

    return run(work())


def readings_finite(_: Any, found: list[InverterReading]) -> None:
    for each in found:
        assert all(map(isfinite, numbers_in(each))), each


def _fronts(memory: Memory) -> st.SearchStrategy[Front]:
    good = st.just(dict(memory))
    return st.builds(Front, st.one_of(good, good, spoilt_memory(memory)), spoilt_memory(memory))


ENTRANCES: Final = (
    Entrance(
        name="Bluetooth samples",
        made=samples(),
        take=sampled,
        allowed=(DriverError,),
        holds=lambda _, told_: sound(told_, CELLS, SENSORS),
        # It filled the memory with cells that are missing.
        found=({**SAMPLE, "cell_count": 2**62},),
    ),
    Entrance(
        name="entities of a pack",
        made=st.tuples(
            texts | spoilt_text(("3.301", "52.8", "unknown", "-1e3")), spoilt_json([3.3, 3.301, None]) | json_values
        ),
        take=told,
        holds=numbers_or_none,
    ),
    *(
        Entrance(
            name=f"{key} inverter",
            made=_fronts(front.memory()),
            take=lambda front, key=key: read(key, front),
            allowed=(DriverError,),
            holds=readings_finite,
            share=0.5,
        )
        for key, front in (("victron_gx", VirtualGx(inverter())), ("sunspec", VirtualSunSpec(inverter())))
    ),
    Entrance(name="unit ids", made=spoilt_text(("1-4, 210", "1", "")) | texts, take=unit_ids, allowed=(ValueError,)),
)
