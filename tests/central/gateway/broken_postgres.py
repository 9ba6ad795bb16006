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
# Ends the server when the pipe of standard input closes, so that none outlives its test run.
_LIFELINE = """
"$@" & server=$!
read -r _
kill -QUIT $server
wait $server
"""


class BreakablePostgres:
    """A server and what can happen to it."""

    def __init__(self, server: PostgresServer) -> None:
        self._folder: Path = server._folder
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._server = server

    def fresh_url(self) -> str:
        """Return the address of a new, empty database."""
        self._databases += 1
        name = sql.Identifier(f"outage_{self._databases}")
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
            # What it has acknowledged has to be there after a crash, unlike with other tests.
            connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
        return self._server.url(f"outage_{self._databases}")

    def stop(self) -> None:
        """End it as a crash would: nobody is told, nothing is written."""
        os.kill(self._pid(), signal.SIGQUIT)
        deadline = time.monotonic() + _TIMEOUT_S
        while (self._folder / "data" / "postmaster.pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def start(self) -> None:
        """Start it again on the same files and wait until it takes connections."""
        # The path of the program stands there as it is, blanks and all, then each argument in quotes.
        written = (self._folder / "data" / "postmaster.opts").read_text()
        program, _, arguments = written.partition(' "')
        command = [program, *shlex.split(f'"{arguments}')]
        self.close()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _LIFELINE, "postgres", *command],
            stdin=subprocess.PIPE,
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
                psycopg.connect(self._server.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have every process that works for us stand still."""
        backends = self._backends()
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)

    def cut(self) -> None:
        """End every process that works for us."""
        for pid in self._backends():
            os.kill(pid, signal.SIGTERM)

    def close(self) -> None:
        """End what was started here."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_TIMEOUT_S)

    def _backends(self) -> list[int]:
        with psycopg.connect(self._server.url("postgres")) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'voltyard'"
            ).fetchall()
        return [pid for (pid,) in found]

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
