"""Shows a virtual inverter as the devices that people have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, override

from modbus_connection.decode import combine_words
from modbus_connection.encode import encode_int
from pymodbus.constants import ExcCodes

from ..sunspec.block import Block
from ..sunspec.controls import CONTROLS
from ..sunspec.driver import CHARGING, DISCHARGING
from ..sunspec.memory import BASES, MARKER, Points, memory_with
from ..sunspec.models import COMMON, DC_MEASUREMENT, STORAGE, STORAGE_CAPACITY
from .inverter import VirtualInverter
from .register_server import Registers

HOLDING: Final = 6
"""The charge state of a battery at rest (124.ChaSt)."""


class VirtualGx(Registers):
    """The unit 100 of a Victron GX (`modbus/07_victron_gx.md`): settings that stay, and a set-point at the grid."""

    def __init__(self, inverter: VirtualInverter, *, rest: float = 0.0, older: bool = False) -> None:
        """Show `inverter` in a house whose load less its sun is `rest` W; `older` firmware has no register 2720."""
        self.inverter = inverter
        self.rest = rest
        self.mode = 1
        self.settings: dict[int, int] = {2700: 50, 2704: 0xFFFF, 2705: 0xFFFF, 2710: 0, 2902: 1}
        self.settings |= dict.fromkeys((2716, 2717), 0)
        self.settings |= {} if older else dict.fromkeys((2720, 2721), 0xFFFF)

    @property
    @override
    def answers(self) -> bool:
        return self.inverter.answers

    @override
    def memory(self) -> Mapping[int, int]:
        pack = self.inverter.pack
        power = round(self.inverter.power)
        state = 0 if not power else 1 if power > 0 else 2
        return {
            **self.settings,
            820: _word(round(self.rest + power)),
            821: 0,
            822: 0,
            826: 1,
            840: round(10 * pack.voltage),
            841: _word(round(10 * pack.current)),
            842: _word(power),
            843: round(pack.soc),
            844: state,
        }

    @override
    def write(self, address: int, words: list[int]) -> ExcCodes | None:
        wanted = range(address, address + len(words))
        if not all(at in self.settings for at in wanted):
            return ExcCodes.ILLEGAL_ADDRESS
        self.settings |= dict(zip(wanted, words, strict=True))
        settings = self.settings
        power = _signed(settings[2720], settings[2721]) if 2720 in settings else 10 * _signed(settings[2704])
        current = _signed(settings[2705])
        self.inverter.tell(
            cvl=settings[2710] / 10 or None,
            ccl=None if current < 0 else current,
            discharge_power=None if power < 0 else power,
        )
        if address == 2716:
            self.inverter.tell(setpoint=_signed(settings[2716], settings[2717]) - self.rest)
        return None


class VirtualSunSpec(Registers):
    """An inverter with SunSpec's models 1, 124, 704, 713 and 714, whose leases run out."""

    def __init__(self, inverter: VirtualInverter, *, without: tuple[int, ...] = (), **points: Any) -> None:  # noqa: ANN401
        """Show `inverter` with the models that are not in `without`; `points` of 124 and 704 replace the usual ones."""
        self.inverter = inverter
        self.without = without
        self.common: dict[str, Any] = {"Mn": "Voltline", "Md": "Hybrid 5", "SN": "VI-5", "Vr": "2.1"}
        self.storage: dict[str, Any] = {
            "WChaMax_SF": 0,
            "WChaDisChaGra_SF": 0,
            "InBatV_SF": -1,
            "ChaState_SF": 0,
            "InOutWRte_SF": -2,
            "WChaMax": inverter.power_max,
            "WChaGra": 100,
            "WDisChaGra": 100,
            "StorCtl_Mod": 0,
            "OutWRte": 100.0,
            "InWRte": 100.0,
            "InOutWRte_RvrtTms": 0,
        }
        self.controls: dict[str, Any] = {
            "WSet_SF": 1,
            "WSetPct_SF": -1,
            "WSetEna": 0,
            "WSetMod": 0,
            "WSet": 0,
            "WSetPct": 0,
            "WSetPctRvrt": 0,
            "WSetEnaRvrt": 0,
            "WSetRvrtTms": 0,
        }
        for name, value in points.items():
            (self.storage if name in self.storage else self.controls)[name] = value
        self._rates_until: float | None = None
        self._setpoint_until: float | None = None

    @property
    @override
    def answers(self) -> bool:
        return self.inverter.answers

    @override
    def memory(self) -> Mapping[int, int]:
        self.catch_up()
        return memory_with(self._chain())

    @override
    def write(self, address: int, words: list[int]) -> ExcCodes | None:
        self.catch_up()
        at = BASES[0] + len(MARKER)
        for kind, points in self._chain():
            held = {STORAGE: self.storage, CONTROLS: self.controls}.get(kind)
            if held is not None and at <= address and address + len(words) <= at + kind.size:
                self._take(kind, held, address - at, words)
                self._heed()
                return None
            at += kind.size + kind.stride * len(points.get(kind.part, ()))
        return ExcCodes.ILLEGAL_ADDRESS

    def catch_up(self) -> None:
        """Let leases run out that are over."""
        now = self.inverter.pack.time
        if self._rates_until is not None and now >= self._rates_until:
            self._rates_until = None
            self.storage["StorCtl_Mod"] = 0
            self._heed()
        if self._setpoint_until is not None and now >= self._setpoint_until:
            self._setpoint_until = None
            self.controls["WSetEna"] = self.controls["WSetEnaRvrt"]
            self._heed()

    def _take(self, kind: type[Block], held: dict[str, Any], offset: int, words: list[int]) -> None:
        """Take words over into the points that they belong to."""
        fields: dict[str, Any] = dict(kind.declared_fields)
        names = {field.address: name for name, field in fields.items()}
        for name, field in fields.items():
            place = field.address - offset
            if place >= 0 and place + field.count <= len(words) and name in held:
                scale = field.scale_register
                exponent = None if scale is None else held[names[scale]]
                held[name] = field.decode(words[place : place + field.count], exponent)
        now = self.inverter.pack.time
        if kind is STORAGE:
            lease = held["InOutWRte_RvrtTms"]
            self._rates_until = now + lease if lease and held["StorCtl_Mod"] else None
        else:
            lease = held["WSetRvrtTms"]
            self._setpoint_until = now + lease if lease and held["WSetEna"] else None

    def _heed(self) -> None:
        """Tell the inverter what the points mean."""
        storage, controls = self.storage, self.controls
        most, mode = storage["WChaMax"], storage["StorCtl_Mod"] or 0
        self.inverter.tell(
            charge_power=most * storage["InWRte"] / 100 if mode & 1 else None,
            discharge_power=most * storage["OutWRte"] / 100 if mode & 2 else None,
            setpoint=-controls["WSet"] if controls["WSetEna"] == 1 and controls["WSetMod"] == 1 else None,
        )

    def _chain(self) -> list[tuple[type[Block], Points]]:
        pack = self.inverter.pack
        current, power = pack.current, self.inverter.power
        port = {"PrtTyp": 1, "DCA": abs(current), "DCV": pack.voltage, "DCW": abs(power), "DCAlrm": 0}
        state = HOLDING if not current else CHARGING if current > 0 else DISCHARGING
        chain: list[tuple[type[Block], Points]] = [
            (COMMON, self.common),
            (STORAGE, {**self.storage, "InBatV": pack.voltage, "ChaSt": state, "ChaState": pack.soc}),
            (CONTROLS, self.controls),
            (STORAGE_CAPACITY, {"SoC": pack.soc, "SoH": 100.0, "Sta": 0, "WH_SF": 0, "Pct_SF": -1}),
            (DC_MEASUREMENT, {"NPrt": 1, "DCA_SF": -1, "DCV_SF": -1, "DCW_SF": 0, DC_MEASUREMENT.part: [port]}),
        ]
        return [(kind, points) for kind, points in chain if kind.number not in self.without]


def _word(value: int) -> int:
    """Return a signed number as a word."""
    return encode_int(value, count=1)[0]


def _signed(*words: int) -> int:
    """Return the signed number of one word or two."""
    raw, span = combine_words(list(words)), 1 << 16 * len(words)
    return raw - span if raw >= span // 2 else raw
