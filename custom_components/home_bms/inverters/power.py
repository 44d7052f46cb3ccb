"""Checks whether the entities that were chosen for an inverter can ask it for a power."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ..const import CONF_POWER_SIGN
from .roles import InverterRole, PowerSign, Work

POWER_OF: Final = {Work.CHARGE: InverterRole.CHARGE_POWER, Work.DISCHARGE: InverterRole.DISCHARGE_POWER}
"""The number that says how much, in each direction."""
LIMIT_OF: Final = {Work.CHARGE: InverterRole.CHARGE_LIMIT, Work.DISCHARGE: InverterRole.DISCHARGE_LIMIT}
"""The limit that says so where there is no such number."""


def missing_power(
    chosen: Collection[str], sign: str | None
) -> tuple[str, str, InverterRole | None, InverterRole | None] | None:
    """Return the field that is wrong, the error's key, and the roles that its text names; `None` if none is."""
    both = [role for role in POWER_OF.values() if role in chosen]
    if InverterRole.SETPOINT in chosen:
        if both:
            return both[0], "power_twice", both[0], InverterRole.SETPOINT
        if sign is None:
            return CONF_POWER_SIGN, "sign_missing", InverterRole.SETPOINT, None
        if sign == PowerSign.BY_MODE and InverterRole.WORK_MODE not in chosen:
            return CONF_POWER_SIGN, "sign_without_mode", InverterRole.WORK_MODE, None
    elif len(both) == 1 and InverterRole.WORK_MODE not in chosen:
        (lacking,) = set(POWER_OF.values()) - set(both)
        return lacking, "power_alone", both[0], lacking
    return None


def missing_work(
    chosen: Collection[str], works: Mapping[Work, str], sign: str | None
) -> tuple[Work, str, InverterRole | None] | None:
    """Return the option that is wrong, the error's key, and the role that its text names; `None` if none is."""
    for way, power in POWER_OF.items():
        if way in works and not {InverterRole.SETPOINT, power, LIMIT_OF[way]} & set(chosen):
            return way, "option_without_power", power
        if way not in works and power in chosen:
            return way, "power_without_option", power
    ways = [way for way in POWER_OF if way in works]
    if InverterRole.SETPOINT in chosen and not ways:
        return Work.CHARGE, "power_without_option", InverterRole.SETPOINT
    signed = InverterRole.SETPOINT in chosen and sign != PowerSign.BY_MODE
    if not signed and len({works[way] for way in ways}) < len(ways):
        return Work.DISCHARGE, "options_alike", None
    return None
