"""A real PostgreSQL in a folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pytest

from scripts.hass import free_port

from .broker import START, wait_for_port

# Debian keeps each version in a folder of its own, off the path; the newest is taken.
INSTALLED: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
# It refuses to run as root, so then the user runs it that its package has made for that.
UNPRIVILEGED: Final = "postgres"


class Postgres:
    """One server, with a database for whoever asks for one."""

    def __init__(self) -> None:
        found = INSTALLED[-1] if INSTALLED else shutil.which("initdb")
        if found is None:
            pytest.skip("no PostgreSQL here: scripts/setup --servers installs it where it may")
        pytest.importorskip("psycopg2")
        self.port = free_port()
        self._bin = Path(found).resolve().parent
        self._as: tuple[str, ...] = ()
        self.user = getpass.getuser()
        self._folder = Path(tempfile.mkdtemp(prefix="home_bms_postgres_"))
        if os.geteuid() == 0:
            self._as = ("setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups", "--")
            self.user = UNPRIVILEGED
            shutil.chown(self._folder, UNPRIVILEGED, UNPRIVILEGED)
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def start(self) -> None:
        """Make a cluster and run it, on loopback alone; it need not wait for the disk, for it outlives no test."""
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        given = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._process = subprocess.Popen(
            [*self._as, str(self._bin / "postgres"), "-D", str(data), *given],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self._process)
        end = time.monotonic() + START
        while not self._ready() and time.monotonic() < end:
            time.sleep(0.02)

    def _ready(self) -> bool:
        """Whether it answers; it takes connections a little before."""
        asked = (*self._as, str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port))
        return subprocess.run(asked, cwd=self._folder, check=False).returncode == 0

    def stop(self) -> None:
        """End it, and leave nothing."""
        if self._process is not None:
            # `setpriv` has become the server itself, and so it is that which hears the signal.
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """Return the URL of an empty database, as Home Assistant's recorder takes it."""
        self._made += 1
        name = f"home_{self._made}"
        self.ask(f"CREATE DATABASE {name}", database="postgres")
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    def ask(self, question: str, *values: Any, database: str) -> list[tuple[Any, ...]]:
        """Ask the database itself, past Home Assistant."""
        import psycopg2  # noqa: PLC0415 - only where it is installed

        link = psycopg2.connect(host="127.0.0.1", port=self.port, user=self.user, dbname=database)
        try:
            link.autocommit = True
            with link.cursor() as cursor:
                cursor.execute(question, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            link.close()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        assert done.returncode == 0, done.stderr
