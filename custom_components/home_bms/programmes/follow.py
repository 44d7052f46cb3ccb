"""Begins to follow the grid programmes of a battery system, and ends what is left of those that were removed."""

from __future__ import annotations

from homeassistant.core import HomeAssistant, callback

from ..const import SUBENTRY_PROGRAMME
from ..leases.programme import async_end_of_removed, async_end_setpoints
from ..runtime import HomeBmsConfigEntry
from ..store import HomeBmsStore
from ..system_coordinator import SystemCoordinator
from .coordinator import ProgrammeCoordinator
from .settings import CONF_MAY, May, async_client


@callback
def async_create_programmes(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
    system: SystemCoordinator,
    system_device_id: str,
    store: HomeBmsStore,
) -> dict[str, ProgrammeCoordinator]:
    """Return the programmes by subentry, ready to be read."""
    programmes = {
        subentry.subentry_id: ProgrammeCoordinator(
            hass,
            entry,
            subentry,
            client=async_client(hass, subentry.data),
            system=system,
            system_device_id=system_device_id,
        )
        for subentry in entry.get_subentries_of_type(SUBENTRY_PROGRAMME)
    }
    for programme in programmes.values():
        programme.async_register_device()
    owners = {subentry_id: programme.owner for subentry_id, programme in programmes.items()}
    async_end_of_removed(store, system.leases, owners)
    # A server that does not answer must not keep what its user does not permit any more.
    async_end_setpoints(
        system.leases, {each.owner for each in programmes.values() if each.settings[CONF_MAY] != May.SETPOINTS}
    )
    return programmes
