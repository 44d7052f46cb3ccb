"""A virtual pack that is built from parts: its boards on two lines, and what can break of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from ...core.model import PackReading, Switches
from ..devices import DEVICES, waveshare_relay_io
from ..driver import DeviceInfo
from .contactor import ContactorPack
from .faults import FAULTS
from .host import LIMITS_LEASE
from .house import House
from .line import Line, MapBoard
from .relays import Second, VirtualRelays
from .world import VirtualWorld

DIVIDER: Final = 20.0
"""What the voltage behind the contactor is divided by in front of the analog input."""
MAIN, PRECHARGE, SECOND_MAIN = 0, 1, 2
"""The relays of the board, from 0."""
AUXILIARY: Final = 0
"""The input that the auxiliary contact is wired to."""
MEASURE, SWITCH = "measure", "switch"
"""The two lines: the trip path is apart from the bus that carries slow devices (modbus/10_diy_boards.md D)."""
PROBES: Final = 4
ON_SWITCH: Final = 7
"""The temperature channel that sits on the contactor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFault:
    """One thing that can break of the parts, and how."""

    text: str
    begin: Callable[[VirtualParts, str | None], None]
    end: Callable[[VirtualParts], None]


def _pack(name: str, value: object, sound: object) -> dict[str, Any]:
    return {
        "begin": lambda parts, _: setattr(parts.pack, name, value),
        "end": lambda parts: setattr(parts.pack, name, sound),
    }


def _relays(name: str, value: object, sound: object) -> dict[str, Any]:
    return {
        "begin": lambda parts, _: setattr(parts.relays, name, value),
        "end": lambda parts: setattr(parts.relays, name, sound),
    }


def _silence(parts: VirtualParts, board: str | None) -> None:
    parts.boards[board or "relays"].silent = True


def _speak(parts: VirtualParts) -> None:
    for board in parts.boards.values():
        board.silent = False


def _link(parts: VirtualParts, _: str | None) -> None:
    parts.relays.modes[MAIN] = 1


def _unlink(parts: VirtualParts) -> None:
    parts.relays.modes[MAIN] = 0


PART_FAULTS: Final[Mapping[str, PartFault]] = MappingProxyType(
    {
        "contactor_welded": PartFault(text="The contactor stays closed.", **_pack("welded", True, False)),
        "contactor_stuck_open": PartFault(text="The contactor stays open.", **_pack("stuck_open", True, False)),
        "auxiliary_stuck_open": PartFault(
            text="The auxiliary contact shows open.", **_pack("auxiliary_stuck", False, None)
        ),
        "auxiliary_stuck_closed": PartFault(
            text="The auxiliary contact shows closed.", **_pack("auxiliary_stuck", True, None)
        ),
        "link_shorted": PartFault(text="A load keeps the link from filling.", **_pack("load", 5.0, 5000.0)),
        "board_silent": PartFault(text="A board does not answer.", begin=_silence, end=_speak),
        "pulse_ignored": PartFault(
            text="A second pulse changes nothing.", **_relays("second", Second.IGNORED, Second.RESTARTS)
        ),
        "pulse_adds": PartFault(
            text="A second pulse is added to the first.", **_relays("second", Second.ADDS, Second.RESTARTS)
        ),
        "relay_linked": PartFault(text="An input moves the main relay.", begin=_link, end=_unlink),
    }
)


class VirtualParts:
    """A pack of cells, its boards, a contactor, and a house that uses it."""

    def __init__(
        self,
        *,
        seed: int = 0,
        cells: int = 16,
        capacity: float = 280.0,
        soc: float = 50.0,
        speed: float = 1.0,
        house: bool = True,
        start_hour: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build it, without any link yet; `speed` in seconds of the house for each of `clock`. Raises ValueError."""
        self.pack = ContactorPack(
            seed=seed, cells=cells, capacity=capacity, soc=soc, temperature_sensors=min(PROBES, cells)
        )
        self.house = (
            House(self.pack, seed=seed, start_hour=start_hour, lease=LIMITS_LEASE * max(1.0, speed)) if house else None
        )
        self.world = VirtualWorld(self.pack, self.house, speed=speed, clock=clock)
        self._type = "rtu_over_tcp"
        self.relays = VirtualRelays(waveshare_relay_io.DEVICE, 1, clock=clock)
        self.relays.contacts[AUXILIARY] = self._auxiliary
        self.pack.main = lambda: self.relays.relay(MAIN) or self.relays.relay(SECOND_MAIN)
        self.pack.precharge = lambda: self.relays.relay(PRECHARGE)
        self.boards: dict[str, MapBoard | VirtualRelays] = {
            "monitor": self.board("heltec", 1),
            "probes": self.board("r4dcb08", 2),
            "shunt": self.board("diybms_shunt", 90),
            "inputs": self.board("waveshare_analog_in", 3),
            "relays": self.relays,
        }
        """By the member's name."""
        self.lines: dict[str, Line] = {
            MEASURE: Line(*(board for board in self.boards.values() if board is not self.relays)),
            SWITCH: Line(self.relays),
        }

    @property
    def info(self) -> DeviceInfo:
        """Who the pack's monitor says it is."""
        return replace(self.pack.info, manufacturer="Heltec", model="virtual monitor")

    async def async_start(self, *, tcp: bool = False) -> None:
        """Serve both lines on loopback, as RTU over TCP or as Modbus TCP. Raises OSError."""
        self._type = "tcp" if tcp else "rtu_over_tcp"
        for line in self.lines.values():
            await (line.start_tcp() if tcp else line.start_rtu_over_tcp())

    async def async_stop(self) -> None:
        """Close both lines."""
        for line in self.lines.values():
            await line.stop()

    def data(self, *, mains: tuple[int, ...] = (MAIN,), **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Return the parts as a config entry keeps them; `mains` are the relays of the contactor's coil.

        `changes` are fields of the relay board's row.
        """
        cells = len(self.pack.cells)
        relays = {
            "name": "relays",
            "device": "waveshare_relay_io",
            "link": SWITCH,
            "unit_ids": [1],
            "main": list(mains),
            "precharge": [PRECHARGE],
            "pulse_restarts": True,
            "auxiliary": {"channel": AUXILIARY, "normally_open": True},
            **changes,
        }
        return {
            "links": {
                name: {"type": self._type, "host": "127.0.0.1", "port": line.port} for name, line in self.lines.items()
            },
            "members": [
                {
                    "name": "monitor",
                    "device": "heltec",
                    "link": MEASURE,
                    "unit_ids": [1],
                    "cells": list(range(cells)),
                    "pack_voltage": {"channel": 0},
                },
                {
                    "name": "probes",
                    "device": "r4dcb08",
                    "link": MEASURE,
                    "unit_ids": [2],
                    "temperatures": list(range(min(PROBES, cells))),
                    "switch_temperature": ON_SWITCH,
                },
                {"name": "shunt", "device": "diybms_shunt", "link": MEASURE, "unit_ids": [90], "current": "as_told"},
                {
                    "name": "inputs",
                    "device": "waveshare_analog_in",
                    "link": MEASURE,
                    "unit_ids": [3],
                    "link_voltage": {"channel": 0, "factor": DIVIDER},
                },
                relays,
            ],
        }

    def inject(
        self,
        name: str,
        cell: int | None = None,
        value: float | None = None,
        duration: float | None = None,
        *,
        board: str | None = None,
    ) -> None:
        """Let a fault of the parts (`PART_FAULTS`) or of the pack (`faults.FAULTS`) begin. Raises ValueError.

        `board` is the member that falls silent; `cell`, `value` and `duration` are for faults of the pack.
        """
        self.world.catch_up()
        if name in PART_FAULTS:
            PART_FAULTS[name].begin(self, board)
            self.pack.changed()
        else:
            self.pack.inject(name, cell, value, duration)

    def clear(self, name: str | None = None) -> None:
        """End one kind of fault, or all. Raises ValueError."""
        self.world.catch_up()
        for known, fault in PART_FAULTS.items():
            if name in (None, known):
                fault.end(self)
        if name is None or name in FAULTS:
            self.pack.clear(name)
        elif name not in PART_FAULTS:
            raise ValueError(f"no fault {name!r}; there are: {', '.join((*PART_FAULTS, *FAULTS))}")
        self.pack.changed()

    def obey(self, cvl: float | None, ccl: float | None, dcl: float | None) -> None:
        """Give the house's inverter limits in V and A of the pack, both currents positive; `None` limits nothing."""
        if self.house is not None:
            self.house.obey(cvl, ccl, dcl)

    def _auxiliary(self) -> bool:
        self.world.catch_up()
        return self.pack.auxiliary

    def board(self, key: str, unit_id: int) -> MapBoard:
        """Return one more board that sees this pack, for a line of its own or one of these."""
        return MapBoard(DEVICES[key], unit_id, self.look, self._version)

    def _version(self) -> int:
        """Return what changes whenever a board could see something else."""
        self.world.catch_up()
        return self.pack.version

    def look(self) -> tuple[PackReading, DeviceInfo]:
        """Return what the boards see now; the last temperature channel sits on the contactor."""
        told = self.pack.reading(self.pack.time)
        spare = (None,) * (ON_SWITCH - len(told.temperatures))
        seen = replace(
            told,
            temperatures=(*told.temperatures, *spare, told.switch_temperature),
            link_voltage=self.pack.link / DIVIDER,
            switches=Switches(charge=True, discharge=True),
            alarms=frozenset(),
        )
        return seen, self.info
