"""Serves the whole battery over SunSpec Modbus TCP, so that others can read it down to the cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ..core.bank import Bank
from .read_server import Network, ReadServer, Refusal
from .shown_pack import ShownPack
from .sunspec.block import Block
from .sunspec.memory import BASES, Points, memory_with
from .sunspec_bank import chain

STALE_AFTER: Final = 10.0
"""s after which what was last told is no longer told as now (`thresholds.md` 2.12: 10 s, and nothing may flow)."""
_UNIT_IDS: Final = range(1, 248)
_REGISTERS: Final = 0x10000
# The marker in front of a chain, and the end behind it.
_AROUND: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the battery is served, and to whom; by default to this machine only."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes one that is free; 502 is Modbus TCP's own, which few systems let a program have."""
    unit_id: int = 1
    base: int = BASES[0]
    """Where the chain of models begins; clients look at 40000, 0 and 50000."""
    clients: int = 4
    """That may be connected at the same time."""
    permitted: tuple[Network, ...] = ()
    """Who may read; where nobody is named, private addresses may."""
    sign: Literal[1, -1] = 1
    """Whether a charging current is told as positive (1) or negative; SunSpec leaves it open."""

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be."""
        if not self.host.strip():
            # It would be listened on everywhere.
            raise ValueError("there is no address to listen on")
        if self.unit_id not in _UNIT_IDS:
            raise ValueError(f"a unit id is 1 to 247, not {self.unit_id}")
        if self.base not in BASES:
            raise ValueError(f"a chain begins at one of {BASES}, not {self.base}")
        if self.clients < 1:
            raise ValueError("at least one client must be let in")


class SunSpecServer:
    """A SunSpec Modbus TCP server of the battery, for reading only.

    Any request to write is refused with a Modbus exception. What was not told anew for `STALE_AFTER` is not shown any
    longer: the heartbeat stands, the limits are zero, and a communication error is told.
    """

    def __init__(self, config: ServerConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self._clock = clock
        self._bank: Bank | None = None
        self._packs: tuple[ShownPack, ...] = ()
        self._told_at = 0.0
        self._heartbeat = 0
        self._memory: dict[int, int] = {}
        self._shown: tuple[float, bool] | None = None
        """Of when the memory is, and whether that was fresh."""
        self._server = ReadServer(self._read_of, permitted=config.permitted, clients=config.clients)

    @property
    def port(self) -> int:
        """The TCP port that it listens on, 0 while it does not."""
        return self._server.port

    @property
    def clients(self) -> int:
        """How many are connected."""
        return self._server.clients

    @property
    def refused(self) -> int:
        """Requests to write, or for anything else than to read, so far."""
        return self._server.refused

    @property
    def turned_away(self) -> int:
        """Connections of who may not read, or for whom there was no place, so far."""
        return self._server.turned_away

    def tell(self, bank: Bank, packs: Sequence[ShownPack]) -> None:
        """Show this from now on; called each cycle. The packs are in the bank's order. Raises ValueError."""
        now = self._clock()
        heartbeat = self._heartbeat + (max(1, round(now - self._told_at)) if self._bank else 0)
        size = sum(
            kind.size + kind.stride * len(points.get(kind.part, ())) for kind, points in self._chain(bank, packs)
        )
        if self.config.base + size + _AROUND > _REGISTERS:
            raise ValueError(f"{len(packs)} packs do not fit behind register {self.config.base}")
        self._bank, self._packs, self._told_at, self._heartbeat = bank, tuple(packs), now, heartbeat
        self._shown = None

    async def async_start(self) -> int:
        """Listen, and return the port. Raises OSError."""
        await self._server.async_start(self.config.host, self.config.port)
        return self.port

    async def async_stop(self) -> None:
        """Close the server and whoever is connected; leaves no task and no socket behind."""
        await self._server.async_stop()

    def read(self, address: int, count: int) -> list[int] | Refusal:
        """Return the words of registers, or why there are none."""
        memory = self._look()
        wanted = range(address, address + count)
        return [memory[at] for at in wanted] if all(at in memory for at in wanted) else Refusal.ADDRESS

    def _read_of(self, unit_id: int, address: int, count: int) -> list[int] | Refusal:
        return self.read(address, count) if unit_id == self.config.unit_id else Refusal.NO_UNIT

    def _look(self) -> dict[int, int]:
        """Return the registers of now, made when they are first asked for; empty until anything was told."""
        if self._bank is None:
            return {}
        fresh = self._clock() - self._told_at <= STALE_AFTER
        if self._shown != (self._told_at, fresh):
            self._shown = (self._told_at, fresh)
            self._memory = memory_with(self._chain(self._bank, self._packs, fresh=fresh), self.config.base)
        return self._memory

    def _chain(self, bank: Bank, packs: Sequence[ShownPack], *, fresh: bool = True) -> list[tuple[type[Block], Points]]:
        return chain(
            bank,
            packs,
            unit_id=self.config.unit_id,
            sign=self.config.sign,
            heartbeat=self._heartbeat,
            fresh=fresh,
        )
