"""Everything that a commissioning may say has words, and nothing has words that is never said."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from custom_components.home_bms.core.commissioning import Aspect, Kind, Outcome, State
from custom_components.home_bms.core.drill import Pretence
from custom_components.home_bms.core.selftest import CHECKS

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "home_bms"
ENGLISH: Final = json.loads((INTEGRATION / "translations" / "en.json").read_text())
FLOW: Final = ENGLISH["config_subentries"]["commissioning"]
SAYING: Final = (
    *(
        "core/hands.py",
        "core/selftest.py",
        "commissioning/drill_run.py",
        "commissioning/switch_run.py",
        "commissioning/words.py",
    ),
    *("commissioning/keeper.py", "flow/commission.py", "flow/commission_steps.py"),
)


def words(group: str) -> set[str]:
    return set(ENGLISH["selector"][f"commission_{group}"]["options"])


def constants() -> Iterator[str]:
    """Yield every text in the files that say something."""
    for name in SAYING:
        for node in ast.walk(ast.parse((INTEGRATION / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.keyword) and node.arg is not None:
                yield node.arg


def test_every_kind_and_state_has_a_word() -> None:
    assert words("step") == {kind.value for kind in Kind} | set(CHECKS)
    assert words("outcome") == {outcome.value for outcome in Outcome}
    assert words("aspect") == {aspect.value for aspect in Aspect}
    assert words("drill") == {pretence.value for pretence in Pretence}
    states = {state.value for state in State}
    assert words("state") == set(ENGLISH["entity"]["sensor"]["commissioning"]["state"]) == states


def test_every_reason_and_number_that_has_words_is_said() -> None:
    said = set(constants())
    assert words("reason") <= said
    assert words("number") <= said
    assert words("writes") <= said


def reasons() -> set[str]:
    """Return what is given as a finding's reason, as far as it stands there as a text."""
    found = set()
    for name in SAYING:
        for node in ast.walk(ast.parse((INTEGRATION / name).read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Finding", "_judged"):
                given = [item.value for item in node.keywords if item.arg == "reason"]
                found |= {value.value for value in given if isinstance(value, ast.Constant)}
    return found - {None}


def test_every_reason_that_is_given_has_words() -> None:
    assert len(reasons()) > 10
    assert reasons() <= words("reason")


def test_every_step_of_the_flow_has_words() -> None:
    forms = set()
    for name in ("flow/commission.py", "flow/commission_steps.py"):
        for node in ast.walk(ast.parse((INTEGRATION / name).read_text())):
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_"):
                forms.add(node.name.removeprefix("async_step_"))
    waiting = set(FLOW["progress"])
    assert waiting == {"checking", "warming", "flowing", "drilling", "moving"}
    # What only leads on shows nothing of its own.
    leading = {"go_on", "again", "afresh", "later", "allow"}
    assert forms == set(FLOW["step"]) | waiting | leading
    options = {option for step in FLOW["step"].values() for option in step.get("menu_options", ())}
    assert options <= forms
