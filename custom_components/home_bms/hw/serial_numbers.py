"""Tells whether what a device gives as its serial number tells it from its twins."""

from __future__ import annotations

import re
from typing import Final

_SHORTEST: Final = 6
# Day of manufacture: 2022-10-26, 20221026, 22/10/26; all of that day's production tells the same.
_DATE: Final = re.compile(r"(?:20)?\d\d([-./ ]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])")


def telling(text: str | None) -> str:
    """Return a serial number, or nothing where it is too short, a date or a filler and so not one pack's alone."""
    text = (text or "").strip()
    known = len(text) >= _SHORTEST and len(set(text)) > 2 and any(character.isdigit() for character in text)
    return text if known and text.isascii() and text.isprintable() and not _DATE.fullmatch(text) else ""
