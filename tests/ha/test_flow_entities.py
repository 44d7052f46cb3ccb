"""A user makes a pack of what Home Assistant has already, corrects the proposal, and cannot go wrong unnoticed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.flow.entities import DEVICE_SCHEMA, OPTIONS
from custom_components.home_bms.packs.roles import SLOTS, Group

from .conftest import PACK_ID, make_entry
from .entity_device import CELLS, EntityPack
from .entity_flow import Flow


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


async def test_a_pack_is_made_of_a_device_as_proposed(hass: HomeAssistant, board: EntityPack) -> None:
    flow = Flow(hass)
    await flow.begin(board.device.id)
    cells = [f"sensor.cellar_cell_voltage_{number}" for number in range(1, CELLS + 1)]
    assert flow.form() == {
        "cells": cells,
        "temperatures": [f"sensor.cellar_temperature_sensor_{number}" for number in range(1, 5)],
        "current": "sensor.cellar_current",
        "voltage": "sensor.cellar_total_voltage",
        "current_inverted": False,
        "changes_only": False,
        "more": {
            "switch_temperature": "sensor.cellar_power_tube_temperature",
            "soc": "sensor.cellar_state_of_charge",
            "soh": "sensor.cellar_state_of_health",
            "full_capacity": "sensor.cellar_battery_capacity",
            "cycles": "sensor.cellar_charging_cycles",
        },
        "control": {
            "charge_switch": "switch.cellar_charging",
            "discharge_switch": "switch.cellar_discharging",
            "balance_switch": "switch.cellar_balancer",
            "charge_state": "binary_sensor.cellar_charging",
            "discharge_state": "binary_sensor.cellar_discharging",
            "balance_state": "binary_sensor.cellar_balancing",
        },
    }
    preview = flow.told["preview"].splitlines()
    assert preview[:4] == [
        "- Cells, in their order: 16 × 3.300 – 3.300 V",
        "- Cell temperatures: 4 × 25.0 – 25.0 °C",
        "- Current: -10.0 A (discharging)",
        "- Pack voltage: 52.8 V",
    ]
    assert "- Charge switch: on" in preview
    assert preview[-1] == "- Oldest of the values that limits rest on: 0 s"
    await flow.choose()
    assert flow.result["step_id"] == "review"
    assert flow.told["preview"] == "\n".join(preview)
    assert flow.told["gaps"] == "- Nothing that control needs."
    pack = await flow.take()
    assert pack.unique_id == board.device.id
    assert pack.title == "Cellar"
    data = pack.data
    assert (data["type"], data["device_id"], data["model"]) == ("entities", board.device.id, "JK-B2A16S")
    assert data["roles"] == board.roles()
    assert data["serial_number"] == board.device.id
    assert (data["cells"], data["temperature_sensors"], data["capacity"]) == (16, 4, 280.0)
    assert (data["current_inverted"], data["changes_only"]) == (False, False)


async def test_the_user_corrects_what_was_proposed_and_sees_it_before_it_is_taken(
    hass: HomeAssistant, board: EntityPack
) -> None:
    board.add("sensor", "shunt", "10.0", "A")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    cells = flow.form()["cells"]
    await flow.choose(cells=cells[:15], current="sensor.cellar_shunt", current_inverted=True)
    assert "15 × 3.300" in flow.told["preview"]
    assert "- Current: -10.0 A (discharging)" in flow.told["preview"]
    assert flow.told["gaps"].startswith("- The cells' sum is not the pack voltage")
    # Not what was meant: once more.
    await flow.go({"next_step_id": "roles"})
    assert flow.form()["cells"] == cells[:15]
    await flow.choose(cells=cells[::-1], changes_only=True)
    data = (await flow.take()).data
    assert data["roles"]["cells"] == board.roles()["cells"][::-1]
    assert data["roles"]["current"] == [board.id_of("sensor.cellar_shunt")]
    assert (data["current_inverted"], data["changes_only"]) == (True, True)


async def test_what_control_lacks_is_explained_and_not_refused(hass: HomeAssistant, board: EntityPack) -> None:
    flow = Flow(hass)
    await flow.begin(board.device.id)
    await flow.choose(temperatures=None, voltage=None, charge_switch=None, discharge_switch=None)
    lines = flow.told["gaps"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "- Cell temperatures",
        "- The pack voltage",
        "- A charge switch or limit",
        "- A discharge switch or limit",
    ]
    data = (await flow.take()).data
    assert data["temperature_sensors"] == 0
    assert "charge_switch" not in data["roles"]


async def test_old_values_are_pointed_out(hass: HomeAssistant, board: EntityPack) -> None:
    board.tell("sensor.cellar_cell_voltage_9", "3.3", timestamp=time.time() - 12.0)
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert flow.told["preview"].endswith("limits rest on: 12 s")
    await flow.choose()
    assert flow.told["gaps"].startswith("- Fresh values")


async def test_values_that_are_missing_are_shown_as_such(hass: HomeAssistant, board: EntityPack) -> None:
    board.tell("sensor.cellar_cell_voltage_3", "unavailable")
    board.tell("sensor.cellar_state_of_health", "unknown")
    board.tell("switch.cellar_charging", "unknown")
    board.tell("switch.cellar_discharging", "off")
    board.tell("sensor.cellar_current", "0.0")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    preview = flow.told["preview"].splitlines()
    assert "- Cells, in their order: 16 × 3.300 – 3.300 V, 1 of them tell nothing" in preview
    assert "- State of health: tells nothing" in preview
    assert "- Charge switch: tells nothing" in preview
    assert "- Discharge switch: off" in preview
    assert "- Current: 0.0 A (resting)" in preview


# What is refused.


async def test_home_bmss_own_devices_are_refused(hass: HomeAssistant) -> None:
    entry = make_entry(hass)
    own = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, PACK_ID)}, name="Pack 1"
    )
    flow = Flow(hass)
    result = await flow.begin(own.id)
    assert result["errors"] == {"device_id": "own_device"}


async def test_a_device_without_sensors_and_one_that_is_gone_are_refused(hass: HomeAssistant) -> None:
    bare = EntityPack(hass, "Plug", sensors=False)
    bare.add("switch", "relay", "on")
    flow = Flow(hass)
    assert (await flow.begin(bare.device.id))["errors"] == {"device_id": "no_sensors"}
    assert (await flow.go({"device_id": "0123456789abcdef"}))["errors"] == {"device_id": "no_device"}
    board = EntityPack(hass)
    assert (await flow.go({"device_id": board.device.id}))["step_id"] == "roles"


async def test_a_device_whose_names_tell_nothing_is_filled_in_by_hand(hass: HomeAssistant) -> None:
    board = EntityPack(hass, "Meter", sensors=False)
    volt, ampere = board.add("sensor", "u", "3.3", "V"), board.add("sensor", "i", "1.0", "A")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert flow.form() == {"current_inverted": False, "changes_only": False, "more": {}}
    # A device without switches has no field for them, and no other device's entities are offered.
    assert {str(key) for key in flow.result["data_schema"].schema} == {
        *(role.value for role, slot in SLOTS.items() if slot.group is Group.MEASURED),
        *OPTIONS,
        "more",
    }
    assert (await flow.choose())["errors"] == {"cells": "cells_not_chosen"}
    assert (await flow.choose(cells=[volt]))["errors"] == {"current": "current_not_chosen"}
    assert (await flow.choose(current=ampere))["step_id"] == "review"
    other = EntityPack(hass, "Cellar")
    await flow.go({"next_step_id": "roles"})
    with pytest.raises(InvalidData):
        await flow.choose(current=other.entity("sensor", "current"))


@pytest.mark.parametrize(
    ("changes", "place", "error", "told"),
    [
        (
            {"voltage": "sensor.cellar_current"},
            "voltage",
            "entity_twice",
            {"field": "Pack voltage", "other": "Current", "entity": "sensor.cellar_current"},
        ),
        (
            {"cells": ["sensor.cellar_cell_voltage_1", "sensor.cellar_cell_voltage_1"]},
            "cells",
            "entity_twice",
            {"field": "Cells, in their order", "other": "Cells, in their order"},
        ),
        (
            {"voltage": "sensor.cellar_battery_capacity", "full_capacity": None},
            "voltage",
            "entity_unit",
            {"field": "Pack voltage", "unit": "Ah", "permitted": "MV, V, kV, mV, μV"},
        ),
        (
            {"soc": "sensor.cellar_charging_cycles", "cycles": None},
            "base",
            "entity_unit",
            {"field": "State of charge", "unit": "-", "permitted": "%"},
        ),
        (
            {"cells": ["sensor.cellar_total_voltage"], "voltage": None},
            "cells",
            "entity_value",
            {"value": "52.8 V", "minimum": "0 V", "maximum": "5 V", "field": "Cells, in their order"},
        ),
    ],
)
async def test_a_wrong_choice_is_named(
    hass: HomeAssistant, board: EntityPack, changes: dict[str, Any], place: str, error: str, told: dict[str, str]
) -> None:
    flow = Flow(hass)
    await flow.begin(board.device.id)
    result = await flow.choose(**changes)
    assert result["errors"] == {place: error}
    assert told.items() <= flow.told.items()
    # What was chosen is still there, to be corrected.
    assert flow.form().get("voltage") == changes.get("voltage", "sensor.cellar_total_voltage")
    assert (await flow.begin(board.device.id))["step_id"] == "roles"


async def test_a_pack_that_would_tell_its_limit_back_is_refused(hass: HomeAssistant, board: EntityPack) -> None:
    """The number is given the limit and the sensor shows it: heeded, it would only ever fall."""
    given = board.add("number", "charging current", "40", "A", min=0, max=100, step=1)
    told = board.add("sensor", "charge current limit", "40", "A")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert flow.form()["more"]["asked_charge"] == told
    result = await flow.choose(charge_limit=given)
    assert result["errors"] == {"base": "limit_told_back"}
    assert {"field": "Requested charge current", "other": "Charge current limit"}.items() <= flow.told.items()
    assert (await flow.choose(charge_limit=None))["step_id"] == "review"


async def test_a_switch_that_merely_assumes_where_it_is_needs_a_sensor(hass: HomeAssistant, board: EntityPack) -> None:
    for name in ("charging", "balancer"):
        board.tell(f"switch.cellar_{name}", "on", assumed_state=True)
    flow = Flow(hass)
    await flow.begin(board.device.id)
    # That the balancer rests does not say that it is off.
    assert (await flow.choose())["errors"] == {"base": "entity_assumed"}
    assert flow.told["field"] == "Balancer switch"
    assert (await flow.choose(balance_switch=None, charge_state=None))["errors"] == {"base": "entity_assumed"}
    assert flow.told["entity"] == "switch.cellar_charging"
    assert (await flow.choose(charge_state="binary_sensor.cellar_charging"))["step_id"] == "review"


async def test_a_device_that_tells_nothing_can_be_tried_again(hass: HomeAssistant, board: EntityPack) -> None:
    states = {state.entity_id: state.state for state in hass.states.async_all() if "cellar" in state.entity_id}
    for entity_id in states:
        board.tell(entity_id, "unavailable")
    flow = Flow(hass)
    await flow.begin(board.device.id)
    assert (await flow.choose())["errors"] == {"base": "nothing_told"}
    assert "- Current: tells nothing" in flow.told["preview"]
    for entity_id, state in states.items():
        board.tell(entity_id, state)
    assert (await flow.choose())["step_id"] == "review"


# Words.


def test_every_role_is_called_the_same_everywhere() -> None:
    folder = Path(__file__).parents[2] / "custom_components" / "home_bms" / "translations"
    for language in ("en", "de"):
        texts = json.loads((folder / f"{language}.json").read_text())
        names = texts["selector"]["role"]["options"]
        assert set(names) == {role.value for role in SLOTS}
        for flow in (texts["config"], texts["config_subentries"]["pack"]):
            steps = flow["step"]
            assert set(steps["entities"]["data"]) == {str(key) for key in DEVICE_SCHEMA.schema}
            form = steps["roles"]
            groups = {Group.MEASURED: form, **{Group(key): part for key, part in form["sections"].items()}}
            assert set(groups) == set(Group)
            for group, part in groups.items():
                fields = {role.value for role, slot in SLOTS.items() if slot.group is group}
                named = {key: name for key, name in part["data"].items() if key not in OPTIONS}
                assert named == {key: names[key] for key in fields}
                assert set(part["data_description"]) == set(part["data"])
            assert set(steps["review"]["menu_options"]) == {"take", "roles"}
