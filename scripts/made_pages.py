"""Puts what is made from the code into pages and files, or tells whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a table of Markdown; the first is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *body))


def between(text: str, begin: str, end: str, made: str) -> str:
    """Return a text with something else between two marks. Raises ValueError where the first is missing."""
    before, rest = text.split(begin, 1)
    return f"{before}{begin}{made}\n{end}{rest.split(end, 1)[1]}"


def renew(arguments: Sequence[str], made: Mapping[Path, Callable[[str], str]]) -> int:
    """Make files anew from what stands in them, or with `--check` tell by the exit code whether they are current."""
    texts = {path: path.read_text() if path.exists() else "" for path in made}
    new = {path: make(texts[path]) for path, make in made.items()}
    if "--check" in arguments:
        return int(new != texts)
    for path, text in new.items():
        path.write_text(text)
    return 0
