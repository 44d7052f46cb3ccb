"""An inverter on Modbus is on the network or a serial port, and joins a link only as the others there have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from homeassistant.components.modbus import async_get_temporary_unit, async_get_unit
from homeassistant.components.modbus.connection import DATA_MODBUS_CONNECTIONS, async_get_connection_info
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUdpParams
from pymodbus import FramerType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import SUBENTRY_PACK
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualSunSpec
from custom_components.home_bms.watching import Link

from .conftest import ENTRY_ID, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .inverter_flow import added, answer, begin, change
from .inverter_house import House, gx, house, inverter_of, inverter_subentry, quick_inverters
from .test_modbus_story import serial_line

PORT = "/dev/ttyUSB7"
SERIAL: dict[str, Any] = {"device": PORT, "baudrate": 9600, "parity": "none", "stopbits": 1, "unit_id": 5}
NETWORK: dict[str, Any] = {"type": "tcp", "host": "127.0.0.1", "port": 1, "unit_id": 5}


@pytest.fixture(autouse=True)
def swift(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)


async def system_of(hass: HomeAssistant, *parts: Any) -> MockConfigEntry:
    entry = make_entry(hass, *parts)
    await set_up(hass, entry)
    return entry


async def answering(system: MockConfigEntry) -> None:
    """Wait until the one inverter of a system is read."""
    (inverter,) = system.runtime_data.inverters.values()
    await until(lambda: inverter.data.link is Link.ANSWERING and inverter.data.reading.voltage is not None)


@pytest.fixture
async def line() -> AsyncIterator[tuple[House, dict[str, Any]]]:
    """Serve a SunSpec inverter on a serial line; return it, and the form that leads there."""
    front = VirtualSunSpec(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 4000.0))
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(house(front, 5, framer=FramerType.RTU))
        device = await stack.enter_async_context(serial_line(home.port))
        yield home, {**SERIAL, "device": device}


async def test_an_inverter_on_a_serial_port_is_found_told_and_moved_to_another_baud_rate(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, line: tuple[House, dict[str, Any]]
) -> None:
    home, form = line
    system = await system_of(hass, pack_subentry())
    result = await answer(hass, await begin(hass, "sunspec_serial"), **form, setpoint_sign="negative_charges")
    assert result["step_id"] == "settings"
    assert home.server.writes == []
    await answer(hass, result, name="Roof", share=100)
    await hass.async_block_till_done()
    data = added(system).data
    assert (data["type"], data["model"], data["serial_number"]) == ("serial", "sunspec", "VI-5")

    await answering(system)
    await system.runtime_data.async_allow_control(True)
    await until(lambda: home.server.writes)
    await system.runtime_data.async_allow_control(False)

    # Its own link is open with the baud rate of before, which is no reason to be refused.
    result = await answer(hass, await change(hass, system), next_step_id="sunspec_serial")
    for _ in range(5):
        # The other end of a line that was just let go of may need a moment; a user presses again.
        result = await answer(hass, result, **{**form, "baudrate": 19200, "parity": "even"})
        if result["step_id"] == "settings":
            break
        assert result["errors"] == {"base": "cannot_connect"}
    assert result["step_id"] == "settings", result["errors"]
    assert system.state is ConfigEntryState.LOADED
    # Until the change is taken, it is told as before.
    await answering(system)
    assert hass.data[DATA_MODBUS_CONNECTIONS]["serial", form["device"]].params.baudrate == 9600
    result = await answer(hass, result, name="Roof", share=100)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert added(system).data["baudrate"] == 19200
    shared = hass.data[DATA_MODBUS_CONNECTIONS]["serial", form["device"]]
    assert shared.params == ModbusSerialParams(device=form["device"], baudrate=19200, parity="E")
    await answering(system)
    assert await hass.config_entries.async_unload(system.entry_id)


async def test_it_may_move_from_the_serial_port_to_a_gateway(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, line: tuple[House, dict[str, Any]]
) -> None:
    home, form = line
    system = await system_of(
        hass,
        pack_subentry(),
        inverter_subentry({**form, "type": "serial", "model": "sunspec", "serial_number": "VI-5"}),
    )
    result = await answer(hass, await change(hass, system), next_step_id="sunspec")
    result = await answer(hass, result, **{**NETWORK, "type": "rtu_over_tcp", "port": home.port})
    await answer(hass, result, name="Roof", share=100)
    await hass.async_block_till_done()
    assert added(system).data["type"] == "rtu_over_tcp"
    assert "device" not in added(system).data
    # A link that is taken away while it is made has its library complain.
    await until(lambda: system.runtime_data.inverters and inverter_of(system).data.link is not Link.CONNECTING)
    assert await hass.config_entries.async_unload(system.entry_id)


@pytest.mark.parametrize(
    ("pack", "step", "form", "field", "words"),
    [
        (
            {"type": "serial", "device": PORT, "baudrate": 115200},
            "sunspec_serial",
            SERIAL,
            "baudrate",
            {"field": "Baud rate", "theirs": "115200", "ours": "9600"},
        ),
        (
            {"type": "serial", "device": PORT, "baudrate": 9600},
            "sunspec_serial",
            {**SERIAL, "parity": "even"},
            "parity",
            {"field": "Parity", "theirs": "none", "ours": "even"},
        ),
        (
            {"type": "serial", "device": PORT, "baudrate": 9600},
            "sunspec_serial",
            {**SERIAL, "stopbits": 2},
            "stopbits",
            {"field": "Stop bits", "theirs": "1", "ours": "2"},
        ),
        (
            {"type": "tcp", "host": "127.0.0.1", "port": 1},
            "sunspec",
            {**NETWORK, "type": "rtu_over_tcp"},
            "type",
            {"field": "Framing", "theirs": "Modbus TCP", "ours": "Modbus RTU over TCP"},
        ),
        (
            {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": 1},
            "victron_gx",
            NETWORK,
            "type",
            {"field": "Framing", "theirs": "Modbus RTU over TCP", "ours": "Modbus TCP"},
        ),
    ],
)
async def test_a_link_that_a_pack_has_otherwise_is_refused_and_the_field_and_the_pack_are_named(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    scripted: None,
    pack: dict[str, Any],
    step: str,
    form: dict[str, Any],
    field: str,
    words: dict[str, str],
) -> None:
    system = await system_of(hass, pack_subentry(title="Cellar left", **pack))
    before = async_get_connection_info(hass)
    result = await answer(hass, await begin(hass, step), **form)
    assert result["errors"] == {field: "link_in_use_by"}
    assert result["description_placeholders"] == {"name": "Cellar left", **words}
    # The pack's link was left alone.
    assert system.state is ConfigEntryState.LOADED
    assert async_get_connection_info(hass) == before
    assert await hass.config_entries.async_unload(system.entry_id)


@pytest.mark.parametrize(
    ("pack", "field", "named"),
    [
        ({"baudrate": 115200}, "baudrate", "Baud rate"),
        # Two masters on one line disturb each other, whatever they speak.
        ({"baudrate": 9600, "model": "daly_p81"}, "base", "Protocol"),
    ],
)
async def test_a_system_that_is_not_loaded_has_its_links_all_the_same(
    hass: HomeAssistant, pack: dict[str, Any], field: str, named: str
) -> None:
    assert await async_setup_component(hass, "modbus", {})
    make_entry(hass, pack_subentry(title="Cellar left", type="serial", device=PORT, **pack))
    result = await answer(hass, await begin(hass, "sunspec_serial"), **SERIAL)
    assert result["errors"] == {field: "link_in_use_by"}
    assert result["description_placeholders"]["field"] == named


async def test_a_pack_that_is_added_must_agree_with_an_inverter_on_its_link(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "modbus", {})
    settings = {**SERIAL, "type": "serial", "model": "sunspec", "parity": "even"}
    make_entry(hass, pack_subentry(), inverter_subentry(settings, title="Roof"))
    flows = hass.config_entries.subentries
    result = await flows.async_init((ENTRY_ID, SUBENTRY_PACK), context={"source": "user"})
    result = await answer(hass, result, next_step_id="serial")
    result = await answer(hass, result, device=PORT, baudrate=9600, unit_id=1, model="jk_pb")
    # A pack's form does not ask for the parity.
    assert result["errors"] == {"base": "link_in_use_by"}
    told = result["description_placeholders"]
    assert (told["name"], told["field"], told["theirs"], told["ours"]) == ("Roof", "Parity", "even", "none")


async def test_another_integration_on_the_link_is_named(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    system = await system_of(hass, pack_subentry())
    solar = MockConfigEntry(domain="solar", title="Solar roof")
    solar.add_to_hass(hass)
    async_get_unit(hass, solar, ModbusTcpParams(host="127.0.0.1", port=1), 1)
    # The same number of another kind of port is another place.
    async_get_unit(hass, solar, ModbusUdpParams(host="127.0.0.1", port=1), 1)
    result = await answer(hass, await begin(hass, "sunspec"), **{**NETWORK, "type": "rtu_over_tcp"})
    assert result["errors"] == {"type": "link_in_use_by"}
    assert result["description_placeholders"]["name"] == "Solar roof"
    await solar._async_process_on_unload(hass)
    assert await hass.config_entries.async_unload(system.entry_id)


async def test_a_link_that_somebody_is_just_being_asked_about_is_in_use(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    system = await system_of(hass, pack_subentry())
    async with async_get_temporary_unit(hass, ModbusSerialParams(device=PORT, baudrate=115200), 1):
        result = await answer(hass, await begin(hass, "sunspec_serial"), **SERIAL)
    assert result["errors"] == {"base": "link_in_use"}
    assert await hass.config_entries.async_unload(system.entry_id)


async def test_who_agrees_with_the_others_on_a_link_joins_it(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    async with house(gx(), 100, model="victron_gx") as home:
        system = await system_of(hass, pack_subentry(type="tcp", host="127.0.0.1", port=home.port))
        form = {**NETWORK, "port": home.port, "unit_id": 100}
        result = await answer(hass, await begin(hass, "victron_gx"), **form)
        assert result["step_id"] == "settings", result["errors"]
        await answer(hass, result, name="Cellar", share=100)
        await hass.async_block_till_done()
        result = await answer(hass, await change(hass, system), **form)
        assert result["step_id"] == "settings", result["errors"]
        assert await hass.config_entries.async_unload(system.entry_id)
