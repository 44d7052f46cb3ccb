"""A log of what changes in a device tells changes, not first words, and not silence."""

import json
from dataclasses import replace

from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.device_log import MOST, NOTHING, Change, DeviceLog, Kind, note
from custom_components.home_bms.core.model import HardwareRing

RING = HardwareRing(cell_overvoltage=3.65, charge_current=150.0)
WHO = {Kind.FIRMWARE: "15.30", Kind.HARDWARE: "15A", Kind.CELL_COUNT: 16, Kind.SERIAL_NUMBER: "JK-1"}
LOG, _ = note(NOTHING, WHO, RING, 1.0)


def test_what_is_told_first_is_no_change() -> None:
    assert note(NOTHING, WHO, RING, 1.0)[1] == ()
    log, changes = note(LOG, WHO, replace(RING, balance_difference=0.01), 2.0)
    assert changes == ()
    assert log.settings["balance_difference"] == 0.01


def test_the_same_words_again_are_the_same_log() -> None:
    log, changes = note(LOG, WHO, RING, 2.0)
    assert log is LOG
    assert changes == ()


def test_what_is_not_told_is_no_change_and_stays_known() -> None:
    log, changes = note(LOG, {Kind.FIRMWARE: None, Kind.SERIAL_NUMBER: ""}, HardwareRing(), 2.0)
    assert (log is LOG, changes) == (True, ())


def test_each_change_is_told_with_before_and_after_and_once() -> None:
    who = {**WHO, Kind.FIRMWARE: "16.01", Kind.CELL_COUNT: 15}
    log, changes = note(LOG, who, replace(RING, cell_overvoltage=3.7), 2.0)
    assert changes == (
        Change(at=2.0, kind=Kind.FIRMWARE, before="15.30", after="16.01"),
        Change(at=2.0, kind=Kind.CELL_COUNT, before=16, after=15),
        Change(at=2.0, kind=Kind.SETTING, setting="cell_overvoltage", before=3.65, after=3.7),
    )
    assert log.changes == changes
    assert note(log, who, replace(RING, cell_overvoltage=3.7), 3.0)[1] == ()


def test_the_log_is_bounded_and_keeps_the_newest() -> None:
    log: DeviceLog = LOG
    for number in range(MOST + 5):
        log, _ = note(log, {Kind.FIRMWARE: f"v{number}"}, RING, float(number))
    assert len(log.changes) == MOST
    assert log.changes[-1].after == f"v{MOST + 4}"


def test_it_comes_back_from_the_disk_as_it_was() -> None:
    log, _ = note(LOG, {Kind.FIRMWARE: "16.01"}, replace(RING, charge_current=100.0), 2.0)
    found = codec(DeviceLog)
    assert found.decode(json.loads(json.dumps(found.encode(log)))) == log
