"""Starts a real Home Assistant on loopback and talks to it as a browser would."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

ROOT: Final = Path(__file__).resolve().parent.parent

# What home_bms needs and shows itself in; the frontend, automations and the like come by themselves. Without
# `default_config`, which would look around in the network.
TIME_ZONE: Final = "Europe/Berlin"
CONFIGURATION: Final = f"""\
homeassistant:
  name: Home BMS
  latitude: 52.5
  longitude: 13.4
  elevation: 34
  unit_system: metric
  currency: EUR
  country: DE
  time_zone: {TIME_ZONE}
recorder:
  commit_interval: 1
history:
logbook:
energy:
sun:
automation: !include automations.yaml
script: !include scripts.yaml
logger:
  default: warning
  logs:
    custom_components.home_bms: info
"""

# The YAML for `http` is a trial that Home Assistant takes back after five minutes; this is the lasting form.
HTTP: Final[Mapping[str, Any]] = {
    "server_host": ["127.0.0.1"],
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}
# All but the user: the other steps would set up weather, radio and translation services.
ONBOARDED: Final = ("core_config", "analytics", "integration")

START_TIMEOUT: Final = 180.0
STOP_TIMEOUT: Final = 60.0


class HassError(Exception):
    """Home Assistant did not do what was asked; the message says what it answered."""


class Hass:
    """One Home Assistant process with its own configuration folder; use it as an async context manager.

    Leaving the context stops the process, whatever happened.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        user: str = "demo",
        password: str = "demo-demo",
        configuration: str = CONFIGURATION,
    ) -> None:
        self.folder = folder.resolve()
        self.configuration = configuration
        self.port = port
        self.user = user
        self.password = password
        self.url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._token: str | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            if self._session is not None:
                await self._session.close()

    # The process.

    async def start(self) -> None:
        """Start, wait until all is set up, and log in; the first start makes the user."""
        if _taken(self.port):
            raise HassError(f"port {self.port} of 127.0.0.1 is in use; is there a Home Assistant already?")
        self._seed()
        with (self.folder / "hass.out").open("ab") as out:
            # A session of its own, so that Ctrl-C in a terminal reaches only us, who then stop it in good order.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "homeassistant", "-c", str(self.folder), "--skip-pip"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        await self.until(self._log_in, "a login", START_TIMEOUT)
        await self.until(self._running, "the end of the start", START_TIMEOUT)

    async def stop(self) -> None:
        """Stop in good order, by force after a minute."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def wait(self) -> int:
        """Wait until the process ends by itself."""
        return -1 if self._process is None else await self._process.wait()

    async def until[T](self, ask: Callable[[], Awaitable[T]], what: str, within: float) -> T:
        """Ask again and again until the answer is not empty. Raises HassError when it takes too long or hass ends."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self._process is not None and self._process.returncode is not None:
                raise HassError(f"Home Assistant ended while we waited for {what}; see {self.folder / 'hass.out'}")
            with suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
                if answer := await ask():
                    return answer
            await asyncio.sleep(0.2)
        raise HassError(f"no {what} within {within:.0f} s; see {self.folder / 'hass.out'}")

    def _seed(self) -> None:
        """Write what a first start needs to find; later ones only get the port again."""
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        files = {
            self.folder / "configuration.yaml": self.configuration,
            # Where the editors of the frontend keep what a user makes.
            self.folder / "automations.yaml": "[]\n",
            self.folder / "scripts.yaml": "{}\n",
            storage / "onboarding": _stored("onboarding", 4, 1, {"done": list(ONBOARDED)}),
        }
        for path, text in files.items():
            if not path.exists():
                path.write_text(text)
        http = {"stable": {**HTTP, "server_port": self.port}, "pending": None, "yaml_migration_done": True}
        (storage / "http").write_text(_stored("http", 2, 2, http))
        link = self.folder / "custom_components"
        if not link.exists():
            link.symlink_to(ROOT / "custom_components", target_is_directory=True)

    # The API.

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the REST API."""
        return await self._request("GET", path)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Tell the REST API."""
        return await self._request("POST", path, json=body or {})

    async def command(self, kind: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Send one websocket command and return its result. Raises HassError if it is refused."""
        async with self._http.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as link:
            await link.receive_json()
            await link.send_json({"type": "auth", "access_token": self._token})
            if (hello := await link.receive_json())["type"] != "auth_ok":
                raise HassError(f"login refused: {hello}")
            await link.send_json({"id": 1, "type": kind, **fields})
            answer = await link.receive_json()
            if not answer["success"]:
                raise HassError(f"{kind}: {answer['error']['message']}")
            return answer["result"]

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return every state by entity id."""
        return {state["entity_id"]: state for state in await self.get("/api/states")}

    async def act(self, action: str, **data: Any) -> None:  # noqa: ANN401 - JSON
        """Perform an action, as `domain.name`."""
        await self.post(f"/api/services/{action.replace('.', '/')}", data)

    async def add(self, handler: str, *answers: str | Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Go through a config flow: a text chooses from a menu, a mapping changes what a form proposes.

        Returns the created entry and all that the forms were filled in with. Raises HassError with a form's errors.
        """
        step, filled = await self._walk("/api/config/config_entries/flow", handler, answers)
        return step["result"], filled

    async def join(self, entry_id: str, kind: str, *answers: str | Mapping[str, Any]) -> None:
        """Add a part to an entry, through the flow of such a subentry; answers as for `add`. Raises HassError."""
        await self._walk("/api/config/config_entries/subentries/flow", [entry_id, kind], answers)

    async def configure(self, entry_id: str, *answers: str | Mapping[str, Any]) -> None:
        """Change the options of an entry, through their flow; answers as for `add`. Raises HassError."""
        await self._walk("/api/config/config_entries/options/flow", entry_id, answers)

    async def _walk(
        self, base: str, handler: str | list[str], answers: Iterable[str | Mapping[str, Any]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the last step of a flow, and all that its forms were filled in with."""
        filled: dict[str, Any] = {}
        step = await self.post(base, {"handler": handler})
        for answer in answers:
            told = {"next_step_id": answer} if isinstance(answer, str) else {**_proposed(step), **answer}
            filled |= told
            step = await self.post(f"{base}/{step['flow_id']}", told)
            if step.get("errors"):
                raise HassError(f"{step['step_id']}: {step['errors']}")
        if step["type"] != "create_entry":
            raise HassError(
                f"the flow of {handler} ended with {step['type']} {step.get('reason') or step.get('step_id')}"
            )
        return step, filled

    async def token(self, user: str, password: str) -> str:
        """Log a user in as the frontend does, and return an access token. Raises HassError, KeyError."""
        client = f"{self.url}/"
        flow = {"client_id": client, "handler": ["homeassistant", None], "redirect_uri": client}
        step = await self.post("/auth/login_flow", flow)
        who = {"client_id": client, "username": user, "password": password}
        step = await self.post(f"/auth/login_flow/{step['flow_id']}", who)
        return await self._granted(client, step["result"])

    async def _granted(self, client: str, code: str) -> str:
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
        token: str = (await self._request("POST", "/auth/token", data=grant))["access_token"]
        return token

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise HassError("not started")
        return self._session

    async def _request(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        async with self._http.request(method, self.url + path, headers=headers, **how) as response:
            if response.status >= 400:
                raise HassError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def _running(self) -> bool:
        return bool((await self.get("/api/config"))["state"] == "RUNNING")

    async def _log_in(self) -> bool:
        """Return whether there is a token now; makes the user where there is none yet."""
        if self._token is not None:
            return True
        try:
            onboarding = await self._request("GET", "/api/onboarding")
            user_done = {step["step"]: step["done"] for step in onboarding}["user"]
        except HassError:
            # The view is not even there once all steps are done.
            user_done = True
        try:
            if user_done:
                self._token = await self.token(self.user, self.password)
            else:
                client = f"{self.url}/"
                who = {"username": self.user, "password": self.password}
                person = {"client_id": client, "name": "Demo", "language": "en", **who}
                self._token = await self._granted(
                    client, (await self.post("/api/onboarding/users", person))["auth_code"]
                )
        except HassError, KeyError:
            # Http is up before all of its views are.
            return False
        return True


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _taken(port: int) -> bool:
    """Whether somebody listens there already."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stored(key: str, version: int, minor_version: int, data: Mapping[str, Any]) -> str:
    """Return a file as Home Assistant keeps them in `.storage`."""
    return json.dumps({"version": version, "minor_version": minor_version, "key": key, "data": data})


def _proposed(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form would send if a user changed nothing in it."""
    proposed = {}
    for field in step.get("data_schema") or ():
        suggested = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if suggested is not None:
            proposed[field["name"]] = suggested
    return proposed
