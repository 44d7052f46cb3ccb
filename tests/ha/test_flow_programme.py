"""A grid programme is looked at before it is added, and whoever adds it reads which field is wrong, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigSubentryFlow
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import SUBENTRY_PROGRAMME
from custom_components.home_bms.flow import programme as flow_programme
from custom_components.home_bms.flow.programme_forms import ERRORS, MORE, programme_schema, server_schema
from custom_components.home_bms.hw.openadr_http import Place, VtnTrouble
from custom_components.home_bms.programmes.coordinator import ProgrammeCoordinator
from custom_components.home_bms.programmes.repair import ProgrammeRefusedRepairFlow

from ..hw.vtn import SECRET, Vtn, flood, problem, served, text
from .conftest import ENTRY_ID, ScriptedDriver, make_entry, pack_subentry, set_up
from .programme_house import PROGRAMME_ID, programme_subentry, quick_programmes, settings
from .test_translations import ENGLISH

FORM = ENGLISH["config_subentries"][SUBENTRY_PROGRAMME]


@pytest.fixture(autouse=True)
def swift(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_programmes(monkeypatch)


@pytest.fixture
def vtn() -> Vtn:
    return Vtn(programmes=[{"id": "p-1", "programName": "Flexibility"}, {"id": "p-2", "programName": "Tariff"}])


@pytest.fixture
async def url(vtn: Vtn) -> AsyncIterator[str]:
    async with served(vtn) as address:
        yield address


@pytest.fixture
async def entry(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> AsyncIterator[MockConfigEntry]:
    entry = make_entry(hass, pack_subentry())
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def told(url: str, /, **changes: Any) -> dict[str, Any]:
    """Return the first form as somebody fills it in."""
    form = {"url": url, "client_id": "me", "client_secret": SECRET, "ven_name": "house", "more": {}} | changes
    return {key: value for key, value in form.items() if value is not None}


async def begin(hass: HomeAssistant) -> Any:
    return await hass.config_entries.subentries.async_init(
        (ENTRY_ID, SUBENTRY_PROGRAMME), context={"source": SOURCE_USER}
    )


async def go_on(hass: HomeAssistant, form: Any, **answers: Any) -> Any:
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], answers)
    await hass.async_block_till_done(wait_background_tasks=False)
    return result


async def test_a_programme_is_picked_from_those_that_there_are(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, url: str
) -> None:
    form = await go_on(hass, await begin(hass), **told(f" {url} ", more={"targets": [" north ", " "], "scope": " "}))
    assert (form["step_id"], form["errors"]) == ("programme", {})
    (marker,) = [key for key in form["data_schema"].schema if key == "programme"]
    options = form["data_schema"].schema[marker].config["options"]
    assert [(each["value"], each["label"]) for each in options] == [("p-1", "Flexibility"), ("p-2", "Tariff")]
    done = await go_on(hass, form, programme="p-2", may="setpoints", priority=70, poll_period=600, name="Night")
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"] == settings(
        url,
        programme="p-2",
        programme_name="Tariff",
        name="Night",
        priority=70,
        poll_period=600.0,
        targets=["north"],
    )
    assert {"GET"} == {method for method, path in vtn.asked if path.startswith(("/programs", "/events"))}
    (programme,) = entry.runtime_data.programmes.values()
    assert isinstance(programme, ProgrammeCoordinator)
    assert programme.name == "Night"


@pytest.mark.parametrize("which", ["p-1", "Flexibility"])
async def test_one_that_is_not_listed_can_be_named(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, url: str, which: str
) -> None:
    vtn.odd["/programs"] = [text(b"[]")] if which == "p-1" else []
    form = await go_on(hass, await begin(hass), **told(url))
    wrong = await go_on(hass, form, programme="p-9")
    assert wrong["errors"] == {"programme": "no_such_programme"}
    done = await go_on(hass, form, programme=which)
    assert (done["data"]["programme"], done["data"]["programme_name"], done["title"]) == (
        "p-1",
        "Flexibility",
        "Flexibility",
    )


async def test_a_programme_for_everybody_needs_no_credentials(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, url: str
) -> None:
    vtn.open = True
    vtn.version = "3.0.1"
    form = await go_on(hass, await begin(hass), **told(url, client_id=None, client_secret=None))
    done = await go_on(hass, form, programme="p-1")
    assert not {"client_id", "client_secret"} & set(done["data"])


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"url": "vtn.example.com"}, {"url": "invalid_url"}),
        ({"url": " "}, {"url": "invalid_url"}),
        ({"url": "http://vtn.example.com"}, {"url": "not_secure"}),
        ({"url": "http://127.0.0.1:1/openadr3"}, {"url": "unreachable"}),
        ({"more": {"token_url": "nonsense"}}, {"base": "token_invalid_url"}),
        ({"more": {"token_url": "http://login.example.com/token"}}, {"base": "token_not_secure"}),
        ({"more": {"token_url": "http://127.0.0.1:1/token"}}, {"base": "token_unreachable"}),
        ({"client_secret": None}, {"client_secret": "credentials_incomplete"}),
        ({"client_id": None}, {"client_id": "credentials_incomplete"}),
        ({"client_secret": "wrong"}, {"client_secret": "token_refused"}),
        ({"client_id": None, "client_secret": None}, {"client_id": "refused"}),
        ({"ven_name": " "}, {"ven_name": "ven_name_length"}),
        ({"ven_name": "x" * 129}, {"ven_name": "ven_name_length"}),
    ],
)
async def test_what_is_told_wrongly_is_named_with_its_field(
    hass: HomeAssistant, entry: MockConfigEntry, url: str, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    wrong = await go_on(hass, await begin(hass), **told(url, **changes))
    assert (wrong["step_id"], wrong["errors"]) == ("user", errors)
    assert set(errors.values()) <= set(FORM["error"])
    # The form is still there, and what is put right is taken.
    assert (await go_on(hass, wrong, **told(url)))["step_id"] == "programme"


@pytest.mark.parametrize(
    ("path", "answers", "errors"),
    [
        ("/auth/server", [problem(500)] * 3, {"url": "failed"}),
        ("/programs", [problem(404)], {"url": "not_openadr"}),
        ("/programs", [text(b"<html>", kind="text/html")], {"url": "not_openadr"}),
        ("/programs", [text(b"{}")], {"url": "not_openadr"}),
        ("/programs", [problem(302, Location="http://127.0.0.1:1/")], {"url": "not_openadr"}),
        ("/programs", [problem(403)], {"client_id": "refused"}),
        ("/programs", [problem(429, Retry_After="600")], {"url": "busy"}),
        ("/programs", [flood(100)], {"url": "too_much"}),
        ("/auth/token", [problem(404)], {"base": "token_missing"}),
        ("/auth/token", [text(b"{}")], {"base": "token_missing"}),
        ("/auth/token", [problem(500)] * 3, {"base": "token_failed"}),
        ("/auth/token", [problem(429, Retry_After="60")], {"base": "token_failed"}),
    ],
)
async def test_what_is_wrong_with_the_server_is_told_apart(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, url: str, path: str, answers: Any, errors: dict[str, str]
) -> None:
    vtn.odd[path] = list(answers)
    wrong = await go_on(hass, await begin(hass), **told(url))
    assert (wrong["step_id"], wrong["errors"]) == ("user", errors)
    assert wrong["description_placeholders"]["error"]
    assert (await go_on(hass, wrong, **told(url)))["step_id"] == "programme"


def test_there_are_words_for_all_that_can_be_wrong() -> None:
    assert set(ERRORS) == {(place, trouble) for place in Place for trouble in VtnTrouble}
    keys = {key for _, key in ERRORS.values()}
    assert keys <= set(FORM["error"])
    assert keys == set(ENGLISH["issues"]["programme_refused"]["fix_flow"]["error"])


def test_every_field_is_named_and_explained() -> None:
    for step, schema in (("user", server_schema(opened=False)), ("programme", programme_schema([]))):
        texts = FORM["step"][step]
        fields = {str(key) for key in schema.schema} - {MORE}
        assert set(texts["data"]) == set(texts["data_description"]) == fields
    (further,) = [part for key, part in server_schema(opened=False).schema.items() if key == MORE]
    texts = FORM["step"]["user"]["sections"][MORE]
    assert set(texts["data"]) == set(texts["data_description"]) == {str(key) for key in further.schema.schema}


async def test_a_server_that_says_nothing_keeps_nobody_waiting(
    hass: HomeAssistant, entry: MockConfigEntry, vtn: Vtn, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await begin(hass)
    second = await go_on(hass, await begin(hass), **told(url))
    monkeypatch.setattr(flow_programme, "PATIENCE", 0.2)
    vtn.odd["/programs"] = [vtn.hang]
    assert (await go_on(hass, form, **told(url)))["errors"] == {"url": "unreachable"}
    vtn.odd["/events"] = [vtn.hang]
    assert (await go_on(hass, second, programme="p-1"))["errors"] == {"base": "unreachable"}


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"name": "x" * 57}, {"name": "name_length"}),
        ({"name": " "}, {"name": "name_length"}),
        ({"name": "Taken"}, {"name": "name_taken"}),
        ({"programme": "a/b"}, {"programme": "no_such_programme"}),
    ],
)
async def test_a_name_is_one_that_leases_can_have(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    scripted: None,
    vtn: Vtn,
    url: str,
    answers: dict[str, Any],
    errors: dict[str, str],
) -> None:
    entry = make_entry(hass, pack_subentry(), programme_subentry(settings(url, name="Taken", programme="p-2")))
    await set_up(hass, entry)
    form = await go_on(hass, await begin(hass), **told(url))
    wrong = await go_on(hass, form, **({"programme": "p-1"} | answers))
    assert (wrong["step_id"], wrong["errors"]) == ("programme", errors)
    # Events that cannot be read are no programme to add, and one is added once.
    vtn.odd["/events"] = [problem(500)] * 60
    wrong = await go_on(hass, form, programme="p-1")
    assert wrong["errors"] == {"base": "failed"}
    vtn.odd["/programs/p-7"] = [problem(500)] * 60
    assert (await go_on(hass, form, programme="p-7"))["errors"] == {"base": "failed"}
    vtn.odd.clear()
    again = await go_on(hass, form, programme="p-2", name="Again")
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert await hass.config_entries.async_unload(ENTRY_ID)


# Changing one.


@pytest.fixture
async def followed(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, url: str
) -> AsyncIterator[MockConfigEntry]:
    """Return a system that follows a programme."""
    data = settings(url, poll_period=300.0, targets=["north"])
    entry = make_entry(hass, pack_subentry(), programme_subentry(data))
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def change(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await entry.start_subentry_reconfigure_flow(hass, PROGRAMME_ID)


def suggested(form: Any) -> dict[str, Any]:
    """Return what a form proposes."""
    return {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


async def test_a_secret_stays_what_it_was_unless_it_is_given_anew_and_is_never_shown(
    hass: HomeAssistant, followed: MockConfigEntry, vtn: Vtn, url: str
) -> None:
    form = await change(hass, followed)
    assert form["step_id"] == "user"
    assert suggested(form) == {"url": url, "client_id": "me", "ven_name": "house"}
    form = await go_on(hass, form, **told(url, client_secret=None, more={}))
    assert suggested(form)["programme"] == "p-1"
    done = await go_on(hass, form, programme="p-1", name="Renamed", may="limits")
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    subentry = followed.subentries[PROGRAMME_ID]
    assert subentry.title == "Renamed"
    assert (subentry.data["client_secret"], subentry.data["may"]) == (SECRET, "limits")
    assert "targets" not in subentry.data

    vtn.secret = "new"
    form = await go_on(hass, await change(hass, followed), **told(url, client_secret="new"))
    await go_on(hass, form, programme="p-1", name="Renamed")
    assert followed.subentries[PROGRAMME_ID].data["client_secret"] == "new"


async def test_another_name_of_this_client_is_told_to_the_server(
    hass: HomeAssistant, followed: MockConfigEntry, vtn: Vtn, url: str
) -> None:
    vtn.vens[:] = [{"id": "ven-0", "venName": "house", "objectType": "VEN"}]
    form = await go_on(hass, await change(hass, followed), **told(url, ven_name="home"))
    vtn.odd["PUT /vens/ven-0"] = [problem(403)]
    wrong = await go_on(hass, form, programme="p-1")
    assert wrong["errors"] == {"base": "rename_refused"}
    vtn.odd["PUT /vens/ven-0"] = [problem(500)] * 3
    wrong = await go_on(hass, form, programme="p-1")
    assert wrong["errors"] == {"base": "failed"}
    done = await go_on(hass, form, programme="p-1")
    assert done["reason"] == "reconfigure_successful"
    assert [ven["venName"] for ven in vtn.vens] == ["home"]
    assert followed.subentries[PROGRAMME_ID].data["ven_name"] == "home"


async def test_a_repair_of_a_programme_that_is_gone_ends(hass: HomeAssistant, followed: MockConfigEntry) -> None:
    flow = ProgrammeRefusedRepairFlow(followed, "gone")
    flow.hass = hass
    result = await flow.async_step_init()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "programme_gone")


async def test_a_repair_does_not_wait_for_ever(
    hass: HomeAssistant, followed: MockConfigEntry, vtn: Vtn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.home_bms.programmes import repair as programme_repair  # noqa: PLC0415 - for its patience only

    monkeypatch.setattr(programme_repair, "PATIENCE", 0.2)
    # Its own loop may come first.
    vtn.odd["/auth/token"] = [vtn.hang] * 5
    flow = ProgrammeRefusedRepairFlow(followed, PROGRAMME_ID)
    flow.hass = hass
    result = await flow.async_step_confirm({"client_id": "me", "client_secret": "x"})
    assert result["errors"] == {"base": "unreachable"}


def test_it_is_the_third_kind_of_subentry(entry: MockConfigEntry) -> None:
    from custom_components.home_bms.config_flow import HomeBmsConfigFlow  # noqa: PLC0415 - for this table only

    kinds = HomeBmsConfigFlow.async_get_supported_subentry_types(entry)
    assert set(kinds) == set(ENGLISH["config_subentries"])
    assert issubclass(kinds[SUBENTRY_PROGRAMME], ConfigSubentryFlow)
