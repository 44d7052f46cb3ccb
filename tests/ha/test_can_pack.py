"""A pack on CAN is set up from what is heard, shown as it speaks, and permits nothing once it is silent."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from custom_components.home_bms.can import captures as can_captures
from custom_components.home_bms.can.lines import async_held_can
from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.hw import can_driver
from custom_components.home_bms.hw.can_frame import parse_candump
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.watching import Link

from ..hw.can.speech import PYTES, jk
from .can_house import BATTERY, Flow, Speaker, hurry, speaking
from .conftest import PACK_ID, ScriptedDriver, make_entry, set_up, until
from .entities import state_of

CELLS = tuple(3.281 + 0.001 * index for index in range(16))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, quick: None, socket_enabled: None) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("custom_components.home_bms.PLATFORMS", [Platform.SENSOR])


@pytest.fixture
async def battery() -> AsyncGenerator[Speaker]:
    async with speaking(*jk(CELLS)) as speaker:
        yield speaker


def on_can(
    speaker: Speaker, model: str = "can_jk", subentry_id: str = PACK_ID, **more: Any
) -> ConfigSubentryDataWithId:
    can = params_from_data(speaker.settings).data
    data = {**BATTERY, "type": "can", "can": can, "model": model, **more}
    title = data.pop("name")
    return ConfigSubentryDataWithId(
        data=data, subentry_id=subentry_id, subentry_type=SUBENTRY_PACK, title=title, unique_id=f"{model}-{subentry_id}"
    )


async def test_a_jk_is_added_from_what_it_says_and_shown_as_it_speaks(hass: HomeAssistant, battery: Speaker) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.listen(battery)
    assert flow.result["step_id"] == "can_found", flow.result
    assert "2F4" in flow.told["told"]
    await flow.go({"model": "can_jk"})
    assert flow.result["step_id"] == "can_options"
    await flow.go({"current_inverted": False})
    result = await flow.take(temperature_sensors=4)
    entry = result["result"]
    (pack,) = entry.subentries.values()
    assert pack.data["cells"] == 16
    assert pack.data["can"]["port"] == battery.port
    # It tells no serial number, so that nothing of it is remembered as one.
    assert "serial_number" not in pack.data
    coordinator = entry.runtime_data.packs[pack.subentry_id]
    await until(lambda: coordinator.statistics.link is Link.ANSWERING)
    await until(lambda: state_of(hass, "sensor.cellar_cell_16") == "3.296")
    assert state_of(hass, "sensor.cellar_cell_1") == "3.281"
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert async_held_can(hass, params_from_data(battery.settings)) is None


async def test_a_silent_bus_permits_nothing_and_says_why(
    hass: HomeAssistant, battery: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(can_driver, "STALE_LEAST", 0.5)
    monkeypatch.setattr(can_driver, "STALE_PERIODS", 0)
    entry = make_entry(hass, on_can(battery, temperature_sensors=4, current_inverted=True))
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    await until(lambda: pack.latest.believed.current == 12.5)
    battery.lines.clear()
    await until(lambda: pack.statistics.last_error == "no_answer")
    await until(lambda: pack.latest.decision.ccl.value == 0, within=15)
    await until(lambda: pack.latest.decision.dcl.value == 0, within=15)
    assert pack.latest.decision.ccl.reason.rule != "setting"
    battery.lines += jk(CELLS)
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_pack_that_tells_no_cells_is_shown_and_permits_nothing(hass: HomeAssistant) -> None:
    async with speaking(*PYTES) as battery:
        flow = Flow(hass)
        await flow.begin()
        await flow.listen(battery)
        await flow.go({"model": "can_pylontech"})
        assert "cells" in flow.told["note"]
        await flow.go({})
        entry = (await flow.take())["result"]
        pack = next(iter(entry.runtime_data.packs.values()))
        await until(lambda: pack.statistics.link is Link.ANSWERING)
        await until(lambda: pack.latest.believed.voltage == 52.62)
        assert pack.latest.believed.current == -0.7
        assert pack.latest.decision.ccl.value == pack.latest.decision.dcl.value == 0
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_packs_share_a_bus_and_the_last_one_closes_it(hass: HomeAssistant, battery: Speaker) -> None:
    other = on_can(battery, subentry_id="01PACK0000000000000000000B", node=3, temperature_sensors=4)
    entry = make_entry(hass, on_can(battery, temperature_sensors=4, node=0), other)
    await set_up(hass, entry)
    link = async_held_can(hass, params_from_data(battery.settings))
    assert link is not None
    first, second = entry.runtime_data.packs.values()
    await until(lambda: first.statistics.link is Link.ANSWERING)
    assert second.statistics.link is not Link.ANSWERING
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert link.state == "closed"


async def test_diagnostics_tell_of_the_bus_and_not_where_it_is(hass: HomeAssistant, battery: Speaker) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    told = await async_get_config_entry_diagnostics(hass, entry)
    bus = told["packs"][0]["can"]
    assert bus["state"] == "active"
    assert bus["ids"]["2F4"]["count"] > 0
    assert bus["error_frames"] == 0
    assert bus["load"] >= 0
    assert bus["frames_per_second"] >= 0
    assert (bus["bus_offs"], bus["reconnects"], bus["refused"]) == (0, 0, [])
    # This kind of interface has no controller that counts.
    assert (bus["transmit_errors"], bus["receive_errors"]) == (None, None)
    assert bus["told"]["voltage"] == 52.5
    assert told["packs"][0]["settings"]["can"]["channel"] == "**REDACTED**"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_its_switches_are_seen_and_not_judged_by_what_nobody_can_tell_them(
    hass: HomeAssistant, battery: Speaker
) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    assert not pack.config.contactors.told
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bus_is_recorded_on_request(
    hass: HomeAssistant, battery: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.ANSWERING)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)

    async def capture() -> dict[str, Any]:
        call = {"device_id": devices[0].id, "duration": 1}
        answer = await hass.services.async_call(DOMAIN, "capture_can", call, blocking=True, return_response=True)
        assert isinstance(answer, dict)
        return answer

    answer = await capture()
    lines = answer["candump"].splitlines()
    assert answer["complete"] is True
    assert answer["frames"] == len(lines) > 5
    assert any(" 2F4#" in line for line in lines)
    monkeypatch.setattr("custom_components.home_bms.can.actions.TEXT_MOST", 200)
    answer = await capture()
    assert answer["complete"] is False
    assert len(answer["candump"]) <= 200
    assert answer["candump"].endswith("\n")
    link = async_held_can(hass, params_from_data(battery.settings))
    assert link is not None
    await link.close()
    with pytest.raises(HomeAssistantError) as refused:
        await capture()
    assert refused.value.translation_key == "capture_failed"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_newest_record_goes_into_the_diagnostics_with_its_time(
    hass: HomeAssistant, battery: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.ANSWERING)
    device = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)[0]

    async def capture(**more: Any) -> list[str]:
        call = {"device_id": device.id, "duration": 1, **more}
        answer = await hass.services.async_call(DOMAIN, "capture_can", call, blocking=True, return_response=True)
        assert isinstance(answer, dict)
        return str(answer["candump"]).splitlines()

    async def kept() -> list[dict[str, Any]]:
        return list((await async_get_config_entry_diagnostics(hass, entry))["can_captures"])

    await capture(keep=False)
    assert await kept() == []
    before = dt_util.utcnow()
    lines = await capture()
    (told,) = await kept()
    assert before <= dt_util.parse_datetime(told["at"]) <= dt_util.utcnow() - timedelta(seconds=1)
    assert (told["interface"], told["frames"], told["complete"]) == ("udp_multicast", len(lines), True)
    # The same frames, without the name of the bus, which may be an address.
    assert [line.split(" ")[::2] for line in told["candump"]] == [line.split(" ")[::2] for line in lines]
    assert [parse_candump(line) for line in told["candump"]] == [parse_candump(line) for line in lines]
    assert "239_74" not in json.dumps(told)
    assert "239_74" in lines[0]

    # A newer one takes its place, cut off where it is too long, and outlives the bus.
    monkeypatch.setattr(can_captures, "KEPT_MOST", 200)
    await capture()
    await hass.config_entries.async_reload(entry.entry_id)
    (short,) = await kept()
    assert short["at"] > told["at"]
    assert short["complete"] is False
    assert 0 < short["frames"] < 10
    assert parse_candump(short["candump"][-1])
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_records_of_a_few_buses_are_kept(hass: HomeAssistant) -> None:
    at = dt_util.utcnow()
    for number in (0, 1, 2, 3, 0, 4):
        can_captures.async_keep(hass, f"socketcan:can{number}", at, f"(1.0) can{number} 351#\n")
    kept = [can_captures.async_kept(hass, f"socketcan:can{number}") for number in range(5)]
    assert [found is not None for found in kept] == [True, False, True, True, True]


async def test_a_pack_that_is_on_no_bus_cannot_be_recorded(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass)
    await set_up(hass, entry)
    call = {"device_id": dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)[0].id}
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "capture_can", call, blocking=True, return_response=True)
    assert refused.value.translation_key == "no_can_bus"


async def test_what_is_on_several_buses_cannot_be_recorded(hass: HomeAssistant, battery: Speaker) -> None:
    async with speaking() as elsewhere:
        other = on_can(elsewhere, subentry_id="01PACK0000000000000000000B", temperature_sensors=4)
        entry = make_entry(hass, on_can(battery, temperature_sensors=4), other)
        await set_up(hass, entry)
        system = next(
            device
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
            if device.config_subentry_id is None
        )
        call = {"device_id": system.id, "duration": 1}
        with pytest.raises(ServiceValidationError) as refused:
            await hass.services.async_call(DOMAIN, "capture_can", call, blocking=True, return_response=True)
        assert refused.value.translation_key == "several_can_buses"
        for subentry in list(entry.subentries.values()):
            hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "type": "tcp", "can": {}})
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"can": {"interface": "pigeon"}},
        {"model": "can_nobody"},
        {"model": "can_dbc", "dbc": "", "dbc_name": "x", "mapping": {}},
    ],
)
async def test_settings_that_cannot_be_keep_the_system_from_starting_and_leave_the_bus(
    hass: HomeAssistant, battery: Speaker, changes: dict[str, Any]
) -> None:
    entry = make_entry(hass, on_can(battery, **changes))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert async_held_can(hass, params_from_data(battery.settings)) is None


async def test_two_packs_that_disagree_on_a_bus_are_refused(hass: HomeAssistant, battery: Speaker) -> None:
    can = {**params_from_data(battery.settings).data, "bitrate": 250000}
    other = on_can(battery, subentry_id="01PACK0000000000000000000B", can=can)
    entry = make_entry(hass, on_can(battery), other)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert async_held_can(hass, params_from_data(battery.settings)) is None
