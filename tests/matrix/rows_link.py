"""Rows 1 to 13 and 71: what happens to the connection and to frames."""

from __future__ import annotations

import random

from homeassistant.components.modbus import async_get_temporary_unit

from custom_components.home_bms.helpers import link_params
from custom_components.home_bms.hw.frames import crc16
from custom_components.home_bms.hw.virtual import VirtualPack

from . import proxy
from .bench import Bench
from .checks import (
    ANSWERING,
    ANY_ALARM,
    ANY_TRIP,
    BEHIND_TIME,
    BOTH_OPEN,
    BROKEN,
    CELLS_HIDDEN,
    CELLS_SHOWN,
    CHARGE_CLOSED,
    FELL,
    FRESH,
    LOST,
    NO_CURRENT,
    PERMITTED,
    QUARTER,
    RAMPED,
    SHIFTED,
    SILENT,
    error,
    gone,
    issue,
    no_issue,
    stops,
    within,
)
from .proxy import Spoil
from .table import Act, Check, Row, Scene

STAGED = (
    "Staged by age (ADR 2): a quarter from 5 s, none from 10 s; a poll may fall just short of an age, so T s are T + 1"
    " polls."
)
TCP = Scene(wanted=60.0)
RTU = Scene(kind="rtu_over_tcp", wanted=60.0)
SERIAL_LINE = Scene(kind="serial", wanted=60.0)

LOSES = (within(6, QUARTER), within(11, NO_CURRENT), within(11, stops("communication_lost")))
RETURNS = (
    within(3, ANSWERING),
    within(6, gone("communication_lost")),
    within(6, PERMITTED),
    within(100, RAMPED),
)
NEVER = (SHIFTED, BROKEN)


def spoil(how: Spoil, count: int | None = None) -> Act:
    """Let the line do this to the device's answers, to the next `count` of them or until it is mended."""

    def act(bench: Bench) -> None:
        left = iter(range(count)) if count is not None else None

        async def some(line: proxy.Proxy, answer: bytes, send: proxy.Send) -> None:
            if left is not None and next(left, None) is None:
                line.spoil = None
                send(answer)
            else:
                await how(line, answer, send)

        bench.proxy.spoil = some

    return act


def sound(bench: Bench) -> None:
    """Let the line be as it should."""
    bench.proxy.spoil = None
    bench.proxy.refuses = False


def cut(bench: Bench) -> None:
    """Close every connection in the middle of an answer, and each new one too."""
    spoil(proxy.close_after(5))(bench)


def cut_and_sound(bench: Bench) -> None:
    """Close what still trickles; a new connection is sound."""
    sound(bench)
    bench.proxy.cut()


async def unplug(bench: Bench) -> None:
    assert bench.serial is not None
    await bench.serial.unplug()


async def plug(bench: Bench) -> None:
    assert bench.serial is not None
    await bench.serial.plug()


async def replug_another(bench: Bench) -> None:
    """Pull the adapter and plug another in its place, with another pack behind it."""
    await unplug(bench)
    await bench.poll(3)
    bench.inject("wrong_serial")
    await plug(bench)


async def replug_own(bench: Bench) -> None:
    await unplug(bench)
    bench.clear("wrong_serial")
    await bench.poll(3)
    await plug(bench)


async def every_length(bench: Bench) -> None:
    """Cut frames short, make them longer, send them twice, four polls of each."""
    for how in (proxy.truncate(), proxy.lengthen(), proxy.duplicate()):
        spoil(how)(bench)
        for _ in range(4):
            await bench.poll()
            assert not SHIFTED.holds(bench), bench.tell()
            assert not BROKEN.holds(bench), bench.tell()


def other_unit(answer: bytes) -> bytes:
    """Return a Modbus TCP answer as another unit would give it."""
    return answer[:6] + bytes((answer[6] + 1,)) + answer[7:]


def other_unit_rtu(answer: bytes) -> bytes:
    body = bytes((answer[0] + 1,)) + answer[1:-2]
    return body + crc16(body)


def exception(code: int) -> Spoil:
    """Refuse the block with current and temperatures; the cells' stay as they are."""

    def refuse(answer: bytes) -> bytes:
        # 58 words: the block of all but the cells.
        if len(answer) != 9 + 2 * 58:
            return answer
        return answer[:4] + bytes((0, 3, answer[6], answer[7] | 0x80, code))

    return proxy.changed(refuse)


async def every_garbage(bench: Bench) -> None:
    """Send noise, zeros and ones in the place of answers, five polls of each."""
    noise = random.Random(5)
    for how in (
        lambda answer: noise.randbytes(len(answer)),
        lambda answer: bytes(len(answer)),
        lambda answer: b"\xff" * len(answer),
        lambda answer: noise.randbytes(600),
    ):
        spoil(proxy.changed(how))(bench)
        for _ in range(5):
            await bench.poll()
            assert not SHIFTED.holds(bench), bench.tell()
            assert not BROKEN.holds(bench), bench.tell()


async def ten_bad_minutes(bench: Bench) -> None:
    spoil(proxy.flip(0.2))(bench)
    await bench.poll(3)


async def share_the_bus(bench: Bench) -> None:
    """Let another integration read the same unit as fast as it can."""

    async def read() -> None:
        data = dict(next(iter(bench.entry.subentries.values())).data)
        async with async_get_temporary_unit(bench.hass, link_params(data), 1) as unit:
            while True:
                await unit.read_holding_registers(0x1200, 20)

    bench.notes["other"] = bench.hass.async_create_background_task(read(), "another integration")


def leave_the_bus(bench: Bench) -> None:
    bench.notes["other"].cancel()


def second_pack(collisions: float) -> Act:
    """Put a second pack with the same address on the bus; this share of the answers comes from both at once."""
    other = VirtualPack(seed=9, soc=30.0, serial_number="OTHER-0002")

    def act(bench: Bench) -> None:
        bench.notes["own"] = bench.pack.info

        async def both(line: proxy.Proxy, answer: bytes, send: proxy.Send) -> None:
            bench.pack.info = bench.notes["own"] if line.chance(0.5) else other.info
            bench.pack.changed()
            send(answer[:-1] + bytes((answer[-1] ^ 0x55,)) if line.chance(collisions) else answer)

        bench.proxy.spoil = both

    return act


def remove_second(bench: Bench) -> None:
    sound(bench)
    bench.pack.info = bench.notes["own"]
    bench.pack.changed()


ROWS = (
    Row(
        number=1, area="bus", fault="The peer closes the connection in the middle of an answer",
        injected="line: close after 5 bytes, every time", scene=TCP, inject=cut,
        react=(within(1, SILENT), *LOSES, within(1, error("cannot_connect")), within(12, CELLS_HIDDEN), within(12,
        LOST)),
        never=NEVER, mend=sound, recover=(*RETURNS, within(6, CELLS_SHOWN)),
        why=STAGED + " It connects anew at each poll, which is the backoff's first step for ever: one pack, one"
        " socket.",
    ),
    Row(
        number=2, area="bus", fault="A black hole: the connection stays open and nothing comes",
        injected="line: swallow all answers", scene=TCP, inject=spoil(proxy.swallow),
        react=(within(3, SILENT), *LOSES, within(3, error("no_answer"))), never=(*NEVER, BEHIND_TIME),
        watch=20, mend=sound, recover=RETURNS, why=STAGED,
    ),
    Row(
        number=2, part="b", area="bus", fault="A black hole while 60 A flow, for longer",
        injected="line: swallow all answers", scene=TCP, inject=spoil(proxy.swallow),
        react=(within(31, BOTH_OPEN),), never=(*NEVER, BEHIND_TIME), watch=10,
        mend=sound, recover=(within(3, ANSWERING), within(20, CHARGE_CLOSED), within(110, RAMPED)),
        why="30 s from when all was last known; the switches rest for 10 s and are closed by what opened them.",
    ),
    Row(
        number=3, area="bus", fault="The gateway is up, its RS485 side is silent",
        injected="line: swallow all answers of RTU frames", scene=RTU, inject=spoil(proxy.swallow),
        react=(within(3, SILENT), *LOSES, within(3, error("no_answer"))), never=(*NEVER, BEHIND_TIME),
        watch=20, mend=sound, recover=RETURNS,
        why=STAGED + " Told from row 1 by the last error: no_answer, not cannot_connect.",
    ),
    Row(
        number=4, area="bus", fault="A slow trickle: a byte every half second",
        injected="line: one byte per 0.5 s", scene=TCP, inject=spoil(proxy.trickle(0.5)),
        react=(within(3, error("no_answer")), *LOSES), never=(*NEVER, BEHIND_TIME), watch=10,
        mend=cut_and_sound, recover=RETURNS, why=STAGED,
    ),
    Row(
        number=5, area="bus", fault="The USB adapter is unplugged",
        injected="pty: master closed, name gone", scene=SERIAL_LINE, inject=unplug,
        react=(within(2, SILENT), *LOSES), never=(*NEVER, BEHIND_TIME), mend=plug, recover=RETURNS, why=STAGED,
    ),
    Row(
        number=6, area="bus", fault="The adapter comes back under another device, and another pack is behind it",
        injected="pty: new device behind the same name; another serial number", scene=SERIAL_LINE,
        inject=replug_another,
        react=(within(3, issue("identity_changed")), within(3, NO_CURRENT)), never=(BROKEN,), watch=20,
        mend=replug_own, recover=(within(15, ANSWERING), within(15, no_issue("identity_changed")), within(100, RAMPED)),
        why="The name under /dev/serial/by-id is followed; the serial number decides.",
    ),
    Row(
        number=7, area="frame", fault="One frame with a wrong CRC", injected="line: one bit of one answer flipped",
        scene=RTU, inject=spoil(proxy.flip(1.0), 1), react=(), never=(*NEVER, FELL, ANY_ALARM), watch=10, mend=sound,
        recover=(within(2, FRESH),),
        why="No retry within the cycle: the block keeps its age and is read again a second later, which no limit"
        " feels.",
    ),
    Row(
        number=8, area="frame", fault="A fifth of all frames broken for ten minutes",
        injected="line: a bit flipped in 20 % of the answers", scene=RTU, inject=ten_bad_minutes, react=(),
        never=(*NEVER, ANY_TRIP), watch=600, mend=sound, recover=(within(6, FRESH), within(100, RAMPED)),
    ),
    Row(
        number=8, part="b", area="frame", fault="A fifth of all frames broken: a person is told",
        injected="line: a bit flipped in 20 % of the answers", scene=RTU, inject=ten_bad_minutes,
        react=(within(135, issue("link_poor")),), never=(*NEVER, ANY_TRIP), mend=sound,
        recover=(within(300, no_issue("link_poor")),),
        why="Told once it has been poor for two minutes on end; the share is counted over some polls.",
    ),
    Row(
        number=9, area="frame", fault="Frames cut short, too long, and twice",
        injected="line: 3 bytes missing, 3 too many, every frame twice", scene=TCP, inject=every_length, react=(),
        never=NEVER, mend=sound, recover=(within(8, FRESH), within(15, PERMITTED), within(100, RAMPED)),
    ),
    Row(
        number=9, part="b", area="frame", fault="RTU frames cut short, too long, and twice",
        injected="line: 3 bytes missing, 3 too many, every frame twice", scene=RTU, inject=every_length, react=(),
        never=NEVER, mend=sound, recover=(within(8, FRESH), within(15, PERMITTED), within(100, RAMPED)),
    ),
    Row(
        number=10, area="frame", fault="Answers that come after their request was given up",
        injected="line: every answer 1.6 s late", scene=TCP, inject=spoil(proxy.late(1.6)),
        react=LOSES, never=NEVER, watch=10, mend=sound, recover=RETURNS, why=STAGED,
    ),
    Row(
        number=10, part="b", area="frame", fault="RTU answers that come after their request was given up",
        injected="line: every answer is that to the request before", scene=RTU, inject=spoil(proxy.previous()),
        react=LOSES, never=NEVER, watch=10, mend=sound, recover=RETURNS,
        why=STAGED + " RTU has no transaction number: the two blocks differ in length, so one cannot pass for the"
        " other.",
    ),
    Row(
        number=11, area="frame", fault="Another unit answers", injected="line: unit id rewritten", scene=TCP,
        inject=spoil(proxy.changed(other_unit)), react=LOSES, never=NEVER, watch=5, mend=sound, recover=RETURNS,
        why=STAGED,
    ),
    Row(
        number=11, part="b", area="frame", fault="Another unit answers in RTU",
        injected="line: unit id rewritten, CRC right", scene=RTU,
        inject=spoil(proxy.changed(other_unit_rtu)), react=LOSES, never=NEVER, watch=5, mend=sound, recover=RETURNS,
        why=STAGED,
    ),
    *(
        Row(
            number=12, part=part, area="frame", fault=f"Modbus exception {code} for the block with the current",
            injected="line: exception in the place of one block", scene=TCP, inject=spoil(exception(code)),
            react=(within(6, QUARTER), within(11, NO_CURRENT), within(11, stops("data_missing"))),
            never=(*NEVER, SILENT, Check(text="the cells grow old", holds=lambda b: b.now.believed.cells_age > 2.0)),
            mend=sound, recover=(within(6, gone("data_missing")), within(6, PERMITTED), within(100, RAMPED)),
            why=STAGED + " Permission rests on the block, so it is asked for again at each poll, never given up.",
        )
        for part, code in (("", 2), ("b", 3), ("c", 4))
    ),
    Row(
        number=12, part="d", area="frame", fault="Modbus exception 6, busy, for the block with the current",
        injected="line: exception in the place of one block", scene=TCP, inject=spoil(exception(6)),
        react=(within(6, QUARTER), within(11, NO_CURRENT)), never=(*NEVER, BEHIND_TIME), watch=5,
        mend=sound, recover=(within(60, FRESH), within(60, PERMITTED), within(160, RAMPED)),
        why=STAGED + " The Modbus library itself asks a busy device again for up to a minute, so the cells age as"
        " well.",
    ),
    Row(
        number=13, area="frame", fault="Noise, zeros and ones in the place of answers",
        injected="line: random bytes, 0x00, 0xFF, 600 random bytes", scene=TCP, inject=every_garbage,
        react=(within(1, NO_CURRENT),), never=NEVER, mend=sound, recover=RETURNS,
    ),
    Row(
        number=13, part="b", area="frame", fault="Noise, zeros and ones in the place of RTU answers",
        injected="line: random bytes, 0x00, 0xFF, 600 random bytes", scene=RTU, inject=every_garbage,
        react=(within(1, NO_CURRENT),), never=NEVER, mend=sound, recover=RETURNS,
    ),
    Row(
        number=32, area="data", fault="Two packs answer on one address, often at once",
        injected="line: serial numbers alternate, 40 % of the frames collide", scene=RTU, inject=second_pack(0.4),
        react=(within(30, NO_CURRENT), within(30, error("nonsense"))), never=(BROKEN,), mend=remove_second,
        recover=(within(70, ANSWERING), within(170, RAMPED)),
    ),
    Row(
        number=32, part="b", area="data", fault="Two packs answer on one address, now the one, now the other",
        injected="line: serial numbers alternate", scene=RTU, inject=second_pack(0.0),
        react=(within(62, NO_CURRENT), within(62, issue("identity_changed")), within(100, issue("address_shared"))),
        never=(BROKEN,), mend=remove_second,
        recover=(within(70, no_issue("identity_changed")), within(170, RAMPED)),
        why="The serial number of a link that never failed is looked at every ten seconds.",
    ),
    Row(
        number=32, part="c", area="data", fault="Two packs answer on one address, often at once: a person is told",
        injected="line: serial numbers alternate, 40 % of the frames collide", scene=RTU, inject=second_pack(0.4),
        react=(within(30, issue("identity_changed")), within(60, issue("address_shared"))), mend=remove_second,
        recover=(within(70, no_issue("identity_changed")), within(200, no_issue("address_shared"))),
        why="That they share an address is told when the other has come twice within two minutes, and for as long.",
    ),
    Row(
        number=71, area="bus", fault="Another integration reads over the same link without pause",
        injected="HA: a second user of the shared unit", scene=TCP, inject=share_the_bus, react=(),
        never=(*NEVER, FELL, ANY_ALARM, BEHIND_TIME), watch=30, mend=leave_the_bus, recover=(within(3, FRESH),),
        why="Home Assistant's own Modbus link is shared and gives each request its turn.",
    ),
)  # fmt: skip
