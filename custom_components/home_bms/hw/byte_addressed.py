"""Lets a device whose register addresses count bytes look like an ordinary one."""

from __future__ import annotations

from collections.abc import Callable
from typing import override

from modbus_connection import ModbusProtocolError, ModbusUnit


class ByteAddressedUnit(ModbusUnit):
    """A Modbus unit whose ordinary register n stands at wire address `step` x n.

    The wire's answers stay dense, so blocks, maps and planners work as with any other device. An answer of the wrong
    length is nonsense here and does not reach a decoder.
    """

    def __init__(self, unit: ModbusUnit, step: int = 2) -> None:
        self._unit = unit
        self._step = step

    @property
    @override
    def connected(self) -> bool:
        return self._unit.connected

    @override
    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return whole(await self._unit.read_holding_registers(address * self._step, count), count)

    @override
    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return whole(await self._unit.read_input_registers(address * self._step, count), count)

    @override
    async def write_register(self, address: int, value: int) -> None:
        await self._unit.write_register(address * self._step, value)

    @override
    async def write_registers(self, address: int, values: list[int]) -> None:
        await self._unit.write_registers(address * self._step, values)

    @override
    async def mask_write_register(self, address: int, and_mask: int, or_mask: int) -> None:
        await self._unit.mask_write_register(address * self._step, and_mask, or_mask)

    @override
    async def read_write_registers(
        self, read_address: int, read_count: int, write_address: int, write_values: list[int]
    ) -> list[int]:
        answer = await self._unit.read_write_registers(
            read_address * self._step, read_count, write_address * self._step, write_values
        )
        return whole(answer, read_count)

    @override
    async def read_coils(self, address: int, count: int) -> list[bool]:
        return await self._unit.read_coils(address, count)

    @override
    async def read_discrete_inputs(self, address: int, count: int) -> list[bool]:
        return await self._unit.read_discrete_inputs(address, count)

    @override
    async def write_coil(self, address: int, value: bool) -> None:
        await self._unit.write_coil(address, value)

    @override
    async def write_coils(self, address: int, values: list[bool]) -> None:
        await self._unit.write_coils(address, values)

    @override
    async def read_exception_status(self) -> int:
        return await self._unit.read_exception_status()

    @override
    async def report_server_id(self) -> bytes:
        return await self._unit.report_server_id()

    @override
    async def read_fifo_queue(self, address: int) -> list[int]:
        return await self._unit.read_fifo_queue(address * self._step)

    @override
    async def read_device_identification(self) -> dict[int, bytes]:
        return await self._unit.read_device_identification()

    @override
    async def read_file_record(self, file: int, record: int, length: int) -> list[int]:
        return await self._unit.read_file_record(file, record, length)

    @override
    async def write_file_record(self, file: int, record: int, values: list[int]) -> None:
        await self._unit.write_file_record(file, record, values)

    @override
    async def diagnostics(self, sub_function: int, data: int = 0) -> int:
        return await self._unit.diagnostics(sub_function, data)

    @override
    async def get_comm_event_counter(self) -> tuple[bool, int]:
        return await self._unit.get_comm_event_counter()

    @override
    async def get_comm_event_log(self) -> bytes:
        return await self._unit.get_comm_event_log()

    @override
    def set_message_spacing(self, seconds: float) -> None:
        self._unit.set_message_spacing(seconds)

    @override
    def require_timeout(self, seconds: float | None) -> None:
        self._unit.require_timeout(seconds)

    @override
    def require_connect_delay(self, seconds: float | None) -> None:
        self._unit.require_connect_delay(seconds)

    @override
    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        return self._unit.on_connection_lost(callback)

    @override
    async def disconnect(self) -> None:
        await self._unit.disconnect()


def whole(words: list[int], count: int) -> list[int]:
    """Return the words of an answer. Raises ModbusProtocolError unless they are as many as were asked for."""
    if len(words) != count:
        raise ModbusProtocolError(f"asked for {count} registers, got {len(words)}")
    return words
