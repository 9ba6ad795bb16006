"""What type checkers make of payloads; read by them, never run."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from voltyard.protocol import Decoded, PayloadDecoder, Request, Tenths, encode
from voltyard.protocol.messages import (
    BootNotification,
    ChargingSchedulePeriod,
    Heartbeat,
    IdTagInfo,
    MeterValue,
    MeterValues,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
)


def fields_have_plain_types(boot: BootNotification, values: MeterValues, info: IdTagInfo) -> None:
    """Limits live in annotations and do not get in the way."""
    assert_type(boot.charge_point_vendor, str)
    assert_type(boot.firmware_version, str | None)
    assert_type(values.connector_id, int)
    assert_type(values.meter_value, tuple[MeterValue, ...])
    assert_type(info.expiry_date, datetime | None)


def a_request_knows_its_response(request: RemoteStartTransaction) -> None:
    """`Request[R]` is how `Peer.call` finds out what it returns."""
    wide: Request[RemoteStartTransactionResponse] = request
    assert_type(request.action, str)
    assert_type(encode(wide), bytes)


def a_decoder_returns_its_payload(decoder: PayloadDecoder[MeterValues], raw: bytes, now: datetime) -> None:
    """Strict and tolerant reading give the payload the decoder was made for."""
    assert_type(decoder.strict(raw), MeterValues)
    assert_type(decoder.tolerant(raw, now), Decoded[MeterValues])
    assert_type(decoder.tolerant(raw, now).payload, MeterValues)
    assert_type(PayloadDecoder(Heartbeat), PayloadDecoder[Heartbeat])


def what_is_wrong_is_found(boot: BootNotification) -> None:
    """Each line would be an error without its comment, and the checkers report comments without need."""
    boot.charge_point_vendor = "Acme"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    BootNotification("Acme", "One")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    BootNotification(charge_point_vendor="Acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    RemoteStartTransaction(id_tag=42)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ChargingSchedulePeriod(start_period=0, limit=16.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ChargingSchedulePeriod(start_period=0, limit=Tenths("16.5"))
