"""A battery behind a Victron GX: what the registers of its service mean to home_bms."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, override

from modbus_connection import GatewayPathUnavailableError, GatewayTargetError, ModbusUnit
from modbus_connection.model import Component, NumberField

from ...core.model import AskedLimits, PackReading
from ..asked_limits import asked
from ..channels import Channels, Current
from ..driver import DeviceInfo, Driver, DriverError
from ..modbus import Device, ModbusDriver
from ..registers import Values, fields
from .victron_registers import (
    Battery,
    Bms,
    Cells,
    LaterAlarms,
    Limits,
    Modules,
    Names,
    Overrides,
    Permissions,
    Settings,
    System,
    VeBus,
)

MANUFACTURER: Final = "Victron"
MODEL: Final = "GX battery service"
SERVICE: Final = (Battery, Limits, Cells, LaterAlarms, Bms, Permissions, Modules, Names)
"""What a battery service consists of."""

WARNING: Final = 1
"""An alarm's value before it is 2; any other value but 0 counts as the alarm."""
ALARMS: Final = (
    "general_alarm",
    "pack_undervoltage",
    "pack_overvoltage",
    "starter_undervoltage",
    "starter_overvoltage",
    "soc_low",
    "battery_undertemperature",
    "battery_overtemperature",
    "middle_voltage_fault",
    "fused_undervoltage",
    "fused_overvoltage",
    "fuse_blown",
    "internal_overtemperature",
    "charge_overcurrent",
    "discharge_overcurrent",
    "cell_difference",
    "internal_fault",
    "charge_overtemperature",
    "charge_undertemperature",
    "cell_undervoltage",
    "bms_cable_fault",
    "contactor_fault",
    "overcurrent",
)
"""The fields that are alarms of 0, 1 or 2; their names are home_bms's keys."""
FAULTS: Final = (
    "smart_lithium_communication_lost",
    "smart_lithium_voltage_fault",
    "smart_lithium_count_mismatch",
    "smart_lithium_configuration_fault",
)
"""The fields that are faults of 0 or 1."""
ERRORS: Final = MappingProxyType(
    {
        1: "battery_initialization_fault",
        2: "no_battery_connected",
        13: "pack_overvoltage",
        14: "pack_undervoltage",
        15: "battery_overtemperature",
        16: "battery_undertemperature",
        19: "precharge_failed",
        20: "contactor_fault",
        21: "precharge_failed",
        25: "precharge_failed",
        26: "contactor_fault",
        27: "overcurrent",
    }
)
"""By the code of register 1283; others are told as `error_` and their number."""
BALANCING: Final = 2
BALANCER: Final = MappingProxyType({1: False, BALANCING: True, 3: False})
"""What the balancer's status (register 1323) tells; 0 is unknown."""
BALANCER_TOLD: Final = MappingProxyType({None: 0, False: 1, True: BALANCING})
STATES: Final = MappingProxyType({0: 0, 1: 1, -1: 2})
"""Idle, charging, discharging (register 844) by the sign of the current."""

UNKNOWN_UNIT: Final = (GatewayTargetError, GatewayPathUnavailableError)
HINT: Final = (
    "the GX has no device with this unit id: its page Settings, Integrations, Modbus TCP, Available services lists"
    " them, and a battery that is switched off or was never seen since its last start is missing there"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VictronGx(Device):
    """A GX, which answers for many devices, each with a unit id of its own."""

    @override
    def driver(
        self, unit: ModbusUnit, *, clock: Callable[[], float] = time.monotonic, spacing: float | None = None
    ) -> Driver:
        return GxDriver(self, unit, clock=clock, spacing=self.spacing if spacing is None else spacing)


class GxDriver(ModbusDriver):
    """One battery service of a GX."""

    @override
    async def _update(self, kind: type[Component]) -> None:
        try:
            await super()._update(kind)
        except DriverError as err:
            if isinstance(err.__cause__, UNKNOWN_UNIT):
                raise DriverError(err.key, f"{HINT} ({err})") from err.__cause__
            raise


def info(values: Values) -> DeviceInfo:
    """Return what there is to know; a GX tells neither who made the battery nor a serial number."""
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=MODEL,
        serial_number="",
        # Not the number of cells: it is 0 while the GX starts, and part of what tells a pack without a serial number.
        capacity=values.get("capacity"),
        temperature_sensors=len(_sensors(values, {})),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words.

    A GX tells the lowest and the highest cell and no others, so there are no cells here. A current counts only beside
    a voltage: of a battery that is gone the GX tells zeros.
    """
    voltage = values.get("voltage")
    balancer = BALANCER.get(values.get("balancer_status", 0))
    return PackReading(
        time=0.0,
        temperatures=tuple(values.get(name) for name in _sensors(values, found)),
        current=None if voltage is None else values.get("current"),
        voltage=voltage,
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("capacity"),
        balancing=True if values.get("balancing") else balancer,
        alarms=_alarms(values),
        asked=_asked(values),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads so; what is not known is 0."""
    del info
    cells = [cell for cell in reading.cells if cell is not None]
    temperatures = [temperature for temperature in reading.temperatures if temperature is not None]
    voltage, current = reading.voltage or 0.0, reading.current or 0.0
    consumed = (reading.capacity or 0.0) * ((reading.soc or 0.0) / 100 - 1) if reading.soc is not None else 0.0
    alarms, limits = reading.alarms or frozenset(), reading.asked or AskedLimits()
    nothing = {name: 0 for kind in DEVICE.components for name, field in fields(kind) if isinstance(field, NumberField)}
    return nothing | {
        "wide_power": voltage * current,
        "power": voltage * current,
        "voltage": voltage,
        "current": current,
        "temperature": sum(temperatures) / len(temperatures) if temperatures else 0.0,
        "consumed_capacity": consumed,
        "wide_consumed_capacity": consumed,
        "soc": reading.soc or 0.0,
        "soh": reading.soh or 0.0,
        "charge_voltage_limit": limits.cvl or 0.0,
        "charge_current_limit": limits.ccl or 0.0,
        "discharge_current_limit": limits.dcl or 0.0,
        "capacity": reading.capacity or 0.0,
        "cell_temperature_min": min(temperatures, default=0.0),
        "cell_temperature_max": max(temperatures, default=0.0),
        "cell_voltage_min": min(cells, default=0.0),
        "cell_voltage_max": max(cells, default=0.0),
        "cells_per_battery": len(reading.cells),
        "batteries_series": 1,
        "batteries_parallel": 1,
        "batteries": 1,
        "balancing": int(reading.balancing is True),
        "balancer_status": BALANCER_TOLD[reading.balancing],
        **{name: 2 if name in alarms else int(f"{name}_warning" in alarms) for name in ALARMS},
        **{name: int(name in alarms) for name in FAULTS},
        "system_voltage": voltage,
        "system_current": current,
        "system_power": voltage * current,
        "system_soc": reading.soc or 0.0,
        "system_state": STATES[(current > 0) - (current < 0)],
        "system_consumed_capacity": consumed,
    }


def _asked(values: Values) -> AskedLimits | None:
    """Return what the battery's BMS asks for.

    A GX tells zeros of a battery without one, so currents count only beside a charge voltage, and `Permissions` never:
    there, no is all that a battery can say which has nothing to say.
    """
    if values.get("charge_voltage_limit") is None:
        return None
    return asked(
        cvl=values["charge_voltage_limit"],
        ccl=values.get("charge_current_limit"),
        dcl=values.get("discharge_current_limit"),
    )


def _sensors(values: Values, found: Values) -> list[str]:
    """Return the fields of the sensors that are there or were when the battery was found.

    Those are the coldest and the hottest cell, else the battery's own.
    """
    told = [
        name
        for name in ("cell_temperature_min", "cell_temperature_max", "temperature")
        if any(known.get(name) is not None for known in (values, found))
    ]
    return [name for name in told if name != "temperature"] or told


def _alarms(values: Values) -> frozenset[str] | None:
    """Return the alarms that stand, `None` where none are told; a warning has a key of its own."""
    alarms = {name: values[name] for name in (*ALARMS, "error_code") if name in values}
    if not alarms:
        return None
    code = alarms.pop("error_code", 0)
    keys = {name if level != WARNING else f"{name}_warning" for name, level in alarms.items() if level}
    keys |= {name for name in FAULTS if values.get(name)}
    keys |= {ERRORS.get(code, f"error_{code}")} if code else set()
    return frozenset(keys)


DEVICE: Final = VictronGx(
    key="victron_gx",
    name="Victron GX (battery service)",
    manufacturer=MANUFACTURER,
    baudrate=115200,
    unit_ids=range(248),
    spacing=0.0,
    timeout=2.0,
    channels=Channels(temperatures=2, voltages=1, current=Current.SIGNED),
    # What a battery has to tell before anything else of it is asked for.
    identity=(Battery,),
    passport=(Battery,),
    settings=(),
    extras=MappingProxyType({Limits: (), Cells: (), LaterAlarms: (), Bms: (), Permissions: (), Modules: (), Names: ()}),
    live=MappingProxyType(
        {
            Battery: ("current_time", "temperatures_time"),
            Limits: ("asked_time",),
            Cells: (),
            LaterAlarms: (),
            Bms: (),
        }
    ),
    pages=MappingProxyType(
        {"battery": SERVICE, "system": (System,), "settings": (Settings, Overrides), "vebus": (VeBus,)}
    ),
    areas=tuple(range(first, last + 1) for kind in SERVICE for first, last in kind.register_ranges),
    info=info,
    reading=reading,
    values=values,
)
