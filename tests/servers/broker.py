"""A real mosquitto, and an operator who listens to it without Home Assistant."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage

from scripts.hass import free_port

# Where Debian keeps it, which is not on everybody's path.
MOSQUITTO: Final = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
# One user is enough for a server that lives for a test, and the folder is that user's.
CONFIGURATION: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest none
"""
START: Final = 10.0


class Mosquitto:
    """One broker; started anew it has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        if MOSQUITTO is None:
            pytest.skip("no mosquitto here: scripts/setup --servers installs it where it may")
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        self._file.write_text(CONFIGURATION.format(port=self.port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run, and wait until it takes connections."""
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server takes connections; it must not have ended meanwhile."""
    end = time.monotonic() + START
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("the server takes no connections")


class Heard(NamedTuple):
    """A message."""

    topic: str
    payload: str
    retained: bool

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Operator:
    """Hears all below one topic, and says what it likes."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[Heard] = []
        self.ready = threading.Event()
        self._topic = topic
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        self.heard.append(Heard(message.topic, message.payload.decode(), message.retain))

    def say(self, topic: str, message: Any, *, retain: bool = False) -> None:
        """Say something; what is no text is said as JSON."""
        payload = message if isinstance(message, str | bytes) else json.dumps(message)
        self._client.publish(topic, payload, qos=1, retain=retain)

    def of(self, topic: str, holds: Callable[[Heard], Any] = bool) -> list[Heard]:
        """Return what was heard on a topic that ends so."""
        return [each for each in self.heard if each.topic.endswith(topic) and holds(each)]

    def newest(self, topic: str) -> Heard | None:
        """Return the last that was heard there."""
        return next(reversed(self.of(topic)), None)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def operator(port: int, topic: str = "#") -> Generator[Operator]:
    """Listen for a while."""
    listener = Operator(port, topic)
    assert listener.ready.wait(START)
    try:
        yield listener
    finally:
        listener.close()
