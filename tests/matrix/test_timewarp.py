"""The warped clock leaves waiting out and nothing else."""

from __future__ import annotations

import asyncio
import threading
import time

from .proxy import Proxy, late
from .timewarp import warped


async def test_waiting_is_left_out_and_comes_in_the_right_order(socket_enabled: None) -> None:
    real = time.monotonic
    loop = asyncio.get_running_loop()
    woke: list[int] = []
    with warped(loop) as warp:
        began, really = time.monotonic(), real()
        for seconds in (300, 100, 200):
            loop.call_later(seconds, woke.append, seconds)
        await asyncio.sleep(400)
        assert warp.now() - began >= 400
        assert loop.time() - began >= 400
    assert woke == [100, 200, 300]
    assert real() - really < 60
    assert loop.time() - began >= 400, "time does not go back"


async def test_what_is_on_the_wire_arrives_before_time_moves_on(socket_enabled: None) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    line = Proxy()
    port = await line.start(server.sockets[0].getsockname()[1])
    with warped(asyncio.get_running_loop()) as warp:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(200):
            writer.write(b"ping")
            async with asyncio.timeout(1.0):
                assert await reader.read(100) == b"ping"
        line.spoil = late(2.0)
        writer.write(b"late")
        began = warp.now()
        assert await reader.read(100) == b"late"
        assert warp.now() - began >= 2.0
        writer.close()
        await line.stop()
        server.close()
        await server.wait_closed()


async def test_time_stands_by_while_an_executor_works() -> None:
    with warped(asyncio.get_running_loop()) as warp:
        began = warp.now()
        working = asyncio.create_task(asyncio.to_thread(time.sleep, 0.2))
        sleeping = asyncio.create_task(asyncio.sleep(30))
        await working
        assert warp.now() - began < 30
        assert not sleeping.done()
        await sleeping
        assert warp.now() - began >= 30


async def test_time_stands_by_for_what_a_thread_is_about_to_bring() -> None:
    loop, brought = asyncio.get_running_loop(), asyncio.Event()
    with warped(loop) as warp:
        bringing = threading.Timer(0.05, loop.call_soon_threadsafe, (brought.set,))
        bringing.start()
        warp.hold(30.0)
        async with asyncio.timeout(20.0):
            await brought.wait()
        warp.hold(0.0)
        assert not warp.held
        began = warp.now()
        await asyncio.sleep(40.0)
        assert warp.now() - began >= 40.0
    bringing.join()
