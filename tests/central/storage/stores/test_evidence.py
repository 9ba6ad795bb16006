"""Evidence: counted, kept once where that is meant, and always storable."""

from __future__ import annotations

from tests.central.building import Desk, charge_point

from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import (
    certificate_requests,
    data_transfers,
    deviations,
    quarantine,
    security_events,
    status_reports,
)
from voltyard.central.storage.work import Work
from voltyard.protocol.codec import Deviation


def deviate(work: Work, at_us: int, *some: tuple[str, str, str]) -> None:
    for deviation in some:
        work.evidence.deviation(1, "MeterValues", Deviation(*deviation), at_us)


def note_event(work: Work, type: str, tech_info: str | None) -> None:
    work.evidence.security_event(1, "charge point", type, 5, tech_info, 9)


def test_a_deviation_is_counted_by_action_rule_and_path(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(deviate, 10, ("lax", "$.a", "1"), ("lax", "$.a", "2"), ("null", "$.a", ""))
        desk.do(deviate, 20, ("lax", "$.a", "3"))

        assert [tuple(row[2:]) for row in desk.rows(deviations)] == [
            ("MeterValues", "lax", "$.a", "3", 3, 10, 20),
            ("MeterValues", "null", "$.a", "", 1, 10, 10),
        ]


def test_what_no_database_takes_is_stored_all_the_same(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(deviate, 10, ("a\x00b", "$.\x00", "\x00"))
        desk.do(lambda work: work.evidence.quarantine(1, "St\x00", "GenericError", "\x00", "[\x00]", 5))

        [deviation] = desk.rows(deviations)
        [kept] = desk.rows(quarantine)
        assert (deviation.rule, deviation.path, deviation.value) == ("a\ufffdb", "$.\ufffd", "\ufffd")
        assert (kept.action, kept.reason, kept.frame) == ("St\ufffd", "\ufffd", "[\ufffd]")


def test_everything_refused_is_kept_each_time(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        for _ in range(2):
            desk.do(
                lambda work: work.evidence.quarantine(1, "StopTransaction", "GenericError", "w", "[2]", 5)
            )

        assert [tuple(row[1:]) for row in desk.rows(quarantine)] == [
            (1, 5, "StopTransaction", "GenericError", "w", "[2]")
        ] * 2


def test_a_security_event_is_kept_once(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        for tech_info in ("x", "x", None, None, "y"):
            desk.do(note_event, "Tampering", tech_info)
        desk.do(note_event, "Tamperingx", None)

        assert [(row.type, row.tech_info) for row in desk.rows(security_events)] == [
            ("Tampering", "x"),
            ("Tampering", None),
            ("Tampering", "y"),
            ("Tamperingx", None),
        ]


def test_very_long_texts_are_kept_whole(database: Database) -> None:
    """Tolerant reading keeps over-long strings, and a message may have 64 KiB."""
    long = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(15_000))
    with Desk(database) as desk:
        desk.add(charge_point())
        for _ in range(2):
            desk.do(note_event, long, long[::-1])
        desk.do(deviate, 10, ("unknown-field", "$." + long[:98], long[:100]))
        desk.do(lambda work: work.evidence.status_report(1, "LogStatusNotification", long, 2**62, 5))
        desk.do(lambda work: work.evidence.certificate_request(1, long, "Rejected", 5))
        desk.do(lambda work: work.evidence.data_transfer(1, long, long, long, "UnknownVendorId", 5))

        assert [(row.type, row.tech_info) for row in desk.rows(security_events)] == [(long, long[::-1])]
        assert [row.path for row in desk.rows(deviations)] == ["$." + long[:98]]
        assert [(row.status, row.request_id) for row in desk.rows(status_reports)] == [(long, 2**62)]
        assert [row.csr for row in desk.rows(certificate_requests)] == [long]
        assert [(row.vendor_id, row.message_id, row.payload) for row in desk.rows(data_transfers)] == [
            (long,) * 3
        ]
