"""Finds packs, inverters and programmes among those of all battery systems, whether they are set up now or not."""

from __future__ import annotations

from collections.abc import Iterator

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN


@callback
def all_subentries(hass: HomeAssistant, but: str | None = None) -> Iterator[ConfigSubentry]:
    """Yield them all; `but` is the id of one to leave out, which is the one that is being changed."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        for subentry in entry.subentries.values():
            if subentry.subentry_id != but:
                yield subentry


@callback
def async_is_set_up(hass: HomeAssistant, unique_id: str, but: str | None = None) -> bool:
    """Tell whether some system has this one already."""
    return any(subentry.unique_id == unique_id for subentry in all_subentries(hass, but))
