"""How many CAN frames a second are made into values, beside plain cantools on the same file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import process_time
from typing import Any, Final

import cantools

from custom_components.home_bms.hw.can_devices import CAN_DEVICES
from custom_components.home_bms.hw.can_ear import Ear
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_maps import FOLDER, frame_map

from .result import Result

type Take = Callable[[CanFrame], Any]

DEVICE: Final = CAN_DEVICES["can_pylontech"]
# What such a pack sends each second (facts of `can/01_pylontech_lv.md`).
SET: Final = {
    0x351: "1402740e740ecc01",
    0x355: "1a006400",
    0x356: "4e13020304050000",
    0x359: "000000000a504e",
    0x35C: "c000",
    0x35E: "50594c4f4e202020",
}
ROUNDS: Final = 2000
REPEATS: Final = 7
BUS: Final = 4500.0
"""Frames a second of 8 bytes that 500 kbit/s can carry at most (performance.md B4)."""
SHARE: Final = 10.0
"""Percent of a core that such a bus may cost."""


def said() -> list[CanFrame]:
    """Return what a pack sends each second."""
    return [CanFrame(id=key, data=bytes.fromhex(data), time=0.0) for key, data in SET.items()]


def decoders() -> tuple[Take, Take]:
    """Return what makes a frame into values, here and in plain cantools."""
    plain = cantools.database.load_file(FOLDER / f"{DEVICE.frames}.dbc")
    return frame_map(DEVICE.frames).decode, lambda frame: plain.decode_message(
        frame.key, frame.data, allow_truncated=True
    )


def measure() -> Iterator[Result]:
    """Yield frames a second of this processor, the best of several runs: what disturbs only ever takes away."""
    frames, (ours, theirs) = said(), decoders()
    peer = {"peer": _best(frames, theirs), "peer_name": "cantools, decode_message"}
    yield Result(name="frames of a Pylontech decoded", value=_best(frames, ours), unit="frames/s", **peer)
    taken = _best(frames, Ear(DEVICE, frame_map(DEVICE.frames)).take)
    yield Result(name="  and kept for their pack", value=taken, unit="frames/s", **peer)
    yield Result(name="  a full bus of 500 kbit/s costs, of a core", value=100 * BUS / taken, unit="%", most=SHARE)


def _best(frames: list[CanFrame], take: Take) -> float:
    times = []
    for _ in range(REPEATS):
        began = process_time()
        for _ in range(ROUNDS):
            for frame in frames:
                take(frame)
        times.append(process_time() - began)
    return ROUNDS * len(frames) / min(times)
