"""Transactions, and the stops that are not theirs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import astuple
from sqlalchemy import Dialect, bindparam, func, select, update

from voltyard.central.services.records import STOP_MISSING, Stop, Transaction
from voltyard.central.storage.schema import (
    counters,
    instance,
    stops,
    transaction_aliases,
    transactions,
)
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import Updates, columns, inserting, inserting_new
from voltyard.central.storage.transaction_ids import TransactionIds

_MAX_REMEMBERED = 100_000


class TransactionStore:
    """Implements the services' `Transactions`."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        self._ids: TransactionIds | None = None
        self._numbers: dict[tuple[int, int], int] = {}
        table = transactions.c
        found = select(transactions)
        here = table.charge_point_id == bindparam("charge_point")
        self._count = Statement(
            update(counters)
            .where(counters.c.name == "transactions")
            .values(value=counters.c.value + 1)
            .returning(counters.c.value),
            dialect,
        )
        self._reserve = Statement(
            update(counters)
            .where(counters.c.name == "transactions")
            .values(value=counters.c.value + bindparam("count"))
            .returning(counters.c.value),
            dialect,
        )
        self._key = Statement(
            select(instance.c.value).where(instance.c.name == "transaction_id_key"), dialect
        )
        self._insert = inserting(transactions, dialect, of=Transaction, but=())
        self._find_start = Statement(
            found.where(
                here,
                table.connector_id == bindparam("connector"),
                table.started_at_us == bindparam("started_at"),
                table.id_tag_key == bindparam("tag"),
                table.meter_start == bindparam("meter"),
            ),
            dialect,
        )
        self._get = Statement(found.where(table.id == bindparam("id_"), here), dialect)
        alias = transaction_aliases.c
        self._insert_alias = inserting_new(transaction_aliases, dialect, but=())
        self._get_by_alias = Statement(
            found.join(transaction_aliases, alias.transaction_id == table.id).where(
                alias.alias_id == bindparam("id_"), here
            ),
            dialect,
        )
        self._newest_alias = Statement(
            select(alias.alias_id)
            .where(
                alias.transaction_id == bindparam("id_"), alias.charge_point_id == bindparam("charge_point")
            )
            .order_by(alias.told_at_us.desc())
            .limit(1),
            dialect,
        )
        on_connector = (here, table.connector_id == bindparam("connector"))
        self._latest = Statement(
            found.where(*on_connector, table.started_at_us <= bindparam("at"))
            .order_by(table.started_at_us.desc(), table.number.desc())
            .limit(1),
            dialect,
        )
        self._next_start = Statement(
            select(table.started_at_us)
            .where(*on_connector, table.started_at_us > bindparam("at"))
            .order_by(table.started_at_us)
            .limit(1),
            dialect,
        )
        running = table.stopped_at_us.is_(None)
        self._running = Statement(found.where(here, running).order_by(table.started_at_us, table.id), dialect)
        self._count_active = Statement(
            select(func.count())
            .select_from(transactions)
            .where(
                table.id_tag_key == bindparam("tag"),
                running,
                table.id != bindparam("but"),
                # Another one has begun on its connector since.
                ~table.anomalies.contains(STOP_MISSING),
            ),
            dialect,
        )
        self._update = Updates(table.id, dialect)
        self._insert_stop = inserting_new(stops, dialect, of=Stop)
        self._unlinked_stops = Statement(
            select(*[stops.c[name] for name in columns(stops)])
            .where(stops.c.charge_point_id == bindparam("charge_point"), stops.c.transaction_id.is_(None))
            .order_by(stops.c.stopped_at_us),
            dialect,
        )
        this_stop = (
            stops.c.charge_point_id == bindparam("charge_point"),
            stops.c.sent_transaction_id == bindparam("sent"),
            stops.c.stopped_at_us == bindparam("stopped_at"),
            stops.c.meter_stop == bindparam("meter"),
        )
        self._linked_to = Statement(
            select(stops.c.transaction_id).where(*this_stop, stops.c.transaction_id.is_not(None)), dialect
        )
        self._link_stop = Statement(
            update(stops).where(*this_stop).values(transaction_id=bindparam("transaction")), dialect
        )

    def issue_id(self) -> tuple[int, int]:
        """Return the number and the id of a new transaction; neither is ever issued again, 1..2^31-1."""
        number = self._count.one(self._cursor, int)
        assert number is not None  # the first revision of the schema makes it
        return number, self._require_ids().issue(number)

    def reserve_ids(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield as many numbers with their ids as asked for; they may be taken when the work is long done."""
        last = self._reserve.one(self._cursor, int, count=count)
        assert last is not None  # likewise
        ids = self._require_ids()
        return ((number, ids.issue(number)) for number in range(last - count + 1, last + 1))

    def add(self, transaction: Transaction) -> None:
        """Store a new transaction."""
        self._insert.run_row(self._cursor, astuple(transaction))

    def find_start(
        self, charge_point_id: int, connector_id: int, started_at_us: int, id_tag_key: str, meter_start: int
    ) -> Transaction | None:
        """Return the transaction that began with this very StartTransaction."""
        return self._find_start.one(
            self._cursor,
            Transaction,
            charge_point=charge_point_id,
            connector=connector_id,
            started_at=started_at_us,
            tag=id_tag_key,
            meter=meter_start,
        )

    def get(self, charge_point_id: int, id: int) -> Transaction | None:
        """Return a transaction of this charge point, also by an alias; never another one's."""
        found = self._get.one(self._cursor, Transaction, id_=id, charge_point=charge_point_id)
        if found is None:
            found = self._get_by_alias.one(self._cursor, Transaction, id_=id, charge_point=charge_point_id)
        return found

    def add_alias(self, charge_point_id: int, alias_id: int, id: int, told_at_us: int) -> None:
        """Note that a charge point was told this id for a transaction which has another one."""
        self._insert_alias.run(
            self._cursor,
            alias_id=alias_id,
            charge_point_id=charge_point_id,
            transaction_id=id,
            told_at_us=told_at_us,
        )

    def told_id(self, charge_point_id: int, id: int) -> int:
        """Return the id by which a charge point knows a transaction: the one that it was told last."""
        alias = self._newest_alias.one(self._cursor, int, id_=id, charge_point=charge_point_id)
        return id if alias is None else alias

    def number_of(self, charge_point_id: int, id: int) -> int:
        """Return the number of a transaction of this charge point, 0 if it has none of this id."""
        # Asked for each meter value, and it never changes.
        key = (charge_point_id, id)
        number = self._numbers.get(key, 0)
        if not number and (found := self.get(charge_point_id, id)) is not None:
            if len(self._numbers) >= _MAX_REMEMBERED:
                self._numbers.clear()
            number = self._numbers[key] = found.number
        return number

    def forget(self) -> None:
        """Forget what was read in a batch that did not come about."""
        self._numbers.clear()

    def _require_ids(self) -> TransactionIds:
        if self._ids is None:
            key = self._key.one(self._cursor, str)
            assert key is not None  # the first revision of the schema makes it
            self._ids = TransactionIds(bytes.fromhex(key))
        return self._ids

    def latest_at(self, charge_point_id: int, connector_id: int, at_us: int) -> Transaction | None:
        """Return the transaction that began last on a connector, up to an instant."""
        return self._latest.one(
            self._cursor, Transaction, charge_point=charge_point_id, connector=connector_id, at=at_us
        )

    def next_start_us(self, charge_point_id: int, connector_id: int, after_us: int) -> int | None:
        """Return when the first transaction on a connector after an instant began."""
        return self._next_start.one(
            self._cursor, int, charge_point=charge_point_id, connector=connector_id, at=after_us
        )

    def running(self, charge_point_id: int) -> list[Transaction]:
        """Return what runs at a charge point, oldest first."""
        return self._running.all(self._cursor, Transaction, charge_point=charge_point_id)

    def count_active(self, id_tag_key: str, *, but: int) -> int:
        """Return how many transactions of a tag run, but the one with id `but` and those without a stop."""
        return self._count_active.one(self._cursor, int, tag=id_tag_key, but=but) or 0

    def set(self, id: int, **values: object) -> None:
        """Change some fields."""
        self._update.run(self._cursor, id, values)

    def add_stop(self, stop: Stop) -> bool:
        """Keep a stop that ended nothing; False if this very stop is there."""
        return self._insert_stop.run_row(self._cursor, astuple(stop)) > 0

    def unlinked_stops(self, charge_point_id: int) -> list[Stop]:
        """Return the stops of a charge point that belong to no transaction yet, oldest first."""
        return self._unlinked_stops.all(self._cursor, Stop, charge_point=charge_point_id)

    def linked_to(self, stop: Stop) -> int | None:
        """Return the id of the transaction that this very stop was found to belong to."""
        return self._linked_to.one(
            self._cursor,
            int,
            charge_point=stop.charge_point_id,
            sent=stop.sent_transaction_id,
            stopped_at=stop.stopped_at_us,
            meter=stop.meter_stop,
        )

    def link_stop(self, stop: Stop, transaction_id: int) -> None:
        """Note which transaction a stop belongs to."""
        self._link_stop.run(
            self._cursor,
            charge_point=stop.charge_point_id,
            sent=stop.sent_transaction_id,
            stopped_at=stop.stopped_at_us,
            meter=stop.meter_stop,
            transaction=transaction_id,
        )
