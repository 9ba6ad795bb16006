"""What the central system is told about statuses."""

from __future__ import annotations

import pytest
from tests.chargepoint.central_system import REFUSED, SILENCE, Late
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.status import MOST_WAITING
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification

AVAILABLE, PREPARING = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING


@story
async def test_changes_are_told_in_the_order_they_happen() -> None:
    """R-210, R-219."""
    async with world() as w:
        w.hardware.plug_in(1, vehicle())
        w.hardware.plug_in(2, vehicle())
        w.hardware.unplug(1)
        await w.after()

        told = w.central.requests(StatusNotification)[3:]
        assert [(each.connector_id, each.status) for each in told] == [
            (1, PREPARING),
            (2, PREPARING),
            (1, AVAILABLE),
        ]
        assert {each.error_code for each in told} == {ChargePointErrorCode.NO_ERROR}


@story
async def test_after_a_time_offline_only_what_is_different_is_told() -> None:
    """R-209: not the history."""
    async with world() as w:
        w.central.go_offline()
        await w.after(5)
        for _ in range(3):
            w.hardware.plug_in(1, vehicle())
            w.hardware.unplug(1)
        w.hardware.plug_in(2, vehicle())
        await w.after(5)
        w.central.is_reachable = True
        await w.after(5)

        told = w.central.requests(StatusNotification)[3:]
        assert [(each.connector_id, each.status) for each in told] == [(2, PREPARING)]


@story
async def test_nothing_is_told_again_when_nothing_changed() -> None:
    async with world() as w:
        for _ in range(3):
            w.central.cut()
            await w.after(5)

        assert len(w.central.requests(StatusNotification)) == 3


@story
async def test_what_was_lost_with_the_connection_is_told_after_the_next_one() -> None:
    async with world() as w:
        w.central.script(StatusNotification, SILENCE)
        w.hardware.plug_in(1, vehicle())
        await w.after(1)
        w.central.cut()
        await w.after(5)

        assert w.reported() == [AVAILABLE, PREPARING, PREPARING]


@story
async def test_a_refused_notification_does_not_hold_up_the_others() -> None:
    async with world() as w:
        w.central.script(StatusNotification, REFUSED, SILENCE)
        w.hardware.plug_in(1, vehicle())
        w.hardware.plug_in(2, vehicle())
        w.hardware.unplug(1)
        await w.after(60)

        assert w.reported() == [AVAILABLE, PREPARING, AVAILABLE]


@story
async def test_a_status_that_did_not_last_is_not_told() -> None:
    """R-217."""
    async with world(MinimumStatusDuration="5") as w:
        w.hardware.plug_in(1, vehicle())
        await w.after(1)
        w.hardware.unplug(1)
        await w.after(20)
        assert len(w.central.requests(StatusNotification)) == 3

        w.hardware.plug_in(1, vehicle())
        await w.after(1)
        w.hardware.tap(1, TAG)
        await w.after(4.9)
        assert len(w.central.requests(StatusNotification)) == 3
        await w.after(1)

        (told,) = w.central.requests(StatusNotification)[3:]
        assert told.status is ChargePointStatus.CHARGING
        assert told.timestamp is not None
        assert (w.clock.now() - told.timestamp).total_seconds() == pytest.approx(5.9)


@story
async def test_each_connector_settles_for_itself() -> None:
    async with world(MinimumStatusDuration="5") as w:
        w.hardware.plug_in(2, vehicle())
        await w.after(3)
        w.hardware.plug_in(1, vehicle())
        await w.after(10)

        told = w.central.requests(StatusNotification)[3:]
        assert [each.connector_id for each in told] == [2, 1]


@story
async def test_what_was_not_stable_before_the_connection_was_lost_is_told_as_it_is_then() -> None:
    async with world(MinimumStatusDuration="30") as w:
        w.hardware.plug_in(1, vehicle())
        await w.after(1)
        w.central.cut()
        await w.after(5)

        (told,) = w.central.requests(StatusNotification)[3:]
        assert told.status is PREPARING


@story
async def test_who_is_slow_is_told_what_each_status_is_then() -> None:
    """What counts where nobody can keep up is what counts offline (R-209)."""
    async with world() as w:
        w.central.script(StatusNotification, Late(20))
        w.hardware.plug_in(2, vehicle())
        await w.after(1)
        for _ in range(MOST_WAITING):
            w.hardware.plug_in(1, vehicle())
            w.hardware.unplug(1)
        w.hardware.unplug(2)
        w.hardware.plug_in(1, vehicle())
        await w.after(60)

        assert len(w.reported(1)) < MOST_WAITING + 5
        assert w.reported(1)[-1] is PREPARING
        assert w.reported(2) == [AVAILABLE, PREPARING, AVAILABLE]
