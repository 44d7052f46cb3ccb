"""Tells numbers, times and names as the readers of a report in one language are used to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN

UNKNOWN: Final = "–"
_REPORT: Final = "report"
# A comma before the decimals; everybody else has a point.
_COMMA: Final = frozenset({"de", "da", "es", "fi", "fr", "it", "nb", "nl", "pl", "pt", "sv"})
# A number with decimals that stands for itself: no version, no address, no date.
_DECIMALS: Final = re.compile(r"(?<![\w.,-])([+-]?\d+)\.(\d+)(?![\w.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of one language, which may be used outside the event loop too."""

    language: str
    selector: Mapping[str, str]
    """As Home Assistant keeps them; so are the others."""
    issues: Mapping[str, str]
    entity: Mapping[str, str]

    @property
    def comma(self) -> str:
        """What stands before the decimals."""
        return "," if self.language.split("-")[0] in _COMMA else "."

    def __call__(self, key: str, **values: object) -> str:
        """Return one of the report's own words."""
        return self.of(_REPORT, key, **values)

    def of(self, group: str, key: str, **values: object) -> str:
        """Return a word of another group of selector options; a key without a word stands for itself."""
        return self.selector.get(f"component.{DOMAIN}.selector.{group}.options.{key}", key).format(**values)

    def protection(self, key: str) -> str:
        """Return what a protection is called."""
        names = f"component.{DOMAIN}.entity.event.protection.state_attributes.protection.state"
        return self.entity.get(f"{names}.{key}", key)

    def issue(self, key: str, shown: Mapping[str, str]) -> tuple[str, str]:
        """Return the title and the text of a repair."""
        told = {name: self.local(value) for name, value in shown.items()}
        place = f"component.{DOMAIN}.issues.{key}"
        title = self.issues.get(f"{place}.title", key)
        steps = (text for name, text in self.issues.items() if name.startswith(f"{place}.fix_flow.step."))
        fixing = (text for text in steps if text)
        text = self.issues.get(f"{place}.description") or max(fixing, key=len, default="")
        return title.format_map(_Blanks(told)), text.format_map(_Blanks(told))

    def local(self, text: str) -> str:
        """Return a sentence with the decimals of this language; home_bms's sentences have points everywhere."""
        return _DECIMALS.sub(rf"\1{self.comma}\2", text)

    def sentence(self, text: str) -> str:
        """Return one of home_bms's sentences as it stands alone: they are made to follow a name."""
        return self.local(text[:1].upper() + text[1:])

    def number(self, value: float | None, digits: int = 0, unit: str = "") -> str:
        """Return a number with its unit, or what stands for one that is not known."""
        if value is None or not isfinite(value):
            return UNKNOWN
        text = f"{value:.{digits}f}"
        if not float(text):
            text = text.lstrip("-")
        return f"{text.replace('.', self.comma)} {unit}".rstrip()

    def band(self, low: float | None, high: float | None, digits: int = 0, unit: str = "") -> str:
        """Return both ends of a band."""
        if low is None or high is None or not (isfinite(low) and isfinite(high)):
            return UNKNOWN
        return f"{self.number(low, digits)} … {self.number(high, digits, unit)}"

    def day(self, day: date) -> str:
        """Return a day in full."""
        return self("day", day=day.day, month=self.month_name(day.month), year=day.year)

    def moment(self, moment: datetime) -> str:
        """Return a time to the second."""
        return f"{self.day(moment)}, {moment:%H:%M:%S}"

    def month(self, day: date) -> str:
        """Return a month with its year."""
        return f"{self.month_name(day.month)} {day.year}"

    def month_name(self, number: int) -> str:
        """Return a month's name."""
        return self(f"month_{number}")

    def month_short(self, number: int) -> str:
        """Return a month's name for the axis of a plot."""
        return self.month_name(number)[:3]

    def duration(self, duration: timedelta | None) -> str:
        """Return how long something took: in seconds, minutes or hours."""
        if duration is None:
            return UNKNOWN
        seconds = duration.total_seconds()
        for unit, size in (("h", 3600.0), ("min", 60.0)):
            if seconds >= size:
                return self.number(seconds / size, 1, unit)
        return self.number(seconds, 0, "s")


class _Blanks(dict[str, str]):
    """Blanks that nobody filled in stay what they are: an old repair may lack one."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


async def async_wording(hass: HomeAssistant) -> Wording:
    """Return the words of the language that Home Assistant speaks."""
    language = hass.config.language
    selector, issues, entity = [
        await async_get_translations(hass, language, category, {DOMAIN})
        for category in ("selector", "issues", "entity")
    ]
    return Wording(language=language, selector=selector, issues=issues, entity=entity)
