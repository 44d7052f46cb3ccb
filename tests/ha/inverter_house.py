"""A battery system with an inverter at its side: a simulated one behind a real link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant
from pymodbus import FramerType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import SUBENTRY_INVERTER
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualGx
from custom_components.home_bms.hw.virtual.register_server import Registers, RegisterServer
from custom_components.home_bms.inverters import coordinator as inverter_coordinator
from custom_components.home_bms.inverters.coordinator import InverterCoordinator

from .conftest import PERIOD, make_entry, nimble, pack_subentry, set_up, until

INVERTER_ID = "01INVERTER00000000000000AA"


def inverter_subentry(
    data: Mapping[str, Any], subentry_id: str = INVERTER_ID, title: str = "Inverter"
) -> ConfigSubentryDataWithId:
    """Return an inverter's subentry."""
    return ConfigSubentryDataWithId(
        data=dict(data), subentry_id=subentry_id, subentry_type=SUBENTRY_INVERTER, title=title, unique_id=None
    )


def quick_inverters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loops of inverters tick as fast as those of the packs."""
    monkeypatch.setattr(inverter_coordinator, "POLL_PERIOD", 2 * PERIOD)


@dataclass
class House:
    """A front with a simulated inverter behind it, and the server that shows it."""

    front: Any
    server: RegisterServer
    port: int
    unit_id: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def inverter(self) -> VirtualInverter:
        """The simulated inverter."""
        found: VirtualInverter = self.front.inverter
        return found

    @property
    def data(self) -> dict[str, Any]:
        """The settings of the subentry."""
        return {
            CONF_TYPE: "tcp",
            CONF_HOST: "127.0.0.1",
            CONF_PORT: self.port,
            "unit_id": self.unit_id,
            **self.settings,
        }

    async def set_up(self, hass: HomeAssistant, **changes: Any) -> MockConfigEntry:
        """Set a system with one pack and this inverter up; control is off at first."""
        entry = make_entry(hass, pack_subentry(), inverter_subentry({**self.data, **changes}))
        with patch("custom_components.home_bms.pack_config", nimble):
            await set_up(hass, entry)
        return entry


@asynccontextmanager
async def house(
    front: Registers, unit_id: int, *, framer: FramerType = FramerType.SOCKET, **settings: Any
) -> AsyncIterator[House]:
    """Serve a front on loopback."""
    server = RegisterServer({unit_id: front}, framer=framer)
    port = await server.async_start()
    try:
        yield House(front=front, server=server, port=port, unit_id=unit_id, settings=settings)
    finally:
        await server.async_stop()


def gx(**how: Any) -> VirtualGx:
    """Return a GX whose inverter would like to charge with 4 kW."""
    return VirtualGx(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 4000.0, **how))


def inverter_of(entry: MockConfigEntry) -> InverterCoordinator:
    """Return the one inverter of a system."""
    found: InverterCoordinator = entry.runtime_data.inverters[INVERTER_ID]
    return found


async def looks(inverter: InverterCoordinator, count: int = 3) -> None:
    """Wait for `count` more looks at an inverter."""
    for _ in range(count):
        before = inverter.data
        await until(lambda before=before: inverter.data is not before)
