"""Keeps on disk what must survive a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import SerializationError

from .const import CONF_STORED, DOMAIN, LOGGER, SAVE_WITHIN
from .core import stored
from .repair_issues import async_raise, async_withdraw

# What an older version could not read, or would lose, makes it one higher: that version then leaves the file alone.
STORAGE_VERSION: Final = 2
STORAGE_VERSION_MINOR: Final = 1

ISSUE_STORE_LOST: Final = "store_lost"
ISSUE_STORE_FAILED: Final = "store_failed"


# Whatever a spoilt content of the right format may raise in the arithmetic that takes it over; LearnedError is one too.
UNUSABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class TooNewError(HomeAssistantError):
    """A file that a newer version has written, so that this one leaves it as it is; the message names the place."""


class KeptStore(Store[dict[str, Any]]):
    """A store that reads the files of every earlier version, and leaves those of newer ones as they are.

    `unknown` returns the first place of a content that this version does not know, `migrated` what a file of version 1
    holds as this version keeps it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        unknown: Callable[[object], str | None],
        migrated: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        *,
        serialize_in_event_loop: bool = True,
    ) -> None:
        super().__init__(
            hass,
            STORAGE_VERSION,
            key,
            minor_version=STORAGE_VERSION_MINOR,
            atomic_writes=True,
            serialize_in_event_loop=serialize_in_event_loop,
        )
        self._unknown = unknown
        self._migrated = migrated

    @override
    async def async_load(self) -> dict[str, Any] | None:
        """Read the file. Raises TooNewError."""
        try:
            content = await super().async_load()
        except UnsupportedStorageVersionError as err:
            raise TooNewError(f"version {err.found_version}") from err
        self._refuse_unknown(content)
        return content

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what another version wrote, for Home Assistant to write as this one does. Raises TooNewError."""
        # Home Assistant itself takes a newer minor version for one that it may read and write.
        if (old_major_version, old_minor_version) > (STORAGE_VERSION, STORAGE_VERSION_MINOR):
            raise TooNewError(f"version {old_major_version}.{old_minor_version}")
        content = self._migrated(old_data)
        self._refuse_unknown(content)
        return content

    def _refuse_unknown(self, content: object) -> None:
        if (place := self._unknown(content)) is not None:
            raise TooNewError(place)


class _ToldStore(KeptStore):
    """A store that tells whether its writes reach the disk; Home Assistant's own only logs that (safety.md C4)."""

    def __init__(self, hass: HomeAssistant, key: str, told: Callable[[bool], None]) -> None:
        super().__init__(hass, key, stored.unknown, stored.from_version_1)
        self._told = told
        self._unwritten: dict[str, Any] | None = None
        self._given_over = False

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write, unless another store has taken over, and tell how it went."""
        if self._given_over:
            return
        if (content := data.pop("data_func", None)) is not None:
            data["data"] = content()
        try:
            await super()._async_write_data(data)
        except SerializationError, WriteError:
            self._unwritten = data["data"]
            self._told(False)
            raise
        self._told(True)

    def give_over(self) -> dict[str, Any] | None:
        """Return what did not reach the disk; nothing is written from now on."""
        self._given_over = True
        return self._unwritten


_FAILED: Final[HassKey[dict[str, _ToldStore]]] = HassKey(f"{DOMAIN}_failed_stores")
"""By entry: whose last write did not reach the disk. A reload goes on with that, not with the older file."""


class HomeBmsStore:
    """What one battery system must not forget: counters, latched trips, wishes and whether control is allowed.

    A file that is gone or spoilt does not mean nothing was latched: `lost` then stays true, through restarts, until
    a person confirms, and control stays off so long.
    """

    control_allowed = False
    lost = False
    failed = False
    """The last write did not reach the disk."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._store = _ToldStore(hass, f"{DOMAIN}.{entry.entry_id}", self._async_told)
        self._packs: dict[str, Any] = {}
        self._sources: dict[str, Callable[[], Mapping[str, Any]]] = {}
        self._system: Mapping[str, Any] = {}
        self._system_sources: dict[str, Callable[[], Any]] = {}
        self._saved_at: float | None = None
        self._write_due: float | None = None

    async def async_load(self) -> None:
        """Read the file; whoever finds none where one was written before has lost it. Raises TooNewError."""
        unwritten = self._take_over()
        try:
            content = unwritten or await self._store.async_load()
        except TooNewError:
            raise
        except HomeAssistantError:
            LOGGER.exception("The saved state of %s cannot be read", self._entry.title)
            content = None
        if content is None:
            self.lost = self._entry.data.get(CONF_STORED, False)
        else:
            try:
                self._take(content)
            except UNUSABLE:
                LOGGER.exception("The saved state of %s cannot be used", self._entry.title)
                self.lost = True
        if self.lost:
            self.async_declare_lost()

    def _take(self, content: Mapping[str, Any]) -> None:
        """Take over what the file holds. Raises one of UNUSABLE."""
        self._packs = dict(content["packs"])
        self._system = dict(content.get("system", {}))
        self._saved_at = float(content["saved_at"])
        self.control_allowed = content["control_allowed"] is True
        self.lost = content["lost"] is not False

    def _take_over(self) -> dict[str, Any] | None:
        """Return what the store before this one could not write, and keep it from overwriting what comes now."""
        before = self._hass.data.get(_FAILED, {}).pop(self._entry.entry_id, None)
        return None if before is None else before.give_over()

    @callback
    def async_declare_lost(self) -> None:
        """Take control away until a person has looked."""
        self.lost = True
        self.control_allowed = False
        async_raise(
            self._hass,
            f"{ISSUE_STORE_LOST}_{self._entry.entry_id}",
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE_STORE_LOST,
            shown={"name": self._entry.title},
            data={"entry_id": self._entry.entry_id},
        )

    async def async_confirm_lost(self) -> None:
        """Go on without what was lost; a person has looked at the packs."""
        self.lost = False
        async_withdraw(self._hass, f"{ISSUE_STORE_LOST}_{self._entry.entry_id}")
        await self.async_save()

    @property
    def gap(self) -> float | None:
        """Seconds since the file was written, `None` where the clock went backwards or there is no file."""
        return seconds_since(self._saved_at)

    def saved(self, subentry_id: str) -> Mapping[str, Any] | None:
        """Return what was kept of a pack."""
        return self._packs.get(subentry_id)

    @callback
    def async_add_source(self, subentry_id: str, source: Callable[[], Mapping[str, Any]]) -> None:
        """Ask `source` for a pack's content whenever the file is written."""
        self._sources[subentry_id] = source

    def saved_system(self, part: str) -> Any:  # noqa: ANN401 - JSON has no closed type
        """Return what was kept of all packs together under this name; `None` for nothing."""
        return self._system.get(part)

    @callback
    def async_add_system_source(self, part: str, source: Callable[[], Any]) -> None:
        """Ask `source` for what is to be kept under this name whenever the file is written."""
        self._system_sources[part] = source

    async def async_save(self) -> bool:
        """Write now. Returns whether it reached the disk, as far as can be told."""
        # While Home Assistant stops, the store itself puts this off to its final write.
        await self._store.async_save(self._content())
        return not self.failed

    @callback
    def async_schedule_save(self, within: float = SAVE_WITHIN) -> None:
        """See that the file is written at most `within` s from now, however often this is called.

        `Store.async_delay_save` moves a pending write back at every call and so never writes for one who calls each
        second (safety.md C4): it is asked only where nothing is pending soon enough.
        """
        due = self._hass.loop.time() + within
        if self._write_due is None or due < self._write_due:
            self._write_due = due
            self._store.async_delay_save(self._content, within)

    async def async_remove(self) -> None:
        """Delete the file and what was reported about it."""
        self._take_over()
        await self._store.async_remove()
        for issue in (ISSUE_STORE_LOST, ISSUE_STORE_FAILED):
            async_withdraw(self._hass, f"{issue}_{self._entry.entry_id}")

    @callback
    def _content(self) -> dict[str, Any]:
        """Return what goes into the file, at the moment that it is written."""
        self._write_due = None
        # What belongs to one who has not come yet stays as it was read.
        waiting = {key: pack for key, pack in self._packs.items() if key in self._entry.subentries}
        self._packs = waiting | {subentry_id: dict(source()) for subentry_id, source in self._sources.items()}
        self._system = {**self._system, **{part: source() for part, source in self._system_sources.items()}}
        return {
            "saved_at": dt_util.utcnow().timestamp(),
            "control_allowed": self.control_allowed,
            "lost": self.lost,
            "packs": self._packs,
            "system": self._system,
        }

    @callback
    def _async_told(self, written: bool) -> None:
        """Tell a person once that nothing reaches the disk, and try again soon."""
        failed = self._hass.data.setdefault(_FAILED, {})
        if written:
            failed.pop(self._entry.entry_id, None)
        else:
            failed[self._entry.entry_id] = self._store
            self.async_schedule_save()
        if written == (not self.failed):
            return
        self.failed = not written
        issue_id = f"{ISSUE_STORE_FAILED}_{self._entry.entry_id}"
        if written:
            async_withdraw(self._hass, issue_id)
            return
        async_raise(
            self._hass,
            issue_id,
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE_STORE_FAILED,
            shown={"name": self._entry.title},
        )


def seconds_since(saved_at: float | None) -> float | None:
    """Return the s since then; `None` where that is not known or the clock went backwards."""
    if saved_at is None:
        return None
    gap = dt_util.utcnow().timestamp() - saved_at
    return gap if gap >= 0 else None
