"""A second reading of every protocol, written by hand from the sheets alone; nothing of the encoders is used here.

Each decoder takes the frames of one round, as lists of data by (identifier, extended), and returns what an inverter
learns in home_bms's words: V, A, degC, Ah, Wh, percent; current positive when charging. What is not told is missing.
"""

from collections.abc import Callable, Mapping
from typing import Any

type Frames = Mapping[tuple[int, bool], list[bytes]]
type Words = dict[str, Any]


def unsigned(data: bytes, at: int, size: int = 2, order: str = "little") -> int:
    assert len(data) >= at + size, f"{data.hex()} ends before byte {at + size}"
    return int.from_bytes(data[at : at + size], order)


def signed(data: bytes, at: int, order: str = "little") -> int:
    assert len(data) >= at + 2, f"{data.hex()} ends before byte {at + 2}"
    return int.from_bytes(data[at : at + 2], order, signed=True)


def text(data: bytes) -> str:
    return data.decode("ascii").rstrip("\0 ")


def flags(byte: int, names: Mapping[int, str]) -> set[str]:
    """Return the names of the bits that are set; a bit that means nothing must not be."""
    assert byte & ~sum(1 << bit for bit in names) == 0, f"{byte:08b} has bits that mean nothing"
    return {name for bit, name in names.items() if byte >> bit & 1}


# --- Pylontech LV, SMA, Victron, LuxPower ----------------------------------------------------------------------------

HIGH_BYTE = {1: "high_voltage", 2: "low_voltage", 3: "high_temperature", 4: "low_temperature", 7: "discharge_current"}
LOW_BYTE = {0: "charge_current", 3: "internal"}
PAIR_NAMES = (
    *("general", "high_voltage", "low_voltage", "high_temperature"),
    *("low_temperature", "high_temperature_charge", "low_temperature_charge", "discharge_current"),
    *("charge_current", "contactor", "short_circuit", "internal"),
    *("imbalance", "reserved_1", "reserved_2", "reserved_3"),
)


def pairs(data: bytes) -> set[str]:
    """Return what is raised in four bytes; every pair says 1 or 2."""
    found = set()
    for number, name in enumerate(PAIR_NAMES):
        value = (data[number // 4] >> 2 * (number % 4)) & 3
        assert value in (1, 2), f"{name} is {value}"
        if value == 1:
            found.add(name)
    return found


def one(frames: Frames, number: int, extended: bool = False) -> bytes | None:
    """Return the data of an identifier that comes once a round."""
    told = frames.get((number, extended))
    if told is None:
        return None
    assert len(told) == 1
    return told[0]


def family(frames: Frames, *, volts: float = 0.01) -> Words:
    words: Words = {}
    if (data := one(frames, 0x351)) is not None:
        words |= {"cvl": unsigned(data, 0) / 10, "ccl": signed(data, 2) / 10, "dcl": signed(data, 4) / 10}
        if len(data) > 6:
            words["dvl"] = unsigned(data, 6) / 10
    if (data := one(frames, 0x355)) is not None:
        words |= {"soc": unsigned(data, 0), "soh": unsigned(data, 2)}
    if (data := one(frames, 0x356)) is not None:
        words |= {
            "voltage": signed(data, 0) * volts,
            "current": signed(data, 2) / 10,
            "temperature": signed(data, 4) / 10,
        }
    if (data := one(frames, 0x359)) is not None:
        words["bits"] = flags(data[0], HIGH_BYTE) | flags(data[1], LOW_BYTE)
        words["warning_bits"] = flags(data[2], HIGH_BYTE) | flags(data[3], LOW_BYTE)
        words["packs"] = data[4]
    if (data := one(frames, 0x35A)) is not None:
        assert len(data) == 8
        words |= {"alarms": pairs(data[:4]), "warnings": pairs(data[4:])}
    if (data := one(frames, 0x35C)) is not None:
        words["requests"] = flags(
            data[0], {7: "charge", 6: "discharge", 5: "force_charge", 4: "force_charge_2", 3: "full_charge"}
        )
    if (data := one(frames, 0x35E)) is not None:
        words["name"] = text(data)
    if (data := one(frames, 0x35F)) is not None:
        words |= {"kind": text(data[:2]), "firmware": f"{data[2]:x}.{data[3]:x}", "capacity": unsigned(data, 4)}
    if (data := one(frames, 0x360)) is not None:
        words["force_charge"] = {0: False, 0xFF: True}[data[0]]
    if (data := one(frames, 0x372)) is not None:
        words["modules"] = tuple(unsigned(data, at) for at in (0, 2, 4, 6))
    if (data := one(frames, 0x373)) is not None:
        words |= {"cell_min": unsigned(data, 0) / 1000, "cell_max": unsigned(data, 2) / 1000}
        if len(data) > 4:
            words |= {"temperature_min": unsigned(data, 4) - 273.15, "temperature_max": unsigned(data, 6) - 273.15}
    names = {0x374: "cell_min_id", 0x375: "cell_max_id", 0x376: "temperature_min_id", 0x377: "temperature_max_id"}
    words |= {name: text(data) for number, name in names.items() if (data := one(frames, number)) is not None}
    if (data := one(frames, 0x378)) is not None:
        words |= {"energy_in": unsigned(data, 0, 4) * 100, "energy_out": unsigned(data, 4, 4) * 100}
    if (data := one(frames, 0x379)) is not None:
        words["installed"] = unsigned(data, 0)
    if (first := one(frames, 0x370)) is not None and (second := one(frames, 0x371)) is not None:
        words["long_name"] = text(first + second)
    if (first := one(frames, 0x380)) is not None and (second := one(frames, 0x381)) is not None:
        words["serial_number"] = text(first + second)
    return words


def sma(frames: Frames) -> Words:
    """Return what a Sunny Island takes: what is marked as invalid it does not know, and fine charge counts."""
    words = family(frames)
    fine = unsigned(one(frames, 0x355) or b"", 4)
    words["soc"] = None if fine == 0xFFFF else fine / 100
    for name, invalid in {"voltage": -327.68, "current": -3276.8, "temperature": -3276.8}.items():
        if abs(words[name] - invalid) < 1e-6:
            del words[name]
    return {name: value for name, value in words.items() if value is not None}


def victron(frames: Frames) -> Words:
    words = family(frames)
    if (data := one(frames, 0x355)) is not None and len(data) >= 6:
        words["soc"] = unsigned(data, 4) / 100
    return words


def luxpower(frames: Frames) -> Words:
    words = family(frames)
    if (data := one(frames, 0x355)) is not None:
        words |= {"cell_max": unsigned(data, 4) / 1000, "cell_min": unsigned(data, 6) / 1000}
    if (data := one(frames, 0x356)) is not None:
        del words["temperature"]
        words |= {"temperature_max": signed(data, 4) / 10, "temperature_min": signed(data, 6) / 10}
    words["capacity"] = unsigned(one(frames, 0x359) or b"", 5)
    words["cycles"] = unsigned(one(frames, 0x35C) or b"", 2)
    return words


# --- Growatt ---------------------------------------------------------------------------------------------------------

GROWATT_1 = {
    7: "discharge_current",
    6: "charge_current",
    5: "short_circuit",
    4: "cell_high_voltage",
    3: "cell_low_voltage",
    2: "module_high_voltage",
    1: "module_low_voltage",
}
GROWATT_2 = {
    7: "high_temperature",
    6: "high_temperature_charge",
    5: "low_temperature",
    4: "low_temperature_charge",
    3: "internal",
    2: "imbalance",
}
GROWATT_3 = {bit: name for bit, name in GROWATT_1.items() if bit != 5}
GROWATT_4 = {bit: name for bit, name in GROWATT_2.items() if bit != 3} | {0: "communication"}
STATES = {0: "soft start", 1: "standby", 2: "charging", 3: "discharging"}


def big(data: bytes, at: int, size: int = 2) -> int:
    return unsigned(data, at, size, "big")


def big_signed(data: bytes, at: int) -> int:
    return signed(data, at, "big")


def cells(data: bytes) -> Words:
    """Return the highest and the lowest cell in bytes 1 to 4; one at 0 V is none."""
    found = {"cell_max": big(data, 1) / 1000, "cell_min": big(data, 3) / 1000}
    return {name: value for name, value in found.items() if value}


def growatt_lv(frames: Frames) -> Words:
    words: Words = {}
    if (data := one(frames, 0x311)) is not None:
        status = big(data, 6)
        words |= {"cvl": big(data, 0) / 10, "ccl": big(data, 2) / 10, "dcl": big(data, 4) / 10}
        words |= {"state": STATES[status & 3], "fault": bool(status & 4), "balancing": bool(status & 8)}
        words["enabled"] = flags(status >> 5 & 3, {0: "discharge", 1: "charge"})
        assert status & 0xFF90 == 0
    if (data := one(frames, 0x312)) is not None:
        words["alarms"] = flags(data[0], GROWATT_1) | flags(data[1], GROWATT_2)
        words["warnings"] = flags(data[2], GROWATT_3) | flags(data[3], GROWATT_4)
        words |= {"packs": data[4], "maker": text(data[5:7]), "cells": data[7]}
    if (data := one(frames, 0x313)) is not None:
        words |= {"voltage": big_signed(data, 0) / 100, "current": big_signed(data, 2) / 10}
        words |= {"temperature_max": big_signed(data, 4) / 10, "soc": data[6], "soh": data[7] & 0x7F}
    if (data := one(frames, 0x314)) is not None:
        words |= {"remaining": big(data, 0) / 100, "capacity": big(data, 2) / 100}
        words |= {"difference": big(data, 4) / 1000, "cycles": big(data, 6)}
    if (data := one(frames, 0x319)) is not None:
        words["requests"] = flags(data[0] & 0xF0, {7: "charge", 6: "discharge", 5: "force_charge"})
        words["chemistry"] = {0: "lfp", 1: "nmc", 2: "lto"}[data[0] & 3]
        words |= cells(data)
        words |= {"cell_max_number": data[5], "cell_min_number": data[6]}
    return words


def growatt_hv(frames: Frames) -> Words:
    def at(number: int) -> bytes | None:
        return one(frames, number, True)

    words: Words = {}
    if (data := at(0x3110)) is not None:
        status = big(data, 6)
        words |= {"cvl": big(data, 0) / 10, "ccl": big(data, 2) / 10, "dcl": big(data, 4) / 10}
        words |= {"state": STATES[status & 3], "fault": bool(status & 4), "balancing": bool(status & 8)}
        words["enabled"] = {"discharge", "charge"} - flags(status >> 5 & 3, {0: "discharge", 1: "charge"})
        assert status & 0xFF90 == 0x3000
    if (data := at(0x3130)) is not None:
        words |= {"voltage": big(data, 0) / 10, "current": big_signed(data, 2) / 10}
        words |= {"temperature_max": big_signed(data, 4) / 10, "soc": data[6], "soh": data[7] & 0x7F}
    if (data := at(0x3140)) is not None:
        words |= {"remaining": big(data, 0) / 100, "capacity": big(data, 2) / 100, "cycles": big(data, 6)}
        words["maker"] = text(data[4:6])
    if (data := at(0x3150)) is not None:
        words |= {"dvl": big(data, 0) / 10, "cells": big(data, 4), "series": big(data, 6)}
    if (data := at(0x3160)) is not None:
        words |= {"cell_max_place": (data[2], data[3]), "cell_min_place": (data[4], data[5])}
        words["temperature_min"] = big_signed(data, 6) / 10
    if (data := at(0x3170)) is not None:
        words |= {"temperature_max_place": (data[0], data[1]), "temperature_min_place": (data[2], data[3])}
    if (data := at(0x3180)) is not None:
        words["packs"] = big(data, 2)
    if (data := at(0x3190)) is not None:
        words |= cells(data)
        words |= {"force_charge": bool(data[0] & 0x20), "chemistry": {0: "lfp", 1: "nmc", 2: "lto"}[data[0] & 3]}
    if (data := at(0x3200)) is not None:
        words["cell_cutoff"] = big(data, 6) / 1000
    if (data := at(0x3220)) is not None:
        words |= {"must_charge": data[4] == 0xAA, "rated": big(data, 5) * 100}
    if (data := at(0x3240)) is not None:
        words |= {"energy_out": big(data, 1, 3) * 100, "energy_in": big(data, 5, 3) * 100}
    serial = sorted(frames.get((0x3230, True), []))
    assert [part[0] for part in serial] == [0, 1, 2]
    words["serial_number"] = text(serial[0][2:] + serial[1][1:] + serial[2][1:4])
    return words


# --- Pylontech HV ----------------------------------------------------------------------------------------------------

HV_BITS = {
    0: "cell_low_voltage",
    1: "cell_high_voltage",
    2: "low_voltage",
    3: "high_voltage",
    4: "low_temperature_charge",
    5: "high_temperature_charge",
    6: "low_temperature",
    7: "high_temperature",
    8: "charge_current",
    9: "discharge_current",
}


def pylontech_hv(frames: Frames, *, address: int = 1) -> Words:
    def at(number: int) -> bytes | None:
        return one(frames, number + address, True)

    words: Words = {}
    if (data := at(0x4210)) is not None:
        words |= {"voltage": unsigned(data, 0) / 10, "current": (unsigned(data, 2) - 30000) / 10}
        words |= {"temperature": unsigned(data, 4) / 10 - 100, "soc": data[6], "soh": data[7]}
    if (data := at(0x4220)) is not None:
        words |= {"cvl": unsigned(data, 0) / 10, "dvl": unsigned(data, 2) / 10}
        words |= {"ccl": (unsigned(data, 4) - 30000) / 10, "dcl": -(unsigned(data, 6) - 30000) / 10}
    if (data := at(0x4230)) is not None:
        words |= {"cell_max": unsigned(data, 0) / 1000, "cell_min": unsigned(data, 2) / 1000}
        words |= {"cell_max_number": unsigned(data, 4), "cell_min_number": unsigned(data, 6)}
    if (data := at(0x4240)) is not None:
        words |= {"temperature_max": unsigned(data, 0) / 10 - 100, "temperature_min": unsigned(data, 2) / 10 - 100}
    if (data := at(0x4250)) is not None:
        words["state"] = {0: "sleep", 1: "charging", 2: "discharging", 3: "standby"}[data[0] & 7]
        words["requests"] = flags(data[0] & ~7, {3: "force_charge", 4: "full_charge"})
        words["cycles"] = unsigned(data, 1)
        words["errors"] = flags(data[3], {2: "internal", 5: "contactor", 7: "other"})
        words |= {"warnings": flags(unsigned(data, 4), HV_BITS), "alarms": flags(unsigned(data, 6), HV_BITS)}
    if (data := at(0x4260)) is not None:
        words |= {"module_max": unsigned(data, 0) / 1000, "module_min": unsigned(data, 2) / 1000}
    if (data := at(0x4280)) is not None:
        allowed = {0: True, 0xAA: False}
        words["enabled"] = {way for way, byte in zip(("charge", "discharge"), data, strict=False) if allowed[byte]}
    if (data := at(0x7320)) is not None:
        words |= {"cells": unsigned(data, 0), "series": data[2], "module_cells": data[3]}
        words |= {"nominal": unsigned(data, 4), "capacity": unsigned(data, 6)}
    if (first := at(0x7330)) is not None and (second := at(0x7340)) is not None:
        words["name"] = text(first + second)
    return words


# --- BYD and Solax ---------------------------------------------------------------------------------------------------


def byd_hvs(frames: Frames) -> Words:
    words: Words = {}
    if (data := one(frames, 0x250)) is not None:
        words["rated"] = big(data, 4) * 100
    if (data := one(frames, 0x2D0)) is not None:
        words["maker"] = data[1:4].decode()
    words["product"] = "".join(text(part[1:]) for part in sorted(frames.get((0x3D0, False), [])))
    if (data := one(frames, 0x110)) is not None:
        words |= {
            "cvl": big(data, 0) / 10,
            "dvl": big(data, 2) / 10,
            "dcl": big(data, 4) / 10,
            "ccl": big(data, 6) / 10,
        }
    if (data := one(frames, 0x150)) is not None:
        words |= {"soc": big(data, 0) / 100, "soh": big(data, 2) / 100}
        words |= {"remaining": big(data, 4) / 10, "capacity": big(data, 6) / 10}
    if (data := one(frames, 0x1D0)) is not None:
        assert data[6:] == b"\x03\x08"
        words |= {"voltage": big(data, 0) / 10, "current": big_signed(data, 2) / 10}
        words["temperature"] = big_signed(data, 4) / 10
    if (data := one(frames, 0x210)) is not None:
        words |= {"temperature_max": big_signed(data, 0) / 10, "temperature_min": big_signed(data, 2) / 10}
    return words


def solax(frames: Frames) -> Words:
    def at(number: int) -> bytes | None:
        return one(frames, number, True)

    words: Words = {"announced": at(0x100A001) == b""}
    if (data := at(0x1872)) is not None:
        words |= {"cvl": unsigned(data, 0) / 10, "dvl": unsigned(data, 2) / 10}
        words |= {"ccl": unsigned(data, 4) / 10, "dcl": unsigned(data, 6) / 10}
    if (data := at(0x1873)) is not None:
        words |= {"voltage": unsigned(data, 0) / 10, "current": signed(data, 2) / 10, "soc": unsigned(data, 4)}
        words["remaining_energy"] = unsigned(data, 6) * 10
    if (data := at(0x1875)) is not None:
        words |= {"temperature": signed(data, 0) / 10, "slaves": data[2], "contactor": {0: False, 1: True}[data[4]]}
    if (data := at(0x1876)) is not None:
        words |= {"temperature_max": signed(data, 0) / 10, "cell_max": unsigned(data, 2) / 1000}
        words |= {"temperature_min": signed(data, 4) / 10, "cell_min": unsigned(data, 6) / 1000}
    if (data := at(0x1878)) is not None:
        words["rated"] = unsigned(data, 4, 4)
    if (first := at(0x1881)) is not None and (second := at(0x1882)) is not None:
        words["serial_number"] = text(first[1:] + second[1:])
    return words


DECODERS: dict[str, Callable[..., Words]] = {
    "pylontech_lv": family,
    "victron_can": victron,
    "sma": sma,
    "luxpower": luxpower,
    "growatt_lv": growatt_lv,
    "growatt_hv": growatt_hv,
    "pylontech_hv": pylontech_hv,
    "byd_hvs": byd_hvs,
    "solax": solax,
}
