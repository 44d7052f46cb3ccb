"""What stops the battery, or is about to, stands in the bits of the inverter that mean it."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.hw.inverters.can_alarms import TROUBLES, Trouble
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS

from .banks import HOME, heard_by


def told(key: str, **changes: object) -> dict[str, Any]:
    return heard_by(CAN_PROTOCOLS[key], replace(HOME, **changes))


def test_every_protection_is_some_trouble() -> None:
    assert set(TROUBLES) == set(PROTECTION_KEYS)


@pytest.mark.parametrize("key", sorted(key for key, trouble in TROUBLES.items() if trouble))
@pytest.mark.parametrize("name", ["victron_can", "sma", "pylontech_lv", "growatt_lv", "pylontech_hv"])
def test_every_alarm_reaches_the_inverter(name: str, key: str) -> None:
    words = told(name, alarms=frozenset({key}))
    raised_ones = words["alarms"] | words.get("bits", set()) | words.get("errors", set())
    assert len(raised_ones) >= 1, words
    assert not words["warnings"]
    if "bits" in words:
        assert len(words["bits"]) == len(words["alarms"]) == 1


@pytest.mark.parametrize("name", ["victron_can", "pylontech_lv", "growatt_lv", "pylontech_hv"])
def test_a_warning_is_no_alarm(name: str) -> None:
    words = told(name, warnings=frozenset({"charge_undertemperature", "soc_reserve"}))
    assert words["warnings"] == {"low_temperature_charge"}
    assert not words["alarms"]


def test_a_protection_of_a_later_version_is_a_general_trouble() -> None:
    assert told("victron_can", alarms=frozenset({"meteor"}))["alarms"] == {Trouble.GENERAL}
