"""Readers: queries that hold up nobody and see one state of the database."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Connection, func, select, text
from tests.aio import run
from tests.central.building import Desk, charge_point

from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.readers import Readers
from voltyard.central.storage.schema import charge_points


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(charge_points)).scalar_one()


def test_a_query_runs_outside_of_the_loop_and_gives_its_result(database: Database) -> None:
    async def story() -> tuple[int, bool]:
        with closing(Readers(database)) as readers:
            thread = await readers.run(lambda _: threading.current_thread())
            return await readers.run(count), thread is not threading.current_thread()

    with Desk(database) as desk:
        desk.add(charge_point())
        assert run(story()) == (1, True)


def test_what_a_query_raises_is_raised(database: Database) -> None:
    def refuse(_: Connection) -> None:
        raise LookupError("nothing there")

    async def story() -> None:
        with closing(Readers(database)) as readers:
            with pytest.raises(LookupError, match="nothing there"):
                await readers.run(refuse)
            assert await readers.run(count) == 0

    run(story())


def test_trouble_with_the_database_is_told_as_such(database: Database) -> None:
    def misread(connection: Connection) -> None:
        connection.execute(text("SELECT * FROM nowhere"))

    async def story() -> None:
        with closing(Readers(database)) as readers:
            with pytest.raises(StorageFailed) as caught:
                await readers.run(misread)
            assert "nowhere" in caught.value.detail
            assert await readers.run(count) == 0

    run(story())


def test_two_looks_of_one_query_see_the_same(database: Database) -> None:
    """What is committed between them belongs to the next query."""

    def look_twice(connection: Connection, desk: Desk) -> tuple[int, int]:
        first = count(connection)
        desk.add(charge_point())
        return first, count(connection)

    async def story() -> tuple[tuple[int, int], int]:
        with closing(Readers(database)) as readers, Desk(database) as desk:
            return await readers.run(look_twice, desk), await readers.run(count)

    assert run(story()) == ((0, 0), 1)


def test_queries_run_side_by_side(database: Database) -> None:
    together = threading.Barrier(2, timeout=10)

    def meet(_: Connection) -> None:
        together.wait()

    async def story() -> None:
        with closing(Readers(database)) as readers:
            await asyncio.gather(readers.run(meet), readers.run(meet))

    run(story())


@pytest.mark.integration
def test_a_connection_that_broke_is_replaced(postgres_database: Database, ready_postgres_url: str) -> None:
    def backend(connection: Connection) -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    async def story() -> None:
        with closing(Readers(postgres_database)) as readers:
            pid = await readers.run(backend)
            with psycopg.connect(ready_postgres_url) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

            assert await readers.run(backend) != pid

    run(story())
