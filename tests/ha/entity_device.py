"""A pack that another integration has brought to Home Assistant: its device, its entities, its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import pytest
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import slugify
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Decision, PackReading, Switches
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.packs.entity_pack import EntityDriver

from .conftest import PACK

CELLS = 16
TEMPERATURES = 4
UNITS = {"V": "voltage", "mV": "voltage", "A": "current", "mA": "current", "°C": "temperature", "°F": "temperature"}


class EntityPack:
    """A JK board behind ESPHome; its actions do what they are asked while it obeys."""

    def __init__(
        self, hass: HomeAssistant, name: str = "Cellar", *, domain: str = "esphome", sensors: bool = True
    ) -> None:
        self.hass = hass
        self.name = name
        self.obeys = True
        self.error: HomeAssistantError | None = None
        self.calls: list[tuple[str, str, Any]] = []
        self.before_call: Callable[[], Any] | None = None
        self._domain = domain
        self._entry = MockConfigEntry(domain=domain, title=name)
        self._entry.add_to_hass(hass)
        self._attributes: dict[str, dict[str, Any]] = {}
        self.device = dr.async_get(hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(domain, name)},
            manufacturer="Jikong",
            model="JK-B2A16S",
            name=name,
            hw_version="11.XW",
            sw_version="11.26",
        )
        if sensors:
            self.add_all()
        self.serve()

    def serve(self) -> None:
        """Serve the actions; to be called again when Home Assistant's own have taken their place."""
        for service in ("turn_on", "turn_off"):
            self.hass.services.async_register("switch", service, self._act)
        self.hass.services.async_register("number", "set_value", self._act)
        self.hass.services.async_register("select", "select_option", self._act)

    def add_all(self) -> None:
        """Give it what the board has, all at rest."""
        for number in range(1, CELLS + 1):
            self.add("sensor", f"cell voltage {number}", "3.300", "V")
        for number in range(1, TEMPERATURES + 1):
            self.add("sensor", f"temperature sensor {number}", "25.0", "°C")
        self.add("sensor", "current", "-10.0", "A")
        self.add("sensor", "total voltage", "52.80", "V")
        self.add("sensor", "power tube temperature", "30.0", "°C")
        self.add("sensor", "state of charge", "60", "%")
        self.add("sensor", "state of health", "99", "%")
        self.add("sensor", "battery capacity", "280", "Ah")
        self.add("sensor", "charging cycles", "12")
        for name in ("charging", "discharging", "balancer"):
            self.add("switch", name, "on" if name != "balancer" else "off")
        for name in ("charging", "discharging", "balancing"):
            self.add("binary_sensor", name, "on" if name != "balancing" else "off")

    def add(self, platform: str, name: str, state: str | None, unit: str | None = None, **attributes: Any) -> str:
        """Register an entity and let it tell something; returns its entity id."""
        entry = er.async_get(self.hass).async_get_or_create(
            platform,
            self._domain,
            slugify(f"{self.name} {platform} {name}"),
            config_entry=self._entry,
            device_id=self.device.id,
            has_entity_name=True,
            object_id_base=name,
            original_name=name,
            original_device_class=UNITS.get(unit or ""),
            unit_of_measurement=unit,
        )
        self._attributes[entry.entity_id] = {**({"unit_of_measurement": unit} if unit else {}), **attributes}
        if state is not None:
            self.tell(entry.entity_id, state)
        return entry.entity_id

    def tell(self, entity_id: str, state: str, timestamp: float | None = None, **attributes: Any) -> None:
        """Let an entity report, now or at another time (s since the epoch)."""
        told = {} if state == "unavailable" else self._attributes.get(entity_id, {}) | attributes
        self.hass.states.async_set(entity_id, state, told, timestamp=timestamp)

    def repeat(self) -> None:
        """Let every entity report once more what it told."""
        for entity_id in self._attributes:
            if (state := self.hass.states.get(entity_id)) is not None:
                self.hass.states.async_set(entity_id, state.state, state.attributes)

    def id_of(self, entity_id: str) -> str:
        """Return what the entity registry knows an entity by."""
        entry = er.async_get(self.hass).async_get(entity_id)
        assert entry is not None, entity_id
        return entry.id

    def entity(self, platform: str, name: str) -> str:
        """Return the entity id of what was added under a name."""
        found = er.async_get(self.hass).async_get_entity_id(
            platform, self._domain, slugify(f"{self.name} {platform} {name}")
        )
        assert found is not None, name
        return found

    def roles(self) -> dict[str, list[str]]:
        """Return the settings of a pack that uses all of it."""
        one = {
            "current": ("sensor", "current"),
            "voltage": ("sensor", "total voltage"),
            "switch_temperature": ("sensor", "power tube temperature"),
            "soc": ("sensor", "state of charge"),
            "soh": ("sensor", "state of health"),
            "full_capacity": ("sensor", "battery capacity"),
            "cycles": ("sensor", "charging cycles"),
            "charge_switch": ("switch", "charging"),
            "discharge_switch": ("switch", "discharging"),
            "balance_switch": ("switch", "balancer"),
            "charge_state": ("binary_sensor", "charging"),
            "discharge_state": ("binary_sensor", "discharging"),
            "balance_state": ("binary_sensor", "balancing"),
        }
        many = {
            "cells": [("sensor", f"cell voltage {number}") for number in range(1, CELLS + 1)],
            "temperatures": [("sensor", f"temperature sensor {number}") for number in range(1, TEMPERATURES + 1)],
        }
        many.update({role: [place] for role, place in one.items()})
        return {role: [self.id_of(self.entity(*place)) for place in places] for role, places in many.items()}

    async def _act(self, call: ServiceCall) -> None:
        entity_id = call.data["entity_id"]
        value = call.data.get("value", call.data.get("option"))
        self.calls.append((entity_id, call.service, value))
        if self.before_call is not None:
            await self.before_call()
        if self.error is not None:
            raise self.error
        if self.obeys:
            self.tell(entity_id, {"turn_on": "on", "turn_off": "off"}.get(call.service) or str(value))


class Clock:
    """The loop's clock, which a test may set on."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._real() + self.ahead

    @classmethod
    def of(cls, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Put it in the place of the real one."""
        clock = cls(hass.loop.time)
        monkeypatch.setattr(hass.loop, "time", clock)
        return clock


def settings(pack: EntityPack, **changes: Any) -> dict[str, Any]:
    """Return what the config flow keeps of a pack; `changes` replace roles, `None` takes one out."""
    roles = {**pack.roles(), **changes}
    return {
        "device_id": pack.device.id,
        "roles": {role: refs for role, refs in roles.items() if refs is not None},
        "current_inverted": False,
        "changes_only": False,
    }


def driver_of(pack: EntityPack, told: dict[str, Any] | None = None, **changes: Any) -> EntityDriver:
    """Return the driver of a pack, by its own settings or others."""
    return EntityDriver(pack.hass, {**(told or settings(pack)), **changes}, identity="identity")


def decision(*, ccl: float = 0.0, dcl: float = 0.0, **switches: bool) -> Decision:
    """Return what core decides of a pack of which nothing is known, with these wishes and limits (A)."""
    config = pack_config(PACK)
    made = bms.step(config, bms.start(config), PackReading(time=0.0))[1]
    limits = {"ccl": replace(made.ccl, value=ccl), "dcl": replace(made.dcl, value=dcl)}
    return replace(made, switches=Switches(**switches), **limits)
