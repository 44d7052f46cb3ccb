"""The page about protections says what home_bms decides by."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from custom_components.home_bms.core.plausibility import DOUBTS
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.core.ring import REGISTERS
from custom_components.home_bms.story import Severity

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "protections.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("protections_table", ROOT / "scripts" / "protections_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0, "run: python -m scripts.protections_table"


def test_a_page_that_has_aged_is_noticed_and_made_anew(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged = tmp_path / "protections.md"
    aged.write_text(PAGE.read_text().replace("| 3.6 V for 3 s", "| 3.7 V for 3 s"))
    assert aged.read_text() != PAGE.read_text()
    monkeypatch.setattr(script, "PAGE", aged)
    assert script.main(["--check"]) == 1
    assert script.main([]) == 0
    assert aged.read_text() == PAGE.read_text()


def test_every_row_is_there(script: ModuleType) -> None:
    protections, settings = script.tables()["protections"], script.tables()["settings"]
    assert len(protections.splitlines()) == 2 + len(PROTECTION_KEYS)
    assert len(settings.splitlines()) == 2 + len(REGISTERS)
    for key in PROTECTION_KEYS:
        assert f"`{key}`" in protections


def test_every_doubt_and_severity_is_explained() -> None:
    page = PAGE.read_text()
    for key in (*DOUBTS, *Severity):
        assert f"| `{key}` |" in page
