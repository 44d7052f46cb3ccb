"""A battery system that follows a grid programme on a server on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PROGRAMME
from custom_components.home_bms.hw import openadr_client
from custom_components.home_bms.programmes import coordinator as programme_coordinator

from ..hw.vtn import SECRET

PROGRAMME_ID: Final = "01PROGRAMME0000000000000AA"
OWNER: Final = "openadr:Flexibility"


def quick_programmes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loops of programmes tick fast, and nobody pause."""
    monkeypatch.setattr(programme_coordinator, "TICK", 0.02)
    monkeypatch.setattr(programme_coordinator, "REPORT_AGAIN", 0.0)
    monkeypatch.setattr(openadr_client, "PAUSES", (0.0, 0.0))


def settings(url: str, **changes: Any) -> dict[str, Any]:
    """Return the settings of a programme; the period is shorter than a form lets it be."""
    return {
        "url": url,
        "client_id": "me",
        "client_secret": SECRET,
        "ven_name": "house",
        "programme": "p-1",
        "programme_name": "Flexibility",
        "name": "Flexibility",
        "may": "setpoints",
        "priority": 60,
        "outage_reserve": 80.0,
        "poll_period": 0.1,
        **changes,
    }


def programme_subentry(
    data: Mapping[str, Any], subentry_id: str = PROGRAMME_ID, title: str = "Flexibility"
) -> ConfigSubentryDataWithId:
    """Return a programme's subentry."""
    return ConfigSubentryDataWithId(
        data=dict(data),
        subentry_id=subentry_id,
        subentry_type=SUBENTRY_PROGRAMME,
        title=title,
        unique_id=f"programme-{data['url']}-{data['programme']}-{data['ven_name']}",
    )


def event(
    name: str,
    kind: str,
    value: object,
    unit: str | None = None,
    *,
    later: float = 0.0,
    minutes: float = 60,
    **more: Any,
) -> dict[str, Any]:
    """Return an event of one interval that begins so many minutes from now."""
    start = dt_util.utcnow() + timedelta(minutes=later)
    return {
        "id": name,
        "createdDateTime": start.isoformat(),
        "programID": "p-1",
        "eventName": f"The {name}",
        "payloadDescriptors": [{"payloadType": kind, "units": unit}],
        "intervalPeriod": {"start": start.isoformat(), "duration": f"PT{round(60 * minutes)}S"},
        "intervals": [{"id": 3, "payloads": [{"type": kind, "values": [value]}]}],
        **more,
    }


def shown(hass: HomeAssistant, key: str, platform: str = Platform.SENSOR, subentry_id: str = PROGRAMME_ID) -> State:
    """Return the state of an entity of the programme."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{subentry_id}_{key}")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state
