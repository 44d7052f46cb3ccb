"""Reads a pack over Bluetooth through aiobmsble, which speaks the protocols of some fifty families."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, override

from bleak.exc import BleakError

from ..core.model import Decision, PackReading
from .bluetooth_sample import one_pack, reading
from .driver import Capability, DeviceInfo, Driver, DriverError

if TYPE_CHECKING:
    from aiobmsble import BMSInfo
    from aiobmsble.basebms import BaseBMS
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

UNFIT: Final = frozenset(
    {
        "allpowers_bms",
        "buknuwo_bms",
        "dummy_bms",
        "lipower_bms",
        "pro_bms",
        "pylontech_bms",
        "superb_bms",
        "superb_v2_bms",
    }
)
"""Families that tell no voltage of each cell (aiobmsble 0.31.0; a Pylontech RT tells its highest and lowest alone)."""
SENDING: Final = frozenset(
    {
        "dometic_bms",
        "ecoworthy_bms",
        "jikong_bms",
        "lithionics_bms",
        "myvolta_bms",
        "neey_bms",
        "pwrxtreme_bms",
        "topband_bms",
        "ws_nova_bms",
        "x123smart_bms",
    }
)
"""Families that send by themselves: a sample may have come at any time since the last one (aiobmsble 0.31.0)."""

PACE: Final = 1.5
"""s from one question to the next, which is every other tick of a second: each takes a BMS's radio several frames."""
CONNECT_WITHIN: Final = 60.0
"""s for finding a way to the pack and a free slot of an adapter or proxy."""
CONNECT_AGAIN: Final = 5.0
"""s after a connection that failed."""
ANSWER_WITHIN: Final = 15.0
"""s for all that makes one sample, with aiobmsble's own retries."""
PART_WITHIN: Final = 5.0
"""s for giving the connection up."""
NEVER: Final = float("-inf")

ERROR_KEYS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((PermissionError, ConnectionRefusedError), "refused"),
    ((TimeoutError,), "no_answer"),
    ((BleakError, EOFError, OSError), "cannot_connect"),
    ((ValueError, LookupError, TypeError, ArithmeticError), "nonsense"),
)
"""The first row that fits tells what a failure means to the user; the last are frames that aiobmsble trips over."""
FAILURES: Final = tuple(kind for kinds, _ in ERROR_KEYS for kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Packs that speak alike."""

    key: str
    """What aiobmsble calls it; kept with a pack."""
    name: str


async def async_family(advertisement: AdvertisementData, address: str) -> Family | None:
    """Return the family of a device by how it announces itself, `None` where home_bms can do nothing with it."""
    kind: type[BaseBMS] | None = await (await _library()).bms_identify(advertisement, address)
    if kind is None:
        return None
    family = Family(key=kind.get_bms_module().rpartition(".")[2], name=kind.bms_id())
    return None if family.key in UNFIT else family


async def _library() -> ModuleType:
    """Return aiobmsble's tools.

    It binds bleak's client when it is imported, and Home Assistant puts one in that one's place that knows the proxies:
    importing it before Home Assistant's Bluetooth is set up would go past them.
    """
    return await asyncio.get_running_loop().run_in_executor(None, import_module, "aiobmsble.utils")


def driver_error(error: Exception) -> DriverError:
    """Return what a failure means, by `ERROR_KEYS`."""
    key = next(key for kinds, key in ERROR_KEYS if isinstance(error, kinds))
    return DriverError(key, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


class BluetoothDriver(Driver):
    """One pack on Bluetooth, read alone; keeps the connection, the last sample and no opinion.

    `find` returns the device as it is heard now, or `None`. The pack is nobody else's while the connection is open, so
    unlike a request on a shared bus one that hangs is given up.
    """

    capabilities = Capability.NONE

    def __init__(
        self,
        address: str,
        family: str,
        find: Callable[[], BLEDevice | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._family = family
        self._find = find
        self._clock = clock
        self._bms: BaseBMS | None = None
        self._info: DeviceInfo | None = None
        self._last: PackReading | None = None
        self._cells = 0
        self._sensors = 0
        self._due = NEVER
        self._heard = NEVER
        """When the last sample was taken, or connecting began: no sample can be older."""
        self._failure = ("", "")
        """Key and message of the last try to connect that failed ..."""
        self._rest_until = NEVER
        """... and until when there is no other."""
        self._waiting: asyncio.Timeout | None = None
        self._closed = False

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "the pack has not been identified yet")
        return self._info

    @override
    async def async_identify(self) -> DeviceInfo:
        bms = await self._connect()
        about: BMSInfo = {}
        with suppress(DriverError):
            # Not every pack tells it, and none needs to: its address is its identity.
            about = await self._ask(lambda bms: bms.device_info())
        last = self._last = await self._look()
        self._info = DeviceInfo(
            manufacturer=bms.INFO["manufacturer"],
            model=bms.INFO["model"],
            serial_number=self._address,
            hardware=about.get("hw_version") or None,
            firmware=about.get("sw_version") or about.get("fw_version") or None,
            cells=None if None in last.cells else len(last.cells) or None,
            capacity=last.capacity,
            temperature_sensors=self._sensors,
        )
        return self._info

    @override
    async def async_read(self) -> PackReading:
        if self._info is None:
            await self.async_identify()
        if self._last is None or self._clock() >= self._due:
            self._last = await self._look()
        return replace(self._last, time=self._clock())

    @override
    async def async_apply(self, decision: Decision) -> None:
        """Do nothing: aiobmsble reads."""

    @override
    async def async_release(self) -> None:
        """Do nothing: nothing was taken."""

    async def async_close(self) -> None:
        """Give the connection up for good, also while it is being made or used."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        await self._part()

    async def _look(self) -> PackReading:
        """Return a new sample. Raises DriverError."""
        await self._connect()
        began = self._clock()
        values = one_pack(await self._ask(lambda bms: bms.async_update(raw=True)))
        sends = self._family in SENDING
        told = reading(values, cells=self._cells, sensors=self._sensors, measured=self._heard if sends else began)
        self._cells, self._sensors = len(told.cells), len(told.temperatures)
        self._heard = self._clock()
        self._due = began if sends else began + PACE
        return told

    async def _ask[T](self, question: Callable[[BaseBMS], Coroutine[Any, Any, T]]) -> T:
        """Ask the pack something; the connection on which that fails is given up. Raises DriverError."""
        bms = await self._connect()
        try:
            return await self._within(ANSWER_WITHIN, question(bms))
        except FAILURES as err:
            await self._part()
            raise driver_error(err) from err
        except BaseException:
            await self._part()
            raise

    async def _connect(self) -> BaseBMS:
        """Return the connected pack. Raises DriverError."""
        if self._bms is not None and self._bms.is_connected:
            return self._bms
        await self._part()
        if self._clock() < self._rest_until:
            raise DriverError(*self._failure)
        device = self._find()
        if device is None:
            raise DriverError("out_of_reach", f"no Bluetooth adapter or proxy hears {self._address}")
        kind: type[BaseBMS] | None = await (await _library()).bms_cls(self._family)
        if kind is None:
            raise DriverError("not_supported", f"aiobmsble knows no {self._family}")
        if self._closed:
            raise DriverError("no_answer", "the pack is being let go")
        self._heard = self._clock()
        bms = kind(device)
        try:
            async with AsyncExitStack() as undo:
                undo.push_async_callback(_let_go, bms)
                await self._within(CONNECT_WITHIN, undo.enter_async_context(bms))
                undo.pop_all()
        except FAILURES as err:
            failure = driver_error(err)
            key = "cannot_connect" if failure.key == "no_answer" else failure.key
            self._failure = (key, str(failure))
            self._rest_until = self._clock() + CONNECT_AGAIN
            raise DriverError(*self._failure) from err
        self._bms = bms
        return bms

    async def _within[T](self, seconds: float, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work that is ended after so many seconds, or when the driver is closed. Raises TimeoutError then."""
        try:
            async with asyncio.timeout(seconds) as self._waiting:
                return await work
        finally:
            self._waiting = None

    async def _part(self) -> None:
        """Give the connection up, if there is one."""
        bms, self._bms = self._bms, None
        if bms is not None:
            await _let_go(bms)


async def _let_go(bms: BaseBMS) -> None:
    """Disconnect; a pack that is gone anyway is let go all the same."""
    with suppress(*FAILURES):
        async with asyncio.timeout(PART_WITHIN):
            await bms.disconnect()
