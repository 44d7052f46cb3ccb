"""What a protection leaves behind is on the disk, bounded, in an administrator's hands and in nobody else's."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from homeassistant.auth.models import User
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms import black_boxes
from custom_components.home_bms.black_boxes import NOW, URL, BlackBoxes
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import blackbox, bms
from custom_components.home_bms.core.blackbox import Box, Tick, Trigger
from custom_components.home_bms.core.model import Alarm, Flow, Level, PackReading, Reason
from custom_components.home_bms.core.record import Recording, load
from custom_components.home_bms.core.replay import reconfigure, replay
from custom_components.home_bms.helpers import pack_config

from .conftest import (
    ENTRY_ID,
    PACK,
    PACK_ID,
    SERIAL,
    VIRTUAL,
    ScriptedDriver,
    make_entry,
    pack_subentry,
    set_up,
    ticks,
    until,
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, hass: HomeAssistant, tmp_path: Path) -> None:
    """Let a window last for moments, and keep the files apart from other tests'."""
    monkeypatch.setattr(blackbox, "AROUND", 0.3)
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home_bms" / ENTRY_ID / PACK_ID


def names(folder: Path, torn: bool = False) -> list[str]:
    """Return what is there, without a file that is just being written unless `torn`."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if torn or path.suffix != ".tmp")


def make(folder: Path) -> None:
    folder.mkdir(parents=True)


def read(folder: Path) -> Recording:
    """Return what the newest file holds."""
    return load((folder / names(folder)[-1]).read_bytes())


def box(level: Level, time: float, key: str = "cell_overvoltage") -> Box:
    """Return a box around one protection."""
    config = pack_config(PACK)
    alarm = Alarm(key=key, level=level, flow=Flow.CHARGE, reason=Reason(rule=key, cell=6, value=3.66, threshold=3.64))
    reading = PackReading(time=time)
    state, decision = bms.step(config, bms.start(config), reading)
    return Box(
        config=config,
        triggers=(Trigger(time=time, alarm=alarm),),
        ticks=(Tick(reading=reading, decision=decision, state=state),),
    )


async def test_a_trip_on_a_real_link_leaves_a_file_that_decides_again_to_the_last_bit(
    hass: HomeAssistant, quick: None, socket_enabled: None, folder: Path
) -> None:
    entry = make_entry(hass, pack_subentry(**VIRTUAL))
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await entry.runtime_data.async_allow_control(True)
    await ticks(pack)
    assert pack.host is not None
    pack.host.inject("hot_cell_now", 3, 75.0)
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    await pack.async_wish(charge_current_cap=20.0)
    pack.host.clear("hot_cell_now")
    await until(lambda: all(value is not None and value < 40 for value in pack.latest.believed.temperatures))
    await pack.async_reset_trips()
    await ticks(pack, 5)
    assert await hass.config_entries.async_unload(entry.entry_id)

    recording = await hass.async_add_executor_job(read, folder)
    assert recording.header.triggers
    assert sum(tick.state is not None for tick in recording.ticks) >= 3
    outcomes = list(replay(recording.header.config, recording.ticks))
    assert [outcome.difference for outcome in outcomes if not outcome.same] == []
    tripped = {event.alarm.key for outcome in outcomes for event in outcome.events if event.level is Level.TRIP}
    assert "charge_overtemperature" in tripped

    changed = reconfigure(recording.header, {"protection.charge_overtemperature.trip": 90.0})
    outcomes = list(replay(recording.header.config, recording.ticks, changed=changed))
    tripped = {event.alarm.key for outcome in outcomes for event in outcome.events if event.level is Level.TRIP}
    assert "charge_overtemperature" not in tripped


async def test_one_window_is_one_file_named_by_time_and_gravest_cause(
    hass: HomeAssistant, driver: ScriptedDriver, pack: PackCoordinator, folder: Path
) -> None:
    driver.cells[6] = 3.60
    await until(lambda: pack.latest.decision.worst >= Level.PROTECT)
    driver.cells[6] = 3.70
    await until(lambda: any("_trip" in name for name in names(folder)))
    assert len(names(folder)) == 1
    at_once = await hass.async_add_executor_job(read, folder)
    await until(lambda: len(load((folder / names(folder)[0]).read_bytes()).ticks) > len(at_once.ticks))
    (name,) = names(folder)
    (listed,) = await pack.black_boxes.async_list()
    assert listed.name == name
    assert (listed.cause, listed.level) == ("cell_overvoltage", "trip")
    assert name.startswith(listed.time[:10])
    assert listed.size == (folder / name).stat().st_size
    recording = await hass.async_add_executor_job(read, folder)
    assert recording.header.time is not None
    assert recording.header.time[:19].replace(":", "-") == name[:19]
    assert recording.header.origin == recording.header.triggers[0].time


async def test_a_file_tells_nothing_about_who_and_where(
    hass: HomeAssistant, driver: ScriptedDriver, pack: PackCoordinator, folder: Path
) -> None:
    driver.cells[6] = 3.70
    await until(lambda: names(folder))
    recording = await hass.async_add_executor_job(read, folder)
    assert recording.header.model == "jk_pb"
    assert recording.header.home_bms == "0.1.0"
    assert recording.header.home_assistant
    assert recording.header.config == pack.config
    assert SERIAL not in repr(recording)
    assert PACK["host"] not in repr(recording)


async def test_a_window_that_is_open_when_home_assistant_stops_is_written_as_it_is(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    pack: PackCoordinator,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blackbox, "AROUND", 60.0)
    driver.cells[6] = 3.60
    await until(lambda: pack.latest.decision.worst >= Level.PROTECT)
    await ticks(pack)
    assert names(folder) == []
    await hass.async_stop(force=True)
    (name,) = names(folder)
    assert name.endswith("_cell_overvoltage_protect.jsonl.gz")


async def test_a_tick_that_broke_core_is_on_record(
    hass: HomeAssistant,
    pack: PackCoordinator,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(bms, "observe", breaks)
        await until(lambda: pack.latest.decision.worst >= Level.PROTECT)
    await until(lambda: names(folder))
    recording = await hass.async_add_executor_job(read, folder)
    (trigger, *_) = recording.header.triggers
    assert trigger.alarm.key == "internal_error"
    broken = [tick for tick in recording.ticks if tick.error is not None]
    assert broken[0].error == "ZeroDivisionError('on purpose')"
    assert broken[0].decision is not None
    assert broken[0].decision.ccl.value == 0


@pytest.fixture
def files(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> BlackBoxes:
    return pack.black_boxes


async def write(files: BlackBoxes, *boxes: Box) -> None:
    for one in boxes:
        files.async_write(one)
        await files.async_settle()


async def test_the_oldest_files_make_room_and_trips_are_the_last_to_go(
    files: BlackBoxes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(black_boxes, "MOST_FILES", 3)
    now = asyncio.get_running_loop().time()
    await write(
        files,
        *(box(Level.PROTECT, now - 5000 + 200 * index) for index in range(3)),
        *(box(Level.TRIP, now - 3000 + 200 * index) for index in range(2)),
    )
    kept = await files.async_list()
    assert [file.level for file in kept] == ["trip", "trip", "protect"]
    await write(files, *(box(Level.TRIP, now - 2000 + 200 * index) for index in range(2)))
    kept = await files.async_list()
    assert [file.level for file in kept] == ["trip"] * 3
    await write(files, box(Level.PROTECT, now))
    assert [file.level for file in await files.async_list()] == ["protect", "trip", "trip"]


async def test_files_are_bounded_by_their_size_too_but_the_newest_stays(
    files: BlackBoxes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(black_boxes, "MOST_BYTES", 1)
    now = asyncio.get_running_loop().time()
    await write(files, box(Level.TRIP, now - 500), box(Level.PROTECT, now))
    (left,) = await files.async_list()
    assert left.level == "protect"


async def test_files_of_the_users_are_left_alone_and_torn_ones_are_cleared_away(
    files: BlackBoxes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(black_boxes, "MOST_FILES", 1)
    make(folder)
    (folder / "my notes.txt").write_text("mine")
    torn = "2026-10-03T12-00-00Z_cell_overvoltage_trip.jsonl.gz.tmp"
    (folder / torn).write_text("to")
    now = asyncio.get_running_loop().time()
    await write(files, box(Level.TRIP, now - 500), box(Level.TRIP, now))
    assert torn not in [file.name for file in await files.async_list()]
    assert names(folder, torn=True)[1:] == ["my notes.txt"]


async def test_a_file_whose_name_tells_no_time_that_there_is_hides_no_other(files: BlackBoxes, folder: Path) -> None:
    make(folder)
    (folder / "2026-13-45T99-00-00Z_cell_overvoltage_trip.jsonl.gz").write_text("by hand")
    await write(files, box(Level.TRIP, 0.0))
    assert not files.failed
    assert len(await files.async_list()) == 1


async def test_a_window_that_turns_out_worse_replaces_what_was_written_of_it(files: BlackBoxes, folder: Path) -> None:
    now = asyncio.get_running_loop().time()
    protected, tripped = box(Level.PROTECT, now - 100), box(Level.TRIP, now, "charge_overtemperature")
    await write(files, protected)
    (before,) = names(folder)
    assert before.endswith("_cell_overvoltage_protect.jsonl.gz")
    both = replace(protected, triggers=protected.triggers + tripped.triggers, ticks=protected.ticks + tripped.ticks[:1])
    await write(files, both)
    (after,) = names(folder)
    assert after == before.replace("cell_overvoltage_protect", "charge_overtemperature_trip")
    assert len(load((folder / after).read_bytes()).ticks) == 2


async def test_a_folder_that_cannot_be_looked_into_lists_nothing(
    files: BlackBoxes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(files, box(Level.TRIP, 0.0))

    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert await files.async_list() == []


async def test_a_box_that_nothing_triggered_is_not_written(files: BlackBoxes, folder: Path) -> None:
    await write(files, replace(box(Level.TRIP, 0.0), triggers=()))
    assert names(folder) == []


async def test_a_disk_that_fails_is_told_once_and_protection_goes_on(
    files: BlackBoxes,
    pack: PackCoordinator,
    folder: Path,
    driver: ScriptedDriver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make(folder.parent.parent)
    folder.parent.write_text("a file where the folder should be")
    driver.cells[6] = 3.70
    await until(lambda: files.failed)
    now = asyncio.get_running_loop().time()
    await write(files, box(Level.TRIP, now - 500), box(Level.TRIP, now))
    assert caplog.text.count("could not be written") == 1
    assert await files.async_list() == []
    await ticks(pack)
    assert pack.latest.decision.worst is Level.TRIP
    assert pack.statistics.faults == 0

    folder.parent.unlink()
    await write(files, box(Level.TRIP, now))
    assert not files.failed
    assert len(await files.async_list()) == 1


async def test_a_disk_that_hangs_holds_up_neither_the_loop_nor_the_end(
    hass: HomeAssistant,
    files: BlackBoxes,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = asyncio.Event()

    async def hangs(*_: object) -> None:
        await released.wait()

    monkeypatch.setattr(black_boxes, "SETTLE_TIMEOUT", 0.1)
    now = asyncio.get_running_loop().time()
    with monkeypatch.context() as patched:
        patched.setattr(hass, "async_add_executor_job", hangs)
        for index in range(100):
            files.async_write(box(Level.TRIP, now + 200 * index))
        await asyncio.sleep(0)
        assert len(files._waiting) <= black_boxes.MOST_WAITING
    await ticks(pack)
    await pack.async_stop()
    released.set()


async def test_administrators_list_and_fetch_the_files(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    files: BlackBoxes,
    folder: Path,
    pack: PackCoordinator,
) -> None:
    now = asyncio.get_running_loop().time()
    await write(files, box(Level.PROTECT, now - 500, "pack_overvoltage"), box(Level.TRIP, now))
    client = await hass_client()
    response = await client.get(URL)
    assert response.status == HTTPStatus.OK
    (told,) = (await response.json())["packs"]
    assert (told["pack"], told["name"]) == (PACK_ID, "Pack 1")
    assert [file["cause"] for file in told["files"]] == ["cell_overvoltage", "pack_overvoltage"]

    response = await client.get(told["files"][0]["url"])
    assert response.status == HTTPStatus.OK
    assert told["files"][0]["name"] in response.headers["Content-Disposition"]
    assert response.headers["Content-Type"] == "application/gzip"
    assert await response.read() == (folder / told["files"][0]["name"]).read_bytes()

    await ticks(pack)
    response = await client.get(told["now"])
    assert response.status == HTTPStatus.OK
    recording = load(await response.read())
    assert recording.header.triggers == ()
    assert len(recording.ticks) > 1
    assert all(outcome.same for outcome in replay(recording.header.config, recording.ticks))


async def test_a_signed_address_is_enough_for_a_browser(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    socket_enabled: None,
    files: BlackBoxes,
    hass_admin_user: User,
) -> None:
    token = await hass.auth.async_create_refresh_token(hass_admin_user, "https://example.com")
    await hass_client()
    signed = async_sign_path(hass, f"{files.url}/{NOW}", timedelta(minutes=1), refresh_token_id=token.id)
    client = await hass_client_no_auth()
    assert (await client.get(signed)).status == HTTPStatus.OK
    assert (await client.get(f"{files.url}/{NOW}")).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("address", [URL, f"{URL}/{PACK_ID}/{NOW}"])
async def test_nobody_else_is_told_anything(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_access_token: str,
    socket_enabled: None,
    pack: PackCoordinator,
    address: str,
) -> None:
    stranger = await hass_client_no_auth()
    assert (await stranger.get(address)).status == HTTPStatus.UNAUTHORIZED
    guest = await hass_client(hass_read_only_access_token)
    assert (await guest.get(address)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "path",
    [
        f"{PACK_ID}/2026-10-03T12-00-00Z_cell_overvoltage_trip.jsonl.gz",
        f"{PACK_ID}/secret.txt",
        f"{PACK_ID}/..%2Fsecret.txt",
        f"{PACK_ID}/..%2F..%2F..%2Fsecret.txt",
        f"{PACK_ID}/%2Fetc%2Fpasswd",
        "01NOBODY/now.jsonl.gz",
        "..%2F..%2F/secret.txt",
    ],
)
async def test_no_address_leads_out_of_the_folder(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    files: BlackBoxes,
    folder: Path,
    tmp_path: Path,
    path: str,
) -> None:
    await write(files, box(Level.TRIP, 0.0))
    for place in (folder, folder.parent, tmp_path):
        (place / "secret.txt").write_text("secret")
    client = await hass_client()
    response = await client.get(f"{URL}/{path}")
    assert response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
    assert "secret" not in await response.text()


async def test_diagnostics_name_the_files_and_where_they_are_fetched(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    files: BlackBoxes,
) -> None:
    await write(files, box(Level.TRIP, asyncio.get_running_loop().time()))
    assert await async_setup_component(hass, "diagnostics", {})
    told = (await get_diagnostics_for_config_entry(hass, hass_client, entry))["packs"][0]["black_boxes"]
    assert told["address"] == URL
    assert told["failed"] is False
    assert told["ticks"] > 0
    assert told["files"][0]["cause"] == "cell_overvoltage"
    assert SERIAL not in json.dumps(told)
