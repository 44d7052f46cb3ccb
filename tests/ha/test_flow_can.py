"""A user finds a device on a CAN bus, and is told in words what is wrong with the bus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.home_bms.can.lines import async_held_can, async_hold_can
from custom_components.home_bms.can.pack import async_can_look
from custom_components.home_bms.flow import can as flow_can
from custom_components.home_bms.flow import can_forms
from custom_components.home_bms.flow.can_forms import BUS_SCHEMAS, bus_data, kernel_interfaces, shown_bus
from custom_components.home_bms.hw.can_devices import CAN_DEVICES
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.can_probe import Found
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.watching import Link

from ..hw.can.speech import daly, jk
from .can_house import Flow, hurry, speaking
from .conftest import PACK_ID, make_entry, set_up, until
from .test_can_pack import on_can

CELLS = tuple(3.281 + 0.001 * index for index in range(8))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, quick: None, socket_enabled: None) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("custom_components.home_bms.PLATFORMS", [Platform.SENSOR])


@pytest.mark.parametrize(
    ("step_id", "form", "expected"),
    [
        (
            "can_socketcan",
            {"channel": " can0 ", "bitrate": "automatic", "set_up": False},
            {"channel": "can0", "set_up": False},
        ),
        ("can_slcan", {"channel": "/dev/ttyACM0", "baudrate": 9600, "bitrate": "250000"}, {"bitrate": 250000}),
        (
            "can_slcan_network",
            {"host": " FE80::1 ", "port": 23, "bitrate": "125000"},
            {"channel": "socket://[fe80::1]:23"},
        ),
        ("can_slcan_network", {"host": "gate", "port": 23, "bitrate": "125000"}, {"channel": "socket://gate:23"}),
        ("can_gs_usb", {"channel": 1, "bitrate": "500000"}, {"channel": "1", "bitrate": 500000}),
        ("can_socketcand", {"host": "Pi", "port": 29536, "channel": "can0"}, {"host": "pi", "bitrate": 500000}),
        ("can_multicast", {"channel": "239.74.163.2", "port": 43113}, {"port": 43113}),
    ],
)
def test_a_form_becomes_a_bus_and_a_bus_the_same_form(
    step_id: str, form: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    data, auto = bus_data(step_id, form)
    params = params_from_data(data)
    assert {key: params.data[key] for key in expected} == expected
    assert auto is (form.get("bitrate") == "automatic")
    step, shown = shown_bus(params)
    assert step == step_id
    again, _ = bus_data(step_id, {key: value for key, value in shown.items() if key in form})
    assert params_from_data(again) == params


def test_the_kernels_can_interfaces_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in (("can1", "280"), ("eth0", "1"), ("can0", "280")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(f"{kind}\n")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "type").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(can_forms, "NETWORK_DEVICES", tmp_path)
    assert kernel_interfaces() == ["can0", "can1"]


async def test_every_kind_of_bus_has_a_form(hass: HomeAssistant) -> None:
    for step_id in BUS_SCHEMAS:
        flow = Flow(hass)
        await flow.begin()
        await flow.choose(step_id)
        assert flow.result["step_id"] == step_id
        assert flow.result["type"] is FlowResultType.FORM
        hass.config_entries.flow.async_abort(flow.result["flow_id"])


async def test_an_interface_that_may_not_be_set_up_is_told_with_what_to_type(hass: HomeAssistant) -> None:
    command = "ip link set can0 up type can bitrate 500000"
    refusal = CanLinkError("can_not_permitted", "no", channel="can0", bitrate=500000, command=command)
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("can_socketcan")
    with patch.object(flow_can, "async_probe", side_effect=refusal):
        await flow.go({"channel": "can0", "bitrate": "500000", "set_up": True})
    assert flow.result["step_id"] == "can_socketcan"
    assert flow.result["errors"] == {"base": "can_not_permitted"}
    assert flow.told["command"] == command


async def test_a_bus_that_cannot_be_is_refused_at_its_field(hass: HomeAssistant) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("can_socketcan")
    await flow.go({"channel": " ", "bitrate": "500000", "set_up": True})
    assert flow.result["errors"] == {"channel": "can_channel_missing"}
    await flow.go({"channel": "can0", "bitrate": "500000", "set_up": True})
    assert flow.result["errors"] == {"base": "can_interface_missing"}
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("can_slcan_network")
    await flow.go({"host": " ", "port": 23, "bitrate": "500000"})
    assert flow.result["errors"] == {"base": "can_channel_missing"}


async def test_the_bit_rate_at_which_somebody_is_heard_is_kept(hass: HomeAssistant) -> None:
    params = params_from_data({"interface": "socketcan", "channel": "can0", "bitrate": 250000})
    found = Found(params=params, devices=(CAN_DEVICES["can_jk"],), keys=frozenset(range(0x200, 0x240)), error_frames=7)
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("can_socketcan")
    with patch.object(flow_can, "async_probe", return_value=found) as probe:
        await flow.go({"channel": "can0", "bitrate": "automatic", "set_up": True})
    assert probe.call_args.args[1] == can_forms.TRIED
    told = flow.told["told"]
    assert "64" in told
    assert "…" in told
    assert "250" in told
    assert "7" in told
    (field,) = flow.result["data_schema"].schema
    assert field.default() == "can_jk"


async def test_a_device_that_is_not_there_is_not_taken(hass: HomeAssistant) -> None:
    async with speaking() as silence:
        flow = Flow(hass)
        await flow.begin()
        await flow.listen(silence)
        (field,) = flow.result["data_schema"].schema
        assert field.default() in CAN_DEVICES
        await flow.go({"model": "can_jk"})
        await flow.go({"current_inverted": False})
        assert flow.result["errors"] == {"base": "can_no_answer"}


async def test_asking_is_only_done_when_the_user_allows_it(hass: HomeAssistant) -> None:
    async with speaking(*daly(CELLS)) as battery:
        flow = Flow(hass)
        await flow.begin()
        await flow.listen(battery)
        await flow.go({"model": "can_daly"})
        assert "transmit" in flow.told["note"]
        await flow.go({"polling": False})
        entry = (await flow.take(cells=8, temperature_sensors=2))["result"]
        (pack,) = entry.subentries.values()
        assert pack.data["polling"] is False
        link = async_held_can(hass, params_from_data(battery.settings))
        assert link is not None
        assert link.statistics.sent == 0
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_is_asked_once_the_user_allows_it(hass: HomeAssistant) -> None:
    async with speaking(*daly(CELLS)) as battery:
        entry = make_entry(hass, on_can(battery, model="can_daly", cells=8, polling=True))
        await set_up(hass, entry)
        link = async_held_can(hass, params_from_data(battery.settings))
        assert link is not None
        # It listens for some seconds first whether somebody else asks.
        await until(lambda: link.statistics.sent, within=15)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bus_that_somebody_else_uses_otherwise_is_not_looked_at(hass: HomeAssistant) -> None:
    params = params_from_data({"interface": "virtual", "channel": "ours"})
    _, release = async_hold_can(hass, params)
    with pytest.raises(DriverError) as refused:
        async with async_can_look(hass, {"can": {**params.data, "bitrate": 250000}, "model": "can_jk"}):
            pass
    assert refused.value.key == "link_in_use"
    await release()


async def test_a_pack_is_changed_on_its_bus_while_it_is_watched(hass: HomeAssistant) -> None:
    async with speaking(*jk(CELLS)) as battery:
        entry = make_entry(hass, on_can(battery, cells=8, temperature_sensors=4))
        await set_up(hass, entry)
        await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.ANSWERING)
        flow = Flow(hass, entry, PACK_ID)
        await flow.begin()
        assert flow.result["step_id"] == "can_change"
        await flow.choose("can_options")
        await flow.go({"current_inverted": True})
        result = await flow.take()
        assert result["reason"] == "reconfigure_successful"
        assert entry.subentries[PACK_ID].data["current_inverted"] is True
        await hass.async_block_till_done()
        # On another bus a second pack is looked for, and the first one's is listened to without opening it again.
        flow = Flow(hass, entry, PACK_ID)
        await flow.begin()
        await flow.choose("can")
        await flow.choose("can_multicast")
        assert flow.suggested()["port"] == battery.port
        await flow.go(flow.suggested())
        assert flow.result["step_id"] == "can_found", flow.result
        (field,) = flow.result["data_schema"].schema
        assert field.default() == "can_jk"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bus_whose_settings_change_is_left_for_a_moment(hass: HomeAssistant) -> None:
    async with speaking(*jk(CELLS)) as battery:
        can = {**params_from_data(battery.settings).data, "bitrate": 250000}
        entry = make_entry(hass, on_can(battery, cells=8, can=can))
        await set_up(hass, entry)
        flow = Flow(hass, entry, PACK_ID)
        await flow.begin()
        await flow.choose("can")
        await flow.listen(battery)
        assert flow.result["step_id"] == "can_found", flow.result
        # A further pack, whose settings differ from those of the one that is there, is not set up.
        link = async_held_can(hass, params_from_data(battery.settings))
        assert link is not None
        assert link.params.bitrate == 250000
        flow = Flow(hass)
        await flow.begin()
        await flow.listen(battery)
        assert flow.result["errors"] == {"base": "can_link_in_use"}
        await hass.config_entries.async_unload(entry.entry_id)


async def test_another_serial_number_is_another_pack(hass: HomeAssistant) -> None:
    lines = [
        *("351 3802E803E803C701", "355 33006400", "356 8E14F9FFB400"),
        "380 4142434431323334",
        "381 3536373800000000",
    ]
    async with speaking(*lines) as battery:
        entry = make_entry(hass, on_can(battery, model="can_pylontech", serial_number="OTHER-1"))
        await set_up(hass, entry)
        flow = Flow(hass, entry, PACK_ID)
        await flow.begin()
        await flow.choose("can_options")
        await flow.go({})
        assert flow.result["reason"] == "can_wrong_device"
        assert flow.told == {"expected": "OTHER-1", "found": "ABCD12345678"}
        flow = Flow(hass, entry)
        await flow.begin()
        await flow.listen(battery)
        await flow.go({"model": "can_pylontech"})
        await flow.go({})
        assert "ABCD12345678" in flow.told["device"]
        await flow.take()
        further = list(entry.subentries.values())[-1]
        assert (further.unique_id, further.data["serial_number"]) == ("ABCD12345678", "ABCD12345678")
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)
