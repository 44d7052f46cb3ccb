"""Writes the report that ends a commissioning."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..coordinator import PackCoordinator
from ..core.commissioning import Outcome, Result, State, sign
from ..core.commissioning import state as state_of
from ..reports.files import ReportFile, TooLargeError, file_name, folder_of, write
from ..reports.markup import Document, Facts, Part, Remark, Section, Table, Text, Tone, render
from ..reports.words import UNKNOWN, Wording, async_wording
from ..runtime import HomeBmsRuntimeData
from ..texts import word
from .words import number_texts, outcome_name, reason_text, state_name, step_name

KIND: Final = "commissioning"
_TONES: Final = {
    State.PASSED: Tone.GOOD,
    State.PASSED_WITH_SKIPS: Tone.WARNING,
    State.FAILED: Tone.ERROR,
    State.OUT_OF_DATE: Tone.WARNING,
}


async def async_write_report(hass: HomeAssistant, pack: PackCoordinator, runtime: HomeBmsRuntimeData) -> str | None:
    """Write the report of what stands and sign it off; return its address, `None` where it could not be written.

    What was found stays found where the disk is full.
    """
    at = dt_util.now()
    name = file_name(KIND, (pack.name, pack.identity[-6:]), at.date())
    text = render(commission_document(hass, await async_wording(hass), pack, runtime, at))
    written: ReportFile | None = None
    try:
        written = await hass.async_add_executor_job(write, folder_of(hass), name, text)
    except (OSError, TooLargeError) as err:
        LOGGER.warning("The commissioning report of %s could not be written: %s", pack.name, err)
    await pack.commissioning.async_sign(at, None if written is None else written.name)
    return None if written is None else written.url


@callback
def commission_document(
    hass: HomeAssistant, wording: Wording, pack: PackCoordinator, runtime: HomeBmsRuntimeData, at: datetime
) -> Document:
    """Return the report of what stands now, as it is once it is signed off."""
    commissioning = pack.commissioning
    record = sign(commissioning.record, commissioning.steps, at.isoformat(), None)
    state = state_of(record, commissioning.steps, commissioning.basis)
    counts = {outcome: sum(result.outcome is outcome for result in record.results.values()) for outcome in Outcome}
    tally = ", ".join(f"{outcome_name(hass, outcome)}: {count}" for outcome, count in counts.items())
    version = str(async_get_loaded_integration(hass, DOMAIN).version)
    return Document(
        language=hass.config.language,
        title=word(hass, "commission_report", "title"),
        subtitle=f"{pack.name}, {wording.moment(at)}",
        parts=(
            Remark(tone=_TONES.get(state, Tone.NOTE), title=state_name(hass, state), paragraphs=(tally,)),
            Section(title=word(hass, "commission_report", "about"), parts=(_about(hass, pack, runtime),)),
            Section(title=word(hass, "commission_report", "steps"), parts=(_steps(hass, wording, pack),)),
            Section(title=word(hass, "commission_report", "left_out"), parts=tuple(_left_out(hass, pack))),
            Section(
                title=word(hass, "commission_report", "signed"),
                parts=(
                    Facts(
                        rows=(
                            (word(hass, "commission_report", "by"), record.by),
                            (word(hass, "commission_report", "on"), wording.moment(at)),
                            (word(hass, "commission_report", "signature"), "______________________________"),
                        )
                    ),
                    Text(text=word(hass, "commission_report", "means")),
                ),
            ),
        ),
        foot=f"home_bms {version}, Home Assistant {__version__}",
    )


def _about(hass: HomeAssistant, pack: PackCoordinator, runtime: HomeBmsRuntimeData) -> Facts:
    config, info = pack.config, pack.info
    drivers = [one.name for one in runtime.inverters.values() if not one.opened.reads_only]
    if pack.host is not None:
        drivers.append(word(hass, "commission_writes", "simulated"))
    allowed = word(hass, "commission_writes", "allowed" if runtime.control_allowed else "read_only")
    rows = {
        "pack": pack.name,
        "device": UNKNOWN if info is None else f"{info.manufacturer} {info.model}",
        "serial_number": UNKNOWN if info is None else info.serial_number or UNKNOWN,
        "firmware": UNKNOWN if info is None else info.firmware or UNKNOWN,
        "battery": f"{config.cells} × {word(hass, 'chemistry', config.chemistry)}, {config.capacity:g} Ah",
        "currents": f"{config.charge_current:g} A / {config.discharge_current:g} A",
        "inverters": ", ".join(drivers) or UNKNOWN,
        "control": allowed,
    }
    return Facts(rows=tuple((word(hass, "commission_report", key), value) for key, value in rows.items()))


def _steps(hass: HomeAssistant, wording: Wording, pack: PackCoordinator) -> Table:
    """Return a row for each step."""
    commissioning = pack.commissioning
    rows = []
    for step in commissioning.steps:
        result = commissioning.record.results.get(step.key)
        if result is not None:
            rows.append((step_name(hass, step), *_cells(hass, wording, result)))
    head = ("step", "outcome", "why", "measured", "when", "who")
    return Table(head=tuple(word(hass, "commission_report", key) for key in head), rows=tuple(rows))


def _cells(hass: HomeAssistant, wording: Wording, result: Result) -> tuple[str, ...]:
    at = dt_util.parse_datetime(result.at)
    return (
        outcome_name(hass, result.outcome),
        reason_text(hass, result),
        wording.local("; ".join(number_texts(hass, result))),
        UNKNOWN if at is None else _moment(at),
        result.by,
    )


def _left_out(hass: HomeAssistant, pack: PackCoordinator) -> list[Part]:
    """Return what was skipped, named so that nobody takes it for done."""
    commissioning = pack.commissioning
    rows = tuple(
        (step_name(hass, step), reason_text(hass, result))
        for step in commissioning.steps
        if (result := commissioning.record.results.get(step.key)) is not None and result.outcome is Outcome.SKIPPED
    )
    return [Facts(rows=rows)] if rows else [Text(text=word(hass, "commission_report", "nothing_left_out"))]


def _moment(at: datetime) -> str:
    return dt_util.as_local(at).strftime("%Y-%m-%d %H:%M")
