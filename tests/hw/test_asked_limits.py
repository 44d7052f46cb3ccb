"""What a device asks for is told apart from zeros of one that has nothing to tell."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from custom_components.home_bms.core.model import AskedLimits, PackReading
from custom_components.home_bms.hw.asked_limits import asked, together
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.frames import memory_of
from custom_components.home_bms.hw.parts import _take
from custom_components.home_bms.hw.parts_reading import Seat

from .recorded import vectors
from .sunspec_device import INFO, READING


def reading(key, values, found=None):
    return DEVICES[key].reading(values, found or {})


def test_nothing_told_is_nothing_asked():
    assert asked(cvl=None, ccl=None) is None
    assert asked(cvl=None, ccl=0.0) == AskedLimits(ccl=0.0)
    assert asked(charge_allowed=False) == AskedLimits(charge_allowed=False)


@pytest.mark.parametrize("key", ["seplos_v3", "eg4_ll", "renogy"])
def test_a_zero_counts_once_anything_else_was_told(key):
    """A board that leaves the register empty must not stop its pack; one that has asked for more means its zero."""
    names = {"seplos_v3": "charge_current_max", "eg4_ll": "charge_current_max", "renogy": "charge_current_limit"}
    name = names[key]
    assert reading(key, {name: 0}).asked is None
    assert reading(key, {name: 0}, {name: 100}).asked.ccl == 0
    assert reading(key, {name: 80}).asked.ccl == 80
    assert reading(key, {}).asked is None


def test_the_zeros_of_a_sunspec_battery_count_once_anything_else_was_told():
    device = DEVICES["sunspec"]
    values = device.decode(device.encode(READING, INFO))

    def told(found, **points):
        (battery,) = values["battery"]
        return device.reading(values | {"battery": [battery | points]}, found).asked

    nothing = {"AChaMax": 0.0, "ADisChaMax": 0.0, "VMax": 0.0}
    assert told({}, **nothing) is None
    assert told({"battery": [{"AChaMax": 50.0}]}, **nothing) == AskedLimits(ccl=0.0, dcl=0.0)
    assert told({}, **nothing | {"ADisChaMax": 60.0, "VMax": 56.4}) == AskedLimits(cvl=56.4, ccl=0.0, dcl=60.0)
    assert told({}, **dict.fromkeys(nothing)) is None


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        # A battery without a BMS: the GX tells zeros.
        ({"charge_voltage_limit": None, "charge_current_limit": 0.0, "discharge_current_limit": 0.0}, None),
        (
            {"charge_voltage_limit": 55.2, "charge_current_limit": 0.0, "discharge_current_limit": 150.0},
            AskedLimits(cvl=55.2, ccl=0.0, dcl=150.0),
        ),
        ({"charge_voltage_limit": 55.2}, AskedLimits(cvl=55.2)),
        # No is all that a battery can say there that has nothing to say.
        ({"charge_voltage_limit": 55.2, "charge_allowed": 0, "discharge_allowed": 0}, AskedLimits(cvl=55.2)),
    ],
)
def test_currents_of_a_gx_count_beside_a_charge_voltage(limits, told):
    assert reading("victron_gx", limits).asked == told


@pytest.mark.parametrize(
    ("bits", "charge", "discharge"), [(200, True, True), (0b0100_0000, False, True), (0b1000_0000, True, False)]
)
def test_a_renogys_flags(bits, charge, discharge):
    told = reading("renogy", {"request_bits": bits}).asked
    assert (told.charge_allowed, told.discharge_allowed) == (charge, discharge)
    assert reading("renogy", {"request_bits": 0}).asked is None
    assert reading("renogy", {"request_bits": 0}, {"request_bits": 192}).asked == AskedLimits(
        charge_allowed=False, discharge_allowed=False
    )


@pytest.mark.parametrize(
    ("file", "vector", "told"),
    [
        ("seplos_v3", "aiobmsble_pia1", AskedLimits(ccl=180, dcl=180)),
        ("seplos_v3", "flip555_pia", AskedLimits(ccl=150, dcl=150)),
        ("eg4_ll", "wombatt_basic", AskedLimits(ccl=100)),
        ("jk_pb", "jk_fc03_0x1000", AskedLimits(cvl=57.6)),
        ("renogy", "renogy_5104", AskedLimits(charge_allowed=True, discharge_allowed=True)),
    ],
)
def test_recorded_packs_ask_for_what_their_source_says(file, vector, told):
    device = DEVICES[file]
    one = next(one for one in vectors(file) if one["id"] == vector)
    request = bytes.fromhex(one["request"]) if one.get("request") else None
    values = device.decode(memory_of(device, request, bytes.fromhex(one["response"])))
    assert device.reading(values, values).asked == told


def test_of_several_members_the_lowest_rules():
    def member(cells, time=1.0, **limits):
        return PackReading(
            time=0.0, cells=(3.3,) * cells, asked=AskedLimits(**limits) if limits else None, asked_time=time
        )

    whole, half = member(16, cvl=56.0, ccl=50.0, time=3.0), member(8, cvl=27.0, ccl=20.0, charge_allowed=True, time=2.0)
    told = together([whole, half, member(0, time=None)], 16)
    # A board that sees half of the cells cannot say what the pack's voltage may be.
    assert told == {"asked": AskedLimits(cvl=56.0, ccl=20.0, charge_allowed=True), "asked_time": 2.0}
    assert together([member(16, ccl=9.0, time=None), whole], 16)["asked_time"] is None
    assert together([member(16, charge_allowed=True), member(16, charge_allowed=False)], 16)["asked"] == AskedLimits(
        charge_allowed=False
    )
    assert together([member(8, cvl=27.0)], 16) == {}
    assert together([], 16) == {}


async def test_a_member_that_says_no_more_of_a_limit_does_not_leave_the_word_to_the_others():
    def told(time, **limits):
        asked = AskedLimits(**limits) if limits else None
        return PackReading(time=time, cells=(3.3,) * 16, asked=asked, asked_time=time if limits else None)

    async def answer(reading):
        return reading

    strict = Seat(row=None, driver=SimpleNamespace(info=SimpleNamespace(fingerprint="A")), known="A")
    easy = told(3.0, ccl=90.0, charge_allowed=True)
    for reading, expected, time in (
        (told(1.0, ccl=5.0, charge_allowed=False), AskedLimits(ccl=5.0, charge_allowed=False), 1.0),
        (told(2.0, ccl=7.0), AskedLimits(ccl=7.0, charge_allowed=False), 2.0),
        (told(3.0), AskedLimits(ccl=7.0, charge_allowed=False), 2.0),
        (told(4.0, ccl=80.0, charge_allowed=True), AskedLimits(ccl=80.0, charge_allowed=True), 3.0),
    ):
        strict.asking = asyncio.create_task(answer(reading))
        await asyncio.wait([strict.asking])
        _take(strict)
        assert together([strict.reading, easy], 16) == {"asked": expected, "asked_time": time}
