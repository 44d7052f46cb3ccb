"""What a remote operator is told and may do over MQTT, beside a broker that is pretended."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.fleet import fleet
from custom_components.home_bms.fleet.broker import Broker
from custom_components.home_bms.fleet.settings import fleet_data, fleet_settings

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, set_up, ticks, until
from .fleet_house import FLEET, house, valid

ROOT = f"acme/{ENTRY_ID}"
PACK = f"{ROOT}/packs/{PACK_ID}"

pytestmark = pytest.mark.usefixtures("scripted")


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow the clock of Home Assistant's MQTT to stay, as its own tests do: a pretended link is never closed."""
    return True


class Heard:
    """What the pretended broker was told."""

    def __init__(self, mqtt: MqttMockHAClient) -> None:
        self._mqtt = mqtt

    def all(self, topic: str = "") -> list[Any]:
        """Return what was told on a topic, as JSON where it is."""
        calls = [call.args for call in self._mqtt.async_publish.call_args_list]
        return [_json(payload) for told, payload, _, _ in calls if told.endswith(topic)]

    def retained(self, topic: str) -> set[bool]:
        return {call.args[3] for call in self._mqtt.async_publish.call_args_list if call.args[0].endswith(topic)}


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()


@pytest.fixture
async def heard(hass: HomeAssistant, mqtt_mock: MqttMockHAClient) -> AsyncGenerator[Heard]:
    """Set Home Assistant's MQTT up, with nobody behind it."""
    yield Heard(mqtt_mock)
    for domain in (DOMAIN, "mqtt"):
        for entry in hass.config_entries.async_loaded_entries(domain):
            await hass.config_entries.async_unload(entry.entry_id)


# --- What is told ----------------------------------------------------------------------------------------------------


async def test_nothing_is_told_unless_the_user_wants_it(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard
) -> None:
    entry = make_entry(hass)
    await set_up(hass, entry)
    await ticks(entry.runtime_data.packs[PACK_ID])
    assert heard.all() == []
    assert fleet_settings(entry.options) is None


async def test_all_that_is_told_has_the_form_that_is_published(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard
) -> None:
    entry = await house(hass)
    pack = entry.runtime_data.packs[PACK_ID]
    await ticks(pack)
    await entry.runtime_data.async_allow_control(True)
    driver.cells[4] = 3.70
    await until(lambda: heard.all(f"{PACK}/event"))
    async_fire_mqtt_message(
        hass, f"{ROOT}/command", '{"id": "1", "action": "hold_reserve", "duration": 9, "reserve": 5}'
    )
    await until(lambda: heard.all("/response") and heard.all(f"{ROOT}/event"))
    for topic, kind in (
        (f"{ROOT}/identity", "SystemIdentity"),
        (f"{ROOT}/state", "SystemState"),
        (f"{ROOT}/event", "SystemEvent"),
        (f"{PACK}/state", "PackState"),
        (f"{PACK}/event", "PackEvent"),
        (f"{ROOT}/response", "Response"),
    ):
        messages = heard.all(topic)
        assert messages, topic
        for message in messages:
            valid(kind, message)
        assert heard.retained(topic) == {kind in ("SystemIdentity", "SystemState", "PackState")}
    event = heard.all(f"{PACK}/event")[-1]
    assert event["alarm"]["key"] == event["root"] == "cell_overvoltage"
    assert event["alarm"]["why"]["cell"] == 5
    assert "3.70 V" in event["words"]


async def test_serial_numbers_are_told_only_if_the_user_wants_that(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "PUBLISH_SOONEST", 0.01)
    entry = await house(hass)
    await until(lambda: (told := heard.all("/identity")) and told[-1]["packs"][0]["firmware"] == "15.30")
    assert heard.all("/identity")[-1]["packs"][0]["serial_number"] is None
    assert not any(driver.identity.serial_number in json.dumps(told) for told in heard.all())
    hass.config_entries.async_update_entry(entry, options={"fleet": {**FLEET, "hardware": True}})
    await until(lambda: heard.all("/identity")[-1]["packs"][0]["serial_number"] == driver.identity.serial_number)


async def test_states_are_told_seldom_and_alarms_at_once(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard
) -> None:
    entry = await house(hass)
    pack = entry.runtime_data.packs[PACK_ID]
    await until(lambda: heard.all(f"{PACK}/state") and pack.latest.decision.charge_permitted)
    await ticks(pack, 5)
    before = len(heard.all(f"{PACK}/state"))
    for _ in range(30):
        # Whatever makes the entities write anew, an operator is not told each time.
        pack.async_update_listeners()
        await ticks(pack, 1)
    assert len(heard.all(f"{PACK}/state")) == before
    driver.cells[4] = 3.80
    await until(lambda: heard.all(f"{PACK}/state")[-1]["now"]["alarms"])
    assert heard.all(f"{PACK}/state")[-1]["now"]["alarms"][0]["key"] == "cell_overvoltage"


async def test_what_came_too_soon_is_told_when_it_may_be(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "PUBLISH_SOONEST", 0.2)
    entry = await house(hass)
    await until(lambda: heard.all(f"{PACK}/state"))
    pack = entry.runtime_data.packs[PACK_ID]
    before = len(heard.all(f"{PACK}/state"))
    pack.async_update_listeners()
    pack.async_update_listeners()
    await until(lambda: len(heard.all(f"{PACK}/state")) > before)


async def test_what_cannot_be_told_neither_ends_a_tick_nor_fills_the_log(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no picture")

    monkeypatch.setattr(fleet, "pack_state", broken)
    entry = await house(hass)
    pack = entry.runtime_data.packs[PACK_ID]
    await ticks(pack)
    for _ in range(5):
        pack.async_update_listeners()
    await ticks(pack)
    assert caplog.text.count("What is to be told over MQTT could not be made") == 1
    assert heard.all(f"{PACK}/state") == []


async def test_a_battery_is_watched_though_it_cannot_be_told_of(
    hass: HomeAssistant, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await house(hass, unknown="setting")
    await ticks(entry.runtime_data.packs[PACK_ID])
    assert "could not be told over MQTT" in caplog.text


async def test_without_a_will_of_home_assistant_there_is_none_to_wait_for(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard
) -> None:
    mqtt = hass.config_entries.async_entries("mqtt")[0]
    hass.config_entries.async_update_entry(mqtt, options={**mqtt.options, "will_message": {}})
    await hass.async_block_till_done()
    assert Broker(hass).will is None
    will = {"topic": "acme/house", "payload": "gone", "qos": 0, "retain": True}
    hass.config_entries.async_update_entry(mqtt, options={**mqtt.options, "will_message": will})
    await hass.async_block_till_done()
    found = Broker(hass).will
    assert found is not None
    assert (found.topic, found.payload) == ("acme/house", "gone")


async def test_an_offer_of_mqtt_that_was_ignored_does_not_hide_the_one_that_is_there(hass: HomeAssistant) -> None:
    MockConfigEntry(domain="mqtt", source=SOURCE_IGNORE).add_to_hass(hass)
    assert Broker(hass).will is None
    MockConfigEntry(domain="mqtt", state=ConfigEntryState.LOADED).add_to_hass(hass)
    assert Broker(hass).will is not None


async def test_whoever_says_goodbye_obeys_nobody_any_more(
    hass: HomeAssistant, driver: ScriptedDriver, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    monkeypatch.setattr(fleet.Fleet, "_hear", callback(lambda _, message: said.append(message)))
    goodbyes: list[str] = []

    async def goodbye(_: object, topic: str, __: bytes) -> None:
        goodbyes.append(topic)
        async_fire_mqtt_message(hass, f"{ROOT}/command", "too late")

    monkeypatch.setattr(fleet.Outbox, "async_last", goodbye)
    entry = await house(hass)
    await until(lambda: "online" in heard.all("/availability"))
    async_fire_mqtt_message(hass, f"{ROOT}/command", "in time")
    assert len(said) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert goodbyes == [f"{ROOT}/availability"]
    assert len(said) == 1


async def test_without_mqtt_there_is_no_broker(hass: HomeAssistant) -> None:
    broker = Broker(hass)
    broker.async_start(None)
    assert not broker.connected
    assert broker.will is None
    broker.async_stop()


# --- The options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["a", "home_bms", "Acme/site-7/x_1", "x" * 64])
def test_a_base_topic_that_is_one_is_taken(base: str) -> None:
    assert fleet_data({**FLEET, "base": f" {base} "})["base"] == base


@pytest.mark.parametrize(
    "base",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "+",
        "a/#",
        "a b",
        "$SYS/x",
        "ä",
        "a\x00",
        "homeassistant",
        "HomeAssistant/x",
        "x" * 65,
    ],
)
def test_a_base_topic_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fleet_data({**FLEET, "base": base})
    assert (raised.value.key, raised.value.field) == ("base_topic", "base")


@pytest.mark.parametrize("operator", ["", " ", "x" * 59])
def test_an_operator_has_a_name_that_fits(operator: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fleet_data({**FLEET, "operator": operator})
    assert raised.value.field == "operator"
    assert raised.value.placeholders == {"minimum": "1", "maximum": "58"}


async def test_the_user_lets_an_operator_take_part(hass: HomeAssistant, driver: ScriptedDriver, heard: Heard) -> None:
    entry = make_entry(hass)
    await set_up(hass, entry)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "fleet"})
    proposed = form["data_schema"]({})
    assert proposed == {
        "enabled": False,
        "base_topic": "home_bms",
        "hardware": False,
        "commands": False,
        "operator": "operator",
        "longest": 60.0,
    }
    told = {"base_topic": FLEET["base"], **{key: value for key, value in FLEET.items() if key != "base"}}
    form = await hass.config_entries.options.async_configure(form["flow_id"], {**told, "base_topic": "a/#"})
    assert form["errors"] == {"base_topic": "base_topic"}
    assert form["description_placeholders"] == {"value": "a/#", "maximum": "64"}
    form = await hass.config_entries.options.async_configure(form["flow_id"], {**told, "operator": " "})
    assert form["errors"] == {"operator": "letters"}
    done = await hass.config_entries.options.async_configure(form["flow_id"], told)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["fleet"] == FLEET
    await until(lambda: "online" in heard.all("/availability"))
