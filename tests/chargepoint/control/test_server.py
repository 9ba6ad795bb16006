"""The listener: where it is, how it ends, and what unfriendly clients do to it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from random import Random

import httpx
import pytest
from msgspec import json
from tests.aio import run
from tests.chargepoint.central_system import CentralSystem

from voltyard.chargepoint import SystemClock
from voltyard.chargepoint.control.bench import Bench
from voltyard.chargepoint.control.message_log import MessageLog
from voltyard.chargepoint.control.server import ControlServer
from voltyard.chargepoint.simulator import SimulatedStation, Simulation, UnreliableNetwork
from voltyard.protocol.messages import StatusNotification

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[ControlServer]:
    """Run a charge point in real time with its server."""
    clock = SystemClock()
    central = CentralSystem(clock.now)
    network = UnreliableNetwork(central.stay_connected, Random(1), clock)
    log = MessageLog(clock.now)
    station = SimulatedStation(Simulation(identity="CP-1", has_drivers=False), network, observer=log)
    async with ControlServer(Bench(station, network, log), port) as server:
        running = asyncio.create_task(station.run())
        try:
            await central.until(StatusNotification, 3)
            yield server
        finally:
            running.cancel()
            await asyncio.wait({running})


def test_it_listens_on_this_machine_only() -> None:
    async def story() -> tuple[str, int]:
        async with serving() as server, httpx.AsyncClient(trust_env=False) as client:
            return server.url, (await client.get(f"{server.url}/state")).status_code

    url, status = run(story())
    assert url.startswith("http://127.0.0.1:")
    assert not url.endswith(":0")
    assert status == 200


def test_a_port_in_use_is_an_os_error() -> None:
    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(OSError, match="in use"):
                async with serving(taken.getsockname()[1]):
                    pass

    run(story())


def test_signals_stay_with_the_program() -> None:
    async def story() -> bool:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        async with serving():
            return (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    assert run(story())


def test_messages_are_streamed_as_they_come() -> None:
    async def story() -> list[str]:
        seen: list[str] = []
        async with serving() as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            query = {"action": "Authorize", "direction": "out"}
            async with client.stream("GET", "/messages/stream", params=query) as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == ": messages"
                for tag in ("A", "B"):
                    await client.post("/call", json={"action": "Authorize", "payload": {"idTag": tag}})
                while len(seen) < 2:
                    line = await anext(lines)
                    if line.startswith("data: "):
                        seen.append(
                            json.decode(json.decode(line.removeprefix("data: "))["frame"])[3]["idTag"]
                        )
                    elif line.startswith("id: "):
                        last = line.removeprefix("id: ")
            async with client.stream(
                "GET", "/messages/stream", params=query, headers={"Last-Event-ID": str(int(last) - 1)}
            ) as stream:
                lines = stream.aiter_lines()
                while not (line := await anext(lines)).startswith("data: "):
                    pass
                seen.append(json.decode(json.decode(line.removeprefix("data: "))["frame"])[3]["idTag"])
        return seen

    assert run(story()) == ["A", "B", "B"]


def test_it_ends_although_clients_hang_on() -> None:
    # One reads messages, one has sent half a request, one has sent nothing.
    async def story() -> list[str]:
        async with contextlib.AsyncExitStack() as stack:
            async with serving() as server:
                client = await stack.enter_async_context(
                    httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60)
                )
                stream = await stack.enter_async_context(client.stream("GET", "/messages/stream"))
                port = int(server.url.rpartition(":")[2])
                for sent in (b"", b"POST /power HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    stack.callback(writer.close)
                    writer.write(sent)
                    await writer.drain()
            return [line async for line in stream.aiter_lines()]

    assert ": messages" in run(story(), 30)


def test_garbage_instead_of_http_harms_nobody() -> None:
    async def story() -> int:
        async with serving() as server:
            port = int(server.url.rpartition(":")[2])
            for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\x00" * 1000, b"A" * 100_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(garbage)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                    writer.write_eof()
                    await reader.read()
                writer.close()
            async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
                return (await client.get("/state")).status_code

    assert run(story()) == 200
