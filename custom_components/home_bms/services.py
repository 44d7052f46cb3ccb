"""Registers the actions that automations and people call."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import probatio as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util

from .can.actions import CAPTURE_CAN, async_capture_can
from .commissioning.self_test import answer, async_self_test
from .const import DOMAIN
from .coordinator import PackCoordinator
from .core import bms
from .core.model import BalanceMode, ConfigError, PackConfig, PackState
from .core.outlook import hours_to
from .documents import document, plain
from .helpers import refused
from .history.exports import EXPORT_HISTORY, async_export_history
from .history.what_if import WHAT_IF, async_what_if
from .history.words import history_facts
from .hw.virtual import VirtualHost
from .inspections.actions import (
    INSPECTION_DONE,
    POSTPONE_INSPECTION,
    async_get_inspections,
    async_inspection_done,
    async_postpone_inspection,
)
from .leases.actions import (
    FOLLOW_OPENADR,
    HOLD_RESERVE,
    RELEASE,
    REQUEST_POWER,
    async_follow_openadr,
    async_get_leases,
    async_hold_reserve,
    async_release,
    async_request_power,
)
from .leases.words import shown_time
from .packs.actions import (
    EXPORT_PACK,
    IMPORT_PACK,
    REPLACE_BMS,
    async_call_replace_bms,
    async_export_pack,
    async_get_changes,
    async_import_pack,
)
from .reports.request import REPORT, async_report
from .sober import sober
from .storage.actions import START_STORAGE, async_start_storage, async_stop_storage
from .store import UNUSABLE
from .targets import async_check_control, pack_of, packs_of

ATTR_DURATION: Final = "duration"
ATTR_FAULT: Final = "fault"
ATTR_CELL: Final = "cell"
ATTR_VALUE: Final = "value"
ATTR_MODE: Final = "mode"
ATTR_UNTIL: Final = "until"
ATTR_SOC: Final = "soc"
ATTR_LEARNED: Final = "learned"

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
# A passive balancer of 0.1 A needs days for what has drifted apart in years.
BALANCING_MAX: Final = timedelta(days=7)
LEARNED_MOST: Final = 300_000
"""Values and letters of what was learned about a pack: several times what 400 cells come to."""
_FAULT: Final = vol.All(cv.string, vol.Length(max=64))
# On demand there is always a time for it.
BALANCE_MODES: Final = [mode.value for mode in BalanceMode if mode is not BalanceMode.OFF]
NOT_BALANCING: Final[dict[str, Any]] = {"balance_now": False, "balance_now_mode": None, "balance_until": None}

_TARGET: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_DEVICE_ID): cv.string}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action: what it takes, what it does, and whether only an administrator may call it."""

    handler: Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: dict[vol.Marker, Any]
    admin: bool
    """It lets more energy through, changes what is known, or spoils a simulation."""
    control: bool = False
    """It changes something all the same, so that it takes what the device's entities take."""
    answers: SupportsResponse = SupportsResponse.NONE


@contextmanager
def _simulation(hass: HomeAssistant, call: ServiceCall) -> Generator[VirtualHost]:
    """Give the simulation of a virtual pack. Raises ServiceValidationError for any other, and for what it refuses."""
    packs = packs_of(hass, call)
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


async def _wish_all(wishes: list[tuple[PackCoordinator, dict[str, Any]]]) -> None:
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
    packs = packs_of(hass, call)
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
    await _wish_all([(pack, dict(NO_LEASE)) for pack in packs_of(hass, call)])


async def _start_balancing(hass: HomeAssistant, call: ServiceCall) -> None:
    """Balance on demand, as far as the protections let it; what an earlier call said of it no longer holds."""
    mode = call.data.get(ATTR_MODE)
    wishes = {
        "balance_now": True,
        "balance_now_mode": None if mode is None else BalanceMode(mode),
        "balance_until": _balance_until(hass, call),
    }
    await _wish_all([(pack, wishes) for pack in packs_of(hass, call)])


def _balance_until(hass: HomeAssistant, call: ServiceCall) -> float | None:
    """Return the monotonic time at which balancing on demand ends. Raises ServiceValidationError."""
    duration: timedelta | None = call.data.get(ATTR_DURATION)
    until: datetime | None = call.data.get(ATTR_UNTIL)
    if until is not None:
        if duration is not None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="two_ends")
        now = dt_util.utcnow()
        duration = dt_util.as_utc(until) - now
        if not timedelta(0) < duration <= BALANCING_MAX:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="out_of_range",
                translation_placeholders={
                    "field": ATTR_UNTIL,
                    "value": shown_time(until.timestamp()),
                    "minimum": shown_time(now.timestamp()),
                    "maximum": shown_time((now + BALANCING_MAX).timestamp()),
                },
            )
    return None if duration is None else hass.loop.time() + duration.total_seconds()


async def _stop_balancing(hass: HomeAssistant, call: ServiceCall) -> None:
    """End balancing on demand."""
    await _wish_all([(pack, dict(NOT_BALANCING)) for pack in packs_of(hass, call)])


async def _calibrate_soc(hass: HomeAssistant, call: ServiceCall) -> None:
    """Take over the charge that a person knows."""

    def learn(config: PackConfig, state: PackState) -> PackState:
        return bms.calibrate(config, state, call.data[ATTR_SOC])

    await pack_of(hass, call).async_relearn(learn)


async def _cell_replaced(hass: HomeAssistant, call: ServiceCall) -> None:
    """Forget one cell; people count cells from 1."""

    def learn(config: PackConfig, state: PackState) -> PackState:
        return bms.replace_cell(config, state, call.data[ATTR_CELL] - 1)

    await pack_of(hass, call).async_relearn(learn)


async def _export_learned(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return all that was learned about a pack; nothing before its cells were seen once."""
    pack = pack_of(hass, call)
    return {ATTR_LEARNED: plain(bms.save_learned(pack.config, pack.supervisor.state))}


async def _import_learned(hass: HomeAssistant, call: ServiceCall) -> None:
    """Take over what was learned about a pack elsewhere; the charge stays what it is now."""
    pack = pack_of(hass, call)
    try:
        learned = document(ATTR_LEARNED, call.data[ATTR_LEARNED], most=LEARNED_MOST)
    except ConfigError as err:
        raise refused(err) from err

    def learn(config: PackConfig, state: PackState) -> PackState:
        try:
            return bms.load_learned(config, state, learned, now=hass.loop.time(), gap=0.0)
        except UNUSABLE as err:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="learned_refused",
                translation_placeholders={"name": pack.name, "error": str(err)},
            ) from err

    await pack.async_relearn(learn)


async def _get_sessions(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return a pack's sessions, its extremes, and the time it spent in each condition."""
    return history_facts(pack_of(hass, call).latest.history)


async def _what_if(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Compare a pack's limits with others over what was recorded."""
    return await async_what_if(hass, call, pack_of(hass, call))


async def _time_to_soc(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return the hours until a pack is at a charge, by the load of late; nothing if it is not on its way there."""
    hours = hours_to(pack_of(hass, call).latest.estimate, call.data[ATTR_SOC])
    return {"hours": None if hours is None else round(hours, 2)}


async def _reset_trips(hass: HomeAssistant, call: ServiceCall) -> None:
    """Release latched trips; a pack whose cause stands keeps nobody else's latched."""
    refusals = []
    for pack in packs_of(hass, call):
        try:
            await pack.async_reset_trips()
        except ServiceValidationError as err:
            refusals.append(err)
    if refusals:
        raise refusals[0]


async def _self_test(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Test a pack as far as it takes no hands."""
    pack = pack_of(hass, call)
    return answer(hass, await async_self_test(pack))


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
        control=True,
    ),
    "clear_limits": Action(handler=_clear_limits, schema={}, admin=True),
    "start_balancing": Action(
        handler=_start_balancing,
        schema={
            vol.Optional(ATTR_MODE): vol.In(BALANCE_MODES),
            vol.Optional(ATTR_DURATION): vol.All(
                cv.time_period, vol.Range(min=timedelta(seconds=1), max=BALANCING_MAX)
            ),
            vol.Optional(ATTR_UNTIL): cv.datetime,
        },
        admin=True,
    ),
    "stop_balancing": Action(handler=_stop_balancing, schema={}, admin=False, control=True),
    "reset_trips": Action(handler=_reset_trips, schema={}, admin=True),
    "calibrate_soc": Action(handler=_calibrate_soc, schema={vol.Required(ATTR_SOC): vol.Coerce(float)}, admin=True),
    "cell_replaced": Action(handler=_cell_replaced, schema={vol.Required(ATTR_CELL): vol.Coerce(int)}, admin=True),
    "request_power": Action(handler=async_request_power, schema=REQUEST_POWER, admin=True),
    "hold_reserve": Action(handler=async_hold_reserve, schema=HOLD_RESERVE, admin=True),
    "release": Action(handler=async_release, schema=RELEASE, admin=True, answers=SupportsResponse.OPTIONAL),
    "follow_openadr": Action(
        handler=async_follow_openadr, schema=FOLLOW_OPENADR, admin=True, answers=SupportsResponse.OPTIONAL
    ),
    "start_storage": Action(handler=async_start_storage, schema=START_STORAGE, admin=True),
    "stop_storage": Action(handler=async_stop_storage, schema={}, admin=True),
    "get_leases": Action(handler=async_get_leases, schema={}, admin=False, answers=SupportsResponse.ONLY),
    # Maintenance is for everybody who lives with the battery: it moves nothing in it, and who did what is taken down.
    "inspection_done": Action(handler=async_inspection_done, schema=INSPECTION_DONE, admin=False),
    "postpone_inspection": Action(handler=async_postpone_inspection, schema=POSTPONE_INSPECTION, admin=False),
    "get_inspections": Action(handler=async_get_inspections, schema={}, admin=False, answers=SupportsResponse.ONLY),
    "time_to_soc": Action(
        handler=_time_to_soc,
        schema={vol.Required(ATTR_SOC): vol.All(vol.Coerce(float), vol.Range(min=0, max=100))},
        admin=False,
        answers=SupportsResponse.ONLY,
    ),
    "capture_can": Action(handler=async_capture_can, schema=CAPTURE_CAN, admin=True, answers=SupportsResponse.ONLY),
    "report": Action(handler=async_report, schema=REPORT, admin=True, answers=SupportsResponse.OPTIONAL),
    "get_sessions": Action(handler=_get_sessions, schema={}, admin=False, answers=SupportsResponse.ONLY),
    # It takes room on the disk, and hands out what it wrote to administrators alone.
    "export_history": Action(
        handler=async_export_history, schema=EXPORT_HISTORY, admin=True, answers=SupportsResponse.OPTIONAL
    ),
    "what_if": Action(handler=_what_if, schema=WHAT_IF, admin=True, answers=SupportsResponse.ONLY),
    "export_learned": Action(handler=_export_learned, schema={}, admin=False, answers=SupportsResponse.ONLY),
    "import_learned": Action(handler=_import_learned, schema={vol.Required(ATTR_LEARNED): dict}, admin=True),
    # Where a pack is, and its serial number, are for administrators; who reads them may as well take them over.
    "export_pack": Action(handler=async_export_pack, schema=EXPORT_PACK, admin=True, answers=SupportsResponse.ONLY),
    "import_pack": Action(handler=async_import_pack, schema=IMPORT_PACK, admin=True, answers=SupportsResponse.OPTIONAL),
    "replace_bms": Action(handler=async_call_replace_bms, schema=REPLACE_BMS, admin=True),
    "get_changes": Action(handler=async_get_changes, schema={}, admin=True, answers=SupportsResponse.ONLY),
    "self_test": Action(handler=_self_test, schema={}, admin=False, control=True, answers=SupportsResponse.ONLY),
    "inject_fault": Action(
        handler=_inject_fault,
        schema={
            vol.Required(ATTR_FAULT): _FAULT,
            vol.Optional(ATTR_CELL): vol.All(vol.Coerce(int), vol.Range(min=1)),
            vol.Optional(ATTR_VALUE): vol.Coerce(float),
            vol.Optional(ATTR_DURATION): cv.positive_time_period,
        },
        admin=True,
    ),
    "clear_faults": Action(handler=_clear_faults, schema={vol.Optional(ATTR_FAULT): _FAULT}, admin=True),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register every action of the table."""
    for name, action in ACTIONS.items():
        _register(hass, name, action)


def _register(hass: HomeAssistant, name: str, action: Action) -> None:
    """Register one action."""

    async def handle(call: ServiceCall) -> ServiceResponse:
        if action.control:
            await async_check_control(hass, call)
        return await action.handler(hass, call)

    schema = vol.Schema({marker: sober(each) for marker, each in {**_TARGET, **action.schema}.items()})
    if action.admin:
        async_register_admin_service(hass, DOMAIN, name, handle, schema, action.answers)
    else:
        hass.services.async_register(DOMAIN, name, handle, schema, action.answers)
