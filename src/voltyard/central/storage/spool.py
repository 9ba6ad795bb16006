"""The spool: records on the local disk, in order, for what cannot be stored in the database now.

A record is durable before its writer goes on. It stays until it is discarded, that is until somebody has
stored it where it belongs; after a crash it may be met again, so whoever reads must bear a record twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from voltyard.central.storage.errors import SpoolFailed
from voltyard.central.storage.segments import Segments

P = ParamSpec("P")
T = TypeVar("T")


class Spool:
    """The spool of one process. Opening takes its lock; all methods belong to one event loop."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        # One thread, so that nothing happens to the files at the same time, and one after the other.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, directory: Path, visit: Callable[[bytes], None]) -> Spool:
        """Open the spool in a directory, which is made when missing, and show `visit` each record in it.

        Raises `DatabaseTrouble` when it is in use or cannot be used.
        """
        return cls(await asyncio.to_thread(Segments.open, directory, visit))

    def __len__(self) -> int:
        return self._segments.records

    async def append(self, record: bytes) -> None:
        """Make a record durable; those of one moment share a sync.

        Raises `SpoolFailed`; whether the record will be met after the next start is not known then.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def read(self, limit: int) -> list[bytes]:
        """Return the oldest records, which stay; raises `SpoolFailed`."""
        return await self._run(self._segments.read, limit)

    async def discard(self, count: int, *, keep_file: bool = False) -> None:
        """Remove the oldest records, all of which have been read; raises `SpoolFailed`.

        With `keep_file` the file that held the last of them is put aside instead of being deleted.
        """
        await self._run(self._segments.discard, count, keep_file)

    async def close(self) -> None:
        """Give up the lock; what is in the spool is there at the next start."""
        if self._writing is not None:
            await self._writing
        await self._run(self._segments.close)
        self._thread.shutdown(wait=False)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._run(self._segments.append, [record for record, _ in batch])
            except SpoolFailed as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _, written in batch:
                    if not written.done():
                        written.set_result(None)
        self._writing = None

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: function(*args, **kwargs)
            )
        except OSError as error:
            raise SpoolFailed(f"spool: {error}") from error
