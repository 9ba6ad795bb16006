"""What the central system has a charge point do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.chargepoint.central_system import BLOCKED, REFUSED, SILENCE, Late
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.simulator import SimulatedHardware
from voltyard.protocol.messages import (
    Authorize,
    AvailabilityStatus,
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    Reason,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Reset,
    ResetStatus,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UnlockConnector,
    UnlockStatus,
)
from voltyard.protocol.payload import Tenths

AVAILABLE, PREPARING = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING
CHARGING, FINISHING = ChargePointStatus.CHARGING, ChargePointStatus.FINISHING
UNAVAILABLE, FAULTED = ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED
INOPERATIVE, OPERATIVE = AvailabilityType.INOPERATIVE, AvailabilityType.OPERATIVE
ACCEPTED, REJECTED = RemoteStartStopStatus.ACCEPTED, RemoteStartStopStatus.REJECTED


async def start(w: World, connector_id: int | None = 1, id_tag: str = TAG) -> RemoteStartStopStatus:
    answer = await w.central.call(RemoteStartTransaction(id_tag=id_tag, connector_id=connector_id))
    return answer.status


async def change(w: World, connector_id: int, type: AvailabilityType) -> AvailabilityStatus:
    return (await w.central.call(ChangeAvailability(connector_id=connector_id, type=type))).status


class TestRemoteStart:
    @story
    async def test_it_is_answered_before_anything_happens(self) -> None:
        """R-255, R-257."""
        async with world() as w:
            w.hardware.plug_in(1, vehicle())
            await w.after()
            before = len(w.central.received)

            assert await start(w) is ACCEPTED
            assert len(w.central.received) == before
            await w.after()

            assert w.central.actions(since=before) == ["StartTransaction", "StatusNotification"]

    @story
    async def test_it_can_ask_first(self) -> None:
        """R-256."""
        async with world(AuthorizeRemoteTxRequests="true") as w:
            w.central.tags["BAD"] = BLOCKED
            w.hardware.plug_in(1, vehicle())
            assert await start(w, id_tag="BAD") is ACCEPTED
            await w.after()
            assert w.central.requests(StartTransaction) == []

            assert await start(w) is ACCEPTED
            await w.after()

            assert [each.id_tag for each in w.central.requests(Authorize)] == ["BAD", TAG]
            assert w.status() is CHARGING

    @story
    async def test_without_a_connector_the_plugged_one_is_chosen_then_a_free_one(self) -> None:
        """R-258."""
        async with world() as w:
            w.hardware.plug_in(2, vehicle())
            for id_tag in ("A", "B"):
                assert await start(w, None, id_tag) is ACCEPTED
                await w.after()
            assert (w.connector(1).id_tag, w.connector(2).id_tag) == ("B", "A")

            assert await start(w, None, "C") is REJECTED

    @story
    async def test_what_cannot_start_is_rejected(self) -> None:
        """R-259: connector 0, unknown, busy, waiting for another's plug, faulted, unavailable."""
        async with world(connectors=4) as w:
            await w.charge(1)
            await start(w, 2)
            w.hardware.raise_fault(3, ChargePointErrorCode.OTHER_ERROR)
            await change(w, 4, INOPERATIVE)
            await w.after()

            answers = [await start(w, connector_id) for connector_id in (0, 5, 1, 2, 3, 4)]

            assert answers == 6 * [REJECTED]
            assert len(w.central.requests(StartTransaction)) == 1

    @story
    async def test_who_has_left_when_the_answer_comes_is_not_started_any_more(self) -> None:
        """C.3."""
        async with world(AuthorizeRemoteTxRequests="true") as w:
            w.central.script(Authorize, Late(10))
            w.hardware.plug_in(1, vehicle())
            await start(w)
            await w.after(1)
            w.hardware.unplug(1)
            w.hardware.plug_in(1, vehicle())
            await w.after(20)

            assert w.status() is PREPARING
            assert w.central.requests(StartTransaction) == []

    @story
    async def test_it_waits_for_the_plug_as_long_as_anybody(self) -> None:
        """R-260."""
        async with world(ConnectionTimeOut="30") as w:
            assert await start(w) is ACCEPTED
            await w.after(29)
            assert w.status() is PREPARING
            await w.after(2)

            assert w.status() is AVAILABLE

    @story
    async def test_without_smart_charging_its_profile_is_ignored(self) -> None:
        """R-263."""
        profile = ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=ChargingProfilePurpose.TX_PROFILE,
            charging_profile_kind=ChargingProfileKind.RELATIVE,
            charging_schedule=ChargingSchedule(
                charging_rate_unit=ChargingRateUnit.A,
                charging_schedule_period=(ChargingSchedulePeriod(start_period=0, limit=Tenths(6)),),
            ),
        )
        async with world(SupportedFeatureProfiles="Core") as w:
            w.hardware.plug_in(1, vehicle())
            request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=profile)

            assert (await w.central.call(request)).status is ACCEPTED
            await w.after()

            assert w.hardware.connectors[0].offered_a == 32


class TestRemoteStop:
    @story
    async def test_a_running_transaction_is_stopped(self) -> None:
        """R-178, R-267."""
        async with world() as w:
            await w.charge()
            answer = await w.central.call(RemoteStopTransaction(transaction_id=1001))
            await w.after()

            assert answer.status is ACCEPTED
            (stop,) = w.central.requests(StopTransaction)
            assert (stop.reason, stop.id_tag) == (Reason.REMOTE, None)
            assert w.status() is FINISHING

    @pytest.mark.parametrize("transaction_id", [7, 0, -1])
    @story
    async def test_what_does_not_run_is_rejected(self, transaction_id: int) -> None:
        """R-268."""
        async with world() as w:
            await w.charge()

            answer = await w.central.call(RemoteStopTransaction(transaction_id=transaction_id))

            assert answer.status is REJECTED


class TestChangeAvailability:
    @story
    async def test_an_idle_connector_goes_out_of_service_and_comes_back(self) -> None:
        """R-277, R-279, R-281."""
        async with world() as w:
            assert await change(w, 1, INOPERATIVE) is AvailabilityStatus.ACCEPTED
            assert await change(w, 1, INOPERATIVE) is AvailabilityStatus.ACCEPTED
            assert w.status() is UNAVAILABLE
            assert await change(w, 1, OPERATIVE) is AvailabilityStatus.ACCEPTED
            assert await change(w, 1, OPERATIVE) is AvailabilityStatus.ACCEPTED
            await w.after()

            assert w.reported(1) == [AVAILABLE, UNAVAILABLE, AVAILABLE]
            assert w.reported(0) == w.reported(2) == [AVAILABLE]

    @story
    async def test_a_busy_one_goes_when_the_user_is_gone(self) -> None:
        """R-278."""
        async with world() as w:
            await w.charge()
            assert await change(w, 1, INOPERATIVE) is AvailabilityStatus.SCHEDULED
            w.hardware.tap(1, TAG)
            await w.after()
            assert w.status() is FINISHING
            w.hardware.unplug(1)
            await w.after()

            assert w.reported() == [AVAILABLE, PREPARING, CHARGING, FINISHING, UNAVAILABLE]

    @story
    async def test_operative_takes_a_schedule_back(self) -> None:
        async with world() as w:
            await w.charge()
            await change(w, 1, INOPERATIVE)
            assert await change(w, 1, OPERATIVE) is AvailabilityStatus.ACCEPTED
            w.hardware.tap(1, TAG)
            w.hardware.unplug(1)
            await w.after()

            assert w.status() is AVAILABLE

    @story
    async def test_a_session_that_has_not_begun_is_cancelled(self) -> None:
        """Z11."""
        async with world() as w:
            w.hardware.plug_in(1, vehicle())
            assert await change(w, 1, INOPERATIVE) is AvailabilityStatus.ACCEPTED
            await w.after(100)

            assert w.reported() == [AVAILABLE, PREPARING, AVAILABLE, UNAVAILABLE]

    @story
    async def test_zero_is_everything(self) -> None:
        """R-280, Z10: the idle ones at once, the busy one later, and 0 with the last of them."""
        async with world() as w:
            await w.charge(1)
            assert await change(w, 0, INOPERATIVE) is AvailabilityStatus.SCHEDULED
            assert [w.status(1), w.status(2), w.snapshot.status] == [CHARGING, UNAVAILABLE, AVAILABLE]
            w.hardware.unplug(1)
            await w.after()
            assert [w.status(1), w.status(2), w.snapshot.status] == 3 * [UNAVAILABLE]

            assert await change(w, 0, OPERATIVE) is AvailabilityStatus.ACCEPTED
            await w.after()

            assert [w.status(1), w.status(2), w.snapshot.status] == 3 * [AVAILABLE]
            assert w.reported(0) == [AVAILABLE, UNAVAILABLE, AVAILABLE]

    @story
    async def test_a_connector_is_in_service_only_with_the_charge_point(self) -> None:
        async with world() as w:
            await change(w, 0, INOPERATIVE)

            await change(w, 1, OPERATIVE)

            assert w.status(1) is UNAVAILABLE
            await change(w, 0, OPERATIVE)
            assert [w.status(1), w.status(2)] == [AVAILABLE, AVAILABLE]

    @story
    async def test_a_faulted_connector_is_out_of_service_after_the_fault(self) -> None:
        async with world() as w:
            w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
            assert await change(w, 1, INOPERATIVE) is AvailabilityStatus.ACCEPTED
            assert w.status() is FAULTED

            w.hardware.clear_fault(1)

            assert w.status() is UNAVAILABLE

    @story
    async def test_a_fault_at_one_connector_does_not_keep_the_charge_point_in_service(self) -> None:
        """R-280."""
        async with world() as w:
            w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
            await change(w, 2, INOPERATIVE)

            assert await change(w, 0, INOPERATIVE) is AvailabilityStatus.ACCEPTED

            assert [w.status(1), w.status(2), w.snapshot.status] == [FAULTED, UNAVAILABLE, UNAVAILABLE]

    @story
    async def test_an_unknown_connector_is_rejected(self) -> None:
        async with world() as w:
            assert await change(w, 3, INOPERATIVE) is AvailabilityStatus.REJECTED

    @story
    async def test_it_survives_a_restart(self, tmp_path: Path) -> None:
        """R-276, R-282."""
        async with world(state=tmp_path) as w:
            await change(w, 2, INOPERATIVE)
        async with world(state=tmp_path) as w:
            assert [w.status(1), w.status(2)] == [AVAILABLE, UNAVAILABLE]
            await w.central.call(Reset(type=ResetType.HARD))
            await w.after(20)

            assert [w.status(1), w.status(2)] == [AVAILABLE, UNAVAILABLE]
            assert w.snapshot.status is AVAILABLE

    @story
    async def test_the_charge_point_as_a_whole_survives_it_too(self, tmp_path: Path) -> None:
        """R-276, R-282: and connector 0 is reported so."""
        async with world(state=tmp_path) as w:
            await change(w, 0, INOPERATIVE)
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(20)
            assert [w.reported(each)[-1] for each in (0, 1, 2)] == 3 * [UNAVAILABLE]
            assert w.reported(0) == [AVAILABLE, UNAVAILABLE, UNAVAILABLE]
        async with world(state=tmp_path) as w:
            assert w.reported(0) == w.reported(1) == [UNAVAILABLE]

            await change(w, 0, OPERATIVE)
            await w.after()

            assert w.reported(0) == w.reported(1) == [UNAVAILABLE, AVAILABLE]


class TestUnlock:
    @story
    async def test_an_idle_connector_is_unlocked(self) -> None:
        async with world() as w:
            answer = await w.central.call(UnlockConnector(connector_id=1))

            assert answer.status is UnlockStatus.UNLOCKED

    @story
    async def test_a_transaction_is_stopped_first(self) -> None:
        """R-179, R-269."""
        async with world() as w:
            await w.charge()

            answer = await w.central.call(UnlockConnector(connector_id=1))

            assert answer.status is UnlockStatus.UNLOCKED
            (stop,) = w.central.requests(StopTransaction)
            assert stop.reason is Reason.UNLOCK_COMMAND
            assert not w.hardware.connectors[0].is_locked

    @story
    async def test_an_undeliverable_stop_does_not_hold_the_cable(self) -> None:
        async with world() as w:
            await w.charge()
            w.central.script(StopTransaction, REFUSED)

            answer = await w.central.call(UnlockConnector(connector_id=1))

            assert answer.status is UnlockStatus.UNLOCKED
            assert w.snapshot.undelivered == 1

    @story
    async def test_a_jammed_lock_fails(self) -> None:
        """R-271."""
        async with world() as w:
            w.hardware.connectors[0].is_lock_jammed = True

            answer = await w.central.call(UnlockConnector(connector_id=1))

            assert answer.status is UnlockStatus.UNLOCK_FAILED
            await w.after()
            latest = w.central.requests(StatusNotification)[-1]
            assert latest.error_code is ChargePointErrorCode.CONNECTOR_LOCK_FAILURE

    @story
    async def test_who_begins_before_the_lock_has_moved_is_stopped_too(self) -> None:
        """R-269: what is unlocked is no cable that somebody charges with."""
        async with world(LocalPreAuthorize="true") as w:
            await w.charge()
            w.central.script(StopTransaction, Late(3))
            unlocking = asyncio.create_task(w.central.call(UnlockConnector(connector_id=1)))
            await w.after(1)
            w.hardware.tap(1, TAG)
            await w.after(1)
            assert w.status() is CHARGING

            assert (await unlocking).status is UnlockStatus.UNLOCKED

            assert w.status() is FINISHING
            assert not w.hardware.connectors[0].is_locked
            await w.central.until(StopTransaction, 2)

    @pytest.mark.parametrize(("connector_id", "has_fixed_cables"), [(3, False), (1, True)])
    @story
    async def test_what_has_no_lock_cannot_be_unlocked(
        self, connector_id: int, has_fixed_cables: bool
    ) -> None:
        """R-270."""
        async with world(has_fixed_cables=has_fixed_cables) as w:
            answer = await w.central.call(UnlockConnector(connector_id=connector_id))

            assert answer.status is UnlockStatus.NOT_SUPPORTED


class TestReset:
    @pytest.mark.parametrize(
        ("type", "reason"),
        [(ResetType.SOFT, Reason.SOFT_RESET), (ResetType.HARD, Reason.HARD_RESET)],
    )
    @story
    async def test_every_transaction_is_stopped_before_the_boot(
        self, type: ResetType, reason: Reason
    ) -> None:
        """R-180, R-272, R-273, R-275."""
        async with world() as w:
            await w.charge(1)
            await w.charge(2, "OTHER")
            before = len(w.central.received)
            answer = await w.central.call(Reset(type=type))
            assert answer.status is ResetStatus.ACCEPTED
            assert len(w.central.received) == before
            await w.after(20)

            stops = w.central.requests(StopTransaction)
            assert [each.reason for each in stops] == [reason, reason]
            told = w.central.actions(since=before)
            before_boot = told[: told.index("BootNotification")]
            assert before_boot.count("StopTransaction") == told.count("StopTransaction") == 2
            assert w.central.connections == 2

    @story
    async def test_a_vehicle_that_is_still_there_is_preparing_after_it(self) -> None:
        async with world() as w:
            await w.charge()
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(20)

            assert w.reported()[-1] is PREPARING

    @pytest.mark.parametrize(
        ("type", "reason"),
        [(ResetType.SOFT, Reason.SOFT_RESET), (ResetType.HARD, Reason.HARD_RESET)],
    )
    @story
    async def test_a_stop_nobody_answers_is_sent_after_the_boot(
        self, type: ResetType, reason: Reason
    ) -> None:
        """R-274, R-275."""
        async with world() as w:
            await w.charge()
            w.central.script(StopTransaction, SILENCE)
            await w.central.call(Reset(type=type))
            await w.after(60)

            actions = [
                each for each in w.central.actions() if each in {"BootNotification", "StopTransaction"}
            ]
            assert actions == ["BootNotification", "StopTransaction", "BootNotification", "StopTransaction"]
            first, second = w.central.requests(StopTransaction)
            assert first == second
            assert first.reason is reason
            assert w.snapshot.undelivered == 0

    @story
    async def test_nothing_begins_during_a_reset(self) -> None:
        async with world() as w:
            await w.charge()
            w.central.script(StopTransaction, SILENCE)
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(1)

            assert await start(w, 2) is REJECTED
            assert (await w.central.call(Reset(type=ResetType.HARD))).status is ResetStatus.REJECTED

    @story
    async def test_hardware_that_raises_has_not_restarted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def fail(_hardware: SimulatedHardware, _type: ResetType) -> bool:
            raise OSError("no answer from the board")

        async with world() as w:
            monkeypatch.setattr(SimulatedHardware, "restart", fail)
            await w.central.call(Reset(type=ResetType.HARD))
            await w.after(20)

            latest = w.central.requests(StatusNotification)[-1]
            assert latest.error_code is ChargePointErrorCode.RESET_FAILURE
            await w.charge()
            assert w.status() is CHARGING

    @story
    async def test_a_reset_that_fails_is_tried_again_and_then_reported(self) -> None:
        async with world(ResetRetries="2") as w:
            w.hardware.failing_restarts = 3
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(20)
            assert len(w.central.requests(BootNotification)) == 1
            latest = w.central.requests(StatusNotification)[-1]
            assert (latest.connector_id, latest.status, latest.error_code) == (
                0,
                AVAILABLE,
                ChargePointErrorCode.RESET_FAILURE,
            )

            w.hardware.failing_restarts = 2
            await w.central.call(Reset(type=ResetType.SOFT))
            await w.after(20)

            assert len(w.central.requests(BootNotification)) == 2
