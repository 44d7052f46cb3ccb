"""Which entity is what: as the devices that people have call them, and never a guess where the name tells nothing.

The lists are those of the components' public examples; what BMS_BLE-HA and Victron's GX call them comes from their own
translations.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.packs.role_names import RULES, Candidate, propose
from custom_components.home_bms.packs.roles import SLOTS, STATE_OF, Role

from .entity_lists import (
    AH,
    JK_NUMBERS,
    JK_SENSORS,
    JK_VALUES,
    PERCENT,
    SEPLOS,
    SEPLOS_NAMED,
    A,
    C,
    V,
    ble,
    candidates,
    cells,
    named,
    numbered,
    plainly,
)


@pytest.mark.parametrize("prefix", ["", "jk-bms "], ids=["friendly name", "name in every entity"])
def test_a_jk_of_syssis_esphome_component(prefix: str) -> None:
    device = "jk-bms"
    found = propose(
        [
            *candidates(device, "sensor", JK_SENSORS, JK_VALUES, prefix),
            *candidates(
                device, "binary_sensor", plainly("balancing", "charging", "discharging", "online status"), prefix=prefix
            ),
            *candidates(device, "number", JK_NUMBERS, prefix=prefix),
            *candidates(
                device,
                "switch",
                plainly("charging", "discharging", "balancer", "enable bluetooth connection"),
                prefix=prefix,
            ),
        ]
    )
    assert named(found, device) == {
        "cells": cells("cell voltage {}", 8),
        "temperatures": ["temperature sensor 1", "temperature sensor 2"],
        "current": ["current"],
        "voltage": ["total voltage"],
        "switch_temperature": ["power tube temperature"],
        "soc": ["state of charge"],
        "full_capacity": ["total battery capacity setting"],
        "cycles": ["charging cycles"],
        "charge_switch": ["charging"],
        "discharge_switch": ["discharging"],
        "balance_switch": ["balancer"],
        "charge_state": ["charging"],
        "discharge_state": ["discharging"],
        "balance_state": ["balancing"],
        # What it calls its maximum is its own protection, in its flash: home_bms proposes no number for its limits.
    }
    assert found[Role.CHARGE_STATE] == ("binary_sensor.jk_bms_" + ("jk_bms_" if prefix else "") + "charging",)


def test_a_jk_that_tells_nothing_yet_is_proposed_whole() -> None:
    found = propose(candidates("jk-bms", "sensor", JK_SENSORS))
    assert len(found[Role.CELLS]) == 24
    assert len(found[Role.TEMPERATURES]) == 2


def test_a_jbd_with_two_of_six_temperatures_wired() -> None:
    sensors = [
        *numbered("cell voltage {}", 32, V),
        ("min cell voltage", *V),
        ("delta cell voltage", *V),
        ("total voltage", *V),
        ("current", *A),
        ("average current", *A),
        *numbered("temperature {}", 6, C),
        ("state of charge", *PERCENT),
        ("nominal capacity", *AH),
        ("capacity remaining", *AH),
        ("battery cycle capacity", *AH),
        ("charging cycles", None, None),
        ("battery strings", None, None),
        ("charge overcurrent error count", None, None),
        ("remaining charging time", "s", "duration"),
    ]
    wired = {f"cell voltage {number}": 3.3 for number in range(1, 17)} | {"temperature 1": 21.0, "temperature 2": 22.0}
    found = propose(
        [
            *candidates("jbd-bms-ble", "sensor", sensors, wired),
            *candidates("jbd-bms-ble", "binary_sensor", plainly("balancing", "charging", "discharging")),
            *candidates("jbd-bms-ble", "switch", plainly("charging", "discharging", "enable bluetooth connection")),
        ]
    )
    assert named(found, "jbd-bms-ble") == {
        "cells": cells("cell voltage {}", 16),
        "temperatures": ["temperature 1", "temperature 2"],
        "current": ["current"],
        "voltage": ["total voltage"],
        "soc": ["state of charge"],
        "full_capacity": ["nominal capacity"],
        "cycles": ["charging cycles"],
        "charge_switch": ["charging"],
        "discharge_switch": ["discharging"],
        "charge_state": ["charging"],
        "discharge_state": ["discharging"],
        "balance_state": ["balancing"],
    }


def test_a_daly_with_numbers_that_are_written_with_a_zero() -> None:
    sensors = [
        *numbered("cell voltage {}", 16, ("mV", "voltage"), width=2),
        ("total voltage", *V),
        ("current", *A),
        *numbered("temperature {}", 2, C),
        ("mosfet temperature", *C),
        ("board temperature", *C),
        ("state of charge", *PERCENT),
        ("charging cycles", None, None),
        ("capacity remaining", *AH),
        ("balance current", *A),
        ("cell count", None, None),
        ("temperature sensors", None, None),
    ]
    found = propose(
        [
            *candidates("daly-bms-ble", "sensor", sensors),
            *candidates("daly-bms-ble", "number", [("state of charge setting", *PERCENT)]),
            *candidates("daly-bms-ble", "switch", plainly("balancer", "charging", "discharging")),
        ]
    )
    assert named(found, "daly-bms-ble") == {
        "cells": [f"cell voltage {number:02}" for number in range(1, 17)],
        "temperatures": ["temperature 1", "temperature 2"],
        "current": ["current"],
        "voltage": ["total voltage"],
        "switch_temperature": ["mosfet temperature"],
        "soc": ["state of charge"],
        "cycles": ["charging cycles"],
        "charge_switch": ["charging"],
        "discharge_switch": ["discharging"],
        "balance_switch": ["balancer"],
    }


def test_a_seplos_without_a_switch() -> None:
    found = propose(candidates("seplos-bms", "sensor", SEPLOS))
    assert named(found, "seplos-bms") == SEPLOS_NAMED


def test_several_packs_behind_one_device_are_not_mixed() -> None:
    banks = [one for bank in ("bms0", "bms1") for one in candidates("seplos", "sensor", SEPLOS, prefix=f"{bank} ")]
    first = propose(banks)
    assert {one for ones in first.values() for one in ones if "bms_1" in one} == set()
    assert len(first[Role.CELLS]) == 16
    second = propose(banks, taken={one for ones in first.values() for one in ones})
    assert {one for ones in second.values() for one in ones if "bms_0" in one} == set()
    assert named(second, "seplos_bms_1") == SEPLOS_NAMED


def test_bms_ble_keeps_cells_and_temperatures_in_lists() -> None:
    found = propose(ble({"cell_voltages": [3.3] * 4, "temperature_sensors": [20.0, 21.0]}))
    assert named(found, "smartbat-a12345") == {
        "cells": ["delta cell voltage"],
        "temperatures": ["temperature"],
        "current": ["current"],
        "voltage": ["voltage"],
        "soc": ["battery"],
        "soh": ["battery health"],
        "cycles": ["cycles"],
        # "Charging" says that current flows in, not where the MOSFET is.
        "charge_state": ["charge mosfet"],
        "discharge_state": ["discharge mosfet"],
        "balance_state": ["balancer"],
    }


def test_the_difference_of_the_cells_is_no_cell() -> None:
    assert Role.CELLS not in propose(ble({}))
    assert propose(ble({}))[Role.TEMPERATURES] == ("sensor.smartbat_a_12345_temperature",)


def test_victrons_gx_in_german() -> None:
    sensors = [
        *numbered("Spannung Zelle {}", 16, V),
        ("DC-Bus-Spannung", *V),
        ("DC-Bus-Mittelspannung", *V),
        ("DC-Bus-Stromstärke", *A),
        ("Maximal zulässiger Ladestrom", *A),
        ("Maximal zulässiger Entladestrom", *A),
        ("Maximale Zellspannung", *V),
        ("Minimale Zellspannung", *V),
        ("Zellspannungsabweichung", *V),
        ("Maximale Zelltemperatur", *C),
        ("Temperatur", *C),
        ("Ladestand", *PERCENT),
        ("State of Health", *PERCENT),
        ("Kapazität", *AH),
        ("Installierte Kapazität", *AH),
        ("Gesamtladezyklen", None, None),
    ]
    found = propose(
        [
            *candidates("Batterie", "sensor", sensors),
            *candidates("Batterie", "binary_sensor", plainly("Aufladen zulassen", "Entladen zulassen")),
        ]
    )
    assert named(found, "Batterie") == {
        "cells": cells("spannung zelle {}", 16),
        "temperatures": ["temperatur"],
        "current": ["dc bus stromstarke"],
        "voltage": ["dc bus spannung"],
        "soc": ["ladestand"],
        "soh": ["state of health"],
        "full_capacity": ["installierte kapazitat"],
        "cycles": ["gesamtladezyklen"],
    }


def test_dbus_serialbattery_over_mqtt() -> None:
    sensors = [
        *numbered("Voltages Cell{}", 16, ("V", None)),
        ("System MinCellVoltage", "V", None),
        ("System MaxCellVoltage", "V", None),
        ("System MinVoltageCellId", None, None),
        ("Voltages Diff", "V", None),
        ("Voltages Sum", "V", None),
        ("Dc 0 Voltage", "V", None),
        ("Dc 0 Current", "A", None),
        ("Dc 0 Temperature", "°C", None),
        ("System Temperature1", "°C", None),
        ("System Temperature2", "°C", None),
        ("System MOSTemperature", "°C", None),
        ("Info MaxChargeCurrent", "A", None),
        ("Info MaxDischargeCurrent", "A", None),
        ("Soc", "%", None),
        ("InstalledCapacity", "Ah", None),
        ("ConsumedAmphours", "Ah", None),
        ("History ChargeCycles", None, None),
    ]
    found = propose(candidates("serialbattery", "sensor", sensors))
    assert named(found, "serialbattery") == {
        "cells": cells("voltages cell {}", 16),
        "temperatures": ["system temperature 1", "system temperature 2"],
        "current": ["dc 0 current"],
        "voltage": ["dc 0 voltage"],
        "soc": ["soc"],
        "full_capacity": ["installed capacity"],
        "cycles": ["history charge cycles"],
    }


def test_german_names_of_ones_own() -> None:
    sensors = [
        *numbered("Zelle {} Spannung", 8, V),
        ("Zellspannung Differenz", *V),
        ("Höchste Zellspannung", *V),
        *numbered("Zelltemperatur {}", 2, C),
        ("Umgebungstemperatur", *C),
        ("MOSFET Temperatur", *C),
        ("Gesamtspannung", *V),
        ("Batteriestrom", *A),
        ("Balancerstrom", *A),
        ("Ladezustand", *PERCENT),
        ("Gesundheitszustand", *PERCENT),
        ("Nennkapazität", *AH),
        ("Restkapazität", *AH),
        ("Ladezyklen", None, None),
    ]
    found = propose(
        [
            *candidates("Speicher Keller", "sensor", sensors),
            *candidates("Speicher Keller", "switch", plainly("Laden", "Entladen", "Balancer")),
            *candidates("Speicher Keller", "binary_sensor", plainly("Lade-MOSFET", "Entlade-MOSFET")),
            *candidates(
                "Speicher Keller",
                "number",
                [("Ladestrombegrenzung", *A), ("Entladestromgrenze", *A), ("Überstromschutz", *A)],
            ),
        ]
    )
    assert named(found, "Speicher Keller") == {
        "cells": cells("zelle {} spannung", 8),
        "temperatures": ["zelltemperatur 1", "zelltemperatur 2"],
        "current": ["batteriestrom"],
        "voltage": ["gesamtspannung"],
        "switch_temperature": ["mosfet temperatur"],
        "soc": ["ladezustand"],
        "soh": ["gesundheitszustand"],
        "full_capacity": ["nennkapazitat"],
        "cycles": ["ladezyklen"],
        "charge_switch": ["laden"],
        "discharge_switch": ["entladen"],
        "balance_switch": ["balancer"],
        "charge_state": ["lade mosfet"],
        "discharge_state": ["entlade mosfet"],
        "charge_limit": ["ladestrombegrenzung"],
        "discharge_limit": ["entladestromgrenze"],
    }


def test_limits_that_an_inverter_is_asked_to_keep_are_proposed() -> None:
    numbers = [("Charge current limit", *A), ("Discharge current limit", *A), ("Max charge current limit", *A)]
    found = propose(candidates("Inverter", "number", numbers))
    assert named(found, "Inverter") == {
        "charge_limit": ["charge current limit"],
        "discharge_limit": ["discharge current limit"],
    }


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("cell voltage 1", None),
        ("cell voltage 1", "Ω"),
        ("cell voltage", "V"),
        ("cell imbalance 2", "V"),
        ("cell 1 overvoltage protection", "V"),
        ("delta cell voltage 1", "V"),
        ("zellspannung 3 abweichung", "V"),
    ],
)
def test_what_is_no_cell_is_not_taken_for_one(name: str, unit: str | None) -> None:
    assert Role.CELLS not in propose(candidates("pack", "sensor", [(name, unit, "voltage")]))


@given(
    st.lists(
        st.builds(
            Candidate,
            entity_id=st.from_regex(r"(sensor|switch|binary_sensor|number)\.[a-z0-9_]{1,12}", fullmatch=True),
            names=st.tuples(
                st.sampled_from(
                    ["cell voltage 1", "cell 2", "temperature 3", "charging", "soc", "current", "spannung", ""]
                )
            ),
            unit=st.sampled_from([None, "V", "mV", "A", "°C", "%", "Ah", "nonsense"]),
            value=st.none() | st.floats(),
        ),
        max_size=30,
        unique_by=lambda one: one.entity_id,
    )
)
def test_law_no_entity_plays_two_roles_and_each_is_of_the_right_kind(entities: list[Candidate]) -> None:
    found = propose(entities)
    chosen = [one for ones in found.values() for one in ones]
    assert len(chosen) == len(set(chosen))
    units = {one.entity_id: one.unit for one in entities}
    for role, ones in found.items():
        slot = SLOTS[role]
        assert len(ones) == 1 or slot.many
        for one in ones:
            assert one.partition(".")[0] == slot.platform
            assert slot.quantity is None or units[one] in slot.quantity.units


def test_every_role_has_its_names() -> None:
    assert [rule.role for rule in RULES] == list(SLOTS) == list(Role)
    for switch, state in STATE_OF.items():
        assert (SLOTS[switch].platform, SLOTS[state].platform) == ("switch", "binary_sensor")


def test_what_a_pack_asks_for_is_proposed_but_not_beside_the_number_that_takes_the_limit() -> None:
    current = [(name, *A) for name in ("CCL", "discharge current limit", "max charge current")]
    sensors = candidates("bms", "sensor", [("requested charge voltage", *V), *current])
    assert named(propose(sensors), "bms") == {
        "asked_voltage": ["requested charge voltage"],
        "asked_charge": ["ccl"],
        "asked_discharge": ["discharge current limit"],
    }
    number = candidates("bms", "number", [("charge current limit", *A)])
    found = propose([*sensors, *number])
    assert set(found) == {Role.ASKED_VOLTAGE, Role.ASKED_DISCHARGE, Role.CHARGE_LIMIT}
