"""Takes what is to be told to the broker, one after the other, and never keeps more than a little of it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER, RELEASE_TIMEOUT
from .broker import Broker
from .topics import Retained

MOST_WAITING: Final = 64
"""Events and answers that wait for the broker; the oldest give way."""
_RETRY: Final = 5.0
"""s after which what the broker did not take is told again, though the connection stands."""


class Waiting(NamedTuple):
    """What waits to be told."""

    topic: str
    payload: bytes
    retain: bool


class Outbox:
    """Of a retained topic only the newest waits; what is not retained waits in its order."""

    def __init__(self, broker: Broker, retained: Retained) -> None:
        self._broker = broker
        self._retained = retained
        self._states: dict[str, bytes] = {}
        self._passing: deque[Waiting] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()
        self._failed = False

    def keep(self, topic: str, payload: bytes) -> None:
        """Tell what the broker is to keep."""
        self._states[topic] = payload
        self._wake.set()

    def clear(self, topic: str) -> None:
        """Have the broker forget."""
        self.keep(topic, b"")

    def pass_on(self, topic: str, payload: bytes) -> None:
        """Tell once whoever listens."""
        self._passing.append(Waiting(topic, payload, retain=False))
        self._wake.set()

    def wake(self) -> None:
        """Try again: the broker may be there now."""
        self._wake.set()

    async def async_run(self) -> None:
        """Tell what waits, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._broker.connected and (waiting := self._next()) is not None:
                if not await self._async_tell(waiting):
                    await asyncio.sleep(_RETRY)

    async def async_last(self, topic: str, payload: bytes) -> None:
        """Tell one last thing before it ends, if that is possible soon."""
        if not self._broker.connected:
            return
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT):
                await self._broker.async_publish(topic, payload, retain=True)
        except HomeAssistantError, TimeoutError:
            LOGGER.debug("%s could not be told any more", topic)

    def _next(self) -> Waiting | None:
        """Take what is next: events and answers first, for they are asked for in a hurry."""
        if self._passing:
            return self._passing.popleft()
        if self._states:
            topic = next(iter(self._states))
            return Waiting(topic, self._states.pop(topic), retain=True)
        return None

    async def _async_tell(self, waiting: Waiting) -> bool:
        """Tell one thing; what the broker does not take is put back, unless there is something newer."""
        try:
            await self._broker.async_publish(waiting.topic, waiting.payload, retain=waiting.retain)
        except HomeAssistantError as err:
            if not self._failed:
                LOGGER.warning("The MQTT broker does not take what it is told: %s", err)
            self._failed = True
            self._put_back(waiting)
            return False
        self._failed = False
        if not waiting.payload:
            await self._retained.async_forget(waiting.topic)
        return True

    def _put_back(self, waiting: Waiting) -> None:
        if waiting.retain:
            self._states.setdefault(waiting.topic, waiting.payload)
        elif len(self._passing) < MOST_WAITING:
            self._passing.appendleft(waiting)
        self._wake.set()
