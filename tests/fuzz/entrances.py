"""The table of all entrances by which bytes, text and JSON come in from outside."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import can_frames, devices, files, grid, neighbours, recorder
from .entrance import Entrance

_ALL: Final = (
    *devices.ENTRANCES,
    *can_frames.ENTRANCES,
    *grid.ENTRANCES,
    *files.ENTRANCES,
    *neighbours.ENTRANCES,
    *recorder.ENTRANCES,
)
ENTRANCES: Final[Mapping[str, Entrance]] = MappingProxyType({entrance.name: entrance for entrance in _ALL})
