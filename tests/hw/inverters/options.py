"""What each option of each protocol changes in what an inverter is told, as the sheets have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.hw.can_frame import EXTENDED, frame_of
from custom_components.home_bms.hw.inverters.can_inverter import nothing_permitted
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, Heard, Options
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS

from .banks import HOME, STACK, round_of

HUNGRY = replace(HOME, force_charge=True)

type Look = Callable[[CanProtocol[Any], Bank, Options], object]
"""Returns what of a protocol an option changes."""


def data(number: int, start: int = 0, end: int = 8, *, long: bool = False) -> Look:
    """Look at bytes of a frame, as hex; `None` where it is not sent."""

    def look(protocol: CanProtocol[Any], bank: Bank, options: Options) -> object:
        found = round_of(protocol, bank, options).get((number, long))
        return None if found is None else found[0][start:end].hex().upper()

    return look


def sent(number: int, *, long: bool = False) -> Look:
    """Look whether a frame is sent."""
    return lambda protocol, bank, options: (number, long) in round_of(protocol, bank, options)


def period(number: int) -> Look:
    """Look at the s from one frame to the next."""
    return lambda protocol, _, options: next(row.period for row in protocol.rows(options) if row.key == number)


def voltage_in(number: int, told: str) -> Look:
    """Look at the voltage that a frame of the inverter tells."""
    frame = frame_of(number, bytes.fromhex(told))
    return lambda protocol, _, options: protocol.hear(frame, Heard(), options).heard.voltage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One option with a value that is not the usual one, and what that changes."""

    protocol: str
    option: str
    value: object
    look: Look
    usual: object
    moved: object
    bank: Bank = HOME


def _reaches(protocol: str, bank: Bank, *rows: tuple[Any, ...]) -> tuple[Reach, ...]:
    return tuple(
        Reach(
            protocol=protocol,
            option=option,
            value=value,
            look=look,
            usual=usual,
            moved=moved,
            bank=special[0] if special else bank,
        )
        for option, value, look, usual, moved, *special in rows
    )


REACHES = (
    *_reaches(
        "pylontech_lv",
        HOME,
        ("frames", "v1_2", sent(0x35A), True, False),
        ("name", "BYD", data(0x35E), b"PYLON   ".hex().upper(), b"BYD     ".hex().upper()),
        ("all_eight_bytes", True, data(0x35C), "C000", "C000000000000000"),
        ("discharge_voltage", False, data(0x351, 6), "D001", ""),
        ("negative_discharge_limit", True, data(0x351, 4, 6), "D007", "30F8"),
        ("discharging_positive", True, data(0x356, 2, 4), "C6FE", "3A01"),
        ("coarse_voltage", True, data(0x356, 0, 2), "CF14", "1502"),
        ("high_resolution_soc", True, data(0x355, 4, 6), "", "F917"),
        ("zero_is_ignored", True, data(0x351, 2, 6), "00000000", "01000100", nothing_permitted(HOME)),
        ("sofar_extras", True, data(0x355, 6, 8), "", "5801"),
        ("force_charge", "second", data(0x35C, 0, 1), "E0", "D0", HUNGRY),
    ),
    *_reaches(
        "victron_can",
        HOME,
        ("manufacturer", "BYD", data(0x35E), b"home_bms".hex().upper(), "4259440000000000"),
        ("high_resolution_soc", False, data(0x355, 4, 6), "F917", ""),
        ("force_charge", False, data(0x360), "FF", "00", HUNGRY),
    ),
    *_reaches(
        "sma",
        HOME,
        ("period", 0.1, period(0x351), 0.5, 0.1),
        ("manufacturer", "BYD", data(0x35E), "534D410000000000", "4259440000000000"),
        ("values_in_keepalive", False, voltage_in(0x305, "1402000000000000"), 53.2, None),
    ),
    *_reaches(
        "luxpower",
        HOME,
        ("name", "Lux", data(0x35E), b"home_bms".hex().upper(), "4C75780000000000"),
        ("coarse_voltage", True, data(0x356, 0, 2), "CF14", "1502"),
        ("capacity", False, sent(0x379), True, False),
        ("force_charge", "both", data(0x35C, 0, 1), "E0", "F0", HUNGRY),
    ),
    *_reaches(
        "growatt_lv",
        HOME,
        ("manufacturer", "AB", data(0x312, 5, 7), b"HB".hex(), b"AB".hex()),
        ("set_bit_forbids", True, data(0x311, 7), "63", "03"),
        ("discharging_positive", True, data(0x313, 2, 4), "FEC6", "013A"),
    ),
    *_reaches(
        "growatt_hv",
        STACK,
        ("manufacturer", "AB", data(0x3140, 4, 6, long=True), b"HB".hex(), b"AB".hex()),
        ("modules", 5, data(0x3150, 6, 8, long=True), "0007", "0005"),
        ("discharging_positive", True, data(0x3130, 2, 4, long=True), "007B", "FF85"),
    ),
    *_reaches(
        "pylontech_hv",
        STACK,
        ("address", 0, sent(0x4210, long=True), False, True),
        ("big_endian", True, data(0x4211, 0, 2, long=True), "800D", "0D80"),
        ("current_offset", False, data(0x4211, 2, 4, long=True), "AB75", "7B00"),
        ("positive_discharge_limit", True, data(0x4221, 6, 8, long=True), "0474", "5C76"),
        ("discharging_positive", True, data(0x4211, 2, 4, long=True), "AB75", "B574"),
        ("temperature_offset", False, data(0x4241, 0, 2, long=True), "E504", "FD00"),
        ("modules", 5, data(0x7321, 2, 4, long=True), "070F", "0515"),
        ("name", "Deye", data(0x7331, long=True), b"PYLONTEC".hex().upper(), "4465796500000000"),
        ("deye_name", True, data(0x42E1, long=True), None, b"PYLONTEC".hex().upper()),
        ("unprompted", True, period(0x4211 | EXTENDED), None, 1.0),
    ),
    *_reaches(
        "byd_hvs",
        STACK,
        ("charge_follows_limits", True, data(0x150, 0, 2), "17F9", "2710", replace(STACK, ccl=0.0)),
        ("discharging_positive", True, data(0x1D0, 2, 4), "007B", "FF85"),
    ),
    *_reaches(
        "solax",
        STACK,
        ("battery_type", 81, data(0x1877, 4, 5, long=True), "50", "51"),
        ("ultra", True, sent(0x187E, long=True), False, True),
        ("millivolts", True, data(0x1874, 4, 6, long=True), "2100", "0D0D"),
        ("discharging_positive", True, data(0x1873, 2, 4, long=True), "7B00", "85FF"),
    ),
)
MOVED: dict[str, dict[str, Any]] = {
    key: {"keepalive": False, **{reach.option: reach.value for reach in REACHES if reach.protocol == key}}
    for key in CAN_PROTOCOLS
}
"""Every option of each protocol with a value that is not the usual one."""
