"""Visits pages of Home Assistant as a user does, and writes down what the browser complains about."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from scripts.hass import ROOT, Hass

from .conftest import FLAGS, LAST_SIGHT, chromium_path

LOOK: Final = Path(__file__).parent / "look.js"
AXE: Final = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
HEIGHTS: Final[Mapping[int, int]] = {360: 780, 1280: 900, 3840: 2160}
TOKEN_LASTS: Final = 1800
"""s."""
# What Home Assistant's frontend says of itself: where it comes from, what it says, and why that is not about us.
NOISE: Final[tuple[tuple[str, str, str], ...]] = (
    (r"/api/brands/|brands\.home-assistant\.io", r"404|ERR_", "icons of core's integrations come from the internet"),
    (r"^https://demo\.home-assistant\.io/stub_config/", r"ERR_", "so do the previews of core's cards in the picker"),
    (
        r"/frontend_latest/core\.",
        r"^Received event for unknown subscription",
        "core's history/stream sends what it was reading even if the page that asked has ended it meanwhile",
    ),
)

# Nothing is measured here, and a busy machine takes its time.
expect.set_options(timeout=30_000)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a headless browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """A page that somebody who has logged in looks at."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        """Errors and warnings of the browser, without those of Home Assistant about itself."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        noise = any(re.search(source, where) and re.search(text, message.text) for source, text, _ in NOISE)
        if message.type in ("error", "warning") and not noise:
            self.complaints.append(f"{message.type}: {message.text} ({where})")

    async def open(self, path: str) -> None:
        """Load a page anew."""
        await self.page.goto(f"{self.url}/{path}")

    async def turn(self, path: str) -> None:
        """Go to another page as a click on a link does, without loading anything anew."""
        await self.page.evaluate(
            """(path) => { history.pushState(null, "", path); window.dispatchEvent(new Event("location-changed")); }""",
            f"/{path}",
        )

    async def cards(self) -> list[str]:
        """Return the names of our cards that are on the page."""
        return await self._look("cards")

    async def clipped(self) -> list[str]:
        """Return what sticks out of one of our cards or is cut off in it."""
        return await self._look("clipped")

    async def violations(self) -> list[str]:
        """Return what axe finds in our cards."""
        return await self._look("violations")

    async def flaws(self) -> list[str]:
        """Return what sticks out, is cut off or written over on a page that is ours alone, and what axe finds in it."""
        return await self._look("paper")

    async def _look(self, what: str) -> list[str]:
        if not await self.page.evaluate("() => 'look' in window"):
            await self.page.evaluate(AXE.read_text())
            await self.page.evaluate(LOOK.read_text())
        found: list[str] = await self.page.evaluate(f"() => look.{what}()")
        return found

    async def picture(self, path: Path) -> None:
        """Keep what is seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=path, animations="disabled")


@asynccontextmanager
async def visit(
    browser: Browser,
    hass: Hass,
    token: str,
    *,
    width: int = 1280,
    height: int | None = None,
    dark: bool = False,
    language: str = "en",
) -> AsyncIterator[Visit]:
    """Begin with an empty cache, logged in with an access token; ends with no complaint of the browser."""
    context = await browser.new_context(
        viewport={"width": width, "height": height or HEIGHTS[width]},
        color_scheme="dark" if dark else "light",
        locale={"en": "en-GB", "de": "de-DE"}[language],
        reduced_motion="reduce",
    )
    held = {
        "hassUrl": hass.url,
        "clientId": f"{hass.url}/",
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": TOKEN_LASTS,
        "expires": int((time.time() + TOKEN_LASTS) * 1000),
    }
    kept = {"hassTokens": json.dumps(held), "selectedLanguage": json.dumps(language)}
    await context.add_init_script(f"Object.assign(localStorage, {json.dumps(kept)})")
    seen = Visit(await context.new_page(), hass.url)
    try:
        yield seen
        assert not seen.complaints, seen.complaints
    except BaseException:
        await seen.picture(LAST_SIGHT)
        raise
    finally:
        await context.close()
