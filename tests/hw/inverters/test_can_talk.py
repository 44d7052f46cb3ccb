"""What inverters say on the bus is heard, shown and answered; what they ask the battery to do is not done for that."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of
from custom_components.home_bms.hw.inverters.can_protocol import Heard
from custom_components.home_bms.hw.inverters.inverter import Ability
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS

from .banks import HOME, STACK
from .can_bench import Bench, bench, currents, until

KEEPALIVE = CanFrame(id=0x305, data=bytes(8))


@pytest.fixture
async def bus() -> AsyncIterator[Bench]:
    async with bench() as found:
        yield found


async def test_a_sunny_island_tells_what_it_measures(bus: Bench) -> None:
    link = bus.told_to("sma")
    assert link.abilities & Ability.MEASURES
    await link.async_identify()
    # 53.2 V, -20.0 A while charging; a warning with its number, charging to 55.2 V.
    await bus.say(
        CanFrame(id=0x305, data=bytes.fromhex("140238FFFA006402")),
        CanFrame(id=0x306, data=bytes.fromhex("64000A03B8032802")),
    )
    await until(lambda: link.heard.cvl)
    reading = await link.async_read()
    assert (reading.voltage, reading.current, reading.power) == (53.2, 20.0, 1064.0)
    assert reading.accepted.cvl == 55.2
    assert reading.alarms == {"error_952"}
    await bus.say(
        CanFrame(id=0x306, data=bytes.fromhex("64000A010000FFFF")), CanFrame(id=0x305, data=b"\xff\xff\x00\x80\0\0\0\0")
    )
    await until(lambda: link.heard.voltage is None)
    reading = await link.async_read()
    assert (reading.current, reading.accepted.cvl, reading.alarms) == (None, None, frozenset())
    await link.async_release()


async def test_a_request_to_shut_down_is_shown_and_not_done(bus: Bench) -> None:
    link = bus.told_to("luxpower")
    await link.async_tell(HOME, None)
    await bus.say(CanFrame(id=0x300, data=b"\x01" + bytes(7)))
    await until(lambda: link.heard.requests)
    assert (await link.async_read()).alarms == {"shut_down"}
    bus.frames.clear()
    await until(lambda: bus.of(0x351))
    assert currents(bus.of(0x351)[-1]) == (120.0, 200.0)
    await bus.say(CanFrame(id=0x300, data=bytes(8)), KEEPALIVE)
    await until(lambda: not link.heard.requests)
    await link.async_release()


async def test_orders_to_a_stack_are_shown(bus: Bench) -> None:
    growatt, stack = bus.told_to("growatt_hv"), bus.told_to("pylontech_hv")
    for one in (growatt, stack):
        await one.async_identify()
    await bus.say(frame_of(0x3020 | EXTENDED, bytes.fromhex("AA00000000AA00AA")))
    await until(lambda: growatt.heard.requests == {"charge", "wake"})
    await bus.say(
        frame_of(0x8201 | EXTENDED, b"\xaa" + bytes(7)),
        frame_of(0x8211 | EXTENDED, b"\x00\xaa" + bytes(6)),
        # Of another battery.
        frame_of(0x8202 | EXTENDED, b"\x55" + bytes(7)),
    )
    await until(lambda: stack.heard.requests == {"wake", "discharge"})
    await bus.say(frame_of(0x8201 | EXTENDED, b"\x55" + bytes(7)), frame_of(0x8211 | EXTENDED, bytes(8)))
    await until(lambda: stack.heard.requests == {"sleep"})
    for one in (growatt, stack):
        await one.async_release()


async def test_solax_is_told_of_a_closed_contactor_only_where_there_is_one(bus: Bench) -> None:
    link = bus.told_to("solax")
    await link.async_tell(STACK, None)
    # It listens first.
    await asyncio.sleep(0.3)

    async def answers(poll: str, *expected: int) -> None:
        """Ask, and wait for the answer, which is this and nothing more."""
        bus.frames.clear()
        await bus.say(frame_of(0x1871 | EXTENDED, bytes.fromhex(poll)))
        await until(lambda: len(bus.frames) >= len(expected))
        await asyncio.sleep(0.1)
        assert [frame.id for frame in bus.frames] == list(expected)

    status, closing, opening = "0100010000000000", "0200010001000000", "0200010000000000"
    data, announce = range(0x1872, 0x1879), 0x100A001
    await answers(status, *data, announce)
    assert bus.of(0x1875)[-1][4] == 0
    # It says once that it closes, and is closed only then.
    await answers(closing, 0x1801, *data)
    assert bus.of(0x1875)[-1][4] == 1
    assert (await link.async_read()).alarms == {"close_contactor"}
    await answers(closing, *data)
    await answers(status, *data)
    await answers("0500010000000000", 0x1881, 0x1882)
    await answers("0900000000000000")
    # Packs that have left the bus by home_bms's decision are told, whatever the inverter wants.
    await link.async_tell(replace(STACK, packs=0), None)
    await answers(closing, *data)
    assert bus.of(0x1875)[-1][4] == 0
    await link.async_tell(STACK, None)
    await answers(opening, *data, announce)
    assert bus.of(0x1875)[-1][4] == 0
    await link.async_release()


def test_solax_begins_anew_after_a_pause() -> None:
    protocol = CAN_PROTOCOLS["solax"]
    closing = replace(frame_of(0x1871 | EXTENDED, bytes.fromhex("0200010001000000")), time=10.0)
    first = protocol.hear(closing, Heard(), protocol.options())
    assert first.asked == ("closing", "data")
    assert protocol.hear(replace(closing, time=11.0), first.heard, protocol.options()).asked == ("data",)
    assert protocol.hear(replace(closing, time=14.0), first.heard, protocol.options()).asked == ("closing", "data")
    absent = replace(STACK, packs=0)
    (row,) = [row for row in protocol.rows(protocol.options()) if row.name == "closing"]
    assert row.encode(absent, protocol.options()) is None


@given(key=st.integers(0, 40), size=st.binary(max_size=8), before=st.booleans())
def test_no_frame_of_an_inverter_breaks_anything(key: int, size: bytes, before: bool) -> None:
    for protocol in CAN_PROTOCOLS.values():
        keys = sorted(protocol.listens)
        frame = frame_of(keys[key % len(keys)], size, time=5.0)
        heard = Heard(time=4.0, requests=frozenset({"close_contactor"})) if before else Heard()
        answer = protocol.hear(frame, heard, protocol.options())
        assert answer.heard.time == 5.0
        questions: set[Any] = {row.asked for row in protocol.rows(protocol.options())}
        assert set(answer.asked) <= questions


async def test_nothing_is_sent_before_a_byd_or_growatt_inverter_has_spoken(bus: Bench) -> None:
    link = bus.told_to("byd_hvs")
    await link.async_tell(STACK, None)
    await asyncio.sleep(0.3)
    assert bus.frames == []
    await bus.say(CanFrame(id=0x151, data=b"\x00FRONIUS"))
    await until(lambda: bus.of(0x190) and len(bus.of(0x3D0)) == 4)
    # It says who it is first.
    assert [frame.id for frame in bus.frames[:8]] == [0x250, 0x290, 0x2D0, 0x3D0, 0x3D0, 0x3D0, 0x3D0, 0x110]
    bus.frames.clear()
    await bus.say(CanFrame(id=0x151, data=b"\x01" + bytes(7)), CanFrame(id=0x091, data=bytes.fromhex("0D80FF850000")))
    await until(lambda: len(bus.of(0x3D0)) == 4)
    reading = await link.async_read()
    # What its current means nobody has proven.
    assert (reading.voltage, reading.current, reading.power) == (345.6, None, None)
    bus.shift += 11
    assert (await link.async_read()).voltage is None
    await link.async_release()


async def test_a_stack_is_silent_until_it_is_asked(bus: Bench) -> None:
    link = bus.told_to("pylontech_hv")
    await link.async_tell(STACK, None)
    await asyncio.sleep(0.2)
    assert bus.frames == []
    await bus.say(frame_of(0x4200 | EXTENDED, bytes(8)))
    await until(lambda: bus.of(0x4291))
    assert [frame.id for frame in bus.frames] == [0x4211 + 0x10 * number for number in range(9)]
    bus.frames.clear()
    await bus.say(frame_of(0x4200 | EXTENDED, b"\x02" + bytes(7)))
    await until(lambda: bus.of(0x7341))
    assert [frame.id for frame in bus.frames] == [0x7311, 0x7321, 0x7331, 0x7341]
    bus.frames.clear()
    # Cells one by one, and nothing at all, are no questions.
    await bus.say(*(frame_of(0x4200 | EXTENDED, data) for data in (b"\x01", b"")))
    await asyncio.sleep(0.2)
    assert bus.frames == []
    await link.async_release()


async def test_a_stack_may_speak_unasked(bus: Bench) -> None:
    link = bus.told_to("pylontech_hv", unprompted=True)
    await link.async_tell(STACK, None)
    await until(lambda: bus.of(0x4221) and bus.of(0x7321))
    await link.async_release()


async def test_growatt_is_answered_and_told_even_when_it_asks_no_more(bus: Bench) -> None:
    link = bus.told_to("growatt_lv")
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x321))
    bus.frames.clear()
    await bus.say(CanFrame(id=0x301, data=bytes(8)))
    await until(lambda: bus.of(0x321))
    bus.frames.clear()
    await until(lambda: bus.of(0x311))
    await link.async_release()
