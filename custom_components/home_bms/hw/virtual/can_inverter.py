"""Shows a virtual inverter on a CAN bus, as inverters that read a battery there.

It reads the frames by tables of its own, so that what home_bms sends is not judged by what sends it.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..can import CanLink
from ..can_claim import CanClaim
from ..can_frame import EXTENDED, CanFrame, frame_of
from .inverter import VirtualInverter

type Limits = tuple[float, float, float]
"""Charge voltage in V, charge and discharge current in A."""
type Switches = tuple[bool, bool]
"""Whether it may charge, and discharge."""
type Says = Callable[[VirtualInverter, int], Iterator[tuple[int, bytes]]]
"""What the inverter says in its nth second, as keys and data."""

BOTH: Final[Switches] = (True, True)
COMMAND: Final = 0xAA


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one kind of inverter reads a battery."""

    limits_key: int
    limits: Callable[[bytes], Limits]
    says: Says
    sends: frozenset[int]
    """Keys of all that it says."""
    switches_key: int | None = None
    switches: Callable[[bytes], Switches] = lambda _: BOTH
    patience: float | None = None
    """s without limits after which it stops; `None`: it goes on with the last ones."""


def _family(data: bytes) -> Limits:
    cvl, ccl, dcl = struct.unpack_from("<Hhh", data)
    return cvl / 10, ccl / 10, abs(dcl) / 10


def _big_family(data: bytes) -> Limits:
    cvl, ccl, dcl, _ = struct.unpack(">4H", data)
    return cvl / 10, ccl / 10, dcl / 10


def _byd(data: bytes) -> Limits:
    cvl, _, dcl, ccl = struct.unpack(">4H", data)
    return cvl / 10, ccl / 10, dcl / 10


def _solax(data: bytes) -> Limits:
    cvl, _, ccl, dcl = struct.unpack("<4H", data)
    return cvl / 10, ccl / 10, dcl / 10


def _pylontech_stack(data: bytes) -> Limits:
    cvl, _, ccl, dcl = struct.unpack("<4H", data)
    return cvl / 10, abs(ccl - 30000) / 10, abs(dcl - 30000) / 10


def _keepalive(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del inverter, second
    yield 0x305, bytes(8)


def _gx(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    yield from _keepalive(inverter, second)
    yield 0x307, b"\x12\x34\x56\x78VIC\0"


def _sunny_island(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del second
    pack = inverter.pack
    # Its current is negative while it charges.
    values = round(10 * pack.voltage), round(-10 * pack.current), 250, round(10 * pack.soc)
    yield 0x305, struct.pack("<H3h", *values)
    yield 0x306, struct.pack("<HBBHH", 100, 10, 1, 0, round(10 * (inverter.told.cvl or 0)))


def _growatt(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del inverter, second
    yield 0x301, bytes.fromhex("1122334455667788")


def _growatt_stack(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del inverter
    yield 0x3010 | EXTENDED, struct.pack(">HB5x", second & 0xFFFF, 0x14)
    yield 0x3020 | EXTENDED, bytes((COMMAND, COMMAND, 0, 0, 0, 0, 0, 0))


def _stack_polls(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del inverter
    yield 0x4200 | EXTENDED, bytes((2 * (second % 2), 0, 0, 0, 0, 0, 0, 0))
    yield 0x8211 | EXTENDED, bytes((COMMAND, COMMAND, 0, 0, 0, 0, 0, 0))


def _gen24(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    pack = inverter.pack
    yield 0x151, b"\x00FRONIUS" if second else b"\x01" + bytes(7)
    yield 0x091, struct.pack(">Hhh2x", round(10 * pack.voltage), round(10 * pack.current), 250)


def _solax_polls(inverter: VirtualInverter, second: int) -> Iterator[tuple[int, bytes]]:
    del inverter
    polls = ("0100010000000000", "0500010000000000")
    yield 0x1871 | EXTENDED, bytes.fromhex(polls[second] if second < len(polls) else "0200010001000000")


def _enabled(data: bytes) -> tuple[bool, bool]:
    """Return whether charging and discharging are enabled, by the two highest bits of the first byte."""
    return bool(data[0] & 0x80), bool(data[0] & 0x40)


_PYLONTECH: Final = Reader(
    limits_key=0x351,
    limits=_family,
    says=_keepalive,
    sends=frozenset({0x305}),
    switches_key=0x35C,
    switches=_enabled,
)
READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "pylontech_lv": _PYLONTECH,
        "victron_can": Reader(
            limits_key=0x351, limits=_family, says=_gx, sends=frozenset({0x305, 0x307}), patience=3.0
        ),
        "sma": Reader(
            limits_key=0x351, limits=_family, says=_sunny_island, sends=frozenset({0x305, 0x306}), patience=60.0
        ),
        "luxpower": _PYLONTECH,
        "growatt_lv": Reader(
            limits_key=0x311,
            limits=_big_family,
            says=_growatt,
            sends=frozenset({0x301}),
            switches_key=0x319,
            switches=_enabled,
        ),
        "growatt_hv": Reader(
            limits_key=0x3110 | EXTENDED,
            limits=_big_family,
            says=_growatt_stack,
            sends=frozenset({0x3010 | EXTENDED, 0x3020 | EXTENDED}),
            switches_key=0x3110 | EXTENDED,
            switches=lambda data: (not data[7] & 0x40, not data[7] & 0x20),
        ),
        "pylontech_hv": Reader(
            limits_key=0x4221 | EXTENDED,
            limits=_pylontech_stack,
            says=_stack_polls,
            sends=frozenset({0x4200 | EXTENDED, 0x8211 | EXTENDED}),
            switches_key=0x4281 | EXTENDED,
            switches=lambda data: (data[0] != COMMAND, data[1] != COMMAND),
        ),
        "byd_hvs": Reader(limits_key=0x110, limits=_byd, says=_gen24, sends=frozenset({0x151, 0x091})),
        "solax": Reader(
            limits_key=0x1872 | EXTENDED,
            limits=_solax,
            says=_solax_polls,
            sends=frozenset({0x1871 | EXTENDED}),
            switches_key=0x1875 | EXTENDED,
            # With its contactor open there is no battery.
            switches=lambda data: (data[4] == 1, data[4] == 1),
        ),
    }
)
"""By the protocol."""


class VirtualCanInverter:
    """A virtual inverter that is told its limits over CAN, and says what its kind says, once a second."""

    def __init__(
        self,
        inverter: VirtualInverter,
        link: CanLink,
        protocol: str,
        *,
        period: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show `inverter` on `link`, which is its own and not that of home_bms; `period` in s."""
        self.inverter = inverter
        self.limits: Limits | None = None
        """What it was told last."""
        self.switches: Switches = BOTH
        self.said = 0
        """How often it has spoken."""
        self._link = link
        self._reader = READERS[protocol]
        self._period = period
        self._clock = clock
        self._told_at: float | None = None
        self._end: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the bus. Raises CanLinkError."""
        claim = await self._link.claim(self._reader.sends, 0.0)
        self._end = self._link.subscribe(self._hear)
        self._task = asyncio.get_running_loop().create_task(self._speak(claim))

    async def stop(self) -> None:
        """Leave the bus."""
        if self._end is not None:
            self._end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end = self._task = None

    def _hear(self, frame: CanFrame) -> None:
        """Take what the battery says; a frame that is too short says nothing."""
        with suppress(struct.error, IndexError):
            if frame.key == self._reader.limits_key:
                self.limits = self._reader.limits(frame.data)
                self._told_at = self._clock()
            if frame.key == self._reader.switches_key:
                self.switches = self._reader.switches(frame.data)
        self._heed()

    def _heed(self) -> None:
        """Let the inverter go by what it was told."""
        if self.limits is None:
            return
        cvl, ccl, dcl = self.limits
        patience = self._reader.patience
        lost = patience is not None and self._told_at is not None and self._clock() - self._told_at > patience
        charge, discharge = (False, False) if lost else self.switches
        self.inverter.tell(cvl=cvl, ccl=ccl if charge else 0.0, dcl=dcl if discharge else 0.0)

    async def _speak(self, claim: CanClaim) -> None:
        """Say what it says, again and again."""
        try:
            while True:
                self._heed()
                if self.inverter.answers:
                    for key, data in self._reader.says(self.inverter, self.said):
                        claim.send(frame_of(key, data))
                    self.said += 1
                await asyncio.sleep(self._period)
        finally:
            claim.release()
