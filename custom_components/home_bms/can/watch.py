"""Tells a person what is wrong with a CAN bus, one repair issue for each bus whoever shares it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..const import DOMAIN, LOGGER
from ..hw.can import CanLink, CanState
from ..hw.can_frame import spelled
from ..hw.can_health import CanHealth, Trouble, troubles
from ..repair_issues import async_raise, async_withdraw

LOOK_EVERY: Final = 5.0
"""s; less than any patience."""
SEVERITIES: Final[Mapping[Trouble, ir.IssueSeverity]] = MappingProxyType(
    {
        Trouble.LOST: ir.IssueSeverity.ERROR,
        Trouble.ERRORS: ir.IssueSeverity.ERROR,
        Trouble.TAKEN: ir.IssueSeverity.ERROR,
        # The other side may only be switched off.
        Trouble.UNANSWERED: ir.IssueSeverity.WARNING,
    }
)

type _Told = tuple[Trouble, str]
"""The trouble that stands, and the identifiers that it is about."""


def looked_at(link: CanLink) -> str:
    """Return the signal that is sent whenever a bus was looked at, and when its state has changed."""
    return f"{DOMAIN}_{link.params.key}"


class CanWatch:
    """Looks after one bus until it is stopped; it logs once when trouble begins, and once when it is over."""

    def __init__(self, hass: HomeAssistant, link: CanLink) -> None:
        self._hass = hass
        self._link = link
        self._health = CanHealth()
        self._told: _Told | None = None
        self._end = link.on_state(self._changed)
        self._looking = hass.async_create_background_task(self._run(), f"home_bms {link.params.key}")

    async def async_stop(self) -> None:
        """End the looks, and withdraw what was raised."""
        self._end()
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        self._tell(None)

    async def _run(self) -> None:
        while True:
            await self._link.look()
            self._judge()
            await asyncio.sleep(LOOK_EVERY)

    @callback
    def _changed(self, _: CanState) -> None:
        self._judge()

    @callback
    def _judge(self) -> None:
        """Look at the bus as it is now."""
        link, was_troubled = self._link, self._health.troubled
        seen = troubles(link)
        stands = self._health.look(self._hass.loop.time(), seen)
        ids = ", ".join(spelled(key) for key in sorted(link.refused))
        if self._health.troubled is not was_troubled:
            if was_troubled:
                LOGGER.info("The CAN bus %s is sound again", link.params.key)
            else:
                what = link.failure or (f"another node sends {ids}" if Trouble.TAKEN in seen else link.state)
                LOGGER.warning("Trouble with the CAN bus %s: %s", link.params.key, what)
        self._tell(None if stands is None else (stands, ids if stands is Trouble.TAKEN else ""))
        async_dispatcher_send(self._hass, looked_at(link))

    @callback
    def _tell(self, told: _Told | None) -> None:
        """Raise the issue that is to stand in place of the one that does."""
        before, self._told = self._told, told
        if told == before:
            return
        params, failure = self._link.params, self._link.failure
        if before is not None and (told is None or told[0] is not before[0]):
            async_withdraw(self._hass, _issue_id(params.key, before[0]))
        if told is None:
            return
        trouble, ids = told
        async_raise(
            self._hass,
            _issue_id(params.key, trouble),
            severity=SEVERITIES[trouble],
            translation_key=trouble,
            data={"bus": params.key},
            shown={
                "bus": params.key,
                "bitrate": f"{params.bitrate / 1000:g}",
                "error": "-" if failure is None else str(failure),
                "ids": ids,
            },
        )


def _issue_id(bus: str, trouble: Trouble) -> str:
    # Who has put one aside has not put the others aside.
    return f"{trouble}_{bus}"
