"""Whatever stands in home_bms's own files, a system starts and lives on, or says why not, and is permitted no more."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_bytes
from hypothesis import HealthCheck, event, given, settings
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import Level
from custom_components.home_bms.leases import programme

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    PACK_ID,
    ScriptedDriver,
    auto_enable_custom_integrations,
    driver,
    drivers,
    make_entry,
    nothing_from_a_thread,
    pack_subentry,
    quick,
    scripted,
    set_up,
    ticks,
    until,
)
from tests.ha.inverter_house import inverter_subentry
from tests.ha.test_inverters_served import settings as served

from .entrance import HANGS, within
from .forms import sent
from .material import json_values, spoilt_json

SHARE: Final = 0.04
"""Of the examples that the profile names, for each file."""
TOO_NEW: Final = "store_too_new"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.SWITCH, Platform.TODO]


async def lived(hass: HomeAssistant, entry: MockConfigEntry, pack_driver: ScriptedDriver) -> None:
    """Let a system live a little: with a trip that is latched, a lease, an inspection, a rest."""
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    await entry.runtime_data.async_allow_control(True)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ENTRY_ID), ENTRY_ID)
    assert device is not None
    for action, data in (
        ("request_power", {"owner": "somebody", "duration": "01:00:00", "power": 500}),
        ("start_storage", {}),
        ("inspection_done", {"item": "look"}),
    ):
        await hass.services.async_call(DOMAIN, action, {"device_id": device.id, **data}, blocking=True)
    pack_driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    pack_driver.temperatures[2] = 25.0
    await entry.runtime_data.learned.async_save()
    assert await hass.config_entries.async_unload(entry.entry_id)


def test_no_file_breaks_a_start(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    driver: ScriptedDriver,  # noqa: F811
    scripted: None,  # noqa: F811
) -> None:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(served()))
    hass.loop.run_until_complete(lived(hass, entry, driver))
    kept = {key: deepcopy(file) for key, file in hass_storage.items() if key.startswith(DOMAIN)}
    assert set(kept) == {f"{DOMAIN}.{ENTRY_ID}", f"{DOMAIN}.{ENTRY_ID}.learned"}
    kept[f"{DOMAIN}.{ENTRY_ID}"]["data"]["system"][programme._STORED] = {"gone": "openadr:Flexibility"}

    async def start() -> None:
        await hass.config_entries.async_setup(ENTRY_ID)
        await hass.async_block_till_done()
        event(entry.state.value)
        if entry.state is not ConfigEntryState.LOADED:
            assert entry.error_reason_translation_key == TOO_NEW, entry.reason
            await hass.config_entries.async_unload(ENTRY_ID)
            return
        runtime = entry.runtime_data
        pack = runtime.packs[PACK_ID]
        await ticks(pack, 2)
        decision = pack.latest.decision
        assert 0 <= decision.ccl.value <= pack.config.charge_current
        assert 0 <= decision.dcl.value <= pack.config.discharge_current
        assert not (runtime.control_allowed and runtime.store.lost)
        json_bytes(runtime.store._content())
        assert await hass.config_entries.async_unload(ENTRY_ID)

    def thrown(key: str) -> None:
        sound = kept[key]["data"]

        @settings(
            max_examples=max(8, round(settings().max_examples * SHARE)),
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )
        @given(spoilt_json(sound) | json_values)
        def throw(data: Any) -> None:
            hass_storage.update(deepcopy(kept))
            # What a file cannot hold is not in one.
            told = sent({"data": data})
            hass_storage[key] = {**kept[key], **(told or {})}
            with within(HANGS):
                hass.loop.run_until_complete(start())

        throw()

    for key in kept:
        thrown(key)
