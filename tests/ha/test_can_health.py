"""A CAN bus that fails while it runs is told: in repairs once for each bus, and on the devices that are on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import can
import pytest
from can.interfaces.udp_multicast import UdpMulticastBus
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send

from custom_components.home_bms import entity
from custom_components.home_bms.can import watch as can_watch
from custom_components.home_bms.can.lines import async_held_can, async_hold_can
from custom_components.home_bms.can.sensors import CAN_SENSORS, can_sensors
from custom_components.home_bms.can.watch import CanWatch, looked_at
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.hw import can as link_module
from custom_components.home_bms.hw import can_claim, can_health
from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_frame import frame_of
from custom_components.home_bms.hw.can_health import Trouble
from custom_components.home_bms.hw.can_netlink import LinkDetails
from custom_components.home_bms.hw.can_params import CanParams, Interface, params_from_data
from custom_components.home_bms.watching import Link

from ..hw.can.buses import PARAMS, Nothing, SlcanStick, full
from ..hw.can.speech import frames, jk
from .can_house import EVERY, GROUP, Speaker, hurry, speaking
from .conftest import PACK_ID, make_entry, set_up, until
from .entities import everything_is_news, state_of
from .inverter_house import INVERTER_ID, inverter_subentry, quick_inverters
from .test_can_pack import CELLS, on_can
from .test_translations import ENGLISH, ICONS, ONLY_OF_CAN

OTHER_ID = "01PACK0000000000000000000B"
PATIENCE = {trouble: can_health.Patience(after=0.3, gap=0.2, calm=0.2) for trouble in Trouble}
LOGGED = "custom_components.home_bms"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, quick: None, socket_enabled: None) -> None:
    hurry(monkeypatch)
    quick_inverters(monkeypatch)
    monkeypatch.setattr("custom_components.home_bms.PLATFORMS", [Platform.SENSOR])
    monkeypatch.setattr(can_health, "PATIENCE", PATIENCE)
    monkeypatch.setattr(can_watch, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(can_claim, "REFUSED_FOR", 0.3)
    monkeypatch.setattr(link_module, "BUS_OFF_FOR", 0.1)


@pytest.fixture
async def battery() -> AsyncGenerator[Speaker]:
    async with speaking(*jk(CELLS)) as speaker:
        yield speaker


@pytest.fixture
async def trouble(battery: Speaker) -> AsyncGenerator[UdpMulticastBus]:
    """Return a place on the bus of the battery from which error frames come, as a controller makes them."""
    bus = UdpMulticastBus(GROUP, port=battery.port)
    yield bus
    bus.shutdown()


def controller(bus: UdpMulticastBus, state: int, kind: int = 0x04) -> None:
    data = bytes((0, state, 0, 0, 0, 0, 0, 0))
    bus.send(can.Message(arbitration_id=kind, data=data, is_error_frame=True, is_extended_id=True))


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues about buses, by their kind."""
    found = [issue for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN]
    kinds = {trouble.value for trouble in Trouble}
    told = {issue.translation_key: issue for issue in found if issue.active and issue.translation_key in kinds}
    assert len(told) == sum(issue.active and issue.translation_key in kinds for issue in found), "twice the same"
    return told


def on_stick(port: Path, subentry_id: str, **more: Any) -> ConfigSubentryDataWithId:
    """Return a pack behind a serial adapter."""
    settings = {"interface": "slcan", "channel": str(port), "bitrate": 250000}
    pack = on_can(Speaker(port=0), subentry_id=subentry_id, temperature_sensors=4, **more)
    return ConfigSubentryDataWithId(**{**pack, "data": {**pack["data"], "can": params_from_data(settings).data}})


async def test_an_adapter_that_is_pulled_out_is_told_once_and_taken_back_when_it_is_there_again(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything_is_news(monkeypatch)
    port, stick = tmp_path / "stick", SlcanStick()
    port.symlink_to(stick.path)
    sticks = [stick]

    async def speak() -> None:
        while True:
            for frame in frames(*jk(CELLS)) if sticks else ():
                sticks[-1].say(frame)
            await asyncio.sleep(EVERY)

    entry = make_entry(hass, on_stick(port, PACK_ID), on_stick(port, OTHER_ID))
    task = asyncio.get_running_loop().create_task(speak())
    caplog.set_level(logging.INFO, LOGGED)
    try:
        await set_up(hass, entry)
        packs = entry.runtime_data.packs.values()
        await until(lambda: all(pack.statistics.link is Link.ANSWERING for pack in packs))
        assert issues(hass) == {}
        sticks.clear()
        stick.pull_out()
        await until(lambda: issues(hass))
        # Two packs share it, and it is told once.
        ((kind, issue),) = issues(hass).items()
        assert kind == Trouble.LOST
        assert issue.severity is ir.IssueSeverity.ERROR
        assert str(port) in issue.translation_placeholders["bus"]
        assert issue.translation_placeholders["error"] != "-"
        assert issue.issue_id == f"can_lost_slcan:{port}"
        entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{PACK_ID}_can_state")
        await until(lambda: state_of(hass, entity_id) == "lost")

        sticks.append(SlcanStick())
        port.unlink()
        port.symlink_to(sticks[0].path)
        await until(lambda: not issues(hass), within=20)
        await until(lambda: state_of(hass, entity_id) == "active")
        told = [record.message for record in caplog.records if "CAN bus" in record.message]
        assert len(told) == 2
        assert "Trouble with" in told[0]
        assert "sound again" in told[1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await hass.config_entries.async_unload(entry.entry_id)
        for one in sticks:
            one.close()
    assert async_held_can(hass, params_from_data({"interface": "slcan", "channel": str(port)})) is None


async def test_a_bus_that_was_never_there_is_told_and_forgotten_with_its_packs(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    entry = make_entry(hass, on_stick(tmp_path / "nothing", PACK_ID))
    await set_up(hass, entry)
    await until(lambda: Trouble.LOST in issues(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == {}


async def test_a_controller_in_trouble_is_told_with_what_to_look_at(
    hass: HomeAssistant, battery: Speaker, trouble: UdpMulticastBus
) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.ANSWERING)
    controller(trouble, 0x20)
    await until(lambda: Trouble.ERRORS in issues(hass))
    assert issues(hass)[Trouble.ERRORS].translation_placeholders["bitrate"] == "500"
    controller(trouble, 0x40)
    await until(lambda: not issues(hass))
    # One that leaves the bus again and again is the same trouble, although each time it comes back at once.
    for _ in range(100):
        controller(trouble, 0, kind=0x40)
        if issues(hass):
            break
        await asyncio.sleep(0.05)
    assert set(issues(hass)) == {Trouble.ERRORS}
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == {}


async def test_identifiers_that_another_battery_sends_are_named(hass: HomeAssistant, battery: Speaker) -> None:
    """A real battery on the inverter's bus keeps home_bms silent, which nobody saw."""
    battery.lines[:] = ["351 3802E803E803C701", "355 64006400"]
    data = {"type": "can", "model": "sma_sunny_island", "can": params_from_data(battery.settings).data, "options": {}}
    async with speaking(*jk(CELLS)) as elsewhere:
        entry = make_entry(hass, on_can(elsewhere, temperature_sensors=4), inverter_subentry(data))
        await set_up(hass, entry)
        link = async_held_can(hass, params_from_data(battery.settings))
        assert link is not None
        await until(lambda: 0x355 in link.statistics.ids)
        # Who sends nothing is in nobody's way.
        assert link.refused == frozenset()
        await entry.runtime_data.async_allow_control(True)
        await until(lambda: Trouble.TAKEN in issues(hass))
        issue = issues(hass)[Trouble.TAKEN]
        assert issue.translation_placeholders["ids"] == "351, 355"
        assert str(battery.port) in issue.translation_placeholders["bus"]
        await entry.runtime_data.async_allow_control(False)
        await until(lambda: not issues(hass))
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_battery_that_somebody_else_asks_is_no_trouble(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(can_claim, "REFUSED_FOR", 60.0)
    async with speaking("18900140 0000000000000000", "18904001 020D0000759402DA") as speaker:
        entry = make_entry(hass, on_can(speaker, model="can_daly", temperature_sensors=2, polling=True))
        await set_up(hass, entry)
        driver = entry.runtime_data.packs[PACK_ID].can
        await until(lambda: driver.contested and driver.link.statistics.received > 20)
        assert driver.link.refused == frozenset()
        assert issues(hass) == {}
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_nobody_who_acknowledges_is_a_warning(hass: HomeAssistant) -> None:
    bus = Nothing()
    bus.refusal = full()
    link = CanLink(PARAMS, bus=bus)
    watch = CanWatch(hass, link)
    claim = await link.claim({0x351}, seconds=0)
    claim.send(frame_of(0x351, bytes(8)))
    await until(lambda: Trouble.UNANSWERED in issues(hass))
    assert issues(hass)[Trouble.UNANSWERED].severity is ir.IssueSeverity.WARNING
    # What the kernel tells is asked for too; the graver of both is told.
    bus.kernel = LinkDetails(index=7, up=True, kind="can", state="passive", errors=(128, 0))
    await until(lambda: link.controller.transmit_errors == 128)
    bus.refusal = None
    link._sender.heard()
    await until(lambda: set(issues(hass)) == {Trouble.ERRORS})
    bus.kernel = replace(bus.kernel, state="active")
    await until(lambda: not issues(hass))
    await watch.async_stop()
    await link.close()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_trouble_has_words(language: str) -> None:
    assert {trouble.value for trouble in Trouble} == {key for key in ENGLISH["issues"] if key.startswith("can_")}
    assert set(ENGLISH["entity"]["sensor"]["can_state"]["state"]) == {state.value for state in CanState}
    assert {("sensor", row.translation_key) for row in CAN_SENSORS} == ONLY_OF_CAN
    assert {key for _, key in ONLY_OF_CAN} <= set(ICONS["entity"]["sensor"])


# --- On the devices --------------------------------------------------------------------------------------------------


async def test_how_the_bus_is_stands_on_each_device_that_is_on_it(hass: HomeAssistant, battery: Speaker) -> None:
    data = {"type": "can", "model": "sma_sunny_island", "can": params_from_data(battery.settings).data, "options": {}}
    entry = make_entry(hass, on_can(battery, temperature_sensors=4), inverter_subentry(data))
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for identity in (PACK_ID, INVERTER_ID):
        rows = {
            row.translation_key: row
            for row in er.async_entries_for_config_entry(registry, entry.entry_id)
            if row.unique_id.startswith(f"{identity}_can_")
        }
        assert rows, (identity, entry.state, entry.reason)
        # A multicast group has no bit rate that home_bms knew, and no controller that counts.
        assert set(rows) == {"can_state", "can_error_frames", "can_reconnects", "can_frame_rate"}
        assert {row.entity_category for row in rows.values()} == {"diagnostic"}
        assert {key for key, row in rows.items() if row.disabled} == {"can_frame_rate"}
        await until(lambda rows=rows: state_of(hass, rows["can_state"].entity_id) == "active")
        assert state_of(hass, rows["can_error_frames"].entity_id) == "0"
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("interface", "more"),
    [
        (Interface.SOCKETCAN, {"can_error_frames", "can_load", "can_transmit_errors", "can_receive_errors"}),
        (Interface.GS_USB, {"can_error_frames", "can_load", "can_transmit_errors", "can_receive_errors"}),
        (Interface.SLCAN, {"can_load"}),
        (Interface.SOCKETCAND, {"can_error_frames"}),
    ],
)
async def test_only_what_an_adapter_tells_is_shown(
    hass: HomeAssistant, battery: Speaker, interface: Interface, more: set[str]
) -> None:
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    link = CanLink(CanParams(interface=interface, channel="0", host="127.0.0.1"), bus=Nothing())
    sensors = {sensor.entity_description.key: sensor for sensor in can_sensors(pack, link)}
    assert set(sensors) == more | {"can_state", "can_reconnects", "can_frame_rate"}
    measured = [row for row in sensors.values() if row.entity_description.state_class == "measurement"]
    # What a bus that is away does is not nothing, but not known.
    assert {sensor.native_value for sensor in measured} == {None}
    await link.open()
    link.controller.transmit_errors = link.controller.receive_errors = 0
    assert {sensor.native_value for sensor in measured} == {0}
    await link.close()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bus_that_comes_and_goes_writes_few_rows(
    hass: HomeAssistant, battery: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that leaves the bus may come back and leave again ten times a second."""
    entry = make_entry(hass, on_can(battery, temperature_sensors=4))
    await set_up(hass, entry)
    link = entry.runtime_data.packs[PACK_ID].can.link
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{PACK_ID}_can_state")
    await until(lambda: state_of(hass, entity_id) == "active")
    written: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: written.append(event.data["new_state"].state) if event.data["entity_id"] == entity_id else None,
    )
    now = entity.monotonic()
    monkeypatch.setattr(entity, "monotonic", lambda: now)
    for _ in range(50):
        for passive in (True, False):
            link.controller.passive = passive
            async_dispatcher_send(hass, looked_at(link))
    await hass.async_block_till_done()
    assert written == ["passive"]
    now += entity.SOONEST
    for passive in (True, False):
        link.controller.passive = passive
        async_dispatcher_send(hass, looked_at(link))
    await hass.async_block_till_done()
    assert written == ["passive", "active"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_who_only_looks_at_a_bus_leaves_no_watch_behind(hass: HomeAssistant) -> None:
    link, release = async_hold_can(hass, CanParams(interface=Interface.VIRTUAL, channel="a look"))
    await link.open()
    await release()
    assert link._watchers == []
    assert [task for task in asyncio.all_tasks() if "a look" in task.get_name()] == []
