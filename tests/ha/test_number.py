"""A cap narrows what a pack is given, its highest value lifts it, and none can widen what is safe."""

from __future__ import annotations

import pytest
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.home_bms.coordinator import PackCoordinator

from .entities import everything_is_news, offered, show, state_of

CHARGE = "number.pack_1_charge_current_cap"
DISCHARGE = "number.pack_1_discharge_current_cap"
VOLTAGE = "number.pack_1_charge_voltage_cap"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.NUMBER]


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_news(monkeypatch)


async def cap(hass: HomeAssistant, entity_id: str, value: float) -> None:
    await hass.services.async_call("number", "set_value", {ATTR_ENTITY_ID: entity_id, "value": value}, blocking=True)


def test_the_numbers_a_user_gets(hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    assert offered(hass, Platform.NUMBER) == snapshot


@pytest.mark.parametrize(
    ("entity_id", "lowest", "highest", "value", "wish"),
    [
        (CHARGE, 0, 140, 60.0, "charge_current_cap"),
        (DISCHARGE, 0, 140, 0.0, "discharge_current_cap"),
        # 16 LFP cells, empty at 2.90 V and full at 3.45 V.
        (VOLTAGE, 46.4, 55.2, 54.4, "charge_voltage_cap"),
    ],
)
async def test_a_cap_is_set_and_lifted(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    entity_id: str,
    lowest: float,
    highest: float,
    value: float,
    wish: str,
) -> None:
    state = hass.states.get(entity_id)
    assert state is not None
    assert (state.attributes["min"], state.attributes["max"]) == (lowest, highest)
    assert float(state.state) == highest
    assert getattr(pack.latest.wishes, wish) is None

    await cap(hass, entity_id, value)
    assert float(state_of(hass, entity_id)) == value
    assert getattr(pack.latest.wishes, wish) == value
    await show(hass, pack)
    assert getattr(pack.latest.wishes, wish) == value

    await cap(hass, entity_id, highest)
    assert float(state_of(hass, entity_id)) == highest
    assert getattr(pack.latest.wishes, wish) is None

    # Both ends are possible, beyond them nothing is.
    await cap(hass, entity_id, lowest)
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(ServiceValidationError):
            await cap(hass, entity_id, beyond)
    assert getattr(pack.latest.wishes, wish) == lowest


async def test_a_cap_rules_the_limit(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> None:
    await cap(hass, VOLTAGE, 53.0)
    await show(hass, pack)
    assert pack.latest.decision.cvl.value == 53.0
    assert pack.latest.decision.cvl.reason.rule == "user_cap"
