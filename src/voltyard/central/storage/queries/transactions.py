"""Transactions, their meter values, and the stops that belong to none."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, literal_column, or_, select, tuple_

from voltyard.central.services.authorization import fold
from voltyard.central.services.errors import NotFound
from voltyard.central.services.records import MeterRow, Stop, Transaction
from voltyard.central.storage.queries.paging import Page, cut, id_of
from voltyard.central.storage.schema import (
    charge_points,
    meter_values,
    stops,
    transaction_aliases,
    transactions,
)


class TransactionFilter(Struct, frozen=True, kw_only=True):
    """Which transactions; None does not ask. `from_us` is included, `to_us` is not; both mean the start."""

    charge_point: str | None = None
    id_tag: str | None = None
    running: bool | None = None
    from_us: int | None = None
    to_us: int | None = None


class NamedTransaction(Struct, frozen=True):
    """A transaction, its charge point's identity and, while it runs, the newest meter reading."""

    record: Transaction
    identity: str
    energy_wh: float | None


class NamedStop(Struct, frozen=True):
    """A stop and the identity of the charge point that sent it."""

    id: int
    record: Stop
    identity: str


def transaction(connection: Connection, id: int) -> NamedTransaction:
    """Return one, also by another id that its charge point was told; raises `NotFound`."""
    row = connection.execute(_transactions().where(_known_as(id))).first()
    if row is None:
        raise NotFound(f"no transaction {id}")
    return _named(row)


def transaction_page(
    connection: Connection, wanted: TransactionFilter, after: tuple[int, int] | None, limit: int
) -> Page[NamedTransaction]:
    """Return transactions, newest start first."""
    started, id = _started(wanted), transactions.c.id
    query = _filtered(_transactions(), wanted).order_by(started.desc(), id.desc())
    if after is not None:
        query = query.where(tuple_(started, id) < tuple_(*after))
    found = [_named(row) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda item: (item.record.started_at_us, item.record.id))


def meter_value_page(
    connection: Connection, transaction_id: int, after: tuple[int, int] | None, limit: int
) -> Page[MeterRow]:
    """Return the meter values of a transaction, oldest first; raises `NotFound` if there is no such one."""
    owner = connection.execute(
        select(transactions.c.number, transactions.c.charge_point_id).where(_known_as(transaction_id))
    ).first()
    if owner is None:
        raise NotFound(f"no transaction {transaction_id}")
    table = meter_values.c
    query = (
        select(meter_values)
        .where(table.transaction_number == owner.number, table.charge_point_id == owner.charge_point_id)
        .order_by(table.at_us, table.id)
    )
    if after is not None:
        query = query.where(tuple_(table.at_us, table.id) > tuple_(*after))
    found = [(row.id, MeterRow(*row[1:])) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda item: (item[1].at_us, item[0])).map(lambda item: item[1])


def unlinked_stop_page(
    connection: Connection, charge_point: str | None, after: tuple[int] | None, limit: int
) -> Page[NamedStop]:
    """Return the stops that belong to no transaction, newest first."""
    query = (
        select(stops, charge_points.c.identity)
        .join(charge_points)
        .where(stops.c.transaction_id.is_(None))
        .order_by(stops.c.id.desc())
    )
    if charge_point is not None:
        query = query.where(stops.c.charge_point_id == id_of(charge_point))
    if after is not None:
        query = query.where(stops.c.id < after[0])
    found = [
        NamedStop(row[0], Stop(*row[1:-1]), row[-1]) for row in connection.execute(query.limit(limit + 1))
    ]
    return cut(found, limit, lambda item: (item.id,))


def count_open_transactions(connection: Connection) -> int:
    """Return how many transactions run."""
    return connection.execute(
        select(func.count()).select_from(transactions).where(transactions.c.stopped_at_us.is_(None))
    ).scalar_one()


def _transactions() -> Select[*tuple[Any, ...]]:
    table, values = transactions.c, meter_values.c
    newest = (
        select(values.energy_wh)
        .where(
            values.transaction_number == table.number,
            values.charge_point_id == table.charge_point_id,
            values.energy_wh.is_not(None),
        )
        .order_by(values.at_us.desc())
        .limit(1)
        .scalar_subquery()
    )
    energy_wh = case((table.stopped_at_us.is_(None), newest))
    return select(transactions, charge_points.c.identity, energy_wh).join(charge_points)


def _known_as(id: int) -> ColumnElement[bool]:
    alias = transaction_aliases.c
    original = select(alias.transaction_id).where(alias.alias_id == id)
    return or_(transactions.c.id == id, transactions.c.id.in_(original))


def _started(wanted: TransactionFilter) -> ColumnElement[int]:
    started = transactions.c.started_at_us
    # The sum keeps the planner from looking for the few that run among all that ever did, by their start.
    return started + literal_column("0") if wanted.running else started


def _filtered(query: Select[*tuple[Any, ...]], wanted: TransactionFilter) -> Select[*tuple[Any, ...]]:
    table = transactions.c
    if wanted.charge_point is not None:
        query = query.where(table.charge_point_id == id_of(wanted.charge_point))
    if wanted.id_tag is not None:
        query = query.where(table.id_tag_key == fold(wanted.id_tag))
    if wanted.running is not None:
        stopped = table.stopped_at_us
        query = query.where(stopped.is_(None) if wanted.running else stopped.is_not(None))
    if wanted.from_us is not None:
        query = query.where(_started(wanted) >= wanted.from_us)
    if wanted.to_us is not None:
        query = query.where(_started(wanted) < wanted.to_us)
    return query


def _named(row: Row[*tuple[Any, ...]]) -> NamedTransaction:
    *values, identity, energy_wh = row
    return NamedTransaction(Transaction(*values), str(identity), energy_wh)
