"""Packs that share a bus, as Home Assistant runs them: one at a time, and only near the bus's voltage."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import ContactorState, Switches
from custom_components.home_bms.system_coordinator import SystemCoordinator

from .conftest import PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, ticks, until

SECOND_ID = "01PACK0000000000000000000B"
OPEN = Switches(charge=False, discharge=False, balance=False)


@pytest.fixture
def second(driver: ScriptedDriver, drivers: list[ScriptedDriver]) -> ScriptedDriver:
    """Return the second pack's driver; both packs are found open."""
    drivers.append(ScriptedDriver("JK-0002"))
    for each in drivers:
        each.switches = each.commanded = OPEN
    return drivers[1]


@pytest.fixture
async def system(hass: HomeAssistant, second: ScriptedDriver, scripted: None) -> SystemCoordinator:
    """Return a system of two packs that may be controlled."""
    entry = make_entry(hass, pack_subentry(), pack_subentry(SECOND_ID, "Pack 2", serial_number="JK-0002"))
    await set_up(hass, entry)
    await entry.runtime_data.async_allow_control(allowed=True)
    return entry.runtime_data.system


async def wish(*packs: PackCoordinator) -> None:
    for pack in packs:
        await pack.async_wish(charge=True, discharge=True)


def closed(driver: ScriptedDriver) -> bool:
    return driver.switches.charge is True and driver.switches.discharge is True


async def test_two_packs_close_one_after_the_other(
    system: SystemCoordinator, driver: ScriptedDriver, second: ScriptedDriver
) -> None:
    first, other = system.packs[PACK_ID], system.packs[SECOND_ID]
    seen: list[tuple[ContactorState, ContactorState]] = []
    for pack in (first, other):
        tell = pack.async_judged

        def judged(snapshot: Any, tell: Any = tell) -> None:
            tell(snapshot)
            seen.append((first.latest.contactors.charge.state, other.latest.contactors.charge.state))

        pack.async_judged = judged  # type: ignore[method-assign]
    await wish(first, other)
    await until(lambda: closed(driver) and closed(second))
    assert (ContactorState.CLOSING, ContactorState.CLOSING) not in seen
    assert any(ContactorState.CLOSING in states for states in seen)


async def test_a_pack_far_from_the_bus_stays_open_and_says_why(
    system: SystemCoordinator, driver: ScriptedDriver, second: ScriptedDriver
) -> None:
    first, other = system.packs[PACK_ID], system.packs[SECOND_ID]
    second.cells = [3.42] * 16
    await ticks(other, 3)
    await wish(first)
    await until(lambda: closed(driver))
    await wish(other)
    await ticks(other, 10)
    assert not closed(second)
    assert not any(decision.switches.charge for decision in second.applied)
    reason = system.joins[SECOND_ID].reason
    assert (reason.rule, round(reason.value or 0.0, 2)) == ("voltage_difference", 1.92)
    second.cells = [3.32] * 16
    await until(lambda: closed(second))


async def test_a_pack_that_is_not_heard_keeps_the_other_from_closing(
    system: SystemCoordinator, driver: ScriptedDriver, second: ScriptedDriver
) -> None:
    """It may be closed, at any voltage."""
    second.switches = Switches()
    await ticks(system.packs[SECOND_ID], 3)
    await wish(system.packs[PACK_ID])
    await ticks(system.packs[PACK_ID], 10)
    assert not closed(driver)
    assert system.joins[PACK_ID].reason.rule == "bus_unknown"
    second.switches = OPEN
    await until(lambda: closed(driver))


async def test_a_pack_alone_needs_nobodys_permission(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.switches = driver.commanded = OPEN
    entry = make_entry(hass)
    await set_up(hass, entry)
    await entry.runtime_data.async_allow_control(allowed=True)
    await wish(entry.runtime_data.packs[PACK_ID])
    await until(lambda: closed(driver))
    assert entry.runtime_data.system.joins == {}
