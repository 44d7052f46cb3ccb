"""The command line learns a battery from a recording, and says what is wrong with one that it cannot use."""

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualWorld
from scripts import estimate

WORKBENCH = Path(estimate.__file__).with_name("workbench.py")
CELLS = 4
HEADER = [
    *("time", "current"),
    *(f"cell_{number + 1}" for number in range(CELLS)),
    *(f"temperature_{number + 1}" for number in range(2)),
    *(f"balancing_{number + 1}" for number in range(CELLS)),
]
OPTIONS = ("--chemistry", "lfp", "--cells", str(CELLS), "--capacity", "280")


def life(days: float, every: float = 60.0) -> Iterator[list[float | None]]:
    """Yield the rows of a virtual pack in its house: its own curve, its own sensors' errors, nothing of the core's."""
    pack = VirtualPack(cells=CELLS, seed=3, temperature_sensors=2, soc=60.0)
    world = VirtualWorld(pack, House(pack, seed=3), speed=0.0)
    for _ in range(int(days * 86400 / every)):
        world.advance(every)
        told = pack.report()
        bleeding = [float(number in (pack.balancing or ())[:1]) for number in range(CELLS)]
        yield [pack.time, told.current, *told.cells, *told.temperatures, *bleeding]


@pytest.fixture(scope="module")
def rows() -> list[list[float | None]]:
    return list(life(2.0))


@pytest.fixture(scope="module")
def file(rows: list[list[float | None]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "pack.csv"
    write(path, HEADER, rows)
    return path


def write(path: Path, header: list[str], rows: list[list[float | None]]) -> None:
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(["" if value is None else value for value in row] for row in rows)


def bms(*arguments: object) -> tuple[int, str, str]:
    """Run the workbench as a person would; return its exit code, output and complaints."""
    command = [sys.executable, str(WORKBENCH), "estimate", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


def test_it_prints_one_object_and_writes_a_row_for_every_row(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "soc.csv"
    code, said, complaint = bms(file, *OPTIONS, "--balance-current", "1.0", "--out", out)
    assert (code, complaint) == (0, "")
    told = json.loads(said)
    assert {"soc", "current_offset_a", "cells", "findings", "cycles", "energy_in_wh", "energy_out_wh"} <= set(told)
    assert [cell["cell"] for cell in told["cells"]] == [1, 2, 3, 4]
    for cell in told["cells"]:
        assert cell["capacity_low_ah"] < cell["capacity_ah"] < cell["capacity_high_ah"]
        assert {"resistance_mohm", "joint_mohm", "self_discharge_ma", "soc"} <= set(cell)
    with out.open(newline="") as lines:
        table = list(csv.DictReader(lines))
    assert list(table[0]) == ["time", "soc", "soc_low", "soc_high"]
    with file.open(newline="") as lines:
        assert [float(row["time"]) for row in table] == [float(row["time"]) for row in csv.DictReader(lines)]
    for row in table[10:]:
        assert 0 <= float(row["soc_low"]) <= float(row["soc"]) <= float(row["soc_high"]) <= 100
    assert float(table[-1]["soc"]) == pytest.approx(told["soc"], abs=0.01)


def test_a_virtual_pack_is_known_after_two_days(rows: list[list[float | None]], file: Path) -> None:
    """The truth is the virtual pack's, whose physics share nothing with the estimator but the chemistry's name."""
    pack = VirtualPack(cells=CELLS, seed=3, temperature_sensors=2, soc=60.0)
    world = VirtualWorld(pack, House(pack, seed=3), speed=0.0)
    for _ in rows:
        world.advance(60.0)
    code, said, _ = bms(file, *OPTIONS)
    told = json.loads(said)
    assert code == 0
    assert told["soc"] == pytest.approx(pack.soc, abs=4.0)
    assert told["soc_low"] <= pack.soc <= told["soc_high"]
    assert told["findings"] == []


def test_packed_and_parquet_recordings_say_the_same(rows: list[list[float | None]], file: Path, tmp_path: Path) -> None:
    _, plain, _ = bms(file, *OPTIONS)
    packed = tmp_path / "pack.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert bms(packed, *OPTIONS) == (0, plain, "")
    parquet = tmp_path / "pack.parquet"
    pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(HEADER)}), parquet)
    assert bms(parquet, *OPTIONS) == (0, plain, "")


def test_blanks_and_numbers_that_are_none_are_missing_samples(rows: list[list[float | None]], tmp_path: Path) -> None:
    holed = [
        [None if place and (number + place) % 7 == 0 else value for place, value in enumerate(row)]
        for number, row in enumerate(rows)
    ]
    holed[50][2] = nan
    path = tmp_path / "holed.csv"
    write(path, HEADER, holed)
    code, said, complaint = bms(path, *OPTIONS)
    assert (code, complaint) == (0, "")
    assert json.loads(said)["soc"] is not None


def test_a_start_that_is_known_is_taken_over(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "soc.csv"
    bms(file, *OPTIONS, "--soc", "42", "--out", out)
    with out.open(newline="") as lines:
        assert float(next(csv.DictReader(lines))["soc"]) == pytest.approx(42, abs=0.5)


def without(name: str) -> Callable[[str], str]:
    """Return what takes a column's name away."""
    return lambda text: text.replace(f"{name},", "lost,", 1)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without("current"), "no column current"),
        (without("cell_3"), "no column cell_3"),
        (without("balancing_2"), "3 columns balancing_ for 4 cells"),
        (lambda text: text.replace("temperature_2", "cell_5", 1), "more cells than --cells 4"),
        (lambda _: "", "is empty"),
        (lambda text: text.split("\n", 1)[0] + "\n", "no row has all cells and the current"),
        (lambda text: text + "1,2,3\n", "3 values for 12 columns"),
        (lambda text: text + ",".join(["x"] * 12) + "\n", "column time: 'x' is no number"),
        (lambda text: text + ",".join(["5"] * 12) + "\n", "time 5 runs backwards"),
        (lambda text: text + ",".join([""] * 12) + "\n", "time is missing"),
    ],
)
def test_a_recording_that_cannot_be_used_is_refused_by_name(
    file: Path, tmp_path: Path, spoil: Callable[[str], str], said: str
) -> None:
    path = tmp_path / "spoilt.csv"
    path.write_text(spoil("\n".join(file.read_text().splitlines()[:20]) + "\n"))
    code, out, complaint = bms(path, *OPTIONS)
    assert (code, out) == (2, "")
    assert said in complaint
    assert complaint.startswith("bms: ")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", b"no parquet", "is no Parquet file"),
        ("a.csv.gz", b"no gzip", "is no CSV"),
        ("a.csv", b"\xff\xfe\x00", "is no CSV"),
        ("gone.csv", None, "No such file"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, _, complaint = bms(tmp_path / name, *OPTIONS)
    assert code == 2
    assert said in complaint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--chemistry", "lfp", "--cells", "0", "--capacity", "280"), "--cells"),
        (("--chemistry", "lfp", "--cells", "4", "--capacity", "0.5"), "--capacity"),
        ((*OPTIONS, "--soc", "140"), "--soc"),
    ],
)
def test_options_out_of_range_are_named(file: Path, options: tuple[str, ...], said: str) -> None:
    code, _, complaint = bms(file, *options)
    assert code == 2
    assert said in complaint
