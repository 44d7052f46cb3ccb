"""Uses Home Assistant's own MQTT while it is there: it may come late, lose its broker, be set up anew, or go."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .schema import Will

if TYPE_CHECKING:
    from homeassistant.components.mqtt.models import ReceiveMessage

# Not one of the manifest's after_dependencies: with them a BMS would wait until a broker has answered.
MQTT: Final = "mqtt"
AT_LEAST_ONCE: Final = 1

type Hear = Callable[[ReceiveMessage], None]


def _nothing() -> None:
    """Nobody asks."""


class Broker:
    """The way to the broker; `changed` is called when it opens or closes, `hearing` when the broker passes on to us."""

    def __init__(
        self, hass: HomeAssistant, changed: Callable[[], None] = _nothing, hearing: Callable[[], None] = _nothing
    ) -> None:
        self._hass = hass
        self._changed = changed
        self._hearing = hearing
        self._heard: tuple[str, Hear] | None = None
        self._followed: list[CALLBACK_TYPE] = []
        self._awaited: CALLBACK_TYPE | None = None
        self._ends: CALLBACK_TYPE | None = None

    @callback
    def async_start(self, heard: tuple[str, Hear] | None) -> None:
        """Follow MQTT from now on, and hear what is said on one topic."""
        self._heard = heard
        self._ends = async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        self._look()

    @callback
    def async_stop(self) -> None:
        """Hear nothing any more."""
        if self._ends is not None:
            self._ends()
            self._ends = None
        self._leave()

    @property
    def connected(self) -> bool:
        """Whether what is published now reaches the broker."""
        return _loaded(self._hass) is not None and bool(self._mqtt.is_connected(self._hass))

    @property
    def will(self) -> Will | None:
        """What the broker says for Home Assistant when that has gone."""
        entry = _loaded(self._hass)
        if entry is None:
            return None
        constants = import_module(f"homeassistant.components.{MQTT}.const")
        will = {**entry.data, **entry.options}.get(constants.CONF_WILL_MESSAGE, constants.DEFAULT_WILL)
        return Will(topic=will["topic"], payload=will["payload"]) if will else None

    async def async_publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Tell the broker, and wait until it has it or time is up. Raises HomeAssistantError if it is not there."""
        await self._mqtt.async_publish(self._hass, topic, payload, AT_LEAST_ONCE, retain)

    @property
    def _mqtt(self) -> Any:  # noqa: ANN401 - a module
        """Home Assistant has imported it before an entry of it is loaded, so nothing is read from the disk here."""
        return import_module(f"homeassistant.components.{MQTT}")

    @callback
    def _entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == MQTT:
            self._look()
            self._changed()

    @callback
    def _look(self) -> None:
        """Follow MQTT where it is loaded; leave it before it goes, for it would carry what is subscribed over."""
        if _loaded(self._hass) is None:
            self._leave()
        elif not self._followed:
            self._followed.append(self._mqtt.async_subscribe_connection_status(self._hass, self._connection_changed))
            if self._heard is not None:
                self._hass.async_create_task(self._async_hear(*self._heard), eager_start=True)

    @callback
    def _connection_changed(self, connected: bool) -> None:
        self._changed()
        if connected:
            # MQTT lines its subscriptions up only after it has told that it is connected.
            self._hass.loop.call_soon(self._await_hearing)

    async def _async_hear(self, topic: str, hear: Hear) -> None:
        # Bytes, so that what is no text is heard too, and can be refused.
        self._followed.append(await self._mqtt.async_subscribe(self._hass, topic, hear, AT_LEAST_ONCE, None))
        self._await_hearing()

    @callback
    def _await_hearing(self) -> None:
        """Have it told when what is said to us arrives."""
        self._await_no_more()
        if self._heard is not None and self._followed:
            topic, _ = self._heard
            self._awaited = self._mqtt.async_on_subscribe_done(self._hass, topic, AT_LEAST_ONCE, self._hearing)

    @callback
    def _await_no_more(self) -> None:
        if self._awaited is not None:
            self._awaited()
            self._awaited = None

    @callback
    def _leave(self) -> None:
        self._await_no_more()
        while self._followed:
            self._followed.pop()()


def _loaded(hass: HomeAssistant) -> ConfigEntry[Any] | None:
    """Return the entry of MQTT, while it is set up; beside it there may be an offer of it that a user has ignored."""
    return next(iter(hass.config_entries.async_loaded_entries(MQTT)), None)
