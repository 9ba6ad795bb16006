"""The sessions at a connector, from what people and vehicles do to what is reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chargepoint.central_system import BLOCKED
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.connectors import EV_SIDE_DISCONNECTED
from voltyard.chargepoint.simulator import SimulatedConnector
from voltyard.charging.connector import transition_between
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AvailabilityType,
    ChangeAvailability,
    ChargePointErrorCode,
    ChargePointStatus,
    IdTagInfo,
    Reason,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    ResetType,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StopTransaction,
    UnlockConnector,
)

AVAILABLE, PREPARING = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING
CHARGING, FINISHING = ChargePointStatus.CHARGING, ChargePointStatus.FINISHING
SUSPENDED_EV, SUSPENDED_EVSE = ChargePointStatus.SUSPENDED_EV, ChargePointStatus.SUSPENDED_EVSE
UNAVAILABLE, FAULTED = ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED


def last_report(w: World) -> StatusNotification:
    return w.central.requests(StatusNotification)[-1]


@story
async def test_a_plug_alone_gives_no_energy() -> None:
    """R-108."""
    async with world() as w:
        w.hardware.plug_in(1, vehicle())
        await w.after(10)

        assert w.status() is PREPARING
        assert w.hardware.connectors[0].offered_a == 0
        assert w.hardware.connectors[0].register_wh == 0


@pytest.mark.parametrize("plugs_first", [True, False])
@story
async def test_a_transaction_starts_when_tag_and_plug_are_there_in_any_order(plugs_first: bool) -> None:
    """R-157."""
    async with world() as w:
        if plugs_first:
            w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        await w.after(5)
        if not plugs_first:
            assert w.status() is PREPARING
            w.hardware.plug_in(1, vehicle())
        await w.after()

        assert w.status() is CHARGING
        (start,) = w.central.requests(StartTransaction)
        assert (start.connector_id, start.id_tag) == (1, TAG)
        assert w.hardware.connectors[0].is_locked
        assert w.hardware.connectors[0].offered_a == 32


@story
async def test_a_tag_without_a_plug_is_forgotten_in_time() -> None:
    """R-173."""
    async with world(ConnectionTimeOut="20") as w:
        w.hardware.tap(1, TAG)
        await w.after(19)
        assert w.status() is PREPARING
        await w.after(2)
        assert w.status() is AVAILABLE

        w.hardware.plug_in(1, vehicle())
        await w.after(5)

        assert w.central.requests(StartTransaction) == []


@story
async def test_a_plug_without_a_tag_is_finishing_in_time_and_no_tag_can_use_it_then() -> None:
    """R-174: B6, so that a stranger's tag cannot start on that cable."""
    async with world(ConnectionTimeOut="20") as w:
        w.hardware.plug_in(1, vehicle())
        await w.after(21)
        assert w.status() is FINISHING

        w.hardware.tap(1, TAG)
        await w.after(5)
        assert w.central.requests(StartTransaction) == []
        w.hardware.unplug(1)

        assert w.status() is AVAILABLE


@story
async def test_a_connection_timeout_of_zero_never_comes() -> None:
    async with world(ConnectionTimeOut="0") as w:
        w.hardware.plug_in(1, vehicle())
        await w.after(5000)

        assert w.status() is PREPARING


@story
async def test_unplugging_before_the_tag_ends_it() -> None:
    async with world() as w:
        w.hardware.plug_in(1, vehicle())
        w.hardware.unplug(1)
        await w.after(100)

        assert w.reported() == [AVAILABLE, PREPARING, AVAILABLE]


@story
async def test_a_normal_stop_lets_go_of_the_cable() -> None:
    """R-184."""
    async with world() as w:
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after()

        assert w.status() is FINISHING
        assert not w.hardware.connectors[0].is_locked


@story
async def test_the_same_user_may_start_again_without_unplugging() -> None:
    async with world() as w:
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.tap(1, TAG)
        await w.after()

        assert w.reported()[-3:] == [FINISHING, PREPARING, CHARGING]
        assert len(w.central.requests(StartTransaction)) == 2


@story
async def test_a_full_vehicle_suspends_and_a_stop_comes_from_there() -> None:
    async with world(speed=600) as w:
        w.hardware.plug_in(1, vehicle(soc_percent=79, target_percent=80))
        w.hardware.tap(1, TAG)
        await w.after(20)
        w.hardware.tap(1, TAG)
        await w.after()

        assert w.reported()[1:] == [PREPARING, CHARGING, SUSPENDED_EV, FINISHING]


@story
async def test_a_vehicle_that_is_full_already_starts_suspended() -> None:
    async with world() as w:
        w.hardware.plug_in(1, vehicle(soc_percent=100))
        w.hardware.tap(1, TAG)
        await w.after()

        assert w.reported()[1:] == [PREPARING, SUSPENDED_EV]


@story
async def test_a_refused_tag_keeps_the_cable_until_it_or_its_group_comes_back() -> None:
    """R-167, R-168."""
    async with world() as w:
        w.central.tags[TAG] = BLOCKED
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after(2)
        assert w.status() is FINISHING
        assert w.hardware.connectors[0].is_locked

        w.hardware.tap(1, "OTHER")
        await w.after(2)
        assert w.hardware.connectors[0].is_locked
        w.hardware.tap(1, TAG)
        await w.after(2)

        assert not w.hardware.connectors[0].is_locked
        assert len(w.central.requests(StartTransaction)) == 1


@pytest.mark.parametrize(("parent", "lets_go"), [("GROUP", True), ("OTHERS", False)])
@story
async def test_a_tag_of_the_same_group_lets_go_of_the_cable_too(parent: str, lets_go: bool) -> None:
    """R-168."""
    async with world() as w:
        accepted = AuthorizationStatus.ACCEPTED
        w.central.tags[TAG] = IdTagInfo(status=accepted, parent_id_tag="GROUP")
        w.central.tags["OTHER"] = IdTagInfo(status=accepted, parent_id_tag=parent)
        refused = StartTransactionResponse(id_tag_info=BLOCKED, transaction_id=7)
        w.central.script(StartTransaction, refused)
        await w.charge()
        assert w.hardware.connectors[0].is_locked

        w.hardware.tap(1, "OTHER")
        await w.after()

        assert w.hardware.connectors[0].is_locked is not lets_go


@story
async def test_a_refused_tag_may_stop_only_the_energy() -> None:
    """R-169, R-215: SuspendedEVSE wins."""
    async with world(StopTransactionOnInvalidId="false", speed=600) as w:
        w.central.tags[TAG] = BLOCKED
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after(200)
        assert w.status() is SUSPENDED_EVSE
        assert w.central.requests(StopTransaction) == []
        w.hardware.unplug_at_vehicle(1)
        await w.after(2)

        assert w.central.requests(StopTransaction)[0].reason is Reason.EV_DISCONNECTED


@story
async def test_pulling_the_cable_from_the_vehicle_stops_the_transaction() -> None:
    """R-183, R-186, R-188."""
    async with world() as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert (stop.reason, stop.id_tag) == (Reason.EV_DISCONNECTED, None)
        assert (last_report(w).status, last_report(w).info) == (FINISHING, EV_SIDE_DISCONNECTED)
        assert not w.hardware.connectors[0].is_locked
        w.hardware.unplug(1)
        assert w.status() is AVAILABLE


@story
async def test_without_unlocking_on_ev_side_disconnect_the_tag_lets_go_of_the_cable() -> None:
    async with world(UnlockConnectorOnEVSideDisconnect="false") as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        await w.after()
        assert w.hardware.connectors[0].is_locked

        w.hardware.tap(1, TAG)
        await w.after()

        assert not w.hardware.connectors[0].is_locked


@story
async def test_a_fixed_cable_can_go_back_into_the_vehicle() -> None:
    async with world(has_fixed_cables=True, StopTransactionOnEVSideDisconnect="false") as w:
        await w.charge()
        w.hardware.unplug(1)
        await w.after()
        assert w.status() is SUSPENDED_EV
        w.hardware.plug_in(1, vehicle())
        await w.after()
        assert w.status() is CHARGING

        w.hardware.unplug(1)
        w.hardware.tap(1, TAG)
        await w.after()

        assert w.reported()[-3:] == [SUSPENDED_EV, FINISHING, AVAILABLE]
        assert len(w.central.requests(StartTransaction)) == 1


@story
async def test_a_cable_that_was_torn_out_is_locked_for_nobody() -> None:
    async with world(
        UnlockConnectorOnEVSideDisconnect="false", StopTransactionOnEVSideDisconnect="false"
    ) as w:
        await w.charge()
        w.hardware.unplug(1)
        await w.after()

        await w.charge(id_tag="NEXT")

        assert w.status() is CHARGING


@story
async def test_pulling_the_cable_from_the_vehicle_can_leave_the_transaction_open() -> None:
    """R-185, R-187."""
    async with world(StopTransactionOnEVSideDisconnect="false") as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        await w.after()
        assert (last_report(w).status, last_report(w).info) == (SUSPENDED_EV, EV_SIDE_DISCONNECTED)
        assert w.hardware.connectors[0].is_locked
        assert w.central.requests(StopTransaction) == []

        w.hardware.plug_in(1, vehicle())
        await w.after()

        assert w.status() is CHARGING
        assert len(w.central.requests(StartTransaction)) == 1


@story
async def test_a_fixed_cable_pulled_from_the_vehicle_leaves_nothing_to_do() -> None:
    async with world(has_fixed_cables=True) as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        await w.after()

        assert w.reported()[-2:] == [FINISHING, AVAILABLE]
        assert w.central.requests(StopTransaction)[0].reason is Reason.EV_DISCONNECTED
        await w.charge(id_tag="NEXT")
        assert w.status() is CHARGING


@story
async def test_a_fault_stops_the_energy_and_its_end_brings_it_back() -> None:
    """R-216."""
    async with world() as w:
        await w.charge()
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE, "residual current")
        await w.after(5)
        assert w.hardware.connectors[0].offered_a == 0
        assert last_report(w) == StatusNotification(
            connector_id=1,
            error_code=ChargePointErrorCode.GROUND_FAILURE,
            status=FAULTED,
            info="residual current",
            timestamp=last_report(w).timestamp,
        )
        w.hardware.clear_fault(1)
        await w.after(5)

        assert (last_report(w).status, last_report(w).error_code) == (CHARGING, ChargePointErrorCode.NO_ERROR)
        assert w.hardware.connectors[0].offered_a == 32
        assert w.central.requests(StopTransaction) == []


@story
async def test_another_error_during_a_fault_is_told_again() -> None:
    async with world() as w:
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE)
        w.hardware.raise_fault(1, ChargePointErrorCode.OVER_VOLTAGE)
        await w.after()

        assert w.reported() == [AVAILABLE, FAULTED, FAULTED]
        assert last_report(w).error_code is ChargePointErrorCode.OVER_VOLTAGE
        w.hardware.clear_fault(2)
        w.hardware.clear_fault(1)
        await w.after()
        assert w.reported() == [AVAILABLE, FAULTED, FAULTED, AVAILABLE]
        assert w.reported(2) == [AVAILABLE]


@story
async def test_a_transaction_can_be_stopped_during_a_fault() -> None:
    async with world() as w:
        await w.charge()
        w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.clear_fault(1)
        await w.after()

        assert w.reported()[-3:] == [CHARGING, FAULTED, FINISHING]
        assert len(w.central.requests(StopTransaction)) == 1


@story
async def test_a_session_that_waited_for_the_plug_begins_after_the_fault() -> None:
    async with world() as w:
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
        w.hardware.plug_in(1, vehicle())
        await w.after()
        assert w.central.requests(StartTransaction) == []

        w.hardware.clear_fault(1)
        await w.after()

        assert w.status() is CHARGING


@story
async def test_no_error_is_no_fault() -> None:
    async with world() as w:
        with pytest.raises(ValueError, match="NoError"):
            w.hardware.raise_fault(1, ChargePointErrorCode.NO_ERROR)


@story
async def test_a_vehicle_that_is_not_understood_suspends_the_transaction() -> None:
    """R-218: EVCommunicationError never comes with Faulted or Charging."""
    async with world() as w:
        await w.charge()
        w.hardware.raise_fault(1, ChargePointErrorCode.EV_COMMUNICATION_ERROR)
        await w.after()

        told = w.central.requests(StatusNotification)[-1]
        assert (told.status, told.error_code) == (SUSPENDED_EVSE, ChargePointErrorCode.EV_COMMUNICATION_ERROR)
        assert w.hardware.connectors[0].offered_a == 0

        w.hardware.clear_fault(1)
        await w.after()

        told = w.central.requests(StatusNotification)[-1]
        assert (told.status, told.error_code) == (CHARGING, ChargePointErrorCode.NO_ERROR)
        assert w.hardware.connectors[0].offered_a > 0


@story
async def test_a_fault_of_the_charge_point_suspends_all_transactions() -> None:
    async with world() as w:
        await w.charge(1)
        w.hardware.raise_fault(0, ChargePointErrorCode.GROUND_FAILURE)
        await w.charge(2)
        assert w.snapshot.status is ChargePointStatus.FAULTED
        assert (w.status(1), w.status(2)) == (SUSPENDED_EVSE, SUSPENDED_EVSE)
        assert [each.offered_a for each in w.hardware.connectors] == [0, 0]

        w.hardware.clear_fault(0)
        await w.after()

        assert (w.status(1), w.status(2)) == (CHARGING, CHARGING)


@story
async def test_without_a_vehicle_there_is_none_to_understand() -> None:
    """R-218."""
    async with world() as w:
        before = len(w.central.received)

        w.hardware.raise_fault(1, ChargePointErrorCode.EV_COMMUNICATION_ERROR)
        await w.after()

        assert len(w.central.received) == before


@pytest.mark.parametrize(("stops", "status"), [("true", FINISHING), ("false", SUSPENDED_EVSE)])
@story
async def test_a_refused_tag_may_use_up_some_energy_first(stops: str, status: ChargePointStatus) -> None:
    """R-170."""
    async with world(MaxEnergyOnInvalidId="500", StopTransactionOnInvalidId=stops) as w:
        w.central.script(StartTransaction, StartTransactionResponse(id_tag_info=BLOCKED, transaction_id=7))
        await w.charge()
        assert w.status() is CHARGING

        while w.status() is CHARGING:
            await w.after(1)

        delivered_wh = w.hardware.connectors[0].register_wh
        assert 500 <= delivered_wh <= 505
        assert w.status() is status
        assert w.hardware.connectors[0].offered_a == 0


@story
async def test_texts_are_cut_to_what_the_specification_allows() -> None:
    """R-220."""
    async with world() as w:
        w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR, "x" * 70)
        w.hardware.raise_fault(0, ChargePointErrorCode.OTHER_ERROR, "y" * 70)
        await w.after()

        assert [each.info for each in w.central.requests(StatusNotification)[3:]] == ["x" * 50, "y" * 50]


@story
async def test_the_emergency_button_stops_every_transaction() -> None:
    """R-182."""
    async with world() as w:
        await w.charge(1)
        await w.charge(2, "OTHER")
        w.hardware.press_emergency_button()
        await w.after()

        stops = w.central.requests(StopTransaction)
        assert [each.reason for each in stops] == 2 * [Reason.EMERGENCY_STOP]


@story
async def test_a_jammed_lock_is_a_warning_until_the_cable_is_out() -> None:
    async with world() as w:
        await w.charge()
        w.hardware.connectors[0].is_lock_jammed = True
        w.hardware.tap(1, TAG)
        await w.after()
        assert (last_report(w).status, last_report(w).error_code) == (
            FINISHING,
            ChargePointErrorCode.CONNECTOR_LOCK_FAILURE,
        )
        w.hardware.unplug(1)
        await w.after()

        assert (last_report(w).status, last_report(w).error_code) == (
            AVAILABLE,
            ChargePointErrorCode.NO_ERROR,
        )


@story
async def test_a_vehicle_that_waits_when_the_connector_comes_back_prepares() -> None:
    async with world() as w:
        for type in (AvailabilityType.INOPERATIVE, AvailabilityType.OPERATIVE):
            await w.central.call(ChangeAvailability(connector_id=1, type=type))
            w.hardware.plug_in(1, vehicle())
        await w.after()

        assert w.reported() == [AVAILABLE, UNAVAILABLE, PREPARING]


@story
async def test_nobody_charges_at_a_connector_out_of_service() -> None:
    async with world() as w:
        await w.central.call(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
        await w.charge()

        assert w.central.requests(StartTransaction) == []
        assert w.central.requests(Authorize) == []


def _acts() -> list[Any]:
    async def after_a_while(w: World) -> None:
        await w.after(70)

    async def call(w: World, request: Any) -> None:
        await w.central.call(request)

    def at(act: Any) -> Any:
        async def do(w: World) -> None:
            act(w.hardware)

        return do

    def asked(request: Any) -> Any:
        async def do(w: World) -> None:
            await call(w, request)

        return do

    return [
        after_a_while,
        at(lambda hardware: hardware.plug_in(1, vehicle())),
        at(lambda hardware: hardware.plug_in(1, vehicle(soc_percent=100))),
        at(lambda hardware: hardware.unplug(1)),
        at(lambda hardware: hardware.unplug_at_vehicle(1)),
        at(lambda hardware: hardware.tap(1, TAG)),
        at(lambda hardware: hardware.tap(1, "BLOCKED")),
        at(lambda hardware: hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)),
        at(lambda hardware: hardware.clear_fault(1)),
        asked(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE)),
        asked(ChangeAvailability(connector_id=0, type=AvailabilityType.INOPERATIVE)),
        asked(ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE)),
        asked(ChangeAvailability(connector_id=0, type=AvailabilityType.OPERATIVE)),
        asked(RemoteStartTransaction(id_tag=TAG, connector_id=1)),
        asked(RemoteStartTransaction(id_tag="BLOCKED")),
        asked(RemoteStopTransaction(transaction_id=1001)),
        asked(UnlockConnector(connector_id=1)),
    ]


ACTS = _acts()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, len(ACTS) - 1), max_size=25),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_whatever_people_do_only_steps_of_the_matrix_are_reported(
    acts: list[int], has_fixed_cables: bool, stops_on_invalid: bool, stops_on_disconnect: bool
) -> None:
    """R-213, R-214, R-219."""

    @story
    async def live() -> None:
        async with world(
            has_fixed_cables=has_fixed_cables,
            StopTransactionOnInvalidId=str(stops_on_invalid),
            StopTransactionOnEVSideDisconnect=str(stops_on_disconnect),
        ) as w:
            w.central.tags["BLOCKED"] = BLOCKED
            for act in acts:
                await ACTS[act](w)
                await w.after()

            for connector_id in (0, 1, 2):
                told = w.reported(connector_id)
                steps = [step for step in pairwise(told) if step[0] is not step[1]]
                assert all(transition_between(*step) for step in steps), steps
            assert set(w.reported(0)) <= {AVAILABLE, UNAVAILABLE, FAULTED}
            starts, stops = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
            assert len(starts) - len(stops) == (w.connector().transaction_id is not None)
            assert len({each.transaction_id for each in stops}) == len(stops)

    live()


@story
async def test_the_cable_out_of_the_vehicle_is_told_although_nothing_flowed_anyway() -> None:
    """R-185: the status stays SuspendedEV, why it is has changed; and back again."""
    async with world(StopTransactionOnEVSideDisconnect="false") as w:
        full = vehicle(soc_percent=100)
        w.hardware.plug_in(1, full)
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.unplug_at_vehicle(1)
        w.hardware.plug_in(1, full)
        await w.after()

        told = [(each.status, each.info) for each in w.central.requests(StatusNotification)[-3:]]
        assert told == [(SUSPENDED_EV, None), (SUSPENDED_EV, EV_SIDE_DISCONNECTED), (SUSPENDED_EV, None)]


@story
async def test_a_vehicle_that_is_not_understood_is_not_understood_by_the_next_transaction_either() -> None:
    """R-218."""
    async with world() as w:
        await w.charge()
        w.hardware.raise_fault(1, ChargePointErrorCode.EV_COMMUNICATION_ERROR)
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.tap(1, TAG)
        await w.after()

        assert (last_report(w).status, last_report(w).error_code) == (
            SUSPENDED_EVSE,
            ChargePointErrorCode.EV_COMMUNICATION_ERROR,
        )
        assert w.hardware.connectors[0].offered_a == 0


@story
async def test_a_cable_that_is_torn_out_leaves_no_locked_socket_behind() -> None:
    async with world(UnlockConnectorOnEVSideDisconnect="false") as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        await w.after()
        assert w.hardware.connectors[0].is_locked

        w.hardware.unplug(1)
        await w.after()

        assert not w.hardware.connectors[0].is_locked


@story
async def test_nobody_is_started_on_a_cable_that_is_kept_for_somebody() -> None:
    """R-168, R-259."""
    async with world(UnlockConnectorOnEVSideDisconnect="false") as w:
        await w.charge()
        w.hardware.unplug_at_vehicle(1)
        w.hardware.plug_in(1, vehicle())
        await w.after()

        answer = await w.central.call(RemoteStartTransaction(id_tag="OTHER", connector_id=1))
        await w.after()

        assert answer.status is RemoteStartStopStatus.REJECTED
        assert len(w.central.requests(StartTransaction)) == 1


@story
async def test_who_taps_twice_at_once_charges_again_with_his_cable_locked() -> None:
    """The lock still moves when the next transaction begins."""
    async with world(LocalPreAuthorize="true") as w:
        await w.charge()
        w.hardware.tap(1, TAG)
        w.hardware.tap(1, TAG)
        await w.after(2)

        assert w.status() is CHARGING
        assert w.hardware.connectors[0].is_locked


@story
async def test_a_tag_taken_back_during_a_fault_leaves_the_vehicle_where_it_is() -> None:
    async with world() as w:
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        w.hardware.clear_fault(1)
        await w.after()

        assert w.status() is PREPARING
        assert w.central.requests(StartTransaction) == []


@pytest.mark.parametrize("is_cut", [True, False], ids=["power", "reboot"])
@story
async def test_a_cable_nobody_remembers_anything_of_is_let_go_at_the_boot(is_cut: bool) -> None:
    """R-184: the transaction has ended, and whoever it was for finds his cable free."""
    async with world() as w:
        await w.charge()
        if is_cut:
            w.station.cut_power()
            await w.after(5)
            w.station.restore_power()
        else:
            w.station.reboot(ResetType.SOFT)
        await w.after(10)

        assert len(w.central.requests(StopTransaction)) == 1
        assert not w.hardware.connectors[0].is_locked


@contextmanager
def broken(w: World, order: str) -> Iterator[None]:
    """Have the hardware of connector 1 raise when it is given this order."""
    obey, defective = getattr(SimulatedConnector, order), w.hardware.connectors[0]

    def fail(connector: SimulatedConnector, *given: Any) -> Any:
        if connector is defective:
            raise OSError("no answer from the board")
        return obey(connector, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimulatedConnector, order, fail)
        yield


@story
async def test_a_contactor_that_does_not_obey_is_a_fault_of_its_connector() -> None:
    async with world() as w:
        with broken(w, "offer"):
            await w.charge()
            assert (last_report(w).status, last_report(w).error_code) == (
                FAULTED,
                ChargePointErrorCode.POWER_SWITCH_FAILURE,
            )
            await w.charge(2, "OTHER")
            assert w.status(2) is CHARGING

        w.hardware.raise_fault(1, ChargePointErrorCode.POWER_SWITCH_FAILURE)
        w.hardware.clear_fault(1)
        await w.after()

        assert w.status() is CHARGING
        assert w.hardware.connectors[0].offered_a == 32


@story
async def test_a_contactor_that_still_does_not_obey_is_a_fault_again() -> None:
    async with world() as w:
        with broken(w, "offer"):
            await w.charge()
            w.hardware.raise_fault(1, ChargePointErrorCode.POWER_SWITCH_FAILURE)

            w.hardware.clear_fault(1)
            await w.after()

            assert w.status() is FAULTED


@pytest.mark.parametrize("order", ["lock", "unlock"])
@story
async def test_a_lock_that_does_not_obey_is_a_warning(order: str) -> None:
    async with world() as w:
        with broken(w, order):
            await w.charge()
            w.hardware.tap(1, TAG)
            await w.after()

        assert (last_report(w).status, last_report(w).error_code) == (
            FINISHING,
            ChargePointErrorCode.CONNECTOR_LOCK_FAILURE,
        )
        assert len(w.central.requests(StopTransaction)) == 1


@story
async def test_a_cable_out_of_the_vehicle_says_nothing_of_a_fault() -> None:
    async with world(StopTransactionOnEVSideDisconnect="false") as w:
        w.hardware.plug_in(1, vehicle(soc_percent=100))
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.raise_fault(1, ChargePointErrorCode.OTHER_ERROR)
        w.hardware.unplug_at_vehicle(1)
        w.hardware.clear_fault(1)
        await w.after()

        assert w.reported()[-3:] == [SUSPENDED_EV, FAULTED, SUSPENDED_EV]
