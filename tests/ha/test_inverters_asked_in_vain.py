"""What an inverter is asked in vain is told, and what its user or a crash has changed is heeded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import SetpointError
from custom_components.home_bms.inverters import entity_inverter
from custom_components.home_bms.inverters.entity_inverter import EntityInverter
from custom_components.home_bms.inverters.entity_orders import READ_BACK_WITHIN

from .asked_inverter import BANK, OPTIONS, STOPPED, asked, hybrid, orders, settings, shown, stands, tell
from .entity_device import Clock, EntityPack


@pytest.fixture
def device(hass: HomeAssistant) -> EntityPack:
    return hybrid(hass)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.of(hass, monkeypatch)


# Its user.


async def test_what_its_user_picks_meanwhile_is_theirs_until_something_else_is_asked(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, 1000.0)
    device.tell(device.entity("select", "mode"), "Backup")
    device.calls.clear()
    clock.ahead += 100.0
    await tell(link, 2000.0)
    assert device.calls == []
    assert await asked(link) is None
    assert link.facts["setpoint"]["left_to_its_user"]
    # That nothing may flow any more is something else, and so is that nothing is asked.
    await tell(link, 2000.0, STOPPED)
    assert shown(device, "work_mode") == "Stop"
    await tell(link, None)
    assert shown(device, "work_mode") == "Backup"


async def test_what_its_user_picks_last_stays_when_nothing_is_asked_any_more(
    hass: HomeAssistant, device: EntityPack
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, 1000.0)
    device.tell(device.entity("select", "mode"), "Backup")
    await tell(link, None)
    assert shown(device, "work_mode") == "Backup"
    assert link.memory == {}


async def test_its_users_power_takes_the_place_of_what_is_asked_within_what_is_permitted(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "setpoint"))
    await tell(link, 1000.0)
    number = device.entity("number", "power")
    device.tell(number, "2000")
    clock.ahead += 100.0
    await tell(link, 1500.0)
    assert stands(device, "setpoint") == 2000.0
    await tell(link, 1500.0, replace(BANK, ccl=10.0))
    assert stands(device, "setpoint") == 500.0
    await tell(link, None)
    assert stands(device, "setpoint") == 2000.0
    # Also while it is being handed back.
    await tell(link, 1000.0)
    device.tell(number, "700")
    await link.async_release()
    assert stands(device, "setpoint") == 700.0


async def test_one_that_was_away_and_forgot_is_asked_again(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    await tell(link, 1000.0)
    for name, back in ((("select", "mode"), "Self use"), (("number", "power"), "0")):
        device.tell(device.entity(*name), "unavailable")
        with pytest.raises(DriverError, match="does not tell"):
            await tell(link, 1000.0)
        device.tell(device.entity(*name), back)
    clock.ahead += 61.0
    await tell(link, 1000.0)
    assert await asked(link) == 1000.0


# What goes wrong.


async def test_an_inverter_that_takes_no_notice_or_refuses_is_told_and_never_counts_as_asked(
    hass: HomeAssistant, device: EntityPack, clock: Clock
) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    device.obeys = False
    await tell(link, 0.0)
    clock.ahead += READ_BACK_WITHIN
    with pytest.raises(SetpointError, match="took no notice of Stop") as deaf:
        await tell(link, 0.0, times=1)
    assert deaf.value.key == "not_effective"
    assert await asked(link) is None
    device.error = HomeAssistantError("locked")
    clock.ahead += READ_BACK_WITHIN
    with pytest.raises(DriverError, match="locked"):
        await tell(link, 0.0)


async def test_an_order_that_still_may_come_to_something_is_taken_back(hass: HomeAssistant, device: EntityPack) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"))
    device.obeys = False
    await tell(link, 1000.0)
    device.calls.clear()
    await tell(link, None)
    # It shows what was found and is told so all the same.
    assert orders(device) == ["Self use"]


async def test_an_option_that_is_gone_is_named(hass: HomeAssistant, device: EntityPack) -> None:
    told: list[Any] = []
    link = EntityInverter(hass, settings(device, "work_mode", "setpoint"), on_lacking=lambda *what: told.append(what))
    await link.async_read()
    mode = device.entity("select", "mode")
    device.tell(mode, "Self use", options=["Self use", "Force charge"])
    await link.async_read()
    await link.async_read()
    assert told == [(mode, ("Force discharge", "Stop"))]
    with pytest.raises(DriverError, match="no longer offers “Stop”") as refused:
        await tell(link, 0.0)
    assert refused.value.key == "refused"
    assert device.calls == []
    device.tell(mode, "Self use")
    await link.async_read()
    assert told[-1] == (mode, ())


async def test_what_was_found_and_is_no_longer_offered_becomes_the_normal_option(
    hass: HomeAssistant, device: EntityPack
) -> None:
    mode = device.entity("select", "mode")
    for normal, expected in (("Self use", "Self use"), (None, "Force charge")):
        device.tell(mode, "Backup")
        link = EntityInverter(hass, settings(device, "work_mode", "setpoint", normal=normal))
        await tell(link, 1000.0)
        device.tell(mode, "Force charge", options=[each for each in OPTIONS if each != "Backup"])
        # The simulated inverter tells all its options again once it is moved.
        if normal is None:
            with (
                patch.object(entity_inverter, "RELEASE_WITHIN", 0.0),
                pytest.raises(DriverError, match="“Backup”, where it was found"),
            ):
                await link.async_release()
        else:
            await link.async_release()
        assert shown(device, "work_mode") == expected


async def test_everything_goes_back_after_a_crash_but_not_what_somebody_moved_since(
    hass: HomeAssistant, device: EntityPack
) -> None:
    kept: list[Any] = []

    async def keep(memory: Any) -> None:
        # On the disk before anything is moved.
        assert device.calls == [] or not memory
        kept.append(memory)

    told = settings(device, "work_mode", "charge_power", "discharge_power")
    await tell(EntityInverter(hass, told, keep=keep), 1000.0)
    assert kept == [{"found": {"work_mode": "Self use", "charge_power": 3.0, "discharge_power": 0.0}}]
    assert stands(device, "charge_power") == 1.0
    # Nobody released. The next link is asked for nothing.
    await tell(EntityInverter(hass, told, memory=kept[0]), None)
    assert (shown(device, "work_mode"), stands(device, "charge_power")) == ("Self use", 3.0)
    device.tell(device.entity("select", "mode"), "Backup")
    await EntityInverter(hass, told, memory=kept[0]).async_release()
    assert shown(device, "work_mode") == "Backup"
    # One that goes on with what it was asked.
    device.tell(device.entity("select", "mode"), "Force charge")
    again = EntityInverter(hass, told, memory=kept[0], keep=keep)
    device.calls.clear()
    await tell(again, 3000.0)
    assert "Force charge" not in orders(device)
    await again.async_release()
    assert shown(device, "work_mode") == "Self use"
    assert kept[-1] == {}


async def test_a_power_does_not_come_back_before_the_mode_does(hass: HomeAssistant, device: EntityPack) -> None:
    link = EntityInverter(hass, settings(device, "work_mode", "charge_power", "discharge_power"))
    await tell(link, 1000.0)
    device.tell(device.entity("select", "mode"), "unavailable")
    with (
        patch.object(entity_inverter, "RELEASE_WITHIN", 0.0),
        pytest.raises(DriverError, match="does not tell where it stands"),
    ):
        await link.async_release()
    assert stands(device, "charge_power") == 1.0
    assert link.memory["found"] == {"work_mode": "Self use", "charge_power": 3.0, "discharge_power": 0.0}
    device.error = HomeAssistantError("locked")
    device.tell(device.entity("select", "mode"), "Force charge")
    with pytest.raises(DriverError, match="locked"):
        await tell(link, None)
    assert stands(device, "charge_power") == 1.0
