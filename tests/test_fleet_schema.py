"""The schema of what a remote operator is told is the one that the types have, and refuses what they refuse."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import fastjsonschema
import pytest

from custom_components.home_bms.fleet.schema import COMMANDS
from custom_components.home_bms.fleet.topics import Topics
from scripts import fleet_schema

PAGE = (fleet_schema.ROOT / "docs" / "fleet.md").read_text()


def test_the_schema_is_current() -> None:
    assert fleet_schema.main(["--check"]) == 0, "run `python -m scripts.fleet_schema`"


def test_a_stale_schema_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(fleet_schema, "SCHEMA", tmp_path / "schema.json")
    assert fleet_schema.main(["--check"]) == 1
    assert fleet_schema.main([]) == 0
    assert fleet_schema.main(["--check"]) == 0
    (tmp_path / "schema.json").write_text(fleet_schema.text().replace("number", "string", 1))
    assert fleet_schema.main(["--check"]) == 1


def test_a_type_without_a_counterpart_is_refused() -> None:
    with pytest.raises(ValueError, match="no counterpart"):
        fleet_schema.Types()._typed(ast.parse("set[str]", mode="eval").body, {})


def holds(kind: str) -> Any:
    return fastjsonschema.compile({**fleet_schema.Types().schema(), "$ref": f"#/definitions/{kind}"})


@pytest.mark.parametrize(
    "command",
    [
        {"id": "1", "action": "release"},
        {"id": "1", "action": "request_power", "duration": 1, "power": -1e6},
        {"id": "1", "action": "hold_reserve", "duration": 86400, "reserve": 100, "name": None},
    ],
)
def test_a_command_is_one(command: dict[str, Any]) -> None:
    holds("Command")(command)


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"action": "release"},
        {"id": "", "action": "release"},
        {"id": 65 * "x", "action": "release"},
        {"id": "1", "action": "reset_trips"},
        {"id": "1", "action": "release", "owner": "user"},
        {"id": "1", "action": "request_power", "power": 1},
        {"id": "1", "action": "request_power", "duration": 0, "power": 1},
        {"id": "1", "action": "request_power", "duration": 86401, "power": 1},
        {"id": "1", "action": "request_power", "duration": 1, "discharge_power": -1},
        {"id": "1", "action": "hold_reserve", "duration": 1},
        {"id": "1", "action": "hold_reserve", "duration": 1, "reserve": 101},
    ],
)
def test_what_is_no_command_is_none(command: dict[str, Any]) -> None:
    with pytest.raises(fastjsonschema.JsonSchemaException):
        holds("Command")(command)


def test_the_page_shows_every_topic_and_commands_that_are_some() -> None:
    topics = Topics("{base}", "{system}")
    named = {topics.availability, topics.identity, topics.state, topics.event, topics.command, topics.response}
    named |= {topics.pack_state("{pack}"), topics.pack_event("{pack}")}
    assert set(re.findall(r"^\| `(\{base\}/[^`]+)` \|", PAGE, re.MULTILINE)) == named
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    commands = [example for example in examples if "action" in example]
    assert {command["action"] for command in commands} == set(COMMANDS)
    for command in commands:
        holds("Command")(command)
    (answer,) = [example for example in examples if "accepted" in example]
    holds("Response")(answer)
    for kind in (*fleet_schema.TOLD, "Command"):
        assert f"`{kind}`" in PAGE
