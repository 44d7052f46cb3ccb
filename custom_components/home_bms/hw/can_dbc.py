"""Reads DBC text with cantools; what is wrong with it is told in words.

Files of users have habits that cantools refuses (`can/09_dbc_busload_python_haos.md` 9.1); they are put right first,
and the user is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cantools.database.can import Database
from cantools.database.errors import Error as CantoolsError
from textparser import ParseError

from .can_frame import EXTENDED, EXTENDED_MOST, LONGEST, STANDARD_MOST, spelled

TEXT_MOST: Final = 1_000_000
"""Characters."""
MESSAGES_MOST: Final = 2000
SIGNALS_MOST: Final = 5000
STATEMENTS_MOST: Final = 50_000
INDEPENDENT: Final = 0xC0000000
"""Where Vector's tools put signals that belong to no message."""
BITS_MOST: Final = 64
"""Of a signal."""
FAILURES: Final = (
    *(CantoolsError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError),
    *(MemoryError, RecursionError),
)
"""What cantools may raise for a file that it cannot make sense of."""
SHOWN_MOST: Final = 5
"""Identifiers that a notice names."""

STATEMENT: Final = re.compile(
    r"^[ \t]*(?:(?P<words>(?:VAL_|CM_[ \t]+(?:SG_|BO_)|SIG_VALTYPE_|SG_MUL_VAL_|BO_TX_BU_|SIG_GROUP_"
    r"|BA_[ \t]+\"[^\"\n]*+\"[ \t]+(?:SG_|BO_))[ \t]+)(?P<id>\d+)(?P<rest>\s++(?P<signal>\w*+)"
    r"(?>[^;\"]++|\"(?:[^\"\\]++|\\.)*+\")*+;))",
    re.MULTILINE | re.DOTALL,
)
"""What is said of a message or signal outside of it."""
MESSAGE: Final = re.compile(r"^(?P<words>[ \t]*BO_[ \t]+)(?P<id>\d+)(?=[ \t]+\w)", re.MULTILINE)
SIGNAL: Final = re.compile(r"^[ \t]*SG_[ \t]+(?P<name>\w+)", re.MULTILINE)
QUOTED: Final = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"", re.DOTALL)
SIZE: Final = re.compile(r"\bBO_\s+\d+\s+(?P<name>\w+)\s*:\s*(?P<number>\d+)")
START: Final = re.compile(r"\bSG_\s+(?P<name>\w+)(?:\s+\w+)?\s*:\s*(?P<number>\d+)")
LENGTH: Final = re.compile(r"\bSG_\s+(?P<name>\w+)(?:\s+\w+)?\s*:\s*\d+\s*\|\s*(?P<number>\d+)")
SELECTED: Final = re.compile(r"\bSG_MUL_VAL_\s+\d+\s+(?P<name>\w+)[^;]*?-\s*(?P<number>\d{6,})")
SIZES: Final = ((SIZE, 64), (START, 511), (LENGTH, BITS_MOST), (SELECTED, 0xFFFF))
"""Numbers by which cantools fills the memory, and the largest: bytes of a CAN FD frame, its bits, a multiplexer."""
OTHERS: Final = MappingProxyType({"<?xml": "XML", "<": "XML", "FormatVersion=": "SYM", "[": "INI", "{": "JSON"})
"""How files begin that are none."""


class FrameMapError(ValueError):
    """The text is no usable DBC; `key` is the reason as a translation key, `placeholders` what a message shows."""

    def __init__(self, key: str, **placeholders: object) -> None:
        self.key = key
        self.placeholders = {name: str(value) for name, value in placeholders.items()}
        shown = ", ".join(f"{name}={value}" for name, value in self.placeholders.items())
        super().__init__(f"{key} ({shown})" if shown else key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that was put right or left out, as a translation key with what a message shows."""

    key: str
    placeholders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dbc:
    """A file that was read."""

    database: Database
    notices: tuple[Notice, ...] = ()


def text_of(data: bytes) -> str:
    """Return a file's text; old tools write in the code page of their Windows. Raises FrameMapError."""
    if len(data) > TEXT_MOST:
        raise FrameMapError("dbc_too_long", most=TEXT_MOST, length=len(data))
    if b"\0" in data:
        raise FrameMapError("dbc_wrong_format", format="binary")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def parse_dbc(text: str) -> Dbc:
    """Return what a DBC says. Raises FrameMapError, and nothing else."""
    if len(text) > TEXT_MOST:
        raise FrameMapError("dbc_too_long", most=TEXT_MOST, length=len(text))
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise FrameMapError("dbc_empty")
    for beginning, name in OTHERS.items():
        if start.startswith(beginning):
            raise FrameMapError("dbc_wrong_format", format=name)
    messages = len(MESSAGE.findall(text))
    if not messages:
        raise FrameMapError("dbc_no_messages")
    for key, count, most in (
        ("dbc_too_many_messages", messages, MESSAGES_MOST),
        ("dbc_too_many_signals", len(SIGNAL.findall(text)), SIGNALS_MOST),
        ("dbc_too_many_statements", text.count(";"), STATEMENTS_MOST),
    ):
        if count > most:
            raise FrameMapError(key, most=most, count=count)
    bare = QUOTED.sub('""', text)
    for pattern, most in SIZES:
        for match in pattern.finditer(bare):
            if len(match["number"]) > 6 or int(match["number"]) > most:
                raise FrameMapError("dbc_too_large", name=match["name"], number=match["number"][:20], most=most)
    notices: list[Notice] = []
    text = _without_orphans(_extended(text.replace("\r\n", "\n"), notices), notices)
    return Dbc(database=_usable(_loaded(text, notices), notices), notices=tuple(notices))


def _extended(text: str, notices: list[Notice]) -> str:
    """Set bit 31 of identifiers that need 29 bits and do not say so."""
    short = {
        number for match in MESSAGE.finditer(text) if STANDARD_MOST < (number := int(match["id"])) <= EXTENDED_MOST
    }
    if not short:
        return text
    notices.append(_notice("dbc_extended", short))

    def corrected(match: re.Match[str]) -> str:
        number = int(match["id"])
        rest = match.groupdict().get("rest") or ""
        return f"{match['words']}{number | EXTENDED if number in short else number}{rest}"

    return STATEMENT.sub(corrected, MESSAGE.sub(corrected, text))


def _without_orphans(text: str, notices: list[Notice]) -> str:
    """Leave out what is said of messages and signals that do not exist."""
    known: dict[int, set[str]] = {}
    heads = [*MESSAGE.finditer(text)]
    for head, end in zip(heads, [*(match.start() for match in heads[1:]), len(text)], strict=True):
        known.setdefault(int(head["id"]), set()).update(SIGNAL.findall(text, head.end(), end))
    known.pop(INDEPENDENT, None)
    orphans: set[int] = set()

    def kept(match: re.Match[str]) -> str:
        number, of_message = int(match["id"]), "BO_" in match["words"] or match["words"].startswith("SIG_GROUP_")
        if number in known and (of_message or match["signal"] in known[number]):
            return match[0]
        orphans.add(number & EXTENDED_MOST)
        return ""

    text = STATEMENT.sub(kept, text)
    if orphans:
        notices.append(_notice("dbc_orphans", orphans))
    return text


def _loaded(text: str, notices: list[Notice]) -> Database:
    """Return the database, read strictly if that can be. Raises FrameMapError."""
    trouble: Exception | None = None
    for strict in (True, False):
        database = Database(strict=strict)
        try:
            database.add_dbc_string(text)
        except ParseError as err:
            line = int(getattr(err, "line", 0) or 0)
            lines = text.splitlines()
            shown = lines[line - 1].strip()[:80] if 0 < line <= len(lines) else ""
            raise FrameMapError("dbc_syntax", line=line, text=shown) from err
        except FAILURES as err:
            trouble = err
            continue
        if trouble is not None:
            notices.append(Notice(key="dbc_lenient", placeholders={"error": str(trouble)[:200]}))
        return database
    raise FrameMapError("dbc_unreadable", error=str(trouble)[:200]) from trouble


def _usable(database: Database, notices: list[Notice]) -> Database:
    """Return the database if it has a message that says something. Raises FrameMapError."""
    long = {message.frame_id for message in database.messages if message.length > LONGEST}
    if long:
        notices.append(_notice("dbc_long_frames", long))
    if not any(message.signals for message in database.messages):
        raise FrameMapError("dbc_no_signals")
    return database


def _notice(key: str, numbers: set[int]) -> Notice:
    shown = sorted(numbers)[:SHOWN_MOST]
    names = ", ".join(spelled(number | EXTENDED if number > STANDARD_MOST else number) for number in shown)
    more = "" if len(numbers) <= SHOWN_MOST else " …"
    return Notice(key=key, placeholders={"ids": names + more, "count": str(len(numbers))})
