"""Finds the integration's own words in the language that Home Assistant speaks."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .core.model import ConfigError

# Where each protection has its name: the event entity's attribute, which lists them all.
_PROTECTIONS = "event.protection.state_attributes.protection.state"


@callback
def word(hass: HomeAssistant, group: str, key: str, **values: object) -> str:
    """Return one of the words that a group of `selector` options holds, with its blanks filled in.

    A key without a word stands for itself: a message with a key in it is better than none.
    """
    words = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    return words.get(f"component.{DOMAIN}.selector.{group}.options.{key}", key).format(**values)


@callback
def protection_name(hass: HomeAssistant, key: str) -> str:
    """Return what a protection is called."""
    words = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    return words.get(f"component.{DOMAIN}.entity.{_PROTECTIONS}.{key}", key)


@callback
def protection_names(hass: HomeAssistant, keys: Iterable[str]) -> str:
    """Return a list of protections for a message."""
    return ", ".join(protection_name(hass, key) for key in keys)


@callback
def error_words(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return what an error says; Home Assistant itself has it in English only, and so have errors of others."""
    words = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    message = words.get(f"component.{DOMAIN}.exceptions.{err.translation_key}.message")
    return str(err) if message is None else message.format(**err.translation_placeholders or {})


@callback
def refusal_words(hass: HomeAssistant, err: ConfigError) -> str:
    """Return why a setting cannot be, and what would do, with settings called what the user knows them by."""
    words = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    message = words.get(f"component.{DOMAIN}.exceptions.{err.key}.message")
    if message is None:
        return str(err)
    named = {
        key: word(hass, "setting", value) if key in ("lower", "upper") else value
        for key, value in err.placeholders.items()
    }
    return message.format(**{**named, "field": word(hass, "setting", err.field)})
