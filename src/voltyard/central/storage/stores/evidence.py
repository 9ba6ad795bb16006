"""What is kept beside the business: deviations, quarantine, and what charge points reported."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import Dialect

from voltyard.central.storage.schema import (
    certificate_requests,
    data_transfers,
    deviations,
    quarantine,
    security_events,
    status_reports,
)
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import (
    Deferred,
    columns,
    inserting,
    inserting_new,
    parameters,
    storable,
    upsert,
)
from voltyard.protocol.codec import Deviation


class EvidenceStore:
    """Implements the services' `Evidence`; rows are written at the end of the batch."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._deviations = Deferred(cursor, _counting(dialect))
        self._quarantine = Deferred(cursor, inserting(quarantine, dialect))
        self._status_reports = Deferred(cursor, inserting(status_reports, dialect))
        self._security_events = Deferred(cursor, inserting_new(security_events, dialect))
        self._certificate_requests = Deferred(cursor, inserting(certificate_requests, dialect))
        self._data_transfers = Deferred(cursor, inserting(data_transfers, dialect))
        self.deferred = (
            self._deviations,
            self._quarantine,
            self._status_reports,
            self._security_events,
            self._certificate_requests,
            self._data_transfers,
        )

    def deviation(self, charge_point_id: int, action: str, deviation: Deviation, at_us: int) -> None:
        """Count a deviation from the specification."""
        rule, path, value = (storable(text) for text in deviation)
        self._deviations.add((charge_point_id, storable(action), rule, path, value, 1, at_us, at_us))

    def quarantine(
        self, charge_point_id: int, action: str, error_code: str, reason: str, frame: str, at_us: int
    ) -> None:
        """Keep raw what was refused."""
        self._quarantine.add(
            (charge_point_id, at_us, storable(action), error_code, storable(reason), storable(frame))
        )

    def status_report(
        self, charge_point_id: int, action: str, status: str, request_id: int | None, at_us: int
    ) -> None:
        """Keep a status of a file transfer or an installation."""
        self._status_reports.add((charge_point_id, action, status, request_id, at_us))

    def security_event(
        self,
        charge_point_id: int | None,
        origin: str,
        type: str,
        at_us: int,
        tech_info: str | None,
        received_at_us: int,
    ) -> None:
        """Keep a security event, once."""
        # Numbers of characters keep the texts apart.
        said = f"{len(origin)} {len(type)} {origin}{type}{tech_info or ''}".encode()
        digest = blake2b(said, digest_size=8).digest()
        self._security_events.add((charge_point_id, origin, type, at_us, tech_info, received_at_us, digest))

    def certificate_request(self, charge_point_id: int, csr: str, answer: str, at_us: int) -> None:
        """Keep a certificate signing request and how it was answered."""
        self._certificate_requests.add((charge_point_id, csr, answer, at_us))

    def data_transfer(
        self,
        charge_point_id: int,
        vendor_id: str,
        message_id: str | None,
        payload: str | None,
        status: str,
        at_us: int,
    ) -> None:
        """Keep a DataTransfer and how it was answered."""
        self._data_transfers.add((charge_point_id, vendor_id, message_id, payload, status, at_us))


def _counting(dialect: Dialect) -> Statement:
    names = columns(deviations)
    statement = upsert(deviations, dialect).inline().values(parameters(names))
    return Statement(
        statement.on_conflict_do_update(
            index_elements=["charge_point_id", "action", "rule", "path"],
            set_={
                "value": statement.excluded.value,
                "count": deviations.c.count + statement.excluded["count"],
                "last_seen_us": statement.excluded.last_seen_us,
            },
        ),
        dialect,
    )
