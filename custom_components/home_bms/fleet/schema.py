"""What a remote operator is told over MQTT, and may say; `docs/fleet.schema.json` is made of these types.

Units as in `web_types`. `expires` is when what is told has to be taken for unknown, unless it is told anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..web.schema import AlarmShown, AmpereHours, Amperes, PackShown, Percent, Seconds, SystemShown, Time, Watts

FORMAT: Final = 1
"""Grows when something that is told changes its meaning or goes; what is new does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker says when Home Assistant has gone without a word; it is not retained unless a user says so."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackIdentity:
    """What does not change while a pack is set up."""

    id: str
    """As in the topics."""
    name: str
    manufacturer: str | None
    model: str | None
    firmware: str | None
    serial_number: str | None
    """`None` too where the user does not want it told."""
    chemistry: str
    cells: int
    sensors: int
    capacity: AmpereHours
    charge_current: Amperes
    discharge_current: Amperes
    virtual: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemIdentity:
    """Retained: what does not change while a battery system is set up."""

    format: int
    id: str
    name: str
    version: str
    """Of home_bms."""
    will: Will | None
    """`None` where Home Assistant's MQTT has none."""
    commands: bool
    """Whether commands are followed at all."""
    owner: str
    """Of the leases that commands make."""
    longest: Seconds
    """s that a command may last."""
    packs: list[PackIdentity]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackState:
    """Retained: one look at a pack."""

    expires: Time
    now: PackShown


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """Retained: one look at the battery of all packs."""

    expires: Time
    now: SystemShown


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEvent:
    """Not retained: what became of a protection of a pack."""

    time: Time
    became: str
    """The level that it rose to, `released` or `reset`."""
    severity: str
    acting: bool
    """Whether home_bms may do something about it."""
    alarm: AlarmShown
    """As it is now, or was before it was released."""
    root: str
    """The key of the protection that it began with."""
    words: str
    """A sentence in the language of the house, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvent:
    """Not retained: what became of a lease."""

    time: Time
    became: str
    owner: str
    name: str
    reason: str
    until: Time
    part: str | None
    """Of one that is overridden, what of it ..."""
    by: str | None
    """... and the owner by whose lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Not retained: what became of a command."""

    time: Time
    id: str | None
    """Of the command, where it could be read."""
    accepted: bool
    key: str
    """`accepted`, or why it was refused."""
    words: str
    """The same in the language of the house."""
    released: int | None
    """How many leases `release` has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPower:
    """Leases a set-point or limits, as the action of the same name; at least one has to be asked."""

    id: str
    """Yours, to tell answers apart; one that was used lately is refused."""
    action: Literal["request_power"]
    duration: Seconds
    """s from now; at most `longest`."""
    name: str | None = None
    """Tells several leases apart; the same takes the place of the one before."""
    reason: str | None = None
    power: Watts | None = None
    charge_power: Watts | None = None
    discharge_power: Watts | None = None
    charge_current: Amperes | None = None
    discharge_current: Amperes | None = None
    charge_to: Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReserve:
    """Leases a reserve, as the action of the same name."""

    id: str
    action: Literal["hold_reserve"]
    duration: Seconds
    reserve: Percent
    name: str | None = None
    reason: str | None = None
    charge_to: Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Ends leases of the operator, as the action of the same name; without a name all of them."""

    id: str
    action: Literal["release"]
    name: str | None = None


COMMANDS: Final[dict[str, type]] = {
    "request_power": RequestPower,
    "hold_reserve": HoldReserve,
    "release": Release,
}
"""What may be said, by `action`."""
