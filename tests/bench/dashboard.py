"""What the dashboard costs a browser: to load, until something is shown, each second, and over a day."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

from playwright.async_api import Browser, CDPSession, Page, expect

from custom_components.home_bms.web.dashboard import FILE
from scripts.hass import Hass, free_port

from ..e2e.house import furnish
from ..e2e.visit import chromium, visit
from .result import Result

SCRIPT: Final = (Path(__file__).parent / "dashboard.js").read_text()
SYSTEM: Final = "Barn"
"""64 cells."""
BARE: Final = "no-cards"
THEIRS: Final = {"Nothing": [], "A tile": [{"type": "tile", "entity": "sun.sun"}]}
"""Its views."""
LOADS: Final = 7
DAY: Final = 86_400
LOOKS: Final = 12
"""At the memory, over a day."""
MAIN, ALL = "ThreadTime", "ProcessTime"
"""s of a processor, which a busy machine does not stretch: of the page's main thread, of all its threads."""
# The floors: kB, ms, percent of a core. What a day may leave behind is what the noise of a heap hides.
SIZE: Final = 120.0
FIRST: Final = 300.0
LOAD: Final = 2.0
KEPT: Final = 1.0


def size() -> float:
    """Return the kB that a browser loads."""
    return len(gzip.compress(FILE.read_bytes(), mtime=0)) / 1000


async def measure(folder: Path, seconds: float, day: int = DAY) -> AsyncIterator[Result]:
    """Yield all of it; the load over `seconds`, the memory over `day` seconds that are fed to a card at once."""
    yield Result(name="module, gzipped", value=size(), unit="kB", most=SIZE)
    async with Hass(folder, port=free_port()) as hass, chromium() as browser:
        path = (await furnish(hass, SYSTEM))[SYSTEM].path
        await hass.command("lovelace/dashboards/create", url_path=BARE, title="Bare", mode="storage")
        views = [{"title": title, "cards": cards} for title, cards in THEIRS.items()]
        await hass.command("lovelace/config/save", url_path=BARE, config={"views": views})
        token = await hass.token(hass.user, hass.password)
        async for result in _first(browser, hass, token, path):
            yield result
        async for result in _load(browser, hass, token, path, seconds):
            yield result
        async for result in _memory(browser, hass, token, path, day):
            yield result


async def _first(browser: Browser, hass: Hass, token: str, path: str) -> AsyncIterator[Result]:
    """Load both dashboards with an empty cache and yield the medians."""
    ready: dict[str, float] = {}
    for place in (f"{path}/cells", f"{BARE}/1"):
        marks = [await _marks(browser, hass, token, place) for _ in range(LOADS)]
        ready[place] = median(mark["shown"] - mark["ready"] for mark in marks)
        if place != f"{BARE}/1":
            placed = median(mark["shown"] - mark["placed"] for mark in marks)
            yield Result(name="from a card on the page to its values, median", value=placed, unit="ms", most=FIRST)
    ours, theirs = ready.values()
    yield Result(name="from Home Assistant's states to a card's values, median", value=ours, unit="ms")
    yield Result(name="  to a tile of Home Assistant's own", value=theirs, unit="ms")


async def _marks(browser: Browser, hass: Hass, token: str, place: str) -> dict[str, float]:
    async with visit(browser, hass, token) as seen:
        await seen.page.add_init_script(SCRIPT)
        await seen.open(place)
        await seen.page.wait_for_function("() => bench.marks.shown")
        marks: dict[str, float] = await seen.page.evaluate("() => bench.marks")
        return marks


async def _load(browser: Browser, hass: Hass, token: str, path: str, seconds: float) -> AsyncIterator[Result]:
    """Yield what a second of 64 cells costs beyond a dashboard without cards."""
    busy: dict[str, dict[str, float]] = {}
    for place in (f"{BARE}/0", f"{path}/cells"):
        async with visit(browser, hass, token) as seen:
            await seen.open(place)
            await expect(seen.page.locator("hui-root").first).to_be_visible()
            if place != f"{BARE}/0":
                await _shown(seen.page)
            await asyncio.sleep(5)
            session = await seen.page.context.new_cdp_session(seen.page)
            await session.send("Performance.enable")
            before = await _metrics(session)
            await asyncio.sleep(seconds)
            after = await _metrics(session)
            busy[place] = {name: 100 * (after[name] - before[name]) / seconds for name in (MAIN, ALL)}
    bare, full = busy.values()
    yield Result(name="64 cells each second, of a core", value=full[ALL] - bare[ALL], unit="%", most=LOAD)
    yield Result(name="  of it the page's main thread", value=full[MAIN] - bare[MAIN], unit="%")
    yield Result(name="  a dashboard without cards beside it", value=bare[ALL], unit="%")


async def _memory(browser: Browser, hass: Hass, token: str, path: str, day: int) -> AsyncIterator[Result]:
    """Yield what a card of 16 cells leaves behind in `day` seconds: a line through the heap after collections."""
    async with visit(browser, hass, token) as seen:
        await seen.open(f"{path}/now")
        await _shown(seen.page)
        await seen.page.evaluate(SCRIPT)
        tell = await seen.page.evaluate_handle("() => bench.begin()")
        session = await seen.page.context.new_cdp_session(seen.page)
        await session.send("Performance.enable")
        part = day // LOOKS
        hours, megabytes, nodes = [], [], []
        for number in range(LOOKS):
            await tell.evaluate("(tell, [from, count]) => tell(from, count)", [number * part, part])
            await session.send("HeapProfiler.collectGarbage")
            metrics = await _metrics(session)
            hours.append((number + 1) * part / 3600)
            megabytes.append(metrics["JSHeapUsedSize"] / 1e6)
            nodes.append(metrics["Nodes"])
    days = day / 3600
    # The first part fills caches.
    yield Result(name="heap after a day", value=megabytes[-1], unit="MB")
    yield Result(
        name=f"  grown in {days:.0f} h",
        value=days * linear_regression(hours[1:], megabytes[1:]).slope,
        unit="MB",
        most=KEPT,
    )
    yield Result(name="  nodes grown", value=nodes[-1] - nodes[1])


async def _shown(page: Page) -> None:
    await expect(page.locator("home-bms-pack-card .soc").first).to_contain_text(re.compile(r"\d"))


async def _metrics(session: CDPSession) -> dict[str, float]:
    told = await session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in told["metrics"]}
