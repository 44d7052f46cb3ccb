"""No action breaks, whatever it is called with: it does what is asked, or refuses in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import probatio as vol
import pytest
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import services
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    PACK_ID,
    auto_enable_custom_integrations,
    driver,
    drivers,
    entry,
    nothing_from_a_thread,
    pack,
    platforms,
    quick,
    scripted,
)

from .entrance import HANGS, within
from .files import LEARNED
from .grid import EVENTS
from .material import json_values, spoilt_json, texts

WAITS: Final = frozenset({"capture_can", "self_test"})
"""Actions that take their time, and nothing else: a number of seconds that its schema bounds, and nothing at all."""
SHARE: Final = 0.2
"""Of the examples that the profile names, for each action."""
PACK: Final = {
    "schema": "home_bms.pack",
    "version": 1,
    "title": "Another",
    "unique_id": "JK-0009",
    "data": {
        "type": "tcp",
        "host": "127.0.0.1",
        "port": 503,
        "unit_id": 2,
        "model": "jk_pb",
        "serial_number": "JK-0009",
        "chemistry": "lfp",
        "cells": 16,
        "capacity": 280.0,
        "charge_current": 140.0,
        "discharge_current": 140.0,
        "temperature_sensors": 4,
        "thresholds": {"cell_overvoltage_trip": 3.65},
        "hardware_ring": {"cell_overvoltage": 3.65},
        "can": {"interface": "socketcan", "channel": "can0"},
        "parts": {},
    },
}
SOUND: Final[Mapping[str, tuple[Any, ...]]] = {
    "capacity": (280.0,),
    "cell": (1, 16),
    "charge_power": (1000,),
    "charge_to": (80,),
    "days": (["mon", "sun"],),
    "duration": ("01:00:00", {"hours": 1}, 3600, {"days": 1e300}),
    "end": ("2026-12-01 00:00:00", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00"),
    "events": (EVENTS,),
    "fault": ("spike",),
    "from": ("2026-01-01 00:00:00",),
    "last_day": ("2027-01-01", "9999-12-31", "0001-01-01"),
    "learned": (LEARNED,),
    "limits": ({"charge_current": 40},),
    "mode": ("rest", "always"),
    "name": ("a",),
    "owner": ("somebody",),
    "pack": (PACK,),
    "power": (500, -500),
    "priority": (50, 10**400),
    "programme": ("Flexibility",),
    "ready_by": ("2026-12-01 00:00:00",),
    "reserve": (20,),
    "soc": (50, "nan", "inf", -1),
    "start": ("2026-12-01 00:00:00", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00"),
    "to": ("2026-01-02 00:00:00",),
    "until": ("2026-12-01 00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
}


def calls(action: services.Action) -> st.SearchStrategy[dict[str, Any]]:
    """Return what an action may be called with: its own fields, sound, spoilt, or anything at all."""
    fields = {}
    for marker in action.schema:
        sound = SOUND.get(str(marker), ())
        values = st.one_of(json_values, texts)
        if sound:
            values = st.one_of(
                st.sampled_from(sound), st.sampled_from(sound), st.sampled_from(sound).flatmap(spoilt_json), values
            )
        fields[str(marker)] = values
    needed = {str(marker): fields[str(marker)] for marker in action.schema if isinstance(marker, vol.Required)}
    return st.fixed_dictionaries(needed, optional={name: each for name, each in fields.items() if name not in needed})


@pytest.mark.parametrize("name", [name for name in services.ACTIONS if name not in WAITS])
def test_no_action_breaks(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, name: str) -> None:  # noqa: F811
    action = services.ACTIONS[name]
    registry = dr.async_get(hass)
    devices = [registry.async_get_device_by_identifier((DOMAIN, key), ENTRY_ID) for key in (PACK_ID, ENTRY_ID)]
    places = st.sampled_from([device.id for device in devices if device is not None])

    async def call(place: str, data: dict[str, Any]) -> None:
        answers = action.answers is not SupportsResponse.NONE
        async with asyncio.timeout(HANGS):
            await hass.services.async_call(
                DOMAIN, name, {"device_id": place, **data}, blocking=True, context=Context(), return_response=answers
            )

    @settings(
        max_examples=max(10, round(settings().max_examples * SHARE)),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(places, calls(action))
    def throw(place: str, data: dict[str, Any]) -> None:
        with within(HANGS), suppress(vol.Invalid, HomeAssistantError):
            hass.loop.run_until_complete(call(place, data))
        # What was taken over can still be written: trips and wishes stand in the same file.
        json_bytes(entry.runtime_data.store._content())

    throw()
