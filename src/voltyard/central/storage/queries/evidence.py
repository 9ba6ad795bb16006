"""What is kept beside the business, newest first: deviations, quarantine, reports of charge points."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from voltyard.central.services.errors import NotFound
from voltyard.central.storage.queries.paging import Page, cut, id_of, require_id
from voltyard.central.storage.schema import (
    charge_points,
    data_transfers,
    deviations,
    quarantine,
    security_events,
    status_reports,
)

Record = dict[str, Any]
"""A row by column names, with the `identity` of its charge point."""


class Kind(Enum):
    """The lists there are, each with its table."""

    DEVIATIONS = deviations
    QUARANTINE = quarantine
    STATUS_REPORTS = status_reports
    SECURITY_EVENTS = security_events
    DATA_TRANSFERS = data_transfers


def evidence_page(
    connection: Connection, kind: Kind, charge_point: str | None, after: tuple[int] | None, limit: int
) -> Page[Record]:
    """Return records of all charge points or of one, which may have been deleted."""
    table: Table = kind.value
    query = _records(table).order_by(table.c.id.desc())
    if charge_point is not None:
        query = query.where(table.c.charge_point_id == id_of(charge_point))
    return _read(connection, table, query, after, limit)


def evidence_page_of(
    connection: Connection, kind: Kind, identity: str, after: tuple[int] | None, limit: int
) -> Page[Record]:
    """Return the records of one charge point; raises `NotFound` if there is no such one."""
    table: Table = kind.value
    query = _records(table).where(table.c.charge_point_id == require_id(connection, identity))
    return _read(connection, table, query.order_by(table.c.id.desc()), after, limit)


def evidence(connection: Connection, kind: Kind, id: int) -> Record:
    """Return one record; raises `NotFound`."""
    table: Table = kind.value
    row = connection.execute(_records(table).where(table.c.id == id)).first()
    if row is None:
        raise NotFound(f"no entry {id}")
    return row._asdict()


def _records(table: Table) -> Select[Any]:
    # A security event may be about an attempt that named no charge point we know.
    return select(table, charge_points.c.identity).outerjoin(charge_points)


def _read(
    connection: Connection, table: Table, query: Select[Any], after: tuple[int] | None, limit: int
) -> Page[Record]:
    if after is not None:
        query = query.where(table.c.id < after[0])
    found = [row._asdict() for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda row: (row["id"],))
