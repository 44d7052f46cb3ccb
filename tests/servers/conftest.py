"""Real servers on loopback, each test's own, as Debian packages them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
import pytest_socket

from ..ha.conftest import auto_enable_custom_integrations, quick
from .broker import Mosquitto
from .database import Postgres

__all__ = ("auto_enable_custom_integrations", "quick")


@pytest.fixture(autouse=True)
def real_links(socket_enabled: None) -> None:
    """Let these tests talk over real sockets; they stay on loopback."""


@pytest.fixture
def mosquitto(tmp_path: Path) -> Generator[Mosquitto]:
    """Run a broker that anybody on this machine may use, and that forgets everything when it ends."""
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """Run a database that anybody on this machine may use; it is gone with its folder."""
    # It is made once, before the first test that may use sockets says so.
    pytest_socket.enable_socket()
    server = Postgres()
    server.start()
    yield server
    server.stop()
