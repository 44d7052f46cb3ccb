"""The dashboard in a real Home Assistant and a real browser: what people see, live, by mouse and by keyboard alone."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import pytest
import pytest_asyncio
import pytest_socket
from playwright.async_api import Browser, Locator, Page, expect

from custom_components.home_bms.web.dashboard import FILE
from scripts.hass import Hass

from .conftest import real_hass
from .house import VIEWS, System, add_dashboard, add_guest, furnish
from .visit import Visit, chromium, visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOADS: Final = int(os.environ.get("HOME_BMS_LOADS", "3"))
"""With an empty cache; all races between our module and Home Assistant's frontend were lost in most of them."""
ALL: Final = "every-battery"
# The cards of each view of a system with one pack.
CARDS: Final = {
    "now": ["home-bms-system-card", "home-bms-pack-card"],
    "cells": ["home-bms-pack-card"],
    "history": ["home-bms-timeline-card"],
    "health": ["home-bms-health-card"],
    "system": ["home-bms-system-card"],
    "maintenance": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A Home Assistant with batteries in it, and a browser."""

    hass: Hass
    token: str
    systems: dict[str, System]
    browser: Browser

    def visit(self, **look: Any) -> AbstractAsyncContextManager[Visit]:
        """Begin to look at it, as the user who set it up."""
        return visit(self.browser, self.hass, self.token, **look)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    # This begins before the fixture that lets a test use sockets.
    pytest_socket.enable_socket()
    async with real_hass(tmp_path_factory.mktemp("house")) as hass, chromium() as browser:
        # Files are read and written by threads, which no test shall seem to have left behind.
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.1) for _ in range(4)))
        systems = await furnish(hass, "Shed", "Garage", "Barn")
        await add_dashboard(hass, ALL, "Every battery")
        token = await hass.token(hass.user, hass.password)
        yield House(hass=hass, token=token, systems=systems, browser=browser)


@pytest.mark.parametrize(
    ("look", "limit"),
    [
        ({"width": 1280}, "Charge limit"),
        ({"width": 360, "dark": True, "language": "de"}, "Ladegrenze"),
    ],
)
async def test_one_line_makes_six_views_whose_cards_show_all_and_hide_nothing(
    house: House, look: dict[str, Any], limit: str
) -> None:
    garage = house.systems["Garage"].path
    async with house.visit(**look) as seen:
        await seen.open(f"{garage}/now")
        await expect(seen.page.locator("home-bms-pack-card h3").first).to_have_text(limit)
        for view in VIEWS:
            await seen.turn(f"{garage}/{view}")
            await expect(seen.page).to_have_url(re.compile(f"/{garage}/{view}$"))
            for card in CARDS[view]:
                await expect(seen.page.locator(f"{card} h2").first).to_be_visible()
            await expect(seen.page.locator("hui-error-card")).to_have_count(0)
            if CARDS[view]:
                assert await seen.cards() == CARDS[view]
                assert await seen.clipped() == []
                assert await seen.violations() == []


async def test_every_system_is_on_the_dashboard_of_all(house: House) -> None:
    async with house.visit() as seen:
        await seen.open(f"{ALL}/cells")
        for system in house.systems.values():
            for pack in system.packs:
                card = seen.page.locator("home-bms-pack-card").filter(has_text=pack["name"])
                await expect(card.locator(".soc")).to_contain_text(re.compile(r"\d"))
                await expect(card.get_by_role("option")).to_have_count(pack["cells"])
        assert await seen.clipped() == []
        assert await seen.violations() == []


async def test_no_cold_load_loses_a_card_and_the_address_tells_the_version(house: House) -> None:
    digits = sha256(FILE.read_bytes()).hexdigest()[:12]
    for _ in range(LOADS):
        async with house.visit() as seen:
            loaded: list[str] = []
            seen.page.on("request", lambda request, to=loaded: to.append(request.url))
            await seen.open(f"{house.systems['Garage'].path}/now")
            await expect(seen.page.locator("home-bms-pack-card .soc")).to_contain_text(re.compile(r"\d"))
            await expect(seen.page.locator("hui-error-card")).to_have_count(0)
            assert f"{house.hass.url}/home_bms/{digits}/home-bms.js" in loaded


async def test_an_alarm_appears_by_itself_and_is_reset_by_keyboard_alone(house: House) -> None:
    async with house.visit() as seen:
        hass, pack = house.hass, house.systems["Garage"].packs[0]
        page, device = seen.page, {"device_id": pack["device_id"]}
        await seen.open(f"{house.systems['Garage'].path}/cells")
        alarms = page.get_by_role("alert")
        await expect(page.locator("home-bms-pack-card .soc")).to_be_visible()
        await expect(alarms).to_have_count(0)

        await hass.act("home_bms.inject_fault", fault="hot_cell_now", cell=7, value=57, **device)
        await expect(alarms).to_contain_text("Too hot to charge · Tripped")
        await expect(page.locator(".charge-side")).to_contain_text("0\u202fA of")
        assert await seen.clipped() == []
        assert await seen.violations() == []

        await hass.act("home_bms.clear_faults", **device)
        for _ in range(10):
            # Too early, the cause still stands.
            await tab_to(page, page.get_by_role("button", name="Reset"))
            await page.keyboard.press("Enter")
            try:
                await expect(alarms).to_have_count(0, timeout=3_000)
                break
            except AssertionError:
                continue
        await expect(alarms).to_have_count(0)


async def test_each_measure_of_each_cell_is_reached_by_keyboard_alone(house: House) -> None:
    async with house.visit() as seen:
        page = seen.page
        await seen.open(f"{house.systems['Garage'].path}/cells")
        await tab_to(page, page.get_by_role("tab", name="Voltage"))
        for name in ("Difference", "Temperature", "Resistance", "ΔQ"):
            await page.keyboard.press("ArrowRight")
            await expect(page.get_by_role("tab", name=name)).to_be_focused()
            await expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Home")
        await tab_to(page, page.get_by_role("option").first)
        await page.keyboard.press("End")
        last = page.get_by_role("option").last
        await expect(last).to_be_focused()
        await expect(last).to_have_accessible_name(re.compile(r"Cell 16: 3\.\d{3}\sV"))
        await expect(page.locator(".chosen")).to_contain_text("Cell 16")


async def test_a_lost_pack_and_a_system_that_is_switched_off_are_told_in_words(house: House) -> None:
    async with house.visit() as seen:
        hass, barn, shed = house.hass, house.systems["Barn"], house.systems["Shed"]
        device = {"device_id": barn.packs[1]["device_id"]}
        await seen.open(f"{ALL}/cells")
        lost = seen.page.locator("home-bms-pack-card").filter(has_text=barn.packs[1]["name"])
        await expect(lost.locator(".soc")).to_contain_text(re.compile(r"\d"))
        # Its title is gone with its values: it is found by its place.
        gone = seen.page.locator("home-bms-pack-card").nth(
            [pack["name"] for system in house.systems.values() for pack in system.packs].index(shed.packs[0]["name"])
        )

        await hass.act("home_bms.inject_fault", fault="no_answer", **device)
        await hass.command("config_entries/disable", entry_id=shed.entry_id, disabled_by="user")
        await expect(gone).to_contain_text("not set up or not loaded now")
        await expect(lost).to_contain_text("Lost · silent for")
        await expect(lost.locator(".soc")).to_contain_text("–")
        await expect(lost.get_by_role("option").first).to_have_accessible_name(re.compile(r"Cell 1: –\sV"))
        assert await seen.violations() == []

        await hass.act("home_bms.clear_faults", **device)
        await hass.command("config_entries/disable", entry_id=shed.entry_id, disabled_by=None)
        for card in (lost, gone):
            await expect(card.locator(".soc")).to_contain_text(re.compile(r"\d"))


async def test_a_user_who_is_no_admin_sees_the_same_cards(house: House) -> None:
    async with visit(house.browser, house.hass, await add_guest(house.hass)) as seen:
        for view, cards in CARDS.items():
            await seen.open(f"{house.systems['Garage'].path}/{view}")
            for card in cards:
                await expect(seen.page.locator(f"{card} h2").first).to_be_visible()


async def test_a_pack_that_is_named_like_markup_is_shown_as_text(house: House) -> None:
    shed, name = house.systems["Shed"], '<img src=x onerror="window.struck = true">'
    (pack,) = shed.packs
    await house.hass.command("config/device_registry/update", device_id=pack["device_id"], name_by_user=name)
    async with house.visit() as seen:
        for view in VIEWS:
            await seen.open(f"{shed.path}/{view}")
            for card in CARDS[view]:
                await expect(seen.page.locator(f"{card} h2").first).to_be_visible()
            if "home-bms-pack-card" in CARDS[view]:
                await expect(seen.page.locator("home-bms-pack-card h2").first).to_contain_text(name)
            assert await seen.page.evaluate("window.struck") is None


async def test_a_card_is_found_in_the_picker_by_its_name(house: House) -> None:
    async with house.visit() as seen:
        hass, page = house.hass, seen.page
        await hass.command("lovelace/dashboards/create", url_path="by-hand", title="By hand", mode="storage")
        await hass.command(
            "lovelace/config/save", url_path="by-hand", config={"views": [{"title": "Mine", "cards": []}]}
        )
        await seen.open("by-hand/0?edit=1")
        await page.get_by_role("button", name="Add card").first.click()
        await page.get_by_role("tab", name="By card").click()
        await page.get_by_placeholder("Search cards").fill("Home BMS")
        await page.locator(".card").filter(has_text="Home BMS: pack").locator(".overlay").click()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("hui-masonry-view home-bms-pack-card .soc")).to_contain_text(re.compile(r"\d"))
        saved = await hass.command("lovelace/config", url_path="by-hand")
        assert [card["type"] for card in saved["views"][0]["cards"]] == ["custom:home-bms-pack-card"]


async def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    for _ in range(80):
        if await wanted.evaluate("element => element.matches(':focus')"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"not reached by keyboard: {wanted}")
