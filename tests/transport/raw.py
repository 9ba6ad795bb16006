"""A client that sends whatever bytes a test wants, and reads what comes back."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import NamedTuple, Self

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

UPGRADE = (
    "Host: central.example",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)
OCPP16 = "Sec-WebSocket-Protocol: ocpp1.6"

_MASKING_KEY = b"\x11\x22\x33\x44"


class Frame(NamedTuple):
    opcode: int
    payload: bytes
    fin: bool = True


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]


def request(target: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {target} HTTP/1.1", *headers, "", "")).encode("iso-8859-1")


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0
) -> bytes:
    length = len(payload)
    if length < 126:
        size = bytes((length,))
    elif length < 65536:
        size = b"\x7e" + length.to_bytes(2, "big")
    else:
        size = b"\x7f" + length.to_bytes(8, "big")
    head = bytes((fin << 7 | reserved << 4 | opcode, masked << 7 | size[0])) + size[1:]
    if not masked:
        return head + payload
    return head + _MASKING_KEY + bytes(byte ^ _MASKING_KEY[i % 4] for i, byte in enumerate(payload))


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


class RawClient:
    """A TCP connection to a listener; `async with` closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, port: int, *, receive_buffer: int | None = None) -> Self:
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        except OSError:
            connection.close()
            raise
        # The small limit makes the client stop reading soon after the test does.
        return cls(*await asyncio.open_connection(sock=connection, limit=2**16))

    @classmethod
    async def upgraded(
        cls, port: int, target: str = "/ocpp/CP1", *, receive_buffer: int | None = None
    ) -> Self:
        client = await cls.dial(port, receive_buffer=receive_buffer)
        client.send(request(target, *UPGRADE, OCPP16))
        assert (await client.reply()).status == 101
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    def send(self, *pieces: bytes) -> None:
        self._writer.write(b"".join(pieces))

    async def drain(self) -> None:
        await self._writer.drain()

    def reset(self) -> None:
        """Vanish without a word: the other side gets a TCP reset."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def send_eof(self) -> None:
        self._writer.write_eof()

    async def reply(self) -> Reply:
        """Read the head of an HTTP response."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("iso-8859-1")
        status, *headers = head.strip().split("\r\n")
        pairs = (header.split(": ", 1) for header in headers)
        return Reply(int(status.split(" ")[1]), {name.lower(): value for name, value in pairs})

    async def frame(self) -> Frame:
        first, second = await self._reader.readexactly(2)
        size = {126: 2, 127: 8}.get(second, 0)
        length = int.from_bytes(await self._reader.readexactly(size), "big") if size else second
        return Frame(first & 0x0F, await self._reader.readexactly(length), bool(first & 0x80))

    async def text(self) -> bytes:
        """Read one frame, which must be a whole text message."""
        frame = await self.frame()
        assert (frame.opcode, frame.fin) == (TEXT, True), frame
        return frame.payload

    async def closed_with(self) -> int:
        """Read until the close frame, then the end of the stream, and return the code."""
        while (frame := await self.frame()).opcode != CLOSE:
            pass
        await self.ended()
        return int.from_bytes(frame.payload[:2], "big")

    async def ended(self) -> bytes:
        """Read until the other side ends the connection, then end it too; return what came before."""
        try:
            rest = await self._reader.read()
        except ConnectionResetError:
            return b""
        self._writer.close()
        return rest
