"""The command line prints the frames of a battery that is given as JSON, or says what is wrong with it."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.hw.can_frame import parse_candump
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS
from scripts import encode

WORKBENCH = Path(encode.__file__).with_name("workbench.py")
HOME = {
    "cvl": 55.2,
    "dvl": 46.4,
    "ccl": 120,
    "dcl": 200,
    "voltage": 53.27,
    "current": -31.4,
    "soc": 61.4,
    "soh": 97,
    "temperature": 23.4,
    "cell_max": {"value": 3.341, "pack": 1, "place": 6},
    "cell_min": 3.318,
    "temperature_max": 25.3,
    "temperature_min": 21,
    "capacity": 560,
    "cells": 16,
    "packs": 2,
    "alarms": ["cell_overvoltage"],
    "force_charge": False,
    "name": "Cellar",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Return a function that runs the command here and gives its exit code, lines and complaints."""

    def run_it(protocol: str, data: object, *options: str) -> tuple[int, list[str], str]:
        path = tmp_path / "battery.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        parser = encode.argparse.ArgumentParser()
        encode.add_encode(parser.add_subparsers())
        given_ = parser.parse_args(
            ["encode", protocol, str(path), *(part for one in options for part in ("--option", one))]
        )
        code = given_.run(given_)
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return run_it


def test_it_prints_what_candump_would_show(tmp_path: Path) -> None:
    path = tmp_path / "battery.json"
    path.write_text(json.dumps(HOME))
    command = [sys.executable, str(WORKBENCH), "encode", "pylontech_lv", str(path), "--option", "frames=v1_2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "(0.000000) can0 35E#50594C4F4E202020",
        "(0.010000) can0 351#2802B004D007D001",
        "(0.020000) can0 355#3D006100",
        "(0.030000) can0 356#CF14C6FEEA00",
        "(0.040000) can0 359#0200000002504E",
        "(0.050000) can0 35C#C000",
    ]
    assert done.stderr == ""


def test_standard_input_is_a_file_too() -> None:
    command = [sys.executable, str(WORKBENCH), "encode", "sma", "-", "--bus", "can7"]
    done = subprocess.run(command, input='{"cvl": 55.2}', capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("(0.000000) can7 351#280200000000")


@pytest.mark.parametrize("name", sorted({*CAN_PROTOCOLS, *PRESETS}))
def test_every_protocol_and_make_gives_frames_that_are_read_back(told, name: str) -> None:
    code, lines, complaints = told(name, HOME)
    assert (code, complaints) == (0, "")
    frames = [parse_candump(line) for line in lines]
    assert len(frames) >= 6
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)


def test_what_is_not_known_is_left_out_and_said(told) -> None:
    code, lines, complaints = told("pylontech_lv", {"cvl": 55.2, "soc": None}, "frames=v1_2")
    assert code == 0
    assert [line.split()[2][:3] for line in lines] == ["35E", "351", "359", "35C"]
    # What is not said to be permitted is not.
    assert lines[-1].endswith("35C#0000")
    assert "355 (charge) is left out" in complaints


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "cvl is missing: a number from 0 to 2000 V"),
        ({"cvl": 5000}, "cvl is a number from 0 to 2000 V, not 5000"),
        ({"cvl": 55, "ccl": -1}, "ccl is a number from 0 to 5000 A, not -1"),
        ({"cvl": 55, "dcl": True}, "dcl is a number from 0 to 5000 A, not true"),
        ({"cvl": 55, "dcl": None}, "dcl is a number from 0 to 5000 A, not null"),
        ({"cvl": 55, "cells": 1.5}, "cells is a whole number from 0 to 10000, not 1.5"),
        ({"cvl": 55, "time": -1}, "time is a number from 0 to 1e+12 s, not -1"),
        ({"cvl": 55, "voltge": 1}, "voltge is no field of a battery; there are time, cvl"),
        ({"cvl": 55, "cell_max": {"value": 3, "cell": 1}}, 'cell_max is a number from 0 to 10 V, or {"value": '),
        ({"cvl": 55, "cell_max": {"pack": 1}}, "cell_max is a number from 0 to 10 V"),
        ({"cvl": 55, "force_charge": 1}, "force_charge is true or false, not 1"),
        ({"cvl": 55, "alarms": "hot"}, 'alarms is a list of names of protections, not "hot"'),
        ({"cvl": 55, "name": 7}, "name is a text, not 7"),
        ([], "a snapshot is a JSON object"),
        ("{", "Expecting property name"),
    ],
)
def test_what_is_no_battery_is_refused_with_words(told, data: object, complaint: str) -> None:
    code, lines, complaints = told("pylontech_lv", data)
    assert (code, lines) == (2, [])
    assert complaint in complaints


@pytest.mark.parametrize(
    ("protocol", "option", "complaint"),
    [
        ("pylontech_lv", "frames=v9", "option frames is one of union, v1_2, v1_3, not v9"),
        ("pylontech_lv", "name=much too long", "option name is a text of at most 8 letters, not much too long"),
        ("pylontech_lv", "all_eight_bytes=perhaps", "option all_eight_bytes is one of true, false, not perhaps"),
        ("pylontech_lv", "frame=v1_2", "there is no option frame; there are all_eight_bytes"),
        ("pylontech_lv", "frames", "'frames' has no '='"),
        ("sma", "period=7", "option period is a number from 0.1 to 1, not 7"),
        ("sma", "period=nan", "option period is a number from 0.1 to 1, not nan"),
        ("pylontech_hv", "address=1.5", "option address is a whole number from 0 to 15, not 1.5"),
        ("acme", "period=7", "acme is no protocol; there are pylontech_lv"),
    ],
)
def test_what_is_no_option_is_refused_with_words(told, protocol: str, option: str, complaint: str) -> None:
    code, lines, complaints = told(protocol, HOME, option)
    assert (code, lines) == (2, [])
    assert complaint in complaints


def test_options_change_a_make(told) -> None:
    _, lines, _ = told("sofar_lv", {"cvl": 55.2}, "name=BYD", "zero_is_ignored=no", "negative_discharge_limit=1")
    assert lines[0].endswith("35E#4259442020202020")
    assert "351#28020000" in lines[1]


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    parser = encode.argparse.ArgumentParser()
    encode.add_encode(parser.add_subparsers())
    given_ = parser.parse_args(["encode", "sma", str(tmp_path / "none.json")])
    assert given_.run(given_) == 2
    assert "cannot read" in capsys.readouterr().err


_plain = st.none() | st.booleans() | st.floats() | st.text()


@given(st.recursive(_plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_a_battery_or_refused(data: Any) -> None:
    for name in ("cvl", "cell_max", "alarms", "name", "cells", "force_charge"):
        with suppress(encode.SnapshotError):
            assert isinstance(encode.bank_of({"cvl": 55.2, name: data}), Bank)
