"""Transactions: each sentence of the rulings, and every order in which reports can arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace
from tests.central.building import MINUTE_US, NOON, NOON_US, Desk, charge_point, tag
from tests.central.services.stations import Station, minute, minute_us, value

from voltyard.central.instants import to_us
from voltyard.central.services.commands import (
    Ending,
    create_command,
    end_command,
    read_command,
    take_next,
)
from voltyard.central.services.records import Command, CommandStatus
from voltyard.central.services.transactions import Told, start_transaction
from voltyard.central.storage import schema
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Reason,
    StartTransaction,
    StopTransaction,
)

ACCEPTED, INVALID = AuthorizationStatus.ACCEPTED, AuthorizationStatus.INVALID


# StartTransaction always gets a transactionId > 0 and a status.


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, AuthorizationStatus.ACCEPTED),
        ({"status": "Blocked"}, AuthorizationStatus.BLOCKED),
        ({"status": "Expired"}, AuthorizationStatus.EXPIRED),
        ({"status": "Invalid"}, AuthorizationStatus.INVALID),
        ({"expiry_date_us": NOON_US}, AuthorizationStatus.EXPIRED),
        ({"expiry_date_us": NOON_US + MINUTE_US}, AuthorizationStatus.ACCEPTED),
        (None, AuthorizationStatus.INVALID),
    ],
)
def test_every_start_is_recorded_and_gets_an_id_and_a_status(
    changes: dict[str, object] | None, status: AuthorizationStatus, desk: Desk
) -> None:
    """R-160, R-161, F20: unknown, blocked and expired tags are recorded, too."""
    station = Station(desk)
    if changes is not None:
        desk.add(tag("042F", **changes))

    response = station.start("042f", connector=2, meter=700)

    stored = station.transaction()
    assert response.id_tag_info.status is status
    assert 1 <= response.transaction_id <= 2**31 - 1
    assert (stored.id, stored.connector_id, stored.id_tag, stored.meter_start) == (
        response.transaction_id,
        2,
        "042f",
        700,
    )
    assert (stored.authorization, stored.started_at_us) == (status, NOON_US)
    assert station.anomalies() == ([] if status is ACCEPTED else ["not_authorized"])
    assert stored.stopped_at_us is None


@pytest.mark.parametrize(
    ("request_", "anomalies"),
    [
        (StartTransaction(connector_id=0, id_tag="x", meter_start=0, timestamp=NOON), ["connector_zero"]),
        (
            StartTransaction(connector_id=9, id_tag="x", meter_start=-5, timestamp=NOON),
            ["negative_meter_start"],
        ),
        (StartTransaction(connector_id=2**62, id_tag="x", meter_start=2**62, timestamp=NOON), []),
        (StartTransaction(connector_id=1, id_tag="", meter_start=0, timestamp=minute(-2880)), []),
        (StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=minute(4)), []),
        (
            StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=minute(6)),
            ["starts_in_future"],
        ),
        (
            StartTransaction(
                connector_id=1, id_tag="x", meter_start=0, timestamp=datetime(2034, 1, 1, tzinfo=UTC)
            ),
            ["starts_in_future"],
        ),
        (
            StartTransaction(
                connector_id=1, id_tag="x", meter_start=0, timestamp=datetime(1970, 1, 1, tzinfo=UTC)
            ),
            [],
        ),
    ],
)
def test_what_a_start_says_never_keeps_it_from_being_answered(
    request_: StartTransaction, anomalies: list[str], desk: Desk
) -> None:
    """R-165, R-166, F19: old timestamps as any other, skewed clocks flagged."""
    station = Station(desk)

    response = station.report_start(request_)

    assert response.transaction_id > 0
    assert station.anomalies() == sorted([*anomalies, "not_authorized"])
    assert station.transaction().started_at_us == to_us(request_.timestamp)


def test_ids_are_unique_over_all_charge_points_and_cannot_be_guessed(desk: Desk) -> None:
    """R-162, G-S6."""
    stations = [Station(desk, f"CP{number}") for number in range(5)]

    ids = [station.start(at=number).transaction_id for number in range(20) for station in stations]

    assert len(set(ids)) == 100
    assert min(ids) > 0
    assert all(abs(later - earlier) > 1 for earlier, later in pairwise(ids))


def test_ids_are_never_issued_again_after_a_restart(desk: Desk) -> None:
    station = Station(desk)
    before = [station.start(at=number).transaction_id for number in range(5)]

    desk.restart()

    after = [station.start(at=number).transaction_id for number in range(5, 10)]
    assert len({*before, *after}) == 10


# The same charge point, connector, tag, timestamp and meterStart are the same transaction.


def test_a_start_sent_again_is_the_same_transaction(desk: Desk) -> None:
    """R-164, F16: on any socket and message id, after restart and stop, 30 days later, in any letter case."""
    station = Station(desk)
    desk.add(tag("aBc"))
    first = station.start("aBc")

    again = [station.start("aBc"), station.start("ABC")]
    desk.restart()
    again.append(station.start("abc", received=5))
    station.stop(first.transaction_id)
    again.append(station.start("aBc", received=61))
    again.append(station.start("aBc", received=30 * 24 * 60))

    assert again == [first] * 5
    stored = station.transaction()
    assert (stored.id_tag, stored.start_received_at_us) == ("aBc", NOON_US + 1)
    assert station.anomalies() == []
    assert desk.kinds().count("transaction.started") == 1


def test_a_start_sent_again_is_told_the_present_status_of_its_tag(desk: Desk) -> None:
    station = Station(desk)
    desk.add(tag())
    first = station.start()

    desk.add(tag(status="Blocked"))
    again = station.start()

    assert again.transaction_id == first.transaction_id
    assert again.id_tag_info.status is AuthorizationStatus.BLOCKED


@pytest.mark.parametrize(
    "other",
    [
        StartTransaction(connector_id=2, id_tag="042F", meter_start=0, timestamp=NOON),
        StartTransaction(connector_id=1, id_tag="042E", meter_start=0, timestamp=NOON),
        StartTransaction(connector_id=1, id_tag="042F", meter_start=1, timestamp=NOON),
        StartTransaction(
            connector_id=1, id_tag="042F", meter_start=0, timestamp=NOON + timedelta(milliseconds=1)
        ),
    ],
)
def test_a_start_that_differs_is_another_transaction(other: StartTransaction, desk: Desk) -> None:
    station = Station(desk)

    ids = {station.start("042F").transaction_id, station.report_start(other).transaction_id}

    assert len(ids) == 2


def test_the_same_start_of_another_charge_point_is_another_transaction(desk: Desk) -> None:
    first, second = Station(desk, "A"), Station(desk, "B")

    assert first.start().transaction_id != second.start().transaction_id


def test_the_same_instant_in_another_time_zone_is_the_same_start(desk: Desk) -> None:
    station = Station(desk)
    first = station.start()
    elsewhere = NOON.astimezone(timezone(timedelta(hours=14)))

    again = station.report_start(
        StartTransaction(connector_id=1, id_tag="042F", meter_start=0, timestamp=elsewhere)
    )

    assert again == first


# StopTransaction: the first counts.


def test_a_stop_ends_its_transaction(desk: Desk) -> None:
    """R-190, R-191, R-192."""
    station = Station(desk)
    id = station.start(meter=100).transaction_id

    station.stop(id, meter=1100, at=60, received=61, reason=None)

    stored = station.transaction()
    assert (stored.meter_stop, stored.stopped_at_us, stored.stop_received_at_us) == (
        1100,
        minute_us(60),
        minute_us(61) + 2,
    )
    assert (stored.stop_reason, stored.stop_id_tag) == ("Local", None)
    assert station.anomalies() == ["not_authorized"]
    assert desk.events[-1].details == {
        "id": id,
        "connector_id": 1,
        "meter_stop": 1100,
        "energy_wh": 1000,
        "reason": "Local",
    }


def test_the_reason_and_the_tag_of_a_stop_are_kept(desk: Desk) -> None:
    station = Station(desk)
    id = station.start().transaction_id

    station.stop(id, id_tag="Other", reason=Reason.EMERGENCY_STOP)

    stored = station.transaction()
    assert (stored.stop_reason, stored.stop_id_tag) == ("EmergencyStop", "Other")


@pytest.mark.parametrize(
    ("id_tag", "known", "status"),
    [(None, True, None), ("042F", True, ACCEPTED), ("042f", True, ACCEPTED), ("042F", False, INVALID)],
)
def test_only_a_tag_that_was_presented_is_judged(
    id_tag: str | None, known: bool, status: AuthorizationStatus | None, desk: Desk
) -> None:
    """R-196."""
    station = Station(desk)
    if known:
        desk.add(tag("042F", max_active_transactions=1))
    id = station.start("042F").transaction_id

    info = station.stop(id, id_tag=id_tag).id_tag_info

    assert (None if info is None else info.status) == status


def test_a_stop_sent_again_is_answered_and_changes_nothing(desk: Desk) -> None:
    """R-193, F17."""
    station = Station(desk)
    id = station.start().transaction_id
    first = station.stop(id, id_tag="042F")
    stored = station.transaction()

    again = station.stop(id, id_tag="042F", received=600)
    desk.restart()
    once_more = station.stop(id, id_tag="042F", received=6000)

    assert [again, once_more] == [first, first]
    assert station.transaction() == stored
    assert station.stops() == []
    assert desk.kinds().count("transaction.stopped") == 1


def test_a_second_stop_that_differs_is_kept_as_evidence(desk: Desk) -> None:
    """R-193, F17: the first one counts."""
    station = Station(desk)
    id = station.start().transaction_id
    station.stop(id, meter=1000)

    for _ in range(2):
        station.stop(id, meter=1_000_000, id_tag="x", reason=Reason.OTHER)

    stored = station.transaction()
    [evidence] = station.stops()
    assert (stored.meter_stop, stored.stop_reason) == (1000, "Local")
    assert station.anomalies() == ["not_authorized", "second_stop"]
    assert (evidence.transaction_id, evidence.sent_transaction_id, evidence.meter_stop, evidence.reason) == (
        id,
        id,
        1_000_000,
        "Other",
    )


@pytest.mark.parametrize(
    ("meter", "at", "anomaly"),
    [(499, 60, "meter_ran_backwards"), (600, -1, "stop_before_start"), (600, 70, "stops_in_future")],
)
def test_a_stop_that_cannot_be_right_is_answered_and_flagged(
    meter: int, at: int, anomaly: str, desk: Desk
) -> None:
    """R-197: and the energy is never negative."""
    station = Station(desk)
    id = station.start(meter=500).transaction_id

    station.stop(id, meter=meter, at=at, received=60)

    assert station.anomalies() == sorted(["not_authorized", anomaly])
    assert station.transaction().meter_stop == meter
    assert desk.events[-1].details["energy_wh"] == max(0, meter - 500)


# Unknown, foreign, 0 or -1.


@pytest.mark.parametrize("id", [-1, 0, 1, 2**31 - 1, 2**62, -(2**62)])
def test_a_stop_of_no_transaction_is_answered_and_kept_unlinked(id: int, desk: Desk) -> None:
    """R-190, R-194."""
    station = Station(desk)

    response = station.stop(id, meter=77, data=[value(minute(5))])

    [stop] = station.stops()
    [row] = station.meter_rows()
    assert response.id_tag_info is None
    assert (stop.sent_transaction_id, stop.transaction_id, stop.meter_stop) == (id, None, 77)
    assert (row.transaction_number, row.sent_transaction_id) == (0, id)
    assert station.transactions() == []


def test_a_charge_point_never_ends_the_transaction_of_another(desk: Desk) -> None:
    """Ids are looked up with their owner (CVE-2026-28230)."""
    owner, stranger = Station(desk, "A"), Station(desk, "B")
    id = owner.start().transaction_id

    stranger.stop(id, id_tag="042F", data=[value(minute(5))])
    stranger.values(id, value(minute(6)))

    assert owner.transaction().stopped_at_us is None
    assert owner.meter_rows() == []
    assert [stop.transaction_id for stop in stranger.stops()] == [None]
    assert [row.transaction_number for row in stranger.meter_rows()] == [0, 0]


def test_a_stop_without_a_usable_id_ends_the_transaction_it_can_only_mean(desk: Desk) -> None:
    station = Station(desk)
    station.start("A", connector=1)
    wanted = station.start("B", connector=2).transaction_id

    station.stop(-1, id_tag="b", data=[value(minute(5))])

    first, second = station.transactions()
    [row] = station.meter_rows()
    assert first.stopped_at_us is None
    assert (second.id, second.meter_stop) == (wanted, 1000)
    assert set(second.anomalies.split()) == {"not_authorized", "stop_matched"}
    assert (row.transaction_number, row.connector_id) == (second.number, 2)


def test_a_stop_without_a_usable_id_sent_again_means_the_same(desk: Desk) -> None:
    """Nothing is stored twice, and no other transaction of that tag is ended by it."""
    station = Station(desk)
    station.start("A", at=0)
    for _ in range(2):
        station.stop(-1, id_tag="A", at=10, meter=100, data=[value(minute(5))])
    station.start("A", at=10, meter=100)

    desk.restart()
    station.stop(-1, id_tag="A", at=10, meter=100, data=[value(minute(5))])

    first, second = station.transactions()
    assert (first.meter_stop, second.meter_stop) == (100, None)
    assert len(station.meter_rows()) == 1
    assert [stop.transaction_id for stop in station.stops()] == [first.id]


@pytest.mark.parametrize(
    ("stop_tag", "sent_id", "meter", "at"),
    [
        ("B", -1, 1000, 60),  # another tag
        (None, 12345, 1000, 60),  # somebody's id
        ("A", -1, 400, 60),  # less than there was
        ("A", -1, 1000, -5),  # before it began
    ],
)
def test_a_stop_that_does_not_fit_stays_unlinked(
    stop_tag: str | None, sent_id: int, meter: int, at: int, desk: Desk
) -> None:
    station = Station(desk)
    station.start("A", meter=500)

    station.stop(sent_id, id_tag=stop_tag, meter=meter, at=at)

    assert station.transaction().stopped_at_us is None
    assert [stop.transaction_id for stop in station.stops()] == [None]


def test_a_stop_that_can_mean_two_transactions_means_neither(desk: Desk) -> None:
    station = Station(desk)
    station.start("A", connector=1)
    station.start("A", connector=2)

    station.stop(0)

    assert [row.stopped_at_us for row in station.transactions()] == [None, None]
    assert len(station.stops()) == 1


# A late start gets what came before it.


def test_a_late_start_gets_its_stop_and_its_values(desk: Desk) -> None:
    """F18, R-194, R-254."""
    station = Station(desk)
    station.values(-1, value(minute(10), "100"), received=10)
    station.stop(-1, id_tag="042F", data=[value(minute(20), "200")], at=30, received=30)
    station.values(-1, value(minute(40), "400"), received=40)
    assert station.transactions() == []

    id = station.start("042F", at=0, received=50).transaction_id

    stored = station.transaction()
    assert (stored.id, stored.meter_stop, stored.stopped_at_us) == (id, 1000, minute_us(30))
    assert station.anomalies() == ["not_authorized", "stop_matched"]
    assert [stop.transaction_id for stop in station.stops()] == [id]
    linked = [(row.energy_wh, row.transaction_number, row.connector_id) for row in station.meter_rows()]
    assert linked == [(100, stored.number, 1), (200, stored.number, 1), (400, 0, 1)]
    assert [kind for kind in desk.kinds() if kind.startswith("transaction.")] == [
        "transaction.started",
        "transaction.stopped",
    ]


def test_a_stop_of_the_past_does_not_end_what_began_after_it(desk: Desk) -> None:
    """However far ahead the clock was that it was written with."""
    station = Station(desk)
    station.report_stop(
        StopTransaction(transaction_id=-1, meter_stop=2**62, timestamp=datetime(9999, 12, 31, tzinfo=UTC)),
        received=0,
    )

    station.start(at=10, received=10)

    assert station.transaction().stopped_at_us is None


def test_values_of_no_transaction_are_not_given_to_one(desk: Desk) -> None:
    station = Station(desk)
    station.values(None, value(minute(10)))

    station.start(at=0, received=60)

    assert [row.transaction_number for row in station.meter_rows()] == [0]


Report = Callable[[Station], object]


def charging(connector: int, id_tag: str, begin: int, meter: int) -> list[Report]:
    """What a charge point reports of a session for which it never got an id."""
    return [
        lambda station: station.start(id_tag, connector=connector, meter=meter, at=begin, received=500),
        lambda station: station.values(
            -1, value(minute(begin), str(meter)), connector=connector, received=500
        ),
        lambda station: station.values(
            -1, value(minute(begin + 5), str(meter + 5)), connector=connector, received=500
        ),
        lambda station: station.values(
            -1, value(minute(begin + 10), str(meter + 10)), connector=connector, received=500
        ),
        lambda station: station.stop(
            -1,
            id_tag=id_tag,
            meter=meter + 10,
            at=begin + 10,
            received=500,
            data=[value(minute(begin + 5), str(meter + 5)), value(minute(begin + 7), str(meter + 7))],
        ),
    ]


REPORTS = [
    *charging(1, "A", 0, 100),
    *charging(1, "B", 20, 200),
    *charging(2, "C", 5, 50),
]
EXPECTED = {
    ("A", 1, 100, minute_us(0), 110, minute_us(10)): [100.0, 105.0, 107.0, 110.0],
    ("B", 1, 200, minute_us(20), 210, minute_us(30)): [200.0, 205.0, 207.0, 210.0],
    ("C", 2, 50, minute_us(5), 60, minute_us(15)): [50.0, 55.0, 57.0, 60.0],
}
NUMBERS = count(1)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(REPORTS), repeated=st.lists(st.integers(0, len(REPORTS) - 1), max_size=4))
def test_in_whatever_order_reports_arrive_and_how_often_the_ledger_is_the_same(
    order: list[Report], repeated: list[int], desk: Desk
) -> None:
    """F18, R-253: nothing is dropped, nothing is there twice, everything is where it belongs."""
    number = next(NUMBERS)
    station, bystander = Station(desk, f"CP{number}"), Station(desk, f"other{number}")
    bystander.start("A", connector=1, meter=100, at=0, received=500)

    for report in [*order, *(order[index] for index in repeated)]:
        report(station)

    found = {
        (
            row.id_tag,
            row.connector_id,
            row.meter_start,
            row.started_at_us,
            row.meter_stop,
            row.stopped_at_us,
        ): [
            value.energy_wh
            for value in sorted(station.meter_rows(), key=lambda value: value.at_us)
            if value.transaction_number == row.number and value.connector_id == row.connector_id
        ]
        for row in station.transactions()
    }
    assert found == EXPECTED
    assert bystander.transaction().stopped_at_us is None
    assert bystander.meter_rows() == []
    assert not any("second_stop" in row.anomalies for row in station.transactions())
    assert not any("stop_missing" in row.anomalies for row in station.transactions())


# A new start on a connector with an open transaction.


def test_a_new_start_on_a_busy_connector_keeps_both_and_flags_the_old_one(desk: Desk) -> None:
    """R-198."""
    station = Station(desk)
    station.start("A", at=0)
    station.start("C", connector=2, at=0)
    station.start("B", at=5, received=5)

    flagged = [(row.id_tag, "stop_missing" in row.anomalies) for row in station.transactions()]

    assert flagged == [("A", True), ("C", False), ("B", False)]
    assert [row.stopped_at_us for row in station.transactions()] == [None] * 3


def test_of_two_open_transactions_the_one_that_began_first_is_the_old_one(desk: Desk) -> None:
    station = Station(desk)
    station.start("later", at=5, received=6)
    station.start("earlier", at=0, received=7)

    assert [("stop_missing" in row.anomalies) for row in station.transactions()] == [False, True]


def test_a_stop_that_comes_after_all_is_not_missing_any_more(desk: Desk) -> None:
    station = Station(desk)
    old = station.start("A", at=0).transaction_id
    station.start("B", at=5, received=5)

    station.stop(old, at=4)

    first, second = station.transactions()
    assert (first.meter_stop, first.anomalies) == (1000, "not_authorized")
    assert second.stopped_at_us is None


# ConcurrentTx.


def test_a_tag_may_charge_as_often_as_it_is_allowed_to(desk: Desk) -> None:
    """R-139, R-140: across charge points; what is refused is recorded all the same."""
    first, second = Station(desk, "A"), Station(desk, "B")
    desk.add(tag("one", max_active_transactions=1), tag("two", max_active_transactions=2), tag("any"))

    statuses = {
        id_tag: [
            station.start(id_tag, connector=connector).id_tag_info.status
            for connector in (1, 2)
            for station in (first, second)
        ]
        for id_tag in ("one", "two", "any")
    }

    concurrent = AuthorizationStatus.CONCURRENT_TX
    assert statuses == {
        "one": [ACCEPTED, concurrent, concurrent, concurrent],
        "two": [ACCEPTED, ACCEPTED, concurrent, concurrent],
        "any": [ACCEPTED] * 4,
    }
    assert len(first.transactions()) + len(second.transactions()) == 12


def test_a_stop_lets_the_tag_charge_again(desk: Desk) -> None:
    station = Station(desk)
    desk.add(tag("one", max_active_transactions=1))
    id = station.start("ONE").transaction_id
    station.stop(id)

    assert station.start("one", at=61, received=61).id_tag_info.status is ACCEPTED


def test_a_start_sent_again_does_not_stand_in_its_own_way(desk: Desk) -> None:
    station = Station(desk)
    desk.add(tag("one", max_active_transactions=1))

    assert [station.start("one").id_tag_info.status for _ in range(2)] == [ACCEPTED] * 2


def test_a_transaction_whose_stop_was_lost_does_not_lock_its_tag_for_ever(desk: Desk) -> None:
    station = Station(desk)
    desk.add(tag("one", max_active_transactions=1), tag("other"))
    station.start("one", at=0)
    refused = station.start("one", connector=2, at=1).id_tag_info.status

    station.start("other", connector=1, at=2)
    station.start("other", connector=2, at=2)

    assert refused is AuthorizationStatus.CONCURRENT_TX
    assert station.start("one", connector=3, at=3).id_tag_info.status is ACCEPTED


# RemoteStartTransaction and the transaction that comes of it.


def remote_start(
    desk: Desk,
    station: Station,
    *,
    response: str | None = '{"status":"Accepted"}',
    sent_at: int = 0,
    connector: int | None = 1,
    profile: dict[str, object] | None = None,
) -> str:
    """Send a RemoteStartTransaction; `response` is what the charge point answered, if it has."""
    fields = {"idTag": "042F", "connectorId": connector, "chargingProfile": profile}
    payload = json.encode({name: value for name, value in fields.items() if value is not None})
    request = read_command("RemoteStartTransaction", payload)
    identity, at_us = station.origin.identity, minute_us(sent_at)
    command = desk.do(create_command, identity, request, payload.decode(), 60 * MINUTE_US, at_us)
    taken = desk.do(take_next, station.origin, at_us)
    assert taken is not None
    assert taken.id == command.id
    if response is not None:
        ending = Ending(CommandStatus.ANSWERED, response=response)
        desk.do(end_command, station.origin, command.id, ending, at_us)
    return command.id


def led_to(desk: Desk, id: str) -> int | None:
    command: Command | None = desk.do(lambda work: work.commands.get(id))
    assert command is not None
    return command.transaction_id


PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.5}],
    },
}


@pytest.mark.parametrize("response", ['{"status":"Accepted"}', None])
@pytest.mark.parametrize("connector", [1, None])
@pytest.mark.parametrize("profile", [None, PROFILE])
def test_a_remote_start_leads_to_its_transaction(
    response: str | None, connector: int | None, profile: dict[str, object] | None, desk: Desk
) -> None:
    """By tag, connector and time; the start may come before the answer."""
    station = Station(desk)
    command = remote_start(desk, station, response=response, connector=connector, profile=profile)

    id = station.start("042f", at=1, received=1).transaction_id

    assert led_to(desk, command) == id


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"response": '{"status":"Rejected"}'}, {}),
        ({}, {"id_tag": "other"}),
        ({}, {"connector": 2}),
        ({}, {"at": 70, "received": 70}),
        ({"sent_at": 30}, {"at": 10, "received": 31}),
    ],
)
def test_a_remote_start_has_nothing_to_do_with_other_transactions(
    given: dict[str, object], start: dict[str, object], desk: Desk
) -> None:
    """R-266: refused, another tag, another connector, much later, or begun offline before it was sent."""
    station = Station(desk)
    command = remote_start(desk, station, **given)  # type: ignore[arg-type]  # of the table above

    station.start(**{"id_tag": "042F", "at": 1, "received": 1, **start})  # type: ignore[arg-type]  # likewise

    assert led_to(desk, command) is None


def test_two_remote_starts_lead_to_two_transactions(desk: Desk) -> None:
    station = Station(desk)
    commands = [remote_start(desk, station, connector=None, sent_at=number) for number in range(2)]

    ids = [station.start(connector=number, at=number + 1, received=3).transaction_id for number in (1, 2)]

    assert [led_to(desk, command) for command in commands] == ids


# What was told before it could be recorded.


def test_a_start_that_was_told_its_id_keeps_it(desk: Desk) -> None:
    station = Station(desk)
    [(number, id)] = desk.do(lambda work: list(work.transactions.reserve_ids(1)))
    request = StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=NOON)
    told = Told(number, id, is_unverified=True)

    for _ in range(2):
        response = desk.do(start_transaction, station.origin, request, NOON_US, told)

    assert response.transaction_id == id
    assert (station.transaction().number, station.transaction().id) == (number, id)
    assert "authorized_unverified" in station.anomalies()


def test_a_start_that_was_told_a_second_id_is_known_by_both(desk: Desk) -> None:
    station = Station(desk)
    first = station.start("x").transaction_id
    [(number, second)] = desk.do(lambda work: list(work.transactions.reserve_ids(1)))
    request = StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=NOON)

    desk.do(start_transaction, station.origin, request, NOON_US, Told(number, second, is_unverified=False))
    station.values(second, value(minute(5)))
    station.stop(second)

    stored = station.transaction()
    assert (stored.id, stored.meter_stop) == (first, 1000)
    assert "stop_matched" not in station.anomalies()
    assert [row.transaction_number for row in station.meter_rows()] == [stored.number]


# Whatever decodes.

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=3000)
whole = st.integers(-(2**63), 2**63 - 1)
unsigned = st.integers(0, 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(unsigned, texts, whole, moments, whole, whole, moments)
def test_nothing_that_decodes_makes_a_service_fail(
    desk: Desk,
    connector: int,
    id_tag: str,
    meter: int,
    at: datetime,
    sent: int,
    stop_meter: int,
    stop_at: datetime,
) -> None:
    station = Station(desk, f"wild{next(NUMBERS)}")
    start = StartTransaction(
        connector_id=connector, id_tag=id_tag, meter_start=meter, timestamp=at, reservation_id=sent
    )
    stop = StopTransaction(
        transaction_id=sent,
        id_tag=id_tag,
        meter_stop=stop_meter,
        timestamp=stop_at,
        transaction_data=(value(at, id_tag),),
    )

    station.report_stop(stop)
    station.values(sent, value(stop_at, id_tag), connector=connector)
    id = station.report_start(start).transaction_id
    assert station.report_start(start).transaction_id == id
    station.report_stop(replace(stop, transaction_id=id))
    station.report_stop(stop)

    assert station.transaction().id == id


def test_a_tag_that_is_far_too_long_is_kept_whole(desk: Desk) -> None:
    """Tolerant reading keeps it; an index could not."""
    long = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(20_000))
    station = Station(desk)

    first = station.start(long)
    again = station.start(long)
    other = station.start(long[:-1] + "x")

    assert again == first
    assert other.transaction_id != first.transaction_id
    assert [row.id_tag for row in station.transactions()] == [long, long[:-1] + "x"]


def test_a_deleted_charge_point_keeps_its_transactions(desk: Desk) -> None:
    origin = desk.add(charge_point("gone", deleted_at_us=NOON_US))
    request = StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=NOON)

    desk.do(start_transaction, origin, request, NOON_US)

    assert len(desk.rows(schema.transactions)) == 1
