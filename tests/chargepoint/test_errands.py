"""Work that comes and goes."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import pytest
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.errands import Errands
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.payload import Payload, Request

R = TypeVar("R", bound=Payload)


class Nobody:
    """Is not called here."""

    async def call(self, request: Request[R]) -> R:
        raise AssertionError(request)


NOBODY = Nobody()


class Desk:
    """Something to do, a second each."""

    def __init__(self, things: int = 0) -> None:
        self.flag = Flag()
        self.done: list[float] = []
        self.error: Exception | None = None
        self.at_once = 0
        self._things = 0
        self.put(things)

    def put(self, things: int) -> None:
        self._things += things
        if self._things:
            self.flag.set()

    async def work(self, caller: Caller) -> None:
        assert caller is NOBODY
        self.at_once += 1
        assert self.at_once == 1
        while self._things:
            await asyncio.sleep(1)
            if self.error is not None:
                raise self.error
            self._things -= 1
            self.done.append(asyncio.get_running_loop().time())
        self.flag.clear()
        self.at_once -= 1


@story
async def test_what_is_there_is_done_and_so_is_what_comes_later_and_in_between_there_is_no_task() -> None:
    desk = Desk(2)

    async with Errands(NOBODY) as errands:
        errands.add(desk.flag, desk.work)
        await asyncio.sleep(10)
        resting = len(asyncio.all_tasks())
        desk.put(1)
        desk.put(1)
        await asyncio.sleep(10)
        desk.put(1)
        await asyncio.sleep(10)

    assert desk.done == [1, 2, 11, 12, 21]
    assert resting == len(asyncio.all_tasks())


@story
async def test_what_comes_in_the_moment_when_all_is_done_is_not_forgotten() -> None:
    desk = Desk(1)
    asyncio.get_running_loop().call_at(1, desk.put, 1)

    async with Errands(NOBODY) as errands:
        errands.add(desk.flag, desk.work)
        await asyncio.sleep(10)

    assert desk.done == [1, 2]


@story
async def test_several_are_done_at_the_same_time() -> None:
    desks = [Desk(3), Desk(2)]

    async with Errands(NOBODY) as errands:
        for desk in desks:
            errands.add(desk.flag, desk.work)
        await asyncio.sleep(10)

    assert [desk.done for desk in desks] == [[1, 2, 3], [1, 2]]


@story
async def test_what_fails_ends_everything_else() -> None:
    bad, good, idle = Desk(1), Desk(10), Desk()
    bad.error = KeyError("broken")

    async def be_busy() -> None:
        async with Errands(NOBODY) as errands:
            for desk in (bad, good, idle):
                errands.add(desk.flag, desk.work)
            await asyncio.sleep(100)

    with pytest.raises(ExceptionGroup) as raised:
        await be_busy()
    idle.put(1)
    await asyncio.sleep(10)

    assert raised.group_contains(KeyError)
    assert good.done in ([], [1])
    assert idle.done == []


@story
async def test_at_its_end_work_goes_on_until_all_is_done_but_nothing_new_begins() -> None:
    desk, idle = Desk(2), Desk()

    async with Errands(NOBODY) as errands:
        errands.add(desk.flag, desk.work)
        errands.add(idle.flag, idle.work)
    idle.put(1)
    await asyncio.sleep(10)

    assert desk.done == [1, 2]
    assert idle.done == []


@story
async def test_whoever_is_cancelled_takes_the_work_with_it() -> None:
    desk = Desk(5)

    async def be_busy() -> None:
        async with Errands(NOBODY) as errands:
            errands.add(desk.flag, desk.work)
            await asyncio.sleep(100)

    busy = asyncio.create_task(be_busy())
    await asyncio.sleep(2.5)
    busy.cancel()
    await asyncio.wait({busy})
    await asyncio.sleep(10)

    assert busy.cancelled()
    assert desk.done == [1, 2]
