"""What goes wrong between home_bms and a pack on Modbus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

from custom_components.home_bms.hw.frames import crc16

from ..matrix import proxy
from ..matrix.proxy import Proxy, Send, Spoil
from .house import House, Scene
from .table import FRAMES, LINK, Act, Fault, Layer

SLOT = "the pack's line"
STAGED = "a quarter of the currents from 5 s, none from 10 s on"
GOES_ON = "limits stay while the values do"
FLOOD = 60
"""Frames on top of each answer."""


def spoil(make: Callable[[Random], Spoil]) -> Act:
    """Let the line do this to the device's answers; a sound one that comes through is noted."""

    def act(house: House, random: Random) -> None:
        assert house.line is not None
        how = make(random)

        async def noting(line: Proxy, answer: bytes, send: Send) -> None:
            sent = bytearray()

            def sending(data: bytes) -> None:
                sent.extend(data)
                if answer in sent:
                    house.heard_at = house.now
                    sent.clear()
                send(data)

            await how(line, answer, sending)

        house.line.proxy.spoil = noting

    return act


def listening(house: House) -> Spoil:
    """Return what the line does while nothing is wrong: pass on, and note that something was heard."""

    async def noting(line: Proxy, answer: bytes, send: Send) -> None:
        house.heard_at = house.now
        send(answer)

    return noting


def sound(house: House, random: Random) -> None:
    """Let the line be as it should."""
    assert house.line is not None
    house.line.proxy.spoil = listening(house)
    house.line.proxy.refuses = False


def cut(house: House) -> None:
    """Close every connection; the wire of a serial adapter has none."""
    assert house.line is not None
    if house.line.serial is None:
        house.line.proxy.cut()


def sound_and_cut(house: House, random: Random) -> None:
    """The same for what left connections behind that nobody would end."""
    sound(house, random)
    cut(house)


def refuse(house: House, random: Random) -> None:
    """Close every connection, and each new one."""
    assert house.line is not None
    house.line.proxy.refuses = True
    cut(house)


def jitter(random: Random) -> Spoil:
    """Deliver each answer up to 2.5 s late, so that they overtake one another."""

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        asyncio.get_running_loop().call_later(random.uniform(0.0, 2.5), send, answer)

    return how


def drop(random: Random) -> Spoil:
    share = random.uniform(0.1, 0.9)
    return proxy.changed(lambda answer: b"", share)


def split(random: Random) -> Spoil:
    """Cut each answer in pieces that come one after the other."""

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        cuts = sorted({0, len(answer), *(random.randrange(len(answer)) for _ in range(random.randrange(1, 6)))})
        for begin, end in pairwise(cuts):
            send(answer[begin:end])
            await asyncio.sleep(random.uniform(0.0, 0.12))

    return how


def trickle(random: Random) -> Spoil:
    """Send byte by byte; what is under way when that ends is lost."""

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        begun = line.spoil
        for at in range(len(answer)):
            if line.spoil is not begun:
                return
            send(answer[at : at + 1])
            await asyncio.sleep(0.3)

    return how


def flood(random: Random) -> Spoil:
    """Send a heap of frames that nobody asked for, old ones and nonsense, around each answer."""
    kept: list[bytes] = []

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        kept.append(answer)
        del kept[:-8]
        for _ in range(FLOOD):
            send(random.choice(kept) if random.random() < 0.5 else random.randbytes(random.randrange(1, 260)))
        send(answer)

    return how


def garbage(random: Random) -> Spoil:
    return proxy.changed(lambda answer: random.randbytes(random.randrange(1, 600)), random.uniform(0.2, 1.0))


def lengths(random: Random) -> Spoil:
    """Cut answers short, or make them longer."""
    return proxy.changed(
        lambda answer: random.choice((answer[: random.randrange(1, len(answer))], answer + random.randbytes(3))), 0.6
    )


def second_master(random: Random) -> Spoil:
    """Let answers to another master's requests be on the line, and some collide with ours."""

    def strange(answer: bytes) -> bytes:
        count = random.choice((1, 4, 16))
        unit = answer[0] if random.random() < 0.5 else answer[0] % 200 + 1
        body = bytes((unit, 3, 2 * count)) + random.randbytes(2 * count)
        return body + crc16(body)

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        chance = random.random()
        if chance < 0.25:
            send(strange(answer))
            await asyncio.sleep(random.uniform(0.0, 0.05))
            send(answer)
        elif chance < 0.4:
            mixed = bytes(a ^ b for a, b in zip(answer, strange(answer) * 40, strict=False))
            send(mixed)
        elif chance < 0.5:
            send(strange(answer))
        else:
            send(answer)

    return how


def half_open(house: House, random: Random) -> None:
    """Let the device's end be gone while ours stays open and silent; new connections fare the same."""
    spoil(lambda _: proxy.swallow)(house, random)


def exceptions(random: Random) -> Spoil:
    """Answer some requests with an exception, busy among them."""

    def refuse_it(answer: bytes) -> bytes:
        code = random.choice((2, 3, 4, 6))
        return answer[:4] + bytes((0, 3, answer[6], answer[7] | 0x80, code))

    return proxy.changed(refuse_it, random.uniform(0.1, 0.6))


def cuts(random: Random) -> Spoil:
    """Close the connection after some bytes of some answers."""

    async def how(line: Proxy, answer: bytes, send: Send) -> None:
        if line.chance(0.4):
            send(answer[: random.randrange(len(answer))])
            await asyncio.sleep(0)
            line.cut()
        else:
            send(answer)

    return how


def swap_identity(house: House, random: Random) -> None:
    """Put another pack behind the link, while that is broken for a moment."""
    house.world.catch_up()
    house.pack.inject("wrong_serial", value=float(random.randrange(1, 9999)))
    cut(house)


def swap_back(house: House, random: Random) -> None:
    house.world.catch_up()
    house.pack.clear("wrong_serial")
    cut(house)


async def unplug(house: House, random: Random) -> None:
    assert house.line is not None
    assert house.line.serial is not None
    await house.line.serial.unplug()


async def plug(house: House, random: Random) -> None:
    assert house.line is not None
    assert house.line.serial is not None
    await house.line.serial.plug()


async def flap(house: House, random: Random) -> None:
    """Pull the adapter and put it back, again and again."""
    for _ in range(random.randrange(2, 6)):
        await unplug(house, random)
        await asyncio.sleep(random.uniform(0.2, 4.0))
        await plug(house, random)
        await asyncio.sleep(random.uniform(0.2, 4.0))


def write_ignored(house: House, random: Random) -> None:
    house.pack.inject("write_ignored")


def write_heeded(house: House, random: Random) -> None:
    house.pack.clear("write_ignored")


def _row(key: str, text: str, how: str, begin: Act, **more: Any) -> Fault:
    """Return a row of the line; most last from seconds to a minute or so."""
    defaults: dict[str, Any] = {
        "layer": Layer.MODBUS, "scenes": LINK, "slot": SLOT, "lasts": (3.0, 90.0), "end": sound, "allowed": STAGED,
    }  # fmt: skip
    return Fault(key=key, text=text, how=how, begin=begin, **(defaults | more))


TCP = frozenset({Scene.TCP})
USB = frozenset({Scene.SERIAL})
GONE = ("Async Serial connection lost",)
NETWORKED = frozenset({Scene.TCP, Scene.RTU})
ROWS = (
    _row("late", "Answers come late", "line: every answer 1.6 s late", spoil(lambda _: proxy.late(1.6))),
    _row("jitter", "Answers overtake one another", "line: each answer 0 to 2.5 s late", spoil(jitter)),
    _row("drop", "Answers are lost", "line: 10 to 90 % swallowed", spoil(drop)),
    _row("black_hole", "Nothing comes through", "line: all answers swallowed", spoil(lambda _: proxy.swallow)),
    _row("split", "Answers come in pieces", "line: each cut in up to 6, 0 to 0.12 s apart", spoil(split),
         allowed=GOES_ON),
    _row("trickle", "Answers come byte by byte", "line: one byte each 0.3 s", spoil(trickle),
         end=sound_and_cut),
    _row("previous", "Answers are swapped: each is that to the request before", "line: one answer behind",
         spoil(lambda _: proxy.previous())),
    _row("duplicate", "Answers come twice", "line: every answer twice", spoil(lambda _: proxy.duplicate())),
    _row("flood", "A flood of frames that nobody asked for", f"line: {FLOOD} old or random frames before each answer",
         spoil(flood), lasts=(3.0, 30.0), end=sound_and_cut),
    _row("lengths", "Answers are too short or too long", "line: 60 % cut anywhere or 3 bytes longer", spoil(lengths)),
    _row("garbage", "Noise in the place of answers", "line: 20 to 100 % random bytes", spoil(garbage)),
    _row("flip_tcp", "Bits are flipped where no checksum guards them", "line: a bit of 20 % of the answers",
         spoil(lambda _: proxy.flip(0.2)), layer=Layer.TCP, scenes=TCP, garbles=True,
         allowed=GOES_ON + ", a flipped value may be believed once"),
    _row("flip_rtu", "Bits are flipped", "line: a bit of 20 % of the answers", spoil(lambda _: proxy.flip(0.2)),
         layer=Layer.RTU, scenes=FRAMES),
    _row("exceptions", "The device answers with exceptions", "line: 10 to 60 % exceptions 2, 3, 4 and 6",
         spoil(exceptions), layer=Layer.TCP, scenes=TCP),
    _row("second_master", "Two masters on the bus", "line: answers to another's requests between ours, some collide",
         spoil(second_master), layer=Layer.RTU, scenes=FRAMES),
    _row("cuts", "The connection closes in the middle of answers", "line: closed within 40 % of the answers",
         spoil(cuts), scenes=NETWORKED),
    _row("refused", "The connection is refused", "line: closed as it opens", refuse, scenes=NETWORKED),
    _row("half_open", "The connection is half open", "line: requests are taken, the far end is gone", half_open,
         end=sound_and_cut),
    _row("identity", "Another pack answers in its place", "pack: another serial number; line: cut", swap_identity,
         slot="identity", end=swap_back, allowed="none as soon as the number is read"),
    _row("writes", "Writes are acknowledged and change nothing", "pack: `write_ignored`", write_ignored,
         slot="writes", end=write_heeded, allowed="the limits hold, the switches do not move"),
    _row("usb_gone", "The USB adapter is gone and comes back", "pty: closed, its name gone; back as another device",
         unplug, layer=Layer.USB, scenes=USB, end=plug, log=GONE),
    _row("usb_flaps", "The USB adapter has a loose contact", "pty: gone and back 2 to 5 times", flap,
         layer=Layer.USB, scenes=USB, lasts=(0.0, 0.0), end=lambda house, random: None, log=GONE),
)  # fmt: skip
