"""Looks at one device that is to be a member of a pack, outside of any pack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from modbus_connection import ModbusUnit

from ..const import CONF_PARTS, CONF_UNIT_ID
from ..helpers import link_params
from ..hw.channels import Current
from ..hw.devices import DEVICES, Device
from ..hw.driver import DeviceInfo, Driver, DriverError
from ..hw.modbus import ModbusDriver
from ..hw.parts_config import Member, Parts, parts_from_data
from ..hw.raw_coil import able
from ..hw.relay_trial import Trial, async_try
from ..hw.relays import RelayDriver
from ..links.lines import FramingError, async_keep_off, async_temporary_line
from ..links.order import on_lane
from ..subentries import all_subentries

type Units = Mapping[tuple[str, int], ModbusUnit]
"""By the name of the link and the unit id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a device told, by channel from 0; those of an array run on from unit to unit."""

    infos: tuple[DeviceInfo, ...]
    """Of each unit."""
    cells: tuple[float | None, ...] = ()
    temperatures: tuple[float | None, ...] = ()
    voltages: tuple[float | None, ...] = ()
    """V of its inputs, without a divider's factor."""
    current: float | None = None
    """A, with its own sign."""
    relays: tuple[bool | None, ...] = ()
    contacts: tuple[bool | None, ...] = ()

    def cell(self, channel: int) -> float | None:
        """Return what a cell's channel tells."""
        return _at(self.cells, channel)

    def temperature(self, channel: int) -> float | None:
        """Return what a temperature channel tells."""
        return _at(self.temperatures, channel)

    def voltage(self, channel: int) -> float | None:
        """Return what a voltage input tells."""
        return _at(self.voltages, channel)

    def relay(self, channel: int) -> bool | None:
        """Return what a relay was told."""
        return _at(self.relays, channel)

    def contact(self, channel: int) -> bool | None:
        """Return what a digital input sees."""
        return _at(self.contacts, channel)


@asynccontextmanager
async def borrowed_units(
    hass: HomeAssistant, links: Mapping[str, Mapping[str, Any]], members: Iterable[Member]
) -> AsyncIterator[Units]:
    """Borrow the units of members for a while; nothing is asked yet.

    Raises DriverError: `link_in_use` where a link is open in another way, `needs_serial_frames`.
    """
    found: dict[tuple[str, int], ModbusUnit] = {}
    async with AsyncExitStack() as stack:
        for row in members:
            for unit_id in row.unit_ids:
                link = {**links[row.link], CONF_UNIT_ID: unit_id}
                try:
                    found[row.link, unit_id] = await stack.enter_async_context(_unit(hass, link, DEVICES[row.device]))
                except FramingError as err:
                    raise DriverError("needs_serial_frames", str(err)) from err
                except HomeAssistantError as err:
                    raise DriverError("link_in_use", str(err)) from err
        yield found


async def async_look(hass: HomeAssistant, links: Mapping[str, Mapping[str, Any]], row: Member) -> Look:
    """Ask every unit of a member who it is and what it measures, without writing. Raises DriverError."""
    looks: list[Look] = []
    async with borrowed_units(hass, links, [row]) as units:
        for unit_id in row.unit_ids:
            driver = DEVICES[row.device].driver(units[row.link, unit_id])
            looks.append(await _look(row, driver))
    return Look(
        infos=_joined([look.infos for look in looks]),
        cells=_joined([look.cells for look in looks]),
        temperatures=_joined([look.temperatures for look in looks]),
        voltages=looks[0].voltages,
        current=looks[0].current,
        relays=looks[0].relays,
        contacts=looks[0].contacts,
    )


def taken(hass: HomeAssistant, parts: Parts, own: str | None) -> bool:
    """Tell whether another pack measures the same cells or drives the same relays; `own` is this one's subentry."""
    ours = _tasks(parts)
    return any(
        ours & _tasks(parts_from_data(pack.data[CONF_PARTS]))
        for pack in all_subentries(hass, own)
        if CONF_PARTS in pack.data
    )


def _tasks(parts: Parts) -> set[tuple[object, ...]]:
    """Return what only one pack may do, and where: the channels of cells, and the relays."""
    found: set[tuple[object, ...]] = set()
    for row in parts.members:
        place = (link_params(parts.links[row.link]).endpoint, row.unit_ids)
        found |= {(*place, "cell", channel) for channel, cell in enumerate(row.cells) if cell is not None}
        found |= {(*place, "relay", relay) for relays in row.outputs.values() for relay in relays}
    return found


async def async_try_relay(
    hass: HomeAssistant, links: Mapping[str, Mapping[str, Any]], row: Member, relay: int
) -> Trial:
    """Close one relay of a member for a second. Raises DriverError."""
    async with borrowed_units(hass, links, [row]) as units:
        board = DEVICES[row.device].driver(units[row.link, row.unit_ids[0]])
        if not isinstance(board, RelayDriver):
            raise DriverError("no_relay", f"{row.device} has no relay that opens by itself")
        return await async_try(board, relay, contacts=row.channels.contacts)


@asynccontextmanager
async def _unit(hass: HomeAssistant, link: Mapping[str, Any], device: Device) -> AsyncIterator[ModbusUnit]:
    """Borrow one unit that takes turns, as `sources.borrowed` does for good. Raises HomeAssistantError."""
    if device.own_line:
        async with async_temporary_line(hass, link, device) as unit:
            yield unit
        return
    params = link_params(link)
    async_keep_off(hass, params)
    unit_id = link[CONF_UNIT_ID]
    async with async_get_temporary_unit(hass, params, unit_id) as unit:
        with on_lane(hass, params, able(unit), unit_id) as turning:
            yield turning


async def _look(row: Member, driver: Driver) -> Look:
    """Look at one unit. Raises DriverError."""
    info = await driver.async_identify()
    reading = await driver.async_read()
    has, several = row.channels, DEVICES[row.device].voltages
    voltages: tuple[float | None, ...] = (reading.voltage,) if has.voltages else ()
    if several is not None and isinstance(driver, ModbusDriver):
        voltages = several(driver.values)
    relays: tuple[bool | None, ...] = ()
    contacts: tuple[bool | None, ...] = ()
    if isinstance(driver, RelayDriver):
        relays = tuple(driver.relay(channel) for channel in range(has.relays))
        contacts = tuple(driver.contact(channel) for channel in range(has.contacts))
    return Look(
        infos=(info,),
        cells=reading.cells,
        temperatures=reading.temperatures,
        voltages=voltages,
        current=None if has.current is Current.NONE else reading.current,
        relays=relays,
        contacts=contacts,
    )


def _at[T](told: Sequence[T | None], channel: int) -> T | None:
    return told[channel] if channel < len(told) else None


def _joined[T](several: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(one for some in several for one in some)
