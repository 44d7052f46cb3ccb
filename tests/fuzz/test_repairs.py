"""No answer to a repair breaks it, whether its system runs or not: what is shown has words, and no issue is lost."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import repairs
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.repair_issues import async_raise
from custom_components.home_bms.subentries import async_is_set_up

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    PACK,
    PACK_ID,
    ScriptedDriver,
    auto_enable_custom_integrations,
    driver,
    drivers,
    make_entry,
    nothing_from_a_thread,
    pack_subentry,
    platforms,
    quick,
    scripted,
    set_up,
)
from tests.ha.programme_house import PROGRAMME_ID, programme_subentry, quick_programmes
from tests.ha.programme_house import settings as programme
from tests.ha.test_translations import ENGLISH

from .material import texts
from .person import Person, again_and_again
from .strangers import Draw

SHARE: Final = 0.05
"""Of the examples that the profile names, for each repair."""
NOBODY: Final = "http://127.0.0.1:9"
FIXABLE: Final = sorted(key for key, words in ENGLISH["issues"].items() if "fix_flow" in words)
PLACES: Final = ("cables", f"{PACK_ID}/torque", f"{PACK_ID}/cells", "gone")
"""Of inspections."""


@pytest.fixture
async def house(
    hass: HomeAssistant,
    driver: ScriptedDriver,  # noqa: F811
    scripted: None,  # noqa: F811
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> MockConfigEntry:
    """Return a system that runs, of a pack and a programme whose server is never there."""
    quick_programmes(monkeypatch)
    assert await async_setup_component(hass, REPAIRS, {})
    entry = make_entry(hass, pack_subentry(), programme_subentry(programme(NOBODY)))
    await set_up(hass, entry)
    return entry


async def as_before(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let it run again as it did."""
    for flow in hass.config_entries.subentries.async_progress():
        hass.config_entries.subentries.async_abort(flow["flow_id"])
    hass.config_entries.async_update_subentry(entry, entry.subentries[PACK_ID], data=PACK, unique_id="JK-0001")
    await hass.async_block_till_done()
    if entry.state is ConfigEntryState.NOT_LOADED:
        await hass.config_entries.async_setup(ENTRY_ID)
    assert entry.state is ConfigEntryState.LOADED


def test_every_repair_is_known(hass: HomeAssistant) -> None:
    assert {str(begins) for begins in repairs._MENDS} <= set(FIXABLE)


@pytest.mark.parametrize("key", FIXABLE)
def test_no_answer_breaks_a_repair(hass: HomeAssistant, house: MockConfigEntry, key: str) -> None:
    words = ENGLISH["issues"][key]
    shown = dict.fromkeys(re.findall(r"\{(\w+)\}", json.dumps(words)), "x")
    registry, issue_id = ir.async_get(hass), f"{key}_fuzzed"

    async def once(draw: Draw) -> FlowResultType:
        data: dict[str, Any] = {
            "entry_id": draw(st.sampled_from((ENTRY_ID, ENTRY_ID, "gone", None))),
            "subentry_id": draw(st.sampled_from((PROGRAMME_ID if "programme" in key else PACK_ID, None, "gone"))),
            "place": draw(st.sampled_from(PLACES)),
            "error": draw(st.sampled_from(("JK-0001", "JK-9999")) | texts),
        }
        try:
            if not draw(st.booleans()):
                await hass.config_entries.async_unload(ENTRY_ID)
            async_raise(hass, issue_id, translation_key=key, shown=shown, is_fixable=True, data=data)
            manager = hass.data[REPAIRS]["flow_manager"]
            result = await manager.async_init(DOMAIN, data={"issue_id": issue_id})
            end = await Person(hass, manager, words["fix_flow"], draw).talk(result)
            await hass.async_block_till_done()
            stands = registry.async_get_issue(DOMAIN, issue_id) is not None
            assert stands is (end is not FlowResultType.CREATE_ENTRY)
            assert async_is_set_up(hass, house.subentries[PACK_ID].data["serial_number"])
            return end
        finally:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            await as_before(hass, house)

    again_and_again(hass, once, share=SHARE, least=5)
