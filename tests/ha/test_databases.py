"""The examples for databases do in Home Assistant what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant.components.influxdb import CONFIG_SCHEMA as INFLUXDB
from homeassistant.components.recorder import CONFIG_SCHEMA as RECORDER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entityfilter import convert_include_exclude_filter
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .conftest import PACK_ID, ScriptedDriver, make_entry, set_up, ticks

PAGE = (Path(__file__).parents[2] / "docs" / "databases.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
QUERIES = re.findall(r"^\| [^|]+ \| `([a-z_]+)\{entity(=~?)\"([^\"]+)\"", PAGE, re.MULTILINE)


def example(domain: str) -> dict[str, Any]:
    """Return the one example for an integration."""
    (found,) = [block for block in BLOCKS if domain in block]
    return found


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.BINARY_SENSOR, Platform.EVENT]


async def test_prometheus_is_told_what_the_queries_ask_for(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "prometheus", example("prometheus"))
    entry = make_entry(hass)
    await set_up(hass, entry)
    await ticks(entry.runtime_data.packs[PACK_ID])
    await hass.async_block_till_done()
    hass.states.async_set("sensor.kitchen_temperature", "20", {"unit_of_measurement": "°C"})
    await hass.async_block_till_done()

    answer = await (await hass_client()).get("/api/prometheus")
    assert answer.status == 200
    metrics = await answer.text()
    assert "kitchen" not in metrics
    assert "time_between_readings" not in metrics
    assert len(QUERIES) == 4
    for metric, operator, entity in QUERIES:
        pattern = entity if operator == "=~" else re.escape(entity)
        found = re.findall(rf'^{metric}{{[^}}]*entity="{pattern}"[^}}]*}} (\S+)$', metrics, re.MULTILINE)
        assert found, (metric, entity)
    cells = re.findall(r'^home_sensor_voltage_v\{.*"sensor\.pack_1_cell_\d+".*\} 3\.3$', metrics, re.MULTILINE)
    assert len(cells) == 16


async def test_influxdb_takes_the_example_and_sends_what_it_says(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    settings = INFLUXDB(example("influxdb"))["influxdb"]
    assert settings["tags"] == {"site": "home"}
    # The connection is the integration's own to ask for; in YAML Home Assistant would complain about it.
    assert not settings.keys() & {"host", "token", "api_version", "username", "bucket"}
    sent = convert_include_exclude_filter(settings)
    await set_up(hass, make_entry(hass))
    ours = {state.entity_id for state in hass.states.async_all()}
    assert {entity for entity in ours if not sent(entity)} >= {"sensor.pack_1_time_between_readings"}
    for entity in (
        "sensor.home_battery_state_of_charge",
        "sensor.pack_1_cell_1",
        "sensor.pack_1_charge_current_limit",
        "event.pack_1_protection",
    ):
        assert entity in ours
        assert sent(entity)
    assert not sent("sensor.kitchen_temperature")


def test_the_recorder_takes_the_example() -> None:
    settings = RECORDER(example("recorder"))["recorder"]
    assert settings["db_url"].startswith("postgresql://")
