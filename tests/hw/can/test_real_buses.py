"""Every interface that a home has, on a real line as far as loopback goes."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import can
import pytest
import usb.core
from can.interfaces.udp_multicast import UdpMulticastBus
from can.interfaces.virtual import VirtualBus
from gs_usb.gs_usb import GsUsb
from gs_usb.gs_usb_frame import GS_USB_NONE_ECHO_ID, GsUsbFrame

from custom_components.home_bms.hw import can as link_module
from custom_components.home_bms.hw import can_bus, can_socketcand
from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_bus import CanBus, Sent, open_bus
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame
from custom_components.home_bms.hw.can_params import CanParams, Interface

from .buses import SlcanStick, TextServer, free_port, full, gone, left_behind, until

GROUP = "239.74.163.77"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can_bus, "SETTLE", 0.0)
    monkeypatch.setattr(link_module, "BACK_OFF", 0.1)


@pytest.fixture
async def opened(socket_enabled: None) -> AsyncIterator:
    """Open links that are closed at the end."""
    async with AsyncExitStack() as stack:

        async def open_it(interface: Interface, channel: str, **more: object) -> tuple[CanLink, list[CanFrame]]:
            link = CanLink(CanParams(interface=interface, channel=channel, **more))
            heard: list[CanFrame] = []
            link.subscribe(heard.append)
            stack.push_async_callback(link.close)
            await link.open()
            return link, heard

        yield open_it


# --- Between programs ------------------------------------------------------------------------------------------------


async def test_two_links_on_a_multicast_group_hear_each_other_and_not_themselves(opened) -> None:
    port = free_port()
    try:
        one, heard_by_one = await opened(Interface.UDP_MULTICAST, GROUP, port=port)
    except CanLinkError as err:
        pytest.skip(f"this machine has no multicast: {err}")
    other, heard_by_other = await opened(Interface.UDP_MULTICAST, GROUP, port=port)
    claim = await one.claim({0x351, EXTENDED | 0x18954001}, seconds=0)
    sent = [CanFrame(id=0x351, data=b"\x01\x02"), CanFrame(id=0x18954001, extended=True, data=bytes(8))]
    for frame in sent:
        claim.send(frame)
    await until(lambda: len(heard_by_other) == 2)
    assert [(frame.key, frame.data) for frame in heard_by_other] == [(frame.key, frame.data) for frame in sent]
    await asyncio.sleep(0.2)
    # Multicast brings back what one sends; taken for another node it would silence us.
    assert heard_by_one == []
    assert claim.contested == frozenset()
    with pytest.raises(CanLinkError):
        await other.claim({0x351}, seconds=1)
    theirs = UdpMulticastBus(GROUP, port=port)
    theirs.send(can.Message(arbitration_id=0x351, data=b"\x09", is_extended_id=False))
    await until(lambda: claim.contested == {0x351})
    theirs.shutdown()


async def test_a_stray_datagram_is_no_frame_and_no_loss(opened) -> None:
    port = free_port()
    link, heard = await opened(Interface.UDP_MULTICAST, GROUP, port=port)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("0.0.0.0", 0)
    )
    transport.sendto(b"hello", (GROUP, port))
    theirs = UdpMulticastBus(GROUP, port=port)
    theirs.send(can.Message(arbitration_id=0x351, data=b"\x09", is_extended_id=False))
    await until(lambda: heard)
    assert link.shown()["garbled"] == 1
    assert link.state is CanState.ACTIVE
    transport.close()
    theirs.shutdown()


async def test_two_links_in_one_process_hear_each_other(opened) -> None:
    one, _ = await opened(Interface.VIRTUAL, "house")
    _, heard = await opened(Interface.VIRTUAL, "house")
    claim = await one.claim({0x351}, seconds=0)
    claim.send(CanFrame(id=0x351, data=b"\x01"))
    await until(lambda: heard)
    assert heard[0].data == b"\x01"


async def test_a_link_that_is_closed_while_it_is_spoken_to_leaves_nothing_behind(
    opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def readers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if "notifier" in thread.name.lower()]

    monkeypatch.setattr(link_module, "FLUSH_EVERY", 60.0)
    port = free_port()
    theirs = UdpMulticastBus(GROUP, port=port)
    try:
        link, heard = await opened(Interface.UDP_MULTICAST, GROUP, port=port)
        theirs.send(can.Message(arbitration_id=0x351, data=b"\x09", is_extended_id=False))
        await until(left_behind)
        assert readers()
        await link.close()
        assert not readers()
        assert left_behind() == []
        assert heard == []
    finally:
        theirs.shutdown()


# --- Adapters with the LAWICEL protocol ------------------------------------------------------------------------------


@pytest.fixture
async def stick() -> AsyncIterator[SlcanStick]:
    stick = SlcanStick()
    yield stick
    stick.close()


async def test_a_serial_adapter_is_set_up_heard_and_sent_to(opened, stick: SlcanStick) -> None:
    link, heard = await opened(Interface.SLCAN, stick.path, bitrate=250000)
    await until(lambda: stick.lines[-1:] == ["O"])
    assert "S5" in stick.lines
    stick.say(CanFrame(id=0x351, data=bytes(range(8))))
    stick.say(CanFrame(id=0x18954001, extended=True, data=b"\x05\x0c"))
    await until(lambda: len(heard) == 2)
    assert [(frame.key, frame.data) for frame in heard] == [
        (0x351, bytes(range(8))),
        (EXTENDED | 0x18954001, b"\x05\x0c"),
    ]
    claim = await link.claim({0x305, EXTENDED | 0x18900140}, seconds=0)
    claim.send(CanFrame(id=0x305, data=bytes(8)))
    claim.send(CanFrame(id=0x18900140, extended=True, data=bytes(8)))
    await until(lambda: "T1890014080000000000000000" in stick.lines)
    assert "t30580000000000000000" in stick.lines
    await link.close()
    await until(lambda: stick.lines[-1] == "C")


async def test_one_that_only_listens_opens_so(opened, stick: SlcanStick) -> None:
    await opened(Interface.SLCAN, stick.path, listen_only=True)
    await until(lambda: "S6" in stick.lines and stick.lines[-1] == "L")
    assert "O" not in stick.lines


async def test_noise_on_its_line_costs_a_frame_and_no_more(opened, stick: SlcanStick) -> None:
    link, heard = await opened(Interface.SLCAN, stick.path)
    stick.write(b"t35\xff\xfe180\rt3518zz02\rt\r\x07t99\r")
    stick.say(CanFrame(id=0x351, data=b"\x01"))
    await until(lambda: heard)
    assert [frame.data for frame in heard] == [b"\x01"]
    assert link.shown()["garbled"] >= 2
    assert link.state is CanState.ACTIVE


async def test_nothing_but_noise_makes_it_open_anew(opened, stick: SlcanStick) -> None:
    link, _ = await opened(Interface.SLCAN, stick.path)
    await until(lambda: stick.lines[-1:] == ["O"])
    before = stick.lines.count("O")
    for _ in range(8):
        stick.write(b"tzzz\r" * 20)
        await asyncio.sleep(0.02)
    await until(lambda: link.reconnects)
    await until(lambda: stick.lines.count("O") > before)


async def test_nobody_else_may_open_its_port(opened, stick: SlcanStick) -> None:
    await opened(Interface.SLCAN, stick.path)
    with pytest.raises(CanLinkError) as refused:
        await opened(Interface.SLCAN, stick.path)
    assert refused.value.key == "cannot_connect"


async def test_one_that_is_pulled_out_is_lost_and_found(opened, stick: SlcanStick, tmp_path) -> None:
    port = tmp_path / "stick"
    port.symlink_to(stick.path)
    link, heard = await opened(Interface.SLCAN, str(port))
    stick.pull_out()
    await until(lambda: link.state is CanState.LOST)
    again = SlcanStick()
    port.unlink()
    port.symlink_to(again.path)
    await until(lambda: link.state is CanState.ACTIVE, within=10)
    again.say(CanFrame(id=0x351, data=b"\x07"))
    await until(lambda: heard)
    assert heard[0].data == b"\x07"
    await link.close()
    again.close()


async def test_a_port_that_is_not_there_is_told(opened, tmp_path) -> None:
    with pytest.raises(CanLinkError) as refused:
        await opened(Interface.SLCAN, str(tmp_path / "none"))
    assert refused.value.key == "cannot_connect"
    assert refused.value.placeholders["channel"].endswith("none")


async def test_a_gateway_passes_the_same_text_over_tcp_and_may_start_anew(opened) -> None:
    told = bytearray()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            told.extend(data)

    async with TextServer(greet) as server:
        link, heard = await opened(Interface.SLCAN, f"socket://127.0.0.1:{server.port}")
        await until(lambda: told.endswith(b"O\r"))
        server.say(b"t3552" + b"1A00\r")
        await until(lambda: heard)
        assert heard[0].data == bytes.fromhex("1A00")
        server.drop()
        await until(lambda: link.reconnects == 1)
        server.say(b"t3552" + b"1B00\r")
        await until(lambda: len(heard) == 2)
        await link.close()


# --- Another machine's bus -------------------------------------------------------------------------------------------


class Daemon:
    """What socketcand says."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers or ("< hi >", "< ok >", "< ok >")
        self.told = bytearray()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting, *rest = self.answers
        writer.write(greeting.encode())
        for answer in rest:
            self.told += await reader.readuntil(b">")
            writer.write(answer.encode())
        while data := await reader.read(100):
            self.told += data


async def test_socketcand_is_greeted_heard_and_sent_to(opened) -> None:
    daemon = Daemon("< hi >", "< ok >", "< frame 351 1.5 0102 >< ok >")
    async with TextServer(daemon) as server:
        link, heard = await opened(Interface.SOCKETCAND, "can0", host="127.0.0.1", port=server.port)
        assert daemon.told == b"< open can0 >< rawmode >"
        server.say(b"< frame 35")
        await asyncio.sleep(0.05)
        server.say(b"5 1.600000 1A006400 >< frame 18954001 1.7 05 >< nonsense >< error 020 1.7 >")
        await until(lambda: len(heard) == 2 and link.statistics.error_frames)
        assert [(frame.key, frame.data.hex()) for frame in heard] == [
            (0x355, "1a006400"),
            (EXTENDED | 0x18954001, "05"),
        ]
        claim = await link.claim({0x305}, seconds=0)
        claim.send(CanFrame(id=0x305, data=b"\x00\xff"))
        await until(lambda: daemon.told.endswith(b"< send 305 2 0 ff >"))
        server.drop()
        await until(lambda: link.reconnects)
        await link.close()


@pytest.mark.parametrize(
    ("answers", "text"),
    [(("< hi >", "< error could not open bus >"), "could not open bus"), (("< hi >",), "does not answer")],
)
async def test_a_daemon_that_refuses_or_says_nothing_is_told(
    opened, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], text: str
) -> None:
    monkeypatch.setattr(can_socketcand, "CONNECT_WITHIN", 0.3)
    async with TextServer(Daemon(*answers)) as server:
        with pytest.raises(CanLinkError, match=text):
            await opened(Interface.SOCKETCAND, "can0", host="127.0.0.1", port=server.port)


async def test_a_daemon_that_is_not_there_is_told_at_once(opened) -> None:
    with pytest.raises(CanLinkError) as refused:
        await opened(Interface.SOCKETCAND, "can0", host="127.0.0.1", port=1)
    assert refused.value.key == "cannot_connect"


# --- A candleLight stick without the kernel --------------------------------------------------------------------------


class Candle:
    """What `gs_usb` makes of a stick."""

    def __init__(self) -> None:
        self.frames: list = []
        self.sent: list = []
        self.out = False
        self.device_capability = type("Capability", (), {"fclk_can": 48_000_000})

    def set_timing(self, **_: int) -> None: ...
    def set_bitrate(self, _: int) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...

    def send(self, frame) -> None:
        self.sent.append(frame)
        frame.echo_id = 0
        self.frames.append(frame)

    def read(self, frame, timeout_ms: int) -> bool:
        if not self.frames:
            return False
        told = self.frames.pop(0)
        for name in ("echo_id", "can_id", "can_dlc", "channel", "flags", "reserved", "data", "timestamp_us"):
            setattr(frame, name, getattr(told, name))
        return True

    @property
    def device_info(self) -> None:
        if self.out:
            raise OSError(19, "No such device")


@pytest.fixture
def candle(monkeypatch: pytest.MonkeyPatch) -> Candle:
    candle = Candle()
    monkeypatch.setattr(GsUsb, "scan", lambda: [candle])
    return candle


async def test_a_candlelight_stick_is_heard_without_its_echoes_and_its_end_is_noticed(opened, candle: Candle) -> None:
    link, heard = await opened(Interface.GS_USB, "0")
    claim = await link.claim({0x305}, seconds=0)
    claim.send(CanFrame(id=0x305, data=b"\x01"))
    await until(lambda: candle.sent)
    theirs = GsUsbFrame(can_id=0x351, data=b"\x02\x03")
    theirs.echo_id = GS_USB_NONE_ECHO_ID
    candle.frames.append(theirs)
    await until(lambda: heard)
    assert [(frame.id, frame.data) for frame in heard] == [(0x351, b"\x02\x03")]
    assert claim.contested == frozenset()
    candle.out = True
    await until(lambda: link.state is CanState.LOST)
    await link.close()


async def test_a_stick_that_is_not_there_is_told(opened, candle: Candle) -> None:
    with pytest.raises(CanLinkError, match="Cannot find device 3"):
        await opened(Interface.GS_USB, "3")


def test_a_machine_without_libusb_or_its_packages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(GsUsb, "scan", nothing)
    params = CanParams(interface=Interface.GS_USB, channel="0")
    with pytest.raises(CanLinkError, match="libusb"):
        open_bus(params)
    monkeypatch.setitem(sys.modules, "custom_components.home_bms.hw.can_gs_usb", None)
    with pytest.raises(CanLinkError) as refused:
        open_bus(params)
    assert refused.value.key == "can_not_installed"


# --- An interface of the kernel --------------------------------------------------------------------------------------


def test_an_interface_that_was_down_is_down_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    downs: list[str] = []

    class Bus(VirtualBus):
        def __init__(self, channel: str) -> None:
            super().__init__(channel)
            self.channel = channel

        def shutdown(self) -> None: ...

    def make(ours: bool) -> can_bus.KernelBus:
        return type("Made", (can_bus.KernelBus, Bus), {})("can0", ours=ours)

    monkeypatch.setattr(can_bus.SocketcanBus, "__init__", lambda self, channel: setattr(self, "channel", channel))
    monkeypatch.setattr(can_bus.SocketcanBus, "shutdown", lambda self: None)
    monkeypatch.setattr(can_bus, "take_down", downs.append)
    monkeypatch.setattr(can_bus, "prepare", lambda _: True)
    bus = open_bus(CanParams(interface=Interface.SOCKETCAN, channel="can0"))
    bus.shutdown()
    bus.shutdown()
    assert downs == ["can0"]
    can_bus.KernelBus("can0", ours=False).shutdown()
    assert downs == ["can0"]


@pytest.mark.parametrize(
    ("error", "silent"),
    [
        (full(), True),
        (can.CanOperationError("Transmit buffer full"), True),
        (can.CanTimeoutError(), True),
        (gone(), False),
        (can.CanOperationError("Could not write to serial device"), False),
        (None, False),
    ],
)
def test_nobody_there_is_told_from_nothing_there(error: Exception | None, silent: bool) -> None:
    assert Sent(0, error).silent is silent


async def test_an_open_bus_sends_up_to_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = CanBus(CanParams(interface=Interface.VIRTUAL, channel="short"), lambda _: None, lambda _: None)
    taken: list[int] = []

    def send(self: VirtualBus, msg: can.Message, timeout: float | None = None) -> None:
        if taken:
            raise full()
        taken.append(msg.arbitration_id)

    monkeypatch.setattr(VirtualBus, "send", send)
    result = bus.send([CanFrame(id=1), CanFrame(id=2), CanFrame(id=3)])
    assert (result.count, result.silent) == (1, True)
    bus.close()
    bus.close()
