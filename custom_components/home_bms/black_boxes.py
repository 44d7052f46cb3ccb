"""Keeps what the black boxes of the packs froze as files."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util
from homeassistant.util import slugify

from .const import CONF_HARDWARE_RING, CONF_MODEL, CONF_THRESHOLDS, DOMAIN, LOGGER
from .core.blackbox import Box
from .core.model import HardwareRing, Level
from .core.record import Header, RecordError, Recording, dump
from .kept_files import KeptFile, drop, found, path_of, sweep, write_whole

# Of one pack, whichever is reached first.
MOST_FILES: Final = 20
MOST_BYTES: Final = 20_000_000
# Boxes that wait for a disk that hangs; a later one of the same window holds all of an earlier.
MOST_WAITING: Final = 8
# Seconds that stopping waits for the disk: Home Assistant grants all shutdown jobs together 20 s.
SETTLE_TIMEOUT: Final = 5.0

URL: Final = f"/api/{DOMAIN}/black_boxes"
NOW: Final = "now.jsonl.gz"

_STAMP: Final = "%Y-%m-%dT%H-%M-%SZ"
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)_([a-z0-9_]+)_(protect|trip)\.jsonl\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackBoxFile(KeptFile):
    """One file as its name tells it; its time is that of the first trigger."""

    cause: str
    """The key of the gravest protection."""
    level: str


class BlackBoxes:
    """The files of one pack; nothing here ever disturbs who hands a box in."""

    failed = False
    """The last write did not reach the disk."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, pack_id: str, settings: Mapping[str, Any]) -> None:
        self.url = f"{URL}/{pack_id}"
        self.folder = Path(hass.config.path(DOMAIN, entry.entry_id, pack_id))
        self._hass = hass
        self._pack_id = pack_id
        self._settings = settings
        self._version = str(async_get_loaded_integration(hass, DOMAIN).version)
        self._waiting: deque[tuple[str, str | None, Recording]] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._began: tuple[float, datetime] | None = None
        self._name: str | None = None

    def recording(self, box: Box, at: datetime | None = None, *, acting: bool | None = None) -> Recording:
        """Return a box with all that its reader must know; `at` is the wall-clock time of its first trigger.

        Who made the pack and where it is reached is not among it: the file may be shown to anybody.
        """
        origin = box.triggers[0].time if box.triggers else self._hass.loop.time()
        return Recording(
            header=Header(
                home_bms=self._version,
                home_assistant=__version__,
                model=self._settings[CONF_MODEL],
                time=(self._wall_clock(origin) if at is None else at).isoformat(),
                origin=origin,
                triggers=box.triggers,
                hardware=HardwareRing(**self._settings.get(CONF_HARDWARE_RING, {})),
                overrides=self._settings.get(CONF_THRESHOLDS, {}),
                acting=acting,
                config=box.config,
            ),
            ticks=box.ticks,
        )

    @callback
    def async_write(self, box: Box, *, acting: bool | None = None) -> None:
        """Have a box written as soon as the disk takes it; one of the same window replaces the one before."""
        gravest = box.gravest
        if gravest is None:
            return
        began = box.triggers[0].time
        if self._began is None or self._began[0] != began:
            self._began = began, self._wall_clock(began)
            self._name = None
        at, before = self._began[1], self._name
        cause, level = slugify(gravest.alarm.key), gravest.alarm.level.name.lower()
        self._name = f"{at.strftime(_STAMP)}_{cause}_{level}.jsonl.gz"
        self._waiting.append((self._name, before, self.recording(box, at, acting=acting)))
        # A task that begins at once may be over at once.
        if self._writing is None or self._writing.done():
            self._writing = self._hass.async_create_background_task(
                self._write_waiting(), f"{DOMAIN} black box {self._pack_id}"
            )

    async def async_settle(self) -> None:
        """Wait for what is being written, but not for ever."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=SETTLE_TIMEOUT)

    async def async_list(self) -> list[BlackBoxFile]:
        """Return the files, the newest first."""
        try:
            return await self._hass.async_add_executor_job(_files, self.folder, self.url)
        except OSError:
            return []

    async def async_find(self, name: str) -> Path | None:
        """Return where a file is that somebody named, `None` if there is no such black box."""
        return path_of(name, self.folder, await self.async_list())

    def _wall_clock(self, then: float) -> datetime:
        """Return the time of day of a monotonic time."""
        return dt_util.utcnow() - timedelta(seconds=self._hass.loop.time() - then)

    async def _write_waiting(self) -> None:
        """Write one after the other."""
        while self._waiting:
            name, before, recording = self._waiting.popleft()
            try:
                await self._hass.async_add_executor_job(_store, self.folder, name, before, recording)
            except Exception as err:  # noqa: BLE001 - evidence that is lost must not cost protection as well
                if not self.failed:
                    LOGGER.warning("The black box of %s could not be written: %r", self._pack_id, err)
                self.failed = True
            else:
                LOGGER.info("A black box was written: %s, to be fetched at %s/%s", self.folder / name, self.url, name)
                self.failed = False


def _store(folder: Path, name: str, before: str | None, recording: Recording) -> None:
    """Write a file and take away what it replaces and what is too much."""
    sweep(folder)
    write_whole(folder / name, dump(recording))
    if before not in (None, name):
        (folder / str(before)).unlink(missing_ok=True)
    _rotate(folder, name)


def _rotate(folder: Path, newest: str) -> None:
    """Drop the oldest files beyond the bounds: first those without a trip, so that a flapping link buries none."""
    files = sorted(_files(folder, ""), key=lambda file: (file.level == Level.TRIP.name.lower(), file.name))
    drop(folder, files, newest, most_files=MOST_FILES, most_bytes=MOST_BYTES)


def _files(folder: Path, url: str) -> list[BlackBoxFile]:
    """Return the files that are black boxes by their names, the newest first."""
    files = [
        BlackBoxFile(
            name=file.told[0],
            time=time.isoformat(),
            cause=file.told[2],
            level=file.told[3],
            size=file.size,
            url=f"{url}/{file.told[0]}",
        )
        for file in found(folder, _NAME)
        # Whoever puts files there by hand may call them anything.
        if (time := _time(file.told[1])) is not None
    ]
    return sorted(files, key=lambda file: file.name, reverse=True)


def _time(stamp: str) -> datetime | None:
    """Return when a file's name says that it began, `None` where there is no such time."""
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def began_at(header: Header) -> float | None:
    """Return the Unix time of a recording's `origin`, `None` where it does not tell. Raises RecordError."""
    if header.time is None:
        return None
    try:
        return datetime.fromisoformat(header.time).timestamp()
    except (OverflowError, ValueError) as err:
        raise RecordError(f"line 1: time: {err}") from err
