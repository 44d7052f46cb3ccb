"""Is a client (VEN) of the server (VTN) of an OpenADR 3 programme, of version 3.0.1 or 3.1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import Any, Final, NamedTuple

from aiohttp import ClientSession
from yarl import URL

from .openadr_http import Answer, Place, Question, VtnError, VtnTrouble, async_ask, is_local, server_url

PAUSES: Final = (1.0, 4.0)
"""s before a question that came to nothing is asked again."""
LONGEST_PAUSE: Final = 10.0
"""s that are waited at once for a server that wants to be asked later; who needs longer is left alone."""
PAGE: Final = 50
"""Objects that are asked for at once: the most that the specification lets a client ask for."""
MOST_OBJECTS: Final = 1000
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of all pages together."""
MOST_TARGETS: Final = 8
_EARLY: Final = 30.0
"""s before its end at which a token is replaced."""
_LASTS_MOST: Final = 1e9
"""s; a token that lasts longer outlasts us all."""
_TOKEN: Final = re.compile(r"[!-~]{1,16384}")
_ID: Final = re.compile(r"(?!\.{1,2}\Z)[\w.~-]{1,128}")
"""A part of a path: what a server names must not lead elsewhere, nor upwards."""


class Version(StrEnum):
    """Of the specification; they differ in targets, in how a client registers and in what a report refers to."""

    V3_0 = "3.0.1"
    V3_1 = "3.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """With which a client asks for a token."""

    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a programme is, and who asks there."""

    url: URL
    credentials: Credentials | None = None
    token_url: URL | None = None
    """`None` for where the server says that it is."""


class Ven(NamedTuple):
    """How a server knows this client."""

    id: str
    name: str
    targets: tuple[str, ...]
    """What it was granted to ask for."""
    raw: Mapping[str, Any]


class VtnClient:
    """Asks a server, with a token that is renewed in time, again where that may help, and never without an end.

    Every method raises VtnError.
    """

    def __init__(
        self,
        session: ClientSession,
        account: Account,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._account = account
        self._clock = clock
        self._pause = pause
        self._version: Version | None = None
        self._told_token_url: URL | None = None
        self._token = ""
        self._token_until = -inf

    # What a programme is made of.

    async def async_version(self) -> Version:
        """Return which version the server speaks: 3.1 says where tokens are given, and 3.0.1 does not know that."""
        if self._version is None:
            try:
                answer = await self._asked(Question(method="GET", url=self._account.url / "auth/server"))
            except VtnError as err:
                if err.trouble in (VtnTrouble.UNREACHABLE, VtnTrouble.BUSY) or (err.status or 0) >= 500:
                    raise
                answer = Answer(status=err.status or 0)
            told = answer.body.get("tokenURL") if isinstance(answer.body, Mapping) else None
            self._told_token_url = _told_url(told, self._account.url)
            self._version = Version.V3_0 if told is None else Version.V3_1
        return self._version

    async def async_programmes(self, targets: Sequence[str] = ()) -> list[Mapping[str, Any]]:
        """Return the programmes that the server shows us."""
        found = await self._listed("programs", (), targets)
        return [each for each in found if isinstance(each, Mapping) and each.get("id") is not None]

    async def async_programme(self, programme_id: str) -> Mapping[str, Any]:
        """Return one programme."""
        if not _ID.fullmatch(programme_id):
            raise VtnError(VtnTrouble.NOT_FOUND, "no programme can have this id")
        return _object(await self._authorised("GET", ("programs", programme_id)))

    async def async_events(self, programme_id: str, targets: Sequence[str] = ()) -> list[Any]:
        """Return the events of a programme, odd ones among them."""
        return await self._listed("events", (("programID", programme_id),), targets)

    # Who we are.

    async def async_find_ven(self, name: str) -> Ven | None:
        """Return how the server knows us; `None` where it does not, or does not say."""
        try:
            found = await self._listed("vens", (("venName", name),))
        except VtnError as err:
            if keeps_back(err):
                return None
            raise
        return next((ven for each in found if (ven := _ven(each)) is not None and ven.name == name), None)

    async def async_register(self, name: str) -> Ven | None:
        """Make ourselves known, unless we are; `None` where the server leaves that to somebody else."""
        if (known := await self.async_find_ven(name)) is not None:
            return known
        try:
            return _ven(await self._written("POST", ("vens",), await self._ven_bodies({"venName": name})))
        except VtnError as err:
            if keeps_back(err) or err.status == 409:
                return None
            raise

    async def async_rename(self, ven: Ven, name: str) -> None:
        """Have the server know us by another name."""
        ours = {key: value for key, value in ven.raw.items() if key not in _METADATA}
        await self._written("PUT", ("vens", ven.id), await self._ven_bodies({**ours, "venName": name}))

    async def _ven_bodies(self, ours: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return how each version wants it; only the operator of a server grants targets since 3.1."""
        new = {key: ours[key] for key in ("venName", "attributes") if key in ours}
        bodies: list[Mapping[str, Any]] = [{"objectType": "VEN_VEN_REQUEST", **new}, ours]
        return bodies if await self.async_version() is Version.V3_1 else bodies[::-1]

    # What we tell.

    async def async_report(self, report: Mapping[str, Any], programme_id: str, report_id: str | None = None) -> str:
        """Hand a report in, or put it in the place of one; returns its id.

        One that the server has already counts as handed in.
        """
        old = {"programID": programme_id, **report}
        bodies: list[Mapping[str, Any]] = [report, old]
        if await self.async_version() is Version.V3_0:
            bodies.reverse()
        try:
            if report_id:
                return _id(await self._written("PUT", ("reports", report_id), bodies)) or report_id
            return _id(await self._written("POST", ("reports",), bodies))
        except VtnError as err:
            if err.status == 409:
                return report_id or ""
            if err.trouble is VtnTrouble.NOT_FOUND and report_id:
                return await self.async_report(report, programme_id)
            raise

    # How it is asked.

    async def _listed(self, path: str, params: Sequence[tuple[str, str]], targets: Sequence[str] = ()) -> list[Any]:
        """Return all pages of a list.

        Since 3.1 what is addressed to us is only given to who asks for it. Of several targets a server may want an
        object to have all, so that each is asked for by itself.
        """
        asked: list[Sequence[tuple[str, str]]] = [params]
        if await self.async_version() is Version.V3_1:
            asked += [(*params, ("targets", target)) for target in list(dict.fromkeys(targets))[:MOST_TARGETS]]
        found: dict[str, Any] = {}
        size = 0
        for each in asked:
            size += await self._pages(path, each, found, MOST_BYTES - size)
        return list(found.values())

    async def _pages(self, path: str, params: Sequence[tuple[str, str]], found: dict[str, Any], most_bytes: int) -> int:
        """Add all pages to what was found, and return their bytes.

        A page that is not full may be all that a server gives at once, so that only an empty one is the end, or one
        that brings nothing new.
        """
        size = skip = 0
        seen: dict[str, Any] = {}
        while True:
            answer = await self._authorised("GET", (path,), params=(*params, ("skip", str(skip)), ("limit", str(PAGE))))
            if not isinstance(answer.body, list):
                raise VtnError(VtnTrouble.NOT_OPENADR, f"it gives no list of {path}")
            before = len(seen)
            # One more than there may be is enough to see that; a million zeros would hold up who guards the packs.
            for each in answer.body[: MOST_OBJECTS + 1]:
                known = isinstance(each, Mapping) and each.get("id") is not None
                seen[f"id {each['id']}" if known else f"odd {each}"] = each
            size, skip = size + answer.size, skip + len(answer.body)
            if size > most_bytes or max(len(seen), len(answer.body)) > MOST_OBJECTS:
                raise VtnError(VtnTrouble.TOO_MUCH, f"it gives too many {path}")
            if len(seen) == before:
                found.update(seen)
                return size

    async def _written(self, method: str, path: tuple[str, ...], bodies: Sequence[Mapping[str, Any]]) -> Answer:
        """Write in the way of the version; a server that does not take it may speak the other."""
        try:
            return await self._authorised(method, path, json=bodies[0])
        except VtnError as err:
            if err.status != 400 or err.place is Place.TOKEN:
                raise
        return await self._authorised(method, path, json=bodies[1])

    async def _authorised(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        params: Sequence[tuple[str, str]] = (),
        json: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask with our token; where that is not taken any more, once more with a new one."""
        url = self._account.url
        for part in path:
            url /= part
        question = Question(method=method, url=url, params=params, json=json)
        fresh = await self._has_new_token()
        try:
            return await self._asked(replace(question, headers=self._headers()))
        except VtnError as err:
            if err.status != 401 or fresh or self._account.credentials is None:
                raise
        self._token_until = -inf
        await self._has_new_token()
        return await self._asked(replace(question, headers=self._headers()))

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _has_new_token(self) -> bool:
        """See that there is a token, and tell whether it had to be asked for."""
        if (credentials := self._account.credentials) is None or self._clock() < self._token_until:
            return False
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        if credentials.scope:
            form["scope"] = credentials.scope
        url = self._account.token_url
        if url is None:
            await self.async_version()
            url = self._told_token_url or self._account.url / "auth/token"
        try:
            answer = await self._asked(Question(method="POST", url=url, place=Place.TOKEN, form=form))
        except VtnError as err:
            if err.status == 400:
                # How a client that is not known is refused, too (RFC 6749, 5.2).
                raise VtnError(VtnTrouble.REFUSED, str(err), place=Place.TOKEN, status=400) from None
            raise
        self._token, lasts = _token(answer)
        self._token_until = self._clock() + lasts - min(_EARLY, lasts / 2)
        return True

    async def _asked(self, question: Question) -> Answer:
        """Ask, and again after a while where that may help: never twice what may have been done already."""
        repeatable = question.method != "POST" or question.place is Place.TOKEN
        for pause in PAUSES:
            try:
                return await async_ask(self._session, question)
            except VtnError as err:
                wait = err.retry_after if err.trouble is VtnTrouble.BUSY else None
                passing = err.trouble is VtnTrouble.UNREACHABLE or (err.status or 0) >= 500
                if (wait or 0.0) > LONGEST_PAUSE:
                    raise
                if err.trouble is not VtnTrouble.BUSY and not (repeatable and passing):
                    raise
                await self._pause(pause if wait is None else wait)
        return await async_ask(self._session, question)


def keeps_back(err: VtnError) -> bool:
    """Tell whether a server does not give or take something, now and later; it may be read all the same."""
    kept = err.trouble in (VtnTrouble.REFUSED, VtnTrouble.NOT_FOUND, VtnTrouble.NOT_OPENADR) or err.status == 400
    return kept and err.place is Place.VTN


_METADATA: Final = frozenset({"id", "createdDateTime", "modificationDateTime", "objectType", "clientID"})


def _told_url(told: object, vtn: URL) -> URL | None:
    """Return where a server says that tokens are given; only one in this house may send us to others in it."""
    if not isinstance(told, str):
        return None
    try:
        url = vtn.join(URL(told))
        found = server_url(str(url))
    except ValueError:
        raise VtnError(VtnTrouble.NOT_OPENADR, "it names no safe place for tokens", place=Place.TOKEN) from None
    if is_local(found) and not is_local(vtn):
        raise VtnError(VtnTrouble.NOT_OPENADR, "it names no safe place for tokens", place=Place.TOKEN)
    return found


def _token(answer: Answer) -> tuple[str, float]:
    """Return a token, and the s that it lasts; infinite for one that lasts until it is refused. Raises VtnError."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    token, kind, lasts = body.get("access_token"), body.get("token_type", "Bearer"), body.get("expires_in")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or str(kind).lower() != "bearer":
        raise VtnError(VtnTrouble.NOT_OPENADR, "it gives no token", place=Place.TOKEN)
    known = isinstance(lasts, int | float) and not isinstance(lasts, bool) and lasts > 0
    # A whole number may be longer than any other.
    return token, float(min(lasts, _LASTS_MOST)) if known and lasts is not None else inf


def _object(answer: Answer) -> Mapping[str, Any]:
    if not isinstance(answer.body, Mapping):
        raise VtnError(VtnTrouble.NOT_OPENADR, "it gives no object")
    return answer.body


def _id(answer: Answer) -> str:
    found = str(answer.body.get("id", "")) if isinstance(answer.body, Mapping) else ""
    return found if _ID.fullmatch(found) else ""


def _ven(found: object) -> Ven | None:
    """Return a client as a server shows it, or as an answer holds it; `None` for anything else."""
    raw = found.body if isinstance(found, Answer) else found
    if not isinstance(raw, Mapping) or not isinstance(raw.get("venName"), str):
        return None
    if raw.get("id") is None or not _ID.fullmatch(str(raw["id"])):
        return None
    granted = raw.get("targets")
    targets: list[str] = []
    for target in granted if isinstance(granted, list) else ():
        values = target.get("values") if isinstance(target, Mapping) else [target]
        targets += [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    return Ven(str(raw["id"]), raw["venName"], tuple(targets), raw)
