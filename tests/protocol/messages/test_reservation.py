"""Reservations of the whole charge point."""

from __future__ import annotations

from datetime import UTC, datetime

from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.messages import ReserveNow


def test_connector_0_can_be_reserved() -> None:
    raw = b'{"connectorId":0,"expiryDate":"2013-01-01T01:00:00+01:00","idTag":"042F","reservationId":0}'

    request = PayloadDecoder(ReserveNow).strict(raw)

    assert (request.connector_id, request.reservation_id) == (0, 0)
    assert request.expiry_date == datetime(2013, 1, 1, tzinfo=UTC)
