"""A central system for the tests of charge points: accepts everything, remembers it, does as it is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    BootNotificationResponse,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    DiagnosticsStatusNotification,
    FirmwareStatusNotification,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    LogStatusNotification,
    MeterValues,
    MeterValuesResponse,
    RegistrationStatus,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport import memory
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import Peer
from voltyard.transport.router import Role, Router, RouterResponder

R = TypeVar("R", bound=Payload)
Q = TypeVar("Q", bound=Request[Any])
ACCEPTED = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)
REFUSED = CallError(ErrorCode.INTERNAL_ERROR, "out of order")
RECONNECT_S = 1.0


class Late(NamedTuple):
    """Scripted instead of an answer: the usual one, after some seconds."""

    seconds: float


Answer = Payload | Exception | Late
SILENCE = Late(40)
"""So late that nobody waits for it any more."""


class Received(NamedTuple):
    """A request and when it came."""

    request: Request[Any]
    at: datetime
    connection: int


class CentralSystem:
    """The other side of a charge point, in memory.

    `script` puts answers in line for an action before the usual ones; `tags` says what is known of
    identifiers; unknown ones are accepted.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.received: list[Received] = []
        self.tags: dict[str, IdTagInfo] = {}
        self.interval_s = 300
        self.is_reachable = True
        self.connections = 0
        self.now = now
        self._scripts: dict[str, deque[Answer]] = {}
        self._transaction_ids = iter(range(1001, 10_000))
        self._peer: Peer | None = None
        self._far: memory.MemoryLink | None = None
        handlers: dict[type[Request[Any]], Callable[[Peer, Any], Any]] = {
            action.request: self.answer for action in ACTIONS.values() if action.from_charge_point
        }
        self._responder = RouterResponder(Router(Role.CENTRAL_SYSTEM, handlers))

    # The story's side.

    def script(self, request: type[Request[Any]], *answers: Answer) -> None:
        """Answer the next requests of this kind so; an exception becomes a CALLERROR."""
        self._scripts.setdefault(request.action, deque()).extend(answers)

    async def call(self, request: Request[R], timeout: float = 30.0) -> R:
        """Call the charge point."""
        assert self._peer is not None, "not connected"
        return await self._peer.call(request, timeout=timeout)

    async def call_raw(self, action: str, payload: bytes, timeout: float = 30.0) -> bytes:
        """Call the charge point with any bytes."""
        assert self._peer is not None, "not connected"
        return await self._peer.call_raw(action, payload, timeout=timeout)

    def send_raw(self, frame: bytes) -> None:
        """Send the charge point anything at all."""
        assert self._far is not None, "not connected"
        self._far.send(frame)

    def go_offline(self) -> None:
        """Cut the connection and let nobody in."""
        self.is_reachable = False
        self.cut()

    def cut(self) -> None:
        """Cut the connection."""
        if self._far is not None:
            self._far.abort()

    def requests(self, kind: type[Q], *, since: int = 0) -> list[Q]:
        """Return what came of one kind."""
        return [each.request for each in self.received[since:] if isinstance(each.request, kind)]

    def actions(self, *, since: int = 0) -> list[str]:
        """Return the names of what came."""
        return [each.request.action for each in self.received[since:]]

    async def until(self, kind: type[Q], count: int = 1, *, within_s: float = 3600) -> list[Q]:
        """Wait until so many of one kind have come in all, and return them."""
        async with asyncio.timeout(within_s):
            while len(self.requests(kind)) < count:
                await asyncio.sleep(0.05)
        return self.requests(kind)

    # The charge point's side.

    def stay_connected(self, connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        """Connect again and again, as the charge point's own client does."""
        return self._stay_connected(connected)

    async def _stay_connected(self, connected: Callable[[Link], Receiver]) -> None:
        while True:
            if self.is_reachable:
                await self._connect(connected, asyncio.Event())
            await asyncio.sleep(RECONNECT_S)

    async def _connect(self, connected: Callable[[Link], Receiver], lost: asyncio.Event) -> None:
        near, self._far = memory.connect(connected, lambda link: self._accept(link, lost))
        self.connections += 1
        try:
            await lost.wait()
        finally:
            near.close(1001)

    def _accept(self, link: Link, lost: asyncio.Event) -> Receiver:
        self._peer = peer = Peer(link, self._responder)
        return _Line(peer, lost)

    def answer(self, peer: Peer, request: Request[Any]) -> Any:
        """Answer a request as scripted or as usual; for a central system over sockets too."""
        self.received.append(Received(request, self.now(), self.connections))
        script = self._scripts.get(request.action)
        if script:
            answer = script.popleft()
            if isinstance(answer, Late):
                return self._late_answer(request, answer.seconds)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._usual_answer(request)

    async def _late_answer(self, request: Request[Any], seconds: float) -> Payload:
        await asyncio.sleep(seconds)
        return self._usual_answer(request)

    def _usual_answer(self, request: Request[Any]) -> Payload:
        match request:
            case BootNotification():
                return boot(self.now(), interval=self.interval_s)
            case Heartbeat():
                return HeartbeatResponse(current_time=self.now())
            case StatusNotification():
                return StatusNotificationResponse()
            case Authorize(id_tag=id_tag):
                return AuthorizeResponse(id_tag_info=self.tags.get(id_tag, ACCEPTED))
            case StartTransaction(id_tag=id_tag):
                return StartTransactionResponse(
                    id_tag_info=self.tags.get(id_tag, ACCEPTED), transaction_id=next(self._transaction_ids)
                )
            case MeterValues():
                return MeterValuesResponse()
            case StopTransaction():
                return StopTransactionResponse()
            case DataTransfer():
                return DataTransferResponse(status=DataTransferStatus.ACCEPTED)
            case DiagnosticsStatusNotification() | FirmwareStatusNotification() | LogStatusNotification():
                return request.response()
            case _:
                raise CallError(ErrorCode.NOT_SUPPORTED)


def boot(
    now: datetime, status: RegistrationStatus = RegistrationStatus.ACCEPTED, interval: int = 300
) -> BootNotificationResponse:
    """Build an answer to BootNotification."""
    return BootNotificationResponse(status=status, current_time=now, interval=interval)


class _Line:
    def __init__(self, peer: Peer, lost: asyncio.Event) -> None:
        self._peer = peer
        self._lost = lost

    def frame_received(self, frame: bytes) -> None:
        self._peer.frame_received(frame)

    def connection_lost(self, code: int, reason: str) -> None:
        self._peer.connection_lost(code, reason)
        self._lost.set()
