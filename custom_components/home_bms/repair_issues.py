"""Raises repair issues and withdraws them; nothing that devices or people call things is read as markup in one."""

from __future__ import annotations

from collections.abc import Mapping

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .harmless import all_harmless

type IssueData = dict[str, str | int | float | None]


@callback
def async_raise(
    hass: HomeAssistant,
    issue_id: str,
    *,
    translation_key: str,
    shown: Mapping[str, str],
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    is_fixable: bool = False,
    is_persistent: bool = False,
    data: IssueData | None = None,
) -> None:
    """Raise an issue, or say anew what one shows that stands."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=data,
        is_fixable=is_fixable,
        is_persistent=is_persistent,
        severity=severity,
        translation_key=translation_key,
        translation_placeholders=all_harmless(shown),
    )


@callback
def async_withdraw(hass: HomeAssistant, issue_id: str) -> None:
    """Withdraw an issue, if it stands."""
    ir.async_delete_issue(hass, DOMAIN, issue_id)
