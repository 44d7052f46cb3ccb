"""Hands an inverter back, but for what a protection holds at zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Final

from ..const import LOGGER
from ..core.bank import STALLED
from ..core.model import Flow, Level, Snapshot
from ..hw.driver import DriverError
from ..hw.inverters.inverter import Inverter, charge_current, discharge_current
from .view import Order

RELEASE_TRIES: Final = 3
"""How often handing back is tried where it fails ..."""
RELEASE_EVERY: Final = 30.0
"""... and how many s apart."""

type Held = Mapping[Flow, tuple[str, ...]]
"""The directions that are left at zero, with the keys of the protections that hold them there."""

NOTHING_HELD: Final[Held] = MappingProxyType({})


def held_at_zero(order: Order | None, snapshots: Iterable[Snapshot]) -> Held:
    """Return the directions that protections hold at zero now; a zero of any other reason ends with home_bms."""
    if order is None:
        return NOTHING_HELD
    bank = order.bank
    limits = {Flow.CHARGE: charge_current(bank), Flow.DISCHARGE: discharge_current(bank)}
    alarms = [alarm for one in snapshots for alarm in one.decision.alarms if alarm.level >= Level.PROTECT]
    found = {
        flow: tuple(sorted({alarm.key for alarm in alarms if flow in alarm.flow} | ({STALLED} & bank.alarms)))
        for flow, limit in limits.items()
        if limit <= 0.0
    }
    return {flow: keys for flow, keys in found.items() if keys}


async def async_hand_back(link: Inverter, name: str, order: Order | None, held: Held) -> Held | None:
    """Hand an inverter back, and return what of it is left at zero; `None` where that failed, which is logged."""
    if order is None or not link.memory:
        # Nothing of home_bms's own would stay.
        held = NOTHING_HELD
    elif held:
        try:
            # The last that it was told may be older than the protection.
            await link.async_tell(order.bank, None)
        except DriverError as err:
            LOGGER.warning("%s could not be told its last limits: %s", name, err)
    try:
        await link.async_release(reduce(or_, held, Flow.NONE))
    except DriverError as err:
        LOGGER.warning("Control of %s could not be handed back: %s", name, err)
        return None
    return held
