"""A real Home Assistant, a pack outside of it, and a browser in front."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, async_playwright

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualServer, VirtualWorld
from scripts.hass import Hass, free_port

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
WINDOW: Final = {"width": 1280, "height": 900}
ROOT: Final = Path(__file__).parent.parent.parent
IMAGES: Final = ROOT / "docs" / "images"
LAST_SIGHT: Final = ROOT / "build" / "last_sight.png"


@pytest.fixture(autouse=True)
def real_links(socket_enabled: None) -> None:
    """Let these tests talk over real sockets; they stay on loopback."""


@asynccontextmanager
async def served_pack(*, soc: float = 50.0, sun: bool = True) -> AsyncIterator[VirtualServer]:
    """Serve a virtual pack over Modbus TCP from outside Home Assistant, in real time."""
    pack = VirtualPack(seed=7, soc=soc, serial_number="SHED-0001")
    house = House(pack, seed=7, start_hour=12.0) if sun else None
    server = VirtualServer(VirtualWorld(pack, house), DEVICES["jk_pb"])
    await server.start_tcp()
    try:
        yield server
    finally:
        await server.stop()


def real_hass(tmp_path: Path) -> Hass:
    """Return a Home Assistant in a folder of its own, to be entered."""
    return Hass(tmp_path / "config", port=free_port())


def chromium_path() -> str:
    """Return where the browser is."""
    path = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    assert path, "no chromium here: scripts/setup --browser installs one"
    return path


@asynccontextmanager
async def browser(tmp_path: Path) -> AsyncIterator[Page]:
    """Open a page of headless chromium with a profile of its own."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium_path(),
            headless=True,
            args=list(FLAGS),
            viewport=WINDOW,
            locale="en-GB",
            color_scheme="light",
        )
        page = context.pages[0]
        page.set_default_timeout(30_000)
        try:
            yield page
        except BaseException:
            # What a person would have seen: the first thing to look at.
            LAST_SIGHT.parent.mkdir(exist_ok=True)
            await page.screenshot(path=LAST_SIGHT)
            raise
        finally:
            await context.close()


async def log_in(page: Page, hass: Hass) -> None:
    """Log in as a person does."""
    await page.goto(hass.url)
    await page.get_by_label("Username").fill(hass.user)
    await page.get_by_label("Password").first.fill(hass.password)
    await page.get_by_role("button", name="Log in").click()
    await page.locator("ha-sidebar").wait_for()


async def picture(page: Page, name: str) -> None:
    """Take a screenshot for the papers, if HOME_BMS_SCREENSHOTS asks for them."""
    if os.environ.get("HOME_BMS_SCREENSHOTS"):
        await page.wait_for_timeout(1000)
        IMAGES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=IMAGES / f"{name}.png")
