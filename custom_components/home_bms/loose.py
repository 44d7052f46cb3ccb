"""Runs work that outlives whoever began it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from homeassistant.core import HomeAssistant, callback


@callback
def spawn[T](hass: HomeAssistant, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Begin work that outlives the tick and the entry, for it must not be cancelled half-way on a shared link.

    Its error is for whoever looks at the task; asyncio reports it no second time.
    """
    task = hass.async_create_background_task(work, f"home_bms {name}")
    task.add_done_callback(_retrieve)
    return task


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
