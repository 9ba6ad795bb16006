"""A PostgreSQL of one's own that may be stopped, started again, and frozen."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from tests.postgres import PostgresServer, running_postgres, unprivileged_account

_TIMEOUT_S = 30.0


class BreakablePostgres:
    """A server and what can happen to it."""

    def __init__(self, server: PostgresServer) -> None:
        self._folder: Path = server._folder
        self._process: subprocess.Popen[bytes] | None = None
        name = server.create_database()
        self.url = server.url(name)
        # What it has acknowledged has to be there after a crash, unlike with other tests.
        with psycopg.connect(self.url) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        """End it as a crash would: nobody is told, nothing is written."""
        os.kill(self._pid(), signal.SIGQUIT)
        if self._process is not None:
            self._process.wait(_TIMEOUT_S)
        deadline = time.monotonic() + _TIMEOUT_S
        while (self._folder / "data" / "postmaster.pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def start(self) -> None:
        """Start it again on the same files and wait until it takes connections."""
        command = shlex.split((self._folder / "data" / "postmaster.opts").read_text())
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            start_new_session=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **unprivileged_account(),
        )
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have every process that works for us stand still."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'voltyard'"
            ).fetchall()
        for (pid,) in found:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for (pid,) in found:
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End what was started here."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_TIMEOUT_S)

    def _pid(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])


@contextmanager
def breakable_postgres() -> Iterator[BreakablePostgres]:
    """Start a server; it is ended and its folder removed afterwards."""
    with running_postgres() as server:
        breakable = BreakablePostgres(server)
        try:
            yield breakable
        finally:
            breakable.close()
