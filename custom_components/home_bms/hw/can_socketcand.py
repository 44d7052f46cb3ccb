"""A bus of another machine that runs socketcand.

python-can has one too, but that one calls a refused connection for ten seconds without a pause, waits for ever for a
greeting that does not come, and never notices the end of the connection.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from typing import Any, Final, override

import can
from can.interfaces.socketcand.socketcand import (
    convert_ascii_message_to_can_message,
    convert_can_message_to_ascii_message,
)

CONNECT_WITHIN: Final = 5.0
"""s, and as much again for each of its answers."""
LONGEST: Final = 4096
"""Bytes in which the end of a message must stand."""


class SocketcandBus(can.BusABC):
    """The raw mode of socketcand's text protocol."""

    def __init__(self, channel: str, host: str, port: int, **kwargs: Any) -> None:  # noqa: ANN401 - python-can's own
        """Connect and open the far bus. Raises OSError or CanInitializationError."""
        self._heard = bytearray()
        self._messages: deque[can.Message] = deque()
        self.channel = channel
        self.channel_info = f"socketcand {channel} on {host}:{port}"
        self._socket = socket.create_connection((host, port), timeout=CONNECT_WITHIN)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._expect("< hi >")
            for order in (f"< open {channel} >", "< rawmode >"):
                self._socket.sendall(order.encode("ascii"))
                self._expect("< ok >")
        except BaseException:
            self._socket.close()
            raise
        super().__init__(channel=channel, **kwargs)

    @override
    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        self._socket.settimeout(timeout)
        self._socket.sendall(convert_can_message_to_ascii_message(msg).encode("ascii"))

    @override
    def shutdown(self) -> None:
        super().shutdown()
        self._socket.close()

    @override
    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not self._messages and self._take(timeout):
            while (text := self._next()) is not None:
                if (message := convert_ascii_message_to_can_message(text)) is not None:
                    self._messages.append(message)
        return (self._messages.popleft() if self._messages else None), False

    def _take(self, timeout: float | None) -> bool:
        """Take what has come within `timeout` s, and tell whether anything did. Raises OSError."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return False
        data = self._socket.recv(4096)
        if not data:
            raise ConnectionError(f"{self.channel_info} was closed at the far end")
        self._heard += data
        del self._heard[:-LONGEST]
        return True

    def _next(self) -> str | None:
        """Return the next whole message."""
        end = self._heard.find(b">")
        if end < 0:
            return None
        text = self._heard[max(self._heard.find(b"<"), 0) : end + 1].decode("ascii", errors="replace")
        del self._heard[: end + 1]
        return text

    def _expect(self, answer: str) -> None:
        """Wait for an answer; frames that come before it are passed over. Raises OSError or CanInitializationError."""
        until = time.monotonic() + CONNECT_WITHIN
        while True:
            text = self._next()
            if text == answer:
                return
            if text is not None and not text.startswith("< frame "):
                raise can.CanInitializationError(f"{self.channel_info} answers {text!r} instead of {answer!r}")
            if text is None and not self._take(max(0.0, until - time.monotonic())):
                raise TimeoutError(f"{self.channel_info} does not answer {answer!r}")
