"""Tells whether a device shows its cells in steps that are too large to judge by them."""

from __future__ import annotations

from typing import Final

from .model import PackConfig

# Levels lie 0.05 V inside the pack's own cut-off and balancing looks at 0.01 V; the 0.1 V of a Renogy is the whole
# plateau of LFP (modbus/13_renogy.md).
_COARSEST: Final = 0.020


def too_coarse(config: PackConfig) -> bool:
    """Whether cells are shown and neither protect nor permit."""
    return config.cell_resolution > _COARSEST
