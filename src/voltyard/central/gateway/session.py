"""One connected charge point: what it may send, how it is read, and where that goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import structlog
from msgspec import Raw, json

from voltyard.central.gateway.fallback import Fallback, InHand
from voltyard.central.instants import from_us
from voltyard.central.services.origin import Origin
from voltyard.central.services.records import ChargePoint
from voltyard.central.services.registration import quarantine, record_deviations
from voltyard.central.services.spooled import Refusal
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.protocol.codec import Compliance, Deviation, Dropped
from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload
from voltyard.protocol.masking import without_password, without_secret
from voltyard.protocol.messages import BootNotification, RegistrationStatus
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import MAX_ID_LENGTH, CallReceived, CallRefused, Event, FrameIgnored
from voltyard.transport.link import Link
from voltyard.transport.peer import Peer
from voltyard.transport.router import Route, Router

P = ParamSpec("P")
T = TypeVar("T")

_log = structlog.get_logger()

TRANSACTION_RELATED = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every session of a gateway shares."""

    ledger: Ledger
    fallback: Fallback
    router: Router[Session]
    heartbeat_interval_s: int
    left: Callable[[Session, int, str], None]
    registered: Callable[[Session], None]
    ignored: Callable[[Session, str], None]


class Session:
    """One connection of one charge point.

    It receives what the connection delivers (`Receiver`), answers what the peer is asked (`Responder`) and
    sees every frame (`FrameObserver`).
    """

    __slots__ = (
        "_answer",
        "_in_hand",
        "_peer",
        "_secret",
        "_shared",
        "_triggered",
        "charge_point",
        "connected_at_us",
        "ignored_frames",
        "last_seen_us",
        "origin",
        "registration",
    )

    def __init__(self, charge_point: ChargePoint, link: Link, shared: Surroundings) -> None:
        self.charge_point = charge_point
        self.origin = Origin(charge_point.id, charge_point.identity)
        self.registration = _registration(charge_point)
        self.connected_at_us = self.last_seen_us = time.time_ns() // 1000
        self.ignored_frames = 0
        self._shared = shared
        self._triggered: set[str] = set()
        self._secret: str | None = None
        # The CALL that is being handled, and its answer while it waits for the ledger.
        self._in_hand: tuple[str, bytes, Request[Any] | Refusal, int]
        self._answer: asyncio.Future[Any] | None = None
        self._peer = Peer(link, self, observer=self, compliance=Compliance(charge_point.compliance))

    @property
    def fallback(self) -> Fallback:
        """What stands in for the ledger when it fails."""
        return self._shared.fallback

    def run(
        self, function: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Do as `Ledger.run` for the CALL being handled; its answer may come from the fallback instead.

        Raises `CallError` for what has to wait until the storage works again.
        """
        shared = self._shared
        if shared.fallback.is_engaged and (taken := shared.fallback.take(self._call_in_hand())) is not None:
            return taken
        answer = shared.ledger.run_or(self._rescue, function, *args, **kwargs)
        self._answer = answer
        return answer

    def release(self, error: StorageFailed) -> None:
        """Have the CALL that waits for the ledger rescued, if there is one."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            self._rescue(answer, error)

    @property
    def heartbeat_interval_s(self) -> int:
        """The heartbeat interval for a charge point that has none of its own, in seconds."""
        return self._shared.heartbeat_interval_s

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        self._peer.close(code, reason)

    def renew(self, charge_point: ChargePoint) -> None:
        """Take over settings that an operator has changed."""
        self.charge_point = charge_point
        self._peer.compliance = Compliance(charge_point.compliance)

    def registered(self, status: RegistrationStatus) -> None:
        """Note the answer that a BootNotification is about to get."""
        self.registration = status
        self._triggered.clear()
        self._peer.after_answer(lambda: self._shared.registered(self))

    def note_ignored(self, reason: str) -> None:
        """Count a frame that nobody may answer, and log the first."""
        self.ignored_frames += 1
        if self.ignored_frames == 1:
            _log.info("frame ignored", charge_point=self.origin.identity, reason=reason)

    def expect(self, action: str) -> None:
        """Let a pending charge point send what it is being asked for."""
        self._triggered.add(action)

    async def call(
        self, id: str, action: str, payload: bytes, timeout_s: float, secret: str | None = None
    ) -> bytes:
        """Send a CALL and return the payload of its CALLRESULT; raises what `Peer.call_raw` raises.

        A `secret` in it is hidden wherever it comes back.
        """
        self._secret = secret
        return await self._peer.call_raw(action, payload, timeout=timeout_s, id=id)

    # What the connection delivers.

    def frame_received(self, frame: bytes) -> None:
        """Take in one frame."""
        self.last_seen_us = time.time_ns() // 1000
        self._peer.frame_received(frame)

    def connection_lost(self, code: int, reason: str) -> None:
        """Fail what waits for the charge point and tell that it is gone."""
        self._peer.connection_lost(code, reason)
        self._shared.left(self, code, reason)

    # What the peer shows: every frame, for the message log.

    def received(self, frame: bytes, event: Event) -> None:
        """Log a frame that came in."""
        # Our CALLs and the answers to them may hold a password. The rest, which is nearly all, cannot.
        text = _text(frame) if frame[:2] == b"[2" and self._secret is None else self._visible(frame)
        ledger, at_us = self._shared.ledger, self.last_seen_us
        ledger.log_frame(self.origin.id, at_us, "in", text)
        if type(event) is FrameIgnored:
            self._shared.ignored(self, event.reason)
        elif type(event) is CallRefused and event.action in TRANSACTION_RELATED:
            self._keep(
                InHand(self.origin, event.action, frame, Refusal(event.code, event.description), at_us)
            )

    def sent(self, frame: bytes) -> None:
        """Log a frame that was sent."""
        text = _text(frame) if frame[:2] == b"[3" else self._visible(frame)
        self._shared.ledger.log_frame(self.origin.id, time.time_ns() // 1000, "out", text)

    # Calls of the charge point.

    def respond(self, _peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        """Answer a CALL; what is refused and concerns a transaction is kept first."""
        try:
            if self.registration is not RegistrationStatus.ACCEPTED:
                self._check_registered(call.action)
            route = self._shared.router.route(call.action)
            request = self._read(route, call)
            self._in_hand = (call.action, call.payload, request, self.last_seen_us)
            return route.handler(self, request)
        except (InvalidPayload, CallError) as error:
            if call.action in TRANSACTION_RELATED:
                return self._keep_and_refuse(call, error)
            raise

    def _visible(self, frame: bytes) -> str:
        text = _text(without_password(frame))
        return text if self._secret is None else without_secret(text, self._secret)

    def _call_in_hand(self) -> InHand:
        return InHand(self.origin, *self._in_hand)

    def _rescue(self, answer: asyncio.Future[Any], error: Exception) -> None:
        self._shared.fallback.rescue(self._call_in_hand(), answer, error)

    def _keep(self, refused: InHand) -> None:
        """Keep a CALL that is refused already; nobody waits for it."""
        shared = self._shared
        kept = shared.fallback.take(refused) if shared.fallback.is_engaged else None
        if kept is None:
            refusal = cast("Refusal", refused.request)
            kept = shared.ledger.run_or(
                partial(shared.fallback.rescue, refused),
                quarantine,
                self.origin,
                refused.action,
                refusal.error_code,
                refusal.description,
                _text(refused.content),
                refused.received_at_us,
            )
        kept.add_done_callback(lambda kept: kept.cancelled() or kept.exception())

    def _check_registered(self, action: str) -> None:
        # OCPP-J 1.6 errata 3.10; a pending charge point may send what it was asked for (OCPP 1.6 §4.2).
        if action == BootNotification.action:
            return
        if self.registration is RegistrationStatus.PENDING and action in self._triggered:
            return
        raise CallError(ErrorCode.SECURITY_ERROR, "the charge point is not accepted")

    def _read(self, route: Route, call: CallReceived) -> Request[Any]:
        if len(call.id) <= MAX_ID_LENGTH or self._peer.compliance is Compliance.STRICT:
            try:
                return cast("Request[Any]", route.decoder.strict(call.payload))
            except InvalidPayload:
                if self._peer.compliance is Compliance.STRICT:
                    raise
        return self._read_tolerantly(route, call)

    def _read_tolerantly(self, route: Route, call: CallReceived) -> Request[Any]:
        request, deviations, dropped = route.decoder.tolerant(call.payload, from_us(self.last_seen_us))
        if len(call.id) > MAX_ID_LENGTH:
            deviations = (Deviation("message id too long", "$", call.id[:100]), *deviations)
        if not self._shared.fallback.takes(self.origin.id):  # it records them when it stores the call
            self._note_repairs(call.action, deviations, dropped)
        return cast("Request[Any]", request)

    def _note_repairs(self, action: str, deviations: Sequence[Deviation], dropped: Sequence[Dropped]) -> None:
        ledger, at_us = self._shared.ledger, self.last_seen_us
        if deviations:
            ledger.post(record_deviations, self.origin, action, deviations, at_us)
        for part in dropped:
            reason = f"{part.path}: {part.reason}"
            code = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
            ledger.post(quarantine, self.origin, action, code, reason, _text(part.raw), at_us)

    async def _keep_and_refuse(self, call: CallReceived, error: InvalidPayload | CallError) -> Payload:
        frame = json.encode((2, call.id, call.action, Raw(call.payload)))
        code, reason, at_us = error.code, error.description, self.last_seen_us
        self._in_hand = (call.action, frame, Refusal(code, reason), at_us)
        await self.run(quarantine, self.origin, call.action, code, reason, _text(frame), at_us)
        raise error


def _registration(charge_point: ChargePoint) -> RegistrationStatus | None:
    """Return where a charge point stands before it boots: an acceptance outlives its connection."""
    if charge_point.accepted_at_us is not None:
        return RegistrationStatus.ACCEPTED
    return None


def _text(frame: bytes) -> str:
    return frame.decode("utf-8", "replace")
