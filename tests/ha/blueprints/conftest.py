"""The house that blueprints run in."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.coordinator import PackCoordinator

from ..blueprint_house import Wall, end, virtual_pack
from ..entities import everything_is_news


@pytest.fixture
async def wall(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Wall]:
    """Return the clock on the wall, at which no automation looks once a test is over."""
    yield Wall(hass, monkeypatch)
    await end(hass)


@pytest.fixture
async def virtual(hass: HomeAssistant, socket_enabled: None, quick: None) -> AsyncGenerator[PackCoordinator]:
    """Return a virtual pack."""
    async with virtual_pack(hass) as pack:
        yield pack


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entities show each value at once."""
    everything_is_news(monkeypatch)
