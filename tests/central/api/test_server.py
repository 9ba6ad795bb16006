"""The listener: its address, its end, and what unfriendly clients do to it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket

import httpx
import pytest
from msgspec.structs import replace
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.credentials import Role
from voltyard.central.settings import ApiSettings, Settings

pytestmark = pytest.mark.integration


def test_it_listens_where_it_says(settings: Settings) -> None:
    async def story() -> tuple[str, int]:
        async with running(settings) as system, httpx.AsyncClient(trust_env=False) as client:
            return system.url, (await client.get(f"{system.url}/healthz")).status_code

    url, status = run(story())
    assert url.startswith("http://127.0.0.1:")
    assert not url.endswith(":0")
    assert status == 200


def test_a_name_with_several_addresses_is_one_port_on_all_of_them(settings: Settings) -> None:
    local = replace(settings, api=ApiSettings(host="localhost", port=0))

    async def story() -> int:
        async with running(local) as system:
            port = system.url.rpartition(":")[2]
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code

    assert run(story()) == 200


def test_an_address_in_use_is_an_os_error_and_nothing_is_left_running(settings: Settings) -> None:
    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            busy = replace(settings, api=ApiSettings(port=taken.getsockname()[1]))
            with pytest.raises(OSError, match="in use"):
                async with running(busy):
                    pass
        # The lock of the database is free again.
        async with running(settings):
            pass

    run(story())


def test_signals_stay_with_the_program(settings: Settings) -> None:
    async def story() -> bool:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        async with running(settings):
            return (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    assert run(story())


def test_it_ends_although_clients_hang_on(settings: Settings) -> None:
    # One reads events, one waits for a command, one has sent half a request, one has sent nothing.
    async def story() -> str:
        async with contextlib.AsyncExitStack() as stack:
            async with running(settings) as system:
                headers = {"Authorization": f"Bearer {system.keys[Role.ADMIN]}"}
                client = await stack.enter_async_context(
                    httpx.AsyncClient(base_url=system.url, headers=headers, trust_env=False, timeout=60)
                )
                await stack.enter_async_context(client.stream("GET", "/api/v1/events"))
                await system.add()
                order = {"action": "ClearCache"}
                waiting = asyncio.create_task(
                    client.post("/api/v1/charge-points/CP1/commands?wait=100", json=order)
                )
                port = int(system.url.rpartition(":")[2])
                for sent in (b"", b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    stack.callback(writer.close)
                    writer.write(sent)
                    await writer.drain()
                while not system.operations.commands.waited_for:
                    await asyncio.sleep(0)
            return str((await waiting).json()["status"])

    assert run(story(), 30) == "queued"


def test_garbage_instead_of_http_harms_nobody(settings: Settings) -> None:
    async def story() -> int:
        async with running(settings) as system:
            port = int(system.url.rpartition(":")[2])
            for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\x00" * 1000, b"A" * 100_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(garbage)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                    writer.write_eof()
                    await reader.read()
                writer.close()
            return (await system.stranger.get("/healthz")).status_code

    assert run(story()) == 200
