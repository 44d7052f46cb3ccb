"""Quiet and quick surroundings for the fault matrix, with real files."""

import logging
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def matrix_surroundings(request: pytest.FixtureRequest) -> None:
    """Load the integration, permit loopback, and leave out the talk: minutes in seconds would fill a screen with it."""
    if "recorder_mock" in request.fixturenames:
        # It has to come up before Home Assistant.
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")
    request.getfixturevalue("socket_enabled")
    logging.getLogger().setLevel(logging.WARNING)


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give each Home Assistant its own folder."""
    return str(tmp_path)


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Take the place of the harness's storage in memory: here files are files."""
    return {}
