"""Home Assistant's own modbus integration reads a served pack and agrees with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_component import async_update_entity
from homeassistant.setup import async_setup_component

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

CELLS = 16

# What a user would write beside the maker's sheet: name, byte address, type, and what one step of it is.
ROWS = [
    *((f"cell {number + 1}", 0x1200 + 2 * number, "uint16", 0.001) for number in range(CELLS)),
    ("voltage", 0x1290, "uint32", 0.001),
    ("current", 0x1298, "int32", 0.001),
    ("temperature 1", 0x129C, "int16", 0.1),
    ("capacity", 0x12AC, "uint32", 0.001),
    ("overvoltage", 0x100C, "uint32", 0.001),
]


def truth(reading: PackReading) -> dict[str, float | None]:
    """Return the same values as the pack itself tells them."""
    assert reading.hardware is not None
    cells = {f"cell {number + 1}": cell for number, cell in enumerate(reading.cells)}
    return cells | {
        "voltage": reading.voltage,
        "current": reading.current,
        "temperature 1": reading.temperatures[0],
        "capacity": reading.capacity,
        "overvoltage": reading.hardware.cell_overvoltage,
    }


@pytest.mark.parametrize("demand", [40.0, -40.0])
async def test_homes_own_modbus_integration_agrees(hass: HomeAssistant, socket_enabled: None, demand: float) -> None:
    pack = VirtualPack(cells=CELLS, seed=3)
    pack.demand = demand
    pack.step(30.0)
    server = VirtualServer(pack, DEVICES["jk_pb"])
    port = await server.start_tcp()
    sensors: list[dict[str, Any]] = [
        {"name": name, "slave": 1, "address": address, "data_type": kind, "scale": scale, "precision": 3}
        for name, address, kind, scale in ROWS
    ]
    hub = {"name": "peer", "type": "tcp", "host": "127.0.0.1", "port": port, "sensors": sensors}
    try:
        assert await async_setup_component(hass, "modbus", {"modbus": [hub]})
        await hass.async_block_till_done()
        told: dict[str, float] = {}
        for name, *_ in ROWS:
            entity = f"sensor.{name.replace(' ', '_')}"
            async with asyncio.timeout(10):
                # The hub connects in the background.
                while (state := hass.states.get(entity)) is None or state.state in ("unavailable", "unknown"):
                    await asyncio.sleep(0.05)
                    await async_update_entity(hass, entity)
            told[name] = float(state.state)
        expected = truth(pack.reading(pack.time))
        for name, _, _, scale in ROWS:
            assert told[name] == pytest.approx(expected[name], abs=0.51 * scale), name
    finally:
        await hass.services.async_call("modbus", "stop", {"hub": "peer"}, blocking=True)
        await hass.async_block_till_done()
        await server.stop()
