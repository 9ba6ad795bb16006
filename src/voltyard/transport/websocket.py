"""One open WebSocket connection in the event loop, the same on both sides: text messages in and out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import cast

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from voltyard.transport.deadlines import Deadlines
from voltyard.transport.frames import masked_size, masked_text, unmasked_text
from voltyard.transport.link import Link, Receiver

Connected = Callable[[Link], Receiver]
"""Called once when a connection opens, before the first frame; says who receives what it delivers."""

# Looked up once: on Python 3.11 reaching a member through its Enum costs more than the comparison.
_OPEN = State.OPEN
_TEXT, _CONT, _BINARY = Opcode.TEXT, Opcode.CONT, Opcode.BINARY

_ABNORMAL = 1006
_MAX_REASON_BYTES = 123  # RFC 6455 §5.5: 125 bytes in a control frame, two of them the code
_LAST_CHANCE_S = 0.1
_NEVER = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may cost.

    `message_bytes` and `fragments` bound one incoming message, `message_timeout_s` the time from its
    first byte to its last. `unsent_bytes` is what a slow reader may leave unread before it is cut;
    above `high_water_bytes` nothing more is read from it.
    """

    message_bytes: int = 64 * 1024
    fragments: int = 1024
    message_timeout_s: float = 30.0
    pong_timeout_s: float = 20.0
    close_timeout_s: float = 3.0
    high_water_bytes: int = 64 * 1024
    unsent_bytes: int = 1024 * 1024


DEFAULT_LIMITS = Limits()
DEFAULT_PING_INTERVAL_S = 30.0


class WireLog(logging.LoggerAdapter[logging.Logger]):
    """Keeps the protocol library from logging headers and frames, which may hold passwords."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name is the standard library's
        return level >= logging.WARNING and super().isEnabledFor(level)


WIRE_LOG = WireLog(logging.getLogger(__name__), {})


class _Ping(Enum):
    """Where the current ping stands."""

    NONE = auto()
    SENT = auto()
    OVERDUE = auto()


class WebSocketConnection(asyncio.Protocol):
    """A `Link` over RFC 6455: owns the transport from the end of the opening handshake on.

    Sends a ping every `ping_interval_s` seconds (0: never) and ends the connection when nothing is heard
    within `Limits.pong_timeout_s` after one. `gone` is called once, when the transport is closed.
    """

    __slots__ = (
        "_close_due",
        "_closing",
        "_cut_reason",
        "_deadlines",
        "_fragments",
        "_gone",
        "_heard",
        "_is_lost",
        "_limits",
        "_message_due",
        "_partial",
        "_ping",
        "_ping_due",
        "_ping_interval_s",
        "_protocol",
        "_receiver",
        "_receiving",
        "_serves",
        "_transport",
        "_unframed",
        "_until_closed",
        "_writing_paused",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: Protocol,
        connected: Connected,
        *,
        limits: Limits,
        deadlines: Deadlines,
        ping_interval_s: float,
        gone: Callable[[WebSocketConnection], None],
    ) -> None:
        self._transport = transport
        self._protocol = protocol
        self._limits = limits
        self._deadlines = deadlines
        self._gone = gone
        self._partial: bytearray | None = None
        self._fragments = 0
        self._receiving = False
        self._heard = False
        self._ping = _Ping.NONE
        self._writing_paused = False
        self._closing = False
        self._is_lost = False
        self._cut_reason: str | None = None
        self._until_closed: tuple[asyncio.Future[None], ...] = ()
        # A server reads and writes the usual frame by itself. It may as long as it stands between two frames:
        # as long as all bytes that were read belong to frames that are complete.
        self._serves = protocol.side is Side.SERVER
        self._unframed = 0
        self._ping_due = self._message_due = self._close_due = _NEVER
        transport.set_write_buffer_limits(high=limits.high_water_bytes)
        self._receiver = connected(self)
        transport.set_protocol(self)
        self.set_ping_interval(ping_interval_s)

    def send(self, frame: bytes) -> None:
        """Send one text message; dropped when the connection is closing."""
        if self._protocol.state is not _OPEN:
            return
        if self._serves and not self._receiving:
            self._transport.write(unmasked_text(frame))
            self._check_backlog()
            return
        self._protocol.send_text(frame)
        # What is sent while messages are being delivered leaves in one write.
        if not self._receiving:
            self._flush()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and nothing after it; what arrives from now on is dropped."""
        self._closing = True
        if self._protocol.state is _OPEN:
            self._protocol.send_close(code, _clipped(reason))
            self._flush()
            self._expect_close()

    def abort(self) -> None:
        """End the connection without a close frame, as a power failure would."""
        self._cut("")

    def freeze(self) -> None:
        """Go dead without ending: nothing is read any more and what is sent vanishes, for tests of that.

        What ends it is a ping without an answer, at either end, or `close` or `abort` at this one.
        """
        self._transport.pause_reading()
        self._transport = _Frozen(self._transport)

    def set_ping_interval(self, ping_interval_s: float) -> None:
        """Ping every so many seconds from now on; 0 sends no pings (OCPP 1.6 §9.1.34)."""
        if ping_interval_s < 0:
            raise ValueError("a ping interval is not negative")
        self._ping_interval_s = ping_interval_s
        self._ping = _Ping.NONE
        self._ping_due = self._deadlines.now() + ping_interval_s if ping_interval_s else _NEVER
        self._arm()

    def wait_closed(self) -> asyncio.Future[None]:
        """Wait until the transport is closed and the receiver has been told."""
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._is_lost:
            closed.set_result(None)
        else:
            self._until_closed += (closed,)
        return closed

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._heard = True
        if self._serves:
            if self._unframed == 0 and self._partial is None and self._protocol.state is _OPEN:
                message = masked_text(data, self._limits.message_bytes)
                if message is not None:
                    if not self._closing:
                        self._deliver(message)
                        if self._closing:
                            self._settle()
                    return
            self._unframed += len(data)
        self._protocol.receive_data(data)
        # The opening handshake is over, so these are frames.
        frames = cast("list[Frame]", self._protocol.events_received())
        if self._serves:
            self._unframed -= sum(map(masked_size, frames))
        self.frames_received(frames)
        self._watch_message(bool(frames))

    def frames_received(self, frames: list[Frame]) -> None:
        """Act on what the protocol has read; for frames that came with the opening handshake, too."""
        self._receiving = True
        for frame in frames:
            if self._closing:
                break
            self._receive(frame)
        self._receiving = False
        self._settle()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport closes itself after this."""
        self._protocol.receive_eof()
        self._flush()
        self._expect_close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._closing = self._is_lost = True
        self._deadlines.forget(self)
        self._protocol.receive_eof()
        # The suspended parser and the protocol refer to each other; do not leave that to the collector.
        self._protocol.parser.close()
        self._gone(self)
        for closed in self._until_closed:
            if not closed.done():
                closed.set_result(None)
        self._receiver.connection_lost(*self._ending())

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: who does not read our answers may not send more questions."""
        self._writing_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._writing_paused = False
        self._transport.resume_reading()

    def deadline_reached(self, now: float) -> None:
        """See `voltyard.transport.deadlines.Watched`."""
        if now >= self._close_due:
            self._transport.abort()
            return
        if now >= self._message_due:
            self._fail(1008, "the message took too long")
            self._flush()
            self._expect_close()
        elif now >= self._ping_due:
            self._advance_ping(now)
        self._arm()

    def _settle(self) -> None:
        self._flush()
        if self._protocol.state is not _OPEN:
            self._expect_close()

    def _receive(self, frame: Frame) -> None:
        # Identity tests instead of a match: this runs for every message.
        opcode = frame.opcode
        if opcode is _TEXT and frame.fin:
            self._deliver(bytes(frame.data))
        elif opcode is _TEXT or opcode is _CONT:
            self._gather(frame)
        elif opcode is _BINARY:
            self._fail(1003, "only text messages are understood")

    def _gather(self, frame: Frame) -> None:
        if self._partial is None:
            self._partial = bytearray()
            self._fragments = 0
        self._partial += frame.data
        self._fragments += 1
        if self._fragments > self._limits.fragments:
            self._fail(1009, "too many fragments")
        elif frame.fin:
            message, self._partial = bytes(self._partial), None
            self._deliver(message)

    def _deliver(self, message: bytes) -> None:
        if not message.isascii():
            try:
                message.decode()
            except UnicodeDecodeError:
                self._fail(1007, "not UTF-8")
                return
        self._receiver.frame_received(message)

    def _watch_message(self, frame_completed: bool) -> None:
        # Bytes that complete no frame begin or continue a message.
        if frame_completed and self._partial is None:
            self._message_due = _NEVER
        elif self._message_due == _NEVER and self._protocol.state is _OPEN:
            self._message_due = self._deadlines.now() + self._limits.message_timeout_s
            self._arm()

    def _advance_ping(self, now: float) -> None:
        # Any sign of life answers a ping: some firmware never sends a pong.
        answer_within_s = min(self._limits.pong_timeout_s, self._ping_interval_s)
        if self._ping is _Ping.NONE:
            self._ping = _Ping.SENT
            self._heard = False
            self._ping_due = now + answer_within_s
            self._protocol.send_ping(b"")
            self._flush()
        elif self._heard:
            self._ping = _Ping.NONE
            self._ping_due = now + self._ping_interval_s - answer_within_s
        elif self._ping is _Ping.SENT:
            # If the loop was blocked the answer may be waiting to be read.
            self._ping = _Ping.OVERDUE
            self._ping_due = now + _LAST_CHANCE_S
        else:
            self._cut("no answer to a ping")

    def _flush(self) -> None:
        pending = self._protocol.data_to_send()
        if not pending:
            return
        if output := b"".join(pending):
            self._transport.write(output)
        if not pending[-1]:
            half_close(self._transport)
        self._check_backlog()

    def _check_backlog(self) -> None:
        if self._writing_paused and self._transport.get_write_buffer_size() > self._limits.unsent_bytes:
            self._cut("does not read what it is sent")

    def _fail(self, code: int, reason: str) -> None:
        self._closing = True
        self._partial = None
        self._protocol.fail(code, reason)

    def _cut(self, reason: str) -> None:
        if self._cut_reason is None:
            self._closing = True
            self._cut_reason = reason
            self._transport.abort()

    def _expect_close(self) -> None:
        if self._close_due == _NEVER:
            self._ping_due = self._message_due = _NEVER
            self._close_due = self._deadlines.now() + self._limits.close_timeout_s
            self._arm()

    def _arm(self) -> None:
        due = min(self._ping_due, self._message_due, self._close_due)
        if due < _NEVER and not self._is_lost:
            self._deadlines.set(self, due)

    def _ending(self) -> tuple[int, str]:
        """Return the code and reason of the close frame that came first, 1006 if there was none."""
        protocol = self._protocol
        close = protocol.close_rcvd if protocol.close_rcvd_then_sent else protocol.close_sent
        return (int(close.code), close.reason) if close else (_ABNORMAL, self._cut_reason or "")


class _Frozen(asyncio.Transport):
    """A transport that does nothing any more but end."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._ended = transport.abort

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `asyncio.WriteTransport`."""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """See `asyncio.WriteTransport`."""

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""

    def abort(self) -> None:
        self._ended()


class Nobody:
    """Receives what a connection delivers that no one is to hear."""

    __slots__ = ()

    def frame_received(self, frame: bytes) -> None:
        """See `Receiver`."""

    def connection_lost(self, code: int, reason: str) -> None:
        """See `Receiver`."""


def half_close(transport: asyncio.Transport) -> None:
    """Send the end of the stream after what is buffered; the other end closes, or a deadline does."""
    if transport.can_write_eof():
        transport.write_eof()
    else:  # TLS has no half-closed connections in asyncio
        transport.close()


def _clipped(reason: str) -> str:
    return reason.encode(errors="replace")[:_MAX_REASON_BYTES].decode(errors="ignore")
