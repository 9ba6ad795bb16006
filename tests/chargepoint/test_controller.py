"""Connector 0: its status, and who is in service."""

from __future__ import annotations

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification

AVAILABLE, UNAVAILABLE = ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE
FAULTED, CHARGING = ChargePointStatus.FAULTED, ChargePointStatus.CHARGING


class Desk:
    """A controller of two connectors and what it reports."""

    def __init__(self, store: MemoryStore) -> None:
        self.reported: list[StatusNotification] = []
        self.controller = Controller(store, range(1, 3), VirtualClock(), self.reported.append)

    def told(self) -> list[ChargePointStatus]:
        return [each.status for each in self.reported]


@pytest.mark.parametrize(
    ("steps", "in_service"),
    [
        ([], {1, 2}),
        ([(1, False)], {2}),
        ([(0, False)], set()),
        ([(0, False), (1, True)], set()),
        ([(0, False), (1, True), (0, True)], {1, 2}),
        ([(1, False), (0, True)], {1, 2}),
        ([(1, False), (1, False), (2, False)], set()),
    ],
)
@story
async def test_a_connector_is_in_service_when_it_and_the_charge_point_are(
    steps: list[tuple[int, bool]], in_service: set[int]
) -> None:
    """R-280, R-282: over a restart too."""
    store = MemoryStore()
    desk = Desk(store)

    for connector_id, is_operative in steps:
        desk.controller.set_operative(connector_id, is_operative)

    for controller in (desk.controller, Desk(store).controller):
        assert {each for each in (1, 2) if controller.is_operative(each)} == in_service


@story
async def test_its_status_follows_the_last_connector_out_and_the_charge_point_in() -> None:
    desk = Desk(MemoryStore())
    desk.controller.set_operative(0, False)

    desk.controller.follow([CHARGING, UNAVAILABLE])
    assert desk.told() == []
    desk.controller.follow([UNAVAILABLE, UNAVAILABLE])
    desk.controller.follow([UNAVAILABLE, UNAVAILABLE])
    assert desk.told() == [UNAVAILABLE]
    desk.controller.set_operative(0, True)
    desk.controller.follow([AVAILABLE, AVAILABLE])

    assert desk.told() == [UNAVAILABLE, AVAILABLE]


@story
async def test_connectors_out_of_service_one_by_one_leave_it_available() -> None:
    desk = Desk(MemoryStore())
    for connector_id in (1, 2):
        desk.controller.set_operative(connector_id, False)

    desk.controller.follow([UNAVAILABLE, UNAVAILABLE])

    assert desk.controller.status is AVAILABLE


@story
async def test_faults_come_and_go() -> None:
    """R-214."""
    desk = Desk(MemoryStore())

    desk.controller.fault_raised(ChargePointErrorCode.OVER_VOLTAGE, "x" * 60, "V7")
    desk.controller.fault_raised(ChargePointErrorCode.UNDER_VOLTAGE, "", "")
    desk.controller.fault_cleared()
    desk.controller.fault_cleared()

    assert desk.told() == [FAULTED, FAULTED, AVAILABLE]
    assert (desk.reported[0].info, desk.reported[0].vendor_error_code) == ("x" * 50, "V7")
    assert desk.reported[1].error_code is ChargePointErrorCode.UNDER_VOLTAGE
    assert desk.reported[2].error_code is ChargePointErrorCode.NO_ERROR


@story
async def test_what_changes_during_a_fault_shows_after_it() -> None:
    desk = Desk(MemoryStore())
    desk.controller.fault_raised(ChargePointErrorCode.OTHER_ERROR, "", "")
    desk.controller.set_operative(0, False)

    desk.controller.follow([UNAVAILABLE, UNAVAILABLE])
    desk.controller.fault_cleared()

    assert desk.told() == [FAULTED, UNAVAILABLE]


@story
async def test_a_warning_changes_no_status() -> None:
    desk = Desk(MemoryStore())

    desk.controller.warn(ChargePointErrorCode.RESET_FAILURE)

    assert (desk.reported[0].status, desk.reported[0].error_code) == (
        AVAILABLE,
        ChargePointErrorCode.RESET_FAILURE,
    )
    assert desk.controller.status_notification().error_code is ChargePointErrorCode.NO_ERROR


@story
async def test_out_of_service_over_a_restart_it_says_so_from_the_beginning() -> None:
    """R-276, R-282."""
    store = MemoryStore()
    Desk(store).controller.set_operative(0, False)
    desk = Desk(store)
    assert desk.controller.status is UNAVAILABLE

    desk.controller.set_operative(0, True)
    desk.controller.follow([AVAILABLE, AVAILABLE])

    assert desk.told() == [AVAILABLE]


@story
async def test_it_has_no_vehicle_that_could_not_be_understood() -> None:
    """R-218: EVCommunicationError does not go together with Faulted."""
    desk = Desk(MemoryStore())

    desk.controller.fault_raised(ChargePointErrorCode.EV_COMMUNICATION_ERROR, "", "")

    assert [(each.status, each.error_code) for each in desk.reported] == [
        (FAULTED, ChargePointErrorCode.OTHER_ERROR)
    ]


@story
async def test_no_error_is_no_fault_of_it() -> None:
    desk = Desk(MemoryStore())

    with pytest.raises(ValueError, match="NoError"):
        desk.controller.fault_raised(ChargePointErrorCode.NO_ERROR, "", "")

    assert desk.told() == []
