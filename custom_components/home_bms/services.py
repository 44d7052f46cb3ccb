"""Registers the actions that automations and people call."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry, async_register_admin_service

from .const import DOMAIN
from .coordinator import HomeBmsRuntimeData, PackCoordinator
from .hw.virtual import VirtualHost

ATTR_DURATION: Final = "duration"
ATTR_FAULT: Final = "fault"
ATTR_CELL: Final = "cell"
ATTR_VALUE: Final = "value"

# The fields of set_limits, and the wish that each of them is.
LEASED: Final[Mapping[str, str]] = {
    "charge_current": "leased_charge_current",
    "discharge_current": "leased_discharge_current",
    "charge_voltage": "leased_charge_voltage",
    "soc_min": "leased_soc_min",
    "soc_max": "leased_soc_max",
}
# Currents of a whole system are shared among its packs by capacity, as current itself divides (`core.system`).
SHARED: Final = ("charge_current", "discharge_current")
NO_LEASE: Final[dict[str, float | None]] = {**dict.fromkeys(LEASED.values()), "lease_until": None}

# A lease is for a plan of hours; who wants a limit for good has the number entities.
DURATION_MAX: Final = timedelta(days=1)

_TARGET: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_DEVICE_ID): cv.string}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action: what it takes, what it does, and whether only an administrator may call it."""

    handler: Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, None]]
    schema: dict[vol.Marker, Any]
    admin: bool
    """It lets more energy through, or spoils a simulation."""


def _packs(hass: HomeAssistant, call: ServiceCall) -> list[PackCoordinator]:
    """Return the pack of a device, or all packs of a system's. Raises ServiceValidationError."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    runtime: HomeBmsRuntimeData = entry.runtime_data
    if device.config_subentry_id is None:
        return list(runtime.packs.values())
    return [runtime.packs[device.config_subentry_id]]


@contextmanager
def _simulation(hass: HomeAssistant, call: ServiceCall) -> Generator[VirtualHost]:
    """Give the simulation of a virtual pack. Raises ServiceValidationError for any other, and for what it refuses."""
    packs = _packs(hass, call)
    if len(packs) != 1 or (host := packs[0].host) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_virtual")
    try:
        yield host
    except ValueError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_fault",
            translation_placeholders={"fault": call.data.get(ATTR_FAULT, ""), "error": str(err)},
        ) from err


async def _wish_all(wishes: list[tuple[PackCoordinator, dict[str, float | None]]]) -> None:
    """Change the wishes of all packs, or of none where one of them refuses."""
    for pack, changes in wishes:
        pack.wished(**changes)
    for pack, changes in wishes:
        await pack.async_wish(**changes)


async def _set_limits(hass: HomeAssistant, call: ServiceCall) -> None:
    """Lease limits for a while; the limits of an earlier lease that are not named again end."""
    given = {name: call.data[name] for name in LEASED if name in call.data}
    if not given:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_limit_given",
            translation_placeholders={"fields": ", ".join(LEASED)},
        )
    packs = _packs(hass, call)
    until = hass.loop.time() + call.data[ATTR_DURATION].total_seconds()
    capacity = sum(pack.config.capacity for pack in packs)
    wishes = []
    for pack in packs:
        share = pack.config.capacity / capacity
        leased = {LEASED[name]: value * (share if name in SHARED else 1.0) for name, value in given.items()}
        wishes.append((pack, {**NO_LEASE, **leased, "lease_until": until}))
    await _wish_all(wishes)


async def _clear_limits(hass: HomeAssistant, call: ServiceCall) -> None:
    """End the lease."""
    await _wish_all([(pack, dict(NO_LEASE)) for pack in _packs(hass, call)])


async def _start_balancing(hass: HomeAssistant, call: ServiceCall) -> None:
    """Balance on demand, as far as the protections let it."""
    await _wish_all([(pack, {"balance_now": True}) for pack in _packs(hass, call)])


async def _stop_balancing(hass: HomeAssistant, call: ServiceCall) -> None:
    """End balancing on demand."""
    await _wish_all([(pack, {"balance_now": False}) for pack in _packs(hass, call)])


async def _reset_trips(hass: HomeAssistant, call: ServiceCall) -> None:
    """Release latched trips; a pack whose cause stands keeps nobody else's latched."""
    refusals = []
    for pack in _packs(hass, call):
        try:
            await pack.async_reset_trips()
        except ServiceValidationError as err:
            refusals.append(err)
    if refusals:
        raise refusals[0]


async def _inject_fault(hass: HomeAssistant, call: ServiceCall) -> None:
    """Break something in a simulation; people count cells from 1."""
    cell = call.data.get(ATTR_CELL)
    duration = call.data.get(ATTR_DURATION)
    with _simulation(hass, call) as host:
        host.inject(
            call.data[ATTR_FAULT],
            None if cell is None else cell - 1,
            call.data.get(ATTR_VALUE),
            None if duration is None else duration.total_seconds(),
        )


async def _clear_faults(hass: HomeAssistant, call: ServiceCall) -> None:
    """Mend what was broken in a simulation."""
    with _simulation(hass, call) as host:
        host.clear(call.data.get(ATTR_FAULT))


ACTIONS: Final[Mapping[str, Action]] = {
    "set_limits": Action(
        handler=_set_limits,
        # Ranges depend on the pack, so core judges them and names the permitted one.
        schema={vol.Optional(name): vol.Coerce(float) for name in LEASED}
        | {vol.Required(ATTR_DURATION): vol.All(cv.time_period, vol.Range(min=timedelta(seconds=1), max=DURATION_MAX))},
        admin=False,
    ),
    "clear_limits": Action(handler=_clear_limits, schema={}, admin=True),
    "start_balancing": Action(handler=_start_balancing, schema={}, admin=True),
    "stop_balancing": Action(handler=_stop_balancing, schema={}, admin=False),
    "reset_trips": Action(handler=_reset_trips, schema={}, admin=True),
    "inject_fault": Action(
        handler=_inject_fault,
        schema={
            vol.Required(ATTR_FAULT): cv.string,
            vol.Optional(ATTR_CELL): vol.All(vol.Coerce(int), vol.Range(min=1)),
            vol.Optional(ATTR_VALUE): vol.Coerce(float),
            vol.Optional(ATTR_DURATION): cv.positive_time_period,
        },
        admin=True,
    ),
    "clear_faults": Action(handler=_clear_faults, schema={vol.Optional(ATTR_FAULT): cv.string}, admin=True),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register every action of the table."""
    for name, action in ACTIONS.items():
        _register(hass, name, action)


def _register(hass: HomeAssistant, name: str, action: Action) -> None:
    """Register one action."""

    async def handle(call: ServiceCall) -> None:
        await action.handler(hass, call)

    # Home Assistant puts its own drop-in in voluptuous's place when it starts, of which type checkers know nothing.
    schema: Any = vol.Schema({**_TARGET, **action.schema})
    if action.admin:
        async_register_admin_service(hass, DOMAIN, name, handle, schema)
    else:
        hass.services.async_register(DOMAIN, name, handle, schema)
