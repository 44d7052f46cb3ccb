"""Writes the tables of docs/protections.md from the tables that home_bms decides by.

Run it from the root of the repository: `python -m scripts.protections_table`. With `--check` it only tells whether the
page is current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from custom_components.home_bms.core.causes import CAUSES
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import Level, Stage
from custom_components.home_bms.core.presets import CHEMISTRIES
from custom_components.home_bms.core.protection import PROTECTIONS
from custom_components.home_bms.core.ring import REGISTERS, advice
from custom_components.home_bms.story import FLOW_NAMES, QUANTITIES, Quantity
from scripts.made_pages import between, renew, table

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "protections.md"
WORDS: Final = json.loads((ROOT / "custom_components" / "home_bms" / "translations" / "en.json").read_text())
NAMES: Final[Mapping[str, str]] = WORDS["entity"]["event"]["protection"]["state_attributes"]["protection"]["state"]
SETTINGS: Final[Mapping[str, str]] = WORDS["selector"]["register"]["options"]

STOPS: Final = {"none": "nothing", "charge": "charging", "discharge": "discharging", "both": "both"}
LEVELS: Final = {Level.WARN: "warns", Level.DERATE: "lowers", Level.PROTECT: "stops", Level.TRIP: "trips"}
PLAIN: Final = Quantity(place="", unit="")
# The pack that the numbers are for.
CELLS, CAPACITY, CURRENT = 16, 280.0, 140.0


def tables() -> dict[str, str]:
    """Return the page's tables by the name of their place."""
    return {"protections": table(_protections()), "settings": table(_settings())}


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    for name, made in tables().items():
        begin, end = f"<!-- {name}: made by scripts/protections_table.py -->\n", f"<!-- end of {name} -->"
        text = between(text, begin, end, made)
    return text


def _protections() -> Iterator[tuple[str, ...]]:
    config = configure(
        chemistry="lfp",
        cells=CELLS,
        capacity=CAPACITY,
        charge_current=CURRENT,
        discharge_current=CURRENT,
        temperature_sensors=4,
    )
    yield (
        "Protection",
        "Key",
        "Acts on",
        *(f"{word.capitalize()} at" for word in LEVELS.values()),
        "Lets go at",
        "May follow from",
    )
    for row in PROTECTIONS:
        stages, quantity = config.stages[row.key], QUANTITIES.get(row.key, PLAIN)
        yield (
            NAMES[row.key],
            f"`{row.key}`",
            STOPS[FLOW_NAMES[row.flow]],
            *("; ".join(_stage(stage, quantity) for stage in stages if stage.level is level) for level in LEVELS),
            _releases(stages, quantity),
            ", ".join(NAMES[cause] for cause in CAUSES.get(row.key, ())),
        )


def _stage(stage: Stage, quantity: Quantity) -> str:
    """Return one level: from where, for how long, in how many samples."""
    conditions = [f"{stage.delay:g} s"] if stage.delay else []
    conditions += [f"{stage.samples} samples"] if stage.samples > 1 else []
    where = _number(stage.at, quantity) if quantity.unit else "at once" if not conditions else ""
    return " ".join(part for part in (where, f"for {' and '.join(conditions)}" if conditions else "") if part)


def _releases(stages: tuple[Stage, ...], quantity: Quantity) -> str:
    """Return where the levels let go; a trip never does by itself."""
    own = [
        (_number(stage.release, quantity) if quantity.unit else "when it is over")
        + (f" for {stage.hold:g} s" if stage.hold else "")
        for stage in stages
        if stage.level is not Level.TRIP
    ]
    latched = ["a trip: reset"] if any(stage.level is Level.TRIP for stage in stages) else []
    return "; ".join([*dict.fromkeys(own), *latched])


def _number(value: float, quantity: Quantity) -> str:
    digits = 3 if quantity.unit == "V" else 1
    return f"{round(value * quantity.factor, digits):g} {quantity.unit}"


def _settings() -> Iterator[tuple[str, ...]]:
    yield "The pack's own setting", *(preset.name for preset in CHEMISTRIES.values())
    configs = {
        key: configure(
            chemistry=key,
            cells=CELLS,
            capacity=CAPACITY,
            charge_current=CURRENT,
            discharge_current=CURRENT,
            temperature_sensors=4,
            confirmed=True,
        )
        for key in CHEMISTRIES
    }
    for name, register in REGISTERS.items():
        yield (
            SETTINGS[name],
            *(f"{advice(name, configs[key], preset):g} {register.unit}" for key, preset in CHEMISTRIES.items()),
        )


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` tell by the exit code whether it is current."""
    return renew(arguments, {PAGE: page})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
