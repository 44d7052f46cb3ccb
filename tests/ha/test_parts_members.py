"""A pack's members fall silent and come back, and the switches that people gave to their relays are guarded."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from homeassistant.components.switch.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import Level
from custom_components.home_bms.hw.virtual.parts import MAIN, VirtualParts
from custom_components.home_bms.switch import ExtraRelay
from custom_components.home_bms.watching import Link

from .conftest import PACK_ID, ticks, until
from .parts_house import House, commands, running, served, soon, subentry


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


async def test_an_unplugged_member_takes_the_permissions_with_it_and_is_named(
    hass: HomeAssistant, house: House
) -> None:
    await until(lambda: house.pack.latest.decision.charge_permitted, within=30)
    house.world.inject("board_silent", board="monitor")
    await until(lambda: house.state("binary_sensor", "member_monitor") == "off")
    assert house.attributes("binary_sensor", "member_monitor")["trouble"] == "no_answer"
    await until(lambda: not house.pack.latest.decision.charge_permitted, within=20)
    await hass.async_block_till_done()
    assert house.state("sensor", "ccl") == house.state("sensor", "dcl") == "0.0"
    assert house.state("sensor", "ccl_reason") in ("value_missing", "data_missing")
    # Its neighbours go on telling what is theirs.
    await until(lambda: house.state("binary_sensor", "member_shunt") == "on")
    assert None not in house.pack.latest.believed.temperatures
    house.world.clear()
    await until(lambda: house.pack.latest.decision.charge_permitted, within=60)
    assert house.state("binary_sensor", "member_monitor") == "on"


async def test_to_a_stranger_among_the_members_nothing_is_written_and_the_contactor_falls(
    hass: HomeAssistant, house: House
) -> None:
    await house.close()
    world = house.world
    world.boards["monitor"].info = replace(world.info, serial_number="0001-0002-0003-0004")
    await until(lambda: house.pack.statistics.link is Link.FOREIGN, within=30)
    await until(lambda: not world.relays.relay(MAIN), within=20)
    written = [asked for asked in commands(world) if asked.startswith("05")]
    await ticks(house.pack, 10)
    assert [asked for asked in commands(world) if asked.startswith("05")] == written
    assert house.pack.latest.decision.ccl.value == 0.0
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"identity_changed_{PACK_ID}")
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable) == ("member_changed", False)
    assert "monitor 0001" in (issue.translation_placeholders or {})["error"].replace("\\", "")
    # A member is no new BMS of the whole pack.
    assert house.pack.stranger is None


async def test_a_switch_of_the_users_own_closes_only_when_that_is_safe_and_is_held(
    hass: HomeAssistant, house: House
) -> None:
    world, key = house.world, "switch_second string"
    with pytest.raises(ServiceValidationError, match="may only read"):
        await house.turn(key, on=True)
    await house.control()
    world.inject("dead_temperature_sensor", 1)
    await until(lambda: None in house.pack.latest.believed.temperatures)
    with pytest.raises(ServiceValidationError, match="not everything about the pack is known"):
        await house.turn(key, on=True)
    assert not world.relays.relay(3)
    world.clear()
    await until(lambda: house.pack.latest.decision.charge_permitted, within=60)
    await house.turn(key, on=True)
    assert world.relays.relay(3)
    assert house.state("switch", key) == "on"
    # It is held by pulses of a few seconds each.
    begun = commands(world).count("0502030032")
    await until(lambda: commands(world).count("0502030032") > begun)
    # Opening needs no permission of anybody.
    await house.entry.runtime_data.async_allow_control(False)
    await house.turn(key, on=False)
    assert not world.relays.relay(3)
    assert house.state("switch", key) == "off"


async def test_a_switch_with_a_contact_shows_where_it_is_and_a_silent_board_makes_it_unavailable(
    hass: HomeAssistant, house: House
) -> None:
    world, key = house.world, "switch_bleeder"
    world.relays.contacts[4] = lambda: True
    await until(lambda: house.state("switch", key) == "on")
    world.inject("board_silent", board="relays")
    await until(lambda: house.state("switch", key) == "unavailable")
    parts = house.pack.parts
    assert parts is not None
    await until(lambda: parts.extra_switches["bleeder"].commanded is None)
    # An automation that asks for it all the same hears that it failed.
    entity = hass.data[DATA_COMPONENT].get_entity(house.id("switch", key))
    assert isinstance(entity, ExtraRelay)
    with pytest.raises(HomeAssistantError, match="bleeder could not be switched"):
        await entity.async_turn_off()
    world.clear()
    await until(lambda: house.state("switch", key) == "on")


async def test_what_trips_opens_a_switch_of_the_users_own_and_keeps_it_open(hass: HomeAssistant, house: House) -> None:
    world, key = house.world, "switch_second string"
    await house.control()
    await house.turn(key, on=True)
    assert world.relays.relay(3)
    world.inject("hot_cell_now", 2, 70.0)
    await until(lambda: house.pack.latest.decision.worst is Level.TRIP, within=30)
    await until(lambda: not world.relays.relay(3))
    await until(lambda: house.state("switch", key) == "off")
    with pytest.raises(ServiceValidationError, match="a protection has tripped"):
        await house.turn(key, on=True)


async def test_a_member_that_was_not_heard_yet_says_nothing_about_what_it_guards(
    hass: HomeAssistant, world: VirtualParts
) -> None:
    world.inject("board_silent", board="monitor")
    ring = {"cell_overvoltage": 3.65, "cell_undervoltage": 2.5, "charge_current": 140.0, "discharge_current": 140.0}
    pack = subentry(world)
    async with running(hass, world, {**pack, "data": {**pack["data"], "hardware_ring": ring}}) as house:
        await until(lambda: house.state("binary_sensor", "member_shunt") == "on", within=20)
        assert house.pack.parts is not None
        assert house.pack.parts.members["monitor"] is None
        assert house.attributes("binary_sensor", "member_monitor")["model"] is None
        assert house.entry.subentries[PACK_ID].data["hardware_ring"] == ring
        world.clear()
        await until(lambda: house.pack.parts is not None and None not in house.pack.parts.members.values(), within=40)
        await ticks(house.pack, 2)
        assert house.entry.subentries[PACK_ID].data["hardware_ring"] == ring
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"hardware_ring_changed_{PACK_ID}") is None
