"""Writes the tables of docs/inverters from the protocols and makes of inverters on CAN.

Run it from the root of the repository: `python -m scripts.inverters_table`. With `--check` it only tells whether the
pages are current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.hw.can_frame import spelled
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, FrameRow, takes
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "docs" / "inverters"
END: Final = "<!-- end -->"
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
        before, rest = text.split(f"<!-- begin {name} -->\n", 1)
        text = f"{before}<!-- begin {name} -->\n{made}\n{END}{rest.split(END, 1)[1]}"
    return text


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a table; the first is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *body))


def _makes() -> Iterator[Sequence[str]]:
    yield "Inverter", "Its key", "Set it to", "Protocol", "Options", "Good to know"
    for preset in PRESETS.values():
        options = ", ".join(f"`{name}={shown(value)}`" for name, value in preset.options.items())
        protocol = f"[{preset.protocol.key}]({preset.protocol.key}.md)"
        yield preset.name, f"`{preset.key}`", preset.setting, protocol, options, preset.note


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
    yield "Option", "Takes", "Usually", "What it does"
    for part in fields(protocol.options):
        yield f"`{part.name}`", takes(part), f"`{shown(part.default)}`" * (part.default != ""), part.metadata["text"]


def shown(value: object) -> str:
    """Return a value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` tell by the exit code whether they are current."""
    stale = 0
    for page in ("README", *CAN_PROTOCOLS):
        path = FOLDER / f"{page}.md"
        text = path.read_text()
        new = renewed(text, page)
        stale += new != text
        if "--check" not in arguments:
            path.write_text(new)
    return int(bool(stale)) if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
