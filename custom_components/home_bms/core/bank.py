"""What an inverter is told of the battery: all packs as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from .charging import float_voltage
from .model import Believed, Level, PackConfig, PackShare, Snapshot, SystemDecision
from .roster import Packs

STALLED: Final = "loop_late"
"""The protection that an inverter is told of when nobody has looked at the battery for too long."""
FULL_EVERY: Final = 30 * 86400.0
"""s after which a battery that was not full since asks to be filled (`can/01_pylontech_lv.md`, 0x35C bit 3)."""


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


class _One(NamedTuple):
    """One pack as the inverter's battery sees it."""

    place: int
    config: PackConfig
    snapshot: Snapshot
    share: PackShare
    late: float
    """s since its last look."""

    @property
    def takes_part(self) -> bool:
        return self.share.charges or self.share.discharges

    @property
    def heard(self) -> bool:
        return self.is_new(self.snapshot.believed.link_age)

    def is_new(self, age: float) -> bool:
        """Whether what was so old at the last look may still be told as now."""
        return age + self.late < self.config.age_stop


def bank_of(
    packs: Packs, decision: SystemDecision, decided: float, now: float, *, name: str = "home_bms"
) -> Bank | None:
    """Return the battery of these packs; `None` for a battery without any, of which there is nothing to tell.

    The limits are those of `decision`, which was made at `decided`. Where nobody has looked, or decided, for `age_stop`
    s they are zero, and nothing that was measured is told. The charge voltage is one that an inverter can take,
    whatever is permitted.
    """
    if not packs:
        return None
    each = [
        _One(place, config, snapshot, decision.packs[key], max(0.0, now - snapshot.decision.time))
        for place, (key, (config, snapshot)) in enumerate(packs.items())
    ]
    part = [one for one in each if one.takes_part]
    seen = part or each
    late = max(now - decided, min(one.late for one in each))
    looked = late < min(one.config.age_stop for one in each)
    dvl = max(one.config.cells * one.config.cell_voltage_empty for one in seen)
    resting = float_voltage([(one.config, one.snapshot) for one in each])
    charge = looked and decision.ccl.value > 0.0 and decision.cvl.value > dvl
    discharge = looked and decision.dcl.value > 0.0
    warnings, alarms = _alarms(each)
    remaining = _all(seen, lambda one: _share(one.snapshot.estimate.soc, one.snapshot.estimate.capacity))
    return Bank(
        time=now,
        cvl=decision.cvl.value if decision.cvl.value > dvl else max(resting, dvl),
        dvl=dvl,
        ccl=decision.ccl.value if charge else 0.0,
        dcl=decision.dcl.value if discharge else 0.0,
        charge_permitted=charge,
        discharge_permitted=discharge,
        voltage=decision.voltage if looked else None,
        current=decision.current if looked else None,
        soc=decision.soc,
        soh=decision.soh,
        temperature=_temperature(seen),
        cell_max=_extreme(seen, attrgetter("cells_age"), lambda seen: (seen.cell_max, seen.cell_max_index), max),
        cell_min=_extreme(seen, attrgetter("cells_age"), lambda seen: (seen.cell_min, seen.cell_min_index), min),
        temperature_max=_extreme(
            seen, attrgetter("temperatures_age"), lambda seen: (seen.temperature_max, seen.temperature_max_index), max
        ),
        temperature_min=_extreme(
            seen, attrgetter("temperatures_age"), lambda seen: (seen.temperature_min, seen.temperature_min_index), min
        ),
        capacity=sum(one.config.capacity for one in seen),
        remaining=None if remaining is None else sum(remaining),
        cells=max(one.config.cells for one in seen),
        cycles=_most(_all(seen, lambda one: one.snapshot.estimate.cycles)),
        energy_in=decision.energy_in,
        energy_out=decision.energy_out,
        packs=len(part),
        packs_offline=sum(not one.heard for one in each),
        packs_blocking_charge=sum(one.heard and not one.share.charges for one in each),
        packs_blocking_discharge=sum(one.heard and not one.share.discharges for one in each),
        warnings=warnings - alarms,
        alarms=alarms if looked else alarms | {STALLED},
        balancing=any(one.snapshot.decision.balance.active for one in seen),
        force_charge=charge and any(one.snapshot.estimate.empty for one in seen),
        full_charge=charge and any(_wants_full(one.snapshot) for one in seen),
        chemistry=seen[0].config.chemistry,
        name=name,
    )


def _alarms(each: Iterable[_One]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the protections that warn or lower, and of those that stop or trip."""
    found = [alarm for one in each for alarm in one.snapshot.decision.alarms]
    return (
        frozenset([alarm.key for alarm in found if alarm.level < Level.PROTECT]),
        frozenset([alarm.key for alarm in found if alarm.level >= Level.PROTECT]),
    )


def _wants_full(snapshot: Snapshot) -> bool:
    """Tell whether a pack asks to be brought to its top."""
    since = snapshot.estimate.since_full
    return snapshot.decision.balance.hold_top or (since is not None and since >= FULL_EVERY)


def _extreme(
    seen: Iterable[_One],
    age: Callable[[Believed], float],
    value: Callable[[Believed], tuple[float | None, int | None]],
    choose: Callable[[list[tuple[float, int, int]]], tuple[float, int, int]],
) -> Extreme | None:
    """Return the highest or lowest of all; not known while that of any pack is not."""
    found = []
    for one in seen:
        extreme, place = value(one.snapshot.believed)
        if extreme is None or place is None or not one.is_new(age(one.snapshot.believed)):
            return None
        found.append((extreme, one.place, place))
    extreme, pack, place = choose(found)
    return Extreme(value=extreme, pack=pack, place=place)


def _temperature(seen: Iterable[_One]) -> float | None:
    """Return the mean over all sensors of the cells; not known while any is not."""
    found: list[float | None] = []
    for one in seen:
        believed = one.snapshot.believed
        found.extend(believed.temperatures if one.is_new(believed.temperatures_age) else (None,))
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def _all(seen: Iterable[_One], value: Callable[[_One], float | None]) -> list[float] | None:
    """Return a value of each, `None` while that of any is not known."""
    found = [value(one) for one in seen]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def _most(values: list[float] | None) -> float | None:
    return None if values is None else max(values)


def _share(percent: float | None, capacity: float) -> float | None:
    return None if percent is None else capacity * percent / 100.0
