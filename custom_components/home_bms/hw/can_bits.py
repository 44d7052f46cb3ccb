"""Takes the bits of a single signal out of a frame.

cantools decodes no frame of a message whose signals overlap or do not fit, although it loads one when it is told not to
be strict. Files of users have such messages.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import Final

FLOATS: Final = MappingProxyType({16: "e", 32: "f", 64: "d"})
"""By bits, what `struct` calls a float of that size."""


def extract(data: bytes, *, start: int, bits: int, little: bool, signed: bool, floating: bool) -> float | None:
    """Return the raw value of a signal, `None` where the data are too short for it.

    `start` is the lowest bit, or where the high byte comes first the highest, counted as DBC files do.
    """
    total = 8 * len(data)
    first = start if little else 8 * (start // 8) + 7 - start % 8
    if first < 0 or first + bits > total:
        return None
    whole = int.from_bytes(data, "little" if little else "big")
    raw = whole >> (first if little else total - first - bits) & (1 << bits) - 1
    if floating:
        kind = FLOATS.get(bits)
        return None if kind is None else float(struct.unpack(f">{kind}", raw.to_bytes(bits // 8, "big"))[0])
    return raw - (1 << bits) if signed and raw >> bits - 1 else raw
