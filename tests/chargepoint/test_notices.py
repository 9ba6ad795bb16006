"""Notices of transfers arrive in order, over losses of connection and power."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.errands import Errands
from voltyard.chargepoint.notices import ATTEMPTS, MOST, Notice, Notices
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.protocol.messages import (
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    LogStatusNotification,
    UploadLogStatus,
)
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected

UPLOADING = DiagnosticsStatusNotification(status=DiagnosticsStatus.UPLOADING)
INSTALLED = FirmwareStatusNotification(status=FirmwareStatus.INSTALLED)
LOG = LogStatusNotification(status=UploadLogStatus.UPLOADED, request_id=7)


class FakeCaller:
    """Answers everything, but for the errors in line."""

    def __init__(self, *errors: Exception) -> None:
        self.called: list[Any] = []
        self.errors = list(errors)

    async def call(self, request: Any) -> Any:
        await asyncio.sleep(1)
        self.called.append(request)
        if self.errors:
            raise self.errors.pop(0)
        return request.response()


@asynccontextmanager
async def telling(notices: Notices, caller: FakeCaller) -> AsyncIterator[asyncio.Task[None]]:
    async def tell() -> None:
        async with Errands(caller) as errands:
            errands.add(notices.is_filled, notices.run)
            await asyncio.sleep(1e6)

    task = asyncio.create_task(tell())
    yield task
    task.cancel()
    await asyncio.wait({task})


@story
async def test_they_are_told_in_order_before_and_while_there_is_a_connection() -> None:
    notices, caller = Notices(MemoryStore()), FakeCaller()
    notices.post(UPLOADING)
    notices.post(LOG)

    async with telling(notices, caller):
        await asyncio.sleep(5)
        notices.post(INSTALLED)
        await asyncio.sleep(5)

    assert caller.called == [UPLOADING, LOG, INSTALLED]
    assert len(notices) == 0


@story
async def test_they_outlive_the_charge_point() -> None:
    store = MemoryStore()
    notices: list[Notice] = [UPLOADING, LOG, INSTALLED] * 4
    before = Notices(store)
    for notice in notices[:-1]:
        before.post(notice)
    after, caller = Notices(store), FakeCaller()
    after.post(notices[-1])

    async with telling(after, caller):
        await asyncio.sleep(60)

    assert caller.called == notices
    assert len(Notices(store)) == 0


@story
async def test_a_notice_that_was_lost_with_the_connection_is_told_again() -> None:
    notices, caller = Notices(MemoryStore()), FakeCaller(Disconnected(1006, ""))
    notices.post(UPLOADING)
    notices.post(LOG)

    async with telling(notices, caller) as task:
        await asyncio.wait({task})
        error = task.exception()
    assert isinstance(error, ExceptionGroup)
    assert isinstance(error.exceptions[0], Disconnected)
    async with telling(notices, caller):
        await asyncio.sleep(5)

    assert caller.called == [UPLOADING, UPLOADING, LOG]


@pytest.mark.parametrize("error", [CallRejected("NotSupported"), AnswerInvalid("what?")])
@story
async def test_a_notice_that_arrived_is_not_told_again(error: Exception) -> None:
    notices, caller = Notices(MemoryStore()), FakeCaller(error)
    notices.post(UPLOADING)
    notices.post(LOG)

    async with telling(notices, caller):
        await asyncio.sleep(5)

    assert caller.called == [UPLOADING, LOG]


@story
async def test_silence_does_not_hold_up_the_others_for_ever() -> None:
    notices = Notices(MemoryStore())
    caller = FakeCaller(*(CallTimedOut("silence") for _ in range(ATTEMPTS)))
    notices.post(UPLOADING)
    notices.post(LOG)

    async with telling(notices, caller):
        await asyncio.sleep(10)

    assert caller.called == [UPLOADING] * ATTEMPTS + [LOG]


@story
async def test_a_notice_and_what_goes_with_it_are_durable_together() -> None:
    store = MemoryStore()

    Notices(store).post(INSTALLED, Change("firmware", "update", b"done"))

    assert store.read("firmware") == {"update": b"done"}
    assert len(Notices(store)) == 1


@story
async def test_of_too_many_the_latest_stay_and_the_one_that_is_on_its_way() -> None:
    store = MemoryStore()
    notices, caller = Notices(store), FakeCaller()
    notices.post(UPLOADING)
    async with telling(notices, caller):
        await asyncio.sleep(0.5)
        for request_id in range(MOST + 100):
            notices.post(LogStatusNotification(status=UploadLogStatus.UPLOADING, request_id=request_id))
        kept = (len(notices), len(Notices(store)))
        await asyncio.sleep(2 * MOST)

    assert kept == (MOST, MOST)
    assert caller.called[0] == UPLOADING
    assert [each.request_id for each in caller.called[1:]] == [*range(101, MOST + 100)]
    assert len(Notices(store)) == 0
