"""Writes frontend/src/api.ts from what the browser is told over the websocket.

Run it from the root of the repository: `python -m scripts.web_types`. With `--check` it only tells whether the file is
current.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from custom_components.home_bms.web import schema as web_types
from scripts.made_pages import renew

ROOT: Final = Path(__file__).parent.parent
API: Final = ROOT / "frontend" / "src" / "api.ts"
SIMPLE: Final = {"str": "string", "bool": "boolean", "int": "number", "float": "number", "None": "null"}
# How the browser asks, which is no part of what it is told.
OWN: Final = "Command"


def api() -> str:
    """Return the file as it should be."""
    module = ast.parse(Path(web_types.__file__).read_text())
    words = "Made by `python -m scripts.web_types` from `web/schema.py`; do not edit it.\n\n" + _words(module)
    return "\n".join([*_doc(words, ""), "", *_declared(module), *_commands()]) + "\n"


def _declared(module: ast.Module) -> Iterator[str]:
    """Return the units and interfaces in their order."""
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(value=ast.Name(id="Annotated"))):
                yield from (*_doc(_string(after), ""), f"export type {name} = number;", "")
            case ast.ClassDef(name=name) if name != OWN:
                yield from (*_doc(_words(node), ""), f"export interface {name} {{", *_fields(node), "}", "")


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            yield from _doc(_string(after), "  ")
            yield f"  readonly {ast.unparse(field.target)}: {typed(field.annotation)};"


def typed(node: ast.expr) -> str:
    """Return an annotation as TypeScript has it."""
    match node:
        case ast.Constant(value=None):
            return "null"
        case ast.Name(id=name):
            return SIMPLE.get(name, name)
        case ast.BinOp(left=left, right=right, op=ast.BitOr()):
            return f"{typed(left)} | {typed(right)}"
        case ast.Subscript(value=ast.Name(id="list"), slice=each):
            inner = typed(each)
            return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, each])):
            return f"Readonly<Record<{typed(key)}, {typed(each)}>>"
    raise ValueError(f"{ast.unparse(node)} has no counterpart")


def _commands() -> Iterator[str]:
    """Return the names of the commands, what each asks, and what it tells."""
    yield from (*_doc("The commands by name.", ""), "export const COMMANDS = {")
    for command in web_types.COMMANDS:
        yield f"  {command.name.partition('/')[2]}: {json.dumps(command.name)},"
    yield from ("} as const;", "", *_doc("What each command asks, beside its type.", ""), "export interface Asks {")
    for command in web_types.COMMANDS:
        asks = " ".join(f"readonly {name}: string;" for name in command.asks)
        told = f"{{ {asks} }}" if asks else "Readonly<Record<string, never>>"
        yield f"  readonly {json.dumps(command.name)}: {told};"
    words = "What each command tells: those that are subscribed by events, with `null` while it is not set up."
    yield from ("}", "", *_doc(words, ""), "export interface Tells {")
    for command in web_types.COMMANDS:
        if command.admin:
            yield from _doc("For administrators only.", "  ")
        yield f"  readonly {json.dumps(command.name)}: {command.tells.__name__}{' | null' * command.subscribed};"
    yield "}"


def _words(node: ast.Module | ast.ClassDef) -> str:
    return ast.get_docstring(node) or ""


def _string(node: ast.stmt | None) -> str:
    """Return the text that stands by itself after a field."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def _doc(text: str, indent: str) -> list[str]:
    """Return a text as a comment."""
    if not text:
        return []
    lines = text.strip().splitlines()
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with `--check` tell by the exit code whether it is current."""
    return renew(arguments, {API: lambda _: api()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
