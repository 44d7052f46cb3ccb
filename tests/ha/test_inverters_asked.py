"""An inverter that Home Assistant has already is asked for a power, and left as it was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import Ability, SetpointError
from custom_components.home_bms.inverters.entity_inverter import EntityInverter
from custom_components.home_bms.inverters.entity_numbers import Span
from custom_components.home_bms.inverters.entity_orders import READ_BACK_WITHIN

from .asked_inverter import BANK, STOPPED, asked, hybrid, orders, settings, shown, stands, tell
from .entity_device import Clock, EntityPack


@pytest.fixture
def device(hass: HomeAssistant) -> EntityPack:
    return hybrid(hass)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.of(hass, monkeypatch)


# The work mode.


async def test_a_mode_of_its_own_charges_discharges_and_stops_and_goes_back(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint", sign="by_mode"))
    assert link.abilities == Ability.SETPOINT
    device.tell(device.entity("number", "power"), "4000")
    await tell(link, 2000.0)
    # The 4000 W that it was left at are lowered before the mode is changed.
    assert orders(device) == [2000.0, "Force charge"]
    assert await asked(link) == 2000.0
    await tell(link, -3000.0)
    # What rises, rises once the mode shows.
    assert orders(device)[2:] == ["Force discharge", 3000.0]
    assert await asked(link) == -3000.0
    await tell(link, 0.0)
    assert (shown(device, "work_mode"), await asked(link)) == ("Stop", 0.0)
    await tell(link, None)
    assert (shown(device, "work_mode"), stands(device, "setpoint")) == ("Self use", 4000.0)
    # The power came back behind the mode.
    assert orders(device)[-2:] == ["Self use", 4000.0]
    assert await asked(link) is None


async def test_the_example_of_the_papers_goes_as_they_say(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    device.tell(device.entity("number", "power"), "4000")
    link = EntityInverter(hass, settings(device, "charge_limit", "work_mode", "setpoint", sign="by_mode"))
    battery = replace(BANK, voltage=52.0)
    await tell(link, 3000.0, battery)
    assert orders(device) == [50.0, 2600.0, "Force charge"]
    device.calls.clear()
    await tell(link, 3000.0, replace(battery, ccl=20.0), times=1)
    assert orders(device) == [20.0, 1040.0]
    await tell(link, 3000.0, replace(battery, charge_permitted=False), times=1)
    assert orders(device)[2:] == [0.0, "Stop"]
    await tell(link, None, replace(battery, ccl=20.0))
    assert orders(device)[4:] == ["Self use", 4000.0]
    await link.async_release()
    assert stands(device, "charge_limit") == 100.0


async def test_nothing_is_moved_while_nothing_is_asked(hass: HomeAssistant, device: EntityPack) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, None, STOPPED)
    device.tell(device.entity("select", "mode"), "unavailable")
    await tell(link, None)
    assert device.calls == []
    assert link.memory == {}


async def test_a_power_beyond_what_is_permitted_is_lowered_at_once_and_an_unknown_voltage_permits_none(
    hass: HomeAssistant, device: EntityPack
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, 4000.0)
    assert stands(device, "setpoint") == 2500.0
    await tell(link, 4000.0, replace(BANK, ccl=20.0), times=1)
    assert stands(device, "setpoint") == 1000.0
    await tell(link, 4000.0, replace(BANK, voltage=None))
    assert shown(device, "work_mode") == "Stop"


async def test_from_standby_it_is_asked_for_more_only_after_a_while(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, 1000.0)
    await tell(link, 1000.0, STOPPED)
    await tell(link, 1000.0)
    assert shown(device, "work_mode") == "Stop"
    clock.ahead += 61.0
    await tell(link, 1000.0)
    assert shown(device, "work_mode") == "Force charge"


async def test_a_limit_takes_the_power_where_no_number_does(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "charge_limit", "discharge_limit"))
    await tell(link, 1000.0)
    assert orders(device) == [20.0, "Force charge"]
    assert (stands(device, "charge_limit"), stands(device, "discharge_limit")) == (20.0, 100.0)
    assert await asked(link) == 1000.0
    await tell(link, -1000.0)
    assert (stands(device, "discharge_limit"), await asked(link)) == (20.0, -1000.0)
    clock.ahead += 61.0
    await tell(link, None)
    # Nothing is asked, so that the limits are what the battery permits.
    assert (stands(device, "charge_limit"), stands(device, "discharge_limit")) == (50.0, 100.0)


async def test_a_power_that_its_limit_cannot_take_leaves_the_limit_told_unless_that_is_beyond_it(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    device.add("number", "charge current", "100", "A", min=30, max=120, step=1)
    link = EntityInverter(hass, settings(device, "work_mode", "charge_limit"))
    with pytest.raises(DriverError, match="cannot go below 30 A"):
        await tell(link, 1000.0, times=1)
    # 50 A are permitted, and the 30 A at which it stands by now are less.
    await hass.async_block_till_done(wait_background_tasks=True)
    with pytest.raises(SetpointError, match="cannot go below 30 A"):
        await tell(link, 1000.0, times=1)
    assert shown(device, "work_mode") == "Self use"
    with pytest.raises(DriverError, match="cannot go below 30 A") as beyond:
        await tell(link, 1000.0, replace(BANK, ccl=10.0), times=1)
    assert not isinstance(beyond.value, SetpointError)
    # One that took no notice is judged in the same way.
    device.add("number", "charge current", "40", "A", min=0, max=120, step=1)
    device.obeys = False
    link = EntityInverter(hass, settings(device, "work_mode", "charge_limit"))
    await tell(link, 1000.0, times=1)
    clock.ahead += READ_BACK_WITHIN
    with pytest.raises(SetpointError, match="took no notice of 20"):
        await tell(link, 1000.0, times=1)
    with pytest.raises(DriverError, match="took no notice of 20") as deaf:
        await tell(link, 1000.0, replace(BANK, ccl=20.0), times=1)
    assert not isinstance(deaf.value, SetpointError)


async def test_a_standby_without_an_option_of_its_own_is_a_power_of_zero(
    hass: HomeAssistant, device: EntityPack
) -> None:
    device.tell(device.entity("number", "power"), "3000")
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint", sign="by_mode", standby="Force charge"))
    await tell(link, 0.0)
    assert orders(device) == [0.0, "Force charge"]
    assert await asked(link) == 0.0
    # By its limit, where there is no number.
    device.tell(device.entity("select", "mode"), "Self use")
    device.calls.clear()
    link = EntityInverter(hass, settings(device, "work_mode", "charge_limit", standby="Force charge", discharge=None))
    await tell(link, 0.0)
    assert orders(device) == [0.0, "Force charge"]
    assert await asked(link) == 0.0


async def test_a_mode_is_not_changed_while_its_power_cannot_be_lowered(hass: HomeAssistant, device: EntityPack) -> None:
    device.tell(device.entity("number", "power"), "unavailable")
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint", standby="Force charge"))
    for setpoint in (1000.0, 0.0):
        with pytest.raises(DriverError, match=r"power does not tell where it stands"):
            await tell(link, setpoint)
    assert device.calls == []
    assert await asked(link) is None
    device.tell(device.entity("number", "charge current"), "unavailable")
    with pytest.raises(DriverError, match=r"current does not tell where it stands"):
        await tell(EntityInverter(hass, settings(device, "work_mode", "charge_limit")), 1000.0)
    assert device.calls == []


async def test_a_direction_without_an_option_is_refused_and_the_inverter_handed_back(
    hass: HomeAssistant, device: EntityPack
) -> None:
    kept: list[Any] = []

    async def keep(memory: Any) -> None:
        kept.append(memory)

    link = EntityInverter(hass, settings(device, "work_mode", "setpoint", discharge=None), keep=keep)
    await tell(link, 1000.0)
    for _ in range(3):
        with pytest.raises(DriverError, match=r"no option .* is chosen to discharge") as refused:
            await tell(link, -1000.0, times=1)
    assert refused.value.key == "refused"
    assert (shown(device, "work_mode"), stands(device, "setpoint")) == ("Self use", 0.0)
    # What cannot be done is not noted over and over.
    assert len(kept) == 2


# Numbers alone.


@pytest.mark.parametrize(("sign", "expected"), [("positive_charges", 1), ("negative_charges", -1)])
async def test_a_signed_number_alone_takes_powers_and_zero(
    hass: HomeAssistant, device: EntityPack, clock: Clock, sign: str, expected: int
) -> None:
    link = EntityInverter(hass, settings(device, "setpoint", sign=sign))
    assert link.abilities == Ability.SETPOINT
    for watts in (1005.0, -2007.0, 0.0):
        await tell(link, watts)
        assert stands(device, "setpoint") == expected * int(watts / 10) * 10
        assert await asked(link) == int(watts / 10) * 10
        clock.ahead += 61.0


async def test_of_two_numbers_one_is_zero_before_the_other_rises(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    device.tell(device.entity("number", "charge power"), "0")
    link = EntityInverter(hass, settings(device, "charge_power", "discharge_power"))
    assert link.abilities == Ability.SETPOINT
    await tell(link, 1250.0)
    assert (stands(device, "charge_power"), stands(device, "discharge_power")) == (1.2, 0.0)
    assert await asked(link) == 1200.0
    device.calls.clear()
    await tell(link, -500.0)
    assert orders(device) == [0.0, 500.0]
    assert await asked(link) == -500.0
    # One of them alone could not stop the other direction.
    assert not EntityInverter(hass, settings(device, "charge_power")).abilities


async def test_a_rise_of_a_power_waits_and_must_be_worth_it(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "setpoint") | {"least_rise": 5})
    await tell(link, 1000.0)
    await tell(link, 2000.0)
    assert stands(device, "setpoint") == 1000.0
    clock.ahead += 61.0
    await tell(link, 1040.0)
    assert stands(device, "setpoint") == 1000.0
    await tell(link, 2000.0)
    assert stands(device, "setpoint") == 2000.0


async def test_a_range_that_lacks_the_power_is_told(hass: HomeAssistant, device: EntityPack) -> None:
    device.add("number", "power", "500", "W", min=0, max=5000, step=10)
    link = EntityInverter(hass, settings(device, "setpoint"))
    with pytest.raises(DriverError, match="cannot be set to -1000 W"):
        await tell(link, -1000.0)
    assert stands(device, "setpoint") == 0.0
    device.add("number", "power", "500", "W", min=300, max=5000, step=10)
    with pytest.raises(DriverError, match="cannot be set to 0 W"):
        await tell(EntityInverter(hass, settings(device, "setpoint")), 0.0)
    await hass.async_block_till_done(wait_background_tasks=True)
    # As near as it goes.
    assert stands(device, "setpoint") == 300.0


@given(
    wanted=st.floats(-8000.0, 8000.0),
    step=st.sampled_from([0.1, 1.0, 10.0, 7.0]),
    lowest=st.sampled_from([-5000.0, 0.0, 100.0, -33.0]),
)
def test_a_power_is_only_ever_rounded_to_less(wanted: float, step: float, lowest: float) -> None:
    value = Span(lowest, 5000.0, step).towards_zero(wanted)
    if value is not None:
        assert lowest - 1e-6 <= value <= 5000.0
        assert min(0.0, wanted) - 1e-4 <= value <= max(0.0, wanted) + 1e-4
    if lowest <= 0.0:
        assert value is not None
