"""What the forms of the config flow ask of a CAN bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)

from ..const import CONF_BAUDRATE, CONF_INVERTED, CONF_NODE, CONF_POLLING
from ..hw.can_device import CanDevice
from ..hw.can_params import BITRATES, PORTS, CanParams, Interface
from .selectors import choice, whole

CONF_INTERFACE: Final = "interface"
CONF_CHANNEL: Final = "channel"
CONF_BITRATE: Final = "bitrate"
CONF_SET_UP: Final = "set_up"

AUTOMATIC: Final = "automatic"
"""The bit rate at which somebody is heard."""
TRIED: Final = (500000, 250000, 125000, 1000000)
"""bit/s in the order in which they are tried; nearly all packs use one of the first two (`can/*.md`)."""
SOCKET: Final = "socket://"
NETWORK_DEVICES: Final = Path("/sys/class/net")
ARPHRD_CAN: Final = "280"
"""The kernel's number for CAN interfaces (linux/if_arp.h)."""

_BITRATE: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_BITRATE, default=AUTOMATIC): choice(
        [AUTOMATIC, *(str(rate) for rate in sorted(BITRATES))], "can_bitrate"
    )
}


def kernel_interfaces() -> list[str]:
    """Return the CAN interfaces of this machine; blocks."""
    found = []
    for path in sorted(NETWORK_DEVICES.glob("*/type")):
        try:
            kind = path.read_text().strip()
        except OSError:
            # It went while we looked.
            continue
        if kind == ARPHRD_CAN:
            found.append(path.parent.name)
    return found


def _socketcan(interfaces: list[str]) -> vol.Schema:
    config = SelectSelectorConfig(options=interfaces, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    return vol.Schema(
        {
            vol.Required(CONF_CHANNEL, default=next(iter(interfaces), "can0")): SelectSelector(config),
            **_BITRATE,
            vol.Required(CONF_SET_UP, default=True): BooleanSelector(),
        }
    )


def _fixed(fields: dict[vol.Marker, Any]) -> Callable[[list[str]], vol.Schema]:
    schema = vol.Schema(fields)
    return lambda _: schema


BUS_SCHEMAS: Final[Mapping[str, tuple[Interface, Callable[[list[str]], vol.Schema]]]] = MappingProxyType(
    {
        "can_socketcan": (Interface.SOCKETCAN, _socketcan),
        "can_slcan": (
            Interface.SLCAN,
            _fixed(
                {
                    vol.Required(CONF_CHANNEL): SerialPortSelector(),
                    vol.Required(CONF_BAUDRATE, default=115200): whole(9600, 3_000_000),
                    **_BITRATE,
                }
            ),
        ),
        "can_slcan_network": (
            Interface.SLCAN,
            _fixed({vol.Required(CONF_HOST): TextSelector(), vol.Required(CONF_PORT): whole(1, 65535), **_BITRATE}),
        ),
        "can_gs_usb": (Interface.GS_USB, _fixed({vol.Required(CONF_CHANNEL, default=0): whole(0, 15), **_BITRATE})),
        "can_socketcand": (
            Interface.SOCKETCAND,
            _fixed(
                {
                    vol.Required(CONF_HOST): TextSelector(),
                    vol.Required(CONF_PORT, default=PORTS[Interface.SOCKETCAND]): whole(1, 65535),
                    vol.Required(CONF_CHANNEL, default="can0"): TextSelector(),
                }
            ),
        ),
        "can_multicast": (
            Interface.UDP_MULTICAST,
            _fixed(
                {
                    vol.Required(CONF_CHANNEL, default="239.74.163.2"): TextSelector(),
                    vol.Required(CONF_PORT, default=PORTS[Interface.UDP_MULTICAST]): whole(1, 65535),
                }
            ),
        ),
    }
)
"""By the step of the flow: the interface, and its form, made with the names of the kernel's interfaces."""


def bus_data(step_id: str, form: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the settings of a bus as `params_from_data` reads them, and whether its bit rate is to be found."""
    interface, _ = BUS_SCHEMAS[step_id]
    data: dict[str, Any] = {CONF_INTERFACE: interface, **form}
    if CONF_HOST in data:
        # One connection is shared per address, so spelling matters.
        data[CONF_HOST] = data[CONF_HOST].strip().lower()
    if step_id == "can_slcan_network":
        host, port = data.pop(CONF_HOST), data.pop(CONF_PORT)
        # The colons of an IPv6 address would read as the port separator.
        bracketed = f"[{host}]" if ":" in host else host
        data[CONF_CHANNEL] = f"{SOCKET}{bracketed}:{port}" if host else ""
    data[CONF_CHANNEL] = str(data[CONF_CHANNEL]).strip()
    bitrate = data.pop(CONF_BITRATE, None)
    data[CONF_BITRATE] = TRIED[0] if bitrate in (None, AUTOMATIC) else int(bitrate)
    return data, bitrate == AUTOMATIC


def shown_bus(params: CanParams) -> tuple[str, dict[str, Any]]:
    """Return the step that asks for a bus, and the bus as its form wants it."""
    form: dict[str, Any] = {**params.data, CONF_BITRATE: str(params.bitrate)}
    del form[CONF_INTERFACE]
    step_id = next(step for step, (interface, _) in BUS_SCHEMAS.items() if interface is params.interface)
    if params.interface is Interface.SLCAN and params.channel.startswith(SOCKET):
        host, _, port = params.channel.removeprefix(SOCKET).rpartition(":")
        return "can_slcan_network", {**form, CONF_HOST: host.strip("[]"), CONF_PORT: int(port)}
    if params.interface is Interface.GS_USB:
        form[CONF_CHANNEL] = int(params.channel)
    return step_id, form


def options_schema(device: CanDevice) -> vol.Schema:
    """Return the form of what must be said of a device beside its bus."""
    fields: dict[vol.Marker, Any] = {}
    if len(device.nodes) > 1:
        fields[vol.Optional(CONF_NODE)] = whole(0, 0xFFFF)
    if device.reversible:
        fields[vol.Required(CONF_INVERTED, default=False)] = BooleanSelector()
    if device.polls:
        fields[vol.Required(CONF_POLLING, default=False)] = BooleanSelector()
    return vol.Schema(fields)
