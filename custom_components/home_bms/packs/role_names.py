"""Proposes which entities of a device play which role for a pack, by their names, units and classes.

The names are those of syssi's ESPHome components (JK, JBD, Daly, Seplos), BMS_BLE-HA and Victron's GX in English and
German. A name that says nothing sure is left to the user.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from homeassistant.util import slugify

from .roles import SLOTS, TOLD_BACK, Role, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is known of one entity."""

    entity_id: str
    names: tuple[str, ...]
    """What it is called, without the device's name where that is known; the object id is one of them."""
    unit: str | None = None
    device_class: str | None = None
    value: float | None = None
    """In core's unit, if it tells a number now."""
    series: frozenset[str] = frozenset()
    """The attributes in which it keeps lists of numbers."""


def plain(name: str, *devices: str) -> str:
    """Return a name as lower-case words and numbers, without the names of its devices at its beginning."""
    text = _words(name)
    prefixes = [words for device in devices if (words := _words(device))]
    while cut := next((prefix for prefix in prefixes if text.startswith(f"{prefix} ")), None):
        text = text[len(cut) + 1 :]
    return text


def _words(name: str) -> str:
    whole = name.replace("SoC", "soc").replace("SoH", "soh")
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", whole)
    return slugify(apart).replace("_", " ")


# Parts of German compounds stand without word boundaries.
_AGGREGATE: Final = (
    r"\b(?:min|max|minim\w+|maxim\w+|lowest|highest|low|high|delta|diff\w*|average|avg|mean|median|sum|deviation|spread"
    r"|imbalance)\b|niedrig|hoch|hohe|tiefst|mittel|durchschnitt|abweichung|differenz|ungleichgewicht"
)
_SETTING: Final = (
    r"\b(?:protect\w*|recover\w*|release\w*|alarms?|warn\w*|limits?|settings?|delay|trigger\w*|start\w*|calibrat\w*"
    r"|counts?|errors?|bitmask|over\w+|under\w+|thresholds?|time\w*|request\w*|allow\w*|ids?|target|nominal|rated)\b"
    r"|schutz|grenz|verzoger|alarm|einstell|zulassig|sollwert"
)
_ELSEWHERE: Final = (
    r"\b(?:mos|mosfets?|fets?|tube|board|ambient|environment|env|internal|chip|cpu|esp\w*|heat\w*|inverter|water"
    r"|charger|balanc\w*)\b|intern|umgebung|platine|endstufe|heiz|wechselrichter"
)
_NOT_PACK: Final = r"\b(?:cells?|port|charg\w*|load|link|mid|input|output|reference|ac|pv|grid)\b|zell|lade|laden|last"
_PROTECTION: Final = r"\b(?:max\w*|protect\w*|over\w*|float|alarm\w*|warn\w*)\b|schutz"
_BOARD: Final = r"(?: (?:mos|mosfets?|fets?|switch|schalter|enabled?|control))?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How the entities of one role are called, the surest name first."""

    role: Role
    names: tuple[str, ...]
    """Of which a group is the number, where there are several."""
    never: str = ""
    not_class: str | None = None


RULES: Final = (
    Rule(
        role=Role.CELLS,
        names=(
            r"\bcells?(?: (?:voltage|v|no|nr))* (\d{1,3})\b",
            r"\bzell(?:en?)?(?:spannung)?(?: (?:spannung|nummer|nr))* (\d{1,3})\b",
        ),
        never=f"{_AGGREGATE}|{_SETTING}|resistance|widerstand",
    ),
    Rule(
        role=Role.TEMPERATURES,
        names=(
            r"\b(?:cells?|zelle|battery|batterie) temp\w*(?: (?:sensor|probe|fuhler))? (\d{1,2})\b",
            r"\b(?:cell|zelle) (\d{1,2}) temp\w*\b",
            r"\bzelltemp\w* (\d{1,2})\b",
            r"\btemp\w*(?: (?:sensor|probe|fuhler|t))* (\d{1,2})\b",
            r"\b(?:t|ntc|probe|fuhler) (\d{1,2})\b",
            r"^(?:(?:battery|cell|pack) |batterie|zell|pack)?temp(?:eratur|erature)?$",
        ),
        never=f"{_AGGREGATE}|{_SETTING}|{_ELSEWHERE}",
    ),
    Rule(
        role=Role.CURRENT,
        names=(
            r"^(?:battery |pack |total |dc bus |bus |dc |batterie|pack|akku|gesamt)? ?(?:current|strom|stromstarke)$",
            r"\b(?:battery |batterie|dc (?:\d )?|pack ?)(?:current|strom|stromstarke)$",
            r"\b(?:current|strom|stromstarke)$",
        ),
        never=rf"{_AGGREGATE}|{_SETTING}|{_NOT_PACK}|\b(?:balanc\w*|discharg\w*|peak|phase)\b|entlad",
    ),
    Rule(
        role=Role.VOLTAGE,
        names=(
            r"^(?:total |battery |pack |dc bus |bus |dc |batterie|pack|akku|gesamt)? ?(?:voltage|spannung)$",
            r"\b(?:total |battery |pack |batterie|gesamt|akku|dc (?:\d )?)(?:voltage|spannung)\b",
            r"\b(?:voltage|spannung)$",
        ),
        never=rf"{_AGGREGATE}|{_SETTING}|{_NOT_PACK}|\b(?:balanc\w*|power off)\b",
    ),
    Rule(
        role=Role.SWITCH_TEMPERATURE,
        names=(r"\b(?:mos|mosfets?|fets?|power tube|endstufe)\b", r"\bboard\b|platine"),
        never=f"{_AGGREGATE}|{_SETTING}",
    ),
    Rule(
        role=Role.SOC,
        names=(
            r"\b(?:state of charge|soc|charge level|battery level|ladezustand|ladestand)\b",
            r"^(?:battery|batterie|akku|charge|level)$",
        ),
        never=f"{_AGGREGATE}|{_SETTING}|health|gesundheit",
    ),
    Rule(
        role=Role.SOH,
        names=(r"\b(?:state of health|soh|health)\b|gesundheit",),
        never=f"{_AGGREGATE}|{_SETTING}",
    ),
    Rule(
        role=Role.CAPACITY,
        names=(
            r"\b(?:full(?: charge)?|actual|total|battery) capacity\b|(?:batterie|gesamt)kapazitat\b",
            r"\b(?:nominal|rated|installed|design|nenn|installierte) ?(?:capacity|kapazitat)\b",
        ),
        never=r"\b(?:remaining|residual|discharg\w*|(?<!full )charg\w*|cycle\w*|consumed|drawn|derived|alarm)\b"
        r"|rest|verbleib|zykl|entlad",
    ),
    Rule(
        role=Role.CYCLES,
        names=(r"\bcycles?(?: count)?$|zyklen(?:zahl)?$",),
        never=r"capacity|kapazitat|energ|power|leistung|alarm",
    ),
    Rule(
        role=Role.ASKED_VOLTAGE,
        names=(r"\bcvl$|\b(?:charg(?:e|ing) voltage limit|requested charg(?:e|ing) voltage)$|ladespannungsgrenze$",),
        never=_PROTECTION,
    ),
    Rule(
        role=Role.ASKED_CHARGE,
        names=(
            r"\bccl$|\b(?:charg(?:e|ing) current limit|requested charg(?:e|ing) current)$",
            r"\bladestrom ?(?:grenze|begrenzung|limit)$",
        ),
        never=_PROTECTION,
    ),
    Rule(
        role=Role.ASKED_DISCHARGE,
        names=(
            r"\bdcl$|\b(?:discharg(?:e|ing) current limit|requested discharg(?:e|ing) current)$",
            r"\bentladestrom ?(?:grenze|begrenzung|limit)$",
        ),
        never=_PROTECTION,
    ),
    Rule(
        role=Role.CHARGE_SWITCH,
        names=(
            rf"\bcharg(?:e|ing){_BOARD}",
            rf"\b(?:laden|aufladen|ladung|lade){_BOARD}",
            r"\blade(?:schalter|mosfet)$",
            r"\b(?:mos|mosfet) charg(?:e|ing)$",
        ),
        never=r"\b(?:float|fast|quick|dedicated|emergency|heat\w*|max|limit)\b",
    ),
    Rule(
        role=Role.DISCHARGE_SWITCH,
        names=(
            rf"\bdischarg(?:e|ing){_BOARD}",
            rf"\b(?:entladen|entladung|entlade){_BOARD}",
            r"\bentlade(?:schalter|mosfet)$",
            r"\b(?:mos|mosfet) discharg(?:e|ing)$",
        ),
        never=r"\b(?:emergency|heat\w*|max|limit)\b",
    ),
    Rule(
        role=Role.BALANCE_SWITCH,
        names=(rf"\bbalanc(?:e|er|ing){_BOARD}", r"\b(?:balancieren|ausgleich|zellausgleich)$"),
    ),
    # A class of its own says that current flows in, not where the MOSFET is.
    Rule(
        role=Role.CHARGE_STATE,
        names=(
            r"\bcharg(?:e|ing) (?:mos|mosfet|fet)$",
            r"\b(?:mos|mosfet) charg(?:e|ing)$",
            r"\blade (?:mos|mosfet)$",
            r"\bcharging$",
        ),
        not_class="battery_charging",
    ),
    Rule(
        role=Role.DISCHARGE_STATE,
        names=(
            r"\bdischarg(?:e|ing) (?:mos|mosfet|fet)$",
            r"\b(?:mos|mosfet) discharg(?:e|ing)$",
            r"\bentlade (?:mos|mosfet)$",
            r"\bdischarging$",
        ),
        not_class="battery_charging",
    ),
    Rule(role=Role.BALANCE_STATE, names=(r"\bbalanc(?:e|er|ing)$", r"\b(?:ausgleich|balancieren)$")),
    # The maximum of a BMS is its own protection, which lies in its flash: never proposed.
    Rule(
        role=Role.CHARGE_LIMIT,
        names=(r"\bcharg(?:e|ing) current limit$|\bccl$", r"\bladestrom ?(?:grenze|begrenzung|limit)$"),
        never=r"\b(?:max\w*|protect\w*|over\w*|float)\b|schutz",
    ),
    Rule(
        role=Role.DISCHARGE_LIMIT,
        names=(r"\bdischarg(?:e|ing) current limit$|\bdcl$", r"\bentladestrom ?(?:grenze|begrenzung|limit)$"),
        never=r"\b(?:max\w*|protect\w*|over\w*)\b|schutz",
    ),
)

# A cell that reads less is none: boards tell 0 V for inputs that nothing is wired to.
_WIRED: Final = 0.5
# What sensors tell that nothing is wired to (plausibility.py).
_COLDEST: Final = -39.5


def propose(candidates: Iterable[Candidate], taken: Collection[str] = ()) -> dict[Role, tuple[str, ...]]:
    """Return the entity ids that fill each role, as far as the names tell; none is given two of them.

    `taken` are entities that belong to another pack.
    """
    free = sorted((one for one in candidates if one.entity_id not in taken), key=lambda one: one.entity_id)
    found: dict[Role, tuple[str, ...]] = {}
    # Several packs may share a device: what is called most like the cells belongs to them.
    anchor = ""
    for rule in RULES:
        slot = SLOTS[rule.role]
        fitting = [one for one in free if _fits(slot, rule, one)]
        chosen = _several(slot, rule, fitting, anchor) if slot.many else _single(rule, fitting, anchor)
        if chosen:
            found[rule.role] = chosen
            anchor = anchor or chosen[0]
            free = [one for one in free if one.entity_id not in chosen]
    return {role: found[role] for role in SLOTS if role in found and TOLD_BACK.get(role) not in found}


def _fits(slot: Slot, rule: Rule, one: Candidate) -> bool:
    """Tell whether an entity is of the right kind, whatever it is called."""
    if one.entity_id.partition(".")[0] != slot.platform:
        return False
    if slot.series in one.series:
        return True
    if rule.not_class is not None and one.device_class == rule.not_class:
        return False
    return slot.quantity is None or one.unit in slot.quantity.units


def _name(rule: Rule, one: Candidate) -> tuple[int, re.Match[str], str] | None:
    """Return how surely an entity is called so (0 is the surest), the match and the name."""
    if rule.never and any(re.search(rule.never, name) for name in one.names):
        return None
    for place, pattern in enumerate(rule.names):
        for name in one.names:
            if match := re.search(pattern, name):
                return place, match, name
    return None


def _single(rule: Rule, fitting: Sequence[Candidate], anchor: str) -> tuple[str, ...]:
    named = [(told[0], -_alike(one, anchor), one.entity_id) for one in fitting if (told := _name(rule, one))]
    return (min(named)[2],) if named else ()


def _several(slot: Slot, rule: Rule, fitting: Sequence[Candidate], anchor: str) -> tuple[str, ...]:
    """Return the entities of the likeliest row of numbers, in its order."""
    rows: dict[tuple[int, str], dict[int, Candidate]] = {}
    for one in fitting:
        if (told := _name(rule, one)) is None:
            continue
        place, match, name = told
        numbered = match.re.groups > 0
        stem = f"{name[: match.start(1)]}#{name[match.end(1) :]}" if numbered else name
        rows.setdefault((place, stem), {}).setdefault(int(match[1]) if numbered else 0, one)
    if not rows:
        # Some keep all values in one list; a sensor that has one is not a value itself.
        return next(((one.entity_id,) for one in fitting if slot.series in one.series), ())
    likeness = {key: max(_alike(one, anchor) for one in row.values()) for key, row in rows.items()}
    best = min(rows, key=lambda key: (key[0], -likeness[key], -len(rows[key]), key[1]))
    row = [rows[best][number] for number in sorted(rows[best])]
    with_list = [one for one in row if slot.series in one.series]
    return tuple(one.entity_id for one in (with_list or _wired(slot, row)))


def _wired(slot: Slot, row: list[Candidate]) -> list[Candidate]:
    """Leave out the inputs at the end that nothing is wired to, as far as the others show that the pack is heard."""
    least = _WIRED if slot.role is Role.CELLS else _COLDEST
    wired = [one.value is not None and one.value > least for one in row]
    return row[: len(row) - wired[::-1].index(True)] if any(wired) else row


def _alike(one: Candidate, anchor: str) -> int:
    """Return how many letters two entity ids begin with in common, their platforms apart."""
    pairs = zip(one.entity_id.partition(".")[2], anchor.partition(".")[2], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
