"""Whatever announces itself over Bluetooth breaks no flow: it is no pack, or is looked at whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from bleak.backends.scanner import AdvertisementData
from homeassistant.config_entries import SOURCE_BLUETOOTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from hypothesis import strategies as st

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.flow.bluetooth import BluetoothSteps
from custom_components.home_bms.hw.driver import DeviceInfo

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import auto_enable_custom_integrations, make_entry, nothing_from_a_thread  # noqa: F401
from tests.ha.test_bluetooth import MANIFEST, announcement
from tests.ha.test_config_flow import stays_unloaded  # noqa: F401
from tests.ha.test_translations import ENGLISH

from .material import texts
from .person import Person, again_and_again, whole
from .strangers import Draw, Strangers, infos
from .test_flows import as_before

SHARE: Final = 0.1
"""Of the examples that the profile names."""
ADDRESS: Final = "A4:C1:38:00:00:09"


def announced(draw: Draw) -> AdvertisementData:
    """Return what somebody says who looks like a pack to Home Assistant, and may be none."""
    matcher: Mapping[str, Any] = draw(st.sampled_from(MANIFEST["bluetooth"]))
    company = matcher.get("manufacturer_id", 1)
    began = bytes(matcher.get("manufacturer_data_start", ()))
    name = matcher.get("local_name", "*").replace("[0-9A-F]", "7").replace("[0-9]", "7").replace("?", "7")
    return AdvertisementData(
        local_name=name.replace("*", draw(texts)) or None,
        manufacturer_data={company: began + draw(st.binary(max_size=20))},
        service_data={},
        service_uuids=[matcher["service_uuid"]] if "service_uuid" in matcher else [],
        tx_power=-127,
        rssi=-60,
        platform_data=(),
    )


@pytest.mark.usefixtures("enable_bluetooth", "stays_unloaded")
def test_no_announcement_breaks_a_discovery(hass: HomeAssistant, tmp_path: Path) -> None:
    entry = make_entry(hass)

    async def once(draw: Draw) -> FlowResultType:
        strangers = Strangers(draw, tmp_path)

        async def look(*_: Any) -> DeviceInfo:
            return strangers.said(infos)

        manager = hass.config_entries.flow
        try:
            with patch.object(BluetoothSteps, "_async_look_at", look):
                found = announcement(announced(draw), ADDRESS)
                result = await manager.async_init(DOMAIN, context={"source": SOURCE_BLUETOOTH}, data=found)
                return await Person(hass, manager, ENGLISH["config"], draw).talk(result)
        finally:
            # One that was left half-way would be found for ever.
            for flow in manager.async_progress():
                manager.async_abort(flow["flow_id"])
            whole(hass)
            await as_before(hass, entry)

    ends = again_and_again(hass, once, share=SHARE, least=20)
    assert ends[FlowResultType.ABORT] < ends.total(), "all were no packs"
