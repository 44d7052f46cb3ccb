"""What a remote operator may say, and how it is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.lease_times import Now
from custom_components.home_bms.core.leases import Lease, LeaseBook, add
from custom_components.home_bms.fleet import commands as fleet_commands
from custom_components.home_bms.fleet import fleet
from custom_components.home_bms.fleet.commands import BURST, MOST_BYTES, Commands
from custom_components.home_bms.fleet.settings import FleetSettings, fleet_settings

from .conftest import ScriptedDriver
from .fleet_house import FLEET, command, house, valid

pytestmark = pytest.mark.usefixtures("scripted")


async def commands(hass: HomeAssistant, **changes: Any) -> tuple[MockConfigEntry, Commands]:
    """Return a house that lets itself be controlled, and its commands without their way over MQTT."""
    entry = await house(hass)
    for words in ("exceptions", "selector"):
        await async_get_translations(hass, "en", words, {DOMAIN})
    await entry.runtime_data.async_allow_control(True)
    settings = fleet_settings({"fleet": {**FLEET, **changes}})
    assert settings is not None
    return entry, Commands(hass, entry, settings, fleet.Clock(hass))


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"id": "1", "power": NaN}', "not_json"),
        (b"[" * (MOST_BYTES - 1), "not_json"),
        (b" " * (MOST_BYTES + 1), "too_long"),
        (b"[]", "not_object"),
        (b"null", "not_object"),
        (b"{}", "unknown_action"),
        (command(""), "unknown_action"),
        (command("set_limits"), "unknown_action"),
        (command("reset_trips"), "unknown_action"),
        (json.dumps({"id": "1", "action": ["release"]}).encode(), "unknown_action"),
        (command(power=1, owner="user"), "unknown_field"),
        (command(power=1, priority=100), "unknown_field"),
        (command(power=1, device_id="x"), "unknown_field"),
        (command("release"), "unknown_field"),
        (b'{"action": "release"}', "missing_field"),
        (b'{"id": "1", "action": "request_power", "power": 5}', "missing_field"),
        (command("hold_reserve"), "missing_field"),
        (command(power="5"), "wrong_type"),
        (command(power=True), "wrong_type"),
        (command(power=[5]), "wrong_type"),
        (command(power=5, name=7), "wrong_type"),
        (command(power=5, duration=None), "wrong_type"),
        (b'{"id": 1, "action": "release"}', "wrong_type"),
        (b'{"id": "", "action": "release"}', "letters"),
        (json.dumps({"id": "x" * 65, "action": "release"}).encode(), "letters"),
        (command(power=5, duration=0), "out_of_range"),
        (command(power=5, duration=-1), "out_of_range"),
        (command(power=5, duration=1800.1), "out_of_range"),
        (b'{"id": "1", "action": "request_power", "power": 5, "duration": 1e999}', "not_json"),
        (command(power=2e6), "out_of_range"),
        (command(discharge_power=-1), "out_of_range"),
        (command("hold_reserve", reserve=101), "out_of_range"),
        (command(power=5, name="x" * 65), "out_of_range"),
        (command(power=5, reason="x" * 201), "out_of_range"),
        (command(power=-5, charge_to=90), "wrong_direction"),
        (command(), "nothing_asked"),
    ],
    ids=lambda value: value[:60].decode(errors="replace") if isinstance(value, bytes) else None,
)
async def test_what_is_not_a_command_is_refused_with_its_reason(
    hass: HomeAssistant, driver: ScriptedDriver, payload: bytes, key: str
) -> None:
    entry, heeded = await commands(hass)
    answer = await heeded.async_answer(payload, retained=False)
    assert (answer.accepted, answer.key) == (False, key)
    assert answer.words
    assert answer.words != f"fleet_{key}"
    assert entry.runtime_data.system.leases.book.leases == ()


async def test_a_command_is_a_lease_of_the_operator_and_of_nobody_else(
    hass: HomeAssistant, driver: ScriptedDriver
) -> None:
    entry, heeded = await commands(hass)
    system = entry.runtime_data.system
    for number, (action, fields) in enumerate(
        [
            ("request_power", {"power": -500, "charge_power": 0, "reason": "Peak", "charge_to": None}),
            ("request_power", {"discharge_current": 12.5, "name": "second"}),
            ("hold_reserve", {"reserve": 30}),
        ]
    ):
        message = {"id": str(number), "action": action, "duration": 60, **fields}
        valid("Command", message)
        answer = await heeded.async_answer(json.dumps(message).encode(), retained=False)
        assert (answer.id, answer.accepted, answer.key, answer.words) == (str(number), True, "accepted", "Done")
    leases = {lease.name: lease for lease in system.leases.book.leases}
    assert set(leases) == {"power", "second", "reserve"}
    assert {(lease.owner, lease.priority) for lease in leases.values()} == {("fleet:Acme", 50)}
    assert (leases["power"].power, leases["power"].charge_power, leases["power"].reason) == (-500.0, 0.0, "Peak")
    assert leases["second"].discharge_current == 12.5
    assert leases["reserve"].reserve == 30.0
    assert all(59 <= lease.end - lease.start <= 61 for lease in leases.values())

    # What others ask is none of the operator's business.
    await system.async_change_leases(lambda book, now: _others(book, now))
    one = await heeded.async_answer(b'{"id": "x", "action": "release", "name": "second"}', retained=False)
    assert (one.accepted, one.released) == (True, 1)
    rest = await heeded.async_answer(b'{"id": "y", "action": "release"}', retained=False)
    assert rest.released == 2
    assert [lease.owner for lease in system.leases.book.leases] == ["Tariff"]


def _others(book: LeaseBook, now: Now) -> LeaseBook:
    return add(book, Lease(owner="Tariff", made=now.time, start=now.time, end=now.time + 60, reserve=20.0), now)


async def test_a_command_needs_the_switch_the_permission_and_to_be_new(
    hass: HomeAssistant, driver: ScriptedDriver
) -> None:
    entry, heeded = await commands(hass, commands=False)
    off = await heeded.async_answer(command(power=5), retained=False)
    assert (off.accepted, off.key) == (False, "commands_off")

    entry, heeded = entry, Commands(hass, entry, FleetSettings(commands=True), fleet.Clock(hass))
    assert (await heeded.async_answer(command(power=5), retained=True)).key == "retained"
    await entry.runtime_data.async_allow_control(False)
    assert (await heeded.async_answer(command(power=5), retained=False)).key == "control_not_allowed"
    assert (await heeded.async_answer(b'{"id": "2", "action": "release"}', retained=False)).key == "control_not_allowed"
    await entry.runtime_data.async_allow_control(True)
    assert (await heeded.async_answer(command(power=5), retained=False)).accepted
    again = await heeded.async_answer(command(power=6), retained=False)
    assert (again.id, again.key) == ("1", "repeated")
    assert entry.runtime_data.system.leases.book.leases[0].power == 5.0


async def test_commands_that_come_too_often_are_refused_unread(hass: HomeAssistant, driver: ScriptedDriver) -> None:
    _, heeded = await commands(hass)
    answers = [
        await heeded.async_answer(command(power=5, id=str(number)), retained=False) for number in range(int(BURST) + 3)
    ]
    assert [answer.accepted for answer in answers] == [True] * int(BURST) + [False] * 3
    assert {answer.key for answer in answers[int(BURST) :]} == {"too_often"}
    assert {answer.id for answer in answers[int(BURST) :]} == {None}
    # After a while there may be one more.
    heeded._counted -= fleet_commands.EVERY
    assert (await heeded.async_answer(command(power=5, id="later"), retained=False)).accepted


async def test_a_command_that_breaks_is_answered_too(
    hass: HomeAssistant, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, heeded = await commands(hass)
    monkeypatch.setattr(fleet_commands, "device_id", lambda *_: 1 / 0)
    answer = await heeded.async_answer(command(power=5), retained=False)
    assert (answer.id, answer.accepted, answer.key) == ("1", False, "broke")
    assert "ZeroDivisionError" in caplog.text


async def test_what_an_action_does_not_take_is_refused_in_its_words(
    hass: HomeAssistant, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, heeded = await commands(hass)
    monkeypatch.setattr(fleet_commands, "device_id", lambda *_: ["no text"])
    answer = await heeded.async_answer(command(power=5), retained=False)
    assert (answer.accepted, answer.key) == (False, "invalid")
    assert "device_id" in answer.words


async def test_what_is_asked_ends_with_the_permission_and_with_the_operator(
    hass: HomeAssistant, driver: ScriptedDriver
) -> None:
    entry, heeded = await commands(hass)
    assert (await heeded.async_answer(command(power=5), retained=False)).accepted
    await entry.runtime_data.system.async_change_leases(_others)

    def owners() -> set[str]:
        return {lease.owner for lease in entry.runtime_data.system.leases.book.leases}

    hass.config_entries.async_update_entry(entry, options={"fleet": {**FLEET, "longest": 10.0}})
    await hass.async_block_till_done()
    assert owners() == {"fleet:Acme", "Tariff"}
    hass.config_entries.async_update_entry(entry, options={"fleet": {**FLEET, "operator": "Other"}})
    await hass.async_block_till_done()
    assert owners() == {"Tariff"}
