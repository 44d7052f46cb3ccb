"""Takes another BMS in the place of a pack's own, with or without all that is known of the pack."""

from __future__ import annotations

from homeassistant.const import ATTR_NAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..const import CONF_SERIAL_NUMBER, DOMAIN
from ..coordinator import PackCoordinator
from ..core import bms
from ..runtime import HomeBmsConfigEntry
from ..subentries import async_is_set_up


async def async_take(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, pack_id: str, serial_number: str, *, same_pack: bool
) -> None:
    """Take the device that answers for the pack's from now on; the entry is set up again by its update listener.

    Of the same pack everything is kept: what was learned, counters, records, commissioning, and latched trips. Of
    another only what a person set up, and latched trips, which only a person may release. Of neither home_bms closes a
    switch because it had opened one of the device before.
    """
    if (pack := entry.runtime_data.packs.get(pack_id)) is not None:
        if same_pack:
            await pack.async_relearn(lambda _, state: bms.change_device(state))
        else:
            entry.runtime_data.learned.async_forget(pack_id)
            await pack.async_relearn(bms.forget)
    subentry = entry.subentries[pack_id]
    hass.config_entries.async_update_subentry(
        entry,
        subentry,
        data={**subentry.data, CONF_SERIAL_NUMBER: serial_number},
        unique_id=serial_number,
    )


async def async_replace_bms(hass: HomeAssistant, pack: PackCoordinator, expected: str | None) -> None:
    """Say that what answers in a pack's place is its new BMS.

    Raises ServiceValidationError where nothing else answers, where it is not the one that is `expected`, or where it
    belongs to another pack.
    """
    found = pack.stranger
    if found is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_other_bms",
            translation_placeholders={ATTR_NAME: pack.name},
        )
    if expected not in (None, found):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="another_bms",
            translation_placeholders={ATTR_NAME: pack.name, "found": found, "expected": str(expected)},
        )
    if async_is_set_up(hass, found):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="pack_known", translation_placeholders={"found": found}
        )
    await async_take(hass, pack.config_entry, pack.identity, found, same_pack=True)
