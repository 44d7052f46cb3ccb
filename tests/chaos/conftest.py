"""The surroundings of the fault matrix: real files, real sockets on loopback; and a recorder that writes to a file."""

from typing import Any

import pytest

from ..matrix.conftest import hass_config_dir, hass_storage, matrix_surroundings  # noqa: F401


@pytest.fixture
def persistent_database() -> bool:
    """Have the recorder's database on the disk, where another connection can lock it."""
    return True


@pytest.fixture
def recorder_db_url(recorder_db_url: str) -> str:
    """Let SQLite wait for a lock no longer than the warped time that the lock stands, so that the recorder fails."""
    return f"{recorder_db_url}?timeout=0.1"


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Let the recorder try again soon: its waiting is real."""
    return {"db_retry_wait": 1}
