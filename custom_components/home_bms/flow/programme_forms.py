"""What the forms for a grid programme ask for, and what their answers are as its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_NAME, CONF_URL
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..core.leases import RANGES
from ..hw.openadr_http import Place, VtnError, VtnTrouble
from ..programmes.settings import (
    CONF_MAY,
    CONF_OUTAGE_RESERVE,
    CONF_POLL_PERIOD,
    CONF_PRIORITY,
    CONF_PROGRAMME,
    CONF_PROGRAMME_NAME,
    CONF_SCOPE,
    CONF_TARGETS,
    CONF_TOKEN_URL,
    CONF_VEN_NAME,
    POLL_PERIODS,
    May,
)
from .selectors import choice, number

MORE: Final = "more"
"""The section of what most programmes do not need."""

_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password"))
_FURTHER: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_TOKEN_URL): _URL,
    vol.Optional(CONF_SCOPE): TextSelector(),
    vol.Optional(CONF_TARGETS): TextSelector(TextSelectorConfig(multiple=True)),
}
CREDENTIALS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_CLIENT_ID): TextSelector(),
    vol.Optional(CONF_CLIENT_SECRET): _SECRET,
}


def server_schema(*, opened: bool) -> vol.Schema:
    """Return the form of where the programme is and who asks there."""
    return vol.Schema(
        {
            vol.Required(CONF_URL): _URL,
            **CREDENTIALS,
            vol.Required(CONF_VEN_NAME): TextSelector(),
            vol.Required(MORE): section(vol.Schema(_FURTHER), {"collapsed": not opened}),
        }
    )


def programme_schema(programmes: Iterable[Mapping[str, Any]]) -> vol.Schema:
    """Return the form of which programme it is, and what it may do; one that is not listed can be named."""
    options = [SelectOptionDict(value=str(each["id"]), label=programme_name(each)) for each in programmes]
    return vol.Schema(
        {
            vol.Required(CONF_PROGRAMME): SelectSelector(
                SelectSelectorConfig(options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
            ),
            vol.Optional(CONF_NAME): TextSelector(),
            vol.Required(CONF_MAY, default=May.LIMITS.value): choice([may.value for may in May], CONF_MAY),
            vol.Required(CONF_PRIORITY, default=60): number(*RANGES["priority"]),
            vol.Required(CONF_OUTAGE_RESERVE, default=80): number(*RANGES["reserve"], 1, "%"),
            vol.Required(CONF_POLL_PERIOD, default=300): number(*POLL_PERIODS, 10, "s"),
        }
    )


def programme_name(programme: Mapping[str, Any]) -> str:
    """Return what a programme is called."""
    return str(programme.get("programLongName") or programme.get("programName") or programme["id"])


def server_data(form: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first form as the settings keep it; a secret that is not given anew stays what it was."""
    told = {**form, **form[MORE]}
    data: dict[str, Any] = {
        key: text.strip()
        for key in (CONF_URL, CONF_VEN_NAME, CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_TOKEN_URL, CONF_SCOPE)
        if (text := told.get(key)) and text.strip()
    }
    if CONF_CLIENT_ID in data and CONF_CLIENT_SECRET not in data and CONF_CLIENT_SECRET in before:
        data[CONF_CLIENT_SECRET] = before[CONF_CLIENT_SECRET]
    if targets := [target.strip() for target in told.get(CONF_TARGETS) or () if target.strip()]:
        data[CONF_TARGETS] = targets
    return data


def shown_server(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the first form wants them; a secret is never shown."""
    further = {str(key) for key in _FURTHER}
    shown = {key: value for key, value in data.items() if key not in further and key != CONF_CLIENT_SECRET}
    return {**shown, MORE: {key: value for key, value in data.items() if key in further}}


def programme_data(form: Mapping[str, Any], programme: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the second form as the settings keep it."""
    return {
        CONF_NAME: name,
        CONF_PROGRAMME: str(programme["id"]),
        CONF_PROGRAMME_NAME: str(programme.get("programName") or programme["id"]),
        CONF_MAY: form[CONF_MAY],
        CONF_PRIORITY: int(form[CONF_PRIORITY]),
        CONF_OUTAGE_RESERVE: float(form[CONF_OUTAGE_RESERVE]),
        CONF_POLL_PERIOD: float(form[CONF_POLL_PERIOD]),
    }


ERRORS: Final[Mapping[tuple[Place, VtnTrouble], tuple[str, str]]] = MappingProxyType(
    {
        (Place.VTN, VtnTrouble.UNREACHABLE): (CONF_URL, "unreachable"),
        (Place.VTN, VtnTrouble.REFUSED): (CONF_CLIENT_ID, "refused"),
        (Place.VTN, VtnTrouble.BUSY): (CONF_URL, "busy"),
        (Place.VTN, VtnTrouble.NOT_FOUND): (CONF_URL, "not_openadr"),
        (Place.VTN, VtnTrouble.NOT_OPENADR): (CONF_URL, "not_openadr"),
        (Place.VTN, VtnTrouble.TOO_MUCH): (CONF_URL, "too_much"),
        (Place.VTN, VtnTrouble.FAILED): (CONF_URL, "failed"),
        # What is in a section cannot be pointed at: the text names it.
        (Place.TOKEN, VtnTrouble.UNREACHABLE): ("base", "token_unreachable"),
        (Place.TOKEN, VtnTrouble.REFUSED): (CONF_CLIENT_SECRET, "token_refused"),
        (Place.TOKEN, VtnTrouble.BUSY): ("base", "token_failed"),
        (Place.TOKEN, VtnTrouble.NOT_FOUND): ("base", "token_missing"),
        (Place.TOKEN, VtnTrouble.NOT_OPENADR): ("base", "token_missing"),
        (Place.TOKEN, VtnTrouble.TOO_MUCH): ("base", "token_missing"),
        (Place.TOKEN, VtnTrouble.FAILED): ("base", "token_failed"),
    }
)
"""The field of the first form, and what is wrong with it, by who was asked and what came of it."""


def server_error(err: VtnError) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a form says of an error of the server, and what its text names."""
    place, key = ERRORS[err.place, err.trouble]
    return {place: key}, {"error": str(err)}
