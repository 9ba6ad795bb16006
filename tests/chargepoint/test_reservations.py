"""What is reserved for whom, and what that means for everybody (reference A.26, A.3, C.7)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from tests.chargepoint.central_system import BLOCKED, SILENCE, Late
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.reservation_records import Reservation, read_reservations
from voltyard.chargepoint.store import Change, SqliteStore
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    Authorize,
    AvailabilityStatus,
    AvailabilityType,
    CancelReservation,
    CancelReservationStatus,
    ChangeAvailability,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargePointStatus,
    IdTagInfo,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    ReservationStatus,
    ReserveNow,
    Reset,
    ResetType,
    SendLocalList,
    StartTransaction,
    UpdateType,
)

AVAILABLE, PREPARING = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING
CHARGING, FINISHING = ChargePointStatus.CHARGING, ChargePointStatus.FINISHING
RESERVED, UNAVAILABLE = ChargePointStatus.RESERVED, ChargePointStatus.UNAVAILABLE
FAULTED = ChargePointStatus.FAULTED
ACCEPTED, REJECTED = ReservationStatus.ACCEPTED, ReservationStatus.REJECTED
OCCUPIED = ReservationStatus.OCCUPIED
IN_GROUP = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP")
HOLDER, STRANGER = TAG, "STRANGER"
FAULT = ChargePointErrorCode.OTHER_ERROR


async def reserve(
    w: World,
    connector_id: int = 1,
    reservation_id: int = 1,
    id_tag: str = HOLDER,
    *,
    group: str | None = None,
    for_s: float = 600,
) -> ReservationStatus:
    request = ReserveNow(
        connector_id=connector_id,
        expiry_date=w.clock.now() + timedelta(seconds=for_s),
        id_tag=id_tag,
        parent_id_tag=group,
        reservation_id=reservation_id,
    )
    status = (await w.central.call(request)).status
    await w.after(0.1)
    return status


async def cancel(w: World, reservation_id: int = 1) -> CancelReservationStatus:
    status = (await w.central.call(CancelReservation(reservation_id=reservation_id))).status
    await w.after(0.1)
    return status


async def remote_start(w: World, connector_id: int | None, id_tag: str) -> RemoteStartStopStatus:
    answer = await w.central.call(RemoteStartTransaction(id_tag=id_tag, connector_id=connector_id))
    await w.after()
    return answer.status


async def change(w: World, connector_id: int, type: AvailabilityType) -> AvailabilityStatus:
    status = (await w.central.call(ChangeAvailability(connector_id=connector_id, type=type))).status
    await w.after(0.1)
    return status


async def tap(w: World, id_tag: str, connector_id: int = 1) -> None:
    w.hardware.tap(connector_id, id_tag)
    await w.after()


async def restart(w: World, off_s: float = 5) -> None:
    """Lose the power and get it back."""
    w.station.cut_power()
    await w.after(off_s)
    w.station.restore_power()
    await w.after(10)


def starts(w: World) -> list[tuple[int, str, int | None]]:
    """Return the connector, the tag and the reservation of each StartTransaction."""
    return [
        (each.connector_id, each.id_tag, each.reservation_id) for each in w.central.requests(StartTransaction)
    ]


class TestReserveNow:
    @story
    async def test_a_free_connector_becomes_reserved(self) -> None:
        """R-312."""
        async with world() as w:
            assert await reserve(w) is ACCEPTED

            assert w.reported(1)[-1] is RESERVED
            assert (w.status(1), w.status(2)) == (RESERVED, AVAILABLE)

    @story
    async def test_what_is_in_use_or_reserved_is_occupied(self) -> None:
        """R-313: charging, plugged in, done but not left, reserved for another and for the same tag."""
        async with world(connectors=4) as w:
            await w.charge(1, STRANGER)
            w.hardware.plug_in(2, vehicle())
            await w.charge(3, STRANGER + "2")
            await tap(w, STRANGER + "2", 3)
            await reserve(w, 4, 4)
            assert [w.status(each) for each in range(1, 5)] == [CHARGING, PREPARING, FINISHING, RESERVED]

            answers = [await reserve(w, each, 10 + each) for each in range(1, 5)]
            other = await reserve(w, 4, 20, STRANGER)

            assert [*answers, other] == 5 * [OCCUPIED]

    @story
    async def test_what_is_out_of_order_says_so(self) -> None:
        """R-314."""
        async with world() as w:
            w.hardware.raise_fault(1, FAULT)
            await change(w, 2, AvailabilityType.INOPERATIVE)

            answers = [await reserve(w, each) for each in (1, 2)]

            assert answers == [ReservationStatus.FAULTED, ReservationStatus.UNAVAILABLE]

    @pytest.mark.parametrize("connector_id", [0, 1])
    @story
    async def test_a_charge_point_that_is_out_of_order_has_no_connector_to_reserve(
        self, connector_id: int
    ) -> None:
        """R-314."""
        async with world() as w:
            w.hardware.raise_fault(0, FAULT)
            assert await reserve(w, connector_id) is ReservationStatus.FAULTED
            w.hardware.clear_fault(0)
            await change(w, 0, AvailabilityType.INOPERATIVE)

            assert await reserve(w, connector_id) is ReservationStatus.UNAVAILABLE

    @story
    async def test_the_same_id_replaces_the_end(self) -> None:
        """R-315."""
        async with world() as w:
            await reserve(w, for_s=60)

            assert await reserve(w, for_s=300) is ACCEPTED

            await w.after(200)
            assert w.status() is RESERVED
            await w.after(101)
            assert w.status() is AVAILABLE

    @story
    async def test_the_same_id_replaces_the_tag(self) -> None:
        """R-315."""
        async with world() as w:
            await reserve(w)

            assert await reserve(w, id_tag="SOMEBODY ELSE") is ACCEPTED

            await tap(w, HOLDER)
            assert w.status() is RESERVED
            await tap(w, "SOMEBODY ELSE")
            assert w.status() is PREPARING

    @story
    async def test_the_same_id_replaces_the_connector_if_the_other_one_is_free(self) -> None:
        """R-315."""
        async with world(connectors=3) as w:
            await reserve(w, 1)
            await w.charge(3, STRANGER)

            assert await reserve(w, 3) is OCCUPIED
            assert w.status(1) is RESERVED
            assert await reserve(w, 2) is ACCEPTED
            assert (w.status(1), w.status(2)) == (AVAILABLE, RESERVED)
            assert await reserve(w, 0) is ACCEPTED

            assert (w.status(1), w.status(2)) == (AVAILABLE, AVAILABLE)

    @story
    async def test_what_its_holder_is_about_to_use_can_be_prolonged_but_not_given_away(self) -> None:
        """R-315."""
        async with world() as w:
            await reserve(w)
            await tap(w, HOLDER)

            assert await reserve(w, id_tag=STRANGER) is OCCUPIED
            assert await reserve(w, for_s=900) is ACCEPTED

            w.hardware.plug_in(1, vehicle())
            await w.after()
            assert starts(w) == [(1, HOLDER, 1)]

    @story
    async def test_a_reservation_moved_away_from_its_holder_is_not_his_any_more(self) -> None:
        async with world() as w:
            await reserve(w, 1)
            await tap(w, HOLDER)
            assert await reserve(w, 2, id_tag=STRANGER) is ACCEPTED
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER, None)]
            assert w.status(2) is RESERVED

    @pytest.mark.parametrize(
        ("connector_id", "id_tag", "for_s"),
        [(3, TAG, 60), (1, TAG, 0), (1, TAG, -60), (0, TAG, -60), (1, "", 60)],
    )
    @story
    async def test_what_makes_no_sense_is_rejected(
        self, connector_id: int, id_tag: str, for_s: float
    ) -> None:
        """An unknown connector, an end that has passed, no tag."""
        async with world() as w:
            assert await reserve(w, connector_id, id_tag=id_tag, for_s=for_s) is REJECTED

            assert w.status() is AVAILABLE

    @story
    async def test_a_charge_point_can_be_configured_not_to_accept_any(self) -> None:
        """R-324."""
        async with world(ReservationsAccepted="false") as w:
            assert await reserve(w) is REJECTED
            await w.central.call(ChangeConfiguration(key="ReservationsAccepted", value="true"))

            assert await reserve(w) is ACCEPTED


class TestCharging:
    @story
    async def test_strangers_are_refused_without_a_question(self) -> None:
        """R-318."""
        async with world() as w:
            await reserve(w)
            w.hardware.plug_in(1, vehicle())
            await tap(w, STRANGER)

            assert w.status() is RESERVED
            assert w.hardware.connectors[0].offered_a == 0
            assert w.central.requests(Authorize) == []

    @story
    async def test_its_holder_begins_and_that_ends_it(self) -> None:
        """R-322, R-159."""
        async with world() as w:
            await reserve(w, reservation_id=77)
            await tap(w, HOLDER.lower())
            assert w.status() is PREPARING
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER.lower(), 77)]
            assert w.reported(1)[1:] == [RESERVED, PREPARING, CHARGING]
            assert await cancel(w, 77) is CancelReservationStatus.REJECTED

    @story
    async def test_a_vehicle_may_be_plugged_in_before_the_tag(self) -> None:
        """R-322."""
        async with world() as w:
            await reserve(w)
            w.hardware.plug_in(1, vehicle())
            await w.after()
            assert w.status() is RESERVED

            await tap(w, HOLDER)

            assert starts(w) == [(1, HOLDER, 1)]
            assert w.status() is CHARGING

    @story
    async def test_when_the_holder_has_left_everybody_may_come(self) -> None:
        async with world() as w:
            await reserve(w)
            await w.charge()
            await tap(w, HOLDER)
            w.hardware.unplug(1)
            await w.after(5)
            assert w.status() is AVAILABLE

            await w.charge(1, STRANGER)

            assert starts(w) == [(1, HOLDER, 1), (1, STRANGER, None)]

    @story
    async def test_another_tag_of_the_group_may_use_it_after_the_central_system_was_asked(self) -> None:
        """R-319."""
        async with world() as w:
            w.central.tags |= {"FRIEND": IN_GROUP}
            await reserve(w, group="group")
            w.hardware.plug_in(1, vehicle())
            await tap(w, STRANGER)
            assert w.status() is RESERVED

            await tap(w, "FRIEND")

            assert [each.id_tag for each in w.central.requests(Authorize)] == [STRANGER, "FRIEND"]
            assert starts(w) == [(1, "FRIEND", 1)]

    @pytest.mark.parametrize(("group", "is_let_in"), [("GROUP", True), ("OTHER", False)])
    @story
    async def test_a_group_the_list_knows_takes_no_question(self, group: str, is_let_in: bool) -> None:
        """R-319."""
        async with world(LocalPreAuthorize="true") as w:
            entry = AuthorizationData(id_tag="FRIEND", id_tag_info=IN_GROUP)
            await w.central.call(
                SendLocalList(list_version=1, update_type=UpdateType.FULL, local_authorization_list=(entry,))
            )
            await reserve(w, group=group)
            w.hardware.plug_in(1, vehicle())
            await tap(w, "FRIEND")

            assert w.central.requests(Authorize) == []
            assert (w.status() is CHARGING) is is_let_in

    @story
    async def test_offline_a_tag_whose_group_is_unknown_is_a_stranger(self) -> None:
        async with world(AllowOfflineTxForUnknownId="true") as w:
            await reserve(w, group="GROUP")
            w.central.go_offline()
            w.hardware.plug_in(1, vehicle())
            await tap(w, "FRIEND")
            assert w.status() is RESERVED

            await tap(w, HOLDER)

            assert w.status() is CHARGING

    @story
    async def test_a_reserved_tag_is_no_authorization(self) -> None:
        async with world() as w:
            w.central.tags[HOLDER] = BLOCKED
            await reserve(w)
            await w.charge()

            assert w.status() is RESERVED
            assert starts(w) == []

    @story
    async def test_the_reserved_tag_at_another_connector_leaves_it_as_it_is(self) -> None:
        async with world() as w:
            await reserve(w, 1)
            await w.charge(2)

            assert starts(w) == [(2, HOLDER, None)]
            assert w.status(1) is RESERVED

    @story
    async def test_a_session_that_comes_to_nothing_leaves_it_as_it_is(self) -> None:
        async with world(ConnectionTimeOut="30") as w:
            await reserve(w)
            await tap(w, HOLDER)
            await w.after(31)
            assert w.reported(1)[1:] == [RESERVED, PREPARING, AVAILABLE, RESERVED]
            await tap(w, HOLDER)
            await tap(w, HOLDER)
            assert w.status() is RESERVED

            await w.charge()

            assert starts(w) == [(1, HOLDER, 1)]

    @story
    async def test_who_was_asked_about_before_the_reservation_is_a_stranger_after_it(self) -> None:
        """R-318."""
        async with world() as w:
            w.central.script(Authorize, Late(5))
            w.hardware.tap(1, STRANGER)
            await w.after(1)
            await reserve(w)
            await w.after(10)

            assert w.status() is RESERVED

    @story
    async def test_two_taps_of_its_holder_at_once_begin_one_session(self) -> None:
        async with world() as w:
            w.central.script(Authorize, Late(2), Late(2))
            await reserve(w)
            w.hardware.tap(1, HOLDER)
            w.hardware.tap(1, HOLDER)
            await w.after(5)
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER, 1)]


class TestEnds:
    @story
    async def test_at_its_expiry_the_connector_is_free_and_that_is_told(self) -> None:
        """R-320."""
        async with world() as w:
            await reserve(w, for_s=90)
            await w.after(88)
            assert w.status() is RESERVED
            await w.after(3)

            assert w.reported(1)[1:] == [RESERVED, AVAILABLE]
            await w.charge(1, STRANGER)
            assert starts(w) == [(1, STRANGER, None)]

    @story
    async def test_a_vehicle_that_waits_is_taken_notice_of_at_the_end(self) -> None:
        """R-320."""
        async with world() as w:
            await reserve(w, for_s=90)
            w.hardware.plug_in(1, vehicle())
            await w.after(95)
            assert w.reported(1)[1:] == [RESERVED, AVAILABLE, PREPARING]

            await tap(w, STRANGER)

            assert starts(w) == [(1, STRANGER, None)]

    @story
    async def test_what_expires_before_the_plug_is_not_what_the_transaction_ends(self) -> None:
        async with world() as w:
            await reserve(w, for_s=20)
            await tap(w, HOLDER)
            await w.after(30)
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER, None)]

    @story
    async def test_the_expiry_is_noticed_when_the_clock_is_set(self) -> None:
        """R-320."""
        async with world() as w:
            await reserve(w, for_s=7200)
            w.station.clock.set(w.clock.now() + timedelta(hours=3))
            await w.after(60)

            assert w.status() is AVAILABLE

    @story
    async def test_a_fault_ends_it_for_good(self) -> None:
        """R-321."""
        async with world() as w:
            await reserve(w)
            w.hardware.raise_fault(1, FAULT)
            await w.after()
            w.hardware.clear_fault(1)
            await w.after()

            assert w.reported(1)[1:] == [RESERVED, FAULTED, AVAILABLE]
            assert await cancel(w) is CancelReservationStatus.REJECTED

    @story
    async def test_taking_the_connector_out_of_service_ends_it_for_good(self) -> None:
        """R-321."""
        async with world() as w:
            await reserve(w)
            assert await change(w, 1, AvailabilityType.INOPERATIVE) is AvailabilityStatus.ACCEPTED
            await change(w, 1, AvailabilityType.OPERATIVE)

            assert w.reported(1)[1:] == [RESERVED, UNAVAILABLE, AVAILABLE]
            assert await cancel(w) is CancelReservationStatus.REJECTED

    @pytest.mark.parametrize("connector_id", [0, 1])
    @story
    async def test_a_fault_of_the_charge_point_ends_all(self, connector_id: int) -> None:
        """R-321."""
        async with world() as w:
            await reserve(w, connector_id)
            w.hardware.raise_fault(0, FAULT)
            await w.after()

            assert w.status(1) is AVAILABLE
            assert await cancel(w) is CancelReservationStatus.REJECTED

    @story
    async def test_a_fault_while_its_holder_has_yet_to_plug_in_ends_it(self) -> None:
        """R-321."""
        async with world() as w:
            await reserve(w)
            await tap(w, HOLDER)
            w.hardware.raise_fault(1, FAULT)
            await w.after()
            w.hardware.clear_fault(1)
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER, None)]

    @story
    async def test_it_can_be_cancelled_once(self) -> None:
        """R-323."""
        async with world() as w:
            await reserve(w, 1, 7)
            await reserve(w, 2, 8)

            answers = [await cancel(w, each) for each in (9, 7, 7)]

            rejected = CancelReservationStatus.REJECTED
            assert answers == [rejected, CancelReservationStatus.ACCEPTED, rejected]
            assert w.reported(1)[1:] == [RESERVED, AVAILABLE]
            assert w.status(2) is RESERVED

    @story
    async def test_cancelled_before_the_plug_it_is_not_what_the_transaction_ends(self) -> None:
        """R-323."""
        async with world() as w:
            await reserve(w)
            await tap(w, HOLDER)
            assert await cancel(w) is CancelReservationStatus.ACCEPTED
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(1, HOLDER, None)]


class TestRestart:
    @story
    async def test_it_survives_a_loss_of_power(self) -> None:
        async with world() as w:
            await reserve(w, for_s=600)
            await reserve(w, 0, 2, "OTHER")
            w.hardware.plug_in(1, vehicle())
            await restart(w)
            assert (w.status(1), w.status(2)) == (RESERVED, AVAILABLE)
            await tap(w, STRANGER)
            await tap(w, STRANGER, 2)
            assert (w.status(1), w.status(2)) == (RESERVED, AVAILABLE)

            await tap(w, HOLDER)

            assert starts(w) == [(1, HOLDER, 1)]

    @story
    async def test_it_survives_a_reset(self) -> None:
        async with world() as w:
            await reserve(w, for_s=600)
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(60)
            assert w.status() is RESERVED
            await w.after(560)

            assert w.status() is AVAILABLE

    @story
    async def test_one_that_expired_meanwhile_has_expired(self) -> None:
        """R-320."""
        async with world() as w:
            await reserve(w, for_s=60)
            await restart(w, off_s=100)

            assert w.status() is AVAILABLE
            assert await cancel(w) is CancelReservationStatus.REJECTED

    @story
    async def test_one_that_ended_with_a_transaction_does_not_come_back(self) -> None:
        """R-159: the record goes in the commit that begins the transaction."""
        async with world() as w:
            w.central.script(StartTransaction, SILENCE)
            await reserve(w)
            await w.charge()
            await restart(w)
            w.hardware.unplug(1)
            await w.after(60)

            assert w.status() is AVAILABLE
            assert starts(w)[-1] == (1, HOLDER, 1)

    @story
    async def test_one_for_a_connector_that_is_not_there_any_more_is_dropped(self, tmp_path: Path) -> None:
        async with world(state=tmp_path, connectors=3) as w:
            await reserve(w, 3, 3)
            await reserve(w, 1, 1)
        async with world(state=tmp_path, connectors=2) as w:
            assert w.status(1) is RESERVED
            assert await cancel(w, 3) is CancelReservationStatus.REJECTED

    @story
    async def test_one_for_a_connector_that_was_going_out_of_service_is_dropped(self, tmp_path: Path) -> None:
        """R-321: the power was lost just after that had been remembered."""
        async with world(state=tmp_path) as w:
            await reserve(w)
        store = SqliteStore(tmp_path)
        store.commit(Change("inoperative", "1", b""))
        store.close()
        async with world(state=tmp_path) as w:
            assert w.status() is UNAVAILABLE
            await change(w, 1, AvailabilityType.OPERATIVE)

            assert w.status() is AVAILABLE

    @story
    async def test_without_the_feature_profile_what_was_reserved_once_is_not(self, tmp_path: Path) -> None:
        async with world(state=tmp_path) as w:
            await reserve(w)
        async with world(state=tmp_path, SupportedFeatureProfiles="Core") as w:
            assert w.status(1) is AVAILABLE


class TestConnectorZero:
    @story
    async def test_where_it_is_not_supported_it_is_rejected(self) -> None:
        """R-316."""
        async with world(ReserveConnectorZeroSupported="false") as w:
            assert await reserve(w, 0) is REJECTED

    @story
    async def test_one_connector_stays_free_and_none_becomes_reserved(self) -> None:
        """R-317."""
        async with world() as w:
            assert await reserve(w, 0) is ACCEPTED
            assert (w.status(1), w.status(2)) == (AVAILABLE, AVAILABLE)
            await w.charge(1, STRANGER)
            await w.charge(2, "STRANGER 2")
            assert (w.status(1), w.status(2)) == (CHARGING, PREPARING)
            w.hardware.unplug(2)

            await w.charge(2, HOLDER)

            assert starts(w) == [(1, STRANGER, None), (2, HOLDER, 1)]

    @story
    async def test_only_so_many_are_accepted_as_there_are_free_connectors(self) -> None:
        """R-317."""
        async with world() as w:
            answers = [await reserve(w, 0, each) for each in (1, 2, 3)]
            assert answers == [ACCEPTED, ACCEPTED, OCCUPIED]
            assert await reserve(w, 1, 4) is OCCUPIED
            assert await reserve(w, 0, 2, for_s=900) is ACCEPTED
            await cancel(w, 1)

            assert await reserve(w, 1, 4) is ACCEPTED
            assert await reserve(w, 2, 5) is OCCUPIED

    @story
    async def test_its_holder_uses_it_up_before_plugging_in(self) -> None:
        """R-317: who has one in use is owed no second connector."""
        async with world() as w:
            await reserve(w, 0)
            await tap(w, HOLDER, 1)

            await w.charge(2, STRANGER)
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert starts(w) == [(2, STRANGER, None), (1, HOLDER, 1)]

    @story
    async def test_a_session_that_comes_to_nothing_leaves_it_as_it_is(self) -> None:
        async with world(ConnectionTimeOut="30") as w:
            await reserve(w, 0)
            await tap(w, HOLDER, 1)
            await w.after(31)
            await w.charge(1, STRANGER)

            await w.charge(2, HOLDER)

            assert starts(w) == [(1, STRANGER, None), (2, HOLDER, 1)]

    @story
    async def test_it_survives_a_fault_of_the_connector_it_is_used_at(self) -> None:
        async with world() as w:
            await reserve(w, 0)
            await tap(w, HOLDER, 1)
            w.hardware.raise_fault(1, FAULT)
            await w.after()
            w.hardware.plug_in(1, vehicle())
            w.hardware.clear_fault(1)
            await w.after()

            assert starts(w) == [(1, HOLDER, 1)]
            assert await cancel(w) is CancelReservationStatus.REJECTED

    @story
    async def test_the_group_may_use_it(self) -> None:
        """R-317, R-319."""
        async with world(LocalPreAuthorize="true") as w:
            w.central.tags["FRIEND"] = IN_GROUP
            await reserve(w, 0, 1, group="GROUP")
            await w.charge(1, STRANGER)
            await w.charge(2, "FRIEND")

            assert starts(w) == [(1, STRANGER, None), (2, "FRIEND", 1)]

    @story
    async def test_after_its_expiry_no_connector_is_owed(self) -> None:
        """R-320."""
        async with world() as w:
            await reserve(w, 0, for_s=60)
            await w.charge(1, STRANGER)
            await w.after(61)
            await w.charge(2, "STRANGER 2")

            assert [each[:2] for each in starts(w)] == [(1, STRANGER), (2, "STRANGER 2")]

    @pytest.mark.parametrize(
        ("faulted", "unavailable", "status"),
        [
            (0, 0, OCCUPIED),
            (1, 1, OCCUPIED),
            (2, 0, ReservationStatus.FAULTED),
            (1, 2, ReservationStatus.UNAVAILABLE),
        ],
    )
    @story
    async def test_where_no_connector_is_free_most_of_them_say_why(
        self, faulted: int, unavailable: int, status: ReservationStatus
    ) -> None:
        """R-314."""
        async with world(connectors=3) as w:
            for connector_id in range(1, 4):
                if connector_id <= faulted:
                    w.hardware.raise_fault(connector_id, FAULT)
                elif connector_id <= faulted + unavailable:
                    await change(w, connector_id, AvailabilityType.INOPERATIVE)
                else:
                    await w.charge(connector_id, f"STRANGER {connector_id}")

            assert await reserve(w, 0) is status


class TestRemoteStart:
    @story
    async def test_its_holder_is_started_and_a_stranger_rejected(self) -> None:
        """R-318, R-322."""
        async with world() as w:
            await reserve(w)
            w.hardware.plug_in(1, vehicle())

            assert await remote_start(w, 1, STRANGER) is RemoteStartStopStatus.REJECTED
            assert await remote_start(w, 1, HOLDER) is RemoteStartStopStatus.ACCEPTED

            assert starts(w) == [(1, HOLDER, 1)]
            assert w.central.requests(Authorize) == []

    @pytest.mark.parametrize(
        ("info", "started"),
        [(IN_GROUP, [(1, "FRIEND", 1)]), (IdTagInfo(status=AuthorizationStatus.ACCEPTED), [])],
    )
    @story
    async def test_where_the_group_decides_it_is_asked_for_after_the_answer(
        self, info: IdTagInfo, started: list[tuple[int, str, int | None]]
    ) -> None:
        """R-319."""
        async with world() as w:
            w.central.tags["FRIEND"] = info
            await reserve(w, group="GROUP")
            w.hardware.plug_in(1, vehicle())

            assert await remote_start(w, 1, "FRIEND") is RemoteStartStopStatus.ACCEPTED

            assert [each.id_tag for each in w.central.requests(Authorize)] == ["FRIEND"]
            assert starts(w) == started

    @story
    async def test_a_group_that_is_known_takes_no_question(self) -> None:
        async with world() as w:
            w.central.tags["FRIEND"] = IN_GROUP
            await w.charge(2, "FRIEND")
            asked = len(w.central.requests(Authorize))
            await reserve(w, 1, group="GROUP")
            await remote_start(w, 1, "FRIEND")
            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert len(w.central.requests(Authorize)) == asked
            assert starts(w)[-1] == (1, "FRIEND", 1)

    @story
    async def test_without_a_connector_what_is_reserved_for_him_comes_first(self) -> None:
        """R-258."""
        async with world(connectors=3) as w:
            w.hardware.plug_in(1, vehicle())
            await reserve(w, 2, 2, STRANGER)
            await reserve(w, 3, 3)
            w.hardware.plug_in(3, vehicle())

            await remote_start(w, None, HOLDER)
            await remote_start(w, None, "SOMEBODY")

            assert starts(w) == [(3, HOLDER, 3), (1, "SOMEBODY", None)]
            assert await remote_start(w, None, "NOBODY") is RemoteStartStopStatus.REJECTED


class TestWhateverHappens:
    @pytest.mark.parametrize("seed", range(3))
    @story
    async def test_a_connector_is_kept_for_its_holder_as_long_as_it_is_reserved(self, seed: int) -> None:
        """R-312, R-318, R-320, R-321: its status, its record and who charges there agree at any time."""
        choose = Random(seed)
        async with world(connectors=3, ConnectionTimeOut="20", LocalPreAuthorize="true") as w:
            w.central.tags |= {"A": IN_GROUP, "B": IN_GROUP}
            for _ in range(80):
                before = kept(w)
                begun = len(starts(w))
                await something(w, choose)
                await w.after(0.4)

                bound = {each.connector_id for each in kept(w).values()} - {0}
                for connector_id in (1, 2, 3):
                    expected = (
                        {RESERVED, PREPARING}
                        if connector_id in bound
                        else set(ChargePointStatus) - {RESERVED}
                    )
                    assert w.status(connector_id) in expected
                assert all(w.clock.now() < each.expires_at for each in kept(w).values())
                for _, id_tag, used in starts(w)[begun:]:
                    assert used is None or is_holder(before[used], id_tag)
                    assert used not in kept(w)


def kept(w: World) -> dict[int, Reservation]:
    """Return what would be found after a loss of power."""
    return read_reservations(w.station._store)


def is_holder(reservation: Reservation, id_tag: str) -> bool:
    is_in_group = reservation.parent_id_tag is not None and id_tag in {"A", "B"}
    return reservation.id_tag == id_tag or is_in_group


async def something(w: World, choose: Random) -> None:
    """Do something at random, sensible or not."""
    connector_id, id_tag = choose.randint(1, 3), choose.choice("ABCD")
    plug = w.hardware.connectors[connector_id - 1]
    match choose.randrange(12):
        case 0 | 1 | 2:
            group, for_s = choose.choice((None, "GROUP")), choose.choice((3, 30, 300))
            await reserve(w, choose.randint(0, 3), choose.randint(1, 4), id_tag, group=group, for_s=for_s)
        case 3:
            await cancel(w, choose.randint(1, 4))
        case 4 | 5:
            await tap(w, id_tag, connector_id)
        case 6 if not plug.is_plugged:
            w.hardware.plug_in(connector_id, vehicle())
        case 7 if plug.is_plugged and not plug.is_locked:
            w.hardware.unplug(connector_id)
        case 8:
            w.hardware.raise_fault(connector_id, FAULT)
            w.hardware.clear_fault(choose.randint(1, 3))
        case 9:
            await change(w, connector_id, choose.choice(list(AvailabilityType)))
        case 10:
            await remote_start(w, choose.choice((None, connector_id)), id_tag)
        case _:
            await w.after(choose.choice((1, 40)))
