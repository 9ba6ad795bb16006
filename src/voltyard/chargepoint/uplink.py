"""The way to the central system: at most one conversation at a time, and none when offline."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

import structlog

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.complaints import Complaint, Complaints
from voltyard.chargepoint.exchange import Exchanges
from voltyard.chargepoint.flag import Flag
from voltyard.protocol.codec import Compliance
from voltyard.protocol.errors import InvalidPayload
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import Event
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import FrameObserver, Peer, Responder

R = TypeVar("R", bound=Payload)

StayConnected = Callable[[Callable[[Link], Receiver]], Coroutine[Any, Any, None]]
"""Connects, and connects again whenever the connection is lost, until it is cancelled.

For each connection it calls what it was given, which says who receives."""

CALL_TIMEOUT_S: Final = 30.0
"""How long an answer is waited for where MessageTimeout does not say (errata 3.83)."""
LEAVING_S: Final = 2.0
"""How long a conversation that is to end waits for an answer."""
_NOT_CONNECTED: Final = (1006, "not connected")

_log = structlog.get_logger()


class Caller(Protocol):
    """Whom messages can be sent through."""

    async def call(self, request: Request[R]) -> R:
        """Return the answer; raises `PeerError`, of which `Disconnected` means that we are offline."""


class Uplink:
    """Keeps the conversation with the central system and notes when something was last sent.

    What is wrong with what comes is counted in `complaints`.
    """

    __slots__ = (
        "_clock",
        "_complaints",
        "_compliance",
        "_down",
        "_exchanges",
        "_last_sent_at",
        "_link",
        "_peer",
        "_timeout_s",
        "_up",
        "_watch",
    )

    def __init__(
        self,
        clock: Clock,
        *,
        compliance: Compliance = Compliance.TOLERANT,
        observer: FrameObserver | None = None,
        timeout_s: Callable[[], float] = lambda: CALL_TIMEOUT_S,
        complaints: Complaints | None = None,
    ) -> None:
        self._clock = clock
        self._compliance = compliance
        self._timeout_s = timeout_s
        self._complaints = complaints or Complaints()
        self._exchanges = Exchanges()
        self._watch = _Watch(observer, self._exchanges, self._complaints)
        self._link: Link | None = None
        self._peer: Peer | None = None
        self._up = Flag()
        self._down = Flag()
        self._down.set()
        self._last_sent_at = clock.monotonic()

    @property
    def is_connected(self) -> bool:
        return self._peer is not None

    @property
    def silent_for_s(self) -> float:
        """How long nothing has been sent."""
        return self._clock.monotonic() - self._last_sent_at

    @property
    def complaints(self) -> Complaints:
        """What there is to complain about the central system."""
        return self._complaints

    def connected(self, responder: Responder, link: Link) -> Receiver:
        """Take over a new connection; `responder` answers the central system's calls."""
        peer = Peer(link, responder, compliance=self._compliance, observer=self._watch)
        self._link = link
        self._peer = peer
        self._down.clear()
        self._up.set()
        return _Line(peer, self._lost)

    async def call(self, request: Request[R]) -> R:
        """Send a request and return its answer; raises `PeerError`.

        One that breaks the specification is not sent: it counts as rejected.
        """
        peer, message_id = self._talking(), str(uuid4())
        try:
            answer = await peer.call_decoded(request, timeout=self._timeout_s(), id=message_id)
        except CallTimedOut:
            self._complaints.given_up(message_id)
            raise
        except AnswerInvalid:
            self._complaints.count(Complaint.INVALID_ANSWER)
            raise
        except InvalidPayload as error:
            # Whatever put it there, hardware for example, must not end the charge point.
            _log.error("request breaks the specification", action=request.action, error=str(error))
            raise CallRejected(error.code, error.description) from error
        if answer.deviations:
            self._complaints.deviated(answer.deviations)
        return answer.payload

    async def call_raw(self, action: str, payload: bytes, timeout_s: float) -> bytes:
        """Send a CALL of any payload, when its turn comes, and return the payload of its answer unread.

        Raises `PeerError`. Neither the request nor the answer is checked.
        """
        peer, message_id = self._talking(), str(uuid4())
        try:
            return await peer.call_raw(action, payload, timeout=timeout_s, id=message_id)
        except CallTimedOut:
            self._complaints.given_up(message_id)
            raise
        except AnswerInvalid:
            self._complaints.count(Complaint.INVALID_ANSWER)
            raise

    async def exchange(self, frame: bytes, timeout_s: float) -> bytes | None:
        """Send anything at all as one text message, at once, and return the frame that answers it.

        None if none can be told to be the answer or none comes in time. Raises `Disconnected`.
        """
        if self._link is None:
            raise Disconnected(*_NOT_CONNECTED)
        self._link.send(frame)
        self._watch.sent_raw(frame)
        return await self._exchanges.answer(frame, self._clock, timeout_s)

    def after_answer(self, action: Callable[[], None]) -> None:
        """Run `action` when the answer to the call being handled has been sent."""
        if self._peer is not None:
            self._peer.after_answer(action)

    def close(self) -> None:
        """End the conversation; the connection is made anew unless nobody stays connected."""
        if self._peer is not None:
            self._peer.close()

    def reconnect(self) -> None:
        """End the conversation when the call in flight is answered, so that a new one begins."""
        if self._peer is not None:
            self._peer.leave(LEAVING_S)

    @property
    def up(self) -> Flag:
        """Set as long as there is a connection."""
        return self._up

    @property
    def down(self) -> Flag:
        """Set as long as there is no connection."""
        return self._down

    def _talking(self) -> Peer:
        if self._peer is None:
            raise Disconnected(*_NOT_CONNECTED)
        self._last_sent_at = self._clock.monotonic()
        return self._peer

    def _lost(self, peer: Peer, code: int) -> None:
        self._complaints.disconnected(code)
        if self._peer is peer:
            self._peer = self._link = None
            self._up.clear()
            self._down.set()


class _Line:
    """Receives for a peer and tells when the connection is gone."""

    __slots__ = ("_lost", "_peer", "frame_received")

    def __init__(self, peer: Peer, lost: Callable[[Peer, int], None]) -> None:
        self._peer = peer
        self._lost = lost
        self.frame_received = peer.frame_received

    def connection_lost(self, code: int, reason: str) -> None:
        self._peer.connection_lost(code, reason)
        self._lost(self._peer, code)


class _Watch:
    """Shows every frame to all who are to see it."""

    __slots__ = ("_complaints", "_exchanges", "_observer")

    def __init__(self, observer: FrameObserver | None, exchanges: Exchanges, complaints: Complaints) -> None:
        self._observer = observer
        self._exchanges = exchanges
        self._complaints = complaints

    def received(self, frame: bytes, event: Event) -> None:
        if self._observer is not None:
            self._observer.received(frame, event)
        if not self._exchanges.take(frame, event):
            self._complaints.received(frame, event)

    def sent(self, frame: bytes) -> None:
        if self._observer is not None:
            self._observer.sent(frame)
        self._complaints.sent(frame)

    def sent_raw(self, frame: bytes) -> None:
        # There is no knowing what it is: nobody but the log of messages looks at it.
        if self._observer is not None:
            self._observer.sent(frame)
