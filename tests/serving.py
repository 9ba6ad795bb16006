"""`voltyard serve` as a program of its own, started, killed and stopped by tests."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

VOLTYARD = [str(Path(sys.executable).with_name("voltyard"))]


class Serving:
    """A central system over one directory; its addresses stay the same over restarts.

    `async with` ends it, whatever happens.
    Security profile 0 is allowed, so that tests can leave passwords out where they are not the point.
    """

    def __init__(self, directory: Path, database: str | None = None) -> None:
        self._directory = directory
        self._ports = (free_port(), free_port())
        self._process: asyncio.subprocess.Process | None = None
        self._options = ["--data-dir", str(directory)]
        if database is not None:
            self._options += ["--database", database]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    @property
    def ocpp_url(self) -> str:
        """Where charge points connect to."""
        return f"ws://127.0.0.1:{self._ports[0]}/ocpp"

    @property
    def api_url(self) -> str:
        """The root of the API."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def api(self, key: str) -> httpx.Client:
        """Return a client of the API."""
        return httpx.Client(
            base_url=self.api_url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
        )

    async def start(self) -> float:
        """Start it, wait until it is ready and return how many seconds that took."""
        began = time.monotonic()
        ocpp_port, api_port = self._ports
        ports = ("--ocpp-port", str(ocpp_port), "--api-port", str(api_port))
        with (self._directory / "serve.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *VOLTYARD,
                "serve",
                *self._options,
                *ports,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "VOLTYARD_OCPP__ALLOW_UNAUTHENTICATED": "true"},
            )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"ready "):
                return time.monotonic() - began
        raise AssertionError(f"voltyard serve ended: {(self._directory / 'serve.log').read_text()[-2000:]}")

    async def kill(self) -> None:
        """Kill it, as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return await self._process.wait()


def api_key(directory: Path, database: str | None = None, role: str = "admin") -> str:
    """Return a new API key, made by the command for it."""
    options = ["--data-dir", str(directory)]
    if database is not None:
        options += ["--database", database]
    command = [*VOLTYARD, "key", "create", "--role", role, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
