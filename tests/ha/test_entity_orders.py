"""A pack behind entities is moved: with proof, without waiting for what is deaf, and handed back as it was found."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.inverters.entity_orders import READ_BACK_WITHIN, RENEW_EVERY, Dial
from custom_components.home_bms.packs.entity_pack import EntityDriver
from custom_components.home_bms.store import HomeBmsStore

from .conftest import PACK_ID, make_entry, pack_subentry, until
from .entity_device import Clock, EntityPack, decision, driver_of, settings


@pytest.fixture
def pack(hass: HomeAssistant) -> EntityPack:
    """Return a pack that ESPHome has brought."""
    return EntityPack(hass)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass on the loop's clock alone."""
    return Clock.of(hass, monkeypatch)


# Switches.


async def test_a_switch_is_moved_and_what_opens_goes_first(pack: EntityPack) -> None:
    driver = driver_of(pack)
    pack.tell(pack.entity("switch", "discharging"), "off")
    await driver.async_apply(decision(charge=False, discharge=True, balance=True))
    assert pack.calls == [
        (pack.entity("switch", "charging"), "turn_off", None),
        (pack.entity("switch", "discharging"), "turn_on", None),
        (pack.entity("switch", "balancer"), "turn_on", None),
    ]
    reading = await driver.async_read()
    assert reading.commanded == Switches(charge=False, discharge=True, balance=True)
    # Where the MOSFET is says its sensor, which has not moved yet.
    assert reading.switches.charge is True
    pack.calls.clear()
    await driver.async_apply(decision(charge=False, discharge=True, balance=True))
    await driver.async_apply(decision())
    assert pack.calls == []


async def test_a_switch_that_does_not_follow_is_not_effective(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack)
    pack.obeys = False
    await driver.async_apply(decision(charge=False))
    await driver.async_apply(decision(charge=False))
    assert len(pack.calls) == 1
    clock.ahead += READ_BACK_WITHIN
    for _ in range(3):
        with pytest.raises(DriverError, match="took no notice") as raised:
            await driver.async_apply(decision(charge=False))
        assert raised.value.key == "not_effective"
    # It is told again, not every second.
    assert len(pack.calls) == 2
    pack.tell(pack.entity("switch", "charging"), "off")
    await driver.async_apply(decision(charge=False))


async def test_an_order_to_close_that_may_still_come_to_something_is_taken_back(pack: EntityPack) -> None:
    driver = driver_of(pack)
    pack.tell(pack.entity("switch", "charging"), "off")
    pack.obeys = False
    await driver.async_apply(decision(charge=True))
    for _ in range(3):
        await driver.async_apply(decision(charge=False))
    # It is off as it should be, and is told so all the same, once.
    assert [call[1] for call in pack.calls] == ["turn_on", "turn_off"]


async def test_one_bad_switch_keeps_no_other_from_opening(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack, settings(pack, charge_state=None))
    pack.obeys = False
    pack.tell(pack.entity("switch", "charging"), "unavailable")
    with pytest.raises(DriverError, match="does not tell where it is"):
        await driver.async_apply(decision(charge=False, discharge=False))
    # To open what is not known does no harm; to close it would be a guess.
    assert [call[1] for call in pack.calls] == ["turn_off", "turn_off"]
    pack.calls.clear()
    with pytest.raises(DriverError, match="does not tell where it is"):
        await driver.async_apply(decision(charge=True))
    assert pack.calls == []


async def test_a_refused_action_is_told_with_its_words(pack: EntityPack) -> None:
    driver = driver_of(pack)
    pack.error = HomeAssistantError("the board is locked")
    with pytest.raises(DriverError, match="the board is locked") as raised:
        await driver.async_apply(decision(discharge=False))
    assert raised.value.key == "refused"
    # The read-back judges: an order whose answer was lost has still taken effect.
    pack.tell(pack.entity("switch", "discharging"), "off")
    await driver.async_apply(decision(discharge=False))


async def test_an_action_that_hangs_is_neither_cancelled_nor_piled_up_nor_waited_for(
    pack: EntityPack, clock: Clock
) -> None:
    driver, hang = driver_of(pack), asyncio.Event()
    pack.before_call = hang.wait
    await driver.async_apply(decision(charge=False))
    assert len(pack.calls) == 1
    # Another switch opens meanwhile.
    clock.ahead += 2 * READ_BACK_WITHIN
    with pytest.raises(DriverError, match="took no notice"):
        await driver.async_apply(decision(charge=False, discharge=False))
    assert [call[0] for call in pack.calls] == [pack.entity("switch", name) for name in ("charging", "discharging")]
    hang.set()
    await until(lambda: driver._switches["charge_switch"].shown is False)
    await until(lambda: driver._switches["discharge_switch"].shown is False)
    await driver.async_apply(decision(charge=False, discharge=False))


async def test_an_assumed_position_is_no_position(pack: EntityPack) -> None:
    driver = driver_of(pack)
    pack.tell(pack.entity("switch", "charging"), "on", assumed_state=True)
    reading = await driver.async_read()
    assert reading.commanded.charge is None
    assert reading.switches.charge is True
    # Its sensor proves the order instead.
    await driver.async_apply(decision(charge=False))
    pack.tell(pack.entity("switch", "charging"), "off", assumed_state=True)
    assert driver._switches["charge_switch"].shown is True
    pack.tell(pack.entity("binary_sensor", "charging"), "off")
    await driver.async_apply(decision(charge=False))
    assert driver._switches["charge_switch"].shown is False
    # Without a sensor nothing does.
    reading = await driver_of(pack, settings(pack, charge_state=None)).async_read()
    assert reading.switches.charge is None


async def test_a_switch_without_a_sensor_tells_its_position_itself(pack: EntityPack) -> None:
    pack.tell(pack.entity("binary_sensor", "charging"), "off")
    reading = await driver_of(pack, settings(pack, charge_state=None)).async_read()
    assert reading.switches.charge is True


async def test_a_removed_switch_is_told(hass: HomeAssistant, pack: EntityPack) -> None:
    driver, told = driver_of(pack), pack.entity("switch", "charging")
    er.async_get(hass).async_remove(told)
    hass.states.async_remove(told)
    for _ in range(2):
        with pytest.raises(DriverError, match="the entity for charge_switch is no longer"):
            await driver.async_apply(decision(charge=False))
    assert pack.calls == []


async def test_the_balancer_goes_back_and_no_opened_switch_is_closed(pack: EntityPack) -> None:
    driver = driver_of(pack)
    await driver.async_apply(decision(charge=False, balance=True))
    pack.calls.clear()
    await driver.async_release()
    assert pack.calls == [(pack.entity("switch", "balancer"), "turn_off", None)]
    pack.calls.clear()
    await driver.async_release()
    assert pack.calls == []


async def test_a_hand_back_that_does_not_show_is_told_and_tried_again(
    pack: EntityPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.home_bms.packs.entity_pack.RELEASE_WITHIN", 0.1)
    driver = driver_of(pack)
    await driver.async_apply(decision(balance=True))
    pack.obeys = False
    with pytest.raises(DriverError, match="did not go back"):
        await driver.async_release()
    pack.obeys = True
    await driver.async_release()
    assert pack.calls[-1] == (pack.entity("switch", "balancer"), "turn_off", None)


async def test_a_balancer_that_is_gone_cannot_be_handed_back(hass: HomeAssistant, pack: EntityPack) -> None:
    driver = driver_of(pack)
    await driver.async_apply(decision(balance=True))
    er.async_get(hass).async_remove(pack.entity("switch", "balancer"))
    with pytest.raises(DriverError, match="is no longer in Home Assistant"):
        await driver.async_release()


async def test_an_action_that_home_assistant_cancels_is_no_error_of_its_own(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack)
    pack.before_call = asyncio.Event().wait
    await driver.async_apply(decision(charge=False))
    busy = driver._switches["charge_switch"].busy
    assert busy is not None
    busy.cancel()
    await asyncio.wait({busy})
    await driver.async_apply(decision(charge=False))
    # It is told again in its time.
    pack.before_call = None
    clock.ahead += READ_BACK_WITHIN
    await driver.async_apply(decision(charge=False))
    assert [call[1] for call in pack.calls] == ["turn_off", "turn_off"]


# Limits.


@pytest.fixture
def limits(pack: EntityPack) -> tuple[str, str]:
    """Return two number entities, of which one counts in mA."""
    return (
        pack.add("number", "charge current limit", "100.0", "A", min=0, max=150, step=0.5),
        pack.add("number", "discharge current limit", "80000", "mA", min=5000, max=120000, step=1000),
    )


def limited(pack: EntityPack, limits: tuple[str, str]) -> EntityDriver:
    charge, discharge = (pack.id_of(entity_id) for entity_id in limits)
    return driver_of(pack, settings(pack, charge_limit=[charge], discharge_limit=[discharge]))


def stands(pack: EntityPack, entity_id: str) -> float:
    state = pack.hass.states.get(entity_id)
    assert state is not None
    return float(state.state)


async def test_limits_are_written_in_steps_and_handed_back(pack: EntityPack, limits: tuple[str, str]) -> None:
    driver = limited(pack, limits)
    await driver.async_apply(decision(ccl=33.7, dcl=12.9))
    assert pack.calls == [(limits[0], "set_value", 33.5), (limits[1], "set_value", 12000.0)]
    pack.calls.clear()
    # What falls is written at once, less than a step is nothing, and a number that ends above it stays at its end.
    await driver.async_apply(decision(ccl=33.6, dcl=0.0))
    assert pack.calls == [(limits[1], "set_value", 5000.0)]
    pack.calls.clear()
    await driver.async_release()
    assert pack.calls == [(limits[0], "set_value", 100.0), (limits[1], "set_value", 80000.0)]
    # What is taken anew is written at once, never beyond where it is found then.
    pack.tell(limits[0], "90.0")
    await driver.async_apply(decision(ccl=500.0, dcl=500.0))
    assert pack.calls[-2:] == [(limits[0], "set_value", 90.0), (limits[1], "set_value", 80000.0)]
    pack.calls.clear()
    await driver.async_release()
    assert pack.calls == []


async def test_a_packs_own_limit_is_never_raised_beyond_where_its_user_has_it(
    pack: EntityPack, limits: tuple[str, str], clock: Clock
) -> None:
    driver = limited(pack, limits)
    await driver.async_apply(decision(ccl=20.0, dcl=500.0))
    clock.ahead += RENEW_EVERY
    await driver.async_apply(decision(ccl=500.0, dcl=500.0))
    assert stands(pack, limits[0]) == 100.0
    # Who moves it meanwhile says what it is at most, and where it goes back to.
    for theirs in (60.0, 130.0):
        pack.tell(limits[0], str(theirs))
        clock.ahead += RENEW_EVERY
        await driver.async_apply(decision(ccl=500.0, dcl=500.0))
        assert stands(pack, limits[0]) == theirs
    await driver.async_apply(decision(ccl=20.0, dcl=500.0))
    assert stands(pack, limits[0]) == 20.0
    await driver.async_apply(decision(ccl=20.0, dcl=500.0))
    pack.tell(limits[0], "45.0")
    await driver.async_release()
    assert stands(pack, limits[0]) == 45.0


async def test_after_a_power_cut_what_home_bms_has_left_is_not_taken_for_the_packs_own(
    hass: HomeAssistant, hass_storage: dict[str, Any], pack: EntityPack, limits: tuple[str, str]
) -> None:
    entry = make_entry(hass, pack_subentry())

    async def started() -> EntityDriver:
        store = HomeBmsStore(hass, entry)
        await store.async_load()
        driver = limited(pack, limits)
        driver.async_remember(store, PACK_ID)
        return driver

    kept: list[str] = []

    async def look() -> None:
        kept.append(str(hass_storage))

    pack.before_call = look
    await (await started()).async_apply(decision(ccl=0.0, dcl=500.0))
    assert stands(pack, limits[0]) == 0.0
    # It is on the disk before anything is moved.
    assert "'charge_limit': 100.0" in kept[0]
    # Nobody hands back.
    after = await started()
    await after.async_apply(decision(ccl=500.0, dcl=500.0))
    assert stands(pack, limits[0]) == 100.0
    await after.async_release()
    # What a person sets while nobody runs is theirs.
    pack.tell(limits[0], "120.0")
    again = await started()
    await again.async_apply(decision(ccl=500.0, dcl=500.0))
    assert stands(pack, limits[0]) == 120.0


async def test_what_was_handed_back_and_is_taken_anew_is_kept_before_it_is_moved_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], pack: EntityPack, limits: tuple[str, str]
) -> None:
    store = HomeBmsStore(hass, make_entry(hass, pack_subentry()))
    driver = limited(pack, limits)
    driver.async_remember(store, PACK_ID)
    await driver.async_apply(decision(ccl=0.0, dcl=500.0))
    await driver.async_release()
    await store.async_save()
    assert "charge_limit" not in str(hass_storage)
    kept: list[str] = []

    async def look() -> None:
        kept.append(str(hass_storage))

    pack.before_call = look
    await driver.async_apply(decision(ccl=0.0, dcl=500.0))
    assert "'charge_limit': 100.0" in kept[0]


@pytest.mark.parametrize("spoilt", [[], "x", {"charge_limit": "high"}, {"charge_limit": True}, {"charge_limit": 1e999}])
async def test_a_file_that_tells_no_number_bounds_a_limit_by_what_is_found(
    hass: HomeAssistant, pack: EntityPack, limits: tuple[str, str], spoilt: object
) -> None:
    store = HomeBmsStore(hass, make_entry(hass, pack_subentry()))
    store.async_add_system_source(f"limits_{PACK_ID}", lambda: spoilt)
    await store.async_save()
    driver = limited(pack, limits)
    driver.async_remember(store, PACK_ID)
    await driver.async_apply(decision(ccl=20.0, dcl=500.0))
    await driver.async_release()
    assert stands(pack, limits[0]) == 100.0


@given(
    limit=st.floats(0, 500),
    lowest=st.sampled_from([0.0, 1.0, 5.0]),
    span=st.integers(0, 5000),
    step=st.sampled_from([0.01, 0.1, 0.5, 1.0]),
    unit=st.sampled_from(["A", "mA"]),
)
def test_law_a_limit_is_never_exceeded_and_always_one_that_the_entity_takes(
    limit: float, lowest: float, span: int, step: float, unit: str
) -> None:
    highest = round(lowest + span * step, 6)
    dial = Dial(value=lowest, lowest=lowest, highest=highest, step=step, unit=unit)
    written, wanted = dial.nearest_below(limit), limit * (1000 if unit == "mA" else 1)
    assert lowest <= written <= highest
    assert written <= wanted + 1e-5 or written == lowest
    assert written == highest or written > wanted - step - 1e-5
    assert abs((written - lowest) / step - round((written - lowest) / step)) < 1e-3


async def test_limits_rise_and_are_renewed_once_a_minute(
    pack: EntityPack, limits: tuple[str, str], clock: Clock
) -> None:
    driver = limited(pack, limits)
    await driver.async_apply(decision(ccl=20.0, dcl=20.0))
    pack.calls.clear()
    for ccl in (30.0, 40.0, 50.0):
        clock.ahead += 1.0
        await driver.async_apply(decision(ccl=ccl, dcl=20.0))
    assert pack.calls == []
    clock.ahead += RENEW_EVERY
    await driver.async_apply(decision(ccl=50.0, dcl=20.0))
    assert pack.calls == [(limits[0], "set_value", 50.0), (limits[1], "set_value", 20000.0)]


async def test_a_limit_that_is_not_taken_is_not_effective(
    pack: EntityPack, limits: tuple[str, str], clock: Clock
) -> None:
    driver = limited(pack, limits)
    pack.obeys = False
    # A limit that goes on falling is not excused each second anew.
    for ccl in range(30, 30 - int(READ_BACK_WITHIN), -1):
        await driver.async_apply(decision(ccl=float(ccl), dcl=80.0))
        clock.ahead += 1.0
    with pytest.raises(DriverError, match="took no notice") as raised:
        await driver.async_apply(decision(ccl=20.0, dcl=80.0))
    assert raised.value.key == "not_effective"


async def test_somebody_elses_higher_limit_is_taken_back_at_once(pack: EntityPack, limits: tuple[str, str]) -> None:
    driver = limited(pack, limits)
    await driver.async_apply(decision(ccl=20.0, dcl=20.0))
    pack.calls.clear()
    pack.tell(limits[0], "100.0")
    await driver.async_apply(decision(ccl=20.0, dcl=20.0))
    assert pack.calls == [(limits[0], "set_value", 20.0)]


@pytest.mark.parametrize("attributes", [{"step": None}, {"step": 0}, {"min": "low"}, {"unit_of_measurement": "%"}])
async def test_a_limit_that_cannot_be_understood_is_not_written(
    pack: EntityPack, limits: tuple[str, str], attributes: dict[str, Any]
) -> None:
    driver = limited(pack, limits)
    pack.tell(limits[0], "100.0", **attributes)
    with pytest.raises(DriverError, match="does not tell where it stands") as raised:
        await driver.async_apply(decision(ccl=20.0, dcl=80.0))
    assert raised.value.key == "no_answer"
    assert [call[0] for call in pack.calls] == [limits[1]]


async def test_a_limit_that_does_not_tell_cannot_be_handed_back(
    pack: EntityPack, limits: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.home_bms.packs.entity_pack.RELEASE_WITHIN", 0.1)
    driver = limited(pack, limits)
    await driver.async_apply(decision(ccl=20.0, dcl=80.0))
    pack.tell(limits[0], "unavailable")
    pack.obeys = False
    with pytest.raises(DriverError, match="did not go back"):
        await driver.async_release()


async def test_home_assistants_own_actions_move_real_entities(hass: HomeAssistant, pack: EntityPack) -> None:
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"mosfet": {"initial": True}}})
    number = {"min": 0, "max": 200, "step": 0.5, "initial": 120}
    assert await async_setup_component(hass, "input_number", {"input_number": {"limit": number}})
    switch = {
        "name": "Charging",
        "state": "{{ is_state('input_boolean.mosfet', 'on') }}",
        "turn_on": {"action": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.mosfet"}},
        "turn_off": {"action": "input_boolean.turn_off", "target": {"entity_id": "input_boolean.mosfet"}},
    }
    limit = {
        "name": "Limit",
        "min": 0,
        "max": 200,
        "step": 0.5,
        "unit_of_measurement": "A",
        "state": "{{ states('input_number.limit') }}",
        "set_value": {
            "action": "input_number.set_value",
            "target": {"entity_id": "input_number.limit"},
            "data": {"value": "{{ value }}"},
        },
    }
    # The same domains serve other switches and numbers than those of the pack.
    assert await async_setup_component(hass, "template", {"template": [{"switch": switch, "number": limit}]})
    await hass.async_block_till_done()
    roles = {"charge_switch": ["switch.charging"], "charge_state": None, "charge_limit": ["number.limit"]}
    driver = driver_of(pack, settings(pack, **roles))
    await driver.async_apply(decision(charge=False, ccl=55.7))
    await hass.async_block_till_done()
    await driver.async_apply(decision(charge=False, ccl=55.7))
    assert (await driver.async_read()).switches.charge is False
    assert hass.states.get("input_boolean.mosfet").state == "off"
    assert hass.states.get("input_number.limit").state == "55.5"
    await driver.async_release()
    assert hass.states.get("input_boolean.mosfet").state == "off"
    assert hass.states.get("input_number.limit").state == "120.0"
