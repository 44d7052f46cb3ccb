"""The inverters on Modbus that home_bms can tell its limits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .inverter import InverterRow
from .sunspec import SunSpecInverter
from .victron_gx import VictronInverter

MODBUS_INVERTERS: Final[Mapping[str, InverterRow]] = MappingProxyType(
    {
        row.key: row
        for row in (
            InverterRow(key="victron_gx", name="Victron GX", create=VictronInverter),
            InverterRow(key="sunspec", name="SunSpec inverter", create=SunSpecInverter),
        )
    }
)
"""By their keys."""
