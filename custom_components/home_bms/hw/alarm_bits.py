"""Turns a device's alarm bits into the keys of the alarms that stand, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def keys(bits: int, names: Sequence[str], unknown: str) -> Iterator[str]:
    """Yield the key of each bit that is set; one without a name is called `unknown` and its number."""
    for bit in range(bits.bit_length()):
        if bits >> bit & 1:
            yield _name(bit, names, unknown)


def bits(standing: Collection[str], names: Sequence[str], unknown: str, size: int = 16) -> int:
    """Return the bits, `size` at most, of the alarms that stand."""
    return sum(1 << bit for bit in range(size) if _name(bit, names, unknown) in standing)


def _name(bit: int, names: Sequence[str], unknown: str) -> str:
    return (names[bit] if bit < len(names) else "") or f"{unknown}_{bit}"
