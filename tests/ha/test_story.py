"""What a protection did is told in a sentence that needs no manual, in the user's language."""

from __future__ import annotations

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason
from custom_components.home_bms.core.protection import PROTECTIONS
from custom_components.home_bms.story import RELEASED, RESET, Severity, evidence, facts, tell
from custom_components.home_bms.texts import protection_name, word


@pytest.fixture
def platforms() -> list[Platform]:
    return []


def alarm(key: str, level: Level = Level.TRIP, flow: Flow = Flow.CHARGE, **reason: float | int) -> Alarm:
    return Alarm(key=key, level=level, flow=flow, reason=Reason(rule=key, **reason))


def said(hass: HomeAssistant, told: Alarm, became: str | None = None, root: Alarm | None = None, *, acting=True) -> str:
    return tell(hass, facts(told, became or told.level.name.lower(), root or told, acting=acting))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            alarm("cell_overvoltage", cell=6, value=3.66, threshold=3.6),
            "cell 7 reached 3.66 V, above the trip of 3.60 V; charging stopped until it is reset",
        ),
        (
            alarm("cell_undervoltage", Level.PROTECT, Flow.DISCHARGE, cell=0, value=2.896, threshold=2.9),
            "cell 1 fell to 2.896 V, below the stop of 2.900 V; discharging stopped",
        ),
        (
            alarm("cell_difference", Level.DERATE, Flow.BOTH, cell=3, value=0.0712, threshold=0.06),
            "the cell difference reached 71 mV, above the derating of 60 mV; charging and discharging are limited",
        ),
        (
            alarm("charge_overtemperature", Level.WARN, sensor=2, value=46.0, threshold=45.0),
            "temperature sensor 3 reached 46 °C, above the warning of 45 °C",
        ),
        (
            alarm("insulation_low", flow=Flow.CHARGE, value=4200.0, threshold=5520.0),
            "the insulation fell to 4.2 kΩ, below the trip of 5.5 kΩ; charging stopped until it is reset",
        ),
        (
            alarm("contactor_welded", flow=Flow.BOTH, value=1.0, threshold=1.0),
            "Contactor welded; charging and discharging stopped until it is reset",
        ),
        (alarm("device_alarm", Level.WARN, Flow.BOTH, value=2.0, threshold=1.0), "Alarm of the pack itself"),
        # Nothing was ever heard, so there is nothing to measure.
        (
            alarm("communication_lost", Level.PROTECT, Flow.BOTH),
            "Communication lost; charging and discharging stopped",
        ),
    ],
)
def test_a_protection_is_told_in_a_sentence(
    hass: HomeAssistant, entry: MockConfigEntry, told: Alarm, sentence: str
) -> None:
    assert said(hass, told) == sentence


def test_the_packs_own_alarms_are_named_where_they_are_what_it_is_about(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    own = frozenset({"balance_wire_resistance", "cell_overvoltage", "change_password"})
    device = alarm("device_alarm", Level.WARN, Flow.BOTH, value=2.0, threshold=1.0)
    told = facts(device, "warn", device, acting=True, device_alarms=own)
    # A reminder to change the password is about no battery.
    assert told["device_alarms"] == ["balance_wire_resistance", "cell_overvoltage"]
    assert tell(hass, told) == "Alarm of the pack itself: balance wire resistance, Cell over-voltage"
    hot = alarm("charge_overtemperature")
    assert "device_alarms" not in facts(hot, "trip", hot, acting=True, device_alarms=own)


def test_its_end_and_its_reset_are_told(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hot = alarm("charge_overtemperature", sensor=2, value=57.0, threshold=55.0)
    assert said(hass, hot, RELEASED) == "Too hot to charge is over"
    assert said(hass, hot, RESET) == "Too hot to charge was reset"


def test_a_consequence_names_its_root(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    full = alarm("pack_overvoltage", Level.PROTECT, value=57.0, threshold=56.8)
    sentence = said(hass, full, root=alarm("cell_overvoltage"))
    assert sentence == (
        "the pack's voltage reached 57.0 V, above the stop of 56.8 V; charging stopped, because of: Cell over-voltage"
    )


def test_what_home_bms_may_not_do_is_told_as_a_wish(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hot = alarm("charge_overtemperature", Level.PROTECT, sensor=0, value=52.0, threshold=50.0)
    assert said(hass, hot, acting=False).endswith("; charging stopped (only a wish: control is off)")


async def test_it_is_told_in_german(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config.language = "de"
    await async_get_translations(hass, "de", "selector", {DOMAIN})
    told = alarm("cell_overvoltage", cell=6, value=3.66, threshold=3.6)
    sentence = "Zelle 7 erreichte 3.66 V, über der Auslöseschwelle von 3.60 V; Laden gestoppt bis zum Zurücksetzen"
    assert said(hass, told) == sentence


@pytest.mark.parametrize(
    ("became", "severity"),
    [
        ("warn", Severity.WARNING),
        ("derate", Severity.WARNING),
        ("protect", Severity.SERIOUS),
        ("trip", Severity.CRITICAL),
        (RELEASED, Severity.INFO),
        (RESET, Severity.INFO),
    ],
)
def test_the_severity_follows_the_level(became: str, severity: Severity) -> None:
    told = facts(alarm("cell_overvoltage"), became, alarm("cell_overvoltage"), acting=True)
    assert told["severity"] == severity


@pytest.mark.parametrize("level", [level for level in Level if level > Level.OK])
def test_every_protection_can_be_told_at_every_level(hass: HomeAssistant, entry: MockConfigEntry, level: Level) -> None:
    for row in PROTECTIONS:
        for reason in ({}, {"cell": 0, "sensor": 0, "value": 1.0, "threshold": 0.5}):
            sentence = said(hass, alarm(row.key, level, row.flow, **reason))
            assert "_" not in sentence, sentence
            assert "{" not in sentence, sentence


def test_a_key_without_a_word_stands_for_itself(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert word(hass, "place", "nowhere") == "nowhere"
    assert protection_name(hass, "alarm_30") == "alarm_30"


def test_what_is_foreseen_says_in_how_many_seconds() -> None:
    foreseen = Reason(rule="inverter_reaction", cell=6, value=3.4301, threshold=3.4, ahead=8.0)
    assert evidence(foreseen) == {"cell": 7, "sensor": None, "value": 3.43, "threshold": 3.4, "ahead": 8}
    assert "ahead" not in evidence(Reason(rule="cell_voltage", cell=6, value=3.43, threshold=3.4))
