"""Draws every protection's levels from a chemistry and the user's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .model import HardwareRing, Level, Stage
from .presets import Chemistry

# V by which the trip without delay stays inside the pack's own cut-off (thresholds.md 2.12, "Ordering rule").
_NOW_GAP: Final = 0.010


def levels(
    preset: Chemistry, cells: int, ring: HardwareRing, value: Callable[[str], float]
) -> Mapping[str, tuple[Stage, ...]]:
    """Return the levels of every protection.

    Delays from `thresholds.md` 2.12 (trip over-voltage 3 s, under-voltage 5 s) and 2.3 (over-current 10 s); ages from
    2.12.
    """
    over, over_back = value("cell_overvoltage_protect"), value("cell_overvoltage_release")
    over_warn = (max(value("cell_voltage_full"), over_back) + over) / 2
    over_trip = value("cell_overvoltage_trip")
    hardware_over = ring.cell_overvoltage or preset.hardware_overvoltage
    over_now = max(over_trip, min(preset.overvoltage_trip_now, hardware_over - _NOW_GAP))
    under, under_back = value("cell_undervoltage_protect"), value("cell_undervoltage_release")
    under_warn, under_trip = (under + under_back) / 2, value("cell_undervoltage_trip")
    stages = {
        "cell_overvoltage": (
            Stage(level=Level.WARN, at=over_warn, release=over_back, delay=2),
            Stage(level=Level.PROTECT, at=over, release=over_back),
            Stage(level=Level.TRIP, at=over_trip, release=over_back, delay=3),
            Stage(level=Level.TRIP, at=over_now, release=over_back),
        ),
        "cell_undervoltage": (
            Stage(level=Level.WARN, at=under_warn, release=under_back, delay=2),
            Stage(level=Level.PROTECT, at=under, release=under_back),
            Stage(level=Level.TRIP, at=under_trip, release=under_back, delay=5),
        ),
        "cell_difference": (
            Stage(
                level=Level.WARN,
                at=value("cell_difference_warn"),
                release=0.7 * value("cell_difference_warn"),
                delay=60,
                hold=60,
            ),
            Stage(
                level=Level.DERATE,
                at=value("cell_difference_derate"),
                release=value("cell_difference_warn"),
                delay=60,
                hold=60,
            ),
            # Seplos calls 500 mV a failed cell, recovered at 300 mV (thresholds.md 2.5).
            Stage(level=Level.PROTECT, at=0.5, release=0.3, delay=10, hold=60),
        ),
        # JK: 75/70 °C of its own; the curve of dbus-serialbattery is full at 70 and nothing at 90 (thresholds.md 2.4).
        "switch_overtemperature": (
            Stage(level=Level.WARN, at=70, release=65, delay=2),
            Stage(level=Level.DERATE, at=75, release=70, delay=2),
            Stage(level=Level.PROTECT, at=80, release=70),
            Stage(level=Level.TRIP, at=90, release=70),
        ),
        "charge_overtemperature": _hot(
            value("charge_overtemperature_derate"),
            value("charge_overtemperature_protect"),
            value("charge_overtemperature_trip"),
        ),
        "discharge_overtemperature": _hot(
            value("discharge_overtemperature_protect") - 8,
            value("discharge_overtemperature_protect"),
            value("discharge_overtemperature_trip"),
        ),
        # Cold is no danger until someone charges; the curve takes the current away, so there is nothing to trip.
        "charge_undertemperature": _cold(value("charge_undertemperature_protect"), 3),
        "discharge_undertemperature": _cold(value("discharge_undertemperature_protect"), 5),
        "temperature_spread": (
            Stage(
                level=Level.WARN, at=value("temperature_spread"), release=0.7 * value("temperature_spread"), delay=60
            ),
            Stage(
                level=Level.DERATE, at=2 * value("temperature_spread"), release=value("temperature_spread"), delay=60
            ),
        ),
        "deep_discharge": (
            Stage(level=Level.TRIP, at=preset.deep_discharge, release=preset.undervoltage_trip, delay=5, samples=3),
        ),
        "soc_reserve": (Stage(level=Level.WARN, at=value("soc_reserve"), release=value("soc_reserve") + 3, delay=60),),
        # faults.md 30: insulation is measured in high-voltage systems; 500 and 100 Ω/V are the usual alarm and stop.
        "insulation_low": tuple(
            Stage(level=level, at=ohms * cells * preset.full, release=1.2 * ohms * cells * preset.full, delay=10)
            for level, ohms in ((Level.WARN, 500), (Level.TRIP, 100))
        ),
        **_ages(value("age_derate"), value("age_stop")),
        **_SYSTEM,
    }
    for flow in ("charge", "discharge"):
        protect, trip = value(f"{flow}_overcurrent_protect"), value(f"{flow}_overcurrent_trip")
        back = protect / 1.1
        stages[f"{flow}_overcurrent"] = (
            Stage(level=Level.PROTECT, at=protect, release=back, delay=10, hold=60),
            Stage(level=Level.TRIP, at=trip, release=back, delay=10),
            Stage(level=Level.TRIP, at=1.25 * trip, release=back, delay=1),
        )
    for pack, cell in (("pack_overvoltage", "cell_overvoltage"), ("pack_undervoltage", "cell_undervoltage")):
        stages[pack] = tuple(
            Stage(level=stage.level, at=cells * stage.at, release=cells * stage.release, delay=stage.delay)
            for stage in stages[cell]
        )
    return stages


def _ages(derate: float, stop: float) -> dict[str, tuple[Stage, ...]]:
    """Return the levels of data that come late: a quarter of the current, then none (thresholds.md 2.12)."""
    stages = (
        Stage(level=Level.DERATE, at=derate, release=2, hold=2),
        Stage(level=Level.PROTECT, at=stop, release=2, hold=2),
    )
    return dict.fromkeys(("communication_lost", "data_missing"), stages)


def _fact(level: Level) -> tuple[Stage, ...]:
    """Return the one level of something that is so or is not."""
    return (Stage(level=level, at=1, release=0.5),)


# What no chemistry and no user changes. A failed contactor and a short circuit are for a person to look at, so they
# latch.
_SYSTEM: Final[Mapping[str, tuple[Stage, ...]]] = {
    "short_circuit": _fact(Level.TRIP),
    "contactor_not_opening": _fact(Level.TRIP),
    "contactor_not_closing": _fact(Level.WARN),
    "contactor_welded": _fact(Level.TRIP),
    "precharge_failed": _fact(Level.TRIP),
    "device_alarm": _fact(Level.WARN),
    # Three polls, whose times breathe a little, and again only after ten good ones (faults.md 17).
    "sensor_failed": (Stage(level=Level.PROTECT, at=1.5, release=1, hold=10),),
    # K above the neighbours in one to two minutes (faults.md 36: 1 K a minute is not normal, here with sensors of
    # whole degrees).
    "temperature_rise": (
        Stage(level=Level.WARN, at=2, release=1, hold=60, samples=2),
        Stage(level=Level.PROTECT, at=4, release=1, hold=60, samples=2),
        Stage(level=Level.TRIP, at=8, release=1, samples=3),
    ),
    # faults.md 38: 30 s, then a relay; the limits are re-sent meanwhile.
    "command_ignored": (
        Stage(level=Level.WARN, at=10, release=1, hold=10),
        Stage(level=Level.PROTECT, at=30, release=1, hold=60),
        Stage(level=Level.TRIP, at=60, release=1),
    ),
    # V by which home_bms would act after the pack's own cut-off; by a tenth, these are the levels of another chemistry.
    "settings_out_of_order": (
        Stage(level=Level.WARN, at=0.001, release=-0.001),
        Stage(level=Level.PROTECT, at=0.1, release=0.05),
    ),
    "loop_late": (Stage(level=Level.WARN, at=3, release=1, hold=60),),
}


def _hot(warn: float, protect: float, trip: float) -> tuple[Stage, ...]:
    return (
        Stage(level=Level.WARN, at=(warn + protect) / 2, release=warn, delay=5),
        Stage(level=Level.PROTECT, at=protect, release=protect - 5),
        Stage(level=Level.TRIP, at=trip, release=protect - 5),
    )


def _cold(protect: float, hysteresis: float) -> tuple[Stage, ...]:
    return (Stage(level=Level.PROTECT, at=protect, release=protect + hysteresis),)
