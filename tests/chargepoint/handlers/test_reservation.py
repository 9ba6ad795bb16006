"""What a charge point answers about reservations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import TAG, world

from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    CancelReservation,
    CancelReservationStatus,
    ReservationStatus,
    ReserveNow,
)
from voltyard.transport.errors import CallRejected

RESERVE = ReserveNow(connector_id=1, expiry_date=BEGINNING + timedelta(hours=1), id_tag=TAG, reservation_id=5)


@story
async def test_a_reservation_is_made_and_cancelled() -> None:
    """R-312, R-323."""
    async with world() as w:
        made = await w.central.call(RESERVE)
        cancelled = await w.central.call(CancelReservation(reservation_id=5))
        again = await w.central.call(CancelReservation(reservation_id=5))

        assert made.status is ReservationStatus.ACCEPTED
        assert cancelled.status is CancelReservationStatus.ACCEPTED
        assert again.status is CancelReservationStatus.REJECTED


@pytest.mark.parametrize("request_", [RESERVE, CancelReservation(reservation_id=5)])
@story
async def test_without_the_feature_profile_there_are_no_reservations(
    request_: ReserveNow | CancelReservation,
) -> None:
    async with world(SupportedFeatureProfiles="Core") as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call(request_)

        assert rejected.value.code == ErrorCode.NOT_SUPPORTED
