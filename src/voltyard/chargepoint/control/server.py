"""The listener of the control API: uvicorn inside the running loop, on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

import uvicorn

from voltyard.chargepoint.control.application import create_application
from voltyard.chargepoint.control.bench import Bench

_HOST: Final = "127.0.0.1"
_GRACE_S: Final = 1
_KEEP_ALIVE_S: Final = 15


class ControlServer:
    """Serves the control API of a charge point within `async with`.

    A port of 0 takes a free one. Entering raises OSError when the port cannot be had.
    """

    def __init__(self, bench: Bench, port: int = 0) -> None:
        self._bench = bench
        self._port = port
        self._server = _Server(
            uvicorn.Config(
                create_application(bench),
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The root of the API."""
        return f"http://{_HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((_HOST, self._port))
        except BaseException:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        # Who connects from now on waits until it is served.
        listener.listen()
        self._serving = asyncio.create_task(self._server.serve([listener]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._serving is not None
        self._bench.close()
        self._server.should_exit = True
        await self._serving


class _Server(uvicorn.Server):
    """Leaves signals to the program that it is part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
