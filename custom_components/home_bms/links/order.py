"""Puts the units on a link that Home Assistant shares into one order."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit

from ..const import DOMAIN
from ..hw.lane import Lane
from ..hw.roundabout import Roundabout

_ROUNDABOUTS: Final[HassKey[WeakValueDictionary[Hashable, Roundabout]]] = HassKey(f"{DOMAIN}_roundabouts")
"""By endpoint; a roundabout lives as long as somebody is on it."""


@callback
def async_lane(
    hass: HomeAssistant, params: ModbusSerialParams | ModbusTcpParams, unit: ModbusUnit, unit_id: int
) -> Lane:
    """Return a unit of the link as one that takes turns with all others of home_bms's; `leave` it when done."""
    roundabouts = hass.data.setdefault(_ROUNDABOUTS, WeakValueDictionary())
    return Lane(unit, roundabouts.setdefault(params.endpoint, Roundabout()), unit_id)


@contextmanager
def on_lane(
    hass: HomeAssistant, params: ModbusSerialParams | ModbusTcpParams, unit: ModbusUnit, unit_id: int
) -> Iterator[ModbusUnit]:
    """Have a unit take turns for a while."""
    lane = async_lane(hass, params, unit, unit_id)
    try:
        yield lane.unit
    finally:
        lane.leave()
