"""A client of a real server on loopback: it finds its way, and nothing that a server does holds it up or fills it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from custom_components.home_bms.hw import openadr_http
from custom_components.home_bms.hw.openadr_client import Account, Credentials, Version, VtnClient
from custom_components.home_bms.hw.openadr_http import Place, VtnError, VtnTrouble, server_url, waiting

from .vtn import SECRET, Vtn, flood, problem, served, text


class Clock:
    """Time that passes when a test wants it to, and while somebody pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.paused: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vtn() -> Vtn:
    return Vtn()


@pytest.fixture
async def url(vtn: Vtn, socket_enabled: None) -> AsyncIterator[str]:
    async with served(vtn) as address:
        yield address


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def client(session: ClientSession, url: str, clock: Clock) -> VtnClient:
    return client_of(session, url, clock)


def client_of(session: ClientSession, url: str, clock: Clock, **account: Any) -> VtnClient:
    known = {"credentials": Credentials(client_id="me", client_secret=SECRET)} | account
    return VtnClient(session, Account(url=URL(url), **known), clock=clock, pause=clock.pause)


async def failed(work: Any) -> VtnError:
    with pytest.raises(VtnError) as caught:
        await work
    assert SECRET not in str(caught.value)
    assert "token-" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(("spoken", "version"), [("3.0.1", Version.V3_0), ("3.1", Version.V3_1)])
async def test_the_version_is_found_out_once(vtn: Vtn, client: VtnClient, spoken: str, version: Version) -> None:
    vtn.version = spoken
    assert await client.async_version() is version
    assert await client.async_version() is version
    assert vtn.paths("GET", "/auth/server") == ["/auth/server"]


async def test_one_token_serves_until_shortly_before_its_end(vtn: Vtn, client: VtnClient, clock: Clock) -> None:
    vtn.lasts = 600
    await client.async_programmes()
    clock.now += 569
    await client.async_events("p-1")
    assert vtn.tokens == 1
    clock.now += 2
    await client.async_events("p-1")
    assert vtn.tokens == 2
    assert vtn.bodies[0] == {"grant_type": "client_credentials", "client_id": "me", "client_secret": SECRET}


@pytest.mark.parametrize("lasts", [None, "long", True, 0, -5, 10**400])
async def test_a_token_without_an_end_serves_until_it_is_refused(
    vtn: Vtn, client: VtnClient, clock: Clock, lasts: Any
) -> None:
    vtn.lasts = lasts
    await client.async_events("p-1")
    clock.now += 1e7
    await client.async_events("p-1")
    assert vtn.tokens == 1
    vtn.valid.clear()
    await client.async_events("p-1")
    assert vtn.tokens == 2
    vtn.odd["/events"] = [problem(401), problem(401)]
    assert (await failed(client.async_events("p-1"))).trouble is VtnTrouble.REFUSED
    assert vtn.odd["/events"] == []


async def test_a_scope_and_a_place_for_tokens_are_used_where_they_are_given(
    vtn: Vtn, session: ClientSession, url: str, clock: Clock
) -> None:
    vtn.version = "3.0.1"
    credentials = Credentials(client_id="me", client_secret=SECRET, scope="read_all")
    client = client_of(session, url, clock, credentials=credentials, token_url=URL(url) / "auth/token")
    await client.async_programme("p-1")
    assert vtn.bodies[0]["scope"] == "read_all"
    assert vtn.paths("GET", "/auth/server") == []


async def test_a_programme_for_everybody_needs_no_token(
    vtn: Vtn, session: ClientSession, url: str, clock: Clock
) -> None:
    vtn.open = True
    client = client_of(session, url, clock, credentials=None)
    assert [each["id"] for each in await client.async_programmes()] == ["p-1"]
    assert vtn.tokens == 0
    vtn.open = False
    assert (await failed(client.async_programmes())).trouble is VtnTrouble.REFUSED


@pytest.mark.parametrize("page", [50, 7, 1])
async def test_all_pages_are_read_however_small_they_are(vtn: Vtn, client: VtnClient, page: int) -> None:
    vtn.page = page
    vtn.events = [{"id": f"e-{number}"} for number in range(60)]
    assert await client.async_events("p-1") == vtn.events
    assert vtn.paths("GET", "/events")[0] == "/events?programID=p-1&skip=0&limit=50"


async def test_a_server_that_gives_the_same_page_for_ever_is_asked_twice(vtn: Vtn, client: VtnClient) -> None:
    vtn.skips = False
    vtn.events = [{"id": f"e-{number}"} for number in range(50)]
    assert await client.async_events("p-1") == vtn.events
    assert len(vtn.paths("GET", "/events")) == 2


async def test_odd_events_are_given_on_beside_the_good_ones(vtn: Vtn, client: VtnClient) -> None:
    vtn.events = [{"id": "good"}, "odd", None, 5, {"no": "id"}, ["odd"]]
    assert await client.async_events("p-1") == vtn.events


async def test_what_is_addressed_to_us_is_asked_for_since_3_1(vtn: Vtn, client: VtnClient) -> None:
    vtn.events = [
        {"id": "all"},
        {"id": "ours", "targets": ["us"]},
        {"id": "group", "targets": ["group"]},
        {"id": "others", "targets": ["others"]},
    ]
    found = await client.async_events("p-1", ["us", "group", "us"])
    assert [each["id"] for each in found] == ["all", "ours", "group"]
    assert sum("targets=" in path for path in vtn.paths("GET", "/events")) == 4


async def test_before_3_1_all_is_given_to_everybody(vtn: Vtn, client: VtnClient) -> None:
    vtn.version = "3.0.1"
    vtn.events = [{"id": "others", "targets": [{"type": "GROUP", "values": ["others"]}]}]
    assert await client.async_events("p-1", ["us"]) == vtn.events
    assert not any("targets" in path for path in vtn.paths("GET", "/events"))


@pytest.mark.parametrize("version", ["3.0.1", "3.1"])
async def test_we_make_ourselves_known_once_and_in_the_way_of_the_version(
    vtn: Vtn, client: VtnClient, version: str
) -> None:
    vtn.version = version
    vtn.granted = [{"type": "GROUP", "values": ["north", 5]}] if version == "3.0.1" else ["north", 5]
    ven = await client.async_register("house")
    assert ven is not None
    assert (ven.id, ven.name, ven.targets) == ("ven-0", "house", ("north",))
    again = await client.async_register("house")
    assert again is not None
    assert again.id == "ven-0"
    assert len(vtn.vens) == 1
    await client.async_rename(ven, "home")
    assert vtn.vens[0]["venName"] == "home"
    sent = vtn.bodies[-1]
    assert not {"id", "clientID"} & set(sent)
    # Only its operator grants targets since 3.1; before, whoever writes without them takes them away.
    assert ("targets" in sent) is (version == "3.0.1")


async def test_a_server_that_speaks_otherwise_than_it_says_is_registered_at_all_the_same(
    vtn: Vtn, client: VtnClient
) -> None:
    vtn.odd["/auth/server"] = [problem(404)]
    assert await client.async_version() is Version.V3_0
    assert await client.async_register("house") is not None
    assert await client.async_report({"eventID": "e"}, "p-1") == "report-0"


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_server_that_registers_nobody_is_read_all_the_same(vtn: Vtn, client: VtnClient, status: int) -> None:
    vtn.odd["/vens"] = [problem(status), problem(status)]
    assert await client.async_register("house") is None
    assert await client.async_events("p-1") == []


async def test_whoever_is_known_under_another_name_is_not_registered_again(vtn: Vtn, client: VtnClient) -> None:
    vtn.odd["POST /vens"] = [problem(409)]
    assert await client.async_register("house") is None


@pytest.mark.parametrize("told", [{"id": "../../programs/p-1"}, {"id": ".."}, {"id": None}, {}])
async def test_a_ven_that_cannot_be_is_none(vtn: Vtn, client: VtnClient, told: dict[str, Any]) -> None:
    vtn.vens = [{**told, "venName": "house"}]
    assert await client.async_find_ven("house") is None


async def test_a_report_is_handed_in_and_later_put_in_its_own_place(vtn: Vtn, client: VtnClient) -> None:
    first = await client.async_report({"eventID": "e", "n": 1}, "p-1")
    assert await client.async_report({"eventID": "e", "n": 2}, "p-1", first) == first
    assert vtn.reports == {first: {"eventID": "e", "n": 2}}
    # One that the server has lost is handed in anew, and one that it has already need not be.
    vtn.reports.clear()
    assert await client.async_report({"eventID": "e", "n": 3}, "p-1", first) == "report-0"
    vtn.odd["/reports"] = [problem(409)]
    assert await client.async_report({"eventID": "e", "n": 3}, "p-1") == ""


async def test_a_report_names_its_programme_only_before_3_1(vtn: Vtn, client: VtnClient) -> None:
    vtn.version = "3.0.1"
    await client.async_report({"eventID": "e"}, "p-1")
    assert vtn.reports == {"report-0": {"eventID": "e", "programID": "p-1"}}


# What goes wrong.

LIST = "/events"
LATER = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)


@pytest.mark.parametrize(
    ("path", "answers", "trouble", "place"),
    [
        pytest.param(LIST, [problem(401)], VtnTrouble.REFUSED, Place.VTN, id="a new token refused"),
        pytest.param(LIST, [problem(403)], VtnTrouble.REFUSED, Place.VTN, id="forbidden"),
        pytest.param(LIST, [problem(404)], VtnTrouble.NOT_FOUND, Place.VTN, id="not found"),
        pytest.param(LIST, [problem(400)], VtnTrouble.FAILED, Place.VTN, id="our fault"),
        pytest.param(LIST, [problem(500)] * 3, VtnTrouble.FAILED, Place.VTN, id="broken for good"),
        pytest.param(LIST, [problem(429)] * 3, VtnTrouble.BUSY, Place.VTN, id="busy for good"),
        pytest.param(LIST, [problem(429, Retry_After="600")], VtnTrouble.BUSY, Place.VTN, id="busy for long"),
        pytest.param(LIST, [problem(503, Retry_After=LATER)], VtnTrouble.BUSY, Place.VTN, id="busy till tomorrow"),
        pytest.param(
            LIST, [problem(302, Location="http://127.0.0.1:1/")], VtnTrouble.NOT_OPENADR, Place.VTN, id="elsewhere"
        ),
        pytest.param(LIST, [text(b"<html>")], VtnTrouble.NOT_OPENADR, Place.VTN, id="a page"),
        pytest.param(LIST, [text(b"{}")], VtnTrouble.NOT_OPENADR, Place.VTN, id="an object"),
        pytest.param(LIST, [text(b"")], VtnTrouble.NOT_OPENADR, Place.VTN, id="nothing"),
        pytest.param(LIST, [text(b"\xff\xfe\x00")], VtnTrouble.NOT_OPENADR, Place.VTN, id="no text"),
        pytest.param(LIST, [text(b"[" * 100_000)], VtnTrouble.NOT_OPENADR, Place.VTN, id="deeper than there is"),
        pytest.param(LIST, [text(b"9" * 5000)], VtnTrouble.NOT_OPENADR, Place.VTN, id="a number without an end"),
        pytest.param(LIST, [flood(200)], VtnTrouble.TOO_MUCH, Place.VTN, id="a flood"),
        pytest.param(
            LIST,
            [text(gzip.compress(b"[" + b" " * 30_000_000 + b"]"), Content_Encoding="gzip")],
            VtnTrouble.NOT_OPENADR,
            Place.VTN,
            id="a small flood that swells",
        ),
        pytest.param("/auth/token", [problem(400)], VtnTrouble.REFUSED, Place.TOKEN, id="unknown client"),
        pytest.param("/auth/token", [problem(401)], VtnTrouble.REFUSED, Place.TOKEN, id="wrong secret"),
        pytest.param("/auth/token", [problem(404)], VtnTrouble.NOT_FOUND, Place.TOKEN, id="no tokens"),
        pytest.param("/auth/token", [text(b"[]")], VtnTrouble.NOT_OPENADR, Place.TOKEN, id="no token"),
        pytest.param(
            "/auth/token",
            [text(b'{"access_token": "two words", "token_type": "Bearer"}')],
            VtnTrouble.NOT_OPENADR,
            Place.TOKEN,
            id="a token that cannot be sent",
        ),
        pytest.param(
            "/auth/token",
            [text(b'{"access_token": "good", "token_type": "mac"}')],
            VtnTrouble.NOT_OPENADR,
            Place.TOKEN,
            id="a token of another kind",
        ),
        pytest.param(
            "/auth/server",
            [text(b'{"tokenURL": "http://vtn.example.com/token"}')],
            VtnTrouble.NOT_OPENADR,
            Place.TOKEN,
            id="a place for tokens that is not safe",
        ),
        pytest.param("/auth/server", [problem(500)] * 3, VtnTrouble.FAILED, Place.VTN, id="no version to be had"),
    ],
)
async def test_what_goes_wrong_is_told_apart_and_no_secret_with_it(
    vtn: Vtn, client: VtnClient, path: str, answers: list[Any], trouble: VtnTrouble, place: Place
) -> None:
    vtn.odd[path] = list(answers)
    err = await failed(client.async_events("p-1"))
    assert (err.trouble, err.place) == (trouble, place)
    assert vtn.odd[path] == []
    # It was no more than this one time.
    assert await client.async_events("p-1") == []


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_said(
    vtn: Vtn, client: VtnClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openadr_http, "TIMEOUT", 0.2)
    vtn.odd["/events"] = [vtn.hang] * 3
    err = await asyncio.wait_for(failed(client.async_events("p-1")), 10)
    assert err.trouble is VtnTrouble.UNREACHABLE
    assert clock.paused == [1.0, 4.0]


async def test_a_server_that_is_not_there_is_unreachable(session: ClientSession, clock: Clock) -> None:
    client = client_of(session, "http://127.0.0.1:1/openadr3", clock)
    err = await failed(client.async_version())
    assert (err.trouble, err.place) == (VtnTrouble.UNREACHABLE, Place.VTN)


@pytest.mark.parametrize(
    ("answers", "paused"),
    [
        ([problem(500)], [1.0]),
        ([problem(502), problem(429)], [1.0, 4.0]),
        ([problem(429, Retry_After="7")], [7.0]),
        ([problem(503, Retry_After="0")], [0.0]),
        ([problem(429, Retry_After="soon")], [1.0]),
    ],
)
async def test_what_passes_is_asked_again_after_a_while(
    vtn: Vtn, client: VtnClient, clock: Clock, answers: list[Any], paused: list[float]
) -> None:
    vtn.odd["/events"] = list(answers)
    assert await client.async_events("p-1") == []
    assert clock.paused == paused


async def test_what_may_have_been_written_is_not_written_twice(vtn: Vtn, client: VtnClient, clock: Clock) -> None:
    vtn.odd["/reports"] = [problem(500)]
    assert (await failed(client.async_report({"eventID": "e"}, "p-1"))).status == 500
    assert clock.paused == []
    # Who is busy has not written it.
    vtn.odd["/reports"] = [problem(503)]
    assert await client.async_report({"eventID": "e"}, "p-1") == "report-0"


async def test_a_server_cannot_fill_the_memory_page_by_page(vtn: Vtn, client: VtnClient) -> None:
    vtn.events = [{"id": f"e-{number}"} for number in range(1001)]
    assert (await failed(client.async_events("p-1"))).trouble is VtnTrouble.TOO_MUCH
    page = [{"id": number, "text": "x" * 30_000} for number in range(50)]
    vtn.odd["/events"] = [
        text(json.dumps([{**each, "id": f"{turn}-{each['id']}"} for each in page]).encode()) for turn in range(10)
    ]
    assert (await failed(client.async_events("p-1"))).trouble is VtnTrouble.TOO_MUCH
    assert len(vtn.odd["/events"]) >= 4


async def test_a_page_of_a_million_things_is_not_looked_through(vtn: Vtn, client: VtnClient) -> None:
    vtn.odd["/events"] = [text(b"[" + b"0," * 1_000_000 + b"0]")]
    assert (await failed(client.async_events("p-1"))).trouble is VtnTrouble.TOO_MUCH


@pytest.mark.parametrize("programme_id", ["", ".", "..", "a/b", "..?x=1", "x" * 129])
async def test_no_id_leads_elsewhere(vtn: Vtn, client: VtnClient, programme_id: str) -> None:
    assert (await failed(client.async_programme(programme_id))).trouble is VtnTrouble.NOT_FOUND
    assert vtn.asked == []


async def test_a_programme_that_is_no_object_is_none(vtn: Vtn, client: VtnClient) -> None:
    vtn.odd["/programs/p-1"] = [text(b"[]")]
    assert (await failed(client.async_programme("p-1"))).trouble is VtnTrouble.NOT_OPENADR
    vtn.programmes = [{"programName": "without an id"}, {"id": "p-2"}]
    assert await client.async_programmes() == [{"id": "p-2"}]


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("https://vtn.example.com/openadr3/3.1.0", None),
        (" https://vtn.example.com:8443/ ", None),
        ("http://127.0.0.1:8080/openadr3", None),
        ("http://192.168.1.20/openadr3", None),
        ("http://[fd00::1]/openadr3", None),
        ("http://vtn.local/openadr3", None),
        ("http://vtn:8080/openadr3", None),
        ("http://vtn.example.com/openadr3", "not_secure"),
        ("http://8.8.8.8/openadr3", "not_secure"),
        ("http://local.example.com", "not_secure"),
        ("ftp://vtn.example.com", "invalid_url"),
        ("vtn.example.com", "invalid_url"),
        ("https://", "invalid_url"),
        ("https://me:secret@vtn.example.com", "invalid_url"),
        ("https://vtn.example.com?key=secret", "invalid_url"),
        ("https://vtn.example.com/#x", "invalid_url"),
        ("https://[::1", "invalid_url"),
    ],
)
def test_secrets_go_out_encrypted_or_stay_in_this_house(address: str, wrong: str | None) -> None:
    if wrong is None:
        assert str(server_url(address)).rstrip("/") == address.strip().rstrip("/")
    else:
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            server_url(address)


async def test_a_server_out_there_sends_nobody_to_a_place_in_this_house(session: ClientSession, clock: Clock) -> None:
    from custom_components.home_bms.hw.openadr_client import _told_url  # noqa: PLC0415 - one law of it

    with pytest.raises(VtnError):
        _told_url("http://192.168.1.1/token", URL("https://vtn.example.com/openadr3"))
    assert _told_url("https://login.example.org/token", URL("https://vtn.example.com/openadr3"))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        ("999999", 3600.0),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(told: str | None, seconds: float | None) -> None:
    assert waiting(told) == seconds


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(
        Account(url=URL("https://x"), credentials=Credentials(client_id="a", client_secret=SECRET))
    )
