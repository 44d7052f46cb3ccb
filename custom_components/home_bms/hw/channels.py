"""What a device offers to a pack that is built from parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Current(StrEnum):
    """What a device tells of the current."""

    NONE = "none"
    SIGNED = "signed"
    MAGNITUDE = "magnitude"
    """How much flows, and not which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How a relay board is told to close a relay for a time, after which the relay opens without any help.

    Relay n is told at `address` + n: `word` + the number of units of `unit` seconds closes it, each of `off` at
    `off_address` + n opens it at once: they are tried in turn until it reads open. Whether a second command starts the
    running time anew is a fact of the board on the table, not of its sheet: see `parts_config.Member.pulse_restarts`.
    """

    function: int
    """5 for a coil with any word, 6 for a register."""
    address: int
    word: int = 0
    unit: float
    """s."""
    most: int
    """Units at most."""
    off_address: int
    off: tuple[int, ...]

    def words(self, seconds: float) -> int:
        """Return the word for a time in s: rather too short than too long, and never longer than the board can."""
        return self.word + min(self.most, int(seconds / self.unit + 1e-6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """How many of each kind a device has, counted from 0 wherever they are named."""

    cells: int = 0
    """Cells that it can measure; of an array over several units, in each."""
    temperatures: int = 0
    voltages: int = 0
    """Voltages beside those of cells: of the pack, or behind the contactor."""
    current: Current = Current.NONE
    relays: int = 0
    contacts: int = 0
    """Digital inputs."""
    pulse: Pulse | None = None
    """How its relays are held, where that ends by itself."""
    isolated: bool = True
    """Whether its voltage inputs may lie at different potentials."""
    trips: bool = False
    """Whether it has a relay of its own that opens at its own thresholds, without a host."""
    array: bool = False
    """Whether one unit is one of many alike, so that a member may be a row of units."""


NO_CHANNELS: Final = Channels()
