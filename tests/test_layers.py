"""The two laws of the layers: core is pure, and hardware never knows Home Assistant."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parent.parent / "custom_components" / "home_bms"

# The part of the standard library that knows no clock, no chance, no log and no outside world.
PURE: Final = set(
    """__future__ abc bisect collections copy dataclasses enum fractions functools heapq itertools json math operator
    statistics string struct textwrap types typing zlib""".split()  # noqa: SIM905
)
# One row per layer: the layers it may reach, and whether a top-level module from outside may be imported.
LAYERS: Final = {
    "core": (("core",), lambda module: module in PURE),
    "hw": (
        ("core", "hw"),
        lambda module: module not in {"homeassistant", "voluptuous", "probatio", "custom_components"},
    ),
}
# Built-ins that reach out of a pure function.
REACHING_OUT: Final = {"open", "print", "input", "exec", "eval", "__import__"}


def offences(layer: str, package: tuple[str, ...], source: str) -> list[str]:
    """Return what breaks the law of `layer` in a module of `package` (as ("core",) or ("hw", "devices"))."""
    reachable, permitted = LAYERS[layer]
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [alias.name for alias in names if not permitted(alias.name.partition(".")[0])]
            case ast.ImportFrom(level=0, module=str(module)):
                if not permitted(module.partition(".")[0]):
                    found.append(module)
            case ast.ImportFrom(level=level, module=module):
                base = package[: len(package) - level + 1] if level <= len(package) + 1 else ("outside",)
                target = (
                    (*base, *(module or "").split(".")) if module else (*base, *(alias.name for alias in node.names))
                )
                if not target or target[0] not in reachable:
                    found.append("." * level + (module or ""))
            case ast.Global(names=names) if layer == "core":
                found += [f"global {name}" for name in names]
            case ast.Call(func=ast.Name(id=name)) if layer == "core" and name in REACHING_OUT:
                found.append(f"{name}()")
    return found


def modules(layer: str) -> list[Path]:
    """Return the files of a layer."""
    return sorted((PACKAGE / layer).rglob("*.py"))


@pytest.mark.parametrize(
    "path", [path for layer in LAYERS for path in modules(layer)], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_module_keeps_the_law_of_its_layer(path: Path) -> None:
    package = path.relative_to(PACKAGE).parts[:-1]
    assert offences(package[0], package, path.read_text()) == []


@pytest.mark.parametrize(
    ("layer", "package", "source", "offence"),
    [
        ("core", ("core",), "import time", "time"),
        ("core", ("core",), "import os.path", "os.path"),
        ("core", ("core",), "from datetime import UTC", "datetime"),
        ("core", ("core",), "import numpy", "numpy"),
        ("core", ("core",), "def f():\n    import logging", "logging"),
        ("core", ("core",), "from homeassistant.const import PERCENTAGE", "homeassistant.const"),
        ("core", ("core",), "from custom_components.home_bms.core import bms", "custom_components.home_bms.core"),
        ("core", ("core",), "from ..hw import driver", "..hw"),
        ("core", ("core",), "from ..const import DOMAIN", "..const"),
        ("core", ("core",), "from .. import hw", ".."),
        ("core", ("core",), "def f():\n    global count", "global count"),
        ("core", ("core",), "open('x')", "open()"),
        ("hw", ("hw",), "import homeassistant", "homeassistant"),
        ("hw", ("hw", "devices"), "from homeassistant.core import callback", "homeassistant.core"),
        ("hw", ("hw", "devices"), "from ...const import DOMAIN", "...const"),
        ("hw", ("hw",), "from custom_components.home_bms.hw import driver", "custom_components.home_bms.hw"),
    ],
)
def test_an_offence_is_seen(layer: str, package: tuple[str, ...], source: str, offence: str) -> None:
    assert offences(layer, package, source) == [offence]


@pytest.mark.parametrize(
    ("layer", "package", "source"),
    [
        (
            "core",
            ("core",),
            "import math\nfrom dataclasses import replace\nfrom .model import Level\nfrom . import bms",
        ),
        (
            "hw",
            ("hw", "devices"),
            "import asyncio\nimport pymodbus\nfrom ...core.model import Level\nfrom ..driver import Driver",
        ),
        ("hw", ("hw",), "from ..core import model\nfrom .. import core"),
    ],
)
def test_what_is_allowed_passes(layer: str, package: tuple[str, ...], source: str) -> None:
    assert offences(layer, package, source) == []


# Imports every module of a layer as part of a bare parent package, so that the integration's own __init__ does not run.
IMPORT_ALL: Final = """
import importlib, pathlib, sys, types
root, layer, *blocked = sys.argv[1:]
sys.modules.update(dict.fromkeys(blocked))
parent = types.ModuleType("home_bms")
parent.__path__ = [root]
sys.modules["home_bms"] = parent
names = [".".join(("home_bms", *path.relative_to(root).with_suffix("").parts)).removesuffix(".__init__")
         for path in pathlib.Path(root, layer).rglob("*.py")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        # Without site-packages: nothing but the standard library is there to be imported.
        ("core", ["-I", "-S"]),
        ("hw", ["-I"]),
    ],
)
def test_layer_loads_without_home_assistant(layer: str, options: list[str]) -> None:
    command = [sys.executable, *options, "-c", IMPORT_ALL, str(PACKAGE), layer, "homeassistant"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(modules(layer)) > 1
