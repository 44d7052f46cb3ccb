"""A pack behind another integration's entities is read: what they do not tell is missing, and it is as old as they."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.home_bms.core.model import AskedLimits, Switches
from custom_components.home_bms.hw.driver import Capability, DriverError
from custom_components.home_bms.packs import entity_states
from custom_components.home_bms.packs.entity_pack import SILENT_AFTER

from .entity_device import CELLS, TEMPERATURES, Clock, EntityPack, decision, driver_of, settings


@pytest.fixture
def pack(hass: HomeAssistant) -> EntityPack:
    """Return a pack that ESPHome has brought."""
    return EntityPack(hass)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass on the loop's clock alone."""
    return Clock.of(hass, monkeypatch)


# Reading.


async def test_every_role_is_read(pack: EntityPack) -> None:
    driver = driver_of(pack)
    info = await driver.async_identify()
    assert (info.manufacturer, info.model, info.hardware, info.firmware) == ("Jikong", "JK-B2A16S", "11.XW", "11.26")
    assert (info.serial_number, info.cells, info.temperature_sensors, info.capacity) == ("identity", 16, 4, 280.0)
    assert driver.info is info
    reading = await driver.async_read()
    assert reading.cells == (3.3,) * CELLS
    assert reading.temperatures == (25.0,) * TEMPERATURES
    assert (reading.current, reading.voltage, reading.switch_temperature) == (-10.0, 52.8, 30.0)
    assert (reading.soc, reading.soh, reading.capacity, reading.cycles) == (60.0, 99.0, 280.0, 12.0)
    assert reading.switches == reading.commanded == Switches(charge=True, discharge=True, balance=False)
    assert reading.balancing is False
    assert driver.capabilities == (Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH | Capability.BALANCE_SWITCH)
    for at in (reading.cells_time, reading.temperatures_time, reading.current_time):
        assert at is not None
        assert 0 <= reading.time - at < 60


async def test_who_it_is_must_be_asked_first(pack: EntityPack) -> None:
    driver = driver_of(pack)
    with pytest.raises(DriverError, match="not been identified"):
        _ = driver.info
    await driver.async_read()
    assert driver.info.model == "JK-B2A16S"


async def test_a_pack_that_is_only_watched_has_nothing_to_move(pack: EntityPack) -> None:
    switches = dict.fromkeys(("charge_switch", "discharge_switch", "balance_switch"))
    driver = driver_of(pack, settings(pack, soc=None, temperatures=None, **switches))
    reading = await driver.async_read()
    assert driver.capabilities is Capability.NONE
    # Where its MOSFETs are shows all the same.
    assert reading.switches == Switches(charge=True, discharge=True, balance=None)
    assert reading.commanded == Switches()
    assert (reading.soc, reading.temperatures, reading.temperatures_time) == (None, (), None)
    await driver.async_apply(decision(charge=False, discharge=False, balance=True))
    await driver.async_release()
    assert pack.calls == []


@pytest.mark.parametrize("told", ["unknown", "unavailable", "nan", "none"])
async def test_what_an_entity_does_not_tell_is_missing_and_nothing_else(pack: EntityPack, told: str) -> None:
    pack.tell(pack.entity("sensor", "cell voltage 7"), told)
    pack.tell(pack.entity("sensor", "total voltage"), told)
    pack.tell(pack.entity("binary_sensor", "charging"), told)
    pack.tell(pack.entity("switch", "discharging"), told)
    reading = await driver_of(pack).async_read()
    assert [index for index, cell in enumerate(reading.cells) if cell is None] == [6]
    assert reading.voltage is None
    assert reading.current == -10.0
    assert reading.switches.charge is None
    assert reading.commanded.charge is True
    assert reading.commanded.discharge is None


async def test_a_renamed_entity_is_followed_and_a_removed_one_is_missing_and_told_once(
    hass: HomeAssistant, pack: EntityPack, caplog: pytest.LogCaptureFixture
) -> None:
    driver = driver_of(pack)
    registry, old = er.async_get(hass), pack.entity("sensor", "cell voltage 3")
    registry.async_update_entity(old, new_entity_id="sensor.the_third")
    hass.states.async_remove(old)
    assert (await driver.async_read()).cells[2] is None
    hass.states.async_set("sensor.the_third", "3.333", {"unit_of_measurement": "V"})
    assert (await driver.async_read()).cells[2] == 3.333
    assert "were removed" not in caplog.text
    registry.async_remove("sensor.the_third")
    registry.async_remove(pack.entity("sensor", "state of charge"))
    for _ in range(3):
        reading = await driver.async_read()
    assert reading.cells == (3.3, 3.3, None, *(3.3,) * 13)
    assert reading.soc is None
    assert caplog.text.count("were removed: cells 3, soc. Change the pack") == 1


async def test_an_entity_that_the_registry_does_not_know_is_found_by_its_name(
    hass: HomeAssistant, pack: EntityPack
) -> None:
    hass.states.async_set("sensor.my_template", "12500", {"unit_of_measurement": "mA"})
    reading = await driver_of(pack, settings(pack, current=["sensor.my_template"])).async_read()
    assert reading.current == 12.5


async def test_units_are_those_that_are_shown(pack: EntityPack) -> None:
    for number in range(1, CELLS + 1):
        pack.tell(pack.entity("sensor", f"cell voltage {number}"), "3312", unit_of_measurement="mV")
    pack.tell(pack.entity("sensor", "temperature sensor 1"), "77", unit_of_measurement="°F")
    pack.tell(pack.entity("sensor", "temperature sensor 2"), "77", unit_of_measurement=None)
    reading = await driver_of(pack).async_read()
    assert reading.cells == pytest.approx((3.312,) * CELLS)
    assert reading.temperatures == pytest.approx((25.0, None, 25.0, 25.0))


async def test_a_current_that_counts_the_other_way_round(pack: EntityPack) -> None:
    driver = driver_of(pack, current_inverted=True)
    assert (await driver.async_read()).current == 10.0
    pack.tell(pack.entity("sensor", "current"), "0.0")
    assert str((await driver.async_read()).current) == "0.0"
    pack.tell(pack.entity("sensor", "current"), "unknown")
    assert (await driver.async_read()).current is None


async def test_cells_and_temperatures_in_one_list(pack: EntityPack) -> None:
    delta = pack.add("sensor", "delta voltage", "0.01", "V", cell_voltages=[3.3, 3.31, 3.3, 3.3])
    warm = pack.add("sensor", "temperature", "70", "°F", temperature_sensors=[21.0, 22.0])
    roles = {
        "cells": [f"{pack.id_of(delta)}#cell_voltages"],
        "temperatures": [f"{pack.id_of(warm)}#temperature_sensors"],
    }
    driver = driver_of(pack, settings(pack, **roles))
    info = await driver.async_identify()
    assert (info.cells, info.temperature_sensors) == (4, 2)
    reading = await driver.async_read()
    assert (reading.cells, reading.temperatures) == ((3.3, 3.31, 3.3, 3.3), (21.0, 22.0))
    assert reading.cells_time is not None
    # How many are missing cannot be told; it is no pack of another size.
    pack.tell(delta, "unavailable")
    assert (await driver.async_read()).cells == ()


async def test_a_pack_that_tells_nothing_does_not_answer(hass: HomeAssistant, pack: EntityPack) -> None:
    driver = driver_of(pack)
    for refs in pack.roles().values():
        for ref in refs:
            entry = er.async_get(hass).entities.get_entry(ref)
            assert entry is not None
            if entry.original_name not in ("battery capacity", "charging cycles"):
                pack.tell(entry.entity_id, "unavailable")
    for ask in (driver.async_identify, driver.async_read):
        with pytest.raises(DriverError, match="tells a value") as raised:
            await ask()
        assert raised.value.key == "no_answer"


async def test_a_device_that_was_removed_does_not_answer(hass: HomeAssistant, pack: EntityPack) -> None:
    driver = driver_of(pack)
    await driver.async_read()
    dr.async_get(hass).async_remove_device(pack.device.id)
    with pytest.raises(DriverError, match="choose another device") as raised:
        await driver.async_read()
    assert raised.value.key == "no_answer"


async def test_who_it_is_follows_the_device_registry(hass: HomeAssistant, pack: EntityPack) -> None:
    driver = driver_of(pack)
    first = await driver.async_identify()
    await driver.async_read()
    assert driver.info is first
    dr.async_get(hass).async_update_device(pack.device.id, sw_version="12.00")
    await driver.async_read()
    assert driver.info.firmware == "12.00"
    assert driver.info.fingerprint == first.fingerprint


async def test_a_module_is_called_as_the_device_that_it_belongs_to(hass: HomeAssistant, pack: EntityPack) -> None:
    child = dr.async_get(hass).async_get_or_create_child(
        config_entry_id=pack.device.config_entry_id,
        parent_device_id=pack.device.id,
        identifiers={("esphome", "module")},
        name="Module 1",
    )
    info = await driver_of(pack, device_id=child.id).async_identify()
    assert (info.manufacturer, info.model) == ("Jikong", "JK-B2A16S")


# Age.


async def test_a_group_is_as_old_as_its_oldest_value(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack)
    await driver.async_read()
    clock.ahead += 7.0
    for number in range(2, CELLS + 1):
        pack.tell(pack.entity("sensor", f"cell voltage {number}"), "3.300")
    pack.tell(pack.entity("sensor", "current"), "-10.0")
    reading = await driver.async_read()
    assert reading.time - reading.cells_time > 6.9
    assert reading.time - reading.current_time > 6.9
    # The same value reported again is a report.
    pack.tell(pack.entity("sensor", "cell voltage 1"), "3.300")
    pack.tell(pack.entity("sensor", "total voltage"), "52.80")
    reading = await driver.async_read()
    assert reading.time - reading.cells_time < 1
    assert reading.time - reading.current_time < 1
    assert reading.time - reading.temperatures_time > 6.9


async def test_where_silence_means_no_change_one_report_is_enough(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack, changes_only=True)
    await driver.async_read()
    clock.ahead += 7.0
    pack.tell(pack.entity("sensor", "total voltage"), "52.80")
    reading = await driver.async_read()
    for at in (reading.cells_time, reading.temperatures_time, reading.current_time):
        assert reading.time - at < 1
    # All silent: the pack may have gone.
    clock.ahead += 7.0
    reading = await driver.async_read()
    assert reading.time - reading.cells_time > 6.9
    # What is not known is not made known by its neighbours.
    pack.tell(pack.entity("sensor", "total voltage"), "52.80")
    pack.tell(pack.entity("sensor", "cell voltage 1"), "unavailable")
    assert (await driver.async_read()).cells[0] is None


async def test_what_has_no_time_of_its_own_does_not_live_for_ever(pack: EntityPack, clock: Clock) -> None:
    driver = driver_of(pack)
    await driver.async_read()
    clock.ahead += SILENT_AFTER + 1
    reading = await driver.async_read()
    assert (reading.soc, reading.switch_temperature) == (None, None)
    # Facts that hardly ever change are told once.
    assert (reading.soh, reading.capacity, reading.cycles) == (99.0, 280.0, 12.0)


async def test_a_wall_clock_that_is_set_makes_nothing_younger(
    pack: EntityPack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = SimpleNamespace(time=time.time)
    monkeypatch.setattr(entity_states, "time", wall)
    real, driver = wall.time, driver_of(pack)
    before = await driver.async_read()
    for offset in (-3600.0, 3600.0):
        wall.time = lambda offset=offset: real() + offset
        clock.ahead += 2.0
        after = await driver.async_read()
        assert after.cells_time == before.cells_time
        # A report between two looks is no older than the first and no younger than now.
        pack.tell(pack.entity("sensor", "temperature sensor 1"), "26.0")
        pack.repeat()
        looked = after.time
        after = await driver.async_read()
        assert looked - 0.5 <= after.temperatures_time <= after.time
        before = after


async def test_a_report_from_the_future_is_no_report(pack: EntityPack, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(entity_states, "time", SimpleNamespace(time=lambda: real() - 3600.0))
    driver = driver_of(pack)
    with pytest.raises(DriverError, match="tells a value"):
        await driver.async_read()
    pack.repeat()
    assert (await driver.async_read()).cells == (3.3,) * CELLS


# What the pack asks for.


ASKED = {
    "asked_voltage": ("requested charge voltage", "56000", "mV"),
    "asked_charge": ("charge current limit", "40.0", "A"),
    "asked_discharge": ("discharge current limit", "-80", "A"),
}


def asking(pack: EntityPack) -> dict[str, list[str]]:
    """Let the pack tell what it asks for; returns the roles."""
    return {role: [pack.id_of(pack.add("sensor", *told))] for role, told in ASKED.items()}


async def test_what_a_pack_asks_for_is_read_in_cores_units(pack: EntityPack) -> None:
    reading = await driver_of(pack, settings(pack, **asking(pack))).async_read()
    assert reading.asked == AskedLimits(cvl=56.0, ccl=40.0, dcl=80.0)
    assert 0 <= reading.time - reading.asked_time < 60
    assert (await driver_of(pack).async_read()).asked is None


async def test_a_limit_that_an_entity_does_not_tell_is_none(pack: EntityPack) -> None:
    driver = driver_of(pack, settings(pack, **asking(pack)))
    for name in ("requested charge voltage", "discharge current limit"):
        pack.tell(pack.entity("sensor", name), "unavailable")
    assert (await driver.async_read()).asked == AskedLimits(ccl=40.0)
    pack.tell(pack.entity("sensor", "charge current limit"), "unknown")
    reading = await driver.async_read()
    assert (reading.asked, reading.asked_time) == (None, None)
