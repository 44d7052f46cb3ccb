"""Serves virtual packs in a process of its own, so that what they cost is not counted; ends with its input."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualServer, VirtualWorld

ROOT = Path(__file__).parents[2]


async def main(packs: int) -> None:
    """Serve, and print the ports as JSON."""
    ports = []
    for number in range(packs):
        pack = VirtualPack(cells=16, seed=number, serial_number=f"BENCH-{number:04}", temperature_sensors=4)
        world = VirtualWorld(pack, House(pack, seed=number, start_hour=12.0))
        ports.append(await VirtualServer(world, DEVICES["jk_pb"]).start_tcp())
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def served(packs: int) -> AsyncGenerator[list[int]]:
    """Have so many packs served, for as long as the context lasts; gives their ports."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.serve", str(packs)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
