"""Somebody before a flow who answers anything, and sees that all that is shown has words and nothing is half done."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType, InvalidData
from homeassistant.helpers.json import json_bytes
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.helpers import pack_config

from .entrance import HANGS, within
from .forms import answers, sent
from .material import json_values
from .strangers import Draw

FAR: Final = 24
"""Answers after which somebody gives up."""
ENDS: Final = (FlowResultType.CREATE_ENTRY, FlowResultType.ABORT)

type Words = Mapping[str, Any]


class Person:
    """Somebody before a flow who answers anything."""

    def __init__(self, hass: HomeAssistant, manager: FlowManager[Any, Any, Any], words: Words, draw: Draw) -> None:
        self._hass = hass
        self._manager = manager
        self._words = words
        self._draw = draw
        self.chosen: set[str] = set()

    async def talk(self, result: Any, first: str | None = None) -> FlowResultType:
        """Answer until it ends, or long enough; return how it ended."""
        before = kept(self._hass)
        for turn in range(FAR):
            self._see(result)
            if result["type"] in ENDS or turn == FAR - 1:
                break
            assert kept(self._hass) == before, "something was written before the end"
            if result["type"] is FlowResultType.SHOW_PROGRESS:
                result = await self._wait(result)
                continue
            told = {"next_step_id": first} if turn == 0 and first else self._answer(result)
            self.chosen.add(str((told or {}).get("next_step_id")))
            try:
                result = await self._manager.async_configure(result["flow_id"], told)
            except InvalidData as err:
                json_bytes(err.schema_errors)
        if result["type"] not in ENDS:
            self._manager.async_abort(result["flow_id"])
        return FlowResultType(result["type"])

    def _answer(self, result: Any) -> dict[str, Any] | None:
        """Return what comes next: an answer, nothing, or what belongs nowhere."""
        match self._draw(st.integers(0, 20)):
            case 20:
                return None
            case 19:
                return sent(self._draw(json_values)) or {}
        if result["type"] is FlowResultType.MENU:
            return {"next_step_id": self._draw(st.sampled_from(list(result["menu_options"])))}
        answer: dict[str, Any] = self._draw(answers(self._hass, result["data_schema"]))
        return answer

    async def _wait(self, result: Any) -> Any:
        """Wait until what was begun has ended."""
        flow_id = result["flow_id"]
        while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await asyncio.sleep(0.005)
            result = await self._manager.async_configure(flow_id)
        return result

    def _see(self, result: Any) -> None:
        """See that all of a result is in the translations, and filled in."""
        shown, words = result.get("description_placeholders") or {}, self._words
        match result["type"]:
            case FlowResultType.FORM:
                step = words["step"][result["step_id"]]
                fields = {str(marker) for marker in result["data_schema"].schema} if result["data_schema"] else set()
                for place, key in (result["errors"] or {}).items():
                    assert place in {*fields, "base"}, (place, key)
                    filled(words["error"][key], shown)
                filled(step.get("description", ""), shown)
                json_bytes(dict(shown))
            case FlowResultType.MENU:
                step = words["step"][result["step_id"]]
                assert set(result["menu_options"]) <= set(step["menu_options"]), result["step_id"]
                filled(step.get("description", ""), shown)
                json_bytes(dict(shown))
            case FlowResultType.SHOW_PROGRESS:
                filled(words["progress"][result["progress_action"]], shown)
            # Home Assistant has words of its own for what was changed.
            case FlowResultType.ABORT if result.get("translation_domain") is None:
                filled(words["abort"][result["reason"]], shown)


def again_and_again(
    hass: HomeAssistant, once: Callable[[Draw], Awaitable[FlowResultType]], *, share: float, least: int
) -> Counter[FlowResultType]:
    """Have a conversation for a share of the examples that the profile names; return how often it ended how."""
    ends: Counter[FlowResultType] = Counter()

    @settings(
        max_examples=max(least, round(settings().max_examples * share)),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def throw(data: st.DataObject) -> None:
        with within(HANGS):
            end = hass.loop.run_until_complete(once(data.draw))
        event(end.value)
        ends[end] += 1

    throw()
    return ends


def filled(text: str, shown: Mapping[str, str]) -> None:
    """See that whatever a text names is there."""
    assert set(re.findall(r"\{(\w+)\}", text)) <= set(shown), (text, shown)


def kept(hass: HomeAssistant) -> dict[str, Any]:
    """Return all that is set up."""
    return {
        entry.entry_id: (
            dict(entry.data),
            dict(entry.options),
            {key: (part.title, dict(part.data)) for key, part in entry.subentries.items()},
        )
        for entry in hass.config_entries.async_entries(DOMAIN)
    }


def whole(hass: HomeAssistant) -> None:
    """See that what was written can be read again, and be set up."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        json_bytes(entry.as_dict())
        json_bytes([part.as_dict() for part in entry.subentries.values()])
        for part in entry.get_subentries_of_type(SUBENTRY_PACK):
            pack_config(part.data)
