"""A pack that tells its cells in tenths of a volt shows them, says what is wrong with them, and permits nothing."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.hw.devices import DEVICES

from .conftest import PACK, PACK_ID, ScriptedDevice, ScriptedDriver, make_entry, pack_subentry, set_up
from .entities import everything_is_news, show, state_of


@pytest.mark.parametrize("model", sorted(DEVICES))
def test_a_packs_configuration_takes_the_resolution_of_its_device(model: str) -> None:
    assert pack_config({**PACK, "model": model}).cell_resolution == DEVICES[model].cell_resolution


def test_what_is_no_device_of_ours_tells_millivolts() -> None:
    assert pack_config({key: value for key, value in PACK.items() if key != "model"}).cell_resolution == 0.001


async def test_coarse_cells_are_shown_with_their_doubt_and_permit_nothing(
    hass: HomeAssistant, driver: ScriptedDriver, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything_is_news(monkeypatch)
    driver.cells = [3.3] * 15 + [3.7]
    with (
        patch("custom_components.home_bms.packs.sources.DEVICES", {"renogy": ScriptedDevice([driver])}),
        patch("custom_components.home_bms.PLATFORMS", [Platform.SENSOR]),
    ):
        entry = make_entry(hass, pack_subentry(model="renogy"))
        await set_up(hass, entry)
    await show(hass, entry.runtime_data.packs[PACK_ID], 5)
    cell = hass.states.get("sensor.pack_1_cell_16")
    assert cell is not None
    assert (cell.state, cell.attributes["doubt"]) == ("3.7", "too_coarse")
    assert state_of(hass, "sensor.pack_1_highest_cell") == "unknown"
    quality = hass.states.get("sensor.pack_1_data_quality")
    assert quality is not None
    assert quality.attributes["doubts"]["cell_1"] == "too_coarse"
    for limit in ("charge", "discharge"):
        assert state_of(hass, f"sensor.home_battery_{limit}_current_limit") == "0.0"
