"""The parts of a charge point that is up: what its commands and its life are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from voltyard.chargepoint.authorization import Authorizer, Cache
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.connectors import ConnectorSession, Spawn
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.outbox import Outbox
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.transactions import Transactions
from voltyard.chargepoint.uplink import Uplink
from voltyard.protocol.messages import DataTransferResponse, ResetType

VendorHandler = Callable[[str | None], DataTransferResponse]
"""Answers a DataTransfer, given its `data`."""
Vendors = Mapping[str, Mapping[str | None, VendorHandler]]
"""Who answers DataTransfer: by vendorId, then by messageId (None for a message without one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a charge point consists of between a boot and the next one."""

    hardware: Hardware
    clock: StationClock
    configuration: Configuration
    cache: Cache
    outbox: Outbox
    transactions: Transactions
    registration: Registration
    uplink: Uplink
    authorizer: Authorizer
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
