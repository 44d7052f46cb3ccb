"""Browsers are told what there is, at once and whenever it changes, made once for all of them, and nobody else is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.home_bms.const import DOMAIN, SIGNAL_TICK
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import blackbox
from custom_components.home_bms.web import schema as web_types
from custom_components.home_bms.web import websocket
from custom_components.home_bms.web.watch import View, Watches
from custom_components.home_bms.web.why import Clock

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, lost, make_entry, pack_subentry, set_up, ticks, until


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR, Platform.SWITCH]


@pytest.fixture(autouse=True)
def own_folder(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the black boxes apart from other tests', and let their windows last for moments."""
    hass.config.config_dir = str(tmp_path)
    monkeypatch.setattr(blackbox, "AROUND", 0.3)


@pytest.fixture(autouse=True)
def watches(monkeypatch: pytest.MonkeyPatch) -> list[Watches]:
    """Return what is being looked at, and let the slow looks be as quick as the packs."""
    made: list[Watches] = []

    class Seen(Watches):
        def __init__(self, hass: HomeAssistant) -> None:
            super().__init__(hass)
            made.append(self)

    monkeypatch.setattr(websocket, "Watches", Seen)
    monkeypatch.setattr(
        websocket,
        "_VIEWS",
        tuple(
            (command, view if view.every is None else replace(view, every=0.05), find)
            for command, view, find in websocket._VIEWS
        ),
    )
    return made


class Browser:
    """One browser's websocket."""

    def __init__(self, client: MockHAClientWebSocket) -> None:
        self._client = client
        self._number = 0
        self._early: list[dict[str, Any]] = []

    async def ask(self, command: str, **asks: Any) -> dict[str, Any]:
        """Return the answer to a command."""
        self._number += 1
        await self._client.send_json({"id": self._number, "type": command, **asks})
        while (got := await self._client.receive_json())["type"] != "result":
            self._early.append(got)
        assert got["id"] == self._number
        return got

    async def result(self, command: str, **asks: Any) -> Any:
        """Return the result of a command, which must be one."""
        answer = await self.ask(command, **asks)
        assert answer["success"], answer
        return answer["result"]

    async def subscribe(self, command: str, **asks: Any) -> tuple[int, Any]:
        """Return the number of a subscription, and its first event."""
        assert await self.result(command, **asks) is None
        return self._number, await self.event()

    async def event(self) -> Any:
        """Return the next event."""
        got = self._early.pop(0) if self._early else await self._client.receive_json()
        assert got["type"] == "event", got
        return got["event"]

    async def until(self, holds: Callable[[Any], Any]) -> Any:
        """Return the first event of which `holds` is true."""
        for _ in range(500):
            if holds(event := await self.event()):
                return event
        raise AssertionError("it never happened")

    async def end(self, number: int) -> None:
        """End a subscription."""
        await self.result("unsubscribe_events", subscription=number)
        self._early.clear()

    async def close(self) -> None:
        await self._client.close()


@pytest.fixture
async def browser(hass_ws_client: WebSocketGenerator, entry: MockConfigEntry) -> AsyncIterator[Browser]:
    """Return the browser of an administrator."""
    browser = Browser(await hass_ws_client())
    yield browser
    await browser.close()


@pytest.fixture
def device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the device id of the pack."""
    return device_of(hass, PACK_ID)


def device_of(hass: HomeAssistant, key: str) -> str:
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), ENTRY_ID)
    assert found is not None
    return found.id


def faults(kind: Any, value: Any, where: str = "") -> list[str]:
    """Return where a value is not what a type of `web_types` says."""
    if isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        hints = get_type_hints(kind, include_extras=True)
        names = [part.name for part in fields(kind)]
        missing = [f"{where}: {name} is missing" for name in names if name not in value]
        strange = [f"{where}: {name} is not of it" for name in value if name not in names]
        inner = [
            fault for name in names if name in value for fault in faults(hints[name], value[name], f"{where}.{name}")
        ]
        return missing + strange + inner
    match get_origin(kind), get_args(kind):
        case origin, (first, second) if origin in (Union, UnionType):
            return [] if value is None else faults(first if second is NoneType else second, value, where)
        case origin, (_, digits) if origin is Annotated:
            if isinstance(value, bool) or not isinstance(value, float | int) or not isfinite(value):
                return [f"{where}: {value!r} is no number"]
            return [] if round(value, digits) == value else [f"{where}: {value!r} has more than {digits} digits"]
        case origin, (each,) if origin is list:
            if not isinstance(value, list):
                return [f"{where}: {value!r} is no list"]
            return [fault for place, part in enumerate(value) for fault in faults(each, part, f"{where}[{place}]")]
        case origin, (_, each) if origin is dict:
            return [fault for key, part in value.items() for fault in faults(each, part, f"{where}.{key}")]
    return [] if type(value) is kind else [f"{where}: {value!r} is no {kind.__name__}"]


def test_the_checker_sees_what_is_wrong() -> None:
    why = {"rule": "limit", "cell": None, "sensor": None, "value": 1.0, "threshold": None, "unit": None, "since": None}
    assert faults(web_types.Why, why) == []
    assert faults(web_types.Why, why | {"cell": 1.5}) == [".cell: 1.5 is no int"]
    assert faults(web_types.Why, why | {"value": 1.23456}) == [".value: 1.23456 has more than 3 digits"]
    assert faults(web_types.Why, why | {"rule": None, "more": 1}) == [": more is not of it", ".rule: None is no str"]
    assert faults(web_types.Why, {}) == [f": {name} is missing" for name in why]
    assert faults(web_types.Boxes, {"files": {}}) == [".files: {} is no list"]


# --- what there is ---------------------------------------------------------------------------------------------------


async def test_a_browser_learns_what_there_is(
    hass: HomeAssistant, browser: Browser, device: str, entry: MockConfigEntry
) -> None:
    told = await browser.result("home_bms/systems")
    assert faults(web_types.Systems, told) == []
    (system,) = told["systems"]
    (pack,) = system["packs"]
    assert (system["entry_id"], system["device_id"]) == (ENTRY_ID, device_of(hass, ENTRY_ID))
    assert (pack["device_id"], pack["name"], pack["model"]) == (device, "Pack 1", "JK PB")
    assert (pack["cells"], pack["sensors"], pack["capacity"], pack["chemistry"]) == (16, 4, 280.0, "lfp")
    assert pack["virtual"] is False
    # Where the colours change is where the pack's own protections begin.
    stages = entry.runtime_data.packs[PACK_ID].config.stages
    warn, protect = stages["cell_overvoltage"][:2]
    assert (pack["cell_voltage"]["high_warn"], pack["cell_voltage"]["high_protect"]) == (warn.at, protect.at)
    assert pack["cell_voltage"]["low"] < pack["cell_voltage"]["low_protect"] < pack["cell_voltage"]["low_warn"]
    assert pack["temperature"]["low_warn"] is None
    assert pack["temperature"]["low_protect"] == 0.0
    assert pack["temperature"]["high_warn"] == stages["charge_overtemperature"][0].at
    assert pack["difference"]["low_protect"] is None
    assert 0 < pack["difference"]["high_warn"] < pack["difference"]["high_protect"] < pack["difference"]["high"]


async def test_entities_are_found_by_key_and_disabled_ones_are_not(
    hass: HomeAssistant, browser: Browser, entry: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    of_cell = registry.async_get_entity_id("sensor", DOMAIN, f"{PACK_ID}_cell_3_resistance")
    assert of_cell is not None
    (system,) = (await browser.result("home_bms/systems"))["systems"]
    entities = system["packs"][0]["entities"]
    assert entities["voltage"] == "sensor.pack_1_voltage"
    assert entities["cell_3"] == "sensor.pack_1_cell_3"
    assert entities["temperature_2"] == registry.async_get_entity_id("sensor", DOMAIN, f"{PACK_ID}_temperature_2")
    assert "cell_resistance_3" not in entities
    assert entities["cell_difference"].startswith("sensor.")
    assert entities["binary_sensor.cell_difference"].startswith("binary_sensor.")
    assert system["entities"]["reserve"].startswith("sensor.")
    assert system["entities"]["number.reserve"].startswith("number.")

    registry.async_update_entity(of_cell, disabled_by=None)
    (system,) = (await browser.result("home_bms/systems"))["systems"]
    assert system["packs"][0]["entities"]["cell_resistance_3"] == of_cell


async def test_a_pack_without_its_device_is_still_a_pack(
    hass: HomeAssistant, browser: Browser, device: str, entry: MockConfigEntry
) -> None:
    dr.async_get(hass).async_remove_device(device)
    (system,) = (await browser.result("home_bms/systems"))["systems"]
    assert (system["packs"][0]["device_id"], system["packs"][0]["name"]) == ("", "Pack 1")


# --- a pack ----------------------------------------------------------------------------------------------------------


async def test_a_pack_is_told_at_once_and_at_every_change(
    browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator
) -> None:
    await ticks(pack)
    _, first = await browser.subscribe("home_bms/pack", device_id=device)
    assert faults(web_types.PackShown, first) == []
    assert first["voltages"] == [3.3] * 16
    assert first["link"] == "connected"
    assert first["acting"] is False
    driver.cells[6] = 3.412
    shown = await browser.until(lambda event: event["voltages"][6] == 3.412)
    assert faults(web_types.PackShown, shown) == []
    assert (shown["highest"], shown["difference"]) == (7, 0.112)
    driver.current = 12.3456
    shown = await browser.until(lambda event: event["current"] is not None and event["current"] > 12)
    assert shown["current"] == 12.35
    assert shown["power"] == round(shown["voltage"] * 12.3456)


async def test_nothing_is_told_while_nothing_changes(
    browser: Browser, device: str, pack: PackCoordinator, watches: list[Watches]
) -> None:
    """A scripted pack at rest says the same at every tick."""
    _, last = await browser.subscribe("home_bms/pack", device_id=device)
    (watch,) = watches[0].running.values()
    for _ in range(50):
        before = watch._payload
        await ticks(pack, 10)
        if watch._payload is before:
            break
    else:
        raise AssertionError(f"news at every tick: {last}")


async def test_too_hot_is_told_with_alarm_and_why(
    browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator
) -> None:
    await ticks(pack)
    await browser.subscribe("home_bms/pack", device_id=device)
    driver.temperatures[1] = 57.0
    shown = await browser.until(
        lambda event: any(
            alarm["key"] == "charge_overtemperature" and alarm["level"] == "trip" for alarm in event["alarms"]
        )
    )
    assert faults(web_types.PackShown, shown) == []
    assert shown["tripped"] is True
    assert shown["charge_permitted"] is False
    assert shown["charge_limit"]["value"] == 0.0
    assert shown["charge_limit"]["most"] == 140.0
    (alarm,) = [alarm for alarm in shown["alarms"] if alarm["key"] == "charge_overtemperature"]
    assert (alarm["flow"], alarm["why"]["sensor"], alarm["why"]["value"]) == ("charge", 2, 57.0)
    assert alarm["why"]["threshold"] < 57.0
    assert alarm["why"]["unit"] == "°C"
    assert abs(alarm["why"]["since"] - shown["time"]) < 60.0


async def test_a_pack_that_is_silent_shows_nothing_old(
    browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ticks(pack)
    monkeypatch.setattr("custom_components.home_bms.entity.STALE_AFTER", 0.2)
    await browser.subscribe("home_bms/pack", device_id=device)
    driver.error = lost()
    shown = await browser.until(lambda event: event["voltages"] == [None] * 16)
    assert faults(web_types.PackShown, shown) == []
    assert shown["age"] > 0.1
    assert (shown["current"], shown["soc"], shown["highest"], shown["bleeding"]) == (None, None, None, None)
    assert shown["balancing"] is None


async def test_a_pack_that_was_never_heard_is_told_whole(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hass_ws_client: WebSocketGenerator
) -> None:
    driver.error = lost()
    await set_up(hass, make_entry(hass))
    browser = Browser(await hass_ws_client())
    _, shown = await browser.subscribe("home_bms/pack", device_id=device_of(hass, PACK_ID))
    assert shown["age"] is None
    assert shown["voltages"] == [None] * 16
    assert faults(web_types.PackShown, shown) == []
    _, health = await browser.subscribe("home_bms/health", device_id=device_of(hass, PACK_ID))
    assert faults(web_types.HealthShown, health) == []
    await browser.close()


async def test_two_browsers_cost_one_look_a_tick(
    hass_ws_client: WebSocketGenerator,
    browser: Browser,
    device: str,
    driver: ScriptedDriver,
    pack: PackCoordinator,
    watches: list[Watches],
) -> None:
    other = Browser(await hass_ws_client())
    await browser.subscribe("home_bms/pack", device_id=device)
    await other.subscribe("home_bms/pack", device_id=device)
    (watch,) = watches[0].running.values()
    assert len(watch.browsers) == 2
    built: list[float] = []
    build = watch._view.build

    def counted(hass: HomeAssistant, clock: Clock, place: Any) -> object:
        built.append(pack.latest.decision.time)
        return build(hass, clock, place)

    watch._view = View(name="counted", build=counted, every=None)
    driver.cells[0] = 3.401
    for each in (browser, other):
        assert await each.until(lambda event: event["voltages"][0] == 3.401)
    assert built
    assert len(built) == len(set(built))
    # The one goes on when the other has gone.
    await other.close()
    driver.cells[0] = 3.402
    assert await browser.until(lambda event: event["voltages"][0] == 3.402)
    assert len(watch.browsers) == 1


async def test_nobody_looks_when_nobody_is_subscribed(
    hass: HomeAssistant, browser: Browser, device: str, pack: PackCoordinator, watches: list[Watches]
) -> None:
    def listening() -> int:
        return len(hass.data.get(DATA_DISPATCHER, {}).get(SIGNAL_TICK.format(PACK_ID), ()))

    # The plan of inspections counts ticks by itself.
    alone = listening()
    number, _ = await browser.subscribe("home_bms/pack", device_id=device)
    health, _ = await browser.subscribe("home_bms/health", device_id=device)
    system, _ = await browser.subscribe("home_bms/system", entry_id=ENTRY_ID)
    assert listening() > alone
    for each in (number, health, system):
        await browser.end(each)
    assert listening() == alone
    assert not watches[0].running
    # A browser that just goes away takes its subscriptions with it.
    await browser.subscribe("home_bms/pack", device_id=device)
    await browser.close()
    await until(lambda: not watches[0].running)
    assert listening() == alone


async def test_a_browser_stays_through_a_reload(
    hass: HomeAssistant, browser: Browser, device: str, driver: ScriptedDriver, entry: MockConfigEntry
) -> None:
    await browser.subscribe("home_bms/pack", device_id=device)
    other = MockConfigEntry(domain="other")
    await hass.config_entries.async_add(other)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await browser.until(lambda event: event is None) is None
    driver.cells[0] = 3.377
    assert await hass.config_entries.async_setup(entry.entry_id)
    shown = await browser.until(lambda event: event is not None and event["voltages"][0] == 3.377)
    assert faults(web_types.PackShown, shown) == []
    await hass.config_entries.async_remove(entry.entry_id)
    assert await browser.until(lambda event: event is None) is None


async def test_a_pack_that_is_not_set_up_now_is_nothing_yet(
    hass: HomeAssistant, browser: Browser, device: str, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await browser.subscribe("home_bms/pack", device_id=device))[1] is None
    assert (await browser.subscribe("home_bms/health", device_id=device))[1] is None
    assert (await browser.subscribe("home_bms/system", entry_id=ENTRY_ID))[1] is None
    assert (await browser.result("home_bms/systems")) == {"systems": []}
    assert (await browser.ask("home_bms/black_boxes", device_id=device))["error"]["code"] == "not_found"


async def test_what_cannot_be_shown_is_logged_once_and_costs_no_tick(
    browser: Browser,
    device: str,
    pack: PackCoordinator,
    watches: list[Watches],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await browser.subscribe("home_bms/pack", device_id=device)
    (watch,) = watches[0].running.values()
    good = watch._view

    def broken(*_: object) -> object:
        raise RuntimeError("a mistake")

    watch._view = replace(good, build=broken)
    assert await browser.until(lambda event: event is None) is None
    await ticks(pack, 5)
    assert caplog.text.count("could not be made") == 1
    watch._view = good
    assert await browser.until(lambda event: event is not None)


async def test_what_a_device_calls_itself_passes_as_text(
    hass: HomeAssistant, drivers: list[ScriptedDriver], scripted: None, hass_ws_client: WebSocketGenerator
) -> None:
    hostile = '<img src=x onerror="alert(1)">\u202e\x00{{ states }}'
    driver = ScriptedDriver()
    driver.identity = replace(driver.identity, model=hostile)
    drivers.append(driver)
    await set_up(hass, make_entry(hass, pack_subentry(title=hostile)))
    browser = Browser(await hass_ws_client())
    (system,) = (await browser.result("home_bms/systems"))["systems"]
    assert system["packs"][0]["name"] == hostile
    assert system["packs"][0]["model"] == hostile
    _, shown = await browser.subscribe("home_bms/system", entry_id=ENTRY_ID)
    assert shown["packs"][0]["name"] == hostile
    await browser.close()


async def test_sixty_four_cells_in_trouble_are_a_small_message(
    hass: HomeAssistant, drivers: list[ScriptedDriver], scripted: None, hass_ws_client: WebSocketGenerator
) -> None:
    driver = ScriptedDriver()
    driver.identity = replace(driver.identity, cells=64, temperature_sensors=16)
    driver.cells = [3.4 + 0.0037 * cell for cell in range(64)]
    driver.temperatures = [20.0 + 2.71 * sensor for sensor in range(16)]
    driver.current = 133.337
    driver.switches = replace(driver.switches, bleed=(True, False) * 32)
    drivers.append(driver)
    await set_up(hass, make_entry(hass, pack_subentry(cells=64, temperature_sensors=16)))
    browser = Browser(await hass_ws_client())
    await browser.subscribe("home_bms/pack", device_id=device_of(hass, PACK_ID))
    shown = await browser.until(lambda event: event["tripped"])
    assert faults(web_types.PackShown, shown) == []
    assert shown["bleeding"] == [True, False] * 32
    size = len(json.dumps(shown))
    assert 2_000 < size < 12_000, size
    await browser.close()


# --- health and the system -------------------------------------------------------------------------------------------


async def test_what_is_learned_is_told(
    browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator
) -> None:
    await ticks(pack)
    _, shown = await browser.subscribe("home_bms/health", device_id=device)
    assert faults(web_types.HealthShown, shown) == []
    assert (shown["rated"], len(shown["cells"]), len(shown["depths"])) == (280.0, 16, 10)
    assert (shown["findings"], shown["weakest"]) == ([], None)
    await pack.async_relearn(lambda config, state: replace(state, estimate=replace(state.estimate, charge_in=1234.567)))
    shown = await browser.until(lambda event: event["charge_in"] >= 1234.5)
    assert round(shown["charge_in"]) == 1235


async def test_the_battery_is_told(
    browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator
) -> None:
    await ticks(pack)
    _, shown = await browser.subscribe("home_bms/system", entry_id=ENTRY_ID)
    assert faults(web_types.SystemShown, shown) == []
    (part,) = shown["packs"]
    assert (part["device_id"], part["name"], part["worst"]) == (device, "Pack 1", "ok")
    assert shown["charge_limit"]["most"] == 140.0
    driver.temperatures[3] = 52.0
    shown = await browser.until(lambda event: event["packs"][0]["worst"] == "protect")
    assert shown["charge_limit"]["value"] == 0.0
    assert shown["weakest_charge"] == device


# --- who may ask -----------------------------------------------------------------------------------------------------


async def test_whoever_is_no_administrator_looks_and_sees_no_black_box(
    hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str, entry: MockConfigEntry, device: str
) -> None:
    browser = Browser(await hass_ws_client(access_token=hass_read_only_access_token))
    assert (await browser.result("home_bms/systems"))["systems"]
    assert (await browser.subscribe("home_bms/pack", device_id=device))[1] is not None
    assert (await browser.subscribe("home_bms/health", device_id=device))[1] is not None
    assert (await browser.subscribe("home_bms/system", entry_id=ENTRY_ID))[1] is not None
    for asked in (
        await browser.ask("home_bms/black_boxes", device_id=device),
        await browser.ask("home_bms/black_box", device_id=device, name="a"),
    ):
        assert asked["error"]["code"] == "unauthorized"
    await browser.close()


@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        ("pack", "device_id"),
        ("health", "device_id"),
        ("system", "entry_id"),
        ("black_boxes", "device_id"),
        ("black_box", "device_id"),
    ],
)
async def test_what_is_not_there_is_refused_in_words(
    hass: HomeAssistant, browser: Browser, command: str, parameter: str, entry: MockConfigEntry
) -> None:
    more = {"name": "any"} if command == "black_box" else {}
    stranger = MockConfigEntry(domain="other")
    stranger.add_to_hass(hass)
    foreign = dr.async_get(hass).async_get_or_create(config_entry_id=stranger.entry_id, identifiers={("other", "1")})
    for place in ("nonsense", device_of(hass, ENTRY_ID), foreign.id, stranger.entry_id):
        answer = await browser.ask(f"home_bms/{command}", **{parameter: place}, **more)
        error = answer["error"]
        assert (error["code"], error["translation_domain"]) == ("not_found", DOMAIN)
        assert error["translation_key"] == "unknown_place"
        assert error["translation_placeholders"] == {"place": place}
        assert place in error["message"]
    answer = await browser.ask(f"home_bms/{command}", **{parameter: 5}, **more)
    assert answer["error"]["code"] == "invalid_format"


# --- black boxes -----------------------------------------------------------------------------------------------------


async def test_a_trip_is_found_in_its_black_box(
    hass: HomeAssistant, browser: Browser, device: str, driver: ScriptedDriver, pack: PackCoordinator
) -> None:
    assert await browser.result("home_bms/black_boxes", device_id=device) == {"files": []}
    await ticks(pack, 5)
    driver.temperatures[1] = 57.0
    await until(lambda: pack.latest.decision.mode == "tripped")
    driver.switches = replace(driver.switches, charge=False)
    await until(lambda: not pack.supervisor.black_box._open)
    await pack.black_boxes.async_settle()
    told = await browser.result("home_bms/black_boxes", device_id=device)
    assert faults(web_types.Boxes, told) == []
    file = told["files"][0]
    assert (file["cause"], file["level"]) == ("charge_overtemperature", "trip")
    assert file["url"].endswith(file["name"])

    shown = await browser.result("home_bms/black_box", device_id=device, name=file["name"])
    assert faults(web_types.BoxShown, shown) == []
    assert shown["acting"] is False
    assert len(shown["voltages"]) == 16
    assert len(shown["temperatures"]) == 4
    rows = [*shown["voltages"], *shown["temperatures"], shown["current"], shown["charge_limit"]]
    assert {len(row) for row in rows} == {len(shown["times"])}
    assert shown["temperatures"][1][-1] == 57.0
    trip = next(trigger for trigger in shown["triggers"] if trigger["level"] == "trip")
    assert (trip["why"]["sensor"], trip["why"]["value"]) == (2, 57.0)
    assert trip["time"] in shown["times"]
    deeds = {(deed["what"], deed["key"], deed["after"]) for deed in shown["deeds"]}
    assert ("alarm", "charge_overtemperature", "trip") in deeds
    assert ("mode", None, "tripped") in deeds
    assert ("charge_switch", None, "open") in deeds
    assert {deed["time"] for deed in shown["deeds"]} <= set(shown["times"])


@pytest.mark.parametrize(
    "name", ["../../../secrets.yaml", "/etc/passwd", "now.jsonl.gz", "", "2026-11-26T10-00-00Z_trip_trip.jsonl.gz"]
)
async def test_a_name_leads_nowhere_else(
    hass: HomeAssistant, browser: Browser, device: str, pack: PackCoordinator, name: str
) -> None:
    folder = pack.black_boxes.folder
    folder.mkdir(parents=True)
    (Path(hass.config.config_dir) / "secrets.yaml").write_text("a secret")
    answer = await browser.ask("home_bms/black_box", device_id=device, name=name)
    assert answer["error"]["code"] == "not_found"
    assert answer["error"]["translation_key"] == "unknown_box"


async def test_a_file_that_is_damaged_is_told(browser: Browser, device: str, pack: PackCoordinator) -> None:
    name = "2026-11-26T10-00-00Z_cell_overvoltage_trip.jsonl.gz"
    pack.black_boxes.folder.mkdir(parents=True)
    (pack.black_boxes.folder / name).write_bytes(b"\x1f\x8bnonsense")
    answer = await browser.ask("home_bms/black_box", device_id=device, name=name)
    assert answer["error"]["translation_key"] == "box_unreadable"
    assert name in answer["error"]["message"]
