"""Compares a pack's own protection settings with what its cells stand and with what home_bms was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from .model import HardwareRing, Level, PackConfig
from .presets import CHEMISTRIES, Chemistry
from .ring import HEAT_MARGIN, REGISTERS, Register, advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule: the register that it looks at, when it is at fault, and whether the cells are in danger then."""

    key: str
    register: str
    wrong: Callable[[float, PackConfig, Chemistry], bool]
    grave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One register that must lie below another by at least `gap`; where it does not, `blamed` is pointed at."""

    lower: str
    upper: str
    blamed: str
    gap: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One setting that deserves a person's look."""

    key: str
    """The rule."""
    register: str
    """A field of `HardwareRing`, or `cells`, `capacity`, `chemistry`."""
    value: float | str
    """What the device says ..."""
    recommended: float | str
    """... and what it should say."""
    other: str | None = None
    """The register or home_bms's own setting that it is compared with."""
    bound: float | None = None
    """That one's value."""
    grave: bool = False
    """The cells are not protected as they should be."""


_VOLTAGE_GAP: Final = 0.050
# By how much the pack's own cut-off must lie beyond home_bms's trip, so that home_bms acts first (thresholds.md 2.12,
# "Ordering rule"); a minimum lies below.
RINGS: Final[Mapping[str, float]] = {
    "cell_overvoltage": _VOLTAGE_GAP,
    "cell_undervoltage": -_VOLTAGE_GAP,
    "charge_overtemperature": 2.0,
    "discharge_overtemperature": 2.0,
}
# Settings have three decimals; a difference below half of the last is none.
_SAME: Final = 0.0005
# Seplos 10 s, JK 30 s (thresholds.md 2.3); more than a minute is no protection of a cable.
_SLOW: Final = 60.0
# V below the chemistry's start of balancing from which the plateau misleads a balancer (2.5, 2.7).
_BALANCE_BELOW: Final = 0.050
# faults.md 60: beyond this the capacity is another one.
_CAPACITY_RATIO: Final = 1.3
# °C that MOSFETs of such packs stand; home_bms trips at 90 (2.4).
_SWITCH_HIGHEST: Final = 100.0


def _trip(config: PackConfig, protection: str) -> float:
    """Return where home_bms trips first."""
    return next(stage.at for stage in config.stages[protection] if stage.level is Level.TRIP)


# The first rule that a register breaks is told; the gravest stand first.
CHECKS: Final = (
    # JK's factory lets every chemistry be charged down to -20 °C, which plates lithium (thresholds.md 2.4).
    Check(
        key="charges_in_the_cold",
        register="charge_undertemperature",
        wrong=lambda value, _, preset: value < preset.charge_temperature[0] - _SAME,
        grave=True,
    ),
    Check(
        key="beyond_the_cells",
        register="cell_overvoltage",
        wrong=lambda value, _, preset: value > preset.hardware_overvoltage + _SAME,
        grave=True,
    ),
    Check(
        key="beyond_the_cells",
        register="cell_undervoltage",
        wrong=lambda value, _, preset: value < preset.hardware_undervoltage - _SAME,
        grave=True,
    ),
    Check(
        key="beyond_the_cells",
        register="charge_overtemperature",
        wrong=lambda value, _, preset: value > preset.charge_overtemperature_trip + HEAT_MARGIN + _SAME,
        grave=True,
    ),
    Check(
        key="beyond_the_cells",
        register="discharge_overtemperature",
        wrong=lambda value, _, preset: value > preset.discharge_overtemperature_trip + HEAT_MARGIN + _SAME,
        grave=True,
    ),
    Check(
        key="beyond_the_switches",
        register="switch_overtemperature",
        wrong=lambda value, *_: value > _SWITCH_HIGHEST + _SAME,
    ),
    # So tight that the chemistry's daily charge or discharge has no room inside.
    Check(
        key="too_tight",
        register="cell_overvoltage",
        wrong=lambda value, _, preset: value < preset.overvoltage_protect + _VOLTAGE_GAP - _SAME,
    ),
    Check(
        key="too_tight",
        register="cell_undervoltage",
        wrong=lambda value, _, preset: value > preset.undervoltage_protect - _VOLTAGE_GAP + _SAME,
    ),
    # The pack would switch off before home_bms's limits come into play.
    Check(
        key="less_than_stated",
        register="charge_current",
        wrong=lambda value, config, _: value < config.charge_current - _SAME,
    ),
    Check(
        key="less_than_stated",
        register="discharge_current",
        wrong=lambda value, config, _: value < config.discharge_current - _SAME,
    ),
    # What cells, cables and fuse are made for, as the user stated it; the pack itself would let more through.
    Check(
        key="more_than_stated",
        register="charge_current",
        wrong=lambda value, config, _: value > _trip(config, "charge_overcurrent") + _SAME,
    ),
    Check(
        key="more_than_stated",
        register="discharge_current",
        wrong=lambda value, config, _: value > _trip(config, "discharge_overcurrent") + _SAME,
    ),
    Check(key="too_slow", register="charge_overcurrent_delay", wrong=lambda value, *_: value > _SLOW),
    Check(key="too_slow", register="discharge_overcurrent_delay", wrong=lambda value, *_: value > _SLOW),
    # Below its top an LFP cell's voltage says little about its charge: a balancer that works there does harm (2.5).
    Check(
        key="balances_too_low",
        register="balance_start_voltage",
        wrong=lambda value, _, preset: value < preset.balance_start - _BALANCE_BELOW - _SAME,
    ),
)


def _orders() -> tuple[Order, ...]:
    releases = tuple(
        Order(lower=lower, upper=upper, blamed=f"{name}_release", gap=gap)
        for name, over, gap in (
            ("cell_overvoltage", True, 0.01),
            ("cell_undervoltage", False, 0.01),
            ("charge_overtemperature", True, 1.0),
            ("charge_undertemperature", False, 1.0),
            ("discharge_overtemperature", True, 1.0),
            ("switch_overtemperature", True, 1.0),
        )
        for lower, upper in [(f"{name}_release", name) if over else (name, f"{name}_release")]
    )
    return (
        Order(lower="cell_undervoltage", upper="cell_overvoltage", blamed="cell_undervoltage", gap=0.1),
        *releases,
        Order(lower="power_off_voltage", upper="cell_undervoltage", blamed="power_off_voltage"),
        Order(lower="charge_voltage", upper="cell_overvoltage", blamed="charge_voltage", gap=0.01),
        Order(lower="float_voltage", upper="charge_voltage", blamed="float_voltage"),
        Order(lower="balance_start_voltage", upper="cell_overvoltage", blamed="balance_start_voltage"),
    )


ORDERS: Final = _orders()

RULES: Final = (
    "cell_count",
    "capacity",
    "chemistry",
    "switched_off",
    "odd_unit",
    "nonsense",
    *dict.fromkeys(check.key for check in CHECKS),
    "acts_before_home_bms",
    "out_of_order",
)
"""Every key that a finding may have."""

# How near to what a setting should be a value must come to have been meant so.
_NEAR: Final = 0.7
_NEAR_DEGREES: Final = 20.0
_SCALES: Final = (0.001, 0.01, 0.1, 10.0, 1000.0)


def _readings(register: Register, value: float) -> tuple[float, ...]:
    """Return what a value may mean that was told in another unit: a prefix, a decimal, degrees Fahrenheit."""
    if register.unit == "°C":
        return ((value - 32) / 1.8, value / 10)
    return tuple(scale * value for scale in _SCALES)


def lint(
    config: PackConfig,
    ring: HardwareRing,
    *,
    cells: int | None = None,
    capacity: float | None = None,
    chemistry: str | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong with a pack's own settings, the gravest first, at most one finding for a register.

    `cells`, `capacity` (Ah) and `chemistry` are what the device says of itself. What it does not tell is not judged.
    """
    preset = CHEMISTRIES[config.chemistry]
    found = {finding.register: finding for finding in _facts(config, preset, ring, cells, capacity, chemistry)}
    told = {field.name: value for field in fields(ring) if (value := getattr(ring, field.name)) is not None}
    if "chemistry" in found:
        # All voltages are then meant for other cells; to list each of them would hide the one mistake.
        told = {name: value for name, value in told.items() if REGISTERS[name].unit != "V"}
    for name, value in told.items():
        if (finding := _unmeant(REGISTERS[name], value, config, preset)) is not None:
            found[name] = finding
    for check in CHECKS:
        name = check.register
        if name in told and name not in found and check.wrong(told[name], config, preset):
            found[name] = Finding(
                key=check.key,
                register=name,
                value=told[name],
                recommended=advice(name, config, preset),
                grave=check.grave,
            )
    compared = {name: value for name, value in told.items() if name not in found}
    for finding in (*_late(config, preset, compared), *_disorders(config, preset, compared)):
        found.setdefault(finding.register, finding)
    return tuple(sorted(found.values(), key=lambda finding: (not finding.grave, RULES.index(finding.key))))


def _facts(
    config: PackConfig,
    preset: Chemistry,
    ring: HardwareRing,
    cells: int | None,
    capacity: float | None,
    chemistry: str | None,
) -> Iterator[Finding]:
    """Compare what the device says of itself with what the user said."""
    if cells is not None and cells != config.cells:
        yield Finding(key="cell_count", register="cells", value=cells, recommended=config.cells, grave=True)
    if capacity and not 1 / _CAPACITY_RATIO <= capacity / config.capacity <= _CAPACITY_RATIO:
        yield Finding(key="capacity", register="capacity", value=capacity, recommended=config.capacity)
    if chemistry is None or chemistry == config.chemistry:
        return
    # Devices tell the chemistry only roughly, by their over-voltage: what suits these cells is no other chemistry.
    over = ring.cell_overvoltage
    if over is None or not preset.overvoltage_protect < over <= preset.hardware_overvoltage + _SAME:
        yield Finding(key="chemistry", register="chemistry", value=chemistry, recommended=config.chemistry, grave=True)


def _unmeant(register: Register, value: float, config: PackConfig, preset: Chemistry) -> Finding | None:
    """Return the finding for a value that cannot be meant as it reads."""
    lowest, highest = register.span
    scale = config.capacity if register.unit == "A" else 1.0
    if scale * lowest <= value <= scale * highest:
        return None
    key, recommended = "nonsense", advice(register.name, config, preset)
    near = _NEAR_DEGREES if register.unit == "°C" else _NEAR * recommended
    meant = [number for number in _readings(register, value) if abs(number - recommended) <= near]
    if value == 0:
        key = "switched_off"
    elif meant:
        key, recommended = "odd_unit", round(meant[0], 3)
    return Finding(key=key, register=register.name, value=value, recommended=recommended, grave=True)


def _late(config: PackConfig, preset: Chemistry, told: Mapping[str, float]) -> Iterator[Finding]:
    """Compare the pack's cut-offs with home_bms's trips; where the pack's is as advised, the trip is what to move."""
    for name, gap in RINGS.items():
        if name not in told:
            continue
        value, trip, advised = told[name], _trip(config, name), advice(name, config, preset)
        ours = f"{name}_trip"
        if _room(value, trip, gap) >= -_SAME:
            continue
        if value != advised and _room(advised, trip, gap) >= -_SAME:
            register, found, recommended, other, bound = name, value, advised, ours, trip
        else:
            register, found, recommended, other, bound = ours, trip, round(value - gap, 3), name, value
        yield Finding(
            key="acts_before_home_bms",
            register=register,
            value=found,
            recommended=recommended,
            other=other,
            bound=bound,
        )


def _room(value: float, trip: float, gap: float) -> float:
    """Return by how much more than `gap` a cut-off lies beyond a trip."""
    return (value - trip - gap) * (1 if gap > 0 else -1)


def _disorders(config: PackConfig, preset: Chemistry, told: Mapping[str, float]) -> Iterator[Finding]:
    """Compare the registers with each other."""
    for order in ORDERS:
        if order.lower not in told or order.upper not in told:
            continue
        if told[order.lower] <= told[order.upper] - order.gap + _SAME:
            continue
        other = order.upper if order.blamed == order.lower else order.lower
        yield Finding(
            key="out_of_order",
            register=order.blamed,
            value=told[order.blamed],
            recommended=advice(order.blamed, config, preset),
            other=other,
            bound=told[other],
        )
