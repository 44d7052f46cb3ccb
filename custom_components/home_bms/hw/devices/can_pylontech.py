"""Packs that speak to inverters as Pylontech, SMA or Victron packs do: what their frames mean to home_bms.

Both of Pylontech's dialects may be on one bus, so all of them are read at once (`can/01_pylontech_lv.md`,
`can/02_sma_victron_canbms.md`). They tell the highest and the lowest cell and no other: cells stay unknown.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import PackReading
from ..asked_limits import Flag, heard_limits
from ..can_alarms import raised, told
from ..can_device import CanDevice, Heard, text
from ..driver import DeviceInfo

PROTECTIONS: Final = MappingProxyType(
    {
        "overvoltage": "cell_overvoltage",
        "undervoltage": "cell_undervoltage",
        "internal_communication": "internal_communication_lost",
    }
)
"""Alarms of 0x359 whose key is not their signal's name."""
ALARMS: Final = MappingProxyType(
    {
        "general": "general_alarm",
        "high_voltage": "pack_overvoltage",
        "low_voltage": "pack_undervoltage",
        "high_temperature": "overtemperature",
        "low_temperature": "undertemperature",
        "high_temperature_charge": "charge_overtemperature",
        "low_temperature_charge": "charge_undertemperature",
        "high_discharge_current": "discharge_overcurrent",
        "high_charge_current": "charge_overcurrent",
        "contactor": "contactor_fault",
        "short_circuit": "short_circuit",
        "bms_internal": "device_fault",
        "cell_imbalance": "cell_difference",
    }
)
"""Alarms of 0x35A; 0x359 has other names."""
SHARED_SERIALS: Final = frozenset({"JBD87654321"})
"""Serial numbers that many packs tell (`can/07_pack_side.md`)."""
EXTREMES: Final = ("temperature_min", "temperature_max")
REQUESTS: Final = (Flag("charge_allowed", "charge_enable", 0), Flag("discharge_allowed", "discharge_enable", 0))
"""Those of 0x35C, which only Pylontech's first dialect has."""


def info(heard: Heard) -> DeviceInfo:
    """Return who the pack says it is; most say no more than a name."""
    manufacturer = text(heard, "manufacturer")
    serial_number = text(heard, "serial_1", "serial_2") if heard.known(["serial_1", "serial_2"]) else ""
    version = [heard.last(name) for name in ("firmware_high", "firmware_low")]
    return DeviceInfo(
        manufacturer=manufacturer or "unknown",
        model=text(heard, "name_1", "name_2") or text(heard, "product") or manufacturer or "CAN pack",
        serial_number="" if serial_number in SHARED_SERIALS else serial_number,
        firmware=None if None in version else f"{version[0]:x}.{version[1]:02x}",
        capacity=capacity(heard),
        temperature_sensors=len(temperatures(heard)),
    )


def reading(heard: Heard, info: DeviceInfo) -> PackReading:
    """Return the live values in home_bms's words."""
    del info
    sensors = temperatures(heard)
    exact = heard.get("soc_exact")
    return PackReading(
        time=0.0,
        temperatures=tuple(heard.last(name) for name in sensors),
        temperatures_time=heard.since(sensors),
        current=heard.last("current"),
        voltage=heard.last("voltage"),
        current_time=heard.since(["current", "voltage"]),
        soc=heard.get("soc") if exact is None else exact,
        soh=heard.get("soh"),
        capacity=capacity(heard),
        cycles=heard.get("cycles") or None,
        alarms=alarms(heard),
        **heard_limits(heard, *REQUESTS),
    )


def temperatures(heard: Heard) -> tuple[str, ...]:
    """Return the signals of the cells' temperatures: the coldest and the hottest, or an average of all."""
    return EXTREMES if heard.known(EXTREMES) else ("temperature",) if heard.known(["temperature"]) else ()


def capacity(heard: Heard) -> float | None:
    """Return the installed capacity in Ah, or the one online."""
    value: float | None = heard.last("installed_capacity") or heard.last("capacity")
    return value or None


def alarms(heard: Heard) -> frozenset[str] | None:
    """Return what stands by either dialect; a protection that has acted is an alarm, all else a warning."""
    new, old = told(heard, ["alarm_high_voltage"]), told(heard, ["protect_overvoltage"])
    if not new and not old:
        return None
    called = raised(heard, "alarm_")
    # What is called an alarm is one in 0x35A and a warning in 0x359.
    grave = raised(heard, "protect_", PROTECTIONS) | {ALARMS[name] for name in called & ALARMS.keys()}
    light = {PROTECTIONS.get(name, name) for name in called - ALARMS.keys()} | raised(heard, "warning_", ALARMS)
    return frozenset(grave | {f"{key}_warning" for key in light})


DEVICE: Final = CanDevice(
    key="can_pylontech",
    name="Pylontech, Victron or SMA protocol",
    manufacturer="various",
    frames="pylontech",
    bitrates=(500000, 250000),
    signs=(frozenset({0x351, 0x355, 0x356}),),
    needs=(frozenset({"voltage", "current", "soc"}),),
    info=info,
    reading=reading,
)
