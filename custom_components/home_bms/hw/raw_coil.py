"""Writes a coil with any word, which boards with timed relays need and stock Modbus clients do not offer."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast, override

from modbus_connection import ModbusUnit
from modbus_connection import tmodbus as backend
from tmodbus.pdu import WriteSingleCoilPDU

from .driver import DriverError

WRITE: Final = "write_coil_word"
"""What the request is called: wrappers count it, and give it its turn on a shared link, by how the name begins."""


class _CoilWord(WriteSingleCoilPDU):
    """Function 5 with a word of its own in place of FF00 or 0000."""

    def __init__(self, address: int, word: int) -> None:
        super().__init__(address, bool(word))
        self.word = word

    @override
    def encode_request(self) -> bytes:
        return struct.pack(">BHH", self.function_code, self.address, self.word)


class CoilUnit:
    """A Modbus unit that can write a coil with any word, if the library below it can execute a request of ours."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """Pass everything else on."""
        return getattr(self._unit, name)

    async def write_coil_word(self, address: int, word: int) -> None:
        """Write a coil. Raises ModbusError, and DriverError where the library offers no way."""
        # Private to the library, so its absence is told instead of breaking everything that imports this.
        mapped: Callable[[Any], Callable[[Any, int, int], Awaitable[bool]]] | None
        mapped = getattr(backend, "_map_errors", None)
        if mapped is None or not isinstance(self._unit, backend.TmodbusUnit):
            raise _unsupported()

        async def write_coil_word(unit: Any, address: int, word: int) -> bool:  # noqa: ANN401 - private as above
            return bool(await unit._client.execute(_CoilWord(address, word)))  # noqa: SLF001

        await mapped(write_coil_word)(self._unit, address, word)


def able(unit: ModbusUnit) -> ModbusUnit:
    """Return the unit that a link hands out as one that can write a coil with any word; before any other wrapper."""
    return cast("ModbusUnit", CoilUnit(unit))


async def async_write(unit: ModbusUnit, address: int, word: int) -> None:
    """Write a coil through whatever wraps an able unit. Raises ModbusError, and DriverError if none does."""
    write = getattr(unit, WRITE, None)
    if write is None:
        raise _unsupported()
    await write(address, word)


def _unsupported() -> DriverError:
    return DriverError("raw_coil_unsupported", "the Modbus library cannot write a coil with a time, so nothing is held")
