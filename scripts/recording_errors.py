"""What a BMS makes of the truth in `recordings.py`: errors of its sensors, wild values, lost samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.recording_chemistry import Array
from scripts.recording_house import DAY
from scripts.recording_life import SENSORS

GAIN: Final = 1.005
OFFSET: Final = 0.3
"""A at most."""
CURRENT_NOISE: Final = 0.1
"""A."""
VOLTAGE_NOISE: Final = 0.0005
"""V; each cell's own error beside it is at most `CELL_ERROR`."""
CELL_ERROR: Final = 0.003
TEMPERATURE_NOISE: Final = 0.15
"""K."""
JITTER: Final = 0.3
"""s."""
LOST: Final = 0.005
"""Share of single samples."""
BURSTS: Final = 1.4
"""A day, each of one to ten minutes."""
CELL_SPIKES: Final = 28.0
"""A day; `CURRENT_SPIKES` and `TEMPERATURE_SPIKES` likewise."""
CURRENT_SPIKES: Final = 0.7
TEMPERATURE_SPIKES: Final = 1.2
CELL_SENTINELS: Final = (0.0, 5.0, 65.535)
"""V; one spike in four is a jump instead."""
CURRENT_SENTINELS: Final = (500.0, -500.0, 0.0, 3276.7)
TEMPERATURE_SENTINELS: Final = (-40.0, -273.0, 127.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Columns over time, in s, A, V, °C and percent; those of several columns have a row for each step."""

    time: Array
    current: Array
    voltages: Array
    temperatures: Array
    balancing: Array
    pack_soc: Array
    soc: Array

    def rows(self, kept: NDArray[np.bool_]) -> Recording:
        """Return only these rows."""
        return Recording(**{name: getattr(self, name)[kept] for name in Recording.__slots__})


def spoil(clean: Recording, step: int, seed: int) -> tuple[Recording, NDArray[np.bool_], dict[str, Any]]:
    """Return what is delivered, which rows of `clean` those are, and what was done to them."""
    rng = np.random.default_rng([seed, 2])
    rows, cells = clean.voltages.shape
    errors = np.clip(rng.normal(0, CELL_ERROR / 2, cells), -CELL_ERROR, CELL_ERROR)
    offset, jitter = round(float(rng.uniform(-OFFSET, OFFSET)), 2), min(JITTER, 0.3 * step)
    sensed = replace(
        clean,
        current=GAIN * clean.current + offset + rng.normal(0, CURRENT_NOISE, rows),
        voltages=clean.voltages + errors + rng.normal(0, VOLTAGE_NOISE, clean.voltages.shape),
        temperatures=clean.temperatures + rng.normal(0, TEMPERATURE_NOISE, clean.temperatures.shape),
        time=np.maximum(clean.time + rng.uniform(-jitter, jitter, rows), 0.0),
    )
    spikes = go_wild(sensed, rows * step / DAY, rng)
    kept = survivors(rows, step, rng)
    done = {
        "seed": seed,
        "voff_V": errors.tolist(),
        "gain": GAIN,
        "offset_A": offset,
        "dropped": float(1 - np.mean(kept)),
        **spikes,
        "timestamp_jitter_s": jitter,
        "v_noise_sigma_mV": 1000 * VOLTAGE_NOISE,
        "i_noise_sigma_A": CURRENT_NOISE,
        "quant": "1 mV, 0.1 A, 1 C",
    }
    return sensed.rows(kept), kept, done


def go_wild(sensed: Recording, days: float, rng: np.random.Generator) -> dict[str, int]:
    """Put spikes and sentinels into the arrays; return how many of each."""
    rows, cells = sensed.voltages.shape

    def some(often: float) -> NDArray[np.int64]:
        return rng.choice(rows, max(1, rng.poisson(often * days)), replace=False)

    hit, wild, odd = some(CELL_SPIKES), some(CURRENT_SPIKES), some(TEMPERATURE_SPIKES)
    which, cell = rng.integers(0, len(CELL_SENTINELS) + 1, hit.size), rng.integers(0, cells, hit.size)
    jumped = sensed.voltages[hit, cell] + rng.choice((-1, 1), hit.size) * rng.uniform(0.15, 0.45, hit.size)
    sensed.voltages[hit, cell] = np.choose(which, [*CELL_SENTINELS, jumped])
    sensed.current[wild] = rng.choice(CURRENT_SENTINELS, wild.size)
    sensed.temperatures[odd, rng.integers(0, SENSORS, odd.size)] = rng.choice(TEMPERATURE_SENTINELS, odd.size)
    return {"cell_spike_rows": hit.size, "current_spikes": wild.size, "temp_sentinel_rows": odd.size}


def survivors(rows: int, step: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which samples arrive."""
    kept = np.asarray(rng.random(rows) >= LOST)
    for start in rng.integers(0, rows, rng.poisson(BURSTS * rows * step / DAY)):
        kept[start : start + rng.integers(60, 600) // step] = False
    return kept
