"""No secret leaves its place, whatever goes wrong: canaries are put where secrets are, and looked for elsewhere."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.home_bms.black_boxes import URL as BOXES
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.fleet.settings import FleetSettings
from custom_components.home_bms.fleet.view import identity
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.programmes import issues as programme_issues
from custom_components.home_bms.watching import Link
from custom_components.home_bms.web.encode import told
from custom_components.home_bms.web.schema import COMMANDS

from ..hw.vtn import Vtn, problem, served, text
from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .inverter_house import inverter_of, inverter_subentry, quick_inverters
from .programme_house import PROGRAMME_ID, event, programme_subentry, quick_programmes, settings
from .test_services import answer, device_id

SECRET: Final = "canary-client-secret"
SCOPE: Final = "canary-scope"
CLIENT: Final = "canary-client-id"
TOKEN: Final = "token-1"
SERIAL: Final = "CANARY-SERIAL"
PEER: Final = "127.0.77.1"
SECRETS: Final = frozenset({SECRET, TOKEN})
OURS: Final = ("custom_components.home_bms", "modbus_connection", "pymodbus", "tmodbus", "can", "cantools")


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR, Platform.SENSOR, Platform.SWITCH, Platform.EVENT, Platform.TODO]


@pytest.fixture(autouse=True)
def swift(hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path)
    quick_programmes(monkeypatch)
    quick_inverters(monkeypatch)
    monkeypatch.setattr(programme_issues, "UNREACHABLE_FOR", 0.0)


@pytest.fixture
def vtn() -> Vtn:
    return Vtn(secret=SECRET)


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, vtn: Vtn, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[MockConfigEntry]:
    """Return a system of a pack, a programme and a server for others, with canaries in each."""
    for name in OURS:
        caplog.set_level(logging.DEBUG, name)
    driver.identity = ScriptedDriver(SERIAL).identity
    vtn.events = [event("an event", "SIMPLE", 1)]
    async with served(vtn) as url:
        programme = settings(url, client_id=CLIENT, client_secret=SECRET, scope=SCOPE)
        server = {"host": "127.0.0.1", "port": 0, "unit_id": 1, "base": 40000, "peers": PEER}
        entry = make_entry(
            hass,
            pack_subentry(serial_number=SERIAL),
            programme_subentry(programme),
            inverter_subentry({"type": "sunspec_server", "model": "sunspec_server", "server": server}),
        )
        await set_up(hass, entry)
        yield entry
        await hass.config_entries.async_unload(entry.entry_id)


async def make_trouble(hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver, vtn: Vtn) -> None:
    """Let everything go wrong that tells a person something, with the secrets in the answers."""
    runtime = entry.runtime_data
    programme = runtime.programmes[PROGRAMME_ID]
    pack = runtime.packs[PACK_ID]
    echo = f'{{"title": "{SECRET} {TOKEN}"}}'.encode()
    for path in ("/auth/token", "/events"):
        vtn.valid.clear()
        vtn.odd[path] = [
            *(problem(400), problem(401), problem(403), problem(500), problem(429, **{"Retry-After": "0"})),
            *(problem(302, Location=f"http://127.0.0.1/{SECRET}"), text(echo), text(SECRET.encode())),
        ]
        await until(lambda path=path: not vtn.odd[path])
    vtn.secret = "another"
    vtn.valid.clear()
    await until(lambda: programme.complaint is not None)
    driver.error = DriverError("no_answer", "no answer")
    await until(lambda: pack.statistics.link is Link.SILENT)
    driver.error = RuntimeError("a mistake")
    await until(lambda: pack.statistics.last_error is not None)


async def everything(
    hass: HomeAssistant, entry: MockConfigEntry, client: ClientSessionGenerator, socket: WebSocketGenerator
) -> dict[str, str]:
    """Return all that is told to anybody, by where."""
    assert await async_setup_component(hass, "diagnostics", {})
    found: dict[str, Any] = {
        "diagnostics": await get_diagnostics_for_config_entry(hass, client, entry),
        "states": [[state.entity_id, state.state, dict(state.attributes)] for state in hass.states.async_all()],
        "repairs": [
            [issue.issue_id, issue.translation_placeholders, issue.data] for issue in ir.async_get(hass).issues.values()
        ],
        "fleet": told(identity(hass, entry, FleetSettings(), None)),
    }
    for action in ("get_leases", "get_inspections", "get_sessions", "export_learned", "export_pack"):
        found[action] = await answer(hass, action)
    report = await answer(hass, "report", ENTRY_ID, date=dt_util.now().date().isoformat(), period="month")
    found["report"] = await hass.async_add_executor_job(Path(report["path"]).read_text)
    response = await (await client()).get(f"{BOXES}/{PACK_ID}/now.jsonl.gz")
    found["black box"] = zlib.decompress(await response.read(), wbits=31).decode()
    browser = await socket(hass)
    asks = {"device_id": device_id(hass, PACK_ID), "entry_id": ENTRY_ID, "name": "any"}
    answers = []
    for number, command in enumerate(COMMANDS, 1):
        await browser.send_json({"id": number, "type": command.name, **{name: asks[name] for name in command.asks}})
        answers.append(await browser.receive_json())
        if command.subscribed:
            answers.append(await browser.receive_json())
    found["websocket"] = answers
    return {where: each if isinstance(each, str) else json.dumps(each, default=str) for where, each in found.items()}


async def test_no_secret_is_told_and_who_somebody_is_only_where_it_is_documented(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    driver: ScriptedDriver,
    vtn: Vtn,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    programme = entry.runtime_data.programmes[PROGRAMME_ID]
    await until(lambda: programme.data.connected and inverter_of(entry).link.server.port)
    # The canaries are really there.
    assert vtn.bodies[0]["client_secret"] == SECRET
    assert programme._client._token == TOKEN
    told_well = await everything(hass, entry, hass_client, hass_ws_client)
    await make_trouble(hass, entry, driver, vtn)
    told_ill = await everything(hass, entry, hass_client, hass_ws_client)
    lines = [record for record in caplog.records if record.name.startswith(OURS)]
    assert any("cannot be read" in record.getMessage() for record in lines)
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in lines)
    assert told_well.keys() == told_ill.keys()
    for where, words in (*told_well.items(), *told_ill.items(), ("log", logged), ("repr", repr(programme._client))):
        for secret in (*SECRETS, CLIENT, SCOPE, PEER):
            assert secret not in words, f"{secret} in {where}"
        assert SERIAL not in words, where


async def test_a_serial_number_is_told_where_it_is_documented(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    assert SERIAL in json.dumps(await answer(hass, "export_pack", addresses=True))
    assert SERIAL in json.dumps(told(identity(hass, entry, FleetSettings(hardware=True), None)))
    report = await answer(
        hass, "report", ENTRY_ID, date=dt_util.now().date().isoformat(), period="month", serial_numbers=True
    )
    assert SERIAL in await hass.async_add_executor_job(Path(report["path"]).read_text)
    driver.identity = ScriptedDriver("CANARY-OTHER").identity
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.FOREIGN)
    await until(lambda: (DOMAIN, f"identity_changed_{PACK_ID}") in ir.async_get(hass).issues)
    issue = ir.async_get(hass).issues[DOMAIN, f"identity_changed_{PACK_ID}"]
    assert "CANARY-OTHER" in json.dumps(issue.translation_placeholders)
