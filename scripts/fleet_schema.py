"""Writes docs/fleet.schema.json from what a remote operator is told over MQTT and may say.

Run it from the root of the repository: `python -m scripts.fleet_schema`. With `--check` it only tells whether the file
is current.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from custom_components.home_bms.core.leases import LETTERS, RANGES
from custom_components.home_bms.fleet import schema as fleet_types
from custom_components.home_bms.fleet.commands import ID_LETTERS
from custom_components.home_bms.fleet.settings import LONGEST
from custom_components.home_bms.web import schema as web_types
from scripts.made_pages import renew

ROOT: Final = Path(__file__).parent.parent
SCHEMA: Final = ROOT / "docs" / "fleet.schema.json"
COMMENT: Final = "Made by `python -m scripts.fleet_schema` from `fleet/schema.py`; do not edit it."

type Schema = dict[str, Any]

SIMPLE: Final[Mapping[str, str]] = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}
TOLD: Final = ("SystemIdentity", "SystemState", "SystemEvent", "PackState", "PackEvent", "Response")
ASKED: Final = tuple([kind.__name__ for kind in fleet_types.COMMANDS.values()])
# Of a command; what is told has the ranges that its device has.
BOUNDS: Final[Mapping[str, Schema]] = {
    **{name: {"minimum": least, "maximum": most} for name, (least, most) in RANGES.items()},
    **{name: {"minLength": least, "maxLength": most} for name, (least, most) in LETTERS.items()},
    "id": {"minLength": 1, "maxLength": ID_LETTERS},
    "duration": {"minimum": 1.0, "maximum": 60.0 * LONGEST.most},
}


class Types:
    """The types by name, with the words that stand beside them."""

    def __init__(self) -> None:
        modules = [ast.parse(Path(str(module.__file__)).read_text()) for module in (web_types, fleet_types)]
        self.units = {name: words for module in modules for name, words in _units(module)}
        self.classes = {node.name: node for module in modules for node in module.body if isinstance(node, ast.ClassDef)}

    def schema(self) -> Schema:
        """Return the file as it should be."""
        definitions: dict[str, Schema] = {}
        for name in (*TOLD, *ASKED):
            self._define(name, definitions)
        definitions["Command"] = {"oneOf": [_reference(name) for name in ASKED]}
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": COMMENT,
            "title": "What home_bms tells over MQTT, and what may be said to it",
            "definitions": dict(sorted(definitions.items())),
        }

    def _define(self, name: str, definitions: dict[str, Schema]) -> None:
        """Add a type with all that it is made of."""
        if name in definitions:
            return
        if name in self.units:
            definitions[name] = {"type": "number", "description": self.units[name]}
            return
        node, asked = self.classes[name], name in ASKED
        properties: dict[str, Schema] = {}
        required = []
        definitions[name] = {}
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if not isinstance(field, ast.AnnAssign):
                continue
            key = ast.unparse(field.target)
            found = self._typed(field.annotation, definitions)
            if asked and key in BOUNDS:
                found = {"allOf": [found], **BOUNDS[key]}
            words = _string(after)
            properties[key] = {"description": words, **_beside(found)} if words else found
            if field.value is None:
                required.append(key)
        definitions[name] = {"type": "object", "properties": properties, "required": required}
        if about := ast.get_docstring(node):
            definitions[name]["description"] = about
        if asked:
            # What is told may get more fields; what is asked has to be understood whole.
            definitions[name]["additionalProperties"] = False

    def _typed(self, node: ast.expr, definitions: dict[str, Schema]) -> Schema:
        """Return an annotation as JSON Schema has it."""
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Name(id=name) if name in SIMPLE:
                return {"type": SIMPLE[name]}
            case ast.Name(id=name) if name in self.classes or name in self.units:
                self._define(name, definitions)
                return _reference(name)
            case ast.BinOp(left=left, right=right, op=ast.BitOr()):
                return {"anyOf": [self._typed(left, definitions), self._typed(right, definitions)]}
            case ast.Subscript(value=ast.Name(id="list"), slice=each):
                return {"type": "array", "items": self._typed(each, definitions)}
            case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, each])):
                return {"type": "object", "additionalProperties": self._typed(each, definitions)}
            case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Constant(value=value)):
                return {"const": value}
        raise ValueError(f"{ast.unparse(node)} has no counterpart")


def _units(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(value=ast.Name(id="Annotated"))):
                yield name, _string(after)


def _string(node: ast.stmt | None) -> str:
    """Return the text that stands by itself after a field."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _beside(schema: Schema) -> Schema:
    """Return a schema that may have words beside it: a reference hides them."""
    return {"allOf": [schema]} if "$ref" in schema else schema


def text() -> str:
    """Return the file as text."""
    return json.dumps(Types().schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with `--check` tell by the exit code whether it is current."""
    return renew(arguments, {SCHEMA: lambda _: text()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
