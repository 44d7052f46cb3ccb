"""Reads a report as a browser would, and finds fault with what a browser would forgive."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final, override

_VOID: Final = frozenset({"meta", "link", "br", "hr", "img", "input", "base"})
# Of SVG, which may close themselves.
_SHAPES: Final = frozenset({"path", "rect", "circle"})


class Reader(HTMLParser):
    """The elements and texts of a page; every element must be closed where it belongs."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.rows: list[tuple[str, ...]] = []
        self._row: list[str] | None = None
        self._open: list[str] = []
        assert page.startswith("<!DOCTYPE html>\n")
        self.feed(page)
        self.close()
        assert self._open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        if tag == "tr":
            self._row = []
        if tag in ("td", "th") and self._row is not None:
            self._row.append("")
        if tag not in _VOID:
            self._open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _SHAPES, f"{tag} cannot close itself"
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{tag} is closed and was not open"
        assert self._open.pop() == tag
        if tag == "tr" and self._row is not None:
            self.rows.append(tuple(self._row))
            self._row = None

    @override
    def handle_data(self, data: str) -> None:
        assert not data.strip() or not self._open or self._open[-1] not in ("tr", "table", "tbody", "thead", "tfoot"), (
            data
        )
        if self._open and self._open[-1] != "style" and data.strip():
            self.texts.append(data)
        if self._row and self._open[-1] in ("td", "th"):
            self._row[-1] += data

    def row(self, first: str) -> tuple[str, ...]:
        """Return the only row that begins with a text."""
        (found,) = [row for row in self.rows if row[0] == first]
        return found

    def tags(self) -> set[str]:
        """Return the kinds of elements that there are."""
        return {tag for tag, _ in self.elements}
