"""Makes answers to a form: what its fields ask for, what is spoilt of it, and whatever a browser can send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson
import probatio as vol
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    BooleanSelector,
    DeviceSelector,
    EntitySelector,
    FileSelector,
    NumberSelector,
    ObjectSelector,
    SelectSelector,
    SerialPortSelector,
    TextSelector,
)
from hypothesis import strategies as st

from .can_frames import USER_ROWS
from .grid import URLS
from .material import json_values, spoilt_json, spoilt_text, texts

UPLOAD: Final = "0" * 32
"""The id of a file, as a browser tells it."""
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "auxiliary": ("1",),
    "base": ("home_bms", "a/b"),
    "by": ("Ada", " "),
    "cells": ("1-16", "1-8, -, 9", "0", "1-999"),
    "channel": ("can0", "239.74.163.2"),
    "host": ("127.0.0.1", "::1", "gate.local", "[", "a..b", "\0", "a" * 70, "é" * 70),
    "main": ("1", "1, 1", ""),
    "name": ("Cellar", " ", "ä" * 300),
    "peers": ("192.168.0.0/24", "", "1.2.3.4/33"),
    "precharge": ("2", "999"),
    "relays": ("8", "1-3"),
    "temperatures": ("1-4", ""),
    "token_url": URLS,
    "unit_ids": ("1", "1-16", "0"),
    "units": ("1-4", "1-"),
    "url": URLS,
}
"""What is meant by some fields that take any text."""


def value(hass: HomeAssistant, name: str, asked: Any) -> st.SearchStrategy[Any]:
    """Return what a field asks for, the simplest first."""
    match asked:
        case vol.All():
            return value(hass, name, asked.validators[0])
        case section():
            return fields(hass, asked.schema)
        case BooleanSelector():
            return st.booleans()
        case NumberSelector():
            return _number(asked.config)
        case SelectSelector():
            return _several(asked.config, st.sampled_from(_options(asked.config) or ["can0"]))
        case EntitySelector():
            return _several(asked.config, st.sampled_from(_entities(hass, asked.config)))
        case DeviceSelector():
            return st.sampled_from([*(device.id for device in dr.async_get(hass).devices), "gone"])
        case SerialPortSelector():
            return st.sampled_from(("/dev/ttyS99", "socket://127.0.0.1:9", "rfc2217://\0", "", "\0"))
        case FileSelector():
            return st.just(UPLOAD)
        case ObjectSelector():
            return st.one_of(st.just(USER_ROWS), spoilt_json(USER_ROWS), json_values)
        case TextSelector():
            known = TEXTS.get(name, ("any",))
            return _several(asked.config, st.one_of(st.sampled_from(known), spoilt_text(known), texts))
    raise AssertionError(f"nobody knows how to answer {name}: {asked!r}")


def _number(config: Mapping[str, Any]) -> st.SearchStrategy[float]:
    low, high = config.get("min", -1e6), config.get("max", 1e9)
    return st.one_of(st.sampled_from((low, high)), st.floats(low, high), st.floats(low, high).map(round))


def _options(config: Mapping[str, Any]) -> list[str]:
    return [each if isinstance(each, str) else each["value"] for each in config["options"]]


def _several(config: Mapping[str, Any], one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=20) if config.get("multiple") else one


def _entities(hass: HomeAssistant, config: Mapping[str, Any]) -> list[str]:
    """Return the entities that a selector lets be chosen, and one that it does not."""
    domains = {
        domain for each in (config.get("domain") or ()) for domain in ([each] if isinstance(each, str) else each)
    }
    known = config.get("include_entities") or [
        entity_id for entity_id in hass.states.async_entity_ids() if entity_id.partition(".")[0] in domains
    ]
    return [*known, "sensor.gone"]


@st.composite
def fields(draw: st.DrawFn, hass: HomeAssistant, schema: vol.Schema) -> dict[str, Any]:
    """Return a form as somebody fills it in, mostly with what it proposes."""
    form = {}
    as_proposed = draw(st.sampled_from((True, True, False)))
    for marker, asked in schema.schema.items():
        name = str(marker)
        proposed = (marker.description or {}).get("suggested_value")
        if proposed is None and not isinstance(marker.default, vol.Undefined):
            proposed = marker.default()
        if isinstance(asked, section):
            form[name] = draw(fields(hass, asked.schema))
        elif proposed is not None and (as_proposed or draw(st.booleans())):
            form[name] = proposed
        elif isinstance(marker, vol.Required) or draw(st.booleans()):
            form[name] = draw(value(hass, name, asked))
    return form


@st.composite
def answers(draw: st.DrawFn, hass: HomeAssistant, schema: vol.Schema) -> dict[str, Any]:
    """Return what a browser sends for a form: what was filled in, or that with some of it spoilt."""
    form = draw(fields(hass, schema))
    return sent(draw(st.one_of(st.just(form), st.just(form), spoilt_json(form, most=2)))) or sent(form) or {}


def sent(told: Any) -> dict[str, Any] | None:
    """Return what of an answer arrives at Home Assistant; `None` for what it cannot read, or does not let in."""
    try:
        arrived = orjson.loads(json.dumps(told))
    except RecursionError, TypeError, ValueError:
        return None
    return arrived if isinstance(arrived, dict) else None
