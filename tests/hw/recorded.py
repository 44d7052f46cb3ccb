"""Recorded frames, and a Modbus unit made of memory, for the tests of every device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modbus_connection import IllegalDataAddressError, IllegalDataValueError
from modbus_connection.mock import MockModbusConnection

from custom_components.home_bms.hw.registers import READS, SPACES, WRITES, RegisterMap

FRAMES = Path(__file__).parent / "frames"


def vectors(name: str) -> list[dict[str, Any]]:
    """Return the vectors of a file of recorded frames."""
    return json.loads((FRAMES / f"{name}.json").read_text())["vectors"]


def same[ValueT](value: ValueT) -> ValueT:
    """Return a value that a recording has in our unit."""
    return value


def milli(value: float) -> float:
    """Return what a recording has in thousandths."""
    return value / 1000


class MemoryUnit:
    """A unit that serves a device's memory and takes the writes that the device would take.

    `wire` holds every request as (function, address, count or words).
    """

    def __init__(self, device: RegisterMap, memory: dict[int, int]) -> None:
        self._device = device
        self._mock = MockModbusConnection().for_unit(1)
        self.memory = memory
        self.wire: list[tuple[int, int, int | tuple[int, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mock, name)

    def _read(self, function: int, address: int, count: int) -> list[int]:
        self.wire.append((function, address, count))
        space = READS[function]
        step = self._device.address_step if space in ("holding", "input") else 1
        start = SPACES[space] + address
        wanted = range(start, start + step * count, step)
        if not all(at in self.memory for at in wanted):
            raise IllegalDataAddressError
        return [self.memory[at] for at in wanted]

    def _write(self, function: int, address: int, words: tuple[int, ...]) -> None:
        self.wire.append((function, address, words))
        try:
            self._device.written(address, words, function)
        except ValueError as err:
            raise IllegalDataValueError from err
        space = WRITES[function]
        step = self._device.address_step if space == "holding" else 1
        start = SPACES[space] + address
        self.memory.update({start + step * index: word for index, word in enumerate(words)})

    async def read_coils(self, address: int, count: int) -> list[bool]:
        return [bool(bit) for bit in self._read(1, address, count)]

    async def read_discrete_inputs(self, address: int, count: int) -> list[bool]:
        return [bool(bit) for bit in self._read(2, address, count)]

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._read(3, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._read(4, address, count)

    async def write_coil(self, address: int, value: bool) -> None:
        self._write(5, address, (int(value),))

    async def write_register(self, address: int, value: int) -> None:
        self._write(6, address, (value,))

    async def write_registers(self, address: int, values: list[int]) -> None:
        self._write(16, address, tuple(values))
