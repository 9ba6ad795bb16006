"""The listener of the API: uvicorn inside the running loop, on sockets that we bind first."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from voltyard.central.api.application import create_application
from voltyard.central.operations import Operations
from voltyard.central.settings import ApiSettings

# How long requests under way may take to end when the server closes.
_GRACE_S = 3
_KEEP_ALIVE_S = 15
_BACKLOG = 512
_TICK_S = 1.0


class ApiServer:
    """Serves the API from `open` to `close`."""

    def __init__(self, settings: ApiSettings, operations: Operations) -> None:
        self._settings = settings
        self.operations = operations
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._port = settings.port

    @property
    def url(self) -> str:
        """The root of the API."""
        host = self._settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def open(self) -> None:
        """Start listening; raises OSError when the address cannot be had."""
        sockets = await _bind(self._settings.host, self._settings.port)
        self._port = sockets[0].getsockname()[1]
        self._server = server = _Server(
            uvicorn.Config(
                create_application(self.operations),
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._serving = asyncio.create_task(server.serve(sockets))
        await server.listening(self._serving)

    async def close(self) -> None:
        """End what waits, let what is under way finish for a moment, and stop listening."""
        self.operations.close()
        if self._server is None or self._serving is None:
            return
        self._server.end()
        await self._serving
        self._server = self._serving = None


class _Server(uvicorn.Server):
    """Leaves signals to the program that it is part of, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._listens = asyncio.Event()
        self._ends = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._listens.set()

    async def main_loop(self) -> None:
        # Once a second for the Date header; the original one looks ten times a second whether it is to end.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._ends.wait()

    def end(self) -> None:
        """Begin to shut down."""
        self.should_exit = True
        self._ends.set()

    async def listening(self, serving: asyncio.Task[None]) -> None:
        """Return when it listens; raises what has kept it from that."""
        waiting = asyncio.create_task(self._listens.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            serving.result()


async def _bind(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a host, all on one port."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # The system chooses once, if it is to choose.
            chosen = port or (0 if len(sockets) == 1 else sockets[0].getsockname()[1])
            listener.bind((address[0], chosen, *address[2:]))
    except BaseException:
        for listener in sockets:
            listener.close()
        raise
    return sockets
