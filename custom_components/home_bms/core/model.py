"""The words that every part of home_bms shares: what is read, known, decided and why.

Units: V, A, °C, Ah, Wh, Ω, s; SoC and SoH in 0-100 %. Current and power are positive when charging.
Cells and sensors are counted from 0 here and from 1 wherever a person reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeIs


class ConfigError(ValueError):
    """A setting that cannot be, told so that a form can point at it.

    `key` names the reason (a translation key), `field` the setting, `placeholders` the values that a message shows.
    """

    def __init__(self, key: str, field: str, **placeholders: object) -> None:
        self.key = key
        self.field = field
        self.placeholders = {name: str(value) for name, value in placeholders.items()}
        shown = ", ".join(f"{name}={value}" for name, value in self.placeholders.items())
        super().__init__(f"{key}: {field} ({shown})")


def whole(values: tuple[float | None, ...]) -> TypeIs[tuple[float, ...]]:
    """Tell whether every value is known."""
    return None not in values


class Level(IntEnum):
    """How far a protection has gone; higher is worse."""

    OK = 0
    WARN = 1
    DERATE = 2
    PROTECT = 3
    TRIP = 4


class Flow(Flag):
    """The direction of current that a protection stops."""

    NONE = 0
    CHARGE = 1
    DISCHARGE = 2
    BOTH = 3


class Mode(StrEnum):
    """What the pack is doing, for people."""

    STARTING = "starting"
    LOST = "lost"
    TRIPPED = "tripped"
    PROTECTED = "protected"
    FULL = "full"
    EMPTY = "empty"
    CHARGING = "charging"
    DISCHARGING = "discharging"
    IDLE = "idle"


class LinkState(StrEnum):
    """How lately the pack was heard."""

    STARTING = "starting"
    CONNECTED = "connected"
    LATE = "late"
    LOST = "lost"
    SLEEPING = "sleeping"
    """Silent as the pack had said it would be."""


class Quality(StrEnum):
    """How far the readings can be trusted, the worst of all signals."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    """A single value is doubted; what remains is judged."""
    POOR = "poor"
    """Something that limits rest on is missing or old."""
    NONE = "none"


class ContactorState(StrEnum):
    """Where one direction's switch is on its way."""

    UNKNOWN = "unknown"
    OPEN = "open"
    PRECHARGE = "precharge"
    CLOSING = "closing"
    CLOSED = "closed"
    OPENING = "opening"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Switch positions, as reported or as wished; `None` is not known, or leave as it is."""

    charge: bool | None = None
    discharge: bool | None = None
    balance: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareRing:
    """The pack's own protection settings, where it tells them: home_bms must act before they do.

    Voltages are of one cell.
    """

    cell_overvoltage: float | None = None
    cell_overvoltage_release: float | None = None
    cell_undervoltage: float | None = None
    cell_undervoltage_release: float | None = None
    power_off_voltage: float | None = None
    """V below which the device switches itself off."""
    charge_voltage: float | None = None
    """V that it asks a charger for."""
    float_voltage: float | None = None
    charge_current: float | None = None
    charge_overcurrent_delay: float | None = None
    """s that the current may exceed it."""
    discharge_current: float | None = None
    discharge_overcurrent_delay: float | None = None
    charge_overtemperature: float | None = None
    charge_overtemperature_release: float | None = None
    charge_undertemperature: float | None = None
    charge_undertemperature_release: float | None = None
    discharge_overtemperature: float | None = None
    discharge_overtemperature_release: float | None = None
    switch_overtemperature: float | None = None
    switch_overtemperature_release: float | None = None
    balance_start_voltage: float | None = None
    """V of a cell from which its balancer runs."""
    balance_difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReading:
    """All that one look at the pack told, each group with the time it was measured.

    Cells, current and temperatures may arrive apart; a group's time is on the same monotonic clock as `time`, the
    moment of judgement. A group without a time was never read. `None` inside a group is a value that the pack did not
    deliver.
    """

    time: float
    cells: tuple[float | None, ...] = ()
    cells_time: float | None = None
    temperatures: tuple[float | None, ...] = ()
    """Of the cells; the switches' own is apart."""
    temperatures_time: float | None = None
    current: float | None = None
    voltage: float | None = None
    current_time: float | None = None
    """When current and pack voltage were measured."""
    switch_temperature: float | None = None
    """Of the MOSFETs or contactors."""
    soc: float | None = None
    soh: float | None = None
    capacity: float | None = None
    """Full capacity in Ah as the device has learned or was told."""
    cycles: float | None = None
    switches: Switches = Switches()
    """Where the switches are (the MOSFET's state), not what was asked for."""
    commanded: Switches = Switches()
    """What the device was last told, read back from it."""
    balancing: bool | None = None
    balance_current: float | None = None
    alarms: frozenset[str] | None = None
    """The device's own alarms that stand, by home_bms's keys; `None` where it tells none."""
    hardware: HardwareRing | None = None
    """The device's own protection settings as last read."""
    sleep_in: float | None = None
    """s until the device falls asleep, where it says so."""
    link_voltage: float | None = None
    """V behind the contactors, where it is measured."""
    insulation: float | None = None
    """Ω from the battery to earth, where it is measured."""
    tick_late: float = 0.0
    """s by which this look at the pack came too late, as the shell measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One level of one protection: where it begins, how long it must last, where it lets go.

    Whether it guards a maximum or a minimum shows in the numbers: `release` lies on the safe side of `at`.
    """

    level: Level
    at: float
    release: float
    delay: float = 0.0
    """Seconds beyond `at` before it counts."""
    hold: float = 0.0
    """Seconds inside `release` before it lets go; a trip never lets go by itself."""
    samples: int = 1
    """Samples in a row beyond `at` that it takes, however long they last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a limit or an alarm is what it is: which rule, on which cell or sensor, value against threshold."""

    rule: str
    cell: int | None = None
    sensor: int | None = None
    value: float | None = None
    threshold: float | None = None
    since: float | None = None
    """Monotonic time at which the rule took hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit with its reason."""

    value: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A protection above ok, with its evidence."""

    key: str
    level: Level
    flow: Flow
    reason: Reason
    cause: str | None = None
    """The key of the alarm that this one follows from; `None` for a root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A factor 0-1 over a measured value, straight between its points, flat beyond them.

    `points` are (value, factor) in rising order of value.
    """

    points: tuple[tuple[float, float], ...]

    def at(self, value: float) -> float:
        """Return the factor at `value`."""
        points = self.points
        if value <= points[0][0]:
            return points[0][1]
        below = points[0]
        for above in points[1:]:
            if value < above[0]:
                slope = (above[1] - below[1]) / (above[0] - below[0])
                return below[1] + slope * (value - below[0])
            below = above
        return below[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user asks for; it can narrow what is safe and never widen it.

    Limits set by an action expire at `limits_until`; those of the number entities stay.
    """

    charge: bool | None = None
    """`False` keeps the switch open; `True` closes it once and then becomes `None`: as found."""
    discharge: bool | None = None
    balance: bool = True
    charge_current_cap: float | None = None
    discharge_current_cap: float | None = None
    charge_voltage_cap: float | None = None
    """Of the pack, in V."""
    leased_charge_current: float | None = None
    leased_discharge_current: float | None = None
    leased_charge_voltage: float | None = None
    leased_soc_min: float | None = None
    leased_soc_max: float | None = None
    lease_until: float | None = None
    """Monotonic time at which the five leased limits end."""
    balance_now: bool = False
    """Balance on demand, until done or stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """A reading after plausibility: what may be used, what is doubted and why.

    `cell_max` and its kind are over the values that are known, so that a dead sensor hides no danger; whether that is
    all of them says `cells_age` (0 or small only while every cell is known): a rule that lets go or permits must look
    there too.
    """

    time: float
    cells: tuple[float | None, ...]
    temperatures: tuple[float | None, ...]
    current: float | None
    voltage: float | None
    switch_temperature: float | None
    cell_max: float | None
    cell_max_index: int | None
    cell_min: float | None
    cell_min_index: int | None
    temperature_max: float | None
    temperature_max_index: int | None
    temperature_min: float | None
    temperature_min_index: int | None
    temperature_rise: float | None
    """K by which one sensor rose above the others in the last one to two minutes; `None` until that is known."""
    temperature_rise_index: int | None
    broken_for: float
    """Seconds since a sensor tells what cannot be; 0 while none does."""
    link_age: float
    """Seconds since anything was last heard from the pack; infinite if never."""
    cells_age: float
    """Seconds since every cell was last known; infinite if never."""
    temperatures_age: float
    current_age: float
    age: float
    """The worst of the three groups' ages."""
    link: LinkState
    quality: Quality
    doubts: Mapping[str, str]
    """What is not believed, as `cell_7`, `temperature_1`, `current`, `voltage` (from 1), with the reason's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relays:
    """What outputs that home_bms drives are told; without power, and without a word, they are open."""

    main: bool
    precharge: bool
    pulse_until: float | None
    """Monotonic time until which the timed output may stay on; `None` does not renew it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Whether a pack may close onto the bus that it shares with others, and why; a lease."""

    allowed: bool
    reason: Reason
    until: float
    """Monotonic time at which this is no longer true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What home_bms wants of the pack, with reasons; whether it may be carried out is the shell's matter."""

    time: float
    cvl: Bound
    ccl: Bound
    dcl: Bound
    charge_permitted: bool
    discharge_permitted: bool
    switches: Switches
    """The wish: `None` leaves a switch as it is."""
    alarms: tuple[Alarm, ...]
    mode: Mode
    relays: Relays | None = None
    """`None` where home_bms drives no output, or does not know yet where the contactor is."""

    @property
    def worst(self) -> Level:
        """The highest level of any alarm."""
        return max((alarm.level for alarm in self.alarms), default=Level.OK)


NO_DOUBTS: Mapping[str, str] = MappingProxyType({})
NO_SUSPECTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """How far one protection is: its level, and what is on its way to the next."""

    level: Level = Level.OK
    since: float = 0.0
    """When `level` was reached."""
    pending: tuple[tuple[float, int] | None, ...] = ()
    """For each stage: since when its threshold is passed and in how many samples, or `None`."""
    safe_since: float | None = None
    """Since when the value is back inside the level's release."""
    reason: Reason | None = None
    """The evidence, kept from the worst moment of the level."""


NO_TRACKS: Mapping[str, Track] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is known of the pack's charge, energy and age."""

    time: float | None = None
    soc: float | None = None
    """Percent; `None` until the device, a rest or an anchor has told."""
    capacity: float = 0.0
    """Ah; configured or the device's."""
    charge_in: float = 0.0
    """Ah charged, ever."""
    charge_out: float = 0.0
    energy_in: float = 0.0
    """Wh charged, ever."""
    energy_out: float = 0.0
    stored_energy: float | None = None
    """Wh."""
    soh: float | None = None
    """Percent; the device's own until home_bms has learned better."""
    full_since: float | None = None
    """Since when the signs of a full pack stand."""
    empty_since: float | None = None
    full: bool = False
    empty: bool = False
    since_full: float | None = None
    """Seconds since the pack was last full; `None` if never seen."""

    @property
    def cycles(self) -> float | None:
        """Equivalent full cycles: half the charge moved, in capacities."""
        if self.capacity <= 0:
            return None
        return (self.charge_in + self.charge_out) / (2 * self.capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All that a sample said, to notice a device that only repeats itself."""

    time: float
    said: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """Cells once a minute under load, and for how many minutes each has not moved while others did."""

    time: float
    cells: tuple[float | None, ...]
    minutes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """Temperatures at a moment."""

    time: float
    temperatures: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shunt:
    """The last current and pack voltage, and how often they contradicted each other."""

    time: float
    current: float
    voltage: float
    against: int = 0
    """Load steps in which the voltage moved the wrong way, less those in which it moved the right one."""
    stuck: int = 0
    """Samples in which all cells moved and the current did not, to the last digit."""
    lied: float | None = None
    """When it last contradicted."""


NO_WIRES: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What plausibility remembers: the last believed values and when each group was last whole."""

    cells: tuple[float | None, ...] = ()
    temperatures: tuple[float | None, ...] = ()
    current: float | None = None
    cells_whole: float | None = None
    temperatures_whole: float | None = None
    current_whole: float | None = None
    cells_time: float | None = None
    """When the cells of the last sample were measured: one that only repeats it confirms nothing."""
    temperatures_time: float | None = None
    suspects: Mapping[str, float] = NO_SUSPECTS
    """Values doubted in the last sample, by name: a second one like it is believed."""
    began: float | None = None
    """When the pack was first looked at."""
    sleeps_at: float | None = None
    """When the pack will have fallen asleep, as it said itself."""
    broken_since: float | None = None
    frame: Frame | None = None
    """The last sample in which anything had changed."""
    still: Still | None = None
    shunt: Shunt | None = None
    warmth: tuple[Warmth, ...] = ()
    """Temperatures about one and two minutes ago, the older first."""
    wires: Mapping[int, int] = NO_WIRES
    """How often cell n and its upper neighbour moved against each other with the current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Where one current limit stands on its way: fast down, slow up."""

    value: float = 0.0
    fell: float | None = None
    """When it last fell or was held down."""
    rose: float = 0.0
    """When it was last looked at: a rise is measured from there."""
    reason: Reason = Reason(rule="starting")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsState:
    """Where the three limits stand, and since when the current exceeds them."""

    voltage: Ramp = Ramp()
    charge: Ramp = Ramp()
    discharge: Ramp = Ramp()
    exceeded_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceState:
    """Whether the balancer should run, and since when."""

    active: bool = False
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTrack:
    """One direction's switch: its state, since when, and since when current flows where none may."""

    state: ContactorState = ContactorState.UNKNOWN
    since: float = 0.0
    """When the state, or the present try to close, began."""
    against_since: float | None = None
    ours: bool = False
    """Opened by home_bms, which therefore may close it again."""
    taken_since: float | None = None
    """Since when the device says that it was told what is wanted."""
    opened: float | None = None
    """When home_bms last took it from closed, or from on the way there."""
    live_since: float | None = None
    """Since when an open switch carries current, or has the pack's voltage behind it."""
    tries: int = 0
    """Tries to close that failed since it was last closed or acknowledged."""
    rests_until: float | None = None
    """When the precharge resistor has cooled down after the last try."""
    behind: float | None = None
    """V behind it when precharging began."""
    too_fast: bool = False
    """The last precharge ended sooner than a capacitor permits."""
    failure: str | None = None
    """The protection's key of what is wrong with it; stands until acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorsState:
    """Both directions' switches; a contactor that serves both has the same state in both."""

    charge: SwitchTrack = SwitchTrack()
    discharge: SwitchTrack = SwitchTrack()
    relays: Relays | None = None
    """What the outputs were last told, where home_bms drives them."""
    known_at: float | None = None
    """When all that the outputs depend on was last known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorConfig:
    """How a pack's switches are built and timed; the defaults are a device's own MOSFETs (`thresholds.md` 2.10)."""

    relays: bool = False
    """One contactor serves both directions, and home_bms drives its coil through an output with a timed pulse."""
    precharge: bool = False
    """A resistor fills the capacitors behind the contactor first; needs `relays` and a measured link voltage."""
    asks: bool = False
    """It closes only with permission from outside the pack, because others share its bus."""
    precharge_within: float = 2.0
    """s that a precharge may take (foxBMS, Seplos)."""
    precharge_share: float = 0.95
    """Of the pack's voltage that the link must have reached, from either side (`safety.md` C4)."""
    precharge_current: float = 0.2
    """A below which the capacitors are full: more is a load (foxBMS: 50 mA with a better sensor)."""
    precharge_soonest: float = 0.0
    """s in which no capacitor of this system fills; less means that there is none (`faults.md` 43)."""
    fast_allowed: bool = False
    """Whether it may close after a precharge that was too fast."""
    closes_within: float = 2.0
    """s for one try to close (`faults.md` 41)."""
    tries: int = 3
    """To precharge or close, before the switch has failed."""
    rest: float = 600.0
    """s after the last try that failed before another person's wish is heard (`faults.md` 41: 10 min)."""
    opens_within: float = 5.0
    """s until a switch that was told to open has failed to (`faults.md` 40)."""
    break_current: float = 2.0
    """A below which it opens without wear (Battery-Emulator: 1.8 A, foxBMS: 3.5 A)."""
    break_within: float = 0.0
    """s that it waits for that after the limits went to zero; then it opens all the same."""
    open_least: float = 10.0
    """s that it stays open once home_bms has opened it (foxBMS: 10 s before entering again)."""
    link_decay: float | None = None
    """s in which the voltage behind an open contactor falls; `None` where others feed the bus."""
    pulse: float = 10.0
    """s for which one renewal keeps a timed output on (`safety.md` C4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackConfig:
    """One pack's fixed facts: what it is made of and where its edges lie. Build it with `chemistry.configure`."""

    chemistry: str
    cells: int
    temperature_sensors: int
    """How many cell temperatures must be known; 0 trusts none and permits nothing."""
    capacity: float
    """Ah, rated."""
    charge_current: float
    """A, the most the pack may be charged with."""
    discharge_current: float
    cell_voltage_full: float
    """V per cell of the charge voltage limit."""
    cell_voltage_float: float
    """V per cell that the charge voltage limit falls back to when charging is not permitted."""
    cell_voltage_empty: float
    """V of the lowest cell under load that counts as empty."""
    stages: Mapping[str, tuple[Stage, ...]]
    """By protection key, in rising order of severity."""
    charge_by_cell_voltage: Curve
    discharge_by_cell_voltage: Curve
    charge_by_temperature: Curve
    discharge_by_temperature: Curve
    ocv: tuple[tuple[float, float], ...]
    """(SoC in percent, V per cell) in rising order, from 0 to 100."""
    energy: tuple[float, ...]
    """Wh in the pack at each point of `ocv`."""
    window_top: float
    """V; the cell difference is judged with the highest cell above this ..."""
    window_bottom: float
    """... or the lowest below this; between them it says nothing."""
    balance_start: float
    """V of the highest cell above which balancing may run."""
    balance_on: float
    """V of cell difference at which it starts ..."""
    balance_off: float
    """... and stops."""
    balance_temperature: float
    """°C of the hottest sensor above which it pauses."""
    soc_min: float = 0.0
    soc_max: float = 100.0
    ramp_hold: float = 30.0
    """s before a limit rises (dbus-serialbattery: 30 s)."""
    ramp_rate: float = 0.02
    """Share of the rated current per s by which it rises (`thresholds.md` 2.12)."""
    obey_within: float = 10.0
    """s of current against a limit of zero before the pack's own switch opens."""
    age_derate: float = 5.0
    """s up to which a value counts as now; from then on a quarter of the current remains (`thresholds.md` 2.12) ..."""
    age_stop: float = 10.0
    """... and from then on none."""
    open_after: float = 30.0
    """s without valid data while current was flowing before the switches open."""
    contactors: ContactorConfig = ContactorConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackState:
    """All that one step hands to the next."""

    started: float | None = None
    """Monotonic time of the first step."""
    trust: Trust = Trust()
    estimate: Estimate = Estimate()
    tracks: Mapping[str, Track] = NO_TRACKS
    """Protections above ok or on their way, by key."""
    limits: LimitsState = LimitsState()
    balance: BalanceState = BalanceState()
    contactors: ContactorsState = ContactorsState()
    wishes: Wishes = Wishes()
    join: Join | None = None
    """The permission to close onto a shared bus, where there is one."""
    delivered: bool = False
    """Whether somebody who drives the current is told the limits; else exceeding them is nobody's disobedience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One tick as the rest of Home Assistant sees it."""

    reading: PackReading
    believed: Believed
    estimate: Estimate
    decision: Decision
    wishes: Wishes
    contactors: ContactorsState


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDecision:
    """What all packs together allow and hold; the inverter's view."""

    cvl: Bound
    ccl: Bound
    dcl: Bound
    voltage: float | None
    current: float | None
    power: float | None
    soc: float | None
    soh: float | None
    capacity: float
    stored_energy: float | None
    """Wh."""
    energy_in: float
    energy_out: float
    weakest: str | None
    """The key of the pack that sets the charge or discharge limit."""
