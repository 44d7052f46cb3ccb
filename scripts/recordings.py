"""Makes recordings of battery packs together with their truth, for benchmarks of the estimator.

It needs an environment of its own: `python3 -m venv rec`, `rec/bin/pip install pybamm numpy`, then for example
`rec/bin/python scripts/recordings.py FOLDER --kind lfp --days 14 --seed 1`. Everything is drawn from the seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.recording_check import difference
from scripts.recording_chemistry import RECIPES, Array, Chemistry, chemistry
from scripts.recording_errors import Recording, spoil
from scripts.recording_house import DAY, SHORTEST, VOLTAGES
from scripts.recording_life import BLEED, SENSORS, Row, live
from scripts.recording_pack import FEWEST, LABEL, Build, build, usable

CLEAN: Final = ("%.0f", "%.2f", "%.4f", "%.1f", "%.0f")
NOISY: Final = ("%.2f", "%.1f", "%.3f", "%.0f", "%.0f")
"""What is delivered has the steps of a BMS: 10 ms, 0.1 A, 1 mV, 1 °C."""


def arguments() -> argparse.Namespace:
    """Return what the user asked for."""
    parser = argparse.ArgumentParser(
        prog="recordings", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the four files go")
    parser.add_argument("--kind", choices=list(RECIPES), required=True)
    parser.add_argument("--days", type=int, default=14, help=f"at least {SHORTEST} (%(default)s)")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--every", type=int, default=10, choices=(1, 2, 5, 10), help="s between rows (%(default)s)")
    parser.add_argument("--cells", type=int, default=16, help=f"in series, at least {FEWEST} (%(default)s)")
    given = parser.parse_args()
    if given.days < SHORTEST or given.cells < FEWEST:
        parser.error(f"it takes {SHORTEST} days and {FEWEST} cells at least")
    return given


def collect(rows: Iterable[Row]) -> Recording:
    """Stack the rows."""
    kept = list(rows)
    return Recording(
        **{name: np.array([getattr(row, name) for row in kept], dtype=float) for name in Recording.__slots__}
    )


def write(path: Path, names: Sequence[str], columns: Sequence[Array], formats: Sequence[str]) -> None:
    """Write a compressed CSV file; each column or block of columns comes with its format."""
    blocks = [values.reshape(len(values), -1) for values in columns]
    forms = [form for block, form in zip(blocks, formats, strict=True) for _ in range(block.shape[1])]
    with gzip.open(path, "wt", compresslevel=6) as file:
        np.savetxt(file, np.hstack(blocks), fmt=",".join(forms), header=",".join(names), comments="")


def numbered(**counts: int) -> list[str]:
    """Return the names of columns, counted from 1."""
    return [f"{name}_{place + 1}" for name, count in counts.items() for place in range(count)]


def truth(made: Build, cell: Chemistry, kind: str) -> dict[str, Any]:
    """Return what there is to know of the pack."""
    soc = np.linspace(0, 100, 10001)
    full, empty = np.interp((VOLTAGES[kind].full, VOLTAGES[kind].empty), cell.equilibrium(soc / 100), soc)
    return {
        "kind": kind,
        "label_ah": LABEL,
        "capacity_ah": np.round(made.capacity, 2).tolist(),
        "joint_and_sense_mohm": np.round(1000 * made.joint, 3).tolist(),
        "self_discharge_ma": np.round(1000 * made.leakage, 1).tolist(),
        "balance_current_a": BLEED,
        "hysteresis_v": round(made.hysteresis, 4),
        "ocv_v": np.round(cell.equilibrium(np.linspace(0, 1, 21)), 4).tolist(),
        "soc_at_full_voltage": round(float(full), 2),
        "soc_at_empty_voltage": round(float(empty), 2),
        "usable_pack_ah": round(sum(usable(made.soc / 100, made.capacity)), 2),
        "faults": made.faults,
    }


def save(stem: Path, clean: Recording, step: int, seed: int, known: dict[str, Any]) -> None:
    """Write the four files."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    noisy, kept, noise = spoil(clean, step, seed)
    cells = clean.voltages.shape[1]
    names = ["time", "current", *numbered(cell=cells, temperature=SENSORS, balancing=cells)]
    for label, data, formats in (("noisy", noisy, NOISY), ("clean", clean, CLEAN)):
        columns = [data.time, data.current, data.voltages, data.temperatures, data.balancing]
        write(stem.with_name(f"{stem.name}_{label}.csv.gz"), names, columns, formats)
    true = clean.rows(kept)
    columns = [true.time, true.current, true.pack_soc, true.soc]
    names = ["time", "current", "soc", *numbered(soc=cells)]
    write(stem.with_name(f"{stem.name}_truth.csv.gz"), names, columns, ("%.0f", "%.3f", "%.3f", "%.3f"))
    text = json.dumps({**known, "noise": noise}, indent=1)
    stem.with_name(f"{stem.name}_truth.json").write_text(text + "\n")


def main() -> int:
    """Return the exit code."""
    given = arguments()
    made = build(given.kind, given.cells, given.days, np.random.default_rng([given.seed, 0]))
    recipe = RECIPES[given.kind]
    cell = chemistry(recipe)
    house = np.random.default_rng([given.seed, 1])
    clean = collect(live(given.kind, cell, made, given.days, given.every, house))
    save(given.folder / f"{given.kind}_{given.seed}", clean, given.every, given.seed, truth(made, cell, given.kind))
    print(f"{given.kind}, {given.days} days: SoC {clean.pack_soc.min():.1f} to {clean.pack_soc.max():.1f} %")
    first = clean.current[: DAY // given.every]
    worst, typical = difference(recipe, first, given.every, LABEL, made.soc.mean() / 100)
    print(f"first day, one cell, beside PyBaMM's SPMe: {typical:.2f} mV RMS, {worst:.2f} mV at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
