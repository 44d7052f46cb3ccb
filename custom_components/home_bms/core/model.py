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

from .battery import Estimate
from .past import NO_HISTORY, History


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


class BalanceMode(StrEnum):
    """When cells may be balanced; by voltage it is the top window in every mode."""

    OFF = "off"
    CHARGING = "charging"
    TOP = "top"
    REST = "rest"
    ALWAYS = "always"


class ChargeStage(StrEnum):
    """How far a battery is on its way to full."""

    BULK = "bulk"
    """Not at the charge voltage yet."""
    ABSORPTION = "absorption"
    """At the charge voltage: the current tails off and cells are evened out."""
    FLOAT = "float"
    """Full, and asked for less voltage."""


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
    bleed: tuple[bool, ...] | None = None
    """Which cells are bled, where the hardware takes that; it counts while `balance` is on."""


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
class AskedLimits:
    """The limits that a pack's own BMS asks for; `None` where it tells none."""

    cvl: float | None = None
    """V of the pack, the most that a charger may bring it to."""
    ccl: float | None = None
    """A, of the size of the current; so is `dcl`."""
    dcl: float | None = None
    charge_allowed: bool | None = None
    """`False` is 0 A, whatever `ccl` says."""
    discharge_allowed: bool | None = None


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
    asked: AskedLimits | None = None
    """What the device asks who charges and discharges it for, at this moment; `None` where it asks for nothing."""
    asked_time: float | None = None
    """When it asked for that."""
    sleep_in: float | None = None
    """s until the device falls asleep, where it says so."""
    link_voltage: float | None = None
    """V behind the contactors, where it is measured."""
    insulation: float | None = None
    """Ω from the battery to earth, where it is measured."""
    tick_late: float = 0.0
    """s by which this look at the pack came too late, as the shell measured."""
    clock: float | None = None
    """Unix time in s of `time`, for what people are told of it; nothing is judged by it."""
    day: int | None = None
    """The local day then, counted from the year 1."""


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
    ahead: float | None = None
    """s until `value` is reached; `None` is a value of now."""


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

    Limits set by an action expire at `lease_until`; those of the number entities stay.
    """

    charge: bool | None = None
    """`False` keeps the switch open; `True` closes it once and then becomes `None`: as found."""
    discharge: bool | None = None
    balance: bool = True
    balance_mode: BalanceMode | None = None
    """In place of the configured one."""
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
    """Balance on demand, until done, given up or stopped."""
    balance_now_mode: BalanceMode | None = None
    """When it may run on demand; `None` is always."""
    balance_until: float | None = None
    """Monotonic time at which balancing on demand ends."""


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
    asked: AskedLimits | None = None
    """What the pack asks for as far as it is believed, else what it last asked for."""
    asked_unsure: frozenset[str] = frozenset()
    """Which of `asked` is only what it last was."""


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
class BalanceDecision:
    """Whether to balance, which cells, and why."""

    mode: BalanceMode = BalanceMode.TOP
    """What rules now: the user's on demand, else the standing one."""
    active: bool = False
    """Balancing, its measuring pauses included."""
    cells: tuple[bool, ...] | None = None
    """Which cells to bleed now, none in a pause; `None` where the device chooses by itself."""
    reason: Reason = Reason(rule="starting")
    """Why it runs or not, of `balancing.BALANCE_REASONS`; its numbers are those of the last judgement."""
    remaining: float | None = None
    """s until it is done, if nothing interrupts it; `None` where the charge to move is not known."""
    hold_top: bool = False
    """Asks that the pack be brought to its top and held there."""
    outcome: str | None = None
    """How the last balancing on demand or on schedule ended, of `balancing.BALANCE_OUTCOMES`."""


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
    balance: BalanceDecision = BalanceDecision()

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
    asked: AskedLimits | None = None
    """What the pack last asked for, as far as it was believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """The s that the slowest inverter needs to obey a limit; until that is known 10, the worst that is usual.

    Its source is `thresholds.md` 2.6.
    """

    charge: float = 10.0
    discharge: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How fast the outermost cells move."""

    time: float | None = None
    """When they were last measured, all of them."""
    high: float = 0.0
    """V, and ..."""
    low: float = 0.0
    current: float = 0.0
    """... A then."""
    rising: float = 0.0
    """V a second by which the highest rises, smoothed; negative where it falls ..."""
    falling: float = 0.0
    """... and by which the lowest falls."""


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
    lowered: float = 0.0
    """V below full to which the highest cell has brought the charge voltage limit so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What balancing has cost each cell; all empty until something was moved."""

    charge: tuple[float, ...] = ()
    """Ah taken from each, ever."""
    seconds: tuple[float, ...] = ()
    """For which something was taken, ever."""
    energy: tuple[float, ...] = ()
    """Wh lost, ever: all of what is bled, and the step down in voltage of what is moved to another cell."""
    today: tuple[float, ...] = ()
    """Ah taken less given since `day` began."""
    daily: tuple[float, ...] = ()
    """Ah a day taken less given, over the last ten days or so."""
    days: tuple[float, ...] = ()
    """-1 to 1: on what share of these days a cell needed more than others, or others more than it."""
    day: float | None = None
    """When the present day of counting began."""
    flow: tuple[float, ...] = ()
    """A taken from each cell (given where negative) as last heard; empty while nothing flows."""
    time: float | None = None
    """Until when it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceState:
    """What balancing has decided, how far it is, and what it has cost."""

    decision: BalanceDecision = BalanceDecision()
    since: float | None = None
    """When it last began or stopped."""
    slot: float | None = None
    """When the present slot, of bleeding and its pause, began."""
    chosen: tuple[bool, ...] | None = None
    """The cells of this slot."""
    flows: bool = False
    """Whether charge is to be moved now: it balances, and this is no pause."""
    flow_since: float | None = None
    """Since when the current is what the mode asks for."""
    begun: tuple[int, ...] = ()
    """Cells that are being evened out by charge; those that wait for better times included."""
    plan: tuple[float | None, ...] = ()
    """Ah of each cell's budget that must not be passed before its charge was seen at the top again."""
    requested: bool = False
    """On demand or on schedule, and not ended yet."""
    held: float = 0.0
    """s that the request has already been at the top."""
    seen: float | None = None
    """When that was last counted; `None` while it does not count."""
    completed: float | None = None
    """When the pack was last seen to be balanced."""
    gave_up: float | None = None
    budget: Budget = Budget()

    @property
    def active(self) -> bool:
        """Whether it is balancing."""
        return self.decision.active


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
    told: bool = True
    """home_bms can move the switches; where it cannot, one that stays closed has failed in nothing."""
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
class BalanceConfig:
    """How a pack is balanced and by what; the defaults are a device that chooses by itself (`thresholds.md` 2.7)."""

    mode: BalanceMode = BalanceMode.TOP
    masked: bool = False
    """home_bms says which cells are bled; else the device moves charge from the highest to the lowest by itself."""
    current: float = 1.0
    """A taken from a cell."""
    neighbours: bool = True
    """Whether two cells beside each other may be bled at once."""
    at_once: int | None = None
    """Cells that may be bled at once for the heat of their board; `None` for all."""
    charge_on: float = 0.002
    """Share of the capacity by which a cell must surely be ahead for balancing to start.

    10 mV, at which a JK and Libre Solar start, are 0.1 to 0.6 % in an LFP cell's top window.
    """
    charge_off: float = 0.0005
    """Share of the capacity ahead at which a cell is level."""
    temperature_min: float = 0.0
    """°C of the coldest sensor at which it pauses (Seplos: 0 to 50 °C) ..."""
    temperature_max: float = 50.0
    """... and of the hottest."""
    board_temperature: float = 65.0
    """°C of the switches' board from which it pauses (diyBMS; foxBMS: 70 °C)."""
    period: float = 60.0
    """s of one slot of bleeding with its pause."""
    pause: float = 0.0
    """s of each period in which nothing is bled, so that the cells are measured as they are."""
    duty: float = 1.0
    """Share of each period that may be bled at most."""
    every: float = 0.0
    """Days after which balancing asks to be held at the top until it is done; 0 never."""
    give_up: float = 8.0
    """h at the top after which a request is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeConfig:
    """When a pack counts as full and when it is charged again (`thresholds.md` 2.5, 2.8, 2.9)."""

    hold: float = 900.0
    """s at the charge voltage, with the current tailed off, before it floats (dbus-serialbattery: 15 min)."""
    longest: float = 6 * 3600.0
    """s at the charge voltage after which it floats whatever its cells do (diyBMS: 6 h)."""
    difference: float = 0.010
    """V between highest and lowest cell up to which they are level (dbus-serialbattery)."""
    again: float = 5.0
    """Percent of charge used since it was full after which it is charged again (diyBMS: below 96 %)."""


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
    """V per cell that the charge voltage limit falls back to when the battery is full, or may not be charged."""
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
    """s since all was last known after which the switches open, where current was flowing (`thresholds.md` 2.12)."""
    cell_resolution: float = 0.001
    """V in which the device tells a cell; cells that are too coarse are shown and never judged."""
    contactors: ContactorConfig = ContactorConfig()
    balance: BalanceConfig = BalanceConfig()
    charging: ChargeConfig = ChargeConfig()


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
    reaction: Reaction = Reaction()
    motion: Motion = Motion()
    history: History = NO_HISTORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One tick as the rest of Home Assistant sees it."""

    reading: PackReading
    believed: Believed
    estimate: Estimate
    decision: Decision
    wishes: Wishes
    contactors: ContactorsState
    balance: BalanceState = BalanceState()
    drill: str | None = None
    """What is pretended, or was until its limits have come back; only the decision is touched by it."""
    history: History = NO_HISTORY


@dataclass(frozen=True, slots=True, kw_only=True)
class PackShare:
    """How one pack takes part in the battery, and why."""

    charges: bool
    """Whether its charge limit counts, and it is counted on to take its share."""
    discharges: bool
    reason: Reason
    """Of `roster.PACK_RULES`."""
    share: float | None
    """0-1 of each further ampere of the battery; `None` of a pack that takes no part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """How far the battery is on its way to full, and what it waits for or why it went back."""

    stage: ChargeStage
    reason: Reason
    """Of `charging.CHARGE_RULES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDecision:
    """What all packs together allow and hold; the inverter's view."""

    cvl: Bound
    """What a charger is to be asked for; no pack tolerates less."""
    ccl: Bound
    dcl: Bound
    charging: Charging
    packs: Mapping[str, PackShare]
    """By the packs' keys."""
    voltage: float | None
    """V of the bus: the mean of the packs that take part."""
    current: float | None
    """A, `None` while a pack that nobody sees may carry some too."""
    power: float | None
    soc: float | None
    """Of the packs that take part, weighted by capacity; of all while none does."""
    soh: float | None
    capacity: float
    """Ah of all packs."""
    stored_energy: float | None
    """Wh."""
    energy_in: float
    energy_out: float
    weakest_charge: str | None
    """The key of the pack that sets the charge current limit ..."""
    weakest_discharge: str | None
    """... and that of the one that sets the discharge current limit."""

    @property
    def weakest(self) -> str | None:
        """The key of the pack that sets the lower of the two."""
        return self.weakest_charge if self.ccl.value <= self.dcl.value else self.weakest_discharge
