"""CALLs that are stored after they were answered: as if they came then, exactly once, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import msgpack
from tests.central.building import MINUTE_US, NOON, NOON_US, Desk, charge_point, tag

from voltyard.central.instants import to_us
from voltyard.central.services.origin import Origin
from voltyard.central.services.spooled import (
    ANSWERS,
    Refusal,
    SpooledCall,
    SpoolStore,
    StartKey,
)
from voltyard.central.services.transactions import Told, start_transaction, stop_transaction
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import (
    connectors,
    deviations,
    meter_values,
    quarantine,
    security_events,
    status_reports,
    stops,
    transaction_aliases,
    transactions,
)
from voltyard.central.storage.work import Work
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import encode
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    LogStatusNotification,
    MeterValue,
    MeterValues,
    SampledValue,
    SecurityEventNotification,
    SignedFirmwareStatus,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UploadLogStatus,
)
from voltyard.protocol.payload import Request

STORE = SpoolStore()
TOLD = Told(number=77, id=123456, is_unverified=True)
START = StartTransaction(connector_id=1, id_tag="042F", meter_start=100, timestamp=NOON)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with Desk(database) as desk:
        yield desk


@pytest.fixture
def origin(desk: Desk) -> Origin:
    return desk.add(tag("042F"), charge_point("CP1"))


def spooled(origin: Origin, request: Request[Any], told: Told | None = None, **changes: Any) -> SpooledCall:
    fields: dict[str, Any] = {
        "charge_point_id": origin.id,
        "identity": origin.identity,
        "received_at_us": NOON_US + MINUTE_US,
        "action": request.action,
        "content": encode(request),
        "told": told,
    }
    return SpooledCall(**fields | changes)


def values(transaction_id: int | None, at: datetime = NOON, value: str = "150") -> MeterValues:
    return MeterValues(
        connector_id=1,
        transaction_id=transaction_id,
        meter_value=(MeterValue(timestamp=at, sampled_value=(SampledValue(value=value),)),),
    )


def stop(transaction_id: int) -> StopTransaction:
    return StopTransaction(
        meter_stop=300, timestamp=NOON + timedelta(seconds=30), transaction_id=transaction_id, id_tag="042F"
    )


def store(desk: Desk, *calls: SpooledCall) -> list[SpooledCall]:
    return desk.do(STORE.store, calls)


def transaction(desk: Desk) -> Any:
    (only,) = desk.rows(transactions)
    return only


# A session that was answered from the spool.


def test_a_start_gets_the_id_that_the_charge_point_was_told(desk: Desk, origin: Origin) -> None:
    unclaimed = store(desk, spooled(origin, START, TOLD))

    stored = transaction(desk)
    assert unclaimed == []
    assert (stored.id, stored.number, stored.meter_start) == (TOLD.id, TOLD.number, 100)
    assert stored.start_received_at_us == NOON_US + MINUTE_US
    assert desk.kinds() == ["transaction.started"]


@pytest.mark.parametrize(
    ("status", "verdict", "anomalies"),
    [
        ("Accepted", "Accepted", {"authorized_unverified"}),
        ("Blocked", "Blocked", {"authorized_unverified", "not_authorized"}),
    ],
)
def test_the_real_verdict_is_found_out_later_and_the_promise_is_marked(
    desk: Desk, origin: Origin, status: str, verdict: str, anomalies: set[str]
) -> None:
    desk.add(tag("042F", status=status))

    store(desk, spooled(origin, START, TOLD))

    assert transaction(desk).authorization == verdict
    assert set(transaction(desk).anomalies.split()) == anomalies


def test_a_tag_that_could_be_looked_up_leaves_no_mark(desk: Desk, origin: Origin) -> None:
    store(desk, spooled(origin, START, Told(number=77, id=123456, is_unverified=False)))

    assert transaction(desk).anomalies == ""


def test_a_whole_session_is_stored_in_order_in_one_piece(desk: Desk, origin: Origin) -> None:
    store(
        desk,
        spooled(origin, START, TOLD),
        spooled(origin, values(TOLD.id)),
        spooled(origin, stop(TOLD.id)),
    )

    stored = transaction(desk)
    assert (stored.meter_stop, stored.stop_reason) == (300, "Local")
    assert [row.transaction_number for row in desk.rows(meter_values)] == [TOLD.number]
    assert desk.rows(stops) == []


def test_storing_everything_twice_changes_nothing(desk: Desk, origin: Origin) -> None:
    """A crash between the commit and the removal of the file shows all records again."""
    report = StatusNotification(
        connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=ChargePointStatus.CHARGING
    )
    calls = [
        spooled(origin, report),
        spooled(origin, START, TOLD),
        spooled(origin, values(TOLD.id)),
        spooled(origin, stop(TOLD.id)),
        spooled(origin, stop(999)),
        spooled(origin, SecurityEventNotification(type="TamperDetectionActivated", timestamp=NOON)),
    ]
    tables = (transactions, meter_values, stops, connectors, security_events, transaction_aliases)
    store(desk, *calls)
    once = [desk.rows(table) for table in tables]

    store(desk, *calls)

    assert [desk.rows(table) for table in tables] == once
    assert [len(rows) for rows in once] == [1, 1, 1, 1, 1, 0]


# A start whose first answer was lost.


def test_a_start_that_was_known_stays_one_transaction_with_an_alias(desk: Desk, origin: Origin) -> None:
    """The first commit came about, its answer did not; the charge point knows the second id only."""
    first = desk.do(start_transaction, origin, START, NOON_US)

    store(
        desk,
        spooled(origin, START, TOLD),
        spooled(origin, values(TOLD.id)),
        spooled(origin, stop(TOLD.id)),
    )

    stored = transaction(desk)
    assert stored.id == first.transaction_id
    assert [(row.alias_id, row.transaction_id) for row in desk.rows(transaction_aliases)] == [
        (TOLD.id, first.transaction_id)
    ]
    assert [row.transaction_number for row in desk.rows(meter_values)] == [stored.number]
    assert stored.meter_stop == 300
    assert stored.anomalies == "authorized_unverified"  # and not `stop_matched`: the alias is no guess
    assert desk.rows(stops) == []


def test_a_start_that_comes_again_is_answered_as_the_last_time(desk: Desk, origin: Origin) -> None:
    desk.do(start_transaction, origin, START, NOON_US)
    store(desk, spooled(origin, START, TOLD))

    assert desk.do(start_transaction, origin, START, NOON_US).transaction_id == TOLD.id


def test_an_alias_is_found_by_live_messages_too(desk: Desk, origin: Origin) -> None:
    desk.do(start_transaction, origin, START, NOON_US)
    store(desk, spooled(origin, START, TOLD))
    desk.restart()

    desk.do(stop_transaction, origin, stop(TOLD.id), NOON_US)

    assert transaction(desk).meter_stop == 300
    assert desk.rows(stops) == []


def test_an_alias_of_another_charge_point_means_nothing(desk: Desk, origin: Origin) -> None:
    desk.do(start_transaction, origin, START, NOON_US)
    store(desk, spooled(origin, START, TOLD))
    other = desk.add(charge_point("CP2"))

    desk.do(stop_transaction, other, stop(TOLD.id), NOON_US)

    assert transaction(desk).stopped_at_us is None
    assert [row.sent_transaction_id for row in desk.rows(stops)] == [TOLD.id]


def test_the_id_that_was_told_last_is_the_one_that_the_charge_point_knows(desk: Desk, origin: Origin) -> None:
    first = desk.do(start_transaction, origin, START, NOON_US).transaction_id
    assert desk.do(_told_id, origin, first) == first

    store(desk, spooled(origin, START, TOLD))
    store(desk, spooled(origin, START, Told(78, 654321, True), received_at_us=NOON_US + 2 * MINUTE_US))

    assert desk.do(_told_id, origin, first) == 654321


def test_reserved_ids_are_issued_to_nobody_else(desk: Desk, origin: Origin) -> None:
    def reserve(work: Work) -> list[tuple[int, int]]:
        return list(work.transactions.reserve_ids(3))

    before = desk.do(start_transaction, origin, START, NOON_US).transaction_id
    reserved = desk.do(reserve)
    later = StartTransaction(connector_id=2, id_tag="042F", meter_start=0, timestamp=NOON)
    after = desk.do(start_transaction, origin, later, NOON_US).transaction_id

    numbers = [row.number for row in desk.rows(transactions)]
    assert [number for number, _ in reserved] == [numbers[0] + 1, numbers[0] + 2, numbers[0] + 3]
    assert numbers[1] == numbers[0] + 4
    assert len({before, after, *(id for _, id in reserved)}) == 5


# Other reports.


STATUS_REPORTS: Mapping[str, Request[Any]] = {
    "Uploaded": DiagnosticsStatusNotification(status=DiagnosticsStatus.UPLOADED),
    "Installed": FirmwareStatusNotification(status=FirmwareStatus.INSTALLED),
    "UploadFailure": LogStatusNotification(status=UploadLogStatus.UPLOAD_FAILURE, request_id=4),
    "SignatureVerified": SignedFirmwareStatusNotification(status=SignedFirmwareStatus.SIGNATURE_VERIFIED),
}


@pytest.mark.parametrize("status", STATUS_REPORTS)
def test_reports_of_status_are_kept(desk: Desk, origin: Origin, status: str) -> None:
    store(desk, spooled(origin, STATUS_REPORTS[status]))

    assert [row.status for row in desk.rows(status_reports)] == [status]


def test_every_answer_is_a_valid_response_of_its_action() -> None:
    for action, answer in ANSWERS.items():
        assert type(answer) is ACTIONS[action].response
        assert encode(answer) == b"{}"


def test_everything_that_is_answered_can_be_stored(desk: Desk, origin: Origin) -> None:
    reports: list[Request[Any]] = [
        *STATUS_REPORTS.values(),
        values(None),
        stop(0),
        SecurityEventNotification(type="TamperDetectionActivated", timestamp=NOON),
        StatusNotification(
            connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=ChargePointStatus.AVAILABLE
        ),
    ]
    assert {report.action for report in reports} == set(ANSWERS)

    assert store(desk, *(spooled(origin, report) for report in reports)) == []


# What is not as it should be.


def test_what_was_refused_goes_to_quarantine_as_it_came(desk: Desk, origin: Origin) -> None:
    frame = b'[2,"1","StartTransaction",{"connectorId":1}]'
    refusal = Refusal("OccurenceConstraintViolation", "$.idTag: missing")

    store(desk, spooled(origin, START, content=frame, refusal=refusal))

    (kept,) = desk.rows(quarantine)
    assert kept.frame == frame.decode()
    assert (kept.action, kept.error_code, kept.reason) == (
        "StartTransaction",
        "OccurenceConstraintViolation",
        "$.idTag: missing",
    )
    assert desk.rows(transactions) == []


def test_repairs_are_recorded_when_a_call_is_stored(desk: Desk, origin: Origin) -> None:
    """One sample of two is bad: it is dropped and kept, the other one is used."""
    payload = (
        b'{"connectorId":"1","meterValue":[{"timestamp":"2024-05-17T12:00:00Z","sampledValue":'
        b'[{"value":"150"},{"value":[]}]}]}'
    )

    store(desk, spooled(origin, values(None), content=payload))

    assert len(desk.rows(meter_values)) == 1
    assert len(desk.rows(quarantine)) == 1
    assert len(desk.rows(deviations)) >= 1


def test_what_this_version_cannot_read_goes_to_quarantine(desk: Desk, origin: Origin) -> None:
    store(desk, spooled(origin, START, content=b'{"connectorId":1}'))

    (kept,) = desk.rows(quarantine)
    assert (kept.action, kept.error_code) == ("StartTransaction", "OccurenceConstraintViolation")


def test_what_cannot_be_stored_as_what_it_is_is_set_aside(desk: Desk, origin: Origin) -> None:
    call = spooled(origin, START, TOLD)

    desk.do(STORE.set_aside, call, "IntegrityError: number")

    (kept,) = desk.rows(quarantine)
    assert (kept.error_code, kept.reason) == ("InternalError", "IntegrityError: number")
    assert kept.frame == call.content.decode()


def test_calls_of_a_charge_point_that_this_database_does_not_know_are_given_back(
    desk: Desk, origin: Origin
) -> None:
    """The spool of another database; the rest is stored all the same."""
    strange = spooled(Origin(origin.id, "STRANGER"), values(None))

    unclaimed = store(desk, strange, spooled(origin, START, TOLD))

    assert unclaimed == [strange]
    assert len(desk.rows(transactions)) == 1
    desk.do(STORE.set_aside, strange, "no such charge point")
    assert desk.rows(quarantine) == []


def test_a_charge_point_is_known_by_its_identity_whatever_its_number(desk: Desk, origin: Origin) -> None:
    """A database that was restored from an export may number charge points anew."""
    store(desk, spooled(Origin(origin.id + 1000, origin.identity), START, TOLD))

    assert transaction(desk).charge_point_id == origin.id


# Records and keys.


def test_a_record_survives_its_way_through_the_spool() -> None:
    call = spooled(Origin(1, "CP1"), START, TOLD, refusal=Refusal("TypeConstraintViolation", "$.idTag"))

    assert msgpack.decode(msgpack.encode(call), type=SpooledCall) == call


def test_the_same_start_has_the_same_key_whatever_the_case_of_its_tag() -> None:
    call = spooled(Origin(1, "CP1"), START)

    assert STORE.start_key(call) == StartKey(1, 1, "042f", to_us(NOON), 100)


def _told_id(work: Work, origin: Origin, id: int) -> int:
    return work.transactions.told_id(origin.id, id)
