"""The demo is one command: it sets everything up, shows it, goes on where it was, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect

from scripts.hass import Hass, free_port

from .conftest import ROOT, browser, log_in, picture


async def test_demo_is_set_up_once_shown_and_stopped_by_ctrl_c(tmp_path: Path) -> None:
    where = Hass(tmp_path / "demo", port=free_port())
    options = ("--config", str(where.folder), "--port", str(where.port))

    async with demo(*options, "--hours", "30", "--once") as first:
        told = (await first.communicate())[0].decode()
        assert first.returncode == 0, told
        assert "30 h of its statistics were computed, none measured" in told
        assert "user      demo" in told

    async with demo(*options) as second:
        assert second.stdout
        told = (await second.stdout.readuntil(b"Ctrl-C stops it.")).decode()
        assert "earlier run" in told

        async with browser(tmp_path) as page:
            await log_in(page, where)
            await page.goto(f"{where.url}/energy/electricity")
            await expect(page.get_by_text("Home battery Energy discharged").first).to_be_visible()
            await picture(page, "energy")

        second.send_signal(signal.SIGINT)
        assert b"Stopped." in (await second.communicate())[0]
        assert second.returncode == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", where.port)) != 0, "Home Assistant is gone too"


@asynccontextmanager
async def demo(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command as a user would; it ends with the context."""
    process = await asyncio.create_subprocess_exec(
        ROOT / "scripts" / "demo",
        *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A shell lets what it runs in the background ignore Ctrl-C, and who runs the tests so hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        async with asyncio.timeout(150):
            yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
