"""Asks a server of an OpenADR 3 programme one question, in bounded time and memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

TIMEOUT: Final = 20.0
"""s that one question may take from the connection to the last byte of the answer."""
MOST_BYTES: Final = 2 * 1024 * 1024
"""Of one answer: fifty events of a day of quarter hours each are less than half of that."""
_CHUNK: Final = 64 * 1024
# From so many bytes on an answer is understood beside the event loop.
_ASIDE: Final = 32 * 1024
LONGEST_WAIT: Final = 3600.0
"""s that a server may tell us to wait; one that says more is asked again after that."""

# Names that no public server has.
_LOCAL_NAMES: Final = (".local", ".lan", ".home.arpa", ".internal", ".localhost")


class VtnTrouble(StrEnum):
    """What is wrong with a server."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    BUSY = "busy"
    NOT_FOUND = "not_found"
    NOT_OPENADR = "not_openadr"
    TOO_MUCH = "too_much"
    FAILED = "failed"


class Place(StrEnum):
    """Who was asked."""

    VTN = "vtn"
    TOKEN = "token"  # noqa: S105 - a place, no secret


class VtnError(Exception):
    """What is wrong with a server, in words that hold nothing of what was sent or answered."""

    def __init__(
        self,
        trouble: VtnTrouble,
        detail: str,
        *,
        place: Place = Place.VTN,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Take what is wrong, and the s after which the server wants to be asked again."""
        super().__init__(detail)
        self.trouble = trouble
        self.place = place
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered; the body is JSON, `None` without one."""

    status: int
    body: Any = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a server is asked."""

    method: str
    url: URL
    place: Place = Place.VTN
    headers: Mapping[str, str] | None = None
    params: Sequence[tuple[str, str]] = ()
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None


def is_local(url: URL) -> bool:
    """Tell whether a server is in this house: loopback, a private address, or a name that is never public."""
    host = (url.host or "").lower().rstrip(".")
    try:
        found = ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_LOCAL_NAMES))
    return found.is_private or found.is_loopback or found.is_link_local


def server_url(text: str) -> URL:
    """Return the address of a server. Raises ValueError with what is wrong: `invalid_url` or `not_secure`.

    Secrets travel encrypted, unless they stay in this house. An address has no secrets in it.
    """
    try:
        url = URL(text.strip())
    except ValueError:
        raise ValueError("invalid_url") from None
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password or url.query or url.fragment:
        raise ValueError("invalid_url")
    if url.scheme != "https" and not is_local(url):
        raise ValueError("not_secure")
    return url


async def async_ask(session: ClientSession, question: Question) -> Answer:
    """Return what a server answers. Raises VtnError for anything but an answer of JSON.

    A redirection is not followed: what is sent is meant for this server and no other.
    """
    place = question.place
    try:
        async with session.request(
            question.method,
            question.url,
            params=list(question.params),
            json=question.json,
            data=question.form,
            # What is not compressed cannot be larger than what came over the wire.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **(question.headers or {})},
            allow_redirects=False,
            auto_decompress=False,
            timeout=ClientTimeout(total=TIMEOUT),
        ) as response:
            if response.status >= 300:
                raise _refusal(place, response.status, response.headers.get("Retry-After"))
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise VtnError(VtnTrouble.TOO_MUCH, f"its answer has more than {MOST_BYTES} bytes", place=place)
            status = response.status
    except (ClientError, OSError, TimeoutError, ValueError) as err:
        # Messages of the library may name what was sent.
        raise VtnError(VtnTrouble.UNREACHABLE, f"it cannot be reached ({type(err).__name__})", place=place) from None
    return Answer(status=status, body=await _understood(bytes(body), place), size=len(body))


async def _understood(body: bytes, place: Place) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of an answer. Raises VtnError."""
    if not body.strip():
        return None
    try:
        return _loaded(body) if len(body) < _ASIDE else await asyncio.to_thread(_loaded, body)
    except ValueError, RecursionError:
        raise VtnError(VtnTrouble.NOT_OPENADR, "its answer is no JSON", place=place) from None


def _loaded(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return JSON; half a character, which no file takes, is replaced. Raises ValueError, RecursionError."""
    found = json.loads(body)
    if rb"\u" not in body:
        return found
    return json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))


def _refusal(place: Place, status: int, retry_after: str | None) -> VtnError:
    """Return what an answer without an answer means."""
    wait = waiting(retry_after)
    if status in (429, 503):
        trouble = VtnTrouble.BUSY
    elif status in (401, 403):
        trouble = VtnTrouble.REFUSED
    elif status in (404, 405, 410):
        trouble = VtnTrouble.NOT_FOUND
    elif status < 400:
        trouble = VtnTrouble.NOT_OPENADR
    else:
        trouble = VtnTrouble.FAILED
    return VtnError(trouble, f"it answers {status}", place=place, status=status, retry_after=wait)


def waiting(text: str | None) -> float | None:
    """Return the s that a Retry-After asks for, at most LONGEST_WAIT; `None` for none that makes sense."""
    if text is None:
        return None
    try:
        wait = float(text) if text.strip().isdigit() else _until(text)
    except ValueError, OverflowError:
        return None
    return min(LONGEST_WAIT, max(0.0, wait))


def _until(text: str) -> float:
    when = parsedate_to_datetime(text)
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
