"""Somebody else's SunSpec client reads our SunSpec server, and agrees with the pack's truth and with our tables."""

import asyncio
import json
from pathlib import Path

import pytest
import sunspec2
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.sunspec.models import MODELS
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

SOURCES = Path(sunspec2.__file__).parent / "models" / "json"
# The models' own points, which are not in the tables but in every header.
HEADER = {"model_id": "ID", "model_length": "L"}


def points_of(group):
    """Return the points of a group of SunSpec's own models: their places, sizes and scale factors, and its end."""
    points, at = {}, 0
    for point in group["points"]:
        points[point["name"]] = (at, point["size"], point["type"], point.get("sf"))
        at += point["size"]
    return points, at


def check(fields, points, start, scales):
    """Compare fields with SunSpec's own points."""
    assert set(fields) == {name for name, (*_, kind, _) in points.items() if kind != "pad"}
    for name, field in fields.items():
        at, size, _, scale = points[name]
        assert (field.address, field.count) == (start + at, size), name
        assert field.scale_register == (scales[scale][0] if scale else None), name


@pytest.mark.parametrize("number", MODELS)
def test_each_table_is_the_one_that_sunspec_publishes(number):
    kind = MODELS[number]
    group = json.loads((SOURCES / f"model_{number}.json").read_text())["group"]
    points, size = points_of(group)
    check({HEADER.get(name, name): field for name, field in kind.declared_fields.items()}, points, 0, points)
    assert kind.size == size
    parts = group.get("groups", [])
    assert bool(parts) == bool(kind.part)
    for part in parts:
        inner, stride = points_of(part)
        check(dict(kind._static_groups[kind.part].component_class.declared_fields), inner, size, points)
        assert kind.stride == stride
        assert kind.counted == (part.get("count") or "")


def client(port):
    """Return what the other client reads; it knows nothing of asyncio."""
    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
    try:
        device.scan()
    finally:
        device.disconnect()
    return device


async def seen_by_the_client(pack):
    """Serve a pack and return what the other client reads of it."""
    server = VirtualServer(pack, DEVICES["sunspec"])
    try:
        return await asyncio.get_running_loop().run_in_executor(None, client, await server.start_tcp())
    finally:
        await server.stop()


def filled(group):
    """Return the points of a group that are told, in units."""
    return {name: point.cvalue for name, point in group.points.items() if point.cvalue is not None}


def meant(points):
    """Return points without what only says how to read them, and what says nothing."""
    return {name: value for name, value in points.items() if not name.endswith("_SF") and not name.startswith("Pad")}


def extremes(what, unit, values, digits):
    """Return the highest, lowest and mean value as SunSpec names them."""
    return {
        f"{what}{unit}Max": round(max(values), digits),
        f"{what}{unit}Min": round(min(values), digits),
        f"{what}{unit}Avg": round(sum(values) / len(values), digits),
    }


@pytest.fixture
def pack(socket_enabled):
    """Return a pack in the middle of something."""
    pack = VirtualPack(seed=2, soc=61.0, cells=16)
    pack.demand = -37.0
    pack.step(5)
    return pack


async def test_the_chain_is_found_with_all_its_models(pack):
    device = await seen_by_the_client(pack)
    assert device.base_addr == 40000
    assert {number: len(device.models[number]) for number in (1, 802, 803, 804, 805)} == {
        **dict.fromkeys((1, 802, 803, 804), 1),
        805: 2,
    }


async def test_every_point_that_is_filled_agrees_with_the_pack(pack):
    device = await seen_by_the_client(pack)
    truth = pack.reading(pack.time)
    cells, warm = truth.cells, truth.temperatures
    current, voltage, soc = round(truth.current, 2), round(truth.voltage, 2), round(truth.soc, 2)
    spread = extremes("Cell", "V", cells, 3)
    heat = extremes("Mod", "Tmp", warm, 1)
    quiet = {"Evt1": 0, "Evt2": 0, "EvtVnd1": 0, "EvtVnd2": 0}

    assert meant(filled(device.common[0])) == {
        "ID": 1,
        "L": 66,
        "Mn": pack.info.manufacturer,
        "Md": pack.info.model,
        "Vr": pack.info.firmware,
        "SN": pack.info.serial_number,
    }
    assert meant(filled(device.battery[0])) == {
        "ID": 802,
        "L": 62,
        "AHRtg": 280.0,
        "SoC": soc,
        "SoH": 100.0,
        "NCyc": 0,
        "A": current,
        "V": voltage,
        # 3 is discharging, and a connected state; 4 is lithium-ion; nobody controls it from here (1).
        "ChaSt": 3,
        "State": 3,
        "Typ": 4,
        "LocRemCtl": 1,
        "AlmRst": 0,
        "Hb": 5,
        "W": round(truth.current * truth.voltage),
        "AChaMax": 140.0,
        "ADisChaMax": 140.0,
        **spread,
        **quiet,
    }
    bank = device.lithium_ion_bank[0]
    assert meant(filled(bank)) == {
        "ID": 803,
        "L": 26 + 32,
        "NStr": 1,
        "NStrCon": 1,
        "NCellBal": 0,
        **heat,
        **dict.fromkeys(("StrVMax", "StrVMin", "StrVAvg"), voltage),
        **dict.fromkeys(("StrAMax", "StrAMin", "StrAAvg"), current),
    }
    (string,) = bank.string
    assert meant(filled(string)) == {
        "StrNMod": 2,
        "StrSt": 3,
        "StrSoC": soc,
        "StrSoH": 100.0,
        "StrA": current,
        **{f"Str{name}": value for name, value in (spread | heat | quiet).items()},
    }
    string = device.lithium_ion_string[0]
    assert meant(filled(string)) == {
        "ID": 804,
        "L": 46 + 2 * 16,
        "Idx": 1,
        "NMod": 2,
        "St": 3,
        "NCellBal": 0,
        "NCyc": 0,
        "SoC": soc,
        "SoH": 100.0,
        "A": current,
        "V": voltage,
        **spread,
        **heat,
        **quiet,
    }
    for number, (module, summary) in enumerate(zip(device.models[805], string.lithium_ion_string_module, strict=True)):
        row, sensors = cells[8 * number : 8 * number + 8], warm[2 * number : 2 * number + 2]
        inside = extremes("Cell", "V", row, 3) | extremes("Cell", "Tmp", sensors, 1)
        assert meant(filled(module)) == {
            "ID": 805,
            "L": 42 + 8 * 4,
            "StrIdx": 1,
            "ModIdx": number + 1,
            "NCell": 8,
            "V": round(sum(row), 2),
            **inside,
        }
        assert meant(filled(summary)) == {"ModNCell": 8, **{f"Mod{name}": value for name, value in inside.items()}}
        told = getattr(module, "lithium-ion-module-cell")
        assert [cell.points["CellV"].cvalue for cell in told] == [round(cell, 3) for cell in row]
        # A sensor is told at the first of the cells that it stands for.
        shown = [cell.points["CellTmp"].cvalue for cell in told]
        assert [value for value in shown if value is not None] == [round(value, 1) for value in sensors]
        assert {cell.points["CellSt"].cvalue for cell in told} == {None}


async def test_a_sensor_that_is_dead_is_not_implemented_to_the_client(pack):
    pack.inject("dead_temperature_sensor", cell=1)
    device = await seen_by_the_client(pack)
    told = [
        cell.points["CellTmp"].cvalue
        for module in device.models[805]
        for cell in getattr(module, "lithium-ion-module-cell")
    ]
    assert [place for place, value in enumerate(told) if value is not None] == [0, 8, 12]
