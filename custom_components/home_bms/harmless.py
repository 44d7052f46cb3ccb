"""Keeps what devices and people call things from being read as markup where Home Assistant reads markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
"""What no text may hold, and what would turn the text around it about."""

# Home Assistant takes scripts out of markdown, but leaves links and images, which call out into the world. The same is
# read as a title, where backslashes would be seen; so each mark becomes the nearest letter that is none.
_MARKS: Final = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})


class Markdown(str):
    """A text of home_bms's own that is meant to be read as markup."""

    __slots__ = ()


def harmless(text: str) -> str:
    """Return a text with no element, link, image or code in it; it reads the same to a person."""
    if isinstance(text, Markdown):
        return str(text)
    return UNSEEN.sub("\ufffd", str(text)).translate(_MARKS)


def all_harmless(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is filled into a text, with none of it read as markup."""
    return {name: harmless(value) for name, value in values.items()}
