"""A user describes a device on CAN with a DBC, and is told in words what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import FormData
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.flow import can as flow_can
from custom_components.home_bms.flow import dbc as flow_dbc
from custom_components.home_bms.flow import dbc_forms
from custom_components.home_bms.flow.dbc_forms import mapping_schema, shown_mapping, told_mapping
from custom_components.home_bms.hw.can_maps import frame_map
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.can_probe import Found
from custom_components.home_bms.hw.user_dbc_guess import propose
from custom_components.home_bms.hw.user_dbc_rows import UserMapping
from custom_components.home_bms.watching import Link

from .can_house import Flow, Speaker, hurry, speaking
from .conftest import until

CELLS = tuple(3.281 + 0.001 * index for index in range(8))
DBC = """VERSION ""

BU_: bms

BO_ 512 pack: 8 bms
 SG_ PackVoltage : 0|16@1+ (0.1,0) [0|0] "V" bms
 SG_ PackCurrent : 16|16@1- (0.1,0) [0|0] "A" bms
 SG_ StateOfCharge : 32|8@1+ (1,0) [0|0] "%" bms
 SG_ Temp1 : 40|8@1+ (1,-40) [0|0] "degC" bms
 SG_ Temp2 : 48|8@1+ (1,-40) [0|0] "degC" bms

BO_ 513 cells: 8 bms
 SG_ Group M : 0|8@1+ (1,0) [0|0] "" bms
 SG_ Cell1 m0 : 16|16@1+ (1,0) [0|0] "mV" bms
 SG_ Cell2 m0 : 32|16@1+ (1,0) [0|0] "mV" bms
 SG_ Cell3 m1 : 16|16@1+ (1,0) [0|0] "mV" bms
 SG_ Cell4 m1 : 32|16@1+ (1,0) [0|0] "mV" bms
"""
SPOKEN = ("200 8500F6FF3F403F00", "201 0000D10CD20C0000", "201 0100D30CD40C0000")


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, quick: None, socket_enabled: None) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("custom_components.home_bms.PLATFORMS", [Platform.SENSOR])


@pytest.fixture
async def battery() -> AsyncGenerator[Speaker]:
    async with speaking(*SPOKEN) as speaker:
        yield speaker


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], str]:
    """Have files uploaded; returns what makes one and tells its id."""

    @contextmanager
    def process(_: HomeAssistant, file_id: str):
        path = tmp_path / file_id
        if not path.exists():
            raise ValueError("File does not exist")
        yield path

    monkeypatch.setattr(flow_dbc, "process_uploaded_file", process)

    def make(content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        name = f"00000000000000000000000000{len(list(tmp_path.iterdir())):06}"
        (tmp_path / name).write_bytes(data)
        return name

    return make


async def test_a_device_is_described_with_a_dbc_mapped_watched_and_changed(
    hass: HomeAssistant, battery: Speaker, upload: Callable[[str | bytes], str]
) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.listen(battery)
    (field,) = flow.result["data_schema"].schema
    assert field.default() == "can_dbc"
    await flow.go({"model": "can_dbc"})
    await flow.go({"name": "My BMS", "file": upload(DBC)})
    assert flow.result["step_id"] == "can_mapping", flow.result
    guess = flow.suggested()
    assert guess["cell"] == "201 Cell{n}"
    assert (guess["cell_count"], guess["cell_first"]) == (4, 1)
    assert (guess["voltage"], guess["current"], guess["soc"]) == (
        "200 PackVoltage",
        "200 PackCurrent",
        "200 StateOfCharge",
    )
    await flow.go({**guess, "current_inverted": True, "soh": "200 StateOfCharge"})
    assert flow.result["step_id"] == "can_review", flow.result
    assert "cell_4: 3.284" in flow.told["preview"]
    await flow.choose("can_mapping_text")
    written = flow.suggested()["mapping"]
    written["rows"] = [row for row in written["rows"] if row["quantity"] != "soh"]
    await flow.go({"mapping": written, "polling": False})
    await flow.choose("can_take")
    entry = (await flow.take(chemistry="lfp", capacity=100))["result"]
    (subentry,) = entry.subentries.values()
    assert (subentry.data["cells"], subentry.data["temperature_sensors"]) == (4, 2)
    pack = entry.runtime_data.packs[subentry.subentry_id]
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    await until(lambda: pack.latest.believed.cells == (3.281, 3.282, 3.283, 3.284))
    assert pack.latest.believed.current == 1.0
    flow = Flow(hass, entry, subentry.subentry_id)
    await flow.begin()
    await flow.choose("can_mapping")
    await flow.go({**flow.suggested(), "current_inverted": False})
    await flow.choose("can_take")
    assert (await flow.take())["reason"] == "reconfigure_successful"
    assert entry.subentries[subentry.subentry_id].data["current_inverted"] is False
    await hass.async_block_till_done()
    # Who only moves to another bus is not asked for the file again.
    flow = Flow(hass, entry, subentry.subentry_id)
    await flow.begin()
    await flow.choose("can")
    await flow.listen(battery)
    await flow.go({"model": "can_dbc"})
    assert flow.suggested()["cell"] == "201 Cell{n}"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_mapping_that_could_not_be_read_again_is_not_kept(
    hass: HomeAssistant, battery: Speaker, upload: Callable[[str | bytes], str]
) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.listen(battery)
    await flow.go({"model": "can_dbc"})
    await flow.go({"name": "My BMS", "file": upload(DBC)})
    await flow.go({**flow.suggested(), "cell": "201 Cell1", "cell_count": 4})
    assert flow.result["step_id"] == "can_mapping"
    assert flow.result["errors"] == {"base": "dbc_row_without_number"}
    assert flow.told["signal"] == "Cell1"


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ("", "dbc_empty", {}),
        ("<?xml version='1.0'?>", "dbc_wrong_format", {"format": "XML"}),
        (b"\x00\x01", "dbc_wrong_format", {"format": "binary"}),
        ('VERSION ""\n', "dbc_no_messages", {}),
        (DBC.replace("SG_ PackVoltage : 0|16", "SG_ PackVoltage : 0;16"), "dbc_syntax", {"line": "6"}),
        (" " * 300_000, "dbc_too_long", {"most": "250000", "length": "300000"}),
        (b" " * 1_100_000, "dbc_too_long", {"most": "250000", "length": "1100000"}),
    ],
)
async def test_a_broken_file_is_refused_in_words(
    hass: HomeAssistant,
    upload: Callable[[str | bytes], str],
    content: str | bytes,
    error: str,
    told: Mapping[str, str],
) -> None:
    flow = await to_the_file(hass)
    await flow.go({"name": "My BMS", "file": upload(content)})
    assert flow.result["errors"] == {"file": error}
    assert {key: flow.told[key] for key in told} == told


async def to_the_file(hass: HomeAssistant) -> Flow:
    params = params_from_data({"interface": "socketcan", "channel": "can0"})
    found = Found(params=params, devices=(), keys=frozenset({0x200, 0x201}), error_frames=0)
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("can_socketcan")
    with patch.object(flow_can, "async_probe", return_value=found):
        await flow.go({"channel": "can0", "bitrate": "500000", "set_up": True})
    await flow.go({"model": "can_dbc"})
    return flow


async def test_a_file_comes_in_as_home_assistant_uploads_it(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    for component in ("file_upload", "usb"):
        assert await async_setup_component(hass, component, {})
    client = await hass_client()
    form = FormData()
    form.add_field("file", DBC.encode(), filename="bms.dbc")
    answer = await client.post("/api/file_upload", data=form)
    file_id = (await answer.json())["file_id"]
    flow = await to_the_file(hass)
    await flow.go({"name": "My BMS", "file": file_id})
    assert flow.result["step_id"] == "can_mapping"
    # It is read once, and gone.
    flow = await to_the_file(hass)
    await flow.go({"name": "My BMS", "file": file_id})
    assert flow.result["errors"] == {"file": "dbc_no_upload"}


async def test_a_file_that_is_gone_is_asked_for_again(hass: HomeAssistant, upload: Callable[..., str]) -> None:
    flow = await to_the_file(hass)
    await flow.go({"name": "My BMS", "file": "0" * 32})
    assert flow.result["errors"] == {"file": "dbc_no_upload"}


async def test_what_a_file_was_forgiven_and_a_wrong_mapping_are_told(
    hass: HomeAssistant, upload: Callable[[str | bytes], str]
) -> None:
    flow = await to_the_file(hass)
    await flow.go({"name": " ", "file": upload(DBC + '\nCM_ SG_ 999 Nobody "nothing";\n')})
    assert "3E7" in flow.told["notices"]
    form = flow.suggested()
    for change, error in (
        ({"current": "200 Nothing"}, "dbc_unknown_signal"),
        ({"current": "299 PackCurrent"}, "dbc_unknown_signal"),
        ({"current": "XYZ PackCurrent"}, "dbc_no_identifier"),
        ({"cell_count": 5}, "dbc_unknown_signal"),
        ({"cell": "201 Cell1", "cell_count": 4}, "dbc_row_without_number"),
    ):
        await flow.go({**form, "current_inverted": False, **change})
        assert flow.result["errors"] == {"base": error}, change
    await flow.go(
        {"cell_count": 1, "cell_first": 1, "temperature_count": 1, "temperature_first": 1, "current_inverted": False}
    )
    assert flow.result["errors"] == {"base": "dbc_nothing_mapped"}
    # The interface is not there, so nothing can be heard.
    await flow.go({**form, "current_inverted": False})
    assert flow.result["errors"] == {"base": "can_interface_missing"}


async def test_a_mapping_as_text_is_checked(
    hass: HomeAssistant, battery: Speaker, upload: Callable[[str | bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.listen(battery)
    await flow.go({"model": "can_dbc"})
    await flow.go({"name": "Meter", "file": upload(DBC)})
    await flow.go(
        {
            "voltage": "200 PackVoltage",
            "cell_count": 1,
            "cell_first": 1,
            "temperature_count": 1,
            "temperature_first": 1,
            "current_inverted": False,
        }
    )
    assert "permits nothing" in flow.told["preview"]
    await flow.choose("can_mapping_text")
    row = {"message": "200", "signal": "PackVoltage", "quantity": "voltage"}
    for written, error in (
        ("rows", "dbc_not_readable"),
        ({"rows": "all"}, "dbc_not_readable"),
        ({"rows": [{**row, "quantity": "colour"}]}, "dbc_unknown_quantity"),
        ({"rows": [{**row, "factor": 0}]}, "out_of_range"),
        ({"rows": [row, row]}, "dbc_quantity_twice"),
        ({"rows": [row], "polls": [{"message": "100", "data": "zz"}]}, "dbc_not_hex"),
    ):
        await flow.go({"mapping": written, "polling": False})
        assert flow.result["errors"] == {"base": error}, written
        assert error != "out_of_range" or {"minimum", "maximum", "value", "field"} <= set(flow.told)
    monkeypatch.setattr(flow_dbc, "VALUES_SHOWN", 1)
    rows = [row, {"message": "200", "signal": "StateOfCharge", "quantity": "soc"}]
    await flow.go({"mapping": {"rows": rows}, "polling": True})
    assert flow.result["step_id"] == "can_review"
    assert "…" in flow.told["preview"]
    assert "soc" not in flow.told["preview"]


@pytest.mark.parametrize("name", ["jk", "orion", "daly", "pylontech", "nmea2000"])
def test_a_guess_survives_its_form(name: str) -> None:
    frames = frame_map(name)
    guess = UserMapping(rows=propose(frames))
    form = {**FILLED, **shown_mapping(guess)}
    asked = {str(key) for key in mapping_schema(frames, frozenset(), guess).schema}
    assert set(form) <= asked
    before = {row.signal: row for row in guess.rows}
    for row in told_mapping(form, frames, guess).rows:
        assert row == before[row.signal]


FILLED = {"cell_count": 1, "cell_first": 1, "temperature_count": 1, "temperature_first": 1}


def test_a_row_over_several_messages_and_a_number_in_the_frame_can_be_chosen() -> None:
    frames = frame_map("jk")
    mapping = told_mapping({**FILLED, "cell": "* cell_{n}", "cell_count": 8}, frames, UserMapping(rows=()))
    assert (mapping.rows[0].message, mapping.rows[0].count, mapping.rows[0].factor) == (None, 8, 1.0)
    frames = frame_map("orion")
    guess = UserMapping(rows=propose(frames))
    (cells,) = [row for row in guess.rows if row.quantity == "cell"]
    if cells.number_from:
        assert shown_mapping(guess)["cell_number"].endswith(cells.number_from)
    with pytest.raises(ConfigError):
        told_mapping({**FILLED, "cell": "* "}, frames, guess)


def test_a_busy_file_offers_what_was_heard_and_no_more_than_a_browser_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbc_forms, "CHOICES_MOST", 3)
    frames = frame_map("pylontech")
    schema = mapping_schema(frames, frozenset({0x356}), UserMapping(rows=()))
    offered = {
        str(key): [one["value"] for one in field.config["options"]]
        for key, field in schema.schema.items()
        if hasattr(field, "config") and "options" in field.config
    }
    assert all(len(values) <= 3 for values in offered.values())
    assert all(value.startswith("356 ") for values in offered.values() for value in values)
