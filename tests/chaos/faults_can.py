"""What goes wrong on the CAN buses of a pack and of an inverter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of

from .can_wire import CanWire, Pass, Spoil
from .house import House, Scene
from .table import ANY, Act, Fault, Layer

FLOOD = 25
"""Frames each 20 ms: several times what either bus carries."""
EVERY = 0.02
PACK = frozenset({Scene.CAN})


def silence(random: Random) -> Spoil:
    return lambda wire, frame, pass_on: None


def lose(random: Random) -> Spoil:
    share = random.uniform(0.1, 0.9)

    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        if not wire.chance(share):
            pass_on(frame)

    return how


def late(random: Random) -> Spoil:
    """Hold each frame back for a time of its own, which reorders them."""

    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        wire.later(random.uniform(0.0, 1.5), pass_on, frame)

    return how


def corrupt(random: Random) -> Spoil:
    """Flip a bit of the data of some frames, as a gateway with broken memory does: on the wire CAN guards itself."""

    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        if frame.data and wire.chance(0.2):
            broken = bytearray(frame.data)
            broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
            frame = replace(frame, data=bytes(broken))
        pass_on(frame)

    return how


def lengths(random: Random) -> Spoil:
    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        if wire.chance(0.5):
            frame = replace(
                frame, data=random.choice((frame.data[: random.randrange(8)], frame.data.ljust(8, b"\xff")))
            )
        pass_on(frame)

    return how


def duplicate(random: Random) -> Spoil:
    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        for _ in range(random.randrange(2, 5)):
            pass_on(frame)

    return how


def swap(random: Random) -> Spoil:
    """Put the data of the frame before under the identifier of this one."""
    kept: list[CanFrame] = []

    def how(wire: CanWire, frame: CanFrame, pass_on: Pass) -> None:
        before = kept.pop() if kept else frame
        kept.append(frame)
        pass_on(replace(frame, data=before.data) if wire.chance(0.3) else frame)

    return how


def other_pack(random: Random) -> CanFrame:
    """Return a frame of another JK: its four first cells, at rest."""
    millivolts = random.randrange(3200, 3350)
    data = b"".join((millivolts + cell).to_bytes(2, "little") for cell in range(4))
    return frame_of(EXTENDED | 0x18E028F4 | random.randrange(4) << 16, data)


def other_battery(random: Random) -> CanFrame:
    """Return the limits that another battery would tell the inverter: 56 V, 200 A both ways."""
    return frame_of(0x351, bytes.fromhex("3002D007D007A401"))


def stranger(random: Random) -> CanFrame:
    """Return a frame that is nobody's."""
    extended = random.random() < 0.5
    key = random.randrange(1 << 29) | EXTENDED if extended else random.choice((0x10, 0x222, 0x3FF, 0x6A0, 0x7FF))
    return frame_of(key, random.randbytes(random.randrange(9)))


def wire_of(house: House, pack: bool) -> CanWire:
    wire = house.pack_wire if pack else house.inverter_wire
    assert wire is not None
    return wire


def spoiled(pack: bool, make: Callable[[Random], Spoil]) -> Act:
    def act(house: House, random: Random) -> None:
        wire_of(house, pack).spoil = make(random)

    return act


def sound(pack: bool) -> Act:
    def act(house: House, random: Random) -> None:
        wire_of(house, pack).spoil = None

    return act


def talking(pack: bool, make: Callable[[Random], CanFrame], count: int, every: float) -> Act:
    """Let somebody talk who does not belong there."""

    def act(house: House, random: Random) -> None:
        wire = wire_of(house, pack)

        async def talk() -> None:
            while True:
                for _ in range(count):
                    wire.intrude(make(random))
                await asyncio.sleep(every * random.uniform(0.7, 1.3))

        house.notes["talking", pack] = asyncio.create_task(talk())

    return act


def hush(pack: bool) -> Act:
    async def act(house: House, random: Random) -> None:
        task = house.notes.pop(("talking", pack))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return act


def pull(pack: bool) -> Act:
    return lambda house, random: wire_of(house, pack).pull_out()


def push(pack: bool) -> Act:
    def act(house: House, random: Random) -> None:
        wire_of(house, pack).gone = False

    return act


STAGED = "a quarter of the currents from 5 s, none from 10 s on"
KEPT = "the inverter goes by what it heard last for 3 s, then stops by itself"
BELIEVED = "a broken value may be believed once"
OTHERS = "the inverter may do what others tell it; the pack's switch is what remains"

# What is done to either bus: key, text, how, begin, end, what may be meanwhile at the pack and at the inverter, more.
BOTH: tuple[tuple[str, str, str, Callable[[bool], Act], Callable[[bool], Act], str, str, dict[str, Any]], ...] = (
    ("silence", "Silence", "wire: all frames swallowed", lambda p: spoiled(p, silence), sound, STAGED, KEPT, {}),
    ("loss", "Frames are lost", "wire: 10 to 90 % swallowed", lambda p: spoiled(p, lose), sound, STAGED, KEPT, {}),
    ("reorder", "Frames come late and out of order", "wire: each 0 to 1.5 s late", lambda p: spoiled(p, late), sound,
     STAGED, KEPT, {}),
    ("corrupt", "Bits of the data are flipped", "wire: a bit of 20 % of the frames", lambda p: spoiled(p, corrupt),
     sound, BELIEVED, OTHERS, {"hears_others": True}),
    ("length", "Frames have the wrong length", "wire: half of them cut, or filled up", lambda p: spoiled(p, lengths),
     sound, STAGED, KEPT, {"hears_others": True}),
    ("twice", "Frames come two to four times", "wire: all of them", lambda p: spoiled(p, duplicate), sound,
     "no effect", "no effect", {}),
    ("swapped", "Data come under another identifier", "wire: 30 % with the data of the frame before",
     lambda p: spoiled(p, swap), sound, BELIEVED, OTHERS, {"hears_others": True}),
    ("flood", "A flood of foreign frames", f"wire: {FLOOD} each 20 ms", lambda p: talking(p, stranger, FLOOD, EVERY),
     hush, "no effect", "no effect", {"lasts": (2.0, 8.0), "kind": "talk"}),
    ("gone", "The adapter is gone and comes back", "wire: opening fails, what is open is lost", pull, push, STAGED,
     KEPT, {"kind": "adapter"}),
)  # fmt: skip


def _rows(pack: bool) -> tuple[Fault, ...]:
    rows = []
    name = "pack" if pack else "inverter"
    for key, text, how, begin, end, at_pack, at_inverter, more in BOTH:
        options = {"lasts": (3.0, 90.0)} | more
        options["slot"] = f"CAN of the {name}, {options.pop('kind', 'line')}"
        if pack:
            # What misleads an inverter misleads home_bms here.
            options["garbles"] = options.pop("hears_others", False)
        rows.append(
            Fault(
                key=f"can_{name}_{key}", layer=Layer.PACK_CAN if pack else Layer.INVERTER_CAN, text=text,
                how=f"{name}'s {how}",
                scenes=PACK if pack else ANY, begin=begin(pack), end=end(pack),
                allowed=at_pack if pack else at_inverter, **options,
            )
        )  # fmt: skip
    return tuple(rows)


ROWS = (
    *_rows(pack=True),
    Fault(
        key="can_pack_foreign", layer=Layer.PACK_CAN, text="Another pack speaks with the same identifiers",
        how="wire: cells of another JK twice a second", scenes=PACK, slot="CAN of the pack, talk", lasts=(5.0, 60.0),
        begin=talking(True, other_pack, 1, 0.5), end=hush(True), lies=True,
        allowed="this protocol has no serial number: what the other says may be believed",
    ),
    *_rows(pack=False),
    Fault(
        key="can_inverter_foreign", layer=Layer.INVERTER_CAN, text="Another battery tells the inverter its limits",
        how="wire: 0x351 with 200 A, twice a second", slot="CAN of the inverter, talk", lasts=(5.0, 90.0),
        begin=talking(False, other_battery, 1, 0.5), end=hush(False), hears_others=True,
        allowed="home_bms falls silent beside it; the pack's switch is what remains",
    ),
)  # fmt: skip
