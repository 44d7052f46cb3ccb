"""The register map of JK's PB series (PB1A/PB2A, 8S and 16S inverter BMS), `modbus/01_jk_pb.md`."""

from __future__ import annotations

from enum import IntFlag
from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection.model import (
    Component,
    NumberField,
    PackedBitsField,
    RegisterField,
    bits,
    flags,
    gauge,
    int32,
    integer,
    string,
    uint32,
)

from ...core.model import HardwareRing, PackReading, Switches
from ..driver import DeviceInfo
from ..frames import FrameError
from ..modbus import Device
from ..registers import Values

MILLI: Final = 0.001
CELLS: Final = 32
BLOCK: Final = 64
"""Words: the largest block that was seen to be answered."""
ON_OFF: Final = {0: False, 1: True}


class Alarm(IntFlag):
    """The alarm bits of 0x12A0; the names in lower case are home_bms's keys."""

    BALANCE_WIRE_RESISTANCE = 1 << 0
    SWITCH_OVERTEMPERATURE = 1 << 1
    CELL_COUNT_MISMATCH = 1 << 2
    CURRENT_SENSOR_FAULT = 1 << 3
    CELL_OVERVOLTAGE = 1 << 4
    PACK_OVERVOLTAGE = 1 << 5
    CHARGE_OVERCURRENT = 1 << 6
    CHARGE_SHORT_CIRCUIT = 1 << 7
    CHARGE_OVERTEMPERATURE = 1 << 8
    CHARGE_UNDERTEMPERATURE = 1 << 9
    INTERNAL_COMMUNICATION_LOST = 1 << 10
    CELL_UNDERVOLTAGE = 1 << 11
    PACK_UNDERVOLTAGE = 1 << 12
    DISCHARGE_OVERCURRENT = 1 << 13
    DISCHARGE_SHORT_CIRCUIT = 1 << 14
    DISCHARGE_OVERTEMPERATURE = 1 << 15
    CHARGE_SWITCH_FAULT = 1 << 16
    DISCHARGE_SWITCH_FAULT = 1 << 17
    GPS_LOST = 1 << 18
    CHANGE_PASSWORD = 1 << 19
    DISCHARGE_START_FAILED = 1 << 20
    BATTERY_OVERTEMPERATURE = 1 << 21
    TEMPERATURE_SENSOR_FAULT = 1 << 22
    PARALLEL_MODULE_FAULT = 1 << 23


class Series(RegisterField[tuple[float, ...]]):
    """A row of equal 16-bit values, in thousandths."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float, ...]:
        return tuple(word / 1000 for word in words)

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        words = [min(max(round((item or 0) * 1000), 0), 0xFFFF) for item in value or ()][: self.count]
        return words + [0] * (self.count - len(words))


def at(byte_address: int) -> int:
    """Return the ordinary register at one of JK's byte addresses."""
    return byte_address // 2


def span(first: int, last: int) -> tuple[int, int]:
    """Return a readable range, from the byte addresses of its first and last word."""
    return at(first), at(last)


def volts(byte_address: int) -> NumberField[float]:
    """Return a field of U32 millivolts."""
    return uint32(at(byte_address), scale=MILLI, unit="V")


def amps(byte_address: int) -> NumberField[float]:
    """Return a field of U32 milliamperes."""
    return uint32(at(byte_address), scale=MILLI, unit="A")


def amp_hours(byte_address: int) -> NumberField[float]:
    """Return a field of U32 milliampere-hours."""
    return uint32(at(byte_address), scale=MILLI, unit="Ah")


def degrees(byte_address: int) -> NumberField[float]:
    """Return a field of I32 tenths of a degree; signed, or a limit below zero would read as 429 million degrees."""
    return int32(at(byte_address), scale=0.1, unit="°C")


def probe(byte_address: int) -> NumberField[float]:
    """Return a field of I16 tenths of a degree."""
    return gauge(at(byte_address), 0.1, unit="°C")


def seconds(byte_address: int) -> NumberField[int]:
    """Return a field of U32 seconds."""
    return uint32(at(byte_address), unit="s")


def count(byte_address: int) -> NumberField[int]:
    """Return a field of a U32 number."""
    return uint32(at(byte_address))


def switch(byte_address: int) -> NumberField[bool]:
    """Return a writable U32 switch; FC10 with both words is the only write that a JK takes."""
    return NumberField(at(byte_address), count=2, signed=False, convert=ON_OFF, writable=True)


def high(byte_address: int) -> PackedBitsField:
    """Return the first-named of two U8 in a word."""
    return bits(at(byte_address), 8, 8)


def low(byte_address: int) -> PackedBitsField:
    """Return the second-named of two U8 in a word."""
    return bits(at(byte_address), 0, 8)


class Commands(Component):
    """What the pack was last told; 0x1070."""

    register_ranges = (span(0x1070, 0x107A),)

    charge = switch(0x1070)
    discharge = switch(0x1074)
    balance = switch(0x1078)


class Settings(Commands):
    """The protection settings that home_bms must know; 0x1000, one block with the switches in it."""

    register_ranges = (span(0x1000, 0x107E),)
    max_span = BLOCK

    smart_sleep_voltage = volts(0x1000)
    cell_undervoltage = volts(0x1004)
    cell_undervoltage_release = volts(0x1008)
    cell_overvoltage = volts(0x100C)
    cell_overvoltage_release = volts(0x1010)
    balance_difference = volts(0x1014)
    full_voltage = volts(0x1018)
    empty_voltage = volts(0x101C)
    charge_voltage = volts(0x1020)
    float_voltage = volts(0x1024)
    power_off_voltage = volts(0x1028)
    charge_current = amps(0x102C)
    charge_overcurrent_delay = seconds(0x1030)
    charge_overcurrent_release_time = seconds(0x1034)
    discharge_current = amps(0x1038)
    discharge_overcurrent_delay = seconds(0x103C)
    discharge_overcurrent_release_time = seconds(0x1040)
    short_circuit_release_time = seconds(0x1044)
    balance_current_max = amps(0x1048)
    charge_overtemperature = degrees(0x104C)
    charge_overtemperature_release = degrees(0x1050)
    discharge_overtemperature = degrees(0x1054)
    discharge_overtemperature_release = degrees(0x1058)
    charge_undertemperature = degrees(0x105C)
    charge_undertemperature_release = degrees(0x1060)
    switch_overtemperature = degrees(0x1064)
    switch_overtemperature_release = degrees(0x1068)
    cell_count = count(0x106C)
    design_capacity = amp_hours(0x107C)


class MoreSettings(Component):
    """The settings beyond the first block."""

    short_circuit_delay = uint32(at(0x1080), scale=0.000001, unit="s")
    balance_start_voltage = volts(0x1084)
    device_address = count(0x1108)
    precharge_time = seconds(0x110C)
    unnamed_1110 = count(0x1110)
    control_bits = integer(at(0x1114), signed=False)
    battery_overtemperature = high(0x1116)
    battery_overtemperature_release = low(0x1116)
    smart_sleep_hours = high(0x1118)
    field_enable = low(0x1118)


class Cells(Component):
    """The cells, with the mask of those that are wired; one block of 37 words at 0x1200."""

    register_ranges = (span(0x1200, 0x1248),)
    max_span = BLOCK

    cells = Series(at(0x1200), count=CELLS, unit="V")
    cell_mask = count(0x1240)
    cell_average = gauge(at(0x1244), MILLI, signed=False, unit="V")
    cell_difference = gauge(at(0x1246), MILLI, signed=False, unit="V")
    cell_max_index = high(0x1248)
    cell_min_index = low(0x1248)


class State(Component):
    """All else that changes; one block of 58 words at 0x128A."""

    register_ranges = (span(0x128A, 0x12FC),)
    max_span = BLOCK

    mos_temperature = probe(0x128A)
    voltage = volts(0x1290)
    current = int32(at(0x1298), scale=MILLI, unit="A")
    temperature_1 = probe(0x129C)
    temperature_2 = probe(0x129E)
    alarm_bits = flags(at(0x12A0), Alarm, count=2)
    balance_current = gauge(at(0x12A4), MILLI, unit="A")
    balance_state = high(0x12A6)
    soc = low(0x12A6)
    full_capacity = amp_hours(0x12AC)
    cycles = count(0x12B0)
    soh = high(0x12B8)
    charge_on = high(0x12C0)
    discharge_on = low(0x12C0)
    sensors = high(0x12D0)
    temperature_4 = probe(0x12FA)
    temperature_5 = probe(0x12FC)


class Details(Component):
    """Live values that home_bms does not judge by."""

    balance_wire_resistances = Series(at(0x124A), count=CELLS, unit="Ω")
    balance_wire_alarms = count(0x128C)
    power = uint32(at(0x1294), scale=MILLI, unit="W")
    remaining_capacity = int32(at(0x12A8), scale=MILLI, unit="Ah")
    cycled_capacity = amp_hours(0x12B4)
    precharge_state = low(0x12B8)
    run_time = seconds(0x12BC)
    heating = low(0x12D0)
    coarse_voltage = gauge(at(0x12E4), 0.01, signed=False, unit="V")
    heater_current = gauge(at(0x12E6), MILLI, unit="A")
    charger_plugged = low(0x12EE)
    temperature_3 = probe(0x12F8)


class About(Component):
    """Who it is; 0x1400. Bluetooth name, PIN and passwords lie beyond and have no fields."""

    register_ranges = (span(0x1400, 0x141E),)

    model = string(at(0x1400), 8)
    hardware = string(at(0x1410), 4)
    firmware = string(at(0x1418), 4)


class Passport(Component):
    """The serial number; 0x1450, between the PIN and the passwords: never to be read in one block with them."""

    register_ranges = (span(0x1450, 0x145E),)

    serial_number = string(at(0x1450), 8)


PROBES: Final = MappingProxyType({1: "temperature_1", 2: "temperature_2", 4: "temperature_4", 5: "temperature_5"})
"""The cells' sensors by their bit in the mask 0x12D0; the third shows the MOSFETs' temperature once more."""

CHEMISTRIES: Final = ((2.4, 3.0, "lto"), (3.4, 3.9, "lfp"), (4.0, 4.4, "nmc"))
"""Which chemistry an over-voltage setting between two voltages speaks of (V, V, key)."""

PRESET: Final = MappingProxyType(
    {
        "smart_sleep_voltage": 3.5,
        "cell_undervoltage": 2.58,
        "cell_undervoltage_release": 2.62,
        "cell_overvoltage": 3.65,
        "cell_overvoltage_release": 3.58,
        "balance_difference": 0.01,
        "full_voltage": 3.59,
        "empty_voltage": 2.6,
        "charge_voltage": 3.6,
        "float_voltage": 3.5,
        "power_off_voltage": 2.5,
        "charge_current": 40.0,
        "charge_overcurrent_delay": 3,
        "charge_overcurrent_release_time": 60,
        "discharge_current": 150.0,
        "discharge_overcurrent_delay": 300,
        "discharge_overcurrent_release_time": 60,
        "short_circuit_release_time": 5,
        "balance_current_max": 1.0,
        "charge_overtemperature": 70.0,
        "charge_overtemperature_release": 60.0,
        "discharge_overtemperature": 70.0,
        "discharge_overtemperature_release": 60.0,
        "charge_undertemperature": 2.0,
        "charge_undertemperature_release": 7.0,
        "switch_overtemperature": 80.0,
        "switch_overtemperature_release": 70.0,
        "short_circuit_delay": 0.0015,
        "balance_start_voltage": 3.4,
        "device_address": 1,
        "battery_overtemperature": 60,
        "battery_overtemperature_release": 50,
        "smart_sleep_hours": 24,
    }
)
"""The settings of a PB2A after its LFP preset, as recorded (`frames/jk_pb.json`, jk_fc03_0x1000)."""

RELEASES: Final = MappingProxyType(
    {
        "cell_overvoltage": -0.05,
        "cell_undervoltage": 0.05,
        "charge_overtemperature": -10.0,
        "discharge_overtemperature": -10.0,
        "charge_undertemperature": 5.0,
    }
)
"""How far from a setting a virtual pack's release lies."""


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no JK speaks like that."""
    texts = {name: _text(values.get(name)) for name in ("model", "serial_number", "hardware", "firmware")}
    cells = values.get("cell_count") or 0
    if not texts["model"] or not texts["serial_number"]:
        raise ValueError("the device tells no model and serial number where a JK PB has them")
    if not 0 < cells <= CELLS:
        raise ValueError(f"a JK PB has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer="JK",
        model=texts["model"],
        serial_number=texts["serial_number"],
        hardware=texts["hardware"] or None,
        firmware=texts["firmware"] or None,
        cells=cells,
        capacity=values.get("design_capacity") or None,
        temperature_sensors=len(_probes(values, {})),
        hardware_ring=HardwareRing(**{name: values.get(name) for name in HardwareRing.__slots__}),
        chemistry=_chemistry(values.get("cell_overvoltage") or 0.0),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words.

    A cell that is set up and not wired, and a sensor that was there when the pack was found and is gone, read `None`.
    """
    mask = values.get("cell_mask", 0)
    cells = values.get("cells", ())[: max(mask.bit_length(), values.get("cell_count", 0))]
    here = values.get("sensors", 0)
    state = values.get("balance_state")
    alarms = values.get("alarm_bits")
    return PackReading(
        time=0.0,
        cells=tuple(cell if mask >> index & 1 else None for index, cell in enumerate(cells)),
        temperatures=tuple(values.get(PROBES[bit]) if here >> bit & 1 else None for bit in _probes(values, found)),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        switches=Switches(charge=_switch(values, "charge_on"), discharge=_switch(values, "discharge_on")),
        commanded=Switches(**{name: values.get(name) for name in ("charge", "discharge", "balance")}),
        balancing=None if state is None else state != 0,
        balance_current=values.get("balance_current"),
        alarms=None if alarms is None else frozenset(_alarms(alarms)),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    ring = {name: value for name in HardwareRing.__slots__ if (value := getattr(info.hardware_ring, name)) is not None}
    releases = {f"{name}_release": ring[name] + step for name, step in RELEASES.items() if name in ring}
    cells = [cell or 0.0 for cell in reading.cells]
    temperatures = dict(zip(PROBES.items(), reading.temperatures, strict=False))
    balance = reading.balance_current or 0.0
    capacity = reading.capacity or 0.0
    return {
        **PRESET,
        **ring,
        **releases,
        "charge": bool(reading.commanded.charge),
        "discharge": bool(reading.commanded.discharge),
        "balance": bool(reading.commanded.balance),
        "cell_count": info.cells or len(cells),
        "design_capacity": info.capacity,
        "cells": cells,
        "cell_mask": sum(1 << index for index, cell in enumerate(reading.cells) if cell is not None),
        "cell_average": sum(cells) / len(cells) if cells else 0.0,
        "cell_difference": max(cells) - min(cells) if cells else 0.0,
        "cell_max_index": cells.index(max(cells)) if cells else 0,
        "cell_min_index": cells.index(min(cells)) if cells else 0,
        "mos_temperature": reading.switch_temperature,
        "temperature_3": reading.switch_temperature,
        **{name: value for (_, name), value in temperatures.items()},
        "sensors": 1 | sum(1 << bit for (bit, _), value in temperatures.items() if value is not None),
        "voltage": reading.voltage,
        "coarse_voltage": reading.voltage,
        "current": reading.current,
        "power": abs((reading.voltage or 0.0) * (reading.current or 0.0)),
        "alarm_bits": sum(bit for bit in Alarm if (bit.name or "").lower() in (reading.alarms or ())),
        "balance_current": balance,
        "balance_state": 0 if not reading.balancing else 1 if balance >= 0 else 2,
        "soc": reading.soc,
        "soh": reading.soh,
        "full_capacity": capacity,
        "remaining_capacity": capacity * (reading.soc or 0.0) / 100,
        "cycles": reading.cycles,
        "cycled_capacity": capacity * (reading.cycles or 0.0),
        "charge_on": bool(reading.switches.charge),
        "discharge_on": bool(reading.switches.discharge),
        "run_time": reading.time,
        "model": info.model,
        "serial_number": info.serial_number,
        "hardware": info.hardware or "",
        "firmware": info.firmware or "",
    }


def _text(raw: str | None) -> str:
    """Return a name as far as it is printable; behind its end the memory holds anything."""
    text = (raw or "").partition("\0")[0].strip()
    return text if text.isprintable() else ""


def _chemistry(overvoltage: float) -> str | None:
    """Return the chemistry that an over-voltage setting speaks of."""
    return next((key for lowest, highest, key in CHEMISTRIES if lowest <= overvoltage <= highest), None)


def _probes(values: Values, found: Values) -> list[int]:
    """Return the bits of the cells' sensors that are there or were when the pack was found."""
    mask = values.get("sensors", 0) | found.get("sensors", 0)
    return [bit for bit in PROBES if mask >> bit & 1]


def _switch(values: Values, name: str) -> bool | None:
    """Return a MOSFET's state; anything but 0 and 1 is not known."""
    return ON_OFF.get(values.get(name, -1))


def _alarms(alarms: Alarm) -> list[str]:
    """Return the keys of the alarms that stand, those of unknown bits too."""
    known = {bit.bit_length() - 1: (bit.name or "").lower() for bit in Alarm}
    return [known.get(bit, f"alarm_{bit}") for bit in range(alarms.bit_length()) if alarms >> bit & 1]


BULK_HEADER: Final = bytes.fromhex("55aaeb90")
BULK_SIZE: Final = 300
BULK_START: Final = 6
BULK_PAGES: Final = MappingProxyType(
    {1: (0x1000, (Settings, MoreSettings)), 2: (0x1200, (Cells, State, Details)), 3: (0x1400, (About, Passport))}
)
"""By frame type: the first byte address and what lies there."""


def bulk(frame: bytes) -> dict[int, int]:
    """Return the registers of one of JK's bulk frames; nothing if it is none.

    Its memory is little-endian, so each field tells how its bytes become register words: numbers are reversed, pairs of
    bytes and text stay in order. Byte 5 is a counter and says nothing. Behind the frame the ordinary acknowledgement may
    follow, with two zero bytes before or after it from some adapters. Raises FrameError.
    """
    if not frame.startswith(BULK_HEADER):
        return {}
    if len(frame) < BULK_SIZE:
        raise FrameError(f"the bulk frame is too short: {len(frame)} of {BULK_SIZE} bytes")
    body, total, tail = frame[: BULK_SIZE - 1], frame[BULK_SIZE - 1], frame[BULK_SIZE:]
    if sum(body) & 0xFF != total:
        raise FrameError(f"the bulk frame's sum is {total:02x}, its bytes give {sum(body) & 0xFF:02x}")
    if len(tail.strip(b"\0")) > 8:
        raise FrameError(f"the bulk frame is too long: {len(frame)} bytes")
    if body[4] not in BULK_PAGES:
        raise FrameError(f"a bulk frame of type {body[4]} holds no registers that are known")
    base, kinds = BULK_PAGES[body[4]]
    memory: dict[int, int] = {}
    for kind in kinds:
        for field in kind.declared_fields.values():
            if not isinstance(field, RegisterField):
                continue
            start = 2 * field.address
            raw = body[BULK_START + start - base :][: 2 * field.count]
            if isinstance(field, NumberField):
                raw = raw[::-1]
            elif isinstance(field, Series):
                raw = b"".join(raw[offset : offset + 2][::-1] for offset in range(0, len(raw), 2))
            for offset in range(0, len(raw), 2):
                memory[start + offset] = int.from_bytes(raw[offset : offset + 2], "big")
    return memory


DEVICE: Final = Device(
    key="jk_pb",
    name="JK PB",
    manufacturer="JK",
    baudrate=115200,
    unit_ids=range(16),
    spacing=0.075,
    timeout=1.0,
    address_step=2,
    identity=(About, Passport),
    passport=(Passport,),
    settings=(Settings,),
    live=MappingProxyType({Cells: ("cells_time",), State: ("temperatures_time", "current_time")}),
    rest=(MoreSettings, Details),
    commands=Commands,
    positions=("charge_on", "discharge_on"),
    areas=(range(0x1000, 0x111A), range(0x1200, 0x130E), range(0x1400, 0x1506)),
    info=info,
    reading=reading,
    values=values,
    frame=bulk,
)
