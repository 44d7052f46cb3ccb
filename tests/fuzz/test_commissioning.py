"""No answer breaks a commissioning, and none but the step that asks for it allows control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, override

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.commissioning import drill_run, switch_run
from custom_components.home_bms.const import SUBENTRY_COMMISSIONING
from custom_components.home_bms.core import drill
from custom_components.home_bms.flow import commission_steps
from custom_components.home_bms.flow.commission import CONF_STEP

# Fixtures of Home Assistant's tests.
from tests.ha.conftest import (  # noqa: F401
    ENTRY_ID,
    auto_enable_custom_integrations,
    driver,
    drivers,
    entry,
    nothing_from_a_thread,
    platforms,
    quick,
    scripted,
)
from tests.ha.test_translations import ENGLISH

from .entrance import HANGS, within
from .forms import sent
from .material import json_values, texts
from .person import FAR, Person

SHARE: Final = 0.05
"""Of the examples that the profile names."""
ALLOW: Final = "allow"
SOON: Final = 0.1
"""s that nobody waits longer for."""


@st.composite
def turns(draw: st.DrawFn) -> Iterator[dict[str, Any]]:
    """Return what somebody answers, turn by turn: drawn before, for what is shown then depends on the pack."""
    right, names = st.sampled_from(("right", "wrong")), st.sampled_from(("Ada", " ")) | texts
    forms = st.fixed_dictionaries({"by": names, "why": names, "sure": st.booleans(), "right": right})
    odd = st.one_of(st.none(), st.dictionaries(texts, json_values, max_size=3).map(sent))
    turn = st.fixed_dictionaries({"pick": st.integers(0, 99), "form": st.one_of(forms, forms, forms, odd)})
    return iter(draw(st.lists(turn, min_size=FAR, max_size=FAR)))


class Planned(Person):
    """Somebody who knows beforehand what to answer."""

    def __init__(self, hass: HomeAssistant, told: Iterator[dict[str, Any]]) -> None:
        words = ENGLISH["config_subentries"][SUBENTRY_COMMISSIONING]
        super().__init__(hass, hass.config_entries.subentries, words, lambda _: None)
        self._told = told

    @override
    def _answer(self, result: Any) -> dict[str, Any] | None:
        turn = next(self._told)
        form: dict[str, Any] | None = turn["form"]
        if form is None or "by" not in form:
            return form
        if result["type"] is FlowResultType.MENU:
            return {"next_step_id": picked(result["menu_options"], turn["pick"])}
        steps = {
            str(marker): picked([each["value"] for each in field.config["options"]], turn["pick"])
            for marker, field in result["data_schema"].schema.items()
            if marker == CONF_STEP
        }
        return {**{key: value for key, value in form.items() if key in result["data_schema"].schema}, **steps}


def picked(options: Sequence[str], number: int) -> str:
    return options[number % len(options)]


@pytest.fixture
def hurried(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for what a person would do; keep the reports apart from other tests'."""
    hass.config.config_dir = str(tmp_path)
    for module, name in (
        (drill, "LONGEST"),
        (drill_run, "LONGEST"),
        (drill_run, "CURRENT_WITHIN"),
        (commission_steps, "WARM_WITHIN"),
        (commission_steps, "FLOW_WITHIN"),
        (commission_steps, "HEARD_WITHIN"),
        (switch_run, "STILL_FOR"),
    ):
        monkeypatch.setattr(module, name, SOON)


def test_no_answer_breaks_a_commissioning(hass: HomeAssistant, hurried: None, entry: MockConfigEntry) -> None:  # noqa: F811
    runtime = entry.runtime_data

    async def once(told: Iterator[dict[str, Any]]) -> FlowResultType:
        await runtime.async_allow_control(False)
        result = await hass.config_entries.subentries.async_init(
            (ENTRY_ID, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER}
        )
        person = Planned(hass, told)
        end = await person.talk(result)
        assert runtime.control_allowed is False or ALLOW in person.chosen
        return end

    @settings(
        max_examples=max(8, round(settings().max_examples * SHARE)),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(turns())
    def throw(told: Iterator[dict[str, Any]]) -> None:
        with within(HANGS):
            hass.loop.run_until_complete(once(told))

    throw()
