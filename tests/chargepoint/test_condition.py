"""What is wrong with a connector, as it may be reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from voltyard.chargepoint.condition import Condition
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus

NOW = datetime(2024, 5, 17, tzinfo=UTC)
EV_ERROR = ChargePointErrorCode.EV_COMMUNICATION_ERROR
WITH_VEHICLE = {"Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing"}


@pytest.mark.parametrize("status", ChargePointStatus)
def test_a_vehicle_that_is_not_understood_is_reported_only_where_there_is_one(
    status: ChargePointStatus,
) -> None:
    """R-218."""
    condition = Condition(NOW)
    condition.warn(EV_ERROR)

    error_code = condition.status_notification(1, status).error_code

    assert (error_code is EV_ERROR) is (status in WITH_VEHICLE)


def test_a_fault_is_reported_with_its_texts_cut() -> None:
    """R-220."""
    condition = Condition(NOW)
    condition.warn(ChargePointErrorCode.CONNECTOR_LOCK_FAILURE)
    condition.fail(ChargePointErrorCode.GROUND_FAILURE, "i" * 60, "v" * 60)

    notification = condition.status_notification(2, ChargePointStatus.FAULTED)

    assert notification.error_code is ChargePointErrorCode.GROUND_FAILURE
    assert (notification.info, notification.vendor_error_code) == ("i" * 50, "v" * 50)


def test_a_fault_says_nothing_once_it_is_over() -> None:
    """R-219."""
    condition = Condition(NOW)
    condition.fail(ChargePointErrorCode.GROUND_FAILURE, "water", "7")
    condition.mend()
    condition.changed(NOW + timedelta(seconds=5))

    notification = condition.status_notification(1, ChargePointStatus.AVAILABLE)

    assert notification.error_code is ChargePointErrorCode.NO_ERROR
    assert (notification.info, notification.vendor_error_code) == (None, None)
    assert notification.timestamp == NOW + timedelta(seconds=5)


def test_a_warning_stays_with_every_status_until_it_is_taken_back() -> None:
    condition = Condition(NOW)
    condition.warn(ChargePointErrorCode.CONNECTOR_LOCK_FAILURE)
    condition.remark("the cable")
    assert condition.error_code(ChargePointStatus.AVAILABLE) is condition.warning

    condition.warn(ChargePointErrorCode.NO_ERROR)

    notification = condition.status_notification(1, ChargePointStatus.AVAILABLE)
    assert (notification.error_code, notification.info) == (ChargePointErrorCode.NO_ERROR, "the cable")


def test_a_remark_is_new_once_and_none_of_a_fault() -> None:
    condition = Condition(NOW)
    assert condition.remark("EV side disconnected")
    assert not condition.remark("EV side disconnected")

    condition.fail(ChargePointErrorCode.GROUND_FAILURE, "", "")

    assert condition.status_notification(1, ChargePointStatus.FAULTED).info is None
    assert condition.remark("")
