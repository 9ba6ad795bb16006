"""Commands, newest first."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, func, select, tuple_

from voltyard.central.services.errors import NotFound
from voltyard.central.services.records import Command
from voltyard.central.storage.queries.paging import Page, cut, require_id
from voltyard.central.storage.schema import charge_points, commands


class NamedCommand(Struct, frozen=True):
    """A command and the identity of its charge point."""

    record: Command
    identity: str


def command(connection: Connection, id: str) -> NamedCommand:
    """Return one; raises `NotFound`."""
    row = connection.execute(
        select(commands, charge_points.c.identity).join(charge_points).where(commands.c.id == id)
    ).first()
    if row is None:
        raise NotFound(f"no command {id!r}")
    return NamedCommand(Command(*row[:-1]), row[-1])


def command_page(
    connection: Connection, identity: str, after: tuple[int, str] | None, limit: int
) -> Page[NamedCommand]:
    """Return the commands of a charge point; raises `NotFound` if there is no such one."""
    table = commands.c
    query = (
        select(commands)
        .where(table.charge_point_id == require_id(connection, identity))
        .order_by(table.created_at_us.desc(), table.id.desc())
    )
    if after is not None:
        query = query.where(tuple_(table.created_at_us, table.id) < tuple_(*after))
    found = [NamedCommand(Command(*row), identity) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda item: (item.record.created_at_us, item.record.id))


def count_pending_commands(connection: Connection) -> dict[str, int]:
    """Return how many commands have no end yet, by status."""
    table = commands.c
    rows = connection.execute(
        select(table.status, func.count()).where(table.ended_at_us.is_(None)).group_by(table.status)
    )
    return {status: count for status, count in rows}  # noqa: C416 - rows are no pairs to the type checker
