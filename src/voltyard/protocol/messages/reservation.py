"""The payloads of the Reservation feature profile."""

from __future__ import annotations

from enum import StrEnum

from voltyard.protocol.payload import DateTime, IdToken, Integer, NonNegative, Payload, Request


class CancelReservationStatus(StrEnum):
    """Whether there was such a reservation (OCPP 1.6 §7.5)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CancelReservationResponse(Payload, frozen=True, kw_only=True):
    """Whether there was such a reservation (OCPP 1.6 §6.6)."""

    status: CancelReservationStatus


class CancelReservation(Request[CancelReservationResponse], frozen=True, kw_only=True):
    """Ends a reservation (OCPP 1.6 §6.5)."""

    action = "CancelReservation"
    response = CancelReservationResponse

    reservation_id: Integer


class ReservationStatus(StrEnum):
    """Whether the connector is reserved, or why not (OCPP 1.6 §7.40)."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ReserveNowResponse(Payload, frozen=True, kw_only=True):
    """Whether the connector is reserved (OCPP 1.6 §6.38)."""

    status: ReservationStatus


class ReserveNow(Request[ReserveNowResponse], frozen=True, kw_only=True):
    """Reserves a connector, or with 0 any of them, for an id tag (OCPP 1.6 §6.37)."""

    action = "ReserveNow"
    response = ReserveNowResponse

    connector_id: NonNegative
    expiry_date: DateTime
    id_tag: IdToken
    reservation_id: Integer
    parent_id_tag: IdToken | None = None
