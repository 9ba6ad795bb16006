"""What a charge point looks like at one moment, for tables and control interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.metering import read_register_wh, sole_value
from voltyard.chargepoint.parts import Parts
from voltyard.chargepoint.reservation_records import Reservation
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, Measurand, RegistrationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSnapshot:
    """One connector.

    `energy_wh` is what the transaction in progress has taken, `transaction_id` None until the central
    system has given one.
    """

    connector_id: int
    status: ChargePointStatus
    error_code: ChargePointErrorCode
    id_tag: str | None
    transaction_id: int | None
    energy_wh: int | None
    power_w: float | None
    soc_percent: float | None
    register_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSnapshot:
    """A charge point; `undelivered` is how many transaction-related messages wait.

    `dropped` counts the meter values that had to be given up because too many waited, `local_list_version`
    is that of the local authorization list, -1 where it is not used. `complaints` says how often the central
    system did something wrong, by kind, since the program began.
    """

    is_connected: bool
    registration: RegistrationStatus | None
    status: ChargePointStatus
    undelivered: int
    dropped: int
    local_list_version: int
    reservations: tuple[Reservation, ...]
    complaints: Mapping[str, int]
    connectors: tuple[ConnectorSnapshot, ...]


class Glance(NamedTuple):
    """The little that can be told of thousands of charge points every second."""

    is_connected: bool
    was_ever_accepted: bool
    running_transactions: int
    undelivered: int


def glance_at(parts: Parts) -> Glance:
    """Return the little there is to see without looking at any hardware."""
    return Glance(
        is_connected=parts.uplink.is_connected,
        was_ever_accepted=parts.registration.was_ever_accepted,
        running_transactions=sum(1 for _ in parts.transactions.running()),
        undelivered=len(parts.outbox),
    )


def photograph(parts: Parts) -> StationSnapshot:
    """Return what a charge point made of these parts looks like now."""
    return StationSnapshot(
        is_connected=parts.uplink.is_connected,
        registration=parts.registration.status,
        status=parts.controller.status,
        undelivered=len(parts.outbox),
        dropped=parts.outbox.dropped,
        local_list_version=parts.local_list.version,
        reservations=parts.reservations.current,
        complaints=parts.uplink.complaints.counts,
        connectors=tuple(map(_photograph, parts.sessions)),
    )


def _photograph(session: ConnectorSession) -> ConnectorSnapshot:
    hardware, transaction = session.hardware, session.transaction
    # Hardware that cannot be read does not keep anybody from looking at the rest.
    register_wh = read_register_wh(hardware, 0 if transaction is None else transaction.meter_wh)
    return ConnectorSnapshot(
        connector_id=session.connector_id,
        status=session.status,
        error_code=session.error_code,
        id_tag=None if session.authorization is None else session.authorization.id_tag,
        transaction_id=None if transaction is None else transaction.transaction_id,
        energy_wh=None if transaction is None else register_wh - transaction.meter_start_wh,
        power_w=sole_value(hardware, Measurand.POWER_ACTIVE_IMPORT),
        soc_percent=sole_value(hardware, Measurand.SOC),
        register_wh=register_wh,
    )
