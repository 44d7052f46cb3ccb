"""No command of the websocket breaks, whatever a browser sends and a black box holds: each is answered in words."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.components.websocket_api.const import DOMAIN as WEBSOCKET
from homeassistant.components.websocket_api.const import ERR_UNKNOWN_ERROR
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.web.schema import COMMANDS, Command

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    PACK_ID,
    VIRTUAL,
    auto_enable_custom_integrations,
    make_entry,
    nothing_from_a_thread,
    pack_subentry,
    quick,
    set_up,
    ticks,
)

from .entrance import HANGS, within
from .files import boxes
from .forms import sent
from .material import json_values, spoilt_json

SHARE: Final = 0.05
"""Of the examples that the profile names, for each command."""
BOXES: Final = (
    "2026-11-26T12-00-00Z_cell_overvoltage_trip.jsonl.gz",
    "2026-13-45T99-99-99Z_cell_overvoltage_trip.jsonl.gz",
    "0000-00-00T00-00-00Z_a_protect.jsonl.gz",
)


class Browser:
    """An administrator's browser that sends anything."""

    def __init__(self, client: MockHAClientWebSocket) -> None:
        self._client = client
        self._number = 0
        self.codes: Counter[str] = Counter()

    async def ask(self, message: dict[str, Any]) -> bool:
        """Send a message, whatever it says; return whether it was answered with a result."""
        self._number += 1
        number = self._number
        await self._client.send_json({**message, "id": number})
        async with asyncio.timeout(HANGS):
            while (answer := await self._client.receive_json()).get("id") != number or answer["type"] == "event":
                pass
        if answer["success"]:
            return True
        code = answer["error"]["code"]
        assert code != ERR_UNKNOWN_ERROR, (message, answer)
        assert answer["error"]["message"]
        self.codes[code] += 1
        return False

    async def throw(self, message: dict[str, Any]) -> bool:
        """Send it, and end what it may have begun."""
        done = await self.ask(message)
        if done:
            # What was no subscription cannot be ended, which is told in words too.
            await self.ask({"type": "unsubscribe_events", "subscription": self._number})
        return done


@pytest.fixture
def apart(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Keep black boxes apart from other tests'; return the folder of the pack's."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / DOMAIN / ENTRY_ID / PACK_ID
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def pack(
    hass: HomeAssistant,
    quick: None,  # noqa: F811
    socket_enabled: None,
    apart: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> PackCoordinator:
    """Return a virtual pack on a real link."""
    monkeypatch.setattr("custom_components.home_bms.PLATFORMS", [Platform.SENSOR, Platform.SWITCH])
    entry = make_entry(hass, pack_subentry(**VIRTUAL))
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await ticks(pack)
    return pack


@pytest.fixture
async def browser(hass_ws_client: WebSocketGenerator, pack: PackCoordinator) -> Browser:
    return Browser(await hass_ws_client())


def messages(hass: HomeAssistant, command: Command) -> st.SearchStrategy[dict[str, Any]]:
    """Return what a command may be sent with: what it asks for, the simplest first, spoilt, and anything at all."""
    devices = [
        device.id
        for key in (PACK_ID, ENTRY_ID)
        if (device := dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), ENTRY_ID)) is not None
    ]
    asks = {
        "device_id": st.sampled_from(devices),
        "entry_id": st.sampled_from((ENTRY_ID, PACK_ID)),
        "name": st.sampled_from((*BOXES, "../../configuration.yaml", "")),
    }
    known = st.fixed_dictionaries({name: asks[name] for name in command.asks})
    odd = st.fixed_dictionaries(dict.fromkeys(command.asks, json_values))
    told = st.one_of(known, known, spoilt_json(known), odd).map(sent)
    return told.map(lambda form: {**(form or {}), "type": command.name})


def test_no_command_breaks(
    hass: HomeAssistant, pack: PackCoordinator, browser: Browser, apart: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = pack.config_entry.runtime_data
    config, wishes = pack.config, pack.supervisor.state.wishes
    assert {name for name in hass.data[WEBSOCKET] if name.startswith(DOMAIN)} == {each.name for each in COMMANDS}

    def thrown(command: Command) -> int:
        answered = 0

        @settings(
            max_examples=max(10, round(settings().max_examples * SHARE)),
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )
        @given(messages(hass, command), st.sampled_from(BOXES), boxes())
        def throw(message: dict[str, Any], name: str, content: bytes) -> None:
            nonlocal answered
            (apart / name).write_bytes(content)
            with within(HANGS):
                answered += hass.loop.run_until_complete(browser.throw(message))
            # Whoever only looks changes nothing.
            assert not runtime.control_allowed
            assert (pack.config, pack.supervisor.state.wishes) == (config, wishes)

        throw()
        return answered

    for command in COMMANDS:
        assert thrown(command), command.name
    errors = [record for record in caplog.get_records("call") if record.exc_info and DOMAIN in record.name]
    assert not errors, errors
