"""A virtual relay board whose relays open when their time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from ...core.model import PackReading
from ..driver import DeviceInfo
from ..frames import Request
from ..relays import RelayBoard
from .line import RefusalError, cut

_NOBODY: Final = DeviceInfo(manufacturer="", model="", serial_number="")
FOREVER: Final = float("inf")
ALL: Final = 0x00FF
ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500


class Second(StrEnum):
    """What a second timed command does while the first one runs, which no sheet tells."""

    RESTARTS = "restarts"
    IGNORED = "ignored"
    ADDS = "adds"


class VirtualRelays:
    """Relays with timers, digital inputs that show what they are wired to, and the links between both."""

    def __init__(self, device: RelayBoard, unit_id: int = 1, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Build a board whose relays are open and whose inputs see nothing."""
        self.unit_id = unit_id
        self.silent = False
        self.second = Second.RESTARTS
        self.deaf_while_timed = False
        """A command to open changes nothing while a time runs; only another time does."""
        self.contacts: list[Callable[[], bool]] = [lambda: False for _ in device.contact_names]
        self.modes = [0] * len(device.mode_names)
        self.missing: frozenset[str] = frozenset()
        """Address spaces that this board answers nothing in, as those without inputs do."""
        self._clock = clock
        self._until = [0.0 for _ in device.relay_names]
        """When each relay opens."""
        self._after: dict[int, float] = {}
        """Relays that close again by themselves, and when."""
        self._board = replace(device, values=self._values)
        self._commands = _COMMANDS[device.key]

    def relay(self, channel: int) -> bool:
        """Tell whether a relay is closed now."""
        now = self._clock()
        if (closes := self._after.get(channel)) is not None and now >= closes:
            self._until[channel] = FOREVER
            del self._after[channel]
        linked = channel < len(self.modes) and self.modes[channel] == 1 and self.contacts[channel]()
        return linked or now < self._until[channel]

    def power_cycle(self) -> None:
        """Open all relays, as a board does that has just got its power back."""
        self._until = [0.0] * len(self._until)
        self._after = {}

    def read(self, request: Request) -> Sequence[int]:
        """Return the words or bits that a request asks for. Raises RefusalError."""
        if request.space in self.missing:
            raise RefusalError("address")
        return cut(self._board, request, self._board.encode(PackReading(time=0.0), _NOBODY))

    def write(self, request: Request) -> None:
        """Carry out what a request writes. Raises RefusalError."""
        self._commands(self, request)

    def hold(self, channel: int, seconds: float) -> None:
        """Close a relay for a time, or begin it anew, or not, as the board is built."""
        now = self._clock()
        running = self.relay(channel) and self._until[channel] < FOREVER
        if not running or self.second is Second.RESTARTS or seconds == 0:
            self._until[channel] = now + seconds
        elif self.second is Second.ADDS:
            self._until[channel] += seconds

    def set(self, channel: int, closed: bool) -> None:
        """Close or open a relay for good."""
        timed = self.relay(channel) and self._until[channel] < FOREVER
        if timed and self.deaf_while_timed:
            return
        self._until[channel] = FOREVER if closed else 0.0
        self._after.pop(channel, None)

    def release(self, channel: int, seconds: float) -> None:
        """Open a relay for a time."""
        self._until[channel] = 0.0
        self._after[channel] = self._clock() + seconds

    def channel(self, number: int) -> int:
        """Return a channel that there is. Raises RefusalError."""
        if not 0 <= number < len(self._until):
            raise RefusalError("address")
        return number

    def every(self) -> range:
        """Return all channels."""
        return range(len(self._until))

    def _values(self, _: PackReading, __: DeviceInfo) -> Mapping[str, Any]:
        board = self._board
        return {
            "firmware_version": 2.0,
            "device_address": self.unit_id,
            **{name: self.relay(channel) for channel, name in enumerate(board.relay_names)},
            **{name: look() for name, look in zip(board.contact_names, self.contacts, strict=True)},
            **dict(zip(board.mode_names, self.modes, strict=True)),
        }


def _coils(board: VirtualRelays, request: Request) -> None:
    """Carry out a command of Waveshare's (modbus/10_diy_boards.md A1). Raises RefusalError."""
    if request.function == 15:
        for index, closed in enumerate(request.values):
            board.set(board.channel(request.address + index), bool(closed))
    elif request.function in (6, 16):
        for index, mode in enumerate(request.values):
            if not 0 <= (channel := request.address - 0x1000 + index) < len(board.modes):
                raise RefusalError("address")
            board.modes[channel] = mode
    else:
        _coil(board, request.address, request.values[0])


def _coil(board: VirtualRelays, address: int, word: int) -> None:
    kind, number = address & 0xFF00, address & 0x00FF
    if kind in (0x0200, 0x0400):
        if not 1 <= word <= 0x7FFF:
            raise RefusalError("value")
        (board.hold if kind == 0x0200 else board.release)(board.channel(number), word / 10)
        return
    if kind:
        raise RefusalError("address")
    if word not in (ON, OFF, TOGGLE):
        raise RefusalError("value")
    for channel in board.every() if number == ALL else (board.channel(number),):
        board.set(channel, not board.relay(channel) if word == TOGGLE else word == ON)


def _registers(board: VirtualRelays, request: Request) -> None:
    """Carry out a command of the N4D boards (A2 there). Raises RefusalError."""
    if request.function != 6:
        raise RefusalError("function")
    command, seconds = request.values[0] >> 8, request.values[0] & 0xFF
    if request.address == 0 and command in (7, 8):
        for channel in board.every():
            board.set(channel, command == 7)
        return
    channel = board.channel(request.address - 1)
    if command in (1, 2, 3):
        board.set(channel, not board.relay(channel) if command == 3 else command == 1)
    elif command in (5, 6):
        board.hold(channel, 1.0 if command == 5 else seconds)
    elif command == 4:
        for other in board.every():
            board.set(other, other == channel)
    else:
        raise RefusalError("value")


_COMMANDS: Final[Mapping[str, Callable[[VirtualRelays, Request], None]]] = {
    "waveshare_relay_io": _coils,
    "n4d_relay": _registers,
}
