"""Tells the steps of a commissioning, and what came of them, in the language that Home Assistant speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from ..const import DOMAIN
from ..core.commissioning import Aspect, Finding, Number, Outcome, Record, State, Step
from ..texts import word

MARKS: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: "✓",
    Outcome.PARTLY: "◐",
    Outcome.FAILED: "✗",
    Outcome.SKIPPED: "–",
}
OPEN: Final = "○"
_DOUBTS: Final = f"component.{DOMAIN}.entity.sensor.cell.state_attributes.doubt.state"
# What a person wrote stands for itself; every other outcome has a reason of ours.
_OF_PEOPLE: Final = frozenset({Outcome.SKIPPED})


@callback
def step_name(hass: HomeAssistant, step: Step) -> str:
    """Return what a step is called."""
    return word(hass, "commission_step", step.row.kind.value, number=step.number or "")


@callback
def check_name(hass: HomeAssistant, key: str) -> str:
    """Return what a check of the self-test is called."""
    return word(hass, "commission_step", key)


@callback
def outcome_name(hass: HomeAssistant, outcome: Outcome) -> str:
    """Return an outcome as a word."""
    return word(hass, "commission_outcome", outcome.value)


@callback
def state_name(hass: HomeAssistant, state: State) -> str:
    """Return how far it is as a word."""
    return word(hass, "commission_state", state.value)


@callback
def aspects_text(hass: HomeAssistant, aspects: Iterable[Aspect]) -> str:
    """Return what has changed as a list, in the order of the table."""
    changed = set(aspects)
    return ", ".join(word(hass, "commission_aspect", aspect.value) for aspect in Aspect if aspect in changed)


@callback
def steps_text(hass: HomeAssistant, steps: Iterable[Step]) -> str:
    """Return the names of steps as a list."""
    return ", ".join(step_name(hass, step) for step in steps)


@callback
def reason_text(hass: HomeAssistant, finding: Finding) -> str:
    """Return why it is no plain pass; empty for one that is."""
    if finding.reason is None:
        return ""
    if finding.outcome in _OF_PEOPLE:
        # A person's own words; ours are keys.
        return word(hass, "commission_reason", finding.reason) if finding.reason.isidentifier() else finding.reason
    return word(hass, "commission_reason", finding.reason)


@callback
def number_texts(hass: HomeAssistant, finding: Finding) -> list[str]:
    """Return what was measured, a phrase each."""
    return [_number(hass, name, value) for name, value in finding.numbers.items()]


def _number(hass: HomeAssistant, name: str, value: Number) -> str:
    shown = value
    if name == "settings":
        shown = ", ".join(_setting(hass, key) for key in str(value).split(", "))
    elif name == "doubt":
        words = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
        shown = words.get(f"{_DOUBTS}.{value}", value)
    elif isinstance(value, float):
        shown = f"{value:g}"
    return word(hass, "commission_number", name, value=shown)


def _setting(hass: HomeAssistant, key: str) -> str:
    """Return what a register of the pack, or a setting of home_bms's own, is called."""
    name = word(hass, "register", key)
    return word(hass, "setting", key) if name == key else name


@callback
def finding_text(hass: HomeAssistant, finding: Finding) -> str:
    """Return all of a finding in one line."""
    said = [outcome_name(hass, finding.outcome), reason_text(hass, finding), "; ".join(number_texts(hass, finding))]
    return ". ".join(part.rstrip(".") for part in said if part)


@callback
def overview_text(hass: HomeAssistant, record: Record, steps: Iterable[Step], again: Mapping[str, object]) -> str:
    """Return every step with what came of it, a line each."""
    lines = []
    for step in steps:
        result = record.results.get(step.key)
        name = step_name(hass, step)
        if result is None:
            lines.append(f"- {OPEN} {name}")
        elif step.key in again:
            lines.append(f"- {OPEN} {name}: {word(hass, 'commission_reason', 'changed')}")
        else:
            lines.append(f"- {MARKS[result.outcome]} {name}: {finding_text(hass, result)}")
    return "\n".join(lines)
