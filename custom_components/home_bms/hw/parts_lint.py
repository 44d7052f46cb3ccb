"""Finds what is missing or unsafe in a pack that is built from parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .channels import Current
from .devices import DEVICES
from .parts_config import CurrentRole, Member, Parts


class Severity(StrEnum):
    """What a problem costs."""

    REFUSED = "refused"
    """The set is no pack."""
    READ_ONLY = "read_only"
    """It may be watched; home_bms switches nothing."""
    ADVICE = "advice"
    """It works, and could be safer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong; `key` is a translation key."""

    key: str
    field: str
    """The field of the parts, or of a member's row, that it points at."""
    severity: Severity
    member: str | None = None
    detail: str = ""
    """The cell (from 1), channel (from 1) or name that it is about."""


def lint_parts(parts: Parts, cells: int | None = None) -> tuple[Problem, ...]:
    """Return all problems, the gravest first; `cells` is how many the pack has, where that is known otherwise."""
    found = [problem for rule in _RULES for problem in rule(parts)]
    if cells is not None and parts.cells != cells:
        found.append(_refused("parts_cell_count", "cells", detail=str(cells)))
    return tuple(sorted(found, key=lambda problem: tuple(Severity).index(problem.severity)))


def may_control(problems: tuple[Problem, ...]) -> bool:
    """Tell whether a pack with these problems may be switched."""
    return all(problem.severity is Severity.ADVICE for problem in problems)


def _refused(key: str, field: str, member: Member | None = None, detail: str = "") -> Problem:
    return Problem(
        key=key, field=field, severity=Severity.REFUSED, member=None if member is None else member.name, detail=detail
    )


def _read_only(key: str, field: str, member: Member | None = None) -> Problem:
    return Problem(key=key, field=field, severity=Severity.READ_ONLY, member=None if member is None else member.name)


def _advice(key: str, field: str, member: Member | None = None) -> Problem:
    return Problem(key=key, field=field, severity=Severity.ADVICE, member=None if member is None else member.name)


def _cells(parts: Parts) -> Iterator[Problem]:
    """Find cells that are not measured, or twice, or by something that may not be wired to stacked cells."""
    measured = Counter(cell for row in parts.members for cell in row.cells if cell is not None)
    if not measured:
        yield _refused("parts_no_cells", "cells")
    for cell, times in sorted(measured.items()):
        if times > 1:
            yield _refused("parts_cell_twice", "cells", detail=str(cell + 1))
    for cell in range(parts.cells):
        if cell not in measured:
            yield _refused("parts_cell_gap", "cells", detail=str(cell + 1))
    for row in parts.members:
        if not row.channels.isolated and any(cell is not None for cell in row.cells):
            yield _refused("parts_not_isolated", "cells", row)


def _places(parts: Parts) -> Iterator[Problem]:
    """Find two members at one address."""
    places = Counter((row.link, unit) for row in parts.members for unit in row.unit_ids)
    for row in parts.members:
        for unit in row.unit_ids:
            if places[row.link, unit] > 1:
                yield _refused("parts_unit_twice", "unit_ids", row, str(unit))


def _channels(parts: Parts) -> Iterator[Problem]:
    """Find a channel with two tasks."""
    for row in parts.members:
        used = {
            "relays": [relay for relays in row.outputs.values() for relay in relays],
            "contacts": [contact.channel for contact in row.contacts.values()],
            "temperatures": [*row.temperatures, *([] if (at := row.switch_temperature) is None else [at])],
            "voltages": [tap.channel for tap in (row.pack_voltage, row.link_voltage) if tap is not None],
        }
        for field, channels in used.items():
            for channel, times in Counter(channels).items():
                if times > 1:
                    yield _refused("parts_channel_twice", field, row, str(channel + 1))


def _roles(parts: Parts) -> Iterator[Problem]:
    """Find two members that measure or switch the one thing."""
    for field in ("pack_voltage", "link_voltage", "main", "precharge", "auxiliary"):
        if sum(bool(getattr(row, field)) for row in parts.members) > 1:
            yield _refused("parts_measured_twice", field)
    for checks in (False, True):
        roles = [row for row in parts.members if row.current and (row.current is CurrentRole.CHECK) is checks]
        if len(roles) > 1:
            yield _refused("parts_measured_twice", "current", roles[1])


def _measured(parts: Parts) -> Iterator[Problem]:
    """Find what every permission rests on and nobody measures."""
    if (current := parts.current) is None:
        yield _read_only("parts_no_current", "current")
    elif current.channels.current is not Current.SIGNED:
        yield _read_only("parts_current_without_direction", "current", current)
    if not parts.temperature_sensors:
        yield _read_only("parts_no_temperature", "temperatures")
    if parts.having("pack_voltage") is None:
        yield _read_only("parts_no_pack_voltage", "pack_voltage")


def _contactor(parts: Parts) -> Iterator[Problem]:
    """Find a contactor that does not show where it is, and a precharge that nobody can judge."""
    main, precharge = parts.having("main"), parts.having("precharge")
    if main is None:
        yield _read_only("parts_no_contactor", "main")
        return
    if parts.having("auxiliary") is None:
        yield _read_only("parts_no_auxiliary", "auxiliary", main)
    if precharge is None:
        yield _advice("parts_no_precharge", "precharge", main)
    elif parts.having("link_voltage") is None:
        yield _read_only("parts_precharge_blind", "link_voltage", precharge)


def _outputs(parts: Parts) -> Iterator[Problem]:
    """Find outputs that would not fall open by themselves, or would not stay closed."""
    for row in parts.members:
        if not (outputs := row.outputs):
            continue
        if row.channels.pulse is None:
            yield _read_only("parts_no_dead_man", "main", row)
        elif any(len(relays) == 1 for relays in outputs.values()) and not row.pulse_restarts:
            key = "parts_pulse_untested" if row.pulse_restarts is None else "parts_pulse_ends"
            yield _read_only(key, "pulse_restarts", row)
        if any(len(relays) > 2 for relays in outputs.values()):
            yield _refused("parts_too_many_relays", "main", row)


def _advisable(parts: Parts) -> Iterator[Problem]:
    """Find what the minimum set has beyond the necessary (modbus/10_diy_boards.md D)."""
    if not any(row.channels.trips for row in parts.members):
        yield _advice("parts_no_own_trip", "current")
    for name in parts.links:
        rows = [row for row in parts.members if row.link == name]
        if any(row.main for row in rows) and len(rows) > 1:
            yield _advice("parts_trip_path_shared", "link", next(row for row in rows if row.main))
        if len({DEVICES[row.device].baudrate for row in rows}) > 1:
            yield _advice("parts_baudrates_differ", "link", rows[0])


_RULES: Final[tuple[Callable[[Parts], Iterator[Problem]], ...]] = (
    *(_cells, _places, _channels, _roles),
    *(_measured, _contactor, _outputs, _advisable),
)
