"""The configuration that the documentation gives follows a programme on a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import probatio as vol
import pytest
import yaml
from aiohttp import web
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.system_coordinator import SystemCoordinator

from .conftest import ENTRY_ID, ticks, until
from .test_services import answer, call

PAGE: Final = Path(__file__).parents[2] / "docs" / "grid.md"
BATTERY_IN_THE_PAGE: Final = "0123456789abcdef0123456789abcdef"


class Vtn:
    """A server of a programme that gives events to those who have its token, and remembers their reports."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.up = True

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/openadr3/auth/token", self.token)
        app.router.add_get("/openadr3/events", self.give)
        app.router.add_post("/openadr3/reports", self.take)
        return app

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form["grant_type"], form["client_secret"]) != ("client_credentials", "YOUR_SECRET"):
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})

    async def give(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        if not self.up or request.headers["Authorization"] != "Bearer a-token":
            return web.json_response({"title": "no"}, status=503)
        return web.json_response(self.events)

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer a-token"
        self.reports.append(await request.json())
        return web.json_response({}, status=201)


def event(name: str, kind: str, value: object, unit: str | None = None, *, minutes: int = 60) -> dict[str, Any]:
    return {
        "id": name,
        "createdDateTime": dt_util.utcnow().isoformat(),
        "programID": "YOUR_PROGRAMME",
        "eventName": f"The {name}",
        "payloadDescriptors": [{"payloadType": kind, "units": unit}],
        "intervalPeriod": {"start": dt_util.utcnow().isoformat(), "duration": f"PT{minutes}M"},
        "intervals": [{"id": 3, "payloads": [{"type": kind, "values": [value]}]}],
    }


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.fixture
async def vtn(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[tuple[Vtn, str]]:
    """Return a server and its address."""
    vtn = Vtn()
    runner = web.AppRunner(vtn.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield vtn, f"http://{host}:{port}"
    await runner.cleanup()


def configuration(address: str, battery: str) -> dict[str, Any]:
    """Return what the page says, with the addresses of this house in it."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (secrets,) = [yaml.safe_load(block) for block in blocks if "secrets.yaml" in block]
    (text,) = [block for block in blocks if block.startswith("# configuration.yaml")]
    assert text.count("!secret ") == 1
    text = text.replace("!secret openadr_credentials", secrets["openadr_credentials"])
    return yaml.safe_load(text.replace("https://vtn.example.com", address).replace(BATTERY_IN_THE_PAGE, battery))


@pytest.fixture
async def system(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, vtn: tuple[Vtn, str]
) -> AsyncGenerator[SystemCoordinator]:
    """Return a battery whose user has copied the configuration from the page."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ENTRY_ID), ENTRY_ID)
    assert device is not None
    config = configuration(vtn[1], device.id)
    assert await async_setup_component(hass, "rest_command", config)
    assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    await ticks(pack)
    yield entry.runtime_data.system
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def five_minutes_pass(hass: HomeAssistant) -> None:
    """Let the automation do what it does every five minutes."""
    await hass.services.async_call(
        "automation", "trigger", {"entity_id": "automation.follow_the_flexibility_programme"}, blocking=True
    )


def owners(system: SystemCoordinator) -> dict[str, str]:
    return {lease.name: lease.owner for lease in system.leases.book.leases}


async def test_a_programme_is_followed_reported_to_and_left_when_it_cancels(
    hass: HomeAssistant, vtn: tuple[Vtn, str], system: SystemCoordinator
) -> None:
    server, _ = vtn
    server.events = [event("peak", "DISPATCH_SETPOINT", -2, "KW"), event("storm", "ALERT_WIND", "A storm", minutes=600)]
    await five_minutes_pass(hass)
    assert owners(system) == {"peak/3": "openadr:Flexibility", "storm/3": "openadr:Flexibility"}
    assert server.asked == [{"programID": "YOUR_PROGRAMME"}]
    told = await answer(hass, "get_leases", ENTRY_ID)
    asks = {ask["part"]: (ask["value"], ask["reason"]) for ask in told["asks"]}
    assert asks["reserve"] == (80, "The storm")
    peak = next(lease for lease in told["leases"] if lease["name"] == "peak/3")
    assert (peak["power"], peak["reason"], peak["in_force"]) == (-2000, "The peak", True)
    await until(lambda: len(server.reports) == 2)
    report = server.reports[0]
    assert (report["programID"], report["clientName"]) == ("YOUR_PROGRAMME", "home_bms")
    assert {report["eventID"] for report in server.reports} == {"peak", "storm"}
    (interval,) = report["resources"][0]["intervals"]
    assert interval == {"id": 3, "payloads": [{"type": "STORAGE_CHARGE_LEVEL", "values": [60.0]}]}

    del server.events[0]
    await five_minutes_pass(hass)
    assert owners(system) == {"storm/3": "openadr:Flexibility"}


async def test_what_was_read_stays_while_the_server_is_silent(
    hass: HomeAssistant, vtn: tuple[Vtn, str], system: SystemCoordinator
) -> None:
    server, _ = vtn
    server.events = [event("peak", "SIMPLE", 2)]
    await five_minutes_pass(hass)
    before = system.leases.book
    server.up = False
    await five_minutes_pass(hass)
    assert len(server.asked) == 2
    assert system.leases.book is before


async def test_reading_the_same_again_writes_nothing(
    hass: HomeAssistant, system: SystemCoordinator, hass_storage: dict[str, Any]
) -> None:
    events = [event("peak", "SIMPLE", 2)]
    await call(hass, "follow_openadr", ENTRY_ID, programme="Flexibility", events=events)
    before = system.leases.book
    await call(hass, "follow_openadr", ENTRY_ID, programme="Flexibility", events=tuple(events))
    assert system.leases.book == before


async def test_what_is_followed_and_what_is_not_is_answered(hass: HomeAssistant, system: SystemCoordinator) -> None:
    await call(hass, "request_power", ENTRY_ID, owner="Somebody else", power=1, duration="01:00:00")
    told = await answer(
        hass,
        "follow_openadr",
        ENTRY_ID,
        programme="Flexibility",
        priority=70,
        outage_reserve=50,
        events=[
            event("storm", "ALERT_POSSIBLE_OUTAGE", ""),
            event("price", "PRICE", 0.21),
            event("slip", "DISPATCH_SETPOINT", 1e9, "KW"),
            event("export", "EXPORT_CAPACITY_LIMIT", 1, "KW"),
        ],
    )
    assert told["followed"] == ["storm/3"]
    assert {row["event"] for row in told["ignored"]} == {"slip/3", "export"}
    assert told["price"] == 0.21
    (lease,) = [lease for lease in system.leases.book.leases if lease.owner == "openadr:Flexibility"]
    assert (lease.reserve, lease.charge_to, lease.priority) == (50, 50, 70)
    # An empty list is the end of the programme's leases, and of nobody else's.
    await call(hass, "follow_openadr", ENTRY_ID, programme="Flexibility", events=[])
    assert [lease.owner for lease in system.leases.book.leases] == ["Somebody else"]


@pytest.mark.parametrize(
    "data", [{"programme": ""}, {"programme": "x" * 57}, {"events": "events"}, {"events": {}}, {"priority": 101}]
)
async def test_what_is_no_programme_is_refused(
    hass: HomeAssistant, system: SystemCoordinator, data: dict[str, Any]
) -> None:
    with pytest.raises((vol.Invalid, ServiceValidationError)):
        await call(hass, "follow_openadr", ENTRY_ID, **{"programme": "Flexibility", "events": [], **data})
