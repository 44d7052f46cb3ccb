"""Reports are written whole or not at all, are bounded, and leave the house through an administrator's hands only."""

from __future__ import annotations

import errno
import json
import os
import re
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.auth.models import User
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.http.const import KEY_HASS_REFRESH_TOKEN_ID
from homeassistant.components.recorder import Recorder
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.http import current_request
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from sqlalchemy.exc import OperationalError

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.reports import files as report_files
from custom_components.home_bms.reports.files import URL, TooLargeError, file_name, files, link, write

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, set_up
from .test_services import answer, device_id

BUTTON = "button.home_battery_make_report"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.BUTTON]


@pytest.fixture(autouse=True)
def apart(hass: HomeAssistant, tmp_path: Path) -> None:
    """Keep the files apart from other tests'."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home_bms" / "reports"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def block(folder: Path) -> None:
    """Put a file where the folder should be."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file")


def this_month() -> dict[str, str]:
    return {"date": dt_util.now().date().isoformat()}


async def made(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Have a report of the running month made."""
    return await answer(hass, "report", PACK_ID, **this_month(), **data)


async def test_the_answer_says_where_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, folder: Path
) -> None:
    told = await made(hass)
    day = dt_util.now().date().isoformat()
    assert told["name"] == f"report_pack-1_{PACK_ID[-6:].lower()}_{day[:7]}_{day}.html"
    assert told["path"] == str(folder / told["name"])
    assert told["url"] == f"{URL}/{told['name']}"
    assert told["size"] == (folder / told["name"]).stat().st_size
    assert told["kind"] == "report"
    # Made again on the same day it replaces the one before; with serial numbers it is another.
    await made(hass)
    assert names(folder) == [told["name"]]
    await made(hass, serial_numbers=True)
    assert len(names(folder)) == 2


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), PermissionError("read only")])
async def test_a_full_disk_leaves_no_half_file_and_the_one_before(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, folder: Path, error: OSError
) -> None:
    told = await made(hass)
    before = (folder / told["name"]).read_bytes()
    with patch.object(os, "fsync", side_effect=error), pytest.raises(HomeAssistantError) as refusal:
        await made(hass)
    assert refusal.value.translation_key == "report_not_written"
    assert refusal.value.translation_placeholders == {"error": str(error)}
    assert names(folder) == [told["name"]]
    assert (folder / told["name"]).read_bytes() == before


async def test_a_folder_that_cannot_be_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, folder: Path
) -> None:
    block(folder)
    with pytest.raises(HomeAssistantError) as refusal:
        await made(hass)
    assert refusal.value.translation_key == "report_not_written"
    assert await report_files.async_files(hass) == []


async def test_what_is_too_large_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "MOST_BYTES", 1000)
    with pytest.raises(HomeAssistantError) as refusal:
        await made(hass)
    assert refusal.value.translation_key == "report_too_large"
    assert names(folder) == []


async def test_what_a_kill_left_of_a_report_goes_at_the_next_start(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, folder: Path
) -> None:
    write(folder, "report_a_2026-10-01.html", "whole")
    (folder / "report_b_2026-10-01.html.tmp").write_text("half")
    await set_up(hass, make_entry(hass))
    await hass.async_block_till_done()
    assert names(folder) == ["report_a_2026-10-01.html"]


def test_the_oldest_of_a_kind_make_room_and_others_are_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "MOST_FILES", 3)
    write(folder, "commissioning_pack-1_2026-01-01.html", "x")
    (folder / "notes.txt").write_text("mine")
    for day in range(1, 6):
        name = f"report_a_2026-10-{day:02}.html"
        write(folder, name, "x")
        os.utime(folder / name, (day, day))
    assert names(folder) == [
        "commissioning_pack-1_2026-01-01.html",
        "notes.txt",
        *(f"report_a_2026-10-{day:02}.html" for day in (3, 4, 5)),
    ]
    assert next(file.name for file in files(folder)) == "commissioning_pack-1_2026-01-01.html"
    with pytest.raises(TooLargeError):
        write(folder, "report_b_2026-10-01.html", "x" * 5_000_001)


@pytest.mark.parametrize("about", ["../../etc/passwd", "<img src=x>", "漢字", "", "a" * 500, "x.html\x00"])
def test_whatever_somebody_calls_a_pack_its_report_is_a_file_of_the_folder(folder: Path, about: str) -> None:
    name = file_name("report", (about, "000001", "2026-10"), date(2026, 11, 1))
    written = write(folder, name, "text")
    assert written.name == name
    assert (folder / name).resolve().parent == folder.resolve()
    assert len(name) < 140


def test_reports_of_two_months_are_two_files_however_long_the_name_is() -> None:
    named = [file_name("report", ("a" * 300, "000001", month), date(2026, 11, 1)) for month in ("2026-09", "2026-10")]
    assert named[0] != named[1]


async def test_only_administrators_may_have_one_made(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_read_only_user: MockUser, folder: Path
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "report", {"device_id": device_id(hass, PACK_ID)}, blocking=True, return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )  # fmt: skip
    assert names(folder) == []


async def test_what_is_no_pack_has_no_report(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    with patch.dict(entry.runtime_data.packs, clear=True), pytest.raises(ServiceValidationError) as refusal:
        await answer(hass, "report", PACK_ID)
    assert refusal.value.translation_key == "not_a_pack"


async def test_a_database_that_is_converted_or_broken_is_told(
    recorder_mock: Recorder, hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    with (
        patch("custom_components.home_bms.reports.request.async_migration_in_progress", return_value=True),
        pytest.raises(HomeAssistantError) as refusal,
    ):
        await made(hass)
    assert refusal.value.translation_key == "recorder_busy"
    broken = OperationalError("SELECT", {}, Exception("disk I/O error"))
    with (
        patch("homeassistant.components.recorder.statistics.statistics_during_period", side_effect=broken),
        pytest.raises(HomeAssistantError) as refusal,
    ):
        await made(hass)
    assert refusal.value.translation_key == "recorder_failed"


async def test_the_button_makes_one_of_the_last_month_and_says_where_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, folder: Path
) -> None:
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: BUTTON}, blocking=True)
    (name,) = names(folder)
    # The battery is new: there is no month that is over.
    assert f"_{dt_util.now():%Y-%m}_" in name
    notice = hass.data["persistent_notification"][f"home_bms_report_{ENTRY_ID}"]
    assert str(folder / name) in notice["message"]
    assert f"{URL}/{name}" in notice["message"]
    assert "Home battery" in notice["title"]


async def test_administrators_list_and_fetch_them(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    folder: Path,
) -> None:
    told = await made(hass)
    client = await hass_client()
    response = await client.get(URL)
    assert response.status == HTTPStatus.OK
    (listed,) = (await response.json())["reports"]
    assert listed == {key: value for key, value in told.items() if key != "path"}
    response = await client.get(listed["url"])
    assert response.status == HTTPStatus.OK
    assert await response.read() == (folder / told["name"]).read_bytes()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{told["name"]}"'
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")


async def test_a_signed_address_is_enough_for_a_browser(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    hass_admin_user: User,
) -> None:
    told = await made(hass)
    token = await hass.auth.async_create_refresh_token(hass_admin_user, "https://example.com")
    await hass_client()
    signed = async_sign_path(hass, told["url"], timedelta(minutes=1), refresh_token_id=token.id)
    client = await hass_client_no_auth()
    assert (await client.get(signed)).status == HTTPStatus.OK
    assert (await client.get(told["url"])).status == HTTPStatus.UNAUTHORIZED


async def test_a_link_in_a_text_opens_for_the_administrator_who_was_answered_and_for_nobody_else(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_user: MockUser,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    hass_admin_user: User,
) -> None:
    told = await made(hass)
    await hass_client()
    client = await hass_client_no_auth()
    for user, status in (
        (hass_admin_user, HTTPStatus.OK),
        (hass_read_only_user, HTTPStatus.UNAUTHORIZED),
        (None, HTTPStatus.UNAUTHORIZED),
    ):
        if user is not None:
            token = await hass.auth.async_create_refresh_token(user, "https://example.com")
            asks = current_request.set({KEY_HASS_REFRESH_TOKEN_ID: token.id})  # type: ignore[arg-type]
        text = link(hass, told["url"], "Report <1>")
        if user is not None:
            current_request.reset(asks)
        opened = re.fullmatch(r'<a href="([^"]+)" target="_blank">Report &lt;1&gt;</a>', text)
        assert opened is not None
        assert (await client.get(opened[1])).status == status


async def test_nobody_else_is_told_anything(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_access_token: str,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    told = await made(hass)
    stranger, guest = await hass_client_no_auth(), await hass_client(hass_read_only_access_token)
    for client in (stranger, guest):
        for address in (URL, told["url"]):
            assert (await client.get(address)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "path",
    [
        *("report_a_2026-10-01.html", "secret.txt", "..%2Fsecret.txt", "..%2F..%2Fsecret.txt", "%2Fetc%2Fpasswd"),
        *("..%2Freport_a_2026-10-01.html", "x/../secret.txt", "report_folder_2026-10-01.html"),
    ],
)
async def test_no_address_leads_out_of_the_folder(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    folder: Path,
    tmp_path: Path,
    path: str,
) -> None:
    (folder / "report_folder_2026-10-01.html").mkdir(parents=True)
    for place in (folder, folder.parent, tmp_path):
        (place / "secret.txt").write_text("secret")
    (folder.parent / "report_a_2026-10-01.html").write_text("secret")
    client = await hass_client()
    response = await client.get(f"{URL}/{path}")
    assert response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
    assert "secret" not in await response.text()


async def test_diagnostics_name_them(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    made_one = await made(hass)
    assert await async_setup_component(hass, "diagnostics", {})
    told = (await get_diagnostics_for_config_entry(hass, hass_client, entry))["reports"]
    assert told["address"] == URL
    assert [file["name"] for file in told["files"]] == [made_one["name"]]
    assert "Battery report" not in json.dumps(told)
