"""No command of a remote operator breaks anything, whatever comes over MQTT: each is answered in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custom_components.home_bms.fleet import fleet
from custom_components.home_bms.fleet.commands import Commands
from custom_components.home_bms.fleet.settings import fleet_settings

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    auto_enable_custom_integrations,
    driver,
    drivers,
    nothing_from_a_thread,
    platforms,
    quick,
    scripted,
)
from tests.ha.fleet_house import FLEET, house

from .entrance import HANGS, within
from .material import any_bytes, spoilt_json

ASKED = (
    {"id": "1", "action": "request_power", "power": 500, "duration": 60},
    {"id": "2", "action": "hold_reserve", "reserve": 20, "duration": 60, "reason": "storm"},
    {"id": "3", "action": "release"},
)


def payloads() -> st.SearchStrategy[bytes]:
    written = st.sampled_from(ASKED).flatmap(spoilt_json).map(_written)
    return st.one_of(written, written, any_bytes(*[json.dumps(each).encode() for each in ASKED]))


def _written(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except RecursionError, ValueError:
        return b"[" * 2000


@pytest.mark.usefixtures("driver", "scripted")
def test_no_command_breaks(hass: HomeAssistant) -> None:
    entry = hass.loop.run_until_complete(house(hass))
    hass.loop.run_until_complete(entry.runtime_data.async_allow_control(True))
    asked = fleet_settings({"fleet": FLEET})
    assert asked is not None
    accepted = []

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(payloads())
    def throw(payload: bytes) -> None:
        # Each with others of its own: one who asks too often is not even read.
        commands = Commands(hass, entry, asked, fleet.Clock(hass))
        with within(HANGS):
            response = hass.loop.run_until_complete(commands.async_answer(payload, retained=False))
        assert response.key != "broke", payload
        accepted.append(response.accepted)

    throw()
    assert any(accepted)
