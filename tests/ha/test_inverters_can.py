"""An inverter on CAN is told by home_bms as its battery, and hears zeros before it hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.can.lines import async_held_can, async_hold_can
from custom_components.home_bms.core.obedience import Response
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import frame_of
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.inverters.can_inverter import CanInverter
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.can_inverter import VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.inverters import coordinator as inverter_coordinator
from custom_components.home_bms.inverters.diagnostics import inverter_facts
from custom_components.home_bms.watching import Link

from .conftest import ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .inverter_house import inverter_of, inverter_subentry, looks, quick_inverters

_numbers = count()


@pytest.fixture(autouse=True)
def quick(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen, and tell zeros, for a moment only."""
    quick_inverters(monkeypatch)
    defaults: dict[str, Any] = dict(CanInverter.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(CanInverter.__init__, "__kwdefaults__", {**defaults, "listen_for": 0.05, "release_for": 0.3})


@pytest.fixture
def params() -> CanParams:
    return CanParams(interface=Interface.VIRTUAL, channel=f"story {next(_numbers)}")


@pytest.fixture
async def other(params: CanParams) -> AsyncIterator[VirtualCanInverter]:
    """Return an inverter on the bus, as the other side sees itself."""
    link = CanLink(params)
    inverter = VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 4000.0)
    other = VirtualCanInverter(inverter, link, "sma", period=0.05)
    await other.start()
    yield other
    await other.stop()
    await link.close()


def settings(params: CanParams, **changes: Any) -> dict[str, Any]:
    return {"type": "can", "model": "sma_sunny_island", "can": params.data, "options": {}, **changes}


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, params: CanParams, other: VirtualCanInverter
) -> AsyncIterator[MockConfigEntry]:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(params)))
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_it_listens_without_permission_and_tells_with_it(
    entry: MockConfigEntry, other: VirtualCanInverter, driver: ScriptedDriver
) -> None:
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.ANSWERING and inverter.data.reading.voltage is not None)
    assert other.limits is None
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: other.limits is not None and other.limits[1:] == (140, 140))
    assert other.limits is not None
    assert other.limits[0] > 50

    driver.cells = [3.70] * 16
    await until(lambda: other.limits is not None and other.limits[1] == 0)


async def test_its_bus_is_told_of_in_diagnostics(entry: MockConfigEntry, other: VirtualCanInverter) -> None:
    inverter = inverter_of(entry)
    await until(lambda: "305" in inverter_facts(inverter, ("channel",))["can"]["ids"])
    told = inverter_facts(inverter, ("channel",))
    assert told["can"]["state"] == "active"
    assert told["can"]["failure"] is None
    assert told["settings"]["can"]["channel"] == "**REDACTED**"


async def test_zeros_come_before_the_silence(
    hass: HomeAssistant, entry: MockConfigEntry, other: VirtualCanInverter, params: CanParams
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: other.limits is not None and other.limits[1:] == (140, 140))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert other.limits is not None
    assert other.limits[1:] == (0, 0)
    assert async_held_can(hass, params) is None
    other.limits = None
    await asyncio.sleep(0.3)
    assert other.limits is None


async def test_a_second_battery_on_the_bus_is_noticed_and_nothing_is_sent_against_it(
    entry: MockConfigEntry, other: VirtualCanInverter, params: CanParams
) -> None:
    link = CanLink(params)
    second = await link.claim({0x351}, 0.0)

    async def speak() -> None:
        while True:
            second.send(frame_of(0x351, bytes(8)))
            await asyncio.sleep(0.01)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        await until(lambda: other.limits == (0, 0, 0))
        await entry.runtime_data.async_allow_control(True)
        inverter = inverter_of(entry)
        await until(lambda: inverter.complaint is not None and inverter.complaint.key == "can_ids_in_use")
        assert not inverter.delivers
        assert other.limits == (0, 0, 0)
    finally:
        task.cancel()
        second.release()
        await link.close()


async def test_one_that_hears_a_second_battery_instead_is_soon_not_judged_by_what_it_was_told(
    entry: MockConfigEntry, other: VirtualCanInverter, params: CanParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverter_coordinator, "TOLD_FOR", 0.3)
    inverter = inverter_of(entry)
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: other.limits is not None and other.limits[1:] == (140, 140))
    await until(lambda: inverter.data.obedience.charge.limit == 140)
    link = CanLink(params)

    async def speak() -> None:
        while True:
            with suppress(CanLinkError):
                second = await link.claim({0x351}, 0.0)
                try:
                    second.send(frame_of(0x351, bytes(8)))
                    await second.drained()
                finally:
                    second.release()
            await asyncio.sleep(0.01)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        await until(lambda: inverter.told is None)
        assert inverter.complaint is not None
        await looks(inverter, 1)
        assert inverter.data.obedience.charge.limit is None
        assert inverter.data.obedience.charge.response is Response.UNKNOWN
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await link.close()
    await until(lambda: inverter.data.obedience.charge.limit == 140)


async def test_a_bus_has_one_link_that_ends_with_the_last(hass: HomeAssistant, params: CanParams) -> None:
    link, release = async_hold_can(hass, params)
    again, release_again = async_hold_can(hass, params)
    assert link is again
    with pytest.raises(HomeAssistantError, match="other settings"):
        async_hold_can(hass, CanParams(**params.data | {"interface": params.interface, "bitrate": 250000}))
    await release()
    await release()
    assert async_held_can(hass, params) is link
    await release_again()
    assert async_held_can(hass, params) is None


@pytest.mark.parametrize("wrong", [{"can": {"interface": "smoke"}}, {"options": {"no_such": 1}}])
async def test_settings_that_cannot_be_are_told(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, params: CanParams, wrong: dict[str, Any]
) -> None:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(params, **wrong)))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "invalid_inverter"
    assert async_held_can(hass, params) is None


async def test_a_bus_in_use_with_other_settings_is_told(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, params: CanParams
) -> None:
    _, release = async_hold_can(hass, CanParams(**params.data | {"interface": params.interface, "bitrate": 250000}))
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(params)))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "link_settings_in_use"
    await release()


async def test_looks_go_on_while_zeros_are_told(entry: MockConfigEntry, other: VirtualCanInverter) -> None:
    inverter = inverter_of(entry)
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: other.limits is not None and other.limits[1:] == (140, 140))
    with patch("custom_components.home_bms.inverters.coordinator.RELEASE_TIMEOUT", 0.01):
        await entry.runtime_data.async_allow_control(False)
    await looks(inverter, 2)
    await until(lambda: other.limits is not None and other.limits[1:] == (0, 0))
