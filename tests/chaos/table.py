"""What a fault of the chaos is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import isawaitable
from typing import Any

from .house import House, Scene

type Act = Callable[[House, Any], Awaitable[None] | None]
"""Takes the house and a source of chance that is the fault's own."""


class Layer(StrEnum):
    """What is between home_bms and what it talks to."""

    MODBUS = "Modbus, whatever carries it"
    RTU = "Modbus in RTU frames"
    TCP = "Modbus TCP"
    USB = "USB adapter"
    PACK_CAN = "CAN of the pack"
    INVERTER_CAN = "CAN of the inverter"
    HA = "Home Assistant"
    DANGER = "the pack itself"
    """A true danger, and no fault of a link."""


LINK = frozenset({Scene.TCP, Scene.RTU, Scene.SERIAL})
FRAMES = frozenset({Scene.RTU, Scene.SERIAL})
ANY = frozenset(Scene)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    key: str
    layer: Layer
    text: str
    how: str
    """How it is put on; it is taken off by undoing that."""
    scenes: frozenset[Scene] = ANY
    slot: str
    """What it occupies: two of one slot never stand at once."""
    lasts: tuple[float, float]
    """s, at the least and at the most; zeros for what is over at once."""
    begin: Act
    end: Act = lambda house, random: None
    hears_others: bool = False
    """The inverter may hear limits that home_bms never told, or none of those that it told."""
    lies: bool = False
    """What home_bms is brought as its pack's values may be another's, and looks sound."""
    garbles: bool = False
    """Single values of the pack may be believed that were broken on the way."""
    forgets: bool = False
    """What cannot be written is lost if Home Assistant is killed before it can."""
    needs_recorder: bool = False
    log: tuple[str, ...] = ()
    """Patterns of the errors in the log that belong to it."""
    allowed: str
    """What may be meanwhile, in words."""

    @property
    def danger(self) -> bool:
        return self.layer is Layer.DANGER


async def do(act: Act, house: House, random: Any) -> None:
    """Act, whether that takes time or not."""
    if isawaitable(going := act(house, random)):
        await going
