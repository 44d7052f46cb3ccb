"""How a CAN bus is reached, as a config entry keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from ..core.model import ConfigError


class Interface(StrEnum):
    """The ways to a bus that python-can knows and a home has."""

    SOCKETCAN = "socketcan"
    """An interface of the kernel, `can0`: a candleLight or PEAK stick, an SPI board."""
    SLCAN = "slcan"
    """A stick or gateway that speaks the LAWICEL text protocol, on a serial port or `socket://host:port`."""
    GS_USB = "gs_usb"
    """A candleLight stick without the kernel's driver; `channel` is its number from 0."""
    SOCKETCAND = "socketcand"
    """The bus `channel` of another machine that runs socketcand."""
    UDP_MULTICAST = "udp_multicast"
    """Other programs with python-can, in the multicast group `channel`."""
    VIRTUAL = "virtual"
    """Inside one process."""


BITRATES: Final = (125000, 250000, 500000, 1000000)
"""bit/s that packs and inverters use (`can/*.md`)."""
SLCAN_BITRATES: Final = (10000, 20000, 50000, 83300, 100000, 125000, 250000, 500000, 750000, 1000000)
"""bit/s that the LAWICEL protocol has a command for."""
PORTS: Final = MappingProxyType({Interface.SOCKETCAND: 29536, Interface.UDP_MULTICAST: 43113})
"""The usual ones."""
SETS_BITRATE: Final = frozenset({Interface.SOCKETCAN, Interface.SLCAN, Interface.GS_USB})
"""Where the bit rate is set from here; elsewhere it is at the far end."""
KINDS: Final = MappingProxyType(
    {
        "channel": str,
        "host": str,
        "bitrate": int,
        "port": int,
        "baudrate": int,
        "listen_only": bool,
        "set_up": bool,
    }
)
"""Of the parameters beside the interface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanParams:
    """One bus; `params_from_data` checks what a user has typed."""

    interface: Interface
    channel: str
    bitrate: int = 500000
    """bit/s, of every node on the bus."""
    host: str = ""
    port: int = 0
    listen_only: bool = False
    """Never send; where the interface can, not even an acknowledgement."""
    set_up: bool = True
    """Whether the bit rate of a kernel interface that is down may be set from here."""
    baudrate: int = 115200
    """bit/s of a serial slcan adapter; sticks on USB ignore it."""

    @property
    def key(self) -> str:
        """Which bus is meant, whatever its settings: those who mean the same share one `CanLink`."""
        return ":".join(str(part) for part in (self.interface, self.host, self.port or "", self.channel) if part)

    @property
    def data(self) -> dict[str, Any]:
        """The parameters as plain JSON values."""
        return {**asdict(self), "interface": str(self.interface)}


def params_from_data(data: Mapping[str, Any]) -> CanParams:
    """Return the parameters of a config entry, with the usual port where none is named. Raises ConfigError."""
    try:
        interface = Interface(data.get("interface", ""))
    except ValueError:
        raise ConfigError("can_unknown_interface", "interface", interface=data.get("interface")) from None
    given = {"channel": "", **{name: _read(name, data[name]) for name in KINDS.keys() & data.keys()}}
    params = CanParams(interface=interface, **given)
    if not params.port and interface in PORTS:
        params = CanParams(**params.data | {"interface": interface, "port": PORTS[interface]})
    for name, problem in _problems(params):
        raise ConfigError(problem, name, value=getattr(params, name))
    return params


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - an entry may hold anything
    """Return a parameter as one of its kind. Raises ConfigError if it is none."""
    kind = KINDS[name]
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError("dbc_not_readable", name, value=value)
    return value


def _problems(params: CanParams) -> list[tuple[str, str]]:
    """Return what cannot be, as (field, key of the reason)."""
    interface, found = params.interface, []
    if not params.channel:
        found.append(("channel", "can_channel_missing"))
    if interface is Interface.SOCKETCAND and not params.host:
        found.append(("host", "can_host_missing"))
    if interface is Interface.GS_USB and not params.channel.isdecimal():
        found.append(("channel", "can_no_number"))
    if not 0 <= params.port <= 0xFFFF:
        found.append(("port", "can_port"))
    if not 10000 <= params.bitrate <= 1000000 or (
        interface is Interface.SLCAN and params.bitrate not in SLCAN_BITRATES
    ):
        found.append(("bitrate", "can_bitrate"))
    if params.baudrate <= 0:
        found.append(("baudrate", "can_baudrate"))
    return found
