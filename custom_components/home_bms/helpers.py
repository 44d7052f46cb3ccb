"""Turns what Home Assistant keeps into home_bms's words and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE, CONF_UNIQUE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from modbus_connection import ModbusSerialParams, ModbusTcpParams

from .const import (
    CONF_BAUDRATE,
    CONF_CAN,
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHARGE_CURRENT,
    CONF_CHEMISTRY,
    CONF_CONFIRMED,
    CONF_DBC_NAME,
    CONF_DISCHARGE_CURRENT,
    CONF_HARDWARE_RING,
    CONF_MODEL,
    CONF_NODE,
    CONF_PARITY,
    CONF_PARTS,
    CONF_STOPBITS,
    CONF_TEMPERATURE_SENSORS,
    CONF_THRESHOLDS,
    CONF_UNIT_ID,
    DOMAIN,
    LOGGER,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
)
from .core.chemistry import configure
from .core.model import ConfigError, HardwareRing, PackConfig
from .core.ring import meant
from .hw.can_params import params_from_data
from .hw.devices import DEVICES
from .hw.parts_config import contactor_config, parts_from_data
from .hw.parts_lint import lint_parts, may_control

# What Home Assistant's own modbus integration gives a serial framing that a socket carries; any other value would count
# as other link settings and keep a neighbour off the same gateway (home-assistant.md 1.4).
SOCKET_BAUDRATE = 115200
PARITIES: Final[Mapping[str, Literal["N", "E", "O"]]] = MappingProxyType({"none": "N", "even": "E", "odd": "O"})
"""As settings and forms call them, and as a link does."""


def link_params(data: Mapping[str, Any]) -> ModbusSerialParams | ModbusTcpParams:
    """Return the link of a pack's settings; RTU over TCP is a serial line behind a socket."""
    if data[CONF_TYPE] == TYPE_SERIAL:
        stopbits: Literal[1, 2] = 2 if data.get(CONF_STOPBITS) == 2 else 1
        return ModbusSerialParams(
            device=data[CONF_DEVICE],
            baudrate=int(data[CONF_BAUDRATE]),
            parity=PARITIES[data.get(CONF_PARITY, "none")],
            stopbits=stopbits,
        )
    host, port = data[CONF_HOST], int(data[CONF_PORT])
    if data[CONF_TYPE] == TYPE_RTU_OVER_TCP:
        # The colons of an IPv6 address would read as the port separator.
        bracketed = f"[{host}]" if ":" in host else host
        return ModbusSerialParams(device=f"socket://{bracketed}:{port}", framer="rtu", baudrate=SOCKET_BAUDRATE)
    return ModbusTcpParams(host=host, port=port)


def place(link: Mapping[str, Any]) -> str:
    """Return what tells a pack without a serial number from others: its kind, and where it is.

    A pack that is built from parts may move board by board, so it has a number of home_bms's own.
    """
    keys = (CONF_MODEL, CONF_HOST, CONF_PORT, CONF_DEVICE, CONF_UNIT_ID, CONF_UNIQUE_ID, CONF_DBC_NAME, CONF_NODE)
    bus = [params_from_data(link[CONF_CAN]).key] if CONF_CAN in link else []
    return "-".join([str(link[key]) for key in keys if key in link] + bus)


def address(data: Mapping[str, Any]) -> str:
    """Return where a pack is, for people: its unit id and its link; nothing of one that has neither."""
    if CONF_CAN in data:
        return params_from_data(data[CONF_CAN]).key
    link = data.get(CONF_DEVICE) or ":".join(str(data[key]) for key in (CONF_HOST, CONF_PORT) if key in data)
    return f"{data[CONF_UNIT_ID]} ({link})" if CONF_UNIT_ID in data else link


def pack_config(data: Mapping[str, Any]) -> PackConfig:
    """Return the configuration of a pack's settings. Raises ConfigError naming the field."""
    if CONF_PARTS in data:
        return _parts_config(data)
    device = DEVICES.get(data.get(CONF_MODEL, ""))
    resolution = 0.001 if device is None else device.cell_resolution
    return _configure(data, int(data[CONF_CELLS]), int(data[CONF_TEMPERATURE_SENSORS]), resolution)


def _parts_config(data: Mapping[str, Any]) -> PackConfig:
    """Return the configuration of a pack whose parts tell what it has. Raises ConfigError."""
    parts = parts_from_data(data[CONF_PARTS])
    resolution = max((DEVICES[row.device].cell_resolution for row in parts.members if row.cells), default=0.001)
    config = _configure(data, parts.cells, parts.temperature_sensors, resolution)
    if not may_control(lint_parts(parts)):
        # Nobody here drives its contactor.
        return config
    return replace(config, contactors=contactor_config(parts))


def _configure(data: Mapping[str, Any], cells: int, temperature_sensors: int, cell_resolution: float) -> PackConfig:
    return configure(
        chemistry=data[CONF_CHEMISTRY],
        cells=cells,
        capacity=float(data[CONF_CAPACITY]),
        charge_current=float(data[CONF_CHARGE_CURRENT]),
        discharge_current=float(data[CONF_DISCHARGE_CURRENT]),
        temperature_sensors=temperature_sensors,
        hardware=hardware_ring(data),
        overrides=data.get(CONF_THRESHOLDS, {}),
        confirmed=data.get(CONF_CONFIRMED, False),
        cell_resolution=cell_resolution,
    )


def hardware_ring(data: Mapping[str, Any]) -> HardwareRing:
    """Return what a pack's settings say of its own protection, without what cannot be meant as it reads."""
    return meant(HardwareRing(**data.get(CONF_HARDWARE_RING, {})))


def device_of(hass: HomeAssistant, entry_id: str, key: str) -> dr.DeviceEntry | None:
    """Return the device of a system, pack or inverter; `None` once a user has removed it."""
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry_id)


def device_name(device: dr.AnyDeviceEntry | None, otherwise: str) -> str:
    """Return what people call a device, and something else for one that has no name or is gone."""
    return (device and (device.name_by_user or device.name)) or otherwise


def ring_data(ring: HardwareRing) -> dict[str, float]:
    """Return what a pack told of its own protection, as its settings keep it."""
    return {name: value for name, value in asdict(ring).items() if value is not None}


def refused(err: ConfigError) -> ServiceValidationError:
    """Return what a user reads when a value cannot be: the field, as actions call it, and the values that would do."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders={"field": err.field.removeprefix("leased_"), **err.placeholders},
    )


def call_each(listeners: Iterable[Callable[..., None]], whose: str, *told: object) -> None:
    """Call every listener to something; one that breaks keeps nothing from the others."""
    for listener in tuple(listeners):
        try:
            listener(*told)
        except Exception:  # noqa: BLE001 - an entity must not end protection
            LOGGER.exception("A listener to %s broke", whose)
