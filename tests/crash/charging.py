"""Charge points that remember what was answered: the ledger of a crash test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from voltyard.protocol.messages import (
    BootNotification,
    MeterValue,
    MeterValues,
    SampledValue,
    StartTransaction,
    StopTransaction,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport import Peer, PeerError, Role, Router, TransportError, connect_peer

R = TypeVar("R", bound=Payload)

METER_VALUES = 3
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_RETRY_S = 0.02


@dataclass
class Session:
    """One transaction as its charge point knows it: what has been answered."""

    id_tag: str
    meter_start: int
    started_at: datetime
    transaction_id: int | None = None
    values: list[datetime] = field(default_factory=list)
    meter_stop: int | None = None


class ChargePoint:
    """Runs one transaction after the other; an unanswered message is sent again, as the same content."""

    def __init__(self, url: str, identity: str) -> None:
        self.identity = identity
        self.sessions: list[Session] = []
        self.sent = 0
        self.answered = 0
        self.errors: list[str] = []
        self._url = url
        self._router = Router[Peer](Role.CHARGE_POINT, {})
        self._meter = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Charge until told to stop, through any number of crashes of the central system."""
        messages = self._messages(stop)
        pending = next(messages, None)
        while pending is not None:
            try:
                async with connect_peer(self._url, self.identity, self._router) as peer:
                    if not self.answered:
                        await peer.call(BootNotification(charge_point_vendor="V", charge_point_model="M"))
                    while pending is not None:
                        await self._deliver(peer, pending)
                        pending = next(messages, None)
            except (OSError, TransportError, PeerError) as error:
                if "Violation" in str(error) or "InternalError" in str(error):
                    self.errors.append(str(error))
                await asyncio.sleep(_RETRY_S)

    async def _deliver(self, peer: Peer, request: Request[Payload]) -> None:
        self.sent += 1
        response = await peer.call(request, timeout=10)
        self.answered += 1
        session = self.sessions[-1]
        match request:
            case StartTransaction():
                session.transaction_id = getattr(response, "transaction_id")  # noqa: B009 - its type is erased
            case MeterValues(meter_value=(value, *_)):
                session.values.append(value.timestamp)
            case StopTransaction(meter_stop=meter_stop):
                session.meter_stop = meter_stop

    def _messages(self, stop: asyncio.Event) -> Iterator[Request[Payload]]:
        while not stop.is_set():
            number = len(self.sessions)
            session = Session(f"T{number}", self._meter, _BEGINNING + timedelta(minutes=number))
            self.sessions.append(session)
            yield StartTransaction(
                connector_id=1,
                id_tag=session.id_tag,
                meter_start=session.meter_start,
                timestamp=session.started_at,
            )
            assert session.transaction_id is not None  # the next message is asked for after the answer
            for _ in range(METER_VALUES):
                self._meter += 10
                yield self._meter_values(session)
            yield StopTransaction(
                transaction_id=session.transaction_id,
                meter_stop=self._meter,
                timestamp=session.started_at + timedelta(seconds=50),
            )

    def _meter_values(self, session: Session) -> MeterValues:
        at = session.started_at + timedelta(seconds=1 + len(session.values))
        sample = SampledValue(value=str(self._meter))
        return MeterValues(
            connector_id=1,
            transaction_id=session.transaction_id,
            meter_value=(MeterValue(timestamp=at, sampled_value=(sample,)),),
        )
