"""Reads the settings of a grid programme."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_NAME, CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from yarl import URL

from ..core.leases import Range
from ..hw.openadr import Programme
from ..hw.openadr_client import Account, Credentials, Ven, VtnClient
from ..leases.programme import owner_of

CONF_TOKEN_URL: Final = "token_url"  # noqa: S105 - a key
CONF_SCOPE: Final = "scope"
CONF_VEN_NAME: Final = "ven_name"
CONF_TARGETS: Final = "targets"
CONF_PROGRAMME: Final = "programme"
CONF_PROGRAMME_NAME: Final = "programme_name"
CONF_MAY: Final = "may"
CONF_PRIORITY: Final = "priority"
CONF_OUTAGE_RESERVE: Final = "outage_reserve"
CONF_POLL_PERIOD: Final = "poll_period"

# A minute is what servers take from thousands of houses; what is agreed on a day ahead need not be read more often than
# every hour, but an emergency is.
POLL_PERIODS: Final = Range(60.0, 3600.0)
"""s between two readings."""
PRIVATE: Final = frozenset(
    {
        CONF_URL,
        CONF_TOKEN_URL,
        CONF_CLIENT_ID,
        CONF_CLIENT_SECRET,
        CONF_SCOPE,
        CONF_VEN_NAME,
        CONF_TARGETS,
    }
)
"""What tells who somebody is, or lets one be them."""


class May(StrEnum):
    """What a programme may do."""

    LIMITS = "limits"
    SETPOINTS = "setpoints"


@callback
def async_client(hass: HomeAssistant, data: Mapping[str, Any]) -> VtnClient:
    """Return a client of the server of these settings."""
    return VtnClient(async_get_clientsession(hass), account_of(data), clock=hass.loop.time)


def account_of(data: Mapping[str, Any]) -> Account:
    """Return where the programme is, and who asks there; the flow lets no address in that is not safe."""
    credentials = None
    if client_id := data.get(CONF_CLIENT_ID):
        credentials = Credentials(
            client_id=client_id, client_secret=data.get(CONF_CLIENT_SECRET, ""), scope=data.get(CONF_SCOPE, "")
        )
    token_url = data.get(CONF_TOKEN_URL)
    return Account(
        url=URL(data[CONF_URL]),
        credentials=credentials,
        token_url=URL(token_url) if token_url else None,
    )


def programme_of(data: Mapping[str, Any], ven: Ven | None, units: Mapping[str, str]) -> Programme:
    """Return who sends the events and what its customer agreed to; `units` are those of the programme itself."""
    return Programme(
        owner=owner_of(data[CONF_NAME]),
        priority=int(data[CONF_PRIORITY]),
        outage_reserve=float(data[CONF_OUTAGE_RESERVE]),
        setpoints=data[CONF_MAY] == May.SETPOINTS,
        units=units,
        names=frozenset(
            {data[CONF_VEN_NAME], data[CONF_PROGRAMME], data[CONF_PROGRAMME_NAME], *targets_of(data, ven)},
        ),
    )


def targets_of(data: Mapping[str, Any], ven: Ven | None) -> tuple[str, ...]:
    """Return what the programme addresses this house as: as the user knows it, and as the server has it."""
    return tuple(dict.fromkeys((*data.get(CONF_TARGETS, ()), *(ven.targets if ven else ()))))
