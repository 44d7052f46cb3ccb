"""A user has a bus searched for packs, picks what was found, and reads what else answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.flow import detect as flow_detect
from custom_components.home_bms.hw.detection import Answer, Detection, Finding, Reply
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.registers import READS, Kind
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import VirtualBus

from ..matrix.bench import SerialLine
from .conftest import make_entry, pack_subentry

type Result = Mapping[str, Any]

ALL = flow_detect.PACKS

JK, PACE, P81, LISTENED = (DEVICES[key] for key in ("jk_pb", "pace", "daly_p81", "jk_pb_listen"))


@pytest.fixture(autouse=True)
async def stays_unloaded(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Keep what the flows create from being set up; that is test_init's matter."""
    caplog.set_level(logging.CRITICAL, "pymodbus")
    assert await async_setup_component(hass, "modbus", {})
    with (
        patch("custom_components.home_bms.async_setup_entry", return_value=True),
        patch("custom_components.home_bms.async_unload_entry", return_value=True),
        # The silence that each of all devices needs would be most of these tests.
        patch("custom_components.home_bms.flow.detect.PACKS", (JK, PACE, LISTENED)),
    ):
        yield


type Build = Callable[..., Any]


@pytest.fixture
async def build(socket_enabled: None) -> AsyncIterator[Build]:
    """Return what wires packs up on a bus behind a gateway that says at once who is not there."""
    async with AsyncExitStack() as stack:

        async def build_it(*wired: tuple[Device, int], absent_code: int | None = 0x0B) -> VirtualBus:
            servers = [
                VirtualServer(VirtualPack(seed=unit, serial_number=f"CELLAR-{unit}"), device, unit_id=unit)
                for device, unit in wired
            ]
            bus = VirtualBus(servers, baudrate=1_000_000, turnaround=0.0, absent_code=absent_code)
            stack.push_async_callback(bus.stop)
            await bus.start()
            return bus

        yield build_it


async def go(hass: HomeAssistant, result: Result, user_input: dict[str, Any] | None = None) -> Result:
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input)


async def go_pack(hass: HomeAssistant, result: Result, user_input: dict[str, Any] | None = None) -> Result:
    return await hass.config_entries.subentries.async_configure(result["flow_id"], user_input)


async def begin(hass: HomeAssistant, where: str) -> Result:
    """Start to set up a system and to search there."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await go(hass, result, {"next_step_id": "detect"})
    assert list(result["menu_options"]) == ["detect_network", "detect_serial"]
    return await go(hass, result, {"next_step_id": where})


async def ended(hass: HomeAssistant, result: Result, step: Any = go) -> Result:
    """Wait for a search."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert (result["step_id"], result["progress_action"]) == ("detecting", "detecting")
    async with asyncio.timeout(30):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done()
            result = await step(hass, result)
    return result


def gateway(bus: VirtualBus, units: str | None = "1-4") -> dict[str, Any]:
    """Return where the bus is."""
    link = {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": bus.port}
    return link if units is None else {**link, "units": units}


def offered(result: Result) -> dict[str, str]:
    """Return the packs that can be picked."""
    assert result["step_id"] == "detected", result
    (selector,) = result["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


def suggested(result: Result) -> dict[str, Any]:
    return {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}


async def test_packs_on_a_bus_are_found_and_one_is_taken(hass: HomeAssistant, build: Build) -> None:
    bus = await build((JK, 2), (PACE, 4))
    shares: list[float] = []

    def progressed(event: Event[Any]) -> None:
        shares.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, progressed)
    result = await begin(hass, "detect_network")
    result = await ended(hass, await go(hass, result, gateway(bus)))
    assert list(offered(result).values()) == ["JK PB, unit ID 2: CELLAR-2", "PACE, unit ID 4: CELLAR-4"]
    assert shares
    assert shares[-1] == 1
    assert f"Not looked for: {LISTENED.name}." in result["description_placeholders"]["told"]
    assert {each.function for each in bus.transactions} <= set(READS)
    result = await go(hass, result, {"found": "1"})
    assert result["step_id"] == "battery"
    assert "PACE" in result["description_placeholders"]["device"]
    result = await go(hass, result, suggested(result))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (pack,) = result["result"].subentries.values()
    assert pack.unique_id == "CELLAR-4"
    kept = {key: pack.data[key] for key in ("type", "host", "port", "unit_id", "model")}
    assert kept == {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": bus.port, "unit_id": 4, "model": "pace"}


async def test_the_next_pack_is_added_in_the_same_way_and_the_first_is_left_in_peace(
    hass: HomeAssistant, build: Build
) -> None:
    bus = await build((JK, 2), (JK, 3))
    entry = make_entry(hass, pack_subentry(**gateway(bus, None), unit_id=2, serial_number="CELLAR-2"))
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_PACK), context={"source": SOURCE_USER}
    )
    for step in ("detect", "detect_network"):
        result = await go_pack(hass, result, {"next_step_id": step})
    result = await ended(hass, await go_pack(hass, result, gateway(bus)), go_pack)
    assert list(offered(result).values()) == ["JK PB, unit ID 3: CELLAR-3"]
    assert "Unit ID 2 is already set up and was left in peace." in result["description_placeholders"]["told"]
    assert 2 not in {each.unit_id for each in bus.transactions}
    result = await go_pack(hass, result, {"found": "0"})
    result = await go_pack(hass, result, suggested(result))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {pack.unique_id for pack in entry.subentries.values()} == {"CELLAR-2", "CELLAR-3"}


async def test_a_pack_that_is_set_up_on_another_link_is_named_and_not_offered(
    hass: HomeAssistant, build: Build
) -> None:
    bus = await build((JK, 3))
    make_entry(hass, pack_subentry(serial_number="CELLAR-3"))
    result = await begin(hass, "detect_network")
    result = await ended(hass, await go(hass, result, gateway(bus)))
    assert result["step_id"] == "detected_nothing"
    assert "JK PB, unit ID 3: CELLAR-3 is already set up." in result["description_placeholders"]["told"]


async def test_an_empty_bus_is_said_to_be_empty_and_can_be_searched_again(hass: HomeAssistant, build: Build) -> None:
    bus = await build()
    result = await begin(hass, "detect_network")
    result = await ended(hass, await go(hass, result, gateway(bus, "1")))
    assert result["type"] is FlowResultType.MENU
    assert list(result["menu_options"]) == ["detect_network", "network", "serial"]
    result = await go(hass, result, {"next_step_id": "detect_network"})
    assert result["step_id"] == "detect_network"


async def test_a_dead_address_is_told_on_the_form_that_is_still_filled_in(hass: HomeAssistant, build: Build) -> None:
    bus = await build((JK, 1))
    result = await begin(hass, "detect_network")
    result = await ended(hass, await go(hass, result, {**gateway(bus), "port": 1, "host": " LocalHost "}))
    assert result["errors"] == {"base": "cannot_connect"}
    assert suggested(result) == {"type": "rtu_over_tcp", "host": "localhost", "port": 1, "units": "1-4"}
    result = await ended(hass, await go(hass, result, gateway(bus)))
    assert list(offered(result).values()) == ["JK PB, unit ID 1: CELLAR-1"]


@pytest.mark.parametrize("units", ["x", "4-1", "300", "1-2-3", "-1"])
async def test_what_are_no_unit_ids_is_refused_by_the_form(hass: HomeAssistant, build: Build, units: str) -> None:
    bus = await build()
    result = await go(hass, await begin(hass, "detect_network"), gateway(bus, units))
    assert result["errors"] == {"units": "not_unit_ids"}
    assert suggested(result)["units"] == units


async def test_every_baud_rate_is_tried_on_a_serial_port_unless_one_is_named(
    hass: HomeAssistant, build: Build, tmp_path: Path
) -> None:
    # A pseudo terminal takes every baud rate, so the first one at which a JK is asked for finds it.
    bus = await build((JK, 1))
    line = SerialLine(bus.port, tmp_path / "adapter")
    await line.plug()
    try:
        result = await begin(hass, "detect_serial")
        result = await ended(hass, await go(hass, result, {"device": str(line.name), "units": "1"}))
        assert list(offered(result).values()) == ["JK PB, unit ID 1: CELLAR-1"]
        result = await go(hass, result, {"found": "0"})
        result = await go(hass, result, suggested(result))
        (pack,) = result["result"].subentries.values()
        assert (pack.data["type"], pack.data["device"]) == ("serial", str(line.name))
        assert pack.data["baudrate"] == JK.baudrate
    finally:
        await line.unplug()


async def test_a_pack_that_needs_a_line_of_its_own_is_found_where_nothing_speaks_modbus(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    server = VirtualServer(VirtualPack(serial_number="P81"), P81, unit_id=129)
    port = await server.start_rtu_over_tcp()
    try:
        with patch("custom_components.home_bms.flow.detect.PACKS", (JK, P81)):
            result = await begin(hass, "detect_network")
            where = {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": port, "units": "129"}
            result = await ended(hass, await go(hass, result, where))
    finally:
        await server.stop()
    (label,) = offered(result).values()
    assert label.startswith("Daly")


async def test_modbus_tcp_carries_no_other_tongue(hass: HomeAssistant, build: Build) -> None:
    server = VirtualServer(VirtualPack(serial_number="TCP"), JK, unit_id=1)
    port = await server.start_tcp()
    try:
        with patch("custom_components.home_bms.flow.detect.PACKS", (PACE, P81)):
            result = await begin(hass, "detect_network")
            where = {"type": "tcp", "host": "127.0.0.1", "port": port, "units": "1"}
            result = await ended(hass, await go(hass, result, where))
    finally:
        await server.stop()
    told = result["description_placeholders"]["told"]
    assert f"Not looked for: {P81.name}." in told
    assert "Unit ID 1 answers, but refuses what identifies PACE (exception 2)." in told


async def test_a_link_that_is_in_use_at_another_speed_is_told(hass: HomeAssistant) -> None:
    result = await begin(hass, "detect_serial")
    with patch("custom_components.home_bms.flow.detect.detect", side_effect=DriverError("link_in_use", "9600")):
        result = await ended(hass, await go(hass, result, {"device": "/dev/ttyUSB0", "baudrate": 9600}))
    assert result["errors"] == {"base": "link_in_use"}


async def test_a_serial_port_that_is_open_at_one_speed_is_searched_at_that(
    hass: HomeAssistant, build: Build, tmp_path: Path
) -> None:
    from homeassistant.components.modbus import async_get_unit  # noqa: PLC0415 - as another integration does
    from modbus_connection import ModbusSerialParams  # noqa: PLC0415

    bus = await build((JK, 1))
    line = SerialLine(bus.port, tmp_path / "adapter")
    await line.plug()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    unit = async_get_unit(hass, other, ModbusSerialParams(device=str(line.name), baudrate=JK.baudrate), 9)
    try:
        result = await begin(hass, "detect_serial")
        result = await ended(hass, await go(hass, result, {"device": str(line.name), "units": "1"}))
        assert list(offered(result).values()) == ["JK PB, unit ID 1: CELLAR-1"]
        assert "9600 baud was left out" in result["description_placeholders"]["told"]
        # What the search asked of the link has gone with it.
        assert unit._conn._unit_timeouts == {}
    finally:
        await other._async_process_on_unload(hass)
        await line.unplug()


async def test_all_that_a_search_can_tell_has_words(hass: HomeAssistant) -> None:
    info = DeviceInfo(manufacturer="Eletechsup", model="R4DCB08", serial_number="")
    found = Detection(
        findings=(Finding(device=DEVICES["r4dcb08"], unit_id=9, baudrate=9600, info=info),),
        answers=tuple(
            Answer(unit_id=unit, baudrate=9600, reply=reply, code=3, devices=("JK PB", "PACE"))
            for unit, reply in enumerate(Reply, 1)
        ),
        complete=False,
        in_use=(115200,),
        not_asked=("Daly P81",),
    )
    result = await begin(hass, "detect_serial")
    with patch("custom_components.home_bms.flow.detect.detect", return_value=found):
        result = await ended(hass, await go(hass, result, {"device": "/dev/ttyUSB0"}))
    assert list(offered(result).values()) == ["Perhaps R4DCB08, unit ID 9: Eletechsup R4DCB08 0S"]
    lines = result["description_placeholders"]["told"].split("\n")
    assert len(lines) == len(Reply) + 3
    assert all(line.startswith("- ") and line.endswith((".", "address.")) for line in lines)


def test_all_packs_are_looked_for_and_nothing_but_packs() -> None:
    assert list(ALL) == [device for device in DEVICES.values() if device.kind is Kind.PACK]


async def test_a_flow_that_is_closed_ends_its_search(hass: HomeAssistant, build: Build) -> None:
    bus = await build((JK, 1), absent_code=None)
    result = await go(hass, await begin(hass, "detect_network"), gateway(bus))
    async with asyncio.timeout(10):
        while not bus.transactions:  # noqa: ASYNC110 - a bus tells nobody
            await asyncio.sleep(0.01)
    searching = hass.config_entries.flow._progress[result["flow_id"]]._searching
    hass.config_entries.flow.async_abort(result["flow_id"])
    await asyncio.wait({searching}, timeout=10)
    assert searching.cancelled()
    asked = len(bus.transactions)
    await asyncio.sleep(0.1)
    assert len(bus.transactions) == asked
