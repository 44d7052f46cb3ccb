"""A report speaks as its readers do, and a dash stands for what nobody knows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from math import inf, nan
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.reports.words import UNKNOWN, Wording, async_wording

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "home_bms"


@pytest.fixture
async def english(hass: HomeAssistant) -> Wording:
    return await async_wording(hass)


@pytest.fixture
async def german(hass: HomeAssistant) -> Wording:
    hass.config.language = "de"
    return await async_wording(hass)


@pytest.mark.parametrize(
    ("value", "digits", "unit", "english", "german"),
    [
        (1.25, 2, "V", "1.25 V", "1,25 V"),
        (-0.04, 1, "", "0.0", "0,0"),
        (-3.0, 0, "°C", "-3 °C", "-3 °C"),
        (1234.0, 1, "kWh", "1234.0 kWh", "1234,0 kWh"),
        (None, 1, "kWh", UNKNOWN, UNKNOWN),
        (nan, 1, "", UNKNOWN, UNKNOWN),
        (inf, 1, "", UNKNOWN, UNKNOWN),
    ],
)
async def test_numbers(
    hass: HomeAssistant, value: float | None, digits: int, unit: str, english: str, german: str
) -> None:
    assert (await async_wording(hass)).number(value, digits, unit) == english
    hass.config.language = "de"
    assert (await async_wording(hass)).number(value, digits, unit) == german


def test_times(german: Wording) -> None:
    assert german.day(date(2026, 3, 1)) == "1. März 2026"
    assert german.month(date(2026, 12, 1)) == "Dezember 2026"
    assert german.moment(datetime(2026, 3, 1, 7, 5, 9, tzinfo=UTC)) == "1. März 2026, 07:05:09"
    assert german.duration(timedelta(minutes=90)) == "1,5 h"
    assert german.duration(timedelta(seconds=90)) == "1,5 min"
    assert german.duration(timedelta(seconds=9)) == "9 s"
    assert german.duration(None) == UNKNOWN
    assert german.band(1.0, 2.5, 1, "Ah") == "1,0 … 2,5 Ah"
    assert german.band(1.0, None) == german.band(nan, 1.0) == UNKNOWN


def test_sentences_have_the_decimals_of_the_rest_and_versions_keep_their_points(german: Wording) -> None:
    assert german.sentence("zelle 7: 3.70 V (über 3.64 V)") == "Zelle 7: 3,70 V (über 3,64 V)"
    for text in ("Firmware 15.30.2", "192.168.1.5:502", "v1.2", "25.9.2026", "x.5"):
        assert german.local(text) == text
    assert german.sentence("") == ""


def test_a_repair_is_told_in_its_own_words(english: Wording, german: Wording) -> None:
    title, text = german.issue("finding_loose_joint", {"name": "Pack 1", "cell": "7", "value": "0.40 mΩ"})
    assert title == "Eine Verbindung an Zelle 7 von Pack 1 ist locker"
    assert "0,40 mΩ" in text
    # Nobody filled this one in.
    assert "{threshold}" in text
    title, text = english.issue("learned_lost", {"name": "Pack 1", "error": "x"})
    assert "Pack 1" in title
    assert text.startswith("Home BMS cannot use what it had learned")
    assert english.issue("of_a_newer_version", {}) == ("of_a_newer_version", "")


def used(source: str) -> set[str]:
    """Return the words of the report that a text of ours names."""
    return {key for key in words("en") if f'"{key}"' in source}


def words(language: str) -> dict[str, Any]:
    told = json.loads((INTEGRATION / "translations" / f"{language}.json").read_text())
    found: dict[str, Any] = told["selector"]["report"]["options"]
    return found


def test_no_word_is_there_in_vain() -> None:
    source = "".join(path.read_text() for path in INTEGRATION.glob("reports/*.py"))
    made = {
        *(f"month_{number}" for number in range(1, 13)),
        *(f"{name}_{step}" for name in ("each", "energy_each") for step in ("day", "month", "year")),
        *(f"level_{level}" for level in ("warn", "derate", "protect", "trip")),
        *(f"{name}_caption" for name in ("capacity", "cell_difference", "temperatures", "efficiency", "soc")),
        *(f"{name}_trend_caption" for name in ("capacity", "resistance")),
    }
    assert set(words("en")) - made <= used(source)
    assert made <= set(words("en"))
