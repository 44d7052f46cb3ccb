"""Answers browsers over Home Assistant's websocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import probatio as vol
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND, WebSocketCommandHandler
from homeassistant.components.websocket_api.decorators import async_response, require_admin, websocket_command
from homeassistant.components.websocket_api.messages import construct_event_message
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..coordinator import PackCoordinator
from ..core.record import RecordError
from .box import box_file, read_box
from .encode import told
from .health import health_shown
from .pack import pack_shown
from .places import Place, pack_at, pack_place, system_at, system_place
from .schema import BLACK_BOX, BLACK_BOXES, HEALTH, PACK, SYSTEM, SYSTEMS, Boxes, Command
from .system import system_shown
from .systems import systems
from .watch import View, Watches
from .why import Clock

# s between two looks at what changes by itself; a pack is looked at at each of its ticks.
_SYSTEM_EVERY: Final = 1.0
_HEALTH_EVERY: Final = 60.0
# Of a device, a system or a file; what is not there is named in the answer.
_NAME: Final = vol.All(str, vol.Length(max=255))

type _Message = dict[str, Any]
type _Find = Callable[[HomeAssistant, str], Place | None]


def _shows_pack(show: Callable[[Clock, PackCoordinator], object]) -> Callable[[HomeAssistant, Clock, Place], object]:
    """Return what shows the pack of a place, while it is set up."""

    def build(hass: HomeAssistant, clock: Clock, place: Place) -> object | None:
        pack = pack_at(hass, place)
        return None if pack is None else show(clock, pack)

    return build


def _show_system(hass: HomeAssistant, clock: Clock, place: Place) -> object | None:
    system = system_at(hass, place)
    return None if system is None else system_shown(hass, clock, system)


_VIEWS: Final[tuple[tuple[Command, View, _Find], ...]] = (
    (PACK, View(name=PACK.name, build=_shows_pack(pack_shown), every=None), pack_place),
    (HEALTH, View(name=HEALTH.name, build=_shows_pack(health_shown), every=_HEALTH_EVERY), pack_place),
    (SYSTEM, View(name=SYSTEM.name, build=_show_system, every=_SYSTEM_EVERY), system_place),
)


@callback
def async_register_commands(hass: HomeAssistant) -> Watches:
    """Answer from now on. Returns what is being looked at."""
    watches = Watches(hass)
    for command, view, find in _VIEWS:
        async_register_command(hass, _subscription(watches, command, view, find))
    for handler in (_tell_systems, _tell_boxes, _tell_box):
        async_register_command(hass, handler)
    return watches


def _schema(command: Command) -> dict[Any, Any]:
    return {vol.Required("type"): command.name, **{vol.Required(name): _NAME for name in command.asks}}


def _subscription(watches: Watches, command: Command, view: View, find: _Find) -> WebSocketCommandHandler:
    """Return what answers a command whose one parameter names what is looked at."""
    (parameter,) = command.asks

    @websocket_command(_schema(command))
    @callback
    def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: _Message) -> None:
        """Tell at once, and whenever there is news."""
        number = msg["id"]
        if (place := find(hass, msg[parameter])) is None:
            _refuse(connection, number, _unknown_place(msg[parameter]))
            return

        @callback
        def send(payload: bytes) -> None:
            connection.send_message(construct_event_message(number, payload))

        connection.send_result(number)
        connection.subscriptions[number] = watches.subscribe(view, place, send)

    return subscribe


@websocket_command(_schema(SYSTEMS))
@callback
def _tell_systems(hass: HomeAssistant, connection: ActiveConnection, msg: _Message) -> None:
    connection.send_result(msg["id"], told(systems(hass)))


@require_admin
@websocket_command(_schema(BLACK_BOXES))
@async_response
async def _tell_boxes(hass: HomeAssistant, connection: ActiveConnection, msg: _Message) -> None:
    if (pack := _pack(hass, connection, msg)) is not None:
        files = await pack.black_boxes.async_list()
        connection.send_result(msg["id"], told(Boxes(files=[box_file(file) for file in files])))


@require_admin
@websocket_command(_schema(BLACK_BOX))
@async_response
async def _tell_box(hass: HomeAssistant, connection: ActiveConnection, msg: _Message) -> None:
    if (pack := _pack(hass, connection, msg)) is None:
        return
    name = msg["name"]
    path = await pack.black_boxes.async_find(name)
    if path is None:
        err = HomeAssistantError(
            translation_domain=DOMAIN, translation_key="unknown_box", translation_placeholders={"name": name}
        )
        _refuse(connection, msg["id"], err)
        return
    try:
        shown = await hass.async_add_executor_job(read_box, path)
    except (OSError, RecordError) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="box_unreadable",
            translation_placeholders={"name": name, "error": str(err)},
        ) from err
    connection.send_result(msg["id"], shown)


def _pack(hass: HomeAssistant, connection: ActiveConnection, msg: _Message) -> PackCoordinator | None:
    """Return the pack that is asked about, or refuse."""
    place = pack_place(hass, msg["device_id"])
    if place is None or (pack := pack_at(hass, place)) is None:
        _refuse(connection, msg["id"], _unknown_place(msg["device_id"]))
        return None
    return pack


def _unknown_place(place: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="unknown_place", translation_placeholders={"place": place}
    )


@callback
def _refuse(connection: ActiveConnection, number: int, err: HomeAssistantError) -> None:
    """Tell that there is no such thing."""
    connection.send_error(
        number,
        ERR_NOT_FOUND,
        str(err),
        translation_domain=err.translation_domain,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )
