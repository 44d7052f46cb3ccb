"""What the browser is told over the websocket; `frontend/src/api.ts` is made of these types.

Units as everywhere: V, A, W, °C, Ah, Wh; percent for charge and health; resistances in mΩ. Current and power are
positive when charging. Times are seconds since 1970, UTC. Cells and sensors count from 1 where one is named, and a list
holds them in order. `None` is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

# The number is how many digits behind the point mean something: more is noise, and only makes messages long.
Time = Annotated[float, 2]
"""s since 1970, UTC."""
Seconds = Annotated[float, 1]
"""s."""
Years = Annotated[float, 1]
"""Years."""
Volts = Annotated[float, 3]
"""V."""
Amperes = Annotated[float, 2]
"""A, positive when charging."""
Milliamperes = Annotated[float, 1]
"""mA."""
Watts = Annotated[float, 0]
"""W, positive when charging."""
Degrees = Annotated[float, 1]
"""°C."""
Percent = Annotated[float, 1]
"""0-100."""
Share = Annotated[float, 3]
"""0-1."""
AmpereHours = Annotated[float, 2]
"""Ah."""
WattHours = Annotated[float, 0]
"""Wh."""
Milliohms = Annotated[float, 3]
"""mΩ."""
Cycles = Annotated[float, 2]
"""Of charging and discharging."""
Figure = Annotated[float, 3]
"""In the unit of what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why something is as it is; its words are the integration's own translations of `rule`."""

    rule: str
    cell: int | None
    sensor: int | None
    value: Figure | None
    threshold: Figure | None
    unit: str | None
    """Of value and threshold: `V`, `A`, `°C`, `K`, `%`, `Ah`, `Ω` or `s`; `None` where the rule tells none."""
    since: Time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitShown:
    """A limit, the most that it could be, and why it is what it is."""

    value: Figure
    most: Figure
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmShown:
    """A protection above ok; `cause` is the key of the alarm it follows from."""

    key: str
    level: str
    flow: str
    why: Why
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Between which values a picture is drawn, and where its colours change; `None` where no protection guards it.

    `..._warn` is where a person is warned, `..._protect` where a limit begins to fall.
    """

    low: Figure
    low_protect: Figure | None
    low_warn: Figure | None
    high_warn: Figure | None
    high_protect: Figure | None
    high: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PackInfo:
    """What does not change while a pack is set up."""

    device_id: str
    name: str
    model: str
    chemistry: str
    cells: int
    sensors: int
    capacity: AmpereHours
    """Ah, rated."""
    charge_current: Amperes
    discharge_current: Amperes
    cell_voltage: Scale
    temperature: Scale
    difference: Scale
    """V between highest and lowest cell."""
    virtual: bool
    entities: dict[str, str]
    """Entity ids by key; those of cells and sensors as `cell_3`, `temperature_2`, `cell_resistance_3`.

    Where a sensor has a key that others have too, theirs stand as `binary_sensor.cell_difference`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    """What does not change while an inverter is set up."""

    device_id: str
    name: str
    model: str
    entities: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemInfo:
    """One battery system with all that belongs to it."""

    entry_id: str
    device_id: str
    name: str
    version: str
    """Of home_bms."""
    packs: list[PackInfo]
    inverters: list[InverterInfo]
    entities: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The answer to `home_bms/systems`."""

    systems: list[SystemInfo]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackShown:
    """One look at a pack: an event of `home_bms/pack`."""

    time: Time
    mode: str
    link: str
    quality: str
    age: Seconds | None
    """s since the pack was last heard; `None` if never."""
    acting: bool
    """Whether the user allows control; else all limits and switches are what home_bms would do."""
    voltage: Volts | None
    current: Amperes | None
    power: Watts | None
    soc: Percent | None
    soc_low: Percent | None
    soc_high: Percent | None
    stored_energy: WattHours | None
    voltages: list[Volts | None]
    temperatures: list[Degrees | None]
    switch_temperature: Degrees | None
    doubts: dict[str, str]
    """What is not believed, as `cell_7`, `temperature_1`, `current`, `voltage`, with the reason's key."""
    highest: int | None
    """Cell."""
    lowest: int | None
    difference: Volts | None
    resistances: list[Milliohms | None]
    """Of each cell, brought to 25 °C."""
    surpluses: list[AmpereHours | None]
    """Ah by which each cell is ahead of the one that will be full last (ΔQ)."""
    balancing: bool | None
    bleeding: list[bool] | None
    """Which cells are bled now; `None` where the device chooses by itself and does not tell."""
    balance: Why
    balance_remaining: Seconds | None
    """s."""
    charge_voltage: LimitShown
    charge_limit: LimitShown
    discharge_limit: LimitShown
    charge_permitted: bool
    discharge_permitted: bool
    charge_switch: str
    """A state of `ContactorState`."""
    discharge_switch: str
    one_contactor: bool
    """Both directions have one contactor."""
    alarms: list[AlarmShown]
    """The gravest first."""
    tripped: bool
    """Something latches until a person resets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellHealth:
    """What is learned of one cell; each deviation is one standard deviation."""

    capacity: AmpereHours | None
    capacity_deviation: AmpereHours | None
    resistance: Milliohms | None
    """mΩ, brought to 25 °C."""
    joint: Milliohms | None
    """mΩ of its busbar, lugs and sense wire above what the other joints have."""
    surplus: AmpereHours | None
    self_discharge: Milliamperes | None
    """mA."""
    balanced: AmpereHours
    """Ah taken by balancing, ever."""
    worn_in: Years | None
    """Years until it is worn out ..."""
    worn_soonest: Years | None
    """... and between which years that is probable."""
    worn_latest: Years | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingShown:
    """Something that a person should look at; its words are those of the repair `finding_<kind>`."""

    kind: str
    cell: int | None
    since: Time | None
    confidence: Share
    """0-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionShown:
    """An inspection that is due or coming; its words are those of the selectors `inspection` and `inspection_how`."""

    item: str
    standing: str
    """`coming`, `due` or `overdue`."""
    due: Time
    """When the day begins on which it is due."""
    cells: list[int]
    """Those that call for it."""
    whole_system: bool
    """It is about the whole system, and not about this pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthShown:
    """What is learned of a pack: an event of `home_bms/health`, anew at most every minute."""

    time: Time
    rated: AmpereHours
    """Ah."""
    capacity: AmpereHours | None
    capacity_deviation: AmpereHours | None
    soh: Percent | None
    cycles: Cycles | None
    """Equivalent full cycles."""
    depths: list[Cycles]
    """Cycles by their depth, in tenths of the capacity."""
    charge_in: AmpereHours
    charge_out: AmpereHours
    energy_in: WattHours
    energy_out: WattHours
    efficiency: Percent | None
    plating: AmpereHours | None
    """Ah that went in faster than the cold cells could take."""
    since_full: Seconds | None
    """s."""
    cells: list[CellHealth]
    findings: list[FindingShown]
    inspections: list[InspectionShown]
    weakest: int | None
    """The cell that will be worn out first, if any is known to wear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPart:
    """How one pack takes part in the battery."""

    device_id: str
    name: str
    mode: str
    link: str
    charges: bool
    discharges: bool
    why: Why
    share: Share | None
    """0-1 of each further ampere."""
    current: Amperes | None
    power: Watts | None
    soc: Percent | None
    charge_limit: LimitShown
    discharge_limit: LimitShown
    worst: str
    """The level of its gravest alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionShown:
    """What an inverter makes of its limit in one direction."""

    limit: Amperes | None
    """A that it is told, or would be."""
    accepted: Amperes | None
    """A that it says it holds."""
    response: str
    step: str
    """How far home_bms has gone to be obeyed."""
    why: Why | None
    """Of a step beyond the current limits."""
    dead_time: Seconds | None
    """s between a new limit and the first that is seen of it."""
    settling: Seconds | None
    """s until it obeys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPart:
    """One inverter: what it is told and what it does."""

    device_id: str
    name: str
    link: str
    acting: bool
    share: Share
    """0-1 of the battery's current."""
    charge_voltage: Volts | None
    setpoint: Watts | None
    voltage: Volts | None
    current: Amperes | None
    power: Watts | None
    charge: DirectionShown
    discharge: DirectionShown


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseShown:
    """What somebody asks of the battery; what is `None` is not asked."""

    owner: str
    name: str
    reason: str
    priority: int
    start: Time
    end: Time
    in_force: bool
    repeats: bool
    asks: dict[str, Figure]
    """By the names that `request_power` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimShown:
    """One thing that is asked, and whether it counts."""

    part: str
    value: Figure
    owner: str
    name: str
    reason: str
    until: Time | None
    overridden_by: str | None
    """The owner who asks more strictly; `None` of what counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemShown:
    """One look at the battery of all packs: an event of `home_bms/system`."""

    time: Time
    acting: bool
    voltage: Volts | None
    current: Amperes | None
    power: Watts | None
    soc: Percent | None
    soh: Percent | None
    stored_energy: WattHours | None
    capacity: AmpereHours
    energy_in: WattHours
    energy_out: WattHours
    charge_voltage: LimitShown
    charge_limit: LimitShown
    discharge_limit: LimitShown
    weakest_charge: str | None
    """The device id of the pack that sets the charge limit ..."""
    weakest_discharge: str | None
    stage: str
    stage_why: Why
    setpoint: Watts | None
    reserve: Percent | None
    """Percent, that the user keeps."""
    packs: list[PackPart]
    inverters: list[InverterPart]
    claims: list[ClaimShown]
    leases: list[LeaseShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxFile:
    """A black box on the disk."""

    name: str
    time: Time
    """Of the first trigger."""
    cause: str
    level: str
    size: int
    """Bytes."""
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """The answer to `home_bms/black_boxes`, the newest first."""

    files: list[BoxFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerShown:
    """When a protection rose, and what for."""

    time: Time
    key: str
    level: str
    flow: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedShown:
    """Something that was done, or changed, at a moment."""

    time: Time
    what: str
    """`charge_limit`, `discharge_limit`, `charge_switch`, `discharge_switch`, `mode` or `alarm`."""
    key: str | None
    """Of an alarm, its protection."""
    before: str
    """A of a limit, `open`, `closed` or `unknown` of a switch, a mode, or the level of an alarm."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxShown:
    """The answer to `home_bms/black_box`: what happened around a trip, at most 600 moments of it.

    All lists are as long as `times`; `voltages` and `temperatures` hold one list for each cell and sensor.
    """

    name: str
    time: Time
    acting: bool | None
    """`None`: the recording does not say."""
    triggers: list[TriggerShown]
    deeds: list[DeedShown]
    times: list[Time]
    voltages: list[list[Volts | None]]
    temperatures: list[list[Degrees | None]]
    current: list[Amperes | None]
    charge_limit: list[Amperes | None]
    discharge_limit: list[Amperes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of the websocket."""

    name: str
    asks: tuple[str, ...] = ()
    """Its parameters, each a text."""
    tells: type
    subscribed: bool = False
    """Tells by events: at once, and whenever something has changed. `None` while what it is about is not set up."""
    admin: bool = False


SYSTEMS: Final = Command(name="home_bms/systems", tells=Systems)
PACK: Final = Command(name="home_bms/pack", asks=("device_id",), tells=PackShown, subscribed=True)
HEALTH: Final = Command(name="home_bms/health", asks=("device_id",), tells=HealthShown, subscribed=True)
SYSTEM: Final = Command(name="home_bms/system", asks=("entry_id",), tells=SystemShown, subscribed=True)
BLACK_BOXES: Final = Command(name="home_bms/black_boxes", asks=("device_id",), tells=Boxes, admin=True)
BLACK_BOX: Final = Command(name="home_bms/black_box", asks=("device_id", "name"), tells=BoxShown, admin=True)
COMMANDS: Final = (SYSTEMS, PACK, HEALTH, SYSTEM, BLACK_BOXES, BLACK_BOX)
