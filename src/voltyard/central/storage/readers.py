"""Reading: a few threads with connections of their own, so that no query holds up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import StorageFailed

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 2


class Readers:
    """Runs functions over a connection that sees one consistent state of the database."""

    def __init__(self, database: Database) -> None:
        # SQLite reads one state until the transaction ends; PostgreSQL has to be asked for that.
        self._engine = (
            database.engine
            if database.is_sqlite
            else database.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="reader")

    async def run(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return `function(connection, ...)`; raises `StorageFailed` when the database does."""

        def read() -> T:
            try:
                with self._engine.connect() as connection:
                    return function(connection, *args, **kwargs)
            except DBAPIError as error:
                raise StorageFailed(str(error.orig)) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
