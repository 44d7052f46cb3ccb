"""What an earlier version has left behind, for the tests of going on and of going back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from custom_components.home_bms import PLATFORMS

from ..conftest import ScriptedDriver
from .house import FORMATS, Past, left_behind, two_packs


@pytest.fixture
def platforms() -> list[Platform]:
    return list(PLATFORMS)


@pytest.fixture
def drivers() -> list[ScriptedDriver]:
    return two_packs()


@pytest.fixture
def name() -> str:
    """Return the format that is there: the newest, unless a test says otherwise."""
    return FORMATS[-1]


@pytest.fixture
async def past(
    hass: HomeAssistant,
    name: str,
    scripted: None,
    socket_enabled: None,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Past]:
    async with left_behind(hass, name, hass_storage, monkeypatch) as past:
        yield past
