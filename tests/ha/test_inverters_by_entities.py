"""An inverter that Home Assistant has already is moved through its entities, and found again as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import Ability
from custom_components.home_bms.inverters import entity_inverter, entity_numbers
from custom_components.home_bms.inverters.entity_inverter import EntityInverter
from custom_components.home_bms.inverters.entity_orders import READ_BACK_WITHIN
from custom_components.home_bms.inverters.roles import InverterRole
from custom_components.home_bms.watching import Link

from .conftest import ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .entity_device import Clock, EntityPack
from .inverter_house import inverter_of, inverter_subentry, quick_inverters

BANK = Bank(
    time=0.0,
    cvl=56.04,
    dvl=46.4,
    ccl=80.37,
    dcl=100.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=53.0,
)
SPAN = {"min": 0, "max": 120, "step": 1}


@pytest.fixture
def device(hass: HomeAssistant) -> EntityPack:
    """Return an inverter of another integration, at rest."""
    device = EntityPack(hass, "Inverter of another", domain="solar", sensors=False)
    device.add("number", "charge current", "100", "A", **SPAN)
    device.add("number", "discharge power", "5000", "W", min=0, max=6000, step=10)
    device.add("number", "charge voltage", "57.6", "V", min=40, max=60, step=0.1)
    device.add("switch", "charging", "on")
    device.add("switch", "discharging", "on")
    device.add("sensor", "battery current", "-12.5", "A")
    device.add("sensor", "battery voltage", "53000", "mV")
    return device


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.of(hass, monkeypatch)


_ROLES = {
    "charge_limit": ("number", "charge current"),
    "discharge_limit": ("number", "discharge power"),
    "charge_voltage": ("number", "charge voltage"),
    "charge_switch": ("switch", "charging"),
    "discharge_switch": ("switch", "discharging"),
    "battery_current": ("sensor", "battery current"),
    "battery_voltage": ("sensor", "battery voltage"),
}


def settings(device: EntityPack, *left_out: str, **changes: Any) -> dict[str, Any]:
    roles = {role: [device.id_of(device.entity(*name))] for role, name in _ROLES.items() if role not in left_out}
    return {"type": "entities", "model": "Solar", "roles": roles, "current_inverted": True, **changes}


def state(hass: HomeAssistant, device: EntityPack, role: str) -> str:
    found = hass.states.get(device.entity(*_ROLES[role]))
    assert found is not None
    return found.state


async def settled(hass: HomeAssistant, link: EntityInverter, bank: Bank) -> None:
    """Tell, and let the actions end."""
    await link.async_tell(bank, None)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_limits_are_rounded_down_in_the_units_of_the_entities(hass: HomeAssistant, device: EntityPack) -> None:
    link = EntityInverter(hass, settings(device))
    await link.async_identify()
    assert link.abilities == Ability.CVL | Ability.CCL | Ability.DCL | Ability.MEASURES
    await settled(hass, link, BANK)
    assert float(state(hass, device, "charge_limit")) == 80
    assert float(state(hass, device, "charge_voltage")) == 56.0
    # 100 A at 53 V would be 5300 W, which is more than its user permits.
    assert float(state(hass, device, "discharge_limit")) == 5000
    reading = await link.async_read()
    assert (reading.current, reading.voltage) == (12.5, 53.0)
    assert reading.power == pytest.approx(662.5)
    assert reading.accepted.ccl == 80.0
    assert reading.accepted.cvl == 56.0
    assert reading.accepted.dcl == pytest.approx(5000 / 53)


async def test_a_limit_falls_at_once_and_rises_seldom_and_what_stands_is_not_written(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, rise_after=60.0, least_rise=5.0))
    await settled(hass, link, BANK)
    device.calls.clear()
    await settled(hass, link, BANK)
    assert device.calls == []
    await settled(hass, link, replace(BANK, ccl=20.0))
    assert float(state(hass, device, "charge_limit")) == 20
    await settled(hass, link, replace(BANK, ccl=70.0))
    assert float(state(hass, device, "charge_limit")) == 20
    clock.ahead += 61.0
    # A rise by less than a twentieth of the range is no write.
    await settled(hass, link, replace(BANK, ccl=25.0))
    assert float(state(hass, device, "charge_limit")) == 20
    await settled(hass, link, replace(BANK, ccl=70.0))
    assert float(state(hass, device, "charge_limit")) == 70


async def test_where_nothing_may_flow_numbers_go_to_zero_and_switches_off_and_back_as_they_were(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    device.tell(device.entity("switch", "discharging"), "off")
    link = EntityInverter(hass, settings(device))
    nothing = replace(BANK, charge_permitted=False, discharge_permitted=False)
    await settled(hass, link, nothing)
    assert float(state(hass, device, "charge_limit")) == 0
    assert float(state(hass, device, "discharge_limit")) == 0
    assert state(hass, device, "charge_switch") == "off"
    clock.ahead += 61.0
    await settled(hass, link, BANK)
    assert state(hass, device, "charge_switch") == "on"
    # Somebody else had turned this one off, and it is theirs to turn on.
    assert state(hass, device, "discharge_switch") == "off"


async def test_everything_goes_back_to_where_it_was_found_also_after_a_crash(
    hass: HomeAssistant, device: EntityPack
) -> None:
    kept: list[Any] = []

    async def keep(memory: Any) -> None:
        kept.append(memory)

    link = EntityInverter(hass, settings(device), keep=keep)
    await settled(hass, link, replace(BANK, ccl=10.0, charge_permitted=False))
    assert len(kept) == 1
    assert kept[0]["found"]["charge_limit"] == 100.0
    # Nobody released: the next link is told what was found.
    again = EntityInverter(hass, settings(device), memory=kept[0], keep=keep)
    await again.async_release()
    assert float(state(hass, device, "charge_limit")) == 100
    assert float(state(hass, device, "charge_voltage")) == 57.6
    assert state(hass, device, "charge_switch") == "on"
    assert kept[-1] == {}
    assert again.memory == {}
    device.calls.clear()
    await again.async_release()
    assert device.calls == []


@pytest.mark.parametrize(
    "spoilt", [[], "x", {"charge_limit": 1e999, "charge_switch": 1, "charge_voltage": True, "discharge_limit": "high"}]
)
async def test_where_no_entity_can_stand_it_was_never_found(
    hass: HomeAssistant, device: EntityPack, spoilt: object
) -> None:
    link = EntityInverter(hass, settings(device), memory={"found": spoilt})
    assert link.memory == {}
    await settled(hass, link, replace(BANK, ccl=10.0))
    assert link.memory["found"]["charge_limit"] == 100.0


@pytest.mark.parametrize("held", [Flow.CHARGE, Flow.DISCHARGE])
async def test_what_a_protection_holds_stays_at_zero_and_is_put_back_by_the_next_run(
    hass: HomeAssistant, device: EntityPack, held: Flow
) -> None:
    kept: list[Any] = []

    async def keep(memory: Any) -> None:
        kept.append(memory)

    names = ("charge_limit", "charge_voltage", "charge_switch", "discharge_limit", "discharge_switch")

    def stands() -> dict[str, str]:
        return {name: state(hass, device, name).removesuffix(".0") for name in names}

    before = stands()
    link = EntityInverter(hass, settings(device), keep=keep)
    await settled(hass, link, replace(BANK, charge_permitted=False, discharge_permitted=False, cvl=54.0))
    stopped = stands()
    await link.async_release(held)
    prefix = "charge" if held is Flow.CHARGE else "discharge"
    assert stands() == {name: (stopped if name.startswith(prefix) else before)[name] for name in names}
    assert kept[-1] == link.memory
    assert {name for name in kept[-1]["found"] if not name.startswith(prefix)} <= {"setpoint", "work_mode"}
    await EntityInverter(hass, settings(device), memory=kept[-1], keep=keep).async_release()
    assert stands() == before
    assert kept[-1] == {}


async def test_a_number_that_cannot_go_low_enough_is_told_unless_a_switch_ends_the_rest(
    hass: HomeAssistant, device: EntityPack
) -> None:
    device.add("number", "charge current", "100", "A", min=5, max=120, step=1)
    nothing = replace(BANK, charge_permitted=False)
    await settled(hass, EntityInverter(hass, settings(device)), nothing)
    link = EntityInverter(hass, settings(device, "charge_switch"))
    with pytest.raises(DriverError, match="cannot go below 5 A") as refused:
        await link.async_tell(nothing, None)
    assert refused.value.key == "refused"
    # A switch ends nothing while a little is permitted.
    with pytest.raises(DriverError, match="cannot go below 5 A"):
        await EntityInverter(hass, settings(device)).async_tell(replace(BANK, ccl=2.0), None)


async def test_an_entity_that_takes_no_notice_or_says_no_is_told(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device))
    device.obeys = False
    await settled(hass, link, BANK)
    clock.ahead += READ_BACK_WITHIN
    with pytest.raises(DriverError, match="took no notice") as deaf:
        await link.async_tell(BANK, None)
    assert deaf.value.key == "not_effective"
    with patch.object(entity_inverter, "RELEASE_WITHIN", 0.0):
        device.tell(device.entity("number", "charge current"), "80")
        with pytest.raises(DriverError, match="did not go back") as stays:
            await link.async_release()
    assert stays.value.key == "not_effective"
    assert link.memory["found"]["charge_limit"] == 100.0
    device.obeys, device.error = True, HomeAssistantError("locked")
    with pytest.raises(DriverError, match="locked"):
        await link.async_tell(replace(BANK, ccl=1.0), None)


async def test_what_its_user_sets_meanwhile_is_theirs(hass: HomeAssistant, device: EntityPack, clock: Clock) -> None:
    link = EntityInverter(hass, settings(device))
    await settled(hass, link, BANK)
    device.tell(device.entity("number", "charge current"), "50")
    clock.ahead += 61.0
    await settled(hass, link, BANK)
    assert float(state(hass, device, "charge_limit")) == 50
    await settled(hass, link, replace(BANK, ccl=10.0))
    assert float(state(hass, device, "charge_limit")) == 10
    await link.async_release()
    assert float(state(hass, device, "charge_limit")) == 50


async def test_an_entity_that_tells_nothing_is_told_and_keeps_no_other_from_being_moved(
    hass: HomeAssistant, device: EntityPack
) -> None:
    link = EntityInverter(hass, settings(device))
    device.tell(device.entity("number", "charge voltage"), "unavailable")
    device.tell(device.entity("switch", "charging"), "unavailable")
    with pytest.raises(DriverError, match="does not tell where it stands"):
        await link.async_tell(replace(BANK, ccl=10.0, charge_permitted=False), None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert float(state(hass, device, "charge_limit")) == 0
    reading = await link.async_read()
    assert reading.accepted.cvl is None
    for name in _ROLES.values():
        device.tell(device.entity(*name), "unavailable")
    with pytest.raises(DriverError, match="none of its entities"):
        await link.async_identify()
    assert (await EntityInverter(hass, settings(device))._note()) is None


async def test_a_number_without_a_usable_range_or_unit_is_not_moved(hass: HomeAssistant, device: EntityPack) -> None:
    for broken in ({"min": 0}, {"min": 0, "max": 120, "step": 0}):
        device.add("number", "charge current", "100", "A", **broken)
        link = EntityInverter(hass, settings(device))
        with pytest.raises(DriverError, match="does not tell where it stands"):
            await link.async_tell(BANK, None)
    device.add("number", "charge current", "100", "rpm", **SPAN)
    assert (await EntityInverter(hass, settings(device)).async_read()).accepted.ccl is None


async def test_what_was_not_told_for_long_is_not_known(
    hass: HomeAssistant, device: EntityPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = EntityInverter(hass, settings(device))
    device.tell(device.entity("sensor", "battery current"), "10", timestamp=1.0)
    reading = await link.async_read()
    assert reading.current is None
    assert reading.power is None
    # Without a voltage a limit of power is not one of current.
    without = EntityInverter(hass, settings(device, "battery_voltage", "battery_current"))
    reading = await without.async_read()
    assert (reading.voltage, reading.accepted.dcl) == (None, None)


@given(limit=st.floats(0.0, 200.0), step=st.sampled_from([0.1, 0.5, 1.0, 5.0]), lowest=st.sampled_from([0.0, 2.0]))
async def test_no_number_is_ever_set_above_the_limit(limit: float, step: float, lowest: float) -> None:
    class States:
        def __init__(self) -> None:
            self.attributes = {"min": lowest, "max": 150.0, "step": step, "unit_of_measurement": "A"}
            self.state = "150"

    class Entities:
        def state(self, role: str) -> States:
            return States()

        def entity_id(self, role: str) -> str:
            return "number.limit"

    class Loop:
        def time(self) -> float:
            return 100.0

    class Hass:
        loop = Loop()

    number = entity_numbers.InverterNumber(
        Hass(),  # type: ignore[arg-type]
        Entities(),  # type: ignore[arg-type]
        InverterRole.CHARGE_LIMIT,
        rise_after=60.0,
        least_rise=5.0,
    )
    sent: list[float] = []
    with patch.object(number, "_send", sent.append), suppress(DriverError) if limit < lowest else nullcontext():
        number.ask(limit)
    assert all(wish <= max(limit, lowest) + 1e-5 for wish in sent)


# The whole.


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    scripted: None,
    device: EntityPack,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MockConfigEntry]:
    quick_inverters(monkeypatch)
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(device)))
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_pack_that_protects_stops_it_and_only_the_next_run_puts_that_back(
    hass: HomeAssistant, entry: MockConfigEntry, device: EntityPack, driver: ScriptedDriver
) -> None:
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.ANSWERING)
    assert device.calls == []
    driver.cells = [3.70] * 16
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: float(state(hass, device, "charge_limit")) == 0)
    await until(lambda: state(hass, device, "charge_switch") == "off")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert float(state(hass, device, "charge_limit")) == 0
    assert state(hass, device, "charge_switch") == "off"
    assert float(state(hass, device, "discharge_limit")) == 5000
    assert await hass.config_entries.async_setup(entry.entry_id)
    await entry.runtime_data.async_allow_control(False)
    await until(lambda: float(state(hass, device, "charge_limit")) == 100)
    await until(lambda: state(hass, device, "charge_switch") == "on")
