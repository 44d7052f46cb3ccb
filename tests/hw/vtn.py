"""A server (VTN) of an OpenADR 3 programme on loopback, that does what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

SECRET: Final = "a-most-secret-word"
BASE: Final = "/openadr3"

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem(status: int, **headers: str) -> Answer:
    """Return what answers with a status, and tells what it was sent, as servers do."""

    async def answer(request: web.Request) -> web.StreamResponse:
        sent = await request.text()
        body = {"title": "no", "status": status, "detail": f"{sent} {request.headers.get('Authorization')}"}
        return web.json_response(
            body, status=status, headers={name.replace("_", "-"): headers[name] for name in headers}
        )

    return answer


def text(body: bytes, *, kind: str = "application/json", **headers: str) -> Answer:
    """Return what answers with some bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=body, content_type=kind, headers={name.replace("_", "-"): headers[name] for name in headers}
        )

    return answer


def flood(chunks: int) -> Answer:
    """Return what answers with so many chunks of 64 KiB, as long as somebody listens."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(chunks):
            await response.write(b"[" * 65536)
        return response

    return answer


@dataclass
class Vtn:
    """The server; version 3.1 says where tokens are given, and version 3.0.1 does not know that."""

    version: str = "3.1"
    programmes: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": "p-1", "programName": "Flexibility", "payloadDescriptors": None}]
    )
    events: list[Any] = field(default_factory=list)
    vens: list[dict[str, Any]] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    granted: list[Any] = field(default_factory=list)
    """Targets of whoever registers."""
    lasts: Any = 3600
    secret: str = SECRET
    open: bool = False
    """Whether everybody may read."""
    page: int = 50
    """Objects that it gives at once."""
    skips: bool = True
    valid: set[str] = field(default_factory=set)
    tokens: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path with its query, of all that came."""
    bodies: list[Any] = field(default_factory=list)
    odd: dict[str, list[Answer]] = field(default_factory=dict)
    """Answers of a path that come before its own."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._first])
        app.router.add_get(f"{BASE}/auth/server", self._server)
        app.router.add_post(f"{BASE}/auth/token", self._token)
        for kind in ("programs", "events", "vens"):
            app.router.add_get(f"{BASE}/{kind}", self._list)
        app.router.add_get(f"{BASE}/programs/{{id}}", self._programme)
        app.router.add_post(f"{BASE}/vens", self._register)
        app.router.add_put(f"{BASE}/vens/{{id}}", self._rename)
        app.router.add_post(f"{BASE}/reports", self._report)
        app.router.add_put(f"{BASE}/reports/{{id}}", self._report)
        return app

    @web.middleware
    async def _first(self, request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path.removeprefix(BASE)
        self.asked.append((request.method, request.path_qs.removeprefix(BASE)))
        for key in (f"{request.method} {path}", path):
            if self.odd.get(key):
                return await self.odd[key].pop(0)(request)
        known = request.headers.get("Authorization", "").removeprefix("Bearer ") in self.valid
        if not (path.startswith("/auth/") or self.open or known):
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _server(self, request: web.Request) -> web.Response:
        if self.version == "3.0.1":
            return web.json_response({"title": "Not Found", "status": 404}, status=404)
        return web.json_response({"tokenURL": f"{BASE}/auth/token"})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.bodies.append(dict(form))
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != self.secret:
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens += 1
        token = f"token-{self.tokens}"
        self.valid.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.lasts})

    async def _list(self, request: web.Request) -> web.Response:
        kind = request.path.rpartition("/")[2]
        found = {"programs": self.programmes, "events": self.events, "vens": self.vens}[kind]
        if "venName" in request.query:
            found = [each for each in found if each["venName"] == request.query["venName"]]
        if self.version == "3.1" and kind != "vens":
            wanted = request.query.getall("targets", [])
            found = [each for each in found if _shown(each, wanted)]
        skip = int(request.query.get("skip", 0)) if self.skips else 0
        return web.json_response(found[skip : skip + min(self.page, int(request.query.get("limit", 50)))])

    async def _programme(self, request: web.Request) -> web.Response:
        for each in self.programmes:
            if each["id"] == request.match_info["id"]:
                return web.json_response(each)
        return web.json_response({"title": "Not Found", "status": 404}, status=404)

    async def _register(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        if (self.version == "3.1") != (body.get("objectType") == "VEN_VEN_REQUEST"):
            return web.json_response({"title": "Bad Request", "status": 400}, status=400)
        ven = {"targets": self.granted, **body, "id": f"ven-{len(self.vens)}", "objectType": "VEN"}
        self.vens.append(ven)
        return web.json_response(ven, status=201)

    async def _rename(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        (ven,) = [each for each in self.vens if each["id"] == request.match_info["id"]]
        ven["venName"] = body["venName"]
        return web.json_response(ven)

    async def _report(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (self.version == "3.1") == ("programID" in body):
            return web.json_response({"title": "Bad Request", "status": 400}, status=400)
        report_id = request.match_info.get("id", f"report-{len(self.reports)}")
        if request.method == "PUT" and report_id not in self.reports:
            return web.json_response({"title": "Not Found", "status": 404}, status=404)
        self.reports[report_id] = body
        return web.json_response({**body, "id": report_id}, status=200 if request.method == "PUT" else 201)

    async def hang(self, _: web.Request) -> web.StreamResponse:
        """Say nothing until the end."""
        await self.closing.wait()
        return web.Response()

    def paths(self, method: str, path: str) -> list[str]:
        """Return what was asked under a path, with its query."""
        return [asked for how, asked in self.asked if how == method and asked.partition("?")[0] == path]


def _shown(each: Any, wanted: list[str]) -> bool:
    """Tell whether an object is shown to who asks for these targets, or for none."""
    targets = each.get("targets") if isinstance(each, dict) else None
    return set(wanted) <= set(targets or ()) if wanted else not targets


@asynccontextmanager
async def served(vtn: Vtn) -> AsyncIterator[str]:
    """Serve it; gives the address of its programme."""
    runner = web.AppRunner(vtn.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}{BASE}"
    finally:
        vtn.closing.set()
        await runner.cleanup()
