"""What a search for devices has to tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modbus_connection import ModbusDesyncError, ModbusError, ModbusExceptionError

from .driver import DeviceInfo
from .lane import SILENCE
from .modbus import Device


class Reply(StrEnum):
    """How a unit answered that is none of the devices, as far as that can be told."""

    REFUSED = "refused"
    """With a Modbus exception."""
    NONSENSE = "nonsense"
    """With values that the device asked for cannot have."""
    GARBLED = "garbled"
    """With a frame that was broken."""
    FOREIGN = "foreign"
    """Another unit's answer came."""
    BROKE_OFF = "broke_off"
    """To some requests, and not to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A device that answers."""

    device: Device
    unit_id: int
    baudrate: int | None
    info: DeviceInfo

    @property
    def sure(self) -> bool:
        """Whether it told something that only such a device tells; other boards have nothing but plausible values."""
        return bool(self.info.serial_number or self.info.firmware or self.info.hardware)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What else answered."""

    unit_id: int
    baudrate: int | None
    reply: Reply
    code: int | None
    """Of the Modbus exception."""
    devices: tuple[str, ...]
    """For which it was asked, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The result of a search."""

    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]
    """Of units at which nothing sure was found."""
    complete: bool
    """Whether there was time for all of it."""
    in_use: tuple[int | None, ...]
    """The baud rates at which the link could not be opened because others use it at another one."""
    not_asked: tuple[str, ...]
    """Devices, by name, that need a line of their own, and that were not asked for."""


def reply(error: ModbusError | None, *, answered: bool) -> tuple[Reply | None, int | None]:
    """Return what an error says of a unit, with the code of an exception; nothing if the unit is silent.

    Without an error its values made no sense. `answered` tells whether it gave a sound answer before.
    """
    if isinstance(error, SILENCE):
        return (Reply.BROKE_OFF if answered else None), None
    if isinstance(error, ModbusExceptionError):
        return Reply.REFUSED, error.exception_code
    if isinstance(error, ModbusDesyncError):
        return Reply.FOREIGN, None
    return (Reply.NONSENSE if error is None else Reply.GARBLED), None
