"""The gateway: puts admission, sessions, commands and presence together around one listener."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import structlog

from voltyard.central.attempts import AttemptLimiter
from voltyard.central.bus import Bus
from voltyard.central.gateway.admission import Gate
from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.dispatcher import Dispatcher
from voltyard.central.gateway.fallback import PACE, Fallback, Pace
from voltyard.central.gateway.handlers import FindTag, VendorHandler, central_system_router
from voltyard.central.gateway.session import Session, Surroundings
from voltyard.central.gateway.stations import Stations
from voltyard.central.instants import now_us
from voltyard.central.services.events import Event
from voltyard.central.services.presence import (
    record_breach,
    record_signs_of_life,
    settle_password,
)
from voltyard.central.services.records import ChargePoint
from voltyard.central.settings import OcppSettings
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.transport.handshake import Admission, Handshake, HandshakeLimits, Refusal
from voltyard.transport.link import Link
from voltyard.transport.server import Listener, RefusedHandshake, serve
from voltyard.transport.websocket import Limits

_PRESENCE_INTERVAL_S = 10.0
_GOING_AWAY = 1001

_log = structlog.get_logger()


class Gateway:
    """Everything between the sockets of charge points and the services."""

    def __init__(
        self,
        settings: OcppSettings,
        ledger: Ledger,
        bus: Bus,
        find_charge_point: Callable[[str], Awaitable[ChargePoint | None]],
        find_tag: FindTag,
        vendors: Mapping[str, VendorHandler],
        backlog: Backlog,
        pace: Pace = PACE,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._bus = bus
        self.stations = Stations(self._alarm)
        self.fallback = Fallback(
            ledger, backlog, find_tag, lambda: self.stations, self._storage_recovered, pace
        )
        self.dispatcher = Dispatcher(ledger, self.stations, settings.call_timeout_s)
        self.ignored_frames: Counter[str] = Counter()
        self.refused_handshakes: Counter[int] = Counter()
        self._shared = Surroundings(
            ledger=ledger,
            fallback=self.fallback,
            router=central_system_router(self.fallback.find_tag, vendors),
            heartbeat_interval_s=settings.heartbeat_interval_s,
            left=self._left,
            registered=lambda session: self.dispatcher.wake(session.origin.id),
            ignored=self._ignored,
        )
        self._gate = Gate(
            find_charge_point,
            self._connected,
            self.stations.is_flapping,
            self._proven,
            self._breached,
            AttemptLimiter(
                time.monotonic,
                per_identity=settings.failures_per_identity,
                per_address=settings.failures_per_address,
            ),
            allow_unauthenticated=settings.allow_unauthenticated,
        )
        self._listener: Listener | None = None
        self._presence: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where charge points connect to; their identity comes after it."""
        port = self._settings.port if self._listener is None else self._listener.port
        return f"ws://{self._settings.host}:{port}{self._settings.path}"

    async def open(self) -> None:
        """Store what earlier trouble has left behind, and start listening."""
        settings = self._settings
        await self.fallback.open()
        self._listener = await serve(
            self._gate.admit,
            settings.host,
            settings.port,
            endpoint=settings.path,
            limits=Limits(message_bytes=settings.max_message_bytes),
            handshake_limits=HandshakeLimits(
                timeout_s=settings.handshake_timeout_s, per_address=settings.handshakes_per_address
            ),
            ping_interval_s=settings.ping_interval_s,
            refused=self._refused,
        )
        self._presence = asyncio.create_task(self._note_presence())

    async def admit(self, handshake: Handshake) -> Admission | Refusal:
        """Decide about a charge point that comes another way than through the listener, by the same rules."""
        return await self._gate.admit(handshake)

    async def close(self) -> None:
        """End all connections and everything under way."""
        await self.dispatcher.close()
        if self._presence is not None:
            self._presence.cancel()
        if self._listener is not None:
            await self._listener.close()
        for session in self.stations:
            session.close(_GOING_AWAY, "the central system is going away")
        self._gate.close()
        await self.fallback.close()
        await self._flush_presence(0)

    def renew(self, charge_point: ChargePoint) -> None:
        """Let a live session know that an operator has changed or deleted its charge point."""
        session = self.stations.get(charge_point.id)
        if session is None:
            return
        if charge_point.deleted_at_us is not None:
            session.close(1008, "deleted")
        else:
            session.renew(charge_point)

    def _storage_recovered(self) -> None:
        for session in self.stations:
            self.dispatcher.wake(session.origin.id)

    # What happens to connections.

    def _connected(self, charge_point: ChargePoint, link: Link) -> Session:
        session = Session(charge_point, link, self._shared)
        self.stations.enter(session, now_us())
        self._publish("charge_point.connected", session, {})
        self.dispatcher.wake(charge_point.id)
        return session

    def _left(self, session: Session, code: int, reason: str) -> None:
        if self.stations.leave(session):
            self._publish("charge_point.disconnected", session, {"code": code, "reason": reason})

    def _ignored(self, session: Session, reason: str) -> None:
        self.ignored_frames[reason] += 1
        session.note_ignored(reason)

    def _refused(self, refused: RefusedHandshake) -> None:
        self.refused_handshakes[refused.status] += 1
        _log.info(
            "handshake refused",
            address=refused.remote_address,
            identity=refused.identity,
            status=refused.status,
            reason=refused.reason,
        )

    def _alarm(self, session: Session) -> None:
        _log.warning("connections replace one another", charge_point=session.origin.identity)
        self._ledger.post(
            record_breach,
            session.origin.id,
            session.origin.identity,
            "RepeatedTakeover",
            "connections of this identity replace one another",
            now_us(),
        )

    def _breached(self, charge_point: ChargePoint, fault: str, address: str) -> None:
        self._ledger.post(
            record_breach,
            charge_point.id,
            charge_point.identity,
            "FailedToAuthenticateAtCentralSystem",
            f"{fault}, from {address}",
            now_us(),
        )

    def _proven(self, charge_point: ChargePoint, password_hash: str) -> None:
        self._ledger.post(settle_password, charge_point.id, password_hash)

    def _publish(self, kind: str, session: Session, details: dict[str, object]) -> None:
        self._bus.publish([Event(kind, session.origin.identity, now_us(), details)])

    # Presence.

    async def _note_presence(self) -> None:
        since_us = now_us()
        while True:
            await asyncio.sleep(_PRESENCE_INTERVAL_S)
            until_us = now_us()
            await self._flush_presence(since_us)
            since_us = until_us

    async def _flush_presence(self, since_us: int) -> None:
        seen = self.stations.take_signs_of_life(since_us)
        if not seen:
            return
        try:
            async with asyncio.timeout(_PRESENCE_INTERVAL_S):
                await self._ledger.run(record_signs_of_life, seen)
        except (StorageFailed, TimeoutError):
            # Who is there will be seen again.
            _log.warning("signs of life could not be stored", charge_points=len(seen))
