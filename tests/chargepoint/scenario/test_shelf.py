"""The files of a scenario: images to be fetched, and a place to bring files to."""

from __future__ import annotations

import asyncio
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from tests import aio

from voltyard.chargepoint.scenario.shelf import Shelf
from voltyard.chargepoint.simulator.firmware import image

pytestmark = pytest.mark.integration


def ask(method: str, url: str, content: bytes | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    connection.request(method, parts.path, content)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


async def say(shelf: Shelf, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(shelf.images_url).port)
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_an_image_has_the_version_that_it_is_asked_for_by() -> None:
    async def story() -> list[tuple[int, bytes]]:
        shelf = Shelf()
        async with shelf.open():
            return [
                await asyncio.to_thread(ask, "GET", f"{shelf.images_url}/{name}")
                for name in ("2.0", "not%20a%20version")
            ]

    assert aio.run(story()) == [(200, image("2.0")), (404, b"")]


def test_what_is_brought_is_kept_by_its_name() -> None:
    async def story() -> Shelf:
        shelf = Shelf()
        async with shelf.open():
            status, _ = await asyncio.to_thread(ask, "PUT", f"{shelf.uploads_url}/a%20log.gz", b"x" * 100_000)
            assert status == 201
        return shelf

    shelf = aio.run(story())
    assert shelf.uploads == {"a log.gz": b"x" * 100_000}
    assert shelf.named_like("*.gz") == ["a log.gz"]
    assert shelf.named_like("*.zip") == []


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST /uploads/x HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /elsewhere HTTP/1.1\r\n\r\n", b"404"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"PUT /uploads/x HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"PUT /uploads/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"PUT /uploads/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"400"),
        (b"x" * 100_000, b"400"),
    ],
)
def test_a_bad_request_is_refused(request_text: bytes, status: bytes) -> None:
    async def story() -> bytes:
        shelf = Shelf()
        async with shelf.open():
            return await say(shelf, request_text)

    assert aio.run(story()).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "request_text", [b"", b"GET /ima", b"PUT /uploads/x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"]
)
def test_half_a_request_gets_no_answer_and_leaves_nothing(request_text: bytes) -> None:
    async def story() -> tuple[bytes, Shelf]:
        shelf = Shelf()
        async with shelf.open():
            return await say(shelf, request_text), shelf

    answer, shelf = aio.run(story())
    assert answer == b""
    assert shelf.uploads == {}
