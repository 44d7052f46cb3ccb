"""What the tests of the platforms share: showing a tick at once, and a list of what a user gets."""

from __future__ import annotations

from itertools import count

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.home_bms import entity
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ENTRY_ID, ticks


def everything_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entities believe that they were silent for long, whatever they show."""
    monkeypatch.setattr(entity, "monotonic", count(1000.0, 61.0).__next__)


async def show(hass: HomeAssistant, pack: PackCoordinator, times: int = 3) -> None:
    """Let the pack be judged a few more times and tell the entities, whatever the supervisor thinks it is worth."""
    await ticks(pack, times)
    system = pack.config_entry.runtime_data.system
    pack.async_set_updated_data(pack.latest)
    system.async_set_updated_data(system.async_combine())
    await hass.async_block_till_done()


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return a state that must exist."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


def offered(hass: HomeAssistant, platform: Platform) -> dict[str, str]:
    """Return what a platform offers: by entity id its kind, unit and category, and whether it starts disabled."""
    rows = {}
    for row in er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID):
        if row.domain == platform and row.platform == DOMAIN:
            kind = (row.capabilities or {}).get("state_class"), row.original_device_class, row.unit_of_measurement
            told = [str(part) for part in (*kind, row.entity_category) if part]
            rows[row.entity_id] = ", ".join([*told, "disabled"] if row.disabled else told)
    return dict(sorted(rows.items()))
