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


def test_a_deviation_is_counted_by_action_rule_and_path(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(
            deviate, 10, ("lax-scalar", "$.a", "1"), ("lax-scalar", "$.a", "2"), ("null-field", "$.a", "")
        )
        desk.do(deviate, 20, ("lax-scalar", "$.a", "3"))

        assert [tuple(row[2:]) for row in desk.rows(deviations)] == [
            ("MeterValues", "lax-scalar", "$.a", "3", 3, 10, 20),
            ("MeterValues", "null-field", "$.a", "", 1, 10, 10),
        ]


def test_what_no_database_takes_is_stored_all_the_same(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(deviate, 10, ("unknown\x00-field", "$.\x00", "a\x00b"))
        desk.do(lambda work: work.evidence.quarantine(1, "St\x00", "GenericError", "\x00", "[\x00]", 5))

        [deviation] = desk.rows(deviations)
        [kept] = desk.rows(quarantine)
        assert (deviation.rule, deviation.path, deviation.value) == (
            "unknown\ufffd-field",
            "$.\ufffd",
            "a\ufffdb",
        )
        assert (kept.action, kept.reason, kept.frame) == ("St\ufffd", "\ufffd", "[\ufffd]")


def test_everything_refused_is_kept_each_time(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        for _ in range(2):
            desk.do(
                lambda work: work.evidence.quarantine(
                    1, "StopTransaction", "FormationViolation", "why", "[2]", 5
                )
            )

        assert [tuple(row[1:]) for row in desk.rows(quarantine)] == [
            (1, 5, "StopTransaction", "FormationViolation", "why", "[2]")
        ] * 2


def test_a_security_event_is_kept_once(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        for tech_info in ("x", "x", None, None, "y"):
            desk.do(
                lambda work, text=tech_info: work.evidence.security_event(
                    1, "charge point", "TamperDetection", 5, text, 9
                )
            )

        assert [(row.tech_info or "", row.received_at_us) for row in desk.rows(security_events)] == [
            ("x", 9),
            ("", 9),
            ("y", 9),
        ]


def test_very_long_texts_are_kept_whole(database: Database) -> None:
    """Tolerant reading keeps over-long strings, and a message may have 64 KiB."""
    long = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(15_000))
    with Desk(database) as desk:
        desk.add(charge_point())
        for _ in range(2):
            desk.do(lambda work: work.evidence.security_event(1, "charge point", long, 5, long[::-1], 9))
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
