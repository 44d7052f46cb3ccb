"""A pack that is built from parts, on real links behind a real Home Assistant: it closes, it is told, it lets go."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import ContactorState
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.hw.virtual.parts import MAIN, VirtualParts

from .conftest import PACK_ID, make_entry, ticks, until
from .parts_house import SWITCHES, House, commands, running, served, soon, subentry
from .test_translations import ONLY_OF_PARTS


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    soon(monkeypatch)


@pytest.fixture
async def world(socket_enabled: None) -> AsyncGenerator[VirtualParts]:
    """Return the boards and what they are wired to."""
    async with served() as world:
        yield world


@pytest.fixture
async def house(hass: HomeAssistant, world: VirtualParts) -> AsyncGenerator[House]:
    """Return the loaded system."""
    async with running(hass, world) as house:
        yield house


async def test_a_pack_of_parts_has_what_it_has(hass: HomeAssistant, house: House) -> None:
    rows = er.async_entries_for_config_entry(er.async_get(hass), house.entry.entry_id)
    assert {(row.domain, row.translation_key) for row in rows} >= ONLY_OF_PARTS
    # One contactor serves both directions, so there is one switch for it.
    assert not {"charge", "discharge"} & {row.translation_key for row in rows if row.domain == "switch"}
    assert house.pack.config.cells == 16
    assert house.pack.config.contactors.relays
    await until(lambda: house.state("sensor", "parts_control") == "possible")
    await until(lambda: {house.state("binary_sensor", f"member_{name}") for name in house.world.boards} == {"on"})
    assert house.attributes("binary_sensor", "member_monitor")["model"] == "Heltec virtual monitor"
    assert house.attributes("switch", "switch_bleeder")["friendly_name"] == "Pack 1 bleeder"


async def test_a_person_closes_the_contactor_through_its_precharge_and_home_assistants_end_lets_go_of_it(
    hass: HomeAssistant, house: House
) -> None:
    world = house.world
    assert house.state("switch", "contactor") in ("off", "unavailable")
    with pytest.raises(ServiceValidationError, match="may only read"):
        await house.turn("contactor", on=True)
    await house.control()
    states: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            states.append(event.data["new_state"].state)
            if event.data["entity_id"] == house.id("sensor", "contactor")
            else None
        ),
    )
    await house.turn("contactor", on=True)
    await until(lambda: house.contactor is ContactorState.CLOSED, within=15)
    await hass.async_block_till_done()
    assert world.pack.closed
    assert list(dict.fromkeys(states))[-3:] == ["precharge", "closing", "closed"]
    assert house.state("switch", "contactor") == "on"
    # The precharge relay has let go, and nothing is closed without an end.
    await until(lambda: not world.relays.relay(1))
    assert not any(command.endswith("ff00") for command in commands(world))

    await hass.async_stop(force=True)
    assert world.relays.relay(MAIN)
    # Nobody tells it to open: its pulse ends.
    await until(lambda: _look(world) is False, within=8)


def _look(world: VirtualParts) -> bool:
    world.world.catch_up()
    return world.pack.closed


async def test_a_contactor_that_does_not_open_is_told(hass: HomeAssistant, house: House) -> None:
    await house.close()
    house.world.inject("contactor_welded")
    await house.turn("contactor", on=False)
    await until(lambda: house.alarms & {"contactor_welded", "contactor_not_opening"}, within=15)
    await hass.async_block_till_done()
    (key,) = house.alarms & {"contactor_welded", "contactor_not_opening"}
    assert house.state("binary_sensor", key) == "on"
    assert house.state("sensor", "contactor") == "failed"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"call_{key}_{PACK_ID}")
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.CRITICAL
    # The relay itself has been told to let go.
    assert not house.world.relays.relay(MAIN)


async def test_a_set_that_may_only_be_watched_says_why_and_writes_nothing(
    hass: HomeAssistant, world: VirtualParts
) -> None:
    async with running(hass, world, subentry(world, pulse_restarts=None, **SWITCHES)) as house:
        assert er.async_get(hass).async_get_entity_id("switch", DOMAIN, f"{PACK_ID}_contactor") is None
        assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{PACK_ID}_contactor") is None
        assert not house.pack.config.contactors.relays
        await house.control()
        assert house.state("sensor", "parts_control") == "watched_only"
        (reason,) = house.attributes("sensor", "parts_control")["reasons"]
        assert reason.startswith("Whether relays restarts a running pulse was not tried yet")
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"parts_watched_only_{PACK_ID}")
        assert issue is not None
        assert reason in issue.translation_placeholders["problems"]
        with pytest.raises(HomeAssistantError, match="could not be switched"):
            await house.turn("switch_bleeder", on=True)
        await ticks(house.pack, 5)
        assert not any(command.startswith("05") for command in commands(world))
        # What was missing is told, and the pack is a pack that home_bms controls.
        pack = house.entry.subentries[PACK_ID]
        hass.config_entries.async_update_subentry(
            house.entry, pack, data={**pack.data, "parts": world.data(**SWITCHES)}
        )
        await until(lambda: house.entry.state is ConfigEntryState.LOADED and house.pack.config.contactors.relays)
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"parts_watched_only_{PACK_ID}") is None


async def test_what_is_meant_to_be_watched_is_no_trouble(hass: HomeAssistant, world: VirtualParts) -> None:
    data = world.data()
    data["members"] = data["members"][:2]
    async with running(hass, world, subentry(world, data)) as house:
        await until(lambda: house.state("sensor", "parts_control") == "watched_only")
        assert "Nobody measures the current." in house.attributes("sensor", "parts_control")["reasons"]
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"parts_watched_only_{PACK_ID}") is None


async def test_others_on_the_bus_keep_no_single_pack_from_closing(hass: HomeAssistant, world: VirtualParts) -> None:
    async with running(hass, world, subentry(world, {**world.data(), "shared_bus": True})) as house:
        assert house.pack.config.contactors.asks
        await house.close()
        assert house.pack.join is not None


async def test_diagnostics_name_the_parts_and_nobodys_address(hass: HomeAssistant, house: House) -> None:
    await ticks(house.pack, 1)
    (pack,) = (await async_get_config_entry_diagnostics(hass, house.entry))["packs"]
    assert pack["parts"]["devices"]["relays"] == "waveshare_relay_io"
    assert set(pack["parts"]["switches"]) == {"second string", "bleeder"}
    assert pack["parts"]["troubles"] == {}
    assert "127.0.0.1" not in json.dumps(pack["settings"])


@pytest.mark.parametrize("broken", [{"links": {}}, {"members": [{"name": "shunt", "device": "gone"}]}])
async def test_parts_that_cannot_be_read_are_a_set_up_error(
    hass: HomeAssistant, world: VirtualParts, broken: dict[str, Any]
) -> None:
    entry = make_entry(hass, subentry(world, {**world.data(), **broken}))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR


async def test_parts_that_are_no_pack_are_a_set_up_error(hass: HomeAssistant, world: VirtualParts) -> None:
    data = world.data()
    data["members"][0]["cells"] = [0, 1, 1, 3]
    entry = make_entry(hass, subentry(world, data))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.reason is not None
    assert "parts_cell_twice" in entry.reason
