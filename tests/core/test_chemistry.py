"""Presets, and configurations that must be refused."""

from dataclasses import replace

import pytest

from custom_components.home_bms.core import chemistry
from custom_components.home_bms.core.model import BalanceConfig, ChargeConfig, ConfigError, HardwareRing, Level
from custom_components.home_bms.core.presets import CHEMISTRIES

from .conftest import make_config


@pytest.mark.parametrize("key", CHEMISTRIES)
def test_every_preset_is_in_order_and_knows_every_protection(key: str) -> None:
    config = make_config(chemistry=key, confirmed=True)
    assert set(config.stages) == set(make_config().stages)
    for stages in config.stages.values():
        assert [stage.level for stage in stages] == sorted(stage.level for stage in stages)
        rising = stages[0].at > stages[0].release
        edges = [stage.at if rising else -stage.at for stage in stages]
        assert edges == sorted(edges)


def test_sodium_needs_a_person_who_has_read_the_datasheet() -> None:
    with pytest.raises(ConfigError) as refused:
        make_config(chemistry="na_ion")
    assert (refused.value.key, refused.value.field) == ("confirm_datasheet", "confirmed")


@pytest.mark.parametrize(
    ("changes", "key", "field"),
    [
        ({"chemistry": "lead"}, "unknown_chemistry", "chemistry"),
        ({"cells": 0}, "out_of_range", "cells"),
        ({"cells": 401}, "out_of_range", "cells"),
        ({"capacity": float("nan")}, "out_of_range", "capacity"),
        ({"charge_current": 0.0}, "out_of_range", "charge_current"),
        ({"temperature_sensors": -1}, "out_of_range", "temperature_sensors"),
        ({"overrides": {"volume": 1.0}}, "unknown_setting", "volume"),
        ({"overrides": {"cell_overvoltage_trip": 9.0}}, "out_of_range", "cell_overvoltage_trip"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, object], key: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_config(**changes)
    assert (refused.value.key, refused.value.field) == (key, field)


@pytest.mark.parametrize(
    ("overrides", "lower", "upper"),
    [
        ({"cell_overvoltage_protect": 3.61}, ("cell_overvoltage_protect", "3.61"), ("cell_overvoltage_trip", "3.6")),
        ({"cell_overvoltage_derate": 3.56}, ("cell_overvoltage_derate", "3.56"), ("cell_overvoltage_protect", "3.55")),
        ({"cell_overvoltage_trip": 3.66}, ("cell_overvoltage_trip", "3.66"), ("hardware_cell_overvoltage", "3.65")),
        ({"cell_undervoltage_trip": 2.45}, ("hardware_cell_undervoltage", "2.5"), ("cell_undervoltage_trip", "2.45")),
        ({"cell_undervoltage_trip": 2.95}, ("cell_undervoltage_trip", "2.95"), ("cell_undervoltage_protect", "2.9")),
        ({"charge_overtemperature_trip": 50.0},
         ("charge_overtemperature_protect", "50"), ("charge_overtemperature_trip", "50")),
        ({"soc_min": 90.0, "soc_max": 80.0}, ("soc_min", "90"), ("soc_max", "80")),
        ({"balance_off": 0.02}, ("balance_off", "0.02"), ("balance_on", "0.01")),
    ],
)  # fmt: skip
def test_levels_out_of_order_are_refused_with_both_values(
    overrides: dict[str, float], lower: tuple[str, str], upper: tuple[str, str]
) -> None:
    hardware = HardwareRing(cell_overvoltage=3.65, cell_undervoltage=2.5)
    with pytest.raises(ConfigError) as refused:
        make_config(overrides=overrides, hardware=hardware)
    told = refused.value.placeholders
    assert refused.value.key == "levels_out_of_order"
    assert (told["lower"], told["lower_value"]) == lower
    assert (told["upper"], told["upper_value"]) == upper
    assert refused.value.field in overrides


def test_a_tighter_pack_pulls_every_level_inside_its_own() -> None:
    """JK's factory LFP preset cuts at 3.60 V: trip moves to 3.55 V and protect to 3.52 V (thresholds.md 2.12)."""
    ring = HardwareRing(
        cell_overvoltage=3.60, cell_undervoltage=2.60, charge_overtemperature=50.0, discharge_overtemperature=55.0
    )
    config = make_config(hardware=ring)
    over = {stage.level: stage.at for stage in config.stages["cell_overvoltage"]}
    assert over[Level.PROTECT] == pytest.approx(3.52)
    assert max(over.values()) < 3.60
    assert config.stages["cell_overvoltage"][2].at == pytest.approx(3.55)
    assert config.stages["cell_undervoltage"][-1].at == pytest.approx(2.70)
    assert config.stages["charge_overtemperature"][-1].at < 50
    assert config.stages["discharge_overtemperature"][-1].at < 55


def test_a_ring_in_the_wrong_place_is_told_apart_from_the_user() -> None:
    """A pack that cuts off at 3.30 V cannot be supervised from inside; the message names its setting."""
    with pytest.raises(ConfigError) as refused:
        make_config(hardware=HardwareRing(cell_undervoltage=3.4))
    assert refused.value.key == "levels_out_of_order"


def test_defaults_cover_exactly_the_settings_and_lie_in_their_ranges() -> None:
    for key in CHEMISTRIES:
        values = chemistry.defaults(key, charge_current=100, discharge_current=100)
        assert set(values) == {setting.key for setting in chemistry.SETTINGS}
        for setting in chemistry.SETTINGS:
            assert setting.minimum <= values[setting.key] <= setting.maximum, setting.key


def test_a_config_error_reads_as_a_sentence_for_the_log() -> None:
    assert str(ConfigError("out_of_range", "cells", value=0, minimum=1)) == "out_of_range: cells (value=0, minimum=1)"


def test_how_a_device_balances_stands_where_the_user_moved_nothing() -> None:
    device = BalanceConfig(masked=True, current=0.13, duty=0.7, charge_on=0.0031)
    assert make_config().balance == BalanceConfig()
    assert make_config(balance=device).balance == device
    moved = make_config(balance=device, overrides={"balance_give_up": 5.0, "balance_every": 10.0})
    assert moved.balance == replace(device, give_up=5.0, every=10.0)


BALANCING = [setting for setting in chemistry.SETTINGS if hasattr(BalanceConfig, setting.key.removeprefix("balance_"))]


@pytest.mark.parametrize("setting", BALANCING, ids=lambda setting: setting.key)
def test_every_setting_of_balancing_may_be_moved_inside_its_range(setting: chemistry.Setting) -> None:
    assert setting.group == "balancing"
    # Near the middle none is out of order with another.
    middle = (setting.minimum + setting.maximum) / 2 + setting.step
    others = {"balance_charge_on": 5.0} if setting.key == "balance_charge_off" else {}
    assert make_config(overrides=others | {setting.key: middle}).balance != BalanceConfig()
    for value in (setting.minimum - 1, setting.maximum + 1):
        with pytest.raises(ConfigError) as error:
            make_config(overrides={setting.key: value})
        assert (error.value.key, error.value.field) == ("out_of_range", setting.key)


def test_who_is_level_before_he_is_ahead_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        make_config(overrides={"balance_charge_off": 0.3})
    assert error.value.key == "levels_out_of_order"
    assert error.value.placeholders["upper"] == "balance_charge_on"


def test_charging_is_set_in_minutes_hours_and_percent() -> None:
    config = make_config(
        overrides={
            "absorption_hold": 30.0,
            "absorption_longest": 2.0,
            "absorption_difference": 0.02,
            "recharge_after": 10.0,
            "cell_voltage_float": 3.375,
        }
    )
    assert config.charging == ChargeConfig(hold=1800.0, longest=7200.0, difference=0.02, again=10.0)
    assert config.cell_voltage_float == 3.375
    assert make_config().charging == ChargeConfig()


def test_a_battery_floats_at_most_at_its_charge_voltage() -> None:
    assert make_config(overrides={"cell_voltage_full": 3.34}).cell_voltage_float == 3.34
    assert make_config(overrides={"cell_voltage_float": 3.60}).cell_voltage_float == 3.45
