"""What a charge point answers to the actions of the Reservation profile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.messages import (
    CancelReservation,
    CancelReservationResponse,
    CancelReservationStatus,
    ReserveNow,
    ReserveNowResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def reserve_now(commands: Commands, request: ReserveNow) -> ReserveNowResponse:
    """Answer ReserveNow."""
    return ReserveNowResponse(status=commands.parts.reservations.reserve(request))


def cancel_reservation(commands: Commands, request: CancelReservation) -> CancelReservationResponse:
    """Answer CancelReservation."""
    is_known = commands.parts.reservations.cancel(request.reservation_id)
    status = CancelReservationStatus.ACCEPTED if is_known else CancelReservationStatus.REJECTED
    return CancelReservationResponse(status=status)


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {ReserveNow: reserve_now, CancelReservation: cancel_reservation}
)
