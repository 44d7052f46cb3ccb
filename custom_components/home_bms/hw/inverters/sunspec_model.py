"""A SunSpec model whose registers are written as leases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from modbus_connection import ModbusError, ModbusUnit
from modbus_connection.model import RegisterField
from modbus_connection.model.sunspec import SunSpecModel

from ..driver import DriverError
from ..leases import Lease
from ..modbus import driver_error
from ..sunspec.block import Block
from ..sunspec.memory import Points, points_at

LONGEST_READ: Final = 125
"""Registers of one request."""


class LeasedModel:
    """One model of a chain: read as a whole, written point by point, put back as it was found."""

    def __init__(
        self,
        unit: ModbusUnit,
        kind: type[Block],
        model: SunSpecModel,
        leases: dict[str, Lease],
        remember: Callable[[], Awaitable[None]],
        *,
        group: tuple[str, int] | None = None,
    ) -> None:
        """Read and write `model` behind `unit`; `remember` is awaited before each write that changes `leases`.

        `group` is the first point and the number of registers of what is to be written as one.
        """
        self.words: dict[int, int] = {}
        """What was last read, by address."""
        self._unit = unit
        self._kind = kind
        self._model = model
        self._leases = leases
        self._remember = remember
        self._group = group

    async def look(self) -> Points:
        """Read the model. Raises DriverError, also where another model has come to its place."""
        start, end = self._model.address, self._model.address + self._model.span
        words: list[int] = []
        try:
            for at in range(start, end, LONGEST_READ):
                words += await self._unit.read_holding_registers(at, min(LONGEST_READ, end - at))
        except ModbusError as err:
            raise driver_error(err) from err
        if words[:2] != [self._model.model_id, self._model.length]:
            raise DriverError("nonsense", f"model {self._model.model_id} no longer is at {start}")
        self.words = dict(zip(range(start, end), words, strict=True))
        return points_at(self.words, self._kind, self._model)

    def stands(self, point: str, count: int = 1) -> list[int]:
        """Return the words of a point, and of those behind it, as last read."""
        at = self._address(point)
        return [self.words[at + index] for index in range(count)]

    def found(self, point: str, count: int = 1) -> list[int]:
        """Return what a point held before home_bms wrote to it.

        Whatever home_bms did not write is somebody's wish, also while home_bms is at it.
        """
        lease, stands = self._leases.get(self._key(point)), self.stands(point, count)
        if lease is None or stands not in lease.ours:
            lease = self._leases[self._key(point)] = Lease(found=stands, ours=[stands])
        return lease.found

    async def put(self, wanted: Mapping[str, list[int]], *, anew: bool = False) -> None:
        """Bring points to words, in their order, and read them back; `anew` writes what stands already too.

        The read-back alone judges: a write whose acknowledgement was lost has still taken effect. Raises DriverError.
        """
        changes = {point: words for point, words in wanted.items() if anew or self.stands(point, len(words)) != words}
        if not changes:
            return
        new = False
        for point, words in changes.items():
            lease = self._leases[self._key(point)]
            if words not in lease.ours:
                self._leases[self._key(point)] = replace(lease, ours=[*lease.ours, words])
                new = True
        if new:
            await self._remember()
        trouble = await self._write(changes)
        await self.look()
        missed = []
        for point, words in wanted.items():
            stands = self.stands(point, len(words))
            self._leases[self._key(point)] = replace(self._leases[self._key(point)], ours=[stands])
            if stands != words:
                missed.append(point)
        if missed and trouble:
            raise driver_error(trouble) from trouble
        if missed:
            raise DriverError("not_effective", f"the inverter took no notice of {' and '.join(missed)}")

    async def put_back(self, *points: str) -> None:
        """Bring points back to what was found, in this order, unless somebody else has changed them since.

        Raises DriverError; then it remains to be done.
        """
        held = {point: self._leases[self._key(point)] for point in points if self._key(point) in self._leases}
        if not held:
            return
        await self.look()
        await self.put(
            {point: each.found for point, each in held.items() if self.stands(point, len(each.found)) in each.ours}
        )
        for point in held:
            del self._leases[self._key(point)]
        await self._remember()

    async def _write(self, changes: Mapping[str, list[int]]) -> ModbusError | None:
        """Write, and return what went wrong; points of a group go in one request with what stands between them."""
        if self._group is not None:
            first, count = self._group
            words = {self._address(first) + index: word for index, word in enumerate(self.stands(first, count))}
            for point, own in changes.items():
                words |= {self._address(point) + index: word for index, word in enumerate(own)}
            requests = [(self._address(first), list(words.values()))]
        else:
            requests = [(self._address(point), words) for point, words in changes.items()]
        trouble: ModbusError | None = None
        for at, words_at in requests:
            try:
                if len(words_at) == 1:
                    await self._unit.write_register(at, words_at[0])
                else:
                    await self._unit.write_registers(at, words_at)
            except ModbusError as err:
                trouble = trouble or err
        return trouble

    def _key(self, point: str) -> str:
        return f"{self._kind.number}.{point}"

    def _address(self, point: str) -> int:
        return self._model.address + cast("RegisterField[Any]", self._kind.declared_fields[point]).address
