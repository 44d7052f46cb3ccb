"""A CAN bus in a house: what is recorded of a battery is said on it again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import can
import pytest
from can.interfaces.udp_multicast import UdpMulticastBus
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.home_bms.can import pack as can_pack
from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.flow import can as flow_can
from custom_components.home_bms.hw import can as link_module
from custom_components.home_bms.hw import can_bus, can_driver
from custom_components.home_bms.hw.can_device import CanDevice
from custom_components.home_bms.hw.can_driver import CanDriver

from ..hw.can.buses import free_port
from ..hw.can.speech import frames

GROUP = "239.74.163.88"
EVERY = 0.1
BATTERY: Mapping[str, Any] = {
    "name": "Cellar",
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 100.0,
    "discharge_current": 100.0,
    "temperature_sensors": 2,
}


@dataclass(slots=True)
class Speaker:
    """Says its lines on the bus for as long as it is not silent."""

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the bus, as a pack's have them."""
        return {"interface": "udp_multicast", "channel": GROUP, "port": self.port}


@asynccontextmanager
async def speaking(*lines: str) -> AsyncGenerator[Speaker]:
    """Have a battery on a bus of its own."""
    speaker = Speaker(port=free_port(), lines=list(lines))
    try:
        bus = UdpMulticastBus(GROUP, port=speaker.port)
    except (OSError, can.CanError) as err:
        pytest.skip(f"this machine has no multicast: {err}")

    async def speak() -> None:
        while True:
            for frame in frames(*speaker.lines):
                bus.send(
                    can.Message(arbitration_id=frame.id, data=frame.data, is_extended_id=frame.extended, check=True)
                )
            await asyncio.sleep(EVERY)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        yield speaker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bus.shutdown()


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for the slowest battery there is."""
    monkeypatch.setattr(flow_can, "LISTEN_FOR", 0.5)
    monkeypatch.setattr(can_bus, "SETTLE", 0.0)
    monkeypatch.setattr(can_driver, "IDENTIFY_WITHIN", 1.0)
    monkeypatch.setattr(link_module, "BACK_OFF", 0.1)

    def hasty(device: CanDevice, *args: Any, **options: Any) -> CanDriver:
        return CanDriver(replace(device, listen=5 * EVERY), *args, **options)

    monkeypatch.setattr(can_pack, "CanDriver", hasty)


class Flow:
    """One conversation with a user, for the first pack, a further one or a changed one."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry | None = None, change: str | None = None) -> None:
        self._hass = hass
        self._entry = entry
        self._change = change
        self.result: Mapping[str, Any] = {}

    async def begin(self) -> None:
        """Choose the way."""
        flows = self._hass.config_entries
        context: dict[str, Any] = {"source": SOURCE_USER}
        if self._change is not None:
            context = {"source": SOURCE_RECONFIGURE, "subentry_id": self._change}
        self.result = (
            await flows.flow.async_init(DOMAIN, context=context)
            if self._entry is None
            else await flows.subentries.async_init((self._entry.entry_id, SUBENTRY_PACK), context=context)
        )
        if self._change is None:
            await self.choose("can")

    async def choose(self, step_id: str) -> None:
        """Choose from a menu."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        assert step_id in self.result["menu_options"]
        await self.go({"next_step_id": step_id})

    async def go(self, user_input: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Answer a form; what takes a while is waited for."""
        flows = self._hass.config_entries
        configure = flows.flow.async_configure if self._entry is None else flows.subentries.async_configure
        self.result = await configure(self.result["flow_id"], None if user_input is None else dict(user_input))
        async with asyncio.timeout(30):
            while self.result["type"] is FlowResultType.SHOW_PROGRESS:
                await self._hass.async_block_till_done()
                self.result = await configure(self.result["flow_id"])
        return self.result

    async def listen(self, speaker: Speaker) -> None:
        """Name the bus and wait until it was listened to."""
        await self.choose("can_multicast")
        await self.go({"channel": GROUP, "port": speaker.port})

    @property
    def told(self) -> Mapping[str, str]:
        """What the texts of the present step are filled with."""
        return self.result["description_placeholders"]

    def suggested(self) -> dict[str, Any]:
        """Return what the form suggests."""
        found = {}
        for key in self.result["data_schema"].schema:
            value = (key.description or {}).get("suggested_value")
            if value is not None:
                found[str(key)] = value
        return found

    async def take(self, **battery: Any) -> Mapping[str, Any]:
        """Submit what was proposed of the battery."""
        assert self.result["step_id"] == "battery", self.result
        return await self.go({**self.suggested(), "name": "Cellar", **battery})
