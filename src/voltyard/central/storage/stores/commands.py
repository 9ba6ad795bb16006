"""The CALLs that operators asked for."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, or_, select

from voltyard.central.services.records import Command, CommandStatus
from voltyard.central.storage.schema import commands
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import Updates, inserting, storable
from voltyard.protocol.messages import RemoteStartTransaction


class CommandStore:
    """Implements the services' `Commands`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        table = commands.c
        here = table.charge_point_id == bindparam("charge_point")
        queued = table.status == CommandStatus.QUEUED
        unended = table.ended_at_us.is_(None)
        oldest_first = (table.created_at_us, table.id)
        self._insert = inserting(commands, dialect, of=Command, but=())
        self._get = Statement(select(commands).where(table.id == bindparam("id_")), dialect)
        self._next = Statement(
            select(commands).where(here, queued, unended).order_by(*oldest_first).limit(1),
            dialect,
        )
        self._interrupted = Statement(
            select(commands).where(table.status == CommandStatus.SENT, unended), dialect
        )
        self._expired = Statement(
            select(commands).where(queued, unended, table.expires_at_us <= bindparam("at")), dialect
        )
        self._awaiting_start = Statement(
            select(commands)
            .where(
                here,
                table.action == RemoteStartTransaction.action,
                or_(table.status == CommandStatus.ANSWERED, table.status == CommandStatus.SENT),
                table.transaction_id.is_(None),
                table.created_at_us >= bindparam("since"),
            )
            .order_by(*oldest_first),
            dialect,
        )
        self._update = Updates(table.id, dialect)

    def add(self, command: Command) -> None:
        """Queue a new one."""
        self._insert.run_row(self._cursor, astuple(command))

    def get(self, id: str) -> Command | None:
        """Return one."""
        return self._get.one(self._cursor, Command, id_=id)

    def next_queued(self, charge_point_id: int) -> Command | None:
        """Return the oldest that waits to be sent."""
        return self._next.one(self._cursor, Command, charge_point=charge_point_id)

    def set(self, id: str, **values: object) -> None:
        """Change some fields."""
        # What a charge point says of an error is any text.
        storable_values = {
            name: storable(value) if isinstance(value, str) else value for name, value in values.items()
        }
        self._update.run(self._cursor, id, storable_values)

    def interrupted(self) -> list[Command]:
        """Return those that were sent and have no end."""
        return self._interrupted.all(self._cursor, Command)

    def expired(self, at_us: int) -> list[Command]:
        """Return those still queued after their time."""
        return self._expired.all(self._cursor, Command, at=at_us)

    def awaiting_start(self, charge_point_id: int, since_us: int) -> list[Command]:
        """Return accepted RemoteStartTransactions that led to no transaction yet, oldest first."""
        return self._awaiting_start.all(self._cursor, Command, charge_point=charge_point_id, since=since_us)
