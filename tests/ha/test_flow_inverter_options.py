"""What a CAN protocol leaves open is asked, with what the make usually wants; only what differs is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields
from itertools import count
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.flow import inverter_can as flow_inverter_can
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_frame import EXTENDED, frame_of
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.inverters.can_inverter import CanInverter
from custom_components.home_bms.hw.inverters.can_protocol import choices, data_of, kind_of, options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS

from ..hw.inverters.options import MOVED
from .conftest import ScriptedDriver, make_entry, pack_subentry, set_up, until
from .inverter_flow import added, answer, change, pick_bus, shown
from .inverter_house import quick_inverters
from .test_translations import LANGUAGES

_ports = count(43500)
FIRST = {preset.protocol.key: preset for preset in reversed(PRESETS.values())}
"""One make for each protocol."""


@pytest.fixture(autouse=True)
def swift(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)
    monkeypatch.setattr(flow_inverter_can, "LISTEN_FOR", 0.1)
    defaults: dict[str, Any] = dict(CanInverter.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(CanInverter.__init__, "__kwdefaults__", {**defaults, "listen_for": 0.05, "release_for": 0.1})


@pytest.fixture
async def system(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> AsyncIterator[MockConfigEntry]:
    entry = make_entry(hass, pack_subentry())
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def bus() -> dict[str, Any]:
    """Return the form of a bus that only this test is on."""
    return {"channel": "239.74.163.2", "port": next(_ports)}


async def pick(hass: HomeAssistant, bus: dict[str, Any], model: str) -> Any:
    """Go as far as the options of a make."""
    result = await answer(hass, await pick_bus(hass, bus), model=model)
    assert result["step_id"] == "can_options"
    return result


async def pick_again(hass: HomeAssistant, entry: MockConfigEntry, bus: dict[str, Any], model: str) -> Any:
    """Go as far in a change of the one inverter."""
    result = await answer(hass, await change(hass, entry), next_step_id="can_multicast")
    return await answer(hass, await answer(hass, result, **bus), model=model)


async def finish(hass: HomeAssistant, result: Any) -> Any:
    assert result["step_id"] == "settings", result["errors"]
    result = await answer(hass, result, name="Cellar", share=100)
    await hass.async_block_till_done()
    return result


def opened(result: Any, protocol: str) -> bool:
    found = result["data_schema"].schema[protocol]
    assert isinstance(found, section)
    return not found.options["collapsed"]


@pytest.mark.parametrize("key", sorted(CAN_PROTOCOLS))
async def test_every_option_is_shown_as_the_make_has_it_and_kept_only_where_it_differs(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any], key: str
) -> None:
    preset, protocol = FIRST[key], CAN_PROTOCOLS[key]
    usual = data_of(options_from_data(protocol.options, preset.options))
    result = await pick(hass, bus, preset.key)
    assert shown(result, key) == usual
    assert not opened(result, key)
    await finish(hass, await answer(hass, result, **{key: usual}))
    assert added(system).data["options"] == {}

    moved = {**MOVED[key], **{name: not value for name, value in preset.options.items() if isinstance(value, bool)}}
    result = await pick_again(hass, system, bus, preset.key)
    result = await finish(hass, await answer(hass, result, **{key: {**usual, **moved}}))
    assert result["reason"] == "reconfigure_successful"
    assert added(system).data["options"] == {name: value for name, value in moved.items() if value != usual[name]}

    # What was moved is shown at the next change, and stays.
    result = await pick_again(hass, system, bus, preset.key)
    assert shown(result, key) == {**usual, **moved}
    assert opened(result, key)
    await finish(hass, await answer(hass, result, **{key: shown(result, key)}))
    assert added(system).data["options"] == {name: value for name, value in moved.items() if value != usual[name]}


async def test_what_was_moved_is_on_the_bus_and_another_make_begins_anew(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    ear = CanLink(params_from_data({"interface": "udp_multicast", **bus}))
    await ear.open()
    heard: dict[int, bytes] = {}
    stop = ear.subscribe(lambda frame: heard.__setitem__(frame.id, frame.data))
    result = await pick(hass, bus, "deye_lv")
    usual = shown(result, "pylontech_lv")
    await finish(hass, await answer(hass, result, pylontech_lv={**usual, "name": "BYD", "all_eight_bytes": True}))
    try:
        await system.runtime_data.async_allow_control(True)
        await until(lambda: 0x35E in heard and 0x359 in heard)
        assert heard[0x35E] == b"BYD     "
        assert len(heard[0x359]) == 8
    finally:
        await system.runtime_data.async_allow_control(False)
        stop()
        await ear.close()
    result = await pick_again(hass, system, bus, "sunsynk_lv")
    assert shown(result, "pylontech_lv") == usual


@pytest.mark.parametrize(
    ("model", "told", "key", "named"),
    [
        ("pylontech_hv", {"address": 16}, "whole", {"field": "Address", "value": "16.0", "least": "0", "most": "15"}),
        ("pylontech_hv", {"modules": 1.5}, "whole", {"field": "Modules in series", "least": "0", "most": "255"}),
        ("sma_sunny_island", {"period": 7}, "number", {"field": "Period", "least": "0.1", "most": "1"}),
        ("deye_lv", {"name": "much too long"}, "text", {"field": "Name of the battery", "most": "8"}),
        ("deye_lv", {"name": "Größe"}, "text", {"field": "Name of the battery", "value": "Größe"}),
    ],
)
async def test_a_value_that_cannot_be_is_refused_with_its_name_and_range(
    hass: HomeAssistant,
    system: MockConfigEntry,
    bus: dict[str, Any],
    model: str,
    told: dict[str, Any],
    key: str,
    named: dict[str, str],
) -> None:
    protocol = PRESETS[model].protocol.key
    result = await pick(hass, bus, model)
    usual = shown(result, protocol)
    result = await answer(hass, result, **{protocol: {**usual, **told}})
    assert result["errors"] == {"base": f"can_option_{key}"}
    assert named.items() <= result["description_placeholders"].items()
    # What was typed is still there, and not hidden.
    assert shown(result, protocol) == {**usual, **told}
    assert opened(result, protocol)
    await finish(hass, await answer(hass, result, **{protocol: usual}))


async def test_a_name_that_was_emptied_is_empty(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    result = await pick(hass, bus, "byd_lvs")
    told = shown(result, "victron_can")
    assert told.pop("manufacturer") == "BYD"
    await finish(hass, await answer(hass, result, victron_can=told))
    assert added(system).data["options"] == {"manufacturer": ""}


async def test_an_option_that_makes_another_speak_too_is_refused(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    other = CanLink(params_from_data({"interface": "udp_multicast", **bus}))
    claim = await other.claim({0x42E1 | EXTENDED}, 0.0)

    async def speak() -> None:
        while True:
            claim.send(frame_of(0x42E1 | EXTENDED, bytes(8)))
            await asyncio.sleep(0.02)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        result = await pick(hass, bus, "solis_hv")
        usual = shown(result, "pylontech_hv")
        result = await answer(hass, result, pylontech_hv={**usual, "deye_name": True})
        assert result["errors"] == {"base": "can_ids_in_use"}
        assert result["description_placeholders"]["ids"] == "000042E1"
        result = await answer(hass, result, pylontech_hv=usual)
        assert result["step_id"] == "settings"
    finally:
        task.cancel()
        claim.release()
        await other.close()


@pytest.mark.parametrize("language", ["en", "de"])
async def test_who_picks_a_make_reads_what_to_set_and_what_to_know_in_their_language(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any], language: str
) -> None:
    hass.config.language = language
    words = LANGUAGES[language]["selector"]
    result = await pick(hass, bus, "sol_ark_lv")
    told = result["description_placeholders"]
    assert told["make"] == words["can_make"]["options"]["sol_ark_lv"]
    setting = words["can_setting"]["options"]["sol_ark_lv"]
    assert told["about"].splitlines() == [
        words["inverter"]["options"]["can_set_to"].format(setting=setting),
        "",
        words["can_note"]["options"]["sol_ark_lv"],
    ]
    # The switch that the note names is called so in the form.
    label = LANGUAGES[language]["config_subentries"]["inverter"]["step"]["can_options"]["sections"]["pylontech_lv"]
    assert label["data"]["coarse_voltage"] in told["about"]
    hass.config_entries.subentries.async_abort(result["flow_id"])
    # Of some makes there is nothing to say.
    result = await pick(hass, bus, "sungrow_hv")
    assert result["description_placeholders"]["about"] == ""
    assert result["type"] is FlowResultType.FORM


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_choice_and_make_has_its_words(language: str) -> None:
    words = LANGUAGES[language]
    sections = words["config_subentries"]["inverter"]["step"]["can_options"]["sections"]
    assert set(sections) == set(CAN_PROTOCOLS)
    chosen: dict[str, set[str]] = {}
    for key, protocol in CAN_PROTOCOLS.items():
        options = fields(protocol.options)
        for texts in ("data", "data_description"):
            assert list(sections[key][texts]) == [part.name for part in options], key
        for part in options:
            if kind_of(part) not in (bool, str, int, float):
                chosen[f"can_{part.name}"] = {choice.value for choice in choices(part)}
    selectors = {group: set(found["options"]) for group, found in words["selector"].items()}
    assert chosen
    assert chosen.items() <= selectors.items()
    assert selectors["can_make"] == set(PRESETS)
    assert selectors["can_note"] | selectors["can_setting"] <= set(PRESETS)


def test_a_make_is_called_in_the_flow_as_it_is_elsewhere() -> None:
    makes = LANGUAGES["en"]["selector"]["can_make"]["options"]
    assert makes == {preset.key: preset.name for preset in PRESETS.values()}
