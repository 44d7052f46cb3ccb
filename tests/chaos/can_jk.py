"""A virtual pack that speaks JK's second CAN protocol, once a second."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any

from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of
from custom_components.home_bms.hw.virtual import VirtualWorld

from .can_wire import CanWire

WARMTH = 50
"""Added to °C on the wire."""


def frames_of(reading: Any) -> Iterator[CanFrame]:
    """Return what the pack says of a reading (`hw/frame_maps/jk.dbc`)."""
    row = [round(1000 * cell) for cell in reading.cells]
    row += [0] * (-len(row) % 4)
    known = row[: len(reading.cells)]
    warm = [round(value) + WARMTH for value in (*reading.temperatures[:2], reading.switch_temperature)]
    warm += [round(value) + WARMTH for value in reading.temperatures[2:4]]
    flow = round(10 * (400 - reading.current))
    said = (
        (0x2F4, struct.pack("<HHBBH", round(10 * reading.voltage), flow, round(reading.soc), 0, 5)),
        (
            0x4F4,
            struct.pack("<HBHB", max(known), 1 + known.index(max(known)), min(known), 1 + known.index(min(known))),
        ),
        (0x5F4, bytes((max(warm), 1, min(warm), 2, warm[0]))),
        (EXTENDED | 0x18F128F4, struct.pack("<HHHH", 1400, round(10 * reading.capacity), 9000, 41)),
        (EXTENDED | 0x18F228F4, bytes((0x1F, *warm))),
        (EXTENDED | 0x18F528F4, bytes((bool(reading.switches.charge) | bool(reading.switches.discharge) << 1,))),
        *(
            (EXTENDED | 0x18E028F4 + (part << 16), struct.pack("<4H", *row[4 * part : 4 * part + 4]))
            for part in range(len(row) // 4)
        ),
    )
    for key, data in said:
        yield frame_of(key, data)


async def speak(world: VirtualWorld, wire: CanWire) -> None:
    """Say it for ever."""
    while True:
        for frame in frames_of(world.reading()):
            wire.say(frame)
        await asyncio.sleep(1.0)
