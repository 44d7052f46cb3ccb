"""A grid programme is read, followed, reported to and left, and nothing about its server harms the battery."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PROGRAMME
from custom_components.home_bms.programmes import coordinator as programme_coordinator
from custom_components.home_bms.programmes import issues as programme_issues
from custom_components.home_bms.programmes.coordinator import ProgrammeCoordinator
from custom_components.home_bms.system_coordinator import SystemCoordinator

from ..hw.vtn import SECRET, Vtn, problem, served, text
from .conftest import ENTRY_ID, ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .programme_house import OWNER, PROGRAMME_ID, event, programme_subentry, quick_programmes, settings, shown
from .test_services import answer, call
from .test_translations import ENGLISH, ICONS

UNREACHABLE = f"programme_unreachable_{PROGRAMME_ID}"
REFUSED = f"programme_refused_{PROGRAMME_ID}"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR, Platform.SENSOR, Platform.SWITCH]


@pytest.fixture(autouse=True)
def swift(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_programmes(monkeypatch)


@pytest.fixture
def vtn() -> Vtn:
    return Vtn()


@pytest.fixture
async def url(vtn: Vtn) -> AsyncIterator[str]:
    async with served(vtn) as address:
        yield address


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, url: str
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded system with a pack and a programme."""
    entry = make_entry(hass, pack_subentry(), programme_subentry(settings(url)))
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def system_of(entry: MockConfigEntry) -> SystemCoordinator:
    found: SystemCoordinator = entry.runtime_data.system
    return found


def programme_of(entry: MockConfigEntry) -> ProgrammeCoordinator:
    found: ProgrammeCoordinator = entry.runtime_data.programmes[PROGRAMME_ID]
    return found


def leases(entry: MockConfigEntry) -> dict[str, str]:
    return {lease.name: lease.owner for lease in system_of(entry).leases.book.leases}


async def read_again(vtn: Vtn) -> None:
    """Wait until the events have been asked for, from the first page on, twice more."""
    before = len(first_pages(vtn))
    await until(lambda: len(first_pages(vtn)) >= before + 2)


def first_pages(vtn: Vtn) -> list[str]:
    return [path for path in vtn.paths("GET", "/events") if "skip=0" in path]


async def test_the_whole_story_from_the_form_to_the_removal(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, vtn: Vtn, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.home_bms.pack_config", nimble)
    entry = make_entry(hass, pack_subentry())
    await set_up(hass, entry)
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: system_of(entry).newest.ccl.value > 50)

    # It is asked where the programme is, and which; nothing is written there before it is added.
    vtn.granted = ["north"]
    form = await hass.config_entries.subentries.async_init(
        (ENTRY_ID, SUBENTRY_PROGRAMME), context={"source": SOURCE_USER}
    )
    form = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {"url": url, "client_id": "me", "client_secret": SECRET, "ven_name": "house", "more": {}},
    )
    assert form["step_id"] == "programme", form["errors"]
    assert form["description_placeholders"]["ven"] == "house"
    assert vtn.vens == []
    # The bounds of a form are for people.
    monkeypatch.setattr(ProgrammeCoordinator, "period", 0.1)
    done = await hass.config_entries.subentries.async_configure(form["flow_id"], {"programme": "p-1"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Flexibility"
    assert done["data"]["may"] == "limits"
    await hass.async_block_till_done(wait_background_tasks=False)
    (subentry_id,) = entry.runtime_data.programmes

    # The server knows us now. An event for a group of ours lowers a limit, and one that would charge may not.
    await until(lambda: [ven["venName"] for ven in vtn.vens] == ["house"])
    vtn.events = [
        event("peak", "IMPORT_CAPACITY_LIMIT", 0, "KW", targets=["north"], minutes=0.05)
        | {"reportDescriptors": [{"payloadType": "STORAGE_CHARGE_LEVEL"}]},
        event("charge", "DISPATCH_SETPOINT", 3, "KW"),
        "odd",
        event("others", "SIMPLE", 3, targets=["south"]),
    ]
    await until(lambda: leases(entry) == {"peak/3": OWNER})
    await until(lambda: system_of(entry).newest.ccl.value == 0)
    assert system_of(entry).newest.ccl.reason.rule == "leased"
    await until(lambda: shown(hass, "programme_event", subentry_id=subentry_id).state == "The peak")
    state = shown(hass, "programme_event", subentry_id=subentry_id)
    (asks,) = state.attributes["asks"]
    assert (asks["charge_power"], state.attributes["acting"]) == (0, True)
    # A reading that began before these events were made saw only some of them.
    await until(
        lambda: (
            {row["event"] for row in shown(hass, "programme_event", subentry_id=subentry_id).attributes["ignored"]}
            == {"charge", ""}
        )
    )
    assert system_of(entry).setpoint is None

    # When the event is over the limit is, and it is reported.
    await until(lambda: vtn.reports)
    (report,) = vtn.reports.values()
    assert (report["eventID"], report["clientName"]) == ("peak", "house")
    (row,) = report["resources"][0]["intervals"]
    assert (row["id"], row["payloads"]) == (3, [{"type": "STORAGE_CHARGE_LEVEL", "values": [0.6]}])
    await until(lambda: leases(entry) == {})
    await until(lambda: system_of(entry).newest.ccl.value > 0)

    # What it still asks when it is removed ends then.
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    await call(hass, "request_power", ENTRY_ID, owner="Somebody else", power=1, duration="01:00:00")
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert set(leases(entry).values()) == {"Somebody else"}
    assert er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    assert dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), ENTRY_ID) is None
    assert await hass.config_entries.async_unload(ENTRY_ID)


async def test_what_the_device_of_a_programme_shows(hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn) -> None:
    vtn.events = [
        event("storm", "ALERT_WIND", "Hold on"),
        event("peak", "DISPATCH_SETPOINT", -2, "KW", later=60),
        event("price", "PRICE", 0.31),
    ]
    await until(lambda: shown(hass, "programme_event").state == "The storm")
    assert shown(hass, "connected", Platform.BINARY_SENSOR).state == "on"
    assert shown(hass, "connected", Platform.BINARY_SENSOR).attributes["registered"] is True
    (asks,) = shown(hass, "programme_event").attributes["asks"]
    assert (asks["reserve"], asks["charge_to"], asks["event"]) == (80, 80, "storm/3")
    assert shown(hass, "programme_event").attributes["acting"] is False
    await until(lambda: shown(hass, "programme_next").attributes.get("power") == -2000)
    assert shown(hass, "programme_next").state != "unknown"
    assert shown(hass, "programme_price").state == "0.31"
    assert shown(hass, "programme_read").state != "unknown"
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PROGRAMME_ID), ENTRY_ID)
    assert device is not None
    assert (device.model, device.entry_type) == ("OpenADR 3.1", dr.DeviceEntryType.SERVICE)
    vtn.events.clear()
    await until(lambda: shown(hass, "programme_event").state == "none")
    await until(lambda: shown(hass, "programme_next").state == "unknown")
    assert shown(hass, "programme_price").state == "unknown"


def test_every_entity_of_a_programme_has_a_name_and_a_picture() -> None:
    from custom_components.home_bms.programmes.sensors import SENSORS  # noqa: PLC0415 - for this table only

    for description in SENSORS:
        assert ENGLISH["entity"]["sensor"][description.translation_key]["name"]
        assert ICONS["entity"]["sensor"][description.translation_key]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([problem(500)] * 3, id="broken"),
        pytest.param([problem(429, Retry_After="0")] * 3, id="busy"),
        pytest.param([text(b"<html>")], id="a page"),
        pytest.param([text(b"{}")], id="no list"),
        pytest.param([problem(404)], id="gone"),
    ],
)
async def test_what_was_read_stays_in_force_while_the_server_is_not_itself(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    vtn: Vtn,
    answers: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    vtn.events = []
    vtn.odd["/events"] = answers * 3
    await until(lambda: shown(hass, "connected", Platform.BINARY_SENSOR).state == "off")
    assert leases(entry) == {"shed/3": OWNER}
    assert shown(hass, "programme_event").state == "The shed"
    # It comes back, and what was cancelled meanwhile ends. Each is logged once.
    await until(lambda: shown(hass, "connected", Platform.BINARY_SENSOR).state == "on")
    await until(lambda: leases(entry) == {})
    assert caplog.text.count("the server of the programme cannot be read") == 1
    assert caplog.text.count("the server of the programme can be read again") == 1


async def test_a_page_that_does_not_come_ends_nothing(hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn) -> None:
    vtn.events = [event(f"e-{number}", "SIMPLE", 1) for number in range(3)]
    vtn.page = 2
    await until(lambda: len(leases(entry)) == 3)
    await read_again(vtn)

    async def first_only(request: Any) -> Any:
        if request.query["skip"] == "0":
            return await vtn._list(request)
        return await problem(404)(request)

    vtn.odd["/events"] = [first_only] * 40
    await until(lambda: programme_of(entry).complaint)
    assert len(leases(entry)) == 3


async def test_leases_stay_over_a_reload_and_a_restart_without_the_server(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    vtn.odd["/auth/server"] = [problem(500)] * 1000
    assert await hass.config_entries.async_reload(ENTRY_ID)
    assert leases(entry) == {"shed/3": OWNER}
    await until(lambda: shown(hass, "programme_event").state == "The shed")
    await until(lambda: shown(hass, "connected", Platform.BINARY_SENSOR).state == "off")
    vtn.odd.clear()
    await until(lambda: shown(hass, "connected", Platform.BINARY_SENSOR).state == "on")
    assert leases(entry) == {"shed/3": OWNER}


async def test_a_programme_that_may_only_limit_from_now_on_keeps_no_set_point_though_its_server_is_silent(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn
) -> None:
    limited = event("both", "DISPATCH_SETPOINT", -2, "KW")
    limited["intervals"][0]["payloads"].append({"type": "SIMPLE", "values": [1]})
    vtn.events = [limited, event("peak", "DISPATCH_SETPOINT", -3, "KW"), event("charge", "ALERT_WIND", "Hold on")]
    await until(lambda: len(leases(entry)) == 3)
    await call(hass, "request_power", ENTRY_ID, owner="Somebody else", power=1, duration="01:00:00")
    vtn.odd["/auth/server"] = [problem(500)] * 1000
    programme = entry.subentries[PROGRAMME_ID]
    hass.config_entries.async_update_subentry(entry, programme, data={**programme.data, "may": "limits"})
    await hass.async_block_till_done(wait_background_tasks=False)
    asks = {
        lease.name: (lease.power, lease.charge_to, lease.charge_power, lease.reserve)
        for lease in system_of(entry).leases.book.leases
    }
    assert asks == {
        "both/3": (None, None, 0.0, None),
        "charge/3": (None, None, None, 80.0),
        "power": (1.0, None, None, None),
    }


async def test_what_a_server_says_at_length_is_shown_cut(hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn) -> None:
    vtn.events = [event("e" * 5000, "X" * 5000, 1)]
    await until(lambda: shown(hass, "programme_event").attributes["ignored"])
    (row,) = shown(hass, "programme_event").attributes["ignored"]
    assert row == {"event": "e" * 200, "why": "X" * 200}


async def test_a_programme_that_is_removed_while_its_system_is_not_loaded_leaves_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    await hass.config_entries.async_unload(ENTRY_ID)
    hass.config_entries.async_remove_subentry(entry, PROGRAMME_ID)
    await set_up(hass, entry)
    assert leases(entry) == {}


async def test_two_programmes_do_not_end_what_the_other_asks(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, vtn: Vtn, url: str
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    other = settings(url, name="Second", ven_name="other")
    entry = make_entry(
        hass,
        pack_subentry(),
        programme_subentry(settings(url)),
        programme_subentry(other, "01PROGRAMME0000000000000BB"),
    )
    await set_up(hass, entry)
    await until(lambda: len(system_of(entry).leases.book.leases) == 2)
    await read_again(vtn)
    assert {lease.owner for lease in system_of(entry).leases.book.leases} == {OWNER, "openadr:Second"}
    assert await hass.config_entries.async_unload(ENTRY_ID)


async def test_what_has_units_only_by_its_programme_is_followed(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, vtn: Vtn, url: str
) -> None:
    vtn.programmes[0]["payloadDescriptors"] = [{"payloadType": "DISPATCH_SETPOINT", "units": "KW"}]
    vtn.events = [event("peak", "DISPATCH_SETPOINT", -2, None)]
    entry = make_entry(hass, pack_subentry(), programme_subentry(settings(url)))
    await set_up(hass, entry)
    await until(lambda: leases(entry))
    assert system_of(entry).leases.book.leases[0].power == -2000
    assert await hass.config_entries.async_unload(ENTRY_ID)


async def test_what_the_server_grants_later_is_asked_for_then(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, monkeypatch: pytest.MonkeyPatch
) -> None:
    vtn.events = [event("peak", "SIMPLE", 2, targets=["north"])]
    await until(lambda: programme_of(entry).data.connected)
    await read_again(vtn)
    assert leases(entry) == {}
    monkeypatch.setattr(programme_coordinator, "INTRODUCE_EVERY", 0.0)
    programme_of(entry)._introduce_at = 0.0
    vtn.vens[0]["targets"] = ["north"]
    await until(lambda: leases(entry) == {"peak/3": OWNER})
    # That it cannot be looked at for a while takes nothing away.
    vtn.odd["/vens"] = [problem(500)] * 12
    await until(lambda: not vtn.odd["/vens"])
    await read_again(vtn)
    assert leases(entry) == {"peak/3": OWNER}


@pytest.mark.parametrize("hidden", ["/vens", "/programs/p-1"])
async def test_a_server_that_keeps_something_to_itself_is_followed_all_the_same(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, vtn: Vtn, url: str, hidden: str
) -> None:
    vtn.odd[hidden] = [problem(403)] * 9
    vtn.events = [event("shed", "SIMPLE", 2)]
    entry = make_entry(hass, pack_subentry(), programme_subentry(settings(url)))
    await set_up(hass, entry)
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    assert programme_of(entry).registered is (hidden != "/vens")
    assert await hass.config_entries.async_unload(ENTRY_ID)


async def test_a_broken_server_of_units_ends_nothing(hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn) -> None:
    vtn.programmes[0]["payloadDescriptors"] = [{"payloadType": "DISPATCH_SETPOINT", "units": "KW"}]
    vtn.events = [event("peak", "DISPATCH_SETPOINT", -2, "KW")]
    await until(lambda: leases(entry))
    vtn.events = [event("peak", "DISPATCH_SETPOINT", -2, None)]
    vtn.odd["/programs/p-1"] = [problem(500)] * 9
    assert await hass.config_entries.async_reload(ENTRY_ID)
    await until(lambda: programme_of(entry).complaint)
    assert leases(entry) == {"peak/3": OWNER}
    await until(lambda: programme_of(entry).data.connected)
    assert leases(entry) == {"peak/3": OWNER}


# Reports.


async def test_a_report_is_tried_until_it_is_taken_and_one_that_cannot_be_is_not(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn
) -> None:
    wish = {"reportDescriptors": [{"payloadType": "STORAGE_CHARGE_LEVEL"}]}
    vtn.odd["/reports"] = [problem(500), problem(429, Retry_After="600")]
    vtn.events = [event("late", "SIMPLE", 1, minutes=0.02) | wish]
    await until(lambda: programme_of(entry)._report_at > hass.loop.time() + 500)
    assert vtn.reports == {}
    programme_of(entry)._report_at = 0.0
    await until(lambda: vtn.reports)
    await until(lambda: programme_of(entry).data.reported)

    vtn.odd["/reports"] = [problem(403)]
    vtn.events = [event("refused", "SIMPLE", 1, minutes=0.02) | wish]
    await until(lambda: not vtn.odd["/reports"])
    await read_again(vtn)
    assert len(vtn.paths("POST", "/reports")) == 4
    assert {report["eventID"] for report in vtn.reports.values()} == {"late"}


async def test_a_report_of_now_is_put_in_its_own_place_with_each_reading(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, driver: ScriptedDriver
) -> None:
    wish = {"reportDescriptors": [{"payloadType": "STORAGE_CHARGE_LEVEL", "frequency": 0}]}
    vtn.events = [event("now", "SIMPLE", 1) | wish]
    await until(lambda: [asked for asked in vtn.asked if asked == ("PUT", "/reports/report-0")])
    assert list(vtn.reports) == ["report-0"]
    assert len(vtn.paths("POST", "/reports")) == 1
    # Its place is forgotten with the event: there are events for ever.
    assert programme_of(entry)._report_ids
    vtn.events = []
    await until(lambda: not programme_of(entry)._report_ids)


async def test_what_nobody_has_decided_on_for_long_is_not_told_as_if_it_were_now(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: programme_of(entry)._measured().soc is not None)
    monkeypatch.setattr(programme_coordinator, "_STALE", -1.0)
    assert programme_of(entry)._measured().soc is None


# What a person must do.


async def test_a_person_is_called_when_it_is_unreachable_for_long(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: programme_of(entry).data.connected)
    vtn.odd["/events"] = [problem(500)] * 1000
    await until(lambda: programme_of(entry).complaint)
    assert ir.async_get(hass).async_get_issue(DOMAIN, UNREACHABLE) is None
    monkeypatch.setattr(programme_issues, "UNREACHABLE_FOR", 0.0)
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, UNREACHABLE))
    vtn.odd.clear()
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, UNREACHABLE) is None)


async def test_new_credentials_are_asked_for_tried_and_taken(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry, vtn: Vtn
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})
    vtn.secret = "another-word"
    vtn.valid.clear()
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, REFUSED))
    assert leases(entry) == {"shed/3": OWNER}

    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()

    async def post(path: str, **data: str) -> dict[str, Any]:
        found = await client.post(f"/api/repairs/issues/fix{path}", json=data)
        told: dict[str, Any] = await found.json()
        return told

    form = await post("", handler=DOMAIN, issue_id=REFUSED)
    assert form["step_id"] == "confirm"
    assert SECRET not in json.dumps(form)
    path = f"/{form['flow_id']}"
    form = await post(path, client_id="me", client_secret="wrong")
    assert form["errors"] == {"client_secret": "token_refused"}
    vtn.odd["/events"] = [problem(500)] * 3
    form = await post(path, client_id="me", client_secret="another-word")
    assert form["errors"] == {"base": "failed"}
    done = await post(path, client_id="me", client_secret="another-word")
    assert done["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.subentries[PROGRAMME_ID].data["client_secret"] == "another-word"
    await until(lambda: programme_of(entry).data.connected)
    assert ir.async_get(hass).async_get_issue(DOMAIN, REFUSED) is None
    assert leases(entry) == {"shed/3": OWNER}


async def test_a_server_that_refuses_is_asked_less_and_less_often(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn
) -> None:
    await until(lambda: programme_of(entry).data.connected)
    vtn.secret = "another-word"
    vtn.valid.clear()
    waits = []
    for refusals in range(1, 4):
        await until(lambda refusals=refusals: programme_of(entry)._refusals == refusals)
        waits.append(programme_of(entry)._read_at - hass.loop.time())
    assert waits[1] > 1.5 * waits[0]
    assert waits[2] > 1.5 * waits[1]


async def test_nothing_secret_is_told_or_logged(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    vtn: Vtn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="custom_components.home_bms")
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry))
    for path in ("/events", "/auth/token"):
        vtn.valid.clear()
        vtn.odd[path] = [problem(400), problem(401), problem(403), problem(302, Location=f"http://x/{SECRET}")]
        await until(lambda path=path: not vtn.odd[path])
    assert await async_setup_component(hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    (found,) = told["programmes"]
    assert found["settings"]["name"] == "Flexibility"
    assert found["version"] == "3.1"
    for key in ("url", "client_id", "client_secret", "ven_name"):
        assert found["settings"][key] == "**REDACTED**"
    for text_told in (json.dumps(told), caplog.text):
        assert SECRET not in text_told
        assert "token-" not in text_told
    assert "127.0.0.1" not in json.dumps(found)


async def test_an_error_of_our_own_ends_neither_the_loop_nor_what_it_asks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    vtn: Vtn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    vtn.events = [event("shed", "SIMPLE", 2)]
    await until(lambda: leases(entry) == {"shed/3": OWNER})

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(programme_coordinator, "async_follow", broken)
        await until(lambda: programme_of(entry).faults >= 2)
    assert caplog.text.count("was survived") == 1
    assert leases(entry) == {"shed/3": OWNER}
    vtn.events = []
    await until(lambda: leases(entry) == {})


async def test_a_reading_that_takes_too_long_is_given_up(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: programme_of(entry).data.connected)
    monkeypatch.setattr(programme_coordinator, "READ_WITHIN", 0.2)
    vtn.odd["/events"] = [vtn.hang]
    await until(lambda: programme_of(entry).data.connected is False)
    await until(lambda: programme_of(entry).data.connected)


async def test_the_action_answers_as_it_did(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    told = await answer(
        hass, "follow_openadr", ENTRY_ID, programme="By hand", events=[event("price", "PRICE", 0.21), "odd"]
    )
    assert told["price"] == 0.21
    assert [row["event"] for row in told["ignored"]] == [""]
