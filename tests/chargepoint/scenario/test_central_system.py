"""Commanding a central system by the REST API of `voltyard serve`, and whatever else answers there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests import aio
from tests.central.api.system import System, running

from voltyard.central.credentials import Role
from voltyard.central.settings import ApiSettings, OcppSettings, Settings
from voltyard.chargepoint.scenario.central_system import HttpControl
from voltyard.chargepoint.scenario.errors import CentralSystemRefused
from voltyard.chargepoint.scenario.scenario import KnownTag

pytestmark = pytest.mark.integration


@asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[System]:
    settings = Settings(data_dir=directory, ocpp=OcppSettings(port=0), api=ApiSettings(port=0))
    async with running(settings) as system:
        yield system


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """Something that answers everything so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_tag_is_known_and_may_be_used_as_often_as_one_likes(tmp_path: Path) -> None:
    async def story() -> dict[str, object]:
        async with serving(tmp_path) as system:
            control = HttpControl(system.url, system.keys[Role.OPERATOR])
            await control.know(KnownTag(id_tag="A B", status="Blocked", parent_id_tag="P"))
            await control.know(KnownTag(id_tag="A B", parent_id_tag="P"))
            return dict((await system.viewer.get("/api/v1/id-tags/A%20B")).json())

    tag = aio.run(story())
    assert (tag["id_tag"], tag["status"], tag["parent_id_tag"]) == ("A B", "Accepted", "P")
    assert tag["max_active_transactions"] is None


@pytest.mark.parametrize("suffix", ["", "/", "/api/v1", "/api/v1/"])
def test_a_command_is_queued_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    async def story() -> list[dict[str, object]]:
        async with serving(tmp_path) as system:
            await system.add("CP 1")
            control = HttpControl(system.url + suffix, system.keys[Role.OPERATOR])
            await control.command("CP 1", "Reset", b'{"type": "Soft"}')
            return list((await system.viewer.get("/api/v1/charge-points/CP%201/commands")).json()["items"])

    (command,) = aio.run(story())
    assert (command["action"], command["payload"]) == ("Reset", {"type": "Soft"})


def test_what_the_api_refuses_is_said(tmp_path: Path) -> None:
    async def story() -> list[str]:
        reasons = []
        async with serving(tmp_path) as system:
            operator = HttpControl(system.url, system.keys[Role.OPERATOR])
            for attempt in (
                operator.command("CP1", "Reset", b'{"type":"Soft"}'),
                operator.command("CP1", "Heartbeat", b"{}"),
                HttpControl(system.url, "nonsense").know(KnownTag(id_tag="A")),
                HttpControl(system.url, system.keys[Role.VIEWER]).know(KnownTag(id_tag="A")),
            ):
                with pytest.raises(CentralSystemRefused) as caught:
                    await attempt
                reasons.append(str(caught.value))
        return reasons

    unknown, senseless, stranger, viewer = aio.run(story())
    assert unknown == "POST /api/v1/charge-points/CP1/commands: 404 no charge point 'CP1'"
    assert "422 Heartbeat is sent by charge points, not to them" in senseless
    assert "PUT /api/v1/id-tags/A: 401 " in stranger
    assert "403 this needs the role operator" in viewer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\n<ht>", "PUT /api/v1/id-tags/A: 500"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n[]", "PUT /api/v1/id-tags/A: 500"),
        (b"HTTP/1.1 301 No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "PUT /api/v1/id-tags/A: 301"),
        (b"nonsense", "the API of the central system: "),
        (b"", "the API of the central system: "),
    ],
)
def test_what_else_answers_there_is_no_success(answer: bytes, reason: str) -> None:
    async def story() -> str:
        async with answering(answer) as url:
            with pytest.raises(CentralSystemRefused) as caught:
                await HttpControl(url, "key").know(KnownTag(id_tag="A"))
        return str(caught.value)

    assert aio.run(story()).startswith(reason)


def test_whoever_is_cancelled_does_not_wait_for_an_answer() -> None:
    async def story() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}")
            asked.set()
            assert await reader.read() == b""
            gone.set()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            asking = asyncio.create_task(HttpControl(url, "key").know(KnownTag(id_tag="A")))
            await asked.wait()
            asking.cancel()
            async with asyncio.timeout(5):
                await gone.wait()

    aio.run(story())


def test_an_api_that_is_not_there_is_said() -> None:
    with pytest.raises(CentralSystemRefused, match="the API of the central system: "):
        aio.run(HttpControl("http://127.0.0.1:9", "key").know(KnownTag(id_tag="A")))


@pytest.mark.parametrize(
    ("url", "key", "reason"),
    [
        ("ws://127.0.0.1", "key", "expected http://host:port or https://host:port, got 'ws://127.0.0.1'"),
        ("http://", "key", "expected http://host:port"),
        ("http://host:port", "key", "Port could not be cast"),
        ("http://host", "käy", "an API key is printable ASCII"),
        ("http://host", "a\nb", "an API key is printable ASCII"),
    ],
)
def test_an_address_or_a_key_that_cannot_be_one_is_refused_at_once(url: str, key: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        HttpControl(url, key)
