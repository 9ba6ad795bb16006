"""What is stored, as values. Instants are microseconds since 1970 in UTC (`*_us`)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class ChargePoint(Struct, frozen=True):
    """A charge point that is known here, whether it ever connected or not."""

    id: int
    identity: str
    password_hash: str | None
    next_password_hash: str | None
    security_profile: int
    compliance: str
    registration: str
    assume_ocpp16: int
    heartbeat_interval_s: int | None
    accepted_at_us: int | None
    booted_at_us: int | None
    last_seen_us: int | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    boot_notification: str | None
    created_at_us: int
    deleted_at_us: int | None


class ConnectorReport(Struct, frozen=True):
    """The newest StatusNotification of one connector; 0 is the charge point itself."""

    charge_point_id: int
    connector_id: int
    status: str
    error_code: str
    text: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    reported_at_us: int
    received_at_us: int


class IdTag(Struct, frozen=True):
    """A tag that may be presented to a charge point; `max_active_transactions` of None means no limit."""

    id_tag_key: str
    id_tag: str
    status: str
    parent_id_tag: str | None
    expiry_date_us: int | None
    max_active_transactions: int | None
    created_at_us: int


STOP_MISSING = "stop_missing"
"""The anomaly of a transaction that never stopped although another one has begun on its connector."""


class Transaction(Struct, frozen=True):
    """One transaction; running while `stopped_at_us` is None. `anomalies` are words separated by blanks.

    `number` counts transactions and stays inside; charge points and people know the `id`.
    """

    number: int
    id: int
    charge_point_id: int
    connector_id: int
    id_tag: str
    id_tag_key: str
    authorization: str
    reservation_id: int | None
    meter_start: int
    started_at_us: int
    start_received_at_us: int
    meter_stop: int | None
    stopped_at_us: int | None
    stop_received_at_us: int | None
    stop_reason: str | None
    stop_id_tag: str | None
    anomalies: str


class Stop(Struct, frozen=True):
    """A StopTransaction that ended nothing (yet): unlinked, or evidence beside the one that counts."""

    charge_point_id: int
    sent_transaction_id: int
    transaction_id: int | None
    id_tag: str | None
    meter_stop: int
    stopped_at_us: int
    reason: str | None
    received_at_us: int


class MeterRow(Struct, frozen=True):
    """One meter value: the samples as sent, and what queries need of them; number 0 is no transaction."""

    charge_point_id: int
    transaction_number: int
    sent_transaction_id: int | None
    connector_id: int
    at_us: int
    digest: bytes
    context: str | None
    samples: str
    energy_wh: float | None
    power_w: float | None
    current_a: float | None
    soc_percent: float | None
    received_at_us: int


class CommandStatus(StrEnum):
    """What became of a command."""

    QUEUED = "queued"
    SENT = "sent"
    ANSWERED = "answered"
    REJECTED = "rejected"  # a CALLERROR came back
    INVALID = "invalid"  # an answer that breaks the specification came back
    TIMED_OUT = "timed_out"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the connection or the program ended while it was under way


class Command(Struct, frozen=True):
    """One CALL that an operator asked for, and what became of it."""

    id: str
    charge_point_id: int
    action: str
    payload: str
    status: str
    response: str | None
    error_code: str | None
    error_description: str | None
    transaction_id: int | None
    created_at_us: int
    expires_at_us: int
    sent_at_us: int | None
    ended_at_us: int | None


class User(Struct, frozen=True):
    """A person who may sign in."""

    id: int
    name: str
    role: str
    password_hash: str
    created_at_us: int


class ApiKey(Struct, frozen=True):
    """A key of a program; the key itself is not stored."""

    id: int
    name: str
    role: str
    prefix: str
    key_hash: str
    created_at_us: int
    expires_at_us: int | None
