"""Sets the bit rate of a CAN interface of the kernel.

Home Assistant's image has no `ip` that could (`can/09_dbc_busload_python_haos.md`), so this speaks rtnetlink itself. It
blocks for some milliseconds. The numbers are those of linux/rtnetlink.h, linux/if_link.h, linux/can/netlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

RTM_NEWLINK: Final = 16
RTM_GETLINK: Final = 18
NLMSG_ERROR: Final = 2
NLM_F_REQUEST: Final = 1
NLM_F_ACK: Final = 4
IFF_UP: Final = 1
IFLA_LINKINFO: Final = 18
IFLA_INFO_KIND: Final = 1
IFLA_INFO_DATA: Final = 2
IFLA_CAN_BITTIMING: Final = 1
IFLA_CAN_STATE: Final = 4
IFLA_CAN_CTRLMODE: Final = 5
IFLA_CAN_RESTART_MS: Final = 6
IFLA_CAN_BERR_COUNTER: Final = 8
CTRLMODE_LISTEN_ONLY: Final = 2
NESTED: Final = 0x3FFF
"""The bits of an attribute's type that are its number."""

HEADER: Final = struct.Struct("=IHHII")
LINK: Final = struct.Struct("=BxHiII")
"""Family, device type, index, flags, mask of the flags that change."""
ATTRIBUTE: Final = struct.Struct("=HH")
BITTIMING: Final = struct.Struct("=8I")
COUNTERS: Final = struct.Struct("=HH")
"""Errors when sending, and when receiving."""

STATES: Final = ("active", "warning", "passive", "bus_off", "stopped", "sleeping")
"""The controller's states by the kernel's number."""
KINDS: Final = ("can", "vcan")
ANSWER_WITHIN: Final = 2.0
"""s."""
RESTART: Final = 100
"""ms after which a controller that went bus-off starts again by itself."""

type Exchange = Callable[[bytes], bytes]
"""Sends one request to the kernel and returns its answer. Raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDetails:
    """What the kernel tells of an interface."""

    index: int
    up: bool
    kind: str
    """`can`, `vcan`, or what else it is; empty for a network card."""
    bitrate: int = 0
    """bit/s; 0 where none was set."""
    state: str = ""
    """One of `STATES`."""
    restart: int = 0
    """ms; 0: it stays bus-off until somebody restarts it."""
    listen_only: bool = False
    errors: tuple[int, int] | None = None
    """The controller's error counters, when sending and when receiving; `None` where its driver tells none."""


def attribute(number: int, value: bytes) -> bytes:
    """Return a netlink attribute, padded to four bytes."""
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), number) + value + bytes(-len(value) % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and value of each attribute; ends at the first that is broken."""
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        size, number = ATTRIBUTE.unpack_from(data, at)
        if size < ATTRIBUTE.size or at + size > len(data):
            return
        yield number & NESTED, data[at + ATTRIBUTE.size : at + size]
        at += size + -size % 4


def link_info(bitrate: int, *, restart: int = RESTART, listen_only: bool | None = None) -> bytes:
    """Return the attribute that sets a controller's bit rate in bit/s and its restart in ms."""
    settings = attribute(IFLA_CAN_BITTIMING, BITTIMING.pack(bitrate, *[0] * 7))
    settings += attribute(IFLA_CAN_RESTART_MS, struct.pack("=I", restart))
    if listen_only is not None:
        flags = CTRLMODE_LISTEN_ONLY if listen_only else 0
        settings += attribute(IFLA_CAN_CTRLMODE, struct.pack("=II", CTRLMODE_LISTEN_ONLY, flags))
    return attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"can\0") + attribute(IFLA_INFO_DATA, settings))


def link_message(kind: int, index: int, *, flags: int = 0, change: int = 0, body: bytes = b"") -> bytes:
    """Return a request about one interface."""
    acknowledged = 0 if kind == RTM_GETLINK else NLM_F_ACK
    size = HEADER.size + LINK.size + len(body)
    return (
        HEADER.pack(size, kind, NLM_F_REQUEST | acknowledged, 1, 0)
        + LINK.pack(socket.AF_UNSPEC, 0, index, flags, change)
        + body
    )


def exchange(request: bytes) -> bytes:
    """Ask the kernel. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(ANSWER_WITHIN)
        kernel.bind((0, 0))
        kernel.send(request)
        return kernel.recv(65536)


def read_link(name: str, ask: Exchange = exchange) -> LinkDetails:
    """Return what the kernel tells of an interface. Raises OSError, errno ENODEV if there is none."""
    answer = _answer(ask(link_message(RTM_GETLINK, socket.if_nametoindex(name))))
    _, _, index, flags, _ = LINK.unpack_from(answer)
    info = dict(attributes(dict(attributes(answer[LINK.size :])).get(IFLA_LINKINFO, b"")))
    told = dict(attributes(info.get(IFLA_INFO_DATA, b"")))
    state = _number(told.get(IFLA_CAN_STATE))
    mode = told.get(IFLA_CAN_CTRLMODE, b"")
    counters = told.get(IFLA_CAN_BERR_COUNTER, b"")
    return LinkDetails(
        index=index,
        up=bool(flags & IFF_UP),
        kind=info.get(IFLA_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace"),
        bitrate=_number(told.get(IFLA_CAN_BITTIMING)) or 0,
        state="" if state is None or state >= len(STATES) else STATES[state],
        restart=_number(told.get(IFLA_CAN_RESTART_MS)) or 0,
        listen_only=bool((_number(mode[4:]) or 0) & CTRLMODE_LISTEN_ONLY),
        errors=COUNTERS.unpack_from(counters) if len(counters) >= COUNTERS.size else None,
    )


def set_up(name: str, bitrate: int, *, listen_only: bool = False, ask: Exchange = exchange) -> None:
    """Take a CAN interface down, set its bit rate in bit/s, and bring it up; a virtual one is only brought up.

    Any other interface is left alone. Raises OSError: EPERM where this process may not.
    """
    link = read_link(name, ask)
    if link.kind not in KINDS:
        raise OSError(errno.EOPNOTSUPP, f"{name} is no CAN interface")
    if link.kind == "can":
        _answer(ask(link_message(RTM_NEWLINK, link.index, change=IFF_UP)))
        _answer(ask(link_message(RTM_NEWLINK, link.index, body=link_info(bitrate, listen_only=listen_only))))
    _answer(ask(link_message(RTM_NEWLINK, link.index, flags=IFF_UP, change=IFF_UP)))


def take_down(name: str, ask: Exchange = exchange) -> None:
    """Take a CAN interface down; any other one is left alone. Raises OSError."""
    link = read_link(name, ask)
    if link.kind in KINDS:
        _answer(ask(link_message(RTM_NEWLINK, link.index, change=IFF_UP)))


def _answer(data: bytes) -> bytes:
    """Return what stands behind the header of the kernel's answer. Raises OSError if it refuses."""
    if len(data) < HEADER.size + 4:
        raise OSError(errno.EPROTO, "the kernel's answer is too short")
    _, kind, *_ = HEADER.unpack_from(data)
    body = data[HEADER.size :]
    if kind == NLMSG_ERROR and (code := -struct.unpack_from("=i", body)[0]):
        raise OSError(code, os.strerror(code))
    return body


def _number(value: bytes | None) -> int | None:
    return None if value is None or len(value) < 4 else int(struct.unpack_from("=I", value)[0])
