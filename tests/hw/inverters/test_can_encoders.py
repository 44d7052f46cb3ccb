"""What an inverter reads in the frames is what the battery is, and never more than it permits."""

from dataclasses import Field, fields, replace
from enum import StrEnum
from math import isfinite, nextafter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw.inverters.can_fields import cut, raised
from custom_components.home_bms.hw.inverters.can_inverter import nothing_permitted
from custom_components.home_bms.hw.inverters.can_protocol import options_from_data
from custom_components.home_bms.hw.inverters.inverter import charge_current, discharge_current
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS

from .banks import HOME, STACK, banks, heard_by, round_of
from .decoders import pylontech_hv

PROTOCOLS = sorted(CAN_PROTOCOLS)
HIGH = {"growatt_hv", "pylontech_hv", "byd_hvs", "solax"}
STEPS = {
    "cvl": 0.1,
    "dvl": 0.1,
    "ccl": 0.1,
    "dcl": 0.1,
    "voltage": 0.1,
    "current": 0.1,
    "soc": 1.0,
    "soh": 1.0,
    "temperature": 0.1,
    "cell_max": 0.001,
    "cell_min": 0.001,
    "temperature_max": 1.0,
    "temperature_min": 1.0,
    "capacity": 1.0,
    "remaining": 0.1,
    "cycles": 1.0,
    "energy_in": 100.0,
    "energy_out": 100.0,
}
"""The coarsest step in which any protocol tells a value."""

MEASURED = ("voltage", "current", "soc", "temperature", "cell_max", "cell_min", "temperature_max", "temperature_min")
SWITCHES = {
    "pylontech_lv": ("requests",),
    "luxpower": ("requests",),
    "growatt_lv": ("enabled", "requests"),
    "growatt_hv": ("enabled",),
    "pylontech_hv": ("enabled",),
}
"""Where a protocol has a bit that permits."""


def of(bank: Bank, name: str) -> Any:
    """Return the plain value of a field."""
    value = getattr(bank, name)
    return getattr(value, "value", value)


def told(key: str, bank: Bank, **options: object) -> dict[str, Any]:
    protocol = CAN_PROTOCOLS[key]
    return heard_by(protocol, bank, options_from_data(protocol.options, options))


# --- Laws ------------------------------------------------------------------------------------------------------------


@given(bank=banks)
def test_no_inverter_is_told_more_than_the_battery_permits_nor_what_is_not_known(bank: Bank) -> None:
    for key in PROTOCOLS:
        words = told(key, bank)
        assert 0 <= words["ccl"] <= charge_current(bank), key
        assert 0 <= words["dcl"] <= discharge_current(bank), key
        assert words["cvl"] <= bank.cvl or words["ccl"] == 0, key
        assert words.get("dvl", bank.dvl) >= bank.dvl or words["dcl"] == 0, key
        for way, limit in (("charge", "ccl"), ("discharge", "dcl")):
            for switch in SWITCHES.get(key, ()):
                assert (way in words[switch]) is (words[limit] > 0), key
        for name in MEASURED:
            value = of(bank, name)
            known = value is not None and isfinite(value)
            assert known or name not in words, key


@given(bank=banks)
def test_where_nothing_is_permitted_nothing_is_asked_for(bank: Bank) -> None:
    for key in PROTOCOLS:
        words = told(key, nothing_permitted(bank))
        asked = words.get("requests", set()) | {name for name in ("force_charge", "must_charge") if words.get(name)}
        assert words["ccl"] == words["dcl"] == 0, key
        assert asked == set(), key
        assert words["cvl"] == told(key, bank)["cvl"], key


@pytest.mark.parametrize("key", PROTOCOLS)
def test_a_home_is_read_back(key: str) -> None:
    bank = STACK if key in HIGH else HOME
    words = told(key, bank)
    seen = 0
    for name, step in STEPS.items():
        if name in words:
            seen += 1
            assert abs(words[name] - of(bank, name)) <= step * 0.51 + 1e-9 or (
                # Cut to the safe side, and the charge is counted in whole percent.
                name in ("cvl", "ccl", "dcl", "dvl") and abs(words[name] - of(bank, name)) < step
            ), (name, words[name])
    assert seen >= 9
    assert {"cvl", "ccl", "dcl", "soc", "voltage", "current"} <= set(words)


@given(st.floats(0, 1e6), st.sampled_from((1, 10, 100, 1000)))
def test_a_limit_is_cut_and_loses_less_than_a_step(value: float, scale: int) -> None:
    assert cut(value, scale) / scale <= value < (cut(value, scale) + 1) / scale
    assert (raised(value, scale) - 1) / scale < value <= raised(value, scale) / scale


@given(st.integers(0, 10**6), st.sampled_from((10, 100, 1000)))
def test_a_limit_that_is_a_whole_step_is_told_as_it_is(steps: int, scale: int) -> None:
    assert cut(steps / scale, scale) == raised(steps / scale, scale) == steps


@given(st.integers(0, 10**6), st.sampled_from((10, 100, 1000)))
def test_a_limit_that_is_a_hair_below_a_step_is_not_told_as_the_step(steps: int, scale: int) -> None:
    assert cut(nextafter(steps / scale, -1), scale) == steps - 1
    assert raised(nextafter(steps / scale, 1e9), scale) == steps + 1


def test_a_limit_that_is_no_number_permits_nothing() -> None:
    for key in PROTOCOLS:
        words = told(key, replace(HOME, ccl=float("nan"), dcl=float("nan")))
        assert words["ccl"] == words["dcl"] == 0


def _values(part: Field[Any]) -> st.SearchStrategy[Any]:
    """Return what an option may be."""
    if isinstance(part.default, bool):
        return st.booleans()
    if isinstance(part.default, StrEnum):
        return st.sampled_from(list(type(part.default)))
    least, most = part.metadata["least"], part.metadata["most"]
    if isinstance(part.default, str):
        return st.text("AZ az09", max_size=most)
    return st.floats(least, most) if isinstance(part.default, float) else st.integers(least, most)


@pytest.mark.parametrize("key", PROTOCOLS)
@settings(max_examples=40)
@given(bank=banks, data=st.data())
def test_every_combination_of_options_makes_frames(key: str, bank: Bank, data: st.DataObject) -> None:
    protocol = CAN_PROTOCOLS[key]
    chosen = {part.name: data.draw(_values(part)) for part in fields(protocol.options)}
    assert round_of(protocol, bank, options_from_data(protocol.options, chosen))
    # A form gives texts.
    texts = {name: str(value) for name, value in chosen.items()}
    assert options_from_data(protocol.options, texts) == options_from_data(protocol.options, chosen)


@pytest.mark.parametrize("found", [True, [1], None])
def test_a_number_is_a_number(found: object) -> None:
    with pytest.raises(ConfigError) as caught:
        options_from_data(CAN_PROTOCOLS["sma"].options, {"period": found})
    assert (caught.value.key, caught.value.field) == ("can_option_number", "period")


# --- Stories ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", PROTOCOLS)
def test_a_preset_can_be_told_and_its_options_are_options(key: str) -> None:
    presets = [preset for preset in PRESETS.values() if preset.protocol.key == key]
    assert presets
    for preset in presets:
        options = options_from_data(preset.protocol.options, preset.options)
        assert round_of(preset.protocol, STACK if key in HIGH else HOME, options)


def test_every_identifier_is_sent_by_one_side_only() -> None:
    for protocol in CAN_PROTOCOLS.values():
        ours = {row.key for row in protocol.rows(protocol.options())}
        assert not ours & protocol.listens


def test_what_an_inverter_shows_of_its_cells() -> None:
    words = told("victron_can", HOME)
    assert words["cell_max_id"] == "P2C7"
    assert words["cell_min_id"] == "P1C15"
    assert words["temperature_max_id"] == "P2T2"
    assert words["modules"] == (2, 0, 0, 0)
    assert words["name"] == words["long_name"] == "home_bms"
    assert words["serial_number"] == "HB20261126001"
    assert words["firmware"] == "1.17"
    assert words["installed"] == words["capacity"] == 560


def test_cells_without_temperatures_are_told_in_a_shorter_frame() -> None:
    words = told("victron_can", replace(HOME, temperature_max=None))
    assert words["cell_max"] == 3.341
    assert "temperature_min" not in words


def test_a_charge_that_nobody_knows_shuts_no_pylontech_up() -> None:
    words = told("pylontech_lv", replace(HOME, soc=None, voltage=None))
    assert "soc" not in words
    assert "voltage" not in words
    assert words["requests"] == {"charge", "discharge"}


def test_health_that_nobody_tells_is_full() -> None:
    for key in PROTOCOLS:
        assert told(key, replace(HOME, soh=None)).get("soh", 100) == 100


def test_requests_of_a_battery_that_is_nearly_empty() -> None:
    hungry = replace(HOME, force_charge=True, full_charge=True, dcl=0.0)
    assert told("pylontech_lv", hungry)["requests"] == {"charge", "force_charge", "full_charge"}
    assert told("pylontech_lv", hungry, force_charge="second")["requests"] == {
        "charge",
        "force_charge_2",
        "full_charge",
    }
    assert told("luxpower", hungry, force_charge="both")["requests"] >= {"force_charge", "force_charge_2"}
    assert told("growatt_lv", hungry)["requests"] == {"charge", "force_charge"}
    assert told("victron_can", hungry)["force_charge"] is True
    assert told("victron_can", hungry, force_charge=False)["force_charge"] is False
    assert told("growatt_hv", hungry)["force_charge"] is True
    assert told("growatt_hv", hungry)["must_charge"] is True
    assert told("pylontech_hv", hungry)["requests"] == {"force_charge", "full_charge"}


@pytest.mark.parametrize(
    ("permits", "byte"),
    [
        ({}, 0xC0),
        ({"ccl": 0.0}, 0x40),
        ({"dcl": 0.0}, 0x80),
        ({"charge_permitted": False, "discharge_permitted": False}, 0x00),
        ({"dcl": 0.0, "force_charge": True}, 0xA0),
        ({"full_charge": True}, 0xC8),
    ],
)
def test_the_bytes_of_0x35c_are_those_of_the_text(permits: dict[str, Any], byte: int) -> None:
    (data,) = round_of(CAN_PROTOCOLS["pylontech_lv"], replace(HOME, **permits))[0x35C, False]
    assert data == bytes((byte, 0))


def test_versions_of_pylontech() -> None:
    def ids(**options: object) -> list[str]:
        protocol = CAN_PROTOCOLS["pylontech_lv"]
        rows = protocol.rows(options_from_data(protocol.options, options))
        return [f"{row.key:X}" for row in rows]

    assert ids(frames="v1_2") == ["35E", "351", "355", "356", "359", "35C"]
    assert ids(frames="v1_3") == ["35E", "351", "355", "356", "35A", "35F"]
    details = ["372", "373", "374", "375", "376", "377", "379"]
    assert ids() == ["35E", "351", "355", "356", "359", "35C", "35A", *details, "35F"]


def test_switches_of_pylontech() -> None:
    protocol = CAN_PROTOCOLS["pylontech_lv"]

    def frame(number: int, bank: Bank = HOME, **options: object) -> bytes:
        (data,) = round_of(protocol, bank, options_from_data(protocol.options, options))[number, False]
        return data

    assert len(frame(0x351)) == 8
    assert len(frame(0x351, discharge_voltage=False)) == 6
    assert int.from_bytes(frame(0x351, negative_discharge_limit=True)[4:6], "little", signed=True) == -2000
    assert int.from_bytes(frame(0x356, discharging_positive=True)[2:4], "little", signed=True) == 314
    assert int.from_bytes(frame(0x356, coarse_voltage=True)[:2], "little") == 533
    assert len(frame(0x355)) == 4
    assert frame(0x355, frames="v1_3")[4:] == b"\0\0"
    assert int.from_bytes(frame(0x355, high_resolution_soc=True)[4:6], "little") == 6137
    sofar = frame(0x355, sofar_extras=True), frame(0x356, sofar_extras=True)
    assert [int.from_bytes(data[6:8], "little") for data in sofar] == [344, 412]
    assert frame(0x35E, name="SHEnergy") == b"SHEnergy"
    assert frame(0x359)[4:] == b"\x02PN"
    eight = round_of(protocol, HOME, options_from_data(protocol.options, {"all_eight_bytes": True}))
    assert {len(data) for told in eight.values() for data in told} == {8}


def test_an_inverter_that_ignores_zeros_is_told_the_least_there_is() -> None:
    stopped = nothing_permitted(HOME)
    words = told("pylontech_lv", stopped, zero_is_ignored=True)
    assert (words["ccl"], words["dcl"], words["cvl"]) == (0.1, 0.1, 55.2)
    assert words["requests"] == set()
    assert told("pylontech_lv", HOME, zero_is_ignored=True)["ccl"] == 120.0


def test_a_sunny_island_is_never_told_what_it_would_drop() -> None:
    # Out of its range a value is dropped silently, and the last good one kept.
    low = told("sma", replace(HOME, cvl=28.0, dvl=22.0))
    assert (low["cvl"], low["ccl"], low["dvl"]) == (41.0, 0.0, 41.0)
    high = told("sma", replace(HOME, cvl=70.0, dvl=50.0, ccl=5000.0))
    assert (high["cvl"], high["ccl"], high["dvl"], high["dcl"]) == (63.0, 1200.0, 48.0, 0.0)


def test_a_sunny_island_is_told_that_a_value_is_not_known() -> None:
    frames = round_of(CAN_PROTOCOLS["sma"], replace(HOME, soc=None, voltage=None, current=None, temperature=None))
    assert frames[0x355, False] == [bytes.fromhex("FFFF6100FFFF")]
    assert frames[0x356, False] == [bytes.fromhex("008000800080")]


def test_luxpower_is_never_told_two_temperatures_that_are_the_same() -> None:
    words = told("luxpower", replace(HOME, temperature_max=HOME.temperature_min))
    assert (words["temperature_max"], words["temperature_min"]) == (21.1, 21.0)
    assert told("luxpower", HOME)["capacity"] == 560
    protocol = CAN_PROTOCOLS["luxpower"]
    assert (0x379, False) not in round_of(protocol, HOME, options_from_data(protocol.options, {"capacity": False}))


def test_growatt_shows_what_the_battery_does() -> None:
    for key in ("growatt_lv", "growatt_hv"):
        assert told(key, HOME)["state"] == "discharging"
        assert told(key, replace(HOME, current=20.0))["state"] == "charging"
        assert told(key, replace(HOME, current=0.04))["state"] == "standby"
        assert told(key, replace(HOME, current=None))["state"] == "standby"
        assert told(key, replace(HOME, balancing=True))["balancing"] is True
        assert told(key, replace(HOME, alarms=frozenset({"cell_overvoltage"})))["fault"] is True
        assert told(key, replace(HOME, chemistry="nmc"))["chemistry"] == "nmc"
    words = told("growatt_lv", HOME)
    assert words["difference"] == 0.023
    assert (words["cell_max_number"], words["cell_min_number"], words["maker"]) == (7, 15, "HB")
    assert told("growatt_lv", HOME, set_bit_forbids=True)["enabled"] == set()
    assert told("growatt_lv", nothing_permitted(HOME), set_bit_forbids=True)["enabled"] == {"charge", "discharge"}


def test_a_growatt_stack_says_what_it_is_made_of() -> None:
    words = told("growatt_hv", STACK)
    assert (words["cells"], words["series"], words["packs"]) == (105, 7, 1)
    assert words["rated"] == 16800
    assert words["serial_number"] == "HB20261126001"
    assert (words["cell_max_place"], words["cell_min_place"]) == ((2, 7), (1, 15))
    assert (words["temperature_max_place"], words["temperature_min_place"]) == ((2, 2), (1, 1))
    assert words["cell_cutoff"] == 3.428
    assert told("growatt_hv", STACK, modules=5)["series"] == 5
    assert told("growatt_hv", replace(STACK, cells=0))["cell_cutoff"] == 0
    assert told("growatt_hv", replace(STACK, serial_number=""))["serial_number"] == ""


def test_a_pylontech_stack_says_what_it_is_made_of() -> None:
    words = told("pylontech_hv", STACK)
    assert (words["cells"], words["series"], words["module_cells"], words["nominal"]) == (105, 7, 15, 336)
    assert words["name"] == "PYLONTECH"
    assert words["state"] == "charging"
    assert abs(words["module_max"] - STACK.voltage / 7) < 0.001
    assert (words["cell_max_number"], words["cell_min_number"]) == (6, 14)
    assert (words["temperature_max"], words["temperature_min"]) == (pytest.approx(25.3), pytest.approx(21.0))


def test_switches_of_a_pylontech_stack() -> None:
    protocol = CAN_PROTOCOLS["pylontech_hv"]

    def rounded(**options: object) -> dict[tuple[int, bool], list[bytes]]:
        return round_of(protocol, STACK, options_from_data(protocol.options, options))

    assert pylontech_hv(rounded(address=0), address=0)["cvl"] == 360.0
    assert rounded(big_endian=True)[0x4221, True][0][:4] == bytes.fromhex("0E100BB8")
    plain = rounded(current_offset=False)[0x4221, True][0]
    assert [int.from_bytes(plain[at : at + 2], "little", signed=True) for at in (4, 6)] == [300, -300]
    positive = rounded(current_offset=False, positive_discharge_limit=True)[0x4221, True][0]
    assert [int.from_bytes(positive[at : at + 2], "little", signed=True) for at in (4, 6)] == [300, 300]
    warmth = rounded(temperature_offset=False)[0x4241, True][0]
    assert int.from_bytes(warmth[:2], "little") == 253
    assert pylontech_hv(rounded(discharging_positive=True))["current"] == -12.3
    assert rounded(deye_name=True, name="Deye")[0x42E1, True] == [b"Deye\0\0\0\0"]
    assert {row.period for row in protocol.rows(options_from_data(protocol.options, {"unprompted": True}))} == {1.0}
    assert {row.period for row in protocol.rows(protocol.options())} == {None}


def test_a_byd_tells_the_discharge_current_first() -> None:
    words = told("byd_hvs", replace(STACK, dcl=12.0))
    assert (words["ccl"], words["dcl"]) == (30.0, 12.0)
    assert (words["maker"], words["product"], words["rated"]) == ("BYD", "Battery-Box Premium HVS", 16800)


@pytest.mark.parametrize(("limits", "soc"), [({"ccl": 0.0}, 100.0), ({"dcl": 0.0}, 0.0), ({}, 61.37)])
def test_a_deye_off_the_grid_goes_by_the_charge(limits: dict[str, float], soc: float) -> None:
    assert told("byd_hvs", replace(STACK, **limits), charge_follows_limits=True)["soc"] == soc
    assert told("byd_hvs", replace(STACK, **limits))["soc"] == 61.37
    # With both closed there is nothing to follow.
    assert told("byd_hvs", nothing_permitted(STACK), charge_follows_limits=True)["soc"] == 61.37


def test_a_solax_battery_tells_its_energy() -> None:
    words = told("solax", STACK)
    assert words["rated"] == 16800
    assert words["remaining_energy"] == pytest.approx(31.0 * 336, abs=10)
    assert (words["slaves"], words["contactor"]) == (0, True)
    assert told("solax", replace(STACK, packs=0))["contactor"] is False
    protocol = CAN_PROTOCOLS["solax"]
    ultra = round_of(protocol, STACK, options_from_data(protocol.options, {"ultra": True, "millivolts": True}))
    assert ultra[0x187E, True] == [bytes.fromhex("A0410000613D0000")]
    assert ultra[0x1874, True][0][4:6] == (3341).to_bytes(2, "little")
    assert round_of(protocol, STACK)[0x1874, True][0][4:6] == (33).to_bytes(2, "little")
