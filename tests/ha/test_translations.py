"""Everything that a user may read has a name in every language, and nothing is named that does not exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import PLATFORMS
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core import lint
from custom_components.home_bms.core.balancing import BALANCE_REASONS
from custom_components.home_bms.core.battery import Kind
from custom_components.home_bms.core.charging import CHARGE_RULES
from custom_components.home_bms.core.chemistry import SETTINGS
from custom_components.home_bms.core.limits import RULES
from custom_components.home_bms.core.model import BalanceMode, ChargeStage, Level, LinkState, Mode, Quality
from custom_components.home_bms.core.plausibility import DOUBTS
from custom_components.home_bms.core.presets import CHEMISTRIES
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.core.ring import FACTS, REGISTERS
from custom_components.home_bms.event import EVENT_TYPES
from custom_components.home_bms.flow.forms import BATTERY_SCHEMA, NETWORK_SCHEMA, SERIAL_SCHEMA, VIRTUAL_SCHEMA
from custom_components.home_bms.hw.modbus import ERROR_KEYS
from custom_components.home_bms.issues import FINDINGS, LEARNED_LOST, RING_CHANGED, RING_REFUSED
from custom_components.home_bms.sensor import REASONS, SYSTEM_REASONS
from custom_components.home_bms.services import BALANCE_MODES
from custom_components.home_bms.story import FLOW_NAMES, QUANTITIES, Severity
from custom_components.home_bms.watching import Trouble

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "home_bms"
LANGUAGES: Final = {
    path.stem: json.loads(path.read_text()) for path in sorted((INTEGRATION / "translations").glob("*.json"))
}
ENGLISH: Final = LANGUAGES["en"]
ICONS: Final = json.loads((INTEGRATION / "icons.json").read_text())
# What only a pack that is built from parts has; that it does is told in test_parts_pack.
ONLY_OF_PARTS: Final = {
    ("binary_sensor", "member"),
    ("sensor", "contactor"),
    ("sensor", "parts_control"),
    ("switch", "contactor"),
    ("switch", "extra"),
}
# What only an inverter has; that it does is told in test_inverter_entities.
ONLY_OF_INVERTERS: Final = {
    ("event", "escalation"),
    ("sensor", "dead_time"),
    ("sensor", "escalation"),
    ("sensor", "inverter_link"),
    ("sensor", "obedience"),
}
# What only a pack or an inverter on CAN has; that it does is told in test_can_health.
ONLY_OF_CAN: Final = {
    ("sensor", key)
    for key in (
        *("can_state", "can_error_frames", "can_reconnects", "can_load", "can_frame_rate"),
        *("can_transmit_errors", "can_receive_errors"),
    )
}
# What only a grid programme has; that it does is told in test_programme.
ONLY_OF_PROGRAMMES: Final = {
    ("sensor", "programme_event"),
    ("sensor", "programme_next"),
    ("sensor", "programme_price"),
    ("sensor", "programme_read"),
}
FLOWS: Final = (ENGLISH["config"], ENGLISH["config_subentries"]["pack"])


@pytest.fixture
def platforms() -> list[Platform]:
    return list(PLATFORMS)


def texts(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from texts(value, (*path, key))
        else:
            yield (*path, key), value


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    def shape(tree: Mapping[str, Any]) -> dict[tuple[str, ...], list[str]]:
        return {path: sorted(re.findall(r"\{(\w+)\}", text)) for path, text in texts(tree)}

    assert shape(LANGUAGES[language]) == shape(ENGLISH)


def test_german_is_german() -> None:
    german = dict(texts(LANGUAGES["de"]))
    same = [path for path, text in texts(ENGLISH) if german[path] == text]
    # Some words and names are the same in both; a text that nobody translated would be one of very many.
    assert len(same) < 0.06 * len(german)


def test_every_entity_is_named_and_every_name_is_used(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    rows = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    used = (
        {(row.domain, row.translation_key) for row in rows if row.translation_key}
        | ONLY_OF_PARTS
        | ONLY_OF_INVERTERS
        | ONLY_OF_PROGRAMMES
        | ONLY_OF_CAN
    )
    named = {(platform, key) for platform, keys in ENGLISH["entity"].items() for key in keys}
    assert used == named
    # Without a name of its own an entity is called as its device class; the button of a person's trips has none.
    unnamed = {row.original_device_class for row in rows if not row.translation_key}
    assert unnamed == {"voltage", "current", "power", "energy_storage", "battery_charging", "problem"}


def test_every_icon_belongs_to_an_entity(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for platform, icons in ICONS["entity"].items():
        assert set(icons) <= set(ENGLISH["entity"][platform]), platform


def test_every_entity_without_a_device_class_has_an_icon(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for row in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if row.original_device_class is None:
            assert row.translation_key in ICONS["entity"][row.domain], row.entity_id


def test_every_state_that_can_be_has_a_name() -> None:
    sensors = ENGLISH["entity"]["sensor"]
    assert set(RULES) <= set(REASONS)
    for key in ("cvl_reason", "ccl_reason", "dcl_reason"):
        assert set(sensors[key]["state"]) == set(REASONS)
    assert set(sensors["limiting_reason"]["state"]) == set(SYSTEM_REASONS)
    assert set(sensors["charge_stage"]["state"]) == {stage.value for stage in ChargeStage}
    assert set(sensors["charge_stage_reason"]["state"]) == set(CHARGE_RULES)
    for key, kind in (("mode", Mode), ("link", LinkState), ("data_quality", Quality)):
        assert set(sensors[key]["state"]) == {member.value for member in kind}
    assert set(sensors["balance_reason"]["state"]) == set(BALANCE_REASONS)
    assert set(ENGLISH["entity"]["select"]["balance_mode"]["state"]) == {mode.value for mode in BalanceMode}
    assert set(ENGLISH["selector"]["balance_mode"]["options"]) == set(BALANCE_MODES)
    kinds = ENGLISH["entity"]["binary_sensor"]["finding"]["state_attributes"]["kinds"]
    assert set(kinds["state"]) == {kind.value for kind in Kind}
    for key in ("cell", "temperature"):
        assert set(sensors[key]["state_attributes"]["doubt"]["state"]) == set(DOUBTS)
    levels = {level.name.lower() for level in Level if level > Level.OK}
    for key in PROTECTION_KEYS:
        assert set(ENGLISH["entity"]["binary_sensor"][key]["state_attributes"]["level"]["state"]) == levels
    event = ENGLISH["entity"]["event"]["protection"]["state_attributes"]
    assert set(event["event_type"]["state"]) == set(EVENT_TYPES)
    assert set(event["level"]["state"]) == levels | {"released", "reset"}
    assert set(event["severity"]["state"]) == {severity.value for severity in Severity}
    assert set(event["flow"]["state"]) == set(FLOW_NAMES.values())
    assert set(event["protection"]["state"]) == set(event["cause"]["state"]) == set(EVENT_TYPES) - {"released", "reset"}


def test_every_trouble_has_an_issue() -> None:
    assert {trouble.value for trouble in Trouble} <= set(ENGLISH["issues"])
    assert {f"setting_{rule}" for rule in lint.RULES} == {
        key for key in ENGLISH["issues"] if key.startswith("setting_")
    }
    assert {"tripped", "needs_attention", LEARNED_LOST, RING_CHANGED, RING_REFUSED} <= set(ENGLISH["issues"])
    assert {told.key for told in FINDINGS.values()} == {key for key in ENGLISH["issues"] if key.startswith("finding_")}


def test_every_word_of_an_issue_is_where_home_assistant_looks_for_it() -> None:
    for words in ENGLISH["issues"].values():
        assert set(words) in ({"title", "description"}, {"title", "fix_flow"})
        assert set(words.get("fix_flow", {})) <= {"step", "error", "abort", "progress"}


def test_every_word_of_a_story_is_there() -> None:
    words = {group: set(options["options"]) for group, options in ENGLISH["selector"].items()}
    assert words["remedy"] == set(PROTECTION_KEYS)
    assert words["place"] == {quantity.place for quantity in QUANTITIES.values()}
    levels = {level.name.lower() for level in Level if level > Level.OK}
    assert words["level"] == levels
    assert words["effect"] == {
        f"{level}_{flow}" for level in levels - {"warn"} for flow in set(FLOW_NAMES.values()) - {"none"}
    }
    assert words["register"] == set(REGISTERS) | set(FACTS)
    assert set(QUANTITIES) <= set(PROTECTION_KEYS)


def raised(function: str) -> set[str]:
    """Return the keys that are given first to a call of `function`, in all files."""
    found = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == function and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_every_error_of_a_form_has_a_text() -> None:
    links = {key for _, key in ERROR_KEYS} | {"nonsense", "link_in_use"}
    configuration = raised("ConfigError") & {"out_of_range", "levels_out_of_order", "confirm_datasheet"}
    assert configuration
    for flow in FLOWS:
        assert links | configuration <= set(flow["error"])
        assert "already_configured" in flow["abort"]
    assert "wrong_device" in ENGLISH["config_subentries"]["pack"]["error"]
    assert configuration - {"confirm_datasheet"} <= set(ENGLISH["options"]["error"])


def test_every_exception_has_a_text() -> None:
    keys = raised("ConfigError")
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Error", "NotReady")):
                keys |= {
                    item.value.value
                    for item in node.keywords
                    if item.arg == "translation_key" and isinstance(item.value, ast.Constant)
                }
    assert len(keys) > 8
    assert keys == set(ENGLISH["exceptions"])


def test_every_field_of_a_form_is_named_and_explained() -> None:
    forms = {
        "virtual": VIRTUAL_SCHEMA,
        "network": NETWORK_SCHEMA,
        "serial": SERIAL_SCHEMA,
        "battery": BATTERY_SCHEMA,
    }
    for flow in FLOWS:
        for step, schema in forms.items():
            fields = {str(key) for key in schema.schema}
            assert set(flow["step"][step]["data"]) == fields, step
            assert set(flow["step"][step]["data_description"]) == fields, step


def test_both_flows_ask_in_the_same_words() -> None:
    first, further = FLOWS
    # Only the first pack is found by Home Assistant; a further one joins its system.
    for step, form in ((step, form) for step, form in first["step"].items() if step != "discovered"):
        assert further["step"][step] == form, step


def test_every_threshold_is_named_in_each_form_and_in_errors() -> None:
    groups: dict[str, set[str]] = {}
    for setting in SETTINGS:
        groups.setdefault(setting.group, set()).add(setting.key)
    names = ENGLISH["selector"]["setting"]["options"]
    for form in (*(flow["step"]["datasheet"] for flow in FLOWS), ENGLISH["options"]["step"]["thresholds"]):
        assert {group: set(part["data"]) for group, part in form["sections"].items()} == groups
        for part in form["sections"].values():
            for key, name in part["data"].items():
                assert names[key] == name
    assert set(ENGLISH["selector"]["chemistry"]["options"]) == set(CHEMISTRIES)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_loads_every_language(hass: HomeAssistant, language: str) -> None:
    loaded = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    for key, exception in LANGUAGES[language]["exceptions"].items():
        assert loaded[f"component.{DOMAIN}.exceptions.{key}.message"] == exception["message"]


async def test_home_assistant_fills_in_an_exception(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    err = HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="trip_latched",
        translation_placeholders={"name": "Pack 1", "protections": "cell_overvoltage"},
    )
    assert str(err) == "Pack 1 has tripped: cell_overvoltage. Mend the cause and reset the trips first"


async def test_home_assistant_shows_the_menu_in_words(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    loaded = await async_get_translations(hass, "en", "config", {DOMAIN})
    for option in result["menu_options"]:
        assert loaded[f"component.{DOMAIN}.config.step.user.menu_options.{option}"]


def test_no_field_is_called_like_the_place_of_errors_that_belong_to_no_field() -> None:
    flows = {path[:-1] for path, _ in texts(ENGLISH) if path[-2:-1] == ("data",) and path[-1] == "base"}
    assert not flows
