"""The other end of an OCPP-J conversation: the only place where `rpc` meets asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Protocol, TypeVar, cast
from uuid import uuid4

import structlog

from voltyard.protocol.codec import Compliance, Decoded, PayloadDecoder, encode
from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import (
    AnswerUnusable,
    CallAnswered,
    CallFailed,
    CallReceived,
    Connection,
    Event,
)
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected, HangUp
from voltyard.transport.link import Link

R = TypeVar("R", bound=Payload)

DEFAULT_CALL_TIMEOUT_S = 30.0
MAX_WAITING_CALLS = 256

_log = structlog.get_logger()


class Responder(Protocol):
    """The application's side of a conversation."""

    def respond(self, peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        """Return the response, or an awaitable of it; raise `CallError` for a CALLERROR."""


class FrameObserver(Protocol):
    """Sees every frame of a conversation, for message logs; must not raise."""

    def received(self, frame: bytes, event: Event) -> None:
        """A frame came in and means `event`."""

    def sent(self, frame: bytes) -> None:
        """A frame was handed to the connection."""


class Peer:
    """One conversation over one link; implements `Receiver`.

    Received CALLs are answered in order, one at a time, outside of the reading: a handler may itself
    `call` the peer and wait. A handler's failure is answered with InternalError and ends nothing.
    """

    __slots__ = (
        "_after_answer",
        "_answers",
        "_compliance",
        "_is_leaving",
        "_link",
        "_loop",
        "_lost",
        "_observer",
        "_respond",
        "_rpc",
        "_serving",
        "_timeouts",
        "_waiting",
    )

    def __init__(
        self,
        link: Link,
        responder: Responder,
        *,
        observer: FrameObserver | None = None,
        compliance: Compliance = Compliance.TOLERANT,
    ) -> None:
        self._compliance = compliance
        self._link = link
        self._respond = responder.respond
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._rpc = Connection(lenient=compliance is Compliance.TOLERANT)
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._timeouts: dict[str, float] = {}
        self._waiting: list[CallReceived] = []
        self._serving: CallReceived | None = None
        self._after_answer: list[Callable[[], None]] = []
        self._is_leaving = False
        self._lost: Disconnected | None = None

    @property
    def compliance(self) -> Compliance:
        """How strictly the peer is read; may change at any time."""
        return self._compliance

    @compliance.setter
    def compliance(self, compliance: Compliance) -> None:
        self._compliance = compliance
        self._rpc.lenient = compliance is Compliance.TOLERANT

    async def call(self, request: Request[R], *, timeout: float = DEFAULT_CALL_TIMEOUT_S) -> R:
        """Send a request and return its answer; later requests wait until it is settled.

        `timeout` is in seconds and runs from the moment the CALL is sent. Raises `CallRejected` for a
        CALLERROR, `AnswerInvalid`, `CallTimedOut`, `Disconnected` (whether the peer acted is then not
        known), and `InvalidPayload` before anything is sent if the request breaks the specification.
        """
        return (await self.call_decoded(request, timeout=timeout)).payload

    async def call_decoded(
        self, request: Request[R], *, timeout: float = DEFAULT_CALL_TIMEOUT_S, id: str | None = None
    ) -> Decoded[R]:
        """Do as `call` does and tell, too, what was let pass in the answer."""
        response = cast("type[R]", request.response)
        answer = await self.call_raw(request.action, encode(request), timeout=timeout, id=id)
        decoder: PayloadDecoder[R] = _decoder(response)
        try:
            if self.compliance is Compliance.STRICT:
                return Decoded(decoder.strict(answer), (), ())
            return decoder.tolerant(answer, datetime.now(UTC))
        except InvalidPayload as error:
            raise AnswerInvalid(error.description) from error

    async def call_raw(
        self, action: str, payload: bytes, *, timeout: float = DEFAULT_CALL_TIMEOUT_S, id: str | None = None
    ) -> bytes:
        """Send a CALL of any payload and return the payload of its CALLRESULT unread.

        Raises as `call` does, but for the two kinds of invalid payloads.
        """
        if self._lost is not None:
            raise self._lost
        id = id or str(uuid4())
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[id] = answer
        self._timeouts[id] = timeout
        try:
            self._rpc.call(id, action, payload)
            self._flush()
            return await answer
        finally:
            del self._answers[id]
            self._timeouts.pop(id, None)
            self._rpc.expire(id)
            self._flush()

    def after_answer(self, action: Callable[[], None]) -> None:
        """Run `action` when the answer to the call being handled has been sent (never if it is not)."""
        self._after_answer.append(action)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; calls in flight raise `Disconnected`."""
        self._link.close(code, reason)

    def leave(self, patience_s: float) -> None:
        """Close when the CALL in flight is settled, or after so many seconds; no other CALL is sent.

        A peer that finds the connection closed when it is about to answer may never read what came before.
        """
        self._is_leaving = True
        self._rpc.finish()
        self._loop.call_later(patience_s, self._link.close)
        self._flush()

    # What the link delivers.

    def frame_received(self, frame: bytes) -> None:
        """Take in one frame."""
        event = self._rpc.receive(frame)
        if self._observer is not None:
            self._observer.received(frame, event)
        kind = type(event)
        if kind is CallReceived:
            call = cast(CallReceived, event)
            if self._serving is None:
                self._serve(call)
                self._serve_waiting()
            elif len(self._waiting) < MAX_WAITING_CALLS:
                self._waiting.append(call)
            else:
                self._link.close(1008, "too many unanswered calls")
        elif kind is CallAnswered or kind is CallFailed or kind is AnswerUnusable:
            self._settle(cast("CallAnswered | CallFailed | AnswerUnusable", event))
        self._flush()

    def connection_lost(self, code: int, reason: str) -> None:
        """Fail everything that waits for the peer."""
        self._lost = Disconnected(code, reason)
        self._waiting.clear()
        self._after_answer.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self._lost)

    # Calls of the peer.

    def _serve(self, call: CallReceived) -> None:
        self._serving = call
        try:
            answer = self._respond(self, call)
        except Exception as error:  # noqa: BLE001 - a defect in one handler must not end the conversation
            self._fail(call, error)
            return
        if isinstance(answer, Payload):
            self._answer(call, answer)
            return
        if not asyncio.isfuture(answer):
            answer = self._loop.create_task(_as_coroutine(answer))
        answer.add_done_callback(self._served)

    def _served(self, answer: asyncio.Future[Payload]) -> None:
        call = self._serving
        if answer.cancelled() or call is None:
            self._link.close(1011, "handler was cancelled")
            return
        error = answer.exception()
        if error is not None:
            self._fail(call, error)
        else:
            self._answer(call, answer.result())
        self._serve_waiting()
        self._flush()

    def _answer(self, call: CallReceived, response: Payload) -> None:
        try:
            payload = encode(response)
        except InvalidPayload as error:
            _log.error("response breaks the specification", action=call.action, error=str(error))
            self._rpc.reject(call.id, ErrorCode.INTERNAL_ERROR)
        else:
            self._rpc.answer(call.id, payload)
        self._finish()

    def _fail(self, call: CallReceived, error: BaseException) -> None:
        self._after_answer.clear()
        match error:
            case CallError(code=code, description=description):
                self._rpc.reject(call.id, code, description)
            case InvalidPayload(code=code, description=description):
                self._rpc.reject(call.id, code, description)
            case HangUp(code=code, reason=reason):
                # What came after it would be done and never answered; the peer reports it again.
                self._waiting.clear()
                self._link.close(code, reason)
            case _:
                _log.error("handler failed", action=call.action, exc_info=error)
                self._rpc.reject(call.id, ErrorCode.INTERNAL_ERROR)
        self._finish()

    def _finish(self) -> None:
        self._serving = None
        if self._after_answer:
            self._flush()
            actions, self._after_answer = self._after_answer, []
            for action in actions:
                action()

    def _serve_waiting(self) -> None:
        while self._waiting and self._serving is None:
            self._serve(self._waiting.pop(0))

    # Our calls.

    def _settle(self, event: CallAnswered | CallFailed | AnswerUnusable) -> None:
        answer = self._answers.get(event.id)
        if answer is None or answer.done():
            return
        match event:
            case CallAnswered(payload=payload):
                answer.set_result(payload)
            case CallFailed(code=code, description=description):
                answer.set_exception(CallRejected(code, description))
            case AnswerUnusable(reason=reason):
                answer.set_exception(AnswerInvalid(reason))

    def _time_out(self, id: str) -> None:
        answer = self._answers.get(id)
        if answer is not None and not answer.done():
            answer.set_exception(CallTimedOut())

    def _flush(self) -> None:
        frames = self._rpc.frames_to_send()
        if self._lost is not None:
            return
        for frame in frames:
            self._link.send(frame)
            if self._observer is not None:
                self._observer.sent(frame)
        if self._timeouts:
            id = self._rpc.in_flight
            if id is not None and (timeout := self._timeouts.pop(id, None)) is not None:
                timer = self._loop.call_later(timeout, self._time_out, id)
                self._answers[id].add_done_callback(lambda _: timer.cancel())
        if self._is_leaving and self._rpc.in_flight is None:
            self._link.close()


async def _as_coroutine(answer: Awaitable[Payload]) -> Payload:
    return await answer


@cache
def _decoder(response: type[R]) -> PayloadDecoder[R]:
    # Compiling a decoder costs more than a thousand uses of it.
    return PayloadDecoder(response)
