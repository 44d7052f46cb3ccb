"""The entrances by which a grid programme's answers come in: JSON of any shape, times of any kind."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final, NamedTuple

from aiohttp import ClientError
from hypothesis import strategies as st
from yarl import URL

from custom_components.home_bms.core.lease_times import Now
from custom_components.home_bms.core.leases import LeaseBook, add, sound
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw.openadr import Plan, Programme, descriptor_units, plan
from custom_components.home_bms.hw.openadr_client import Account, Credentials, Version, VtnClient
from custom_components.home_bms.hw.openadr_http import VtnError, server_url, waiting
from custom_components.home_bms.hw.openadr_reports import Measured, Reporter
from custom_components.home_bms.hw.openadr_times import EventError

from .entrance import Entrance
from .loops import run
from .material import json_values, spoilt_bytes, spoilt_json, spoilt_text, texts

NOW: Final = 1_795_000_000.0
PROGRAMME: Final = Programme(owner="openadr", names=frozenset({"us"}))
EVENTS: Final = [
    {
        "id": "1",
        "programID": "p",
        "eventName": "evening",
        "priority": 1,
        "createdDateTime": "2026-11-18T10:00:00Z",
        "targets": [{"type": "VEN_NAME", "values": ["us"]}],
        "payloadDescriptors": [{"payloadType": "DISPATCH_SETPOINT", "units": "KW"}],
        "reportDescriptors": [{"payloadType": "STORAGE_CHARGE_LEVEL", "units": "PERCENT", "frequency": 1, "repeat": 2}],
        "intervalPeriod": {"start": "2026-11-18T12:00:00Z", "duration": "PT15M", "randomizeStart": "PT0S"},
        "duration": "PT1H",
        "intervals": [
            {"id": 0, "payloads": [{"type": "DISPATCH_SETPOINT", "values": [1.5]}]},
            {"id": 1, "payloads": [{"type": "PRICE", "values": [0.1, 0.2]}, {"type": "SIMPLE", "values": [1]}]},
        ],
    },
    {
        "id": "2",
        "targets": ["us"],
        "intervals": [
            {
                "id": 0,
                "intervalPeriod": {"start": "0001-01-01T00:00:00Z", "duration": "P9999Y"},
                "payloads": [{"type": "ALERT_WIND", "values": []}, {"type": "CHARGE_STATE_SETPOINT", "values": [0.5]}],
            }
        ],
    },
]
VEN: Final = {"id": "v1", "venName": "home", "targets": ["us"], "attributes": []}
TOKEN: Final = {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}
SERVER: Final = {"tokenURL": "https://vtn.example/auth/token"}
URLS: Final = ("https://vtn.example/3", "http://192.168.0.2:8080/openadr3/3.1.0", "http://vtn.local")
RETRIES: Final = ("120", "Wed, 18 Nov 2026 12:00:00 GMT", "Wed, 18 Nov 2026 12:00:00")


class Said(NamedTuple):
    """What a server answers, one thing after the other: a status, a header and the bytes of a body."""

    answers: tuple[tuple[int, str | None, bytes], ...]


class Server:
    """Takes the place of aiohttp's session."""

    def __init__(self, said: Said) -> None:
        self._left = list(said.answers)
        self.asked = 0

    def request(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        if not self._left:
            raise ClientError("gone")
        return Response(*self._left.pop(0))


class Response:
    """One answer."""

    def __init__(self, status: int, later: str | None, body: bytes) -> None:
        self.status = status
        self.headers = {} if later is None else {"Retry-After": later}
        self.content = self
        self._body = body

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let it go."""

    async def iter_chunked(self, size: int) -> Any:
        for at in range(0, len(self._body), size):
            yield self._body[at : at + size]


def encoded(value: Any) -> bytes:
    """Return JSON as a server writes it that takes no care: NaN and lone surrogates included."""
    return json.dumps(value).encode()


def bodies() -> st.SearchStrategy[bytes]:
    shapes = (TOKEN, SERVER, VEN, [VEN], EVENTS, [{"id": "p", "programName": "P"}], {"id": "p"}, [], {"id": "r1"}, None)
    sound_json = st.sampled_from(shapes).flatmap(spoilt_json)
    written = sound_json.filter(_writable).map(encoded)
    levels = st.sampled_from((b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b"[" + b"0," * 3000 + b"0]"))
    return st.one_of(written, written, spoilt_bytes(written), levels)


def _writable(value: Any) -> bool:
    try:
        json.dumps(value)
    except RecursionError, ValueError:
        return False
    return True


def talks() -> st.SearchStrategy[Said]:
    status = st.sampled_from((200, 200, 200, 200, 200, 200, 201, 302, 400, 401, 404, 409, 429, 500, 503))
    later = st.none() | spoilt_text(RETRIES, most=1)
    return st.lists(st.tuples(status, later, bodies()), min_size=4, max_size=16).map(lambda all_: Said(tuple(all_)))


def spoken(said: Said) -> list[str]:
    """Ask a server everything that is ever asked, and return what came of each question."""

    async def ask() -> list[str]:
        account = Account(url=URL("https://vtn.example/3"), credentials=Credentials(client_id="a", client_secret="b"))
        client = VtnClient(Server(said), account, clock=lambda: NOW)  # type: ignore[arg-type]
        ends = []
        for question in (
            client.async_version,
            client.async_programmes,
            lambda: client.async_events("p", ["us"]),
            lambda: client.async_register("home"),
            lambda: client.async_programme("p"),
            lambda: client.async_report({"reportName": "a"}, "p", "r1"),
        ):
            try:
                found = await question()
                if isinstance(found, list):
                    planned(found)
                    reported(found)
            except VtnError as err:
                ends.append(err.trouble.value)
            else:
                ends.append("answered")
        return ends

    return run(ask())


def planned(events: Any) -> Plan:
    """Make leases of events, and take them over as the book of a battery does."""
    found = plan(PROGRAMME, events, NOW)
    book = LeaseBook()
    for lease in found.leases:
        try:
            book = add(book, lease, Now(NOW))
        except ConfigError:
            continue
    assert sound(book)
    found.price_at(NOW)
    return found


def plan_sound(_: Any, found: Plan) -> None:
    """See that what is followed can be kept and shown."""
    for lease in found.leases:
        assert lease.start <= lease.end
        assert isfinite(lease.end)
        assert all(value is None or isfinite(value) for value in lease.asks)
    told = [text for pair in found.ignored for text in pair]
    told += [text for lease in found.leases for text in (lease.name, lease.reason)]
    for text in told:
        text.encode()


def reported(events: Any) -> list[Any]:
    """Keep account of the reports that events ask for, for a while."""
    reporter = Reporter("home", NOW - 60.0)
    made: list[Any] = []
    for time in (NOW, NOW + 60, NOW + 900, NOW + 4000):
        reporter.follow(events if isinstance(events, list) else [], time)
        reporter.look(time, Measured(soc=50.0, power=100.0))
        made += [report.body for version in Version for report in reporter.due(time, version)]
    for body in made:
        json.dumps(body, allow_nan=False).encode()
    return made


ENTRANCES: Final = (
    Entrance(name="OpenADR answers", made=talks(), take=spoken, share=0.4),
    Entrance(
        name="OpenADR events",
        made=spoilt_json(EVENTS),
        take=planned,
        allowed=(EventError,),
        holds=plan_sound,
        share=2.0,
    ),
    Entrance(name="OpenADR anything", made=json_values, take=planned, allowed=(EventError,), holds=plan_sound),
    Entrance(name="OpenADR reports", made=spoilt_json(EVENTS), take=reported, allowed=(EventError,)),
    Entrance(
        name="OpenADR units",
        made=spoilt_json(EVENTS[0]),
        take=lambda given: descriptor_units(given) if isinstance(given, dict) else {},
        share=0.3,
    ),
    Entrance(name="OpenADR addresses", made=spoilt_text(URLS) | texts, take=server_url, allowed=(ValueError,)),
    Entrance(name="OpenADR waits", made=spoilt_text(RETRIES) | texts, take=waiting),
)
