"""The rows of a pack that is built from parts: what can be read, and what is missing or unsafe."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.contactors import CONTACTOR
from custom_components.home_bms.core.model import ConfigError, ContactorConfig
from custom_components.home_bms.hw.channels import Channels, Current
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.parts_config import (
    CurrentRole,
    SwitchKind,
    contactor_config,
    parts_from_data,
)
from custom_components.home_bms.hw.parts_lint import Severity, lint_parts, may_control
from custom_components.home_bms.hw.virtual.parts import VirtualParts

SAFE = VirtualParts().data()


def data(**changes: Any) -> dict[str, Any]:
    """Return the safe set with other rows, by member and field; `None` takes a field or a member out."""
    found = json.loads(json.dumps(SAFE))
    for name, change in changes.items():
        if name in ("links", "shared_bus", "precharge_within"):
            found[name] = change
            continue
        members = found["members"]
        row = next((row for row in members if row["name"] == name), None)
        if change is None:
            members.remove(row)
        elif row is None:
            members.append({"name": name, **change})
        else:
            row.update(change)
            for field in [field for field, value in row.items() if value is None]:
                del row[field]
    return found


def keys(problems, severity: Severity | None = None) -> set[str]:
    return {problem.key for problem in problems if severity in (None, problem.severity)}


def lint(**changes: Any):
    return lint_parts(parts_from_data(data(**changes)), 16)


# Reading rows


def test_the_safe_set_is_read() -> None:
    parts = parts_from_data(SAFE)
    assert (parts.cells, parts.temperature_sensors) == (16, 4)
    shunt = parts.current
    assert shunt is not None
    assert (shunt.name, shunt.current) == ("shunt", CurrentRole.AS_TOLD)


def test_a_whole_row_is_read() -> None:
    row = {
        "device": "waveshare_relay_io",
        "link": "switch",
        "unit_ids": [2],
        "fingerprint": "Waveshare x 0S",
        "switches": [
            {"name": "string_2", "kind": "string", "relays": [4, 5], "auxiliary": {"channel": 3}},
            {"name": "bypass_7", "kind": "bypass", "relays": [6]},
        ],
        "pulse_restarts": False,
    }
    parts = parts_from_data(data(more=row, shared_bus=True, precharge_within=5))
    (first, second) = parts.members[-1].switches
    assert (first.kind, first.relays, first.auxiliary and first.auxiliary.normally_open) == (
        SwitchKind.STRING,
        (4, 5),
        True,
    )
    assert (second.kind, second.auxiliary) == (SwitchKind.BYPASS, None)
    assert parts.members[-1].outputs == {"string_2": (4, 5), "bypass_7": (6,)}


@pytest.mark.parametrize(
    ("key", "field", "changes"),
    [
        ("parts_no_link", "links", {"links": {}}),
        ("parts_no_link", "links", {"links": {"measure": "here"}}),
        ("parts_not_readable", "links", {"links": [1]}),
        ("out_of_range", "precharge_within", {"precharge_within": 0}),
        ("parts_not_readable", "precharge_within", {"precharge_within": "soon"}),
        ("parts_not_readable", "shared_bus", {"shared_bus": "yes"}),
        ("parts_unknown_device", "members.shunt.device", {"shunt": {"device": "abacus"}}),
        ("parts_unknown_link", "members.shunt.link", {"shunt": {"link": "string"}}),
        ("parts_unit_ids", "members.shunt.unit_ids", {"shunt": {"unit_ids": [1]}}),
        ("parts_unit_ids", "members.shunt.unit_ids", {"shunt": {"unit_ids": []}}),
        ("parts_unit_ids", "members.relays.unit_ids", {"relays": {"unit_ids": [0]}}),
        ("parts_not_readable", "members.shunt.unit_ids", {"shunt": {"unit_ids": [90, 90]}}),
        ("parts_not_readable", "members.shunt.unit_ids", {"shunt": {"unit_ids": "90"}}),
        ("parts_no_array", "members.monitor.unit_ids", {"monitor": {"unit_ids": [1, 2]}}),
        ("parts_unknown_field", "members.shunt.curent", {"shunt": {"curent": "as_told"}}),
        ("parts_not_readable", "members.shunt.current", {"shunt": {"current": "backwards"}}),
        ("parts_no_channel", "members.probes.current", {"probes": {"current": "as_told"}}),
        ("parts_no_channel", "members.monitor.cells", {"monitor": {"cells": list(range(40))}}),
        ("out_of_range", "members.monitor.cells", {"monitor": {"cells": [200]}}),
        ("parts_not_readable", "members.monitor.cells", {"monitor": {"cells": [-1]}}),
        ("parts_not_readable", "members.monitor.cells", {"monitor": {"cells": [1.5]}}),
        ("parts_no_channel", "members.probes.temperatures", {"probes": {"temperatures": [8]}}),
        ("parts_no_channel", "members.probes.switch_temperature", {"probes": {"switch_temperature": 8}}),
        ("parts_no_channel", "members.probes.pack_voltage", {"probes": {"pack_voltage": {"channel": 0}}}),
        ("parts_no_channel", "members.inputs.link_voltage", {"inputs": {"link_voltage": {"channel": 8}}}),
        ("parts_not_readable", "members.inputs.link_voltage", {"inputs": {"link_voltage": {"factor": 0}}}),
        ("parts_not_readable", "members.inputs.link_voltage", {"inputs": {"link_voltage": 3}}),
        ("parts_no_channel", "members.relays.main", {"relays": {"main": [8]}}),
        ("parts_no_channel", "members.shunt.precharge", {"shunt": {"precharge": [0]}}),
        ("parts_no_channel", "members.relays.auxiliary", {"relays": {"auxiliary": {"channel": 8}}}),
        ("parts_not_readable", "members.relays.auxiliary", {"relays": {"auxiliary": {}}}),
        ("parts_not_readable", "members.relays.switches", {"relays": {"switches": [{"name": "a", "kind": "fan"}]}}),
        ("parts_not_readable", "members.relays.fingerprint", {"relays": {"fingerprint": 7}}),
    ],
)
def test_what_cannot_be_read_is_pointed_at(key: str, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as error:
        parts_from_data(data(**changes))
    assert (error.value.key, error.value.field) == (key, field)


@pytest.mark.parametrize("name", ["", " ", None, 7])
def test_a_member_without_a_name_is_none(name: object) -> None:
    found = data()
    found["members"][0]["name"] = name
    with pytest.raises(ConfigError) as error:
        parts_from_data(found)
    assert error.value.key == "parts_name_missing"


@pytest.mark.parametrize("members", [[], [7], [{}] * 17, "monitor"])
def test_members_are_a_list_of_some_rows(members: object) -> None:
    with pytest.raises(ConfigError):
        parts_from_data({**SAFE, "members": members})


@pytest.mark.parametrize("name", ["shunt", "main", "relays"])
def test_no_name_stands_for_two_things(name: str) -> None:
    switch = {"name": name, "kind": "string", "relays": [5]}
    with pytest.raises(ConfigError) as error:
        parts_from_data(data(relays={"switches": [switch]}))
    assert error.value.key == "parts_name_twice"


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["cells", "unit_ids", "auxiliary", "switches", "current", "pack_voltage", "main", "device"]),
)
def test_whatever_stands_in_a_row_is_read_or_refused_with_a_reason(value: object, field: str) -> None:
    found = data()
    found["members"][-1][field] = value
    with suppress(ConfigError):
        parts_from_data(found)


# What a set must have


def test_the_safe_set_may_be_controlled() -> None:
    problems = lint()
    assert may_control(problems)
    assert keys(problems) == {"parts_baudrates_differ"}


REFUSED, READ_ONLY, ADVICE = Severity.REFUSED, Severity.READ_ONLY, Severity.ADVICE
ANALOG = {"device": "waveshare_analog_in", "link": "switch", "unit_ids": [9]}


@pytest.mark.parametrize(
    ("key", "severity", "changes"),
    [
        ("parts_no_cells", REFUSED, {"monitor": {"cells": None}}),
        ("parts_cell_count", REFUSED, {"monitor": {"cells": list(range(15))}}),
        ("parts_cell_gap", REFUSED, {"monitor": {"cells": [0, 1, None, *range(3, 16)]}}),
        ("parts_cell_twice", REFUSED, {"monitor": {"cells": [0, 0, *range(1, 16)]}}),
        ("parts_not_isolated", REFUSED, {"volts": {**ANALOG, "cells": [15]}, "monitor": {"cells": list(range(15))}}),
        ("parts_unit_twice", REFUSED, {"probes": {"unit_ids": [1]}}),
        ("parts_channel_twice", REFUSED, {"relays": {"precharge": [0]}}),
        ("parts_channel_twice", REFUSED, {"probes": {"switch_temperature": 3}}),
        ("parts_channel_twice", REFUSED, {"inputs": {"pack_voltage": {"channel": 0}}}),
        ("parts_measured_twice", REFUSED, {"monitor": {"current": "as_told"}}),
        ("parts_measured_twice", REFUSED, {"inputs": {"pack_voltage": {"channel": 3}}}),
        ("parts_too_many_relays", REFUSED, {"relays": {"main": [0, 5, 6]}}),
        ("parts_no_current", READ_ONLY, {"shunt": None}),
        (
            "parts_current_without_direction",
            READ_ONLY,
            {"shunt": {"device": "pzem017", "unit_ids": [5], "current": "as_told"}},
        ),
        ("parts_no_temperature", READ_ONLY, {"probes": {"temperatures": []}}),
        ("parts_no_pack_voltage", READ_ONLY, {"monitor": {"pack_voltage": None}}),
        ("parts_no_contactor", READ_ONLY, {"relays": None}),
        ("parts_no_auxiliary", READ_ONLY, {"relays": {"auxiliary": None}}),
        ("parts_precharge_blind", READ_ONLY, {"inputs": {"link_voltage": None}}),
        ("parts_pulse_untested", READ_ONLY, {"relays": {"pulse_restarts": None}}),
        ("parts_pulse_ends", READ_ONLY, {"relays": {"pulse_restarts": False}}),
        ("parts_no_precharge", ADVICE, {"relays": {"precharge": []}}),
        ("parts_no_own_trip", ADVICE, {"shunt": None, "monitor": {"current": "as_told"}}),
        ("parts_trip_path_shared", ADVICE, {"relays": {"link": "measure", "unit_ids": [8]}}),
        ("parts_baudrates_differ", ADVICE, {}),
    ],
)
def test_what_is_missing_or_unsafe_is_found(key: str, severity: Severity, changes: dict[str, Any]) -> None:
    problems = lint(**changes)
    assert key in keys(problems, severity)
    assert may_control(problems) is (severity is ADVICE and keys(problems) <= {key, *keys(problems, ADVICE)})


def test_the_gravest_problem_comes_first() -> None:
    problems = lint(monitor={"cells": [0, 0]}, shunt=None)
    assert [problem.severity for problem in problems] == sorted(
        (problem.severity for problem in problems), key=list(Severity).index
    )


def test_two_relays_in_parallel_need_no_board_that_restarts_a_pulse() -> None:
    two = {"main": [0, 2], "precharge": [1, 3]}
    for restarts in (None, False, True):
        assert may_control(lint(relays={**two, "pulse_restarts": restarts}))


def test_a_relay_that_cannot_open_by_itself_holds_no_contactor(monkeypatch) -> None:
    latching = Channels(relays=8, contacts=8)
    parts = parts_from_data(data())
    monkeypatch.setattr(type(parts.members[-1]), "channels", property(lambda row: latching))
    assert "parts_no_dead_man" in keys(lint_parts(parts), READ_ONLY)


def test_a_pack_that_is_a_member_offers_what_such_a_pack_measures() -> None:
    jk = {"device": "jk_pb", "link": "measure", "unit_ids": [4], "temperatures": [0, 1]}
    parts = parts_from_data(data(monitor={**jk, "pack_voltage": {"channel": 0}}))
    assert parts.members[0].channels.cells == 32
    assert parts.members[0].channels.current is Current.SIGNED
    assert may_control(lint_parts(parts, 16))


def test_an_array_runs_on_from_unit_to_unit() -> None:
    row = {"device": "huasu", "unit_ids": list(range(11, 27)), "temperatures": [0, 15], "pack_voltage": None}
    parts = parts_from_data(data(monitor=row, inputs={"pack_voltage": {"channel": 1, "factor": 20}}))
    assert parts.members[0].channels.cells == 16
    assert parts.temperature_sensors == 6
    assert may_control(lint_parts(parts, 16))


# The contactor


def test_the_contactor_is_built_as_the_parts_say() -> None:
    assert contactor_config(parts_from_data(data())) == CONTACTOR
    assert contactor_config(parts_from_data(data(relays=None))) == ContactorConfig()
    shared = contactor_config(parts_from_data(data(shared_bus=True, precharge_within=6)))
    assert (shared.asks, shared.link_decay, shared.precharge_within) == (True, None, 6.0)
    blind = contactor_config(parts_from_data(data(inputs=None)))
    assert (blind.relays, blind.precharge, blind.link_decay) == (True, False, None)


def test_every_device_that_is_no_pack_says_what_it_offers() -> None:
    for device in DEVICES.values():
        if device.kind.value in ("temperatures", "meter", "relays", "inputs"):
            assert device.channels != Channels(), device.key
