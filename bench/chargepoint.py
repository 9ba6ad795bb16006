"""One connection of the load generator: a charge point that follows its script, call by call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from bench.script import DURABLE_ACTIONS, AnswerError, Call, Script
from bench.websocket import CLOSE, PING, PONG, TEXT, Frame, frame, frames, is_accepted, masked

_END_OF_HEADERS = b"\r\n\r\n"
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")

Answered = Callable[["ChargePoint", Call], None]


class ChargePoint(asyncio.Protocol):
    """Sends the next CALL of its script when told, and says when it has been answered.

    `opening` is the WebSocket handshake. What comes before the first durable message is sent at once;
    then `ready` is done. `failed` is called once, with the reason, if the server misbehaves.
    """

    def __init__(self, opening: bytes, calls: Script, failed: Callable[[str], None]) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_busy = False
        self.due_at = 0.0
        self._opening = opening
        self._calls = calls
        self._next = next(calls)
        self._failed = failed
        self._answered: Answered = ChargePoint._set_up
        self._receive = self._receive_handshake
        self._rest = b""
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP gives a Transport
        self._transport.write(self._opening)

    def data_received(self, received: bytes) -> None:
        if self._rest:
            received, self._rest = self._rest + received, b""
        self._receive(received)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection ({exc})")

    def follow(self, answered: Answered) -> None:
        """Say to `answered` from now on which CALL has been answered."""
        self._answered = answered

    def send(self, due_at: float | None = None) -> float:
        """Send the next CALL and return the time; `due_at` is when it should have been sent."""
        self.is_busy = True
        now = time.perf_counter()
        self.due_at = now if due_at is None else due_at
        self._transport.write(self._next.frame)
        return now

    def close(self) -> None:
        """Close the connection without waiting for the server's part in it."""
        self._is_closing = True
        self._transport.write(frame(CLOSE, masked(_NORMAL_CLOSURE)))
        self._transport.close()

    def _receive_handshake(self, received: bytes) -> None:
        response, end, rest = received.partition(_END_OF_HEADERS)
        if not end:
            self._rest = received
        elif not is_accepted(response):
            self._fail(f"handshake refused: {response[:300]!r}")
        else:
            self._receive = self._receive_frames
            self.send()
            self._receive_frames(rest)

    def _receive_frames(self, received: bytes) -> None:
        for item in frames(received):
            if not isinstance(item, Frame):
                self._rest = item
            elif item.opcode == TEXT:
                self._receive_text(item.payload)
            elif item.opcode == PING:
                self._transport.write(frame(PONG, masked(item.payload)))
            elif item.opcode != PONG:
                self._fail(f"unexpected frame {item}")

    def _receive_text(self, text: bytes) -> None:
        call = self._next
        if not self.is_busy or not text.startswith(call.expected):
            self._fail(f"unexpected answer to {call.action}: {text[:300]!r}")
            return
        try:
            self._next = self._calls.send(text)
        except AnswerError as error:
            self._fail(f"{call.action}: {error}")
            return
        self.is_busy = False
        self._answered(self, call)

    def _set_up(self, _call: Call) -> None:
        if self._next.action in DURABLE_ACTIONS:
            self.ready.set_result(None)
        else:
            self.send()

    def _fail(self, reason: str) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._transport.abort()
            self._failed(reason)
