"""No answer to a form breaks a flow: it is refused in words that there are, or leads on, or becomes a whole entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import config_flow
from custom_components.home_bms.config_flow import HomeBmsConfigFlow
from custom_components.home_bms.const import (
    DOMAIN,
    SUBENTRY_COMMISSIONING,
    SUBENTRY_INVERTER,
    SUBENTRY_PACK,
    SUBENTRY_PROGRAMME,
)
from custom_components.home_bms.flow import inverter

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    PACK,
    PACK_ID,
    auto_enable_custom_integrations,
    make_entry,
    nothing_from_a_thread,
)
from tests.ha.entity_device import EntityPack
from tests.ha.programme_house import quick_programmes
from tests.ha.test_config_flow import stays_unloaded  # noqa: F401
from tests.ha.test_translations import ENGLISH

from .person import Person, again_and_again, whole
from .strangers import Draw, Strangers

SHARE: Final = 0.05
"""Of the examples that the profile names, for each way."""
SUBENTRIES: Final[Mapping[str, tuple[str | None, ...]]] = {
    SUBENTRY_PACK: config_flow.WAYS,
    SUBENTRY_INVERTER: inverter.WAYS,
    SUBENTRY_PROGRAMME: (None,),
}
"""The ways to each part of a system; a commissioning needs a pack that is watched, and has a test of its own."""

type Talk = Callable[[Draw, Strangers], Awaitable[FlowResultType]]


@pytest.fixture(autouse=True)
def house(hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> MockConfigEntry:
    """Return a system beside a pack and an inverter of other integrations."""
    quick_programmes(monkeypatch)
    EntityPack(hass)
    for entity_id, state in (("number.limit", "50"), ("select.mode", "auto"), ("sensor.power", "100")):
        hass.states.async_set(entity_id, state, {"options": ["auto", "off"], "unit_of_measurement": "W"})
    return make_entry(hass)


async def as_before(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take away what a conversation has brought."""
    for other in hass.config_entries.async_entries(DOMAIN):
        if other is not entry:
            await hass.config_entries.async_remove(other.entry_id)
    for key in set(entry.subentries) - {PACK_ID}:
        hass.config_entries.async_remove_subentry(entry, key)
    hass.config_entries.async_update_subentry(entry, entry.subentries[PACK_ID], data=PACK, title="Pack 1")
    hass.config_entries.async_update_entry(entry, options={})


def thrown(hass: HomeAssistant, entry: MockConfigEntry, folder: Path, talk: Talk) -> Counter[FlowResultType]:
    """Have a conversation again and again; return how often it ended how."""

    async def once(draw: Draw) -> FlowResultType:
        strangers = Strangers(draw, folder)
        try:
            with strangers.asked():
                return await talk(draw, strangers)
        finally:
            whole(hass)
            await as_before(hass, entry)

    return again_and_again(hass, once, share=SHARE, least=3)


async def changed(hass: HomeAssistant, draw: Draw, entry_id: str, before: set[str]) -> None:
    """Change what has just been added."""
    entry = hass.config_entries.async_get_entry(entry_id)
    assert entry is not None
    for key in set(entry.subentries) - before:
        kind = entry.subentries[key].subentry_type
        manager = hass.config_entries.subentries
        result = await manager.async_init((entry_id, kind), context={"source": SOURCE_RECONFIGURE, "subentry_id": key})
        await Person(hass, manager, ENGLISH["config_subentries"][kind], draw).talk(result)


@pytest.mark.parametrize("way", config_flow.WAYS)
def test_no_answer_breaks_the_first_set_up(
    hass: HomeAssistant, house: MockConfigEntry, tmp_path: Path, way: str
) -> None:
    async def talk(draw: Draw, _: Strangers) -> FlowResultType:
        manager = hass.config_entries.flow
        result = await manager.async_init(DOMAIN, context={"source": SOURCE_USER})
        end = await Person(hass, manager, ENGLISH["config"], draw).talk(result, way)
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry is not house:
                whole(hass)
                await changed(hass, draw, entry.entry_id, set())
        return end

    thrown(hass, house, tmp_path, talk)


@pytest.mark.parametrize(("kind", "way"), [(kind, way) for kind, ways in SUBENTRIES.items() for way in ways])
def test_no_answer_breaks_what_a_system_is_made_of(
    hass: HomeAssistant, house: MockConfigEntry, tmp_path: Path, kind: str, way: str | None
) -> None:
    known = HomeBmsConfigFlow.async_get_supported_subentry_types(house)
    assert set(known) == {*SUBENTRIES, SUBENTRY_COMMISSIONING}

    async def talk(draw: Draw, _: Strangers) -> FlowResultType:
        manager = hass.config_entries.subentries
        result = await manager.async_init((ENTRY_ID, kind), context={"source": SOURCE_USER})
        end = await Person(hass, manager, ENGLISH["config_subentries"][kind], draw).talk(result, way)
        whole(hass)
        await changed(hass, draw, ENTRY_ID, {PACK_ID})
        return end

    thrown(hass, house, tmp_path, talk)


@pytest.mark.parametrize("option", config_flow.OPTIONS)
def test_no_answer_breaks_the_options(hass: HomeAssistant, house: MockConfigEntry, tmp_path: Path, option: str) -> None:
    async def talk(draw: Draw, _: Strangers) -> FlowResultType:
        manager = hass.config_entries.options
        result = await manager.async_init(ENTRY_ID)
        return await Person(hass, manager, ENGLISH["options"], draw).talk(result, option)

    assert thrown(hass, house, tmp_path, talk)[FlowResultType.CREATE_ENTRY]
