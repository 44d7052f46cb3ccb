"""What a pack that is built from parts is made of, as typed rows that a config entry keeps as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from ..core.contactors import CONTACTOR
from ..core.model import ConfigError, ContactorConfig
from .channels import Channels, Current
from .devices import DEVICES
from .registers import Kind
from .rows import Row, count, gapped, mapping, number, numbers, sequence, text, truth

MOST_MEMBERS: Final = 16
MOST_CELLS: Final = 128

_BMS: Final = Channels(cells=32, temperatures=8, voltages=1, current=Current.SIGNED)
_MONITOR: Final = Channels(cells=32, temperatures=8, voltages=1)
_BY_KIND: Final = MappingProxyType({Kind.PACK: _BMS, Kind.CELLS: _MONITOR})
"""What a device offers that does not say so itself."""


class CurrentRole(StrEnum):
    """What a member's current is to the pack."""

    AS_TOLD = "as_told"
    """It is the pack's, positive when charging."""
    REVERSED = "reversed"
    """It is the pack's with the other sign, because the shunt sits the other way round."""
    CHECK = "check"
    """A second opinion on the pack's: an alarm if the two differ."""


class SwitchKind(StrEnum):
    """What an additional relay does; its guards follow from it."""

    STRING = "string"
    """Joins one of several strings to the pack: it closes only as a pack closes onto a shared bus."""
    BYPASS = "bypass"
    """Takes a cell or a block out, or bleeds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A voltage input; the voltage is what it tells times `factor` (the divider in front of it)."""

    channel: int = 0
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A digital input that tells where a contactor's contacts are."""

    channel: int
    normally_open: bool = True
    """An auxiliary contact that is open while the contactor is; else it is closed then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRow:
    """An additional relay that people switch."""

    name: str
    kind: SwitchKind
    relays: tuple[int, ...]
    auxiliary: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One device of the pack, and what each of its channels is. Channels, cells and sensors count from 0.

    An output (`main`, `precharge`, a switch) has one relay, or two whose contacts are in parallel: then home_bms lets
    their pulses overlap and needs no board that restarts a running pulse.
    """

    name: str
    """What people and the black box call it; unique in the pack."""
    device: str
    """A key of `DEVICES`."""
    link: str
    """A key of `Parts.links`."""
    unit_ids: tuple[int, ...]
    """One; more where the device is an array of equal units, whose channels then run on from unit to unit."""
    fingerprint: str | None = None
    """Of the device when it was set up: another one in its place is a stranger. `None` takes the first that answers."""
    cells: tuple[int | None, ...] = ()
    """By channel: the cell that it measures; `None` for a channel that is not used."""
    temperatures: tuple[int, ...] = ()
    """The channels whose sensors sit on cells; they are the pack's sensors, in the order of members and of channels."""
    switch_temperature: int | None = None
    """The channel whose sensor sits on the contactor."""
    current: CurrentRole | None = None
    pack_voltage: Tap | None = None
    link_voltage: Tap | None = None
    """Behind the contactor."""
    main: tuple[int, ...] = ()
    """The relays that hold the contactor's coil."""
    precharge: tuple[int, ...] = ()
    auxiliary: Contact | None = None
    """Of the main contactor."""
    switches: tuple[SwitchRow, ...] = ()
    pulse_restarts: bool | None = None
    """Whether a second pulse starts the running one anew, as was tried on the bench; `None` is not tried yet."""

    @property
    def channels(self) -> Channels:
        """What the device offers, over all of its units."""
        device = DEVICES[self.device]
        found = _BY_KIND.get(device.kind, device.channels) if device.channels == Channels() else device.channels
        units = len(self.unit_ids)
        return replace(found, cells=found.cells * units, temperatures=found.temperatures * units)

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        """Its relays by what they drive: `main`, `precharge`, or the name of a switch."""
        found = {"main": self.main, "precharge": self.precharge} | {row.name: row.relays for row in self.switches}
        return {name: relays for name, relays in found.items() if relays}

    @property
    def contacts(self) -> dict[str, Contact]:
        """Its digital inputs by what they tell of, as `outputs`."""
        found = {"main": self.auxiliary} | {row.name: row.auxiliary for row in self.switches}
        return {name: contact for name, contact in found.items() if contact is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A whole pack that is built from parts."""

    links: Mapping[str, Mapping[str, Any]]
    """By a name that members use: the link's own settings, which only the shell reads."""
    members: tuple[Member, ...]
    shared_bus: bool = False
    """Whether others feed the bus behind the contactor: it then closes only with permission."""
    precharge_within: float = CONTACTOR.precharge_within
    """s that a precharge may take; a poll a second sees little of a short one."""

    @property
    def cells(self) -> int:
        """How many cells its members measure, as far as the highest."""
        return max((cell for row in self.members for cell in row.cells if cell is not None), default=-1) + 1

    @property
    def temperature_sensors(self) -> int:
        """How many sensors sit on cells."""
        return sum(len(row.temperatures) for row in self.members)

    def having(self, field: str) -> Member | None:
        """Return the first member whose row says something in `field`."""
        return next((row for row in self.members if getattr(row, field)), None)

    def sitting_on_switch(self) -> Member | None:
        """Return the member whose sensor sits on the contactor."""
        return next((row for row in self.members if row.switch_temperature is not None), None)

    @property
    def current(self) -> Member | None:
        """The member that measures the pack's current."""
        return next((row for row in self.members if row.current not in (None, CurrentRole.CHECK)), None)


def contactor_config(parts: Parts) -> ContactorConfig:
    """Return how the pack's contactor is built; MOSFETs' defaults where it has none that home_bms drives."""
    if parts.having("main") is None:
        return ContactorConfig()
    sees_link = parts.having("link_voltage") is not None
    return replace(
        CONTACTOR,
        precharge=parts.having("precharge") is not None and sees_link,
        asks=parts.shared_bus,
        # A bus that others feed does not fall, and one that is not measured shows nothing.
        link_decay=CONTACTOR.link_decay if sees_link and not parts.shared_bus else None,
        precharge_within=parts.precharge_within,
    )


def parts_from_data(data: Mapping[str, Any]) -> Parts:
    """Return the parts that a config entry keeps.

    Raises ConfigError, its field being the path, such as `members.shunt.current`. What cannot be told from one row,
    such as two members for one cell, is found by `parts_lint.lint_parts`.
    """
    row = Row(data, "")
    row.knows(field.name for field in fields(Parts))
    links = row.take("links", mapping, {})
    if not links or not all(isinstance(link, Mapping) for link in links.values()):
        raise ConfigError("parts_no_link", "links")
    rows = row.take("members", sequence, ())
    if not 0 < len(rows) <= MOST_MEMBERS:
        raise ConfigError("out_of_range", "members", minimum=1, maximum=MOST_MEMBERS, value=len(rows))
    members = tuple(_member(entry, links) for entry in rows)
    names = [name for member in members for name in (member.name, *(switch.name for switch in member.switches))]
    names += ["main", "precharge"]
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        raise ConfigError("parts_name_twice", "members", name=twice)
    within = row.take("precharge_within", number, CONTACTOR.precharge_within)
    if not 0.1 <= within <= 60:
        raise ConfigError("out_of_range", "precharge_within", minimum=0.1, maximum=60, value=within)
    return Parts(
        links={str(name): dict(link) for name, link in links.items()},
        members=members,
        shared_bus=row.take("shared_bus", truth, False),
        precharge_within=within,
    )


def _member(data: object, links: Mapping[str, Any]) -> Member:
    """Return one member's row. Raises ConfigError."""
    if not isinstance(data, Mapping):
        raise ConfigError("parts_not_readable", "members", value=data)
    name = data.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError("parts_name_missing", "members")
    row = Row(data, f"members.{name}.")
    row.knows(field.name for field in fields(Member))
    device = row.take("device", text, "")
    if device not in DEVICES:
        raise row.error("parts_unknown_device", "device", device=device)
    if (link := row.take("link", text, "")) not in links:
        raise row.error("parts_unknown_link", "link", link=link)
    units = row.take("unit_ids", numbers, ())
    # Where a board answers to 0, everybody does.
    known = [unit for unit in DEVICES[device].unit_ids if unit or DEVICES[device].kind is Kind.PACK]
    if not units or any(unit not in known for unit in units):
        raise row.error("parts_unit_ids", "unit_ids", min=known[0], max=known[-1])
    member = Member(
        name=name,
        device=device,
        link=link,
        unit_ids=units,
        fingerprint=row.take("fingerprint", text, None),
        cells=row.take("cells", gapped, ()),
        temperatures=row.take("temperatures", numbers, ()),
        switch_temperature=row.take("switch_temperature", count, None),
        current=row.take("current", CurrentRole, None),
        pack_voltage=row.take("pack_voltage", _tap, None),
        link_voltage=row.take("link_voltage", _tap, None),
        main=row.take("main", numbers, ()),
        precharge=row.take("precharge", numbers, ()),
        auxiliary=row.take("auxiliary", _contact, None),
        switches=row.take("switches", _switches, ()),
        pulse_restarts=row.take("pulse_restarts", truth, None),
    )
    _within_device(row, member)
    return member


def _within_device(row: Row, member: Member) -> None:
    """Raise ConfigError where the row speaks of channels that the device does not have."""
    has = member.channels
    if len(member.unit_ids) > 1 and not has.array:
        raise row.error("parts_no_array", "unit_ids", device=member.device)
    if member.current is not None and has.current is Current.NONE:
        raise row.error("parts_no_channel", "current", device=member.device, channels=0)
    used: list[tuple[str, int, Iterable[int | None]]] = [
        ("cells", has.cells, (len(member.cells) - 1,)),
        ("temperatures", has.temperatures, member.temperatures),
        ("switch_temperature", has.temperatures, (member.switch_temperature,)),
        ("pack_voltage", has.voltages, _channel(member.pack_voltage)),
        ("link_voltage", has.voltages, _channel(member.link_voltage)),
        ("main", has.relays, member.main),
        ("precharge", has.relays, member.precharge),
        ("switches", has.relays, [relay for switch in member.switches for relay in switch.relays]),
        ("auxiliary", has.contacts, [contact.channel for contact in member.contacts.values()]),
    ]
    for field, channels, told in used:
        if any(channel is not None and channel >= channels for channel in told):
            raise row.error("parts_no_channel", field, device=member.device, channels=channels)
    if any(cell is not None and cell >= MOST_CELLS for cell in member.cells):
        raise row.error(
            "out_of_range", "cells", minimum=1, maximum=MOST_CELLS, value=max(filter(None, member.cells)) + 1
        )


def _channel(tap: Tap | None) -> tuple[int, ...]:
    return () if tap is None else (tap.channel,)


def _tap(found: Any) -> Tap:  # noqa: ANN401 - JSON
    tap = Tap(channel=count(found.get("channel", 0)), factor=number(found.get("factor", 1.0)))
    if not tap.factor > 0:
        raise ValueError
    return tap


def _contact(found: Any) -> Contact:  # noqa: ANN401 - JSON
    return Contact(channel=count(found["channel"]), normally_open=truth(found.get("normally_open", True)))


def _switches(found: Any) -> tuple[SwitchRow, ...]:  # noqa: ANN401 - JSON
    return tuple(
        SwitchRow(
            name=text(entry["name"]),
            kind=SwitchKind(entry["kind"]),
            relays=numbers(entry["relays"]),
            auxiliary=None if entry.get("auxiliary") is None else _contact(entry["auxiliary"]),
        )
        for entry in sequence(found)
    )
