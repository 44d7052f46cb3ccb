"""Finds packs among the devices that Home Assistant's Bluetooth hears, through its adapters and proxies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from homeassistant.components.bluetooth import (
    BluetoothServiceInfoBleak,
    async_ble_device_from_address,
    async_discovered_service_info,
)
from homeassistant.core import HomeAssistant, callback

from ..hw.bluetooth import BluetoothDriver, Family, async_family

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice

BLUETOOTH: Final = "bluetooth"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPack:
    """A pack that was heard and could be connected."""

    address: str
    name: str
    """As it announces itself."""
    family: Family

    @property
    def label(self) -> str:
        """What a person tells it from others by."""
        return f"{self.name} ({self.family.name}, {self.address})"


@callback
def bluetooth_ready(hass: HomeAssistant) -> bool:
    """Tell whether this Home Assistant uses Bluetooth at all."""
    return BLUETOOTH in hass.config.components


async def async_heard(service_info: BluetoothServiceInfoBleak) -> HeardPack | None:
    """Return the pack behind an announcement, `None` where it is none that home_bms can read."""
    family = await async_family(service_info.advertisement, service_info.address)
    if family is None:
        return None
    return HeardPack(address=service_info.address, name=service_info.name, family=family)


async def async_heard_packs(hass: HomeAssistant) -> list[HeardPack]:
    """Return every pack that is heard now and accepts connections."""
    found = [await async_heard(info) for info in async_discovered_service_info(hass, connectable=True)]
    return [pack for pack in found if pack is not None]


def bluetooth_driver(hass: HomeAssistant, address: str, family: str) -> BluetoothDriver:
    """Return the driver of a pack, whoever hears it best at the time."""
    return BluetoothDriver(address, family, partial(_device, hass, address))


@callback
def _device(hass: HomeAssistant, address: str) -> BLEDevice | None:
    """Return the device as an adapter or proxy that can connect hears it now."""
    return async_ble_device_from_address(hass, address, connectable=True) if bluetooth_ready(hass) else None
