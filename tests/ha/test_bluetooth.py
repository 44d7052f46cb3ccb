"""Packs over Bluetooth are found, looked at, added, watched and let go, and nobody else is bothered."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from aiobmsble.test_data import bms_advertisements
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from habluetooth import BluetoothServiceInfoBleak, get_manager
from homeassistant.components.bluetooth.match import IntegrationMatcher
from homeassistant.config_entries import (
    SOURCE_BLUETOOTH,
    SOURCE_IGNORE,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryDataWithId,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.flow import bluetooth as flow_bluetooth
from custom_components.home_bms.hw import bluetooth
from custom_components.home_bms.hw.bluetooth import ERROR_KEYS, UNFIT
from custom_components.home_bms.watching import Link

from ..hw.ble import ADDRESS, Air, JbdPack, air
from .conftest import PACK_ID, make_entry, set_up, ticks, until

__all__ = ["air"]

type Result = Mapping[str, Any]

ROOT: Final = Path(__file__).parents[2]
INTEGRATION: Final = ROOT / "custom_components" / "home_bms"
MANIFEST: Final = json.loads((INTEGRATION / "manifest.json").read_text())
FLOWS: Final = [json.loads(path.read_text()) for path in sorted((INTEGRATION / "translations").glob("*.json"))]
JBD: Final = "0000ff00-0000-1000-8000-00805f9b34fb"
OTHER: Final = "A4:C1:38:00:00:02"

BATTERY: Final = {
    "name": "Boat",
    "chemistry": "lfp",
    "cells": 4,
    "capacity": 100.0,
    "charge_current": 50.0,
    "discharge_current": 50.0,
    "temperature_sensors": 2,
}
PACK: Final = {
    **{key: value for key, value in BATTERY.items() if key != "name"},
    "type": "bluetooth",
    "address": ADDRESS,
    "model": "jbd_bms",
    "serial_number": ADDRESS,
}


def subentry(address: str = ADDRESS) -> ConfigSubentryDataWithId:
    """Return a pack over Bluetooth as a system keeps it."""
    return ConfigSubentryDataWithId(
        data={**PACK, "address": address, "serial_number": address},
        subentry_id=PACK_ID,
        subentry_type=SUBENTRY_PACK,
        title="Boat",
        unique_id=address,
    )


def announcement(advertisement: AdvertisementData, address: str) -> BluetoothServiceInfoBleak:
    """Return what Home Assistant makes of a device that announces itself so."""
    return BluetoothServiceInfoBleak(
        name=advertisement.local_name or address,
        address=address,
        rssi=-60,
        manufacturer_data=advertisement.manufacturer_data,
        service_data=advertisement.service_data,
        service_uuids=advertisement.service_uuids,
        source="local",
        device=BLEDevice(address, advertisement.local_name, {}),
        advertisement=advertisement,
        connectable=True,
        time=time.monotonic(),
        tx_power=-127,
    )


def jbd(name: str = "JBD-BOAT", services: tuple[str, ...] = (JBD,)) -> AdvertisementData:
    return AdvertisementData(
        local_name=name,
        manufacturer_data={},
        service_data={},
        service_uuids=list(services),
        tx_power=-127,
        rssi=-60,
        platform_data=(),
    )


async def hear(hass: HomeAssistant, advertisement: AdvertisementData, address: str = ADDRESS) -> None:
    """Let an adapter hear a device."""
    get_manager().scanner_adv_received(announcement(advertisement, address))
    await hass.async_block_till_done(wait_background_tasks=True)


def discovered(hass: HomeAssistant) -> list[Mapping[str, Any]]:
    """Return what Home Assistant shows as found."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN, match_context={"source": SOURCE_BLUETOOTH})
    return list(flows)


@pytest.fixture
def pack(air: Air) -> JbdPack:
    air.packs[ADDRESS] = JbdPack()
    return air.packs[ADDRESS]


@pytest.fixture
async def radio(hass: HomeAssistant, enable_bluetooth: None) -> HomeAssistant:
    """Return a Home Assistant with an adapter."""
    return hass


@pytest.fixture
def stays_unloaded() -> Generator[None]:
    """Keep what the flows create from being set up."""
    with (
        patch("custom_components.home_bms.async_setup_entry", return_value=True),
        patch("custom_components.home_bms.async_unload_entry", return_value=True),
    ):
        yield


async def go(hass: HomeAssistant, result: Result, user_input: dict[str, Any]) -> Result:
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input)


def only_pack(entry: ConfigEntry) -> Any:
    (pack,) = entry.subentries.values()
    return pack


# --- Found by Home Assistant ------------------------------------------------------------------------------------------


async def test_a_pack_that_is_found_is_looked_at_and_becomes_a_system(
    radio: HomeAssistant, pack: JbdPack, air: Air, stays_unloaded: None
) -> None:
    hass = radio
    await hear(hass, jbd())
    (flow,) = discovered(hass)
    assert flow["context"]["title_placeholders"] == {"name": "JBD-BOAT"}
    # Finding a pack asks it nothing.
    assert pack.connections == 0

    result = await go(hass, flow, {})
    assert result["step_id"] == "battery"
    assert result["description_placeholders"]["device"] == f"Jiabaida smart BMS ({ADDRESS})"
    assert air.open == 0
    result = await go(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    # The system is not the pack: another may be found in its place later.
    assert entry.unique_id is None
    found = only_pack(entry)
    assert (found.title, found.unique_id) == ("Boat", ADDRESS)
    assert {key: value for key, value in found.data.items() if key != "hardware_ring"} == PACK


async def test_a_pack_that_is_found_can_join_a_system(
    radio: HomeAssistant, pack: JbdPack, stays_unloaded: None
) -> None:
    hass = radio
    entry = make_entry(hass)
    await hear(hass, jbd())
    (flow,) = discovered(hass)
    result = await go(hass, flow, {"system": entry.entry_id})
    assert [key.description for key in result["data_schema"].schema if key == "name"] == [{"suggested_value": "Pack 2"}]
    result = await go(hass, result, BATTERY)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "pack_added")
    assert [found.title for found in entry.subentries.values()] == ["Pack 1", "Boat"]
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_a_pack_that_is_found_can_begin_a_second_system(
    radio: HomeAssistant, pack: JbdPack, stays_unloaded: None
) -> None:
    hass = radio
    make_entry(hass)
    await hear(hass, jbd())
    (flow,) = discovered(hass)
    result = await go(hass, await go(hass, flow, {"system": "new"}), BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


async def test_a_pack_that_a_system_has_is_not_found_again(radio: HomeAssistant, pack: JbdPack) -> None:
    make_entry(radio, subentry())
    await hear(radio, jbd())
    assert discovered(radio) == []


async def test_a_pack_that_the_user_ignores_is_not_found_again(radio: HomeAssistant, pack: JbdPack) -> None:
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=ADDRESS).add_to_hass(radio)
    await hear(radio, jbd())
    assert discovered(radio) == []


@pytest.mark.parametrize(
    "advertisement",
    [jbd("Lamp", ("0000fff0-0000-1000-8000-00805f9b34fb",)), jbd("dummy", ())],
    ids=["a lamp of the same kind of module", "what aiobmsble tests itself with"],
)
async def test_a_device_that_is_no_pack_is_not_shown(radio: HomeAssistant, advertisement: AdvertisementData) -> None:
    await hear(radio, advertisement, "00:11:22:33:44:55")
    assert discovered(radio) == []


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"silent": True}, "bluetooth_no_answer"),
        ({"hears": False}, "bluetooth_cannot_connect"),
        ({"cells": [3.3, 0.0, 3.3, 3.3]}, "no_cells"),
    ],
    ids=["silent", "taken by an app", "a cell that is not told"],
)
async def test_a_pack_that_cannot_be_read_is_told_and_can_be_tried_again(
    radio: HomeAssistant, pack: JbdPack, air: Air, trouble: dict[str, Any], error: str
) -> None:
    hass = radio
    await hear(hass, jbd())
    (flow,) = discovered(hass)
    sound = {key: getattr(pack, key) for key in trouble}
    for key, value in trouble.items():
        setattr(pack, key, value)
    result = await go(hass, flow, {})
    assert result["errors"] == {"base": error}
    assert air.open == 0
    for key, value in sound.items():
        setattr(pack, key, value)
    assert (await go(hass, result, {}))["step_id"] == "battery"


# --- Picked by the user -----------------------------------------------------------------------------------------------


async def begin(hass: HomeAssistant) -> Result:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await go(hass, result, {"next_step_id": "nearby"})


async def test_the_user_picks_a_pack_among_those_that_are_heard(
    radio: HomeAssistant, pack: JbdPack, stays_unloaded: None
) -> None:
    hass = radio
    make_entry(hass, subentry(OTHER))
    await hear(hass, jbd())
    await hear(hass, jbd("JBD-OTHER"), OTHER)
    await hear(hass, jbd("Lamp", ("0000fff0-0000-1000-8000-00805f9b34fb",)), "00:11:22:33:44:55")
    result = await begin(hass)
    (selector,) = result["data_schema"].schema.values()
    assert selector.config["options"] == [{"value": ADDRESS, "label": f"JBD-BOAT (Jiabaida smart BMS, {ADDRESS})"}]
    pack.silent = True
    result = await go(hass, result, {"address": ADDRESS})
    assert result["errors"] == {"base": "bluetooth_no_answer"}
    pack.silent = False
    assert len(discovered(hass)) == 1
    result = await go(hass, result, {"address": ADDRESS})
    # It is not offered twice.
    assert discovered(hass) == []
    result = await go(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_further_pack_is_picked(radio: HomeAssistant, pack: JbdPack, stays_unloaded: None) -> None:
    hass = radio
    entry = make_entry(hass)
    await hear(hass, jbd())
    flows = hass.config_entries.subentries
    result = await flows.async_init((entry.entry_id, SUBENTRY_PACK), context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "nearby"})
    result = await flows.async_configure(result["flow_id"], {"address": ADDRESS})
    result = await flows.async_configure(result["flow_id"], BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert [found.unique_id for found in entry.subentries.values()][1] == ADDRESS


async def test_where_nothing_is_heard_the_user_is_told(radio: HomeAssistant) -> None:
    result = await begin(radio)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_heard")


async def test_without_bluetooth_the_user_is_told(hass: HomeAssistant) -> None:
    result = await begin(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_bluetooth")


async def test_a_pack_is_changed_without_asking_it(hass: HomeAssistant, air: Air, stays_unloaded: None) -> None:
    entry = make_entry(hass, subentry())
    flows = hass.config_entries.subentries
    context = {"source": SOURCE_RECONFIGURE, "subentry_id": PACK_ID}
    result = await flows.async_init((entry.entry_id, SUBENTRY_PACK), context=context)
    assert result["step_id"] == "battery"
    result = await flows.async_configure(result["flow_id"], {**BATTERY, "capacity": 90.0})
    assert result["reason"] == "reconfigure_successful"
    assert only_pack(entry).data == {**PACK, "capacity": 90.0}
    assert air.clients == []


# --- Watched ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def watched(
    radio: HomeAssistant, pack: JbdPack, quick: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[PackCoordinator]:
    """Return a pack that is set up and read at every tick."""
    monkeypatch.setattr(bluetooth, "PACE", 0.0)
    monkeypatch.setattr(bluetooth, "CONNECT_AGAIN", 0.0)
    await hear(radio, jbd())
    with patch("custom_components.home_bms.PLATFORMS", []):
        entry = make_entry(radio, subentry())
        await set_up(radio, entry)
        yield entry.runtime_data.packs[PACK_ID]
        if entry.state is ConfigEntryState.LOADED:
            await radio.config_entries.async_unload(entry.entry_id)
        await radio.async_block_till_done()


async def test_a_pack_is_read_and_judged(watched: PackCoordinator) -> None:
    await until(lambda: watched.latest.believed.cell_max is not None)
    latest = watched.latest
    assert (latest.believed.cell_min, latest.believed.cell_max) == (3.301, 3.304)
    assert latest.believed.temperatures == pytest.approx((21.5, 22.5))
    assert latest.believed.current == -12.5
    assert watched.supervisor.statistics.link is Link.ANSWERING
    assert not watched.capabilities


async def test_diagnostics_do_not_tell_the_address(radio: HomeAssistant, watched: PackCoordinator) -> None:
    (entry,) = radio.config_entries.async_entries(DOMAIN)
    told = await async_get_config_entry_diagnostics(radio, entry)
    (pack,) = told["packs"]
    assert (pack["settings"]["model"], pack["capabilities"]) == ("jbd_bms", "none")
    assert ADDRESS not in json.dumps(told)


async def test_a_cell_that_is_not_told_permits_nothing(watched: PackCoordinator, pack: JbdPack) -> None:
    await until(lambda: watched.latest.believed.cell_max is not None)
    pack.cells[2] = 0.0
    await until(lambda: watched.latest.believed.cell_max is None)
    await ticks(watched)
    assert watched.latest.believed.cells == (None,) * 4
    assert watched.latest.decision.ccl.value == 0
    assert watched.latest.decision.dcl.value == 0


async def test_a_pack_that_is_gone_is_lost_and_comes_back(watched: PackCoordinator, pack: JbdPack, air: Air) -> None:
    await until(lambda: watched.latest.believed.cell_max is not None)
    heard = watched.latest.reading.cells_time
    pack.hears = False
    air.drop()
    await until(lambda: watched.supervisor.statistics.link is Link.SILENT)
    assert watched.supervisor.statistics.last_error == "cannot_connect"
    assert watched.latest.believed.link_age > 0
    pack.hears = True
    await until(lambda: watched.supervisor.statistics.link is Link.ANSWERING)
    assert watched.latest.reading.cells_time > heard


async def test_unloading_lets_the_pack_go(radio: HomeAssistant, watched: PackCoordinator, air: Air) -> None:
    await until(lambda: air.open == 1)
    (entry,) = radio.config_entries.async_entries(DOMAIN)
    assert await radio.config_entries.async_unload(entry.entry_id)
    await until(lambda: air.open == 0)
    assert all(client.is_connected is False for client in air.clients)


async def test_stopping_home_assistant_lets_the_pack_go(
    radio: HomeAssistant, watched: PackCoordinator, air: Air
) -> None:
    await until(lambda: air.open == 1)
    await radio.async_stop(force=True)
    assert air.open == 0


async def test_without_bluetooth_a_pack_is_watched_for(hass: HomeAssistant, air: Air, quick: None) -> None:
    with patch("custom_components.home_bms.PLATFORMS", []):
        entry = make_entry(hass, subentry())
        await set_up(hass, entry)
        pack = entry.runtime_data.packs[PACK_ID]
        await until(lambda: pack.supervisor.statistics.last_error == "out_of_reach")
        assert pack.latest.decision.ccl.value == 0
        assert "bluetooth" not in hass.config.components
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


# --- What Home Assistant looks for ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matcher() -> IntegrationMatcher:
    """Return Home Assistant's own, which refuses a matcher that is too broad, and with it all Bluetooth."""
    matcher = IntegrationMatcher([{"domain": DOMAIN, **row} for row in MANIFEST["bluetooth"]])
    matcher.async_setup()
    return matcher


def test_every_device_of_a_family_is_found(matcher: IntegrationMatcher) -> None:
    for number, (advertisement, address, key, _) in enumerate(bms_advertisements()):
        if key in UNFIT:
            continue
        # Each is another device, even where aiobmsble's recording gives them one address.
        found = matcher.match_domains(announcement(advertisement, f"{address[:9]}{number:06X}"))
        assert found == {DOMAIN}, (key, advertisement.local_name)


def test_manifest_and_page_are_those_of_the_installed_aiobmsble() -> None:
    command = [sys.executable, "-m", "scripts.bluetooth_families", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr or "run python -m scripts.bluetooth_families"


def test_the_developers_have_the_version_that_home_assistant_installs() -> None:
    pinned = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert set(MANIFEST["requirements"]) <= set(pinned)


def test_the_manifest_makes_no_one_need_bluetooth() -> None:
    assert "bluetooth" in MANIFEST["after_dependencies"]
    assert not {"bluetooth", "bluetooth_adapters"} & set(MANIFEST["dependencies"])


def test_aiobmsble_is_not_bound_to_bleak_before_home_assistants_bluetooth_is() -> None:
    """Else it would go past the proxies: it takes bleak's client when it is imported."""
    code = (
        "import sys, custom_components.home_bms.config_flow, custom_components.home_bms.packs.sources;"
        "sys.exit('aiobmsble.basebms' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_every_failure_has_words() -> None:
    keys = {flow_bluetooth.WORDS.get(key, key) for _, key in ERROR_KEYS} | {"out_of_reach", "several_packs", "no_cells"}
    for language in FLOWS:
        for flow in (language["config"], language["config_subentries"]["pack"]):
            assert keys <= set(flow["error"])
            assert {"no_bluetooth", "nothing_heard"} <= set(flow["abort"])
            assert set(flow["step"]["nearby"]["data"]) == set(flow["step"]["nearby"]["data_description"]) == {"address"}
        assert {"not_supported", "pack_added"} <= set(language["config"]["abort"])
        assert set(language["config"]["step"]["discovered"]["data"]) == {"system"}
        assert set(language["selector"]["system"]["options"]) == {"new"}
