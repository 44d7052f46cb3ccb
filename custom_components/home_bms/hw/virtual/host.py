"""A whole virtual pack in one object: physics, house and server, as Home Assistant runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ..devices import DEVICES
from ..driver import DeviceInfo
from ..relays import RelayBoard
from .house import House
from .line import Line
from .pack import VirtualPack
from .relays import VirtualRelays
from .server import VirtualServer
from .world import VirtualWorld

LIMITS_LEASE: Final = 15.0
"""s of the clock after which limits that nobody renews lapse (thresholds.md 2.12).

The inverter then goes by its own settings, as one does that was told to carry on without a BMS.
"""

_SENSORS: Final = 4


class VirtualHost:
    """A virtual pack in a house, served on loopback."""

    def __init__(
        self,
        *,
        device_key: str = "jk_pb",
        chemistry: str = "lfp",
        cells: int = 16,
        capacity: float = 280.0,
        seed: int = 0,
        speed: float = 1.0,
        serial_number: str = "VIRTUAL-0001",
        soc: float = 50.0,
        start_hour: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build it, without any link yet.

        `capacity` in Ah, `speed` in seconds of the house for each real one. Raises ValueError for what cannot be.
        """
        if device_key not in DEVICES:
            raise ValueError(f"no device {device_key!r}; there are: {', '.join(DEVICES)}")
        self.pack = VirtualPack(
            chemistry=chemistry,
            cells=cells,
            capacity=capacity,
            seed=seed,
            soc=soc,
            serial_number=serial_number,
            temperature_sensors=min(_SENSORS, cells),
        )
        lease = LIMITS_LEASE * max(1.0, speed)
        self.house = House(self.pack, seed=seed, start_hour=start_hour, lease=lease)
        self.world = VirtualWorld(self.pack, self.house, speed=speed, clock=clock)
        device = DEVICES[device_key]
        self.server: VirtualServer | Line = (
            Line(VirtualRelays(device, clock=clock))
            if isinstance(device, RelayBoard)
            else VirtualServer(self.world, device)
        )

    @property
    def info(self) -> DeviceInfo:
        """Who the pack says it is."""
        return self.pack.info

    async def async_start(self) -> int:
        """Serve the pack over Modbus TCP on loopback and return the port. Raises OSError."""
        return await self.server.start_tcp()

    async def async_stop(self) -> None:
        """Close the server."""
        await self.server.stop()

    def inject(
        self, name: str, cell: int | None = None, value: float | None = None, duration: float | None = None
    ) -> None:
        """Let a fault begin (`faults.FAULTS`), for `duration` seconds of the house. Raises ValueError."""
        self.world.catch_up()
        self.pack.inject(name, cell, value, duration)

    def clear(self, name: str | None = None) -> None:
        """End one kind of fault, or all. Raises ValueError."""
        self.world.catch_up()
        self.pack.clear(name)

    def obey(self, cvl: float | None, ccl: float | None, dcl: float | None) -> None:
        """Give the house's inverter limits in V and A of the pack, both currents positive; `None` limits nothing."""
        self.house.obey(cvl, ccl, dcl)
