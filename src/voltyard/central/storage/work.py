"""The unit of work: the stores bound to the writer's cursor, and what waits for the end of the batch."""

from __future__ import annotations

from sqlalchemy import Dialect

from voltyard.central.services.events import Event
from voltyard.central.storage.message_log import MessageLog
from voltyard.central.storage.statements import Cursor
from voltyard.central.storage.stores.api_keys import ApiKeyStore
from voltyard.central.storage.stores.charge_points import ChargePointStore, ConnectorStore
from voltyard.central.storage.stores.commands import CommandStore
from voltyard.central.storage.stores.evidence import EvidenceStore
from voltyard.central.storage.stores.id_tags import IdTagStore
from voltyard.central.storage.stores.meter_values import MeterValueStore
from voltyard.central.storage.stores.transactions import TransactionStore


class Work:
    """Implements the services' `UnitOfWork` on one database connection."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        # SQLite would otherwise take the write lock only at the first write, and might then not get it.
        self._begin = "BEGIN IMMEDIATE" if dialect.name == "sqlite" else "BEGIN"
        self._events: list[Event] = []
        self.message_log = MessageLog(cursor, dialect)
        self.charge_points = ChargePointStore(cursor, dialect)
        self.connectors = ConnectorStore(cursor, dialect)
        self.id_tags = IdTagStore(cursor, dialect)
        self.transactions = TransactionStore(cursor, dialect)
        self.meter_values = MeterValueStore(cursor, dialect)
        self.commands = CommandStore(cursor, dialect)
        self.evidence = EvidenceStore(cursor, dialect)
        self.api_keys = ApiKeyStore(cursor, dialect)
        self._deferred = (self.meter_values.deferred, *self.evidence.deferred)

    def publish(self, event: Event) -> None:
        """Tell listeners once this work is durable."""
        self._events.append(event)

    def take_events(self) -> list[Event]:
        """Hand over what was published by work that is now committed."""
        events, self._events = self._events, []
        return events

    def begin(self) -> None:
        """Begin a batch."""
        self._cursor.execute(self._begin)

    def commit(self) -> None:
        """Write what was deferred and commit."""
        for rows in self._deferred:
            rows.flush()
        self._cursor.execute("COMMIT")

    def roll_back(self) -> None:
        """Forget the batch."""
        self._events = []
        for rows in self._deferred:
            rows.forget()
        self.transactions.forget()
        self._cursor.execute("ROLLBACK")
