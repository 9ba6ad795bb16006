"""The parts of a charge point that is up, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from voltyard.chargepoint.authorization import Authorizer, Cache
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration, Equipment
from voltyard.chargepoint.connectors import ConnectorSession, Spawn, Surroundings
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.metering import Sampling
from voltyard.chargepoint.outbox import Outbox
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.status import StatusReporter
from voltyard.chargepoint.store import Store
from voltyard.chargepoint.transactions import Transactions
from voltyard.chargepoint.uplink import StayConnected, Uplink
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import DataTransferResponse, ResetType, StatusNotification
from voltyard.transport.peer import FrameObserver

VendorHandler = Callable[[str | None], DataTransferResponse]
"""Answers a DataTransfer, given its `data`."""
Vendors = Mapping[str, Mapping[str | None, VendorHandler]]
"""Who answers DataTransfer: by vendorId, then by messageId (None for a message without one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a charge point is made of and keeps over its resets."""

    hardware: Hardware
    stay_connected: StayConnected
    store: Store
    clock: StationClock
    settings: Mapping[str, str] = field(default_factory=dict)
    vendors: Vendors = field(default_factory=dict)
    compliance: Compliance = Compliance.TOLERANT
    observer: FrameObserver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What there is between a boot and the next one.

    `spawn` runs something until then, `restart` brings it about.
    """

    hardware: Hardware
    clock: StationClock
    configuration: Configuration
    cache: Cache
    outbox: Outbox
    transactions: Transactions
    registration: Registration
    uplink: Uplink
    authorizer: Authorizer
    sampling: Sampling
    status: StatusReporter
    controller: Controller
    sessions: Sequence[ConnectorSession]
    vendors: Vendors
    spawn: Spawn
    restart: Callable[[ResetType], None]

    def session(self, connector_id: int) -> ConnectorSession:
        """Return the session of a connector; raises `UnknownConnector`, for 0 too."""
        if not 1 <= connector_id <= len(self.sessions):
            raise UnknownConnector(connector_id)
        return self.sessions[connector_id - 1]


def assemble(
    installation: Installation,
    *,
    spawn: Spawn,
    report: Callable[[StatusNotification], None],
    restart: Callable[[ResetType], None],
) -> Parts:
    """Put a charge point together from what its store remembers."""
    hardware, store, clock = installation.hardware, installation.store, installation.clock
    configuration = Configuration(store, equipment_of(hardware), installation.settings)
    outbox = Outbox(store)
    transactions = Transactions(store, outbox)
    registration = Registration(store, configuration, clock)
    uplink = Uplink(clock, compliance=installation.compliance, observer=installation.observer)
    cache = Cache(store)
    sampling = Sampling(outbox, transactions, configuration, clock)
    connector_ids = range(1, len(hardware.connectors) + 1)
    controller = Controller(store, connector_ids, clock, report)
    surroundings = Surroundings(
        configuration=configuration,
        transactions=transactions,
        clock=clock,
        spawn=spawn,
        report=report,
        sampling=sampling,
    )
    return Parts(
        hardware=hardware,
        clock=clock,
        configuration=configuration,
        cache=cache,
        outbox=outbox,
        transactions=transactions,
        registration=registration,
        uplink=uplink,
        authorizer=Authorizer(configuration, cache, clock, registration, uplink),
        sampling=sampling,
        status=StatusReporter(),
        controller=controller,
        sessions=[
            ConnectorSession(
                connector_id, connector, surroundings, is_operative=controller.is_operative(connector_id)
            )
            for connector_id, connector in enumerate(hardware.connectors, 1)
        ],
        vendors=installation.vendors,
        spawn=spawn,
        restart=restart,
    )


def equipment_of(hardware: Hardware) -> Equipment:
    """Return what the configuration has to know of the hardware."""
    connectors = hardware.connectors
    return Equipment(
        connectors=len(connectors),
        measurands=frozenset.intersection(*(connector.measurands for connector in connectors)),
        has_fixed_cables=not all(connector.has_lock for connector in connectors),
    )
