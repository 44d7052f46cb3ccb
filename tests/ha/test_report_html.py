"""A document becomes a page that is whole, that needs nothing else, and in which text is never anything but text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.reports.markup import (
    POLICY,
    Document,
    Facts,
    Figure,
    Part,
    Remark,
    Section,
    Table,
    Text,
    Tone,
    render,
)
from custom_components.home_bms.reports.plots import Drawing

from .report_reader import Reader

NASTY = '<img src=x onerror="alert(1)"> & \'</td></style><script>alert(2)</script>'


def page(*parts: Part, **changes: str) -> str:
    told = {"language": "en", "title": "Title", "subtitle": "Subtitle", "foot": "Foot", **changes}
    return render(Document(**told, parts=parts))


def every(text: str) -> tuple[Part, ...]:
    """Return each kind of part with one text wherever a text may be."""
    return (
        Text(text=text),
        Remark(tone=Tone.WARNING, title=text, paragraphs=(text, text)),
        Remark(tone=Tone.GOOD),
        Facts(rows=((text, text),)),
        Table(head=(text, text), rows=((text, text),), numbers=frozenset({1}), caption=text, foot=(text, text)),
        Figure(title=text, drawing=Drawing("<svg></svg>"), caption=text),
        Section(title=text, parts=(Section(title=text, parts=(Text(text=text),)),), new_page=True),
    )


# How often `every` shows its text.
TIMES = 18


@pytest.mark.parametrize("text", [NASTY, "Pack 1", "ä € 漢 🔋", "a\nb", "{name}", "%s"])
def test_a_text_shows_as_what_it_is_wherever_it_stands(text: str) -> None:
    read = Reader(page(*every(text)))
    assert read.texts.count(text) == TIMES
    assert not read.tags() & {"script", "img", "iframe", "object", "a", "link", "form"}


def test_a_text_in_the_head_and_the_foot_is_text_too() -> None:
    read = Reader(page(language=NASTY, title=NASTY, subtitle=NASTY, foot=NASTY))
    assert read.texts.count(NASTY) == 3
    assert read.elements[0] == ("html", {"lang": NASTY})
    assert not read.tags() & {"script", "img"}


@given(text=st.text())
def test_whatever_somebody_types_the_page_stays_whole(text: str) -> None:
    written = page(*every(text), title=text)
    written.encode()
    read = Reader(written)
    plain = {tag for tag, _ in Reader(page(*every("x"), title="x")).elements}
    # What is empty is left out.
    assert read.tags() <= plain


@pytest.mark.parametrize("unseen", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800", "\x85"])
def test_what_cannot_be_seen_is_shown_as_unreadable(unseen: str) -> None:
    assert f"a{unseen}b" not in page(Text(text=f"a{unseen}b"))
    assert "a\ufffdb" in Reader(page(Text(text=f"a{unseen}b"))).texts


def test_the_page_fetches_nothing_and_forbids_that_anything_runs() -> None:
    written = page(*every("x"))
    read = Reader(written)
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": POLICY}) in read.elements
    assert POLICY.startswith("default-src 'none'")
    assert "script-src" not in POLICY
    assert "http://" not in written
    assert "https://" not in written
    assert "url(" not in written
    assert "@import" not in written
    assert not {name for _, attributes in read.elements for name in attributes} & {"src", "href", "onload", "onerror"}


def test_sections_inside_sections_have_smaller_headings() -> None:
    inner: Part = Text(text="x")
    for depth in range(8, 0, -1):
        inner = Section(title=f"at {depth}", parts=(inner,))
    read = Reader(page(inner))
    assert [tag for tag, _ in read.elements if tag[0] == "h" and tag[1:].isdigit()] == [
        *("h1", "h2", "h3", "h4", "h5"),
        *("h6",) * 4,
    ]


def test_numbers_stand_to_the_right_and_wide_tables_are_set_smaller() -> None:
    read = Reader(page(Table(head=("a", "b"), rows=(("c", "1"),), numbers=frozenset({1}))))
    assert ("td", {"class": "number"}) in read.elements
    assert ("td", {}) in read.elements
    assert ("table", {}) in read.elements
    wide = Reader(page(Table(head=("a",) * 8, rows=())))
    assert ("table", {"class": "dense"}) in wide.elements


def test_only_words_that_are_too_long_for_a_column_are_broken() -> None:
    name = "2026-11-26_cell_overvoltage_trip.jsonl.gz"
    told = page(Table(head=("Step", "Result"), rows=(("Drill: cell too high", "Skipped"), ("Black box", name))))
    assert [attributes.get("class") for tag, attributes in Reader(told).elements if tag == "td"] == [
        *(None, None),
        *(None, "long"),
    ]
    assert "td.long { overflow-wrap: anywhere; }" in told
