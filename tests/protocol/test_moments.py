"""Finding and replacing the date-times of payloads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from msgspec import json

from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    GetLog,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    LogParameters,
    LogType,
    MeterValue,
    MeterValues,
    SampledValue,
    SendLocalList,
    StatusNotification,
    StopTransaction,
    StopTransactionResponse,
    UpdateType,
)
from voltyard.protocol.moments import Moments, as_text, in_utc
from voltyard.protocol.payload import Structure
from voltyard.protocol.shape import shape_of

ONE = datetime(2026, 11, 22, 8, tzinfo=UTC)
TWO = ONE + timedelta(minutes=1)
THREE = ONE + timedelta(minutes=2)


def meter_value(timestamp: datetime) -> MeterValue:
    return MeterValue(timestamp=timestamp, sampled_value=(SampledValue(value="1"),))


def stop(*values: datetime, timestamp: datetime = ONE) -> StopTransaction:
    data = tuple(map(meter_value, values)) or None
    return StopTransaction(meter_stop=1, transaction_id=2, timestamp=timestamp, transaction_data=data)


def log(oldest: datetime | None = None, latest: datetime | None = None) -> GetLog:
    parameters = LogParameters(remote_location="ftp:x", oldest_timestamp=oldest, latest_timestamp=latest)
    return GetLog(log=parameters, log_type=LogType.SECURITY_LOG, request_id=1)


def answer(expiry: datetime | None) -> StopTransactionResponse:
    return StopTransactionResponse(
        id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED, expiry_date=expiry)
    )


def local_list(*expiries: datetime | None) -> SendLocalList:
    entries = tuple(
        AuthorizationData(
            id_tag="T", id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED, expiry_date=expiry)
        )
        for expiry in expiries
    )
    return SendLocalList(
        list_version=1,
        update_type=UpdateType.FULL,
        local_authorization_list=(AuthorizationData(id_tag="U"), *entries),
    )


@pytest.mark.parametrize(
    ("structure", "moments"),
    [
        (HeartbeatResponse(current_time=ONE), [ONE]),
        (MeterValues(connector_id=1, meter_value=(meter_value(ONE), meter_value(TWO))), [ONE, TWO]),
        (stop(), [ONE]),
        (stop(TWO, THREE), [ONE, TWO, THREE]),
        (log(), []),
        (log(oldest=ONE, latest=TWO), [ONE, TWO]),
        (answer(None), []),
        (answer(ONE), [ONE]),
        (StopTransactionResponse(), []),
        (local_list(), []),
        (local_list(ONE, None, TWO), [ONE, TWO]),
    ],
)
def test_all_date_times_are_found_and_replaced(structure: Structure, moments: list[datetime]) -> None:
    where = Moments(shape_of(type(structure)))

    found = where.find(structure)
    later = where.replace(structure, lambda moment: moment + timedelta(hours=1))

    assert found == moments
    assert where.find(later) == [moment + timedelta(hours=1) for moment in moments]
    assert where.replace(later, lambda moment: moment - timedelta(hours=1)) == structure


def test_a_structure_without_date_times_stays_the_same_object() -> None:
    for structure in (answer(None), StopTransactionResponse()):
        assert Moments(shape_of(type(structure))).replace(structure, as_text) is structure


def test_moments_know_their_keys_and_are_false_when_there_are_none() -> None:
    assert Moments(shape_of(StopTransaction)).keys == {"timestamp"}
    assert Moments(shape_of(GetLog)).keys == {"oldestTimestamp", "latestTimestamp"}
    assert Moments(shape_of(StatusNotification))
    assert not Moments(shape_of(Heartbeat))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (ONE, b'"2026-11-22T08:00:00.000Z"'),
        (ONE.replace(microsecond=999_999), b'"2026-11-22T08:00:00.999Z"'),
        (ONE.replace(microsecond=7), b'"2026-11-22T08:00:00.000Z"'),
        (ONE.astimezone(timezone(timedelta(hours=-5, minutes=-30))), b'"2026-11-22T08:00:00.000Z"'),
        (ONE.astimezone(ZoneInfo("Europe/Berlin")), b'"2026-11-22T08:00:00.000Z"'),
        (datetime(1, 1, 1, tzinfo=UTC), b'"0001-01-01T00:00:00.000Z"'),
    ],
)
def test_a_date_time_is_written_in_utc_to_the_millisecond(moment: datetime, text: bytes) -> None:
    """R-072."""
    assert json.encode(as_text(moment)) == text


@pytest.mark.parametrize("other", ["2026-11-22T08:00:00Z", 0, datetime(2026, 11, 22)])  # noqa: DTZ001 - that is the point
def test_what_is_no_date_time_with_a_zone_is_written_as_no_date_time(other: object) -> None:
    assert as_text(other) is False


def test_a_moment_whose_year_in_utc_does_not_exist_overflows() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2)))

    with pytest.raises(OverflowError):
        in_utc(last)
    with pytest.raises(OverflowError):
        as_text(last)
