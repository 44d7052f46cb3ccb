"""Keeps how far a pack's commissioning is, and asks again for what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..core.codec import CodecError, codec
from ..core.commissioning import Aspect, Finding, Outcome, Record, Result, State, Step, anew, due, sign, stale, take
from ..core.commissioning import state as state_of
from ..core.commissioning import steps as steps_of
from ..core.model import HardwareRing, PackConfig
from ..helpers import ring_data
from ..hw.driver import SWITCHED, Capability, DeviceInfo
from ..repair_issues import IssueData, async_raise, async_withdraw
from ..store import HomeBmsStore
from .words import aspects_text, steps_text

STORED_VERSION: Final = 1
COMMISSIONING_CHANGED: Final = "commissioning_changed"
NOT_TAKEN: Final = "not_taken"
"""The reason of a step that was left out at the end."""

_RECORD: Final = codec(Record)


class Commissioning:
    """One pack's."""

    selftest: Mapping[str, Finding] | None = None
    """What the last self-test found since the start."""
    selftest_at: str | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        store: HomeBmsStore,
        *,
        entry_id: str,
        pack_id: str,
        name: str,
        config: PackConfig,
        capabilities: Capability,
        tell: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._store = store
        self._pack_id = pack_id
        self._name = name
        self._data: IssueData = {"entry_id": entry_id, "subentry_id": pack_id}
        self._config = config
        self._tell = tell
        self.steps = steps_of(sensors=config.temperature_sensors, switches=bool(capabilities & SWITCHED))
        """Those that apply, in their order."""
        self.basis: Mapping[Aspect, str] = {}
        """What the pack is now; empty until it has said so."""
        part = f"commissioning_{pack_id}"
        self.record = _restored(store.saved_system(part), name)
        store.async_add_system_source(part, lambda: {"version": STORED_VERSION, "record": _RECORD.encode(self.record)})

    @property
    def state(self) -> State:
        """How far it is."""
        return state_of(self.record, self.steps, self.basis)

    @property
    def due(self) -> tuple[Step, ...]:
        """The steps that are still to be taken."""
        return due(self.record, self.steps, self.basis)

    @property
    def stale(self) -> Mapping[str, frozenset[Aspect]]:
        """The steps that must be taken again, and what has changed."""
        return stale(self.record, self.steps, self.basis)

    @property
    def commissioned_on(self) -> datetime | None:
        """When it was last signed off."""
        on = self.record.commissioned_on
        return None if on is None else dt_util.parse_datetime(on)

    @callback
    def async_identified(self, info: DeviceInfo, *, ring: HardwareRing | None) -> None:
        """Take who the pack is now; `ring` is `None` while not all of it was heard."""
        self.basis = basis_of(self._config, info, ring)
        self.async_judge()

    @callback
    def async_judge(self) -> None:
        """Call a person where something has changed since a step was taken, and no longer where nothing has."""
        issue_id = f"{COMMISSIONING_CHANGED}_{self._pack_id}"
        if not (again := self.stale):
            async_withdraw(self._hass, issue_id)
            return
        async_raise(
            self._hass,
            issue_id,
            data=self._data,
            is_fixable=True,
            translation_key=COMMISSIONING_CHANGED,
            shown={
                "name": self._name,
                "changed": aspects_text(self._hass, frozenset[Aspect]().union(*again.values())),
                "steps": steps_text(self._hass, [step for step in self.steps if step.key in again]),
            },
        )

    async def async_begin(self, by: str, *, afresh: bool = False) -> None:
        """Note who is at it; `afresh` forgets what was found before."""
        record = anew(self.record) if afresh else self.record
        await self._async_keep(replace(record, by=by))

    async def async_take(self, findings: Mapping[str, Finding]) -> None:
        """Keep what steps found, at once."""
        record, at = self.record, dt_util.utcnow().isoformat()
        for key, finding in findings.items():
            result = Result(
                outcome=finding.outcome,
                reason=finding.reason,
                numbers=dict(finding.numbers),
                at=at,
                by=record.by,
                basis=dict(self.basis),
            )
            record = take(record, key, result)
        await self._async_keep(record)

    async def async_skip_rest(self) -> None:
        """Note the steps that nobody has taken as skipped."""
        missing = [step.key for step in self.steps if step.key not in self.record.results]
        left_out = Finding(outcome=Outcome.SKIPPED, reason=NOT_TAKEN)
        if missing:
            await self.async_take(dict.fromkeys(missing, left_out))

    async def async_sign(self, at: datetime, report: str | None) -> None:
        """Sign off what stands."""
        await self._async_keep(sign(self.record, self.steps, at.isoformat(), report))

    async def _async_keep(self, record: Record) -> None:
        self.record = record
        self.async_judge()
        self._tell()
        await self._store.async_save()

    @callback
    def async_tested(self, found: Mapping[str, Finding]) -> None:
        """Show what a self-test found, until the next start."""
        self.selftest, self.selftest_at = found, dt_util.utcnow().isoformat()
        self._tell()


def basis_of(config: PackConfig, info: DeviceInfo, ring: HardwareRing | None) -> Mapping[Aspect, str]:
    """Return what of a pack a result rests on, as far as it tells."""
    basis = {
        Aspect.SERIAL_NUMBER: info.fingerprint,
        Aspect.CELLS: str(config.cells),
        Aspect.TEMPERATURE_SENSORS: str(config.temperature_sensors),
        Aspect.BATTERY: f"{config.chemistry} {config.capacity:g} Ah",
    }
    if info.firmware:
        basis[Aspect.FIRMWARE] = info.firmware
    if ring is not None and (told := ring_data(ring)):
        basis[Aspect.HARDWARE_RING] = ", ".join(f"{name} {value:g}" for name, value in sorted(told.items()))
    return basis


def _restored(saved: Any, name: str) -> Record:  # noqa: ANN401 - JSON has no closed type
    """Return what was kept; what cannot be read is told once and begun anew, for nothing that is safe rests on it."""
    if saved is None:
        return Record()
    try:
        return _decoded(saved)
    except (CodecError, LookupError, TypeError) as err:
        LOGGER.warning("What was kept of the commissioning of %s cannot be used: %s", name, err)
        return Record()


def _decoded(saved: Any) -> Record:  # noqa: ANN401 - JSON has no closed type
    if saved["version"] != STORED_VERSION:
        raise CodecError(f"version {saved['version']!r:.20} is not known here")
    record: Record = _RECORD.decode(saved["record"])
    return record
