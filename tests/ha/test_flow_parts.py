"""A user builds a pack from parts: links, members, channels, relays tried, the whole checked, and changed later."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import inspect
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryDataWithId,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.flow import parts as flow_parts
from custom_components.home_bms.flow.parts_forms import (
    BUS_SCHEMA,
    NETWORK_LINK_SCHEMA,
    SERIAL_LINK_SCHEMA,
    channels_schema,
    pick_schema,
    relay_schema,
    switch_schema,
)
from custom_components.home_bms.helpers import link_params, pack_config
from custom_components.home_bms.hw import parts_config, parts_lint, rows
from custom_components.home_bms.hw.channels import Channels, Current
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.parts import PartsDriver
from custom_components.home_bms.hw.parts_config import CurrentRole, Member, SwitchKind, parts_from_data
from custom_components.home_bms.hw.parts_lint import Severity
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.relay_trial import async_try
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer, VirtualWorld
from custom_components.home_bms.hw.virtual.line import Line, MapBoard
from custom_components.home_bms.hw.virtual.parts import VirtualParts
from custom_components.home_bms.packs.parts_look import async_try_relay
from custom_components.home_bms.packs.parts_words import async_load_words, problems_text

from .conftest import PACK_ID, make_entry, pack_subentry
from .test_translations import LANGUAGES

type Result = Mapping[str, Any]

BATTERY = {"name": "Cellar", "chemistry": "lfp", "capacity": 280.0, "charge_current": 100.0, "discharge_current": 100.0}
SPARE = "8"
"""A relay that has no task, as people count."""


@pytest.fixture(autouse=True)
async def stays_unloaded(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Keep what the flows create from being set up; that is test_parts_pack's matter."""
    assert await async_setup_component(hass, "modbus", {})
    with (
        patch("custom_components.home_bms.async_setup_entry", return_value=True),
        patch("custom_components.home_bms.async_unload_entry", return_value=True),
    ):
        yield


class Clock:
    """The boards' clock, which runs ahead when the flow waits for them."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
async def bench(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[VirtualParts]:
    """Return the boards on a user's table, each line behind a gateway."""
    clock = Clock()
    for waits in (async_try, PartsDriver.async_test_pulse):
        monkeypatch.setitem(waits.__kwdefaults__, "sleep", clock.sleep)
    # There is no bus on loopback, so there is no silence to keep on it.
    monkeypatch.setattr(Lane, "set_message_spacing", lambda *_: None)
    monkeypatch.setattr(flow_parts, "ASKED_FOR", 2.0)
    parts = VirtualParts(seed=3, house=False, clock=clock)
    await parts.async_start()
    yield parts
    await parts.async_stop()


class Flow:
    """One user's way through the forms."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._manager = hass.config_entries.flow
        self.result: Result = {}

    async def begin(self) -> None:
        """Start to set up a system whose first pack is built from parts."""
        self.result = await self._manager.async_init(DOMAIN, context={"source": SOURCE_USER})
        await self.choose("parts")

    async def change(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start to change a pack."""
        self._manager = hass.config_entries.subentries  # type: ignore[assignment]
        self.result = await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_PACK), context={"source": SOURCE_RECONFIGURE, "subentry_id": PACK_ID}
        )

    @property
    def kept(self) -> dict[str, Any]:
        """The parts as they are by now."""
        (flow,) = self._manager._progress.values()
        return flow._parts

    @property
    def step(self) -> str:
        return str(self.result.get("step_id"))

    @property
    def told(self) -> str:
        """All that stands above the form or menu."""
        return "\n".join(self.result["description_placeholders"].values())

    @property
    def fields(self) -> set[str]:
        return {str(key) for key in self.result["data_schema"].schema}

    @property
    def suggested(self) -> dict[str, Any]:
        schema = self.result["data_schema"].schema
        return {str(key): (key.description or {}).get("suggested_value") for key in schema}

    async def choose(self, option: str) -> None:
        """Pick from a menu."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        assert option in self.result["menu_options"]
        await self._go({"next_step_id": option})

    async def fill(self, step: str, errors: dict[str, str] | None = None, **user_input: Any) -> None:
        """Submit a form, with the errors that are expected."""
        assert self.step == step, self.result
        await self._go(user_input)
        assert self.result.get("errors") or (errors or {}) == {}, self.result
        if errors:
            assert (self.step, self.result["errors"]) == (step, errors)

    async def _go(self, user_input: dict[str, Any]) -> None:
        async with asyncio.timeout(30):
            self.result = await self._manager.async_configure(self.result["flow_id"], user_input)

    async def link(self, name: str, bench: VirtualParts, **changes: Any) -> None:
        """Add one of the bench's lines."""
        await self.choose("parts_network")
        told = {"name": name, "type": "rtu_over_tcp", "host": " 127.0.0.1", "port": bench.lines[name].port, **changes}
        await self.fill("parts_network", **told)
        assert self.step == "parts"

    async def member(self, name: str, bench: VirtualParts) -> None:
        """Add one of the bench's boards, which answers."""
        await self.choose("parts_member")
        await self.fill("parts_member", **place_of(name, bench))
        assert self.step == "parts_channels", self.result

    async def back(self) -> None:
        """Return from a member to all of them."""
        await self.choose("parts")


async def with_links(hass: HomeAssistant, bench: VirtualParts) -> Flow:
    flow = Flow(hass)
    await flow.begin()
    for name in bench.lines:
        await flow.link(name, bench)
    return flow


async def build(hass: HomeAssistant, bench: VirtualParts) -> Flow:
    """Put everything together but the bench test."""
    flow = await with_links(hass, bench)
    await flow.member("monitor", bench)
    await flow.fill("parts_channels", cells="1-16", current="none", pack_voltage=1, **factors())
    await flow.back()
    await flow.member("probes", bench)
    await flow.fill("parts_channels", temperatures="1-4", switch_temperature=8)
    await flow.back()
    await flow.member("shunt", bench)
    await flow.fill("parts_channels", current="as_told", **factors())
    await flow.back()
    await flow.member("inputs", bench)
    await flow.fill("parts_channels", link_voltage=1, **factors(link=20.0))
    await flow.back()
    await flow.member("relays", bench)
    await flow.fill("parts_channels", main="1", precharge="2", auxiliary=1, normally_open=True)
    return flow


def row_of(name: str, bench: VirtualParts) -> dict[str, Any]:
    """Return a board as a config entry would keep it."""
    return next(row for row in bench.data()["members"] if row["name"] == name)


def place_of(name: str, bench: VirtualParts) -> dict[str, Any]:
    """Return what the form of a member asks for."""
    row = row_of(name, bench)
    return {**{key: row[key] for key in ("name", "device", "link")}, "unit_ids": str(row["unit_ids"][0])}


def parts_pack(bench: VirtualParts, **changes: Any) -> ConfigSubentryDataWithId:
    """Return the subentry of the bench's pack; `changes` are of its relay board's row."""
    data = {"type": "parts", "model": "parts", "unique_id": "0123", "serial_number": None}
    pack = pack_subentry(**data, parts=bench.data(**changes), thresholds={"soc_min": 10.0})
    return pack | {"unique_id": "parts-0123"}


async def changing(hass: HomeAssistant, bench: VirtualParts, member: str = "", **changes: Any) -> Flow:
    """Begin with a pack that is there already, at one of its members."""
    flow = Flow(hass)
    await flow.change(hass, make_entry(hass, parts_pack(bench, **changes)))
    if member:
        await flow.choose("parts_pick")
        await flow.fill("parts_pick", member=member)
    return flow


def factors(pack: float = 1.0, link: float = 1.0) -> dict[str, float]:
    return {"pack_voltage_factor": pack, "link_voltage_factor": link}


async def test_from_nothing_to_a_pack_that_may_be_controlled(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await build(hass, bench)
    assert flow.step == "parts_one"
    assert "Contactor".lower() in flow.told.lower()
    await flow.choose("parts_bench")
    await flow.fill("parts_bench", {"sure": "parts_not_sure"}, relay=SPARE, sure=False)
    await flow.fill("parts_bench", relay=SPARE, sure=True)
    assert flow.step == "parts_tried"
    assert "restarts the running one" in flow.told
    await flow.choose("parts_one")
    await flow.back()
    await flow.choose("parts_check")
    assert "watch" not in flow.told
    await flow.choose("parts_take")
    assert flow.step == "battery"
    assert flow.fields == set(BATTERY)
    await flow.fill("battery", **BATTERY)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    (pack,) = flow.result["result"].subentries.values()
    assert pack.data["type"] == pack.data["model"] == "parts"
    expected = bench.data()
    members = [
        {key: value for key, value in row.items() if key != "fingerprint"} for row in pack.data["parts"]["members"]
    ]
    assert pack.data["parts"]["links"] == expected["links"]
    for row in expected["members"]:
        for tap in ("pack_voltage", "link_voltage"):
            if tap in row:
                row[tap].setdefault("factor", 1.0)
    assert members == expected["members"]
    assert pack.unique_id == f"parts-{pack.data['unique_id']}"


async def test_what_was_not_tried_on_the_bench_is_watched_and_not_controlled(
    hass: HomeAssistant, bench: VirtualParts
) -> None:
    flow = await changing(hass, bench, pulse_restarts=None)
    await flow.choose("parts_check")
    assert "control nothing in it" in flow.told
    assert "bench test" in flow.told
    assert flow.result["menu_options"] == ["parts_take", "parts"]


async def test_a_board_that_adds_pulses_up_is_told_apart(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays", pulse_restarts=None)
    bench.inject("pulse_adds")
    await flow.choose("parts_bench")
    await flow.fill("parts_bench", {"base": "pulse_adds_up"}, relay=SPARE, sure=True)
    bench.clear()
    bench.inject("pulse_ignored")
    await flow.fill("parts_bench", relay=SPARE, sure=True)
    assert "does not restart" in flow.told
    await flow.choose("parts_channels")
    # Two relays in parallel need no board that restarts a pulse.
    await flow.fill("parts_channels", main="1, 3", precharge="2, 4", auxiliary=1, normally_open=True)
    await flow.back()
    await flow.choose("parts_check")
    assert "control nothing" not in flow.told


async def test_the_bench_test_waits_for_the_rest_of_the_pack(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await with_links(hass, bench)
    await flow.member("relays", bench)
    await flow.fill("parts_channels", normally_open=True)
    await flow.choose("parts_bench")
    await flow.fill("parts_bench", {"base": "parts_incomplete"}, relay=SPARE, sure=True)
    assert flow.told.endswith("Nobody measures a cell.")


async def test_a_relay_is_tried_only_by_who_is_sure_and_shows_what_it_moves(
    hass: HomeAssistant, bench: VirtualParts
) -> None:
    flow = await changing(hass, bench, "relays")
    written = len(commands(bench))
    await flow.choose("parts_try")
    await flow.fill("parts_try", {"sure": "parts_not_sure"}, relay="1", sure=False)
    assert len(commands(bench)) == written
    await flow.fill("parts_try", relay="1", sure=True)
    assert (flow.step, flow.told.count("Relay 1")) == ("parts_tried", 2)
    assert "opened again by itself" in flow.told
    assert "inputs moved with it: 1." in flow.told
    # A pulse of a second, and nothing else: the board opens it without help.
    assert [command for command in commands(bench)[written:] if command.startswith("05")] == ["050200000a"]
    await flow.choose("parts_try")
    await flow.fill("parts_try", relay=SPARE, sure=True)
    assert "No input moved with it." in flow.told
    await flow.choose("parts_channels")
    assert flow.step == "parts_channels"


def commands(bench: VirtualParts) -> list[str]:
    """Return what was asked of the relay board, without unit id and checksum."""
    return [frame[1:-2].hex() for _, frame in bench.lines["switch"].wire]


@pytest.mark.parametrize(
    ("fault", "key"), [("relay_linked", "relay_linked"), ("board_silent", "no_answer"), ("closed", "relay_in_use")]
)
async def test_a_relay_that_cannot_be_tried_says_why(
    hass: HomeAssistant, bench: VirtualParts, fault: str, key: str
) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_try")
    if fault == "closed":
        bench.relays.hold(0, 1000.0)
    else:
        bench.inject(fault)
    await flow.fill("parts_try", {"base": key}, relay="1", sure=True)
    bench.clear()
    bench.relays.power_cycle()
    await flow.fill("parts_try", relay="1", sure=True)
    assert flow.step == "parts_tried"


async def test_a_relay_that_stays_closed_is_opened_and_told(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_try")
    with patch.object(bench.relays, "hold", lambda channel, seconds: bench.relays.set(channel, True)):
        await flow.fill("parts_try", relay="3", sure=True)
    assert "did not open by itself" in flow.told
    assert not bench.relays.relay(2)


async def test_a_relay_that_ignores_its_pulse_is_told(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_try")
    with patch.object(bench.relays, "hold"):
        await flow.fill("parts_try", relay="3", sure=True)
    assert "Relay 3 did not close." in flow.told


async def test_unsafe_sets_are_refused_and_say_why(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await with_links(hass, bench)
    await flow.member("monitor", bench)
    await flow.fill("parts_channels", cells="1-15, 15", current="none", **factors())
    await flow.back()
    await flow.choose("parts_check")
    assert "This is no pack yet" in flow.told
    assert "Cell 15 is measured twice." in flow.told
    assert flow.result["menu_options"] == ["parts"]
    await flow.choose("parts")
    await flow.choose("parts_pick")
    await flow.fill("parts_pick", member="monitor")
    await flow.choose("parts_channels")
    assert flow.suggested["cells"] == "1-15, 15"
    await flow.fill("parts_channels", cells="1-8, -, 9-15", current="none", **factors())
    await flow.back()
    await flow.choose("parts_check")
    # Cells alone may be watched.
    for reason in ("measures the current", "No temperature sensor", "measures the voltage of the pack", "No relay"):
        assert reason in flow.told
    await flow.choose("parts_take")
    await flow.fill("battery", **BATTERY)
    (pack,) = flow.result["result"].subentries.values()
    # The link that nobody needs is not kept.
    assert list(pack.data["parts"]["links"]) == [row_of("monitor", bench)["link"]]
    assert pack.data["parts"]["members"][0]["cells"] == [*range(8), None, *range(8, 15)]


@pytest.mark.parametrize(
    ("user_input", "errors"),
    [
        ({"cells": "1 to 16"}, {"cells": "parts_not_readable"}),
        ({"cells": "0-15"}, {"cells": "parts_not_readable"}),
        ({"cells": "1-40"}, {"cells": "parts_no_channel"}),
        ({"cells": "113-129"}, {"cells": "out_of_range"}),
        ({"temperatures": "1, 1"}, {"temperatures": "parts_not_readable"}),
        ({"temperatures": "4"}, {"temperatures": "parts_no_channel"}),
    ],
)
async def test_channels_that_there_are_not_are_told_at_their_field(
    hass: HomeAssistant, bench: VirtualParts, user_input: dict[str, Any], errors: dict[str, str]
) -> None:
    flow = await changing(hass, bench, "monitor")
    await flow.choose("parts_channels")
    await flow.fill("parts_channels", errors, current="none", **factors(), **user_input)
    text = await filled_in(hass, next(iter(errors.values())), flow.result["description_placeholders"])
    assert next(iter(user_input)) in text.lower()
    # What was typed is still there.
    assert flow.suggested[next(iter(user_input))] == next(iter(user_input.values()))


async def filled_in(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return an error as the user reads it; a blank that is not filled in raises KeyError."""
    texts = await async_get_translations(hass, "en", "config", {DOMAIN})
    return texts[f"component.{DOMAIN}.config.error.{key}"].format(**placeholders)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"unit_ids": "9"}, {"base": "no_answer"}),
        ({"unit_ids": "300"}, {"unit_ids": "parts_unit_ids"}),
        ({"unit_ids": "one"}, {"unit_ids": "parts_not_readable"}),
        ({"unit_ids": "1, 2"}, {"unit_ids": "parts_no_array"}),
        ({"name": " "}, {"base": "parts_name_missing"}),
        ({"name": "main"}, {"base": "parts_name_twice"}),
        ({"device": "diybms_shunt", "unit_ids": "98"}, {"base": "no_answer"}),
        ({"device": "jk_balancer"}, {"base": "link_in_use"}),
    ],
)
async def test_a_member_that_cannot_be_is_told_and_mended(
    hass: HomeAssistant, bench: VirtualParts, changes: dict[str, str], errors: dict[str, str]
) -> None:
    flow = await with_links(hass, bench)
    await flow.choose("parts_member")
    told = place_of("monitor", bench)
    async with neighbour(hass, bench) if changes.get("device") == "jk_balancer" else nullcontext():
        await flow.fill("parts_member", errors, **told | changes)
    await filled_in(hass, next(iter(errors.values())), flow.result["description_placeholders"])
    await flow.fill("parts_member", **told)
    assert flow.step == "parts_channels"


@asynccontextmanager
async def neighbour(hass: HomeAssistant, bench: VirtualParts) -> AsyncGenerator[None]:
    """Have another integration hold the cells' line open."""
    link = bench.data()["links"][row_of("monitor", bench)["link"]]
    async with async_get_temporary_unit(hass, link_params(link), 77):
        yield


async def test_a_link_needs_a_name_and_one_of_the_same_name_is_replaced(
    hass: HomeAssistant, bench: VirtualParts
) -> None:
    flow = Flow(hass)
    await flow.begin()
    assert flow.result["menu_options"] == ["parts_network", "parts_serial"]
    await flow.choose("parts_serial")
    serial = {"device": "/dev/ttyUSB0", "baudrate": 9600, "stopbits": 2}
    await flow.fill("parts_serial", {"name": "parts_name_missing"}, name=" ", **serial)
    await flow.fill("parts_serial", name="measure", **serial)
    assert "/dev/ttyUSB0" in flow.told
    await flow.link("measure", bench)
    assert "/dev/ttyUSB0" not in flow.told
    assert f"127.0.0.1:{bench.lines['measure'].port}" in flow.told


async def test_a_device_that_speaks_no_modbus_needs_its_frames_passed_through(
    hass: HomeAssistant, bench: VirtualParts
) -> None:
    flow = Flow(hass)
    await flow.begin()
    await flow.link("measure", bench, type="tcp")
    await flow.choose("parts_member")
    told = {"name": "balancer", "device": "jk_balancer", "link": "measure", "unit_ids": "1"}
    await flow.fill("parts_member", {"base": "needs_serial_frames"}, **told)


async def test_a_member_that_fell_silent_is_shown_so_and_keeps_nobody_from_the_rest(
    hass: HomeAssistant, bench: VirtualParts
) -> None:
    bench.inject("board_silent", board="probes")
    flow = await changing(hass, bench, "probes")
    assert "no pack answers" in flow.told
    await flow.choose("parts_channels")
    assert flow.suggested["temperatures"] == "1-4"
    await flow.fill("parts_channels", temperatures="1-4", switch_temperature=8)
    await flow.back()
    await flow.choose("parts_check")
    assert "**probes**: The link is up" in flow.told
    assert "**monitor**" not in flow.told
    assert "parts_take" in flow.result["menu_options"]


async def test_parts_of_which_none_answers_are_not_taken(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench)
    for line in bench.lines.values():
        await line.stop()
    await flow.choose("parts_check")
    assert flow.result["menu_options"] == ["parts"]
    assert "No connection" in flow.told


async def test_a_stranger_in_a_members_place_is_not_taken(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_device")
    await flow.fill("parts_device", **place_of("relays", bench))
    await flow.fill("parts_channels", main="1", normally_open=True)
    await flow.back()
    (relays,) = [row for row in flow.kept["members"] if row["name"] == "relays"]
    assert relays["fingerprint"] == "Waveshare Modbus RTU Relay 8CH 0S"
    relays["fingerprint"] = "Waveshare Modbus RTU Relay 16CH 0S"
    await flow.choose("parts_check")
    assert flow.result["menu_options"] == ["parts"]
    assert "Another device answers" in flow.told


async def test_switches_of_the_users_own_come_and_go(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_switch")
    told = {"name": "second string", "kind": "string", "relays": "4", "auxiliary": 2, "normally_open": False}
    await flow.fill("parts_switch", {"relays": "parts_not_readable"}, **told | {"relays": "four"})
    await flow.fill("parts_switch", {"base": "parts_no_channel"}, **told | {"relays": "9"})
    await flow.fill("parts_switch", **told)
    assert "second string" in flow.told
    await flow.choose("parts_switch")
    await flow.fill("parts_switch", name="bleeder", kind="bypass", relays="5", normally_open=True)
    await flow.choose("parts_unswitch")
    await flow.fill("parts_unswitch", switch="bleeder")
    assert "bleeder" not in flow.told
    await flow.back()
    await flow.choose("parts_check")
    await flow.choose("parts_take")
    await flow.fill("battery", **BATTERY)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (pack,) = entry.subentries.values()
    contact = {"channel": 1, "normally_open": False}
    (relays,) = [row for row in pack.data["parts"]["members"] if row["name"] == "relays"]
    assert relays["switches"] == [{"name": "second string", "kind": "string", "relays": [3], "auxiliary": contact}]


async def test_a_member_is_renamed_moved_and_taken_out(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    await flow.choose("parts_device")
    assert flow.suggested["unit_ids"] == "1"
    await flow.fill("parts_device", **place_of("relays", bench) | {"name": "board"})
    # The same kind of device keeps the tasks of its channels, and what was tried with it where it still is.
    assert flow.suggested["main"] == "1"
    (board,) = [row for row in flow.kept["members"] if row["name"] == "board"]
    assert board["pulse_restarts"] is True
    await flow.fill("parts_channels", main="1", auxiliary=1, normally_open=False)
    assert "precharge" not in flow.told
    await flow.choose("parts_one")
    await flow.choose("parts_remove")
    assert flow.step == "parts"
    assert "board" not in flow.told
    assert "parts_bus" not in flow.result["menu_options"]


async def test_a_pack_of_parts_is_changed_and_stays_the_same_pack(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench)
    assert flow.step == "parts"
    await flow.choose("parts_bus")
    assert (flow.suggested["shared_bus"], flow.suggested["precharge_within"]) == (None, None)
    await flow.fill("parts_bus", shared_bus=True, precharge_within=4.0)
    await flow.choose("parts_pick")
    await flow.fill("parts_pick", member="monitor")
    await flow.choose("parts_channels")
    await flow.fill("parts_channels", cells="1-15", pack_voltage=1, current="none", **factors())
    await flow.back()
    await flow.choose("parts_check")
    await flow.choose("parts_take")
    assert flow.suggested["name"] == "Pack 1"
    await flow.fill("battery", **BATTERY)
    assert flow.result["reason"] == "reconfigure_successful"
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (pack,) = entry.subentries.values()
    assert (pack.unique_id, pack.data["unique_id"]) == ("parts-0123", "0123")
    assert pack.data["parts"]["shared_bus"] is True
    assert pack.data["thresholds"] == {"soc_min": 10.0}
    config = pack_config(pack.data)
    assert (config.cells, config.contactors.asks, config.contactors.precharge_within) == (15, True, 4.0)


async def test_a_link_that_changes_makes_way_for_its_new_settings(hass: HomeAssistant, bench: VirtualParts) -> None:
    entry = make_entry(hass, parts_pack(bench))
    serial = {"device": "/dev/ttyUSB0", "baudrate": 9600, "stopbits": 1}
    data = bench.data()
    data["links"]["measure"] = {"type": "serial", **serial}
    hass.config_entries.async_update_subentry(
        entry, next(iter(entry.subentries.values())), data={**parts_pack(bench)["data"], "parts": data}
    )
    entry.mock_state(hass, ConfigEntryState.LOADED)
    flow = Flow(hass)
    await flow.change(hass, entry)
    await flow.choose("parts_serial")
    await flow.fill("parts_serial", name="measure", **serial | {"baudrate": 19200})
    await flow.choose("parts_pick")
    manager = "homeassistant.config_entries.ConfigEntries"
    with patch(f"{manager}.async_unload") as unload, patch(f"{manager}.async_setup") as setup:
        await flow.fill("parts_pick", member="monitor")
        assert "No connection" in flow.told
    assert (unload.await_count, setup.await_count) == (1, 1)


async def test_a_board_that_is_in_control_is_left_alone(hass: HomeAssistant, bench: VirtualParts) -> None:
    entry = make_entry(hass, parts_pack(bench))
    entry.mock_state(hass, ConfigEntryState.LOADED)
    parts = parts_from_data(bench.data())
    running = SimpleNamespace(parts=SimpleNamespace(parts=parts), capabilities=Capability.RELAYS)
    entry.runtime_data = SimpleNamespace(control_allowed=True, packs={PACK_ID: running})
    flow = Flow(hass)
    await flow.change(hass, entry)
    await flow.choose("parts_pick")
    await flow.fill("parts_pick", member="relays")
    await flow.choose("parts_try")
    before = len(commands(bench))
    await flow.fill("parts_try", {"base": "parts_in_control"}, relay=SPARE, sure=True)
    assert not any(command.startswith("05") for command in commands(bench)[before:])
    entry.runtime_data.control_allowed = False
    await flow.fill("parts_try", relay=SPARE, sure=True)
    assert flow.step == "parts_tried"


async def test_an_array_of_cell_sensors_is_one_member(hass: HomeAssistant, socket_enabled: None) -> None:
    device = DEVICES["huasu"]
    told = PackReading(time=0.0, cells=(3.3,), temperatures=(20.0,))
    who = DeviceInfo(manufacturer="Huasu", model="TV-A24-33", serial_number="")
    line = Line(*(MapBoard(device, unit, lambda: (told, who)) for unit in range(1, 5)))
    port = await line.start_rtu_over_tcp()
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("parts_network")
    await flow.fill("parts_network", name="cells", type="rtu_over_tcp", host="127.0.0.1", port=port)
    await flow.choose("parts_member")
    await flow.fill("parts_member", name="cells", device="huasu", link="cells", unit_ids="1-4")
    assert flow.told.count("3.300 V") == 4
    await flow.fill("parts_channels", cells="4-1", temperatures="2-3")
    assert flow.told.count("20.0 °C") == 2
    await line.stop()


async def test_a_member_may_speak_frames_of_its_own(hass: HomeAssistant, socket_enabled: None) -> None:
    server = VirtualServer(VirtualWorld(VirtualPack(cells=8, seed=1)), DEVICES["jk_balancer"])
    port = await server.start_rtu_over_tcp()
    flow = Flow(hass)
    await flow.begin()
    await flow.choose("parts_network")
    await flow.fill("parts_network", name="cells", type="rtu_over_tcp", host="127.0.0.1", port=port)
    await flow.choose("parts_member")
    await flow.fill("parts_member", name="balancer", device="jk_balancer", link="cells", unit_ids="1")
    assert flow.told.count(" V") >= 8
    await flow.fill("parts_channels", cells="1-8", pack_voltage=1, **factors())
    await flow.back()
    await flow.choose("parts_check")
    assert "parts_take" in flow.result["menu_options"]
    await server.stop()


async def test_only_a_relay_that_opens_by_itself_is_tried(hass: HomeAssistant, bench: VirtualParts) -> None:
    parts = parts_from_data(bench.data())
    monitor = parts.members[0]
    with pytest.raises(DriverError, match="no relay"):
        await async_try_relay(hass, parts.links, monitor, 0)


async def test_every_word_of_the_parts_is_there(hass: HomeAssistant) -> None:
    await async_load_words(hass)
    assert problems_text(hass, ()) == "Nothing is missing."
    words = {group: set(options["options"]) for group, options in LANGUAGES["en"]["selector"].items()}
    assert words["parts_kind"] == set(Kind)
    assert words["parts_current"] == {"none", *CurrentRole}
    assert words["parts_switch_kind"] == set(SwitchKind)
    assert words["parts_severity"] == {"none", *Severity}
    rules = ast.parse(inspect.getsource(parts_lint))
    keys = {
        node.value
        for node in ast.walk(rules)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("parts_")
    }
    assert words["parts_problem"] == keys
    assert {field.name for field in dataclasses.fields(Member)} <= words["parts_role"] | {"name", "temperatures"}


def test_every_error_of_the_parts_has_a_text_and_every_form_its_fields() -> None:
    raised = {"parts_not_readable", "parts_no_link", "parts_name_missing", "parts_name_twice", "out_of_range"}
    for module in (parts_config, rows):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("parts_"):
                raised.add(node.value)
    has = Channels(cells=8, temperatures=8, voltages=8, current=Current.SIGNED, relays=8, contacts=8)
    forms = {
        "parts_network": NETWORK_LINK_SCHEMA,
        "parts_serial": SERIAL_LINK_SCHEMA,
        "parts_bus": BUS_SCHEMA,
        "parts_channels": channels_schema(has),
        "parts_switch": switch_schema(has),
        "parts_try": relay_schema([0]),
        "parts_bench": relay_schema([0]),
        "parts_pick": pick_schema("member", []),
        "parts_unswitch": pick_schema("switch", []),
    }
    english = LANGUAGES["en"]
    for flow in (english["config"], english["config_subentries"]["pack"]):
        assert raised <= set(flow["error"])
        for step, schema in forms.items():
            fields = {str(key) for key in schema.schema}
            assert set(flow["step"][step]["data"]) == set(flow["step"][step]["data_description"]) == fields, step


async def test_a_board_at_another_address_must_be_tried_anew(hass: HomeAssistant, bench: VirtualParts) -> None:
    flow = await changing(hass, bench, "relays")
    bench.relays.unit_id = 7
    await flow.choose("parts_device")
    await flow.fill("parts_device", **place_of("relays", bench) | {"unit_ids": "7"})
    (relays,) = [row for row in flow.kept["members"] if row["name"] == "relays"]
    assert (relays["unit_ids"], relays["main"]) == ([7], [0])
    assert "pulse_restarts" not in relays


async def test_cells_and_relays_belong_to_one_pack(hass: HomeAssistant, bench: VirtualParts) -> None:
    make_entry(hass, parts_pack(bench))
    flow = await with_links(hass, bench)
    await flow.member("monitor", bench)
    await flow.fill("parts_channels", cells="1-8", current="none", **factors())
    await flow.back()
    await flow.choose("parts_check")
    await flow.choose("parts_take")
    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "already_configured")
