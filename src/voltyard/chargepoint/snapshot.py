"""What a charge point looks like at one moment, for tables and control interfaces."""

from __future__ import annotations

from dataclasses import dataclass

from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, RegistrationStatus


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
    """A charge point; `undelivered` is how many transaction-related messages wait."""

    is_connected: bool
    registration: RegistrationStatus | None
    status: ChargePointStatus
    undelivered: int
    connectors: tuple[ConnectorSnapshot, ...]
