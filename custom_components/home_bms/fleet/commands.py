"""Follows the commands of a remote operator as far as the user lets them: by the actions that everybody calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import probatio as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads

from ..const import DOMAIN, LOGGER
from ..core.model import ConfigError
from ..helpers import refused
from ..runtime import HomeBmsConfigEntry
from ..texts import error_words, word
from ..web.places import device_id
from ..web.why import Clock
from .schema import COMMANDS, Response
from .settings import FleetSettings

MOST_BYTES: Final = 2048
"""Of a command."""
ID_LETTERS: Final = 64
BURST: Final = 10.0
"""Commands that may come at once ..."""
EVERY: Final = 6.0
"""... and s after which there may be one more."""
_REMEMBERED: Final = 64
"""Ids of commands that are not followed twice."""
ACCEPTED: Final = "accepted"
_NOT_OF_LEASES: Final = frozenset({"id", "action"})


class Asked(NamedTuple):
    """A command that can be read."""

    id: str
    action: str
    wishes: dict[str, Any]


class Commands:
    """The commands to one battery system."""

    def __init__(self, hass: HomeAssistant, entry: HomeBmsConfigEntry, settings: FleetSettings, clock: Clock) -> None:
        self._hass = hass
        self._entry = entry
        self._settings = settings
        self._clock = clock
        self._seen: deque[str] = deque(maxlen=_REMEMBERED)
        self._left = BURST
        self._counted = hass.loop.time()

    async def async_answer(self, payload: bytes, *, retained: bool) -> Response:
        """Follow a command, or refuse it; either is the answer."""
        told: Any = None
        try:
            self._take_turn(retained=retained)
            told = _json(payload)
            asked = _asked(told)
            self._permit(asked)
            released = await self._async_follow(asked)
        except HomeAssistantError as err:
            return self._response(_id(told), err.translation_key or "invalid", error_words(self._hass, err))
        except vol.Invalid as err:
            return self._response(_id(told), "invalid", str(err))
        except Exception:  # noqa: BLE001 - whoever asks from afar has to hear that it failed
            LOGGER.exception("A command that came over MQTT broke")
            return self._response(
                _id(told), "fleet_broke", error_words(self._hass, refused(ConfigError("fleet_broke", "action")))
            )
        return self._response(asked.id, ACCEPTED, word(self._hass, "fleet", ACCEPTED), released=released)

    def _response(self, command: str | None, key: str, words: str, *, released: int | None = None) -> Response:
        return Response(
            time=self._clock.now(),
            id=command,
            accepted=key == ACCEPTED,
            key=key.removeprefix("fleet_"),
            words=words,
            released=released,
        )

    def _take_turn(self, *, retained: bool) -> None:
        """Refuse what comes too often, and what the broker would say again with every connection."""
        now = self._hass.loop.time()
        self._left = min(BURST, self._left + (now - self._counted) / EVERY)
        self._counted = now
        if self._left < 1.0:
            raise refused(ConfigError("fleet_too_often", "command", burst=f"{BURST:.0f}", every=f"{EVERY:.0f}"))
        self._left -= 1.0
        if retained:
            raise refused(ConfigError("fleet_retained", "command"))

    def _permit(self, asked: Asked) -> None:
        """Refuse what the user has not allowed, and what was asked before."""
        if not self._settings.commands:
            raise refused(ConfigError("fleet_commands_off", "command"))
        if not self._entry.runtime_data.control_allowed:
            raise refused(ConfigError("control_not_allowed", "command", name=self._entry.title))
        if asked.id in self._seen:
            raise refused(ConfigError("fleet_repeated", "id", id=asked.id))
        longest = 60.0 * self._settings.longest
        if (duration := asked.wishes.get("duration")) is not None and not 1.0 <= duration <= longest:
            raise refused(ConfigError("out_of_range", "duration", value=duration, minimum=1, maximum=f"{longest:.0f}"))
        self._seen.append(asked.id)

    async def _async_follow(self, asked: Asked) -> int | None:
        """Call the action. Returns how many leases it has ended. Raises HomeAssistantError and vol.Invalid."""
        releases = asked.action == "release"
        answer = await self._hass.services.async_call(
            DOMAIN,
            asked.action,
            {
                ATTR_DEVICE_ID: device_id(self._hass, self._entry, self._entry.entry_id),
                "owner": self._settings.owner,
                **asked.wishes,
            },
            blocking=True,
            return_response=releases,
        )
        if not releases or answer is None:
            return None
        released = answer["released"]
        return released if isinstance(released, int) else None


def _json(payload: bytes) -> Any:  # noqa: ANN401 - JSON
    if len(payload) > MOST_BYTES:
        raise refused(ConfigError("fleet_too_long", "command", value=len(payload), maximum=MOST_BYTES))
    try:
        return json_loads(payload)
    except JSON_DECODE_EXCEPTIONS as err:
        raise refused(ConfigError("fleet_not_json", "command", error=err)) from err


def _asked(told: Any) -> Asked:  # noqa: ANN401 - JSON
    """Return what is asked. Raises ServiceValidationError unless it has the form of a command, field by field."""
    if not isinstance(told, dict):
        raise refused(ConfigError("fleet_not_object", "command"))
    kind = COMMANDS.get(action) if isinstance(action := told.get("action"), str) else None
    if kind is None:
        raise refused(ConfigError("fleet_unknown_action", "action", permitted=", ".join(COMMANDS)))
    known = _fields(kind)
    if unknown := sorted(told.keys() - known):
        raise refused(ConfigError("fleet_unknown_field", unknown[0][:ID_LETTERS], permitted=", ".join(known)))
    for name, field in known.items():
        if name not in told:
            if field.required:
                raise refused(ConfigError("fleet_missing_field", name))
        elif isinstance(told[name], bool) or not isinstance(told[name], field.types):
            raise refused(ConfigError("fleet_wrong_type", name))
    if not 1 <= len(told["id"]) <= ID_LETTERS:
        raise refused(ConfigError("letters", "id", minimum=1, maximum=ID_LETTERS))
    wishes = {name: value for name, value in told.items() if name not in _NOT_OF_LEASES and value is not None}
    return Asked(id=told["id"], action=told["action"], wishes=wishes)


class _Field(NamedTuple):
    types: tuple[type, ...]
    required: bool


@cache
def _fields(kind: type) -> Mapping[str, _Field]:
    """Return what a command may hold, by its type."""
    hints = get_type_hints(kind)
    return {each.name: _Field(_types(hints[each.name]), each.default is MISSING) for each in fields(kind)}


def _types(hint: Any) -> tuple[type, ...]:  # noqa: ANN401 - a type, or what Python makes of several
    if hint is float:
        return float, int
    if isinstance(hint, type):
        return (hint,)
    return tuple([each for part in get_args(hint) for each in ((str,) if isinstance(part, str) else _types(part))])


def _id(told: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return the id of a command, as far as it has one."""
    found = told.get("id") if isinstance(told, dict) else None
    return found[:ID_LETTERS] if isinstance(found, str) else None
