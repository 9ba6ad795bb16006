"""A charge point from one boot to the next: its parts put together, and what each event leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from voltyard.chargepoint.authorization import Authorizer, Cache
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.configuration import Configuration, Equipment
from voltyard.chargepoint.connectors import ConnectorSession, Surroundings
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.delivery import Delivery
from voltyard.chargepoint.handlers import HANDLERS
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.heartbeat import beat
from voltyard.chargepoint.metering import clock_aligned, periodically, sole_value, take
from voltyard.chargepoint.outbox import Outbox
from voltyard.chargepoint.parts import Parts, Vendors
from voltyard.chargepoint.reader import present
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.responder import StationResponder
from voltyard.chargepoint.snapshot import ConnectorSnapshot, StationSnapshot
from voltyard.chargepoint.status import StatusReporter
from voltyard.chargepoint.store import Store
from voltyard.chargepoint.transactions import Transaction, Transactions
from voltyard.chargepoint.uplink import StayConnected, Uplink
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import (
    Authorize,
    AuthorizationStatus,
    ChargePointErrorCode,
    IdTagInfo,
    Measurand,
    MeterValues,
    Reason,
    ReadingContext,
    RegistrationStatus,
    ResetType,
    StatusNotification,
)
from voltyard.transport.errors import Disconnected, PeerError
from voltyard.transport.peer import FrameObserver
from voltyard.transport.router import Role, Router


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a charge point is made of and stays over its resets."""

    hardware: Hardware
    stay_connected: StayConnected
    store: Store
    clock: StationClock
    settings: Mapping[str, str] = field(default_factory=dict)
    vendors: Vendors = field(default_factory=dict)
    compliance: Compliance = Compliance.TOLERANT
    observer: FrameObserver | None = None


class Lifetime:
    """A charge point that is up.

    Listens to its hardware and to what the central system says of transactions; `run` begins it.
    """

    def __init__(self, installation: Installation) -> None:
        hardware, store, clock = installation.hardware, installation.store, installation.clock
        self._hardware = hardware
        self._stay_connected = installation.stay_connected
        self._clock = clock
        self._configuration = Configuration(store, _equipment(hardware), installation.settings)
        self._outbox = Outbox(store)
        self._transactions = Transactions(store, self._outbox)
        self._registration = Registration(store, self._configuration, clock)
        self._uplink = Uplink(clock, compliance=installation.compliance, observer=installation.observer)
        self._status = StatusReporter(self._current_statuses)
        cache = Cache(store)
        self._authorizer = Authorizer(
            self._configuration,
            cache,
            clock,
            ask=self._ask,
            may_charge=lambda: self._registration.was_ever_accepted,
        )
        self._delivery = Delivery(self._outbox, self._transactions, self._configuration, clock, self)
        self._controller = Controller(store, _connector_ids(hardware), clock, self._status.changed)
        self._sessions = self._open_sessions()
        parts = Parts(
            hardware=hardware,
            clock=clock,
            configuration=self._configuration,
            cache=cache,
            outbox=self._outbox,
            transactions=self._transactions,
            registration=self._registration,
            uplink=self._uplink,
            authorizer=self._authorizer,
            controller=self._controller,
            sessions=self._sessions,
            vendors=installation.vendors,
            spawn=self._spawn,
            restart=self._restart,
        )
        router = Router(Role.CHARGE_POINT, HANDLERS)
        self._responder = StationResponder(router, Commands(parts), self._registration, clock.now)
        self._tasks: asyncio.TaskGroup
        self._restarting: asyncio.Future[ResetType]
