"""Puts a report together: what it is about, what matters at a glance, what to do, and each pack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from homeassistant.helpers.issue_registry import IssueSeverity

from .account import Account, PackAccount
from .markup import Document, Facts, Part, Remark, Section, Table, Text, Tone
from .pack import pack_section
from .period import Period, Span
from .words import Wording


def report_document(wording: Wording, account: Account) -> Document:
    """Return the whole report."""
    parts: list[Part] = [
        _about(wording, account),
        *_remarks(wording, account),
        _glance(wording, account),
        _found(wording, account),
    ]
    if account.inverters:
        parts.append(_inverters(wording, account))
    parts += [pack_section(wording, account.period, pack, new_page=True) for pack in account.packs]
    parts.append(_reading(wording))
    return Document(
        language=wording.language,
        title=wording("title"),
        subtitle=f"{account.title} · {period_name(wording, account.period)}",
        parts=tuple(parts),
        foot=wording(
            "foot", home_bms=account.home_bms, home_assistant=account.home_assistant, made=wording.moment(account.made)
        ),
    )


def period_name(wording: Wording, period: Period) -> str:
    """Return what a person calls a period."""
    match period.span:
        case Span.MONTH:
            return wording.month(period.start)
        case Span.YEAR:
            return str(period.start.year)
        case _:
            return wording("since", day=wording.day(period.start))


def _about(wording: Wording, account: Account) -> Facts:
    period = account.period
    last = wording("midnight", day=wording.day(period.end)) if period.over else wording.moment(period.end)
    rows = [
        (wording("battery_system"), account.system),
        (wording("packs"), ", ".join(pack.name for pack in account.packs)),
        (wording("period"), wording("from_to", start=wording.day(period.start), end=last)),
        (wording("made"), wording.moment(account.made)),
        (wording("software"), f"home_bms {account.home_bms}, Home Assistant {account.home_assistant}"),
        (wording("control"), wording("control_on" if account.control_allowed else "control_off")),
    ]
    return Facts(rows=tuple(rows))


def _remarks(wording: Wording, account: Account) -> Iterator[Remark]:
    """Say openly what the report lacks."""
    period, lacks = account.period, []
    if not account.recorder:
        lacks.append(wording("no_recorder"))
    if not period.over and period.span is not Span.SINCE_INSTALLATION:
        lacks.append(wording("running"))
    if account.events_from is not None and account.events_from > period.start:
        lacks.append(wording("events_kept", day=wording.day(account.events_from)))
    for pack in account.packs if account.recorder else ():
        silent, first = pack.recorded.silent, pack.recorded.first
        if first is None:
            lacks.append(wording("nothing_yet", name=pack.name))
            continue
        if first > period.start:
            lacks.append(wording("first_data", name=pack.name, first=wording.moment(first)))
        if silent:
            lacks.append(
                wording(
                    "silent_remark",
                    name=pack.name,
                    hours=wording.number(silent, 0, "h"),
                    share=wording.number(100 * silent / pack.recorded.hours, 1, "%"),
                )
            )
    if lacks:
        yield Remark(tone=Tone.NOTE, title=wording("lacks"), paragraphs=tuple(lacks))


def _glance(wording: Wording, account: Account) -> Section:
    names = ("pack", "charged", "discharged", "back", "capacity", "soh", "trips", "stops", "lesser", "silent")
    rows = tuple(_glance_row(wording, pack) for pack in account.packs)
    packs = account.packs
    charged = _total(pack.recorded.charged for pack in packs)
    discharged = _total(pack.recorded.discharged for pack in packs)
    trips, stops, lesser = (str(sum(pack.counts[place] for pack in packs)) for place in range(3))
    foot = (
        wording("sum"),
        wording.number(charged, 1, "kWh"),
        wording.number(discharged, 1, "kWh"),
        _back(wording, charged, discharged),
        "",
        "",
        trips,
        stops,
        lesser,
        "",
    )
    table = Table(
        head=tuple(wording(name) for name in names),
        rows=rows,
        numbers=frozenset(range(1, len(names))),
        foot=foot if len(packs) > 1 else (),
    )
    return Section(title=wording("glance"), parts=(table, Text(text=wording("glance_caption"))))


def _glance_row(wording: Wording, pack: PackAccount) -> tuple[str, ...]:
    recorded, estimate = pack.recorded, pack.snapshot.estimate
    return (
        pack.name,
        wording.number(recorded.charged, 1, "kWh"),
        wording.number(recorded.discharged, 1, "kWh"),
        _back(wording, recorded.charged, recorded.discharged),
        wording.number(estimate.capacity, 0, "Ah"),
        wording.number(estimate.life.soh, 0, "%"),
        *(str(count) for count in pack.counts),
        wording.number(recorded.silent, 0, "h"),
    )


def _back(wording: Wording, charged: float | None, discharged: float | None) -> str:
    share = 100 * discharged / charged if charged and discharged is not None else None
    return wording.number(share, 1, "%")


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_TONES = {
    IssueSeverity.CRITICAL: Tone.ERROR,
    IssueSeverity.ERROR: Tone.ERROR,
    IssueSeverity.WARNING: Tone.WARNING,
}


def _found(wording: Wording, account: Account) -> Section:
    remarks: tuple[Part, ...] = tuple(
        Remark(tone=_TONES[found.severity], title=found.title, paragraphs=tuple(found.text.split("\n\n")))
        for found in account.found
    )
    if not remarks:
        remarks = (Remark(tone=Tone.GOOD, paragraphs=(wording("nothing_found"),)),)
    return Section(title=wording("found"), parts=(Text(text=wording("found_caption")), *remarks))


def _inverters(wording: Wording, account: Account) -> Section:
    names = list(account.inverters[0][1])
    return Section(
        title=wording("inverters"),
        parts=(
            Table(
                head=(wording("name"), *(wording(name) for name in names)),
                rows=tuple((title, *identity.values()) for title, identity in account.inverters),
            ),
        ),
    )


def _reading(wording: Wording) -> Section:
    texts = ("reading_layer", "reading_statistics", "reading_learned", "reading_bands", "reading_print")
    return Section(title=wording("reading"), parts=tuple(Text(text=wording(key)) for key in texts))
