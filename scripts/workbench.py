"""The command-line workbench: virtual packs, real ones, recorded frames, black boxes, recordings of a battery."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pty
import signal
import sys
import threading
import tty
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "custom_components.home_bms"
if PACKAGE not in sys.modules:
    # The integration's own __init__ would load all of Home Assistant; the workbench needs its hardware half alone.
    half = ModuleType(PACKAGE)
    half.__path__ = [str(ROOT / "custom_components/home_bms")]
    sys.modules[PACKAGE] = half
sys.path.insert(0, str(ROOT))

from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit  # noqa: E402
from modbus_connection.tmodbus import ModbusConnection  # noqa: E402

from custom_components.home_bms.core.model import PackReading  # noqa: E402
from custom_components.home_bms.hw.can_devices import CAN_DEVICES  # noqa: E402
from custom_components.home_bms.hw.devices import DEVICES, Device  # noqa: E402
from custom_components.home_bms.hw.driver import DriverError  # noqa: E402
from custom_components.home_bms.hw.frames import (  # noqa: E402
    FrameError,
    NothingToldError,
    RefusedError,
    from_tcp,
    memory_of,
    parse_request,
    valid,
)
from custom_components.home_bms.hw.modbus import ModbusDriver  # noqa: E402
from custom_components.home_bms.hw.registers import Kind, Memory  # noqa: E402
from custom_components.home_bms.hw.virtual import FAULTS, Place, VirtualHost  # noqa: E402
from custom_components.home_bms.hw.wire import Wire  # noqa: E402
from scripts import candump  # noqa: E402
from scripts.detect import add_detect  # noqa: E402
from scripts.encode import add_encode  # noqa: E402
from scripts.estimate import add_estimate  # noqa: E402
from scripts.replay import add_replay  # noqa: E402
from scripts.what_if import add_what_if  # noqa: E402

FRAMINGS: Final = (None, "rtu", "tcp", "registers", "jk_bulk")
type Case = tuple[str, Callable[[], Memory]]
"""A name, and what brings its registers; that raises FrameError where there are none."""


def main() -> int:
    """Run the command that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(prog="bms", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    device = argparse.ArgumentParser(add_help=False)
    device.add_argument(
        "device", choices=sorted(DEVICES), metavar="DEVICE", help=f"one of: {', '.join(sorted(DEVICES))}"
    )

    serving = commands.add_parser("serve", parents=[device], help="let a virtual pack answer, with faults on request")
    where = serving.add_mutually_exclusive_group()
    where.add_argument("--tcp", type=int, metavar="PORT", help="Modbus TCP on loopback (default: on a free port)")
    where.add_argument(
        "--rtu-over-tcp", type=int, metavar="PORT", help="RTU frames over TCP on loopback; 0: a free port"
    )
    where.add_argument("--pty", action="store_true", help="RTU frames on a pseudo terminal")
    serving.add_argument("--unit", type=int, default=1, help="the pack's unit id or its board's number (default: 1)")
    serving.add_argument("--cells", type=int, default=16, help="cells in series (default: 16)")
    serving.add_argument("--chemistry", default="lfp", help="of the cells (default: lfp)")
    serving.add_argument("--seed", type=int, default=0, help="the same seed gives the same pack (default: 0)")
    serving.add_argument("--speed", type=float, default=1.0, help="its seconds for each real one (default: 1)")
    serving.set_defaults(run=lambda given: asyncio.run(serve(given)))

    reading = commands.add_parser(
        "read", parents=[device], help="poll a pack and print what it tells, one JSON line a reading"
    )
    reading.add_argument("link", help="tcp://host:port, rtu+tcp://host:port or a serial port")
    reading.add_argument("--unit", type=int, default=1, help="the pack's unit id or its board's number (default: 1)")
    reading.add_argument("--watch", action="store_true", help="once a second until Ctrl-C")
    reading.add_argument("--count", type=int, help="once a second, so many times")
    reading.set_defaults(run=lambda given: asyncio.run(read(given)))

    decoding = commands.add_parser("decode", help="explain recorded frames or a register dump, one JSON line each")
    decoding.add_argument(
        "device",
        nargs="?",
        choices=sorted((*DEVICES, *CAN_DEVICES)),
        metavar="DEVICE",
        help="whose frames they are (default: the file's name; on CAN, what fits)",
    )
    decoding.add_argument("file", type=Path, help="vectors (JSON), registers (JSON), frames as hex text, a candump log")
    decoding.set_defaults(run=decode)

    add_encode(commands)
    add_detect(commands)
    add_estimate(commands)
    add_replay(commands)
    add_what_if(commands)

    given = parser.parse_args()
    with suppress(KeyboardInterrupt, BrokenPipeError):
        return int(given.run(given))
    return 0


async def serve(given: argparse.Namespace) -> int:
    """Serve a virtual pack until Ctrl-C, say on one JSON line where, and do what standard input says (`command`)."""
    try:
        host = VirtualHost(
            device_key=given.device, chemistry=given.chemistry, cells=given.cells, seed=given.seed, speed=given.speed
        )
    except (ValueError, KeyError) as err:
        return complain(f"there is no such pack: {err}")
    host.server.unit_id = DEVICES[given.device].unit(given.unit)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(command, host, line.split())

    try:
        async with served(host, given) as where:
            print(json.dumps({"device": given.device, "unit": host.server.unit_id, "link": where}), flush=True)
            # A thread that need not end: nothing wakes a read of standard input.
            threading.Thread(target=listen, daemon=True).start()
            await stop.wait()
    except OSError as err:
        return complain(str(err))
    return 0


@asynccontextmanager
async def served(host: VirtualHost, given: argparse.Namespace) -> AsyncIterator[str]:
    """Open the link that was asked for and give its name, as `read` takes it. Raises OSError."""
    try:
        if given.pty:
            port = await host.server.start_rtu_over_tcp()
            async with terminal(port) as path:
                yield path
        elif given.rtu_over_tcp is not None or (DEVICES[given.device].own_line and given.tcp is None):
            yield f"rtu+tcp://127.0.0.1:{await host.server.start_rtu_over_tcp(port=given.rtu_over_tcp or 0)}"
        else:
            yield f"tcp://127.0.0.1:{await host.server.start_tcp(port=given.tcp or 0)}"
    finally:
        await host.async_stop()


@asynccontextmanager
async def terminal(port: int) -> AsyncIterator[str]:
    """Join a new pseudo terminal to a TCP port of this machine, again and again, and give its path. Raises OSError."""
    ours, theirs = pty.openpty()
    # The other end stays open, so that the terminal outlives those who open and close it.
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    lines: list[asyncio.StreamWriter] = []

    async def join() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                lines[:] = [writer]
                while data := await reader.read(512):
                    os.write(ours, data)
                writer.close()
            await asyncio.sleep(0.2)

    def spoken_to() -> None:
        data = os.read(ours, 512)
        for writer in lines:
            writer.write(data)

    loop.add_reader(ours, spoken_to)
    joining = asyncio.create_task(join())
    try:
        yield os.ttyname(theirs)
    finally:
        joining.cancel()
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
        for writer in lines:
            writer.close()


def command(host: VirtualHost, words: list[str]) -> None:
    """Do what a line says: `FAULT [CELL] [VALUE] [SECONDS]`, `clear [FAULT]`, `help`; cells count from 1."""
    if not words:
        return
    name, *rest = words
    if name == "help":
        for fault in FAULTS.values():
            place = "" if fault.place is Place.PACK else f" {fault.place}"
            print(f"{fault.name}{place}{f' {fault.unit}' if fault.unit else ''}: {fault.text}", file=sys.stderr)
        return
    try:
        if name == "clear":
            host.clear(*rest[:1])
            return
        numbers = [float(word) for word in rest]
        placed = name in FAULTS and FAULTS[name].place is not Place.PACK
        cell = int(numbers.pop(0)) - 1 if placed and numbers else None
        value, duration, *_ = (*numbers, None, None)
        host.inject(name, cell, value, duration)
    except ValueError as err:
        complain(str(err))


async def read(given: argparse.Namespace) -> int:
    """Print readings of a pack; errors go to stderr and make the exit code 1 if the last reading failed."""
    device = DEVICES[given.device]
    failed = True
    left = given.count or (None if given.watch else 1)
    try:
        connection = link(given.link, device)
    except ValueError as err:
        return complain(f"{given.link} is no link: {err}")
    try:
        driver = device.driver(unit_on(connection, device, given.unit))
        while left is None or left > 0:
            try:
                words = spoken(await driver.async_read())
                if device.kind is not Kind.PACK and isinstance(driver, ModbusDriver):
                    # What a board tells that is part of a pack only by what the user wires to it.
                    words |= device.shown(driver.values)
                print(json.dumps({**words, "identity": asdict(driver.info)}), flush=True)
                failed = False
            except DriverError as err:
                failed = bool(complain(f"{err.key}: {err}"))
            left = None if left is None else left - 1
            if left != 0:
                await asyncio.sleep(1)
    finally:
        await connection.close()
    return int(failed)


def link(name: str, device: Device) -> ModbusConnection | Wire:
    """Return a link as Home Assistant makes it; it connects with the first request. Raises ValueError."""
    parts = urlsplit(name)
    if parts.scheme == "tcp":
        if device.own_line:
            raise ValueError(f"a {device.name} speaks no Modbus TCP; rtu+tcp:// passes its own frames through")
        return ModbusConnection(ModbusTcpParams(host=parts.hostname or "", port=parts.port or 502))
    path = f"socket://{parts.netloc}" if parts.scheme == "rtu+tcp" else name
    if device.own_line:
        return Wire(path, baudrate=device.baudrate, listens=device.broadcast is not None)
    return ModbusConnection(ModbusSerialParams(device=path, baudrate=device.baudrate, stopbits=device.stopbits))


def unit_on(connection: ModbusConnection | Wire, device: Device, number: int) -> ModbusUnit:
    """Return a pack's unit by its unit id or its board's number."""
    unit_id = device.unit(number)
    if isinstance(connection, Wire):
        return connection.for_unit(unit_id, device.dialect)
    return connection.for_unit(unit_id)


def decode(given: argparse.Namespace) -> int:
    """Print what each recorded vector of a file says, or why it says nothing."""
    try:
        content = given.file.read_bytes()
    except OSError as err:
        return complain(f"cannot read {given.file}: {err.strerror}")
    key = given.device or given.file.stem
    if given.device not in DEVICES and (frames := candump.recorded(content)) is not None:
        for said in candump.explained(frames, given.device):
            print(json.dumps(said))
        return 0
    if key not in DEVICES:
        return complain(f"{key} is no device; name one of: {', '.join(sorted((*DEVICES, *CAN_DEVICES)))}")
    device = DEVICES[key]
    for name, memory in cases(device, content, given.file.stem):
        line: dict[str, Any] = {"id": name, "reading": None, "error": None}
        try:
            line["reading"] = explained(device, memory())
        except NothingToldError as err:
            line["note"] = str(err)
        except RefusedError as err:
            # A sound answer too; the code is that of a Modbus exception, where it is one.
            line |= {"exception": err.code, "note": str(err)}
        except FrameError as err:
            line["error"] = str(err)
        print(json.dumps(line))
    return 0


def explained(device: Device, memory: Memory) -> dict[str, Any]:
    """Return what registers say in home_bms's words. Raises FrameError if none of them is the device's."""
    layout = device.layout(memory)
    values = layout.decode(memory)
    if not values:
        raise meaningless(device, memory)
    return spoken(layout.reading(values, {})) | layout.shown(values)


def meaningless(device: Device, memory: Memory) -> FrameError:
    """Return why registers say nothing; those that are never read are not shown either, for one may be a secret."""
    for unread, what in device.unread.items():
        if any(address in unread for address in memory):
            return NothingToldError(f"home_bms never reads these registers: {what}")
    if any(address in area for area in device.areas for address in memory):
        return NothingToldError(f"these registers of a {device.name} say nothing alone")
    return FrameError(f"none of these registers means anything on a {device.name}")


def spoken(reading: PackReading) -> dict[str, Any]:
    """Return a reading as plain JSON values, without what was not told."""
    said = asdict(reading)
    # When it was read is the reader's matter, and its settings are told with its identity.
    for name in [name for name in said if name in ("time", "tick_late", "hardware") or name.endswith("_time")]:
        del said[name]
    said["alarms"] = None if reading.alarms is None else sorted(reading.alarms)
    for name in ("switches", "commanded"):
        # Only few devices can be told which cells to bleed.
        if said[name]["bleed"] is None:
            del said[name]["bleed"]
    if said["asked"] is not None:
        said["asked"] = {name: value for name, value in said["asked"].items() if value is not None}
    unknown = (None, (), dict.fromkeys(("charge", "discharge", "balance")))
    return {name: value for name, value in said.items() if value not in unknown}


def cases(device: Device, content: bytes, name: str) -> Iterator[Case]:
    """Tell a file's kind and return its vectors."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        yield name, partial(memory_of, device, None, content)
        return
    try:
        data = json.loads(text)
    except ValueError, RecursionError:
        yield from hex_cases(device, text, name)
        return
    if isinstance(data, Mapping) and isinstance(data.get("holding"), Mapping):
        yield name, partial(registers, data["holding"])
        return
    vectors = data.get("vectors") if isinstance(data, Mapping) else data
    if not isinstance(vectors, list):
        yield name, partial(reject, "the file holds neither `vectors` nor `holding` registers")
        return
    for number, vector in enumerate(vectors, 1):
        if isinstance(vector, Mapping):
            yield str(vector.get("id", number)), partial(recorded, device, vector)
        else:
            yield str(number), partial(reject, "the vector is no JSON object")


def recorded(device: Device, vector: Mapping[str, Any]) -> Memory:
    """Return the registers that a recorded vector brings. Raises FrameError."""
    framings = (*FRAMINGS, device.dialect and device.dialect.framing)
    if vector.get("framing") not in framings and "registers" not in vector:
        raise FrameError(f"a {device.name} does not speak the framing {vector['framing']!r}")
    if isinstance(found := vector.get("registers"), Mapping):
        return registers(found)
    if (dump := unhexed(vector.get("registers_hex"))) is not None:
        return words(vector.get("base", 0), dump)
    request, answer, tail = (unhexed(vector.get(part)) for part in ("request", "response", "trailing_ack"))
    if vector.get("framing") == "tcp":
        request, answer = (frame and from_tcp(frame) for frame in (request, answer))
    if answer and tail and valid(tail):
        # Who sent one of JK's bulk frames shows in the acknowledgement behind it alone.
        answer += tail
    return memory_of(device, request, answer)


def registers(found: Mapping[str, Any]) -> Memory:
    """Return dumped words by wire address. Raises FrameError if one is no word."""
    memory: dict[int, int] = {}
    for address, word in found.items():
        try:
            place = int(address, 0)
        except ValueError:
            raise FrameError(f"{address!r} is no register address") from None
        if not isinstance(word, int) or not 0 <= word <= 0xFFFF:
            raise FrameError(f"register {address} holds {word!r}, which is no 16-bit word")
        memory[place] = word
    return memory


def words(base: object, dump: bytes) -> Memory:
    """Return dumped words that follow each other from wire address `base` on. Raises FrameError if they are none."""
    if not isinstance(base, int) or len(dump) % 2:
        raise FrameError(f"{len(dump)} bytes from register {base!r} on are no words at an address")
    return {base + at // 2: int.from_bytes(dump[at : at + 2], "big") for at in range(0, len(dump), 2)}


def hex_cases(device: Device, text: str, name: str) -> Iterator[Case]:
    """Return the frames of a hex text, one a line; a request belongs to the answer on the line below it."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    frames = [(number, line) for number, line in enumerate(lines, 1) if line]
    if not frames:
        yield name, partial(reject, "the file is empty")
    request: bytes | None = None
    for index, (number, line) in enumerate(frames):
        last = index == len(frames) - 1
        try:
            frame = unhexed(line)
        except FrameError as err:
            yield f"{name}:{number}", partial(reject, str(err))
            continue
        if request is None and frame and is_request(device, frame):
            request = frame
            if last:
                yield f"{name}:{number}", partial(memory_of, device, frame, None)
            continue
        yield f"{name}:{number}", partial(memory_of, device, request, frame)
        request = None


def is_request(device: Device, frame: bytes) -> bool:
    """Whether a frame is a request: no answer to a read or write is a whole request too."""
    try:
        if device.dialect and device.dialect.asked:
            return device.dialect.asked(frame) is not None
        parse_request(frame)
    except FrameError:
        return False
    return True


def unhexed(text: object) -> bytes | None:
    """Return the bytes of a hex text, nothing of nothing. Raises FrameError if it is none."""
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise FrameError(f"{text!r:.40} is no hex text")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FrameError(f"{text!r:.40} is no hex text") from None


def reject(reason: str) -> Memory:
    """Raise FrameError."""
    raise FrameError(reason)


def complain(message: str) -> int:
    """Say what went wrong; return the exit code."""
    print(f"bms: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
