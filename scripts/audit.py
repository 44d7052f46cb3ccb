"""Looks for what others could bring into the project: dependencies that are unsafe, unpinned or from nowhere.

Run it from the root of the repository: `scripts/audit`. `--offline` asks nobody. A service that cannot be asked fails
nothing, and says so.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple, override

ROOT: Final = Path(__file__).parent.parent
# It knows what is known of the packages of Python and of npm alike, and who asks tells it names and versions only.
SERVICE: Final = "https://api.osv.dev/v1/querybatch"
TIMEOUT: Final = 20.0
"""s of one question."""
BATCH: Final = 500
"""Packages of one question."""

_PIN: Final = re.compile(r"([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==([A-Za-z0-9.!+_-]+)")
_ACTION: Final = re.compile(r"^\s*-?\s*uses:\s*(\S+)", re.MULTILINE)
_COMMIT: Final = re.compile(r"[\w./-]+@[0-9a-f]{40}")


class Package(NamedTuple):
    """What is installed."""

    ecosystem: str
    name: str
    version: str

    @override
    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.ecosystem})"


# What can be told without asking anybody; each gives what is wrong.


def pins(root: Path) -> Iterator[str]:
    """See that every package of Python has one version, and Home Assistant's where it has one for everybody."""
    theirs = {name: version for name, version in map(_pin, _constraints()) if version}
    for line in _lines(root / "requirements-dev.txt"):
        name, version = _pin(line)
        if version is None:
            yield f"requirements-dev.txt: {line} is not pinned to one version"
        elif theirs.get(name, version) != version:
            yield f"requirements-dev.txt: {line}, but Home Assistant has {theirs[name]}"
    here = dict(map(_pin, _lines(root / "requirements-dev.txt")))
    for line in _manifest(root)["requirements"]:
        name, version = _pin(line)
        if version is None:
            yield f"manifest.json: {line} is not pinned to one version"
        elif here.get(name) != version:
            yield f"manifest.json: {line}, but it is tested with {here.get(name)}"
    groups = tomllib.loads((root / "pyproject.toml").read_text())
    named = [line for group in groups["dependency-groups"].values() for line in group]
    named += groups["project"]["dependencies"]
    yield from (f"pyproject.toml: {line} comes from an address" for line in named if "@" in line or "://" in line)


def lock(root: Path) -> Iterator[str]:
    """See that every package of npm has one version with a checksum, and is no folder and no address."""
    for name, row in _locked(root).items():
        if not str(row.get("integrity", "")).startswith("sha512-"):
            yield f"package-lock.json: {name} has no checksum"
        if row.get("link") or not re.fullmatch(r"\d[\w.+-]*", str(row.get("version"))):
            yield f"package-lock.json: {name} has no version"
    kept = json.loads((root / "frontend" / "package.json").read_text())
    for group in ("dependencies", "devDependencies"):
        for name, version in kept[group].items():
            if not re.fullmatch(r"\d+(\.\d+)+", version):
                yield f"package.json: {name} {version} is not one version"


def installing(root: Path) -> Iterator[str]:
    """See that no package of npm runs anything when it is installed."""
    for script in (root / "scripts").iterdir():
        if not script.is_file() or script.suffix == ".py":
            continue
        for line in script.read_text().splitlines():
            # Not `npm run`, which runs what stands here.
            installs = re.search(r"\bnpm (ci|i|install)\b", line) and not line.lstrip().startswith("#")
            if installs and ("npm ci" not in line or "--ignore-scripts" not in line):
                yield f"scripts/{script.name}: {line.strip()} is not npm ci --ignore-scripts"


def workflows(root: Path) -> Iterator[str]:
    """See that what runs at GitHub is of one commit each, may read and no more, and keeps no credentials."""
    for path in sorted((root / ".github" / "workflows").glob("*.y*ml")):
        text = path.read_text()
        for used in _ACTION.findall(text):
            if not _COMMIT.fullmatch(used):
                yield f"{path.name}: {used} is not of one commit"
        if not re.search(r"^permissions:\n  contents: read\n(?! )", text, re.MULTILINE):
            yield f"{path.name}: it may do more than read"
        if re.search(r"^[ \t]+permissions:", text, re.MULTILINE):
            yield f"{path.name}: a job has permissions of its own"
        if "pull_request_target" in text:
            yield f"{path.name}: it runs what strangers send with our rights"
        if text.count("actions/checkout@") != text.count("persist-credentials: false"):
            yield f"{path.name}: a checkout keeps its credentials"
        for line in re.findall(r"^.*\$\{\{\s*github\.(?:head_ref|event\.).*$", text, re.MULTILINE):
            yield f"{path.name}: {line.strip()} takes what a stranger has named"


_CALLS: Final = frozenset({"eval", "exec", "os.system", "os.popen", "tempfile.mktemp", "yaml.load", "marshal.loads"})
_MODULES: Final = frozenset({"pickle", "marshal", "shelve", "dill"})
_ARGUMENTS: Final = frozenset({("shell", True), ("verify", False), ("ssl", False), ("verify_ssl", False)})


def calls(root: Path) -> Iterator[str]:
    """See that no code is made of text, no shell asked, and no certificate believed unseen."""
    for folder in ("custom_components", "scripts"):
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if (wrong := _wrong(node)) is not None:
                    yield f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}: {wrong}"


def _wrong(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {getattr(node, "module", None) or "", *(alias.name for alias in node.names)}
        return next((f"import {name}" for name in names if name.partition(".")[0] in _MODULES), None)
    if not isinstance(node, ast.Call):
        return None
    if (called := ast.unparse(node.func)) in _CALLS:
        return called
    given = [(word.arg, word.value.value) for word in node.keywords if isinstance(word.value, ast.Constant)]
    return next((f"{name}={value!r}" for name, value in given if (name, value) in _ARGUMENTS), None)


_MARKUP: Final = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeStatic|unsafeSVG|document\.write|new Function|eval)\b"
)


def markup(root: Path) -> Iterator[str]:
    """See that the cards make elements from templates alone, never from text."""
    for path in sorted((root / "frontend" / "src").rglob("*.ts")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if (found := _MARKUP.search(line)) is not None:
                yield f"{path.relative_to(root)}:{number}: {found[0]}"


RULES: Final[tuple[Callable[[Path], Iterator[str]], ...]] = (pins, lock, installing, workflows, calls, markup)


# What others have found.


def packages(root: Path) -> list[Package]:
    """Return everything that is installed, by us or for our tests."""
    pinned = map(_pin, _lines(root / "requirements-dev.txt"))
    python = [Package("PyPI", name, version) for name, version in pinned if version is not None]
    node = [Package("npm", name, str(row["version"])) for name, row in _locked(root).items()]
    return sorted({*python, *node})


def asked(found: list[Package]) -> dict[Package, list[str]]:
    """Return the ids of what is known of each package. Raises OSError and ValueError where that cannot be asked."""
    known: dict[Package, list[str]] = {}
    for start in range(0, len(found), BATCH):
        some = found[start : start + BATCH]
        queries = [
            {"version": package.version, "package": {"name": package.name, "ecosystem": package.ecosystem}}
            for package in some
        ]
        answers = _ask({"queries": queries})["results"]
        for package, answer in zip(some, answers, strict=True):
            if ids := [row["id"] for row in answer.get("vulns", ())]:
                known[package] = ids
    return known


def _ask(question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    request = urllib.request.Request(SERVICE, json.dumps(question).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)


def accepted(root: Path) -> dict[str, str]:
    """Return what is known and taken for harmless here, by id, each with the reason."""
    tool = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    return dict(tool.get("home_bms", {}).get("audit", {}).get("accepted", {}))


# Reading.


def _pin(line: str) -> tuple[str, str | None]:
    """Return the name and the one version of a requirement; `None` where it has none."""
    found = _PIN.fullmatch(line.partition(";")[0].strip())
    name = line if found is None else found[1]
    return re.sub(r"[-_.]+", "-", name).lower(), None if found is None else found[2]


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def _constraints() -> list[str]:
    """Return what Home Assistant lets nobody have otherwise."""
    found = find_spec("homeassistant")
    places = () if found is None else found.submodule_search_locations or ()
    return [line for place in places for line in _lines(Path(place) / "package_constraints.txt")]


def _manifest(root: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads((root / "custom_components" / "home_bms" / "manifest.json").read_text())


def _locked(root: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads((root / "frontend" / "package-lock.json").read_text())["packages"]
    return {path.rpartition("node_modules/")[2]: row for path, row in rows.items() if path}


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Tell what is wrong; 1 if anything is."""
    faults = [fault for rule in RULES for fault in rule(root)]
    for fault in faults:
        print(f"audit: {fault}")
    if "--offline" in arguments:
        return int(bool(faults))
    found = packages(root)
    try:
        known = asked(found)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as err:
        why = getattr(err, "reason", None) or err
        print(f"audit: WARNING: nobody could be asked about known vulnerabilities ({type(err).__name__}: {why})")
        print("audit: what stands here was looked at; the packages of others were not")
        return int(bool(faults))
    harmless = accepted(root)
    for package, ids in known.items():
        for name in ids:
            if name in harmless:
                print(f"audit: {package}: {name} is accepted: {harmless[name]}")
            else:
                faults.append(f"{package}: {name}")
                print(f"audit: {package}: {name}, see https://osv.dev/vulnerability/{name}")
    print(f"audit: {len(found)} packages were asked about")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
