"""Writes what the manifest and the page about Bluetooth say of the families that aiobmsble knows.

Run it from the root of the repository: `python -m scripts.bluetooth_families`. With `--check` it only tells whether
both are current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from aiobmsble.basebms import BaseBMS
from aiobmsble.utils import load_bms_plugins

from custom_components.home_bms.hw.bluetooth import UNFIT
from scripts.made_pages import between, renew, table

ROOT: Final = Path(__file__).parent.parent
MANIFEST: Final = ROOT / "custom_components" / "home_bms" / "manifest.json"
PAGE: Final = ROOT / "docs" / "devices" / "bluetooth.md"
BEGIN: Final = "<!-- families: made by scripts/bluetooth_families.py -->\n"
END: Final = "<!-- end of families -->"

MATCHED: Final = ("local_name", "manufacturer_data_start", "manufacturer_id", "service_data_uuid", "service_uuid")
"""What Home Assistant can match by; the first bytes of the address are looked at by aiobmsble alone."""
PLAIN_START: Final = 3
"""Characters of a name that must be no pattern: Home Assistant finds its matchers by them, and refuses some others."""


def families() -> dict[str, type[BaseBMS]]:
    """Return aiobmsble's class of each family that home_bms can use."""
    found = {module.__name__.rpartition(".")[2]: module.BMS for module in load_bms_plugins()}
    return {key: found[key] for key in sorted(found) if key not in UNFIT}


def matchers() -> list[dict[str, Any]]:
    """Return what Home Assistant is to look for, without what a broader one finds anyway."""
    wanted: list[dict[str, Any]] = []
    for kind in families().values():
        for told in kind.matcher_dict_list():
            for matcher in _spelled_out({key: value for key, value in told.items() if key in MATCHED and value != ""}):
                if matcher not in wanted:
                    wanted.append(matcher)
    least = [row for row in wanted if not any(other is not row and other.items() <= row.items() for other in wanted)]
    return sorted((dict(sorted(row.items())) for row in least), key=json.dumps)


def _spelled_out(matcher: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return matchers whose names begin plainly; a name that cannot is left out where something else remains.

    Raises ValueError where nothing does.
    """
    name = matcher.get("local_name", "")
    start = name[:PLAIN_START]
    rest = {key: value for key, value in matcher.items() if key != "local_name"}
    if not set(start) & set("*?["):
        yield dict(matcher)
    elif rest:
        yield rest
    elif "*" in start or "?" in start:
        raise ValueError(f"Home Assistant cannot look for {name}")
    else:
        before, _, behind = name.partition("[")
        first, last, after = behind[0], behind[2], behind[4:]
        for code in range(ord(first), ord(last) + 1):
            yield {"local_name": f"{before}{chr(code)}{after}"}


def manifest(text: str) -> str:
    """Return the manifest with the matchers of now, one a line."""
    told = {**json.loads(text), "bluetooth": None}
    ordered = {key: told[key] for key in ("domain", "name", *sorted(set(told) - {"domain", "name"}))}
    rows = ",\n".join(f"    {json.dumps(row)}" for row in matchers())
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in ordered.items()]
    return "{\n" + ",\n".join(lines).replace('"bluetooth": null', f'"bluetooth": [\n{rows}\n  ]') + "\n}\n"


def page(text: str) -> str:
    """Return the page with the families of now."""
    rows = [("Family", "Called"), *((kind.bms_id(), f"`{key}`") for key, kind in families().items())]
    return between(text, BEGIN, END, table(rows))


def main(arguments: list[str]) -> int:
    """Write both, or with `--check` tell by the exit code whether they are current."""
    return renew(arguments, {MANIFEST: manifest, PAGE: page})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
