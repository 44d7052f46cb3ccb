"""A link passes on what others say, comes back after a loss, and sends only what nobody else does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw import can as link_module
from custom_components.home_bms.hw import can_capture, can_sender
from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_claim import CanClaim, Echoes
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of, parse_candump
from custom_components.home_bms.hw.can_netlink import LinkDetails
from custom_components.home_bms.hw.can_params import CanParams, Interface, params_from_data

from ..clock import Clock
from .buses import PARAMS, Nothing, full, gone, left_behind, until

LIMITS = CanFrame(id=0x351, data=bytes(8))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes seconds take hundredths of one."""
    for module, name in ((link_module, "BACK_OFF"), (link_module, "BUS_OFF_FOR"), (can_sender, "SILENT_FOR")):
        monkeypatch.setattr(module, name, 0.05)


@pytest.fixture
def bus() -> Nothing:
    return Nothing()


@pytest.fixture
async def link(bus: Nothing) -> AsyncIterator[CanLink]:
    link = CanLink(PARAMS, bus=bus)
    yield link
    await link.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def say(bus: Nothing, key: int, data: bytes = b"", **more: object) -> None:
    """Let another node say something, in a thread as a real reader does."""
    frame = frame_of(key, data, time=now())
    frame = CanFrame(id=frame.id, data=data, extended=frame.extended, time=frame.time, **more)
    thread = threading.Thread(target=bus.hear, args=(frame,))
    thread.start()
    thread.join()


# --- Listening -------------------------------------------------------------------------------------------------------


async def test_each_gets_the_frames_that_it_wants(link: CanLink, bus: Nothing) -> None:
    every, some, masked = [], [], []
    link.subscribe(every.append)
    end = link.subscribe(some.append, {0x351})
    link.subscribe(masked.append, {0x80001234}, mask=~0xFF)
    await link.open()
    for key in (0x351, 0x355, 0x80001299, 0x1234 & 0x7FF):
        say(bus, key)
    await until(lambda: len(every) == 4)
    assert [frame.key for frame in some] == [0x351]
    assert [frame.key for frame in masked] == [0x80001299]
    end()
    end()
    say(bus, 0x351)
    await until(lambda: len(every) == 5)
    assert len(some) == 1


async def test_frames_keep_their_order_and_none_is_lost_in_a_burst(link: CanLink, bus: Nothing) -> None:
    heard = []
    link.subscribe(heard.append)
    await link.open()
    for number in range(200):
        bus.hear(CanFrame(id=0x36, data=bytes((number,)), time=now()))
    await until(lambda: len(heard) == 200)
    assert [frame.data[0] for frame in heard] == list(range(200))


async def test_more_frames_than_the_loop_can_take_are_dropped_and_counted(
    link: CanLink, bus: Nothing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "WAITING_MOST", 10)
    heard = []
    link.subscribe(heard.append)
    await link.open()
    for number in range(15):
        bus.hear(CanFrame(id=0x36, data=bytes((number,)), time=now()))
    await until(lambda: heard)
    assert [frame.data[0] for frame in heard] == list(range(5, 15))
    assert link.dropped == 5


async def test_requests_and_errors_are_counted_and_not_passed_on(link: CanLink, bus: Nothing) -> None:
    heard = []
    link.subscribe(heard.append)
    await link.open()
    say(bus, 0x305, remote=True)
    say(bus, 0x20, bytes(8), error=True)
    say(bus, 0x305)
    await until(lambda: heard)
    shown = link.shown()
    assert len(heard) == 1
    assert (shown["received"], shown["remote_frames"], shown["error_frames"]) == (2, 1, 1)
    assert shown["ids"]["305"]["count"] == 2
    assert shown["state"] == "active"


# --- Coming back -----------------------------------------------------------------------------------------------------


async def test_a_bus_that_cannot_be_opened_is_not_tried_at_once_again(bus: Nothing) -> None:
    clock = Clock()
    link = CanLink(PARAMS, bus=bus, clock=clock)
    bus.trouble = CanLinkError("cannot_connect", "there is no stick")
    for _ in range(3):
        with pytest.raises(CanLinkError, match="no stick"):
            await link.open()
    assert bus.opened == 1
    assert link.state is CanState.LOST
    bus.trouble = None
    clock.now += 10
    await link.open()
    await link.open()
    assert bus.opened == 2
    assert link.state is CanState.ACTIVE
    await link.close()
    assert bus.closed == 1
    assert link.state is CanState.CLOSED
    with pytest.raises(CanLinkError, match="closed"):
        await link.open()


async def test_a_lost_bus_is_opened_again_by_itself(link: CanLink, bus: Nothing) -> None:
    states, heard = [], []
    link.subscribe(heard.append)
    end = link.on_state(states.append)
    await link.open()
    bus.trouble = CanLinkError("cannot_connect", "still gone")
    bus.lose(OSError(19, "No such device"))
    await until(lambda: link.state is CanState.LOST)
    with pytest.raises(CanLinkError, match=r"No such device|still gone"):
        await link.open()
    assert bus.closed == 1
    await until(lambda: bus.opened >= 2)
    bus.trouble = None
    await until(lambda: link.state is CanState.ACTIVE)
    say(bus, 0x351)
    await until(lambda: heard)
    assert states == [CanState.ACTIVE, CanState.LOST, CanState.ACTIVE]
    assert link.reconnects == 1
    end()
    end()


async def test_closing_ends_a_search_for_the_bus(link: CanLink, bus: Nothing) -> None:
    await link.open()
    bus.trouble = CanLinkError("cannot_connect", "gone")
    bus.lose(OSError())
    await until(lambda: link.failure)
    await link.close()
    await link.close()
    opened = bus.opened
    await asyncio.sleep(0.2)
    assert bus.opened == opened


async def test_a_bus_that_opens_for_somebody_who_has_left_is_closed(link: CanLink, bus: Nothing) -> None:
    ready = threading.Event()

    class Slow(Nothing):
        def __call__(self, *args: object) -> Nothing:
            ready.wait(5)
            return super().__call__(*args)

    slow = Slow()
    link = CanLink(PARAMS, bus=slow)
    opening = asyncio.ensure_future(link.open())
    await asyncio.sleep(0.05)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    ready.set()
    await until(lambda: slow.closed == 1)
    # One that could not even be opened is no trouble to anybody.
    slow.trouble = CanLinkError("cannot_connect", "gone")
    ready.clear()
    opening = asyncio.ensure_future(link.open())
    await asyncio.sleep(0.05)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    ready.set()
    await until(lambda: slow.opened == 2)
    assert slow.closed == 1


async def test_a_bus_that_opens_when_all_is_ending_is_left_to_the_end_of_the_process(bus: Nothing) -> None:
    made = asyncio.get_running_loop().create_future()
    made.set_result(bus)
    await asyncio.get_running_loop().shutdown_default_executor()
    link_module._discard(made)
    assert bus.closed == 0


async def test_a_controller_that_leaves_the_bus_is_told_and_opened_anew(link: CanLink, bus: Nothing) -> None:
    states = []
    link.on_state(states.append)
    await link.open()
    say(bus, 0x40, bytes(8), error=True)
    await until(lambda: CanState.BUS_OFF in states)
    await until(lambda: bus.opened == 2)
    await until(lambda: link.state is CanState.ACTIVE)


async def test_one_that_comes_back_by_itself_is_left_alone(
    link: CanLink, bus: Nothing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await link.open()
    say(bus, 0x40, bytes(8), error=True)
    say(bus, 0x100, bytes(8), error=True)
    await asyncio.sleep(0.15)
    say(bus, 0x40, bytes(8), error=True)
    say(bus, 0x351)
    await asyncio.sleep(0.15)
    assert link.state is CanState.ACTIVE
    assert bus.opened == 1


async def test_many_errors_are_told_until_there_are_fewer(link: CanLink, bus: Nothing) -> None:
    await link.open()
    say(bus, 0x04, bytes((0, 0x20)), error=True)
    await until(lambda: link.state is CanState.PASSIVE)
    say(bus, 0x04, bytes((0, 0x40)), error=True)
    await until(lambda: link.state is CanState.ACTIVE)


@pytest.mark.parametrize("fewer", [0x04, 0x08, 0x0C])
async def test_a_controller_that_only_warns_again_is_no_longer_passive(link: CanLink, bus: Nothing, fewer: int) -> None:
    await link.open()
    say(bus, 0x04, bytes((0, 0x10)), error=True)
    await until(lambda: link.state is CanState.PASSIVE)
    # That its buffer ran over says nothing of the bus.
    say(bus, 0x04, bytes((0, 0x01)), error=True)
    await until(lambda: link.statistics.error_frames == 2)
    assert link.state is CanState.PASSIVE
    say(bus, 0x04, bytes((0, fewer)), error=True)
    await until(lambda: link.state is CanState.ACTIVE)


async def test_the_counters_of_the_controller_are_told(link: CanLink, bus: Nothing) -> None:
    await link.open()
    assert (link.shown()["transmit_errors"], link.shown()["receive_errors"]) == (None, None)
    # Without the class that announces them, these bytes may hold anything.
    say(bus, 0x04, bytes((0, 0x20, 0, 0, 0, 0, 99, 99)), error=True)
    say(bus, 0x204, bytes((0, 0x20, 0, 0, 0, 0, 136, 5)), error=True)
    await until(lambda: link.statistics.error_frames == 2)
    assert (link.shown()["transmit_errors"], link.shown()["receive_errors"]) == (136, 5)


async def test_a_controller_that_was_passive_before_it_was_opened_is_found_so(link: CanLink, bus: Nothing) -> None:
    states = []
    link.on_state(states.append)
    await link.look()
    assert link.state is CanState.CLOSED
    await link.open()
    await link.look()
    assert link.state is CanState.ACTIVE
    for state, seen in (("passive", CanState.PASSIVE), ("stopped", CanState.PASSIVE), ("warning", CanState.ACTIVE)):
        bus.kernel = LinkDetails(index=7, up=True, kind="can", state=state, errors=(130, 2))
        await link.look()
        assert link.state is seen
    assert link.shown()["transmit_errors"] == 130
    assert states == [CanState.ACTIVE, CanState.PASSIVE, CanState.ACTIVE]
    bus.kernel = LinkDetails(index=7, up=True, kind="can", state="passive")
    await link.look()
    bus.lose(OSError("pulled out"))
    await until(lambda: link.reconnects)
    assert link.state is CanState.ACTIVE
    assert link.shown()["transmit_errors"] is None


# --- Closing ---------------------------------------------------------------------------------------------------------


async def test_nothing_of_a_closed_link_lingers(link: CanLink, bus: Nothing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that had not been passed on, and a wait for a controller, kept a closed link alive."""
    for name in ("FLUSH_EVERY", "BUS_OFF_FOR"):
        monkeypatch.setattr(link_module, name, 60.0)
    tasks = asyncio.all_tasks()
    heard = []
    link.subscribe(heard.append)
    await link.open()
    say(bus, 0x40, bytes(8), error=True)
    await asyncio.sleep(0)
    link._flush()
    say(bus, 0x351)
    await until(lambda: len(left_behind()) == 2)
    await link.close()
    # Its reader may have heard one more while it ended.
    say(bus, 0x355)
    await asyncio.sleep(0.05)
    assert left_behind() == []
    assert asyncio.all_tasks() == tasks
    assert heard == []


async def test_a_capture_ends_with_its_link(link: CanLink, bus: Nothing) -> None:
    capturing = asyncio.ensure_future(link.capture(3600))
    await until(lambda: bus.opened)
    say(bus, 0x351)
    await until(lambda: link.statistics.received)
    await link.close()
    async with asyncio.timeout(5):
        assert " 351#" in await capturing


# --- Sending only what nobody else does ------------------------------------------------------------------------------


async def test_an_identifier_of_somebody_else_is_never_sent(link: CanLink, bus: Nothing) -> None:
    await link.open()
    say(bus, 0x355)
    await until(lambda: link.statistics.received)
    with pytest.raises(CanLinkError) as refused:
        await link.claim({0x351, 0x355}, seconds=0.2)
    assert (refused.value.key, refused.value.placeholders) == ("can_ids_in_use", {"ids": "355"})
    claim = await link.claim({0x351}, seconds=0.0)
    claim.send(LIMITS)
    await until(lambda: bus.sent)
    assert bus.sent == [LIMITS]


async def test_it_listens_before_it_sends(link: CanLink, bus: Nothing) -> None:
    claiming = asyncio.ensure_future(link.claim({0x351}, seconds=0.3))
    await asyncio.sleep(0.1)
    assert not claiming.done()
    say(bus, 0x351)
    with pytest.raises(CanLinkError, match="351"):
        await claiming
    await asyncio.sleep(0.5)
    # What was listened before counts.
    claim = await link.claim({0x351}, seconds=0.3)
    assert claim.contested == frozenset()


async def test_a_loss_while_it_listens_ends_that(link: CanLink, bus: Nothing) -> None:
    claiming = asyncio.ensure_future(link.claim({0x351}, seconds=2))
    await until(lambda: bus.opened)
    await asyncio.sleep(0.05)
    bus.trouble = CanLinkError("cannot_connect", "gone")
    bus.lose(OSError("gone"))
    with pytest.raises(CanLinkError, match="gone"):
        await claiming


async def test_somebody_who_comes_later_silences_us(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x351, 0x355}, seconds=0)
    claim.send(LIMITS)
    await until(lambda: bus.sent)
    say(bus, 0x355)
    await until(lambda: claim.contested)
    assert claim.contested == {0x355}
    for frame in (LIMITS, CanFrame(id=0x355)):
        with pytest.raises(CanLinkError, match="355"):
            claim.send(frame)
    assert len(bus.sent) == 1
    claim.release()
    with pytest.raises(CanLinkError):
        await link.claim({0x355}, seconds=0.3)


async def test_what_is_refused_is_remembered_for_a_while(bus: Nothing) -> None:
    clock = Clock(asyncio.get_running_loop().time())
    link = CanLink(PARAMS, bus=bus, clock=clock)
    claim = await link.claim({0x351, 0x355}, seconds=0)
    assert link.refused == frozenset()
    say(bus, 0x355)
    await until(lambda: claim.contested)
    assert link.refused == {0x355}
    claim.release()
    say(bus, 0x356)
    await until(lambda: 0x356 in link.statistics.ids)
    with pytest.raises(CanLinkError):
        await link.claim({0x356}, seconds=30)
    assert link.shown()["refused"] == ["355", "356"]
    clock.now += 100
    assert link.refused == frozenset()
    assert link.shown()["refused"] == []
    await link.close()


async def test_who_gives_way_is_in_no_trouble(link: CanLink, bus: Nothing) -> None:
    """Whoever asks a battery, its answers are heard: that is nothing to call a person for."""
    claim = await link.claim({EXTENDED | 0x14000201}, seconds=0, yields=True)
    say(bus, EXTENDED | 0x14000201)
    await until(lambda: claim.contested)
    claim.release()
    with pytest.raises(CanLinkError):
        await link.claim({EXTENDED | 0x14000201}, seconds=5, yields=True)
    assert link.refused == frozenset()


async def test_rate_and_load_are_those_of_the_last_whole_seconds(bus: Nothing) -> None:
    clock = Clock(1000.0)
    link = CanLink(PARAMS, bus=bus, clock=clock)
    await link.open()
    for second in range(30):
        for part in range(4):
            bus.hear(CanFrame(id=0x351, data=bytes(8), time=1000.0 + second + part / 4))
    await until(lambda: link.statistics.received == 120)
    clock.now = 1030.0
    assert link.rate == 4.0
    assert link.load == pytest.approx(100 * 4 * 123 / 500000, rel=0.1)
    # It does not sink while a second is only half over.
    clock.now = 1030.9
    assert link.rate == 4.0
    clock.now = 1035.0
    assert link.rate == 2.0
    clock.now = 1041.0
    assert link.rate == link.load == 0.0
    await link.close()


async def test_only_what_was_claimed_is_sent_and_by_one_alone(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x351}, seconds=0)
    with pytest.raises(CanLinkError) as refused:
        claim.send(CanFrame(id=0x355))
    assert refused.value.key == "can_not_claimed"
    with pytest.raises(CanLinkError) as refused:
        await link.claim({0x351, 0x356}, seconds=0)
    assert refused.value.key == "can_ids_in_use"
    claim.release()
    claim.release()
    with pytest.raises(CanLinkError):
        claim.send(LIMITS)
    await link.claim({0x351}, seconds=0)
    assert bus.sent == []


async def test_a_bus_that_is_only_listened_to_is_never_sent_to(bus: Nothing) -> None:
    link = CanLink(CanParams(interface=Interface.VIRTUAL, channel="x", listen_only=True), bus=bus)
    with pytest.raises(CanLinkError) as refused:
        await link.claim({0x351}, seconds=0)
    assert refused.value.key == "can_listen_only"
    await link.close()


async def test_the_newest_frame_of_an_identifier_is_sent(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x351, 0x355}, seconds=0)
    for number in range(5):
        claim.send(CanFrame(id=0x351, data=bytes((number,))))
    claim.send(CanFrame(id=0x355))
    assert await claim.drained()
    assert [(frame.id, frame.data) for frame in bus.sent] == [(0x351, b"\x04"), (0x355, b"")]
    assert link.shown()["sent"] == 2


async def test_a_silent_bus_is_rested_from_and_a_frame_heard_ends_that(
    link: CanLink, bus: Nothing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(can_sender, "SILENT_FOR", 60.0)
    link = CanLink(PARAMS, bus=bus)
    bus.refusal = full()
    claim = await link.claim({0x351, 0x355}, seconds=0)
    claim.send(LIMITS)
    await until(lambda: link.state is CanState.SILENT)
    claim.send(CanFrame(id=0x351, data=b"\x01"))
    assert not await claim.drained(0.05)
    bus.refusal = None
    say(bus, 0x305)
    assert await claim.drained()
    # What was newest when somebody was there is sent, and not what had waited.
    assert [frame.data for frame in bus.sent] == [b"\x01"]
    assert link.state is CanState.ACTIVE
    await link.close()


async def test_it_tries_again_by_itself_and_what_left_is_not_sent_twice(link: CanLink, bus: Nothing) -> None:
    bus.refusal, bus.taken = full(), 1
    claim = await link.claim({0x351, 0x355}, seconds=0)
    claim.send(LIMITS)
    claim.send(CanFrame(id=0x355))
    await until(lambda: bus.sent)
    bus.refusal = None
    await until(lambda: len(bus.sent) == 2)
    assert [frame.id for frame in bus.sent] == [0x351, 0x355]
    assert link.state is CanState.ACTIVE


async def test_what_waited_too_long_is_never_sent(bus: Nothing) -> None:
    """What a frame says may have been taken back since."""
    clock = Clock()
    link = CanLink(PARAMS, bus=bus, clock=clock)
    claim = await link.claim({0x351}, seconds=0)
    bus.refusal = full()
    claim.send(LIMITS)
    await until(lambda: link.state is CanState.SILENT)
    clock.now += 5
    bus.refusal = None
    say(bus, 0x305)
    await until(lambda: link.shown()["unsent"])
    assert bus.sent == []
    await link.close()


async def test_a_bus_that_is_gone_is_opened_anew_and_nothing_old_is_sent(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x351}, seconds=0)
    bus.refusal = gone()
    claim.send(LIMITS)
    await until(lambda: bus.opened == 2)
    await until(lambda: link.state is CanState.ACTIVE)
    bus.refusal = None
    assert bus.sent == []
    claim.send(LIMITS)
    await until(lambda: bus.sent)


async def test_closing_ends_what_waits_for_a_silent_bus(bus: Nothing) -> None:
    link = CanLink(PARAMS, bus=bus)
    bus.refusal = full()
    claim = await link.claim({0x351}, seconds=0)
    claim.send(LIMITS)
    await until(lambda: link.state is CanState.SILENT)
    await link.close()
    assert bus.sent == []
    assert link.state is CanState.CLOSED


async def test_what_is_handed_over_while_the_bus_is_away_is_dropped(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x351}, seconds=0)
    bus.trouble = CanLinkError("cannot_connect", "gone")
    bus.lose(OSError("gone"))
    await until(lambda: bus.closed)
    claim.send(LIMITS)
    await until(lambda: link.shown()["unsent"] == 1)
    assert bus.sent == []


def test_our_own_echo_is_told_from_another_node() -> None:
    echoes = Echoes()
    echoes.sent(LIMITS, 1.0)
    frame = CanFrame(id=0x351, data=bytes(8), time=1.1)
    assert echoes.ours(frame)
    assert not echoes.ours(frame)
    echoes.sent(LIMITS, 2.0)
    assert not echoes.ours(CanFrame(id=0x351, data=bytes(8), time=9.0))
    echoes.sent(LIMITS, 10.0)
    assert not echoes.ours(CanFrame(id=0x351, data=b"\x01", time=10.1))


def test_an_echo_is_ours_although_the_same_frame_of_a_second_ago_is_forgotten_meanwhile() -> None:
    """Frames that do not change come once a second: forgetting one that had its echo took the next one's with it."""
    echoes = Echoes()
    echoes.sent(LIMITS, 1.0)
    assert echoes.ours(CanFrame(id=0x351, data=bytes(8), time=1.01))
    echoes.sent(LIMITS, 1.999)
    assert echoes.ours(CanFrame(id=0x351, data=bytes(8), time=2.001))
    assert not echoes.ours(CanFrame(id=0x351, data=bytes(8), time=2.002))


# --- Captures and settings -------------------------------------------------------------------------------------------


async def test_a_capture_is_what_passed_with_our_own_frames(link: CanLink, bus: Nothing) -> None:
    claim = await link.claim({0x305}, seconds=0)
    capturing = asyncio.ensure_future(link.capture(0.3))
    await asyncio.sleep(0.05)
    say(bus, 0x351, b"\x01\x02")
    say(bus, 0x80000000 | 0x18FF1234)
    say(bus, 0x04, bytes(8), error=True)
    claim.send(CanFrame(id=0x305, data=bytes(8)))
    text = await capturing
    frames = [parse_candump(line) for line in text.splitlines()]
    assert {frame.key for frame in frames if not frame.error} == {0x351, 0x98FF1234, 0x305}
    assert sum(frame.error for frame in frames) == 1
    assert frames[0].data == b"\x01\x02"
    assert all(frame.time > 1.6e9 for frame in frames)
    assert " made_of_nothing " in text


async def test_a_capture_does_not_grow_without_end(
    link: CanLink, bus: Nothing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(can_capture, "CAPTURE_MOST", 3)
    capturing = asyncio.ensure_future(link.capture(60))
    await until(lambda: bus.opened)
    for _ in range(9):
        say(bus, 0x351)
    assert len((await capturing).splitlines()) == 3


@pytest.mark.parametrize(
    ("data", "port"),
    [
        ({"interface": "socketcan", "channel": "can0", "bitrate": 250000, "listen_only": True}, 0),
        ({"interface": "slcan", "channel": "socket://192.0.2.7:20001"}, 0),
        ({"interface": "socketcand", "channel": "can0", "host": "192.0.2.7"}, 29536),
        ({"interface": "udp_multicast", "channel": "239.1.2.3"}, 43113),
        ({"interface": "gs_usb", "channel": "0", "name of a later version": 1}, 0),
        ({"interface": "socketcan", "channel": "can0", "bitrate": 500000.0}, 0),
    ],
)
def test_settings_survive_a_config_entry(data: dict, port: int) -> None:
    params = params_from_data(data)
    assert params.port == port
    assert params_from_data(params.data) == params
    assert params.key.startswith(data["interface"])


@pytest.mark.parametrize(
    ("data", "key", "field"),
    [
        ({"interface": "kvaser", "channel": "0"}, "can_unknown_interface", "interface"),
        ({"channel": "can0"}, "can_unknown_interface", "interface"),
        ({"interface": "socketcan", "channel": ""}, "can_channel_missing", "channel"),
        ({"interface": "socketcand", "channel": "can0"}, "can_host_missing", "host"),
        ({"interface": "gs_usb", "channel": "can0"}, "can_no_number", "channel"),
        ({"interface": "slcan", "channel": "/dev/x", "bitrate": 33333}, "can_bitrate", "bitrate"),
        ({"interface": "socketcan", "channel": "can0", "bitrate": 5}, "can_bitrate", "bitrate"),
        ({"interface": "udp_multicast", "channel": "x", "port": 99999}, "can_port", "port"),
        ({"interface": "slcan", "channel": "/dev/x", "baudrate": 0}, "can_baudrate", "baudrate"),
        ({"interface": "socketcan"}, "can_channel_missing", "channel"),
        ({"interface": "socketcan", "channel": 0}, "dbc_not_readable", "channel"),
        ({"interface": "socketcan", "channel": "can0", "bitrate": None}, "dbc_not_readable", "bitrate"),
        ({"interface": "socketcan", "channel": "can0", "port": True}, "dbc_not_readable", "port"),
        ({"interface": "socketcan", "channel": "can0", "listen_only": "no"}, "dbc_not_readable", "listen_only"),
    ],
)
def test_settings_that_cannot_be_are_told(data: dict, key: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        params_from_data(data)
    assert (refused.value.key, refused.value.field) == (key, field)


def test_the_same_bus_has_the_same_key_whatever_its_settings() -> None:
    one = params_from_data({"interface": "socketcan", "channel": "can0", "bitrate": 250000})
    other = params_from_data({"interface": "socketcan", "channel": "can0", "listen_only": True})
    assert one.key == other.key
    assert one.key != params_from_data({"interface": "socketcan", "channel": "can1"}).key


def test_a_claim_is_made_by_a_link_alone() -> None:
    claim = CanClaim((), None, lambda _: None)  # type: ignore[arg-type]
    with pytest.raises(CanLinkError):
        claim.send(LIMITS)
