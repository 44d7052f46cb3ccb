"""Raises a repair issue for all that a person must do about a pack, and withdraws it once it is done."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, LINK_POOR, LINK_POOR_FOR
from .core.battery import Finding as Weakness
from .core.battery import Kind
from .core.budget import needs
from .core.causes import root
from .core.chemistry import SETTINGS
from .core.lint import Finding, lint
from .core.model import Alarm, Budget, ConfigError, Level, PackConfig
from .core.ring import FACTS, REGISTERS
from .hw.driver import DeviceInfo
from .hw.parts import PartsDriver
from .hw.parts_lint import Severity
from .packs.parts_words import problems_text
from .repair_issues import IssueData, async_raise, async_withdraw
from .story import DEVICE_ALARM, facts, tell
from .texts import protection_name, word
from .watching import Trouble

# What waiting does not mend, with the level from which a person is called; a trip always calls one.
CARE: Final[Mapping[str, Level]] = {
    "contactor_not_closing": Level.WARN,
    "command_ignored": Level.PROTECT,
    "insulation_low": Level.WARN,
    "device_alarm": Level.WARN,
    "sensor_failed": Level.PROTECT,
}
# Where somebody should look before anything else happens.
CRITICAL: Final = frozenset({"contactor_welded", "contactor_not_opening", "short_circuit", "insulation_low"})

_UNITS: Final[Mapping[str, str]] = (
    {setting.key: setting.unit for setting in SETTINGS}
    | dict(FACTS)
    | {name: register.unit for name, register in REGISTERS.items()}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a finding is told: by which text, in which unit, and how gravely."""

    key: str
    unit: str
    digits: int
    factor: float = 1.0
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING


# By kind, and whether it is about a cell; else it is about the current sensor.
FINDINGS: Final[Mapping[tuple[Kind, bool], Told]] = {
    (Kind.WEAK_CELL, True): Told(key="finding_weak_cell", unit="Ah", digits=1),
    (Kind.LEAKY_CELL, True): Told(key="finding_leaky_cell", unit="mA", digits=0, factor=1000.0),
    (Kind.MICRO_SHORT, True): Told(
        key="finding_micro_short", unit="mA", digits=0, factor=1000.0, severity=ir.IssueSeverity.ERROR
    ),
    (Kind.LOOSE_JOINT, True): Told(key="finding_loose_joint", unit="mΩ", digits=2, factor=1000.0),
    (Kind.SENSOR_DRIFT, True): Told(key="finding_sensor_drift", unit="mV", digits=0, factor=1000.0),
    (Kind.SENSOR_DRIFT, False): Told(key="finding_current_drift", unit="A", digits=2),
}

_FINDING: Final = "finding"
_NEED: Final = "need"
_SETTING: Final = "setting"
_CALL: Final = "call"
RING_CHANGED: Final = "hardware_ring_changed"
RING_REFUSED: Final = "hardware_ring_refused"
LINK_POOR_ISSUE: Final = "link_poor"
LEARNED_LOST: Final = "learned_lost"
MEMBER_CHANGED: Final = "member_changed"
WATCHED_ONLY: Final = "parts_watched_only"


class PackIssues:
    """The repair issues of one pack's settings and trips."""

    def __init__(self, hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str) -> None:
        self._hass = hass
        self._name = name
        self._subentry_id = subentry_id
        self._data: IssueData = {"entry_id": entry_id, "subentry_id": subentry_id}
        self._calls: tuple[object, ...] | None = None
        self._findings: tuple[Weakness, ...] | None = None
        self._days: tuple[float, ...] = ()
        self._poor_since: float | None = None
        self._poor = False

    @callback
    def async_trouble(self, trouble: Trouble, *, stands: bool, error: str, address: str, of_parts: bool) -> None:
        """Tell of what the supervisor found, and that it is over.

        A pack `of_parts` has no serial number that another could take the place of: its members are chosen in the flow.
        """
        issue_id = f"{trouble}_{self._subentry_id}"
        if not stands:
            async_withdraw(self._hass, issue_id)
            return
        async_raise(
            self._hass,
            issue_id,
            is_fixable=trouble is Trouble.IDENTITY_CHANGED and not of_parts,
            severity=ir.IssueSeverity.ERROR,
            translation_key=MEMBER_CHANGED if trouble is Trouble.IDENTITY_CHANGED and of_parts else trouble,
            shown={"name": self._name, "error": error, "address": address},
            data={**self._data, "error": error},
        )

    @callback
    def async_audit(self, config: PackConfig, info: DeviceInfo) -> None:
        """Compare the pack's own settings, as it just told them, with what they should be."""
        findings = lint(config, info.hardware_ring, cells=info.cells, capacity=info.capacity, chemistry=info.chemistry)
        self._withdraw(_SETTING, {finding.register for finding in findings})
        for finding in findings:
            self._raise(
                f"{_SETTING}_{finding.register}",
                f"{_SETTING}_{finding.key}",
                ir.IssueSeverity.ERROR if finding.grave else ir.IssueSeverity.WARNING,
                self._finding(finding),
            )

    @callback
    def async_judge(
        self, alarms: tuple[Alarm, ...], *, acting: bool, device_alarms: frozenset[str] | None = None
    ) -> None:
        """Call a person for what has tripped and for what waiting does not mend; consequences call nobody."""
        calling = _calling(alarms) if alarms else ()
        calls = tuple(
            (alarm.key, alarm.level, device_alarms if alarm.key == DEVICE_ALARM else None) for alarm in calling
        )
        if calls == self._calls:
            return
        self._calls = calls
        self._withdraw(_CALL, {alarm.key for alarm in calling})
        for alarm in calling:
            told = facts(
                alarm,
                alarm.level.name.lower(),
                root(alarm, alarms),
                acting=acting,
                device_alarms=device_alarms,
            )
            self._raise(
                f"{_CALL}_{alarm.key}",
                "tripped" if alarm.level is Level.TRIP else "needs_attention",
                ir.IssueSeverity.CRITICAL if alarm.key in CRITICAL else ir.IssueSeverity.ERROR,
                {
                    "protection": protection_name(self._hass, alarm.key),
                    "story": tell(self._hass, told),
                    "remedy": word(self._hass, "remedy", alarm.key),
                },
            )

    @callback
    def async_judge_link(self, quality: float | None, now: float) -> None:
        """Call a person when many requests have been lost for a while, for wiring does not mend itself.

        `quality` is in percent of sound answers, `now` in s.
        """
        if quality is None or quality >= LINK_POOR:
            self._poor_since = None
            if self._poor and quality is not None:
                self._poor = False
                async_withdraw(self._hass, f"{LINK_POOR_ISSUE}_{self._subentry_id}")
            return
        self._poor_since = now if self._poor_since is None else self._poor_since
        if not self._poor and now - self._poor_since >= LINK_POOR_FOR:
            self._poor = True
            shown = {"lost": f"{100 - quality:.0f}"}
            self._raise(LINK_POOR_ISSUE, LINK_POOR_ISSUE, ir.IssueSeverity.WARNING, shown)

    @callback
    def async_judge_findings(self, findings: tuple[Weakness, ...]) -> None:
        """Call a person for what estimation found wrong with cells, joints and sensors; core takes back what is over.

        Findings change at looks only.
        """
        if findings == self._findings:
            return
        self._findings = findings
        self._withdraw(_FINDING, {_place(finding) for finding in findings})
        for finding in findings:
            told = FINDINGS[finding.kind, finding.cell is not None]
            shown = {"cell": "" if finding.cell is None else str(finding.cell + 1)}
            for name, value in (("value", finding.value), ("threshold", finding.threshold)):
                shown[name] = f"{told.factor * value:.{told.digits}f} {told.unit}"
            self._raise(f"{_FINDING}_{_place(finding)}", told.key, told.severity, shown)

    @callback
    def async_judge_balancing(self, config: PackConfig, budget: Budget) -> None:
        """Name the cell that needs balancing day after day, which changes when a day is over."""
        if budget.days is self._days:
            return
        self._days = budget.days
        need = needs(config, budget)
        self._withdraw(_NEED, set() if need is None else {str(need.cell + 1)})
        if need is not None:
            shown = {"cell": str(need.cell + 1), "value": f"{abs(need.daily):.2f} Ah"}
            key = "need_bleeding" if need.daily > 0 else "need_charge"
            self._raise(f"{_NEED}_{need.cell + 1}", key, ir.IssueSeverity.WARNING, shown)

    @callback
    def async_learned_lost(self, error: str) -> None:
        """Say once that what took weeks to learn cannot be used and is learned anew."""
        self._raise(LEARNED_LOST, LEARNED_LOST, ir.IssueSeverity.WARNING, {"error": error}, is_fixable=True)

    @callback
    def async_judge_parts(self, parts: PartsDriver | None) -> None:
        """Say why a pack whose relays home_bms was given can only be watched; what was meant so is no trouble."""
        problems = () if parts is None else tuple(row for row in parts.problems if row.severity is not Severity.ADVICE)
        if parts is None or not problems or not any(row.outputs for row in parts.parts.members):
            async_withdraw(self._hass, f"{WATCHED_ONLY}_{self._subentry_id}")
            return
        shown = {"problems": problems_text(self._hass, problems)}
        self._raise(WATCHED_ONLY, WATCHED_ONLY, ir.IssueSeverity.WARNING, shown)

    @callback
    def async_ring_changed(self, changes: Mapping[str, tuple[float | None, float | None]]) -> None:
        """Say that the pack's own settings were moved (old and new value, by register) and home_bms's with them."""
        self.async_ring_accepted()
        told = "; ".join(
            f"{self._name_of(name)}: {_shown(name, old)} → {_shown(name, new)}" for name, (old, new) in changes.items()
        )
        self._raise(RING_CHANGED, RING_CHANGED, ir.IssueSeverity.WARNING, {"changes": told}, is_fixable=True)

    @callback
    def async_ring_refused(self, err: ConfigError) -> None:
        """Say that home_bms's own thresholds find no room inside the pack's new settings."""
        self._raise(
            RING_REFUSED,
            RING_REFUSED,
            ir.IssueSeverity.ERROR,
            {
                "setting": self._name_of(err.field),
                "lower": self._name_of(err.placeholders.get("lower", err.field)),
                "upper": self._name_of(err.placeholders.get("upper", err.field)),
            },
        )

    @callback
    def async_ring_accepted(self) -> None:
        """Take back that the pack's settings leave no room."""
        async_withdraw(self._hass, f"{RING_REFUSED}_{self._subentry_id}")

    def _finding(self, finding: Finding) -> dict[str, str]:
        """Return what a finding's text shows."""
        shown = {"register": self._name_of(finding.register), "other": "", "bound": ""}
        for place, value in (("value", finding.value), ("recommended", finding.recommended)):
            shown[place] = (
                word(self._hass, "chemistry", value) if isinstance(value, str) else _shown(finding.register, value)
            )
        if finding.other is not None:
            shown |= {"other": self._name_of(finding.other), "bound": _shown(finding.other, finding.bound)}
        return shown

    def _name_of(self, key: str) -> str:
        """Return what a register of the pack, or a setting of home_bms's own, is called."""
        name = word(self._hass, "register", key)
        return word(self._hass, "setting", key) if name == key else name

    def _raise(
        self,
        issue: str,
        translation_key: str,
        severity: ir.IssueSeverity,
        shown: Mapping[str, str],
        *,
        is_fixable: bool = False,
    ) -> None:
        async_raise(
            self._hass,
            f"{issue}_{self._subentry_id}",
            data=self._data,
            is_fixable=is_fixable,
            # What is only to be acknowledged must outlast a restart; the rest is found again.
            is_persistent=is_fixable,
            severity=severity,
            translation_key=translation_key,
            shown={"name": self._name, **shown},
        )

    def _withdraw(self, kind: str, keep: set[str]) -> None:
        """Delete the issues of one kind but those to keep; a set-up before this one may have left some."""
        kept = {f"{kind}_{key}_{self._subentry_id}" for key in keep}
        for domain, issue_id in list(ir.async_get(self._hass).issues):
            ours = domain == DOMAIN and issue_id.startswith(f"{kind}_") and issue_id.endswith(f"_{self._subentry_id}")
            if ours and issue_id not in kept:
                async_withdraw(self._hass, issue_id)


@callback
def async_forget_issues(hass: HomeAssistant, entry_id: str, present: Container[object]) -> None:
    """Delete the issues of packs of a system that are no longer there."""
    for (domain, issue_id), issue in list(ir.async_get(hass).issues.items()):
        data = issue.data or {}
        if domain == DOMAIN and data.get("entry_id") == entry_id and data.get("subentry_id") not in present:
            async_withdraw(hass, issue_id)


def _place(finding: Weakness) -> str:
    """Return what tells a finding from all others."""
    return f"{finding.kind}_{0 if finding.cell is None else finding.cell + 1}"


def _calling(alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Return the alarms that a person is called for, without those that only follow from another of them."""
    calling = {
        alarm.key: alarm
        for alarm in alarms
        if alarm.level is Level.TRIP or (alarm.key in CARE and alarm.level >= CARE[alarm.key])
    }
    by_key = {alarm.key: alarm for alarm in alarms}

    def follows(alarm: Alarm) -> bool:
        cause = by_key.get(alarm.cause or "")
        return cause is not None and (cause.key in calling or follows(cause))

    return tuple(alarm for alarm in calling.values() if not follows(alarm))


def _shown(key: str, value: float | None) -> str:
    """Return a setting's value as a person reads it."""
    return "–" if value is None else f"{value:g} {_UNITS.get(key, '')}".rstrip()
