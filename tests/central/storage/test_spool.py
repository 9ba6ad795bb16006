"""The spool: durable before its writer goes on, in order, without holding up the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.aio import run

from voltyard.central.storage.errors import SpoolFailed
from voltyard.central.storage.spool import Spool


@asynccontextmanager
async def spool_in(directory: Path) -> AsyncIterator[Spool]:
    """A spool that is closed in the end."""
    spool = await Spool.open(directory, lambda _: None)
    try:
        yield spool
    finally:
        await spool.close()


async def left_in(directory: Path) -> list[bytes]:
    """What another run meets."""
    met: list[bytes] = []
    spool = await Spool.open(directory, met.append)
    await spool.close()
    return met


class Syncs:
    """Counts the syncs of files, and holds them up or fails them when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.fault: OSError | None = None
        self.may_go = threading.Event()
        self.may_go.set()
        self._sync = os.fdatasync
        monkeypatch.setattr("os.fdatasync", self._counted)

    def _counted(self, descriptor: int) -> None:
        assert self.may_go.wait(10)
        self.count += 1
        if self.fault is not None:
            raise self.fault
        self._sync(descriptor)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    return Syncs(monkeypatch)


def test_a_record_is_on_the_disk_when_append_returns(tmp_path: Path) -> None:
    async def story() -> None:
        async with spool_in(tmp_path) as spool:
            await spool.append(b"a record")

            (file,) = tmp_path.glob("*.spool")
            assert file.read_bytes().endswith(b"a record")
            assert len(spool) == 1

    run(story())


def test_records_of_one_moment_share_a_sync(tmp_path: Path, syncs: Syncs) -> None:
    async def story() -> None:
        async with spool_in(tmp_path) as spool:
            await spool.append(b"the first makes the file")
            before = syncs.count
            syncs.may_go.clear()
            records = [f"{number:03}".encode() for number in range(100)]
            first = asyncio.create_task(spool.append(records[0]))
            await asyncio.sleep(0)
            rest = [asyncio.create_task(spool.append(record)) for record in records[1:]]
            await asyncio.sleep(0)
            syncs.may_go.set()
            await asyncio.gather(first, *rest)

            assert syncs.count - before == 2
            assert (await spool.read(200))[1:] == records

    run(story())


def test_the_loop_goes_on_while_a_sync_hangs(tmp_path: Path, syncs: Syncs) -> None:
    async def story() -> None:
        async with spool_in(tmp_path) as spool:
            syncs.may_go.clear()
            appending = asyncio.create_task(spool.append(b"a record"))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not appending.done()

            syncs.may_go.set()
            await appending

    run(story())


def test_who_gives_up_waiting_harms_nobody(tmp_path: Path, syncs: Syncs) -> None:
    async def story() -> list[bytes]:
        async with spool_in(tmp_path) as spool:
            syncs.may_go.clear()
            impatient = asyncio.create_task(spool.append(b"impatient"))
            patient = asyncio.create_task(spool.append(b"patient"))
            await asyncio.sleep(0)
            impatient.cancel()
            syncs.may_go.set()
            await patient
        return await left_in(tmp_path)

    assert run(story()) == [b"impatient", b"patient"]


def test_a_failed_write_is_told_to_all_who_wait_for_it_and_the_next_may_succeed(
    tmp_path: Path, syncs: Syncs
) -> None:
    async def story() -> tuple[list[Any], list[bytes]]:
        async with spool_in(tmp_path) as spool:
            await spool.append(b"before")
            syncs.fault = OSError(28, "No space left on device")
            failed = await asyncio.gather(spool.append(b"one"), spool.append(b"two"), return_exceptions=True)
            syncs.fault = None
            await spool.append(b"after")
        return list(failed), await left_in(tmp_path)

    failed, left = run(story())
    assert [str(error) for error in failed] == ["spool: [Errno 28] No space left on device"] * 2
    assert all(isinstance(error, SpoolFailed) and error.code == 1013 for error in failed)
    assert left == [b"before", b"after"]


def test_what_was_discarded_is_gone_and_the_rest_comes_first_next_time(tmp_path: Path) -> None:
    async def story() -> None:
        async with spool_in(tmp_path) as spool:
            for record in (b"one", b"two", b"three"):
                await spool.append(record)
            assert await spool.read(2) == [b"one", b"two"]
            await spool.discard(2)

            assert await spool.read(9) == [b"three"]
            assert len(spool) == 1

    run(story())


def test_a_crash_before_all_of_a_file_is_discarded_shows_its_records_again(tmp_path: Path) -> None:
    """Whoever reads must bear a record twice: better than losing one."""

    async def story() -> list[bytes]:
        async with spool_in(tmp_path) as spool:
            await spool.append(b"one")
            await spool.append(b"two")
            await spool.read(1)
            await spool.discard(1)
        return await left_in(tmp_path)

    assert run(story()) == [b"one", b"two"]


def test_reading_from_a_file_that_vanished_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with spool_in(tmp_path) as spool:
            await spool.append(b"a record")
            (file,) = tmp_path.glob("*.spool")
            file.unlink()

            with pytest.raises(SpoolFailed, match="No such file"):
                await spool.read(1)

    run(story())


def test_closing_waits_for_what_is_being_written(tmp_path: Path, syncs: Syncs) -> None:
    async def story() -> list[bytes]:
        spool = await Spool.open(tmp_path, lambda _: None)
        syncs.may_go.clear()
        appending = asyncio.create_task(spool.append(b"a record"))
        await asyncio.sleep(0)
        closing = asyncio.create_task(spool.close())
        await asyncio.sleep(0)
        syncs.may_go.set()
        await asyncio.gather(appending, closing)
        return await left_in(tmp_path)

    assert run(story()) == [b"a record"]
