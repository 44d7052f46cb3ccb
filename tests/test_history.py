"""The statistics that the demo begins with show a house that lives."""

from datetime import UTC, datetime

from custom_components.home_bms.core import bms
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.hw.devices import DEVICES
from scripts.history import Past

PACK = {
    "model": next(iter(DEVICES)),
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 126.0,
    "discharge_current": 126.0,
    "temperature_sensors": 4,
    "seed": 1,
}


def test_a_computed_day_moves_energy_both_ways_and_permits_it() -> None:
    past = Past(PACK, 24, datetime(2026, 6, 21, 12, tzinfo=UTC))
    day = list(past.hours())
    assert len(day) == 24
    last = day[-1][1]
    assert last["energy_in"][-1] > 1
    assert last["energy_out"][-1] > 1
    assert max(last["ccl"]) > 100
    config = pack_config(PACK)
    new = bms.start(config)
    known = bms.load_learned(config, new, past.learned, now=0.0, gap=0.0)
    assert known.estimate != new.estimate
