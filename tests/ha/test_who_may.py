"""What everybody may do who is no administrator, of every action, every command of the websocket and every address.

All are found where they are registered, so that a new one is an administrator's until somebody says why it is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import pytest
from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.components.websocket_api.const import DOMAIN as WEBSOCKET
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.services import ACTIONS
from custom_components.home_bms.web.schema import COMMANDS

from .conftest import ENTRY_ID, PACK_ID
from .test_services import NEEDED, device_id

LOOKING: Final = "it only tells what the entities tell anyway"
EVERYBODY: Final[Mapping[str, str]] = {
    "time_to_soc": LOOKING,
    "get_sessions": LOOKING,
    "get_leases": LOOKING,
    "get_inspections": LOOKING,
    "export_learned": "what cells are like says nothing of who has them, nor where",
}
WHO_MAY_CONTROL: Final[Mapping[str, str]] = {
    "set_limits": "it narrows limits for a while, and never widens any",
    "stop_balancing": "it ends what takes energy",
    "self_test": "it looks, and keeps what it saw",
    "inspection_done": "maintenance is for who lives there; it moves nothing, and who did it is taken down",
    "postpone_inspection": "as above",
}
COMMANDS_FOR_EVERYBODY: Final[Mapping[str, str]] = {
    "home_bms/systems": LOOKING,
    "home_bms/pack": LOOKING,
    "home_bms/health": LOOKING,
    "home_bms/system": LOOKING,
}
NEEDS: Final[Mapping[str, dict[str, Any]]] = {
    **NEEDED,
    "set_limits": {"charge_current": 10, "duration": 60},
    "time_to_soc": {"soc": 50},
    "inspection_done": {"item": "look"},
    "postpone_inspection": {"item": "look", "until": "2027-01-01"},
}


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.TODO]


async def user_of(hass: HomeAssistant, group: str) -> MockUser:
    found = await hass.auth.async_get_group(group)
    return MockUser(id=group, name=group, groups=[found]).add_to_hass(hass)


async def called(hass: HomeAssistant, action: str, context: Context) -> type[Exception] | None:
    """Call an action, and return what it was refused with."""
    try:
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": device_id(hass, PACK_ID)} | NEEDS.get(action, {}),
            blocking=True,
            context=context,
            return_response=hass.services.supports_response(DOMAIN, action) is SupportsResponse.ONLY,
        )
    except (Unauthorized, UnknownUser) as err:
        return type(err)
    except HomeAssistantError:
        # Whoever got so far may call it.
        return None
    return None


async def test_every_action_is_an_administrators_unless_there_is_a_reason(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    actions = set(hass.services.async_services_for_domain(DOMAIN))
    assert actions == set(ACTIONS)
    assert {*EVERYBODY, *WHO_MAY_CONTROL} <= actions
    for group, permitted in ((GROUP_ID_USER, {*EVERYBODY, *WHO_MAY_CONTROL}), (GROUP_ID_READ_ONLY, {*EVERYBODY})):
        context = Context(user_id=(await user_of(hass, group)).id)
        assert {action for action in actions if await called(hass, action, context) is None} == permitted, group


async def test_a_user_that_does_not_exist_may_change_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    nobody = Context(user_id="nobody")
    actions = hass.services.async_services_for_domain(DOMAIN)
    refused = {action for action in actions if await called(hass, action, nobody) is not None}
    assert refused == set(actions) - {*EVERYBODY}


async def test_who_may_control_some_entities_may_not_narrow_another_pack(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    user = await user_of(hass, GROUP_ID_USER)
    user.mock_policy({"entities": {"domains": {"sensor": True}}})
    assert await called(hass, "set_limits", Context(user_id=user.id)) is None
    user.mock_policy({"entities": {"domains": {"light": True}}})
    assert await called(hass, "set_limits", Context(user_id=user.id)) is Unauthorized
    # A device without entities has none that could be controlled.
    device = dr.async_get(hass).async_get_or_create(config_entry_id=ENTRY_ID, identifiers={(DOMAIN, "bare")})
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "stop_balancing", {"device_id": device.id}, blocking=True, context=Context(user_id=user.id)
        )


@pytest.mark.parametrize("group", [GROUP_ID_USER, GROUP_ID_READ_ONLY])
async def test_every_command_of_the_websocket_is_an_administrators_unless_it_only_tells(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    group: str,
) -> None:
    commands = {name for name in hass.data[WEBSOCKET] if name.startswith(DOMAIN)}
    assert commands == {command.name for command in COMMANDS}
    assert COMMANDS_FOR_EVERYBODY.keys() == {command.name for command in COMMANDS if not command.admin}
    token = await hass.auth.async_create_refresh_token(await user_of(hass, group), "https://example.com")
    client = await hass_ws_client(hass, access_token=hass.auth.async_create_access_token(token))
    asks = {"device_id": device_id(hass, PACK_ID), "entry_id": ENTRY_ID, "name": "any"}
    told = set()
    for number, command in enumerate(COMMANDS, 1):
        await client.send_json(
            {"id": number, "type": command.name, **{name: asks[name] for name in command.asks}},
        )
        while (answer := await client.receive_json())["type"] != "result" or answer["id"] != number:
            pass
        if answer["success"]:
            told.add(command.name)
        else:
            assert answer["error"]["code"] == "unauthorized"
    assert told == set(COMMANDS_FOR_EVERYBODY)


# Home Assistant leaves the timer of a websocket to itself when it turns somebody away.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_the_websocket_answers_nobody_who_has_not_said_who_they_are(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, socket_enabled: None, entry: MockConfigEntry
) -> None:
    client = await hass_client_no_auth()
    for command in COMMANDS:
        async with client.ws_connect("/api/websocket") as socket:
            assert (await socket.receive_json())["type"] == "auth_required"
            await socket.send_json({"id": 1, "type": command.name, "entry_id": ENTRY_ID})
            assert (await socket.receive_json())["type"] == "auth_invalid"


async def test_every_address_is_an_administrators(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    places = {
        route.resource.canonical
        for route in hass.http.app.router.routes()
        if route.resource is not None and DOMAIN in route.resource.canonical
    }
    addresses = {place for place in places if place.startswith("/api/")}
    assert len(addresses) == 6
    # What is left is the code of the cards, which browsers ask for before anybody has said who they are.
    assert len(places - addresses) <= 1
    admin, stranger = await hass_client(), await hass_client_no_auth()
    users = []
    for group in (GROUP_ID_USER, GROUP_ID_READ_ONLY):
        token = await hass.auth.async_create_refresh_token(await user_of(hass, group), "https://example.com")
        users.append(await hass_client(hass.auth.async_create_access_token(token)))
    for address in addresses:
        found = re.sub(r"\{\w+\}", "any", address.replace("{pack_id}", PACK_ID))
        for client in (stranger, *users):
            for method in ("get", "head", "post", "put", "delete"):
                answer = await getattr(client, method)(found)
                assert answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED), (method, found)
            assert (await client.get(found)).status == HTTPStatus.UNAUTHORIZED
        assert (await admin.get(found)).status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
