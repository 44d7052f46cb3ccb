"""Answers a flow that looks at a device: whoever is asked says anything that such a device can say, or nothing."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import MagicMock, patch

from homeassistant.core import HomeAssistant
from hypothesis import strategies as st

from custom_components.home_bms.core.model import ConfigError, HardwareRing
from custom_components.home_bms.flow import can, dbc, detect, inverter, inverter_can, link, member, parts, programme
from custom_components.home_bms.flow.inverter_modbus import ModbusInverterSteps
from custom_components.home_bms.hw.can_device import CanDevice
from custom_components.home_bms.hw.can_devices import CAN_DEVICES
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_params import CanParams
from custom_components.home_bms.hw.can_probe import Found
from custom_components.home_bms.hw.detection import Answer, Detection, Finding, Reply
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.inverters.inverter import InverterInfo
from custom_components.home_bms.hw.modbus import ERROR_KEYS
from custom_components.home_bms.hw.openadr_client import VtnClient
from custom_components.home_bms.hw.relay_trial import Trial
from custom_components.home_bms.packs.parts_look import Look
from custom_components.home_bms.programmes.settings import account_of

from .can_frames import USERS
from .grid import NOW, Server, talks
from .material import spoilt_text

Draw = Callable[[st.SearchStrategy[Any]], Any]

NUMERIC: Final = socket.getaddrinfo
NAMES: Final = ("JK-7", "", "é", "x" * 300, "[a](b)")


def odd(*usual: Any) -> st.SearchStrategy[Any]:
    """Return numbers of which the usual come first."""
    return st.sampled_from((*usual, None, 0, 1, 0.1, 65535, 6553.5))


infos: Final = st.builds(
    DeviceInfo,
    manufacturer=st.sampled_from(("Jikong", *NAMES)),
    model=st.sampled_from(("JK PB", *NAMES)),
    serial_number=st.sampled_from(NAMES),
    cells=st.sampled_from((16, 4, None, 0, 1, 255, 65535)),
    capacity=odd(280.0),
    temperature_sensors=st.sampled_from((4, 0, 64, 255)),
    hardware_ring=st.builds(
        HardwareRing,
        cell_overvoltage=odd(3.65),
        cell_undervoltage=odd(2.5),
        charge_current=odd(150.0),
        discharge_current=odd(150.0),
        charge_overtemperature=odd(60.0),
        discharge_overtemperature=odd(60.0),
    ),
    chemistry=st.sampled_from((None, "lfp", "lto")),
)
troubles: Final = st.sampled_from([key for _, key in ERROR_KEYS])
measured: Final = st.lists(odd(3.3, 25.0), max_size=20).map(tuple)
positions: Final = st.lists(st.sampled_from((False, True, None)), max_size=8).map(tuple)
looks: Final = st.builds(
    Look,
    infos=st.lists(infos, min_size=1, max_size=2).map(tuple),
    cells=measured,
    temperatures=measured,
    voltages=measured,
    current=odd(0.0),
    relays=positions,
    contacts=positions,
)
answers: Final = st.builds(
    Answer,
    unit_id=st.integers(0, 247),
    baudrate=st.none(),
    reply=st.sampled_from(Reply),
    code=st.sampled_from((None, 2)),
    devices=st.just(("JK PB",)),
)


def detections(search: detect.Search) -> st.SearchStrategy[Detection]:
    """Return what may be found by a search."""
    findings = st.builds(
        Finding,
        device=st.sampled_from(search.devices),
        unit_id=st.integers(1, 247),
        baudrate=st.sampled_from(search.rates),
        info=infos,
    )
    return st.builds(
        Detection,
        findings=st.lists(findings, max_size=3).map(tuple),
        answers=st.lists(answers, max_size=2).map(tuple),
        complete=st.booleans(),
        in_use=st.just(()),
        not_asked=st.sampled_from(((), ("Daly",))),
    )


def numeric(host: Any, port: Any, *args: Any, **more: Any) -> Any:
    """Find an address as the system does, but ask nobody: only loopback is anywhere."""
    found = NUMERIC(host, port, flags=socket.AI_NUMERICHOST)
    if host not in ("127.0.0.1", b"127.0.0.1"):
        raise socket.gaierror(socket.EAI_NONAME, "nobody is called so")
    return found


class Strangers:
    """Whoever is asked during one conversation."""

    def __init__(self, draw: Draw, folder: Path) -> None:
        self._draw = draw
        self._path = folder / "uploaded"
        # It is read in another thread, in which nothing can be drawn.
        self._file: str | None = draw(st.one_of(st.just(USERS), st.none(), spoilt_text((USERS,))))

    def said[T](self, what: st.SearchStrategy[T]) -> T:
        """Return an answer. Raises DriverError for none."""
        if self._draw(st.integers(0, 5)) == 5:
            raise DriverError(self._draw(troubles), "silent")
        return self._draw(what)

    async def told(self, what: st.SearchStrategy[Any]) -> Any:
        """Return an answer to who waits for it."""
        return self.said(what)

    async def identify(self, settings: Mapping[str, Any]) -> DeviceInfo:
        """Say who the pack at a link is; a few are really asked for, where nobody is."""
        if self._draw(st.integers(0, 2)) == 2:
            return await IDENTIFY(self._flow, settings)
        return self.said(infos)

    async def probe(self, params: CanParams, *_: Any) -> Found:
        """Say what is heard on a bus."""
        if self._draw(st.integers(0, 8)) == 8:
            raise CanLinkError("can_interface_missing", "gone", channel=params.channel)
        heard = st.lists(st.sampled_from(list(CAN_DEVICES.values())), max_size=2, unique=True)
        devices: list[CanDevice] = self.said(heard)
        keys = self._draw(st.frozensets(st.sampled_from((0x351, 0x355, 0x400, 0x80000501)), max_size=4))
        return Found(params=params, devices=tuple(devices), keys=keys, error_frames=self._draw(st.integers(0, 1)))

    @asynccontextmanager
    async def can_look(self, *_: Any) -> AsyncIterator[Any]:
        """Listen to a device on a bus."""
        found = self.said(infos)

        async def who() -> DeviceInfo:
            return found

        yield SimpleNamespace(async_identify=who, shown=lambda: dict.fromkeys(NAMES, "1"))

    @contextmanager
    def uploaded(self, *_: Any) -> Iterator[Path]:
        """Have a file that somebody has sent; it may be gone."""
        if self._file is None:
            raise ValueError("File does not exist")
        self._path.write_text(self._file, encoding="utf-8", errors="surrogatepass")
        yield self._path

    @asynccontextmanager
    async def units(self, *_: Any) -> AsyncIterator[Any]:
        """Borrow whatever units there may be."""
        yield defaultdict(MagicMock)

    async def bench(self, *_: Any) -> bool:
        """Say whether a board restarts a pulse."""
        if self._draw(st.integers(0, 5)) == 5:
            raise ConfigError("parts_no_channel", "main", value=9, maximum=8)
        return bool(self.said(st.booleans()))

    async def listen(self, *_: Any) -> None:
        """Let a server listen, or not."""
        if self._draw(st.integers(0, 3)) == 3:
            raise OSError("it is taken")

    def client(self, hass: HomeAssistant, data: Mapping[str, Any]) -> VtnClient:
        """Return a client of a programme's server."""
        said = Server(self._draw(talks()))
        return VtnClient(said, account_of(data), clock=lambda: NOW)  # type: ignore[arg-type]

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Be whoever a flow asks."""
        trials = st.builds(Trial, closed=st.booleans(), opened=st.booleans(), moved=st.sampled_from(((), (0,))))
        inverters = st.tuples(
            st.builds(InverterInfo, model=st.sampled_from(NAMES), serial_number=st.sampled_from(NAMES)),
            st.sampled_from((frozenset(), frozenset({"no_control"}))),
        )
        strangers = self

        async def identify(flow: Any, settings: Mapping[str, Any]) -> DeviceInfo:
            strangers._flow = flow
            return await strangers.identify(settings)

        with (
            patch.object(socket, "getaddrinfo", numeric),
            patch.object(link.LinkSteps, "_async_identify", identify),
            patch.object(ModbusInverterSteps, "_async_identify", lambda *_: self.told(inverters)),
            patch.object(member.MemberSteps, "_async_bench", self.bench),
            patch.object(detect, "detect", lambda search: self.told(detections(search))),
            patch.multiple(can, async_probe=self.probe, async_can_look=self.can_look),
            patch.object(inverter_can, "async_probe", self.probe),
            patch.object(dbc, "process_uploaded_file", self.uploaded),
            patch.multiple(
                parts,
                async_look=lambda *_: self.told(looks),
                borrowed_units=self.units,
                _identified=lambda _: self.told(infos),
            ),
            patch.object(member, "async_try_relay", lambda *_: self.told(trials)),
            patch.multiple(inverter.SunSpecServer, async_start=self.listen, async_stop=self.listen),
            patch.object(programme, "async_client", self.client),
        ):
            yield


IDENTIFY: Final = link.LinkSteps._async_identify
