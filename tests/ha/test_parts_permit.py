"""An additional relay closes only while everything that it may endanger is known, permitted and in turn."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import strings
from custom_components.home_bms.core.model import Alarm, Flow, Join, Level, Reason
from custom_components.home_bms.hw.parts_config import SwitchKind, SwitchRow
from custom_components.home_bms.packs.parts_permit import REASONS, permission, refusal

from .conftest import PACK_ID, until
from .test_translations import LANGUAGES

STRING = SwitchRow(name="string", kind=SwitchKind.STRING, relays=(0,))
BYPASS = SwitchRow(name="bypass", kind=SwitchKind.BYPASS, relays=(1,))


class Pack(SimpleNamespace):
    """A pack that is controlled and knows everything, but for what a test changes."""


@pytest.fixture
async def known(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> Pack:
    await until(lambda: pack.latest.decision.charge_permitted and pack.latest.decision.discharge_permitted, within=30)
    return Pack(hass=hass, latest=pack.latest, config=pack.config, control_allowed=True, join=None)


def decided(pack: Pack, **changes: Any) -> None:
    """Change what was decided, as of now."""
    decision = replace(pack.latest.decision, time=pack.hass.loop.time(), **changes)
    pack.latest = replace(pack.latest, decision=decision)


def shared(pack: Pack, rule: str, *, until: float = 3.0) -> None:
    """Let others share the bus."""
    pack.config = strings.on_shared_bus(pack.config)
    pack.join = Join(allowed=False, reason=Reason(rule=rule), until=pack.hass.loop.time() + until)


@pytest.mark.parametrize("row", [STRING, BYPASS])
async def test_what_is_known_and_permitted_may_close(known: Pack, row: SwitchRow) -> None:
    decided(known)
    assert refusal(known, row) is None


@pytest.mark.parametrize("row", [STRING, BYPASS])
async def test_nothing_closes_without_control(known: Pack, row: SwitchRow) -> None:
    known.control_allowed = False
    assert refusal(known, row) == "control_not_allowed"


@pytest.mark.parametrize("row", [STRING, BYPASS])
async def test_nothing_closes_under_a_trip(known: Pack, row: SwitchRow) -> None:
    alarm = Alarm(key="cell_overvoltage", level=Level.TRIP, flow=Flow.CHARGE, reason=Reason(rule="cell_overvoltage"))
    decided(known, alarms=(alarm,))
    assert refusal(known, row) == "tripped"


@pytest.mark.parametrize("row", [STRING, BYPASS])
async def test_nothing_closes_on_what_is_old_or_unknown(known: Pack, row: SwitchRow) -> None:
    decided(known)
    believed = known.latest.believed
    for changes in (
        {"cells": (*believed.cells[1:], None)},
        {"temperatures": ()},
        {"current": None},
        {"voltage": None},
        {"age": 60.0},
    ):
        known.latest = replace(known.latest, believed=replace(believed, **changes))
        assert refusal(known, row) == "not_known"
    # A supervisor that has stopped leaves its last word behind.
    stopped = replace(known.latest.decision, time=known.latest.decision.time - 60.0)
    known.latest = replace(known.latest, believed=believed, decision=stopped)
    assert refusal(known, row) == "not_known"


async def test_a_string_needs_both_directions_and_a_bypass_that_cells_may_be_emptied(known: Pack) -> None:
    decided(known, charge_permitted=False)
    assert refusal(known, STRING) == "charge_not_permitted"
    # Bleeding is what a full cell needs.
    assert refusal(known, BYPASS) is None
    decided(known, charge_permitted=True, discharge_permitted=False)
    assert refusal(known, STRING) == refusal(known, BYPASS) == "discharge_not_permitted"


@pytest.mark.parametrize("rule", strings.JOIN_RULES)
async def test_a_string_waits_for_its_turn_on_a_bus_that_several_share(known: Pack, rule: str) -> None:
    decided(known)
    shared(known, rule)
    free = ("bus_dead", "bus_matched", "not_asked")
    assert refusal(known, STRING) == (None if rule in free else rule)
    assert refusal(known, BYPASS) is None


async def test_a_permission_that_is_missing_or_over_is_none(known: Pack) -> None:
    decided(known)
    shared(known, "bus_matched", until=-1.0)
    assert refusal(known, STRING) == "bus_unknown"
    known.join = None
    assert refusal(known, STRING) == "bus_unknown"


async def test_nothing_closes_while_its_pack_is_not_running(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    assert permission(MockConfigEntry(domain=DOMAIN), PACK_ID)(STRING) == "not_running"
    assert permission(entry, "gone")(STRING) == "not_running"
    assert permission(entry, PACK_ID)(STRING) == "control_not_allowed"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_told_in_words(language: str) -> None:
    assert set(LANGUAGES[language]["selector"]["relay_refusal"]["options"]) == set(REASONS)
