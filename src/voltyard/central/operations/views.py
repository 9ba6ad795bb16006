"""What people and programs see: the names that others rely on, instants as text, nothing secret."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import DecodeError, Meta, Raw, Struct, json

from voltyard.central.instants import from_us
from voltyard.central.services.commands import visible_payload
from voltyard.central.services.records import ApiKey, IdTag, MeterRow
from voltyard.central.storage.queries.commands import NamedCommand
from voltyard.central.storage.queries.evidence import Record
from voltyard.central.storage.queries.messages import Message
from voltyard.central.storage.queries.transactions import NamedStop, NamedTransaction

Timestamp = Annotated[
    str,
    Meta(description="RFC 3339, UTC, milliseconds.", extra_json_schema={"format": "date-time"}),
]


class CommandError(Struct, frozen=True, kw_only=True):
    """Why there is no answer: a CALLERROR, or what was wrong with the answer."""

    code: str | None
    description: str | None


class CommandView(Struct, frozen=True, kw_only=True):
    """One CALL to a charge point and what became of it.

    `status` is queued, sent, answered, rejected (a CALLERROR came back), invalid (so was the answer),
    timed_out, expired (the charge point was offline too long), cancelled, or unknown (the connection ended
    while it was under way).
    """

    id: str
    charge_point: str
    action: str
    payload: Raw
    status: str
    response: Raw | None
    error: CommandError | None
    transaction_id: int | None
    created_at: Timestamp
    expires_at: Timestamp
    sent_at: Timestamp | None
    ended_at: Timestamp | None


class TransactionView(Struct, frozen=True, kw_only=True):
    """One transaction; it runs while `stopped_at` is null.

    `energy_wh` of a running one is what its newest meter value says, null if there is none. `anomalies` are
    words for what is odd about it.
    """

    id: int
    charge_point: str
    connector_id: int
    id_tag: str
    meter_start: int
    meter_stop: int | None
    started_at: Timestamp
    stopped_at: Timestamp | None
    stop_reason: str | None
    energy_wh: float | None
    anomalies: list[str]
    authorization: str
    reservation_id: int | None
    stop_id_tag: str | None
    start_received_at: Timestamp
    stop_received_at: Timestamp | None


class MeterValueView(Struct, frozen=True, kw_only=True):
    """One meter value: the samples as sent, and what could be read from them in plain units."""

    timestamp: Timestamp
    context: str | None
    connector_id: int
    samples: Raw
    energy_wh: float | None
    power_w: float | None
    current_a: float | None
    soc_percent: float | None
    received_at: Timestamp


class StopView(Struct, frozen=True, kw_only=True):
    """A StopTransaction that belongs to no transaction we know."""

    id: int
    charge_point: str
    sent_transaction_id: int
    id_tag: str | None
    meter_stop: int
    stopped_at: Timestamp
    stop_reason: str | None
    received_at: Timestamp


class IdTagView(Struct, frozen=True, kw_only=True):
    """A tag that may be presented to a charge point; `max_active_transactions` of null means no limit."""

    id_tag: str
    status: str
    parent_id_tag: str | None
    expiry_date: Timestamp | None
    max_active_transactions: int | None
    created_at: Timestamp


class MessageView(Struct, frozen=True, kw_only=True):
    """One frame as it went; `direction` is `in` or `out`, seen from the central system."""

    at: Timestamp
    direction: str
    frame: str
    message_type: int | None
    message_id: str | None
    action: str | None


class DeviationView(Struct, frozen=True, kw_only=True):
    """How a charge point breaks the specification, with the newest value that did, and how often."""

    id: int
    charge_point: str
    action: str
    rule: str
    path: str
    value: str
    count: int
    first_seen: Timestamp
    last_seen: Timestamp


class QuarantineView(Struct, frozen=True, kw_only=True):
    """A message, or a part of one, that could not be used, kept raw."""

    id: int
    charge_point: str
    action: str
    error_code: str
    reason: str
    frame: str
    received_at: Timestamp


class StatusReportView(Struct, frozen=True, kw_only=True):
    """What a charge point said about a download, an installation or an upload."""

    id: int
    charge_point: str
    action: str
    status: str
    request_id: int | None
    received_at: Timestamp


class SecurityEventView(Struct, frozen=True, kw_only=True):
    """A security event; `origin` is `charge point` or `central system`."""

    id: int
    charge_point: str | None
    origin: str
    type: str
    tech_info: str | None
    timestamp: Timestamp
    received_at: Timestamp


class DataTransferView(Struct, frozen=True, kw_only=True):
    """A DataTransfer of a charge point and how it was answered."""

    id: int
    charge_point: str
    vendor_id: str
    message_id: str | None
    data: str | None
    status: str
    received_at: Timestamp


class ApiKeyView(Struct, frozen=True, kw_only=True):
    """A key of the API without its secret."""

    id: int
    name: str
    role: str
    prefix: str
    created_at: Timestamp
    expires_at: Timestamp | None


def timestamp(at_us: int) -> str:
    """Return an instant as it is shown: RFC 3339, UTC, milliseconds."""
    return from_us(at_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_timestamp(at_us: int | None) -> str | None:
    """Return an instant as it is shown, if there is one."""
    return None if at_us is None else timestamp(at_us)


def document(text: str) -> Raw:
    """Return stored JSON as it is; what is none after all becomes a JSON string."""
    try:
        return json.decode(text, type=Raw)
    except (DecodeError, RecursionError):
        return Raw(json.encode(text))


def view_command(named: NamedCommand) -> CommandView:
    """Show a command, without the password that it may carry."""
    record = named.record
    error = None
    if record.error_code is not None or record.error_description is not None:
        error = CommandError(code=record.error_code, description=record.error_description)
    return CommandView(
        id=record.id,
        charge_point=named.identity,
        action=record.action,
        payload=document(visible_payload(record)),
        status=record.status,
        response=None if record.response is None else document(record.response),
        error=error,
        transaction_id=record.transaction_id,
        created_at=timestamp(record.created_at_us),
        expires_at=timestamp(record.expires_at_us),
        sent_at=optional_timestamp(record.sent_at_us),
        ended_at=optional_timestamp(record.ended_at_us),
    )


def view_transaction(named: NamedTransaction) -> TransactionView:
    """Show a transaction; energy is never negative (rulings, Transactions)."""
    record = named.record
    reading_wh = named.energy_wh if record.meter_stop is None else record.meter_stop
    return TransactionView(
        id=record.id,
        charge_point=named.identity,
        connector_id=record.connector_id,
        id_tag=record.id_tag,
        meter_start=record.meter_start,
        meter_stop=record.meter_stop,
        started_at=timestamp(record.started_at_us),
        stopped_at=optional_timestamp(record.stopped_at_us),
        stop_reason=record.stop_reason,
        energy_wh=None if reading_wh is None else max(0, reading_wh - record.meter_start),
        anomalies=record.anomalies.split(),
        authorization=record.authorization,
        reservation_id=record.reservation_id,
        stop_id_tag=record.stop_id_tag,
        start_received_at=timestamp(record.start_received_at_us),
        stop_received_at=optional_timestamp(record.stop_received_at_us),
    )


def view_meter_value(row: MeterRow) -> MeterValueView:
    """Show a meter value."""
    return MeterValueView(
        timestamp=timestamp(row.at_us),
        context=row.context,
        connector_id=row.connector_id,
        samples=document(row.samples),
        energy_wh=row.energy_wh,
        power_w=row.power_w,
        current_a=row.current_a,
        soc_percent=row.soc_percent,
        received_at=timestamp(row.received_at_us),
    )


def view_stop(named: NamedStop) -> StopView:
    """Show a stop."""
    record = named.record
    return StopView(
        id=named.id,
        charge_point=named.identity,
        sent_transaction_id=record.sent_transaction_id,
        id_tag=record.id_tag,
        meter_stop=record.meter_stop,
        stopped_at=timestamp(record.stopped_at_us),
        stop_reason=record.reason,
        received_at=timestamp(record.received_at_us),
    )


def view_id_tag(tag: IdTag) -> IdTagView:
    """Show a tag."""
    return IdTagView(
        id_tag=tag.id_tag,
        status=tag.status,
        parent_id_tag=tag.parent_id_tag,
        expiry_date=optional_timestamp(tag.expiry_date_us),
        max_active_transactions=tag.max_active_transactions,
        created_at=timestamp(tag.created_at_us),
    )


def view_message(message: Message) -> MessageView:
    """Show a frame."""
    return MessageView(
        at=timestamp(message.at_us),
        direction=message.direction,
        frame=message.frame,
        message_type=message.message_type,
        message_id=message.message_id,
        action=message.action,
    )


def view_deviation(row: Record) -> DeviationView:
    """Show a deviation."""
    return DeviationView(
        **_named(row, "id", "action", "rule", "path", "value", "count"),
        first_seen=timestamp(row["first_seen_us"]),
        last_seen=timestamp(row["last_seen_us"]),
    )


def view_quarantined(row: Record) -> QuarantineView:
    """Show what was refused."""
    return QuarantineView(
        **_named(row, "id", "action", "error_code", "reason", "frame"),
        received_at=timestamp(row["received_at_us"]),
    )


def view_status_report(row: Record) -> StatusReportView:
    """Show a status report."""
    return StatusReportView(
        **_named(row, "id", "action", "status", "request_id"),
        received_at=timestamp(row["received_at_us"]),
    )


def view_security_event(row: Record) -> SecurityEventView:
    """Show a security event."""
    return SecurityEventView(
        **_named(row, "id", "origin", "type"),
        tech_info=row["tech_info"] or None,
        timestamp=timestamp(row["at_us"]),
        received_at=timestamp(row["received_at_us"]),
    )


def view_data_transfer(row: Record) -> DataTransferView:
    """Show a DataTransfer."""
    return DataTransferView(
        **_named(row, "id", "vendor_id", "message_id", "status"),
        data=row["payload"],
        received_at=timestamp(row["received_at_us"]),
    )


def view_api_key(key: ApiKey) -> ApiKeyView:
    """Show a key."""
    return ApiKeyView(
        id=key.id,
        name=key.name,
        role=key.role,
        prefix=key.prefix,
        created_at=timestamp(key.created_at_us),
        expires_at=optional_timestamp(key.expires_at_us),
    )


def _named(row: Record, *names: str) -> dict[str, Any]:
    return {"charge_point": row["identity"], **{name: row[name] for name in names}}
