"""Whole lives in which everything goes wrong, some of it at once; each is told by its seed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant

from ..night import NIGHTLY
from .life import Outcome, live
from .schedule import has_recorder

SEEDS = os.environ.get("CHAOS_SEEDS") or ("0-7" if NIGHTLY else "0-1,6-7")
MINUTES = float(os.environ.get("CHAOS_MINUTES") or (15.0 if NIGHTLY else 5.0))
"""Of simulated time, each."""


def seeds(text: str) -> list[int]:
    """Return the seeds that are meant by `3`, `0-7` or `1,4-6`."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


ALL = seeds(SEEDS)


@pytest.mark.parametrize("seed", [seed for seed in ALL if not has_recorder(seed)])
async def test_life(hass: HomeAssistant, tmp_path: Path, seed: int) -> None:
    await lived(hass, tmp_path, seed)


@pytest.mark.parametrize("seed", [seed for seed in ALL if has_recorder(seed)])
async def test_life_beside_a_recorder(recorder_mock: object, hass: HomeAssistant, tmp_path: Path, seed: int) -> None:
    await lived(hass, tmp_path, seed)


async def lived(hass: HomeAssistant, folder: Path, seed: int) -> None:
    """Live it, write down what it came to if somebody asks for it, and see that nothing was broken."""
    outcome = await live(hass, folder, seed, 60.0 * MINUTES)
    note(outcome)
    again = f"scripts/chaos --seeds {seed} --minutes {MINUTES:g}"
    assert not outcome.violations, "\n".join([f"seed {seed} ({again}):", *outcome.violations])


def note(outcome: Outcome) -> None:
    """Write an outcome down, where somebody asks for it."""
    if results := os.environ.get("CHAOS_RESULTS"):
        with Path(results).open("a") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")
