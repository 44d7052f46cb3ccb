"""One python-can bus, open, read by a thread of its own; all of it blocks.

A thread reads, and not the event loop: slcan waits at its port for each byte, socketcand has no file to watch, and a
failure in a loop's reader would come again at once, for ever.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from struct import error as StructError  # noqa: N812 - it is a class
from threading import Event
from types import MappingProxyType
from typing import Any, Final, override

import can
from can.interfaces.slcan import slcanBus
from can.interfaces.socketcan import SocketcanBus
from can.interfaces.udp_multicast import UdpMulticastBus
from can.interfaces.virtual import VirtualBus

from .can_error import CanLinkError
from .can_frame import CanFrame
from .can_netlink import KINDS, LinkDetails, read_link, set_up, take_down
from .can_params import CanParams, Interface
from .can_socketcand import SocketcandBus

POLL: Final = 0.2
"""s after which the reader looks whether it is to stop."""
STOP_WITHIN: Final = 2.0
SEND_WITHIN: Final = 0.2
"""s for one frame; a bus on which nobody acknowledges takes none."""
SETTLE: Final = 2.0
"""s that a board on a serial port may need to start when the port opens."""
GARBLED_MOST: Final = 50
"""Messages in a row that make no sense, after which the link is opened anew."""
SILENT: Final = frozenset({errno.ENOBUFS, errno.ETIMEDOUT, errno.EAGAIN})
"""Failures to send that say: nobody acknowledges."""
SET_UP_COMMAND: Final = "ip link set {channel} up type can bitrate {bitrate} restart-ms 100"
"""What a user types where this process may not."""


class SlcanBus(slcanBus):
    """python-can's, for lines that are not perfect; nobody else may open the port."""

    def __init__(self, channel: str, **kwargs: Any) -> None:  # noqa: ANN401 - python-can's own
        super().__init__(channel, **kwargs)
        try:
            self.serialPortOrig.exclusive = True
        except OSError:
            # Whoever has it keeps it as it is.
            can.BusABC.shutdown(self)
            self.serialPortOrig.close()
            raise

    @override
    def shutdown(self) -> None:
        try:
            super().shutdown()
        finally:
            # An adapter that is gone takes no word of farewell.
            self.serialPortOrig.close()

    @override
    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        try:
            return super()._recv_internal(timeout)
        except Exception:
            # A byte was lost or turned on the way; left in the buffer it would spoil every line behind it.
            self._buffer.clear()
            raise


class KernelBus(SocketcanBus):
    """python-can's; an interface that was down is down again afterwards."""

    def __init__(self, channel: str, *, ours: bool) -> None:
        self._ours = ours
        super().__init__(channel=channel)

    @override
    def shutdown(self) -> None:
        super().shutdown()
        if self._ours:
            self._ours = False
            with suppress(OSError):
                # It may have been pulled out.
                take_down(self.channel)


class Sent:
    """How a batch of frames went."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.count = count
        """How many left."""
        self.error = error
        """What stopped the next one."""

    @property
    def silent(self) -> bool:
        """Whether it looks as if nobody was there, and not as if the interface was gone."""
        if isinstance(self.error, can.CanTimeoutError):
            return True
        codes = {getattr(self.error, "error_code", None), *(getattr(err, "errno", None) for err in chain(self.error))}
        text = str(self.error).lower()
        return bool(codes & SILENT) or "buffer full" in text or "timeout" in text or "timed out" in text


class CanBus:
    """An open bus: `hear` gets each frame and `lose` the failure that ended it, both in the reader's thread."""

    def __init__(
        self,
        params: CanParams,
        hear: Callable[[CanFrame], None],
        lose: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open it. Raises CanLinkError."""
        self._params = params
        self._bus = open_bus(params)
        self._ear = _Ear(params, hear, lose, clock)
        self._notifier = can.Notifier(self._bus, [self._ear], timeout=POLL)

    @property
    def garbled(self) -> int:
        """How many messages made no sense."""
        return self._ear.garbled

    def details(self) -> LinkDetails | None:
        """Return what the kernel tells of the controller, `None` where there is no such interface."""
        if self._params.interface is not Interface.SOCKETCAN:
            return None
        try:
            return read_link(self._params.channel)
        except OSError, StructError:
            # The reader will notice that it is gone.
            return None

    def send(self, frames: Iterable[CanFrame]) -> Sent:
        """Send frames one after the other, up to the first that does not leave."""
        count = 0
        for frame in frames:
            message = can.Message(arbitration_id=frame.id, is_extended_id=frame.extended, data=frame.data)
            try:
                self._bus.send(message, timeout=SEND_WITHIN)
            except (can.CanError, OSError, ValueError) as err:
                return Sent(count, err)
            count += 1
        return Sent(count)

    def close(self) -> None:
        """End the reader and give the bus back."""
        self._ear.closing.set()
        self._notifier.stop(STOP_WITHIN)
        with suppress(can.CanError, OSError, ValueError):
            # What was pulled out cannot be closed in an orderly way.
            self._bus.shutdown()


class _Ear(can.Listener):
    """Passes on what one bus brings."""

    def __init__(
        self,
        params: CanParams,
        hear: Callable[[CanFrame], None],
        lose: Callable[[Exception], None],
        clock: Callable[[], float],
    ) -> None:
        self.closing = Event()
        self.garbled = 0
        # It hears its own frames, marked as such.
        self._echoes = params.interface is Interface.GS_USB
        self._hear = hear
        self._lose = lose
        self._clock = clock
        self._in_a_row = 0
        self._lost = False

    @override
    def on_message_received(self, msg: can.Message) -> None:
        self._in_a_row = 0
        if msg.is_fd or (self._echoes and not msg.is_rx):
            return
        self._hear(
            CanFrame(
                id=msg.arbitration_id,
                data=bytes(msg.data),
                extended=msg.is_extended_id and not msg.is_error_frame,
                remote=msg.is_remote_frame,
                error=msg.is_error_frame,
                time=self._clock(),
            )
        )

    @override
    def on_error(self, exc: Exception) -> None:
        broken = any(isinstance(err, OSError) for err in chain(exc))
        if not broken:
            self.garbled += 1
            self._in_a_row += 1
        if (broken or self._in_a_row >= GARBLED_MOST) and not self._lost:
            self._lost = True
            self._lose(exc)
        if self._lost:
            # The reader would try again at once, and fail again, until it is stopped.
            self.closing.wait(STOP_WITHIN)


def chain(error: BaseException | None) -> Sequence[BaseException]:
    """Return an exception and those that led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def open_bus(params: CanParams) -> can.BusABC:
    """Open a bus by its interface. Raises CanLinkError."""
    try:
        return _OPENERS[params.interface](params)
    except CanLinkError:
        raise
    except ModuleNotFoundError as err:
        raise CanLinkError("can_not_installed", f"{params.interface} needs {err.name}", name=err.name) from err
    except (can.CanError, OSError, ValueError, IndexError) as err:
        raise CanLinkError(
            "cannot_connect", f"{params.key} could not be opened: {err}", channel=params.channel, error=err
        ) from err


def _open_socketcan(params: CanParams) -> can.BusABC:
    return KernelBus(params.channel, ours=prepare(params))


def prepare(params: CanParams) -> bool:
    """See to it that a kernel interface is up and has the bit rate; tell whether it was down. Raises CanLinkError."""
    name, named = params.channel, {"channel": params.channel, "bitrate": params.bitrate}
    try:
        link = read_link(name)
    except OSError as err:
        raise CanLinkError("can_interface_missing", f"there is no {name}: {err}", **named) from err
    if link.kind not in KINDS:
        raise CanLinkError("can_interface_missing", f"{name} is no CAN interface", **named)
    stuck = link.state == "bus_off" and not link.restart
    if link.up and link.bitrate not in (0, params.bitrate):
        # Somebody else uses it so.
        text = f"{name} is up with {link.bitrate} bit/s"
        raise CanLinkError("can_bitrate_in_use", text, **named, found=link.bitrate)
    if link.up and link.listen_only and not params.listen_only:
        raise CanLinkError("can_listens_only", f"{name} is up and only listens", **named)
    if link.up and not stuck:
        return False
    command = SET_UP_COMMAND.format(**named)
    if not params.set_up:
        raise CanLinkError("can_interface_down", f"{name} is down", **named, command=command)
    try:
        set_up(name, params.bitrate, listen_only=params.listen_only)
    except PermissionError as err:
        text = f"{name} is down, and this process may not bring it up: {command}"
        raise CanLinkError("can_not_permitted", text, **named, command=command) from err
    except OSError as err:
        text = f"{name} does not take {params.bitrate} bit/s: {err}"
        raise CanLinkError("can_set_up_failed", text, **named, error=err, command=command) from err
    return not link.up


def _open_slcan(params: CanParams) -> can.BusABC:
    networked = "://" in params.channel
    return SlcanBus(
        params.channel,
        tty_baudrate=params.baudrate,
        bitrate=params.bitrate,
        listen_only=params.listen_only,
        sleep_after_open=0.0 if networked else SETTLE,
        # Waiting longer for a byte wakes the reader less often and delays none.
        timeout=POLL / 2,
    )


def _open_gs_usb(params: CanParams) -> can.BusABC:
    # It needs pyusb and libusb, which are not everywhere.
    from .can_gs_usb import UsbBus  # noqa: PLC0415

    return UsbBus(params.channel, index=int(params.channel), bitrate=params.bitrate)


def _open_socketcand(params: CanParams) -> can.BusABC:
    return SocketcandBus(params.channel, params.host, params.port)


def _open_udp_multicast(params: CanParams) -> can.BusABC:
    return UdpMulticastBus(params.channel, port=params.port, fd=False)


def _open_virtual(params: CanParams) -> can.BusABC:
    return VirtualBus(params.channel)


_OPENERS: Final[Mapping[Interface, Callable[[CanParams], can.BusABC]]] = MappingProxyType(
    {
        Interface.SOCKETCAN: _open_socketcan,
        Interface.SLCAN: _open_slcan,
        Interface.GS_USB: _open_gs_usb,
        Interface.SOCKETCAND: _open_socketcand,
        Interface.UDP_MULTICAST: _open_udp_multicast,
        Interface.VIRTUAL: _open_virtual,
    }
)
