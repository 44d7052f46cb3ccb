"""What each chemistry stands, as data with its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SOC: Final = tuple(float(soc) for soc in range(0, 101, 5))
"""State of charge in percent of each point of the open-circuit-voltage curves."""

# Open-circuit voltage at each point of SOC (ocv_tables.json): Libre Solar bms_common.c (Apache-2.0) for LFP and NMC,
# doi 10.3390/batteries5010031 for LTO, a measured NFM 18650 (CC0) for Na-ion.
_OCV: Final[Mapping[str, tuple[float, ...]]] = {
    "lfp": (
        2.833, 3.132, 3.177, 3.190, 3.213, 3.226, 3.240, 3.252, 3.262, 3.264, 3.265,
        3.268, 3.271, 3.275, 3.283, 3.296, 3.304, 3.308, 3.309, 3.314, 3.392,
    ),
    "nmc": (
        2.800, 3.588, 3.684, 3.702, 3.726, 3.745, 3.764, 3.787, 3.803, 3.819, 3.838,
        3.858, 3.883, 3.924, 3.962, 3.993, 4.026, 4.056, 4.089, 4.135, 4.198,
    ),
    "lto": (
        2.000, 2.105, 2.125, 2.141, 2.154, 2.166, 2.177, 2.187, 2.198, 2.210, 2.224,
        2.240, 2.259, 2.282, 2.309, 2.340, 2.376, 2.415, 2.458, 2.513, 2.800,
    ),
    "na_ion": (
        1.500, 2.284, 2.507, 2.670, 2.763, 2.815, 2.851, 2.905, 2.996, 3.092, 3.194,
        3.296, 3.389, 3.472, 3.550, 3.632, 3.725, 3.832, 3.929, 3.988, 4.099,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """One preset: voltages of one cell in V, temperatures in °C, from `thresholds.md` 2.12 unless said."""

    name: str
    overvoltage_derate: float
    full: float
    """Charge voltage limit of every day."""
    float_: float
    """Where the charge voltage limit waits while charging is not permitted: a resting full cell."""
    overvoltage_protect: float
    overvoltage_release: float
    overvoltage_trip: float
    overvoltage_trip_now: float
    """Trips without delay; a single wild sample never gets here, plausibility holds it back."""
    undervoltage_derate: float
    undervoltage_protect: float
    undervoltage_release: float
    undervoltage_trip: float
    deep_discharge: float
    """Below it a cell must not be charged without a person."""
    hardware_overvoltage: float
    """What the pack's own protection must be set to; home_bms stays inside."""
    hardware_undervoltage: float
    charge_temperature: tuple[float, float, float, float]
    """No charge at, full charge from, full charge to, no charge at."""
    charge_overtemperature_trip: float
    discharge_temperature: tuple[float, float]
    """No discharge at either end."""
    discharge_overtemperature_trip: float
    difference_warn: float
    """V between highest and lowest cell, in the top or bottom window."""
    difference_alarm: float
    window_top: float
    window_bottom: float
    balance_start: float
    """`thresholds.md` 2.7."""
    voltages: tuple[float, ...]
    """Open-circuit voltage at 0, 5 ... 100 % (`ocv_tables.json`)."""
    confirm: bool = False
    """Cells of this chemistry differ so much that a person must compare with the datasheet first."""


CHEMISTRIES: Final[Mapping[str, Chemistry]] = {
    "lfp": Chemistry(
        name="LFP",
        overvoltage_derate=3.40,
        full=3.45,
        float_=3.35,
        overvoltage_protect=3.55,
        overvoltage_release=3.45,
        overvoltage_trip=3.60,
        overvoltage_trip_now=3.65,
        undervoltage_derate=3.10,
        undervoltage_protect=2.90,
        undervoltage_release=3.10,
        undervoltage_trip=2.70,
        deep_discharge=2.30,
        hardware_overvoltage=3.65,
        hardware_undervoltage=2.50,
        charge_temperature=(0.0, 10.0, 40.0, 50.0),
        charge_overtemperature_trip=55.0,
        discharge_temperature=(-20.0, 58.0),
        discharge_overtemperature_trip=60.0,
        difference_warn=0.030,
        difference_alarm=0.060,
        window_top=3.40,
        window_bottom=3.10,
        balance_start=3.40,
        voltages=_OCV["lfp"],
    ),
    "nmc": Chemistry(
        name="NMC",
        overvoltage_derate=4.05,
        full=4.05,
        float_=4.00,
        overvoltage_protect=4.15,
        overvoltage_release=4.05,
        overvoltage_trip=4.20,
        overvoltage_trip_now=4.25,
        undervoltage_derate=3.40,
        undervoltage_protect=3.10,
        undervoltage_release=3.40,
        undervoltage_trip=2.90,
        deep_discharge=2.50,
        hardware_overvoltage=4.25,
        hardware_undervoltage=2.80,
        charge_temperature=(0.0, 10.0, 45.0, 50.0),
        charge_overtemperature_trip=55.0,
        discharge_temperature=(-20.0, 60.0),
        discharge_overtemperature_trip=65.0,
        difference_warn=0.015,
        difference_alarm=0.040,
        window_top=4.00,
        window_bottom=3.40,
        balance_start=3.90,
        voltages=_OCV["nmc"],
    ),
    "lto": Chemistry(
        name="LTO",
        overvoltage_derate=2.55,
        full=2.50,
        float_=2.45,
        overvoltage_protect=2.65,
        overvoltage_release=2.50,
        overvoltage_trip=2.70,
        overvoltage_trip_now=2.79,
        undervoltage_derate=2.10,
        undervoltage_protect=2.00,
        undervoltage_release=2.15,
        undervoltage_trip=1.85,
        deep_discharge=1.60,
        hardware_overvoltage=2.80,
        hardware_undervoltage=1.70,
        charge_temperature=(-15.0, -5.0, 45.0, 55.0),
        charge_overtemperature_trip=60.0,
        discharge_temperature=(-30.0, 60.0),
        discharge_overtemperature_trip=65.0,
        difference_warn=0.020,
        difference_alarm=0.050,
        window_top=2.45,
        window_bottom=2.12,
        balance_start=2.45,
        voltages=_OCV["lto"],
    ),
    # The narrower window of what sources give (thresholds.md 2.1): cathodes differ.
    "na_ion": Chemistry(
        name="Na-ion",
        overvoltage_derate=3.65,
        full=3.70,
        float_=3.60,
        overvoltage_protect=3.85,
        overvoltage_release=3.70,
        overvoltage_trip=3.90,
        overvoltage_trip_now=3.95,
        undervoltage_derate=2.40,
        undervoltage_protect=2.10,
        undervoltage_release=2.40,
        undervoltage_trip=1.80,
        deep_discharge=1.50,
        hardware_overvoltage=4.00,
        hardware_undervoltage=1.50,
        charge_temperature=(-5.0, 5.0, 40.0, 50.0),
        charge_overtemperature_trip=55.0,
        discharge_temperature=(-20.0, 60.0),
        discharge_overtemperature_trip=65.0,
        difference_warn=0.030,
        difference_alarm=0.060,
        window_top=3.60,
        window_bottom=2.40,
        balance_start=3.60,
        voltages=_OCV["na_ion"],
        confirm=True,
    ),
}
