"""A report tells what the recorder, the black boxes and home_bms itself know: the same numbers, and gaps as gaps."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import kalman
from custom_components.home_bms.core.battery import Ageing, Finding, Kind, Life, Trend
from custom_components.home_bms.core.model import HardwareRing, Level
from custom_components.home_bms.helpers import ring_data
from custom_components.home_bms.reports import events as report_events
from custom_components.home_bms.reports.data import Recordings

from .conftest import ENTRY_ID, PACK_ID, SERIAL, ScriptedDriver, lost, make_entry, pack_subentry, set_up, ticks, until
from .inverter_house import gx, house, inverter_of, looks, quick_inverters
from .lessons import LOOSE, live, teach
from .report_house import LOST_MONTH, YEAR, charged, discharged, hours, local, remember, silent
from .report_reader import Reader
from .test_services import OTHER_ID, answer

NASTY = "<img src=x onerror=alert(1)>"
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR, Platform.EVENT]


@pytest.fixture(autouse=True)
def apart(hass: HomeAssistant, tmp_path: Path) -> None:
    """Keep the files apart from other tests'."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def packs(
    recorder_mock: Recorder, hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> list[PackCoordinator]:
    """Return two packs with a recorder; the first tells its own settings."""
    ring = HardwareRing(cell_overvoltage=3.65, charge_overtemperature=60.0)
    driver.identity = replace(driver.identity, hardware_ring=ring)
    drivers.append(ScriptedDriver("JK-0002"))
    entry = make_entry(
        hass,
        pack_subentry(hardware_ring=ring_data(ring)),
        pack_subentry(OTHER_ID, f"Pack {NASTY}", serial_number="JK-0002"),
    )
    await set_up(hass, entry)
    return list(entry.runtime_data.packs.values())


async def report(hass: HomeAssistant, key: str = PACK_ID, **data: Any) -> Reader:
    """Have a report made and read it."""
    told = await answer(hass, "report", key, **data)
    page = await hass.async_add_executor_job(Path(told["path"]).read_text)
    assert told["size"] == len(page.encode())
    return Reader(page)


def summed(flow: Callable[[datetime], float], start: datetime, end: datetime) -> float:
    """Return the kWh that the recorder was given of a stretch of time."""
    return sum(flow(time) for time in hours(start, end) if not silent(time))


async def test_a_year_of_two_packs_adds_up_to_what_the_recorder_has(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    await remember(hass, local(YEAR, 1), local(YEAR + 1, 2))
    await remember(hass, local(YEAR, 11), local(YEAR + 1, 2), OTHER_ID, times=2.0)
    read = await report(hass, ENTRY_ID, period="year", date=f"{YEAR}-06-15")

    mine = {row[0]: row[1:] for row in read.rows if len(row) == 4 and row[0].endswith(str(YEAR))}
    assert len(mine) == 12
    both = [[row for row in read.rows if row[0] == f"{month} {YEAR}" and len(row) == 4] for month in MONTHS]
    total_in = total_out = 0.0
    for number, (own, other) in enumerate(both, 1):
        start, end = local(YEAR, number), local(YEAR + number // 12, number % 12 + 1)
        flows = summed(charged, start, end), summed(discharged, start, end)
        if number == LOST_MONTH:
            assert own[1:] == ("–", "–", "744 h")
            continue
        assert [float(cell.removesuffix(" kWh")) for cell in own[1:3]] == [
            pytest.approx(flow, abs=0.06) for flow in flows
        ]
        assert own[3] == f"{sum(silent(time) for time in hours(start, end))} h"
        total_in, total_out = total_in + flows[0], total_out + flows[1]
        if number < 11:
            assert other[1:] == ("–", "–", "–")
    sums = [row for row in read.rows if row[0] == "Sum" and len(row) == 4]
    assert [float(cell.removesuffix(" kWh")) for cell in sums[0][1:3]] == [
        pytest.approx(total, abs=0.06) for total in (total_in, total_out)
    ]
    assert sums[0][3] == "792 h"
    assert sums[1][3] == "0 h"

    glance = read.row("Pack 1")
    assert glance[1:3] == sums[0][1:3]
    assert glance[-1] == "792 h"
    assert float(glance[3].removesuffix(" %")) == pytest.approx(100 * total_out / total_in, abs=0.1)
    (together,) = [row for row in read.rows if row[0] == "Sum" and len(row) == 10]
    november = summed(charged, local(YEAR, 11), local(YEAR + 1, 1))
    assert float(together[1].removesuffix(" kWh")) == pytest.approx(total_in + 2 * november, abs=0.2)

    assert "Pack 1: 792 h without data, 9.0 % of the time. Energy that flowed meanwhile is not counted." in read.texts
    lacks = " ".join(read.texts)
    assert f"Pack {NASTY}: the first data are from 1 November {YEAR}, 00:00:00." in lacks
    assert read.texts.count(f"Pack {NASTY}") >= 2
    assert not read.tags() & {"img", "script"}
    # Each curve of the first pack is in three pieces: before, between and after the two gaps.
    drawn = [attributes["d"] for tag, attributes in read.elements if tag == "path" and attributes.get("stroke-width")]
    assert len(drawn) >= 3 * 6


async def test_what_the_recorder_has_yet_to_write_down_is_waited_for(
    hass: HomeAssistant, packs: list[PackCoordinator], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, asked, order = get_instance(hass), threading.Event(), []
    ask, first = recorder.async_get_commit_future, Recordings.async_first

    class Busy(RecorderTask):
        def run(self, instance: Recorder) -> None:
            asked.wait(5.0)

    class Writing(RecorderTask):
        def run(self, instance: Recorder) -> None:
            order.append("written")

    def settle() -> Any:
        future = ask()
        asked.set()
        return future

    async def read(self: Recordings, pack: PackCoordinator) -> datetime | None:
        order.append("read")
        return await first(self, pack)

    monkeypatch.setattr(recorder, "async_get_commit_future", settle)
    monkeypatch.setattr(Recordings, "async_first", read)
    recorder.queue_task(Busy())
    recorder.queue_task(Writing())
    await report(hass)
    assert order == ["written", "read"]


async def test_a_month_is_told_day_by_day(hass: HomeAssistant, packs: list[PackCoordinator]) -> None:
    await remember(hass, local(YEAR, 5), local(YEAR, 6))
    read = await report(hass, PACK_ID, period="month", date=f"{YEAR}-05-31")
    for day in (2, 9, 12, 31):
        start = local(YEAR, 5, day)
        row = read.row(f"{day} May {YEAR}")
        flows = (summed(flow, start, start + timedelta(days=1)) for flow in (charged, discharged))
        assert row[1:3] == tuple(f"{flow:.1f} kWh" for flow in flows)
    assert read.row(f"10 May {YEAR}")[1:] == ("–", "–", "24 h")
    assert f"May {YEAR}" in read.texts[0]
    # What one pack is about has nothing of the other.
    assert NASTY not in " ".join(read.texts)


async def test_since_the_installation_begins_with_the_first_hour(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    await remember(hass, local(YEAR, 2, 7) + timedelta(hours=5), local(YEAR, 3))
    read = await report(hass, ENTRY_ID, period="since_installation")
    assert read.row("Period")[1].startswith(f"7 February {YEAR}, 00:00 to ")
    (row,) = [row for row in read.rows if row[0] == f"February {YEAR}" and row[1] != "–"]
    assert row[3] == "0 h"
    # The second pack was never recorded.
    assert f"Pack {NASTY}: Home Assistant has recorded nothing of it yet." in read.texts


async def test_what_home_bms_has_learned_is_told_with_its_bands(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    pack = packs[0]
    await until(lambda: pack.latest.estimate.knowledge is not None)
    trend = Trend(state=(0.95, -0.02), covariance=kalman.diagonal((0.004, 0.004)))
    worse = replace(trend, state=(0.90, -0.03))
    ageing = Ageing(hours=9000.0, sizes=(trend,) * 2 + (worse,) + (trend,) * 13, ohms=(None,) * 16, first=(None,) * 16)
    teach(pack)
    live(pack, life=Life(stored_energy=9000.0, stored_first=1000.0, soh=96.0, ageing=ageing), energy_in=3.4e6)
    await ticks(pack)
    read = await report(hass)
    assert "Worst: cell 3" in read.texts
    cells = {row[0]: row for row in read.rows if len(row) == 9}
    assert cells["1"][1:3] == ("270.0", "264 … 276")
    assert float(cells["3"][1]) == pytest.approx(270 * 0.951, abs=0.5)
    assert cells["7"][5] == "0.50"
    assert cells["9"][7] == "1.25"
    assert re.fullmatch(r"\d+ … > 30|\d+ … \d+", cells["3"][8])
    assert cells["Middle"][1] == "270.0"
    assert read.row("Energy charged, ever")[1] == "3400 kWh"
    assert read.row("Capacity of the middle cell, band")[1] == "264 … 276 Ah"


async def test_what_happened_and_what_to_do_is_told_in_sentences(
    hass: HomeAssistant, packs: list[PackCoordinator], driver: ScriptedDriver
) -> None:
    pack = packs[0]
    await until(lambda: pack.latest.estimate.knowledge is not None)
    loose = Finding(kind=Kind.LOOSE_JOINT, cell=LOOSE, since=3600.0, confidence=0.99, value=0.0004, threshold=0.0001)
    teach(pack, findings=(loose,))
    driver.cells[6] = 3.70
    await until(lambda: pack.latest.decision.mode == "tripped")
    driver.cells[6] = 3.30
    await ticks(pack, 5)
    tripped = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    assert "Pack 1 has tripped: Cell over-voltage" in tripped.texts
    (row,) = [row for row in tripped.rows if "Trip" in row[1:2]]
    assert row[3] == "–"

    await pack.async_reset_trips()
    await ticks(pack, 3)
    await async_wait_recording_done(hass)
    read = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    (row,) = [row for row in read.rows if "Trip" in row[1:2]]
    sentence, box = row[2].split("\n")
    assert sentence.startswith("Cell 7 reached 3.70 V, above the trip of 3.64 V; charging")
    assert re.fullmatch(r"Black box: \S+_cell_overvoltage_trip\.jsonl\.gz", box)
    assert re.fullmatch(r"\d+ s|[\d.]+ min", row[3])
    assert read.row("Pack 1")[6:9] == ("1", "0", "0")
    assert "A joint at cell 7 of Pack 1 is loose" in read.texts
    assert any("clean and tighten the busbars" in text for text in read.texts)
    assert "The period is not over yet." in read.texts
    assert "Pack 1 has tripped: Cell over-voltage" not in read.texts


async def test_settings_of_protections_stand_beside_those_of_the_pack(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    read = await report(hass)
    assert read.row("Cell over-voltage")[1:] == ("3.50 V for 2 s", "–", "3.55 V", "3.60 V for 3 s\n3.64 V", "3.45 V")
    assert read.row("Deeply discharged")[4:] == ("2.30 V for 5 s", "by hand")
    assert read.row("Sensor failed")[3] == "1.5 s"
    assert read.row("Cell over-voltage protection")[1] == "3.65 V"
    assert read.row("Control")[1].startswith("Not allowed")
    await packs[0].config_entry.runtime_data.async_allow_control(True)
    assert (await report(hass)).row("Control")[1].startswith("Allowed")
    assert "The pack does not tell the settings of its own BMS." in (await report(hass, OTHER_ID)).texts


async def test_serial_numbers_are_told_only_to_who_asks_for_them(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    await until(lambda: packs[0].device_info.get("serial_number"))
    for key in ("identity_changed", "address_shared"):
        ir.async_create_issue(
            hass, DOMAIN, key, is_fixable=False, severity=ir.IssueSeverity.ERROR, translation_key=key,
            translation_placeholders={"name": "Pack 1", "error": "JK-9999", "address": "1 (10.0.0.7:502)"},
            data={"entry_id": ENTRY_ID, "subentry_id": PACK_ID},
        )  # fmt: skip
    text = " ".join((await report(hass, ENTRY_ID)).texts)
    assert not re.search(r"JK-\d|10\.0\.0\.7", text)
    read = await report(hass, ENTRY_ID, serial_numbers=True)
    text = " ".join(read.texts)
    assert all(secret in text for secret in (SERIAL, "JK-0002", "JK-9999", "10.0.0.7"))


async def test_what_is_wrong_with_the_bus_of_a_pack_is_told_in_its_report(
    hass: HomeAssistant, packs: list[PackCoordinator]
) -> None:
    packs[0].can = SimpleNamespace(link=SimpleNamespace(params=SimpleNamespace(key="can0")))  # type: ignore[assignment]
    for bus in ("can0", "can1"):
        ir.async_create_issue(
            hass, DOMAIN, bus, is_fixable=False, severity=ir.IssueSeverity.WARNING, translation_key="internal_error",
            translation_placeholders={"name": bus, "error": "x"}, data={"bus": bus},
        )  # fmt: skip
    found = [text for text in (await report(hass)).texts if text.startswith("Home BMS made a mistake with")]
    assert found == ["Home BMS made a mistake with can0"]


async def test_repairs_of_others_are_none_of_its_business(hass: HomeAssistant, packs: list[PackCoordinator]) -> None:
    def trouble(issue: str, entry_id: str, subentry_id: str | None, key: str = "internal_error") -> None:
        ir.async_create_issue(
            hass, DOMAIN, issue, is_fixable=False, severity=ir.IssueSeverity.WARNING, translation_key=key,
            translation_placeholders={"name": issue, "error": "x"},
            data={"entry_id": entry_id, "subentry_id": subentry_id},
        )  # fmt: skip

    trouble("mine", ENTRY_ID, PACK_ID)
    trouble("everybody's", ENTRY_ID, None)
    trouble("the other pack's", ENTRY_ID, OTHER_ID)
    trouble("another system's", "01OTHER", None)
    trouble("an offer", ENTRY_ID, None, "energy_dashboard")
    found = [text for text in (await report(hass)).texts if text.startswith("Home BMS made a mistake with")]
    assert found == [f"Home BMS made a mistake with {name}" for name in ("everybody's", "mine")]
    assert "Nothing was found that needs a person." not in found


async def test_events_without_room_are_counted(
    hass: HomeAssistant, packs: list[PackCoordinator], driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = packs[0]
    # The very first ones are those of a pack that was not heard yet.
    await until(lambda: pack.latest.decision.mode != "starting")
    driver.cells[6] = 3.70
    await until(lambda: pack.latest.decision.mode == "tripped")
    driver.temperatures[0] = 80.0
    await until(lambda: len([1 for alarm in pack.latest.decision.alarms if alarm.level is Level.TRIP]) > 1)
    await async_wait_recording_done(hass)
    monkeypatch.setattr(report_events, "MOST_EPISODES", 1)
    read = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    glance = read.row("Pack 1")
    left = sum(int(count) for count in glance[6:9]) - 1
    assert left >= 1
    assert f"{left} lesser or older events are left out." in read.texts
    assert len([row for row in read.rows if row[1:2] == ("Trip",)]) == 1


async def test_a_pack_that_never_told_its_cells_is_reported_too(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    driver.error = lost()
    await set_up(hass, make_entry(hass))
    read = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    assert "Nothing has been learned of the cells yet." in read.texts
    assert read.row("State of health")[1] == "–"


async def test_inverters_are_named(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_inverters(monkeypatch)
    async with house(gx(), 100, model="victron_gx") as home:
        entry = await home.set_up(hass)
        await looks(inverter_of(entry))
        read = await report(hass, ENTRY_ID, date=dt_util.now().date().isoformat())
        assert "Inverters" in read.texts
        assert "Victron" in " ".join(read.row("Inverter"))
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_it_speaks_german(hass: HomeAssistant, packs: list[PackCoordinator]) -> None:
    hass.config.language = "de"
    await until(lambda: packs[0].latest.estimate.knowledge is not None)
    read = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    assert read.elements[0] == ("html", {"lang": "de"})
    assert read.texts[1] == "Batteriebericht"
    assert read.row("Zell-Überspannung")[3] == "3,55 V"
    assert "Es wurde nichts gefunden, was einen Menschen braucht." in read.texts
    # Nothing is called by its key.
    assert not [text for text in read.texts if re.fullmatch(r"[a-z]+(_[a-z]+)+", text)]


async def test_a_pack_is_called_as_its_user_calls_it(hass: HomeAssistant, packs: list[PackCoordinator]) -> None:
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    registry.async_update_device(device.id, name_by_user="Cellar")
    assert (await report(hass)).texts[0].startswith("Battery report – Cellar · ")


async def test_without_a_recorder_it_says_so_and_tells_the_rest(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    read = await report(hass, PACK_ID, date=dt_util.now().date().isoformat())
    assert any(text.startswith("Home Assistant records nothing here") for text in read.texts)
    assert read.row("Rated capacity")[1] == "280 Ah"
    assert "Nothing recorded" in read.texts


@pytest.mark.parametrize("day", ["1999-01-01", "2999-01-01"])
async def test_days_without_a_battery_are_refused_with_the_range(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, day: str
) -> None:
    with pytest.raises(ServiceValidationError) as refusal:
        await answer(hass, "report", date=day)
    assert refusal.value.translation_key == "out_of_range"
    assert refusal.value.translation_placeholders is not None
    assert refusal.value.translation_placeholders["field"] == "date"
    assert refusal.value.translation_placeholders["value"] == f"1 January {day[:4]}"
