"""The bit rate is set as the kernel wants it, on CAN interfaces only, and nothing else is touched."""

from __future__ import annotations

import errno
import socket
import struct
from unittest.mock import Mock

import pytest
from can.interfaces.virtual import VirtualBus

from custom_components.home_bms.hw import can_bus, can_netlink
from custom_components.home_bms.hw.can_bus import CanBus, open_bus, prepare
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_netlink import (
    HEADER,
    IFF_UP,
    LINK,
    NLMSG_ERROR,
    RTM_GETLINK,
    RTM_NEWLINK,
    LinkDetails,
    attribute,
    attributes,
    link_info,
    read_link,
    set_up,
    take_down,
)
from custom_components.home_bms.hw.can_params import CanParams, Interface

# What pyroute2 0.9.6 makes of 500 kbit/s and a restart after 100 ms (`can/09_dbc_busload_python_haos.md` 9.4).
VECTOR = (
    "3c001200 08000100 63616e00 30000200 24000100 20a10700 00000000 00000000 00000000 00000000 00000000 00000000"
    "00000000 08000600 64000000"
)
PARAMS = CanParams(interface=Interface.SOCKETCAN, channel="can0", bitrate=500000)


class Kernel:
    """Answers as the kernel would for one interface, and remembers what was asked."""

    def __init__(self, kind: str = "can", up: bool = False, bitrate: int = 0, state: int = 0, **more: int) -> None:
        self.kind, self.up, self.bitrate, self.state = kind, up, bitrate, state
        self.restart = more.get("restart", 100)
        self.mode = more.get("mode", 0)
        self.counters: tuple[int, int] | None = None
        self.refusal = 0
        self.orders: list[tuple[int, int, bytes]] = []
        """Flags, the mask of those that change, and attributes of each change."""

    def __call__(self, request: bytes) -> bytes:
        size, kind, *_ = HEADER.unpack_from(request)
        assert size == len(request)
        _, _, index, flags, change = LINK.unpack_from(request, HEADER.size)
        assert index == 7
        if kind == RTM_GETLINK:
            told = attribute(1, struct.pack("=8I", self.bitrate, *[0] * 7)) + attribute(
                4, struct.pack("=I", self.state)
            )
            told += attribute(5, struct.pack("=II", 0, self.mode)) + attribute(6, struct.pack("=I", self.restart))
            if self.counters is not None:
                told += attribute(8, struct.pack("=HH", *self.counters))
            info = attribute(18, attribute(1, self.kind.encode() + b"\0") + attribute(2, told))
            body = LINK.pack(0, 0, index, IFF_UP if self.up else 0, 0) + attribute(3, b"can0\0") + info
            return HEADER.pack(HEADER.size + len(body), RTM_NEWLINK, 0, 1, 0) + body
        assert kind == RTM_NEWLINK
        self.orders.append((flags, change, request[HEADER.size + LINK.size :]))
        if not self.refusal and change & IFF_UP:
            self.up = bool(flags & IFF_UP)
        return HEADER.pack(36, NLMSG_ERROR, 0, 1, 0) + struct.pack("=i", -self.refusal) + request[:16]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 7)
    for name in ("read_link", "set_up", "take_down"):
        function = getattr(can_netlink, name)
        monkeypatch.setattr(can_bus, name, lambda *args, function=function, **more: function(*args, ask=kernel, **more))
    return kernel


def test_the_bit_rate_is_encoded_as_by_others() -> None:
    assert link_info(500000) == bytes.fromhex(VECTOR)


def test_listening_only_is_a_mode_of_the_controller() -> None:
    nested = dict(attributes(dict(attributes(link_info(250000, listen_only=True)))[18]))
    settings = dict(attributes(nested[2]))
    assert nested[1] == b"can\0"
    assert struct.unpack("=8I", settings[1])[0] == 250000
    assert struct.unpack("=II", settings[5]) == (2, 2)
    assert struct.unpack("=II", dict(attributes(dict(attributes(dict(attributes(
        link_info(250000, listen_only=False)))[18]))[2]))[5]) == (2, 0)  # fmt: skip


def test_a_broken_attribute_ends_the_list() -> None:
    assert list(attributes(attribute(1, b"abc") + b"\x02\x00\x05\x00")) == [(1, b"abc")]
    assert list(attributes(b"\x40\x00\x05\x00")) == []


def test_what_the_kernel_tells_is_read(kernel: Kernel) -> None:
    kernel.up, kernel.bitrate, kernel.state, kernel.mode = True, 250000, 3, 2
    assert read_link("can0", kernel) == LinkDetails(
        index=7, up=True, kind="can", bitrate=250000, state="bus_off", restart=100, listen_only=True
    )
    kernel.state, kernel.counters = 17, (136, 5)
    assert read_link("can0", kernel).state == ""
    assert read_link("can0", kernel).errors == (136, 5)


def test_only_an_interface_of_the_kernel_is_looked_at(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can_bus, "open_bus", lambda _: VirtualBus("nobody"))
    kernel.up, kernel.state = True, 2
    ours = CanBus(PARAMS, hear=print, lose=print)
    other = CanBus(CanParams(interface=Interface.VIRTUAL, channel="can0"), hear=print, lose=print)
    try:
        details = ours.details()
        assert details is not None
        assert details.state == "passive"
        assert other.details() is None

        for trouble in (OSError(errno.ENODEV, "No such device"), struct.error("too short")):
            monkeypatch.setattr(can_bus, "read_link", Mock(side_effect=trouble))
            assert ours.details() is None
    finally:
        ours.close()
        other.close()


def test_setting_up_takes_it_down_first(kernel: Kernel) -> None:
    kernel.up = True
    set_up("can0", 500000, ask=kernel)
    (down, settings, up) = kernel.orders
    assert down == (0, IFF_UP, b"")
    assert settings == (0, 0, link_info(500000, listen_only=False))
    assert up == (IFF_UP, IFF_UP, b"")


def test_a_virtual_interface_has_no_bit_rate(kernel: Kernel) -> None:
    kernel.kind = "vcan"
    set_up("can0", 500000, ask=kernel)
    assert kernel.orders == [(IFF_UP, IFF_UP, b"")]


def test_an_interface_that_is_not_can_is_never_touched(kernel: Kernel) -> None:
    kernel.kind = ""
    with pytest.raises(OSError, match="no CAN interface"):
        set_up("eth0", 500000, ask=kernel)
    take_down("eth0", kernel)
    assert kernel.orders == []
    kernel.kind = "can"
    take_down("can0", kernel)
    assert kernel.orders == [(0, IFF_UP, b"")]


def test_a_refusal_of_the_kernel_is_told(kernel: Kernel) -> None:
    kernel.refusal = errno.EPERM
    with pytest.raises(PermissionError):
        set_up("can0", 500000, ask=kernel)
    with pytest.raises(OSError, match="too short"):
        read_link("can0", lambda _: b"")


def test_the_real_kernel_is_understood(socket_enabled: None) -> None:
    link = read_link("lo")
    assert (link.up, link.kind, link.bitrate) == (True, "", 0)
    with pytest.raises(OSError, match=r".") as refused:
        read_link("nocan7")
    assert refused.value.errno == errno.ENODEV


# --- What becomes of it when a bus is opened -------------------------------------------------------------------------


def test_an_interface_that_is_up_is_left_as_it_is(kernel: Kernel) -> None:
    kernel.up, kernel.bitrate = True, 500000
    assert prepare(PARAMS) is False
    assert kernel.orders == []


def test_one_that_is_down_is_brought_up(kernel: Kernel) -> None:
    assert prepare(PARAMS) is True
    assert kernel.up


@pytest.mark.parametrize(
    ("changes", "params", "key", "told"),
    [
        ({"up": True, "bitrate": 250000}, {}, "can_bitrate_in_use", {"found": "250000", "bitrate": "500000"}),
        ({"up": True, "bitrate": 500000, "mode": 2}, {}, "can_listens_only", {"channel": "can0"}),
        ({"kind": "dummy"}, {}, "can_interface_missing", {"channel": "can0"}),
        ({}, {"set_up": False}, "can_interface_down", {}),
        ({"refusal": errno.EPERM}, {}, "can_not_permitted", {}),
        ({"refusal": errno.EINVAL}, {}, "can_set_up_failed", {}),
    ],
)
def test_what_stands_in_the_way_is_told(kernel: Kernel, changes: dict, params: dict, key: str, told: dict) -> None:
    for name, value in changes.items():
        setattr(kernel, name, value)
    with pytest.raises(CanLinkError) as refused:
        prepare(CanParams(**{**PARAMS.data, "interface": Interface.SOCKETCAN, **params}))
    assert refused.value.key == key
    assert told.items() <= refused.value.placeholders.items()
    if key in ("can_interface_down", "can_not_permitted", "can_set_up_failed"):
        assert refused.value.placeholders["command"] == "ip link set can0 up type can bitrate 500000 restart-ms 100"


def test_a_controller_that_stays_bus_off_is_restarted(kernel: Kernel) -> None:
    kernel.up, kernel.bitrate, kernel.state, kernel.restart = True, 500000, 3, 0
    assert prepare(PARAMS) is False
    assert len(kernel.orders) == 3
    kernel.orders.clear()
    kernel.restart = 100
    prepare(PARAMS)
    assert kernel.orders == []


def test_an_interface_that_is_not_there_is_told(socket_enabled: None) -> None:
    with pytest.raises(CanLinkError) as refused:
        open_bus(CanParams(interface=Interface.SOCKETCAN, channel="nocan7"))
    assert (refused.value.key, refused.value.placeholders["channel"]) == ("can_interface_missing", "nocan7")
