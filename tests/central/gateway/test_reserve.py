"""Ids in stock: never given away twice, as many as an hour of outage may need."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.aio import run
from tests.central.building import rows

from voltyard.central.gateway.reserve import IdReserve
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.schema import counters
from voltyard.central.storage.work import Work


def with_ledger(database: Database, story: Callable[[Ledger], Coroutine[Any, Any, None]]) -> None:
    """Run a story that needs a ledger."""

    async def bounded() -> None:
        ledger = Ledger(database, lambda _: None)
        try:
            await story(ledger)
        finally:
            await ledger.close()

    run(bounded())


def issued(database: Database) -> int:
    (counter,) = rows(database, counters)
    return int(counter.value)


def test_an_empty_reserve_has_nothing_to_give(sqlite_database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        assert IdReserve(ledger).take() is None

    with_ledger(sqlite_database, story)


def test_every_id_is_given_away_once_and_to_nobody_else(database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        def issue(work: Work) -> tuple[int, int]:
            return work.transactions.issue_id()

        reserve = IdReserve(ledger, least=5)
        await reserve.renew()
        live = await ledger.run(issue)
        taken = [reserve.take() for _ in range(3)]
        await reserve.renew()
        while (more := reserve.take()) is not None:
            taken.append(more)

        numbers = [reserved.number for reserved in taken if reserved is not None]
        assert numbers == [1, 2, 3, 4, 5, 7, 8, 9]
        assert live[0] == 6
        assert len({reserved.id for reserved in taken if reserved is not None} | {live[1]}) == 9

    with_ledger(database, story)


def test_what_was_reserved_is_durable_before_it_is_given_away(sqlite_database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        reserve = IdReserve(ledger, least=5)
        await reserve.renew()

        assert (len(reserve), issued(sqlite_database)) == (5, 5)

    with_ledger(sqlite_database, story)


def test_a_full_reserve_costs_no_ids_when_it_is_renewed(sqlite_database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        reserve = IdReserve(ledger, least=5)
        for _ in range(100):
            await reserve.renew()

        assert (len(reserve), issued(sqlite_database)) == (5, 5)

    with_ledger(sqlite_database, story)


def test_the_reserve_lasts_for_as_many_starts_as_came_in_the_last_hour(sqlite_database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        reserve = IdReserve(ledger, least=5)
        sizes = []
        for minute in range(70):
            for _ in range(10 if minute < 3 else 0):
                reserve.note_start()
            await reserve.renew()
            sizes.append(len(reserve))
            reserve.begin_interval()
            if minute == 61:
                while reserve.take() is not None:
                    pass

        assert sizes[:4] == [10, 20, 30, 30]
        assert sizes[62] == 5  # what was long ago counts no more

    with_ledger(sqlite_database, story)


def test_a_failed_renewal_is_told_and_gives_nothing(sqlite_database: Database) -> None:
    async def story(ledger: Ledger) -> None:
        reserve = IdReserve(ledger)
        await ledger.close()

        with pytest.raises(StorageFailed):
            await reserve.renew()
        assert len(reserve) == 0
        assert reserve.take() is None

    with_ledger(sqlite_database, story)
