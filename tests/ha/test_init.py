"""A battery system is set up, taken down and set up again, and control is always handed back in order."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.modbus import async_get_unit
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from modbus_connection import ModbusSerialParams, ModbusTcpParams
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import home_bms
from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import ConfigError, HardwareRing, Level, Reason
from custom_components.home_bms.documents import plain
from custom_components.home_bms.helpers import link_params, pack_config, refused
from custom_components.home_bms.hw.driver import Capability
from custom_components.home_bms.runtime import HomeBmsRuntimeData
from custom_components.home_bms.watching import Link

from .conftest import (
    ENTRY_ID,
    PACK,
    PACK_ID,
    VIRTUAL,
    ScriptedDriver,
    lost,
    make_entry,
    pack_subentry,
    set_up,
    ticks,
    until,
)

OTHER_ID = "01PACK0000000000000000000B"


async def test_unloading_hands_control_back_while_the_link_is_open_and_stops_the_loop(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    entry.async_on_unload(lambda: driver.log.append("link closed"))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert driver.log[-2:] == ["release", "link closed"]
    assert driver.released == 1
    assert "apply" in driver.log
    time = pack.latest.decision.time
    assert pack.supervisor._loop is not None
    assert pack.supervisor._loop.done()
    assert pack.latest.decision.time == time


async def test_platforms_that_do_not_unload_leave_the_pack_watched(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await home_bms.async_unload_entry(hass, entry)
    await ticks(pack)
    assert driver.released == 0


async def test_the_end_of_home_assistant_hands_control_back_before_anybody_hears_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, lambda _: driver.log.append("stop event"))
    await hass.async_stop(force=True)
    assert driver.released == 1
    assert driver.log.index("release") < driver.log.index("stop event")


async def test_a_start_that_fails_half_way_hands_control_back(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    assert await hass.config_entries.async_unload(entry.entry_id)
    driver.log.clear()
    driver.released = 0
    with patch.object(hass.config_entries, "async_forward_entry_setups", side_effect=RuntimeError("platform broken")):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert driver.log == ["apply", "release"]
    assert driver.released == 1
    await hass.async_block_till_done()
    assert not [task for task in hass._background_tasks if "home_bms" in task.get_name()]


async def test_a_pack_that_does_not_answer_takes_no_other_down(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    driver.error = lost()
    entry = make_entry(hass, pack_subentry(), pack_subentry(OTHER_ID, "Pack 2", serial_number="JK-0002"))
    await set_up(hass, entry)
    first, second = entry.runtime_data.packs[PACK_ID], entry.runtime_data.packs[OTHER_ID]
    await ticks(second)
    assert first.statistics.link is Link.SILENT
    assert first.latest.decision.ccl.value == 0.0
    assert second.statistics.link is Link.ANSWERING
    driver.error = None
    await until(lambda: first.statistics.link is Link.ANSWERING)


async def test_a_system_none_of_whose_packs_answers_is_watched_for_its_return(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.answers.clear()
    entry = make_entry(hass)
    await set_up(hass, entry)
    runtime: HomeBmsRuntimeData = entry.runtime_data
    assert runtime.packs[PACK_ID].statistics.link is Link.CONNECTING
    assert (runtime.system.data.ccl.value, runtime.system.data.dcl.value) == (0.0, 0.0)
    await runtime.async_allow_control(True)
    await ticks(runtime.packs[PACK_ID])
    assert not driver.log
    driver.answers.set()
    await until(lambda: runtime.packs[PACK_ID].statistics.link is Link.ANSWERING)


async def test_a_system_without_packs_permits_nothing(hass: HomeAssistant, scripted: None) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Empty", entry_id=ENTRY_ID)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.runtime_data.system.data.ccl.value == 0.0


async def test_a_further_pack_is_taken_up_by_reloading(
    hass: HomeAssistant, entry: MockConfigEntry, drivers: list[ScriptedDriver]
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({**PACK, "serial_number": "JK-0002"}),
            subentry_id=OTHER_ID,
            subentry_type=SUBENTRY_PACK,
            title="Pack 2",
            unique_id="JK-0002",
        ),
    )
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert set(entry.runtime_data.packs) == {PACK_ID, OTHER_ID}


async def test_settings_that_cannot_be_are_refused_by_name(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(chemistry="lead"))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "invalid_pack"


async def test_settings_that_cannot_be_are_told_in_the_users_words(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    hass.config.language = "de"
    entry = make_entry(hass, pack_subentry(thresholds={"cell_overvoltage_trip": 9.0}))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    told = "Überspannung: auslösen bei kann nicht 9.0 sein; erlaubt ist 1.0 bis 4.5."
    assert entry.error_reason_translation_placeholders == {"name": "Pack 1", "error": told}


async def test_a_link_in_use_with_other_settings_is_refused(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    neighbour = MockConfigEntry(domain="neighbour")
    neighbour.add_to_hass(hass)
    async_get_unit(hass, neighbour, ModbusSerialParams(device="/dev/ttyUSB0", baudrate=9600), 1)
    entry = make_entry(hass, pack_subentry(type="serial", device="/dev/ttyUSB0", baudrate=115200))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "link_settings_in_use"


@pytest.mark.parametrize(("version", "minor_version"), [(2, 1), (1, 2)])
async def test_settings_of_a_newer_version_are_refused(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, version: int, minor_version: int
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, version=version, minor_version=minor_version)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR


async def test_only_devices_of_packs_that_are_gone_can_be_removed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    registry = dr.async_get(hass)

    async def removable(key: str) -> bool:
        device = registry.async_get_or_create(config_entry_id=ENTRY_ID, identifiers={(DOMAIN, key)})
        return await home_bms.async_remove_config_entry_device(hass, entry, device)

    assert not await removable(ENTRY_ID)
    assert not await removable(PACK_ID)
    assert not await removable(f"{PACK_ID}_module_1")
    assert await removable("gone")


async def test_control_that_ends_is_handed_back_at_once_and_nothing_is_written_after(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    heard: list[bool] = []
    entry.runtime_data.system.async_add_listener(lambda: heard.append(entry.runtime_data.control_allowed))
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    await entry.runtime_data.async_allow_control(False)
    assert driver.released == 1
    await ticks(pack, 4)
    assert driver.log[-1] == "release"
    assert heard[0] is True
    assert False in heard
    await entry.runtime_data.async_allow_control(False)
    assert driver.released == 1


async def test_stopping_twice_saves_and_releases_once(
    entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await entry.runtime_data.async_stop()
    with patch.object(entry.runtime_data.store, "async_save") as save:
        await entry.runtime_data.async_stop()
    save.assert_not_called()
    assert driver.released == 1


async def test_a_virtual_pack_is_read_by_the_real_driver_over_a_real_link(
    hass: HomeAssistant, socket_enabled: None, quick: None
) -> None:
    entry = make_entry(hass, {**pack_subentry(), "data": dict(VIRTUAL), "unique_id": "VIRTUAL-0001"})
    with patch("custom_components.home_bms.PLATFORMS", []):
        await set_up(hass, entry)
        runtime: HomeBmsRuntimeData = entry.runtime_data
        pack = runtime.packs[PACK_ID]
        await until(lambda: pack.statistics.link is Link.ANSWERING)
        await ticks(pack)
        assert len([cell for cell in pack.latest.believed.cells if cell is not None]) == 16
        assert pack.statistics.transactions > 0
        assert pack.host is not None
        with patch.object(pack.host, "obey") as obey:
            await ticks(pack)
            obey.assert_not_called()
            await runtime.async_allow_control(True)
            await ticks(pack)
            assert obey.call_args.args == (
                pack.latest.decision.cvl.value,
                pack.latest.decision.ccl.value,
                pack.latest.decision.dcl.value,
            )
            await runtime.async_allow_control(False)
            assert obey.call_args.args == (None, None, None)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_virtual_pack_that_cannot_be_served_is_tried_again(hass: HomeAssistant, quick: None) -> None:
    entry = make_entry(hass, {**pack_subentry(), "data": dict(VIRTUAL), "unique_id": "VIRTUAL-0001"})
    with patch("custom_components.home_bms.packs.sources.VirtualHost.async_start", side_effect=OSError("no port left")):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "virtual_pack_not_served"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param(
            {"type": "tcp", "host": "10.0.0.9", "port": 502}, ModbusTcpParams(host="10.0.0.9", port=502), id="tcp"
        ),
        pytest.param(
            {"type": "rtu_over_tcp", "host": "10.0.0.9", "port": 8899},
            ModbusSerialParams(device="socket://10.0.0.9:8899", framer="rtu", baudrate=115200),
            id="rtu over tcp",
        ),
        pytest.param(
            {"type": "rtu_over_tcp", "host": "fe80::1", "port": 8899},
            ModbusSerialParams(device="socket://[fe80::1]:8899", framer="rtu", baudrate=115200),
            id="rtu over tcp, ipv6",
        ),
        pytest.param(
            {"type": "serial", "device": "/dev/ttyUSB0", "baudrate": 9600},
            ModbusSerialParams(device="/dev/ttyUSB0", baudrate=9600),
            id="serial",
        ),
    ],
)
def test_a_link_means_the_same_as_for_every_other_integration(link: dict[str, Any], expected: object) -> None:
    assert link_params(link) == expected


def test_a_packs_settings_reach_core() -> None:
    config = pack_config({**PACK, "hardware_ring": {"cell_overvoltage": 3.65}, "thresholds": {}, "confirmed": False})
    assert config == configure(
        chemistry="lfp",
        cells=16,
        capacity=280.0,
        charge_current=140.0,
        discharge_current=140.0,
        temperature_sensors=4,
        hardware=HardwareRing(cell_overvoltage=3.65),
    )


def test_a_refusal_names_field_and_range() -> None:
    error = refused(ConfigError("out_of_range", "soc_min", value=120, minimum=0, maximum=100))
    assert error.translation_key == "out_of_range"
    assert error.translation_placeholders == {"field": "soc_min", "value": "120", "minimum": "0", "maximum": "100"}


def test_what_json_cannot_carry_becomes_plain() -> None:
    assert plain(
        {
            "reason": Reason(rule="value_missing", value=float("inf")),
            "level": Level.TRIP,
            "flags": Capability.CHARGE_SWITCH,
            "link": Link.SILENT,
            "alarms": frozenset({"b", "a"}),
            "pair": (1, None),
        }
    ) == {
        "reason": {
            "rule": "value_missing",
            "cell": None,
            "sensor": None,
            "value": None,
            "threshold": None,
            "since": None,
            "ahead": None,
        },
        "level": "trip",
        "flags": "charge_switch",
        "link": "silent",
        "alarms": ["a", "b"],
        "pair": [1, None],
    }
