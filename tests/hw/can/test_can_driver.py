"""A device on CAN is read from what was heard, asked only where that is allowed, and missed when it is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from custom_components.home_bms.hw import can as link_module
from custom_components.home_bms.hw import can_bus, can_driver, can_probe
from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_devices import CAN_DEVICES
from custom_components.home_bms.hw.can_driver import CanDriver
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.can_probe import async_probe
from custom_components.home_bms.hw.driver import Capability, DriverError

from ..clock import Clock
from .buses import PARAMS, Nothing, SlcanStick, until
from .speech import BATRIUM, PYTES, daly, frames, jk, nmea2000, orion

CELLS = tuple(3.281 + 0.001 * index for index in range(16))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can_bus, "SETTLE", 0.0)
    monkeypatch.setattr(can_driver, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(can_driver, "POLL_SPACING", 0.01)
    monkeypatch.setattr(link_module, "FLUSH_EVERY", 0.0)
    monkeypatch.setattr(link_module, "BACK_OFF", 0.05)


@pytest.fixture
def bus() -> Nothing:
    return Nothing()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def read(bus: Nothing, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., CanDriver]]:
    """Make drivers whose time passes with each look of theirs."""
    link = CanLink(PARAMS, bus=bus, clock=clock)
    drivers: list[CanDriver] = []

    class Passing:
        """asyncio for the driver and the link alone: while they wait, the clock goes on."""

        def __getattr__(self, name: str) -> object:
            return getattr(asyncio, name)

        async def sleep(self, _: float) -> None:
            clock.now += 0.2
            await asyncio.sleep(0.001)

    for module in (can_driver, link_module):
        monkeypatch.setattr(module, "asyncio", Passing())

    def make(key: str, **options: object) -> CanDriver:
        driver = CanDriver(CAN_DEVICES[key], link, clock=clock, **options)
        drivers.append(driver)
        return driver

    yield make
    for driver in drivers:
        await driver.async_close()
    await link.close()


def say(bus: Nothing, clock: Clock, *lines: str) -> None:
    for frame in frames(*lines, time=clock.now):
        bus.hear(frame)


async def settle() -> None:
    """Let the loop pass on what was heard."""
    for _ in range(3):
        await asyncio.sleep(0.001)


async def identified(driver: CanDriver, bus: Nothing, clock: Clock, *lines: str) -> None:
    """Let a device speak while it is looked for."""
    looking = asyncio.ensure_future(driver.async_identify())
    await until(lambda: bus.opened)
    await settle()
    while not looking.done():
        say(bus, clock, *lines)
        await settle()
    await looking


async def test_a_pack_is_read_from_what_was_heard(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_pylontech")
    with pytest.raises(DriverError):
        _ = driver.info
    await identified(driver, bus, clock, *PYTES)
    assert driver.info.manufacturer == "PYTES"
    assert driver.capabilities is Capability.NONE
    say(bus, clock, *PYTES)
    await settle()
    clock.now += 0.7
    reading = await driver.async_read()
    assert (reading.time, reading.current_time) == (clock.now, pytest.approx(clock.now - 0.7))
    assert (reading.voltage, reading.current, reading.soc) == (52.62, -0.7, 51)
    # The limits that the pack asks for are shown, and no part of a reading.
    assert driver.shown()["ccl"] == 100.0
    assert driver.shown()["cvl"] == 56.8
    await driver.async_apply(None)  # type: ignore[arg-type]
    await driver.async_release()
    assert bus.sent == []


async def test_the_first_read_looks_for_the_device(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_jk", inverted=True)
    reading = asyncio.ensure_future(driver.async_read())
    await until(lambda: bus.opened)
    await settle()
    while not reading.done():
        say(bus, clock, *jk(CELLS))
        await settle()
    told = await reading
    assert told.cells == pytest.approx(CELLS)
    # Turned round, as the user has said.
    assert told.current == pytest.approx(12.5)


async def test_a_device_that_is_not_there_is_told(read) -> None:
    driver = read("can_pylontech")
    assert driver.shown() == {}
    assert driver.nodes == frozenset()
    with pytest.raises(DriverError) as missing:
        await driver.async_identify()
    assert missing.value.key == "no_answer"
    assert driver.broken == 0


async def test_one_that_falls_silent_does_not_answer(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_pylontech")
    await identified(driver, bus, clock, *PYTES)
    clock.now += 4
    assert (await driver.async_read()).soc == 51
    clock.now += 4
    # What the inverter says is no sign of life.
    say(bus, clock, "305 0000000000000000")
    await settle()
    with pytest.raises(DriverError) as silent:
        await driver.async_read()
    assert silent.value.key == "no_answer"
    say(bus, clock, *PYTES)
    await settle()
    assert (await driver.async_read()).soc == 51


async def test_a_lost_bus_is_told_as_such(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_pylontech")
    await identified(driver, bus, clock, *PYTES)
    bus.trouble = CanLinkError("cannot_connect", "the stick was pulled out")
    bus.lose(OSError("gone"))
    await until(lambda: bus.closed)
    with pytest.raises(DriverError) as lost:
        await driver.async_read()
    assert lost.value.key == "cannot_connect"


async def test_two_packs_that_tell_different_serial_numbers_are_not_one(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_pylontech")

    def serial(text: bytes) -> tuple[str, str]:
        return f"380 {text[:8].hex()}", f"381 {text[8:].hex() or '00'}"

    await identified(driver, bus, clock, *PYTES, *serial(b"AB123456789"))
    assert driver.info.serial_number == "AB123456789"
    say(bus, clock, *PYTES, *serial(b"CD999999999"))
    await settle()
    with pytest.raises(DriverError) as changed:
        await driver.async_read()
    assert changed.value.key == "identity_changed"


async def test_what_cannot_be_such_a_device_is_nonsense(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_nmea2000")
    with pytest.raises(DriverError) as odd:
        await identified(driver, bus, clock, *nmea2000(kind=3))
    assert odd.value.key == "nonsense"


async def test_the_lowest_of_several_is_read_unless_one_is_named(read, bus: Nothing, clock: Clock) -> None:
    lowest, named, base = read("can_daly"), read("can_daly", node=2), read("can_batrium", node=0x600)
    lines = (*daly(CELLS, node=3), *daly(CELLS[:8], node=2), *(f"6{line[1:]}" for line in BATRIUM))
    for driver, cells in ((lowest, 8), (named, 8), (base, None)):
        await identified(driver, bus, clock, *lines)
        assert driver.info.cells == cells
    assert (lowest.node, lowest.nodes) == (2, {2, 3})
    assert (named.node, named.nodes) == (2, {2})
    assert base.info.serial_number == "12345"


async def test_a_stray_frame_that_looks_like_another_of_its_kind_is_not_waited_for(
    read, bus: Nothing, clock: Clock
) -> None:
    """A frame of nobody's, heard first while the device was looked for, was taken for it until the next start."""
    driver = read("can_jk")
    looking = asyncio.ensure_future(driver.async_identify())
    await until(lambda: bus.opened)
    say(bus, clock, "7FF 0000000000000000")
    await until(lambda: driver.nodes)
    assert driver.nodes == {11}
    await until(lambda: driver.node == 11)
    say(bus, clock, *jk(CELLS))
    assert (await looking).cells == 16
    assert driver.node == 0


async def test_broken_frames_are_counted(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_orion")
    await identified(driver, bus, clock, *orion(CELLS))
    say(bus, clock, "036 0080E80000000000")
    await settle()
    assert driver.broken == 1


async def test_a_closed_driver_hears_nothing_more(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_pylontech")
    await identified(driver, bus, clock, *PYTES)
    await driver.async_close()
    before = driver.shown()
    say(bus, clock, "355 0A006400")
    await settle()
    assert driver.shown() == before


# --- Asking ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_asked_without_permission(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_daly")
    await identified(driver, bus, clock, *daly(CELLS))
    await driver.async_read()
    assert bus.sent == []
    assert not driver.contested


async def test_a_board_is_asked_for_everything_each_second_and_for_its_rating_now_and_then(
    read, bus: Nothing, clock: Clock
) -> None:
    driver = read("can_daly", polling=True)
    clock.now += 10
    await identified(driver, bus, clock, *daly(CELLS))
    await until(lambda: len({frame.id for frame in bus.sent}) == 10)
    bus.sent.clear()
    for second in range(3):
        clock.now += 1.0
        say(bus, clock, *daly(CELLS))
        await settle()
        await driver.async_read()
        sent = 9 * (second + 1)
        await until(lambda sent=sent: len(bus.sent) >= sent)
    asked = [frame.id for frame in bus.sent]
    assert asked.count(0x18900140) == 3
    assert asked.count(0x18980140) == 3
    assert 0x18500140 not in asked
    assert {frame.data for frame in bus.sent} == {bytes(8)}


async def test_a_bus_with_a_master_is_only_listened_to(read, bus: Nothing, clock: Clock) -> None:
    driver = read("can_daly", polling=True)
    await identified(driver, bus, clock, "18900140 0000000000000000", *daly(CELLS))
    assert driver.contested
    assert bus.sent == []
    # The master is gone: after a while it asks itself.
    clock.now += 20
    say(bus, clock, *daly(CELLS))
    await settle()
    await driver.async_read()
    assert not driver.contested
    await until(lambda: bus.sent)
    # And it is back.
    say(bus, clock, "18900140 0000000000000000", *daly(CELLS))
    await settle()
    await driver.async_read()
    assert driver.contested


async def test_a_bus_that_may_only_be_listened_to_is_told_where_asking_is_wanted(bus: Nothing, clock: Clock) -> None:
    link = CanLink(CanParams(interface=Interface.VIRTUAL, channel="x", listen_only=True), bus=bus, clock=clock)
    driver = CanDriver(CAN_DEVICES["can_daly"], link, polling=True, clock=clock)
    with pytest.raises(DriverError) as refused:
        await driver.async_identify()
    assert refused.value.key == "can_listen_only"
    await driver.async_close()
    await link.close()


async def test_a_board_behind_a_serial_adapter_answers(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: driver, link, python-can, LAWICEL text, pseudo terminal, and back."""
    monkeypatch.setattr(link_module, "CLAIM_AFTER", 0.0)
    stick = SlcanStick()
    answers = {frame.id: [] for frame in frames(*daly(CELLS))}
    for frame in frames(*daly(CELLS)):
        answers[frame.id].append(frame)
    asked: list[int] = []

    async def board() -> None:
        done = 0
        while True:
            for line in stick.lines[done:]:
                if line.startswith("T18") and line[5:9] == "0140":
                    what = int(line[3:5], 16)
                    asked.append(what)
                    for frame in answers[0x18004001 | what << 16]:
                        stick.say(frame)
            done = len(stick.lines)
            await asyncio.sleep(0.01)

    answering = asyncio.ensure_future(board())
    link = CanLink(CanParams(interface=Interface.SLCAN, channel=stick.path, bitrate=250000))
    driver = CanDriver(CAN_DEVICES["can_daly"], link, polling=True)
    # Nobody else is there, so there is nothing to listen for.
    claim = link.claim
    monkeypatch.setattr(link, "claim", lambda keys, **more: claim(keys, seconds=0.0, **more))
    try:
        info = await driver.async_identify()
        assert (info.cells, info.capacity) == (16, 280.0)
        reading = await driver.async_read()
        assert reading.cells == pytest.approx(CELLS)
        assert reading.current == -12.5
        assert {0x90, 0x95, 0x98} <= set(asked)
        stick.pull_out()
        await until(lambda: link.state is CanState.LOST)
        with pytest.raises(DriverError):
            await driver.async_read()
    finally:
        answering.cancel()
        await driver.async_close()
        await link.close()
        stick.close()


# --- Looking around --------------------------------------------------------------------------------------------------


class Town:
    """A bus whose nodes speak at one bit rate; at others the controller sees errors."""

    def __init__(self, bitrate: int, *lines: str) -> None:
        self.bitrate = bitrate
        self.lines = lines
        self.tried: list[tuple[int, bool]] = []

    def link(self, params: CanParams) -> CanLink:
        bus = Nothing()
        self.tried.append((params.bitrate, params.listen_only))

        def make(given: CanParams, hear, lose, clock) -> Nothing:
            if params.bitrate == 1000000:
                raise CanLinkError("can_bitrate_in_use", "somebody else uses it so")
            made = bus(given, hear, lose, clock)
            lines = self.lines if params.bitrate == self.bitrate else ()
            for frame in frames(*lines, time=clock()) or [CanFrame(id=0x80, error=True, time=clock())]:
                hear(frame)
            return made

        return CanLink(params, bus=make)


CAN0 = CanParams(interface=Interface.SOCKETCAN, channel="can0", bitrate=500000)


async def test_the_bit_rate_is_found_by_listening_alone() -> None:
    town = Town(250000, *daly(CELLS))
    found = await async_probe(CAN0, CAN_DEVICES["can_daly"].bitrates, 0.1, link=town.link)
    assert found.params == CanParams(**{**CAN0.data, "interface": Interface.SOCKETCAN, "bitrate": 250000})
    assert [device.key for device in found.devices] == ["can_daly"]
    assert town.tried == [(500000, True), (250000, True)]
    assert EXTENDED | 0x18904001 in found.keys


async def test_a_bus_on_which_nobody_speaks_is_found_silent() -> None:
    town = Town(125000)
    found = await async_probe(CAN0, (1000000, 250000), 0.05, link=town.link)
    assert (found.params, found.devices, found.keys) == (CAN0, (), frozenset())
    assert found.error_frames == 1
    with pytest.raises(CanLinkError):
        await async_probe(CanParams(**{**CAN0.data, "interface": Interface.SOCKETCAN, "bitrate": 1000000}), (), 0.05,
                          link=town.link)  # fmt: skip


async def test_where_the_bit_rate_is_set_elsewhere_one_look_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can_probe, "FRAMES_MOST", 4)
    town = Town(500000, *PYTES)
    there = CanParams(interface=Interface.SOCKETCAND, channel="can0", host="192.0.2.1", port=1)
    found = await async_probe(there, (250000,), 0.1, link=town.link)
    assert town.tried == [(500000, True)]
    assert [device.key for device in found.devices] == ["can_pylontech"]
