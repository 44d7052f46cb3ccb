"""The audit finds each thing that it is there for, fails for what is known, and fails nobody whose network is away."""

from __future__ import annotations

import io
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import audit
from scripts.audit import ROOT, RULES, Package, asked, main, packages


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return what the audit looks at of the project, to be spoiled."""
    for name in ("requirements-dev.txt", "pyproject.toml", "frontend/package.json", "frontend/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copytree(ROOT / "frontend" / "src", tmp_path / "frontend" / "src")
    shutil.copytree(
        ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("*.py", "__pycache__", "bench")
    )
    (tmp_path / "custom_components" / "home_bms").mkdir(parents=True)
    for name in ("manifest.json", "__init__.py"):
        shutil.copy(ROOT / "custom_components" / "home_bms" / name, tmp_path / "custom_components" / "home_bms" / name)
    return tmp_path


def faults(root: Path) -> list[str]:
    return [fault for rule in RULES for fault in rule(root)]


def test_there_is_nothing_to_find(copy: Path) -> None:
    assert faults(ROOT) == faults(copy) == []


MANIFEST = "custom_components/home_bms/manifest.json"
CODE = "custom_components/home_bms/__init__.py"
FLOW = ".github/workflows/test.yml"
CARD = "frontend/src/card.ts"
LOCK = "frontend/package-lock.json"


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def added(line: str) -> Callable[[str], str]:
    return lambda text: f"{text}\n{line}\n"


def locked(**row: Any) -> Callable[[str], str]:
    def change(text: str) -> str:
        told = json.loads(text)
        told["packages"]["node_modules/lit"].update(row)
        return json.dumps(told)

    return change


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("requirements-dev.txt", added("left-pad>=1"), "left-pad>=1 is not pinned"),
        ("requirements-dev.txt", added("left-pad @ git+https://example.com/x"), "is not pinned"),
        ("requirements-dev.txt", replaced("aiohttp==", "aiohttp==0."), "but Home Assistant has"),
        (MANIFEST, replaced("msgpack==", "msgpack>="), "msgpack>=1.1.2 is not pinned"),
        (MANIFEST, replaced("msgpack==1", "msgpack==0"), "but it is tested with 1"),
        ("pyproject.toml", replaced('"tmodbus==', '"x @ https://example.com", "tmodbus=='), "comes from an address"),
        (LOCK, locked(integrity=None), "lit has no checksum"),
        (LOCK, locked(integrity="sha1-x"), "lit has no checksum"),
        (LOCK, locked(version="git+ssh://example.com"), "lit has no version"),
        (LOCK, locked(link=True), "lit has no version"),
        ("frontend/package.json", replaced('"lit": "', '"lit": "^'), "lit ^3.3.3 is not one version"),
        ("scripts/dashboard", replaced(" --ignore-scripts", ""), "is not npm ci --ignore-scripts"),
        ("scripts/dashboard", added("npm install left-pad"), "is not npm ci --ignore-scripts"),
        (FLOW, replaced("checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "checkout@v5"), "not of one commit"),
        (FLOW, replaced("contents: read", "contents: write"), "more than read"),
        (FLOW, replaced("contents: read\n", "contents: read\n  packages: write\n"), "more than read"),
        (FLOW, replaced("permissions:\n  contents: read\n", ""), "more than read"),
        (FLOW, replaced("    steps:", "    permissions: write-all\n    steps:"), "permissions of its own"),
        (FLOW, replaced("  pull_request:", "  pull_request_target:"), "with our rights"),
        (FLOW, replaced("persist-credentials: false", "fetch-depth: 1"), "keeps its credentials"),
        (FLOW, added("      - run: echo ${{ github.event.pull_request.title }}"), "a stranger has named"),
        (CODE, added("eval('1')"), "eval"),
        (CODE, added("import pickle"), "import pickle"),
        (CODE, added("from pickle import loads"), "import pickle"),
        (CODE, added("yaml.load(text)"), "yaml.load"),
        (CODE, added("run('ls', shell=True)"), "shell=True"),
        (CODE, added("get(url, verify=False)"), "verify=False"),
        (CODE, added("session.get(url, ssl=False)"), "ssl=False"),
        (CARD, added("element.innerHTML = name;"), "innerHTML"),
        (CARD, added("html`${unsafeHTML(name)}`;"), "unsafeHTML"),
    ],
)
def test_each_fault_is_found(
    copy: Path, capsys: pytest.CaptureFixture[str], name: str, spoil: Callable[[str], str], said: str
) -> None:
    before = (copy / name).read_text()
    (copy / name).write_text(spoil(before))
    assert (copy / name).read_text() != before
    (fault, *_) = faults(copy)
    assert said in fault
    assert main(["--offline"], copy) == 1
    assert said in capsys.readouterr().out


def test_all_packages_are_asked_about() -> None:
    found = packages(ROOT)
    assert {"aiohttp", "cantools"} <= {package.name for package in found if package.ecosystem == "PyPI"}
    assert {"lit", "uplot", "vite"} <= {package.name for package in found if package.ecosystem == "npm"}


class Service:
    """Answers as the service does, for a package that is known to be unsafe."""

    def __init__(self, unsafe: str) -> None:
        self.unsafe = unsafe
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert isinstance(request.data, bytes)
        assert timeout == audit.TIMEOUT
        queries = json.loads(request.data)["queries"]
        self.asked += queries
        return io.BytesIO(
            json.dumps(
                {
                    "results": [
                        {"vulns": [{"id": "X-1"}]} if q["package"]["name"] == self.unsafe else {} for q in queries
                    ]
                }
            ).encode()
        )


def test_what_is_known_of_a_package_fails_unless_it_is_accepted(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service("lit")
    monkeypatch.setattr(urllib.request, "urlopen", service)
    monkeypatch.setattr(audit, "BATCH", 50)
    assert main([], copy) == 1
    assert "lit 3.3.3 (npm): X-1" in capsys.readouterr().out
    assert len(service.asked) == len(packages(copy))
    with (copy / "pyproject.toml").open("a") as stream:
        stream.write('\n[tool.home_bms.audit.accepted]\nX-1 = "no text of others comes near it"\n')
    assert main([], copy) == 0
    assert "no text of others comes near it" in capsys.readouterr().out
    monkeypatch.setattr(urllib.request, "urlopen", Service("nothing"))
    assert asked([Package("npm", "lit", "1")]) == {}


@pytest.mark.parametrize("error", [urllib.error.URLError("no route"), TimeoutError("late"), OSError("away")])
def test_a_machine_without_a_network_fails_nothing_and_says_so(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", away)
    assert main([], copy) == 0
    assert "WARNING: nobody could be asked" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"results": []}', b'{"results": [3]}', b"[]"])
def test_an_answer_that_is_none_fails_nothing_and_says_so(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(answer))
    assert main([], copy) == 0
    assert "WARNING" in capsys.readouterr().out


def test_the_audit_is_part_of_every_test() -> None:
    assert "\nscripts/audit\n" in (ROOT / "scripts" / "test").read_text()
