"""A user clicks a pack together, and it looks after itself: Home Assistant, Modbus and the browser are real."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, expect

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw.virtual import VirtualServer
from scripts.hass import Hass

from .conftest import browser, log_in, picture, real_hass, served_pack

HOT_CELL: Final = 6
"""Counted from 0."""
TOO_HOT: Final = 57.0
"""°C: beyond the trip for charging (55), short of any for discharging (58)."""

FAN: Final = "input_boolean.battery_room_fan"
PROTECTION: Final = "event.garage_pack_protection"
# What a user would write: when charging is stopped by heat, start the fan.
AUTOMATION: Final[dict[str, Any]] = {
    "alias": "Cool the battery room",
    "triggers": [{"trigger": "state", "entity_id": PROTECTION}],
    "conditions": [
        {
            "condition": "state",
            "entity_id": PROTECTION,
            "attribute": "event_type",
            "state": "charge_overtemperature",
        }
    ],
    "actions": [{"action": "input_boolean.turn_on", "target": {"entity_id": FAN}}],
}


async def test_a_hot_cell_opens_the_charge_switch_and_starts_the_users_automation(tmp_path: Path) -> None:
    async with served_pack() as server, real_hass(tmp_path) as hass, browser(tmp_path) as page:
        await log_in(page, hass)
        await add_pack_by_clicking(page, hass, server)
        await hass.command("input_boolean/create", name="Battery room fan", icon="mdi:fan")
        await hass.post("/api/config/automation/config/cool_the_battery_room", AUTOMATION)

        await open_device(page, hass, "Garage pack")
        for cell in range(1, 17):
            await expect(page.get_by_text(f"Cell {cell}", exact=True)).to_be_visible()
        await picture(page, "pack")
        assert not server.writes, "a pack that was only found is not written to"

        await allow_control(page, hass)

        server.world.pack.inject("hot_cell_now", cell=HOT_CELL, value=TOO_HOT)
        await until(page, lambda: Switches(charge=False) in told(server), "the charge switch opens on the wire")
        assert server.world.pack.commanded.charge is False
        assert server.world.pack.switches.discharge is True
        assert not server.world.pack.alarms, "home_bms acts before the pack's own protection does"

        await open_device(page, hass, "Garage pack")
        await expect(page.get_by_text("Too hot to charge").first).to_be_visible()
        await hass.until(lambda: state_is(hass, FAN, "on"), "the user's automation", 20)
        assert await events(hass) >= {("charge_overtemperature", "trip", 57.0, 55.0)}
        await show_reason(page)

        # Too early: the cause still stands, so the reset is refused and the switch stays open.
        await press_reset(page)
        await expect(page.get_by_text("The cause still stands").first).to_be_visible()
        assert server.world.pack.commanded.charge is False

        server.world.pack.clear("hot_cell_now")
        # The first cool sample after so large a jump is doubted; a user who presses too early presses again.
        await until(page, lambda: told(server)[-1] == Switches(charge=True), "the charge switch closes", press_reset)
        assert server.world.pack.switches.charge is True
        await hass.until(lambda: state_is(hass, "binary_sensor.garage_pack_tripped", "off"), "an end of the trip", 20)


# What the user does.


async def add_pack_by_clicking(page: Page, hass: Hass, server: VirtualServer) -> None:
    await page.goto(f"{hass.url}/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").first.click()
    await page.get_by_placeholder("Search for a brand name").fill("Home BMS")
    await page.locator("ha-integration-list-item").filter(has_text="Home BMS").first.click()
    dialog = page.locator("dialog-data-entry-flow")
    await dialog.get_by_text("Over the network").wait_for()
    await picture(page, "add_menu")
    await dialog.get_by_text("Over the network").click()
    await dialog.locator('input[name="host"]').fill("127.0.0.1")
    # The port comes before the unit ID; number fields carry no name.
    await dialog.get_by_role("spinbutton").first.fill(str(server.port))
    await page.get_by_role("button", name="Submit").click()
    await dialog.locator('input[name="name"]').fill("Garage pack")
    await picture(page, "add_battery")
    await page.get_by_role("button", name="Submit").click()
    await (
        page.get_by_role("button", name="Skip and finish").or_(page.get_by_role("button", name="Finish")).first.click()
    )
    await dialog.locator('input[name="name"]').wait_for(state="detached")


async def open_device(page: Page, hass: Hass, name: str) -> None:
    devices = await hass.command("config/device_registry/list")
    device = next(device for device in devices if name in (device["name_by_user"], device["name"]))
    await page.goto(f"{hass.url}/config/devices/device/{device['id']}")
    await page.get_by_text("Charge current limit", exact=True).first.wait_for()


async def allow_control(page: Page, hass: Hass) -> None:
    await open_device(page, hass, "Home battery")
    await page.locator("ha-entity-toggle ha-switch").click()
    await hass.until(lambda: state_is(hass, "switch.home_battery_allow_control", "on"), "control", 20)


async def show_reason(page: Page) -> None:
    await picture(page, "too_hot")
    await page.get_by_title("Charge current limit reason", exact=True).click()
    dialog = page.locator("ha-more-info-dialog")
    await expect(dialog.get_by_text("Too hot to charge").first).to_be_visible()
    await picture(page, "reason")
    await page.keyboard.press("Escape")


async def press_reset(page: Page) -> None:
    await page.get_by_role("button", name="Press").first.click()


# What is looked at.


def told(server: VirtualServer) -> list[Switches]:
    """Return what was written to the pack, in order."""
    return [write.switches for write in server.writes]


async def state_is(hass: Hass, entity_id: str, value: str) -> bool:
    return (await hass.states())[entity_id]["state"] == value


async def events(hass: Hass) -> set[tuple[Any, ...]]:
    """Return every event of the protections so far, with its evidence."""
    history = await hass.get(f"/api/history/period?filter_entity_id={PROTECTION}")
    told = ("event_type", "level", "value", "threshold")
    return {tuple(state["attributes"].get(name) for name in told) for state in history[0]}


async def until(
    page: Page, holds: Callable[[], object], what: str, again: Callable[[Page], Awaitable[None]] | None = None
) -> None:
    """Wait for something on the wire, for half a minute at most; do `again` every two seconds."""
    for tenth in range(300):
        if again and not tenth % 20:
            await again(page)
        if holds():
            return
        await page.wait_for_timeout(100)
    raise AssertionError(f"not seen: {what}")
