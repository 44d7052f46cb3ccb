"""A remote operator at a real broker: what they see, what they may do, and what they see when the house is gone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from homeassistant.components.mqtt import client
from homeassistant.components.mqtt.const import CONFIG_ENTRY_MINOR_VERSION, CONFIG_ENTRY_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import home_bms
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.fleet import topics as fleet_topics
from custom_components.home_bms.helpers import pack_config

from ..ha.conftest import ENTRY_ID, PACK_ID, VIRTUAL, make_entry, pack_subentry, set_up, until
from .broker import Mosquitto, Operator, operator

# Home Assistant reads MQTT's YAML again for an entry; in the tests there is none.
pytestmark = pytest.mark.usefixtures("mock_hass_config", "quick")

BASE = "acme/site-7"
ROOT = f"{BASE}/{ENTRY_ID}"
PACK = f"{ROOT}/packs/{PACK_ID}"
FLEET: Mapping[str, Any] = {
    "enabled": True,
    "base": BASE,
    "hardware": False,
    "commands": True,
    "operator": "Acme",
    "longest": 30.0,
}
RETAINED = {f"{ROOT}/availability", f"{ROOT}/identity", f"{ROOT}/state", f"{PACK}/state"}


async def set_up_mqtt(hass: HomeAssistant, broker: Mosquitto) -> MockConfigEntry:
    """Set Home Assistant's own MQTT up, as a user does."""
    entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5"},
        options={"discovery": False},
        version=CONFIG_ENTRY_VERSION,
        minor_version=CONFIG_ENTRY_MINOR_VERSION,
    )
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    return entry


async def house(hass: HomeAssistant, **changes: Any) -> MockConfigEntry:
    """Set a battery system with one virtual pack up, whose user lets an operator take part."""
    entry = make_entry(hass, pack_subentry(**VIRTUAL), options={"fleet": {**FLEET, **changes}})
    await set_up(hass, entry)
    return entry


async def answer(listener: Operator, command: Mapping[str, Any] | str, *, retain: bool = False) -> dict[str, Any]:
    """Say something to the house, and return its answer."""
    before = len(listener.of("/response"))
    listener.say(f"{ROOT}/command", command, retain=retain)
    await until(lambda: len(listener.of("/response")) > before)
    return listener.of("/response")[before].json


async def clean(hass: HomeAssistant, *entries: MockConfigEntry) -> None:
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_operator_sees_the_house_and_what_happens_in_it(hass: HomeAssistant, mosquitto: Mosquitto) -> None:
    mqtt = await set_up_mqtt(hass, mosquitto)
    with operator(mosquitto.port, f"{BASE}/#") as listener:
        entry = await house(hass)
        await until(lambda: {each.topic for each in listener.heard} >= RETAINED)
        assert listener.newest("/availability").payload == "online"

        who = listener.newest("/identity").json
        assert (who["id"], who["owner"], who["longest"]) == (ENTRY_ID, "fleet:Acme", 1800.0)
        assert who["will"] == {"topic": "homeassistant/status", "payload": "offline"}
        assert [(pack["id"], pack["cells"], pack["serial_number"]) for pack in who["packs"]] == [(PACK_ID, 16, None)]
        # Nothing at all names the hardware while the user does not want that.
        await until(lambda: entry.runtime_data.packs[PACK_ID].device_info.get("serial_number"))
        assert not any("VIRTUAL-0001" in each.payload for each in listener.heard)

        # A cell grows hot: heard at once, as an event and in the state.
        await hass.services.async_call(
            DOMAIN,
            "inject_fault",
            {"device_id": pack_device(hass), "fault": "hot_cell_now", "cell": 3, "value": 70, "duration": "01:00:00"},
            blocking=True,
        )
        await until(lambda: any(each.json["became"] == "trip" for each in listener.of(f"{PACK}/event")))
        event = next(each for each in listener.of(f"{PACK}/event") if each.json["became"] == "trip")
        assert not event.retained
        assert event.json["alarm"]["key"].endswith("overtemperature")
        assert event.json["alarm"]["why"]["cell"] is not None or event.json["alarm"]["why"]["sensor"] is not None
        await until(lambda: listener.newest(f"{PACK}/state").json["now"]["tripped"])
        state = listener.newest(f"{PACK}/state").json
        assert 120 < state["expires"] - time.time() < 200

    # Whoever comes later is told what is retained, and no event again.
    with operator(mosquitto.port, f"{BASE}/#") as late:
        await until(lambda: {each.topic for each in late.heard} >= RETAINED)
        assert all(each.retained for each in late.heard if each.topic != f"{ROOT}/state")
        assert late.of("/event") == []
        # It is unloaded in good order: offline at once.
        await clean(hass, entry)
        await until(lambda: late.newest("/availability").payload == "offline")
    await clean(hass, mqtt)


def pack_device(hass: HomeAssistant) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    return device.id


async def test_a_command_becomes_a_lease_that_narrows_and_ends_and_others_are_refused(
    hass: HomeAssistant, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Limits rise at once, so that the test need not wait for what others hold.
    monkeypatch.setattr(home_bms, "pack_config", lambda data: replace(pack_config(data), ramp_hold=0.0, ramp_rate=10.0))
    mqtt = await set_up_mqtt(hass, mosquitto)
    entry = await house(hass)
    runtime = entry.runtime_data
    system = runtime.system
    limit = {"id": "1", "action": "request_power", "duration": 2, "discharge_current": 20, "reason": "Grid is weak"}
    with operator(mosquitto.port, f"{BASE}/#") as listener:
        await until(lambda: listener.newest("/availability") is not None)

        refused = await answer(listener, limit)
        assert (refused["accepted"], refused["key"], refused["id"]) == (False, "control_not_allowed", "1")
        assert system.leases.book.leases == ()

        await runtime.async_allow_control(True)
        await until(lambda: system.newest.dcl.value > 100.0)
        accepted = await answer(listener, limit)
        assert (accepted["accepted"], accepted["key"], accepted["id"]) == (True, "accepted", "1")
        await until(lambda: system.newest.dcl.value <= 20.0)
        assert [lease.owner for lease in system.leases.book.leases] == ["fleet:Acme"]
        # The operator sees it at once, though less than ten seconds have gone by.
        await until(lambda: listener.newest(f"{ROOT}/state").json["now"]["leases"])
        shown = listener.newest(f"{ROOT}/state").json["now"]
        assert shown["leases"][0]["asks"] == {"discharge_current": 20.0}
        assert shown["discharge_limit"]["why"]["rule"] == "leased"
        assert listener.of(f"{ROOT}/event")[0].json["became"] == "begun"

        await until(lambda: not system.leases.book.leases)
        await until(lambda: listener.of(f"{ROOT}/event")[-1].json["became"] == "ended")
        await until(lambda: system.newest.dcl.reason.rule != "leased")

        # None of these leaves anything behind.
        for command, key in REFUSED:
            told = await answer(listener, command)
            assert (told["accepted"], told["key"]) == (False, key), command
            assert told["words"]
        assert system.leases.book.leases == ()
        listener.say(f"{ROOT}/command", "", retain=True)
    await clean(hass, entry, mqtt)


# Fewer than may come at once; the tests beside Home Assistant's fake broker go on.
REFUSED: list[tuple[Any, str]] = [
    ("{", "not_json"),
    ({"id": "1", "action": "request_power", "duration": 60, "power": 100}, "repeated"),
    ({"id": "2", "action": "request_power", "duration": 1801, "power": 100}, "out_of_range"),
    ({"id": "3", "action": "request_power", "duration": 60, "power": 100, "owner": "user"}, "unknown_field"),
    ({"id": "4", "action": "request_power", "duration": 60}, "nothing_asked"),
    ({"id": "5", "action": "reset_trips"}, "unknown_action"),
]


async def test_the_broker_comes_late_forgets_everything_and_comes_back(
    hass: HomeAssistant, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RECONNECT_INTERVAL_SECONDS", 0.2)
    entry = await house(hass)
    assert entry.runtime_data.packs[PACK_ID].latest is not None
    mqtt = await set_up_mqtt(hass, mosquitto)
    with operator(mosquitto.port, f"{BASE}/#") as listener:
        await until(lambda: {each.topic for each in listener.heard} >= RETAINED)
    mosquitto.stop()
    await until(lambda: not hass.data["mqtt"].client.connected)
    # What happens meanwhile is told when it is back.
    for _ in range(2):
        await entry.runtime_data.async_allow_control(not entry.runtime_data.control_allowed)
    mosquitto.start()
    with operator(mosquitto.port, f"{BASE}/#") as listener:
        await until(lambda: {each.topic for each in listener.heard} >= RETAINED)
        assert listener.newest("/availability").payload == "online"
        # MQTT is set up anew, and hears commands once and not twice.
        await hass.config_entries.async_reload(mqtt.entry_id)
        await until(lambda: len(listener.of("/availability")) >= 2)
        await entry.runtime_data.async_allow_control(True)
        await answer(listener, {"id": "a", "action": "hold_reserve", "duration": 60, "reserve": 40})
        await answer(listener, {"id": "b", "action": "release"})
        assert [each.json["key"] for each in listener.of("/response")] == ["accepted", "accepted"]
        assert listener.of("/response")[1].json["released"] == 1
    await clean(hass, entry, mqtt)


async def test_what_was_told_is_cleared_when_the_user_has_enough_and_when_the_system_is_removed(
    hass: HomeAssistant, mosquitto: Mosquitto
) -> None:
    mqtt = await set_up_mqtt(hass, mosquitto)
    entry = await house(hass)

    def kept(listener: Operator) -> set[str]:
        newest = {each.topic: each.payload for each in listener.heard}
        return {topic for topic, payload in newest.items() if payload}

    with operator(mosquitto.port, "#") as listener:
        await until(lambda: kept(listener) >= RETAINED)
        hass.config_entries.async_update_entry(entry, options={"fleet": {**FLEET, "base": "other"}})
        await until(lambda: any(topic.startswith("other/") for topic in kept(listener)))
        await until(lambda: not any(topic.startswith(BASE) for topic in kept(listener)))
        hass.config_entries.async_update_entry(entry, options={"fleet": {**FLEET, "base": "other", "enabled": False}})
        await until(lambda: not kept(listener) - {"homeassistant/status"})
        assert not fleet_topics.Retained(hass, ENTRY_ID).topics

        hass.config_entries.async_update_entry(entry, options={"fleet": dict(FLEET)})
        await until(lambda: kept(listener) >= RETAINED)
        await hass.config_entries.async_remove(entry.entry_id)
        await until(lambda: not kept(listener) - {"homeassistant/status"})
    await clean(hass, mqtt)
