"""A Home Assistant with a battery system in it, either behind a scripted driver or as a virtual pack on a real link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, override
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE, Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import supervisor, system_coordinator
from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import AskedLimits, Decision, PackConfig, PackReading, Switches
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, Driver, DriverError

PACK_ID = "01PACK0000000000000000000A"
ENTRY_ID = "01ENTRY000000000000000000A"
SERIAL = "JK-0001"
PERIOD = 0.02

PACK: Mapping[str, Any] = {
    CONF_TYPE: "tcp",
    CONF_HOST: "127.0.0.1",
    CONF_PORT: 502,
    "unit_id": 1,
    "model": "jk_pb",
    "serial_number": SERIAL,
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 140.0,
    "discharge_current": 140.0,
    "temperature_sensors": 4,
}
VIRTUAL: Mapping[str, Any] = {
    CONF_TYPE: "virtual",
    "model": "jk_pb",
    "serial_number": "VIRTUAL-0001",
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 140.0,
    "discharge_current": 140.0,
    "temperature_sensors": 4,
    "seed": 1,
    "speed": 1.0,
}


async def until(condition: Callable[[], Any], within: float = 10.0) -> None:
    """Wait until `condition` holds, at most `within` s."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - conditions are anything at all
            await asyncio.sleep(PERIOD / 4)


async def ticks(pack: PackCoordinator, count: int = 3) -> None:
    """Wait for `count` more judgements of a pack."""
    for _ in range(count):
        before = pack.latest.decision.time
        await until(lambda before=before: pack.latest.decision.time > before)


class ScriptedDriver(Driver):
    """A pack that does what a test tells it to, and remembers what was asked of it."""

    capabilities = Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH | Capability.BALANCE_SWITCH

    def __init__(self, serial_number: str = SERIAL) -> None:
        self.identity = DeviceInfo(
            manufacturer="Jikong",
            model="JK PB",
            serial_number=serial_number,
            firmware="15.30",
            hardware="15A",
            cells=16,
            capacity=280.0,
            temperature_sensors=4,
        )
        self.cells: list[float | None] = [3.30] * 16
        self.temperatures: list[float | None] = [25.0] * 4
        self.current: float | None = 0.0
        self.asked: AskedLimits | None = None
        self.switches = Switches(charge=True, discharge=True, balance=False)
        self.commanded = self.switches
        self.error: Exception | None = None
        self.apply_error: Exception | None = None
        self.obeys = True
        self.answers = asyncio.Event()
        self.answers.set()
        self.reads = 0
        self.identified = 0
        self.applied: list[Decision] = []
        self.released = 0
        self.log: list[str] = []

    @property
    @override
    def info(self) -> DeviceInfo:
        return self.identity

    @override
    async def async_identify(self) -> DeviceInfo:
        await self.answers.wait()
        self.identified += 1
        if self.error is not None:
            raise self.error
        return self.identity

    @override
    async def async_read(self) -> PackReading:
        self.reads += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        now = asyncio.get_running_loop().time()
        known = [cell for cell in self.cells if cell is not None]
        return PackReading(
            time=now,
            cells=tuple(self.cells),
            cells_time=now,
            temperatures=tuple(self.temperatures),
            temperatures_time=now,
            current=self.current,
            voltage=sum(known) / len(known) * len(self.cells),
            current_time=now,
            switch_temperature=30.0,
            asked=self.asked,
            asked_time=now,
            soc=60.0,
            capacity=280.0,
            switches=self.switches,
            commanded=self.commanded,
        )

    @override
    async def async_apply(self, decision: Decision) -> None:
        self.applied.append(decision)
        self.log.append("apply")
        if self.apply_error is not None:
            raise self.apply_error
        wish = decision.switches
        for name in ("charge", "discharge", "balance"):
            if (position := getattr(wish, name)) is not None:
                self.commanded = replace(self.commanded, **{name: position})
                if self.obeys:
                    self.switches = replace(self.switches, **{name: position})

    @override
    async def async_release(self) -> None:
        self.released += 1
        self.log.append("release")


class ScriptedDevice:
    """Gives the packs, in their order, the drivers that the test has prepared; and again at every set-up."""

    own_line = False
    broadcast = None

    def __init__(self, drivers: list[ScriptedDriver]) -> None:
        self._drivers = drivers
        self._given = 0

    def driver(self, unit: object, **_: object) -> ScriptedDriver:
        self._given += 1
        return self._drivers[(self._given - 1) % len(self._drivers)]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration; the recorder has to come up before Home Assistant."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def nothing_from_a_thread(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """See that nothing reaches for Home Assistant from a thread of its own: it survives that, and only logs it."""
    yield
    for record in caplog.get_records("call"):
        error = record.exc_info[1] if record.exc_info else None
        assert "thread other than the event loop" not in f"{record.getMessage()} {error}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the supervisors tick fast."""
    for module in (supervisor, system_coordinator):
        monkeypatch.setattr(module, "POLL_PERIOD", PERIOD)
    monkeypatch.setattr(supervisor, "SETUP_PATIENCE", 0.5)


@pytest.fixture
def drivers() -> list[ScriptedDriver]:
    """Return the packs' drivers, which a test may lengthen before it sets up."""
    return []


@pytest.fixture
def driver(drivers: list[ScriptedDriver]) -> ScriptedDriver:
    """Return the first pack's driver."""
    drivers.append(ScriptedDriver())
    return drivers[0]


@pytest.fixture
def platforms() -> list[Platform]:
    """Return the platforms that a scripted system gets: none, unless a test module says otherwise."""
    return []


@pytest.fixture
def scripted(drivers: list[ScriptedDriver], platforms: list[Platform], quick: None) -> Generator[None]:
    """Put the scripted drivers in the real one's place."""
    with (
        patch("custom_components.home_bms.packs.sources.DEVICES", {"jk_pb": ScriptedDevice(drivers)}),
        patch("custom_components.home_bms.PLATFORMS", platforms),
    ):
        yield


def pack_subentry(subentry_id: str = PACK_ID, title: str = "Pack 1", **changes: Any) -> ConfigSubentryDataWithId:
    """Return a pack's subentry; `changes` replace its settings."""
    data = {**PACK, **changes}
    return ConfigSubentryDataWithId(
        data=data,
        subentry_id=subentry_id,
        subentry_type=SUBENTRY_PACK,
        title=title,
        unique_id=data["serial_number"],
    )


def nimble(data: Any) -> PackConfig:
    """Return the configuration of a pack whose limits rise at once."""
    return replace(pack_config(data), ramp_hold=0.0, ramp_rate=1000.0)


def make_entry(hass: HomeAssistant, *packs: ConfigSubentryDataWithId, **changes: Any) -> MockConfigEntry:
    """Add a battery system with these packs, or with one."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home battery",
        entry_id=ENTRY_ID,
        version=1,
        minor_version=1,
        subentries_data=packs or [pack_subentry()],
        **changes,
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, which must succeed."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def entry(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> MockConfigEntry:
    """Return a loaded system with one scripted pack."""
    entry = make_entry(hass)
    await set_up(hass, entry)
    return entry


@pytest.fixture
def pack(entry: MockConfigEntry) -> PackCoordinator:
    """Return the one pack of the system."""
    return entry.runtime_data.packs[PACK_ID]


def lost() -> DriverError:
    """Return what a driver raises for a pack that does not answer."""
    return DriverError("no_answer", "no answer")
