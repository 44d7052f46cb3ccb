"""Turns what Home Assistant keeps into home_bms's words and back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from enum import Enum, Flag, IntEnum
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE, CONF_UNIQUE_ID
from homeassistant.exceptions import ServiceValidationError
from modbus_connection import ModbusError, ModbusSerialParams, ModbusTcpParams, ModbusUnit

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
    LINK_WINDOW,
    LOGGER,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
)
from .core.chemistry import configure
from .core.leases import writable
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
DEEPEST: Final = 24
"""Parts within parts of a document; what is exported has half as many."""


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


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Return a value of the model as JSON can carry it; what is not finite becomes `None`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {writable(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(part) for part in value)
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Flag | IntEnum):
        return (value.name or "").lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not isfinite(value):
        return None
    return writable(value) if isinstance(value, str) else value


def document(field: str, value: Any, *, most: int) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Return what somebody handed in as JSON would carry it; templates make tuples of lists.

    Values and the letters of texts count. Raises ConfigError `document_too_large` or `document_too_deep`.
    """
    size, waiting = 0, [(value, 0)]
    while waiting:
        whole, depth = waiting.pop()
        for part in _parts(whole):
            size += 1 + (len(part) if isinstance(part, str) else 0)
            # Before it is looked into: what refers to itself again and again would never end.
            if size > most:
                raise ConfigError("document_too_large", field, maximum=most)
            if depth >= DEEPEST:
                raise ConfigError("document_too_deep", field, maximum=DEEPEST)
            waiting.append((part, depth + 1))
    return plain(value)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, tuple | list | set | frozenset):
        yield from value


class LinkMeter:
    """Counts the transactions of a pack and how many of the last ones failed, for its statistics."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=LINK_WINDOW)
        self.transactions = 0

    @property
    def quality(self) -> float | None:
        """Percent of the last transactions that were answered soundly, `None` until there are enough to tell."""
        last = self._last
        return 100 * sum(last) / len(last) if len(last) == LINK_WINDOW else None

    def around(self, unit: ModbusUnit) -> ModbusUnit:
        """Return the same unit, counted."""
        return cast("ModbusUnit", CountedUnit(unit, self))

    def begun(self) -> None:
        """Count a transaction."""
        self.transactions += 1

    def ended(self, sound: bool) -> None:
        """Note how a transaction went."""
        self._last.append(sound)


class CountedUnit:
    """A Modbus unit whose transactions a meter counts."""

    def __init__(self, unit: ModbusUnit, meter: LinkMeter) -> None:
        self._unit = unit
        self._meter = meter

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """Pass everything on; reading and writing is what counts."""
        found = getattr(self._unit, name)
        if not name.startswith(("read_", "write_")):
            return found

        async def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the unit does it
            self._meter.begun()
            try:
                answer = await found(*args, **kwargs)
            except ModbusError:
                self._meter.ended(False)
                raise
            self._meter.ended(True)
            return answer

        return counted
