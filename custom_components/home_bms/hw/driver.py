"""What every pack looks like to the supervisor, however it is wired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import Final, Protocol

from ..core.model import Decision, HardwareRing, PackReading


class DriverError(Exception):
    """The pack could not be read or written; `key` is the reason as a translation key, the message is for the log."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


class IdentityChangedError(DriverError):
    """Another pack answers where `ours` was; `fingerprint` is its own."""

    def __init__(self, ours: str, fingerprint: str) -> None:
        self.ours = ours
        self.fingerprint = fingerprint
        super().__init__("identity_changed", f"pack {ours} now is {fingerprint}")


class Capability(Flag):
    """What a device lets home_bms act on."""

    NONE = 0
    CHARGE_SWITCH = auto()
    DISCHARGE_SWITCH = auto()
    BALANCE_SWITCH = auto()
    RELAYS = auto()
    """A contactor whose coil home_bms holds with timed pulses (`Decision.relays`)."""


SWITCHED: Final = Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH | Capability.RELAYS
"""With what home_bms stops a current by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """Who the device says it is and what it says it guards; secrets of the identity block are never kept."""

    manufacturer: str
    model: str
    serial_number: str
    """Of the device; identifies the pack for ever. Empty where it tells none, or one that others tell too."""
    hardware: str | None = None
    firmware: str | None = None
    cells: int | None = None
    capacity: float | None = None
    """Ah as set in the device."""
    temperature_sensors: int = 0
    hardware_ring: HardwareRing = HardwareRing()
    """Its own protection settings."""
    chemistry: str | None = None
    """Proposed from its settings, where they tell."""

    @property
    def fingerprint(self) -> str:
        """What tells it from others: its serial number, else what it is made of, which its twins share."""
        return self.serial_number or f"{self.manufacturer} {self.model} {self.cells or 0}S"


class Driver(Protocol):
    """One pack. A driver keeps no opinion: it reads, writes what it is told and proves that it took effect."""

    capabilities: Capability

    @property
    def info(self) -> DeviceInfo:
        """The identity found by `async_identify`, refreshed whenever settings are read."""

    async def async_identify(self) -> DeviceInfo:
        """Read who the device is, without writing. Raises DriverError."""

    async def async_read(self) -> PackReading:
        """Read the live values, and now and then the settings.

        After a lost link it first makes sure that the same pack answers. Raises DriverError, `identity_changed` if not.
        """

    async def async_apply(self, decision: Decision) -> None:
        """Move each switch whose wish differs from its commanded position, and read each write back.

        Raises DriverError if the device refuses or the read-back disagrees.
        """

    async def async_release(self) -> None:
        """Hand control back: leases lapse, the balancer is as it was found, and no opened switch is closed."""
