"""Tells the parts of a pack, and what is wrong with them, in the language that Home Assistant speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from ..const import DOMAIN
from ..core.model import ConfigError
from ..flow.channel_lists import from_one, write_list
from ..hw.devices import DEVICES
from ..hw.parts_config import CurrentRole, Member
from ..hw.parts_lint import Problem, Severity
from ..hw.registers import Kind
from ..texts import word
from .parts_look import Look

UNKNOWN: Final = "–"
_JOINED: Final = " · "


async def async_load_words(hass: HomeAssistant) -> None:
    """Have the words at hand that the other functions look up."""
    for category in ("selector", "config"):
        await async_get_translations(hass, hass.config.language, category, {DOMAIN})


@callback
def kind_name(hass: HomeAssistant, kind: Kind) -> str:
    """Return what a kind of device is good for."""
    return word(hass, "parts_kind", kind.value)


@callback
def trouble_text(hass: HomeAssistant, key: str) -> str:
    """Return what the config flow says for a driver's error."""
    words = async_get_cached_translations(hass, hass.config.language, "config", DOMAIN)
    return words.get(f"component.{DOMAIN}.config.error.{key}", key)


@callback
def problem_text(hass: HomeAssistant, problem: Problem) -> str:
    """Return one problem as a sentence."""
    return _problem(hass, problem.key, problem.field, problem.member or "", problem.detail)


@callback
def refusal_text(hass: HomeAssistant, err: ConfigError) -> str:
    """Return as a sentence why the parts are no pack."""
    told = err.placeholders
    return _problem(hass, err.key, err.field, told.get("member", ""), told.get("detail", ""))


def _problem(hass: HomeAssistant, key: str, field: str, member: str, detail: str) -> str:
    return word(hass, "parts_problem", key, member=member, detail=detail, field=word(hass, "parts_role", field))


@callback
def problems_text(hass: HomeAssistant, problems: Iterable[Problem]) -> str:
    """Return problems as lists, the gravest first, each list with what it means."""
    found: dict[Severity, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.severity, []).append(f"- {problem_text(hass, problem)}")
    if not found:
        return word(hass, "parts_severity", "none")
    return "\n\n".join(
        f"{word(hass, 'parts_severity', severity.value)}\n\n" + "\n".join(dict.fromkeys(lines))
        for severity, lines in found.items()
    )


@callback
def roles_text(hass: HomeAssistant, row: Member) -> str:
    """Return what a member's channels are, in one line."""
    told = [f"{word(hass, 'parts_role', name)} {shown}".rstrip() for name, shown in _roles(row).items()]
    return ", ".join(told) or word(hass, "parts_role", "none")


@callback
def member_text(hass: HomeAssistant, row: Member) -> str:
    """Return a member for a list of them."""
    units = write_list(row.unit_ids)
    where = word(hass, "parts_told", "where", link=row.link, units=units)
    return f"- **{row.name}**: {DEVICES[row.device].name}, {where}: {roles_text(hass, row)}"


@callback
def raw_text(hass: HomeAssistant, look: Look) -> str:
    """Return what a device tells, channel by channel."""
    current = [] if look.current is None else [_current(hass, look.current)]
    return _lines(
        hass,
        {
            "cells": [_numbered(at, value, "V", 3) for at, value in enumerate(look.cells)],
            "temperatures": [_numbered(at, value, "°C", 1) for at, value in enumerate(look.temperatures)],
            "current": current,
            "voltages": [_numbered(at, value, "V", 2) for at, value in enumerate(look.voltages)],
            "relays": [_position(hass, at, value) for at, value in enumerate(look.relays)],
            "contacts": [_position(hass, at, value) for at, value in enumerate(look.contacts)],
        },
    )


@callback
def mapped_text(hass: HomeAssistant, row: Member, look: Look) -> str:
    """Return what a member tells of the pack, as its channels are mapped."""
    cells = {cell: look.cell(channel) for channel, cell in enumerate(row.cells) if cell is not None}
    found: dict[str, list[str]] = {
        "cells": [_numbered(cell, value, "V", 3) for cell, value in sorted(cells.items())],
        "temperatures": [_numbered(at, look.temperature(at), "°C", 1) for at in row.temperatures],
    }
    if row.switch_temperature is not None:
        found["switch_temperature"] = [_figure(look.temperature(row.switch_temperature), "°C", 1)]
    if row.current is not None and look.current is not None:
        sign = -1.0 if row.current is CurrentRole.REVERSED else 1.0
        found["current"] = [_current(hass, sign * look.current)]
    for name, tap in (("pack_voltage", row.pack_voltage), ("link_voltage", row.link_voltage)):
        if tap is not None:
            told = look.voltage(tap.channel)
            found[name] = [_figure(None if told is None else told * tap.factor, "V", 2)]
    for name, relays in row.outputs.items():
        found.setdefault("outputs", []).append(
            f"{_output(hass, name)} {_where(hass, any(look.relay(relay) is True for relay in relays))}"
        )
    for name, contact in row.contacts.items():
        shown = look.contact(contact.channel)
        closed = None if shown is None else shown is contact.normally_open
        found.setdefault("positions", []).append(f"{_output(hass, name)} {_where(hass, closed)}")
    return _lines(hass, found)


def _roles(row: Member) -> Mapping[str, str]:
    """Return what a member does for the pack, with its channels as people count them."""
    found: dict[str, str] = {}
    if any(cell is not None for cell in row.cells):
        found["cells"] = write_list(from_one([cell for cell in row.cells if cell is not None]))
    for name, channels in (("temperatures", row.temperatures), ("main", row.main), ("precharge", row.precharge)):
        if channels:
            found[name] = write_list(from_one(channels))
    if row.switch_temperature is not None:
        found["switch_temperature"] = str(row.switch_temperature + 1)
    if row.current is not None:
        found["check" if row.current is CurrentRole.CHECK else "current"] = ""
    for name, tap in (("pack_voltage", row.pack_voltage), ("link_voltage", row.link_voltage)):
        if tap is not None:
            found[name] = str(tap.channel + 1)
    if row.auxiliary is not None:
        found["auxiliary"] = str(row.auxiliary.channel + 1)
    if row.switches:
        found["switches"] = ", ".join(switch.name for switch in row.switches)
    return found


def _lines(hass: HomeAssistant, found: Mapping[str, list[str]]) -> str:
    told = [f"- {word(hass, 'parts_told', name)}: {_JOINED.join(values)}" for name, values in found.items() if values]
    return "\n".join(told) or word(hass, "parts_told", "nothing")


def _figure(value: float | None, unit: str, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f} {unit}"


def _numbered(at: int, value: float | None, unit: str, digits: int) -> str:
    return f"**{at + 1}** {_figure(value, unit, digits)}"


def _current(hass: HomeAssistant, value: float) -> str:
    way = "idle" if round(value, 1) == 0 else "charging" if value > 0 else "discharging"
    return f"{_figure(abs(value), 'A', 1)} ({word(hass, 'parts_told', way)})"


def _where(hass: HomeAssistant, closed: bool | None) -> str:
    return UNKNOWN if closed is None else word(hass, "parts_told", "closed" if closed else "open")


def _position(hass: HomeAssistant, at: int, closed: bool | None) -> str:
    return f"**{at + 1}** {_where(hass, closed)}"


def _output(hass: HomeAssistant, name: str) -> str:
    """Return what an output drives; a switch has the name that people gave it."""
    return word(hass, "parts_role", name) if name in ("main", "precharge") else name
