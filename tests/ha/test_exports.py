"""What is exported equals what the recorder has, is there whole or not at all, and for administrators only."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final

import pandas as pd
import pytest
from homeassistant.components import persistent_notification
from homeassistant.components.recorder import history
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance
from homeassistant.requirements import RequirementsNotFound
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from sqlalchemy.exc import SQLAlchemyError

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.history import export_files, export_folder, exports, recorder_rows
from custom_components.home_bms.history.export_files import RAW, STATISTICS, ExportError, Format, Writing, read
from custom_components.home_bms.history.export_folder import URL, files
from custom_components.home_bms.history.exports import PYARROW
from custom_components.home_bms.history.recorder_rows import stretches

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks

ROOT = Path(__file__).parents[2]
CELL = "sensor.pack_1_cell_1"
SOC = "sensor.pack_1_state_of_charge"
ENERGY = "sensor.pack_1_energy_charged"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.BINARY_SENSOR]


@pytest.fixture(autouse=True)
def apart(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / DOMAIN / "exports"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def content_of(path: str) -> bytes:
    return Path(path).read_bytes()


def device_of(hass: HomeAssistant, identity: str = PACK_ID) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identity), ENTRY_ID)
    assert device is not None
    return device.id


async def export(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    told = {"device_id": device_of(hass), "from": dt_util.now() - timedelta(hours=2), **data}
    answer = await hass.services.async_call(DOMAIN, "export_history", told, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def lived(
    recorder_mock: object, hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> PackCoordinator:
    """A pack whose values have changed some times, with statistics of the five minutes in which they did."""
    await ticks(pack)
    start = dt_util.utcnow().replace(second=0, microsecond=0)
    start -= timedelta(minutes=start.minute % 5)
    for number in range(4):
        hass.states.async_set(CELL, str(3.30 + number / 1000), dict(hass.states.get(CELL).attributes))  # type: ignore[union-attr]
        hass.states.async_set(SOC, f"{50 + number / 3}", dict(hass.states.get(SOC).attributes))  # type: ignore[union-attr]
    hass.states.async_set(CELL, "unavailable")
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=start)
    await async_wait_recording_done(hass)
    return pack


async def recorded(hass: HomeAssistant, entity_ids: list[str]) -> list[tuple[datetime, str, str | None]]:
    """Return what the recorder has of some entities."""
    found = await get_instance(hass).async_add_executor_job(
        lambda: history.get_significant_states(
            hass,
            dt_util.utcnow() - timedelta(hours=3),
            None,
            entity_ids,
            include_start_time_state=False,
            significant_changes_only=False,
        )
    )
    rows = [
        (state.last_updated, entity_id, None if state.state in ("unavailable", "unknown") else state.state)
        for entity_id, states in found.items()
        for state in states
    ]
    return sorted(rows, key=lambda row: row[:2])


def other_reader(path: Path) -> list[dict[str, Any]]:
    """Read a file with pandas, as a user would, and nothing of home_bms."""
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as database:
            frame = pd.read_sql("SELECT * FROM history", database)
    else:
        frame = pd.read_parquet(path)
    frame = frame.astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


async def test_every_state_that_is_read_back_is_the_recorders(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path
) -> None:
    for kind in Format:
        await check_states(hass, folder, kind)


async def check_states(hass: HomeAssistant, folder: Path, kind: Format) -> None:
    answer = await export(hass, resolution="raw", format=kind.value)
    path = Path(answer["path"])
    assert path.parent == folder
    rows = await hass.async_add_executor_job(other_reader, path)
    entity_ids = sorted({row["entity_id"] for row in rows})
    assert {CELL, SOC} <= set(entity_ids)
    expected = [row for row in await recorded(hass, entity_ids) if row[0] < moment(answer["to"])]
    assert [(moment(row["time"]), row["entity_id"], row["state"]) for row in rows] == expected
    assert answer["rows"] == len(rows) > 20
    assert answer["size"] == len(content_of(answer["path"]))
    cell = next(row for row in rows if row["entity_id"] == CELL)
    assert (cell["pack"], cell["key"], cell["unit"]) == ("Pack 1", "cell_1", "V")
    assert list(await hass.async_add_executor_job(lambda: [each["state"] for each in read(path)])) == [
        row["state"] for row in rows
    ]


async def test_statistics_that_are_read_back_are_the_recorders(hass: HomeAssistant, lived: PackCoordinator) -> None:
    for kind in Format:
        for resolution in ("5minute", "hour", "day"):
            await check_statistics(hass, kind, resolution)


async def check_statistics(hass: HomeAssistant, kind: Format, resolution: str) -> None:
    answer = await export(hass, resolution=resolution, format=kind.value, entity_id=[SOC, ENERGY, CELL])
    rows = await hass.async_add_executor_job(lambda: list(read(Path(answer["path"]))))
    assert answer["entities"] == 3
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass,
            dt_util.utcnow() - timedelta(days=1),
            None,
            {SOC, ENERGY, CELL},
            resolution,  # type: ignore[arg-type]
            None,
            {"mean", "min", "max", "state", "sum"},
        )
    )
    expected = sorted(
        (dt_util.utc_from_timestamp(row["start"]), entity_id, row.get("mean"), row.get("max"), row.get("sum"))
        for entity_id, stretch in found.items()
        for row in stretch
    )
    told = [(row["time"], row["entity_id"], row["mean"], row["max"], row["sum"]) for row in rows]
    assert sorted(told, key=lambda row: row[:2]) == expected
    if resolution == "5minute":
        assert {row["entity_id"] for row in rows} >= {SOC, ENERGY}


async def test_a_whole_battery_has_its_packs_and_itself(hass: HomeAssistant, lived: PackCoordinator) -> None:
    answer = await export(hass, device_id=device_of(hass, ENTRY_ID), resolution="raw")
    rows = await hass.async_add_executor_job(lambda: list(read(Path(answer["path"]))))
    assert {row["pack"] for row in rows} == {None, "Pack 1"}


async def test_it_says_how_far_it_is_and_takes_that_away(hass: HomeAssistant, lived: PackCoordinator) -> None:
    told: list[str] = []

    @callback
    def note(kind: persistent_notification.UpdateType, notices: dict[str, Any]) -> None:
        told.extend(f"{kind.value}: {notice['message']}" for notice in notices.values())

    remove = persistent_notification.async_register_callback(hass, note)
    await export(hass, resolution="raw", **{"from": dt_util.now() - timedelta(hours=3)})
    remove()
    assert any(message.startswith("added: 0 %") for message in told)
    assert any("66 %" in message for message in told)
    assert told[-1].startswith("removed")


# --- a full disk, a kill --------------------------------------------------------------------------------------------


class FullDisk:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, stream: BinaryIO, room: int) -> None:
        self._stream, self._room = stream, room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        return self._stream.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def fill_disk(monkeypatch: pytest.MonkeyPatch, kind: Format, room: int) -> None:
    if kind is Format.SQLITE:
        real = sqlite3.connect

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            database = real(*args, **kwargs)
            database.execute(f"PRAGMA max_page_count = {1 + room // 4096}")
            return database

        monkeypatch.setattr(export_files.sqlite3, "connect", connect)
        return
    monkeypatch.setattr(export_files, "_open", lambda path: FullDisk(path.open("wb"), room))


async def test_a_full_disk_leaves_no_half_file_and_loses_no_older_one(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"from": dt_util.now() - timedelta(hours=2), "to": dt_util.now()}
    for kind in Format:
        before = await export(hass, resolution="raw", format=kind.value, **times)
        content = content_of(before["path"])
        before_it = names(folder)
        with monkeypatch.context() as patched:
            fill_disk(patched, kind, 300)
            with pytest.raises(HomeAssistantError, match="could not be written"):
                await export(hass, resolution="raw", format=kind.value, **times)
        assert names(folder) == before_it
        assert content_of(before["path"]) == content
    assert not persistent_notification._async_get_or_create_notifications(hass)


async def test_the_recorder_is_left_some_room(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "SPARED", 2**60)
    with pytest.raises(HomeAssistantError, match="No space left"):
        await export(hass)
    assert names(folder) == []


async def test_what_grows_too_large_is_given_up(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_BYTES", 100)
    with pytest.raises(HomeAssistantError, match="larger than"):
        await export(hass, resolution="raw", format="sqlite")
    assert names(folder) == []


@pytest.mark.parametrize("kind", list(Format))
def test_a_kill_while_it_is_written_leaves_nothing_that_looks_like_an_export(tmp_path: Path, kind: Format) -> None:
    path = tmp_path / f"pack_20261101T000000Z_20261102T000000Z_raw.{kind}"
    script = textwrap.dedent(
        f"""
        import sys, types
        half = types.ModuleType("custom_components.home_bms")
        half.__path__ = [{str(ROOT / "custom_components/home_bms")!r}]
        sys.modules["custom_components.home_bms"] = half
        sys.path.insert(0, {str(ROOT)!r})
        from datetime import UTC, datetime
        from pathlib import Path
        from custom_components.home_bms.history.export_files import RAW, Format, Writing
        writing = Writing(Path({str(path)!r}), Format({kind.value!r}), RAW)
        row = (datetime.now(UTC), "sensor.x", "Pack", "cell_1", "V", "3.3")
        writing.write([row] * 5000)
        print("half way", flush=True)
        sys.stdin.read()
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert files(tmp_path) == []
    assert not path.exists()
    # The next one takes away what is left of it.
    writing = Writing(path, kind, RAW)
    writing.write([(datetime.now(UTC), "sensor.x", "Pack", "cell_1", "V", "3.3")])
    writing.finish()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert len(list(read(path))) == 1


async def test_a_call_that_is_cancelled_leaves_nothing(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def hang(*_: Any) -> list[Any]:
        started.set()
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(exports, "async_read_rows", hang)
    running = hass.async_create_task(export(hass, resolution="raw"))
    await started.wait()
    with pytest.raises(HomeAssistantError, match="still being written"):
        await export(hass, resolution="raw")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert names(folder) == []


def test_who_gives_up_waits_for_what_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(tmp_path / "a.csv", Format.CSV, RAW)
    began, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> None:
        began.set()
        go_on.wait(10)

    monkeypatch.setattr(writing._writer, "write", slow)
    writer = threading.Thread(target=writing.write, args=([],))
    writer.start()
    assert began.wait(10)
    leaver = threading.Thread(target=writing.abandon)
    leaver.start()
    leaver.join(0.05)
    assert leaver.is_alive(), "it has closed the file under the writer"
    go_on.set()
    for thread in (writer, leaver):
        thread.join(10)
    assert names(tmp_path) == []


async def test_a_pack_may_have_any_name(hass: HomeAssistant, lived: PackCoordinator, folder: Path) -> None:
    dr.async_get(hass).async_update_device(device_of(hass), name_by_user="../" + "Speicher " * 60)
    answer = await export(hass)
    assert names(folder) == [Path(answer["path"]).name]


async def test_only_so_many_are_kept(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_folder, "MOST_FILES", 2)
    end = dt_util.now()
    for day in range(4):
        answer = await export(hass, **{"from": end - timedelta(days=2 + day), "to": end})
    kept = names(folder)
    assert len(kept) == 2
    assert Path(answer["path"]).name in kept
    monkeypatch.setattr(export_folder, "MOST_BYTES", 1)
    export_folder.rotate(folder, Path(answer["path"]).name)
    assert names(folder) == [Path(answer["path"]).name]


# --- who may, and what is refused -----------------------------------------------------------------------------------


async def test_administrators_list_and_fetch_them_and_nobody_else(
    hass: HomeAssistant,
    lived: PackCoordinator,
    folder: Path,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_access_token: str,
    socket_enabled: None,
) -> None:
    answer = await export(hass)
    (folder / "secret.txt").write_text("secret")
    client = await hass_client()
    told = await (await client.get(URL)).json()
    assert [file["url"] for file in told["files"]] == [answer["url"]]
    response = await client.get(answer["url"])
    assert response.headers["Content-Type"].startswith("text/csv")
    assert await response.read() == content_of(answer["path"])
    for name in ("secret.txt", "..%2Fsecret.txt", "%2Fetc%2Fpasswd", Path(answer["url"]).name + ".tmp"):
        assert (await client.get(f"{URL}/{name}")).status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
    for stranger in (await hass_client_no_auth(), await hass_client(hass_read_only_access_token)):
        for address in (URL, answer["url"]):
            assert (await stranger.get(address)).status == HTTPStatus.UNAUTHORIZED


REFUSED: Final = (
    ({"from": datetime(2026, 1, 2, tzinfo=UTC), "to": datetime(2026, 1, 1, tzinfo=UTC)}, "from cannot be"),
    ({"from": datetime(2026, 1, 2, tzinfo=UTC), "to": datetime(2026, 1, 2, tzinfo=UTC)}, "cannot be"),
    ({"to": datetime(2999, 1, 1, tzinfo=UTC)}, "to cannot be"),
    ({"from": datetime(1999, 1, 1, tzinfo=UTC)}, "from cannot be"),
    ({"entity_id": ["sensor.somebody_elses"]}, "sensor.somebody_elses"),
)


async def test_what_cannot_be_exported_is_said(hass: HomeAssistant, lived: PackCoordinator) -> None:
    for data, said in REFUSED:
        with pytest.raises(ServiceValidationError, match=said):
            await export(hass, **data)


async def test_without_a_recorder_there_is_nothing_to_export(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with pytest.raises(HomeAssistantError, match="recorder"):
        await export(hass)


async def test_a_database_that_is_being_converted_is_not_read(
    hass: HomeAssistant, lived: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_rows, "async_migration_in_progress", lambda _: True)
    with pytest.raises(HomeAssistantError, match="converting"):
        await export(hass)


async def test_parquet_is_installed_when_it_is_asked_for(
    hass: HomeAssistant, lived: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    real = exports.async_import_module

    async def missing(hass: HomeAssistant, name: str) -> Any:
        if name.startswith("pyarrow") and not asked:
            raise ImportError(name)
        return await real(hass, name)

    async def install(_: HomeAssistant, __: str, requirements: list[str], is_built_in: bool) -> None:
        asked.append(requirements)

    monkeypatch.setattr(exports, "async_import_module", missing)
    monkeypatch.setattr(exports, "async_process_requirements", install)
    await export(hass, format="parquet")
    assert asked == [[PYARROW]]
    assert PYARROW in (ROOT / "requirements-dev.txt").read_text().splitlines()


async def test_where_parquet_cannot_be_installed_it_says_so(
    hass: HomeAssistant, lived: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exports.async_import_module

    async def missing(hass: HomeAssistant, name: str) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return await real(hass, name)

    async def refuse(*_: Any, **__: Any) -> None:
        raise RequirementsNotFound(DOMAIN, [PYARROW])

    monkeypatch.setattr(exports, "async_import_module", missing)
    monkeypatch.setattr(exports, "async_process_requirements", refuse)
    with pytest.raises(HomeAssistantError, match="CSV or SQLite"):
        await export(hass, format="parquet")


# --- files ----------------------------------------------------------------------------------------------------------


def test_stretches_join_and_begin_with_local_days() -> None:
    begin, end = datetime(2026, 3, 1, 13, tzinfo=UTC), datetime(2026, 4, 20, 5, tzinfo=UTC)
    for longest in (timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
        parts = list(stretches(begin, end, longest))
        assert parts[0][0] == begin
        assert parts[-1][1] == end
        assert all(one[1] == other[0] for one, other in pairwise(parts))
        if longest >= timedelta(days=1):
            assert all(dt_util.as_local(since).hour == 0 for since, _ in parts[1:])


@pytest.mark.parametrize("kind", list(Format))
def test_nothing_is_a_file_too(tmp_path: Path, kind: Format) -> None:
    writing = Writing(tmp_path / f"a.{kind}", kind, STATISTICS)
    writing.write([])
    writing.finish()
    writing.abandon()
    assert list(read(tmp_path / f"a.{kind}")) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "ends in none of"),
        ("a.csv", b"a,b\n1,2\n", "its columns are a, b"),
        ("a.csv", ",".join(RAW).encode() + b"\n1,2\n", "2 values, not 6"),
        ("a.csv", ",".join(RAW).encode() + b"\nnever,e,p,k,u,s\n", "isoformat"),
        ("a.csv", ",".join(RAW).encode() + b"\n2026-01-01,e,p,k,u,s\n", "no time zone"),
        ("a.csv", b"\xff\xfe", "is no CSV"),
        ("a.sqlite", b"nonsense" * 1000, "is no export"),
        ("a.parquet", b"nonsense", "is no Parquet file"),
    ],
)
def test_what_is_no_export_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExportError, match=said):
        list(read(tmp_path / name))


def test_a_machine_without_pyarrow_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match="pyarrow"):
        list(read(tmp_path / "a.parquet"))


async def test_a_database_that_breaks_leaves_nothing_and_says_so(
    hass: HomeAssistant, lived: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> list[Any]:
        raise SQLAlchemyError("the disk is gone")

    monkeypatch.setattr(exports, "async_read_rows", broken)
    with pytest.raises(HomeAssistantError, match="the disk is gone"):
        await export(hass)
    assert names(folder) == []
