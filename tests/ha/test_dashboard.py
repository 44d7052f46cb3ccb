"""The dashboard is loaded by every browser, an old one by none."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.web import dashboard


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a dashboard of one line."""
    path = tmp_path / "home-bms.js"
    path.write_text("export {};\n")
    monkeypatch.setattr(dashboard, "FILE", path)
    return path


def put(file: Path, text: str | None) -> None:
    """Put another version in a file's place, or nothing."""
    file.unlink()
    if text is not None:
        file.write_text(text)


@pytest.fixture
def loaded(hass: HomeAssistant) -> set[str]:
    """Return what browsers load, as the frontend keeps it."""
    hass.config.components.add("frontend")
    urls: set[str] = set()
    hass.data[DATA_EXTRA_MODULE_URL] = urls
    return urls


async def test_browsers_load_it_and_keep_it(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, file: Path, loaded: set[str]
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (url,) = loaded
    answer = await (await hass_client()).get(url)
    assert answer.status == HTTPStatus.OK
    assert await answer.text() == "export {};\n"
    assert "javascript" in answer.headers["Content-Type"]
    assert "max-age" in answer.headers["Cache-Control"]


async def test_another_version_has_another_address(hass: HomeAssistant, file: Path, loaded: set[str]) -> None:
    assert await async_setup_component(hass, "http", {})
    await dashboard.async_register_dashboard(hass)
    put(file, "export const version = 2;\n")
    await dashboard.async_register_dashboard(hass)
    assert len(loaded) == 2


async def test_home_assistant_without_a_frontend_is_none_the_worse(hass: HomeAssistant, file: Path) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


async def test_a_dashboard_that_is_missing_is_said_once_and_costs_nothing_else(
    hass: HomeAssistant, file: Path, loaded: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    put(file, None)
    assert await async_setup_component(hass, DOMAIN, {})
    assert not loaded
    assert caplog.text.count("The dashboard is missing") == 1
