"""Draws home_bms's levels anew where the pack's own settings were moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import callback

from ..const import CONF_HARDWARE_RING, LOGGER
from ..core.model import ConfigError, HardwareRing, Level
from ..helpers import pack_config, ring_data

if TYPE_CHECKING:
    from ..coordinator import PackCoordinator
    from ..issues import PackIssues


@callback
def async_follow_ring(pack: PackCoordinator, issues: PackIssues, ring: HardwareRing) -> None:
    """Take over what a pack tells of its own settings; the entry's update listener loads it anew.

    Not while a trip is latched, for that must not widen what tripped. Settings that leave no room are told and not
    followed: a pack that is watched by the old levels is better off than one that cannot be set up.
    """
    subentry = pack.config_entry.subentries.get(pack.identity)
    if subentry is None or (stored := subentry.data.get(CONF_HARDWARE_RING)) is None:
        return
    told = ring_data(ring)
    if told == stored:
        issues.async_ring_accepted()
        return
    if pack.latest.decision.worst is Level.TRIP:
        return
    data = {**subentry.data, CONF_HARDWARE_RING: told}
    try:
        pack_config(data)
    except ConfigError as err:
        issues.async_ring_refused(err)
        return
    # What is told for the first time, by a newer version of home_bms, nobody has moved; and those of a virtual pack
    # follow from what it is made of.
    changes = {name: (stored[name], told.get(name)) for name in stored if stored[name] != told.get(name)}
    if changes and pack.host is None:
        LOGGER.warning("%s: the pack's own protection settings have changed: %s", pack.name, changes)
        issues.async_ring_changed(changes)
    pack.hass.config_entries.async_update_subentry(pack.config_entry, subentry, data=data)
