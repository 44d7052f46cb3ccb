"""Shares the lines that home_bms opens itself between the packs on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit

from ..const import CONF_MODEL, CONF_PARTS, CONF_UNIT_ID, DOMAIN
from ..helpers import link_params
from ..hw.devices import DEVICES, Device
from ..hw.wire import Wire
from .order import on_lane

SOCKET: Final = "socket://"

type Release = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True, kw_only=True)
class _Line:
    """A line, how it was opened, and how many packs hold it."""

    wire: Wire
    params: ModbusSerialParams
    holds: int = 0


_LINES: Final[HassKey[dict[str, _Line]]] = HassKey(f"{DOMAIN}_lines")
"""By serial port or socket."""


class FramingError(HomeAssistantError):
    """The link frames Modbus where the device needs its own frames passed through."""


@callback
def async_hold_line(hass: HomeAssistant, link: Mapping[str, Any], device: Device) -> tuple[ModbusUnit, Release]:
    """Return a unit on a line of home_bms's own, and what gives it back; the last one closes the line.

    Raises FramingError, and HomeAssistantError if the link is in use in another way.
    """
    params = link_params(link)
    if isinstance(params, ModbusTcpParams):
        raise FramingError(f"{device.name} speaks no Modbus TCP")
    listens = device.broadcast is not None
    if any(end_of(info.endpoint) == end_of(params.endpoint) for info in async_get_connection_info(hass)):
        raise HomeAssistantError(f"Home Assistant's Modbus holds {params.device} open")
    lines = hass.data.setdefault(_LINES, {})
    line = lines.get(params.device)
    if line is None:
        wire = Wire(params.device, baudrate=params.baudrate, stopbits=params.stopbits, listens=listens)
        line = lines[params.device] = _Line(wire=wire, params=params)
    elif line.params != params or line.wire.listens != listens:
        raise HomeAssistantError(f"{params.device} is open with other settings: {line.params}")
    line.holds += 1

    async def release() -> None:
        line.holds -= 1
        if not line.holds:
            del lines[params.device]
            await line.wire.close()

    return line.wire.for_unit(link[CONF_UNIT_ID], device.dialect), release


@asynccontextmanager
async def async_temporary_line(
    hass: HomeAssistant, link: Mapping[str, Any], device: Device
) -> AsyncIterator[ModbusUnit]:
    """Hold a unit on a line of home_bms's own for a while, taking turns. Raises as `async_hold_line`."""
    unit, release = async_hold_line(hass, link, device)
    try:
        if device.broadcast is not None:
            # It asks nothing, so it takes no turns.
            yield unit
        else:
            with on_lane(hass, link_params(link), unit, link[CONF_UNIT_ID]) as turning:
                yield turning
    finally:
        await release()


@callback
def async_keep_off(hass: HomeAssistant, params: ModbusSerialParams | ModbusTcpParams) -> None:
    """Raise HomeAssistantError if a line of home_bms's own leads to the same place: two masters disturb each other."""
    for line in hass.data.get(_LINES, {}).values():
        if end_of(line.params.endpoint) == end_of(params.endpoint):
            raise HomeAssistantError(f"{line.params.device} is open for a device that speaks no Modbus")


def links_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the links of a pack's settings, each with the device on it, as `way` wants them."""
    if (parts := data.get(CONF_PARTS)) is not None:
        return [{**parts["links"][row["link"]], CONF_MODEL: row["device"]} for row in parts["members"]]
    return [dict(data)] if CONF_UNIT_ID in data else []


def way(link: Mapping[str, Any]) -> tuple[str, Hashable]:
    """Return where a pack's link leads, and all in which those who share it must agree."""
    params, device = link_params(link), DEVICES[link[CONF_MODEL]]
    return end_of(params.endpoint), (params, device.own_line, device.broadcast is not None)


def end_of(endpoint: tuple[Hashable, ...]) -> str:
    """Return where a link leads; the same socket may carry Modbus TCP or serial frames."""
    kind, *rest = endpoint
    if kind == "serial":
        return str(rest[0])
    host, port = rest
    return f"{SOCKET}[{host}]:{port}" if ":" in str(host) else f"{SOCKET}{host}:{port}"
