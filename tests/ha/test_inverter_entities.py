"""What an inverter is told, and what it makes of it, is seen on a device of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.escalation import Escalation, Step
from custom_components.home_bms.core.model import Reason
from custom_components.home_bms.core.obedience import Obedience, Response, Side
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.inverters import coordinator as inverter_coordinator

from .conftest import ENTRY_ID, ScriptedDriver, until
from .entities import everything_is_news, state_of
from .inverter_house import INVERTER_ID, House, gx, house, inverter_of, looks, quick_inverters
from .test_translations import ENGLISH, ICONS, ONLY_OF_INVERTERS


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT, Platform.SENSOR]


@pytest.fixture(autouse=True)
def quick_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)
    everything_is_news(monkeypatch)


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[House]:
    async with house(gx(), 100, model="victron_gx") as home:
        yield home


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House
) -> AsyncIterator[MockConfigEntry]:
    entry = await home.set_up(hass)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def sensor(hass: HomeAssistant, key: str, platform: str = "sensor") -> str:
    """Return the entity id of one of the inverter's entities."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{INVERTER_ID}_{key}")
    assert found is not None, key
    return found


async def test_it_has_a_device_below_the_system_with_its_entities(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    registry = dr.async_get(hass)
    await until(lambda: inverter_of(entry).data.reading)
    system = registry.async_get_device_by_identifier((DOMAIN, ENTRY_ID), ENTRY_ID)
    device = registry.async_get_device_by_identifier((DOMAIN, INVERTER_ID), ENTRY_ID)
    assert device is not None
    assert system is not None
    assert device.via_device_id == system.id
    assert (device.manufacturer, device.model) == ("Victron Energy", "GX")
    rows = [
        row for row in er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID) if row.device_id == device.id
    ]
    used = {(row.domain, row.translation_key) for row in rows if row.translation_key}
    assert used == ONLY_OF_INVERTERS | {("sensor", key) for key in ("cvl", "ccl", "dcl", "setpoint")}
    for row in rows:
        if row.original_device_class is None:
            assert row.translation_key in ICONS["entity"][row.domain]


async def test_limits_link_and_measurements_are_shown(hass: HomeAssistant, entry: MockConfigEntry, home: House) -> None:
    await until(lambda: state_of(hass, sensor(hass, "ccl")) == "140.0")
    await until(lambda: state_of(hass, sensor(hass, "inverter_link")) == "answering")
    assert float(state_of(hass, sensor(hass, "cvl"))) > 50
    assert state_of(hass, sensor(hass, "setpoint")) == "unknown"
    home.inverter.advance(5.0)
    await until(lambda: float(state_of(hass, sensor(hass, "power"))) > 3500)
    assert state_of(hass, sensor(hass, "obedience")) == "unknown"
    state = hass.states.get(sensor(hass, "obedience"))
    assert state is not None
    assert state.attributes["acting"] is False


async def test_what_is_resorted_to_is_told_with_its_reason(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    reason = Reason(rule="current_limit_ignored", value=80.0, threshold=0.0, since=1.0)
    stubborn = Obedience(
        charge=Side(response=Response.IGNORED, dead_times=(4.0,), escalation=Escalation(step=Step.CVL, reason=reason)),
        discharge=Side(response=Response.OBEYED, dead_times=(2.0,), share=0.5),
    )
    await entry.runtime_data.async_allow_control(True)
    with patch.object(inverter_coordinator, "observe", lambda state, seen: stubborn):
        await until(lambda: state_of(hass, sensor(hass, "escalation")) == "cvl")
        await looks(inverter_of(entry), 2)
        shown = hass.states.get(sensor(hass, "escalation"))
        assert shown is not None
        assert shown.attributes["direction"] == "charge"
        assert shown.attributes["reason"] == "current_limit_ignored"
        assert shown.attributes["value"] == 80.0
        assert state_of(hass, sensor(hass, "obedience")) == "ignored"
        assert state_of(hass, sensor(hass, "dead_time")) == "4.0"
        event = hass.states.get(sensor(hass, "escalation", "event"))
        assert event is not None
        assert event.attributes["event_type"] == "escalated"
        assert event.attributes["step"] == "cvl"
    with patch.object(inverter_coordinator, "observe", lambda state, seen: Obedience()):
        await until(
            lambda: hass.states.get(sensor(hass, "escalation", "event")).attributes["event_type"] == "calmed"  # type: ignore[union-attr]
        )


async def test_diagnostics_tell_all_but_where_it_is(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await until(lambda: inverter_of(entry).data.reading)
    (told,) = (await async_get_config_entry_diagnostics(hass, entry))["inverters"]
    assert told["kind"] == "Victron GX"
    assert told["settings"]["host"] == "**REDACTED**"
    assert told["abilities"] == ["CVL", "CCL", "DCL", "SETPOINT", "MEASURES"]
    assert told["view"]["link"] == "answering"
    assert told["can"] is None


@pytest.mark.parametrize("action", ["clear_limits", "replace_bms"])
async def test_actions_of_packs_refuse_an_inverter(hass: HomeAssistant, entry: MockConfigEntry, action: str) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, INVERTER_ID), ENTRY_ID)
    assert device is not None
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, action, {"device_id": device.id}, blocking=True)
    assert refused.value.translation_key == "not_a_pack"


def test_every_state_has_a_name() -> None:
    sensors = ENGLISH["entity"]["sensor"]
    assert set(sensors["obedience"]["state"]) == {response.value for response in Response}
    assert set(sensors["escalation"]["state"]) == {step.name.lower() for step in Step}
