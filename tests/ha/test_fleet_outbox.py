"""The way to the broker: the newest of each state, a little of the rest, and nothing that is lost without need."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.fleet.broker import Broker
from custom_components.home_bms.fleet.outbox import MOST_WAITING, Outbox
from custom_components.home_bms.fleet.topics import Retained

from .conftest import ENTRY_ID, until


class PretendedBroker(Broker):
    """Takes what it is told, or does not."""

    def __init__(self) -> None:
        self.there = True
        self.error: Exception | None = None
        self.told: list[tuple[str, bytes, bool]] = []

    @property
    def connected(self) -> bool:
        return self.there

    async def async_publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.told.append((topic, payload, retain))


@pytest.fixture
async def way(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a pretended broker, and the outbox before it that runs."""
    monkeypatch.setattr("custom_components.home_bms.fleet.outbox._RETRY", 0.01)
    broker = PretendedBroker()
    outbox = Outbox(broker, Retained(hass, ENTRY_ID))
    running = asyncio.create_task(outbox.async_run())
    yield broker, outbox
    running.cancel()


async def test_while_the_broker_is_away_little_is_kept(way: tuple[PretendedBroker, Outbox]) -> None:
    broker, outbox = way
    broker.there = False
    for number in range(3 * MOST_WAITING):
        outbox.keep("state", b"%d" % number)
        outbox.pass_on("event", b"%d" % number)
    await asyncio.sleep(0.05)
    assert broker.told == []
    broker.there = True
    outbox.wake()
    await until(lambda: len(broker.told) == MOST_WAITING + 1)
    # Events in their order, the last of them; of the state only the newest.
    assert [payload for topic, payload, _ in broker.told if topic == "event"] == [
        b"%d" % number for number in range(2 * MOST_WAITING, 3 * MOST_WAITING)
    ]
    assert broker.told[-1] == ("state", b"%d" % (3 * MOST_WAITING - 1), True)


async def test_what_the_broker_does_not_take_is_told_again_unless_there_is_something_newer(
    way: tuple[PretendedBroker, Outbox], caplog: pytest.LogCaptureFixture
) -> None:
    broker, outbox = way
    broker.error = HomeAssistantError("full")
    outbox.keep("state", b"old")
    outbox.pass_on("event", b"1")
    await asyncio.sleep(0.1)
    outbox.keep("state", b"new")
    broker.error = None
    await until(lambda: len(broker.told) >= 2)
    await asyncio.sleep(0.05)
    assert broker.told == [("event", b"1", False), ("state", b"new", True)]
    assert caplog.text.count("does not take what it is told") == 1
    # A goodbye is tried once, and never waited for.
    broker.error = HomeAssistantError("gone")
    await outbox.async_last("availability", b"offline")
    broker.there = False
    await outbox.async_last("availability", b"offline")
    assert len(broker.told) == 2


async def test_what_waits_too_long_gives_way_to_what_is_newer(way: tuple[PretendedBroker, Outbox]) -> None:
    broker, outbox = way
    broker.error = HomeAssistantError("full")
    for number in range(MOST_WAITING + 1):
        outbox.pass_on("event", b"%d" % number)
        await asyncio.sleep(0)
    for number in range(MOST_WAITING):
        outbox.pass_on("event", b"later %d" % number)
    await asyncio.sleep(0.05)
    broker.error = None
    await until(lambda: len(broker.told) >= MOST_WAITING)
    await asyncio.sleep(0.05)
    assert len(broker.told) == MOST_WAITING
    assert broker.told[-1][1] == b"later %d" % (MOST_WAITING - 1)


@pytest.mark.parametrize("spoilt", [[["a"], 1, "a/b", None], {"a/b": 1}, 7, "a/b"])
async def test_a_spoilt_list_of_what_was_told_keeps_no_system_from_starting(
    hass: HomeAssistant, hass_storage: dict[str, Any], spoilt: object
) -> None:
    key = f"{DOMAIN}.{ENTRY_ID}.fleet"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": spoilt}
    retained = Retained(hass, ENTRY_ID)
    await retained.async_load()
    assert retained.topics == (frozenset({"a/b"}) if isinstance(spoilt, list) else frozenset())
    await retained.async_add(frozenset({"c"}))
    assert "c" in hass_storage[key]["data"]
