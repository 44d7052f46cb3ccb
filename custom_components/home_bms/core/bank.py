"""What an inverter is told of the battery: all packs as one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """The highest or lowest of all packs' values, and where it was measured."""

    value: float
    pack: int
    """The pack, from 0 in the system's order."""
    place: int
    """The cell or sensor in it, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """The battery behind one inverter.

    Units as everywhere: V, A, °C, Ah, Wh, percent; current positive when charging; the limits are never negative. What
    is `None` is not known, and a protocol says so in its own way or leaves it out; limits are always known.
    """

    time: float
    cvl: float
    """V; plausible even when nothing may flow, for inverters ignore a charge voltage that cannot be."""
    dvl: float
    """V at which discharging has to end."""
    ccl: float
    dcl: float
    charge_permitted: bool
    discharge_permitted: bool
    voltage: float | None = None
    current: float | None = None
    soc: float | None = None
    soh: float | None = None
    temperature: float | None = None
    """Of the cells, on average."""
    cell_max: Extreme | None = None
    cell_min: Extreme | None = None
    temperature_max: Extreme | None = None
    temperature_min: Extreme | None = None
    capacity: float = 0.0
    """Ah, rated, of the packs that take part."""
    remaining: float | None = None
    """Ah."""
    cells: int = 0
    """In series."""
    cycles: float | None = None
    energy_in: float = 0.0
    energy_out: float = 0.0
    packs: int = 0
    """That take part now."""
    packs_offline: int = 0
    packs_blocking_charge: int = 0
    packs_blocking_discharge: int = 0
    warnings: frozenset[str] = frozenset()
    """Keys of the protections that warn or lower a limit."""
    alarms: frozenset[str] = frozenset()
    """Keys of the protections that stop or trip."""
    balancing: bool = False
    force_charge: bool = False
    """It asks to be charged from anywhere, because it is nearly empty."""
    full_charge: bool = False
    """It asks to be charged to the top and held there, because it is due to be balanced or counted anew."""
    chemistry: str = "lfp"
    name: str = "home_bms"
    serial_number: str = ""
    firmware: str = ""
