"""Writes the table of docs/devices/README.md from the register maps and the recorded frames.

Run it from the root of the repository: `python -m scripts.devices_table`. With `--check` it only tells whether the page
is current.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.virtual import VirtualPack
from scripts.made_pages import between, renew, table

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "devices" / "README.md"
FRAMES: Final = ROOT / "tests" / "hw" / "frames"
BEGIN: Final = "<!-- devices: made by scripts/devices_table.py -->\n"
END: Final = "<!-- end of devices -->"

COLUMNS: Final = {
    "Cells": "cells",
    "Temperatures": "temperatures",
    "Current": "current",
    "Voltage": "voltage",
    "SoC": "soc",
    "SoH": "soh",
    "Capacity": "capacity",
    "Cycles": "cycles",
    "Switches": "switches",
    "Balancing": "balancing",
    "Alarms": "alarms",
}
"""Heading and field of the reading."""
ASKS: Final = AskedLimits(cvl=56.0, ccl=50.0, dcl=60.0, charge_allowed=True, discharge_allowed=True)
ASKED: Final = {"CVL": ("cvl",), "CCL": ("ccl",), "DCL": ("dcl",), "allowed": ("charge_allowed", "discharge_allowed")}
"""What is asked for, and the fields of the limits that tell it."""
EVIDENCE: Final = {
    "independent": "independent",
    "source": "source",
    "derived_from_official_list": "source",
    "our_decode": "our decode",
    "raw_only": "raw",
    "request_only": "raw",
}
"""What the recordings' basis of expectation is called here."""


def page(text: str) -> str:
    """Return the page with its table made anew."""
    return between(text, BEGIN, END, table(_rows()))


def _rows() -> Iterator[tuple[str, ...]]:
    yield "Device", "Is", *COLUMNS, "Own settings", "Asks for", "Written", "Frames"
    for key, device in sorted(DEVICES.items()):
        told = told_by(device)
        yield (
            f"[{device.name}]({key}.md)",
            str(device.kind),
            *("yes" if name in told else "" for name in COLUMNS.values()),
            "yes" if "hardware" in told else "",
            ", ".join(word for word, names in ASKED.items() if told.issuperset(names)),
            ", ".join(device.orders) or ("pulses" if device.channels.pulse else "nothing"),
            _frames(key),
        )


def told_by(device: Device) -> set[str]:
    """Return what a reading of a device holds when a pack with everything stands behind it."""
    pack = VirtualPack(seed=1)
    memory = device.encode(replace(pack.reading(0.0), asked=ASKS), pack.info)
    values = device.decode(memory)
    reading = device.reading(values, values)
    empty = (None, (), Switches())
    told = {part.name for part in fields(PackReading) if getattr(reading, part.name) not in empty}
    try:
        ring = device.info(values).hardware_ring
    except ValueError:
        ring = HardwareRing()
    asked = reading.asked or AskedLimits()
    told |= {part.name for part in fields(AskedLimits) if getattr(asked, part.name) is not None}
    return told | ({"hardware"} if ring != HardwareRing() else set())


def _frames(key: str) -> str:
    """Return how many recordings there are, by what their expectation rests on."""
    path = FRAMES / f"{key}.json"
    if not path.exists():
        return "none"
    counts = Counter(
        EVIDENCE.get(vector.get("expected_basis"), "raw") for vector in json.loads(path.read_text())["vectors"]
    )
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` tell by the exit code whether it is current."""
    return renew(arguments, {PAGE: page})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
