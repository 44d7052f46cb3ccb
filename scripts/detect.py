"""The workbench's `detect`: looks for known devices on a link, without writing."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw.detect import BUDGET, Search, Units, baudrates, detect, unit_ids
from custom_components.home_bms.hw.detection import Answer, Detection, Finding
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.wire import Wire

SOCKET_BAUDRATE: Final = 115200


def add_detect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the workbench's."""
    parser = commands.add_parser(
        "detect",
        help="look for known devices on a link, without writing; one JSON line each",
        description="Exit code 0: something was found; 1: nothing was; 2: the link cannot be used.",
    )
    parser.add_argument("link", help="tcp://host:port, rtu+tcp://host:port or a serial port")
    parser.add_argument("--baud", type=int, metavar="RATE", help="of a serial port (default: those of all devices)")
    parser.add_argument("--units", default="", help="unit ids, such as 1-4,210 (default: 1-16 and fixed ones)")
    parser.add_argument("--budget", type=float, default=BUDGET, metavar="SECONDS", help="at most (%(default)s)")
    parser.set_defaults(run=lambda given: asyncio.run(run(given)))


async def run(given: argparse.Namespace) -> int:
    """Search and print; return the exit code."""
    try:
        ids = unit_ids(given.units)
        link = Link(given.link)
    except ValueError as err:
        return refuse(str(err))
    devices = tuple(DEVICES.values())
    rates: tuple[int | None, ...] = (None,)
    if link.path is not None and link.serial:
        rates = (given.baud,) if given.baud else tuple(baudrates(devices))
    search = Search(
        open_link=link.open,
        open_line=link.open_line,
        devices=devices,
        rates=rates,
        unit_ids=ids,
        budget=given.budget,
        progress=progress if sys.stderr.isatty() else lambda _share, _what: None,
    )
    try:
        found = await detect(search)
    except DriverError as err:
        return refuse(f"{err.key}: {err}")
    for line in told(found):
        print(json.dumps(line))
    return int(not found.findings)


class Link:
    """A link by its name, opened as often as the search wants."""

    def __init__(self, name: str) -> None:
        """Read a name. Raises ValueError."""
        parts = urlsplit(name)
        self.tcp = ModbusTcpParams(host=parts.hostname or "", port=parts.port or 502) if parts.scheme == "tcp" else None
        self.serial = parts.scheme not in ("tcp", "rtu+tcp")
        self.path = None if self.tcp else name if self.serial else f"socket://{parts.netloc}"

    @asynccontextmanager
    async def open(self, rate: int | None) -> AsyncIterator[Units]:
        """Open a Modbus link."""
        params = self.tcp or ModbusSerialParams(device=self.path or "", baudrate=rate or SOCKET_BAUDRATE)
        connection = ModbusConnection(params)

        async def unit(unit_id: int) -> ModbusUnit:
            return connection.for_unit(unit_id)

        try:
            yield unit
        finally:
            await connection.close()

    @asynccontextmanager
    async def open_line(self, device: Device, rate: int | None) -> AsyncIterator[Units]:
        """Open a line for a device that speaks no Modbus. Raises DriverError where there can be none."""
        if self.path is None:
            raise DriverError("needs_serial_frames", "Modbus TCP carries no other frames")
        wire = Wire(self.path, baudrate=rate or SOCKET_BAUDRATE, stopbits=device.stopbits)

        async def unit(unit_id: int) -> ModbusUnit:
            return wire.for_unit(unit_id, device.dialect)

        try:
            yield unit
        finally:
            await wire.close()


def told(found: Detection) -> list[dict[str, Any]]:
    """Return all that a search has to tell: findings, other answers, and what it left out."""
    rest = {"in_use": list(found.in_use), "not_asked": list(found.not_asked), "complete": found.complete}
    return [*map(finding, found.findings), *map(answer, found.answers), rest]


def finding(found: Finding) -> dict[str, Any]:
    """Return a device that was found."""
    identity = {key: value for key, value in asdict(found.info).items() if value is not None}
    return {"device": found.device.key, **_place(found), "sure": found.sure, "identity": identity}


def answer(other: Answer) -> dict[str, Any]:
    """Return what else answered."""
    code = {} if other.code is None else {"exception": int(other.code)}
    return {"answer": other.reply, **_place(other), **code, "asked_for": list(other.devices)}


def _place(told: Finding | Answer) -> dict[str, Any]:
    return {"unit": told.unit_id} | ({} if told.baudrate is None else {"baudrate": told.baudrate})


def progress(share: float, what: str) -> None:
    """Show on one line of a terminal how far it is."""
    print(f"\r\x1b[K{100 * share:3.0f} %  {what}", end="" if share < 1 else "\n", file=sys.stderr, flush=True)


def refuse(message: str) -> int:
    """Say why there was no search; return the exit code."""
    print(f"bms: {message}", file=sys.stderr)
    return 2
