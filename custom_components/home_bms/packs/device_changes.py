"""Keeps the log of what changes in a pack's device, and tells each change once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..core.codec import CodecError, codec
from ..core.device_log import MOST, NOTHING, Change, DeviceLog, Kind, note
from ..core.model import HardwareRing
from ..core.ring import REGISTERS
from ..helpers import call_each
from ..hw.driver import DeviceInfo
from ..leases.words import shown_time
from ..store import HomeBmsStore
from ..texts import word

_LOG: Final = codec(DeviceLog)
_NO_SETTINGS: Final = HardwareRing()

type ChangeListener = Callable[[Change], None]


class DeviceChanges:
    """One pack's; nothing rests on it, so that what cannot be read back is begun anew."""

    def __init__(self, store: HomeBmsStore, pack_id: str) -> None:
        self._store = store
        self._listeners: list[ChangeListener] = []
        self._untold: deque[Change] = deque(maxlen=MOST)
        self.log = _restored(store.saved_system(part := f"changes_{pack_id}"))
        store.async_add_system_source(part, lambda: _LOG.encode(self.log))

    @callback
    def async_note(self, info: DeviceInfo, *, settings: bool) -> tuple[Change, ...]:
        """Take who the device says it is; without `settings` those that it tells are not all there are."""
        facts = {
            Kind.FIRMWARE: info.firmware,
            Kind.HARDWARE: info.hardware,
            Kind.CELL_COUNT: info.cells if settings else None,
            Kind.SERIAL_NUMBER: info.serial_number,
        }
        ring = info.hardware_ring if settings else _NO_SETTINGS
        before = self.log
        self.log, changes = note(self.log, facts, ring, dt_util.utcnow().timestamp())
        if self.log is not before:
            self._store.async_schedule_save()
        self._untold.extend(changes)
        self._tell()
        return changes

    @callback
    def add_listener(self, listener: ChangeListener) -> CALLBACK_TYPE:
        """Call `listener` with each change, also with those that were found before anybody listened.

        Returns what ends it.
        """
        self._listeners.append(listener)
        self._tell()
        return lambda: self._listeners.remove(listener)

    def _tell(self) -> None:
        while self._listeners and self._untold:
            call_each(self._listeners, "a device's changes", self._untold.popleft())


def _restored(saved: Any) -> DeviceLog:  # noqa: ANN401 - JSON has no closed type
    if saved is None:
        return NOTHING
    try:
        log: DeviceLog = _LOG.decode(saved)
    except CodecError as err:
        LOGGER.error("The saved log of a device's changes cannot be used: %s", err)
        return NOTHING
    return log


def change_facts(hass: HomeAssistant, change: Change) -> dict[str, Any]:
    """Return one change, for people and automations."""
    setting = change.setting
    return {
        "at": shown_time(change.at),
        "what": word(hass, "device_change", change.kind) if not setting else word(hass, "register", setting),
        "kind": change.kind.value,
        "setting": setting or None,
        "before": _shown(setting, change.before),
        "after": _shown(setting, change.after),
    }


def _shown(setting: str, value: object) -> str:
    """Return a value with its unit."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {REGISTERS[setting].unit}".rstrip() if setting in REGISTERS else text
