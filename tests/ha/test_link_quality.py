"""A link that loses many answers is a matter for a person; one that loses a few is not."""

from __future__ import annotations

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from modbus_connection import ModbusTimeoutError
from modbus_connection.mock import MockModbusConnection

from custom_components.home_bms.const import DOMAIN, LINK_POOR_FOR
from custom_components.home_bms.issues import PackIssues
from custom_components.home_bms.links.meter import LinkMeter

ISSUE = (DOMAIN, "link_poor_PACK")


async def test_quality_is_the_share_of_sound_answers_among_the_last_hundred() -> None:
    mock = MockModbusConnection().for_unit(1)
    counted = LinkMeter()
    unit = counted.around(mock)
    for _ in range(99):
        await unit.read_holding_registers(0, 1)
    assert counted.quality is None
    await unit.write_register(0, 1)
    assert (counted.quality, counted.transactions) == (100, 100)
    mock.fail_requests(ModbusTimeoutError())
    for _ in range(10):
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0, 1)
    assert counted.quality == 90
    assert unit.connected is mock.connected


async def test_a_poor_link_is_told_after_two_minutes_and_taken_back_when_it_is_sound(hass: HomeAssistant) -> None:
    issues = PackIssues(hass, entry_id="ENTRY", subentry_id="PACK", name="Shed")
    registry = ir.async_get(hass)
    issues.async_judge_link(None, 0.0)
    issues.async_judge_link(80.0, 10.0)
    issues.async_judge_link(97.0, 60.0)
    issues.async_judge_link(80.0, 70.0)
    issues.async_judge_link(80.0, 70.0 + LINK_POOR_FOR - 1)
    assert ISSUE not in registry.issues
    issues.async_judge_link(82.0, 70.0 + LINK_POOR_FOR)
    placeholders = registry.issues[ISSUE].translation_placeholders
    assert placeholders == {"name": "Shed", "lost": "18"}
    issues.async_judge_link(None, 300.0)
    assert ISSUE in registry.issues
    issues.async_judge_link(99.0, 301.0)
    assert ISSUE not in registry.issues
