"""What TypeScript knows of the websocket is what Python tells."""

from __future__ import annotations

import ast

import pytest

from custom_components.home_bms.web.schema import COMMANDS
from scripts import web_types


def test_the_types_of_the_browser_are_current() -> None:
    assert web_types.main(["--check"]) == 0, "run: python -m scripts.web_types"


def test_types_that_are_old_are_seen(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(web_types, "API", tmp_path / "api.ts")
    assert web_types.main(["--check"]) == 1
    assert web_types.main([]) == 0
    assert web_types.main(["--check"]) == 0
    (tmp_path / "api.ts").write_text(web_types.API.read_text().replace("readonly soc: Percent", "readonly soc: string"))
    assert web_types.main(["--check"]) == 1


@pytest.mark.parametrize(
    ("python", "typescript"),
    [
        ("float | None", "number | null"),
        ("list[Volts]", "readonly Volts[]"),
        ("list[Volts | None]", "readonly (Volts | null)[]"),
        ("list[list[Volts | None]]", "readonly (readonly (Volts | null)[])[]"),
        ("list[bool] | None", "readonly boolean[] | null"),
        ("dict[str, Figure]", "Readonly<Record<string, Figure>>"),
        ("Why", "Why"),
    ],
)
def test_a_type_has_its_counterpart(python: str, typescript: str) -> None:
    assert web_types.typed(ast.parse(python, mode="eval").body) == typescript


def test_a_type_without_a_counterpart_is_refused() -> None:
    with pytest.raises(ValueError, match="no counterpart"):
        web_types.typed(ast.parse("set[str]", mode="eval").body)


def test_every_command_and_every_unit_is_there() -> None:
    text = web_types.API.read_text()
    for command in COMMANDS:
        assert f'"{command.name}": {command.tells.__name__}' in text
    assert "/** V. */\nexport type Volts = number;" in text
    assert "Command" not in text
