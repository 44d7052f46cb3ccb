"""SunSpec batteries: what was recorded and what their points mean."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.sunspec_events import BATTERY_EVENTS, CONNECTION_FAILURES
from custom_components.home_bms.hw.driver import DeviceInfo
from custom_components.home_bms.hw.frames import from_tcp, memory_of
from custom_components.home_bms.hw.sunspec.memory import BASES, memory_with
from custom_components.home_bms.hw.sunspec.models import (
    BANK,
    BATTERY,
    COMMON,
    DC_MEASUREMENT,
    MODULE,
    STORAGE,
    STORAGE_CAPACITY,
    STRING,
)

from .recorded import FRAMES, vectors

ROOT = Path(__file__).parents[2]
SUNSPEC, NEGATIVE, POSITIVE = (
    DEVICES[key] for key in ("sunspec", "sunspec_charging_negative", "sunspec_charging_positive")
)
SIGNS = [(POSITIVE, 1), (NEGATIVE, -1)]
VECTORS = vectors("sunspec")


def decoded(vector):
    """Return a recorded vector's values."""
    if "registers_hex" in vector:
        words = bytes.fromhex(vector["registers_hex"])
        pairs = zip(words[::2], words[1::2], strict=True)
        return SUNSPEC.decode({vector["base"] + at: high << 8 | low for at, (high, low) in enumerate(pairs)})
    frames = (from_tcp(bytes.fromhex(vector[part])) for part in ("request", "response"))
    return SUNSPEC.decode(memory_of(SUNSPEC, *frames))


def read(*chain, device=POSITIVE, found=()):
    """Return the reading of a chain, and what it was when the battery was found."""
    return device.reading(values(*chain), values(*found))


def values(*chain):
    """Return the values of a chain that was read whole."""
    return SUNSPEC.decode(memory_with(chain))


def battery(**points):
    """Return a battery model with the usual scale factors."""
    scales = {"SoC_SF": -1, "SoH_SF": 0, "V_SF": -2, "A_SF": -1, "AHRtg_SF": 0, "CellV_SF": -3}
    return BATTERY, {"V": 52.0, **scales, **points}


def module(*cells, string=1, number=1, count=None, **points):
    """Return a module of cells given as V, or as (V, °C, status)."""
    whole = [cell if isinstance(cell, tuple) else (cell, None, None) for cell in cells]
    parts = [dict(zip(("CellV", "CellTmp", "CellSt"), cell, strict=True)) for cell in whole]
    scales = {"CellV_SF": -3, "Tmp_SF": -1, "V_SF": -2, "SoC_SF": 0}
    told = len(cells) if count is None else count
    return MODULE, {**scales, "StrIdx": string, "ModIdx": number, "NCell": told, "cell": parts, **points}


def string(**points):
    """Return a string model with the usual scale factors."""
    scales = {"SoC_SF": 0, "SoH_SF": 0, "V_SF": -2, "A_SF": -1, "CellV_SF": -3, "ModTmp_SF": -1}
    return STRING, {**scales, "Idx": 1, "module": [], **points}


# What was recorded


@pytest.mark.parametrize("vector", VECTORS[:4], ids=lambda vector: vector["id"])
def test_a_recorded_step_of_the_discovery_is_explained(vector):
    (mark,) = decoded(vector)["sunspec"]
    assert vector["expected"].items() <= mark.items()


def test_a_recorded_model_says_exactly_what_another_library_reads():
    vector = VECTORS[4]
    (points,) = decoded(vector)["dc_measurement"]
    assert points == vector["expected"]


def test_the_command_explains_every_vector():
    command = [
        sys.executable,
        str(ROOT / "scripts" / "workbench.py"),
        "decode",
        "sunspec",
        str(FRAMES / "sunspec.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [vector["id"] for vector in VECTORS]
    assert all(line["error"] is None and line["reading"] for line in lines)
    assert lines[1]["reading"] == {"sunspec": [{"address": 40000, "marker": "SunS"}]}
    assert lines[4]["reading"]["dc_measurement"] == [VECTORS[4]["expected"]]


def test_a_dump_is_shown_model_by_model():
    chain = [
        (COMMON, {"Mn": "Voltline"}),
        (STORAGE, {"WChaMax": 5000, "WChaMax_SF": 0, "ChaState": 63.5, "ChaState_SF": -1, "ChaSt": 4}),
        (STORAGE_CAPACITY, {"SoC": 63.5, "Pct_SF": -1, "WHRtg": 14000, "WH_SF": 1}),
        (DC_MEASUREMENT, {"NPrt": 1, "Prt": [{"IDStr": "BAT", "PrtTyp": 1}]}),
        battery(SoC=63.5),
    ]
    shown = SUNSPEC.shown(values(*chain))
    assert [mark.get("model") for mark in shown["sunspec"]] == [None, 1, 124, 713, 714, 802, None]
    assert shown["common"][0]["Mn"] == "Voltline"
    assert (shown["storage"][0]["ChaState"], shown["storage"][0]["WChaMax"]) == (63.5, 5000)
    assert (shown["storage_capacity"][0]["SoC"], shown["storage_capacity"][0]["WHRtg"]) == (63.5, 14000)
    assert shown["dc_measurement"][0]["Prt"][0]["IDStr"] == "BAT"
    assert (shown["battery"][0]["SoC"], shown["battery"][0]["SoH"]) == (63.5, None)


def test_words_behind_no_header_mean_nothing():
    memory = memory_with([battery()])
    assert SUNSPEC.decode({at: word for at, word in memory.items() if at > BASES[0] + 4}) == {}
    assert SUNSPEC.decode({7: 1}) == {}
    assert SUNSPEC.decode({}) == {}


def test_a_model_alone_or_cut_short_is_told_as_far_as_it_goes():
    memory = memory_with([battery(SoC=50.0), (STORAGE, {})])
    alone = {at: word for at, word in memory.items() if BASES[0] + 2 <= at < BASES[0] + 2 + BATTERY.size}
    assert SUNSPEC.decode(alone)["battery"][0]["SoC"] == 50.0
    short = {at: word for at, word in memory.items() if at < BASES[0] + 2 + BATTERY.size + 9}
    told = SUNSPEC.decode(short)
    assert [mark.get("model") for mark in told["sunspec"]] == [None, 802, 124]
    assert "storage" not in told


# Who it is


def test_a_device_says_who_it_is_and_what_it_guards():
    common = (COMMON, {"Mn": "Voltline ", "Md": "Bank 10", "SN": "VL-77", "Vr": "1.2"})
    told = SUNSPEC.info(values(common, battery(AHRtg=280), module((3.3, 20.0, None), 3.31)))
    assert told == DeviceInfo(
        manufacturer="Voltline",
        model="Bank 10",
        serial_number="VL-77",
        firmware="1.2",
        cells=2,
        capacity=280,
        temperature_sensors=1,
    )


def test_a_device_that_says_little_is_still_told_apart():
    told = SUNSPEC.info(values((COMMON, {"SN": "a\x07b"}), battery()))
    assert (told.manufacturer, told.model, told.serial_number) == ("SunSpec", "battery", "")
    assert (told.cells, told.capacity, told.temperature_sensors) == (None, None, 0)


@pytest.mark.parametrize("chain", [[], [(STORAGE, {})], [string(Idx=1), string(Idx=2)]])
def test_a_device_without_a_battery_is_none(chain):
    with pytest.raises(ValueError, match="no battery"):
        SUNSPEC.info(values((COMMON, {}), *chain))


# Cells and temperatures


def test_the_modules_of_a_string_are_one_row_of_cells_in_their_order():
    chain = [battery(), module(3.31, 3.32, number=2), module(3.3, 3.301, number=1)]
    assert read(*chain).cells == (3.3, 3.301, 3.31, 3.32)


def test_without_modules_there_are_no_cells_whatever_the_extremes():
    reading = read(battery(CellVMax=3.4, CellVMin=3.3, CellVAvg=3.35), string(CellVMax=3.4, CellVMin=3.3))
    assert reading.cells == ()


def test_cells_of_strings_beside_each_other_are_no_row():
    rows = [
        [module(3.3, string=1), module(3.3, string=2)],
        [string(Idx=1), string(Idx=2), module(3.3)],
        [(BANK, {"NStr": 2, "string": [{}, {}]}), module(3.3)],
    ]
    for chain in rows:
        assert read(battery(), *chain).cells == ()


@pytest.mark.parametrize(
    ("count", "cells"),
    [(2, (3.3, 3.31)), (1, (3.3,)), (0, (3.3, 3.31)), (3, (3.3, 3.31, None))],
)
def test_a_module_has_as_many_cells_as_it_counts(count, cells):
    assert read(battery(), module(3.3, 3.31, count=count)).cells == cells


def test_a_module_that_counts_nonsense_does_not_run_away():
    assert len(read(battery(), module(3.3, count=60000)).cells) < 1000


def test_a_cell_that_is_not_implemented_or_zero_is_unknown():
    assert read(battery(), module(3.3, None, 0)).cells == (3.3, None, None)


@pytest.mark.parametrize("exponent", [0x8000, 11, 0xFFF5])
def test_a_scale_factor_that_is_missing_or_impossible_makes_its_points_unknown(exponent):
    memory = memory_with([battery(), module(3.3)])
    first = BASES[0] + 2
    memory |= {first + 59: exponent, first + BATTERY.size + 42: exponent}
    reading = SUNSPEC.reading(SUNSPEC.decode(memory), {})
    assert (reading.voltage, reading.cells) == (None, (None,))


def test_a_point_whose_scale_factor_is_not_told_is_not_told_either():
    (points,) = values(battery(V_SF=None))["battery"]
    assert (points["V"], points["V_SF"]) == (None, None)


def test_a_sensor_is_where_a_cell_told_a_temperature_once():
    found = [battery(), module((3.3, 20.0, None), 3.3, (3.3, 22.0, None))]
    now = [battery(), module((3.3, 21.0, None), 3.3, 3.3)]
    assert read(*found).temperatures == (20.0, 22.0)
    assert read(*now, found=found).temperatures == (21.0, None)
    assert read(*now).temperatures == (21.0,)


def test_without_cell_temperatures_the_hottest_and_the_coldest_of_each_part_count():
    hot = module(3.3, number=1, CellTmpMax=31.0, CellTmpMin=12.0)
    cold = module(3.3, number=2, CellTmpMax=15.0, CellTmpMin=-3.0)
    assert read(battery(), hot, cold).temperatures == (31.0, 12.0, 15.0, -3.0)
    temperatures = {"ModTmpMax": 30.0, "ModTmpMin": 20.0, "ModTmp_SF": -1}
    assert read(battery(), string(**temperatures)).temperatures == (30.0, 20.0)
    assert read(battery(), (BANK, {**temperatures, "string": []})).temperatures == (30.0, 20.0)
    assert read(battery()).temperatures == ()


# Currents, shares, states


@pytest.mark.parametrize(
    ("state", "current", "expected"),
    [
        (4, 12.5, 12.5),
        (3, -12.5, -12.5),
        (4, -12.5, None),
        (3, 12.5, None),
        (6, 12.5, None),
        (None, 12.5, None),
        (6, 0, 0.0),
        (None, 0, 0.0),
        (4, None, None),
    ],
)
def test_only_the_charge_state_or_the_user_says_which_way_the_current_flows(state, current, expected):
    chain = [battery(A=current, ChaSt=state)]
    assert read(*chain, device=SUNSPEC).current == expected
    for device, sign in SIGNS:
        assert read(*chain, device=device).current == (current if not current else sign * current)


def test_zeros_without_a_voltage_are_a_device_that_tells_nothing():
    reading = read(battery(V=0, A=0, SoC=0, SoH=0, AHRtg=0))
    assert (reading.voltage, reading.current, reading.soc, reading.soh, reading.capacity) == (None,) * 5
    reading = read(battery(V=44.0, A=0, SoC=0))
    assert (reading.voltage, reading.current, reading.soc) == (44.0, 0.0, 0)


def test_a_share_beyond_a_hundred_is_unknown():
    assert read(battery(SoC=101)).soc is None
    assert read(battery(SoC=100)).soc == 100


def test_a_string_tells_what_the_battery_does_not():
    reading = read(string(V=51.5, A=3.0, SoC=44, SoH=97, NCyc=12))
    assert (reading.voltage, reading.current, reading.soc, reading.soh, reading.cycles) == (51.5, 3.0, 44, 97, 12)
    assert read(battery(V=50.0), string(V=51.5)).voltage == 51.5
    assert read(battery(V=50.0, SoC=3), string(V=51.5, SoC=4)).soc == 3


@pytest.mark.parametrize(("state", "closed"), [(1, False), (2, None), (3, True), (4, None), (99, None), (None, None)])
def test_a_battery_is_connected_only_where_it_says_so(state, closed):
    assert read(battery(State=state)).switches == Switches(charge=closed, discharge=closed)


def test_balancing_shows_in_a_cell_or_in_a_count():
    assert read(battery(), module((3.3, None, 1), (3.3, None, 0))).balancing is True
    assert read(battery(), module((3.3, None, 2))).balancing is False
    assert read(battery(), string(NCellBal=3)).balancing is True
    assert read(battery(), module(3.3, NCellBal=0)).balancing is False
    assert read(battery()).balancing is None


# Events


@pytest.mark.parametrize("bit", range(32))
def test_every_event_has_a_key(bit):
    key = BATTERY_EVENTS.get(bit, f"alarm_{bit}")
    assert read(battery(Evt1=1 << bit)).alarms == {key}
    assert read(battery(Evt2=1 << bit)).alarms == {f"alarm_{32 + bit}"}
    assert read(battery(EvtVnd1=1 << bit)).alarms == {f"vendor_alarm_{bit}"}
    assert read(battery(EvtVnd2=1 << bit)).alarms == {f"vendor_alarm_{32 + bit}"}
    own = "alarm_24" if bit == 24 else key
    assert read(string(Evt1=1 << bit)).alarms == {own}
    bank = (BANK, {"NStr": 1, "string": [{"StrEvt1": 1 << bit}]})
    assert read(battery(), bank).alarms == {own}


def test_a_fault_state_and_a_failed_connection_are_alarms():
    assert read(battery(Evt1=0, State=99)).alarms == {"battery_fault"}
    for code, key in CONNECTION_FAILURES.items():
        assert read(string(Evt1=0, ConFail=code)).alarms == {key}
    assert read(string(Evt1=0, ConFail=77)).alarms == {"connection_failure_77"}
    bank = (BANK, {"NStr": 1, "string": [{"StrEvt1": 0, "StrDisRsn": 1, "StrConFail": 7}]})
    assert read(battery(), bank).alarms == {"string_fault", "precharge_failed"}


def test_a_device_without_events_tells_no_alarms_and_one_at_rest_none():
    assert read(battery()).alarms is None
    assert read(battery(Evt1=0)).alarms == frozenset()


def test_parts_that_are_not_in_use_tell_nothing():
    bank = (BANK, {"NStr": 1, "string": [{"StrEvt1": 0}, {"StrEvt1": 2}]})
    assert read(battery(), bank).alarms == frozenset()
