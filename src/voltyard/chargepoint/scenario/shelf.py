"""A small HTTP server for firmware images to be fetched from and files to be brought to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from voltyard.chargepoint.simulator.firmware import image

_HOST: Final = "127.0.0.1"
_IMAGES: Final = "/images/"
_UPLOADS: Final = "/uploads/"
_LONGEST_HEAD: Final = 16_384
_LONGEST_UPLOAD: Final = 64 * 1024 * 1024
_TIMEOUT_S: Final = 30.0


class _Request(NamedTuple):
    method: str
    path: str
    content: bytes


class _Bad(Exception):
    """A request that cannot be read."""


class Shelf:
    """Gives out images and takes uploads while it is open; an image is named like its version."""

    def __init__(self) -> None:
        self._uploads: dict[str, bytes] = {}
        self._port = 0

    @property
    def images_url(self) -> str:
        """The URL that the version of an image comes behind, with a slash between them."""
        return f"http://{_HOST}:{self._port}{_IMAGES.rstrip('/')}"

    @property
    def uploads_url(self) -> str:
        """The URL of the directory that takes files."""
        return f"http://{_HOST}:{self._port}{_UPLOADS.rstrip('/')}"

    @property
    def uploads(self) -> Mapping[str, bytes]:
        """What was brought, by file name."""
        return self._uploads

    def named_like(self, glob: str) -> list[str]:
        """Return the names of files that were brought."""
        return [name for name in self._uploads if fnmatchcase(name, glob)]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self._serve, _HOST, 0, limit=_LONGEST_HEAD)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                status, content = await self._answer(reader)
                writer.write(_response(status, content))
                await writer.drain()
        except (OSError, EOFError):
            return  # whoever asked has gone, or asks too slowly
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, bytes]:
        try:
            request = await _read(reader)
        except (_Bad, asyncio.LimitOverrunError):
            return HTTPStatus.BAD_REQUEST, b""
        match request.method:
            case "GET" if request.path.startswith(_IMAGES):
                return _image(request.path.removeprefix(_IMAGES))
            case "PUT" if request.path.startswith(_UPLOADS):
                self._uploads[PurePosixPath(request.path).name] = request.content
                return HTTPStatus.CREATED, b""
            case _:
                return HTTPStatus.NOT_FOUND, b""


def _image(version: str) -> tuple[HTTPStatus, bytes]:
    try:
        return HTTPStatus.OK, image(version)
    except ValueError:
        return HTTPStatus.NOT_FOUND, b""


async def _read(reader: asyncio.StreamReader) -> _Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    try:
        method, target, _ = first.split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        size = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise _Bad from error
    if not 0 <= size <= _LONGEST_UPLOAD:
        raise _Bad
    return _Request(method, unquote(urlsplit(target).path), await reader.readexactly(size))


def _response(status: HTTPStatus, content: bytes) -> bytes:
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Length: {len(content)}",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
