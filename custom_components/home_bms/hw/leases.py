"""What registers held before home_bms wrote to them, so that it can be put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a register held before home_bms wrote to it, and what it may hold since then."""

    found: list[int]
    ours: list[list[int]]


NO_LEASES: Final[Mapping[str, Lease]] = MappingProxyType({})


def leases_data(leases: Mapping[str, Lease]) -> dict[str, Any]:
    """Return leases as plain JSON."""
    return {name: {"found": lease.found, "ours": lease.ours} for name, lease in leases.items()}


def leases_of(data: object) -> dict[str, Lease]:
    """Return the leases that plain JSON holds; what is not as `leases_data` makes it is left out."""
    rows = data.items() if isinstance(data, Mapping) else ()
    return {
        name: Lease(found=list(row["found"]), ours=[list(words) for words in row["ours"]])
        for name, row in rows
        if isinstance(row, Mapping) and _words(row.get("found")) and _rows(row.get("ours"))
    }


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, int) and 0 <= word <= 0xFFFF for word in value)


def _rows(value: object) -> bool:
    return isinstance(value, list) and all(_words(row) for row in value)
