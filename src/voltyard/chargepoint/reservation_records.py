"""What a reservation is, and how a charge point keeps it (OCPP 1.6 §5.13)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct, json

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.store import Change, Store

_KIND: Final = "reservation"


class Reservation(Struct, frozen=True, kw_only=True):
    """A connector, or with 0 any of them, kept for an identifier or its group until it expires."""

    reservation_id: int
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime

    def is_for_tag(self, id_tag: str) -> bool:
        """Whether it is for this identifier itself."""
        return self._holder.is_same_tag(id_tag)

    def is_for_group(self, authorization: Authorization) -> bool:
        """Whether it is for the group of this identifier."""
        return self._holder.is_same_group(authorization)

    @property
    def _holder(self) -> Authorization:
        return Authorization(self.id_tag, self.parent_id_tag)


def made(reservation: Reservation) -> Change:
    """Return the change that keeps a reservation, in the place of one with the same id."""
    return Change(_KIND, str(reservation.reservation_id), json.encode(reservation))


def ended(reservation_id: int) -> Change:
    """Return the change that keeps it no longer."""
    return Change(_KIND, str(reservation_id), None)


def read_reservations(store: Store) -> dict[int, Reservation]:
    """Return what is kept, by reservationId."""
    records = (json.decode(record, type=Reservation) for record in store.read(_KIND).values())
    return {record.reservation_id: record for record in records}
