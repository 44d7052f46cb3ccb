"""The frame maps that come with home_bms, one DBC file each."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .can_layout import FrameMap

FOLDER: Final = Path(__file__).parent / "frame_maps"


@cache
def frame_map(name: str) -> FrameMap:
    """Return a map by the name of its file; the first time it blocks, for it reads that and loads cantools."""
    text = (FOLDER / f"{name}.dbc").read_text(encoding="ascii")
    return map_of(name, text)


def map_of(name: str, text: str) -> FrameMap:
    """Return the map that a DBC describes; blocks. Raises FrameMapError."""
    parsed = import_module(".can_dbc", __package__).parse_dbc(text)
    made: FrameMap = import_module(".can_layout", __package__).FrameMap(name, parsed.database)
    return made


async def async_frame_map(name: str) -> FrameMap:
    """Return a map by the name of its file without blocking the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, frame_map, name)
