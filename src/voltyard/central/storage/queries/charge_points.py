"""Charge points with what is known of their connectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, func, select

from voltyard.central.services.errors import NotFound
from voltyard.central.services.records import ChargePoint, ConnectorReport
from voltyard.central.storage.queries.paging import Page, cut
from voltyard.central.storage.schema import charge_points, connectors, deviations, transactions


class KnownChargePoint(Struct, frozen=True):
    """A charge point, the newest report and the newest running transaction of each connector."""

    record: ChargePoint
    reports: list[ConnectorReport]
    running: dict[int, int]
    deviations: int


def charge_point(connection: Connection, identity: str) -> KnownChargePoint:
    """Return one; raises `NotFound` for an unknown or deleted one."""
    table = charge_points.c
    row = connection.execute(
        select(charge_points).where(table.identity == identity, table.deleted_at_us.is_(None))
    ).first()
    if row is None:
        raise NotFound(f"no charge point {identity!r}")
    return _completed(connection, [ChargePoint(*row)])[0]


def charge_point_page(connection: Connection, after: tuple[str] | None, limit: int) -> Page[KnownChargePoint]:
    """Return charge points by identity."""
    table = charge_points.c
    query = select(charge_points).where(table.deleted_at_us.is_(None)).order_by(table.identity)
    if after is not None:
        query = query.where(table.identity > after[0])
    rows = connection.execute(query.limit(limit + 1))
    page = cut([ChargePoint(*row) for row in rows], limit, lambda record: (record.identity,))
    return Page(_completed(connection, page.items), page.next)


def _completed(connection: Connection, records: Sequence[ChargePoint]) -> list[KnownChargePoint]:
    ids = [record.id for record in records]
    reports = _reports(connection, ids)
    running = _running(connection, ids)
    counts = _deviations(connection, ids)
    return [
        KnownChargePoint(record, reports[record.id], running[record.id], counts.get(record.id, 0))
        for record in records
    ]


def _reports(connection: Connection, ids: Sequence[int]) -> defaultdict[int, list[ConnectorReport]]:
    reports: defaultdict[int, list[ConnectorReport]] = defaultdict(list)
    table = connectors.c
    for row in connection.execute(
        select(connectors).where(table.charge_point_id.in_(ids)).order_by(table.connector_id)
    ):
        reports[row.charge_point_id].append(ConnectorReport(*row))
    return reports


def _running(connection: Connection, ids: Sequence[int]) -> defaultdict[int, dict[int, int]]:
    running: defaultdict[int, dict[int, int]] = defaultdict(dict)
    table = transactions.c
    for charge_point_id, connector_id, id in connection.execute(
        select(table.charge_point_id, table.connector_id, table.id)
        .where(table.charge_point_id.in_(ids), table.stopped_at_us.is_(None))
        .order_by(table.started_at_us, table.id)
    ):
        running[charge_point_id][connector_id] = id
    return running


def _deviations(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    table = deviations.c
    rows = connection.execute(
        select(table.charge_point_id, func.sum(table.count))
        .where(table.charge_point_id.in_(ids))
        .group_by(table.charge_point_id)
    )
    return {charge_point_id: int(count) for charge_point_id, count in rows}
