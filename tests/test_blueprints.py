"""The blueprints do in Home Assistant what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import yaml as yaml_util
from pytest_homeassistant_custom_component.common import async_mock_service

NOTIFY: Final = Path(__file__).parent.parent / "blueprints" / "automation" / "home_bms" / "notify_protection.yaml"
EVENT: Final = "event.garage_pack_protection"


def load(path: Path) -> Blueprint:
    """Read a blueprint as Home Assistant does, its schema included."""
    return Blueprint(
        yaml_util.load_yaml_dict(path),
        expected_domain="automation",
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


def tell(hass: HomeAssistant, when: str, **attributes: Any) -> None:
    """Let the pack's event entity tell something, as event.py does."""
    hass.states.async_set(EVENT, when, attributes)


@pytest.fixture
async def messages(hass: HomeAssistant) -> list[str]:
    """Set the blueprint up with a message as its action; return what it says."""
    calls = async_mock_service(hass, "test", "tell")
    automation = {
        "use_blueprint": {
            "path": NOTIFY.name,
            "input": {
                "protection_event": EVENT,
                "then": [{"action": "test.tell", "data": {"message": "{{ message }}"}}],
            },
        }
    }
    tell(hass, "unknown")
    with patch.object(DomainBlueprints, "_load_blueprint", lambda self, path: load(NOTIFY)):
        assert await async_setup_component(hass, "automation", {"automation": automation})
        await hass.async_block_till_done()
    return calls


def test_blueprint_is_one_that_home_assistant_takes() -> None:
    blueprint = load(NOTIFY)
    assert blueprint.validate() is None
    assert set(blueprint.inputs) == {"protection_event", "levels", "then"}


async def test_a_trip_is_told_with_its_evidence(hass: HomeAssistant, messages: list[Any]) -> None:
    tell(hass, "2026-11-22T10:00:00", protection="charge_overtemperature", level="trip", value=57.0, threshold=55.0)
    await hass.async_block_till_done()
    said = [call.data["message"] for call in messages]
    assert said == [f"{EVENT}: charge overtemperature, trip (57.0 against 55.0)"]


async def test_a_lost_link_has_no_value_to_tell(hass: HomeAssistant, messages: list[Any]) -> None:
    tell(hass, "2026-11-22T10:00:00", protection="communication_lost", level="protect", value=None, threshold=None)
    await hass.async_block_till_done()
    assert [call.data["message"] for call in messages] == [f"{EVENT}: communication lost, protect"]


async def test_a_level_that_was_not_chosen_is_not_told(hass: HomeAssistant, messages: list[Any]) -> None:
    tell(hass, "2026-11-22T10:00:00", protection="cell_difference", level="warn", value=0.04, threshold=0.03)
    await hass.async_block_till_done()
    assert messages == []


async def test_a_restart_repeats_nothing(hass: HomeAssistant, messages: list[Any]) -> None:
    last = {"protection": "cell_overvoltage", "level": "trip", "value": 3.7, "threshold": 3.65}
    tell(hass, "unavailable")
    tell(hass, "2026-11-22T10:00:00", **last)
    tell(hass, "unavailable")
    await hass.async_block_till_done()
    assert messages == []
