"""For the values of real batteries home_bms sends the bytes that they sent, and cantools reads them alike."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.hw.can_frame import EXTENDED, frame_of
from custom_components.home_bms.hw.can_maps import frame_map
from custom_components.home_bms.hw.inverters.can_protocol import options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS

from .banks import HOME, STACK, round_of

# A stack of ten Pylontech modules (hoylabs/OpenDTU-OnBattery#1213, from setfirelabs.com).
TEN_MODULES = Bank(
    time=0.0,
    cvl=53.2,
    dvl=46.0,
    ccl=370.0,
    dcl=370.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=48.66,
    current=0.0,
    soc=26.0,
    soh=100.0,
    temperature=33.0,
    packs=10,
)
# A Pytes V5a at Venus OS 3.34 (AndreasBoehm/PytesCANProtocol).
PYTES = Bank(
    time=0.0,
    cvl=56.8,
    dvl=45.5,
    ccl=100.0,
    dcl=100.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=52.62,
    current=-0.7,
    soc=51.0,
    soh=100.0,
    temperature=18.0,
    cell_min=Extreme(value=3.288, pack=0, place=0),
    cell_max=Extreme(value=3.290, pack=0, place=0),
    temperature_min=Extreme(value=16.0, pack=0, place=0),
    temperature_max=Extreme(value=18.0, pack=0, place=0),
    capacity=100.0,
    packs=2,
    packs_blocking_charge=1,
    packs_blocking_discharge=1,
    packs_offline=2,
    energy_in=211_200.0,
    energy_out=183_500.0,
)
# What ai-republic/bms-to-inverter#34 sends to a Sunny Island.
SUNNY = replace(PYTES, voltage=52.4, current=-15.0, temperature=0.0)
# A Growatt ARK HV of four modules, full (ai-republic/bms-to-inverter#85).
ARK = replace(STACK, cvl=227.2, ccl=0.0, dcl=25.0, current=0.0, voltage=213.6)
# A Pylontech SC0500 with three H48050 (eevblog.com, SC0500 protocol hacking).
SC0500 = replace(STACK, cells=45, capacity=50.0)
# BYD's product number and name as Battery-Emulator sends them.
BYD = replace(STACK, capacity=71.4286)


@pytest.mark.parametrize(
    ("protocol", "options", "bank", "number", "data"),
    [
        ("pylontech_lv", {}, TEN_MODULES, 0x351, "1402740E740ECC01"),
        ("pylontech_lv", {}, TEN_MODULES, 0x355, "1A006400"),
        ("pylontech_lv", {}, TEN_MODULES, 0x356, "021300004A01"),
        ("pylontech_lv", {}, TEN_MODULES, 0x359, "000000000A504E"),
        ("pylontech_lv", {}, TEN_MODULES, 0x35C, "C000"),
        ("pylontech_lv", {}, TEN_MODULES, 0x35E, "50594C4F4E202020"),
        ("victron_can", {}, PYTES, 0x351, "3802E803E803C701"),
        ("victron_can", {"high_resolution_soc": False}, PYTES, 0x355, "33006400"),
        ("victron_can", {}, PYTES, 0x356, "8E14F9FFB400"),
        ("victron_can", {}, PYTES, 0x360, "00"),
        ("victron_can", {}, PYTES, 0x372, "0200010001000200"),
        ("victron_can", {}, PYTES, 0x373, "D80CDA0C21012301"),
        ("victron_can", {}, PYTES, 0x378, "400800002B070000"),
        ("victron_can", {}, PYTES, 0x379, "6400"),
        ("sma", {}, SUNNY, 0x356, "78146AFF0000"),
        ("growatt_hv", {}, ARK, 0x3110 | EXTENDED, "08E0000000FA3041"),
        ("pylontech_hv", {"address": 0}, SC0500, 0x7320 | EXTENDED, "2D00030F90003200"),
        ("byd_hvs", {}, BYD, 0x2D0, "0042594400000000"),
        ("byd_hvs", {}, BYD, 0x250, "0329006600F00209"),
    ],
)
def test_the_bytes_of_real_batteries(
    protocol: str, options: dict[str, object], bank: Bank, number: int, data: str
) -> None:
    chosen = CAN_PROTOCOLS[protocol]
    (sent,) = [
        row.encode(bank, options_from_data(chosen.options, options))
        for row in chosen.rows(options_from_data(chosen.options, options))
        if row.key == number
    ]
    assert sent is not None
    assert sent.hex().upper() == data


# Frames of a BYD LVS with a single alarm, as Venus OS named it (dfch/BydCanProtocol).
SINGLE_ALARMS = {
    "1000000000000000": ("alarms", "cell_undervoltage"),
    "0000000010000000": ("warnings", "pack_undervoltage"),
    "0400000000000000": ("alarms", "pack_overvoltage"),
    "0000000004000000": ("warnings", "cell_overvoltage"),
    "0000010000000000": ("alarms", "charge_overcurrent"),
    "0000000000000100": ("warnings", "charge_overcurrent"),
    "0040000000000000": ("alarms", "discharge_overcurrent"),
    "0000000000400000": ("warnings", "discharge_overcurrent"),
    "0001000000000000": ("alarms", "discharge_undertemperature"),
    "4000000000000000": ("alarms", "discharge_overtemperature"),
    "0010000000000000": ("alarms", "charge_undertemperature"),
    "0004000000000000": ("alarms", "charge_overtemperature"),
    "0000400000000000": ("alarms", "communication_lost"),
    "0000000000004000": ("warnings", "data_missing"),
    "0000000100000000": ("alarms", "cell_difference"),
    "0000000000000001": ("warnings", "cell_difference"),
}


@pytest.mark.parametrize(("recorded", "said"), SINGLE_ALARMS.items())
@pytest.mark.parametrize("protocol", ["victron_can", "sma", "pylontech_lv"])
def test_single_alarms_stand_where_a_byd_has_them(protocol: str, recorded: str, said: tuple[str, str]) -> None:
    """That battery says 0 where nothing is wrong, and home_bms 2, so that SMA sees an alarm end."""
    field, key = said
    (data,) = round_of(CAN_PROTOCOLS[protocol], replace(HOME, **{field: frozenset({key})}))[0x35A, False]
    raised = bytes(byte & 0x55 for byte in data)
    cleared = bytes(byte >> 1 & 0x55 for byte in data)
    assert raised.hex() == recorded
    assert all(one ^ other == 0x55 for one, other in zip(raised, cleared, strict=True))


# --- cantools, by the DBC files that packs on CAN are read with ------------------------------------------------------

MAPS = {
    "pylontech_lv": "pylontech",
    "victron_can": "pylontech",
    "sma": "pylontech",
    "growatt_lv": "growatt_lv",
    "growatt_hv": "growatt_hv",
    "pylontech_hv": "pylontech_hv",
}
VALUES = (
    "cvl",
    "ccl",
    "dcl",
    "dvl",
    "soc",
    "soh",
    "voltage",
    "current",
    "temperature",
    "cell_max",
    "cell_min",
    "capacity",
)


@pytest.mark.parametrize(("protocol", "name"), MAPS.items())
def test_cantools_reads_the_battery(protocol: str, name: str) -> None:
    bank = replace(HOME if name in ("pylontech", "growatt_lv") else STACK, soh=100.0)
    chosen = CAN_PROTOCOLS[protocol]
    options = options_from_data(chosen.options, {"address": 0} if protocol == "pylontech_hv" else {})
    words: dict[str, Any] = {}
    for row in chosen.rows(options):
        data = row.encode(bank, options)
        if data is not None and (decoded := frame_map(name).decode(frame_of(row.key, data))) is not None:
            words |= {signal: value for signal, value in decoded.items() if signal in VALUES}
    assert {"cvl", "ccl", "dcl", "soc", "voltage", "current"} <= set(words)
    for signal, value in words.items():
        told = getattr(bank, signal)
        step = 1.0 if signal in ("soc", "capacity") else 0.1
        assert abs(abs(value) - abs(getattr(told, "value", told))) <= step / 2 + 1e-9, signal
        assert signal == "dcl" or value * getattr(told, "value", told) >= 0, signal
