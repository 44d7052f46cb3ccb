"""A pack behind entities in a running Home Assistant: silence and missing values take the limits down, heat opens."""

from __future__ import annotations

import pytest
from homeassistant.const import CONF_TYPE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import PLATFORMS, supervisor
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Quality
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.inverters.entity_orders import READ_BACK_WITHIN
from custom_components.home_bms.watching import Link

from .conftest import PACK, PACK_ID, PERIOD, make_entry, pack_subentry, set_up, ticks, until
from .entity_device import Clock, EntityPack, settings


@pytest.fixture
def pack(hass: HomeAssistant) -> EntityPack:
    """Return a pack that ESPHome has brought."""
    return EntityPack(hass)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass on the loop's clock alone."""
    return Clock.of(hass, monkeypatch)


@pytest.fixture
def thresholds() -> dict[str, float]:
    """Return the thresholds that the user has moved."""
    return {}


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    pack: EntityPack,
    clock: Clock,
    thresholds: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> MockConfigEntry:
    """Return a loaded system whose pack is made of entities."""
    monkeypatch.setattr(supervisor, "POLL_PERIOD", PERIOD)
    monkeypatch.setattr(supervisor, "SETUP_PATIENCE", 0.5)
    link = {key: PACK[key] for key in PACK if key not in ("host", "port", "unit_id")}
    data = {**link, **settings(pack), CONF_TYPE: "entities", "model": "JK-B2A16S", "serial_number": pack.device.id}
    data["thresholds"] = thresholds
    entry = make_entry(hass, {**pack_subentry(), "data": data, "unique_id": pack.device.id})
    await set_up(hass, entry)
    # Home Assistant's own actions have come with home_bms's switches and numbers.
    pack.serve()
    return entry


async def let_pass(
    pack: EntityPack, coordinator: PackCoordinator, clock: Clock, seconds: int, *, every: int = 1
) -> None:
    """Let seconds go by; the pack reports every so many of them."""
    for second in range(seconds):
        if second % every == 0:
            pack.repeat()
            # A pack that repeats itself under load would be taken for one that hangs.
            pack.tell(pack.entity("sensor", "total voltage"), f"{52.8 + 0.01 * (second // every % 2):.2f}")
        await ticks(coordinator, 1)
        clock.ahead += 1.0


async def test_story_a_cell_that_becomes_unavailable_takes_the_limits_to_zero(
    hass: HomeAssistant, entry: MockConfigEntry, pack: EntityPack, clock: Clock
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert coordinator.statistics.link is Link.ANSWERING
    await let_pass(pack, coordinator, clock, 100)
    assert coordinator.latest.decision.charge_permitted
    assert coordinator.latest.decision.ccl.value == coordinator.config.charge_current
    assert coordinator.latest.believed.quality is Quality.GOOD

    fifth = pack.entity("sensor", "cell voltage 5")
    pack.tell(fifth, "unavailable")
    await let_pass(pack, coordinator, clock, 3)
    latest = coordinator.latest
    assert latest.believed.doubts["cell_5"] == "missing"
    assert not latest.decision.charge_permitted
    # A few seconds are forgiven, then a quarter remains, then nothing.
    assert latest.decision.ccl.value == coordinator.config.charge_current
    await let_pass(pack, coordinator, clock, 5)
    assert coordinator.latest.decision.ccl.value == 0.25 * coordinator.config.charge_current
    await let_pass(pack, coordinator, clock, 5)
    decided = coordinator.latest.decision
    assert (decided.ccl.value, decided.dcl.value) == (0.0, 0.0)
    assert decided.ccl.reason.rule == "data_missing"
    assert coordinator.latest.believed.quality is Quality.POOR

    pack.tell(fifth, "3.300")
    await let_pass(pack, coordinator, clock, 90)
    assert coordinator.latest.decision.ccl.value > 0


async def test_story_entities_that_fall_silent_age_though_they_are_available(
    hass: HomeAssistant, entry: MockConfigEntry, pack: EntityPack, clock: Clock
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await let_pass(pack, coordinator, clock, 100)
    assert coordinator.latest.decision.dcl.value > 0
    # Every report is seen before time goes on.
    await ticks(coordinator, 2)
    clock.ahead += coordinator.config.age_stop + 1
    await ticks(coordinator, 2)
    assert coordinator.latest.decision.dcl.value == 0
    assert coordinator.latest.decision.dcl.reason.rule == "communication_lost"


@pytest.mark.parametrize("thresholds", [{"age_derate": 15.0, "age_stop": 30.0, "open_after": 60.0}, {}])
async def test_story_a_pack_that_tells_every_ten_seconds_needs_thresholds_that_fit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: EntityPack,
    clock: Clock,
    thresholds: dict[str, float],
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await let_pass(pack, coordinator, clock, 120, every=10)
    allowed = coordinator.latest.decision.dcl.value
    assert allowed == (coordinator.config.discharge_current if thresholds else 0.0)


async def test_story_a_hot_cell_opens_the_switch_and_a_deaf_one_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, pack: EntityPack, clock: Clock
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await let_pass(pack, coordinator, clock, 5)
    pack.tell(pack.entity("sensor", "temperature sensor 2"), "70.0")
    await let_pass(pack, coordinator, clock, 5)
    assert pack.calls == [], "nothing is moved without permission"

    pack.obeys = False
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: len(pack.calls) >= 2)
    assert {call[:2] for call in pack.calls} == {
        (pack.entity("switch", name), "turn_off") for name in ("charging", "discharging")
    }
    clock.ahead += READ_BACK_WITHIN
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, f"write_failed_{PACK_ID}") is not None)
    assert coordinator.statistics.last_error == "not_effective"

    pack.obeys = True
    clock.ahead += READ_BACK_WITHIN
    await until(lambda: hass.states.get(pack.entity("switch", "charging")).state == "off")
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, f"write_failed_{PACK_ID}") is None)

    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass.states.get(pack.entity("switch", "charging")).state == "off"


async def test_a_pack_of_entities_has_the_same_entities_diagnostics_and_device_as_any(
    hass: HomeAssistant, entry: MockConfigEntry, pack: EntityPack
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    rows = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert {row.domain for row in rows} == {str(platform) for platform in PLATFORMS}
    switches = {row.unique_id.removeprefix(f"{PACK_ID}_") for row in rows if row.domain == Platform.SWITCH}
    assert {"charge", "discharge", "balance"} <= switches
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), entry.entry_id)
    assert device is not None
    assert (device.manufacturer, device.model, device.sw_version) == ("Jikong", "JK-B2A16S", "11.26")
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["packs"][0]["settings"]["roles"]["current"] == [pack.id_of(pack.entity("sensor", "current"))]
    assert told["packs"][0]["settings"]["serial_number"] == "**REDACTED**"
    assert coordinator.black_boxes.recording(coordinator.supervisor.black_box.everything()).header.model == "JK-B2A16S"
    assert coordinator.statistics.link_quality is None


async def test_a_pack_whose_integration_comes_later_is_waited_for(
    hass: HomeAssistant, entry: MockConfigEntry, pack: EntityPack
) -> None:
    coordinator: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    told = {
        entity_id: hass.states.get(entity_id).state
        for entity_id in hass.states.async_entity_ids()
        if "cellar" in entity_id
    }
    for entity_id in told:
        pack.tell(entity_id, "unavailable")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data.packs[PACK_ID]
    assert coordinator.statistics.last_error == "no_answer"
    assert coordinator.latest.decision.ccl.value == 0
    for entity_id, state in told.items():
        pack.tell(entity_id, state)
    await until(lambda: coordinator.statistics.link is Link.ANSWERING)
