"""Further packs of a device that has one already, and packs whose entities are chosen anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import PACK_ID, make_entry, pack_subentry
from .entity_device import EntityPack
from .entity_flow import BATTERY, Flow


@pytest.fixture(autouse=True)
async def stays_unloaded(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Keep what the flows create from being set up."""
    assert await async_setup_component(hass, "modbus", {})
    with (
        patch("custom_components.home_bms.async_setup_entry", return_value=True),
        patch("custom_components.home_bms.async_unload_entry", return_value=True),
    ):
        yield


@pytest.fixture
def board(hass: HomeAssistant) -> EntityPack:
    """Return a pack that ESPHome has brought."""
    return EntityPack(hass)


# Several packs.


@pytest.fixture
def system(hass: HomeAssistant, board: EntityPack) -> MockConfigEntry:
    """Return a system with a pack that is made of the board's entities."""
    data = {
        "type": "entities",
        "device_id": board.device.id,
        "roles": board.roles(),
        "current_inverted": True,
        "changes_only": False,
        "model": "JK-B2A16S",
        "serial_number": "as it was set up",
        "hardware_ring": {},
        **{key: value for key, value in BATTERY.items() if key != "name"},
    }
    entry = make_entry(hass, {**pack_subentry(), "data": data, "unique_id": "as it was set up"})
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    return entry


async def test_an_entity_of_another_pack_is_neither_proposed_nor_taken(
    hass: HomeAssistant, board: EntityPack, system: MockConfigEntry
) -> None:
    second = [board.add("sensor", f"b cell voltage {number}", "3.4", "V") for number in range(1, 5)]
    flow = Flow(hass, system)
    await flow.begin(board.device.id)
    assert flow.form()["cells"] == second
    assert {"current", "voltage"}.isdisjoint(flow.form())
    assert (flow.form()["more"], flow.form()["control"]) == ({}, {})
    result = await flow.choose(current="sensor.cellar_current")
    assert result["errors"] == {"current": "entity_taken"}
    assert (flow.told["name"], flow.told["entity"]) == ("Pack 1", "sensor.cellar_current")


async def test_two_packs_of_one_device_are_two_packs(hass: HomeAssistant, board: EntityPack) -> None:
    first = Flow(hass)
    await first.begin(board.device.id)
    await first.choose()
    pack = await first.take()
    entry = first.result["result"]
    second = [board.add("sensor", f"b cell voltage {number}", "3.4", "V") for number in range(1, 5)]
    current = board.add("sensor", "b current", "1.0", "A")
    flow = Flow(hass, entry)
    await flow.begin(board.device.id)
    assert flow.form()["current"] == current
    await flow.choose()
    other = await flow.take()
    assert (other.data["cells"], other.data["temperature_sensors"]) == (4, 0)
    assert pack.unique_id == board.device.id
    assert other.unique_id == other.data["serial_number"] == f"{board.device.id}-{board.id_of(second[0])}"


# Changing a pack.


async def test_the_map_of_a_pack_is_corrected_under_its_present_names(
    hass: HomeAssistant, board: EntityPack, system: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    registry.async_update_entity("sensor.cellar_current", new_entity_id="sensor.amperes")
    registry.async_remove("sensor.cellar_cell_voltage_16")
    registry.async_remove("sensor.cellar_state_of_health")
    flow = Flow(hass, system, PACK_ID)
    await flow.begin(board.device.id)
    form = flow.form()
    assert form["current"] == "sensor.amperes"
    assert len(form["cells"]) == 15
    assert "soh" not in form["more"]
    assert form["current_inverted"] is True
    await flow.choose(current_inverted=False, temperatures=form["temperatures"][:2])
    pack = await flow.take()
    assert flow.result["reason"] == "reconfigure_successful"
    assert pack.unique_id == pack.data["serial_number"] == "as it was set up"
    # What is told by fewer entities is counted anew; what the user said of the battery stays.
    assert (pack.data["cells"], pack.data["temperature_sensors"]) == (15, 2)
    assert (pack.data["charge_current"], pack.data["current_inverted"]) == (100.0, False)
    assert "soh" not in pack.data["roles"]


async def test_a_pack_may_move_to_another_device_and_stays_the_same(
    hass: HomeAssistant, board: EntityPack, system: MockConfigEntry
) -> None:
    new = EntityPack(hass, "New board")
    flow = Flow(hass, system, PACK_ID)
    await flow.begin(new.device.id)
    assert flow.form()["current"] == "sensor.new_board_current"
    assert flow.form()["current_inverted"] is False
    await flow.choose()
    pack = await flow.take()
    assert pack.data["device_id"] == new.device.id
    assert pack.data["roles"] == new.roles()
    assert pack.data["serial_number"] == "as it was set up"
    assert pack.data["temperature_sensors"] == 4


async def test_cells_in_a_list_are_kept_as_one(hass: HomeAssistant) -> None:
    board = EntityPack(hass, "SmartBat", domain="bms_ble", sensors=False)
    delta = board.add("sensor", "delta voltage", "0.01", "V", cell_voltages=[3.3, 3.31, 3.3, 3.3])
    warm = board.add("sensor", "temperature", "21.5", "°C", temperature_sensors=[21.0, 22.0])
    board.add("sensor", "current", "0", "A")
    board.add("sensor", "voltage", "13.21", "V")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert flow.form()["cells"] == [delta]
    assert "- Cells, in their order: 4 × 3.300 – 3.310 V" in flow.told["preview"]
    await flow.choose()
    pack = await flow.take()
    kept = {
        "cells": [f"{board.id_of(delta)}#cell_voltages"],
        "temperatures": [f"{board.id_of(warm)}#temperature_sensors"],
    }
    assert kept.items() <= pack.data["roles"].items()
    assert (pack.data["cells"], pack.data["temperature_sensors"]) == (4, 2)

    # The list is away while the battery sleeps; that makes its name no cell.
    board.tell(delta, "unavailable")
    change = Flow(hass, flow.result["result"], pack.subentry_id)
    await change.begin(board.device.id)
    assert change.form()["cells"] == [delta]
    await change.choose()
    changed = await change.take()
    assert changed.data["roles"] == pack.data["roles"]
    assert (changed.data["cells"], changed.data["temperature_sensors"]) == (4, 2)
    # Two of them are two cells.
    again = Flow(hass, flow.result["result"], pack.subentry_id)
    await again.begin(board.device.id)
    board.tell(delta, "0.01")
    await again.choose(cells=[delta, "sensor.smartbat_voltage"], voltage=None)
    assert again.result["errors"] == {"cells": "entity_value"}


async def test_a_modules_entities_belong_to_its_device(hass: HomeAssistant, board: EntityPack) -> None:
    child = dr.async_get(hass).async_get_or_create_child(
        config_entry_id=board.device.config_entry_id,
        parent_device_id=board.device.id,
        identifiers={("esphome", "module")},
        name="Module",
    )
    er.async_get(hass).async_update_entity("sensor.cellar_cell_voltage_16", device_id=child.id)
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert len(flow.form()["cells"]) == 16
