"""What every inverter link looks like to the rest of home_bms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType
from typing import Any, Final, Protocol

from ...core.bank import Bank
from ...core.model import Flow
from ..driver import DriverError

TOLD_FOR: Final = 15.0
"""s for which an inverter may go by what it was last told (`thresholds.md` 2.12: comms lease to the inverter).

A link that sends by itself stops, or tells that nothing may flow, once it was not told anything for so long.
"""

type Memory = Mapping[str, Any]
"""What a link must know again after a restart to hand back what it changed; plain JSON."""
type Keep = Callable[[Memory], Awaitable[None]]
"""Puts a link's memory where a restart cannot reach it. A link awaits it before the write that it is about."""

NO_MEMORY: Final[Memory] = MappingProxyType({})


class Ability(Flag):
    """What an inverter takes from home_bms, and what it tells."""

    NONE = 0
    CVL = auto()
    """It takes a charge voltage limit."""
    CCL = auto()
    """It takes a limit of the charge current, or of the power as its stand-in."""
    DCL = auto()
    """It takes a limit of the discharge current, or of the power as its stand-in."""
    SETPOINT = auto()
    """It takes a power that it is to charge or discharge with."""
    MEASURES = auto()
    """It tells the current or power of the battery as it measures it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    """Who the inverter says it is; texts are empty where it does not tell, or cannot be asked."""

    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware: str = ""

    @property
    def fingerprint(self) -> str:
        """What tells it from others."""
        return self.serial_number or f"{self.manufacturer} {self.model}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits as an inverter has them; `None` is not known, or none at all. Currents are never negative."""

    cvl: float | None = None
    """V."""
    ccl: float | None = None
    """A."""
    dcl: float | None = None
    """A."""
    setpoint: float | None = None
    """W into the battery, positive when charging."""


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterReading:
    """What an inverter told at one look; `None` is not known. Current and power are positive when charging."""

    time: float
    voltage: float | None = None
    """V of the battery at the inverter."""
    current: float | None = None
    """A of the battery through this inverter."""
    power: float | None = None
    """W of the battery through this inverter."""
    soc: float | None = None
    """Percent, as it believes."""
    own: Limits = NO_LIMITS
    """What it would permit by itself: its ratings and what its user has set."""
    accepted: Limits = NO_LIMITS
    """What it was told and holds now, read back from it."""
    alarms: frozenset[str] | None = None
    """Its own alarms that stand; `None` where it tells none."""


class SetpointError(DriverError):
    """Only the set-point was not taken: the limits were told, and whoever goes on against them disobeys."""

    @classmethod
    def of(cls, error: DriverError) -> SetpointError:
        """Return what went wrong, told as what it leaves untouched."""
        return cls(error.key, str(error))


class Inverter(Protocol):
    """One inverter. A link keeps no opinion: it tells what it is given, and proves that it was taken."""

    abilities: Ability
    """Known after `async_identify` where they depend on the device."""
    lease: float | None
    """s after which the inverter by itself forgets what it was told, where it does; told anew well before.

    `None`: it keeps what it was told, so that only `async_release` ends it.
    """
    problems: frozenset[str] = frozenset()
    """The keys of why an ability is missing, or of no use, for want of something; known after `async_identify`."""

    @property
    def info(self) -> InverterInfo:
        """The identity found by `async_identify`."""

    @property
    def tells(self) -> bool:
        """Whether what it was given is told by now: a link may have to listen first, and nobody disobeys silence."""
        return True

    @property
    def memory(self) -> Memory:
        """What the next link to this inverter must be made with, if this one does not come to hand back."""

    async def async_identify(self) -> InverterInfo:
        """See who it is, without writing, and get ready. Raises DriverError."""

    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        """Tell the inverter what the battery permits and, if it takes that, how much power is wanted.

        Called each cycle; writes only what has to change or to be renewed, and reads it back. `setpoint` in W into the
        battery; `None` ends one that stands. A set-point never asks for more than the limits (`bounded`).
        Raises DriverError, `not_effective` where the read-back disagrees; whatever can be told is told first. Where
        all but the set-point was told it is a SetpointError.
        """

    async def async_read(self) -> InverterReading:
        """Read what it measures and holds. Raises DriverError."""

    async def async_release(self, held: Flow = Flow.NONE) -> None:
        """Hand control back: what lapses is left or made to lapse, what stays is put back as it was found.

        Of the directions in `held`, which were told zero, nothing is: they stay at zero, and `memory` still tells what
        is to be put back, for another call or the next link. Where nothing that is told stays, `held` says nothing.
        Everything is tried before DriverError is raised; what failed may be tried again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterRow:
    """One kind of inverter that home_bms can tell its limits."""

    key: str
    name: str
    create: Callable[..., Inverter]
    """MODBUS: `create(unit, *, memory, keep, clock)`, and whatever options the link names."""


def bounded(bank: Bank, setpoint: float) -> float:
    """Return the W of a set-point within what the battery permits; without a known voltage that is none."""
    most = charge_power(bank)
    least = -discharge_power(bank)
    return min(most, max(least, setpoint))


def charge_power(bank: Bank) -> float:
    """Return the W that the battery may be charged with, at its voltage of now; 0 while that is unknown."""
    return bank.ccl * (bank.voltage or 0.0) if bank.charge_permitted else 0.0


def discharge_power(bank: Bank) -> float:
    """Return the W that the battery may be discharged with, at its voltage of now; 0 while that is unknown."""
    return bank.dcl * (bank.voltage or 0.0) if bank.discharge_permitted else 0.0


def charge_current(bank: Bank) -> float:
    """Return the A that the battery may be charged with."""
    return bank.ccl if bank.charge_permitted else 0.0


def discharge_current(bank: Bank) -> float:
    """Return the A that the battery may be discharged with."""
    return bank.dcl if bank.discharge_permitted else 0.0
