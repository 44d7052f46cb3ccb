"""Turns a document of headings, facts, tables and drawings into one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final

from ..harmless import UNSEEN
from .plots import Drawing

# Nothing may be fetched and nothing may run, wherever the file is opened: what a person typed stays text.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

# Columns beyond which a table is set smaller, so that it fits on paper.
_DENSE: Final = 7
# Letters of a word beyond which it may be broken anywhere in a table, so that it does not push others off the paper.
_LONG_WORD: Final = 14


class Tone(StrEnum):
    """How loudly a remark is shown."""

    NOTE = "note"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A box that stands out: a heading, if any, and paragraphs."""

    tone: Tone
    title: str = ""
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and what they are."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; columns of numbers, counted from 0, stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    caption: str = ""
    foot: tuple[str, ...] = ()
    """A last row that sums up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing under a title, with what there is to say about it."""

    title: str
    drawing: Drawing
    caption: str = ""


type Part = Text | Remark | Facts | Table | Figure | Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Parts under a heading; a section inside another has a smaller one."""

    title: str
    parts: tuple[Part, ...]
    new_page: bool = False
    """On paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole file."""

    language: str
    title: str
    subtitle: str
    parts: tuple[Part, ...]
    foot: str = ""
    """A line at the very end."""


def render(document: Document) -> str:
    """Return the file's text."""
    title = _text(f"{document.title} – {document.subtitle}")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{_text(document.language)}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_text(POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light only">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            "<header>",
            f"<h1>{_text(document.title)}</h1>",
            f'<p class="subtitle">{_text(document.subtitle)}</p>',
            "</header>",
            "<main>",
            *_parts(document.parts, 2),
            "</main>",
            f"<footer>{_text(document.foot)}</footer>",
            "</body>",
            "</html>",
            "",
        )
    )


def _text(text: str) -> str:
    """Return what shows as exactly this text, as content and inside quotes."""
    return escape(UNSEEN.sub("\ufffd", text), quote=True)


def _parts(parts: Iterable[Part], depth: int) -> Iterator[str]:
    for part in parts:
        match part:
            case Text():
                yield f"<p>{_text(part.text)}</p>"
            case Remark():
                yield from _remark(part)
            case Facts():
                yield from _facts(part)
            case Table():
                yield from _table(part)
            case Figure():
                yield from _figure(part, min(depth, 6))
            case Section():
                yield from _section(part, depth)


def _section(section: Section, depth: int) -> Iterator[str]:
    level = min(depth, 6)
    yield '<section class="page">' if section.new_page else "<section>"
    yield f"<h{level}>{_text(section.title)}</h{level}>"
    yield from _parts(section.parts, depth + 1)
    yield "</section>"


def _remark(remark: Remark) -> Iterator[str]:
    yield f'<div class="remark {remark.tone}">'
    if remark.title:
        yield f'<p class="what">{_text(remark.title)}</p>'
    yield from (f"<p>{_text(paragraph)}</p>" for paragraph in remark.paragraphs)
    yield "</div>"


def _facts(facts: Facts) -> Iterator[str]:
    yield '<table class="facts"><tbody>'
    for name, value in facts.rows:
        yield f'<tr><th scope="row">{_text(name)}</th><td>{_text(value)}</td></tr>'
    yield "</tbody></table>"


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="wide"><table{' class="dense"' if len(table.head) > _DENSE else ""}>'
    if table.caption:
        yield f"<caption>{_text(table.caption)}</caption>"
    yield f"<thead>{_row(table, table.head, 'th')}</thead>"
    yield "<tbody>"
    yield from (_row(table, row, "td") for row in table.rows)
    yield "</tbody>"
    if table.foot:
        yield f"<tfoot>{_row(table, table.foot, 'td')}</tfoot>"
    yield "</table></div>"


def _row(table: Table, cells: tuple[str, ...], tag: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return (
        "<tr>"
        + "".join(
            f"<{tag}{scope}{_look(cell, number=column in table.numbers)}>{_text(cell)}</{tag}>"
            for column, cell in enumerate(cells)
        )
        + "</tr>"
    )


def _look(cell: str, *, number: bool) -> str:
    """Return the class of a cell, ready to stand in its tag."""
    if number:
        return ' class="number"'
    return ' class="long"' if any(len(word) > _LONG_WORD for word in cell.split()) else ""


def _figure(figure: Figure, level: int) -> Iterator[str]:
    yield "<figure>"
    yield f"<h{level}>{_text(figure.title)}</h{level}>"
    yield figure.drawing
    if figure.caption:
        yield f"<figcaption>{_text(figure.caption)}</figcaption>"
    yield "</figure>"


STYLE: Final = """
:root { color-scheme: light only; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 40px; max-width: 860px; background: #fff; color: #1c2430;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 28px; line-height: 1.2; }
h2 { margin: 36px 0 10px; padding-bottom: 4px; border-bottom: 2px solid #1f5f99; font-size: 21px; }
h3 { margin: 24px 0 8px; font-size: 16px; }
h4, h5, h6 { margin: 16px 0 6px; font-size: 15px; }
p { margin: 6px 0; white-space: pre-line; overflow-wrap: anywhere; }
.subtitle { color: #4c5866; font-size: 16px; }
table { width: 100%; margin: 8px 0 12px; border-collapse: collapse; font-size: 13.5px; }
caption { padding: 2px 0 4px; text-align: left; color: #4c5866; }
th, td { padding: 4px 8px; border-bottom: 1px solid #dde3ea; text-align: left; vertical-align: top;
  white-space: pre-line; }
.facts th, .facts td, td.long { overflow-wrap: anywhere; }
tr > :first-child { min-width: 7em; }
thead th { border-bottom: 1.5px solid #8a97a6; background: #f2f5f8; }
tfoot td { border-top: 1.5px solid #8a97a6; border-bottom: 0; font-weight: 600; }
.number { text-align: right; white-space: pre; font-variant-numeric: tabular-nums; }
thead .number { white-space: normal; }
.dense { font-size: 12px; }
.dense tr > :first-child { min-width: 4.6em; }
.dense th, .dense td { padding: 4px; }
.facts th { width: 38%; font-weight: 400; color: #4c5866; }
.wide { overflow-x: auto; }
figure { margin: 18px 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: 2px; color: #4c5866; font-size: 13px; white-space: pre-line; }
.remark { margin: 10px 0; padding: 8px 14px; border-left: 5px solid #7a8796; background: #f4f6f8; }
.remark .what { font-weight: 600; }
.good { border-color: #2e7d4f; background: #eef7f1; }
.warning { border-color: #b7791f; background: #fdf6e7; }
.error { border-color: #b3261e; background: #fcefee; }
footer { margin-top: 36px; padding-top: 8px; border-top: 1px solid #dde3ea; color: #4c5866; font-size: 12.5px; }
@page { size: A4; margin: 16mm 14mm 18mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #4c5866; } }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h1 { font-size: 20pt; }
  h2 { font-size: 14pt; }
  h3 { font-size: 11pt; }
  table { font-size: 8.8pt; }
  .dense { font-size: 7.8pt; }
  th, td { padding: 2px 6px; }
  .dense th, .dense td { padding: 2px 3px; }
  h2, h3, h4, caption, thead { break-after: avoid; }
  tr, figure, .remark { break-inside: avoid; }
  p { orphans: 3; widows: 3; }
  .page { break-before: page; }
  tfoot { display: table-row-group; }
  .wide { overflow: visible; }
}
"""
