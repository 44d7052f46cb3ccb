"""The blueprints do in Home Assistant what they promise."""

from __future__ import annotations

from dataclasses import replace
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

from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason
from custom_components.home_bms.story import facts

NOTIFY: Final = Path(__file__).parent.parent / "blueprints" / "automation" / "home_bms" / "notify_protection.yaml"
EVENT: Final = "event.garage_pack_protection"
ACTIONS: Final = ("tell", "lamp", "siren")
HOT: Final = Alarm(
    key="charge_overtemperature",
    level=Level.TRIP,
    flow=Flow.CHARGE,
    reason=Reason(rule="charge_overtemperature", sensor=2, value=57.0, threshold=55.0),
)


def load(path: Path) -> Blueprint:
    """Read a blueprint as Home Assistant does, its schema included."""
    return Blueprint(
        yaml_util.load_yaml_dict(path),
        expected_domain="automation",
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


class User:
    """One who has set the blueprint up: a message each time, a lamp when it is serious, a siren when it is critical."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self.messages, self.lamp, self.siren = (async_mock_service(hass, "test", name) for name in ACTIONS)

    async def set_up(self, **inputs: Any) -> None:
        automation = {
            "use_blueprint": {
                "path": NOTIFY.name,
                "input": {
                    "protection_event": [EVENT],
                    "then": [{"action": "test.tell", "data": {"message": "{{ message }}", "data": "{{ loudness }}"}}],
                    "louder": [{"action": "test.lamp"}],
                    "loudest": [{"action": "test.siren"}],
                    **inputs,
                },
            }
        }
        self._hass.states.async_set(EVENT, "unknown")
        with patch.object(DomainBlueprints, "_load_blueprint", lambda self, path: load(NOTIFY)):
            assert await async_setup_component(self._hass, "automation", {"automation": automation})
            await self._hass.async_block_till_done()

    async def hears(self, alarm: Alarm, became: str, root: Alarm | None = None) -> None:
        """Let the pack's event entity tell something, as event.py does."""
        told = facts(alarm, became, root or alarm, acting=True)
        self._hass.states.async_set(EVENT, "2026-11-22T10:00:00", told | {"message": f"{alarm.key}, {became}"})
        await self._hass.async_block_till_done()

    @property
    def said(self) -> list[str]:
        return [call.data["message"] for call in self.messages]


@pytest.fixture
async def user(hass: HomeAssistant) -> User:
    user = User(hass)
    await user.set_up()
    return user


def test_blueprint_is_one_that_home_assistant_takes() -> None:
    blueprint = load(NOTIFY)
    assert blueprint.validate() is None
    assert set(blueprint.inputs) == {"protection_event", "levels", "consequences", "then", "louder", "loudest"}


@pytest.mark.parametrize(
    ("became", "lamp", "siren", "loudness"),
    [
        ("reset", 0, 0, {"push": {"interruption-level": "passive"}}),
        ("warn", 0, 0, {"push": {"interruption-level": "active"}}),
        ("protect", 1, 0, {"ttl": 0, "priority": "high", "push": {"interruption-level": "time-sensitive"}}),
        (
            "trip",
            1,
            1,
            {
                "ttl": 0,
                "priority": "high",
                "channel": "alarm_stream",
                "push": {
                    "interruption-level": "critical",
                    "sound": {"name": "default", "critical": 1, "volume": 1.0},
                },
            },
        ),
    ],
)
async def test_the_graver_it_is_the_louder_it_is_told(
    hass: HomeAssistant, became: str, lamp: int, siren: int, loudness: dict[str, Any]
) -> None:
    user = User(hass)
    await user.set_up(levels=["warn", "protect", "trip", "reset"])
    await user.hears(HOT, became)
    assert user.said == [f"{EVENT}: charge_overtemperature, {became}"]
    assert user.messages[0].data["data"] == loudness
    assert (len(user.lamp), len(user.siren)) == (lamp, siren)


async def test_a_level_that_was_not_chosen_is_not_told(user: User) -> None:
    await user.hears(HOT, "warn")
    assert user.said == []


@pytest.mark.parametrize(("curious", "told"), [(False, 0), (True, 1)])
async def test_what_only_follows_from_something_else_is_told_where_it_is_wished(
    hass: HomeAssistant, curious: bool, told: int
) -> None:
    user = User(hass)
    await user.set_up(consequences=curious)
    await user.hears(HOT, "trip", replace(HOT, key="temperature_rise"))
    assert len(user.said) == told


async def test_a_restart_repeats_nothing(hass: HomeAssistant, user: User) -> None:
    hass.states.async_set(EVENT, "unavailable")
    await user.hears(HOT, "trip")
    hass.states.async_set(EVENT, "unavailable")
    await hass.async_block_till_done()
    assert user.said == []
