"""The papers of a battery: made by a real Home Assistant, fetched by a browser, and read where nothing else is."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio
import pytest_socket
from playwright.async_api import Browser, Page, expect

from custom_components.home_bms.const import DOMAIN, SUBENTRY_COMMISSIONING
from scripts.hass import TIME_ZONE, Hass

from .conftest import picture, real_hass
from .house import System, add_guest, furnish, give_past
from .visit import Visit, chromium, visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAST: Final = 168 if os.environ.get("HOME_BMS_SCREENSHOTS") else 12
"""Hours that the battery has lived before; a picture shall show some days."""
FLOW: Final = "/api/config/config_entries/subentries/flow"
WHO, WHY = "Ada", "Nobody is at the battery today"
# What somebody answers who has no hands free; every other step is skipped, and the last is not even looked at.
ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "user": {"by": WHO},
    "overview": {"next_step_id": "go_on"},
    "result": {"next_step_id": "go_on"},
    "cell_order": {"right": "right"},
    "battery": {"right": "right"},
    "skip": {"why": WHY},
}
LAST: Final = "contactor"
MOST_STEPS: Final = 60
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "report": (
        *("At a glance", "What was found, and what to do", "Garage pack", "What it is", "Energy", "Condition"),
        *("Cells", "Events", "Protections", "How to read this report"),
    ),
    "commissioning": ("What was commissioned", "Steps", "Left out", "Signed"),
}
TITLES: Final = {
    "report": r"^Battery report – Garage · \w+ \d{4}$",
    "commissioning": r"^Commissioning report – Garage pack, \d+ \w+ \d{4}, [\d:]+$",
}
# What is printable of A4 within the margins that the papers set, at 96 pixels an inch.
A4: Final = {"width": 687, "height": 994}
MEDIA_BOX: Final = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
A4_POINTS: Final = (595, 842)
READABLE: Final = {"width": 920, "height": 1640}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the papers lie once they were fetched."""

    hass: Hass
    browser: Browser
    system: System
    began: datetime
    ended: datetime
    """Of what was exported."""
    urls: Mapping[str, str]
    files: Mapping[str, Path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    # This begins before the fixture that lets a test use sockets.
    pytest_socket.enable_socket()
    async with real_hass(tmp_path_factory.mktemp("house")) as hass, chromium() as browser:
        # Files are read and written by threads, which no test shall seem to have left behind.
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.1) for _ in range(4)))
        system = (await furnish(hass, "Garage"))["Garage"]
        await give_past(hass, system, PAST)
        ended = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        began = ended - timedelta(hours=PAST // 2)
        async with visit(browser, hass, await hass.token(hass.user, hass.password)) as seen:
            await enter(seen, system)
            made = {kind: await ask(seen.page, **message) for kind, message in actions(system, began, ended).items()}
            urls = {kind: told["response"]["url"] for kind, told in made.items()}
            urls["commissioning"] = await commission(hass, system)
            folder = tmp_path_factory.mktemp("papers")
            files = {kind: await fetch(seen, url, folder) for kind, url in urls.items()}
        yield Desk(hass=hass, browser=browser, system=system, began=began, ended=ended, urls=urls, files=files)


@pytest.mark.parametrize("kind", SECTIONS)
async def test_a_paper_is_whole_on_the_screen_and_on_a4_and_needs_nothing_else(desk: Desk, kind: str) -> None:
    path = desk.files[kind]
    assert (path.name.startswith(f"{kind}_"), path.suffix) == (True, ".html")
    async with paper(desk) as seen:
        page = seen.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await seen.open(path.name)
        await expect(page).to_have_title(re.compile(TITLES[kind]))
        assert set(SECTIONS[kind]) <= set(await page.locator("h2, h3").all_text_contents())
        assert await seen.flaws() == []
        await page.set_viewport_size(READABLE)  # type: ignore[arg-type]
        await picture(page, kind)

        await page.emulate_media(media="print")
        await page.set_viewport_size(A4)  # type: ignore[arg-type]
        assert await seen.flaws() == []
        boxes = set(MEDIA_BOX.findall(await page.pdf(prefer_css_page_size=True)))
        assert [tuple(round(float(side)) for side in box) for box in boxes] == [A4_POINTS]
        assert (asked, seen.complaints) == ([path.as_uri()], [])


async def test_the_report_shows_the_past_and_every_cell(desk: Desk) -> None:
    async with paper(desk) as seen:
        page = seen.page
        await seen.open(desk.files["report"].name)
        # Two of the three are those of the legend.
        assert await page.locator('svg[aria-label="Energy"] rect').count() >= 3
        assert await page.locator('svg[aria-label="Capacity of each cell"] circle').count() == 16
        glance = page.get_by_role("row", name=re.compile(r"^Garage pack \d+\.\d kWh \d+\.\d kWh"))
        await expect(glance).to_have_count(1)


async def test_the_commissioning_report_names_what_nobody_took(desk: Desk) -> None:
    async with paper(desk) as seen:
        page = seen.page
        await seen.open(desk.files["commissioning"].name)
        rows = [await row.locator("td").all_text_contents() for row in await page.locator(".wide tbody tr").all()]
        outcomes = {step: (outcome, why) for step, outcome, why, *_ in rows}
        assert {row[-1] for row in rows} == {WHO}
        for passed in ("Number of cells", "Order of the cells", "Chemistry and capacity"):
            assert outcomes[passed] == ("Passed", "")
        skipped = {step: why for step, (outcome, why) in outcomes.items() if outcome == "Skipped"}
        assert {"Temperature sensor 1", "Sign of the current: charging", "Drill: link lost", "Control"} <= set(skipped)
        assert skipped.pop("Open and close") == "Not taken"
        assert set(skipped.values()) == {WHY}
        left = page.locator("section", has=page.get_by_role("heading", name="Left out"))
        assert set(await left.locator("th").all_text_contents()) == {*skipped, "Open and close"}
        await expect(page.locator(".remark .what")).to_have_text("Passed with gaps")


async def test_the_exported_hours_are_those_of_the_recorder(desk: Desk) -> None:
    entity = desk.system.packs[0]["entities"]["soc"]
    with desk.files["export"].open(newline="") as stream:
        exported = {
            datetime.fromisoformat(row["time"]): float(row["mean"])
            for row in csv.DictReader(stream)
            if row["entity_id"] == entity
        }
    told = await desk.hass.command(
        "recorder/statistics_during_period",
        start_time=desk.began.isoformat(),
        end_time=desk.ended.isoformat(),
        statistic_ids=[entity],
        period="hour",
        types=["mean"],
    )
    assert len(exported) == PAST // 2
    assert exported == {datetime.fromtimestamp(row["start"] / 1000, UTC): row["mean"] for row in told[entity]}


async def test_who_is_no_administrator_makes_none_and_gets_none(desk: Desk) -> None:
    hass = desk.hass
    token = await add_guest(hass)
    async with visit(desk.browser, hass, token) as seen:
        await enter(seen, desk.system)
        for message in actions(desk.system, desk.began, desk.ended).values():
            assert await ask(seen.page, **message) == {"refused": "Unauthorized"}
        for url in (*desk.urls.values(), *(url.rpartition("/")[0] for url in desk.urls.values())):
            signed = await ask(seen.page, type="auth/sign_path", path=url)
            for address, headers in ((signed["path"], {}), (url, {"Authorization": f"Bearer {token}"}), (url, {})):
                answer = await seen.page.request.get(f"{hass.url}{address}", headers=headers)
                assert answer.status == HTTPStatus.UNAUTHORIZED


@asynccontextmanager
async def paper(desk: Desk) -> AsyncIterator[Visit]:
    """Sit down before the folder of the papers, with a browser that knows nothing of Home Assistant."""
    context = await desk.browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        yield Visit(await context.new_page(), desk.files["report"].parent.as_uri())
    finally:
        await context.close()


def actions(system: System, began: datetime, ended: datetime) -> dict[str, dict[str, Any]]:
    """Return what makes a report of the month that the past lies in, and an export of a stretch of it."""
    device = {"device_id": system.device_id}
    day = (datetime.now(ZoneInfo(TIME_ZONE)) - timedelta(hours=PAST // 2)).date()
    data: dict[str, tuple[str, dict[str, str]]] = {
        "report": ("report", {**device, "period": "month", "date": day.isoformat()}),
        "export": ("export_history", {**device, "from": began.isoformat(), "to": ended.isoformat()}),
    }
    return {
        kind: {
            "type": "call_service",
            "domain": DOMAIN,
            "service": service,
            "service_data": fields,
            "return_response": True,
        }
        for kind, (service, fields) in data.items()
    }


async def enter(seen: Visit, system: System) -> None:
    """Open a dashboard and wait until its page is connected."""
    await seen.open(f"{system.path}/now")
    await expect(seen.page.locator("home-bms-pack-card h2").first).to_be_visible()


async def ask(page: Page, **message: Any) -> Any:
    """Send a command over the page's own websocket; what is refused tells why."""
    return await page.evaluate(
        """async (message) => (await window.hassConnection).conn.sendMessagePromise(message)
            .catch((error) => ({ refused: error.message }))""",
        message,
    )


async def commission(hass: Hass, system: System) -> str:
    """Commission a pack without hands, as far as the last step; return the report's address, which is linked signed."""
    step = await hass.post(FLOW, {"handler": [system.entry_id, SUBENTRY_COMMISSIONING]})
    flow = f"{FLOW}/{step['flow_id']}"

    async def over() -> dict[str, Any] | None:
        found: dict[str, Any] = await hass.get(flow)
        return None if found["type"] == "progress" else found

    for _ in range(MOST_STEPS):
        if step["step_id"] == LAST:
            break
        step = await hass.post(flow, ANSWERS.get(step["step_id"], {"next_step_id": "skip"}))
        if step["type"] == "progress":
            step = await hass.until(over, "the end of a check", 60)
    for told in ({"next_step_id": "overview"}, {"next_step_id": "finish"}, {}):
        step = await hass.post(flow, told)
    assert (step["type"], step["reason"]) == ("abort", "commissioned")
    link = re.search(r'href="(([^"?]+)\?authSig=[^"]+)" target="_blank"', step["description_placeholders"]["report"])
    assert link is not None
    async with aiohttp.ClientSession() as browser, browser.get(f"{hass.url}{link[1]}") as answer:
        assert answer.status == HTTPStatus.OK
    return link[2]


async def fetch(seen: Visit, url: str, folder: Path) -> Path:
    """Download a file as Home Assistant's frontend does: by an address that was signed for who asks."""
    signed = await ask(seen.page, type="auth/sign_path", path=url)
    async with seen.page.expect_download() as coming:
        await seen.page.evaluate("(path) => location.assign(path)", signed["path"])
    download = await coming.value
    assert download.suggested_filename == url.rpartition("/")[2]
    path = folder / download.suggested_filename
    await download.save_as(path)
    return path
