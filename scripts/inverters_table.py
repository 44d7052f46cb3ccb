"""Writes the tables of docs/inverters: protocols and makes of inverters on CAN in the words of the config flow.

Run it from the root of the repository: `python -m scripts.inverters_table`. With `--check` it only tells whether the
pages are current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import Field, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.hw.can_frame import spelled
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, FrameRow, choices, kind_of
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS
from scripts.made_pages import between, renew, table

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "docs" / "inverters"
END: Final = "<!-- end -->"
ENGLISH: Final = json.loads((ROOT / "custom_components" / "home_bms" / "translations" / "en.json").read_text())
OPTIONS: Final = ENGLISH["config_subentries"]["inverter"]["step"]["can_options"]["sections"]
SETTINGS: Final = ENGLISH["selector"]["can_setting"]["options"]
NOTES: Final = ENGLISH["selector"]["can_note"]["options"]
_SOMETHING: Final = Extreme(value=3.3, pack=0, place=0)
KNOWN: Final = Bank(
    time=0.0,
    cvl=55.2,
    dvl=46.4,
    ccl=100.0,
    dcl=100.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=53.0,
    current=0.0,
    soc=50.0,
    temperature=20.0,
    cell_max=_SOMETHING,
    cell_min=_SOMETHING,
    temperature_max=_SOMETHING,
    temperature_min=_SOMETHING,
    cells=16,
    packs=1,
)
"""A battery of which everything is known, to see how long frames are."""


def tables(page: str) -> dict[str, str]:
    """Return the tables of a page by what follows `begin` in it."""
    if page == "README":
        return {"makes": table(_makes()), "protocols": table(_protocols())}
    protocol = CAN_PROTOCOLS[page]
    return {"frames": table(_frames(protocol)), "options": table(_options(protocol))}


def renewed(text: str, page: str) -> str:
    """Return a page with its tables made anew. Raises ValueError where it has no place for one."""
    for name, made in tables(page).items():
        text = between(text, f"<!-- begin {name} -->\n", END, made)
    return text


def _makes() -> Iterator[Sequence[str]]:
    yield "Inverter", "Its key", "Set it to", "Protocol", "Options", "Good to know"
    for preset in PRESETS.values():
        options = ", ".join(f"`{name}={shown(value)}`" for name, value in preset.options.items())
        protocol = f"[{preset.protocol.key}]({preset.protocol.key}.md)"
        setting, note = SETTINGS.get(preset.key, ""), NOTES.get(preset.key, "")
        yield preset.name, f"`{preset.key}`", setting, protocol, options, note


def _protocols() -> Iterator[Sequence[str]]:
    yield "Protocol", "Frames", "Sent", "Stops by itself", "Tells what it measures"
    for protocol in CAN_PROTOCOLS.values():
        rows = protocol.rows(protocol.options())
        asked = all(row.period is None for row in rows)
        sent = "when asked" if asked else "once the inverter was heard" if protocol.waits else "always"
        lease = "" if protocol.lease is None else f"after {protocol.lease:g} s"
        measures = "yes" if "MEASURES" in str(protocol.abilities) else ""
        yield f"[{protocol.name}]({protocol.key}.md)", str(len({row.key for row in rows})), sent, lease, measures


def _frames(protocol: CanProtocol[Any]) -> Iterator[Sequence[str]]:
    yield "Identifier", "What", "Bytes", "Sent"
    options = protocol.options()
    seen: dict[tuple[str, int, str], list[FrameRow[Any]]] = {}
    for row in protocol.rows(options):
        size = len(row.encode(KNOWN, options) or b"")
        every = "" if row.period is None else f"every {row.period:g} s"
        sent = ", ".join(part for part in (row.asked and f"when asked: {row.asked}", every) if part)
        seen.setdefault((spelled(row.key), size, sent), []).append(row)
    for (key, size, sent), rows in seen.items():
        yield f"0x{key.lstrip('0')}", ", ".join(dict.fromkeys(row.name for row in rows)), str(size), sent


def _options(protocol: CanProtocol[Any]) -> Iterator[Sequence[str]]:
    yield "Option", "In Home Assistant", "Takes", "Usually", "What it does"
    words = OPTIONS[protocol.key]
    for part in fields(protocol.options):
        name, usual = part.name, f"`{shown(part.default)}`" * (part.default != "")
        yield f"`{name}`", words["data"][name], takes(part), usual, words["data_description"][name]


def takes(part: Field[Any]) -> str:
    """Return what an option may be."""
    kind = kind_of(part)
    if kind is bool:
        return "true or false"
    if kind is StrEnum:
        return ", ".join(f"`{choice}`" for choice in choices(part))
    least, most = part.metadata["least"], part.metadata["most"]
    if kind is str:
        return f"at most {most} letters"
    return f"{'a whole number' if kind is int else 'a number'} from {least:g} to {most:g}"


def shown(value: object) -> str:
    """Return a value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` tell by the exit code whether they are current."""
    pages = ("README", *CAN_PROTOCOLS)
    return renew(arguments, {FOLDER / f"{page}.md": partial(renewed, page=page) for page in pages})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
