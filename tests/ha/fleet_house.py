"""A house whose user lets a remote operator take part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastjsonschema
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import make_entry, set_up

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "fleet.schema.json").read_text())
FLEET: Mapping[str, Any] = {
    "enabled": True,
    "base": "acme",
    "hardware": False,
    "commands": True,
    "operator": "Acme",
    "longest": 30.0,
}


def valid(kind: str, message: Any) -> None:
    """Hold a message against the published schema."""
    fastjsonschema.compile({**SCHEMA, "$ref": f"#/definitions/{kind}"})(message)


async def house(hass: HomeAssistant, **changes: Any) -> MockConfigEntry:
    entry = make_entry(hass, options={"fleet": {**FLEET, **changes}})
    await set_up(hass, entry)
    return entry


def command(action: str = "request_power", **fields: Any) -> bytes:
    return json.dumps({"id": "1", "action": action, "duration": 60, **fields}).encode()
