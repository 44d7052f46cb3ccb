"""The registers of Seplos V3 but for its parameters, as `modbus/03_seplos_v3.md` lists them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField, gauge, int32, integer, uint32

from ..registers import Series, Text
from .seplos_events import CELLS

HOTTEST: Final = 2000
"""Raw tenths above which a temperature must be in kelvin."""
HEALTHY: Final = 500
"""Tenths of a percent above which a number can be the health of a bank and no temperature."""
EXTREMES: Final = MappingProxyType(
    {
        # The maker's V0.1, where the last of the nine is the health ...
        8: (
            *("switch_temperature_max", "switch_temperature_min", "switch_temperature_average"),
            *("switch_temperature_max_index", "switch_temperature_min_index"),
            *("soc_max", "soc_min", "cycles_max", "soh"),
        ),
        # ... and V0.3, which is what recorded packs speak.
        3: (
            *("soc_max", "soc_min", "cycles_max", "soh", "switch_temperature_max", "switch_temperature_min"),
            *("switch_temperature_average", "switch_temperature_max_index", "switch_temperature_min_index"),
        ),
    }
)
"""Both orders of the last nine registers of EIB, by where the health stands in them."""
HEAT: Final = ("switch_temperature_max", "switch_temperature_min", "switch_temperature_average")
SHARES: Final = ("soc_max", "soc_min", "soh")


def kelvin(register: int) -> NumberField[float]:
    """Return a field of tenths of a kelvin."""
    return gauge(register, 0.1, offset=-273.1, signed=False, unit="°C")


def low32(register: int, scale: float = 1.0, unit: str | None = None) -> NumberField[float]:
    """Return a field of U32, low word first."""
    return uint32(register, scale=scale, word_order="little", unit=unit)


def volts(register: int) -> NumberField[float]:
    """Return a field of millivolts."""
    return gauge(register, 0.001, signed=False, unit="V")


def hundredths(register: int, unit: str) -> NumberField[float]:
    """Return a field of hundredths."""
    return gauge(register, 0.01, signed=False, unit=unit)


def tenths(register: int, unit: str) -> NumberField[float]:
    """Return a field of tenths."""
    return gauge(register, 0.1, signed=False, unit=unit)


def number(register: int, unit: str | None = None) -> NumberField[int]:
    """Return a field of a U16."""
    return integer(register, signed=False, unit=unit)


def either(word: int) -> float:
    """Return °C of signed tenths of a degree, or of tenths of a kelvin where they would be too hot for that."""
    raw = word - 0x10000 if word & 0x8000 else word
    return (raw - 2731) / 10 if raw > HOTTEST else raw / 10


def _said(name: str, word: int) -> float:
    """Return one of the last nine registers of EIB."""
    return either(word) if name in HEAT else word / 10 if name in SHARES else word


class Either(NumberField[float]):
    """A temperature in tenths of a degree or of a kelvin, whichever can be."""

    def __init__(self, address: int) -> None:
        super().__init__(address, unit="°C")

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> float:
        return either(words[0])


class Extremes(RegisterField[dict[str, float]]):
    """The last nine registers of EIB, whose order two editions of the maker's paper tell differently."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> dict[str, float] | None:
        fitting = [names for place, names in EXTREMES.items() if HEALTHY <= words[place] <= 1000]
        if len(fitting) != 1:
            return None
        return {name: _said(name, word) for name, word in zip(fitting[0], words, strict=True)}

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return [0] * self.count


class Status(Component):
    """PIA: the pack as a whole; 0x1000, 17 registers."""

    register_space = "input"
    register_ranges = ((0x1000, 0x1010),)

    voltage = hundredths(0x1000, "V")
    current_raw = gauge(0x1001, 0.01, unit="A")
    """In hundredths of an ampere; boards for 300 A and more mean tenths."""
    remaining_capacity = hundredths(0x1002, "Ah")
    full_capacity = hundredths(0x1003, "Ah")
    discharged = gauge(0x1004, 10, signed=False, unit="Ah")
    soc = tenths(0x1005, "%")
    soh = tenths(0x1006, "%")
    cycles = number(0x1007)
    cell_average = volts(0x1008)
    temperature_average = kelvin(0x1009)
    cell_max = volts(0x100A)
    cell_min = volts(0x100B)
    temperature_max = kelvin(0x100C)
    temperature_min = kelvin(0x100D)
    discharge_current_max = number(0x100F, "A")
    charge_current_max = number(0x1010, "A")


class Precharge(Component):
    """How full the capacitors behind the pack are; one register behind PIA, where it is told."""

    register_space = "input"

    precharge_share = tenths(0x1011, "%")


class Cells(Component):
    """PIB: cells and temperatures; 0x1100, 26 registers."""

    register_space = "input"
    register_ranges = ((0x1100, 0x1119),)

    cells = Series(0x1100, count=CELLS, unit="V")
    temperature_1 = kelvin(0x1110)
    temperature_2 = kelvin(0x1111)
    temperature_3 = kelvin(0x1112)
    temperature_4 = kelvin(0x1113)
    environment_temperature = kelvin(0x1118)
    mos_temperature = kelvin(0x1119)


class About(Component):
    """VIA: who it is; 0x1700, 51 registers."""

    register_space = "input"
    register_ranges = ((0x1700, 0x1732),)

    factory = Text(0x1700, count=10)
    model = Text(0x170A, count=10)
    firmware = Text(0x1714, count=1)
    board_serial_number = Text(0x1715, count=15)
    pack_serial_number = Text(0x1724, count=15)


class Inverter(Component):
    """PCT: which inverter it speaks to; 0x1800."""

    register_space = "input"
    register_ranges = ((0x1800, 0x1823),)

    inverter_protocol = number(0x1800)
    inverter_rate = number(0x1801)
    inverter_name = Text(0x1802, count=16)
    inverter_protocol_name = Text(0x1812, count=16)
    inverter_protocol_version = Text(0x1822, count=1)
    inverter_protocol_next = number(0x1823)


class BankTotal(Component):
    """EIA: what a master tells of all packs; unit 0, 0x2000."""

    register_space = "input"

    bank_voltage = low32(0x2000, 0.01, "V")
    bank_current = int32(0x2002, scale=0.1, word_order="little", unit="A")
    bank_remaining_capacity = low32(0x2004, 0.01, "Ah")
    bank_full_capacity = low32(0x2006, 0.01, "Ah")
    bank_discharged = low32(0x2008, 10, "Ah")
    bank_rated_capacity = low32(0x200A, 0.01, "Ah")
    bank_online_mask = low32(0x200C)
    bank_protected_mask = low32(0x200E)
    bank_discharge_current_max = low32(0x2010, 0.1, "A")
    bank_charge_current_max = low32(0x2012, 0.1, "A")
    bank_overvoltage_suggested = tenths(0x2014, "V")
    bank_undervoltage_suggested = tenths(0x2015, "V")
    bank_pack_count = number(0x2016)
    bank_cycles = number(0x2017)
    bank_soc = tenths(0x2018, "%")
    bank_soh = tenths(0x2019, "%")


class BankExtremes(Component):
    """EIB: the highest and the lowest in all packs; unit 0, 0x2100."""

    register_space = "input"

    bank_cell_max = volts(0x2100)
    bank_cell_min = volts(0x2101)
    bank_cell_max_index = number(0x2102)
    bank_cell_min_index = number(0x2103)
    bank_pack_voltage_max = hundredths(0x2104, "V")
    bank_pack_voltage_min = hundredths(0x2105, "V")
    bank_pack_voltage_max_index = number(0x2106)
    bank_pack_voltage_min_index = number(0x2107)
    bank_temperature_max = Either(0x2108)
    bank_temperature_min = Either(0x2109)
    bank_temperature_average = Either(0x210A)
    bank_temperature_max_index = number(0x210B)
    bank_temperature_min_index = number(0x210C)
    bank_extremes = Extremes(0x210D, count=9)
